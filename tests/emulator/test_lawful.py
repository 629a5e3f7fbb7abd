"""
Whatever a contract declares, each response fits its declared schema.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.boxes import Client, answer, body, contract_of, given
from rtkcontract.contract.load import load_contract
from rtkcontract.emulator.routing import Routes, Served
from rtkcontract.emulator.samples import Attempt, attempts
from rtkcontract.emulator.shape import Place
from rtkcontract.model import Contract, Operation

FIRST = Attempt(moment="2026-01-01T00:00:00.000Z", new_id=lambda: "0190a1b2-c3d4-4e5f-8a6b-7c8d9e0f1a2c")
OWNER = {"account_id": "023e105f4ecef8ad9ca31a8372d0c353", "app_id": "14a396e7-ca44-4937-bf1f-050a69118543"}


def _path(contract: Contract, served: Served) -> str:
    path, query = served.operation.path, []
    for known in served.parameters:
        examples = (OWNER.get(known.name), *known.examples, Place(contract.document, [known.schema]).sample(FIRST))
        value = str(next(value for value in examples if value is not None))
        path = path.replace(f"{{{known.name}}}", value)
        if known.where == "query" and known.required:
            query.append(f"{known.name}={value}")
    return path + (f"?{'&'.join(query)}" if query else "")


def _sent(contract: Contract, operation: Operation, served: Served) -> Any:
    if served.oracle is None:
        return None
    place = Place(contract.document, [operation.request_schema])
    return next(value for value in (place.sample(each) for each in attempts(FIRST)) if served.oracle.valid(value))


def _asked(contract: Contract, name: str) -> tuple[int, bytes, Served]:
    """
    Asks an emulator that knows nothing yet for one operation, with a valid request.
    """
    served = Routes(contract).by_name[name]
    operation = contract.operations[name]
    response = Client(contract).send(operation.method, _path(contract, served), _sent(contract, operation, served))
    return response.status, response.content, served


CONTRACT = load_contract()


@pytest.mark.parametrize("name", CONTRACT.operations)
def test_each_operation_of_the_contract_is_answered_lawfully(name: str) -> None:
    """A valid request is a success, and its body fits the schema."""
    status, content, served = _asked(CONTRACT, name)

    assert served.status == status, content
    assert served.success is not None
    assert served.success.valid(json.loads(content))


def obj(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


TEXT = {"type": "string"}
ODD: dict[str, Any] = {
    "an array at the root": {"type": "array", "minItems": 2, "items": obj("n", n={"type": "integer", "minimum": 4})},
    "a text at the root": {"type": "string", "minLength": 12},
    "a number at the root": {"type": "number", "exclusiveMinimum": 3, "multipleOf": 0.5},
    "null": {"type": "null"},
    "a closed object": obj("a", a=TEXT) | {"additionalProperties": False},
    "a closed envelope": obj("data", data=obj("a", a=TEXT) | {"additionalProperties": False})
    | {"additionalProperties": False},
    "another envelope": obj("status", "payload", status={"const": "ok"}, payload=obj("x", x={"type": "boolean"})),
    "success of another type": obj("success", success={"type": "string", "enum": ["yes"]}),
    "one branch of a union": {
        "oneOf": [
            obj("kind", "a", kind={"const": "one"}, a=TEXT) | {"additionalProperties": False},
            obj("kind", "b", kind={"const": "two"}, b=TEXT) | {"additionalProperties": False},
        ]
    },
    "a union that excludes its first branch": {
        "anyOf": [{"$ref": "#/components/schemas/Never"}, obj("b", b=TEXT)],
        "type": "object",
        "required": ["b"],
    },
    "conditions": obj("a", a={"const": 1}) | {"if": obj("a", a={"const": 1}), "then": obj("c", c=TEXT)},
    "patterns": obj("p", p={"type": "string", "pattern": "^[A-Z]{3}-\\d{2}$"}),
    "formats": obj(*"abcd", a={"format": "email"}, b={"format": "ipv4"}, c={"format": "date"}, d={"format": "uri"}),
    "limits": obj("n", "t", n={"type": "integer", "maximum": -3}, t={"type": "string", "maxLength": 2}),
    "a step": obj("n", n={"type": "integer", "minimum": 10, "multipleOf": 7}),
    "different items": {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"enum": ["a", "b", "c"]}},
    "different texts": {"type": "array", "minItems": 3, "uniqueItems": True, "items": TEXT},
    "a tuple": {"type": "array", "prefixItems": [TEXT, {"type": "integer"}], "items": False, "minItems": 2},
    "contains": {"type": "array", "contains": {"const": 7}, "minContains": 2, "items": {"type": "integer"}},
    "a map": {"type": "object", "minProperties": 2, "additionalProperties": {"type": "integer"}},
    "members that need each other": obj("a", a=TEXT, b=TEXT) | {"dependentRequired": {"a": ["b"]}},
    "a default that its own schema refuses": obj("n", n={"type": "integer", "minimum": 5, "default": 0}),
    "an example that its own schema refuses": obj("n", n={"type": "string", "minLength": 5, "examples": ["x"]}),
    "a schema that holds itself": {"$ref": "#/components/schemas/Tree"},
    "required and not declared": {"type": "object", "required": ["free"]},
    "null or text": obj("t", t={"type": ["null", "string"]}),
}
COMPONENTS = {
    "schemas": {
        "Never": obj("a", a=TEXT) | {"not": {"required": ["b"]}},
        "Tree": obj(
            "name", "children", name=TEXT, children={"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}
        ),
    }
}


@pytest.mark.parametrize("schema", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("method", ["get", "post"])
def test_odd_schemas_are_answered_lawfully(method: str, schema: Any) -> None:
    """Read or made, the body fits the schema, and a request is not echoed where it does not fit."""
    operation = {"operationId": "it", "responses": answer(schema)}
    if method == "post":
        operation["requestBody"] = body({"type": "object"})
    contract = contract_of({"/it": {method: operation}}, components=COMPONENTS)
    _, content, served = _asked(contract, "it")
    again = Client(contract).ask(method.upper(), "/it", {"a": 1, "n": "x", "t": [], "success": 0, "data": 5})

    assert served.success is not None
    assert served.success.valid(json.loads(content)), content
    assert served.success.valid(again[1]), again


def test_what_is_echoed_fits_the_response() -> None:
    """A member whose type differs between request and response is not echoed."""
    sent, shown = obj(tag=TEXT, n={"type": "integer"}), obj("id", id=TEXT, tag={"type": "array"}, n={"maximum": 5})
    contract = contract_of(
        {"/it": {"post": {"operationId": "it", "requestBody": body(sent), "responses": answer(shown)}}}
    )
    status, made = Client(contract).ask("POST", "/it", {"tag": "a", "n": 9})

    assert 200 == status
    assert ([], True) == (made["tag"], made["n"] <= 5)


@pytest.mark.parametrize(
    ("responses", "status", "content"),
    [
        ({"204": {"description": "x"}}, 204, b""),
        ({"200": {"description": "x"}}, 200, b""),
        (answer(obj("a", a=TEXT), "2XX"), 200, b'{"a":"emulated"}'),
        (answer(obj("a", a=TEXT), "default"), 200, b'{"a":"emulated"}'),
        ({"202": {"description": "x", "content": {"text/plain": {"schema": TEXT}}}}, 202, b"emulated"),
        (
            {"200": {"description": "x", "content": {"application/problem+json": {"schema": obj("a", a=TEXT)}}}},
            200,
            b'{"a":"emulated"}',
        ),
    ],
)
def test_statuses_and_media_types_are_as_declared(responses: Any, status: int, content: bytes) -> None:
    """Ranges, the default, and responses without content or with another one."""
    response = Client(contract_of({"/it": {"get": {"operationId": "it", "responses": responses}}})).send("GET", "/it")
    kinds = [kind for declared in responses.values() for kind in declared.get("content", ())]

    assert (status, content) == (response.status, response.content)
    assert (kinds[0] if kinds else None) == response.header("content-type")


def test_a_refusal_has_the_declared_form() -> None:
    """The status that is declared for its kind, and a body that fits it."""
    problem = obj("title", "code", title=TEXT, code={"type": "integer", "minimum": 400})
    responses = answer(obj(), "201") | {
        "422": {"description": "x", "content": {"application/problem+json": {"schema": problem}}}
    }
    contract = contract_of(
        {"/it": {"post": {"operationId": "it", "requestBody": body(obj("a", a=TEXT)), "responses": responses}}}
    )
    response = Client(contract).send("POST", "/it", {})

    assert (422, "application/problem+json") == (response.status, response.header("content-type"))
    assert {"title": "emulated", "code": 400} == json.loads(response.content)


def test_forms_are_read() -> None:
    """A form's fields are read by their types; another media type is refused."""
    kind = "application/x-www-form-urlencoded"
    sent = obj("name", name=TEXT, size={"type": "integer"})
    shown = obj("id", id=TEXT, name=TEXT, size={"type": "integer"})
    operation = {"operationId": "it", "requestBody": body(sent, kind), "responses": answer(shown, "201")}
    client = Client(contract_of({"/it": {"post": operation}}))

    made = json.loads(client.send("POST", "/it", b"name=a+b&size=4", content_type=kind).content)
    assert ("a b", 4) == (made["name"], made["size"])
    assert 415 == client.send("POST", "/it", b"{}").status


@pytest.mark.parametrize("where", ["operation", "document"])
def test_credentials_are_asked_for_where_the_document_does(where: str) -> None:
    """Without a security scheme anyone may ask."""
    security: dict[str, Any] = {"security": [{"bearer": []}]}
    operation = {"operationId": "it", "responses": answer(obj())} | (security if where == "operation" else {})
    schemes = {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}}
    more = security if where == "document" else {}
    contract = contract_of({"/it": {"get": operation}}, components=schemes, **more)
    open_to_all = contract_of({"/it": {"get": {"operationId": "it", "responses": answer(obj())}}})

    assert 401 == Client(contract).send("GET", "/it", authorization="Bearer " + "x" * 40).status
    assert 200 == Client(open_to_all).send("GET", "/it", authorization="").status


def test_another_account_is_an_account() -> None:
    """Where the contract knows no account and app of the vendor's, their names are parameters like any other."""
    path = {
        "/accounts/{account_id}": {
            "get": {
                "operationId": "it",
                "parameters": [given("account_id", {"type": "integer"}, "path")],
                "responses": answer(obj("id", id={"type": "integer"})),
            }
        }
    }
    client = Client(contract_of(path))

    assert (200, {"id": 7}) == client.ask("GET", "/accounts/7")
    assert 400 == client.ask("GET", "/accounts/seven")[0]
