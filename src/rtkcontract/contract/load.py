"""
Reads and checks the contract; the only module that knows where `schemas/` is and how its files refer to each other.

1. `openapi.json` is the front door; files that it refers to are bundled into `components.schemas`, one key a file.
2. The folder is found beside the installed package first, then in the checkout.
3. A file is read through a function, so that a revision can come from a folder, a git revision or memory.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import jsonschema_rs

from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import dumps, loads
from rtkcontract.model import Contract, Json, Made, Operation, Parameter, Source
from rtkcontract.openapi.links import links_of, role_of
from rtkcontract.openapi.references import Read, bundle, located, read_json, resolve

DIALECT = "https://json-schema.org/draft/2020-12/schema"


METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def data_folder(name: str) -> Path:
    """
    `schemas`, `contract_tests` or `cassettes`: beside the installed package, else in the checkout around it.
    """
    here = Path(__file__).parents[1]
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


def _operation(document: Json, profile: Json, path: str, method: str, read: Read, where: str) -> Operation:
    """
    One operation, with what the document and the profile say of every operation.
    """
    item = document["paths"][path]
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
        parameters=_parameters(document, (*item.get("parameters", ()), *spec.get("parameters", ()))),
        tolerated=(
            *(entry for entry in profile.get("tolerated", ()) if entry["as"] in spec["responses"]),
            *spec.get("x-tolerated", ()),
        ),
        unspecified=(*document.get("x-unspecified", ()), *spec.get("x-unspecified", ())),
        rate_limits=(*profile.get("rates", ()), *spec.get("x-rate-limits", ())),
        written_cases=_tuple(read, f"{name}/cases.json", where),
        rows=_lines(read, f"{name}/rows.jsonl"),
        corpus=_lines(read, f"{name}/corpus.jsonl"),
        deviations=_tuple(read, f"{name}/deviations.json", where),
        body_required=body.get("required", False),
        role=role_of(method.upper(), path, spec, document["paths"]),
        tags=tuple(spec.get("tags", ())),
        undo=spec.get("x-undo"),
        effects=spec.get("x-effects"),
    )


def _parameters(document: Json, nodes: Iterable[Json]) -> tuple[Parameter, ...]:
    """
    The declared parameters; one of the operation replaces that of the path with the same name and place.
    """
    found = {}
    for node in (resolve(document, node) for node in nodes):
        found[node["in"], node["name"]] = Parameter(
            where=node["in"],
            name=node["name"],
            required=node.get("required") is True,
            schema=node.get("schema", {}),
            style=node.get("style", ""),
            explode=node.get("explode"),
            allow_empty_value=node.get("allowEmptyValue") is True,
        )
    return tuple(found.values())


def _linked(document: Json, operations: Mapping[str, Operation]) -> dict[str, Operation]:
    """
    The operations with the makers of their path parameters; a create is preferred to a list.
    """
    makers: dict[str, dict[str, Made]] = {name: {} for name in operations}
    for role in ("create", "list"):
        for name, operation in operations.items():
            if operation.role == role or (role == "list" and operation.role != "create"):
                spec = document["paths"][operation.path][operation.method.lower()]
                responses = {s: resolve(document, r) for s, r in spec.get("responses", {}).items() if s[:1] == "2"}
                for taker, parameter, made in links_of(name, responses):
                    if taker in makers:
                        makers[taker].setdefault(parameter, made)
    for operation in operations.values():
        _inherit(operation, makers)
    return {name: replace(operation, makers=makers[name]) for name, operation in operations.items()}


def _inherit(operation: Operation, makers: dict[str, dict[str, Made]]) -> None:
    """
    An id that no link gives is the one under which the object of another id was made: a participant lives in the
    meeting that it was added to.
    """
    own = makers[operation.name]
    names = re.findall(r"\{([^{}]*)\}", operation.path)
    waiting = [made.operation for name, made in own.items() if name in names]
    known = set(waiting)
    while waiting:
        above = makers.get(waiting.pop(0), {})
        for name, made in above.items():
            if name in names:
                own.setdefault(name, made)
            if made.operation not in known:
                known.add(made.operation)
                waiting.append(made.operation)


def schema_problems(document: Json) -> Iterator[str]:
    """
    One line for each bundled schema that is no valid JSON Schema (2020-12).
    """
    for key, schema in document.get("components", {}).get("schemas", {}).items():
        if not jsonschema_rs.meta.is_valid(schema):
            from rtkcontract.json_schema.reference import schema_problem  # says best where, and takes long to import

            if (problem := schema_problem(schema)) is not None:
                place, reason = problem
                yield f"{located('/components/schemas/' + key, document)}{place}: {reason[:200]}"


def contract_of(document: Json, read: Read, where: str) -> Contract:
    """
    The contract that a bundled document and the files beside it state.
    """
    profile = read_json(read, "profile.json", where) if read("profile.json") is not None else {}
    try:
        operations = {
            operation.name: operation
            for path, item in document.get("paths", {}).items()
            for method in item  # in the order of the document: the first one is the default
            if method in METHODS
            for operation in [_operation(document, profile, path, method, read, where)]
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
        operations=_linked(document, operations),
        sources={key: Source(id=key, **value) for key, value in sources.items()},
        revision=str(document.get("info", {}).get("version", "")),
        digest=hashlib.sha256(dumps(document, sort=True).encode()).hexdigest()[:12],
    )


def load_contract(folder: Path | None = None, name: str = "openapi.json") -> Contract:
    """
    The contract in a folder; without one, the contract that ships with this package.

    Raises CannotTell with one line for a missing, cut-off or contradictory file.
    """
    folder = folder or data_folder("schemas")
    read = folder_reader(folder)
    return contract_of(bundle(read, name, str(folder)), read, str(folder))
