"""
A text that is no strict JSON: the mistake by its name, its line and column, and how to fix it.
"""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtkcontract.json_schema.json_problems import DEEPEST, kind_of_file, problem, too_deep
from rtkcontract.json_schema.json_text import NotStrictJson, loads

MISTAKES = [
    ('{\n  // the choir\n  "a": 1}', "line 2, column 3: a comment"),
    ('{"a": 1, /* new */ "b": 2}', "line 1, column 10: a comment"),
    ('{"a": 1} # end', "line 1, column 10: a comment"),
    ("// head\n{}", "line 1, column 1: a comment"),
    ('{"a": 1,}', "line 1, column 8: a comma before the closing bracket"),
    ('{"a": [1,\n2,\n]}', "line 2, column 2: a comma before the closing bracket"),
    ('[{"a": 1},\n]', "line 1, column 10: a comma before the closing bracket"),
    ("{'a': 1}", 'line 1, column 2: quotes other than "'),
    ('{"a": \u201cx\u201d}', 'line 1, column 7: quotes other than "'),
    ('{"a": `x`}', 'line 1, column 7: quotes other than "'),
    ('{"a": NaN}', "line 1, column 7: NaN or Infinity"),
    ("[-Infinity]", "line 1, column 2: NaN or Infinity"),
    ('{"a": True}', "line 1, column 7: a value as Python writes it"),
    ('{"a": None}', "line 1, column 7: a value as Python writes it"),
    ('{"a": undefined}', "line 1, column 7: undefined"),
    ("{a: 1}", "line 1, column 2: a member name without double quotes"),
    ('{"a": 1 "b": 2}', "line 1, column 9: no comma between"),
    ('["a"\n"b"]', "line 2, column 1: no comma between"),
    ('{"a": 01}', "line 1, column 8: a number as JSON does not write it"),
    ('{"a": +1}', "line 1, column 7: a number as JSON does not write it"),
    ('{"a": .5}', "line 1, column 7: a number as JSON does not write it"),
    ('{"a": 0x1F}', "line 1, column 8: a number as JSON does not write it"),
    ('{"a": 1_000}', "line 1, column 8: a number as JSON does not write it"),
    ('{"a": "x', "line 1, column 7: a text that has no closing quote"),
    ('{"a": 1', "line 1, column 8: the end, in the middle of a value"),
    ('{"a": "x\ny"}', "line 2, column 1: a line break, tab or control character"),
    (r'{"a": "C:\dir"}', "line 1, column 10: a backslash that starts no JSON escape"),
    ('{"a": 1} {"b": 2}', "line 1, column 10: more text after the value"),
    ('{"a": ...}', "line 1, column 7: an ellipsis"),
    ('{"a":\u00a01}', "line 1, column 6: a space that is no JSON white space"),
    ("\ufeff{}", "line 1, column 1: a byte order mark"),
    ('{"a": 1,\n "b": 2, "a": 3}', "line 2, column 10: a member that stands twice in one object (a)"),
    ('{"x": {"a": 1, "\\u0061": 2}}', "line 1, column 16: a member that stands twice in one object (a)"),
    ('[{"long name of some kind": 1, "long name of some kind": 2}]', "column 32: a member that stands twice"),
    ('{"a": 1e400}', "line 1, column 7: a number too large for a double"),
    ('{"a": ' + "7" * 5_000 + "}", "line 1, column 7: a number of more than 4,300 digits"),
    ("hello", "line 1, column 1: nothing that starts a JSON value"),
    ("", "it is empty"),
    ("[" * 100_000, "it is nested too deeply"),
]


@pytest.mark.parametrize(("text", "told"), MISTAKES)
def test_the_mistake_is_named_with_its_place(text: str, told: str) -> None:
    said = problem(text)

    assert told in said
    assert "\n" not in said
    assert ("cut off" in said) == ("no closing quote" in said or "the end" in said)


def test_a_line_within_a_file_is_counted_from_where_it_stands() -> None:
    assert problem('{"a": 1,}', line=7).startswith("line 7, column 8")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"a": 1}'.encode("utf-16"), "UTF-16"),
        ('{"a": 1}'.encode("utf-32"), "UTF-32"),
        ('{"a": 1}'.encode("utf-16-be"), "without a byte order mark"),
        ('{"a": 1}'.encode("utf-32-le"), "without a byte order mark"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"PK\x03\x04", "archive"),
        (b" <!DOCTYPE html><html></html>", "HTML"),
        (b"HTTP/1.1 201 Created\r\n\r\n{}", "status line"),
    ],
)
def test_a_file_that_cannot_be_json_is_known_by_its_first_bytes(content: bytes, told: str) -> None:
    assert told in kind_of_file(content)
    assert not kind_of_file(b'\xef\xbb\xbf{"a": 1}')


def test_a_byte_that_is_not_utf_8_has_a_place() -> None:
    assert problem(b'{\n"a": "\xe9t\xe9"}') == "line 2, column 7: a byte that is not UTF-8; save it as UTF-8"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_strict_json_has_no_problem(value: object) -> None:
    assert problem(json.dumps(value)) == ""


@given(st.text(alphabet="{}[]\",:/*#'\\ \n019eE.+-aNtfu\ufeff", max_size=30))
def test_a_problem_is_told_exactly_where_the_strict_reader_refuses(text: str) -> None:
    """And always in one line, with a place or a reason that needs none."""
    try:
        loads(text)
    except NotStrictJson:
        assert re.match(r"line \d+, column \d+: .|it is ", problem(text))
        assert "\n" not in problem(text)
    else:
        assert problem(text) == ""


@pytest.mark.parametrize(
    ("content", "deep"),
    [
        (b"[" * DEEPEST + b"]" * DEEPEST, False),
        (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), True),
        (b'{"a":' * 201 + b"1" + b"}" * 201, True),
        (b"[" + b"[]," * 1_000 + b"1]", False),
        (b'["' + b"[" * 1_000 + b'"]', False),
    ],
)
def test_depth_is_counted_outside_of_texts(content: bytes, deep: bool) -> None:
    assert deep == bool(too_deep(content))
