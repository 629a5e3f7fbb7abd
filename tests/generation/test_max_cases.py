"""
A cap keeps a plan small before it is made, and the plan says what it left out.
"""

from __future__ import annotations

from typing import Any

import pytest

from generation.test_schema_forms import plan_of
from rtkcontract.errors import CannotTell

WIDE: Any = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, **{f"f{n:02}": {"enum": list("abcdefgh")} for n in range(30)}},
}


@pytest.mark.parametrize("most", [1, 7, 60])
def test_no_more_cases_are_made_and_what_is_left_out_is_told(most: int) -> None:
    plan, _ = plan_of(WIDE, most)

    assert most == len(plan.cases)
    assert any("combinations of values were not tried" in one.reason for one in plan.unproved)
    assert not any(one.whole for one in plan.unproved)
    assert "accepted" == plan.cases[0].expect.outcome


def test_a_cap_that_is_wide_enough_changes_nothing() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "boolean"}}}

    assert plan_of(schema)[0].cases == plan_of(schema, 1000)[0].cases


def test_a_cap_below_one_is_refused() -> None:
    with pytest.raises(CannotTell, match="--max-cases is 0"):
        plan_of(WIDE, 0)
