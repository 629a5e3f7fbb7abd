"""
Roles of operations, and where the ids in their paths come from.
"""

from __future__ import annotations

from typing import Any

import pytest

from rtkcontract.contract import load
from rtkcontract.model import Contract, Made, Operation

OBJECT = {"type": "object", "properties": {"id": {"type": "string"}, "tags": {"type": "array"}}}
LIST = {"type": "array", "items": OBJECT}
PAGE = {"type": "object", "properties": {"parts": LIST, "total": {"type": "integer"}}}


def gives(schema: Any, **links: Any) -> dict[str, Any]:
    """
    An operation that answers with a body.
    """
    answer = {"description": "", "content": {"application/json": {"schema": schema}}, "links": links}
    return {"responses": {"200": answer}}


def contract(paths: dict[str, Any], **components: Any) -> Contract:
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths, "components": components}
    return load.contract_of(document, lambda _: None, "memory")


def of(call: str, paths: dict[str, Any], **components: Any) -> Operation:
    return contract(paths, **components).operations[call]


THINGS: dict[str, Any] = {
    "/things": {"post": gives(OBJECT), "get": gives(LIST), "delete": {}, "put": {}},
    "/things/{id}": {"get": gives(OBJECT), "put": {}, "patch": {}, "delete": {}},
    "/things/{id}/close": {"post": {}, "put": {}},
    "/things/{id}/settings": {"get": gives(OBJECT), "put": {}, "patch": {}, "delete": {}},
    "/things/{id}/parts": {"get": gives(PAGE), "post": {}},
    "/more/things": {"get": gives({"type": "object", "properties": {"things": LIST}})},
    "/said": {"post": {"x-role": "update"}},
}


@pytest.mark.parametrize(
    ("call", "role"),
    [
        ("POST /things", "create"),
        ("GET /things", "list"),
        ("DELETE /things", "action"),
        ("PUT /things", "action"),
        ("GET /things/{id}", "read"),
        ("PUT /things/{id}", "replace"),
        ("PATCH /things/{id}", "update"),
        ("DELETE /things/{id}", "delete"),
        ("POST /things/{id}/close", "action"),
        ("PUT /things/{id}/close", "action"),
        ("GET /things/{id}/settings", "read"),
        ("PUT /things/{id}/settings", "replace"),
        ("PATCH /things/{id}/settings", "update"),
        ("DELETE /things/{id}/settings", "delete"),
        ("GET /things/{id}/parts", "list"),
        ("POST /things/{id}/parts", "create"),
        ("GET /more/things", "list"),
        ("POST /said", "update"),
    ],
)
def test_the_role_of_an_operation(call: str, role: str) -> None:
    assert role == of(call, THINGS).role


MAKER = Made(operation="make", pointer="/data/id")
LINKS: dict[str, Any] = {
    "by id": {"Get": {"operationId": "get", "parameters": {"path.thing": "$response.body#/data/id"}}},
    "by reference": {
        "Get": {"operationRef": "#/paths/~1x~1{thing}/get", "parameters": {"thing": "$response.body#/data/id"}}
    },
    "encoded": {
        "Get": {"operationRef": "#/paths/~1x~1%7Bthing%7D/get", "parameters": {"thing": "$response.body#/data/id"}}
    },
    "component": {"Get": {"$ref": "#/components/links/Get"}},
}


def linked(links: Any) -> Operation:
    paths = {
        "/made": {"post": {"operationId": "make", **gives(OBJECT, **links)}},
        "/x/{thing}": {"get": {"operationId": "get"}},
    }
    return of("get", paths, links={"Get": LINKS["by id"]["Get"]})


@pytest.mark.parametrize("name", LINKS)
def test_a_link_says_where_an_id_comes_from(name: str) -> None:
    assert {"thing": MAKER} == linked(LINKS[name]).makers


@pytest.mark.parametrize(
    "link",
    [
        {"operationId": "get", "parameters": {"query.thing": "$response.body#/data/id"}},
        {"operationId": "get", "parameters": {"thing": "$request.path.id"}},
        {"operationId": "gone", "parameters": {"thing": "$response.body#/data/id"}},
        {"operationRef": "#/paths/~1gone/get", "parameters": {"thing": "$response.body#/data/id"}},
        {"$ref": "#/components/links/Gone"},
        {"operationId": "get", "requestBody": "$response.body#/data"},
    ],
)
def test_a_link_that_gives_no_path_parameter_makes_nothing(link: Any) -> None:
    assert {} == linked({"Get": link}).makers


@pytest.mark.parametrize(
    ("name", "schema", "pointer"),
    [
        ("id", {"type": "object", "properties": {"data": OBJECT}}, "/data/id"),
        ("id", OBJECT, "/id"),
        ("thing_id", OBJECT, "/id"),
        ("thingId", {"type": "object", "properties": {"thing_id": {"type": "integer"}}}, "/thing_id"),
        ("name", {"allOf": [{"type": "object"}, {"properties": {"name": {}}}]}, "/name"),
    ],
)
def test_without_links_an_id_comes_from_the_create_before_it(name: str, schema: Any, pointer: str) -> None:
    paths = {
        "/things": {"post": gives(schema)},
        f"/things/{{{name}}}": {"get": {}},
        f"/things/{{{name}}}/x": {"put": {}},
    }

    for call in (f"GET /things/{{{name}}}", f"PUT /things/{{{name}}}/x"):
        assert {name: Made(operation="POST /things", pointer=pointer)} == of(call, paths).makers


@pytest.mark.parametrize(
    "paths",
    [
        {"/things": {"get": gives(LIST)}, "/things/{id}": {"get": {}}},
        {"/things": {"post": gives({"type": "object"})}, "/things/{id}": {"get": {}}},
        {"/things": {"post": gives({"type": "object", "properties": {"id": OBJECT}})}, "/things/{id}": {"get": {}}},
        {"/things": {"post": {}}, "/things/{id}": {"get": {}}},
    ],
    ids=["no create", "no id", "an object as id", "no response"],
)
def test_nothing_is_guessed_where_no_response_gives_an_id(paths: Any) -> None:
    assert {} == of("GET /things/{id}", paths).makers
