"""
What the schemas say about one place of a response.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from rtkcontract.emulator.samples import Attempt, sample
from rtkcontract.json_schema.values import types_of
from rtkcontract.model import Json
from rtkcontract.openapi.references import resolve

Parts: TypeAlias = tuple[Mapping[str, Json], ...]
"""A schema taken apart: the node behind its references, then every member of its allOf, anyOf and oneOf."""


_DEEPEST: Final = 16
"""How deep unions stand in one another; one that holds itself stops here."""

_DATA: Final = ("data", "result")
"""Members of an envelope that hold what the response is about."""


class Place:
    """
    One place in the response with the same place in the request; what is worked out about it is kept.

    `nodes` are the schemas of the response that speak of it, `asked_nodes` those of the request.
    """

    def __init__(self, document: Json, nodes: Iterable[Json], asked_nodes: Iterable[Json] = ()) -> None:
        self.document = document
        self.nodes, self.asked_nodes = tuple(nodes), tuple(asked_nodes)

    @functools.cached_property
    def told(self) -> Parts:
        return _flat(self.document, self.nodes)

    @functools.cached_property
    def asked(self) -> Parts:
        return _flat(self.document, self.asked_nodes)

    @functools.cached_property
    def hidden(self) -> bool:
        return any(part.get("writeOnly") for part in (*self.told, *self.asked))

    @functools.cached_property
    def read_only(self) -> bool:
        return any(part.get("readOnly") for part in (*self.told, *self.asked))

    @functools.cached_property
    def default(self) -> Json:
        """
        None where there is no default.
        """
        return next((part["default"] for part in (*self.told, *self.asked) if part.get("default") is not None), None)

    @functools.cached_property
    def members(self) -> dict[str, Place]:
        """
        The members that the response declares.
        """
        responses, requests = _members(self.told), _members(self.asked)
        return {name: Place(self.document, nodes, requests.get(name, ())) for name, nodes in responses.items()}

    @functools.cached_property
    def requested(self) -> dict[str, Place]:
        """
        The members that the request declares.
        """
        responses, requests = _members(self.told), _members(self.asked)
        return {name: Place(self.document, responses.get(name, ()), nodes) for name, nodes in requests.items()}

    @functools.cached_property
    def settable(self) -> frozenset[str]:
        """
        Members that a request may set; all, where the request declares none.
        """
        named = self.requested or self.members
        return frozenset(name for name in named if not (name in self.members and self.members[name]._made_here))

    @functools.cached_property
    def _made_here(self) -> bool:
        return any(part.get("readOnly") for part in self.told)

    @functools.cached_property
    def items(self) -> Place:
        told, asked = ([part["items"] for part in parts if "items" in part] for parts in (self.told, self.asked))
        return Place(self.document, told, asked)

    @functools.cached_property
    def kind(self) -> str:
        """
        The type in the response: the first that is not null; "" where nothing is said.
        """
        if not any(self.told):
            return ""
        return next((kind for kind in types_of(self.told) if kind != "null"), "null")

    @functools.cached_property
    def required(self) -> tuple[str, ...]:
        """
        The members that must be there and are declared.
        """
        names = dict.fromkeys(name for part in self.told for name in part.get("required", ()))
        return tuple(name for name in names if name in self.members)

    @functools.cached_property
    def server_made(self) -> tuple[str, ...]:
        """
        Members that a response needs, and states (an enum) that a request cannot set.
        """
        states = (
            name
            for name, inner in self.members.items()
            if name not in self.requested and any("enum" in part for part in inner.told)
        )
        return (*self.required, *states)

    def sample(self, attempt: Attempt) -> Json:
        """
        A plain value for this place of a response.
        """
        node = self.nodes[0] if len(self.nodes) == 1 else {"allOf": list(self.nodes)}
        return sample(self.document, node, attempt)

    def at(self, names: Iterable[str]) -> Place:
        """
        The place below, member by member; one of which nothing is said, where it is not declared.
        """
        place = self
        for name in names:
            place = place.members.get(name) or Place(self.document, ())
        return place


def schema_parts(document: Json, node: Json) -> Parts:
    """
    A schema and every part of it that speaks of the same place, references resolved.
    """
    return tuple(_parts(document, node, _DEEPEST))


def _parts(document: Json, node: Json, depth: int) -> Iterable[Mapping[str, Json]]:
    node = resolve(document, node)
    if not isinstance(node, dict) or not depth:
        return
    yield node
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in node.get(keyword, ()):
            yield from _parts(document, part, depth - 1)


def _flat(document: Json, nodes: Iterable[Json]) -> Parts:
    return tuple(part for node in nodes for part in schema_parts(document, node))


def _members(parts: Parts) -> dict[str, list[Json]]:
    """
    Each declared member with every schema that speaks of it, in the order of declaration.
    """
    members: dict[str, list[Json]] = {}
    for part in parts:
        for name, node in part.get("properties", {}).items():
            members.setdefault(name, []).append(node)
    return members


# ---- where the object stands in a response


def object_path(whole: Place, stem: str = "") -> tuple[str, ...]:
    """
    The members that lead from the body of a response to the object that it is about; `stem` is what its id names.
    """
    path: tuple[str, ...] = ()
    place = whole
    while "id" not in place.members:
        name: str | None = next((name for name in (*_DATA, stem) if name in place.members), None)
        if name is None and path and _one_object(place):
            name = next(iter(place.members))
        if name is None or place.members[name].kind not in ("object", ""):
            break
        path, place = (*path, name), place.members[name]
    return path


def _one_object(place: Place) -> bool:
    """
    Whether a place holds nothing but one object with an id.
    """
    inner = list(place.members.values())
    return len(inner) == 1 and inner[0].kind == "object" and "id" in inner[0].members


def list_path(whole: Place) -> tuple[str, ...] | None:
    """
    The members that lead to the list of objects; None where the response has none.
    """
    found = list(_lists(whole, (), 3))
    named = [path for path in found if "id" in whole.at(path).items.members]
    plain = [path for path in found if not path or path[-1] not in ("errors", "messages", "warnings")]
    return next(iter([*named, *plain]), None)


def _lists(place: Place, path: tuple[str, ...], depth: int) -> Iterable[tuple[str, ...]]:
    if place.kind == "array":
        return [path]
    inner = sorted(place.members.items(), key=lambda entry: entry[0] not in _DATA) if depth else []
    here = [(*path, name) for name, below in inner if below.kind == "array"]
    deeper = [
        found for name, below in inner if below.kind == "object" for found in _lists(below, (*path, name), depth - 1)
    ]
    return [*here, *deeper]
