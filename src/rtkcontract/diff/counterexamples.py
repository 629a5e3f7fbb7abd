"""
Values that tell two schemas apart: made at the boundaries of both, judged under both, and made small.

1. Candidates come from the keywords of both schemas: every listed value, each bound and one step to either side of it,
   lengths, texts for patterns and formats, one value of each JSON type.
2. Objects vary one member at a time; members that a union, a condition or a demand speaks of vary together.
3. A witness is a candidate that fits one schema and not the other, with every member taken away that is not needed.
4. The order is fixed and nothing is random: the same schemas give the same witness.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from rtkcontract.json_schema.inclusion import listed, meaning, text_demands
from rtkcontract.json_schema.json_text import dumps
from rtkcontract.json_schema.regular import matching as shortest
from rtkcontract.json_schema.regular import told_apart
from rtkcontract.json_schema.samples import FORMATS, matching
from rtkcontract.json_schema.structure import bare, flat, in_place
from rtkcontract.json_schema.values import const
from rtkcontract.model import Json

MOST: Final = 4000
"""Candidates for one pair of schemas; a few milliseconds to judge."""


DEEPEST: Final = 7


FINEST: Final = 2**53
"""Numbers above are so far apart that adding one changes nothing."""


FEW_BRANCHES: Final = 4
"""Branches whose members can be combined with each other."""


MOST_BRANCH: Final = 60
"""Candidates for each branch of a union that is not the same everywhere."""


EXTRA: Final = "extra_member"


PROBES: Final = (
    "",
    "a",
    "A",
    "0",
    "_",
    "-",
    ".",
    " ",
    "a b",
    "a0",
    "Aa0",
    "a-b",
    "a_b",
    "a.b",
    "ab",
    "abc",
    "é",
    "x" * 64,
)


ONE_OF_EACH: Final[tuple[Json, ...]] = ("a", 1, 0.5, True, None, [], {})


KINDS: Final[dict[str, frozenset[str]]] = {
    "number": frozenset(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
    "string": frozenset(["minLength", "maxLength", "pattern", "format"]),
    "array": frozenset(["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "unevaluatedItems"]),
    "object": frozenset(
        [
            "properties",
            "required",
            "additionalProperties",
            "patternProperties",
            "propertyNames",
            "minProperties",
            "maxProperties",
            "dependentRequired",
            "dependentSchemas",
            "unevaluatedProperties",
        ]
    ),
}


def every_part(node: Json) -> Iterator[Json]:
    """
    Every schema that says something about the same value, `not` included.
    """
    for part in in_place(node):
        yield part
        if "not" in part:
            yield from every_part(part["not"])


def _types(parts: Sequence[Json]) -> set[str]:
    found: set[str] = set()
    for part in parts:
        kinds = part.get("type", ())
        found.update([kinds] if isinstance(kinds, str) else kinds)
        found.update(kind for kind, words in KINDS.items() if words & set(part))
    return found | ({"number"} if "integer" in found else set())


def _unique(values: Iterable[Json]) -> list[Json]:
    return list({dumps(value): value for value in values}.values())


def _short(number: float) -> Json:
    if isinstance(number, int) or not math.isfinite(number):
        return number if isinstance(number, int) else 0
    return int(number) if float(number).is_integer() else round(number, 9)


def _numbers(parts: Sequence[Json]) -> Iterator[Json]:
    points: set[float] = set()
    steps: set[float] = set()
    for part in parts:
        points.update(part[key] for key in KINDS["number"] - {"multipleOf"} if _is_number(part.get(key)))
        if _is_number(part.get("multipleOf")) and part["multipleOf"] > 0:
            steps.add(part["multipleOf"])
    for point in sorted(points or {0}):
        yield from (_short(point + by) for by in (0, 1, -1, 0.5, -0.5))
        if abs(point) > FINEST:
            yield from (_short(point * by) for by in (2, 0.5))
        yield from (_short((point // step + by) * step) for step in sorted(steps) for by in (0, 1, -1, 2, 3))
    low_to_high = sorted(points)
    yield from (_short((low + high) / 2) for low, high in itertools.pairwise(low_to_high))
    yield from (_short(step * by) for step in sorted(steps) for by in (1, 2, 3, 5, 7))
    yield from (1, 0, 2, -1, 0.5, 1000000000)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _strings(nodes: Sequence[Json], parts: Sequence[Json]) -> Iterator[str]:
    patterns = list(dict.fromkeys(part["pattern"] for part in parts if isinstance(part.get("pattern"), str)))
    yield from _telling(nodes, patterns)
    samples = [text for pattern in patterns for text in matching(pattern)]
    lengths: set[int] = set()
    for part in parts:
        for key in ("minLength", "maxLength"):
            if _is_number(part.get(key)) and part[key] <= 100_000:
                lengths.update(length for length in (part[key] - 1, part[key], part[key] + 1) if length >= 0)
        if part.get("format") in FORMATS:
            good, bad = FORMATS[part["format"]]
            yield from good
            yield bad
    yield from samples
    yield from ("a", "")
    for length in sorted(lengths):
        yield "a" * int(length)
        yield from ((text * (int(length) // len(text) + 1))[: int(length)] for text in samples if text)
    if any("pattern" in part for part in parts):
        yield from PROBES
        for text in samples:
            for probe in PROBES:
                yield from (text + probe, probe + text, probe + text[1:], text[:-1] + probe)
    if any("format" in part for part in parts):
        yield from (text for good, bad in FORMATS.values() for text in (*good, bad))


def _telling(nodes: Sequence[Json], patterns: Sequence[str]) -> Iterator[str]:
    """
    Texts that tell what two schemas demand of texts apart, where a pattern is among it.
    """
    if not patterns:
        return
    demands = list(dict.fromkeys([*map(text_demands, nodes), *(((pattern,), 0, None) for pattern in patterns[:6])]))
    for one, two in itertools.permutations(demands, 2):
        found = told_apart(one, two)
        if isinstance(found, str):
            yield found
    yield from (text for one in demands if (text := shortest(one)) is not None)


def _arrays(parts: Sequence[Json], deep: int) -> Iterator[Json]:
    schemas = [
        part[key]
        for part in parts
        for key in ("items", "contains", "unevaluatedItems")
        if isinstance(part.get(key), dict)
    ]
    prefixes = [part["prefixItems"] for part in parts if "prefixItems" in part]
    items = values(schemas, deep + 1)[:40] if schemas else ["a", 1]
    yield []
    yield from ([item] for item in items)
    for prefix in prefixes:
        rows = [values([schema], deep + 1)[:3] for schema in prefix]
        yield from (
            list(row)
            for count in range(len(rows) + 1)
            for row in itertools.islice(itertools.product(*rows[:count]), 20)
        )
    sizes: set[int] = {2}
    for part in parts:
        for key in ("minItems", "maxItems", "minContains", "maxContains"):
            if _is_number(part.get(key)) and part[key] <= 1000:
                sizes.update((int(part[key]) - 1, int(part[key]), int(part[key]) + 1))
    for size in sorted(sizes):
        yield from ([item] * size for item in items[:4] if size > 0)
        if size > 0:
            yield list(itertools.islice(itertools.cycle(items), size))
            yield [f"{index}" for index in range(size)] if "a" in items else list(range(size))


def _key_members(nodes: Sequence[Json], parts: Sequence[Json]) -> list[str]:
    """
    Members that more than their own schema speaks of: demands, and whatever stands in unions and conditions.
    """
    top = set(map(id, nodes))
    names: dict[str, None] = {}
    for part in parts:
        names.update(dict.fromkeys(part.get("required", ())))
        for trigger, others in part.get("dependentRequired", {}).items():
            names.update(dict.fromkeys((trigger, *others)))
        names.update(dict.fromkeys(part.get("dependentSchemas", {})))
        if id(part) not in top:
            names.update(dict.fromkeys(part.get("properties", {})))
    return list(names)


def _member_values(parts: Sequence[Json], name: str, deep: int) -> list[Json]:
    schemas = [part["properties"][name] for part in parts if name in part.get("properties", {})]
    return values([schema for schema in schemas if isinstance(schema, dict)], deep + 1) or ["a", 1]


class _Absent:
    """
    Stands for a member that is left out.
    """


_ABSENT: Final = _Absent()


def _object(members: Iterable[tuple[str, Json]]) -> Json:
    return {name: value for name, value in members if value is not _ABSENT}


_MOST_OF: Final = ((9, 9), (9, 3), (9, 2), (9, 1), (4, 2), (3, 1), (2, 1))
"""How many values of members with listed values, and of the others, go into all combinations; the first that is few."""


def _products(levels: dict[str, list[Json]], listed: dict[str, int]) -> Iterator[Json]:
    """
    Every combination while there are few; else every pair of members over the rest at their first value and left out.
    """
    for most_listed, most in _MOST_OF:
        cut = {
            name: [_ABSENT, *found[: min(most_listed, listed[name]) if name in listed else most]]
            for name, found in levels.items()
        }
        if math.prod(map(len, cut.values())) <= MOST:
            yield from (_object(zip(cut, row, strict=True)) for row in itertools.product(*cut.values()))
            return
    for rest in ({}, {name: found[0] for name, found in levels.items()}):
        for one, two in itertools.combinations(levels, 2):
            for a, b in itertools.product([_ABSENT, *levels[one][:6]], [_ABSENT, *levels[two][:6]]):
                yield _object({**rest, one: a, two: b}.items())


def _listed(parts: Sequence[Json]) -> dict[str, int]:
    """
    Members with few values (listed ones, or true and false), with how many they have.
    """
    found: dict[str, set[str]] = {}
    for part in parts:
        for name, schema in part.get("properties", {}).items():
            if isinstance(schema, dict):
                own = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]
                own += [True, False] if schema.get("type") == "boolean" else []
                found.setdefault(name, set()).update(map(dumps, own))
    return {name: len(values) for name, values in found.items() if values}


def _objects(nodes: Sequence[Json], parts: Sequence[Json], deep: int) -> Iterator[Json]:
    names = list(dict.fromkeys(name for part in parts for name in part.get("properties", {})))
    levels = {name: _member_values(parts, name, deep) for name in dict.fromkeys([*names, *_key_members(nodes, parts)])}
    keys = {name: levels[name] for name in _key_members(nodes, parts)}
    demanded = [list(part["required"]) for part in parts if "required" in part]
    full = {name: found[0] for name, found in levels.items()}
    bases = _unique(
        [{}, *({name: full[name] for name in wanted} for wanted in demanded), _all_demanded(demanded, full)]
    )
    yield from bases
    yield full
    if len(keys) > 1:
        yield from itertools.islice(_products(keys, _listed(parts)), MOST)
    for base in bases:
        for name, found in levels.items():
            yield from ({**base, name: value} for value in found[:60])
    yield from ({other: value for other, value in full.items() if other != name} for name in full)
    yield from _unnamed(parts, bases, deep)


def _all_demanded(demanded: list[list[str]], full: dict[str, Json]) -> Json:
    return {name: full[name] for wanted in demanded for name in wanted}


def _unnamed(parts: Sequence[Json], bases: list[Json], deep: int) -> Iterator[Json]:
    """
    Objects with members that no name lists, and objects of a given size.
    """
    schemas = [
        part[key]
        for part in parts
        for key in ("additionalProperties", "unevaluatedProperties")
        if isinstance(part.get(key), dict)
    ]
    extra = [*values(schemas, deep + 1)[:12], *ONE_OF_EACH] if schemas else ["a", 1, None]
    names = [EXTRA]
    for part in parts:
        for pattern, schema in part.get("patternProperties", {}).items():
            names.extend(matching(pattern)[:1])
            extra.extend(values([schema], deep + 1)[:8] if isinstance(schema, dict) else ())
        if isinstance(part.get("propertyNames"), dict):
            names.extend(name for name in values([part["propertyNames"]], deep + 1)[:20] if isinstance(name, str))
    for base in bases:
        yield from ({**base, name: value} for name in names for value in extra)
    sizes = {
        part[key] + by
        for part in parts
        for key in ("minProperties", "maxProperties")
        if _is_number(part.get(key))
        for by in (-1, 0, 1)
    }
    for count in sorted(sizes):
        for base in (*bases, *({name: "a"} for part in parts for name in part.get("dependentSchemas", {}))):
            yield {**base, **{f"member_{index}": "a" for index in range(int(count) - len(base))}}


def values(nodes: Sequence[Json], deep: int = 0) -> list[Json]:
    """
    Values at the boundaries of all the schemas together, likely ones first; some fit and some do not.
    """
    nodes = [flat(meaning(node)) for node in nodes]
    parts = [part for node in nodes for part in every_part(node)]
    return _unique(itertools.islice(_values(nodes, parts, deep), max(MOST >> 2 * deep, 60)))


def _values(nodes: Sequence[Json], parts: Sequence[Json], deep: int) -> Iterator[Json]:
    yield from _all_listed(parts)
    if deep < DEEPEST:
        yield from _of_branches(nodes, deep)
    types = _types(parts)
    if "boolean" in types:
        yield from (True, False)
    if types & {"number", "integer"}:
        yield from _numbers(parts)
    if "string" in types:
        yield from _strings(nodes, parts)
    if "array" in types and deep < DEEPEST:
        yield from _arrays(parts, deep)
    if "object" in types and deep < DEEPEST:
        yield from _objects(nodes, parts, deep)
    yield from ONE_OF_EACH


def _all_listed(parts: Sequence[Json]) -> Iterator[Json]:
    """
    Listed values, those that fewer parts list before those that more do: they tell the parts apart.
    """
    found: dict[str, list[Json]] = {}
    for part in parts:
        for value in (*part.get("enum", ()), *const(part), *part.get("examples", ())):
            found.setdefault(dumps(value), []).append(value)
    yield from (values[0] for values in sorted(found.values(), key=len))


def _of_branches(nodes: Sequence[Json], deep: int) -> Iterator[Json]:
    """
    Values for each branch of large unions that is not in all of them, beside the branches with the same tag.
    """
    unions = [_whole_branches(node) for node in nodes]
    texts = [set(map(dumps, union)) for union in unions if union]
    everywhere = set.intersection(*texts) if len(texts) > 1 else set()
    branches = list({dumps(part): part for union in unions for part in union}.values())
    for branch in branches:
        if dumps(branch) not in everywhere:
            alike = [other for other in branches if other is not branch and _same_tag(branch, other)]
            yield from itertools.islice(values([branch, *alike[:3]], deep + 1), MOST_BRANCH)


def _whole_branches(node: Json) -> list[Json]:
    for key in ("anyOf", "oneOf"):
        if len(node.get(key, ())) > FEW_BRANCHES:
            base = {name: value for name, value in node.items() if name != key}
            return [bare(flat({**base, "allOf": [*base.get("allOf", ()), part]})) for part in node[key]]
    return []


def _same_tag(one: Json, two: Json) -> bool:
    tags = ((listed(one, name), listed(two, name)) for name in one.get("required", ()))
    return any(a is not None and b is not None and a & b for a, b in tags)


def smaller(value: Json) -> Iterator[Json]:
    """
    The value with one thing less: a member, an item, or one of them made smaller itself.
    """
    if isinstance(value, dict):
        for name in value:
            yield {other: part for other, part in value.items() if other != name}
        for name, part in value.items():
            yield from ({**value, name: less} for less in smaller(part))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield value[:index] + value[index + 1 :]
            yield from ([*value[:index], less, *value[index + 1 :]] for less in smaller(part))


def smallest(value: Json, holds: Callable[[Json], bool]) -> Json:
    """
    The value after taking away whatever can go while `holds` stays true.
    """
    while True:
        less = next((candidate for candidate in smaller(value) if holds(candidate)), _ABSENT)
        if less is _ABSENT:
            return value
        value = less


def size(value: Json) -> tuple[int, int]:
    """
    What witnesses are ordered by: members and items first, then characters.
    """
    return _count(value), len(dumps(value))


def _count(value: Json) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_count, value.values()))
    return len(value) + sum(map(_count, value)) if isinstance(value, list) else 0
