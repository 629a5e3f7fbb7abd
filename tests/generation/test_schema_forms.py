"""
Every form of a schema has cases on both sides, and `jsonschema`, the reference implementation, agrees with each.
"""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from rtkcontract.contract import load
from rtkcontract.generation import plan as plans
from rtkcontract.generation.plan import Plan

TEXT: Any = {"type": "string"}
LABEL: Any = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}}}
TREE: Any = {
    "type": "object",
    "required": ["label"],
    "properties": {"label": TEXT, "below": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
}


def plan_of(body: Any, most: int | None = None) -> tuple[Plan, Any]:
    """
    The plan of a document without sources, and the judge of its bodies.
    """
    document = {
        "openapi": "3.1.0",
        "info": {"title": "forms", "version": "1"},
        "paths": {
            "/things": {
                "post": {
                    "operationId": "add_thing",
                    "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
                    "responses": {"201": {"description": "made"}},
                }
            }
        },
        "components": {"schemas": {"Tree": TREE}},
    }
    contract = load.read_contract({"openapi.json": json.dumps(document).encode()}.get, "openapi.json", "memory")
    (operation,) = contract.operations.values()
    judge = jsonschema.Draft202012Validator(
        {"allOf": [body], "components": document["components"]}, format_checker=jsonschema.FormatChecker()
    )
    return plans.make(contract, operation, most=most), judge


BODIES: dict[str, Any] = {
    "list": {"type": "array", "items": TEXT, "minItems": 1, "maxItems": 3},
    "list of objects": {"type": "array", "items": LABEL, "minItems": 2},
    "list of lists": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}, "minItems": 1}},
    "list of numbers, distinct": {"type": "array", "items": {"type": "integer"}, "minItems": 7, "uniqueItems": True},
    "tuple": {"type": "array", "prefixItems": [TEXT, {"type": "integer"}], "items": False, "minItems": 2},
    "map": {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1},
    "map of lists": {"type": "object", "additionalProperties": {"type": "array", "items": TEXT}},
    "map by patterns": {
        "type": "object",
        "patternProperties": {"^x-[a-z]+$": {"type": "integer"}},
        "additionalProperties": False,
        "minProperties": 1,
    },
    "text": {"type": "string", "minLength": 2, "maxLength": 5},
    "number": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    "integer": {"type": "integer", "minimum": 10**15 + 1},
    "integer beyond doubles": {"type": "integer", "minimum": 10**30, "maximum": 10**30 + 5},
    "flag": {"type": "boolean"},
    "null": {"type": "null"},
    "enumeration": {"enum": ["a", 7, None]},
    "free object": {"type": "object"},
    "union of forms": {"oneOf": [TEXT, {"type": "array", "items": TEXT}]},
    "tree": {"$ref": "#/components/schemas/Tree"},
    "forest": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}, "minItems": 1},
}
MEMBERS: dict[str, Any] = {
    "list of lists": {"type": "array", "items": {"type": "array", "items": TEXT}},
    "list of lists of lists": {
        "type": "array",
        "items": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
    },
    "list of lists of objects": {"type": "array", "items": {"type": "array", "items": LABEL}},
    "list of objects, at least two": {"type": "array", "items": LABEL, "minItems": 2},
    "list of objects, three": {"type": "array", "items": LABEL, "minItems": 3, "maxItems": 3},
    "contains": {"type": "array", "items": {"type": "integer"}, "contains": {"const": 5}},
    "contains two to three": {"type": "array", "contains": TEXT, "minContains": 2, "maxContains": 3},
    "list of objects, one of a kind": {
        "type": "array",
        "items": {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["main", "other"]}}},
        "contains": {"properties": {"kind": {"const": "main"}}},
    },
    "tuple": {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}], "minItems": 2},
    "tuple with a rest": {"type": "array", "prefixItems": [TEXT], "items": {"type": "boolean"}, "minItems": 1},
    "tuple, unevaluated": {"type": "array", "prefixItems": [TEXT], "unevaluatedItems": False, "minItems": 1},
    "names": {"type": "object", "propertyNames": {"pattern": "^[a-z]{2}$"}, "additionalProperties": TEXT},
    "names, three": {"type": "object", "propertyNames": {"maxLength": 2}, "minProperties": 3},
    "patterns": {"type": "object", "patternProperties": {r"^\d+$": {"type": "boolean"}, "^s_": TEXT}},
    "closed over parts": {
        "allOf": [LABEL, {"type": "object", "properties": {"size": {"type": "integer"}}}],
        "unevaluatedProperties": False,
    },
    "dependent schema": {
        "type": "object",
        "properties": {"card": TEXT, "cash": {"type": "boolean"}},
        "dependentSchemas": {
            "card": {"required": ["code"], "properties": {"code": {"type": "string", "minLength": 3}}}
        },
    },
    "not": {"type": "string", "not": {"enum": ["none", "never"]}},
    "not a pattern": {"type": "string", "not": {"pattern": "^x"}},
    "not a type": {"not": {"type": "object"}},
    "numbers without a type": {"minimum": 3, "maximum": 9},
}
DEMANDS: dict[str, Any] = {
    "required and undeclared": {"type": "object", "required": ["x"], "properties": {"y": TEXT}},
    "required by pattern": {"type": "object", "required": ["n1"], "patternProperties": {r"^n\d$": {"type": "integer"}}},
    "required beside others": {"type": "object", "required": ["x"], "additionalProperties": {"type": "integer"}},
    "dependent and undeclared": {"type": "object", "properties": {"a": TEXT}, "dependentRequired": {"a": ["b", "c"]}},
    "true": {"type": "object", "required": ["any"], "properties": {"any": True}},
    "null": {"type": "object", "required": ["gone"], "properties": {"gone": {"type": "null"}}},
    "discriminator": {
        "oneOf": [
            {
                "type": "object",
                "required": ["kind", "width"],
                "properties": {"kind": {"const": "box"}, "width": {"type": "integer"}},
            },
            {
                "type": "object",
                "required": ["kind", "radius"],
                "properties": {"kind": {"const": "ball"}, "radius": {"type": "number"}},
            },
        ],
        "discriminator": {"propertyName": "kind"},
    },
    "email of few characters": {
        "type": "object",
        "required": ["mail"],
        "properties": {"mail": {"type": "string", "format": "email", "maxLength": 9}},
    },
    "an unknown format": {
        "type": "object",
        "required": ["f"],
        "properties": {"f": {"type": "string", "format": "iban"}},
    },
}
FORMS = [
    *(pytest.param(schema, id=f"body: {name}") for name, schema in BODIES.items()),
    *(
        pytest.param({"type": "object", "required": ["it"], "properties": {"it": schema}}, id=f"member: {name}")
        for name, schema in MEMBERS.items()
    ),
    *(pytest.param(schema, id=f"demand: {name}") for name, schema in DEMANDS.items()),
]


@pytest.mark.parametrize("schema", FORMS)
def test_each_form_has_cases_that_the_reference_implementation_agrees_with(schema: Any) -> None:
    plan, judge = plan_of(schema)
    sent = [(case, json.loads(case.content)) for case in plan.cases if case.side != "protocol" and case.content]
    accepted = [(case.id, body) for case, body in sent if case.expect.outcome == "accepted"]
    rejected = [(case.id, body) for case, body in sent if case.expect.outcome == "rejected"]

    assert accepted
    assert rejected
    assert [] == [(name, body) for name, body in accepted if not judge.is_valid(body)]
    assert [] == [(name, body) for name, body in rejected if judge.is_valid(body)]


def test_every_member_is_shown_by_an_accepted_body() -> None:
    """
    A member that may be left out is not left out of all bodies.
    """
    for name, schema in MEMBERS.items():
        plan, _ = plan_of({"type": "object", "properties": {"it": schema}})
        bodies = [json.loads(case.content) for case in plan.cases if case.expect.outcome == "accepted"]

        assert any(body.get("it") not in (None, [], {}) for body in bodies), name


@pytest.mark.parametrize(
    ("schema", "most"),
    [
        ({"type": "object", "properties": {f"e{n}": {"enum": list(range(n, n + 100))} for n in range(5)}}, 400),
        ({"type": "object", "required": ["e"], "properties": {"e": {"enum": [f"m{n}" for n in range(300)]}}}, 400),
        ({"type": "object", "properties": {"t": {"type": "string", "maxLength": 1_000_000}}}, 60),
        ({"type": "object", "properties": {"t": {"type": "string", "minLength": 30_000, "pattern": "^[a-z]+$"}}}, 60),
    ],
)
def test_a_plan_of_large_enumerations_and_long_texts_stays_small(schema: Any, most: int) -> None:
    plan, judge = plan_of(schema)
    bodies = [json.loads(case.content) for case in plan.cases if case.expect.outcome == "accepted" and case.content]
    sent = {(name, value) for body in bodies if isinstance(body, dict) for name, value in body.items()}

    assert len(plan.cases) < most
    assert sum(len(case.content) for case in plan.cases) < 5_000_000
    assert all(map(judge.is_valid, bodies))
    assert all((name, member) in sent for name, node in schema["properties"].items() for member in node.get("enum", ()))


@pytest.mark.parametrize("limit", [25_000, 1_000_000])
def test_a_long_text_is_sent_on_its_limit_and_one_character_beyond(limit: int) -> None:
    plan, _ = plan_of({"type": "object", "properties": {"t": {"type": "string", "maxLength": limit}}})
    sizes = {
        len(json.loads(case.content)["t"]): case.expect.outcome
        for case in plan.cases
        if case.field == "t" and "maxLength" in case.id
    }

    assert {limit: "accepted", limit + 1: "rejected"} == sizes
