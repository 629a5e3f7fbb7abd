"""
The second server is correct, agrees with the emulator, and each mutant of it says something else than it.
"""

from __future__ import annotations

import collections
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from jsonschema import Draft202012Validator

from rtkcontract.contract import load
from rtkcontract.contract.requests import request_of
from rtkcontract.emulator import answers
from rtkcontract.generation import plan as plans
from rtkcontract.model import Target
from wrong_servers import zoo
from wrong_servers.examples import BODIES, COLLECTIONS, SAMPLE_IDS
from wrong_servers.mutants import GONE, Call, Calls, Mutant, fresh, get, parsed, responses_to
from wrong_servers.mutants import request_of as request_to
from wrong_servers.operations import OPERATIONS
from wrong_servers.rules import UUID
from wrong_servers.second_server import ACCOUNT, APP, LIVE_MEETING, TOKEN, Request, Response, encoded
from wrong_servers.serving import serving

ROOT = Path(__file__).parents[2]
CONTRACT = load.load_contract()
OPERATION = CONTRACT.operations["create_meeting"]
SMOKE = plans.make(CONTRACT, OPERATION, "smoke").cases
NOWHERE = Target(kind="live", base_url="http://127.0.0.1:1/client/v4", account_id=ACCOUNT, app_id=APP, token=TOKEN)
EVERY = (*zoo.MUTANTS, *zoo.LAWFUL)


def test_every_operation_of_the_contract_is_served() -> None:
    """
    Names, methods and paths are those of the contract.
    """
    ours = {name: (one.method, one.path) for name, one in OPERATIONS.items()}
    theirs = {name: (one.method, one.path.partition("/realtime/kit")[2]) for name, one in CONTRACT.operations.items()}

    assert 62 == len(ours)
    assert theirs.items() <= ours.items()


def _valid(operation: str) -> Calls:
    """
    A valid request to an operation, after those that make what it needs.
    """
    collection = COLLECTIONS.get(OPERATIONS[operation].kind)
    made: list[Call] = []
    ids = dict(SAMPLE_IDS)
    if "{preset_id}" in OPERATIONS[operation].path or "{webhook_id}" in OPERATIONS[operation].path:
        assert collection
        made = [Call(operation=collection.create, body=BODIES[collection.create])]
        ids[collection.own_id] = "$0.data.id"
    if collection and collection.kind == "participants":
        made = [Call(operation="create_meeting", body={})]
        ids["meeting_id"] = "$0.data.id"
    if "{participant_id}" in OPERATIONS[operation].path and made:
        made.append(Call(operation="add_participant", body=BODIES["add_participant"], ids=ids))
        ids["participant_id"] = "$1.data.id"
    if operation == "pause_resume_stop_recording":
        made = [Call(operation="start_recording", body=BODIES["start_recording"])]
        ids["recording_id"] = "$0.data.id"
    if operation == "start-livestreaming":
        made = [Call(operation="create_meeting", body={})]
        ids["meeting_id"] = "$0.data.id"
    if operation == "get_active_recording":
        made = [Call(operation="start_recording", body=BODIES["start_recording"])]
    return (*made, Call(operation=operation, body=BODIES.get(operation, GONE), ids=ids))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_valid_request_is_answered_as_the_contract_says(operation: str) -> None:
    """
    Status and body are those of the contract, where it knows the operation.
    """
    response = responses_to(fresh(), _valid(operation))[-1]

    assert OPERATIONS[operation].status == response.status, response.content
    if operation in CONTRACT.operations:
        known = CONTRACT.operations[operation].success_schemas
        validator = Draft202012Validator({**known[response.status], "components": CONTRACT.document["components"]})
        assert [] == [error.message for error in validator.iter_errors(json.loads(response.content))]


def test_the_command_finds_nothing_in_the_second_server(tmp_path: Path) -> None:
    """
    `rtkcontract check` over real sockets ends with 0.
    """
    names = {"CLOUDFLARE_API_TOKEN": TOKEN, "CLOUDFLARE_ACCOUNT_ID": ACCOUNT, "REALTIMEKIT_APP_ID": APP}
    with serving() as url:
        line = [sys.executable, "-m", "rtkcontract", "check", "--target", "live", "--base-url", url, "--rate", "0"]
        line += ["--operation", "create_meeting", "--plan", "smoke"]
        done = subprocess.run(
            line, cwd=tmp_path, env={**os.environ, **names}, capture_output=True, text=True, check=False, timeout=120
        )

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "0 findings" in done.stdout


def test_both_servers_accept_and_refuse_the_same() -> None:
    """
    Whatever the contract decides, the emulator and the second server agree; a blind spot of one would show.
    """
    server = fresh()
    respond = answers.emulator(
        CONTRACT, token=TOKEN, account_id=ACCOUNT, app_id=APP, now=server.now, new_id=lambda: server.new_id(ONE)
    )
    target = Target(kind="live", base_url="http://127.0.0.1:1/client/v4", account_id=ACCOUNT, app_id=APP, token=TOKEN)
    differing = []
    for case in SMOKE:
        request = request_of(OPERATION, case, target)
        first = respond(request)
        second = server.respond(_translated(request.method, request.url, request.headers, request.content))
        if case.expect.outcome != "unspecified" and (first.status < 300) != (second.status < 300):
            differing.append((case.id, first.status, second.status))

    assert len(SMOKE) > 100
    assert [] == differing


ONE = OPERATIONS["create_meeting"]


def _translated(method: str, url: str, headers: tuple[tuple[str, str], ...], content: bytes) -> Request:
    return Request(
        method=method,
        target=url.removeprefix("http://127.0.0.1:1"),
        headers=tuple((name.lower(), value) for name, value in headers),
        content=content,
    )


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "create_meeting"])
def test_a_body_and_a_query_are_taken_as_the_contract_decides(name: str) -> None:
    """
    Every decided case of the smoke plan, sent to an object that exists, is accepted or refused as the contract says.
    """
    operation = CONTRACT.operations[name]
    *made, last = _valid(name)
    assert isinstance(last, Call)
    differing = []
    for case in plans.make(CONTRACT, operation, "smoke").cases:
        wanted = case.overrides
        if wanted.method or wanted.path_parameters or wanted.headers or case.expect.outcome == "unspecified":
            continue
        server = fresh()
        before = responses_to(server, tuple(made))
        sent = request_of(operation, case, NOWHERE)
        plain = request_to(last, before)
        response = server.respond(
            replace(
                _translated(sent.method, sent.url, sent.headers, _existing(sent.content)),
                target=f"{plain.target}?{urlsplit(sent.url).query}",
            )
        )
        if (response.status < 300) != (case.expect.outcome == "accepted"):
            differing.append((case.id, case.expect.outcome, response.status, response.content))

    assert [] == differing


def _existing(content: bytes) -> bytes:
    """
    The body with the meeting that is there in place of one that may not be.
    """
    value = parsed(content)
    known = get(value, "meeting_id")
    if isinstance(known, str) and UUID.fullmatch(known):
        return json.dumps({**value, "meeting_id": LIVE_MEETING}).encode()
    return content


def _named(mutant: Mutant) -> str:
    return f"{mutant.family}: {mutant.name}"


@pytest.mark.parametrize("family", list(dict.fromkeys(mutant.family for mutant in EVERY)))
def test_each_mutant_says_something_else_than_the_server(family: str) -> None:
    """
    After its own calls a mutated server has answered other bytes, or what threads make visible.
    """
    dead = [_named(mutant) for mutant in EVERY if mutant.family == family and not _alive(mutant)]

    assert [] == dead


def _alive(mutant: Mutant) -> bool:
    right = responses_to(fresh(), mutant.shows)
    if mutant.visible:
        # Whether two threads meet is chance; on a busy machine the first try may miss.
        tries = (responses_to(fresh(mutant), mutant.shows) for _ in range(10))
        return not mutant.visible(right) and any(map(mutant.visible, tries))
    return _bytes(right) != _bytes(responses_to(fresh(mutant), mutant.shows))


def _bytes(responses: list[Response]) -> list[bytes]:
    return [encoded(one) for one in responses]


def test_the_zoo_is_large_and_says_what_each_mutant_breaks() -> None:
    """
    80 stateful and 150 single faults, 25 and 40 lawful variants; each has a name, a promise and operations.
    """
    names = collections.Counter(mutant.name for mutant in EVERY)

    assert [] == [name for name, count in names.items() if count > 1]
    assert len(zoo.STATEFUL) >= 80
    assert len(zoo.SINGLE) >= 150
    assert len([mutant for mutant in zoo.LAWFUL if mutant.family == "stateful"]) >= 25
    assert len([mutant for mutant in zoo.LAWFUL if mutant.family != "stateful"]) >= 40
    for mutant in EVERY:
        assert mutant.promise, _named(mutant)
        assert mutant.description, _named(mutant)
        assert set(mutant.operations) <= set(OPERATIONS), _named(mutant)


def test_a_served_server_leaves_nothing_behind() -> None:
    """
    Objects of one server are in no other one, and its port is closed.
    """
    path = f"/accounts/{ACCOUNT}/realtime/kit/{APP}/meetings"
    headers = {"authorization": f"Bearer {TOKEN}"}
    totals = []
    for _ in range(2):
        with serving() as url:
            assert 201 == httpx.post(url + path, json={}, headers=headers).status_code
            totals.append(httpx.get(url + path, headers=headers).json()["paging"]["total_count"])
    with pytest.raises(httpx.ConnectError):
        httpx.get(url + path)

    assert [2, 2] == totals
