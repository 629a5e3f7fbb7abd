"""
Tests of the vendor: a failure here is news about the API or about its documents.
"""

from __future__ import annotations

from collections.abc import Callable

from rtkcontract.model import Case, Result


def test_case(case: Case, ask: Callable[[Case], Result]) -> None:
    """
    The answer to a planned case breaks no promise.
    """
    result = ask(case)

    assert result.status == "pass"
