"""
Scenarios are derived from links and roles, for any API; they are few, deterministic, and each relation says why.
"""

from __future__ import annotations

import copy
from typing import Any

import pets
from rtkcontract.checks.lifecycle import RELATIONS, needed
from rtkcontract.contract.load import load_contract
from rtkcontract.contract.requests import request_of
from rtkcontract.generation.plan import make
from rtkcontract.generation.scenarios import read_back, readable, scenarios
from rtkcontract.json_schema.json_text import loads
from rtkcontract.model import Made, Scenario, Target

PETS = pets.contract()
SHIPPED = load_contract()
ALL = scenarios(SHIPPED)


def kinds(found: tuple[Scenario, ...]) -> set[str]:
    return {each.kind for each in found}


def test_an_api_that_is_data_alone_has_scenarios() -> None:
    found = scenarios(PETS)

    assert kinds(found) >= {
        *("read-after-create", "read-after-small-create", "list-contains", "update-then-read", "refused-update"),
        *("replace-then-read", "delete-then-read", "pages", "filters", "creates-at-once", "updates-at-once"),
    }
    assert all(each.id == f"add_pet/scenarios/{each.kind}" for each in found)


def test_paths_say_what_links_leave_out() -> None:
    document: Any = copy.deepcopy(pets.DOCUMENT)
    del document["paths"]["/pets"]["post"]["responses"]["201"]["links"]

    assert kinds(scenarios(PETS)) == kinds(scenarios(pets.contract(document)))


def test_scenarios_are_few_and_the_same_each_time() -> None:
    assert ALL == scenarios(SHIPPED)
    assert 60 < len(ALL) < 80
    assert sum(len(each.steps) for each in ALL) < 450
    assert len({step.case.id for each in ALL for step in each.steps}) == sum(len(each.steps) for each in ALL)


def test_every_relation_is_known_says_why_and_looks_back() -> None:
    for each in ALL:
        before: set[str] = set()
        for step in each.steps:
            before.add(step.case.id)
            for relation in step.relations:
                assert relation.name in RELATIONS
                assert relation.reason
                assert set(relation.of) <= before, step.case.id
                assert set(relation.sources) <= set(SHIPPED.sources)


def test_ids_come_from_earlier_steps() -> None:
    """
    What an object needs was made before: a value of a step names one that stands in front of it.
    """
    counted = 0
    for each in ALL:
        for number, step in enumerate(each.steps):
            for value in step.case.overrides.path_parameters.values():
                if isinstance(value, Made) and value.case:
                    counted += 1
                    assert value.case in {other.case.id for other in each.steps[:number]}
    assert counted > 150


def test_no_text_is_sent_twice() -> None:
    """
    Names differ from object to object, so that a search finds one and no key is given twice.
    """
    titles = [
        body["title"]
        for each in ALL
        for step in each.steps
        if step.case.operation == "create_meeting" and step.case.content
        for body in [loads(step.case.content)]
        if "title" in body
    ]

    assert len(titles) == len(set(titles)) > 10


def test_the_shortest_part_holds_what_a_step_needs() -> None:
    (whole,) = [each for each in ALL if each.id == "addWebhook/scenarios/delete-then-read"]
    short = needed(SHIPPED, whole, f"{whole.id}/read-deleted")

    assert ["create", "delete", "read-deleted"] == [step.case.id.rpartition("/")[2] for step in short.steps]
    assert len(short.steps) < len(whole.steps)
    assert short.id == whole.id


def test_operations_narrow_the_scenarios() -> None:
    chosen = frozenset({"addWebhook", "getWebhook", "deleteWebhook"})
    found = scenarios(SHIPPED, chosen)

    assert {"read-after-create", "read-after-small-create", "duplicate"} <= kinds(found)
    assert all(step.case.operation in chosen for each in found for step in each.steps)


def test_each_accepted_create_can_be_read_back_by_one_request() -> None:
    case = make(SHIPPED, SHIPPED.operations["addWebhook"], "smoke").cases[0]
    of = readable(SHIPPED, SHIPPED.operations["addWebhook"])
    assert of is not None
    found = read_back(of, case)

    assert [case.id, f"{case.id}/read-back/read"] == [step.case.id for step in found.steps]
    assert {"same", "holds"} == {relation.name for relation in found.steps[1].relations}
    assert readable(SHIPPED, SHIPPED.operations["getWebhook"]) is None


def test_ids_in_bodies_are_made_as_well() -> None:
    """
    A recording is of a meeting: the scenario makes one, and the request takes its id when it is sent.
    """
    (found,) = [each for each in ALL if each.id == "start_recording/scenarios/read-after-create"]
    first, create = found.steps[0].case, found.steps[1].case
    target = Target(kind="live", base_url="http://127.0.0.1:1", account_id="a", app_id="b", token="t")
    made = create.overrides.body["meeting_id"]
    sent = request_of(SHIPPED.operations["start_recording"], create, target, {made: "7"})

    assert "create_meeting" == first.operation
    assert (first.id, "/data/id") == (made.case, made.pointer)
    assert "7" == loads(sent.content)["meeting_id"] != loads(create.content)["meeting_id"]
