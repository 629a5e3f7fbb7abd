"""
What is printed steers no terminal and commands no CI service.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtkcontract.redaction.terminal import shown

COMMANDS = (
    "::error::gone", "  ::add-mask::x", "a\n::set-output name=a::b", "x ##[error]y", "##vso[task.setvariable]y",
    "##teamcity[buildStatus]", "section_start:1:a", "\r::warning::late",
)  # fmt: skip


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_of_a_ci_service_is_broken(text: str) -> None:
    printed = shown(text)

    assert printed != text
    assert not any(line.lstrip().startswith("::") for line in printed.splitlines())
    assert not any(sign in printed for sign in ("##[", "##vso[", "##teamcity[", "section_start:"))


@given(st.text(alphabet=st.characters(), max_size=60))
def test_nothing_that_is_printed_steers_a_terminal(text: str) -> None:
    printed = shown(text)

    assert all(sign in "\t\n" or " " <= sign != "\x7f" for sign in printed)
    assert not set(printed) & set("\x9b\u202e\u2066\u200f")
    assert printed == printed.encode("utf-8").decode("utf-8")
    assert shown(printed) == printed or "##" in text


@given(st.recursive(st.text(max_size=20), lambda inner: st.lists(inner, max_size=3), max_leaves=5))
def test_json_stays_the_same_value(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)

    assert json.loads(shown(text).replace("# #", "##").replace(": :", "::").replace("section_ ", "section_")) == value


def test_a_report_keeps_its_colours_and_a_server_brings_none() -> None:
    assert shown("\x1b[1;31mx\x1b[0m\x1b]0;title\x07", styled=True) == "\x1b[1;31mx\x1b[0m\\u001b]0;title\\u0007"
    assert shown("\x1b[8mhidden") == "\\u001b[8mhidden"


def test_ordinary_lines_stay() -> None:
    for text in ("a: b", "tests/a.py::test_b", "## title", "tab\there", "C::D", "Grüße 🎉"):
        assert shown(text) == text
