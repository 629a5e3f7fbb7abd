"""
JSON is read strictly and written exactly.
"""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtkcontract.json_schema.json_text import NotStrictJson, Written, at, canonical, dumps, encode, loads, pointer

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)

REFUSED = [
    (b'{"a":1,"a":2}', "stands twice"),
    (b"NaN", "no JSON number"),
    (b"[-Infinity]", "no JSON number"),
    (b"1e400", "too large"),
    (b"\xff\xfe", "not UTF-8"),
    (b"\xef\xbb\xbf{}", "character 0"),
    (b'{"a":1', "character"),
    (b"", "character 0"),
    (b"{} x", "extra data"),
    (b"[" * 100_000, "nested too deeply"),
]


@pytest.mark.parametrize(("content", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_what_has_no_single_meaning_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(NotStrictJson, match=reason):
        loads(content)


def test_a_refusal_never_quotes_the_content() -> None:
    with pytest.raises(NotStrictJson) as caught:
        loads(b'{"password": "canary", "password": "canary"}')

    assert "canary" not in str(caught.value)
    assert "password" not in str(caught.value)


@settings(deadline=None, derandomize=True)
@given(VALUES)
def test_written_values_read_back(value: Any) -> None:
    assert value == loads(dumps(value)) == loads(encode(value)) == json.loads(dumps(value))
    assert value == loads(dumps(value, sort=True)) == loads(dumps(value, space=" \n\t"))


@settings(deadline=None, derandomize=True)
@given(VALUES)
def test_the_canonical_form_forgets_order_and_space_alone(value: Any) -> None:
    spaced = dumps(value, space="\n ").encode()

    assert canonical(encode(value)) == canonical(spaced)
    assert canonical(encode(value)) == canonical(dumps(value, sort=True).encode())
    assert value == loads(canonical(encode(value))[1:])


def test_one_number_written_in_three_ways_is_three_requests() -> None:
    texts = [b"60", b"60.0", b"6e1"]

    assert texts == [encode(loads(text, as_written=True)) for text in texts]
    assert 3 == len(set(map(canonical, texts)))
    assert {60.0} == {float(loads(text)) for text in texts}


def test_a_written_number_keeps_its_text_when_copied() -> None:
    number = Written("6e1")
    again = pickle.loads(pickle.dumps(number))

    assert ("6e1", 60.0) == (again.text, again)
    assert '{"a":[6e1,null]}' == dumps({"a": [number, None]})


def test_contents_without_a_single_meaning_are_told_apart_by_their_bytes() -> None:
    assert b'R{"a":1,"a":2}' == canonical(b'{"a":1,"a":2}')
    assert b"J{}" == canonical(b" { } ")
    assert canonical(b"R{}") != canonical(b"{}")


def test_text_is_ascii_and_lone_surrogates_stay_escapes() -> None:
    assert '"\\ud83c\\udfa5\\ud800"' == dumps("🎥\ud800")
    assert "🎥" == loads(dumps("🎥"))


@pytest.mark.parametrize(
    ("path", "text"), [((), ""), (("a", 0, "b"), "/a/0/b"), (("a/b", "~c"), "/a~1b/~0c"), (("",), "/")]
)
def test_pointers_lead_back_to_their_place(path: tuple[str | int, ...], text: str) -> None:
    value: Any = "here"
    for part in reversed(path):
        value = [value] if isinstance(part, int) else {part: value}

    assert text == pointer(path)
    assert "here" == at(value, text)


@pytest.mark.parametrize("path", ["/b", "/a/1", "/a/x", "/a/0/b"])
def test_a_pointer_that_leads_nowhere_names_the_step(path: str) -> None:
    with pytest.raises(LookupError, match="nothing at " + path):
        at({"a": [1]}, path)


def test_infinity_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        dumps(float("inf"))
