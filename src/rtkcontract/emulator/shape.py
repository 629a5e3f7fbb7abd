"""
What the schemas say about one place of a response.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from rtkcontract.model import Json
from rtkcontract.openapi.references import resolve

Parts: TypeAlias = tuple[Mapping[str, Json], ...]
"""A schema taken apart: the node behind its references, then every member of its allOf, anyOf and oneOf."""


# ---- what a success says


class Place:
    """
    One place in the answer with the same place in the request; what is worked out about it is kept.
    """

    def __init__(self, document: Json, told: Parts, asked: Parts) -> None:
        self.document, self.told, self.asked = document, told, asked

    @functools.cached_property
    def hidden(self) -> bool:
        return any(part.get("writeOnly") for part in (*self.told, *self.asked))

    @functools.cached_property
    def default(self) -> Json:
        """
        None where there is no default.
        """
        return next((part["default"] for part in (*self.told, *self.asked) if part.get("default") is not None), None)

    @functools.cached_property
    def members(self) -> dict[str, Place]:
        answers, requests = _members(self.told), _members(self.asked)
        return {name: self._inner(nodes, requests.get(name, ())) for name, nodes in answers.items()}

    @functools.cached_property
    def settable(self) -> frozenset[str]:
        """
        Members that a request may set; all, where the request declares none.
        """
        requests = _members(self.asked) or self.members
        return frozenset(name for name in requests if not any(part.get("readOnly") for part in self._told(name)))

    @functools.cached_property
    def items(self) -> Place:
        told, asked = ([part["items"] for part in parts if "items" in part] for parts in (self.told, self.asked))
        return self._inner(told, asked)

    @functools.cached_property
    def undeclared(self) -> dict[str, Place]:
        """
        Where the answer declares no member: what the request knows about them.
        """
        return {name: self._inner((), nodes) for name, nodes in _members(self.asked).items()}

    def _told(self, name: str) -> Parts:
        return self.members[name].told if name in self.members else ()

    def _inner(self, told: Iterable[Json], asked: Iterable[Json]) -> Place:
        return Place(self.document, _flat(self.document, told), _flat(self.document, asked))


def schema_parts(document: Json, node: Json) -> Parts:
    """
    A schema and every part of it that speaks of the same place, references resolved.
    """
    node = resolve(document, node)
    if not isinstance(node, dict):
        return ()
    inner = (part for keyword in ("allOf", "anyOf", "oneOf") for part in node.get(keyword, ()))
    return (node, *(found for part in inner for found in schema_parts(document, part)))


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


def required(place: Place) -> tuple[str, ...]:
    """
    The members that must be there and are declared.
    """
    names = dict.fromkeys(name for part in place.told for name in part.get("required", ()))
    return tuple(name for name in names if name in place.members)


def server_made_members(place: Place) -> tuple[str, ...]:
    """
    Members that an answer needs, and states (an enum) that a request cannot set.
    """
    states = (
        name
        for name, inner in place.members.items()
        if name not in _members(place.asked) and any("enum" in part for part in inner.told)
    )
    return (*required(place), *states)
