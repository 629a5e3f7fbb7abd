"""
What operations do together.
"""

from __future__ import annotations

from collections.abc import Callable

from rtkcontract.model import Result, Scenario


def test_scenario(scenario: Scenario, play: Callable[[Scenario], list[Result]]) -> None:
    """
    The responses of a scenario break no promise, each by itself and together.
    """
    results = play(scenario)

    assert {"pass"} >= {result.status for result in results}
