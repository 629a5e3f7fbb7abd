"""
A made-up API of boxes with things in them, for what an emulator does with more than one operation.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from rtkcontract.contract import load
from rtkcontract.emulator.answers import emulator
from rtkcontract.emulator.store import Store
from rtkcontract.model import Contract, Request, Response

TOKEN = "canary-token-of-the-emulator-not-a-secret"
ORIGIN = "http://127.0.0.1:1"
EXAMPLE = "0190a1b2-c3d4-4e5f-8a6b-7c8d9e0f1a2b"

BOX = {
    "type": "object",
    "required": ["id", "created_at", "updated_at"],
    "properties": {
        "id": {"type": "string", "format": "uuid", "readOnly": True},
        "created_at": {"type": "string", "format": "date-time", "readOnly": True},
        "updated_at": {"type": "string", "format": "date-time", "readOnly": True},
        "name": {"type": "string"},
        "colour": {"enum": ["red", "blue"]},
        "size": {"type": "integer", "default": 3},
        "lid": {
            "type": "object",
            "properties": {"open": {"type": "boolean", "default": False}, "note": {"type": "string"}},
        },
    },
}
SENT = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "colour": {"enum": ["red", "blue"]},
        "size": {"type": "integer", "default": 3, "maximum": 9},
        "lid": {
            "type": "object",
            "properties": {"open": {"type": "boolean", "default": False}, "note": {"type": ["string", "null"]}},
        },
        "key": {"type": "string", "writeOnly": True},
    },
}
CHANGE = {key: value for key, value in SENT.items() if key != "required"}
PAGE = {
    "type": "object",
    "required": ["data", "paging"],
    "properties": {
        "data": {"type": "array", "items": BOX},
        "paging": {
            "type": "object",
            "required": ["total_count", "start_offset", "end_offset"],
            "properties": {key: {"type": "integer"} for key in ("total_count", "start_offset", "end_offset")},
        },
    },
}
ONE = {"type": "object", "required": ["data"], "properties": {"data": BOX}}
QUERY: dict[str, Any] = {
    "page_no": {"type": "integer", "minimum": 1, "default": 1},
    "per_page": {"type": "integer", "minimum": 1, "default": 20},
    "search": {"type": "string", "maxLength": 20},
    "colour": {"type": "array", "items": {"enum": ["red", "blue"]}},
    "size": {"type": "integer"},
    "start_time": {"type": "string", "format": "date-time"},
    "end_time": {"type": "string", "format": "date-time"},
    "sort_by": {"enum": ["createdAt", "size"]},
    "sort_order": {"enum": ["ASC", "DESC"]},
}


def answer(schema: Any, status: str = "200") -> dict[str, Any]:
    return {status: {"description": "x", "content": {"application/json": {"schema": schema}}}}


def body(schema: Any, kind: str = "application/json", *, required: bool = True) -> dict[str, Any]:
    return {"required": required, "content": {kind: {"schema": schema}}}


def given(name: str, schema: Any, where: str = "query", **more: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": schema, **more}


def _crud(path: str, parameter: str, name: str) -> dict[str, Any]:
    own = given(parameter, {"type": "string", "format": "uuid"}, "path", example=EXAMPLE)
    queries = [given(key, schema, explode=False) for key, schema in QUERY.items()]
    link = {"operationId": f"read_{name}", "parameters": {parameter: "$response.body#/data/id"}}
    made = answer(ONE, "201")
    made["201"]["links"] = {"read": link}
    return {
        path: {
            "get": {"operationId": f"list_{name}", "parameters": queries, "responses": answer(PAGE)},
            "post": {"operationId": f"make_{name}", "requestBody": body(SENT), "responses": made},
        },
        f"{path}/{{{parameter}}}": {
            "parameters": [own],
            "get": {"operationId": f"read_{name}", "responses": answer(ONE)},
            "put": {"operationId": f"replace_{name}", "requestBody": body(SENT), "responses": answer(ONE)},
            "patch": {"operationId": f"change_{name}", "requestBody": body(CHANGE), "responses": answer(ONE)},
            "delete": {"operationId": f"drop_{name}", "responses": {"204": {"description": "gone"}}},
        },
    }


def contract_of(paths: dict[str, Any], **more: Any) -> Contract:
    document = {"openapi": "3.1.0", "info": {"title": "boxes", "version": "1"}, "paths": paths, **more}
    return load.contract_of(json.loads(json.dumps(document)), lambda _: None, "a test")


CONTRACT = contract_of(
    _crud("/boxes", "box_id", "box")
    | _crud("/boxes/{box_id}/things", "thing_id", "thing")
    | {"/boxes/{box_id}/shake": {"post": {"operationId": "shake", "responses": answer(ONE)}}}
)


class Client:
    """
    Asks an emulator whose clock moves a second with every look at it.
    """

    def __init__(self, contract: Contract = CONTRACT, **more: Any) -> None:
        ids = (str(uuid.UUID(int=number, version=4)) for number in itertools.count(1))
        moments = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number) for number in itertools.count())
        self.store = more.pop("store", Store())
        self.respond: Callable[[Request], Response] = emulator(
            contract,
            token=TOKEN,
            now=more.pop("now", lambda: next(moments)),
            new_id=lambda: next(ids),
            store=self.store,
            **more,
        )

    def send(self, method: str, path: str, sent: Any = None, **headers: str) -> Response:
        content = sent if isinstance(sent, bytes) else b"" if sent is None else json.dumps(sent).encode()
        named = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.respond(Request(method=method, url=ORIGIN + path, headers=tuple(named.items()), content=content))

    def ask(self, method: str, path: str, sent: Any = None) -> tuple[int, Any]:
        response = self.send(method, path, sent)
        return response.status, json.loads(response.content or b"null")

    def data(self, method: str, path: str, sent: Any = None) -> Any:
        status, found = self.ask(method, path, sent)
        assert 200 <= status < 300, found
        return found["data"]
