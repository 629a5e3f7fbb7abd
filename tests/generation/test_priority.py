"""
The order of a plan: what shows most goes first, a smaller plan is the start of a larger one, and equals stay in place.
"""

from __future__ import annotations

import pytest

import made
from rtkcontract.contract import load
from rtkcontract.generation import plan as plans
from rtkcontract.generation import priority
from rtkcontract.generation.covering_array import bits
from rtkcontract.generation.request_space import Bodies, Tally
from rtkcontract.json_schema.json_text import loads
from rtkcontract.model import Case

CONTRACT = load.load_contract()
MEETING = CONTRACT.operations["create_meeting"]


def _literals(bodies: Bodies, cases: tuple[Case, ...]) -> set[int]:
    """
    What the accepted bodies among the cases hold.
    """
    accepted = [case for case in cases if case.expect.outcome == "accepted" and not case.overrides.method]
    bodies_sent = [loads(case.content) for case in accepted if case.side in ("valid", "relation")]
    return {literal for body in bodies_sent for literal in bodies.row(body) if literal >= 0}


def test_smoke_is_the_start_of_standard() -> None:
    """
    So that the recordings of one serve the other.
    """
    smoke, standard = plans.make(CONTRACT, MEETING, "smoke"), plans.make(CONTRACT, MEETING, "standard")

    assert 150 == len(smoke.cases) < len(standard.cases)
    assert standard.cases[:150] == smoke.cases


@pytest.mark.parametrize("name", ["create_meeting", *made.NAMES[:4]])
def test_smoke_holds_every_value_at_least_once(name: str) -> None:
    """
    Strength 1: each level of each field that an accepted body can hold.
    """
    contract, operation = (CONTRACT, MEETING) if name == "create_meeting" else made.named(name)
    smoke = plans.make(contract, operation, "smoke")
    space = smoke.bodies.accepted
    possible = set(bits(space.fresh.domain if space.fresh else 0))

    assert len(possible) > 20
    assert set() == possible - _literals(smoke.bodies, smoke.cases)


def test_the_first_requests_are_the_minimal_body_and_the_richest() -> None:
    cases = plans.make(CONTRACT, MEETING).cases

    assert "create_meeting/minimal" == cases[0].id
    assert cases[0].expect.outcome == cases[1].expect.outcome == "accepted"
    assert len(cases[1].content) > 500


def test_a_relation_comes_after_the_case_that_it_is_compared_with() -> None:
    place = {case.id: number for number, case in enumerate(plans.make(CONTRACT, MEETING).cases)}
    related = [case for case in plans.make(CONTRACT, MEETING).cases if case.same_answer_as]

    assert len(related) >= 5
    assert all(place[case.same_answer_as] < place[case.id] for case in related)


def test_what_is_open_comes_after_what_is_decided_on_the_same_field() -> None:
    """
    A case that can show a crash only is worth less than one that can show a broken constraint.
    """
    cases = plans.make(CONTRACT, MEETING).cases
    field = "session_keep_alive_time_in_secs"
    outcomes = [case.expect.outcome for case in cases if case.field == field]

    assert {"rejected", "unspecified"} <= set(outcomes)
    assert "rejected" == outcomes[0]
    assert outcomes.index("unspecified") > outcomes.index("rejected")


def test_rows_that_bring_new_values_go_before_rows_that_bring_pairs() -> None:
    """
    The tally starts afresh: what counts is what the order has shown, not what the rows were dealt for.
    """
    one = plans.make(CONTRACT, MEETING)
    rows = [case for case in one.cases if case.id.startswith("create_meeting/combinations/")]
    by_id = {case.id: one.bodies.row(loads(case.content, as_written=True)) for case in rows}
    again = priority.ordered(one.bodies, rows[:1], by_id, list(reversed(rows)), [])

    assert len(rows) > 100
    assert priority.values_end(by_id, again) < len(rows) / 4
    assert {case.id for case in rows} == {case.id for case in again}


def test_every_variant_of_every_value_is_sent() -> None:
    """
    60, 60.0 and 6e1; each way of writing a text that servers get wrong.
    """
    one = plans.make(CONTRACT, MEETING)
    tally = Tally(one.bodies)
    for case in one.cases:
        if case.id.startswith("create_meeting/combinations/"):
            body = loads(case.content, as_written=True)
            tally.add(one.bodies.row(body), body)

    assert {} == tally.unsent()
