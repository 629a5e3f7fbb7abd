"""
Contracts made of one request schema, and a second judge of what a plan sends.

`jsonschema` judges independently of the engine, whose own oracle is jsonschema-rs.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
from jsonschema.validators import extend

from rtkcontract.contract import load
from rtkcontract.model import Contract, Operation

SCHEMAS = Path(__file__).parent / "data" / "schemas"
NAMES = sorted(path.stem for path in SCHEMAS.glob("*.json"))
SOURCES = {"vendor": {"title": "a made-up vendor", "where": "nowhere", "dated": "2026-01-01", "read": "2026-01-01"}}

ONE = ("items", "additionalProperties", "not", "if", "then", "else")
LISTS = ("allOf", "anyOf", "oneOf")
MAPS = ("properties", "$defs")


def schema_of(name: str) -> Any:
    """
    A fresh copy of one of the schemas in tests/data/schemas.
    """
    return json.loads((SCHEMAS / f"{name}.json").read_text())


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    """
    The schema and every schema inside it.
    """
    if not isinstance(schema, dict):
        return
    yield schema
    for keyword in ONE:
        yield from subschemas(schema.get(keyword))
    for keyword in LISTS:
        for part in schema.get(keyword, ()):
            yield from subschemas(part)
    for keyword in MAPS:
        for part in schema.get(keyword, {}).values():
            yield from subschemas(part)


def cited(schema: Any) -> Any:
    """
    A copy in which every schema cites the one source, so that each rule decides.
    """
    schema = copy.deepcopy(schema)
    for node in list(subschemas(schema)):
        node.setdefault("x-source", "vendor")
    return schema


def files_of(name: str, schema: Any, rows: bytes = b"") -> dict[str, bytes]:
    """
    The files of a contract with one POST operation whose body is the schema.
    """
    answer = {"type": "object", "required": ["data"], "properties": {"data": {"type": "object"}}}
    operation = {
        "operationId": name,
        "requestBody": {"content": {"application/json": {"schema": {"$ref": f"{name}/request.json"}}}},
        "responses": {"201": {"description": "made", "content": {"application/json": {"schema": answer}}}},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": name, "version": "1"},
        "paths": {f"/accounts/{{account_id}}/{name}": {"post": operation}},
    }
    files = {
        "openapi.json": json.dumps(document).encode(),
        "sources.json": json.dumps(SOURCES).encode(),
        f"{name}/request.json": json.dumps(cited(schema)).encode(),
    }
    return {**files, f"{name}/rows.jsonl": rows} if rows else files


def contract_of(files: dict[str, bytes]) -> tuple[Contract, Operation]:
    """
    The contract in files that stand in memory, with its one operation.
    """
    contract = load.read_contract(files.get, "openapi.json", "memory")
    (operation,) = contract.operations.values()
    return contract, operation


def only(folder: Path, name: str = "create_meeting") -> Path:
    """
    Narrows the contract in a folder to one operation, in place.
    """
    file = folder / "openapi.json"
    document = json.loads(file.read_text())
    document["paths"] = {
        path: {key: value for key, value in item.items() if key in ("parameters", method)}
        for path, item in document["paths"].items()
        for method, spec in item.items()
        if method != "parameters" and spec["operationId"] == name
    }
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return folder


def made(name: str, schema: Any, rows: bytes = b"") -> tuple[Contract, Operation]:
    return contract_of(files_of(name, schema, rows))


def named(name: str) -> tuple[Contract, Operation]:
    """
    The contract of one of the schemas in tests/data/schemas.
    """
    return made(name, schema_of(name))


# --- the second judge -----------------------------------------------------------------------------------------------

KINDS: dict[str, tuple[type, ...]] = {
    "minimum": (int, float),
    "maximum": (int, float),
    "exclusiveMinimum": (int, float),
    "exclusiveMaximum": (int, float),
    "multipleOf": (int, float),
    "minLength": (str,),
    "maxLength": (str,),
    "pattern": (str,),
    "format": (str,),
    "items": (list,),
    "minItems": (list,),
    "maxItems": (list,),
    "uniqueItems": (list,),
    "required": (dict,),
    "properties": (dict,),
    "additionalProperties": (dict,),
    "minProperties": (dict,),
    "maxProperties": (dict,),
    "dependentRequired": (dict,),
}
NO_RULE = frozenset({"byte"})
"""Formats that validators take for an annotation."""
ASIDE = frozenset({"$schema", "$id", "$defs", "then", "else"})
"""`then` and `else` are judged inside `if`."""


FORMATS = jsonschema.FormatChecker(["email", "ipv4", "ipv6", "date", "uuid"])


@FORMATS.checks("uri", ValueError)
def _is_uri(value: Any) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme and " " not in value)


@FORMATS.checks("date-time", ValueError)
def _is_date_time(value: Any) -> bool:
    return not isinstance(value, str) or ("T" in value and datetime.fromisoformat(value).tzinfo is not None)


@FORMATS.checks("time", ValueError)
def _is_time(value: Any) -> bool:
    return not isinstance(value, str) or time.fromisoformat(value).tzinfo is not None


@dataclass(slots=True)
class Judge:
    """
    Validates with `jsonschema` and notes which keyword of which schema was met, kept and broken.

    A keyword is told by its schema's place: `#/properties/title` and `minLength`.
    """

    schema: Any
    kept: set[tuple[str, str]] = field(default_factory=set)
    broken: set[tuple[str, str]] = field(default_factory=set)
    places: dict[int, str] = field(default_factory=dict)
    validator: Any = None

    def __post_init__(self) -> None:
        self.places.update((id(node), place) for place, node in located(self.schema, "#"))
        checked = {name: self._noted(name, rule) for name, rule in jsonschema.Draft202012Validator.VALIDATORS.items()}
        kind = extend(jsonschema.Draft202012Validator, checked)
        self.validator = kind(self.schema, format_checker=FORMATS)

    def _noted(self, keyword: str, rule: Callable[..., Any]) -> Callable[..., Any]:
        def note(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
            applies = isinstance(instance, KINDS.get(keyword, (object,))) and not (
                isinstance(instance, bool) and int in KINDS.get(keyword, ())
            )
            place = self.places.get(id(schema))
            held = True
            for error in rule(validator, value, instance, schema) or ():
                if held and place is not None:
                    self.broken.add((place, keyword))
                held = False
                yield error
            if held and applies and place is not None:
                self.kept.add((place, keyword))

        return note

    def noted(self, value: Any) -> bool:
        """
        Whether the value is valid, with every keyword noted.
        """
        return not list(self.validator.iter_errors(value))

    def keywords(self) -> set[tuple[str, str]]:
        """
        Every constraint that the schema holds.
        """
        return {
            (place, keyword)
            for place, node in located(self.schema, "#")
            for keyword in node
            if keyword in jsonschema.Draft202012Validator.VALIDATORS and keyword not in ASIDE
            if not (keyword == "format" and node[keyword] in NO_RULE)
        }

    def unmet(self) -> set[tuple[str, str, str]]:
        """
        The constraints that no noted value kept, and those that none broke.
        """
        keywords = self.keywords()
        never_kept = {(*keyword, "never kept") for keyword in keywords - self.kept}
        return never_kept | {(*keyword, "never broken") for keyword in keywords - self.broken}


def located(schema: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """
    The schema and every schema inside it, each with its JSON Pointer.
    """
    if not isinstance(schema, dict):
        return
    yield place, schema
    for keyword in ONE:
        yield from located(schema.get(keyword), f"{place}/{keyword}")
    for keyword in LISTS:
        for number, part in enumerate(schema.get(keyword, ())):
            yield from located(part, f"{place}/{keyword}/{number}")
    for keyword in MAPS:
        for name, part in schema.get(keyword, {}).items():
            yield from located(part, f"{place}/{keyword}/{name}")
