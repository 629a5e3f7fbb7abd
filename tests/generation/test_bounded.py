"""Each bound of each bounded number, and one step outside, is among the generated bodies."""

from __future__ import annotations

import pytest

import made
from rtkcontract.contract import load
from rtkcontract.contract.expectation import Oracle
from rtkcontract.engine import generated
from rtkcontract.generation import bounded, fuzz
from rtkcontract.generation.profiles import PROFILES, examples_of
from rtkcontract.json_schema.json_text import loads
from rtkcontract.json_schema.values import same, taken
from rtkcontract.model import Contract, Json, Operation

CONTRACT = load.load_contract()
CREATE = CONTRACT.operations["create_meeting"]


def sent(contract: Contract, operation: Operation) -> list[Json]:
    """
    The bodies that a run in the plan `standard` sends of both sides.
    """
    search = generated.Search.of("standard", "ci", None)
    return [loads(case.content) for side in generated.SIDES for case in search.cases(contract, operation, side)]


def test_each_bound_and_one_step_outside_is_sent_the_keep_alive_first() -> None:
    """The bounds are read from the schema files here, beside what the generator makes of them."""
    bodies = sent(CONTRACT, CREATE)
    expected = {
        "session_keep_alive_time_in_secs": {59, 60, 600, 601},
        "recording_config.max_seconds": {59, 60, 86_400, 86_401},
        "ai_config.summarization.word_limit": {149, 150, 1_000, 1_001},
        "recording_config.video_config.height": {0, 1, 1_920, 1_921},
        "recording_config.video_config.width": {0, 1, 1_920, 1_921},
        "recording_config.video_config.watermark.size.height": {0, 1},
        "recording_config.video_config.watermark.size.width": {0, 1},
    }
    met = {
        name: {value for value in values if any(same(taken(body, tuple(name.split("."))), value) for body in bodies)}
        for name, values in expected.items()
    }

    assert expected == met
    found = bounded.bounds(CONTRACT.document, CREATE.request_schema)
    assert set(expected) == {".".join(bound.place) for bound in found}
    assert "session_keep_alive_time_in_secs" == found[0].place[0]


def test_hypothesis_draws_more_than_the_bounds() -> None:
    """Generation is not vacuous: both sides hold bodies beside those with the bounds, with and without members."""
    search = generated.Search.of("standard", "ci", None)
    holders = generated.holders(CONTRACT, CREATE)
    for side in generated.SIDES:
        cases = search.cases(CONTRACT, CREATE, side)
        own = [loads(case.content) for case in cases]
        planned = fuzz.bound_bodies(CONTRACT, CREATE, side, holders)

        assert list(planned) == own[: len(planned)]
        assert 5 <= len(own) - len(planned) <= examples_of("standard", PROFILES["ci"])
        assert {side} == {case.partition for case in cases}


def test_a_body_schema_with_definitions_inside_is_drawn_from() -> None:
    """A generator that cannot follow `$defs` makes no body of it and says nothing."""
    schema = {
        "$defs": {"size": {"type": "integer", "minimum": 3, "maximum": 9}},
        "type": "object",
        "properties": {
            "size": {"$ref": "#/paths/~1things/post/requestBody/content/application~1json/schema/$defs/size"}
        },
        "required": ["size"],
    }
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    post = {"operationId": "make", "requestBody": body, "responses": {"201": {"description": "made"}}}
    document = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/things": {"post": post}}}
    contract = load.contract_of(document, lambda name: None, "memory")
    sizes = [
        body["size"]
        for body in sent(contract, contract.operations["make"])
        if isinstance(body, dict) and "size" in body
    ]

    assert {2, 3, 9, 10} <= {size for size in sizes if isinstance(size, int)}
    assert any(3 < size < 9 for size in sizes if isinstance(size, int)) or len(sizes) > 6


def test_a_bound_is_put_beside_the_other_members() -> None:
    bound = bounded.Bound(place=("a", "[]", "b"), partition="at-minimum", value=1)

    assert {"a": [{"b": 1}]} == bounded.placed({}, bound)
    assert {"a": [{"b": 1, "c": 2}], "d": 3} == bounded.placed({"a": [{"c": 2}], "d": 3}, bound)
    assert {"a": [{"b": 1}]} == bounded.placed({"a": None}, bound)
    assert {"a": [{"b": 1}]} == bounded.placed("text", bound)


def test_an_invalid_body_breaks_the_bound_alone() -> None:
    oracle = Oracle(CONTRACT.document, CREATE.request_schema)
    found = bounded.bounds(CONTRACT.document, CREATE.request_schema)
    bodies = bounded.invalid_bodies(oracle, found, [])

    assert [1] * len(bodies) == [len(oracle.violations(body)) for body in bodies]
    assert len(bodies) == sum(not bound.partition.startswith("at-") for bound in found)


@pytest.mark.parametrize("name", ["replace_meeting", "post-presets", "start_recording"])
def test_the_bounds_of_other_operations_are_sent_where_a_body_can_hold_them(name: str) -> None:
    operation = CONTRACT.operations[name]
    oracle = Oracle(CONTRACT.document, operation.request_schema)
    found = bounded.bounds(CONTRACT.document, operation.request_schema)
    holders = generated.holders(CONTRACT, operation)
    valid = bounded.valid_bodies(oracle, found, holders)

    assert found
    inside = [bound for bound in found if bound.partition.startswith("at-")]
    assert [] == [bound for bound in inside if not any(same(taken(body, bound.place), bound.value) for body in valid)]


def test_a_kept_search_is_the_drawn_one(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    contract, operation = made.named("create_webhook")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("RTKCONTRACT_NO_CACHE", raising=False)
    kept = [sent(contract, operation) for _ in range(2)]
    monkeypatch.setenv("RTKCONTRACT_NO_CACHE", "1")

    assert kept[0] == kept[1] == sent(contract, operation)
    assert len(kept[0]) > 10


def test_a_body_is_not_expected_to_be_accepted_where_no_source_says_so() -> None:
    """A recording starts in a live session, which no operation here makes."""
    search = generated.Search.of("standard", "ci", None)
    cases = search.cases(CONTRACT, CONTRACT.operations["start_recording"], "valid")

    assert {"unspecified"} == {case.expect.outcome for case in cases}
