"""
Where the parts of a JSON Schema stand, in the schema and in the values that it describes.

1. A place is a path into a value: member names, `*` for any item, `[0]` for one position, `{}` for members that no
   name lists, `{pattern}` for those that a pattern lists.
2. In-place parts (`allOf`, `anyOf`, `oneOf`, `if`, `then`, `else`, `dependentSchemas`) describe the same place.
3. Schemas are whole: every `$ref` was replaced by what it names, so nothing is looked up here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from rtkcontract.model import Json

Place = tuple[str, ...]


IN_PLACE_LISTS: Final = ("allOf", "anyOf", "oneOf")


IN_PLACE: Final = ("if", "then", "else")


MAPS: Final = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")


LISTS: Final = (*IN_PLACE_LISTS, "prefixItems")


SINGLES: Final = (
    *IN_PLACE,
    *["items", "additionalProperties", "not", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties"],
)


LITERALS: Final = frozenset(("example", "examples", "default", "enum", "const"))
"""Members whose values are data: what looks like a reference there is none."""


NAMES: Final = frozenset((*MAPS, "schemas", "dependencies", "responses"))
"""Members that hold schemas by names of the writer's choice."""


CONSTRAINTS: Final = frozenset(
    [
        "type",
        "enum",
        "const",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minContains",
        "maxContains",
        "required",
        "minProperties",
        "maxProperties",
        "dependentRequired",
        "contentEncoding",
    ]
).union(LISTS, SINGLES, ("properties", "patternProperties", "dependentSchemas"))
"""Keywords that decide which values fit; everything else is a remark."""


def rebuilt(node: Json, change: Callable[[Json], Json]) -> Json:
    """
    The node with `change` applied to each schema directly inside it; literal values such as `enum` stay untouched.
    """
    if not isinstance(node, dict):
        return node
    made = dict(node)
    for key, value in node.items():
        if key in MAPS and isinstance(value, dict):
            made[key] = {name: change(part) for name, part in value.items()}
        elif key in LISTS and isinstance(value, list):
            made[key] = [change(part) for part in value]
        elif key in SINGLES:
            made[key] = change(value)
    return made


def bare(node: Json) -> Json:
    """
    The schema without remarks: only what decides which values fit. A `$ref` that is left is a cycle.
    """
    if not isinstance(node, dict):
        return node
    return rebuilt({key: value for key, value in node.items() if key in CONSTRAINTS or key == "$ref"}, bare)


def references(node: Json, *, named: bool = False) -> Iterator[str]:
    """
    Every `$ref` in a schema or a document, values that are data left out; `named` where members have names of the
    writer's choice.
    """
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str) and not named:
            yield node["$ref"]
        for key, value in node.items():
            if named or key not in LITERALS:
                yield from references(value, named=not named and key in NAMES)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def reached(document: Json, schema: Json) -> dict[str, Json]:
    """
    The schemas of a bundled document, by name, that a schema refers to, directly or through others.
    """
    schemas = document.get("components", {}).get("schemas", {})
    found: dict[str, Json] = {}
    queue = [schema]
    while queue:
        for ref in references(queue.pop()):
            parts = ref.split("/")
            if len(parts) > 3 and parts[3] not in found and parts[3] in schemas:
                found[parts[3]] = schemas[parts[3]]
                queue.append(schemas[parts[3]])
    return found


def in_place(node: Json) -> Iterator[Json]:
    """
    The node and every part that describes the same value, outermost first; `not` is left out.
    """
    if not isinstance(node, dict):
        return
    yield node
    for key in IN_PLACE_LISTS:
        for part in node.get(key, ()):
            yield from in_place(part)
    for key in IN_PLACE:
        yield from in_place(node.get(key))
    for part in node.get("dependentSchemas", {}).values():
        yield from in_place(part)


def _below(node: Json) -> Iterator[tuple[str, Json]]:
    yield from node.get("properties", {}).items()
    for pattern, part in node.get("patternProperties", {}).items():
        yield "{" + pattern + "}", part
    for index, part in enumerate(node.get("prefixItems", ())):
        yield f"[{index}]", part
    for key, step in (("items", "*"), ("additionalProperties", "{}")):
        if key in node:
            yield step, node[key]


def places(node: Json, place: Place = ()) -> Iterator[tuple[Place, Json]]:
    """
    Every part that describes a place, with that place.
    """
    for part in in_place(node):
        yield place, part
        for step, child in _below(part):
            yield from places(child, (*place, step))


def without_members(node: Json, gone: frozenset[Place], place: Place = ()) -> Json:
    """
    The schema in which the members at these places may not occur and are not demanded.
    """
    if not gone or not isinstance(node, dict):
        return node
    made = dict(node)
    names = {path[-1] for path in gone if path[:-1] == place}
    for key in (*IN_PLACE_LISTS, *IN_PLACE):
        if key in node:
            part = node[key]
            made[key] = (
                [without_members(item, gone, place) for item in part]
                if isinstance(part, list)
                else without_members(part, gone, place)
            )
    if "required" in node:
        made["required"] = [name for name in node["required"] if name not in names]
    for key, step in (("items", "*"), ("additionalProperties", "{}")):
        if key in node:
            made[key] = without_members(node[key], gone, (*place, step))
    if "properties" in node:
        made["properties"] = {
            name: False if name in names else without_members(part, gone, (*place, name))
            for name, part in node["properties"].items()
        }
    return made


def marked(node: Json, keyword: str) -> frozenset[Place]:
    """
    The places whose schema says `keyword: true`, such as writeOnly.
    """
    return frozenset(place for place, part in places(node) if place and part.get(keyword) is True)


def seen_from(node: Json, flag: str) -> Json:
    """
    The schema as one side sees it: members with the flag (readOnly, writeOnly) may not occur and are not demanded.

    Remarks are gone.
    """
    return bare(without_members(node, marked(node, flag)))


def declared(node: Json) -> dict[Place, set[str]]:
    """
    Place of an object to the names of the members that are declared there; without objects that declare none.
    """
    found: dict[Place, set[str]] = {}
    for place, part in places(node):
        if "properties" in part:
            found.setdefault(place, set()).update(part["properties"])
    return found


def takes_any_name(node: Json) -> set[Place]:
    """
    Places of objects that may have members of any name, since a schema, a pattern or `true` says so.
    """
    return {
        place
        for place, part in places(node)
        if part.get("patternProperties")
        or any(part.get(key) not in (None, False) for key in ("additionalProperties", "unevaluatedProperties"))
    }


def forbidding(names: dict[Place, set[str]]) -> Json:
    """
    The schema that forbids members of these names at these places and demands nothing else; True where there are none.
    """
    steps: dict[str, dict[Place, set[str]]] = {}
    for place, here in names.items():
        if place and here:
            steps.setdefault(place[0], {})[place[1:]] = here
    members: dict[str, Json] = {}
    made: dict[str, Json] = {}
    for step, deeper in steps.items():
        below = forbidding(deeper)
        if step == "*":
            made["items"] = below
        elif step[0] not in "[{":
            members[step] = below
    members.update(dict.fromkeys(sorted(names.get((), ())), False))
    if members:
        made["properties"] = members
    return made or True


def unknown_to(node: Json, other: Json) -> dict[Place, set[str]]:
    """
    Names that `other` declares and `node` does not, by place.

    Places where `node` takes any name, and where it declares no member at all, are left out: those are free-form.
    """
    own, open_places = declared(node), takes_any_name(node)
    return {
        place: names - own[place]
        for place, names in declared(other).items()
        if place in own and place not in open_places
    }


def _nullable(node: Json) -> Json | None:
    """
    X with null allowed, of `anyOf: [X, null]` and nothing else; None where the node is not of that form.
    """
    for key in ("anyOf", "oneOf"):
        parts = node.get(key)
        if not (isinstance(parts, list) and len(parts) == 2 and not (CONSTRAINTS & set(node)) - {key}):
            continue
        rest = [part for part in parts if bare(part) != {"type": "null"}]
        if len(rest) == 1 and isinstance(rest[0], dict) and "type" in rest[0]:
            inner = flat(rest[0])
            if set(inner) & {"$ref", "not", "const", "anyOf", "oneOf", "allOf", "if", "dependentSchemas"}:
                return None
            kinds = inner["type"] if isinstance(inner["type"], list) else [inner["type"]]
            made = {**{k: v for k, v in node.items() if k != key}, **inner, "type": [*kinds, "null"]}
            if "enum" in inner:
                made["enum"] = [*inner["enum"], None]
            return made
    return None


def flat(node: Json) -> Json:
    """
    An equal schema of one level where that is plain to see: `allOf` merged, `const` as `enum`, null as a type.

    Only the outermost level is rewritten; parts below keep their form.
    """
    if node is True:
        return {}
    if node is False:
        return {"not": {}}
    if not isinstance(node, dict):
        return {}
    if "const" in node and "enum" not in node:
        node = {**{key: value for key, value in node.items() if key != "const"}, "enum": [node["const"]]}
    for key in ("anyOf", "oneOf"):
        if len(node.get(key, ())) == 1:
            node = {
                **{name: value for name, value in node.items() if name != key},
                "allOf": [*node.get("allOf", ()), *node[key]],
            }
    if "allOf" in node:
        node = _merged(node)
    return _nullable(node) or node


def _merged(node: Json) -> Json:
    made = {key: value for key, value in node.items() if key != "allOf"}
    left: list[Json] = []
    for part in map(flat, node["allOf"]):
        joined = _joined(made, part)
        if joined is None:
            left.append(part)
        else:
            made = joined
    return {**made, "allOf": left} if left else made


def _joined(one: Json, two: Json) -> Json | None:
    """
    One schema that says both, or None where a keyword stands in both with different meaning.

    `additionalProperties` looks at the `properties` beside it, and the conditionals at each other, so those never move.
    `unevaluatedProperties` looks into `allOf`, so it stays what it is when what stands there moves up to it.
    """
    bound = {
        "$ref",
        "additionalProperties",
        "unevaluatedProperties",
        "unevaluatedItems",
        "if",
        "then",
        "else",
        "items",
        "contains",
    }
    moved = set(two) & bound or set(one) & {"additionalProperties", "$ref"}
    if moved and set(two) & CONSTRAINTS and set(one) & CONSTRAINTS:
        return None
    made = dict(one)
    for key, value in two.items():
        if key not in made or made[key] == value or key not in CONSTRAINTS:
            made.setdefault(key, value)
        elif key == "required":
            made[key] = [*made[key], *(name for name in value if name not in made[key])]
        elif key == "properties":
            both = set(made[key]) & set(value)
            made[key] = {
                **made[key],
                **value,
                **{n: {"allOf": [made[key][n], value[n]]} for n in both if made[key][n] != value[n]},
            }
        else:
            return None
    return made


def plain_places(node: Json, place: Place = ()) -> Iterator[tuple[Place, Json]]:
    """
    Each flat level that stands in no union and under no condition, with its place.
    """
    level = flat(node)
    yield place, level
    for step, child in _below(level):
        yield from plain_places(child, (*place, step))
