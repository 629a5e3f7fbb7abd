"""
An OpenAPI document, 3.0 to 3.2, in JSON or YAML -> its operations; every verb reads through here.

1. An operation is read when it is asked for, and with it only the files and schemas that it reaches. One that is not
   written as OpenAPI says is refused by name, and the rest goes on.
2. What is read stands in `Reader.document` too: one document in the words of 3.1 whose references stay inside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.dialects import Dialect, dialect_of
from rtkcontract.json_schema.json_text import pointer
from rtkcontract.model import Credential, Declared, Json, Operation, Parameter
from rtkcontract.openapi import media_types
from rtkcontract.openapi.bundle import Bundle
from rtkcontract.openapi.references import Files, Spot, parts_of

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
"""The methods that a path item has members for (OpenAPI 3.2); further ones stand in `additionalOperations`."""
COPIED: Final = ("openapi", "jsonSchemaDialect", "info", "servers", "security", "tags", "x-unspecified")


@dataclass(frozen=True, slots=True)
class Call:
    """
    One method on one path as the document has it. `items` are the path item and those that it refers to.
    """

    path: str
    method: str
    spec: Spot
    items: tuple[Spot, ...]

    @property
    def name(self) -> str:
        """
        "POST /path", by which an operation without an id goes.
        """
        return f"{self.method} {self.path}"

    @property
    def operation_id(self) -> str:
        """
        The operationId; "" where there is none that can be used.
        """
        found = self.spec.value.get("operationId") if isinstance(self.spec.value, dict) else None
        return found if isinstance(found, str) else ""


class Reader:
    """
    One document, read operation by operation.
    """

    def __init__(self, files: Files, *, clauses: bool = True) -> None:
        """
        Without `clauses`, what `x-unspecified` refers to is not looked for: those who compare two documents do not
        need it. Raises CannotTell for a document that is no OpenAPI 3.
        """
        self.files = files
        roots = files.main.names("")
        version = _version(files, roots)
        self.document: dict[str, Json] = {key: files.main.find(pointer([key])) for key in COPIED if key in roots}
        self.document["openapi"] = "3.1.0" if version.startswith("3.0") else version
        self.document["paths"] = {}
        dialect: Dialect = "3.0" if version.startswith("3.0") else "2020-12"
        dialect = dialect_of(self.document.get("jsonSchemaDialect"), dialect)
        self.bundle = Bundle(files, self.document, dialect, clauses=clauses)
        self._paths: dict[str, tuple[Spot, ...]] = {}

    # --- which operations there are ---------------------------------------------------------------------------------

    @cached_property
    def paths(self) -> Mapping[str, None]:
        """
        The path templates, in the document's order.
        """
        return dict.fromkeys(name for name in self.files.main.names("/paths") if name.startswith("/"))

    def calls(self, path: str) -> Iterator[Call]:
        """
        The methods of a path, in the document's order. Raises CannotTell for a path item that leads nowhere.
        """
        if path not in self._paths:
            self._paths[path] = self._chain(self.files.spot(self.files.name, pointer(["paths", path])))
        yield from self._calls_of(path, self._paths[path])

    def webhooks(self) -> Iterator[Call]:
        """
        What the document sends by itself (OpenAPI 3.1): the "path" of each is `webhook NAME`.
        """
        if "webhooks" in self.files.main.names(""):
            for name, spot in _members(self.files.spot(self.files.name, "/webhooks"), self.files):
                yield from self._calls_of(f"webhook {name}", self._chain(spot))

    def callbacks(self, call: Call) -> Iterator[Call]:
        """
        What an operation has sent to its caller: the "path" of each is that of the call, and `callback NAME URL`.
        """
        for name, listed in _members(call.spec.member("callbacks"), self.files):
            for url, spot in _members(self.files.behind(listed), self.files):
                if not url.startswith("x-"):
                    yield from self._calls_of(f"{call.name} callback {name} {url}", self._chain(spot))

    def _calls_of(self, path: str, items: tuple[Spot, ...]) -> Iterator[Call]:
        seen: set[str] = set()
        for item in items:
            for method in item.value:
                if method in METHODS and method not in seen:
                    seen.add(method)
                    yield Call(path, method.upper(), self.files.behind(item.member(method)), items)
        for item in items:
            for method, spec in _members(item.member("additionalOperations"), self.files):
                yield Call(path, method.upper(), spec, items)

    def _chain(self, spot: Spot) -> tuple[Spot, ...]:
        """
        A path item and, after it, what it refers to; a member of the first goes before one of the second.
        """
        found: list[Spot] = []
        while isinstance(spot.value, dict):
            if (spot.file, spot.at) in [(other.file, other.at) for other in found]:
                raise CannotTell(f"{self.files.told(spot)}: the reference leads back to itself")
            found.append(spot)
            if not isinstance(spot.value.get("$ref"), str):
                break
            spot = self.files.target(spot.value["$ref"], spot)
        return tuple(found)

    def candidates(self, name: str) -> Iterator[str]:
        """
        The paths that may hold an operation, likeliest first; spares the parsing of a thousand others.
        """
        method, _, asked = name.partition(" ")
        if asked.startswith("/") and method:
            yield from (path for path in (asked,) if path in self.paths)
            return
        likely = [path for path in self.paths if self.files.main.mentions(pointer(["paths", path]), name)]
        yield from likely
        yield from (path for path in self.paths if path not in set(likely))

    def beside(self, call: Call) -> dict[str, Json]:
        """
        What an operation declares that `operation` leaves out, as it is written: servers with variables, links, the
        encodings of form members, reserved characters and media types of parameters.
        """
        found: dict[str, Json] = {}
        root = Spot({"servers": self.document.get("servers")}, self.files.name, "")
        holders = (one.member("servers").value for one in (call.spec, *call.items, root))
        servers: Json = next(filter(None, holders), [])
        if any(isinstance(server, dict) and "variables" in server for server in servers):
            found["servers"] = servers
        for holder in (*reversed(call.items), call.spec):
            for one in _items(holder.member("parameters"), self.files):
                part = self.files.behind(one).value
                written = {key: part[key] for key in ("allowReserved",) if part.get(key)}
                written |= {"content": sorted(part["content"])} if part.get("content") else {}
                found |= {f"{part['in']} {part['name']}": written} if written else {}
        listed = [("request", call.spec.member("requestBody")), *_members(call.spec.member("responses"), self.files)]
        for name, spot in listed:
            if isinstance(spot.value, dict):
                part = self.files.behind(spot)
                encodings = {
                    kind: media.value["encoding"]
                    for kind, media in _members(part.member("content"), self.files)
                    if isinstance(media.value, dict) and "encoding" in media.value
                }
                found |= {f"encoding {name}": encodings} if encodings else {}
                found |= {f"links {name}": part.value["links"]} if part.value.get("links") else {}
        return found

    # --- one operation ----------------------------------------------------------------------------------------------

    def operation(self, call: Call, name: str) -> Operation:
        """
        One operation. Raises CannotTell with file and pointer where the document is not what OpenAPI says.
        """
        spec = _object(call.spec, self.files)
        self._place(call)
        parameters = self._parameters(call)
        body, required = self._body(call)
        responses = {
            _status(status): self._response(call, _status(status), spot)
            for status, spot in _members(spec.member("responses"), self.files)
            if not status.startswith("x-")
        }
        kind = next(filter(media_types.is_json, body or ()), next(filter(media_types.takes_json, body or ()), ""))
        made = Operation(
            name=name,
            method=call.method,
            path=call.path,
            operation_id=call.operation_id,
            servers=self._servers(call),
            security=tuple(self._security(spec)),
            parameters=parameters,
            body=body,
            body_required=required,
            media_type=kind if media_types.is_json(kind) else media_types.JSON,
            request_schema=body[kind] if body and kind else {},
            responses=responses,
            success_schemas={
                int(status): {} if response.json is None else response.json
                for status, response in responses.items()
                if status.isdigit() and status.startswith("2")
            },
            error_schema=_error_schema(responses),
            tolerated=_tuple(spec.member("x-tolerated"), self.files),
            unspecified=_tuple(spec.member("x-unspecified"), self.files),
            rate_limits=_tuple(spec.member("x-rate-limits"), self.files),
            tags=tuple(map(str, _tuple(spec.member("tags"), self.files))),
            undo=spec.value.get("x-undo"),
            effects=spec.value.get("x-effects"),
            needs=spec.value.get("x-needs"),
            texts={key: str(spec.value[key]) for key in ("summary", "description", "tags") if key in spec.value},
            deprecated=spec.value.get("deprecated") is True,
        )
        schema, where = data_of(self.document, made.success_schema)
        return replace(made, data_schema=schema, data_at=where)

    def _place(self, call: Call) -> None:
        """
        Begins the operation in the bundled document.
        """
        paths = self.document["paths"]
        kept = {
            key: value
            for key, value in call.spec.value.items()
            if key not in ("parameters", "requestBody", "responses", "callbacks")
        }
        paths.setdefault(call.path, {})[call.method.lower()] = {**kept, "parameters": [], "responses": {}}
        self._origin(self._at(call), call.spec)

    def _at(self, call: Call, *more: str | int) -> str:
        return pointer(["paths", call.path, call.method.lower(), *more])

    def _origin(self, place: str, spot: Spot) -> None:
        self.bundle.origins[place] = self.files.origin(spot)

    def _written(self, call: Call) -> dict[str, Json]:
        written: dict[str, Json] = self.document["paths"][call.path][call.method.lower()]
        return written

    def _media(self, spot: Spot) -> tuple[dict[str, Json], dict[str, Json]]:
        """
        Media type to schema, and the `content` with these schemas.
        """
        schemas: dict[str, Json] = {}
        content: dict[str, Json] = {}
        for kind, written in _members(spot.member("content"), self.files):
            media = self.files.behind(written)
            media = _object(replace(media, value={}) if media.value is None else media, self.files)
            schema = self.bundle.schema(media.member("schema")) if "schema" in media.value else {}
            if "itemSchema" in media.value:  # a sequence of items (OpenAPI 3.2) is judged as their list
                items = {"type": "array", "items": self.bundle.schema(media.member("itemSchema"))}
                schema = {"allOf": [schema, items]} if schema else items
            schemas.setdefault(media_types.bare(kind), schema)
            content[kind] = {**media.value, "schema": schema}
        return schemas, content

    def _body(self, call: Call) -> tuple[dict[str, Json] | None, bool]:
        spot = call.spec.member("requestBody")
        if spot.value is None:
            return None, False
        spot = _object(self.files.behind(spot), self.files)
        self._origin(self._at(call, "requestBody"), spot)
        schemas, content = self._media(spot)
        self._written(call)["requestBody"] = {**spot.value, "content": content}
        return schemas or None, spot.value.get("required") is True

    def _response(self, call: Call, status: str, spot: Spot) -> Declared:
        spot = _object(self.files.behind(spot), self.files)
        self._origin(self._at(call, "responses", status), spot)
        schemas, content = self._media(spot)
        headers = {
            name.lower(): self._parameter(self.files.behind(header), name, "header")[0]
            for name, header in _members(spot.member("headers"), self.files)
            if name.lower() != "content-type"  # `content` tells it (OpenAPI 3.1, 4.8.17)
        }
        written = {key: value for key, value in spot.value.items() if key != "headers"}
        if content:
            written["content"] = content
        if spot.value.get("links"):
            written["links"] = {name: self._link(link) for name, link in _members(spot.member("links"), self.files)}
        self._written(call)["responses"][status] = written
        return Declared(media=schemas, headers=headers)

    def _link(self, spot: Spot) -> Json:
        """
        What a link says; one that leads nowhere says nothing.
        """
        try:
            return self.files.behind(spot).value
        except CannotTell:
            return {}

    def _parameters(self, call: Call) -> tuple[Parameter, ...]:
        """
        The declared parameters; one of the operation replaces that of the path with the same name and place.
        """
        found: dict[tuple[str, str], tuple[Parameter, Json, Spot]] = {}
        for holder in (*reversed(call.items), call.spec):
            for listed in _items(holder.member("parameters"), self.files):
                spot = _object(self.files.behind(listed), self.files)
                for key in ("in", "name"):
                    if not isinstance(spot.value.get(key), str):
                        raise CannotTell(f"{self.files.told(spot)}: a parameter has no {key}")
                if _ignored(spot.value):
                    continue
                made, written = self._parameter(spot, spot.value["name"], spot.value["in"])
                found[made.where, made.name] = (made, written, spot)
        for index, (_, written, spot) in enumerate(found.values()):
            self._written(call)["parameters"].append(written)
            self._origin(self._at(call, "parameters", index), spot)
        return tuple(made for made, *_ in found.values())

    def _parameter(self, spot: Spot, name: str, where: str) -> tuple[Parameter, Json]:
        """
        A parameter or a header, and how it is written in the bundled document.
        """
        spot = _object(spot, self.files)
        written = dict(spot.value)
        schema: Json = {}
        if "schema" in spot.value:
            written["schema"] = schema = self.bundle.schema(spot.member("schema"))
        elif spot.value.get("content"):
            schemas, content = self._media(spot)
            written["content"], schema = content, next(iter(schemas.values()), {})
        made = Parameter(
            where=where,
            name=name.lower() if where == "header" else name,
            required=spot.value.get("required") is True or where == "path",
            schema=schema,
            style=str(spot.value.get("style", "")),
            explode=spot.value.get("explode"),
            allow_empty_value=spot.value.get("allowEmptyValue") is True,
        )
        return made, written

    def _servers(self, call: Call) -> tuple[str, ...]:
        """
        The servers of the operation, else of its path, else of the document.
        """
        root = Spot({"servers": self.document.get("servers")}, self.files.name, "")
        for holder in (call.spec, *call.items, root):
            listed = [_object(spot, self.files) for spot in _items(holder.member("servers"), self.files)]
            if listed:
                return tuple(dict.fromkeys(_url(spot, self.files) for spot in listed))
        return ("",)

    def _security(self, spec: Spot) -> Iterator[tuple[Credential, ...]]:
        own = "security" in spec.value
        root = Spot({"security": self.document.get("security")}, self.files.name, "")
        for alternative in _items((spec if own else root).member("security"), self.files):
            yield tuple(
                Credential(name=name, told=self._scheme(name), scopes=frozenset(map(str, _tuple(scopes, self.files))))
                for name, scopes in sorted(_members(alternative, self.files))
            )

    def _scheme(self, name: str) -> str:
        place = pointer(["components", "securitySchemes", name])
        try:
            spot = self.files.spot(self.files.name, place)
        except LookupError:
            shown = self.files.told(Spot(None, self.files.name, place))
            raise CannotTell(f"{shown}: the name of a security scheme leads nowhere") from None
        scheme = _object(self.files.behind(spot), self.files).value
        self.document["components"].setdefault("securitySchemes", {})[name] = scheme
        return " ".join(str(scheme[key]) for key in ("type", "scheme", "in", "name") if key in scheme)


# --- the parts of an operation --------------------------------------------------------------------------------------


def _version(files: Files, roots: tuple[str, ...]) -> str:
    shown = files.told(Spot(None, files.name, "")).removesuffix("#")
    if "swagger" in roots:
        raise CannotTell(f"{shown} is an OpenAPI 2 document (swagger); convert it to OpenAPI 3 first")
    if "openapi" not in roots:
        raise CannotTell(f"{shown} is no OpenAPI document: it has no member openapi")
    version = str(files.main.find("/openapi"))
    if not re.match(r"3\.[012](\.|$)", version):
        raise CannotTell(f"{shown} says openapi: {version}; versions 3.0 to 3.2 can be read")
    return version


def _shown(value: Json) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")


def _object(spot: Spot, files: Files) -> Spot:
    if not isinstance(spot.value, dict):
        raise CannotTell(f"{files.told(spot)}: an object is expected, not {_shown(spot.value)}")
    return spot


def _members(spot: Spot, files: Files) -> Iterator[tuple[str, Spot]]:
    """
    The members of an object that may be absent or null; a status written as a number is a name too.
    """
    for name in _object(spot, files).value if spot.value is not None else ():
        yield str(name), Spot(spot.value[name], spot.file, spot.at + pointer([str(name)]))


def _items(spot: Spot, files: Files) -> Iterator[Spot]:
    """
    The items of a list that may be absent or null.
    """
    if spot.value is not None and not isinstance(spot.value, list):
        raise CannotTell(f"{files.told(spot)}: a list is expected, not {_shown(spot.value)}")
    yield from (spot.member(index) for index in range(len(spot.value or ())))


def _tuple(spot: Spot, files: Files) -> tuple[Json, ...]:
    return tuple(item.value for item in _items(spot, files))


def _ignored(parameter: Mapping[str, Json]) -> bool:
    """
    Header parameters that OpenAPI says to ignore: other members of the document tell what they hold.
    """
    return parameter["in"] == "header" and parameter["name"].lower() in ("accept", "content-type", "authorization")


def _status(status: str) -> str:
    return status.strip().upper()


def _url(spot: Spot, files: Files) -> str:
    """
    The URL of a server, with the defaults of its variables; one that is not declared goes by its name.
    """
    url = spot.value.get("url")
    if not isinstance(url, str):
        raise CannotTell(f"{files.told(spot)}: a server has no url")
    for name, variable in _members(spot.member("variables"), files):
        first = (*_tuple(variable.member("enum"), files), "")[0] if isinstance(variable.value, dict) else ""
        default = variable.value.get("default", first) if isinstance(variable.value, dict) else ""
        url = url.replace("{" + name + "}", str(default))
    return re.sub(r"\{([^{}]*)\}", r"\1", url).rstrip("/")


def _error_schema(responses: Mapping[str, Declared]) -> Json:
    """
    What a refusal with any status looks like: "4XX", the default, or one of the declared refusals.
    """
    for name in ("4XX", "DEFAULT"):
        if name in responses and responses[name].json is not None:
            return responses[name].json
    found = [response.json for name, response in responses.items() if name[:1] == "4" and response.json is not None]
    unlike = [schema for index, schema in enumerate(found) if schema not in found[:index]]
    return {"anyOf": unlike} if len(unlike) > 1 else (unlike or [{}])[0]


def data_of(document: Json, schema: Json, member: str = "data") -> tuple[Json, str]:
    """
    The schema of what a success gives and the JSON Pointer to it in the body: the member `data` as every part of an
    `allOf` describes it, else the whole body. `{}` where nothing is declared.
    """
    found: list[Json] = []
    for part in parts_of(document, schema):
        properties = part.get("properties")
        if isinstance(properties, dict) and member in properties and properties[member] not in found:
            found.append(properties[member])
    if not found:
        return ({} if schema is None else schema), ""
    telling = [part for part in found if part not in ({}, True)] or found[:1]
    return (telling[0] if len(telling) == 1 else {"allOf": telling}), f"/{member}"


def of_schema(files: Files) -> tuple[Json, dict[str, Json]]:
    """
    A file that holds a plain JSON Schema: the schema, and the document that its references point into.
    """
    document: dict[str, Json] = {}
    return Bundle(files, document, clauses=False).schema(files.spot(files.name, "")), document
