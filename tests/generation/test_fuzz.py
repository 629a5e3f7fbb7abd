"""Generated bodies are real, are on the side they were asked for, and shrink to what a failure needs."""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import jsonschema
import pytest

from rtkcontract.contract import load
from rtkcontract.contract.expectation import Oracle
from rtkcontract.contract.fake_data import CANARY
from rtkcontract.contract.requests import request_of
from rtkcontract.emulator.answers import emulator
from rtkcontract.errors import CannotTell
from rtkcontract.generation import fuzz
from rtkcontract.generation.profiles import Side
from rtkcontract.json_schema.json_text import loads
from rtkcontract.model import Answered, Case, Contract, Finding, Json, Target
from rtkcontract.network.client import sender
from rtkcontract.network.server import serve

CONTRACT = load.load_contract()
CREATE = CONTRACT.operations["create_meeting"]
ORACLE = Oracle(CONTRACT.document, CREATE.request_schema)
FIELDS = CONTRACT.document["components"]["schemas"]["create_meeting.request"]["properties"]


def contract_with(schema: Json, **components: Json) -> Contract:
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    made = {"operationId": "make", "requestBody": body, "responses": {"201": {"description": "made"}}}
    info = {"title": "Things", "version": "1"}
    document = {"openapi": "3.1.0", "info": info, "paths": {"/things": {"post": made}}}
    return load.contract_of({**document, "components": {"schemas": components}}, lambda name: None, "memory")


THINGS = contract_with(
    {
        "type": "object",
        "properties": {
            "size": {"type": "number", "minimum": 60, "maximum": 600},
            "name": {"type": ["string", "null"]},
            "hidden": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
    }
)
MAKE = THINGS.operations["make"]


def drawn(side: Side, count: int, contract: Contract = CONTRACT, name: str = "create_meeting") -> list[Case]:
    cases: list[Case] = []

    def keep(case: Case) -> list[Finding]:
        cases.append(case)
        return []

    fuzz.hunt(contract, contract.operations[name], keep, side=side, max_examples=count, seed=0)
    return cases


@pytest.fixture(scope="module")
def valid() -> list[Case]:
    return drawn("valid", 50)


@pytest.fixture(scope="module")
def invalid() -> list[Case]:
    return drawn("invalid", 40)


def found(case: Case, check: str, severity: str = "finding") -> Finding:
    return Finding(check=check, case_id=case.id, where="status", expected="", observed="", severity=severity)  # type: ignore[arg-type]


def members(value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield name, item
            yield from members(item)


def test_the_profiles_are_dev_ci_and_nightly_without_deadline_or_database() -> None:
    names = fuzz.profiles()

    assert ("dev", "ci", "nightly") == names
    profiles = [hypothesis.settings.get_profile(name) for name in names]
    assert [None] * 3 == [profile.deadline for profile in profiles]
    assert [None] * 3 == [profile.database for profile in profiles]
    assert [False, True, False] == [profile.derandomize for profile in profiles]
    assert profiles[1].max_examples < profiles[0].max_examples < profiles[2].max_examples


def test_an_unknown_profile_is_named_with_the_known_ones() -> None:
    with pytest.raises(CannotTell, match=r"no exploration profile is called weekly; there are dev, ci, nightly"):
        fuzz.use_profile("weekly")


def test_an_unknown_side_is_named() -> None:
    with pytest.raises(CannotTell, match="no side of a schema is called sideways"):
        fuzz.strategy(CONTRACT, CREATE, "sideways")  # type: ignore[arg-type]


def test_the_valid_side_is_valid_under_two_validators(valid: list[Case]) -> None:
    """The second judge is the reference implementation, on the same bundled document."""
    second = jsonschema.Draft202012Validator(
        {**CREATE.request_schema, "components": CONTRACT.document["components"]},
    )
    bodies = [loads(case.content) for case in valid]

    assert len(bodies) > 10
    assert [] == [body for body in bodies if not ORACLE.valid(body)]
    assert [] == [body for body in bodies if not second.is_valid(body)]
    assert {"valid"} == {case.partition for case in valid}
    assert "rejected" not in {case.expect.outcome for case in valid}
    assert "accepted" in {case.expect.outcome for case in valid}


def test_the_valid_side_reaches_every_member_at_the_top(valid: list[Case]) -> None:
    assert set(FIELDS) == {name for case in valid for name in loads(case.content)}


def test_the_invalid_side_is_invalid_in_many_places(invalid: list[Case]) -> None:
    assert len(invalid) > 10
    assert [] == [case.id for case in invalid if ORACLE.valid(loads(case.content))]
    assert {"invalid"} == {case.partition for case in invalid}
    assert "accepted" not in {case.expect.outcome for case in invalid}
    assert "rejected" in {case.expect.outcome for case in invalid}
    assert len({(case.field, case.keyword) for case in invalid}) > 5
    assert all(case.keyword for case in invalid)


def test_only_declared_members_are_generated(valid: list[Case]) -> None:
    """What an unknown member does is not documented, so a body that held one would prove nothing."""
    declared = set(
        re.findall(r'"([a-z_]+)":', Path(load.data_folder("schemas"), "create_meeting/request.json").read_text())
    )
    seen = {name for case in valid for name, _ in members(loads(case.content))}

    assert "storage_config" in seen
    assert set() == seen - declared


def test_write_only_strings_are_canaries(valid: list[Case], invalid: list[Case]) -> None:
    names = {"access_key", "secret", "password", "private_key"}
    sent = [
        item
        for case in (*valid, *invalid)
        for name, item in members(loads(case.content))
        if name in names and isinstance(item, str) and item
    ]

    assert sent
    assert [] == [item for item in sent if not item.startswith(CANARY)]


def test_a_case_says_what_it_is_and_what_is_expected() -> None:
    case = fuzz.case_of(ORACLE, CREATE, {"session_keep_alive_time_in_secs": 59})

    assert b'{"session_keep_alive_time_in_secs":59}' == case.content
    assert re.fullmatch(r"create_meeting/generated/[0-9a-f]{8}", case.id)
    assert ("generated", "invalid") == (case.side, case.partition)
    assert ("session_keep_alive_time_in_secs", "minimum") == (case.field, case.keyword)
    assert ORACLE.expectation({"session_keep_alive_time_in_secs": 59}) == case.expect


def test_the_id_follows_the_meaning_of_a_body_and_not_the_order_of_its_members() -> None:
    one = fuzz.case_of(ORACLE, CREATE, {"title": "a", "persist_chat": True})
    two = fuzz.case_of(ORACLE, CREATE, {"persist_chat": True, "title": "a"})

    assert one.content != two.content
    assert one.id == two.id
    assert one.id != fuzz.case_of(ORACLE, CREATE, {"title": "b", "persist_chat": True}).id


def test_what_json_cannot_hold_is_never_drawn() -> None:
    unsayable = [b"\x15*", float("nan"), float("-inf"), "\ud800", {"title": ["\udfff"]}, object()]

    assert [False] * len(unsayable) == [fuzz._sayable(value) for value in unsayable]
    assert [True] * 4 == [fuzz._sayable(value) for value in ({}, 1e308, "\x00\U0001f600", [None, True, 60.0])]


def test_an_echo_that_no_source_decides_is_named() -> None:
    body = {"recording_config": {"video_config": {"codec": "VP8"}, "audio_config": {"codec": "AAC"}}}

    assert ("recording_config.audio_config",) == fuzz.case_of(ORACLE, CREATE, body).echo_unspecified


def test_references_inside_the_body_schema_are_followed() -> None:
    """A generator that cannot see them draws no body at all and says nothing."""
    thing = {"type": "object", "properties": {"size": {"$ref": "#/components/schemas/size"}}, "required": ["size"]}
    contract = contract_with(
        {"$ref": "#/components/schemas/thing"}, thing=thing, size={"type": "integer", "minimum": 7}
    )
    good, bad = (drawn(side, 20, contract, "make") for side in ("valid", "invalid"))

    assert good
    assert [] == [case.content for case in good if loads(case.content)["size"] < 7]
    assert {"size", ""} == {case.field for case in bad}


def test_free_members_stay_where_a_schema_speaks_of_them() -> None:
    contract = contract_with({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1})
    cases = drawn("valid", 20, contract, "make")

    assert cases
    assert all(loads(case.content) for case in cases)


def test_a_schema_that_nothing_fits_is_an_error() -> None:
    contract = contract_with({"type": "string", "minLength": 2, "maxLength": 1})

    with pytest.raises(CannotTell, match="no"):
        drawn("valid", 20, contract, "make")


def test_an_operation_without_a_body_schema_is_an_error() -> None:
    with pytest.raises(CannotTell, match="make has no schema for its request body, so there is nothing to explore"):
        drawn("valid", 20, contract_with({}), "make")


def test_a_configuration_file_around_us_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "schemathesis.toml").write_text("this is no configuration")
    monkeypatch.chdir(tmp_path)

    assert drawn("valid", 5)
    assert ["schemathesis.toml"] == [path.name for path in tmp_path.iterdir()]


def test_the_same_seed_gives_the_same_bodies_and_another_seed_others() -> None:
    def contents(seed: int) -> list[bytes]:
        sent: list[bytes] = []
        fuzz.hunt(CONTRACT, CREATE, lambda case: sent.append(case.content) or [], max_examples=20, seed=seed)
        return sent

    first = contents(3)
    assert len(first) > 10
    assert first == contents(3)
    assert first != contents(4)


def test_the_ci_profile_is_deterministic_and_the_others_draw_a_seed() -> None:
    before = hypothesis.settings.get_current_profile_name()
    seeds = {}
    try:
        for name in fuzz.profiles():
            fuzz.use_profile(name)
            seeds[name] = [fuzz.hunt(CONTRACT, CREATE, lambda case: [], max_examples=1).seed for _ in range(2)]
    finally:
        hypothesis.settings.load_profile(before)

    assert [0, 0] == seeds["ci"]
    assert 2 == len(set(seeds["dev"]))


def test_no_body_is_sent_twice_and_all_are_counted() -> None:
    sent: list[bytes] = []
    steps: list[tuple[int, int]] = []

    def judge(case: Case) -> list[Finding]:
        sent.append(case.content)
        return [found(case, "always")]

    hunt = fuzz.hunt(THINGS, MAKE, judge, max_examples=20, seed=0, on_progress=lambda *step: steps.append(step))

    assert len(set(sent)) == len(sent) == hunt.sent == hunt.valid
    assert [(number, 82) for number in range(1, len(sent) + 1)] == steps
    assert (0, False) == (hunt.invalid, hunt.cut_short)


def test_a_failure_is_shrunk_to_the_body_it_needs() -> None:
    def judge(case: Case) -> list[Finding]:
        body = loads(case.content)
        return [found(case, "status")] if body.get("record_on_start") and "ai_config" in body else []

    # Enough that one holds both: hypothesis draws other bodies where other modules are loaded.
    hunt = fuzz.hunt(CONTRACT, CREATE, judge, max_examples=300, seed=1)

    assert [{"ai_config": {}, "record_on_start": True}] == [
        dict(sorted(one.body.items())) for one in hunt.counterexamples
    ]
    (one,) = hunt.counterexamples
    assert ["status"] == [finding.check for finding in one.findings]
    assert one.body == loads(one.case.content)


def test_a_number_is_shrunk_to_its_limit() -> None:
    def judge(case: Case) -> list[Finding]:
        return [found(case, "status")] if loads(case.content).get("size", 0) > 100 else []

    hunt = fuzz.hunt(THINGS, MAKE, judge, max_examples=30, seed=0)

    assert [{"size": 101}] == [one.body for one in hunt.counterexamples]


def test_a_common_failure_does_not_hide_a_rare_one() -> None:
    def judge(case: Case) -> Iterator[Finding]:
        yield found(case, "common")
        if loads(case.content).get("hidden") is True:
            yield found(case, "rare")

    hunt = fuzz.hunt(THINGS, MAKE, judge, max_examples=50, seed=0)

    assert [({}, 1), ({"hidden": True}, 2)] == [(one.body, len(one.findings)) for one in hunt.counterexamples]


def test_two_failures_of_one_search_are_both_shrunk() -> None:
    def judge(case: Case) -> list[Finding]:
        return [found(case, "full" if loads(case.content) else "empty")]

    hunt = fuzz.hunt(THINGS, MAKE, judge, max_examples=50, seed=0)

    assert {"full", "empty"} == {finding.check for one in hunt.counterexamples for finding in one.findings}
    assert [0, 1] == sorted(len(one.body) for one in hunt.counterexamples)


def test_a_hunt_ends_when_every_body_fails_in_its_own_way() -> None:
    hunt = fuzz.hunt(THINGS, MAKE, lambda case: [found(case, case.id)], max_examples=30, seed=0)

    assert hunt.cut_short
    assert 1 <= len(hunt.counterexamples) <= fuzz.CAUSES


def test_a_member_that_may_not_exist_is_never_drawn() -> None:
    contract = contract_with({"type": "object", "properties": {"free": True, "never": False}, "required": ["free"]})
    cases = drawn("valid", 20, contract, "make")

    assert cases
    assert {"free"} == {name for case in cases for name in loads(case.content)}


def test_a_shrunk_invalid_body_is_still_invalid() -> None:
    hunt = fuzz.hunt(THINGS, MAKE, lambda case: [found(case, "status")], side="invalid", max_examples=20, seed=0)

    assert 1 == len(hunt.counterexamples)
    assert not Oracle(THINGS.document, MAKE.request_schema).valid(hunt.counterexamples[0].body)
    assert (0, hunt.sent) == (hunt.valid, hunt.invalid)


def test_warnings_and_notes_are_no_failure() -> None:
    hunt = fuzz.hunt(
        THINGS, MAKE, lambda case: [found(case, "a", "warning"), found(case, "b", "note")], max_examples=10, seed=0
    )

    assert hunt.sent
    assert () == hunt.counterexamples


def test_requests_are_bounded() -> None:
    sent: list[Case] = []

    def judge(case: Case) -> list[Finding]:
        sent.append(case)
        return [found(case, "always")]

    hunt = fuzz.hunt(THINGS, MAKE, judge, max_examples=50, max_requests=3, seed=0)

    assert 3 == hunt.sent == len(sent)
    assert hunt.cut_short
    assert 1 == len(hunt.counterexamples)


def test_a_hunt_that_may_send_nothing_is_an_error() -> None:
    with pytest.raises(CannotTell, match="no valid body of make was generated and sent"):
        fuzz.hunt(THINGS, MAKE, lambda case: [], max_examples=5, max_requests=0, seed=0)


@pytest.mark.parametrize("error", [CannotTell("the target is gone"), KeyboardInterrupt()])
@pytest.mark.parametrize("last", [1, 3, 9])
def test_an_error_of_the_judge_ends_the_hunt_at_once_and_loses_nothing(last: int, error: BaseException) -> None:
    """A lost connection, or Ctrl-C: what had been found by then is a counterexample."""
    sent: list[Case] = []

    def judge(case: Case) -> list[Finding]:
        sent.append(case)
        if len(sent) == last:
            raise error
        return [found(case, "always")]

    if last == 1:
        with pytest.raises(type(error)):
            fuzz.hunt(THINGS, MAKE, judge, max_examples=20, seed=0)
    else:
        hunt = fuzz.hunt(THINGS, MAKE, judge, max_examples=20, seed=0)

        assert len(hunt.counterexamples) == 1
        assert hunt.stopped == (str(error) or "interrupted")
    assert len(sent) == last


@pytest.mark.parametrize("side", ["valid", "invalid"])
def test_the_emulator_answers_generated_bodies_as_expected(side: Side) -> None:
    """Over a real socket: 201 for what is accepted, 4xx for what is rejected, and never a 5xx."""
    token, account_id, app_id = "T" * 40, "0" * 32, "14a396e7-ca44-4937-bf1f-050a69118543"
    numbers = itertools.count()
    respond = emulator(
        CONTRACT,
        token=token,
        account_id=account_id,
        app_id=app_id,
        now=lambda: datetime(2026, 1, 2, tzinfo=UTC),
        new_id=lambda: str(uuid.UUID(int=next(numbers), version=4)),
    )
    classes = {"accepted": {2}, "rejected": {4}, "unspecified": {2, 4}}
    judged: list[str] = []
    with serve(respond) as origin, sender() as send:
        path = f"{origin}/client/v4"
        target = Target(kind="emulator", base_url=path, account_id=account_id, app_id=app_id, token=token)

        def judge(case: Case) -> list[Finding]:
            observation = send(request_of(CREATE, case, target))
            assert isinstance(observation, Answered)
            judged.append(case.expect.outcome)
            expected = classes[case.expect.outcome]
            return [] if observation.response.status // 100 in expected else [found(case, "status")]

        hunt = fuzz.hunt(CONTRACT, CREATE, judge, side=side, max_examples=30, seed=0)

    assert hunt.sent == len(judged) > 10
    assert {"valid": "accepted", "invalid": "rejected"}[side] in judged
    assert () == hunt.counterexamples
