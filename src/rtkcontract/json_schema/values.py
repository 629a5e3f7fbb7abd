"""
JSON values: their types, equality, and the value at a path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from rtkcontract.json_schema.json_text import dumps
from rtkcontract.model import Json


def opened(holder: Json, part: str, inside: str) -> Json:
    """
    The object or list at `part`, made where there is none; a list where what comes inside is an item.
    """
    fresh: Json = [] if inside == ITEM else {}
    if part == ITEM:
        if not holder:
            holder.append(fresh)
        return holder[0]
    return holder.setdefault(part, fresh)


def put(holder: Json, part: str, value: Json) -> None:
    """
    Puts a member into an object, or the first item into a list.
    """
    if part == ITEM:
        holder[:1] = [value]
    else:
        holder[part] = value


def taken(body: Json, place: Place) -> Json:
    """
    The value at a place, the first item for `[]`; ABSENT where there is none.
    """
    value = body
    for part in place:
        if part == ITEM and isinstance(value, list) and value:
            value = value[0]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            return ABSENT
    return value


Place = tuple[str, ...]


ITEM: Final = "[]"


MAP: Final = "{}"
"""Stands for the members of an object that `properties` does not name, where a schema is given for them."""


class Absent:
    """
    The member is left out.
    """

    def __repr__(self) -> str:
        return "ABSENT"


class Members:
    """
    An object whose members, or an array whose one item, are fields of their own.
    """

    def __repr__(self) -> str:
        return "MEMBERS"


ABSENT: Final = Absent()


MEMBERS: Final = Members()


def dotted(place: Iterable[str | int]) -> str:
    """
    `recording_config.storage_config.type`, with `[]` for an item.
    """
    return ".".join(ITEM if isinstance(part, int) else str(part) for part in place)


def same(left: Json, right: Json) -> bool:
    """
    Whether two values are the same JSON value: 60 and 60.0 are, true and 1 are not.
    """
    if isinstance(left, dict):
        return isinstance(right, dict) and left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list | tuple):
        return isinstance(right, list | tuple) and len(left) == len(right) and all(map(same, left, right))
    return type_of(left) == type_of(right) and bool(left == right)


def type_of(value: Json) -> str:
    """
    The JSON type of a value; every number is "number".
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list | tuple) else "object"


def exact(number: Json) -> Fraction:
    """
    The number that is written, and not the double nearest to it.
    """
    return Fraction(number if isinstance(number, int) else repr(float(number)))


def written_number(number: Fraction) -> int | float:
    """
    The number as JSON writes it: a whole one exactly and without a fraction.
    """
    return int(number) if number.denominator == 1 else float(number)


# --- values of one place --------------------------------------------------------------------------------------------


def types_of(nodes: Iterable[Json]) -> tuple[str, ...]:
    """
    The types that the nodes declare, in the order in which they stand; inferred from other keywords where none does.
    """
    declared = [kind for node in nodes for kind in _listed(node.get("type"))]
    if declared:
        return tuple(
            dict.fromkeys("number" if kind == "integer" and "number" in declared else kind for kind in declared)
        )
    members = [value for node in nodes for value in (*node.get("enum", ()), *const(node))]
    if members:
        return tuple(dict.fromkeys(map(type_of, members)))
    keywords = {keyword for node in nodes for keyword in node}
    for kind, signs in (
        ("object", {"properties", "required", "additionalProperties", "dependentRequired", "minProperties"}),
        ("array", {"items", "minItems", "maxItems", "uniqueItems"}),
        ("number", {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    ):
        if keywords & signs:
            return (kind,)
    return ("string",)


def _listed(value: Json) -> tuple[Json, ...]:
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


def const(node: Json) -> tuple[Json, ...]:
    """
    The value of `const`, as a tuple of one or none.
    """
    return (node["const"],) if "const" in node else ()


def slug(value: Json) -> str:
    """
    The letters and digits of a value, for an id.
    """
    text = re.sub(r"[^A-Za-z0-9]+", "-", dumps(value)).strip("-")
    return text or "empty"
