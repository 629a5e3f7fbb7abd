"""
The contract is read from files alone, and a broken file is one clear line.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import made
from rtkcontract.checks.across import judge_run
from rtkcontract.checks.judge import judge
from rtkcontract.contract import load
from rtkcontract.contract.requests import request_of
from rtkcontract.contract.standards import STANDARDS
from rtkcontract.emulator.answers import emulator
from rtkcontract.errors import CannotTell
from rtkcontract.generation import plan as plans
from rtkcontract.json_schema import json_text, structure
from rtkcontract.json_schema.json_text import encode, loads
from rtkcontract.model import Answered, Contract, Operation, Request, Result, Target
from rtkcontract.openapi import references

SCHEMAS = load.data_folder("schemas")
TARGET = Target(
    kind="emulator",
    base_url="http://127.0.0.1:1/client/v4",
    account_id="023e105f4ecef8ad9ca31a8372d0c353",
    app_id="14a396e7-ca44-4937-bf1f-050a69118543",
    token="canary-token-of-the-catalog-not-a-secret",
)


def test_the_shipped_contract_is_found_and_whole() -> None:
    contract = load.load_contract()
    operation = contract.operations["create_meeting"]

    assert ("POST", "application/json") == (operation.method, operation.media_type)
    assert [201] == list(operation.success_schemas)
    assert operation.data_schema
    assert operation.error_schema
    assert len(operation.written_cases) > 30
    assert len(operation.rows) > 60
    assert 12 == len(contract.digest)
    assert not any(ref.partition("#")[0] for ref in structure.references(contract.document))


def test_the_digest_follows_the_meaning_not_the_layout(tmp_path: Path) -> None:
    copy = _copied(tmp_path)
    before = load.load_contract(copy).digest
    request = copy / "create_meeting" / "request.json"
    request.write_text(json.dumps(json.loads(request.read_text())))

    assert before == load.load_contract(copy).digest
    request.write_text(request.read_text().replace('"minimum": 60', '"minimum": 61', 1))
    assert before != load.load_contract(copy).digest


def _copied(tmp_path: Path) -> Path:
    return made.only(Path(shutil.copytree(SCHEMAS, tmp_path / "schemas")))


BROKEN: list[tuple[str, str, str, str]] = [
    ("openapi.json", '"openapi"', '"openapi', "openapi.json is not JSON"),
    ("openapi.json", '"paths"', '"ways"', "no operation under paths"),
    ("openapi.json", "create_meeting/request.json", "create_meeting/gone.json", "has no create_meeting/gone.json"),
    ("openapi.json", "create_meeting/request.json", "https://example.com/a.json", "only files beside it"),
    ("openapi.json", "create_meeting/request.json", "create_meeting/request.json#/nowhere", "leads nowhere"),
    ("create_meeting/request.json", '"type": "object"', '"type": "objekt"', "create_meeting/request.json#"),
    ("create_meeting/cases.json", "[", "[[", "cases.json is not JSON"),
]


@pytest.mark.parametrize(("name", "old", "new", "told"), BROKEN, ids=[told for *_, told in BROKEN])
def test_a_broken_file_is_one_line_that_names_it(tmp_path: Path, name: str, old: str, new: str, told: str) -> None:
    copy = _copied(tmp_path)
    text = (copy / name).read_text()
    assert old in text
    (copy / name).write_text(text.replace(old, new, 1))

    with pytest.raises(CannotTell) as caught:
        list(load.load_contract(copy).operations)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cut_off_file_is_one_line(tmp_path: Path) -> None:
    copy = _copied(tmp_path)
    file = copy / "create_meeting" / "request.json"
    file.write_bytes(file.read_bytes()[:500])

    with pytest.raises(CannotTell, match="cut off"):
        list(load.load_contract(copy).operations)


def test_a_missing_folder_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(CannotTell, match=r"the folder that holds openapi\.json"):
        load.load_contract(tmp_path / "nothing")


def test_a_folder_in_place_of_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "openapi.json").mkdir()

    with pytest.raises(CannotTell, match="cannot be read"):
        load.load_contract(tmp_path)


def test_a_document_that_is_no_object_is_refused() -> None:
    with pytest.raises(CannotTell, match="no OpenAPI document"):
        load.read_contract({"openapi.json": b"[]"}.get, "openapi.json", "memory")


def test_references_that_go_round_are_an_error() -> None:
    document = {"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}}

    with pytest.raises(CannotTell, match="leads back to itself"):
        references.resolve(document, {"$ref": "#/a"})


def test_members_beside_a_reference_win() -> None:
    document = {"a": {"type": "string", "title": "old"}, "b": False}

    assert {"type": "string", "title": "new"} == references.resolve(document, {"$ref": "#/a", "title": "new"})
    assert references.resolve(document, {"$ref": "#/b"}) is False


def test_places_are_told_in_files() -> None:
    contract = load.load_contract()

    assert contract.operations["create_meeting"]
    assert "create_meeting/request.json#/properties/title" == references.located(
        "/components/schemas/create_meeting.request/properties/title", contract.document
    )
    assert "openapi.json#/info/title" == references.located("/info/title", contract.document)


def test_lines_are_those_of_the_file() -> None:
    text = (SCHEMAS / "create_meeting" / "request.json").read_text()
    lines = text.splitlines()
    line = json_text.line_of(text, "/properties/session_keep_alive_time_in_secs/minimum")

    assert "60" in lines[line - 1] or '"minimum"' in lines[line - 1]
    assert 1 == json_text.line_of(text, "")
    assert 1 == json_text.line_of(text, "/nowhere")
    assert '"string"' in lines[json_text.line_of(text, "/properties/title/type/0") - 1]


# --- an operation by data alone -------------------------------------------------------------------------------------


def _run(contract: Contract, operation: Operation) -> tuple[Result, ...]:
    """
    The whole plan sent to the emulator of the same contract, and judged.
    """
    numbers = iter(range(1, 100_000))
    respond = emulator(
        contract,
        token=TARGET.token,
        account_id=TARGET.account_id,
        app_id=TARGET.app_id,
        now=lambda: datetime(2026, 1, 31, tzinfo=UTC),
        new_id=lambda: str(uuid.UUID(int=next(numbers), version=4)),
    )
    results = []
    for case in plans.make(contract, operation).cases:
        asked = request_of(operation, case, TARGET)
        request = dataclasses.replace(asked, headers=tuple((name.lower(), value) for name, value in asked.headers))
        observation = Answered(response=respond(request), elapsed_s=0.001)
        results.append(judge(contract, operation, case, observation))
    return judge_run(contract, operation, tuple(results))


def _told(results: tuple[Result, ...]) -> list[str]:
    return [
        f"{result.case.id}: {finding.check} {finding.observed}"
        for result in results
        for finding in result.findings
        if finding.severity == "finding"
    ]


def test_an_operation_is_added_by_adding_files(tmp_path: Path) -> None:
    """
    The folder of create_meeting under another name and path: catalog, plan, emulator and judge work on it.
    """
    copy = _copied(tmp_path)
    shutil.copytree(copy / "create_meeting", copy / "create_room")
    document = json.loads((copy / "openapi.json").read_text())
    ((path, item),) = document["paths"].items()
    again = json.loads(json.dumps(item).replace("create_meeting", "create_room"))
    document["paths"][path.replace("meetings", "rooms")] = again
    (copy / "openapi.json").write_text(json.dumps(document))
    contract = load.load_contract(copy)
    old, new = (plans.make(contract, contract.operations[name]) for name in ("create_meeting", "create_room"))

    assert ["create_meeting", "create_room"] == list(contract.operations)
    assert [case.content for case in old.cases] == [case.content for case in new.cases]
    assert [case.id.partition("/")[2] for case in old.cases] == [case.id.partition("/")[2] for case in new.cases]
    results = _run(contract, contract.operations["create_room"])
    assert len(new.cases) == len(results)
    assert [] == _told(results)


PARTICIPANT: dict[str, Any] = {
    "type": "object",
    "required": ["custom_participant_id", "preset_name"],
    "properties": {
        "custom_participant_id": {"type": "string"},
        "preset_name": {"type": "string", "default": "group_call_host"},
        "name": {"type": ["string", "null"]},
        "picture": {"type": ["string", "null"], "format": "uri"},
    },
}
ADDED: dict[str, Any] = {
    "type": "object",
    "required": ["id", "token", "created_at", "updated_at", "custom_participant_id", "preset_name"],
    "properties": {
        "id": {"type": "string", "format": "uuid", "readOnly": True},
        "token": {"type": "string", "readOnly": True},
        "created_at": {"type": "string", "format": "date-time", "readOnly": True},
        "updated_at": {"type": "string", "format": "date-time", "readOnly": True},
        "custom_participant_id": {"type": "string"},
        "preset_name": {"type": "string"},
        "name": {"type": ["string", "null"]},
        "picture": {"type": ["string", "null"]},
    },
}


def _with(tmp_path: Path, name: str, path: str, method: str, request: Any, data: Any, status: str) -> Contract:
    """
    The shipped contract with one more operation, added as files.
    """
    copy = _copied(tmp_path)
    document = json.loads((copy / "openapi.json").read_text())
    ((old_path, item),) = document["paths"].items()
    spec = json.loads(json.dumps(item["post"]))
    spec["operationId"] = name
    spec.pop("x-tolerated", None)
    (copy / name).mkdir()
    if request is None:
        del spec["requestBody"]
    else:
        (copy / name / "request.json").write_text(json.dumps(made.cited(request)))
        spec["requestBody"]["content"]["application/json"]["schema"] = {"$ref": f"{name}/request.json"}
    (copy / name / "response.json").write_text(json.dumps(made.cited(data)))
    answer = spec["responses"].pop("201")
    answer["content"]["application/json"]["schema"]["properties"]["data"] = {"$ref": f"{name}/response.json"}
    spec["responses"][status] = answer
    document["paths"][old_path + path] = {method: spec}
    (copy / "openapi.json").write_text(json.dumps(document))
    sources = json.loads((copy / "sources.json").read_text())
    sources["vendor"] = made.SOURCES["vendor"]
    (copy / "sources.json").write_text(json.dumps(sources))
    return load.load_contract(copy)


def test_an_operation_of_another_shape_is_added_by_adding_files(tmp_path: Path) -> None:
    """
    Required members, other answers, another status.
    """
    contract = _with(tmp_path, "add_participant", "/participants", "post", PARTICIPANT, ADDED, "201")
    results = _run(contract, contract.operations["add_participant"])
    ids = {result.case.id.partition("/")[2] for result in results}

    assert {"preset_name/missing-required", "custom_participant_id/wrong-type-null", "minimal"} <= ids
    assert len(results) > 20
    assert [] == _told(results)


def test_an_operation_without_a_body_is_added_by_adding_files(tmp_path: Path) -> None:
    """
    A GET: the plan holds the smallest request and one with a parameter too many, and the emulator answers it.
    """
    contract = _with(tmp_path, "get_meeting", "/one", "get", None, {"type": "object"}, "200")
    operation = contract.operations["get_meeting"]

    assert ("GET", {}) == (operation.method, operation.request_schema)
    planned = plans.make(contract, operation).cases
    assert {"get_meeting/minimal", "get_meeting/query/unknown-parameter"} <= {case.id for case in planned}
    assert {b""} == {case.content for case in planned}
    request = Request(
        method="GET",
        url=TARGET.base_url + operation.path.format(account_id=TARGET.account_id, app_id=TARGET.app_id),
        headers=(("authorization", f"Bearer {TARGET.token}"),),
        content=b"",
    )
    respond = emulator(
        contract,
        token=TARGET.token,
        account_id=TARGET.account_id,
        app_id=TARGET.app_id,
        now=lambda: datetime(2026, 1, 31, tzinfo=UTC),
        new_id=lambda: "3b241101-e2bb-4255-8caf-4136c566a962",
    )
    assert 200 == respond(request).status


@pytest.mark.parametrize("name", made.NAMES)
def test_made_up_contracts_are_read(name: str) -> None:
    contract, operation = made.named(name)

    assert name == operation.name
    assert {"vendor"} == set(contract.sources) - set(STANDARDS)
    assert loads(encode(made.cited(made.schema_of(name)))) == made.cited(made.schema_of(name))


def test_the_whole_document_holds_what_no_operation_was_asked_for() -> None:
    contract = load.load_contract()

    assert {} == contract.document["paths"]
    assert len(contract.operations) == sum(map(len, contract.whole["paths"].values()))
    assert "create_meeting.request" in contract.whole["components"]["schemas"]
