"""
Runs to read: real cases, judged by the real checks on answers of the emulator, some of them changed on the way.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rtkcontract.checks import judge as judging
from rtkcontract.contract import load
from rtkcontract.contract.expectation import Oracle
from rtkcontract.contract.requests import request_of
from rtkcontract.emulator.answers import emulator
from rtkcontract.engine import run_file
from rtkcontract.engine.run_file import Run
from rtkcontract.model import (
    Answered,
    Case,
    Expectation,
    Observation,
    Overrides,
    Request,
    Response,
    Result,
    Side,
    Target,
)

CONTRACT = load.load_contract()
OPERATION = CONTRACT.operations["create_meeting"]
ORACLE = Oracle(CONTRACT.document, OPERATION.request_schema)
TARGET = Target(
    kind="emulator",
    base_url="http://127.0.0.1:8787/client/v4",
    account_id="023e105f4ecef8ad9ca31a8372d0c353",
    app_id="14a396e7-ca44-4937-bf1f-050a69118543",
    token="rtkcontract_canary_token_of_the_report_tests",
)
STARTED, FINISHED = "2026-11-22T18:41:03Z", "2026-11-22T18:41:15Z"
KEEP_ALIVE = "session_keep_alive_time_in_secs"
CHANNEL = "recording_config.audio_config.channel"

Change = Callable[[Case, Response], Response]


def case(field: str, partition: str, keyword: str, content: str, side: Side | None = None) -> Case:
    """
    A case whose expectation the schema gives.
    """
    expect = ORACLE.expectation(json.loads(content))
    return Case(
        id=f"create_meeting/{field or 'body'}/{partition}",
        operation="create_meeting",
        side=side or ("invalid" if expect.outcome == "rejected" else "valid"),
        partition=partition,
        content=content.encode(),
        expect=expect,
        field=field,
        keyword=keyword,
    )


def _keep_alive(partition: str, keyword: str, number: str) -> Case:
    return case(KEEP_ALIVE, partition, keyword, f'{{"{KEEP_ALIVE}": {number}}}')


def _channel(partition: str, keyword: str, value: str) -> Case:
    return case(CHANNEL, partition, keyword, f'{{"recording_config": {{"audio_config": {{"channel": {value}}}}}}}')


CASES = (
    case("", "minimal", "", "{}"),
    _keep_alive("below-minimum", "minimum", "59"),
    _keep_alive("below-minimum-by-a-fraction", "minimum", "59.999"),
    _keep_alive("at-minimum", "minimum", "60"),
    _keep_alive("integer-with-a-fraction-of-zero", "type", "60.0"),
    _keep_alive("a-fraction", "type", "60.5"),
    _keep_alive("above-minimum", "minimum", "61"),
    _keep_alive("below-maximum", "maximum", "599"),
    _keep_alive("at-maximum", "maximum", "600"),
    _keep_alive("above-maximum", "maximum", "601"),
    _keep_alive("wrong-type-string", "type", '"60"'),
    _keep_alive("huge", "maximum", "1e308"),
    _channel("member-mono", "enum", '"mono"'),
    _channel("member-in-other-case", "enum", '"MONO"'),
    _channel("wrong-type-null", "type", "null"),
    case("title", "markup", "type", '{"title": "<script>alert(1)</script> | `x` @someone \\u001b[31m \\u202e"}'),
    case(
        "",
        "combination",
        "properties",
        '{"title": "a", "record_on_start": true, "session_keep_alive_time_in_secs": 330}',
    ),
    Case(
        id="create_meeting/credentials/none",
        operation="create_meeting",
        side="protocol",
        partition="no-credential",
        content=b"{}",
        keyword="credentials",
        expect=Expectation(
            outcome="rejected",
            reason="no credential is sent",
            sources=("v4-errors",),
            rejection="unauthenticated",
            statuses=(400, 401, 403),
        ),
        overrides=Overrides(headers={"authorization": None}),
    ),
    Case(
        id="create_meeting/json/not-utf-8",
        operation="create_meeting",
        side="protocol",
        partition="invalid-utf-8",
        content=b'{"title": "\xff\xfe"}',
        keyword="json",
        expect=Expectation(outcome="unspecified", reason="no source decides", sources=("json",)),
    ),
)


def respond() -> Callable[[Request], Response]:
    """
    An emulator that answers the same to the same list of requests.
    """
    numbers = itertools.count(1)
    return emulator(
        CONTRACT,
        token=TARGET.token,
        account_id=TARGET.account_id,
        app_id=TARGET.app_id,
        now=lambda: datetime(2026, 11, 22, 18, 41, 3, tzinfo=UTC),
        new_id=lambda: str(uuid.UUID(int=next(numbers), version=4)),
    )


def unchanged(_: Case, response: Response) -> Response:
    """
    The answer as it is.
    """
    return response


def results(change: Change = unchanged, cases: Iterable[Case] = CASES) -> list[Result]:
    """
    The cases judged on the answers of the emulator, each changed as told; they take 2 ms, 3 ms and so on.
    """
    answer = respond()
    return [
        judging.judge(
            CONTRACT,
            OPERATION,
            each,
            Answered(
                response=change(each, answer(request_of(OPERATION, each, TARGET))), elapsed_s=0.002 + place / 1000
            ),
        )
        for place, each in enumerate(cases)
    ]


def with_status(response: Response, status: int) -> Response:
    return Response(status=status, headers=response.headers, content=response.content)


def with_data(response: Response, **members: Any) -> Response:
    """
    The answer with members of `data` set, or left out where None is given.
    """
    body = json.loads(response.content)
    body["data"] = {name: value for name, value in (body["data"] | members).items() if value is not None}
    return Response(status=response.status, headers=response.headers, content=json.dumps(body).encode())


@functools.cache
def created() -> Response:
    """
    The answer to the minimal body.
    """
    return respond()(request_of(OPERATION, CASES[0], TARGET))


def takes_59(each: Case, response: Response) -> Response:
    """
    Accepts what is a little below the minimum of the keep-alive.
    """
    return created() if each.partition.startswith("below-minimum") else response


def forgets_ids(_: Case, response: Response) -> Response:
    """
    Leaves `data.id` out of each success answer.
    """
    return with_data(response, id=None) if response.status == 201 else response


def many_cases(count: int) -> list[Case]:
    """
    Cases about as many fields of the same body, none of which the schema knows.
    """
    return [
        Case(
            id=f"create_meeting/member_{number:03}/wrong-type-string",
            operation="create_meeting",
            side="invalid",
            partition="wrong-type-string",
            content=b'{"recording_config": {"max_seconds": "%d"}, "title": "%s"}' % (number, b"t" * 600),
            field=f"group_{number % 7}.member_{number:03}",
            keyword="type",
            expect=Expectation(outcome="rejected", reason=f"member_{number:03}: type number", sources=("oas",)),
        )
        for number in range(count)
    ]


def accepts_two_in_five(each: Case, response: Response) -> Response:
    """
    Creates a meeting for two of five bodies that it must refuse.
    """
    return created() if int(each.id.split("_")[2][:3]) % 5 < 2 else response


def header(**changed: Any) -> run_file.Header:
    """
    The header of a run against the emulator, or another one.
    """
    facts: dict[str, Any] = {
        "observed": "emulator",
        "plan": "smoke",
        "started": STARTED,
        "planned": len(CASES),
        "versions": {"rtkcontract": "0.1.0", "python": "3.11.7"},
    } | changed
    return run_file.header_of(CONTRACT, [OPERATION], facts.pop("target", TARGET), **facts)


def same_text(text: str) -> str:
    return text


def _unsigned(result: Result) -> Result:
    """
    The result as another server would have answered it.
    """
    if not isinstance(result.observation, Answered):
        return result
    response = result.observation.response
    headers = tuple(header for header in response.headers if header[0] != "server")
    answered = dataclasses.replace(result.observation, response=dataclasses.replace(response, headers=headers))
    return dataclasses.replace(result, observation=answered)


def saved(
    path: Path,
    found: Iterable[Result],
    head: run_file.Header | None = None,
    *,
    account: Any = None,
    finished: bool = True,
    recorded: tuple[str, str] = ("", ""),
) -> Run:
    """
    The results written to a file, line by line, and read again.
    """
    with run_file.Writer(path, same_text) as writer:
        writer.header(head or header())
        for result in map(_unsigned, found) if head and head.observed == "server" else found:
            writer.result(run_file.entry_of(OPERATION, result, recorded_at=recorded[0], recorded_from=recorded[1]))
        if account is not None:
            writer.account(OPERATION.name, account)
        if finished:
            writer.footer(FINISHED)
    return run_file.read(path)


def judged(each: Case, observation: Observation) -> Result:
    return judging.judge(CONTRACT, OPERATION, each, observation)
