"""
Each rule of HTTP and JSON, each sign of a server's insides, times and traces of secrets: one liar, and nothing lawful.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from typing import Any

import pytest

from rtkcontract.checks.across import judge_run
from rtkcontract.checks.answer import Judged, answer_of
from rtkcontract.checks.disclosure import SIGNS
from rtkcontract.checks.judge import judge
from rtkcontract.checks.protocol import RULES
from rtkcontract.contract.expectation import Oracle
from rtkcontract.contract.load import load_contract
from rtkcontract.model import Answered, Case, Finding, Headers, Json, Overrides, Response, Result

CONTRACT = load_contract()
OPERATION = CONTRACT.operations["create_meeting"]
ORACLE = Oracle(CONTRACT.document, OPERATION.request_schema)
ID = "3b241101-e2bb-4255-8caf-4136c566a962"
TYPE = ("content-type", "application/json")
DATE = ("date", "Sat, 31 Jan 2026 23:59:59 GMT")
PASSWORD = "rtkcontract_canary_password_not_a_secret"
SFTP: Json = {"recording_config": {"storage_config": {"type": "sftp", "auth_method": "PASSWORD", "password": PASSWORD}}}


def result(
    sent: Json = None,
    status: int = 201,
    *headers: tuple[str, str],
    data: Json = None,
    text: str = "",
    method: str | None = None,
    name: str = "x",
) -> Result:
    """
    One judged response to `sent`; refusals carry `text`, successes `data` beside what any object has.
    """
    sent = {} if sent is None else sent
    made: dict[str, Any] = {"id": ID, "created_at": "2026-01-31T23:59:59Z", "updated_at": "2026-01-31T23:59:59Z"}
    body: Json = {"success": True, "data": {**made, **(data or {})}}
    if status >= 400:
        body = {"success": False, "error": {"code": status, "message": text}}
    case = Case(
        id=f"create_meeting/{name}",
        operation="create_meeting",
        side="valid",
        partition="x",
        content=json.dumps(sent).encode(),
        expect=ORACLE.expectation(sent),
        overrides=Overrides(method=method),
    )
    response = Response(status=status, headers=(TYPE, *headers), content=json.dumps(body).encode())
    return judge(CONTRACT, OPERATION, case, Answered(response=response, elapsed_s=0.1))


def findings(told: Result, check: str) -> list[Finding]:
    return [finding for finding in told.findings if finding.check == check]


LENGTH = str(len(result().observation.response.content))  # type: ignore[union-attr]

LIARS: dict[str, Result] = {
    "a header twice": result({}, 201, TYPE),
    "charset": result({}, 201, ("server", "x"), method=None),
    "date": result({}, 201, ("date", "31 Jan 2026")),
    "length": result({}, 201, ("content-length", "7")),
    "two lengths": result({}, 201, ("content-length", LENGTH), ("transfer-encoding", "chunked")),
    "405 without Allow": result({}, 405, method="PUT"),
    "Allow names the refused method": result({}, 405, ("allow", "GET, PUT"), method="PUT"),
    "Allow": result({}, 405, ("allow", "GET; POST"), method="PUT"),
    "Retry-After": result({}, 400, ("retry-after", "soon")),
    "ETag": result({}, 201, ("etag", "abc")),
    "Location": result({}, 201, ("location", f"/meetings/{ID[::-1]}")),
}
LAWFUL: tuple[Headers, ...] = (
    (DATE, ("etag", 'W/"1"'), ("location", f"https://example.com/meetings/{ID}"), ("server", "x")),
    (("location", "/meetings/1"), ("server", "a"), ("server", "b")),
    (("content-length", LENGTH), ("vary", "a"), ("vary", "b"), ("set-cookie", "a=1"), ("set-cookie", "b=2")),
    (("retry-after", "120"), ("transfer-encoding", "chunked"), ("content-length-x", "1")),
    (("retry-after", "Sat, 31 Jan 2026 23:59:59 GMT"), ("content-encoding", "gzip"), ("content-length", "1")),
)


def _of(kind: str, status: int, content: bytes = b"") -> Result:
    """
    A response that says of itself what kind it is.
    """
    case = Case(
        id="create_meeting/x",
        operation="create_meeting",
        side="valid",
        partition="x",
        content=b"{}",
        expect=ORACLE.expectation({}),
    )
    headers = (("content-type", kind), ("content-length", "2")) if not content else (("content-type", kind),)
    response = Response(status=status, headers=headers, content=content)
    return judge(CONTRACT, OPERATION, case, Answered(response=response, elapsed_s=0.1))


LIARS["charset"] = _of("application/json; charset=iso-8859-1", 201, b"{}")
LIARS["length of nothing"] = _of("application/json", 204)


def test_each_rule_has_a_liar() -> None:
    assert {rule.name for rule in RULES} == set(LIARS)


@pytest.mark.parametrize("name", [rule.name for rule in RULES])
def test_a_broken_rule_is_a_finding_that_cites_its_section(name: str) -> None:
    told = [finding for finding in findings(LIARS[name], "protocol") if finding.cause == f"protocol {name}"]

    assert 1 == len(told)
    assert "finding" == told[0].severity
    assert told[0].sources[0] in CONTRACT.sources
    assert "(" in told[0].expected


def test_a_location_that_is_no_address_is_a_finding() -> None:
    """
    Python cannot split it, which must not end the run.
    """
    told = findings(result({}, 201, ("location", "http://[bad")), "protocol")

    assert ["protocol Location"] == [finding.cause for finding in told]


@pytest.mark.parametrize("headers", LAWFUL)
def test_what_http_allows_is_no_finding(headers: Headers) -> None:
    assert [] == findings(result({}, 201, *headers), "protocol")


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", 'application/json;charset="UTF-8"']
)
def test_utf_8_is_the_charset_of_json(kind: str) -> None:
    assert [] == findings(_of(kind, 201, b"{}"), "protocol")


INSIDES = (
    'Traceback (most recent call last):\n  File "/srv/api/app.py", line 3, in <module>',
    "java.lang.NullPointerException\n\tat com.example.Api.post(Api.java:42)",
    "TypeError: x is undefined\n    at post (/app/dist/api.js:10:5)",
    "goroutine 17 [running]:\nmain.go:31",
    "/app/models/room.rb:12:in `save'",
    "at Api.Rooms.Post(Room room) in C:\\src\\Rooms.cs:line 12",
    "PHP Fatal error: Uncaught Error in rooms.php on line 7",
    "thread 'main' panicked at src/lib.rs:4:5",
    "SQLSTATE[23505]: unique violation",
    'duplicate key value violates unique constraint "rooms_pkey"',
    "SELECT id, name FROM rooms",
    "cannot open /var/lib/rooms/state.db",
    "C:\\Program Files\\Rooms\\state.db cannot be read",
    "connect ECONNREFUSED 10.0.12.7:5432",
)
PLAIN = (
    "BAD_REQUEST: title: type string",
    "version 4.2.1.0 is needed; see https://example.com/docs/var/lib/x for more",
    "select a preset from the list",
    "The path /accounts/{account_id}/realtime/kit is not known",
    "Update your plan to set a limit",
    "10.5 seconds is below the minimum",
)


@pytest.mark.parametrize("text", INSIDES)
def test_insides_of_a_server_are_a_warning(text: str) -> None:
    told = findings(result({"title": 7}, 400, text=text), "disclosure")

    assert ["warning"] == [finding.severity for finding in told]


def test_each_sign_is_shown() -> None:
    assert len(INSIDES) >= len(SIGNS)
    assert [] == [kind for kind, sign in SIGNS if not any(sign.search(text) for text in INSIDES)]


@pytest.mark.parametrize("text", PLAIN)
def test_an_ordinary_refusal_shows_nothing(text: str) -> None:
    assert [] == findings(result({"title": 7}, 400, text=text), "disclosure")


def test_what_was_sent_may_come_back() -> None:
    text = "cannot open /var/lib/rooms/state.db"

    assert [] == findings(result({"title": 7, "x": text}, 400, text=f"x: {text}"), "disclosure")


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, False),
        ({"created_at": "2026-02-01T00:04:59Z", "updated_at": "2026-02-01T00:05:00Z"}, False),
        ({"created_at": "2026-02-01T01:59:59+02:00"}, False),
        ({"created_at": "2026-02-01T01:59:59Z", "updated_at": "2026-02-01T01:59:59Z"}, True),
        ({"updated_at": "2036-01-31T23:59:59Z"}, True),
        ({"created_at": "1970-01-01T00:00:00Z"}, True),
    ],
)
def test_times_are_near_the_date_of_the_response(changes: dict[str, str], wrong: bool) -> None:
    assert wrong == bool(findings(result({}, 201, DATE, data=changes), "times"))


def test_without_a_date_no_clock_is_compared() -> None:
    assert [] == findings(result({}, 201, data={"created_at": "1970-01-01T00:00:00Z"}), "times")


def _run(*times: tuple[str, str]) -> list[Finding]:
    """
    Creates in a row: the second of the response's date, and the time that `created_at` tells.
    """
    results = [
        result(
            {},
            201,
            ("date", f"Sat, 31 Jan 2026 23:59:{second} GMT"),
            data={"id": f"{n}{ID[1:]}", "created_at": created, "updated_at": created},
            name=str(n),
        )
        for n, (second, created) in enumerate(times)
    ]
    return [
        finding
        for done in judge_run(CONTRACT, OPERATION, results)
        for finding in done.findings
        if finding.check == "clock"
    ]


def test_times_do_not_fall_or_stand_still_in_a_run() -> None:
    assert [] == _run(("01", "2026-01-31T23:59:01Z"), ("09", "2026-01-31T23:59:09Z"))
    assert [] == _run(("01", "2026-01-31T23:59:02Z"), ("02", "2026-01-31T23:59:01Z"))
    assert [] == _run(("01", "2026-01-31T23:59:01Z"), ("03", "2026-01-31T23:59:01Z"))
    assert ["times fall"] == [f.cause for f in _run(("01", "2026-01-31T23:59:01Z"), ("02", "2026-01-31T23:55:01Z"))]
    assert ["times stand still"] == [
        f.cause for f in _run(("01", "2026-01-31T23:59:01Z"), ("09", "2026-01-31T23:59:01Z"))
    ]


def test_an_allow_header_names_what_worked() -> None:
    def told(allow: str) -> list[str]:
        results = [result(name="a"), result({}, 405, ("allow", allow), method="PUT", name="b")]
        run = judge_run(CONTRACT, OPERATION, results)
        return [finding.where for done in run for finding in findings(done, "protocol")]

    assert [] == told("GET, POST")
    assert ["header allow"] == told("GET")


@pytest.mark.parametrize("word", ["None", "null", "undefined"])
def test_a_null_that_comes_back_as_a_word_is_a_warning(word: str) -> None:
    told = findings(result({"title": None}, 201, data={"title": word}), "nulls")

    assert ["warning"] == [finding.severity for finding in told]
    assert [] == findings(result({"title": "None"}, 201, data={"title": "None"}), "nulls")


@pytest.mark.parametrize(
    "trace",
    [
        hashlib.sha256(PASSWORD.encode()).hexdigest(),
        hashlib.md5(PASSWORD.encode()).hexdigest(),
        base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode(),
        PASSWORD[20:],
        "********" + PASSWORD[-4:],
        "\u2022\u2022\u2022\u2022" + PASSWORD[-4:],
        PASSWORD[:4] + "****",
    ],
)
def test_what_was_made_of_a_credential_is_found_in_each_response(trace: str) -> None:
    for status in (201, 400):
        told = result(SFTP, status, data={"title": f"see {trace}"}, text=f"cannot use {trace}")

        assert 1 == len(findings(told, "secrets"))
        assert not any(trace in finding.observed for finding in findings(told, "secrets"))


def test_masks_without_a_credential_are_nothing() -> None:
    assert [] == findings(result(SFTP, 400, text="password: **** is not accepted"), "secrets")


def test_an_undisputed_member_keeps_its_promise_where_acceptance_is_open() -> None:
    """
    A title of 300 characters may be refused; where it is accepted, the members beside it come back as sent.
    """
    sent = {"title": "t" * 300, "record_on_start": True}
    case = Case(
        id="create_meeting/x",
        operation="create_meeting",
        side="valid",
        partition="x",
        content=json.dumps(sent).encode(),
        expect=ORACLE.expectation(sent),
        field="title",
    )
    data = {"id": ID, "created_at": "2026-01-31T23:59:59Z", "updated_at": "2026-01-31T23:59:59Z"}

    def told(**changes: Json) -> list[tuple[str, str]]:
        body = json.dumps({"success": True, "data": {**data, **sent, **changes}}).encode()
        response = Response(status=201, headers=(TYPE,), content=body)
        done = judge(CONTRACT, OPERATION, case, Answered(response=response, elapsed_s=0.1))
        return [(finding.where, finding.severity) for finding in findings(done, "echo")]

    assert "unspecified" == case.expect.outcome
    assert [] == told()
    assert [("/data/record_on_start", "finding")] == told(record_on_start=False)
    assert [("/data/title", "note")] == told(title="t" * 255)


@pytest.mark.parametrize(
    ("changes", "status", "severity"),
    [
        ({}, 409, "finding"),
        ({"unspecified": ({"about": "a second of one name", "statuses": [409]},)}, 409, "note"),
        ({"unspecified": ({"about": "a second of one name", "statuses": [409]},)}, 404, "finding"),
        ({"needs": {"state": "somebody is in it"}}, 404, "note"),
    ],
)
def test_a_valid_request_may_be_refused_where_the_document_leaves_it_open(
    changes: dict[str, Any], status: int, severity: str
) -> None:
    operation = dataclasses.replace(OPERATION, **changes)
    case = Case(
        id="create_meeting/x",
        operation="create_meeting",
        side="valid",
        partition="x",
        content=b"{}",
        expect=ORACLE.expectation({}),
    )
    body = json.dumps({"success": False, "error": {"code": status, "message": "no"}}).encode()
    answered = Answered(response=Response(status=status, headers=(TYPE,), content=body), elapsed_s=0.1)
    told = judge(CONTRACT, operation, case, answered, parsed=answer_of(Judged(CONTRACT, operation), case, answered))

    assert [severity] == [finding.severity for finding in findings(told, "status")]
