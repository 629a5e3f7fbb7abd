"""
Schemas of two documents as one graph, in which equal parts are one object; what is the same on both sides is left out.

1. `Interned` gives equal schemas one identity, in and between documents, so that comparing costs what differs.
2. `pruned` cuts what two schemas share, below members that may be left out: a `$ref` with a name of its own stands for
   it, which proofs take for the same set on both sides and which no witness enters.
"""

from __future__ import annotations

from rtkcontract.json_schema.structure import IN_PLACE, IN_PLACE_LISTS, LISTS, MAPS, SINGLES, in_place
from rtkcontract.model import Json

_DEEP = ("properties", "items", "additionalProperties", "prefixItems", "allOf", "anyOf", "oneOf", "patternProperties")


class Interned:
    """
    Equal values -> one object.
    """

    def __init__(self) -> None:
        self._known: dict[object, Json] = {}
        self._made: dict[int, tuple[Json, Json]] = {}
        """Identity of a value -> the value, which is kept so that the identity stays its own, and its one object."""

    def value(self, value: Json) -> Json:
        """
        The one object for all values equal to this one.
        """
        if not isinstance(value, dict | list):
            return value
        if id(value) not in self._made:
            made = self._members(value) if isinstance(value, dict) else [self.value(item) for item in value]
            one = self._known.setdefault(self._key(made), made)
            self._made[id(value)] = (value, one)
            self._made[id(one)] = (one, one)
        return self._made[id(value)][1]

    def _members(self, value: dict[str, Json]) -> dict[str, Json]:
        return {name: self.value(part) for name, part in value.items()}

    def _key(self, value: Json) -> object:
        if isinstance(value, dict):
            return "object", *sorted((name, *self._sign(part)) for name, part in value.items())
        return "array", *map(self._sign, value)

    def _sign(self, part: Json) -> tuple[str, str]:
        return (type(part).__name__, str(id(part)) if isinstance(part, dict | list) else repr(part))


class Pruned:
    """
    Cuts what two schemas share.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, tuple[Json, str]] = {}

    def pair(self, old: Json, new: Json, demanded: frozenset[str] = frozenset()) -> tuple[Json, Json]:
        """
        Both schemas without what they share; `demanded` are the members that a schema around them requires.
        """
        if old is new:
            made = self._shallow(old, demanded)
            return made, made
        if not (isinstance(old, dict) and isinstance(new, dict)):
            return old, new
        demanded = demanded | _demanded(old) | _demanded(new)
        one, two = dict(old), dict(new)
        for key in sorted(old.keys() & new.keys()):
            if key in MAPS and isinstance(old[key], dict) and isinstance(new[key], dict):
                one[key], two[key] = self._members(old[key], new[key], demanded if key == "properties" else None)
            elif key in LISTS and isinstance(old[key], list) and isinstance(new[key], list):
                one[key], two[key] = self._lists(old[key], new[key], demanded if key in IN_PLACE_LISTS else frozenset())
            elif key in SINGLES and key not in ("not", "if"):
                one[key], two[key] = self.pair(old[key], new[key], demanded if key in IN_PLACE else frozenset())
        return one, two

    def _members(self, old: Json, new: Json, demanded: frozenset[str] | None) -> tuple[Json, Json]:
        one, two = dict(old), dict(new)
        for name in old.keys() & new.keys():
            if old[name] is new[name] and demanded is not None and name not in demanded:
                one[name] = two[name] = self._cut(old[name])
            else:
                one[name], two[name] = self.pair(old[name], new[name])
        return one, two

    def _lists(self, old: list[Json], new: list[Json], demanded: frozenset[str]) -> tuple[list[Json], list[Json]]:
        if len(old) == len(new):
            both = [self.pair(one, two, demanded) for one, two in zip(old, new, strict=True)]
            return [one for one, _ in both], [two for _, two in both]
        shared = {id(part) for part in old} & {id(part) for part in new}
        made = [
            [self._shallow(part, demanded) if id(part) in shared else part for part in parts] for parts in (old, new)
        ]
        return made[0], made[1]

    def _shallow(self, node: Json, demanded: frozenset[str]) -> Json:
        """
        A schema that is the same on both sides, cut below what may be left out.
        """
        if not isinstance(node, dict) or not any(key in node for key in _DEEP):
            return node
        demanded = demanded | _demanded(node)
        made = {**node}
        for key in ("allOf", "anyOf", "oneOf"):
            if key in node:
                made[key] = [self._shallow(part, demanded) for part in node[key]]
        if "properties" in node:
            made["properties"] = {
                name: self._shallow(part, frozenset()) if name in demanded else self._cut(part)
                for name, part in node["properties"].items()
            }
        for key in ("items", "additionalProperties"):
            if key in node:
                made[key] = self._shallow(node[key], frozenset()) if node.get("minItems") else self._cut(node[key])
        return made

    def _cut(self, node: Json) -> Json:
        if not isinstance(node, dict) or not any(key in node for key in _DEEP):
            return node
        if id(node) not in self._numbers:
            self._numbers[id(node)] = (node, f"same {len(self._numbers)}")
        marks = {key: node[key] for key in ("type", "readOnly", "writeOnly") if key in node}
        return {"$ref": self._numbers[id(node)][1], **marks}


def _demanded(node: Json) -> frozenset[str]:
    return frozenset(
        name
        for part in in_place(node)
        for name in (*part.get("required", ()), *part.get("dependentRequired", ()), *part.get("dependentSchemas", ()))
    )
