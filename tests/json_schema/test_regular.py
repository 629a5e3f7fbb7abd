"""
Inclusion of patterns is decided with a proof or a text, and never against what an engine says of a text.
"""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtkcontract.json_schema.regular import contains, matching, told_apart


def only(pattern, least=0, most=None):
    return ((pattern,), least, most)


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("^[a-z]{1,20}$", "^[a-z0-9]{1,30}$"),
        ("^(ab?c?){1,3}$", "^(ab?c?){1,4}$"),
        ("^(?!foo)[a-z]+$", "^[a-z]+$"),
        (r"^(?=.*\d)(?=.*[A-Z]).{8,}$", r"^(?=.*\d).{4,}$"),
        (r"^(?<year>\d{4})-\d\d$", r"^\d{4}-\d{2}$"),
        (r"^\p{Lu}\p{L}*$", r"^\p{L}+$"),
        (r"^[\u0041-\u{5A}\x61]+$", "^[A-Za]+$"),
        ("anything", ".*"),
        ("^a|b$", "[ab]"),
        ("a$b", "never"),
        (r"^[^\s]+$", r"^\S*$"),
    ],
)
def test_a_narrower_pattern_is_contained_and_the_wider_one_is_told_apart(narrow, wide):
    """True one way; the other way a text, unless both say the same."""
    assert contains(only(wide), only(narrow))
    assert told_apart(only(wide), only(narrow)) is not None


def test_lengths_count():
    assert contains(((), 3, 3), only("^[a-z]{3}$"))
    assert "aaaaa" == told_apart(only("^[a-z]+$"), ((), 0, 4))
    assert contains(only("^.{2,4}$"), ((r"^\w+$",), 2, 4))


@pytest.mark.parametrize("pattern", [r"^(a)\1$", "(?<=a)b", r"\bword", "[", "(", "*", "a{5,2}", r"\p{Script=Greek}"])
def test_what_is_not_modelled_stays_open(pattern):
    assert told_apart(only(pattern), only("a")) is None


def test_a_question_that_explodes_stays_open_in_time():
    """Each of 2**20 sets of positions is a state of its own; the search gives up."""
    start = time.monotonic()

    assert told_apart(only("[ab]*a[ab]{20}$"), only("[ab]*a[ab]{20}$|c")) is None
    assert contains(only("^[a-z]{1,300}$"), only("^[a-z]{1,255}$"))
    assert time.monotonic() - start < 10


ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", "(?:ab)", "(a|b)", "^", "$", "(?=a)", "(?!b)"])
REPEATS = st.sampled_from(["", "", "*", "?", "{1,2}"])
PARTS = st.tuples(ATOMS, REPEATS).map(
    lambda pair: pair[0] + ("" if pair[0] in ("^", "$") or "(?=" in pair[0] or "(?!" in pair[0] else pair[1])
)
PATTERNS = st.lists(PARTS, max_size=5).map("".join) | st.lists(PARTS, min_size=2, max_size=3).map("|".join)


@settings(max_examples=300, deadline=None)
@given(PATTERNS, PATTERNS, st.lists(st.text("ab0\n", max_size=4), max_size=30))
def test_the_engine_of_python_agrees(narrow, wide, texts):
    """A text that tells two patterns apart does so under `re`, and a proof is never contradicted by a text."""

    def fits(pattern, text):
        return re.search(pattern.replace("$", r"\Z"), text) is not None

    found = told_apart(only(narrow), only(wide))

    assert found is not None
    if isinstance(found, str):
        assert (True, False) == (fits(narrow, found), fits(wide, found))
    else:
        assert [] == [text for text in texts if fits(narrow, text) and not fits(wide, text)]


@given(PATTERNS)
@settings(max_examples=100, deadline=None)
def test_the_shortest_text_matches(pattern):
    text = matching(only(pattern))

    assert text is None or re.search(pattern.replace("$", r"\Z"), text) is not None
