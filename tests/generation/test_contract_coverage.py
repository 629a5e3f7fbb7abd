"""
The account counts what was sent and answered, never what was planned.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

import made
from rtkcontract.generation import contract_coverage
from rtkcontract.generation import plan as plans
from rtkcontract.generation.plan import Plan
from rtkcontract.json_schema.json_text import loads
from rtkcontract.model import Answered, Case, Finding, Observation, Response, Result, Unanswered

ANSWER = Answered(response=Response(status=201, headers=(), content=b"{}"), elapsed_s=None)
SILENCE = Unanswered(reason="timed out")
STANDARD = plans.make(*made.named("create_issue"))


def _results(
    one: Plan, keep: Callable[[Case], bool] = lambda case: True, observation: Observation = ANSWER
) -> list[Result]:
    status: Any = "pass" if isinstance(observation, Answered) else "error"
    return [Result(case=case, status=status, findings=(), observation=observation) for case in one.cases if keep(case)]


@pytest.mark.parametrize("name", ["create_issue", "create_record", "create_vm", "search_places"])
def test_a_full_run_exercises_everything(name: str) -> None:
    one = plans.make(*made.named(name))
    account = contract_coverage.account(one, _results(one))

    assert len(account["constraints"]) == account["exercised"] > 50
    assert account["pairs"]["covered"] == account["pairs"]["possible"] > 200
    assert list(one.impossible) == account["impossible"]
    assert [] == account["unreached"] == account["left_out"]
    assert account == json.loads(json.dumps(account))


def test_the_pairs_are_those_of_the_accepted_bodies() -> None:
    """
    Held against a count of our own over the same bytes.
    """
    bodies = STANDARD.bodies
    some = _results(STANDARD, lambda case: case.id.endswith(tuple("01234567")))
    rows = [bodies.row(loads(r.case.content)) for r in some if bodies.oracle.valid(loads(r.case.content))]
    kept = [sorted(literal for literal in row if literal >= 0 and bodies.leaves >> literal & 1) for row in rows]
    account = contract_coverage.account(STANDARD, some)

    assert len({pair for row in kept for pair in itertools.combinations(row, 2)}) == account["pairs"]["covered"]
    assert account["pairs"]["covered"] < account["pairs"]["possible"]


def test_what_was_not_answered_was_not_exercised() -> None:
    account = contract_coverage.account(STANDARD, _results(STANDARD, observation=SILENCE))

    assert (0, 0) == (account["exercised"], account["pairs"]["covered"])
    assert account["pairs"]["possible"] > 200
    assert all(entry["case"] is None for entry in account["constraints"])


def test_what_a_budget_cut_is_not_exercised_and_is_told() -> None:
    capped = STANDARD.capped(40)
    account = contract_coverage.account(capped, _results(capped))
    full = contract_coverage.account(STANDARD, _results(STANDARD))

    assert [case.id for case in capped.left_out] == account["left_out"]
    assert account["exercised"] < full["exercised"]
    assert len(account["constraints"]) > account["exercised"]


def test_a_finding_shows_in_the_outcome_of_its_partition() -> None:
    results = _results(STANDARD)
    finding = Finding(check="status", case_id="x", where="status", expected="4xx", observed="201")
    index = next(n for n, result in enumerate(results) if result.case.id.endswith("/title/above-maxLength"))
    results[index] = dataclasses.replace(results[index], status="fail", findings=(finding,))
    entries = contract_coverage.account(STANDARD, results)["constraints"]
    (entry,) = [e for e in entries if (e["field"], e["partition"]) == ("title", "above-maxLength")]

    assert "finding" == entry["outcome"]
    assert results[index].case.id == entry["case"]
    assert {"finding", "accepted", "rejected", "unspecified"} >= {e["outcome"] for e in entries}


def test_triples_are_counted_for_the_thorough_plan() -> None:
    thorough = plans.make(*made.named("create_webhook"), "thorough")
    account = contract_coverage.account(thorough, _results(thorough))

    assert account["triples"]["covered"] > 500
    assert account["triples"]["covered"] <= account["triples"]["possible"]
    assert "triples" not in contract_coverage.account(STANDARD, [])


def test_broken_contents_and_other_methods_count_for_nothing() -> None:
    case = STANDARD.cases[0]
    broken = dataclasses.replace(case, content=b'{"title":')
    listed = dataclasses.replace(case, content=b"[]")
    other = dataclasses.replace(case, overrides=dataclasses.replace(case.overrides, method="PUT"))
    results = [Result(case=c, status="pass", findings=(), observation=ANSWER) for c in (broken, listed, other)]
    account = contract_coverage.account(STANDARD, results)

    assert 0 == account["pairs"]["covered"]
