"""
A failing row is explained by the smallest body that still fails, within a budget.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import pytest

import made
from rtkcontract.engine import minimise
from rtkcontract.engine.minimise import Ask, Explanation
from rtkcontract.generation import plan as plans
from rtkcontract.json_schema.json_text import loads
from rtkcontract.model import Answered, Case, Finding, Response, Result

ANSWER = Answered(response=Response(status=500, headers=(), content=b"{}"), elapsed_s=None)
Faulty = Callable[[Any], bool]
PLANS = {name: plans.make(*made.named(name)) for name in ("create_issue", "create_vm", "create_event")}


def _judged(case: Case, faulty: Faulty) -> Result:
    """
    The verdict on a server that answers 500 to the bodies that it gets wrong and is right elsewhere.
    """
    broken = case.expect.outcome == "accepted" and faulty(loads(case.content))
    finding = Finding(
        check="status", case_id=case.id, where="status", expected="201", observed="500 answered", status=500
    )
    return Result(
        case=case, status="fail" if broken else "pass", findings=(finding,) if broken else (), observation=ANSWER
    )


class Asked:
    """
    A server that counts what it is asked.
    """

    def __init__(self, faulty: Faulty) -> None:
        self.faulty, self.bodies = faulty, list[Any]()

    def __call__(self, case: Case) -> Result:
        self.bodies.append(loads(case.content))
        return _judged(case, self.faulty)


def _explained(name: str, faulty: Faulty, ask: Ask | None, budget: int = 40) -> list[Explanation]:
    one = PLANS[name]
    results = [_judged(case, faulty) for case in one.cases]
    assert any(result.status == "fail" for result in results)
    return minimise.explained(one.bodies, results, ask, budget)


SINGLE: tuple[str, Faulty, str] = ("create_issue", lambda b: b.get("estimate") == 5, "estimate=5")
TWO: tuple[str, Faulty, str] = (
    "create_issue",
    lambda b: b.get("estimate") == 5 and b.get("draft") is True,
    "estimate=5 together with draft=true",
)


@pytest.mark.parametrize(("name", "faulty", "cause"), [SINGLE, TWO])
def test_the_cause_is_named(name: str, faulty: Faulty, cause: str) -> None:
    """
    One member, and two at once.
    """
    ask = Asked(faulty)
    (explanation,) = _explained(name, faulty, ask)

    assert cause == explanation.cause
    assert explanation.confirmed
    assert faulty(loads(explanation.body))
    assert len(ask.bodies) == explanation.requests <= 40


def test_a_cause_of_three_members_is_named() -> None:
    """
    Three values of a row that fail only together; what else is named is required anyway.
    """
    wanted = {"image": "alpine", "cpus": 1, "spot": False}
    rows = [loads(case.content) for case in PLANS["create_vm"].cases if "/combinations/" in case.id]
    row = next(row for row in rows if wanted.keys() <= row.keys() and row["image"] != "custom")
    wanted = {name: row[name] for name in wanted}

    def faulty(body: Any) -> bool:
        return all(name in body and body[name] == value for name, value in wanted.items())

    ask = Asked(faulty)
    explanation = _explained("create_vm", faulty, ask)[0]

    assert all(f"{name}=" in explanation.cause for name in wanted)
    assert explanation.confirmed
    assert set(loads(explanation.body)) <= {*wanted, "name", "memory_mb", "bid"}
    assert len(ask.bodies) <= 40


@pytest.mark.parametrize(("name", "faulty", "cause"), [SINGLE, TWO])
def test_the_smallest_body_loses_the_fault_with_any_member_less(name: str, faulty: Faulty, cause: str) -> None:
    (explanation,) = _explained(name, faulty, Asked(faulty))
    body = loads(explanation.body)
    required = set(made.schema_of(name)["required"])

    assert cause
    assert not any(faulty({k: v for k, v in body.items() if k != name}) for name in set(body) - required)


def test_findings_of_one_cause_list_their_cases() -> None:
    name, faulty, _ = TWO
    (explanation,) = _explained(name, faulty, Asked(faulty))
    failing = {case.id for case in PLANS[name].cases if _judged(case, faulty).status == "fail"}

    assert len(failing) >= 1
    assert set(explanation.cases) == {identity for identity in failing if "combinations" in identity or "/" in identity}


def test_two_faults_of_one_kind_have_two_causes() -> None:
    def faulty(body: Any) -> bool:
        return body.get("estimate") == 5 or body.get("state_reason") == "completed"

    told = {explanation.cause for explanation in _explained("create_issue", faulty, Asked(faulty))}

    assert {"estimate=5", 'state_reason="completed"'} == told


def test_without_a_server_a_suspect_is_told_as_such() -> None:
    """
    On cassettes nothing is sent again.
    """
    name, faulty, cause = SINGLE
    (explanation,) = _explained(name, faulty, None)

    assert (cause, False, b"", 0) == (
        explanation.cause,
        explanation.confirmed,
        explanation.body,
        explanation.requests,
    )


@pytest.mark.parametrize("budget", [0, 1, 3, 10])
def test_the_budget_is_kept(budget: int) -> None:
    """
    Also where nothing simple explains the failure.
    """

    def faulty(body: Any) -> bool:
        return len(body) > 4

    ask = Asked(faulty)
    _explained("create_event", faulty, ask, budget)

    assert len(ask.bodies) <= budget


def test_a_failure_that_needs_much_is_reduced_member_by_member() -> None:
    """
    Four members at once: no suspect of three explains it.
    """
    wanted = {"body", "labels", "draft", "milestone"}

    def faulty(body: Any) -> bool:
        return wanted <= set(body)

    explanations = _explained("create_issue", faulty, Asked(faulty), 60)

    assert explanations
    assert faulty(loads(explanations[0].body))
    assert len(loads(explanations[0].body)) <= len(wanted) + 2


def test_nothing_is_asked_when_all_is_well() -> None:
    one = PLANS["create_issue"]
    ask = Asked(lambda body: True)
    results = [_judged(case, lambda body: False) for case in one.cases]

    assert [] == minimise.explained(one.bodies, results, ask)
    assert [] == ask.bodies


def _causes(results: Iterable[Result]) -> set[tuple[str, str]]:
    return {(finding.cause, finding.about) for result in results for finding in result.findings}


def test_causes_are_written_into_the_findings() -> None:
    name, faulty, cause = SINGLE
    results = [_judged(case, faulty) for case in PLANS[name].cases]
    explanations = minimise.explained(PLANS[name].bodies, results, Asked(faulty))
    told = minimise.with_causes(results, explanations)

    assert ("narrowed down", f"status: {cause}") in _causes(told)
    suspected = [dataclasses.replace(explanation, confirmed=False) for explanation in explanations]
    again = minimise.with_causes(results, suspected)
    assert ("suspected", f"status: {cause}") in _causes(again)
    assert [result.case.id for result in results] == [result.case.id for result in told]


def test_a_refusal_and_a_server_error_have_different_keys() -> None:
    finding = Finding(check="status", case_id="x", where="status", expected="201", observed="500 answered", status=500)
    refused = dataclasses.replace(finding, observed="422 answered", status=422)
    echo = dataclasses.replace(finding, check="echo", where="/data/title")

    assert ("status", "500") == minimise.key_of(finding)
    assert 3 == len({minimise.key_of(finding), minimise.key_of(refused), minimise.key_of(echo)})
