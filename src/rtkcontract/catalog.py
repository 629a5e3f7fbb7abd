"""
Reads and checks the contract; the only module that knows where `schemas/` is and how its files refer to each other.

1. `openapi.json` is the front door; files that it refers to are bundled into `components.schemas`, one key a file.
2. The folder is found beside the installed package first, then in the checkout.
3. A file is read through a function, so that a revision can come from a folder, a git revision or memory.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import jsonschema_rs

from rtkcontract.errors import CannotTell
from rtkcontract.jsontext import NotStrictJson, at, dumps, loads
from rtkcontract.model import Contract, Json, Operation, Source

Read: TypeAlias = Callable[[str], bytes | None]
"""Relative path with slashes to the file's bytes, or None where there is no such file."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def data_folder(name: str) -> Path:
    """
    `schemas`, `contract_tests` or `cassettes`: beside the installed package, else in the checkout around it.
    """
    here = Path(__file__).parent
    return next((folder for folder in (here / name, here.parents[1] / name) if folder.is_dir()), here / name)


def folder_reader(folder: Path) -> Read:
    """
    Reads files below one folder.
    """

    def read(name: str) -> bytes | None:
        try:
            return (folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CannotTell(f"{folder / name} cannot be read: {error.strerror}") from None

    return read


def read_json(read: Read, name: str, where: str) -> Json:
    """
    One JSON file. Raises CannotTell naming the file and the place where it stops being JSON.
    """
    content = read(name)
    if content is None:
        raise CannotTell(f"{where} has no {name}; name the folder that holds openapi.json")
    try:
        return loads(content)
    except NotStrictJson as error:
        raise CannotTell(f"{posixpath.join(where, name)} is not JSON: {error}; the file may be cut off") from None


def _key(name: str) -> str:
    return name.removesuffix(".json").replace("/", ".")


class _Bundle:
    """
    The files met so far while references are followed.
    """

    def __init__(self, read: Read, where: str) -> None:
        self.read, self.where = read, where
        self.files: dict[str, Json] = {}

    def rewritten(self, node: Json, name: str, top: str) -> Json:
        """
        A copy of the node in which each reference points into the bundled document.
        """
        if isinstance(node, list):
            return [self.rewritten(item, name, top) for item in node]
        if not isinstance(node, dict):
            return node
        return {
            key: self.reference(value, name, top)
            if key == "$ref" and isinstance(value, str)
            else self.rewritten(value, name, top)
            for key, value in node.items()
            if not (key == "$schema" and name != top)
        }

    def reference(self, ref: str, name: str, top: str) -> str:
        file, _, fragment = ref.partition("#")
        if "://" in file:
            raise CannotTell(f"{posixpath.join(self.where, name)} refers to {ref}; only files beside it can be read")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), file)) if file else name
        if target == top:
            return f"#{fragment}"
        if target not in self.files:
            self.files[target] = None
            self.files[target] = self.rewritten(read_json(self.read, target, self.where), target, top)
        return f"#/components/schemas/{_key(target)}{fragment}"


def references(node: Json) -> Iterator[str]:
    """
    Every `$ref` at or below a node.
    """
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from references(item)


def bundle(read: Read, name: str, where: str) -> Json:
    """
    One OpenAPI document with each file that it refers to under `components.schemas`.

    Raises CannotTell for a file that is missing or broken and for a reference that leads nowhere.
    """
    files = _Bundle(read, where)
    document = files.rewritten(read_json(read, name, where), name, name)
    if not isinstance(document, dict):
        raise CannotTell(f"{posixpath.join(where, name)} is no JSON object, so no OpenAPI document")
    if files.files:
        components = document.setdefault("components", {}).setdefault("schemas", {})
        components.update({_key(file): schema for file, schema in sorted(files.files.items())})
    for ref in references(document):
        try:
            at(document, ref.removeprefix("#"))
        except LookupError as error:
            raise CannotTell(
                f"{posixpath.join(where, name)} has a reference {ref} that leads nowhere: {error}"
            ) from None
    return document


def located(pointer: str, _document: Json) -> str:
    """
    `file#/pointer` in `schemas/` of a pointer into the bundled document.
    """
    parts = pointer.split("/")
    if parts[1:3] == ["components", "schemas"] and len(parts) > 3:
        return parts[3].replace(".", "/") + ".json#" + "".join(f"/{part}" for part in parts[4:])
    return f"openapi.json#{pointer}"


def resolve(document: Json, node: Json) -> Json:
    """
    The node behind a chain of `$ref`s; members beside a `$ref` win over those behind it.
    """
    seen: set[str] = set()
    while isinstance(node, dict) and "$ref" in node:
        ref = node["$ref"]
        if ref in seen:
            raise CannotTell(f"the reference {ref} leads back to itself")
        seen.add(ref)
        beside = {key: value for key, value in node.items() if key != "$ref"}
        behind = at(document, ref.removeprefix("#"))
        node = {**behind, **beside} if isinstance(behind, dict) else behind
    return node


def _json_schema(media: Mapping[str, Json]) -> tuple[str, Json]:
    """
    Media type and schema of the JSON content of a request body or response; an empty schema where there is none.
    """
    for kind, content in media.items():
        if "json" in kind:
            return kind, content.get("schema", {})
    return "application/json", {}


def _member(document: Json, schema: Json, name: str) -> Json:
    schema = resolve(document, schema)
    found = schema.get("properties", {}).get(name)
    if found is not None:
        return found
    for part in schema.get("allOf", ()):
        if (found := _member(document, part, name)) != {}:
            return found
    return {}


def _lines(read: Read, name: str) -> tuple[Json, ...]:
    content = read(name) or b""
    return tuple(loads(line, as_written=True) for line in content.splitlines() if line.strip())


def _tuple(read: Read, name: str, where: str) -> tuple[Json, ...]:
    return tuple(read_json(read, name, where)) if read(name) is not None else ()


def _operation(document: Json, path: str, method: str, item: Json, read: Read, where: str) -> Operation:
    spec = item[method]
    name = spec["operationId"]
    body = resolve(document, spec.get("requestBody", {}))
    media_type, request_schema = _json_schema(body.get("content", {}))
    success: dict[int, Json] = {}
    error: Json = {}
    for status, response in spec.get("responses", {}).items():
        schema = _json_schema(resolve(document, response).get("content", {}))[1]
        if status.isdigit() and status.startswith("2"):
            success[int(status)] = schema
        elif status.upper() == "4XX":
            error = schema
    return Operation(
        name=name,
        method=method.upper(),
        path=path,
        media_type=media_type,
        request_schema=request_schema,
        success_schemas=success,
        error_schema=error,
        data_schema=_member(document, next(iter(success.values()), {}), "data"),
        parameters=tuple(resolve(document, p) for p in (*item.get("parameters", ()), *spec.get("parameters", ()))),
        tolerated=tuple(spec.get("x-tolerated", ())),
        unspecified=tuple(spec.get("x-unspecified", ())),
        rate_limits=tuple(spec.get("x-rate-limits", ())),
        written_cases=_tuple(read, f"{name}/cases.json", where),
        rows=_lines(read, f"{name}/rows.jsonl"),
        corpus=_lines(read, f"{name}/corpus.jsonl"),
        deviations=_tuple(read, f"{name}/deviations.json", where),
    )


def schema_problems(document: Json) -> Iterator[str]:
    """
    One line for each bundled schema that is no valid JSON Schema (2020-12).
    """
    for key, schema in document.get("components", {}).get("schemas", {}).items():
        if not jsonschema_rs.meta.is_valid(schema):
            from jsonschema import Draft202012Validator, SchemaError  # says best where, and takes long to import

            try:
                Draft202012Validator.check_schema(schema)
            except SchemaError as error:
                yield f"{located('/components/schemas/' + key, document)}{error.json_path[1:]}: {error.message[:200]}"


def contract_of(document: Json, read: Read, where: str) -> Contract:
    """
    The contract that a bundled document and the files beside it state.
    """
    try:
        operations = {
            operation.name: operation
            for path, item in document.get("paths", {}).items()
            for method in METHODS
            if method in item
            for operation in [_operation(document, path, method, item, read, where)]
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise CannotTell(f"{where} holds no OpenAPI document that can be read: {error!r}") from None
    if not operations:
        raise CannotTell(f"{where} has no operation under paths; an OpenAPI 3.1 document is needed")
    for problem in schema_problems(document):
        raise CannotTell(f"{where}: {problem}")
    written = read("sources.json")
    sources = read_json(read, "sources.json", where) if written is not None else {}
    return Contract(
        document=document,
        operations=operations,
        sources={key: Source(id=key, **value) for key, value in sources.items()},
        revision=str(document.get("info", {}).get("version", "")),
        digest=hashlib.sha256(dumps(document, sort=True).encode()).hexdigest()[:12],
    )


def load(folder: Path | None = None, name: str = "openapi.json") -> Contract:
    """
    The contract in a folder; without one, the contract that ships with this package.

    Raises CannotTell with one line for a missing, cut-off or contradictory file.
    """
    folder = folder or data_folder("schemas")
    read = folder_reader(folder)
    return contract_of(bundle(read, name, str(folder)), read, str(folder))


def line_of(text: str, pointer: str) -> int:
    """
    The line (from 1) on which the value at a JSON Pointer starts; 1 where the pointer leads nowhere.
    """
    decoder = json.JSONDecoder()
    position = 0
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        found = _inside(text, position, name, decoder)
        if found is None:
            break
        position = found
    return text.count("\n", 0, position) + 1


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n,:":
        position += 1
    return position


def _inside(text: str, position: int, name: str, decoder: json.JSONDecoder) -> int | None:
    """
    Where the member or item `name` of the value at `position` starts.
    """
    position = _skip(text, position)
    opening, index = text[position : position + 1], 0
    position = _skip(text, position + 1)
    while opening in ("{", "[") and position < len(text) and text[position] not in "}]":
        key = str(index)
        if opening == "{":
            key, position = decoder.raw_decode(text, position)
            position = _skip(text, position)
        if key == name:
            return position
        _, position = decoder.raw_decode(text, position)
        position = _skip(text, position)
        index += 1
    return None
