"""
Documents as people write them: what is understood, and what is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from rtkcontract.contract import load, revisions
from rtkcontract.contract.expectation import Oracle
from rtkcontract.diff.documents import compare
from rtkcontract.errors import CannotTell
from rtkcontract.model import Contract, Operation

NUMBER: dict[str, Any] = {"type": "integer", "maximum": 3}
SEAT: dict[str, Any] = {"type": "object", "required": ["n"], "properties": {"n": NUMBER}}
FITS, BREAKS = {"n": 3}, {"n": 4}


def document(schema: Any = SEAT, **root: Any) -> dict[str, Any]:
    """
    A document with one POST whose body has a schema; `root` adds or replaces its members.
    """
    return {
        "openapi": "3.1.0",
        "info": {"title": "Seats", "version": "1"},
        "paths": {"/seats": {"post": posted(schema)}},
        **root,
    }


def posted(schema: Any = SEAT, **more: Any) -> dict[str, Any]:
    return {
        "operationId": "take",
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"201": {"description": "", "content": {"application/json": {"schema": schema}}}},
        **more,
    }


def schemas(schema: Any, **named: Any) -> dict[str, Any]:
    return document(schema, components={"schemas": named})


def contract(files: Mapping[str, Any] | Any, name: str = "openapi.json") -> Contract:
    """
    The contract of files that stand in memory: data, or texts.
    """
    texts = {
        file: value if isinstance(value, str) else json.dumps(value)
        for file, value in (files if name in files else {name: files}).items()
    }
    return load.read_contract(lambda file: texts[file].encode() if file in texts else None, name, "memory")


def only(files: Any, name: str = "openapi.json") -> tuple[Contract, Operation]:
    made = contract(files, name)
    (operation,) = made.operations.values()
    return made, operation


def judges(files: Any, name: str = "openapi.json") -> None:
    """
    Asserts that a body that fits is taken and that one that does not is refused, with the constraint as the source.
    """
    made, operation = only(files, name)
    oracle = Oracle(made.document, operation.request_schema)
    refused = oracle.expectation(BREAKS)

    assert "accepted" == oracle.expectation(FITS).outcome
    assert "rejected" == refused.outcome
    assert refused.schema_at.endswith("/maximum")
    assert refused.sources == (refused.schema_at,)


def refusal(files: Any, name: str = "openapi.json") -> str:
    with pytest.raises(CannotTell) as caught:
        list(contract(files, name).operations)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- references -----------------------------------------------------------------------------------------------------

ITEM = {"post": posted()}
REFERENCES: dict[str, Any] = {
    "a component": schemas({"$ref": "#/components/schemas/Seat"}, Seat=SEAT),
    "a component of a component": schemas(
        {"$ref": "#/components/schemas/A"}, A={"$ref": "#/components/schemas/Seat"}, Seat=SEAT
    ),
    "a space in a fragment": schemas({"$ref": "#/components/schemas/My%20Seat"}, **{"My Seat": SEAT}),
    "a letter beyond ASCII": schemas({"$ref": "#/components/schemas/Si%C3%A8ge"}, Siège=SEAT),
    "a percent sign in a name": schemas({"$ref": "#/components/schemas/50%25"}, **{"50%": SEAT}),
    "a slash and a tilde": schemas({"$ref": "#/components/schemas/a~1b~0c"}, **{"a/b~c": SEAT}),
    "an encoded tilde": schemas({"$ref": "#/components/schemas/a%7E1b"}, **{"a/b": SEAT}),
    "a part of a component": schemas(
        {"properties": {"n": {"$ref": "#/components/schemas/Seat/properties/n"}}}, Seat=SEAT
    ),
    "a schema of a path": {
        **document({"$ref": "#/paths/~1seats/put/requestBody/content/application~1json/schema"}),
        "paths": {
            "/seats": {
                "post": posted({"$ref": "#/components/x-schemas/Seat"}),
            }
        },
        "components": {"x-schemas": {"Seat": SEAT}},
    },
    "an anchor": schemas({"$ref": "#seat"}, Seat={**SEAT, "$anchor": "seat"}),
    "an id": schemas({"$ref": "https://seats.example/seat"}, Seat={**SEAT, "$id": "https://seats.example/seat"}),
    "an anchor of an id": schemas(
        {"$ref": "https://seats.example/seat#it"}, Seat={**SEAT, "$id": "https://seats.example/seat", "$anchor": "it"}
    ),
    "a definition below an id": schemas(
        {"$ref": "#/components/schemas/Seat"},
        Seat={"$id": "https://seats.example/s", "$ref": "#/$defs/inner", "$defs": {"inner": SEAT}},
    ),
    "an id taken for a name alone": schemas(
        {"$ref": "#/components/schemas/Hall"},
        Hall={"$id": "Hall", "allOf": [{"$ref": "#/components/schemas/Seat"}]},
        Seat={**SEAT, "$id": "Seat"},
    ),
    "a relative id": schemas(
        {"$id": "https://seats.example/a/hall", "allOf": [{"$ref": "seat"}]},
        Seat={**SEAT, "$id": "https://seats.example/a/seat"},
    ),
    "a constraint beside a reference": schemas({"$ref": "#/components/schemas/Seat", "minProperties": 1}, Seat=SEAT),
    "a member beside a reference": schemas(
        {"$ref": "#/components/schemas/Seat", "properties": {"m": {}}, "required": ["n"]}, Seat=SEAT
    ),
    "a dynamic reference": schemas(
        {"$ref": "#/components/schemas/Page", "$defs": {"item": {"$dynamicAnchor": "item", **SEAT}}},
        Page={"allOf": [{"$dynamicRef": "#item"}], "$defs": {"any": {"$dynamicAnchor": "item", "type": "object"}}},
    ),
    "a dynamic reference that nothing binds": schemas(
        {"allOf": [{"$dynamicRef": "#item"}]}, Seat={**SEAT, "$dynamicAnchor": "item"}
    ),
    "a request body": {
        **document(),
        "paths": {"/seats": {"post": posted(requestBody={"$ref": "#/components/requestBodies/Seat"})}},
        "components": {"requestBodies": {"Seat": posted()["requestBody"]}},
    },
    "a path item": {
        **document(paths={"/seats": {"$ref": "#/components/pathItems/Seats"}}),
        "components": {"pathItems": {"Seats": ITEM}},
    },
    "a path item with members beside it": document(
        paths={"/seats": {"$ref": "#/x-item", **ITEM}}, **{"x-item": {"parameters": []}}
    ),
    "a file": {"openapi.json": document({"$ref": "seat.json"}), "seat.json": SEAT},
    "a file in a folder": {"openapi.json": document({"$ref": "parts/seat.json"}), "parts/seat.json": SEAT},
    "a file with a space": {"openapi.json": document({"$ref": "my%20seat.json"}), "my seat.json": SEAT},
    "a file with a percent sign": {"openapi.json": document({"$ref": "50%.json"}), "50%.json": SEAT},
    "a part of a YAML file": {
        "openapi.json": document({"$ref": "./parts.yaml#/Seat"}),
        "parts.yaml": yaml.safe_dump({"Seat": SEAT}),
    },
    "an anchor in a file": {
        "openapi.json": document({"$ref": "seat.json#it"}),
        "seat.json": {"$defs": {"a": {**SEAT, "$anchor": "it"}}},
    },
    "back to the document": {
        "openapi.json": schemas({"$ref": "parts/hall.json"}, Seat=SEAT),
        "parts/hall.json": {"allOf": [{"$ref": "../openapi.json#/components/schemas/Seat"}]},
    },
    "between files": {
        "openapi.json": document({"$ref": "a/hall.json"}),
        "a/hall.json": {"allOf": [{"$ref": "../b/seat.yaml"}]},
        "b/seat.yaml": yaml.safe_dump(SEAT),
    },
    "a file whose id is elsewhere": {
        "openapi.json": document({"$ref": "hall.json"}),
        "hall.json": {"$id": "https://seats.example/hall.json", "allOf": [{"$ref": "seat.json"}]},
        "seat.json": {**SEAT, "$id": "https://seats.example/seat.json"},
    },
    "a path item in a file": {
        "openapi.json": document(paths={"/seats": {"$ref": "paths/seats.json"}}),
        "paths/seats.json": {"post": posted({"$ref": "../seat.json"})},
        "seat.json": SEAT,
    },
    "an operation in a file": {
        "openapi.json": document(paths={"/seats": {"post": {"$ref": "paths/take.json"}}}),
        "paths/take.json": posted({"$ref": "../seat.json"}),
        "seat.json": SEAT,
    },
    "a schema inside itself": schemas(
        {"$ref": "#/components/schemas/Seat"},
        Seat={**SEAT, "properties": {"n": NUMBER, "next": {"$ref": "#/components/schemas/Seat"}}},
    ),
    "a file inside itself": {
        "openapi.json": document({"$ref": "seat.json"}),
        "seat.json": {**SEAT, "properties": {"n": NUMBER, "next": {"$ref": "#"}}},
    },
}


@pytest.mark.parametrize("name", REFERENCES)
def test_references_are_followed(name: str) -> None:
    judges(REFERENCES[name])


NOWHERE: dict[str, tuple[Any, str]] = {
    "a component": (
        schemas({"$ref": "#/components/schemas/Gone"}),
        "application~1json/schema: the reference #/components/schemas/Gone leads nowhere",
    ),
    "a file": (document({"$ref": "gone.json"}), "memory has no gone.json"),
    "an anchor": (document({"$ref": "#gone"}), "the reference #gone leads nowhere"),
    "the web": (document({"$ref": "https://seats.example/x.json"}), "only files beside it"),
    "an absolute path": (document({"$ref": "/etc/seat.json"}), "only files beside it"),
    "a circle": (
        schemas({"$ref": "#/components/schemas/A"}, A={"$ref": "#/components/schemas/A"}),
        "leads back to itself",
    ),
    "a wide circle": (
        schemas(
            {"$ref": "#/components/schemas/A"},
            A={"$ref": "#/components/schemas/B"},
            B={"$ref": "#/components/schemas/A"},
        ),
        "leads back to itself",
    ),
    "a circle of path items": (document(paths={"/seats": {"$ref": "#/paths/~1seats"}}), "leads back to itself"),
    "a broken file": (
        {"openapi.json": document({"$ref": "seat.json"}), "seat.json": '{"type": '},
        "seat.json is not JSON",
    ),
}


@pytest.mark.parametrize("name", NOWHERE)
def test_a_reference_that_leads_nowhere_is_one_line_with_its_place(name: str) -> None:
    files, told = NOWHERE[name]

    assert told in refusal(files)


LITERALS: dict[str, Any] = {
    "example": {"example": {"$ref": "other.json"}},
    "examples": {"examples": [{"$ref": "other.json"}]},
    "default": {"default": {"$ref": "#/nowhere"}},
    "enum": {"enum": [{"$ref": "a"}, {"n": 3}, {"n": 4}]},
    "const beside it": {"properties": {"n": NUMBER, "c": {"const": {"$ref": "a"}}}},
    "an extension": {"x-note": {"$ref": "other.json"}},
    "an extension of lists": {"x-notes": [{"properties": {"$ref": "other.json"}}]},
}


@pytest.mark.parametrize("name", LITERALS)
def test_what_looks_like_a_reference_in_a_literal_is_data(name: str) -> None:
    judges(document({**SEAT, **LITERALS[name]}))


def test_a_member_may_be_called_ref() -> None:
    made, operation = only(
        document(
            {
                **SEAT,
                "properties": {"n": NUMBER, "$ref": {"type": "string"}, "enum": {"$ref": "#/components/schemas/E"}},
            },
            components={"schemas": {"E": {"const": 1}}},
        )
    )
    oracle = Oracle(made.document, operation.request_schema)

    assert oracle.valid({"n": 1, "$ref": "x", "enum": 1})
    assert not oracle.valid({"n": 1, "$ref": 7})
    assert not oracle.valid({"n": 1, "enum": 2})


def test_a_refusal_names_the_file_and_the_place_in_it() -> None:
    made, operation = only(REFERENCES["between files"])
    refused = Oracle(made.document, operation.request_schema).expectation(BREAKS)

    assert ("b/seat.yaml#/properties/n/maximum",) == refused.sources


# --- only what is used ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken", [{"type": "any"}, {"type": "object", "properties": None}, {"$ref": "#/gone"}, None, {"allOf": {}}]
)
def test_an_invalid_part_matters_only_to_those_who_use_it(broken: Any) -> None:
    paths = {
        "/bad": {"post": posted({"properties": {"x": {"$ref": "#/components/schemas/Bad"}}}, operationId="bad")},
        "/seats": {"post": posted()},
    }
    made = contract({**document(paths=paths), "components": {"schemas": {"Bad": broken}}})

    assert ["take"] == list(made.operations)
    assert "bad" in made.operations
    with pytest.raises(
        CannotTell, match=r"the operation bad cannot be read: memory/openapi\.json#/components/schemas/Bad"
    ):
        made.operations["bad"]


def test_a_document_of_which_nothing_can_be_used_says_the_first_reason() -> None:
    assert "#/paths/~1seats/post/requestBody/content/application~1json/schema/type" in refusal(
        document({"type": "any"})
    )


BROKEN: dict[str, tuple[Any, str]] = {
    "an operation is a text": (
        document(paths={"/seats": {"post": "x"}}),
        "#/paths/~1seats/post: an object is expected, not a text",
    ),
    "parameters are an object": (
        document(paths={"/seats": {"post": posted(parameters={})}}),
        "/parameters: a list is expected, not an object",
    ),
    "a parameter without a place": (
        document(paths={"/seats": {"post": posted(parameters=[{"name": "a"}])}}),
        "/parameters/0: a parameter has no in",
    ),
    "a schema is a list": (document([]), "application~1json/schema: a schema is an object or a boolean, not []"),
    "a schema is null": (
        document({"properties": {"a": None}}),
        "/schema/properties/a: a schema is an object or a boolean, not null",
    ),
    "responses are a list": (
        document(paths={"/seats": {"post": {"responses": []}}}),
        "/responses: an object is expected, not a list",
    ),
    "a server without a url": (document(servers=[{}]), "#/servers/0: a server has no url"),
    "servers are an object": (document(servers={"url": "/"}), "#/servers: a list is expected, not an object"),
    "no such scheme": (document(security=[{"key": []}]), "#/components/securitySchemes/key"),
    "paths are a list": (document(paths=[]), "no operation under paths"),
    "no paths": ({"openapi": "3.1.0", "info": {}}, "no operation under paths"),
    "swagger": ({"swagger": "2.0", "paths": {}}, "is an OpenAPI 2 document (swagger); convert it to OpenAPI 3"),
    "openapi 4": ({"openapi": "4.0.0", "paths": {}}, "says openapi: 4.0.0; versions 3.0 to 3.2"),
    "no version": ({"paths": {}}, "no member openapi"),
    "a list": ([], "no OpenAPI document"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("write", [json.dumps, yaml.safe_dump], ids=["json", "yaml"])
def test_a_broken_document_is_one_line_with_its_place(name: str, write: Any) -> None:
    value, told = BROKEN[name]

    assert told in refusal({"openapi.json": write(value)})


LENIENT: dict[str, dict[str, Any]] = {
    "components: null": document(components=None),
    "tags: null": document(tags=None),
    "security: null": document(security=None),
    "servers: null": document(servers=None),
    "parameters: null": document(paths={"/seats": {"parameters": None, "post": posted(parameters=None, tags=None)}}),
    "a null beside the paths": document(paths={"/other": None, "/seats": {"post": posted()}, "x-note": {"post": 7}}),
    "an extension among the responses": document(
        paths={"/seats": {"post": posted(responses={"x-note": 7, "201": {"description": ""}})}}
    ),
    "no responses": document(paths={"/seats": {"post": posted(responses=None)}}),
    "an unknown format": document({**SEAT, "format": "seat"}),
    "unknown members": document({**SEAT, "x-a": None, "xml": {}, "externalDocs": {}, "madeUp": [1]}),
    "webhooks beside it": document(webhooks={"w": {"post": posted({"type": "any"})}}),
}


@pytest.mark.parametrize("name", LENIENT)
def test_what_other_tools_take_is_taken(name: str) -> None:
    judges(LENIENT[name])


# --- names ----------------------------------------------------------------------------------------------------------


def test_operations_without_an_id_or_with_a_taken_one_go_by_method_and_path() -> None:
    paths = {
        "/a": {"post": posted(operationId="same"), "get": {"responses": {}}},
        "/b": {"post": posted(operationId="same")},
        "/c": {"post": posted(operationId=None)},
    }
    made = contract(document(paths=paths))

    assert ["same", "GET /a", "POST /b", "POST /c"] == list(made.operations)
    assert "/a" == made.operations["same"].path == made.operations["POST /a"].path
    assert ("POST /b", "/b", "same") == (
        made.operations["POST /b"].name,
        made.operations["POST /b"].path,
        made.operations["POST /b"].operation_id,
    )
    with pytest.raises(KeyError):
        made.operations["POST /d"]


def test_methods_of_3_2_are_methods() -> None:
    item = {"query": posted(operationId="ask"), "additionalOperations": {"COPY": posted(operationId="copy")}}
    made = contract(document(openapi="3.2.0", paths={"/seats": item}))

    assert [("ask", "QUERY"), ("copy", "COPY")] == [(name, found.method) for name, found in made.operations.items()]


# --- one reading for every verb -------------------------------------------------------------------------------------

DIALECTS: dict[str, tuple[dict[str, Any], Any, Any, list[Any], list[Any]]] = {
    "nullable": (
        {"openapi": "3.0.3"},
        {"type": "integer", "nullable": True},
        {"type": ["integer", "null"]},
        [None, 1],
        ["a"],
    ),
    "nullable: false": ({"openapi": "3.0.3"}, {"type": "integer", "nullable": False}, {"type": "integer"}, [1], [None]),
    "nullable enum": (
        {"openapi": "3.0.0"},
        {"type": "string", "nullable": True, "enum": ["a"]},
        {"type": ["string", "null"], "enum": ["a"]},
        ["a"],
        [None, "b"],
    ),
    "exclusive bounds": (
        {"openapi": "3.0.2"},
        {"type": "number", "minimum": 1, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": False},
        {"type": "number", "exclusiveMinimum": 1, "maximum": 9},
        [1.5, 9],
        [1, 10],
    ),
    "members beside a reference": (
        {"openapi": "3.0.3", "components": {"schemas": {"N": {"type": "integer"}}}},
        {"$ref": "#/components/schemas/N", "maximum": 3},
        {"type": "integer"},
        [4],
        ["a"],
    ),
    "a list of items": (
        {"jsonSchemaDialect": "http://json-schema.org/draft-07/schema#"},
        {"type": "array", "items": [{"type": "integer"}], "additionalItems": False},
        {"type": "array", "prefixItems": [{"type": "integer"}], "items": False},
        [[1]],
        [["a"], [1, 2]],
    ),
    "dependencies": (
        {"jsonSchemaDialect": "http://json-schema.org/draft-07/schema#"},
        {"type": "object", "dependencies": {"a": ["b"], "c": {"required": ["d"]}}},
        {"type": "object", "dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"required": ["d"]}}},
        [{"a": 1, "b": 1}],
        [{"a": 1}, {"c": 1}],
    ),
    "a schema that names its dialect": (
        {},
        {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "type": "number",
            "minimum": 1,
            "exclusiveMinimum": True,
        },
        {"type": "number", "exclusiveMinimum": 1},
        [2],
        [1],
    ),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_older_words_mean_the_same_to_check_validate_cases_and_diff(name: str) -> None:
    root, old, new, valid, invalid = DIALECTS[name]
    before = document({"type": "object", "properties": {"v": old}}, **root)
    after = document({"type": "object", "properties": {"v": new}})
    made, operation = only(before)
    oracle = Oracle(made.document, operation.request_schema)

    assert [True] * len(valid) == [oracle.valid({"v": value}) for value in valid]
    assert [False] * len(invalid) == [oracle.valid({"v": value}) for value in invalid]
    assert () == compare(revisions.document(before), revisions.document(after))


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"$ref": "#/components/schemas/N"}], "nullable": True},
        {"$ref": "#/components/schemas/N", "nullable": True},
    ],
)
def test_null_beside_a_union_of_3_0_is_not_decided(schema: Any) -> None:
    root = {"openapi": "3.0.3", "components": {"schemas": {"N": {"type": "integer"}}}}
    made, operation = only(document({"type": "object", "properties": {"v": schema}}, **root))
    oracle = Oracle(made.document, operation.request_schema)

    assert oracle.valid({"v": None})
    assert ["unspecified", "accepted", "rejected"] == [
        oracle.expectation({"v": value}).outcome for value in (None, 1, "a")
    ]


def test_a_file_in_yaml_says_the_same_as_one_in_json() -> None:
    made, operation = only({"openapi.yaml": yaml.safe_dump(document())}, "openapi.yaml")

    assert operation == only(document())[1]
    assert made.digest == only({"openapi.yaml": json.dumps(document())}, "openapi.yaml")[0].digest
    judges({"openapi.yaml": yaml.safe_dump(document())}, "openapi.yaml")


def test_a_member_that_stands_twice_is_refused_with_its_line() -> None:
    twice = yaml.safe_dump(document()).replace("maximum: 3", "maximum: 3\n                  maximum: 4", 1)

    assert "line" in refusal({"openapi.yaml": twice}, "openapi.yaml")
    assert "twice" in refusal({"openapi.yaml": twice}, "openapi.yaml")


@pytest.mark.parametrize("name", ["openapi.json", "openapi.yaml", "openapi.yml", "seats.json", "seats.txt"])
def test_a_folder_or_a_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps(document()))

    assert ["take"] == list(load.load_contract(tmp_path / name).operations)
    if name.startswith("openapi"):
        assert ["take"] == list(load.load_contract(tmp_path).operations)


# --- what an operation is -------------------------------------------------------------------------------------------

TEXT = {"type": "string"}


def content(*kinds: str, schema: Any = SEAT) -> dict[str, Any]:
    return {"content": {kind: {"schema": schema} for kind in kinds}}


@pytest.mark.parametrize(
    ("body", "media_type", "takes_json", "kinds"),
    [
        (None, "application/json", False, None),
        ({}, "application/json", False, None),
        (content("application/json"), "application/json", True, ["application/json"]),
        (content("Application/JSON; charset=utf-8"), "application/json", True, ["application/json"]),
        (
            content("text/plain", "application/seat+json"),
            "application/seat+json",
            True,
            ["text/plain", "application/seat+json"],
        ),
        (content("*/*"), "application/json", True, ["*/*"]),
        (content("*/*", "application/json"), "application/json", True, ["*/*", "application/json"]),
        (content("application/*"), "application/json", True, ["application/*"]),
        (content("multipart/form-data"), "application/json", False, ["multipart/form-data"]),
        (
            content("application/x-www-form-urlencoded", "text/csv"),
            "application/json",
            False,
            ["application/x-www-form-urlencoded", "text/csv"],
        ),
        ({"content": {"application/json": None}}, "application/json", True, ["application/json"]),
        ({"content": {"application/json": {"schema": True}}}, "application/json", True, ["application/json"]),
    ],
)
def test_the_body_of_a_request(body: Any, media_type: str, takes_json: bool, kinds: list[str] | None) -> None:
    operation = only(document(paths={"/seats": {"post": posted(requestBody=body)}}))[1]

    assert (media_type, takes_json) == (operation.media_type, operation.takes_json)
    assert kinds == (None if operation.body is None else list(operation.body))
    assert bool(operation.request_schema) is (
        takes_json and "schema" in next(iter((body["content"]).values()) or {})
        if body and takes_json and None not in body["content"].values()
        else False
    )


RESPONSES: list[tuple[dict[Any, Any], tuple[str, ...], int, dict[int, Any]]] = [
    ({"201": content("application/json")}, ("201",), 201, {201: SEAT, 200: None, 404: None}),
    ({201: content("application/json")}, ("201",), 201, {201: SEAT}),
    ({"2XX": content("application/json")}, ("2XX",), 200, {200: SEAT, 226: SEAT, 300: None}),
    ({"2xx": content("application/json")}, ("2XX",), 200, {204: SEAT}),
    ({"default": content("application/json")}, ("DEFAULT",), 200, {200: SEAT, 204: SEAT, 404: None}),
    ({"204": {"description": ""}, "default": content("application/json")}, ("204",), 204, {204: None, 200: None}),
    ({"202": {"description": ""}, "201": content("application/json")}, ("202", "201"), 202, {201: SEAT, 202: None}),
    ({"200": content("text/csv", schema=TEXT)}, ("200",), 200, {200: None}),
    ({"200": content("application/hal+json; v=1")}, ("200",), 200, {200: SEAT}),
]


@pytest.mark.parametrize(("responses", "names", "status", "expected"), RESPONSES)
def test_the_responses_that_accept(responses: Any, names: Any, status: int, expected: dict[int, Any]) -> None:
    text = yaml.safe_dump(document(paths={"/seats": {"post": posted(responses=responses)}}), sort_keys=False)
    operation = only({"openapi.json": text})[1]

    assert (names, status) == (operation.successes, operation.success_status)
    for asked, schema in expected.items():
        found = operation.success(asked)
        assert schema == (found.json if found else None)


def test_the_responses_that_refuse() -> None:
    one, other, rest = ({"const": number} for number in range(3))
    responses = {
        "201": content("application/json"),
        "404": content("application/json", schema=one),
        "4XX": content("application/json", schema=other),
        "default": content("application/json", schema=rest),
    }
    operation = only(document(paths={"/seats": {"post": posted(responses=responses)}}))[1]

    assert [one, other, rest] == [operation.error(status) for status in (404, 400, 500)]
    assert other == operation.error_schema
    del responses["4XX"], responses["default"]
    operation = only(document(paths={"/seats": {"post": posted(responses=responses)}}))[1]
    assert [one, None] == [operation.error(status) for status in (404, 400)]


DATA: list[tuple[Any, Any, str]] = [
    ({"properties": {"data": SEAT}}, SEAT, "/data"),
    ({"allOf": [{"properties": {"data": {}}}, {"properties": {"data": SEAT}}]}, SEAT, "/data"),
    ({"allOf": [{"properties": {"data": TEXT}}, {"properties": {"data": SEAT}}]}, {"allOf": [TEXT, SEAT]}, "/data"),
    ({"allOf": [{"allOf": [{"properties": {"data": SEAT}}]}], "properties": {"ok": {}}}, SEAT, "/data"),
    (SEAT, SEAT, ""),
    ({"type": "array", "items": SEAT}, {"type": "array", "items": SEAT}, ""),
]


@pytest.mark.parametrize(("schema", "data", "at"), DATA)
def test_the_data_of_a_response(schema: Any, data: Any, at: str) -> None:
    responses = {"200": content("application/json", schema=schema)}
    operation = only(document(paths={"/seats": {"post": posted(responses=responses)}}))[1]

    assert (data, at) == (operation.data_schema, operation.data_at)


SERVERS: list[tuple[Any, Any, Any, tuple[str, ...], str]] = [
    (None, None, None, ("",), ""),
    ([], None, None, ("",), ""),
    ([{"url": "https://seats.example/v1/"}], None, None, ("https://seats.example/v1",), "/v1"),
    ([{"url": "/v2"}], None, None, ("/v2",), "/v2"),
    ([{"url": "v2"}], None, None, ("v2",), "/v2"),
    ([{"url": "/"}, {"url": "/b"}], None, None, ("", "/b"), ""),
    ([{"url": "/a"}], [{"url": "/b"}], None, ("/b",), "/b"),
    ([{"url": "/a"}], [{"url": "/b"}], [{"url": "/c"}], ("/c",), "/c"),
    (
        [
            {
                "url": "https://{host}.example/{base}",
                "variables": {"host": {"default": "a"}, "base": {"enum": ["x", "y"]}},
            }
        ],
        None,
        None,
        ("https://a.example/x",),
        "/x",
    ),
    (
        [{"url": "https://seats.example:{port}", "variables": {"port": {"default": 8443}}}],
        None,
        None,
        ("https://seats.example:8443",),
        "",
    ),
]


@pytest.mark.parametrize(("root", "path", "own", "urls", "base"), SERVERS)
def test_the_servers_of_an_operation(root: Any, path: Any, own: Any, urls: Any, base: str) -> None:
    item = {"servers": path, "post": posted(servers=own)}
    operation = only(document(servers=root, paths={"/seats": item}))[1]

    assert (urls, base) == (operation.servers, operation.base_path)


def test_parameters_of_the_operation_replace_those_of_the_path() -> None:
    listed = [
        {"name": "X-Hall", "in": "header", "schema": TEXT},
        {"name": "Authorization", "in": "header", "schema": TEXT},
        {"$ref": "#/components/parameters/Row"},
    ]
    own = [{"name": "x-hall", "in": "header", "required": True, "content": {"application/json": {"schema": NUMBER}}}]
    item = {"parameters": listed, "post": posted(parameters=own)}
    rows = {"Row": {"name": "row", "in": "query", "schema": {"$ref": "#/components/schemas/Row"}}}
    made = document(paths={"/seats": item}, components={"parameters": rows, "schemas": {"Row": NUMBER}})
    operation = only(made)[1]

    assert [("header", "x-hall", True), ("query", "row", False)] == [
        (p.where, p.name, p.required) for p in operation.parameters
    ]
    assert NUMBER == operation.parameters[0].schema
    assert {"$ref": "#/components/schemas/Row"} == operation.parameters[1].schema


# --- documents of any size ------------------------------------------------------------------------------------------


def test_of_a_large_document_an_operation_costs_its_own_parts(tmp_path: Path) -> None:
    thing = {
        "type": "object",
        "properties": {f"p{index}": {"type": "string", "enum": ["a", "b"]} for index in range(40)},
    }
    paths = {
        f"/a{index}": {"post": posted({"$ref": f"#/components/schemas/T{index}"}, operationId=f"op{index}")}
        for index in range(1_500)
    }
    large = document(paths=paths, components={"schemas": {f"T{index}": thing for index in range(1_500)}})
    (tmp_path / "large.json").write_text(json.dumps(large))
    made = load.load_contract(tmp_path / "large.json")

    assert (tmp_path / "large.json").stat().st_size > 1 << 20
    assert "/a700" == made.operations["op700"].path
    assert ["T700"] == list(made.document["components"]["schemas"])
    assert ["/a700"] == list(made.document["paths"])
