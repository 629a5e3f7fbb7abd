"""
The data is sound: files are found, schemas valid, sources and ids resolve, bounds have cases on both sides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

import made
from rtkcontract.contract import load
from rtkcontract.contract.expectation import Oracle, source_ids
from rtkcontract.generation import plan as plans
from rtkcontract.json_schema.dialects import DIALECT
from rtkcontract.json_schema.json_text import loads
from rtkcontract.json_schema.structure import CONSTRAINTS
from rtkcontract.openapi import references

FOLDER = load.data_folder("schemas")
FILES = sorted(FOLDER.rglob("*.json")) + sorted(made.SCHEMAS.glob("*.json"))
CONTRACT = load.load_contract()
OPERATIONS = list(CONTRACT.operations.values())
WITH_BODY = [operation for operation in OPERATIONS if operation.request_schema]
WITH_CASES = [operation for operation in OPERATIONS if operation.written_cases]
WITH_ROWS = [operation for operation in OPERATIONS if operation.rows]
RULES = CONSTRAINTS - {"$ref", "items", "properties", "allOf", "if", "then", "else", "not"}
"""Keywords that promise something by themselves; the others only lead to them."""


def _named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _schemas() -> dict[str, Any]:
    bundled = CONTRACT.document["components"]["schemas"]
    return {key: schema for key, schema in bundled.items() if not key.startswith("meta")}


def test_the_files_are_found() -> None:
    names = {_named(path) for path in FILES}

    assert len(FILES) >= 20
    assert {
        "schemas/openapi.json",
        "schemas/sources.json",
        "create_meeting/request.json",
        "create_meeting/cases.json",
    } <= names
    assert "create_meeting" == next(iter(CONTRACT.operations))
    assert len(_schemas()) >= 4


@pytest.mark.parametrize("path", FILES, ids=_named)
def test_files_are_strict_json_in_one_form(path: Path) -> None:
    """
    Two spaces, no escapes for plain letters, one line break at the end; edits of past revisions stand one a line.
    """
    content = path.read_bytes()
    value = loads(content)

    assert content.endswith(b"\n")
    assert path.parent.name == "history" or json.dumps(value, indent=2, ensure_ascii=False) + "\n" == content.decode()


@pytest.mark.parametrize("key", _schemas())
def test_schemas_are_valid_under_their_metaschema(key: str) -> None:
    jsonschema.Draft202012Validator.check_schema(_schemas()[key])


@pytest.mark.parametrize("path", sorted((FOLDER / "meta").glob("*.json")), ids=_named)
def test_schemas_of_our_own_formats_are_valid_and_closed(path: Path) -> None:
    schema = json.loads(path.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == DIALECT
    assert schema.get("additionalProperties") is False or "$defs" in schema


def test_the_document_is_valid_openapi() -> None:
    validate(CONTRACT.document)


def _cited(node: Any) -> Iterator[str]:
    """
    Every source that is cited below a node.
    """
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("x-source", "source"):
                cited = value.values() if isinstance(value, dict) else [value]
                yield from (source for one in cited for source in source_ids(one))
            else:
                yield from _cited(value)
    elif isinstance(node, list):
        for item in node:
            yield from _cited(item)


def test_every_cited_source_exists() -> None:
    written = [entry for operation in OPERATIONS for entry in (*operation.written_cases, *operation.deviations)]
    cited = set(_cited(CONTRACT.document)) | set(_cited(written))

    assert len(cited) > 8
    assert cited <= set(CONTRACT.sources)


@pytest.mark.parametrize("source", CONTRACT.sources.values(), ids=lambda source: source.id)
def test_sources_are_dated_and_have_no_address(source: Any) -> None:
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", source.read)
    assert source.title
    assert source.where
    assert "://" not in source.where


STRUCTURE = {
    "properties",
    "items",
    "additionalProperties",
    "allOf",
    "anyOf",
    "oneOf",
    "if",
    "then",
    "else",
    "$ref",
    "not",
}
ANNOTATIONS = {
    *("title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly"),
    *("$comment", "$schema", "$id"),
}


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda operation: operation.name)
def test_every_rule_of_a_request_cites_a_source(operation: Any) -> None:
    """
    A rule without a source decides nothing, so it would be tested in vain.
    """
    bare = []
    schema = references.resolve(CONTRACT.document, operation.request_schema)
    for place, node in made.located(schema, "#"):
        inside = re.search(r"/(if|not)(/|$)", place)
        if set(node) & RULES and "x-source" not in node and not inside and not _beside(schema, place):
            bare.append(place)

    assert [] == bare


def _beside(schema: Any, place: str) -> bool:
    """
    Whether the node is a member of a union, whose source stands at the union.
    """
    return bool(re.search(r"/(anyOf|oneOf|allOf)/\d+", place)) and bool(schema)


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda operation: operation.name)
def test_requests_use_keywords_that_the_engine_knows(operation: Any) -> None:
    schema = references.resolve(CONTRACT.document, operation.request_schema)
    keywords = {key for node in made.subschemas(schema) for key in node if not key.startswith("x-")}

    assert "type" in keywords or "allOf" in keywords
    assert keywords <= CONSTRAINTS | STRUCTURE | ANNOTATIONS


@pytest.mark.parametrize("operation", [CONTRACT.operations["create_meeting"]], ids=lambda operation: operation.name)
def test_every_bound_has_cases_on_both_sides(operation: Any) -> None:
    """
    On the bound, one step inside, one step outside.
    """
    cases = plans.make(CONTRACT, operation).cases
    schema = references.resolve(CONTRACT.document, operation.request_schema)
    bounds = [
        (re.sub(r"#?/(?:properties|anyOf/\d+|allOf/\d+)/?", ".", place).strip("."), keyword)
        for place, node in made.located(schema, "#")
        for keyword in ("minimum", "maximum")
        if keyword in node
    ]
    sides = {(case.field, case.partition): case.expect.outcome for case in cases if case.field}

    assert len(bounds) >= 12
    for field, keyword in bounds:
        out = "below" if keyword == "minimum" else "above"
        assert "rejected" == sides[field, f"{out}-{keyword}"]
        assert any(case.expect.outcome == "accepted" and _holds(case.content, field, keyword, schema) for case in cases)


def _holds(content: bytes, field: str, keyword: str, schema: Any) -> bool:
    """
    Whether a body holds the bound itself.
    """
    try:
        value: Any = loads(content)
    except ValueError:
        return False
    node = schema
    for part in field.split("."):
        if not isinstance(value, dict) or part not in value:
            return False
        value, node = value[part], node["properties"][part]
    return bool(value == node[keyword])


@pytest.mark.parametrize("operation", WITH_CASES, ids=lambda operation: operation.name)
def test_written_cases_are_unique_and_explained(operation: Any) -> None:
    names = [entry["name"] for entry in operation.written_cases]

    assert len(names) > (30 if operation.role == "create" and operation.rows else 1)
    assert len(names) == len(set(names))
    for entry in operation.written_cases:
        assert {"name", "partition", "note", "expect"} <= set(entry)
        assert {"outcome", "reason", "source"} <= set(entry["expect"])
        assert entry["expect"]["outcome"] in ("accepted", "rejected", "unspecified")
        assert ("rejection" in entry["expect"]) == (entry["expect"]["outcome"] == "rejected"), entry["name"]
        assert not ("content" in entry and "content_base64" in entry)


@pytest.mark.parametrize("operation", WITH_ROWS, ids=lambda operation: operation.name)
def test_stored_rows_are_bodies_that_the_schema_accepts(operation: Any) -> None:
    oracle = Oracle(CONTRACT.document, operation.request_schema)
    rows = [json.dumps(row, sort_keys=True) for row in operation.rows]

    assert len(rows) > 60
    assert len(rows) == len(set(rows))
    assert all(oracle.valid(loads(row)) for row in rows)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("description", "note", "reason", "summary") and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)


def test_descriptions_state_facts() -> None:
    """
    Never "should", never "test that".
    """
    texts = list(_texts(CONTRACT.document)) + [text for o in OPERATIONS for text in _texts(list(o.written_cases))]

    assert len(texts) > 100
    assert [] == [text for text in texts if re.search(r"\b(should|test that|tests that|ensure)\b", text, re.IGNORECASE)]


def test_made_up_schemas_are_valid_too() -> None:
    for name in made.NAMES:
        jsonschema.Draft202012Validator.check_schema(made.schema_of(name))

    assert len(made.NAMES) >= 10
