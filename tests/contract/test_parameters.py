"""
Parameters on the wire: each style of OpenAPI, there and back.
"""

from __future__ import annotations

from typing import Any

import pytest

from rtkcontract.contract.parameters import pairs_of, read, text_of
from rtkcontract.model import Parameter

LIST = {"type": "array", "items": {"type": "integer"}}
WORDS = {"type": "array", "items": {"type": "string"}}
OBJECT = {"type": "object", "properties": {"r": {"type": "integer"}, "g": {"type": "string"}}}


def parameter(where: str, schema: Any, style: str = "", explode: bool | None = None) -> Parameter:
    return Parameter(where=where, name="c", required=False, schema=schema, style=style, explode=explode)


@pytest.mark.parametrize(
    ("one", "value", "pairs"),
    [
        (parameter("query", {"type": "integer"}), 5, (("c", "5"),)),
        (parameter("query", {"type": "boolean"}), True, (("c", "true"),)),
        (parameter("query", {"type": "string"}), "a b", (("c", "a b"),)),
        (parameter("query", LIST), [3, 4], (("c", "3"), ("c", "4"))),
        (parameter("query", LIST, explode=False), [3, 4], (("c", "3,4"),)),
        (parameter("query", LIST, "spaceDelimited"), [3, 4], (("c", "3 4"),)),
        (parameter("query", LIST, "pipeDelimited"), [3, 4], (("c", "3|4"),)),
        (parameter("query", OBJECT), {"r": 1, "g": "x"}, (("r", "1"), ("g", "x"))),
        (parameter("query", OBJECT, explode=False), {"r": 1, "g": "x"}, (("c", "r,1,g,x"),)),
        (parameter("query", OBJECT, "deepObject"), {"r": 1, "g": "x"}, (("c[r]", "1"), ("c[g]", "x"))),
    ],
)
def test_the_query_is_written_and_read(one: Parameter, value: Any, pairs: Any) -> None:
    assert pairs == pairs_of(one, value)
    assert {"c": value} == read({}, [one], query=pairs)["query"]


@pytest.mark.parametrize(
    ("style", "explode", "schema", "value", "text"),
    [
        ("simple", False, {"type": "integer"}, 5, "5"),
        ("simple", False, WORDS, ["a", "b"], "a,b"),
        ("simple", True, OBJECT, {"r": 1, "g": "x"}, "r=1,g=x"),
        ("simple", False, OBJECT, {"r": 1, "g": "x"}, "r,1,g,x"),
        ("label", False, {"type": "integer"}, 5, ".5"),
        ("label", False, WORDS, ["a", "b"], ".a,b"),
        ("label", True, WORDS, ["a", "b"], ".a.b"),
        ("label", True, OBJECT, {"r": 1, "g": "x"}, ".r=1.g=x"),
        ("matrix", False, {"type": "integer"}, 5, ";c=5"),
        ("matrix", False, WORDS, ["a", "b"], ";c=a,b"),
        ("matrix", True, WORDS, ["a", "b"], ";c=a;c=b"),
        ("matrix", True, OBJECT, {"r": 1, "g": "x"}, ";r=1;g=x"),
    ],
)
def test_a_path_is_written_and_read(style: str, explode: bool, schema: Any, value: Any, text: str) -> None:
    one = parameter("path", schema, style, explode)

    assert text == text_of(one, value)
    assert {"c": value} == read({}, [one], path={"c": text})["path"]


@pytest.mark.parametrize("value", [None, [], {}])
def test_nothing_is_not_sent(value: Any) -> None:
    assert () == pairs_of(parameter("query", LIST), value)
    assert text_of(parameter("header", LIST), value) is None


def test_a_text_stays_a_text_where_no_number_is_meant() -> None:
    one = parameter("query", {"type": "number"})

    assert {"c": "rtkcontract"} == read({}, [one], query=[("c", "rtkcontract")])["query"]
    assert {"c": 1.5} == read({}, [one], query=[("c", "1.5")])["query"]
    assert {"c": "007"} == read({}, [one], query=[("c", "007")])["query"]
    assert {"c": "5"} == read({}, [parameter("query", {"type": "string"})], query=[("c", "5")])["query"]
    assert {"c": True} == read({}, [parameter("cookie", {"type": "boolean"})], cookies=[("c", "true")])["cookie"]
    assert {"c": 7} == read({}, [parameter("header", {"type": "integer"})], headers={"c": "7"})["header"]
