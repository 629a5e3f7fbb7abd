"""
A finding about a schema needs both validators: where one is wrong, it cannot be told.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rtkcontract.checks.answer import Judged, answer_of
from rtkcontract.checks.judge import judge
from rtkcontract.contract.expectation import Oracle
from rtkcontract.contract.load import load_contract
from rtkcontract.json_schema.reference import doubt, doubt_of
from rtkcontract.json_schema.validator import Validator, compiled
from rtkcontract.model import Answered, Case, Expectation, Headers, Json, Response, Result

CONTRACT = load_contract()
OPERATION = CONTRACT.operations["create_meeting"]
JSON: Headers = (("content-type", "application/json"),)
DATA: Json = {"id": "3b241101-e2bb-4255-8caf-4136c566a962", "created_at": "2026-01-31T23:59:59Z"}
DATA["updated_at"] = DATA["created_at"]


class Wrong(Oracle):
    """
    An oracle whose fast validator follows another schema than the one that it is asked about.
    """

    def __init__(self, right: Oracle, schema: Json) -> None:
        super().__init__(right.document, right.schema)
        self._validator = compiled({"allOf": [schema]})


def result(sent: Json, status: int, data: Json, *, request: Json = None, response: Json = None) -> Result:
    """
    One judged response; `request` and `response` are schemas that the fast validator follows by mistake.
    """
    prepared = Judged(CONTRACT, OPERATION)
    if request is not None:
        prepared.request = Wrong(prepared.request, request)
    if response is not None:
        prepared._oracles[201] = Wrong(prepared.body_of(201), response)
    case = Case(
        id="create_meeting/x",
        operation="create_meeting",
        side="valid",
        partition="x",
        content=json.dumps(sent).encode(),
        expect=Expectation(outcome="accepted" if prepared.request.valid(sent) else "rejected", reason="the schema"),
    )
    body = {"success": True, "data": data} if status == 201 else {"success": False, "error": {"code": 400}}
    answered = Answered(
        response=Response(status=status, headers=JSON, content=json.dumps(body).encode()), elapsed_s=0.1
    )
    return judge(CONTRACT, OPERATION, case, answered, parsed=answer_of(prepared, case, answered))


def test_both_agree() -> None:
    assert "pass" == result({}, 201, DATA).status
    assert "fail" == result({}, 201, {**DATA, "id": 7}).status


@pytest.mark.parametrize(
    ("sent", "status", "data", "wrong"),
    [
        ({}, 201, DATA, {"response": {"properties": {"data": {"properties": {"id": {"type": "integer"}}}}}}),
        ({"title": "a"}, 201, {**DATA, "title": "a"}, {"request": {"properties": {"title": {"type": "integer"}}}}),
        ({"title": 7}, 400, DATA, {"request": {"properties": {"title": {"type": "integer"}}}}),
    ],
)
def test_a_wrong_validator_blames_nobody(sent: Json, status: int, data: Json, wrong: dict[str, Json]) -> None:
    told = result(sent, status, data, **wrong)

    assert ("error", ()) == (told.status, told.findings)
    assert "two validators disagree" in told.reason
    assert "jsonschema-rs" in told.reason
    assert "jsonschema finds" in told.reason or "jsonschema says" in told.reason


def test_a_format_that_the_reference_does_not_know_is_no_doubt() -> None:
    fast = Validator({"type": "string", "format": "uri-template"})
    (violation,) = fast.violations("{")

    assert "" == doubt(fast, "{", valid=False)
    assert "" == doubt_of(fast, "{", violation)
    assert "" != doubt_of(fast, "{", replace(violation, keyword="pattern"))


def test_nesting_beyond_the_reference_is_no_doubt() -> None:
    deep: Json = {"$defs": {"a": {"items": {"$ref": "#/$defs/a"}, "type": "array"}}, "$ref": "#/$defs/a"}
    value: Json = "x"
    for _ in range(400):
        value = [value]
    fast = Validator(deep)

    assert "" == doubt(fast, value, valid=False)
