"""
Each check objects to its own liar, and to nothing that a correct server says.
"""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
from typing import Any

import pytest

from rtkcontract.checks import across
from rtkcontract.checks import judge as judging
from rtkcontract.contract import load
from rtkcontract.contract.expectation import Oracle
from rtkcontract.model import Answered, Case, Expectation, Headers, Json, Response, Result, Unanswered

CONTRACT = load.load_contract()
OPERATION = CONTRACT.operations["create_meeting"]
ORACLE = Oracle(CONTRACT.document, OPERATION.request_schema)
JSON: Headers = (("content-type", "application/json"),)
TOKEN = "run_token_not_a_secret_" + "0" * 20
K = "session_keep_alive_time_in_secs"

SENT: Json = {
    "title": "rtkcontract",
    K: 90,
    "record_on_start": True,
    "recording_config": {
        "video_config": {"height": 600},
        "storage_config": {
            "type": "sftp",
            "auth_method": "PASSWORD",
            "password": "rtkcontract_canary_password_not_a_secret",
        },
    },
}
DATA: Json = {
    "id": "3b241101-e2bb-4255-8caf-4136c566a962",
    "title": "rtkcontract",
    K: 90,
    "record_on_start": True,
    "persist_chat": False,
    "recording_config": {
        "video_config": {"height": 600, "width": 1280},
        "storage_config": {"type": "sftp", "auth_method": "PASSWORD"},
    },
    "status": "ACTIVE",
    "created_at": "2026-01-31T23:59:59.000Z",
    "updated_at": "2026-01-31T23:59:59.000Z",
}
ERROR: Json = {"success": False, "error": {"code": 400, "message": "BAD_REQUEST: no"}}
EDGE: Json = {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}], "result": None}
BAD: Json = {K: 59}
EMPTY: Json = {}


def _case(sent: Json, name: str = "shown", **changes: Any) -> Case:
    expect = ORACLE.expectation(sent)
    case = Case(
        id=f"create_meeting/{name}",
        operation="create_meeting",
        side="valid",
        partition="shown",
        content=json.dumps(sent).encode(),
        expect=expect,
    )
    return dataclasses.replace(case, **changes)


def _success(**members: Json) -> bytes:
    """
    A correct answer with other members; a name with two underscores goes a level down, None is kept.
    """
    data = copy.deepcopy(DATA)
    for name, value in members.items():
        holder = data
        *above, last = name.split("__")
        for part in above:
            holder = holder[part]
        holder[last] = value
    return json.dumps({"success": True, "data": data}).encode()


def _without(*names: str) -> bytes:
    return json.dumps(
        {"success": True, "data": {key: value for key, value in DATA.items() if key not in names}}
    ).encode()


def _judge(case: Case, response: Response, *, elapsed_s: float = 0.1) -> Result:
    observation = Answered(response=response, elapsed_s=elapsed_s)
    return judging.judge(CONTRACT, OPERATION, case, observation, max_latency_s=1.0, secrets=(TOKEN,))


def _tripped(*results: Result, severity: str = "finding") -> set[str]:
    return {finding.check for result in results for finding in result.findings if finding.severity == severity}


def _text(value: Json) -> bytes:
    return json.dumps(value).encode()


# check, what was sent, status, headers, content
LIARS: tuple[tuple[str, Json, int, Headers, bytes], ...] = (
    ("status", SENT, 500, JSON, _text({**ERROR, "error": {"code": 500, "message": "no"}})),
    ("status", SENT, 202, JSON, _success()),
    ("status", SENT, 400, JSON, _text(ERROR)),
    ("status", SENT, 401, JSON, b'{"message": "Unauthorized"}'),
    ("status", SENT, 302, JSON, b""),
    ("status", SENT, 200, JSON, _text(EDGE)),
    ("status", BAD, 201, JSON, _success()[:-1].replace(b"90", b"60") + b"}"),
    ("content_type", SENT, 201, (), _success()),
    ("content_type", SENT, 201, (("content-type", "text/html"),), _success()),
    ("content_type", SENT, 201, (("content-type", "application/jsonp"),), _success()),
    ("content_type", BAD, 400, (("content-type", "text/plain"),), _text(ERROR)),
    ("envelope", SENT, 201, JSON, _success().replace(b"true", b'"true"', 1)),
    ("envelope", SENT, 201, JSON, _success().replace(b'"success": true, ', b"")),
    ("envelope", SENT, 201, JSON, b'{"success": true}'),
    ("envelope", SENT, 201, JSON, b""),
    ("envelope", SENT, 201, JSON, _success()[:-1]),
    ("envelope", SENT, 201, JSON, b"[]"),
    ("envelope", SENT, 201, JSON, _success()[:-1] + b', "took": NaN}'),
    ("envelope", SENT, 201, JSON, "é".encode("latin-1")),
    ("envelope", BAD, 400, JSON, b'{"success": false, "errors": ["no"]}'),
    ("envelope", BAD, 400, JSON, b'{"success": true, "error": {"code": 400, "message": "no"}}'),
    ("envelope", BAD, 400, JSON, b"<html></html>"),
    ("envelope", BAD, 400, JSON, b""),
    ("envelope", BAD, 422, JSON, b'{"detail": []}'),
    ("body_schema", SENT, 201, JSON, b'{"success": true, "data": []}'),
    ("body_schema", SENT, 201, JSON, _without("id")),
    ("body_schema", SENT, 201, JSON, _without("created_at")),
    ("body_schema", SENT, 201, JSON, _success(id="17")),
    ("body_schema", SENT, 201, JSON, _success(id=17)),
    ("body_schema", SENT, 201, JSON, _success(status="LIVE")),
    ("body_schema", SENT, 201, JSON, _success(created_at=1_767_225_600)),
    ("body_schema", SENT, 201, JSON, _success(title=None)),
    ("body_schema", SENT, 201, JSON, _success(ai_config=[])),
    ("body_schema", SENT, 201, JSON, _success(recording_config__max_seconds=59)),
    ("echo", SENT, 201, JSON, _success(title="Rtkcontract")),
    ("echo", SENT, 201, JSON, _success(**{K: 91})),
    ("echo", SENT, 201, JSON, _success(record_on_start=False)),
    ("echo", SENT, 201, JSON, _success(recording_config__video_config__height=601)),
    ("echo", {"title": "é"}, 201, JSON, _success(title="e\u0301", **{K: 60, "record_on_start": False})),
    ("defaults", SENT, 201, JSON, _success(persist_chat=True)),
    ("defaults", SENT, 201, JSON, _success(recording_config__video_config__width=1920)),
    ("secrets", SENT, 201, JSON, _success(recording_config__storage_config__password="********")),
    ("secrets", SENT, 201, JSON, _success(debug="rtkcontract_canary_password_not_a_secret")),
    ("secrets", SENT, 201, JSON, _success(debug=base64.b64encode(b"user:rtkcontract_canary_password_not").decode())),
    ("secrets", SENT, 201, JSON, _success().replace(b"ACTIVE", b'ACTIVE", "note": "rtkcontract\\u005fcanary_key')),
    ("secrets", SENT, 201, (*JSON, ("x-debug", "rtkcontract_canary_password_not_a_secret")), _success()),
    ("secrets", SENT, 201, (*JSON, ("x-debug", f"Bearer {TOKEN}")), _success()),
    ("secrets", BAD, 400, JSON, _text({**ERROR, "error": {"code": 400, "message": TOKEN}})),
    ("times", SENT, 201, JSON, _success(updated_at="2026-01-31T23:59:58.999Z")),
    ("times", SENT, 201, JSON, _success(updated_at="2026-02-01T01:59:58+02:00")),
)


@pytest.mark.parametrize(("check", "sent", "status", "headers", "content"), LIARS)
def test_a_liar_trips_exactly_its_check(check: str, sent: Json, status: int, headers: Headers, content: bytes) -> None:
    """
    One broken promise is one check's business.
    """
    result = _judge(_case(sent), Response(status=status, headers=headers, content=content))

    assert {check} == _tripped(result)
    assert "fail" == result.status


def test_a_slow_answer_trips_latency_alone() -> None:
    """
    The limit is the user's; an answer that takes longer is a finding.
    """
    result = _judge(_case(SENT), Response(status=201, headers=JSON, content=_success()), elapsed_s=1.5)

    assert {"latency"} == _tripped(result)


def test_each_check_has_a_liar() -> None:
    """
    No check of one answer and none of a run is without one.
    """
    alone = {check.__name__ for check in judging.CHECKS}

    elsewhere = {"latency", "nulls", "protocol", "disclosure"}  # test_protocol has theirs, and those of a run
    assert alone == {row[0] for row in LIARS} | elsewhere
    assert {check.__name__ for check in across.RUN_CHECKS} == {row[0] for row in RUN_LIARS} | {"clock", "allowed"}


# what was sent, status, content; then the checks that warn
CLEAN: tuple[tuple[Json, int, bytes, set[str]], ...] = (
    (SENT, 201, _success(), set()),
    (SENT, 201, _success(is_large=False, is_new=None), set()),
    (SENT, 201, _success(**{K: 90.0}), set()),
    (SENT, 201, _success(updated_at="2026-02-01T00:59:59+01:00"), set()),
    (SENT, 201, _without("title", K, "record_on_start", "persist_chat", "recording_config", "status"), set()),
    (SENT, 200, _success(), {"status"}),
    ({"title": None}, 201, _success(title=None, **{K: 60, "record_on_start": False}), set()),
    ({"title": None}, 201, _success(title="Meeting", **{K: 60, "record_on_start": False}), set()),
    (BAD, 400, _text(ERROR), set()),
    (BAD, 422, _text({**ERROR, "error": {"code": 422, "message": "no"}}), set()),
    (BAD, 422, _text(ERROR), {"envelope"}),
    (BAD, 400, _text(EDGE), set()),
    (BAD, 200, _text(EDGE), {"status"}),
    (BAD, 401, b'{"message": "Unauthorized"}', set()),
    ({K: 60.5}, 201, _success(record_on_start=False, **{K: 60.5}), set()),
    ({K: 60.5}, 201, _success(record_on_start=False, **{K: 60}), set()),
    ({K: 60.5}, 400, _text(ERROR), set()),
)


@pytest.mark.parametrize(("sent", "status", "content", "warned"), CLEAN)
def test_a_correct_answer_trips_nothing(sent: Json, status: int, content: bytes, warned: set[str]) -> None:
    """
    What the sources allow or leave open is a warning or a note at most.
    """
    result = _judge(_case(sent), Response(status=status, headers=JSON, content=content))

    assert set() == _tripped(result)
    assert warned == _tripped(result, severity="warning")
    assert "pass" == result.status


def test_an_undecided_echo_is_a_note() -> None:
    """
    A fraction may be rounded: no source says that it is kept.
    """
    result = _judge(_case({K: 60.5}), Response(status=201, headers=JSON, content=_success(record_on_start=False)))

    assert {"echo"} == _tripped(result, severity="note")


def test_a_charset_is_fine() -> None:
    """
    The content type is compared without its parameters and without its case.
    """
    headers = (("content-type", "Application/JSON; charset=utf-8"),)

    assert set() == _tripped(_judge(_case(SENT), Response(status=201, headers=headers, content=_success())))


def test_a_status_that_is_not_listed_is_told() -> None:
    """
    Where the sources list the statuses of a refusal, another one is a finding; 200 beside an error is a warning.
    """
    expect = Expectation(outcome="rejected", reason="no credential", sources=("v4-errors",), statuses=(400, 401, 403))
    case = _case(EMPTY, expect=expect)

    assert {"status"} == _tripped(_judge(case, Response(status=404, headers=JSON, content=_text(EDGE))))
    assert set() == _tripped(_judge(case, Response(status=403, headers=JSON, content=_text(EDGE))))
    assert set() == _tripped(_judge(case, Response(status=200, headers=JSON, content=_text(EDGE))))


def test_a_throttled_or_missing_answer_is_no_finding() -> None:
    """
    It could not be told, which is neither a pass nor a failure.
    """
    throttled = _judge(_case(SENT), Response(status=429, headers=(), content=b""))
    missing = judging.judge(CONTRACT, OPERATION, _case(SENT), Unanswered(reason="the server is gone"))

    assert ["error", "error"] == [throttled.status, missing.status]
    assert () == throttled.findings + missing.findings
    assert "the server is gone" == missing.reason


def test_a_finding_names_the_place_and_the_sources() -> None:
    """
    59 taken is told with what was expected, what came and where the limit stands.
    """
    result = _judge(_case(BAD), Response(status=201, headers=JSON, content=_success(record_on_start=False, **{K: 60})))
    found = next(finding for finding in result.findings if finding.check == "status")

    assert ("oas", "seed", "faq") == found.sources
    assert "minimum 60" in found.expected
    assert found.schema_at.startswith("create_meeting/request.json#/properties/session_keep_alive")


def test_no_finding_quotes_a_secret() -> None:
    """
    A leak is named by its kind.
    """
    shown = _success(debug=TOKEN, log="rtkcontract_canary_password_not_a_secret")
    result = _judge(_case(EMPTY), Response(status=201, headers=JSON, content=shown))
    told = [finding for finding in result.findings if finding.check == "secrets"]

    assert told
    assert not any(word in f"{finding}" for finding in told for word in (TOKEN, "rtkcontract_canary"))


# --- checks of a whole run ------------------------------------------------------------------------------------------

ONE, TWO, THREE = (f"{number}0000000-0000-4000-8000-000000000000" for number in "123")
PLAIN = {"created_at": DATA["created_at"], "updated_at": DATA["updated_at"]}
Step = tuple[Json, Json, dict[str, Any]]


def test_a_token_that_is_a_word_of_the_contract_makes_no_finding() -> None:
    case = _case({"title": "Weekly planning"})
    response = Response(status=201, headers=JSON, content=_success(title="Weekly planning"))
    observation = Answered(response=response, elapsed_s=0.1)
    for token in ("session_keep_alive", "persist_chat", "created_at", "Weekly planning"):
        result = judging.judge(CONTRACT, OPERATION, case, observation, secrets=(token,))

        assert [finding.check for finding in result.findings if finding.check == "secrets"] == []


def _step(sent: Json, identity: str, told: Json | None = None, **changes: Any) -> Step:
    return sent, {"id": identity, **PLAIN, **(sent if told is None else told)}, changes


SAME = {"same_answer_as": "create_meeting/0"}
RUN_LIARS: tuple[tuple[str, tuple[Step, ...]], ...] = (
    ("unique_ids", (_step({"title": "a"}, ONE), _step({"title": "b"}, TWO), _step({"title": "c"}, ONE))),
    ("dropped", (_step({"title": "rtkcontract"}, ONE), _step({"title": "rtkcontract b", K: 90}, TWO, {K: 90}))),
    ("dropped", (_step({"title": "a"}, ONE, EMPTY), _step({K: 90}, TWO))),
    (
        "memory",
        (_step(EMPTY, ONE), _step({"title": "rtkcontract"}, TWO), _step(EMPTY, THREE, {"title": "rtkcontract"})),
    ),
    ("relations", (_step({"title": "a"}, ONE), _step({"title": "a"}, TWO, {"title": "a", "status": "ACTIVE"}, **SAME))),
    (
        "relations",
        (
            _step(EMPTY, ONE, {K: 60}),
            _step({K: 60}, TWO, {K: 60, "persist_chat": False}, **SAME),
        ),
    ),
)
RUN_CLEAN: tuple[tuple[Step, ...], ...] = (
    (_step({"title": "a"}, ONE), _step({"title": "b"}, TWO)),
    (_step({"title": "a"}, ONE, EMPTY), _step({"title": "b", K: 90}, TWO, EMPTY)),
    (_step({"title": "a"}, ONE), _step({"title": ""}, TWO, EMPTY)),
    (
        _step(EMPTY, ONE, {"title": "rtkcontract"}),
        _step({"title": "rtkcontract"}, TWO),
        _step(EMPTY, THREE, {"title": "rtkcontract"}),
    ),
    (_step({"title": "a"}, ONE), _step({"title": "a"}, TWO, **SAME)),
    (_step({"title": "a"}, ONE, {"title": "a", "status": "ACTIVE"}), _step({"title": "c"}, TWO)),
    (
        _step(EMPTY, ONE),
        _step({"persist_chat": False}, TWO, partition="defaults-spelled-out", **SAME),
    ),
)


def _run(steps: tuple[Step, ...]) -> tuple[Result, ...]:
    results = []
    for number, (sent, data, changes) in enumerate(steps):
        content = _text({"success": True, "data": data})
        results.append(_judge(_case(sent, str(number), **changes), Response(status=201, headers=JSON, content=content)))

    assert set() == _tripped(*results), "an answer by itself is correct"
    return across.judge_run(CONTRACT, OPERATION, results)


@pytest.mark.parametrize(("check", "steps"), RUN_LIARS)
def test_a_liar_over_several_answers_trips_exactly_its_check(check: str, steps: tuple[Step, ...]) -> None:
    """
    Each answer by itself is correct; together they break one promise.
    """
    assert {check} == _tripped(*_run(steps))


@pytest.mark.parametrize("steps", RUN_CLEAN)
def test_correct_answers_together_trip_nothing(steps: tuple[Step, ...]) -> None:
    """
    Ids of their own, nothing lost, nothing remembered, the same for the same.
    """
    results = _run(steps)

    assert set() == _tripped(*results)
    assert len(steps) == len(results)


def test_a_run_keeps_what_was_found_before() -> None:
    """
    A finding over several answers is added to those of one.
    """
    first = _judge(_case(SENT, "0"), Response(status=201, headers=JSON, content=_success()))
    second = _judge(_case(SENT, "1"), Response(status=201, headers=JSON, content=_success(status="LIVE")))
    judged = across.judge_run(CONTRACT, OPERATION, [first, second])

    assert first is judged[0]
    assert {"body_schema", "unique_ids"} == _tripped(judged[1])


# --- known deviations -----------------------------------------------------------------------------------------------


def _deviating(**entry: str) -> Any:
    told = {"case": "create_meeting/0", "check": "status", "reason": "takes 59", **entry}
    return dataclasses.replace(OPERATION, deviations=(told,))


def test_a_known_deviation_is_a_warning() -> None:
    """
    What we know of is told with its reason, and does not fail.
    """
    operation = _deviating()
    response = Response(status=201, headers=JSON, content=_success(record_on_start=False, title="a", **{K: 60}))
    case = _case(BAD, "0")
    result = judging.judge(CONTRACT, operation, case, Answered(response=response, elapsed_s=None))

    assert {"status"} == _tripped(result, severity="warning")
    assert "status" not in _tripped(result)
    assert any(finding.about == "takes 59" for finding in result.findings)


def test_a_deviation_that_no_longer_happens_is_told() -> None:
    """
    A list of excuses stays true.
    """
    operation = _deviating()
    result = _judge(_case(BAD, "0"), Response(status=400, headers=JSON, content=_text(ERROR)))
    judged = across.judge_run(CONTRACT, operation, [result])

    assert {"deviation"} == _tripped(*judged)


def test_a_deviation_of_a_case_that_did_not_run_says_nothing() -> None:
    """
    Nothing was seen, so nothing is known to be gone.
    """
    result = _judge(_case(BAD, "1"), Response(status=400, headers=JSON, content=_text(ERROR)))

    assert (result,) == across.judge_run(CONTRACT, _deviating(), [result])
