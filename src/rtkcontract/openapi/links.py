"""
What an operation does to its object, and which response gives the ids that it takes.

1. `x-role` and `links` decide. Where a document has no link at all, its paths are looked at: an id in a path comes
   from the create on the path before it.
2. A role follows from the method, from whether the path ends in an id, and from the shape of what is read there: a
   GET that gives a list lists, any other reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, get_args

from rtkcontract.model import Json, Made, Operation, Role
from rtkcontract.openapi.references import parts_of, resolve

BODY: Final = "$response.body#"
"""The runtime expression (OpenAPI 3.1, 4.8.20.4) of a value in the body of a response."""
BY_METHOD: Final[Mapping[str, Role]] = {"PUT": "replace", "PATCH": "update", "DELETE": "delete"}
LISTING: Final = frozenset(("items", "results", "data", "list", "records", "entries", "values", "rows"))
"""Names under which a page holds its items; the last word of the path is one too."""


def is_item(path: str) -> bool:
    """
    Whether a path names one object of a collection: it ends in a parameter.
    """
    return path.rstrip("/").endswith("}")


def declared_role(spec: Json) -> Role | None:
    """
    The role that a document gives an operation by `x-role`.
    """
    return spec.get("x-role") if isinstance(spec, dict) and spec.get("x-role") in get_args(Role) else None


def role_of(method: str, path: str, *, collection: bool, singleton: bool) -> Role:
    """
    The role by method and path. `collection` says that the document has the path with one more id, or that a GET
    gives a list here; `singleton` that a GET gives one object here although the path does not end in an id.
    """
    one = is_item(path) or singleton
    if method in ("GET", "HEAD"):
        return "read" if one else "list"
    if method == "POST":
        return "create" if collection and not is_item(path) else "action"
    return BY_METHOD.get(method, "action") if one else "action"


def has_items(path: str, paths: Iterable[str]) -> bool:
    """
    Whether the document has the path with one more parameter, as `/rooms/{id}` beside `/rooms`.
    """
    start = path.rstrip("/") + "/{"
    return any(other.startswith(start) and "/" not in other[len(start) :].rstrip("/") for other in paths)


def gives_list(document: Json, operation: Operation) -> bool:
    """
    Whether the data of a success is a list, or a page that holds one. Where no data is declared, a path that does not
    end in an id is taken for a collection.
    """
    data = operation.data_schema
    parts = list(parts_of(document, data))
    if data == {} or not parts:
        return True
    if any(_is_list(part) for part in parts):
        return True
    last = re.sub(r"[^a-z0-9]", "", operation.path.rstrip("/").rpartition("/")[2].lower())
    names = LISTING | {last}
    return any(
        re.sub(r"[^a-z0-9]", "", name.lower()) in names and any(map(_is_list, parts_of(document, member)))
        for part in parts
        for name, member in (part.get("properties") or {}).items()
    )


def _is_list(part: Mapping[str, Json]) -> bool:
    kinds = part.get("type")
    return kinds == "array" or (isinstance(kinds, list) and "array" in kinds)


def handed(link: Mapping[str, Json]) -> Iterator[tuple[str, str, str]]:
    """
    (where, parameter, JSON Pointer into the body of the response) of each value that a link hands to a parameter.

    A name may say where it stands, as "path.room_id"; `where` is "" for one that does not.
    """
    for name, expression in (link.get("parameters") or {}).items():
        where, dot, bare = name.partition(".")
        qualified = dot and where in ("path", "query", "header", "cookie")
        if isinstance(expression, str) and expression.startswith(BODY):
            pointer = expression.removeprefix(BODY)
            yield (where, bare, pointer) if qualified else ("", name, pointer)


def inferred(document: Json, operation: Operation, creates: Mapping[str, Operation]) -> dict[str, Made]:
    """
    The makers of path parameters by the shape of the paths; `creates` are the creating operations by their path.

    A parameter is made by the create on the path before it, where the response of that has a member that can only be
    the id: `id`, or one of the parameter's name.
    """
    found: dict[str, Made] = {}
    for match in re.finditer(r"/\{([^{}]+)\}(?=/|$)", operation.path):
        create = creates.get(operation.path[: match.start()])
        pointer = _id_member(document, create, match[1]) if create else None
        if create and pointer:
            found[match[1]] = Made(operation=create.name, pointer=pointer)
    return found


def _id_member(document: Json, create: Operation, parameter: str) -> str | None:
    plain = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in _members(document, create.data_schema)}
    wanted = re.sub(r"[^a-z0-9]", "", parameter.lower())
    name = plain.get("id") or plain.get(wanted)
    return f"{create.data_at}/{name}" if name else None


def _members(document: Json, schema: Json) -> Iterator[str]:
    """
    The names of the members of an object that may be texts or numbers.
    """
    for part in parts_of(document, schema):
        for name, member in (part.get("properties") or {}).items():
            kinds = resolve(document, member)
            kind = kinds.get("type", "string") if isinstance(kinds, dict) else "string"
            if kind in ("string", "integer") or isinstance(kind, list):
                yield name
