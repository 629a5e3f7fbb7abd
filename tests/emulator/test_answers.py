"""
The emulator answers as the documents say, whatever is sent.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtkcontract.contract import load
from rtkcontract.contract.expectation import Oracle
from rtkcontract.emulator.answers import emulator
from rtkcontract.json_schema.json_text import loads
from rtkcontract.model import Contract, Headers, Operation, Request, Response

TOKEN = "canary-token-of-the-emulator-not-a-secret"
ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"
APP = "14a396e7-ca44-4937-bf1f-050a69118543"
ORIGIN = "http://127.0.0.1:1/client/v4"
MOMENT = datetime(2025, 11, 2, 15, 36, 33, 590_999, tzinfo=timezone(timedelta(hours=2)))
JSON = ("content-type", "application/json")
BEARER = ("authorization", f"Bearer {TOKEN}")
CONTRACT = load.load_contract()
OPERATION = CONTRACT.operations["create_meeting"]


def _emulated(contract: Contract) -> Callable[[Request], Response]:
    ids = (str(uuid.UUID(int=number, version=4)) for number in itertools.count(1))
    return emulator(contract, token=TOKEN, account_id=ACCOUNT, app_id=APP, now=lambda: MOMENT, new_id=lambda: next(ids))


RESPOND = _emulated(CONTRACT)


def _path(account: str = ACCOUNT, app: str = APP) -> str:
    return OPERATION.path.replace("{account_id}", account).replace("{app_id}", app)


def _ask(
    content: bytes = b"{}", *, method: str = "POST", path: str | None = None, headers: Headers = (BEARER, JSON)
) -> Response:
    return RESPOND(
        Request(method=method, url=ORIGIN + (_path() if path is None else path), headers=headers, content=content)
    )


def _data(content: bytes) -> Any:
    response = _ask(content)
    assert 201 == response.status, response.content
    return json.loads(response.content)["data"]


def _code(response: Response) -> tuple[str, int]:
    """
    Which envelope, and its first code.
    """
    body = json.loads(response.content)
    assert body["success"] is False
    if "errors" in body:
        return "A", body["errors"][0]["code"]
    return "B", body["error"]["code"]


# ---- success


def test_an_empty_body_is_answered_with_defaults() -> None:
    """{} gives what the server makes and the documented defaults, and nothing else."""
    data = _data(b"{}")
    identifier = data.pop("id")

    assert identifier == str(uuid.UUID(identifier))
    assert {
        "created_at": "2025-11-02T13:36:33.590Z",
        "updated_at": "2025-11-02T13:36:33.590Z",
        "live_stream_on_start": False,
        "persist_chat": False,
        "record_on_start": False,
        "summarize_on_end": False,
        "transcribe_on_end": False,
        "session_keep_alive_time_in_secs": 60,
        "status": "ACTIVE",
    } == data


def test_ids_are_unique() -> None:
    """Ten meetings have ten ids."""
    assert 10 == len({_data(b"{}")["id"] for _ in range(10)})


def test_every_answer_is_signed() -> None:
    """A success and each kind of refusal names the emulator as its server, once."""
    responses = [_ask(), _ask(b""), _ask(headers=()), _ask(method="PUT"), _ask(method="HEAD"), _ask(path="/nowhere")]

    assert [201, 400, 400, 405, 200, 501] == [response.status for response in responses]
    for response in responses:
        assert ["rtkcontract-emulator"] == [value for name, value in response.headers if name == "server"]
        assert "application/json" == response.header("content-type")


def test_numbers_keep_their_form() -> None:
    """60.0 comes back as 60.0, and 60 as 60."""
    assert b'"session_keep_alive_time_in_secs":60.0' in _ask(b'{"session_keep_alive_time_in_secs":60.0}').content
    assert b'"session_keep_alive_time_in_secs":60,' in _ask(b'{"session_keep_alive_time_in_secs":60}').content


def test_nested_defaults_come_with_their_object_only() -> None:
    """An empty audio_config is filled; a video_config that was not sent stays away."""
    data = _data(b'{"recording_config":{"audio_config":{}},"ai_config":{}}')

    assert {"audio_config": {"channel": "stereo", "codec": "AAC", "export_file": True}} == data["recording_config"]
    assert {} == data["ai_config"]


def test_null_does_not_come_back() -> None:
    """Nulls are left out, or replaced by a default where there is one."""
    data = _data(b'{"title":null,"record_on_start":null,"recording_config":{"storage_config":null}}')

    assert "title" not in data
    assert data["record_on_start"] is False
    assert {} == data["recording_config"]


def test_unknown_members_do_not_come_back() -> None:
    """A member that the request does not know sets nothing, not even a member of the answer."""
    data = _data(b'{"id":"mine","status":"INACTIVE","preferred_region":"us-east-1"}')

    assert "mine" != data["id"]
    assert "ACTIVE" == data["status"]
    assert "preferred_region" not in data


SECRETS = ("access_key", "secret", "password", "private_key")


@pytest.mark.parametrize("kind", ["aws", "azure", "digitalocean", "gcs", "sftp"])
def test_secrets_do_not_come_back(kind: str) -> None:
    """The readable part of a storage config is echoed, its writeOnly members are not."""
    storage = {"type": kind, "region": "eu", "port": 22, **{name: f"canary-{name}" for name in SECRETS}}
    sent = json.dumps({"title": "t", "recording_config": {"storage_config": storage}}).encode()
    response = _ask(sent)

    assert 201 == response.status
    assert b"canary" not in response.content
    assert {"type": kind, "region": "eu", "port": 22} == json.loads(response.content)["data"]["recording_config"][
        "storage_config"
    ]


# ---- refusals

REFUSED: dict[str, tuple[int, str, int, dict[str, Any]]] = {
    "no credentials": (400, "A", 9106, {"headers": (JSON,)}),
    "malformed token": (400, "A", 6003, {"headers": (("authorization", "Bearer no token at all"), JSON)}),
    "empty token": (400, "A", 6003, {"headers": (("authorization", "Bearer "), JSON)}),
    "wrong scheme": (400, "A", 6003, {"headers": (("authorization", f"Basic {TOKEN}"), JSON)}),
    "two credentials": (400, "A", 6003, {"headers": (BEARER, BEARER, JSON)}),
    "unknown token": (401, "A", 10000, {"headers": (("authorization", f"Bearer {'u' * 40}"), JSON)}),
    "account of the wrong form": (404, "A", 7003, {"path": _path(account="not-an-account")}),
    "account with a capital": (404, "A", 7003, {"path": _path(account=ACCOUNT.upper())}),
    "other account": (403, "A", 10000, {"path": _path(account="f" * 32)}),
    "unknown app": (404, "B", 404, {"path": _path(app=str(uuid.UUID(int=9)))}),
    "unknown path": (501, "B", 501, {"path": "/accounts"}),
    "path with one segment more": (501, "B", 501, {"path": _path() + "/x/y"}),
    "empty app": (404, "A", 7003, {"path": _path(app="")}),
    "wrong method": (405, "B", 405, {"method": "DELETE"}),
    "method in lower case": (405, "B", 405, {"method": "post"}),
    "no content type": (415, "B", 415, {"headers": (BEARER,)}),
    "text/plain": (415, "B", 415, {"headers": (BEARER, ("content-type", "text/plain"))}),
    "json of another kind": (415, "B", 415, {"headers": (BEARER, ("content-type", "application/vnd.api+json"))}),
    "empty body": (400, "B", 400, {"content": b""}),
    "cut off": (400, "B", 400, {"content": b'{"title":'}),
    "NaN": (400, "B", 400, {"content": b'{"session_keep_alive_time_in_secs":NaN}'}),
    "twice the same member": (400, "B", 400, {"content": b'{"title":"a","title":"b"}'}),
    "no UTF-8": (400, "B", 400, {"content": b'{"title":"\xff"}'}),
    "byte order mark": (400, "B", 400, {"content": b"\xef\xbb\xbf{}"}),
    "array": (400, "B", 400, {"content": b"[]"}),
    "null": (400, "B", 400, {"content": b"null"}),
    "5000 digits": (400, "B", 400, {"content": b'{"x":' + b"1" * 5000 + b"}"}),
    "1e400": (400, "B", 400, {"content": b'{"session_keep_alive_time_in_secs":1e400}'}),
    "nested 100000 deep": (400, "B", 400, {"content": b"[" * 100_000}),
    "nested 90,000 deep": (400, "B", 400, {"content": b'{"x":' + b"[" * 90_000 + b"]" * 90_000 + b"}"}),
}


@pytest.mark.parametrize(("status", "envelope", "code", "asked"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals_have_their_status_and_envelope(status: int, envelope: str, code: int, asked: dict[str, Any]) -> None:
    """Each bad request gets the documented status, envelope and code, under the schema of errors."""
    response = _ask(**asked)

    assert status == response.status
    assert (envelope, code) == _code(response)
    assert Oracle(CONTRACT.document, OPERATION.error_schema).valid(loads(response.content))


def test_a_malformed_token_has_a_chain() -> None:
    """6003 carries 6111 in its chain, and an id that is empty says 7000 too."""
    malformed = json.loads(_ask(headers=(("authorization", "Bearer x"), JSON)).content)
    unrouted = json.loads(_ask(path=_path(app="")).content)

    assert 6111 == malformed["errors"][0]["error_chain"][0]["code"]
    assert [7003, 7000] == [error["code"] for error in unrouted["errors"]]


def test_a_wrong_method_is_told_the_right_one() -> None:
    """405 carries Allow; HEAD answers as GET does, without the body and with its length."""
    read, head = _ask(method="GET"), _ask(method="HEAD")

    assert "GET, POST" == _ask(method="PUT").header("allow")
    assert (200, b"", str(len(read.content))) == (head.status, head.content, head.header("content-length"))


@pytest.mark.parametrize(
    "value", ["application/json; charset=utf-8", "Application/JSON", 'application/json;charset="UTF-8"']
)
def test_parameters_of_the_content_type_are_fine(value: str) -> None:
    """A charset, or capitals, make no other media type."""
    assert 201 == _ask(headers=(BEARER, ("Content-Type", value))).status


def test_the_scheme_has_no_case() -> None:
    """`bearer` is `Bearer`."""
    assert 201 == _ask(headers=(("Authorization", f"bearer {TOKEN}"), JSON)).status


def test_a_query_changes_nothing() -> None:
    """The path decides, not the query."""
    assert 201 == _ask(path=_path() + "?title=x").status


BROKEN = {
    b'{"session_keep_alive_time_in_secs":59.4321}': (r"session_keep_alive_time_in_secs: minimum 60", "59.4321"),
    b'{"title":"t","persist_chat":"canary-value"}': (r"persist_chat: type boolean", "canary-value"),
    b'{"recording_config":{"audio_config":{"codec":"canary-value"}}}': (
        r"recording_config\.audio_config\.codec: enum",
        "canary-value",
    ),
    b'{"recording_config":{"realtimekit_bucket_config":{"x":"canary-value"}}}': (r"required", "canary-value"),
    b'{"recording_config":{"storage_config":{"type":"aws","secret":"canary-value"}}}': (
        r"storage_config: anyOf",
        "canary-value",
    ),
    b'{"ai_config":{"transcription":{"keywords":["a",71828]}}}': (r"keywords\.1: type string", "71828"),
}


@pytest.mark.parametrize("content", BROKEN.keys(), ids=[f"body {number}" for number in range(len(BROKEN))])
def test_a_broken_rule_is_named_and_the_value_is_not(content: bytes) -> None:
    """The text starts with BAD_REQUEST, names field and rule, and never quotes what was sent."""
    rule, value = BROKEN[content]
    response = _ask(content)
    message = json.loads(response.content)["error"]["message"]

    assert 400 == response.status
    assert message.startswith("BAD_REQUEST: ")
    assert re.search(rule, message)
    assert value.encode() not in response.content


def test_many_broken_rules_make_a_short_text() -> None:
    """A thousand wrong items are three rules in the text."""
    content = json.dumps({"ai_config": {"transcription": {"keywords": [1] * 1000}}}).encode()

    assert 3 == json.loads(_ask(content).content)["error"]["message"].count("type string")


# ---- other operations are data


def _with(*added: tuple[str, str, dict[str, Any]]) -> Contract:
    """
    The contract with more operations: (method, path, members of the operation object).
    """
    document = json.loads(json.dumps(CONTRACT.document))
    for method, path, operation in added:
        document["paths"].setdefault(path, {})[method] = operation
    return load.contract_of(document, lambda _: None, "a test")


def _answer(schema: dict[str, Any], status: str = "200") -> dict[str, Any]:
    return {status: {"description": "x", "content": {"application/json": {"schema": schema}}}}


ROOT = "/accounts/{account_id}/realtime/kit/{app_id}"
ENVELOPE = {"type": "object", "required": ["success"], "properties": {"success": {"type": "boolean"}}}
SIBLINGS = _with(
    ("post", f"{ROOT}/rooms", {**CONTRACT.document["paths"][OPERATION.path]["post"], "operationId": "create_room"}),
    (
        "get",
        f"{ROOT}/meetings/{{meeting_id}}",
        {
            "operationId": "get_meeting",
            "responses": _answer({**ENVELOPE, "properties": {"data": OPERATION.data_schema}}),
        },
    ),
    (
        "get",
        OPERATION.path,
        {
            "operationId": "get_all_meetings",
            "responses": _answer(
                {
                    "type": "object",
                    "required": ["success", "data", "paging"],
                    "properties": {
                        "success": {"type": "boolean"},
                        "data": {"type": "array", "items": OPERATION.data_schema},
                        "paging": {
                            "type": "object",
                            "required": ["total_count"],
                            "properties": {"total_count": {"type": "number", "minimum": 0}},
                        },
                    },
                }
            ),
        },
    ),
    ("get", f"{ROOT}/meetings/active", {"operationId": "get_active", "responses": {"204": {"description": "none"}}}),
    (
        "put",
        f"{ROOT}/notes",
        {
            "operationId": "put_notes",
            "requestBody": {
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "properties": {
                                "labels": {
                                    "type": "object",
                                    "properties": {"key": {"type": "string", "writeOnly": True}},
                                },
                                "mood": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                                "any": True,
                                "parts": {"type": "array", "items": {"properties": {"key": {"writeOnly": True}}}},
                            },
                        }
                    }
                }
            },
            "responses": _answer(
                {
                    "allOf": [ENVELOPE],
                    "properties": {
                        "data": {
                            "type": "object",
                            "required": ["token", "level", "on", "parts", "mood", "gone", "kind"],
                            "properties": {
                                "token": {"type": "string", "minLength": 10},
                                "level": {"type": "integer", "minimum": 3},
                                "on": {"type": "boolean"},
                                "gone": {"type": "null"},
                                "parts": {"type": "array", "minItems": 1, "items": {"examples": ["part"]}},
                                "mood": {"type": "string"},
                                "kind": {"const": "note"},
                                "labels": {"type": "object"},
                                "any": True,
                            },
                        }
                    },
                }
            ),
        },
    ),
)
SIBLING = _emulated(SIBLINGS)


def _sibling(method: str, path: str, content: bytes = b"", headers: Headers = (BEARER, JSON)) -> tuple[int, Any]:
    filled = path.replace("{account_id}", ACCOUNT).replace("{app_id}", APP)
    response = SIBLING(Request(method=method, url=ORIGIN + filled, headers=headers, content=content))
    return response.status, json.loads(response.content or b"null")


def test_a_copied_operation_works_without_code() -> None:
    """The create operation under another name and path answers like the first."""
    status, body = _sibling("POST", f"{ROOT}/rooms", b'{"title":"t"}')

    assert (201, "t") == (status, body["data"]["title"])
    assert 400 == _sibling("POST", f"{ROOT}/rooms", b'{"title":1}')[0]


def test_an_operation_without_a_body_takes_anything() -> None:
    """A GET of one object answers with it, and needs no content type; an id that names nothing is 404."""
    made = _sibling("POST", OPERATION.path, b'{"title":"t"}')[1]["data"]
    status, body = _sibling("GET", f"{ROOT}/meetings/{made['id']}", headers=(BEARER,))

    assert (200, made) == (status, body["data"])
    assert 404 == _sibling("GET", f"{ROOT}/meetings/{uuid.UUID(int=5)}", headers=(BEARER,))[0]


def test_a_list_is_empty() -> None:
    """The list of another app has no items, and its other required members are there."""
    path = OPERATION.path.replace("{app_id}", str(uuid.UUID(int=3)))
    respond = _emulated(SIBLINGS)
    response = respond(Request(method="GET", url=ORIGIN + _path(), headers=(BEARER,), content=b""))

    assert {"success": True, "paging": {"total_count": 0}, "data": []} == json.loads(response.content)
    assert 404 == _sibling("GET", path)[0]


def test_both_methods_of_a_path_are_allowed() -> None:
    """405 names every method that the path knows."""
    path = _path()
    response = SIBLING(Request(method="PUT", url=ORIGIN + path, headers=(BEARER,), content=b""))

    assert (405, "GET, POST") == (response.status, response.header("allow"))


def test_a_literal_path_is_met_before_a_parameter() -> None:
    """`active` is its own operation and no meeting id; 204 has no body."""
    assert (204, None) == _sibling("GET", f"{ROOT}/meetings/active")


def test_an_optional_body_may_be_left_out() -> None:
    """Without a body the required members of the answer are made up, each of its type."""
    status, body = _sibling("PUT", f"{ROOT}/notes", headers=(BEARER,))

    assert 200 == status
    assert {
        "token": "emulated--",
        "level": 3,
        "on": False,
        "parts": ["part"],
        "mood": "emulated",
        "gone": None,
        "kind": "note",
    } == body["data"]


def test_an_undeclared_object_comes_back_whole() -> None:
    """Where the answer declares no members, all come back but null and writeOnly ones."""
    sent = (
        b'{"labels":{"a":{"b":[1]},"key":"canary","none":null},"mood":"fine","any":[{"b":1}],"parts":[{"key":1,"c":2}]}'
    )
    data = _sibling("PUT", f"{ROOT}/notes", sent)[1]["data"]

    assert ({"a": {"b": [1]}}, "fine", [{"b": 1}], [{"c": 2}]) == (
        data["labels"],
        data["mood"],
        data["any"],
        data["parts"],
    )


def test_an_answer_without_data_has_none() -> None:
    """An operation whose answer declares no data answers with success alone."""
    bare: Operation = dataclasses.replace(OPERATION, data_schema={}, success_schemas={200: ENVELOPE})
    respond = _emulated(dataclasses.replace(CONTRACT, operations={"bare": bare}))
    response = respond(Request(method="POST", url=ORIGIN + _path(), headers=(BEARER, JSON), content=b"{}"))

    assert (200, {"success": True}) == (response.status, json.loads(response.content))


def test_a_document_without_servers_is_served_at_the_root() -> None:
    """The prefix of the paths comes from the document's first server."""
    document = {key: value for key, value in CONTRACT.document.items() if key != "servers"}
    respond = _emulated(dataclasses.replace(CONTRACT, document=document))
    response = respond(Request(method="POST", url="http://127.0.0.1" + _path(), headers=(BEARER, JSON), content=b"{}"))

    assert 201 == response.status


# ---- whatever is sent

NAMES = ["title", "persist_chat", "session_keep_alive_time_in_secs", "ai_config", "transcription", "keywords"]
NAMES += [
    "language",
    "recording_config",
    "storage_config",
    "type",
    "secret",
    "access_key",
    "region",
    "port",
    "video_config",
]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8)
LIKELY = st.sampled_from([60, 600, 61.5, "de", "gcs", "aws", True, "\ud800", 10**300, -0.0])
JSONS = st.recursive(
    SCALARS | LIKELY,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=12,
)
STORAGES = st.fixed_dictionaries(
    {"type": st.sampled_from(["gcs", "aws"])},
    optional={
        "access_key": st.just("canary-secret"),
        "secret": st.just("canary-secret"),
        "region": st.text(max_size=3),
        "port": st.integers() | st.floats(),
    },
)
MEETINGS = st.fixed_dictionaries(
    {},
    optional={
        "title": st.none() | st.text(max_size=5),
        "persist_chat": st.booleans(),
        "session_keep_alive_time_in_secs": st.floats(59, 601) | st.integers(59, 601),
        "recording_config": st.fixed_dictionaries({}, optional={"storage_config": STORAGES, "video_config": JSONS}),
        "x": JSONS,
    },
)
BODIES = (
    st.binary(max_size=64)
    | JSONS.map(lambda value: json.dumps(value).encode())
    | MEETINGS.map(lambda value: json.dumps(value).encode())
)
SUCCESS = Oracle(CONTRACT.document, OPERATION.success_schemas[201])
ERROR = Oracle(CONTRACT.document, OPERATION.error_schema)


def test_no_body_is_too_much() -> None:
    """Any bytes are created or refused, both happen, and each answer fits its schema and holds no secret."""
    statuses = set()

    @settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    @given(content=BODIES)
    def holds(content: bytes) -> None:
        response = _ask(content)
        statuses.add(response.status)

        assert response.status in (201, 400)
        assert (SUCCESS if response.status == 201 else ERROR).valid(loads(response.content))
        assert b"canary-secret" not in response.content

    holds()

    assert {201, 400} == statuses


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    method=st.sampled_from(["POST", "GET", "HEAD", "OPTIONS", "X"]),
    path=st.text(max_size=20) | st.just(_path()),
    headers=st.lists(
        st.tuples(st.sampled_from(["authorization", "content-type", "x"]), st.text(max_size=20)), max_size=4
    ),
)
def test_no_request_is_too_much(method: str, path: str, headers: list[tuple[str, str]]) -> None:
    """Any method, path and headers get an answer below 500, and a refusal but for OPTIONS."""
    response = RESPOND(
        Request(method=method, url="http://127.0.0.1/" + path.lstrip("/"), headers=tuple(headers), content=b"{}")
    )

    assert 400 <= response.status < 500 or (method, response.status) == ("OPTIONS", 204)
