"""
Parameters are a part of the request space: cases for operations with and without a body, of a small made-up API.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import pets
from rtkcontract.contract import load
from rtkcontract.contract.parameters import read
from rtkcontract.contract.requests import request_of
from rtkcontract.generation import plan as plans
from rtkcontract.generation.plan import Plan
from rtkcontract.model import Case, Made, Target

CONTRACT = pets.contract()
TARGET = Target(kind="live", base_url="http://127.0.0.1:1", account_id="a", app_id="b", token="t")


def plan(name: str, kind: str = "standard") -> Plan:
    return plans.make(CONTRACT, CONTRACT.operations[name], kind)


PLANS = {name: plan(name) for name in CONTRACT.operations}


def named(name: str, end: str) -> Case:
    (found,) = [case for case in PLANS[name].cases if case.id == f"{name}/{end}"]
    return found


@pytest.mark.parametrize("name", PLANS)
def test_every_operation_has_cases(name: str) -> None:
    cases = PLANS[name].cases

    assert f"{name}/minimal" == cases[0].id
    assert len({case.id for case in cases}) == len(cases)


@pytest.mark.parametrize(
    ("name", "end", "outcome", "query"),
    [
        ("list_pets", "minimal", "accepted", ()),
        ("list_pets", "query.limit/below-minimum", "rejected", (("limit", "0"),)),
        ("list_pets", "query.limit/above-maximum", "rejected", (("limit", "101"),)),
        ("list_pets", "query.limit/wrong-type-string", "rejected", (("limit", "rtkcontract"),)),
        ("list_pets", "query.kind/not-a-member", "rejected", (("kind", "catrtkcontract"),)),
        ("list_pets", "query.tags/several-items", "rejected", None),
        ("list_pets", "query.limit/empty-value", "rejected", (("limit", ""),)),
        ("list_pets", "query.search/empty-value", "accepted", (("search", ""),)),
        ("list_pets", "query.limit/repeated", "unspecified", (("limit", "1"), ("limit", "1"))),
        ("list_pets", "query/unknown-parameter", "unspecified", (("rtkcontract_unknown", "1"),)),
        ("report", "query.year/missing-required", "rejected", ()),
    ],
)
def test_the_query_has_a_case_for_each_constraint(name: str, end: str, outcome: str, query: Any) -> None:
    case = named(name, end)

    assert outcome == case.expect.outcome
    assert query in (None, case.overrides.query)
    assert b"" == case.content


def test_no_case_is_another_one_on_the_wire() -> None:
    for name, one in PLANS.items():
        requests = [
            request_of(CONTRACT.operations[name], case, TARGET) for case in one.cases if not case.same_answer_as
        ]
        sent = [(each.url, each.headers, each.content) for each in requests]
        ids = [case for case in one.cases if any(isinstance(v, Made) for v in case.overrides.path_parameters.values())]

        assert len(sent) - len(set(sent)) <= len(ids), name


def test_pairs_of_parameters_and_body_are_covered() -> None:
    """
    Each two values of two different parameters, and of a parameter and the body, stand in one accepted request.
    """
    one = PLANS["tag_pets"]
    values = [one.bodies.value(case) for case in one.cases if case.expect.outcome == "accepted"]
    pairs = {(value["query"].get("dry"), value["body"].get("mode")) for value in values}
    crossed = {(value["query"].get("dry"), value["header"].get("x-level")) for value in values}

    assert {(dry, mode) for dry in (True, False, None) for mode in ("add", "remove", None)} <= pairs
    assert {(dry, level) for dry in (True, False) for level in (1, 9)} <= crossed


def test_what_a_case_says_is_what_its_request_says() -> None:
    operation = CONTRACT.operations["list_pets"]
    wire = PLANS["list_pets"].bodies.wire
    assert wire is not None
    for case in PLANS["list_pets"].cases:
        said = read(
            CONTRACT.document, wire.own, query=[(n, v) for n, v in case.overrides.query if not isinstance(v, Made)]
        )
        assert said["query"] == wire.value(case)["query"], case.id
    assert operation.parameters == wire.own


def test_ids_that_nobody_has_are_refused() -> None:
    forms = {case.partition: case for case in PLANS["get_pet"].cases if case.field == "path.pet_id"}

    assert "rejected" == forms["id-unknown"].expect.outcome
    assert "not_found" == forms["id-cut"].expect.rejection
    assert "unspecified" == forms["id-upper-case"].expect.outcome
    assert "id-empty" in forms
    assert not [case for case in PLANS["delete_pet"].cases if case.partition == "id-empty"]


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        ("unknown", "7a0b-c1"),
        ("upper-case", "7F9A-B0"),
        ("percent-encoded", "%37f9a-b0"),
        ("cut", "7f9a-b"),
        ("empty", ""),
    ],
)
def test_an_id_is_changed_when_it_is_sent(form: str, sent: str) -> None:
    (case,) = [case for case in PLANS["get_pet"].cases if case.partition == f"id-{form}"]
    made = {Made(operation="add_pet", pointer="/id"): "7f9a-b0"}
    request = request_of(CONTRACT.operations["get_pet"], case, TARGET, made)

    assert f"http://127.0.0.1:1/pets/{sent}" == request.url


def test_an_operation_that_ends_its_object_gets_one_of_its_own() -> None:
    case = PLANS["delete_pet"].cases[0]

    assert {"pet_id": Made(operation="add_pet", pointer="/id", fresh=True)} == case.overrides.path_parameters
    assert () == request_of(CONTRACT.operations["delete_pet"], case, TARGET).headers[3:]


def test_an_update_fills_no_defaults_and_repeats_nothing() -> None:
    assert not [case for case in PLANS["edit_pet"].cases if case.same_answer_as]
    assert b"{}" == PLANS["edit_pet"].cases[0].content


def test_what_no_response_gives_may_be_nobodys() -> None:
    """
    No link gives the code of a vet, so that no source decides whether there is one; bounds of the query still decide.
    """
    outcomes = {case.expect.outcome for case in PLANS["get_vet"].cases}

    assert {"unspecified", "rejected"} == outcomes
    assert "so it may be nobody's" in PLANS["get_vet"].cases[0].expect.reason
    assert "rejected" == named("get_vet", "path.code/above-maxLength").expect.outcome


def test_a_finding_can_point_at_the_parameter() -> None:
    at = named("list_pets", "query.limit/below-minimum").expect.schema_at

    assert "openapi.json#/paths/~1pets/get/parameters/0/schema/minimum" == at
    place = json.loads(json.dumps(CONTRACT.document))["paths"]["/pets"]["get"]["parameters"][0]["schema"]
    assert 1 == place["minimum"]


def test_cases_for_every_operation_apply_where_they_can() -> None:
    """
    A request without a credential is sent to each operation that asks for one, as small as it can be.
    """
    shipped = load.load_contract()
    deleting = plans.make(shipped, shipped.operations["deleteWebhook"]).cases
    (case,) = [each for each in deleting if each.id == "deleteWebhook/credentials/none"]

    assert ("rejected", b"") == (case.expect.outcome, case.content)
    assert {"authorization": None} == case.overrides.headers
    assert not [each for each in PLANS["list_pets"].cases if each.side == "protocol"]
