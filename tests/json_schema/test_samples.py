"""
Texts for patterns, formats and lengths: each is judged by the reference implementation or by Python's own engine.
"""

from __future__ import annotations

import re

import jsonschema
import pytest

from rtkcontract.json_schema.samples import REGULAR_FORMATS, matching, sized, texts

CHECKED = jsonschema.FormatChecker()


@pytest.mark.parametrize(
    ("pattern", "python"),
    [
        (r"^(?<lat>-?\d{1,2})/(?<lon>-?\d{1,3})$", r"^-?[0-9]{1,2}/-?[0-9]{1,3}\Z"),
        (r"^(?<mark>['\"])\w+\k<mark>$", r"^(['\"])\w+\1\Z"),
        (r"^(\d)(\w)\2\1$", r"^([0-9])(\w)\2\1\Z"),
        (r"^\u{1F3A5}{2}$", "^\U0001f3a5{2}\\Z"),
        (r"^\u0041\x42\/$", r"^AB/\Z"),
        (r"^\p{Lu}\p{Ll}+$", r"^[A-ZÀ-Þ][a-zß-ÿªµº]+\Z"),
        (r"^\p{Script=Greek}+$", r"^[\u0370-\u03ff]+\Z"),
        (r"^(?=.*\d)(?=.*[A-Z]).{8,12}$", r"^(?=.*[0-9])(?=.*[A-Z]).{8,12}\Z"),
        (r"^(?!root$)[a-z]{4}$", r"^(?!root\Z)[a-z]{4}\Z"),
        (r"^(?=.{6,9}$)[a-z]+(-[a-z]+)*$", r"^(?=.{6,9}\Z)[a-z]+(-[a-z]+)*\Z"),
        (r"(?<!\w)id\b", r"(?<!\w)id\b"),
        (r"^[^\s]\S\D$", r"^\S\S[^0-9]\Z"),
        ("^((ab|c){2}d){1,3}$", r"^((ab|c){2}d){1,3}\Z"),
    ],
)
def test_a_pattern_of_the_ecma_dialect_has_a_text(pattern: str, python: str) -> None:
    found = matching(pattern)

    assert found
    assert all(re.search(python, text) for text in found)


@pytest.mark.parametrize("pattern", ["^(?=a)b$", "^(?!x)x$", "(", "[z-a]"])
def test_a_pattern_that_nothing_matches_has_none(pattern: str) -> None:
    assert not matching(pattern)


@pytest.mark.parametrize(
    ("patterns", "formats", "least", "most"),
    [
        ((), ("email",), 0, 6),
        ((), ("uri",), 5, 9),
        ((), ("hostname",), 0, 3),
        ((), ("ipv4",), 0, 7),
        ((r"@shop\.test$",), ("email",), 20, 24),
        (("^2029-",), ("date",), 0, None),
        (("^[a-z-]+$", r"^\w+(-\w+){3}$"), (), 12, 12),
        ((r"^[A-Z]{2}\d+$",), (), 40, 41),
    ],
)
def test_demands_hold_together(
    patterns: tuple[str, ...], formats: tuple[str, ...], least: int, most: int | None
) -> None:
    (text,) = texts(patterns, formats, least, most)

    assert least <= len(text) <= (len(text) if most is None else most)
    assert all(re.search(pattern, text) for pattern in patterns)
    assert all(CHECKED.conforms(text, name) for name in formats)


def test_demands_that_contradict_each_other_have_no_text() -> None:
    assert () == texts((), ("date",), 0, 4)
    assert () == texts(("^[a-z]+$", "[0-9]"))


OTHERS = {"time"}
"""`jsonschema` knows the time of an older draft, without an offset."""


@pytest.mark.parametrize("name", sorted((set(REGULAR_FORMATS) & set(CHECKED.checkers)) - OTHERS))
def test_the_regular_part_of_a_format_is_of_the_format(name: str) -> None:
    found = {text for least in (0, 3, 8, 20, 26, 36) for text in texts((REGULAR_FORMATS[name],), (), least)}

    assert found
    assert all(CHECKED.conforms(text, name) for text in found)


@pytest.mark.parametrize(("size", "patterns", "formats"), [(255, ("^[a-z]+$",), ()), (12, (), ("email",)), (9, (), ())])
def test_a_text_has_the_size_that_is_asked_for(size: int, patterns: list[str], formats: list[str]) -> None:
    assert size == len(sized(size, patterns, formats))
