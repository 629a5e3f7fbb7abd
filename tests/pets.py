"""
A made-up API of another kind than the one that ships: no account, no envelope, ids and times under other names.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from rtkcontract.contract import load
from rtkcontract.model import Contract

SOURCES = {"pets": {"title": "a made-up vendor", "where": "nowhere", "dated": "2026-01-01", "read": "2026-01-01"}}
ID = {"type": "string", "format": "uuid", "readOnly": True, "x-source": "pets"}
TIME = {"type": "string", "format": "date-time", "readOnly": True, "x-source": "pets"}


def schema(kind: str, **rules: Any) -> dict[str, Any]:
    return {"type": kind, "x-source": "pets", **rules}


def query(name: str, node: Any, **more: Any) -> dict[str, Any]:
    return {"in": "query", "name": name, "schema": node, **more}


PET = schema(
    "object",
    required=["id", "name"],
    properties={
        "id": ID,
        "born": TIME,
        "changed": TIME,
        "name": schema("string", minLength=1, maxLength=40),
        "kind": schema("string", enum=["cat", "dog"]),
        "weight": schema("integer", minimum=1, maximum=90),
    },
)
NEW = {**PET, "required": ["name"], "properties": {k: v for k, v in PET["properties"].items() if "readOnly" not in v}}
LIMIT = query("limit", schema("integer", minimum=1, maximum=100))


def body(node: Any) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": node}}}


def answers(status: int, node: Any = None, **links: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"description": "done"}
    if node is not None:
        found["content"] = {"application/json": {"schema": node}}
    if links:
        found["links"] = {
            name: {"operationId": name, "parameters": {parameter: f"$response.body#{at}"}}
            for name, (parameter, at) in links.items()
        }
    return {str(status): found, "4XX": {"description": "refused"}}


ONE = dict.fromkeys(("get_pet", "put_pet", "edit_pet", "delete_pet"), ("pet_id", "/id"))
PAGE = schema(
    "object",
    required=["items", "total"],
    properties={"items": schema("array", items=PET), "total": schema("integer", minimum=0)},
)
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "https://pets.test"}],
    "paths": {
        "/pets": {
            "post": {"operationId": "add_pet", "requestBody": body(NEW), "responses": answers(201, PET, **ONE)},
            "get": {
                "operationId": "list_pets",
                "parameters": [
                    LIMIT,
                    query("page", schema("integer", minimum=1)),
                    query("kind", schema("string", enum=["cat", "dog"])),
                    query("search", schema("string"), allowEmptyValue=True),
                    query("tags", schema("array", items=schema("string"), maxItems=2), explode=False),
                ],
                "responses": answers(200, PAGE),
            },
        },
        "/pets/{pet_id}": {
            "parameters": [{"in": "path", "name": "pet_id", "required": True, "schema": schema("string")}],
            "get": {"operationId": "get_pet", "responses": answers(200, PET)},
            "put": {"operationId": "put_pet", "requestBody": body(NEW), "responses": answers(200, PET)},
            "patch": {
                "operationId": "edit_pet",
                "requestBody": body({**NEW, "required": []}),
                "responses": answers(200, PET),
            },
            "delete": {"operationId": "delete_pet", "responses": answers(204)},
        },
        "/tagging": {
            "post": {
                "operationId": "tag_pets",
                "parameters": [
                    query("dry", schema("boolean")),
                    {"in": "header", "name": "x-level", "schema": schema("integer", minimum=1, maximum=9)},
                ],
                "requestBody": body(schema("object", properties={"mode": schema("string", enum=["add", "remove"])})),
                "responses": answers(200, schema("object")),
            }
        },
        "/reports": {
            "get": {
                "operationId": "report",
                "parameters": [query("year", schema("integer", minimum=2000), required=True)],
                "responses": answers(200, schema("object")),
            }
        },
        "/vets/{code}": {
            "get": {
                "operationId": "get_vet",
                "parameters": [
                    {"in": "path", "name": "code", "required": True, "schema": schema("string", maxLength=4)},
                    LIMIT,
                ],
                "responses": answers(200, schema("object")),
            }
        },
    },
}


def contract(document: Any = None) -> Contract:
    """
    The contract of the API, or of a document like it, read from memory.
    """
    files = {
        "openapi.json": json.dumps(copy.deepcopy(DOCUMENT) if document is None else document).encode(),
        "sources.json": json.dumps(SOURCES).encode(),
    }
    return load.read_contract(files.get, "openapi.json", "memory")
