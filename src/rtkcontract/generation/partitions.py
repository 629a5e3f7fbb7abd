"""
(document, schema) -> the fields of a body and their partitions; pure and deterministic.

1. A field is a place in the body: a path of member names, with `[]` for the items of an array.
2. Each field has levels: absent, and one for each equivalence class that a keyword of the schema makes. A class may
   have several values (variants); each is sent at least once.
3. Candidate values come from keywords alone. Whether a value is accepted is asked of the whole schema, never assumed.
4. What the keywords of one place do not suggest, `Whole` proposes: values that fit a schema of any form, and values
   that break one keyword. A keyword that says nothing of values is an annotation.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, TypeAlias

from rtkcontract.contract.fake_data import CANARY, MARK, STRINGS
from rtkcontract.json_schema.json_text import Written, dumps
from rtkcontract.json_schema.samples import FORMATS, matches, matching, sized
from rtkcontract.json_schema.values import (
    ITEM,
    MAP,
    MEMBERS,
    Place,
    const,
    dotted,
    exact,
    same,
    slug,
    type_of,
    types_of,
    written_number,
)
from rtkcontract.model import Json
from rtkcontract.openapi.references import resolve

COMBINATORS: Final = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas")


WHOLE: Final = (
    "prefixItems",
    "contains",
    "minContains",
    "maxContains",
    "unevaluatedItems",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
)
"""Keywords about a list or an object as a whole: their values are proposed by `instances`."""


TYPES: Final = ("string", "number", "integer", "boolean", "null", "array", "object")


WHOLE_FRACTION: Final = "integer-with-a-fraction-of-zero"


WITHOUT_LIMIT: Final = "huge-without-a-limit"


UNDECIDED: Final = {
    WHOLE_FRACTION: "JSON Schema 2020-12 counts 1.0 as an integer, older OpenAPI versions leave it open",
    WITHOUT_LIMIT: "no source gives a limit, and every server has one",
}
"""Partitions whose answer no source decides, whatever the schema says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """
    One equivalence class of a field. `values` holds its variants, the first one typical.
    """

    partition: str
    keyword: str
    values: tuple[Json, ...]
    open: bool = False
    """Whether further values of the same JSON type belong to the class: any other text, any number inside."""

    @property
    def value(self) -> Json:
        return self.values[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """
    A value to try at a field, and the keyword it is there for.
    """

    partition: str
    keyword: str
    value: Json
    level: str = ""
    """The class of which the value is a variant; a class of its own where empty."""
    effort: int = 0
    """0: sent to each field. 1: to fields at the top, and to each in `thorough`. 2: in `thorough` alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """
    One place in the body with the schema nodes that may apply to it and its levels.
    """

    place: Place
    nodes: tuple[Json, ...]
    levels: tuple[Level, ...]
    candidates: tuple[Candidate, ...] = ()
    """Every value that the levels were made of, under its own name."""
    breaking: tuple[Candidate, ...] = ()
    """Values that should break a keyword; the oracle decides."""
    singles: tuple[Candidate, ...] = field(default=())
    """Boundary values that are also worth a case of their own."""

    @property
    def name(self) -> str:
        return dotted(self.place)


# --- collecting the nodes of each place -----------------------------------------------------------------------------


def branches(node: Json) -> Iterator[Json]:
    """
    The subschemas that apply to the same value as the node.
    """
    for keyword in ("allOf", "anyOf", "oneOf"):
        yield from node.get(keyword, ())
    for keyword in ("not", "if", "then", "else"):
        if keyword in node:
            yield node[keyword]
    yield from node.get("dependentSchemas", {}).values()


def collect(document: Json, schema: Json) -> dict[Place, list[Json]]:
    """
    Each place of the body with every schema node that may apply there, in the order of the document.
    """
    found: dict[Place, list[Json]] = {}
    _collect(document, schema, (), found, ())
    for place, nodes in list(found.items()):
        for name in _undeclared(nodes):
            _collect(document, _nameless(nodes, name), (*place, name), found, ())
    return found


def _undeclared(nodes: list[Json]) -> list[str]:
    """
    Members that are demanded, or that demand others, and that no `properties` declares.
    """
    pairs = [pair for node in nodes for pair in node.get("dependentRequired", {}).items()]
    named = [name for node in nodes for name in (*node.get("required", ()), *node.get("dependentSchemas", ()))]
    named += [name for trigger, others in pairs for name in (trigger, *others)]
    known = {name for node in nodes for name in node.get("properties", {})}
    return [name for name in dict.fromkeys(named) if name not in known]


def _nameless(nodes: list[Json], name: str) -> Json:
    """
    What holds of a member that no `properties` declares.
    """
    found = []
    for node in nodes:
        own = [part for pattern, part in node.get("patternProperties", {}).items() if matches(pattern, name)]
        found.extend(own or ([node["additionalProperties"]] if "additionalProperties" in node else []))
    return {"allOf": found} if found else {}


def _collect(
    document: Json, schema: Json, place: Place, found: dict[Place, list[Json]], above: tuple[int, ...]
) -> None:
    behind = id(_behind(document, schema))
    if isinstance(schema, dict) and "$ref" in schema and above.count(behind) > 1:
        return  # a recursive schema: the value and one more of its kind inside have been taken
    node = resolve(document, schema)
    if not isinstance(node, dict):
        node = {} if node is not False else {"not": {}}
    found.setdefault(place, []).append(node)
    above = (*above, behind)
    for name, part in node.get("properties", {}).items():
        _collect(document, part, (*place, name), found, above)
    if isinstance(node.get("items"), dict) and not set(WHOLE) & node.keys():
        _collect(document, node["items"], (*place, ITEM), found, above)
    if isinstance(node.get("additionalProperties"), dict):
        _collect(document, node["additionalProperties"], (*place, MAP), found, above)
    for branch in branches(node):
        _collect(document, branch, place, found, above)


def _behind(document: Json, schema: Json) -> Json:
    """
    The very node that a chain of references ends at, so that it can be told by identity.
    """
    while isinstance(schema, dict) and "$ref" in schema:
        parts = schema["$ref"].split("/")[1:]
        schema = document
        for part in parts:
            name = part.replace("~1", "/").replace("~0", "~")
            schema = schema[int(name)] if isinstance(schema, list) else schema[name]
    return schema


def _all(nodes: Iterable[Json], keyword: str) -> list[Json]:
    """
    The distinct values of a keyword over the nodes of a place.
    """
    values: list[Json] = []
    for node in nodes:
        if keyword in node and not any(same(node[keyword], value) for value in values):
            values.append(node[keyword])
    return values


@dataclass(slots=True)
class _Values:
    """
    The candidates of one place while they are collected, told apart by the text they are written as.
    """

    candidates: dict[str, Candidate] = field(default_factory=dict)

    def add(self, partition: str, keyword: str, *values: Json, level: str = "") -> None:
        for value in values:
            candidate = Candidate(partition=partition, keyword=keyword, value=value, level=level)
            self.candidates.setdefault(dumps(value), candidate)


_WITH_FRACTIONS: Final = 2**40
"""Beyond, a double holds no thousandths."""


def _bounds(nodes: tuple[Json, ...], integer: bool, side: str) -> list[tuple[Fraction, str]]:
    """
    The limits of one side with their keywords; for an integer, those that a whole number can meet.
    """
    inward = math.ceil if side == "inimum" else math.floor
    found = [(exact(low), f"m{side}") for low in _all(nodes, f"m{side}")]
    found += [(exact(low), f"exclusiveM{side}") for low in _all(nodes, f"exclusiveM{side}")]
    return [(Fraction(inward(low)) if integer else low, keyword) for low, keyword in found]


def _numbers(nodes: tuple[Json, ...], integer: bool, into: _Values) -> None:
    """
    Values on and one step either side of each bound, and the spellings of the bound that are one number.
    """
    multiples = [exact(multiple) for multiple in _all(nodes, "multipleOf")]
    step = max((Fraction(1), *multiples))
    lows, highs = _bounds(nodes, integer, "inimum"), _bounds(nodes, integer, "aximum")
    for bound, keyword in (*lows, *highs):
        side = "minimum" if "inimum" in keyword else "maximum"
        sign = 1 if side == "minimum" else -1
        inward, outward = ("above", "below") if sign == 1 else ("below", "above")
        into.add(f"at-{side}", keyword, written_number(bound))
        into.add(f"{inward}-{side}", keyword, written_number(bound + sign * step))
        into.add(f"{outward}-{side}", keyword, written_number(bound - sign * step))
        if not integer and abs(bound) < _WITH_FRACTIONS:
            into.add(f"{outward}-{side}-by-a-fraction", keyword, written_number(bound - sign * Fraction(1, 1000)))
            into.add(f"{inward}-{side}-by-a-fraction", "type", written_number(bound + sign * Fraction(1, 2)))
    low = lows[0][0] if lows else Fraction(0)
    if lows and highs:
        high = highs[0][0]
        into.add("inside", "type", written_number(low + (high - low) // (2 * step) * step))
        if not integer and high - low < 2 * step:
            into.add("inside", "type", written_number((low + high) / 2))
    _multiples(multiples, lows, highs, into)
    if not lows:
        into.add("zero", "type", 0)
        into.add("one", "type", 1)
        into.add("negative", "type", -1)
    elif low > 0:
        into.add("zero", lows[0][1], 0)
        into.add("negative", lows[0][1], written_number(-low))
    if not highs:
        into.add("large", "type", written_number(low + 4_094))
    if all(multiple.denominator == 1 for multiple in multiples):  # else doubles decide nothing
        huge = 2**32 + written_number(low) if integer and lows else Written("1e308")
        into.add("huge" if highs else WITHOUT_LIMIT, highs[0][1] if highs else "type", huge)
    if abs(low) < _WITH_FRACTIONS:
        into.add("a-fraction", "type", Written("1.5") if not lows else written_number(low + Fraction(1, 2)))


def _multiples(
    multiples: list[Fraction], lows: list[tuple[Fraction, str]], highs: list[tuple[Fraction, str]], into: _Values
) -> None:
    """
    Multiples near zero or the first limit, those nearest to each limit, and numbers between two of them.
    """
    low = lows[0][0] if lows else Fraction(0)
    for multiple in multiples:
        first = -(-low // multiple) * multiple
        into.add("multiple", "multipleOf", written_number(first), written_number(first + multiple))
        into.add(
            "not-a-multiple",
            "multipleOf",
            written_number(first + multiple / 2),
            written_number(first + multiple + multiple / 10),
        )
        for bound, keyword in (*lows, *highs):
            side, sign = ("minimum", 1) if "inimum" in keyword else ("maximum", -1)
            nearest = -(-bound // multiple) * multiple if sign == 1 else bound // multiple * multiple
            into.add(f"multiple-at-{side}", keyword, written_number(nearest), written_number(nearest + sign * multiple))
            into.add(f"multiple-outside-{side}", keyword, written_number(nearest - sign * multiple))


def _strings(nodes: tuple[Json, ...], place: Place, into: _Values) -> None:
    leaf = next((part for part in reversed(place) if part != ITEM), "body")
    if any(node.get("writeOnly") for node in nodes):
        into.add("typical", "type", f"{CANARY}_{leaf}_not_a_secret")
        into.add("empty", "type", "")
        _lengths(nodes, into, secret=True)
        return
    _formats(nodes, into)
    for pattern in _all(nodes, "pattern"):
        into.add("matching", "pattern", *matching(pattern))
        into.add("not-matching", "pattern", "\u0001", "rtk contract!", "")
    _lengths(nodes, into, secret=False)
    into.add("empty", "type", "")
    if any(name in FORMATS and FORMATS[name][0] for name in _all(nodes, "format")):
        return
    into.add("typical", "type", f"RtkContract_{leaf}")
    for name, text in STRINGS:
        into.add(name, "type", text, level="typical")


def _formats(nodes: tuple[Json, ...], into: _Values) -> None:
    for name in _all(nodes, "format"):
        if name not in FORMATS:
            continue  # an annotation that no validator knows
        good, bad = FORMATS[name]
        examples = [value for values in _all(nodes, "examples") for value in values]
        into.add("typical", "format", *examples, *good)
        if bad:
            into.add("not-of-the-format", "format", bad)


def _lengths(nodes: tuple[Json, ...], into: _Values, *, secret: bool) -> None:
    """
    Texts on and one step either side of each length, that fit the pattern and the format where such a text exists.
    """
    patterns, formats = _all(nodes, "pattern"), _all(nodes, "format")
    for keyword, inward in (("minLength", 1), ("maxLength", -1)):
        for limit in _all(nodes, keyword):
            inside, outside = ("above", "below") if inward == 1 else ("below", "above")
            sizes = ((limit, "at"), (limit + inward, inside), (limit - inward, outside))
            for size, side in sizes if limit <= LONGEST_TEXT else ():
                if size >= (SHORTEST_CANARY if secret else 0):
                    text = _canary(size) if secret else sized(size, patterns, formats)
                    into.add(f"{side}-{keyword}", keyword, text)
            if keyword == "maxLength" and not secret and limit <= LONGEST_TEXT:
                into.add("at-maxLength", keyword, "🎥" * limit)


LONGEST_TEXT: Final = 20_000
"""Texts beyond are sent once on the limit and once beyond it, and stand in no row."""
MOST_ITEMS: Final = 5_000
"""Longer lists, and objects of more members, are not sent at all."""
MOST_TEXT: Final = 2_000_000
"""Longer texts are not sent at all."""


def _very_long(nodes: tuple[Json, ...]) -> Iterator[Candidate]:
    """
    A text on a limit that is too long to be dealt in rows, and one beside it.
    """
    patterns, formats = _all(nodes, "pattern"), _all(nodes, "format")
    for keyword, outward, side in (("minLength", -1, "below"), ("maxLength", 1, "above")):
        for limit in _all(nodes, keyword):
            for size, name in ((limit, "at"), (limit + outward, side)) if LONGEST_TEXT < limit <= MOST_TEXT else ():
                text = sized(size, patterns, formats)
                yield Candidate(partition=f"{name}-{keyword}", keyword=keyword, value=text)


SHORTEST_CANARY: Final = 4
"""A shorter piece of the canary could stand in any answer by chance."""


def _canary(size: int) -> str:
    return (CANARY * (size // len(CANARY) + 1))[:size]


def _arrays(nodes: tuple[Json, ...], place: Place, items: tuple[Json, ...], good: list[Json], into: _Values) -> None:
    """
    Sizes on and beside each limit, order and duplicates; items take their own values, those that fit in `good`.
    """
    tried = [value for node in items for value in values_of((node,), (*place, ITEM))] or good
    if not good:
        return

    def sized(count: int) -> list[Json]:
        return [good[index % len(good)] for index in range(count)]

    into.add("empty", "type", [])
    into.add("one-item", "items", *([value] for value in tried))
    into.add("several-items", "items", sized(3), list(reversed(sized(3))))
    into.add("duplicate-items", "uniqueItems", [good[0], good[0]])
    for keyword, inward in (("minItems", 1), ("maxItems", -1)):
        for limit in _all(nodes, keyword):
            sizes = ((limit, "at"), (limit + inward, "inside"), (limit - inward, "outside"))
            for count, side in sizes:
                if 0 <= count <= MOST_ITEMS:
                    into.add(f"{side}-{keyword}", keyword, sized(count))
    for wrong in _wrong_items(items):
        into.add(f"item-{wrong.partition}", "items", [wrong.value])


def _wrong_items(items: tuple[Json, ...]) -> Iterator[Candidate]:
    """
    Items of the type that a lenient server would convert, null, and texts near a member of an enumeration.
    """
    if not items:
        return
    members = [value for node in items for value in (*node.get("enum", ()), *const(node))]
    typical = next(iter(values_of(items, (ITEM,))), None)
    yield from itertools.islice(_wrong_types(types_of(items), typical, bool(members)), 2)
    yield from _near_members(members)


def _maps(nodes: tuple[Json, ...], values: tuple[Json, ...], into: _Values) -> None:
    """
    An object whose members have no names of their own: one member of each kind, and sizes on and beside each limit.
    """
    tried = [value for node in values for value in values_of((node,), (MAP,))] if values else [MARK]

    def sized(count: int) -> Json:
        return {f"{MARK}_{number}": tried[0] for number in range(count)}

    into.add("one-member", "additionalProperties", *({MARK: value} for value in tried))
    for wrong in _wrong_items(values):
        into.add(f"member-{wrong.partition}", "additionalProperties", {MARK: wrong.value})
    for keyword, inward in (("minProperties", 1), ("maxProperties", -1)):
        for limit in _all(nodes, keyword):
            for count, side in ((limit, "at"), (limit + inward, "inside"), (limit - inward, "outside")):
                if 0 < count <= MOST_ITEMS:
                    into.add(f"{side}-{keyword}", keyword, sized(count))


def wide(values: list[Json]) -> list[Json]:
    """
    The values and, for texts, enough others to fill a long list without a duplicate.
    """
    if len(values) > 3 and type_of(values[0]) == "string":
        return [*values, *(f"{MARK}_{number}" for number in range(60))]
    return values


def values_of(nodes: tuple[Json, ...], place: Place) -> list[Json]:
    """
    Values that a scalar place may take by its own keywords; order is from typical to odd.
    """
    candidates = _candidates(nodes, place, (), (), [])
    return [
        candidate.value for candidate in candidates if candidate.partition not in ("huge", WITHOUT_LIMIT, "negative")
    ]


def _decided_examples(nodes: tuple[Json, ...]) -> list[Json]:
    """
    The examples of the nodes in which a clause leaves ordinary values open: they are values that it does not.
    """
    return [value for node in nodes if "x-unspecified" in node for value in node.get("examples", ())]


def _candidates(
    nodes: tuple[Json, ...], place: Place, items: tuple[Json, ...], values: tuple[Json, ...] | None, good: list[Json]
) -> list[Candidate]:
    """
    Every value that the keywords of a place suggest, whatever side it falls on.

    `items` are the schemas of the items of a plain array and `good` some items that fit; `values` the schemas of the
    members of a plain object, None for an object with members of its own.
    """
    into = _Values()
    types = types_of(nodes)
    for node in nodes:
        for value in (*node.get("enum", ()), *const(node)):
            into.add(f"member-{value}" if isinstance(value, str) else f"member-{dumps(value)}", "enum", value)
    enumerated = bool(into.candidates)
    into.add("example", "type", *_decided_examples(nodes))
    if "null" in types:
        into.add("null", "type", None)
    if "boolean" in types:
        into.add("true", "type", True)
        into.add("false", "type", False)
    if "number" in types or "integer" in types:
        _numbers(nodes, "number" not in types, into)
    if "string" in types and not enumerated:
        _strings(nodes, place, into)
    if "array" in types:
        _arrays(nodes, place, items, good, into)
    if "object" in types and values is not None:
        _maps(nodes, values, into)
    return list(into.candidates.values())


WRONG: Final[dict[str, tuple[Json, ...]]] = {
    # The first is what a lenient server would take for the right type; then what it would take for nothing. The text
    # for an object is one that a server which parses texts would take, and one which takes any text as well.
    "string": (7, None, ["rtkcontract"]),
    "number": (None, True, ""),
    "boolean": ("true", 1, None, [True], 0, ""),
    "array": ("rtkcontract", None, {}),
    "object": ("{}", None, [], "", True),
    "null": (0, "", False, {}),
}


RARE: Final[dict[str, tuple[Json, ...]]] = {"string": ({}, True), "number": ({}, [])}
"""What a server takes that converts everything."""


EVERY_TYPE: Final[tuple[Json, ...]] = (None, True, 7, "rtkcontract", [], {})


def _wrong_types(types: tuple[str, ...], typical: Json, enumerated: bool) -> Iterator[Candidate]:
    """
    Values of each other JSON type, the coercible ones first, and the right value wrapped in a list or in text.
    """
    main = next((kind for kind in types if kind != "null"), "null")
    main = "number" if main == "integer" else main
    usual = WRONG[main]
    if main == "number" and typical is not None:
        usual = (dumps(typical), [typical], *usual)
    elif main == "string" and enumerated:
        usual = (7, None, [typical])
    seen: set[str] = set()
    for effort, values in enumerate((usual, RARE.get(main, ()), EVERY_TYPE)):
        for value in values:
            kind = type_of(value)
            name = f"wrong-type-{kind}"
            known = name in seen
            if kind in types or (kind == "number" and "integer" in types) or (known and values is EVERY_TYPE):
                continue
            name = f"{name}-{slug(value)}" if known else name
            seen.add(name)
            yield Candidate(partition=name, keyword="type", value=value, effort=effort)


NEAR: Final[dict[str, Callable[[str], str]]] = {
    # What a lenient server would take for the member: by its start, in any case, without the blanks.
    "not-a-member": lambda member: f"{member}{MARK}",
    "member-in-other-case": str.swapcase,
    "member-padded": lambda member: f" {member} ",
}


def _near_members(members: list[Json]) -> Iterator[Candidate]:
    """
    Texts beside a member of an enumeration; a plan takes them from the member that its body holds.
    """
    first = next((value for value in members if isinstance(value, str)), None)
    if first is None:
        return
    for partition, made in NEAR.items():
        yield Candidate(partition=partition, keyword="enum", value=made(first))
    yield Candidate(partition="empty", keyword="enum", value="")


SINGLES: Final = ("at-minimum", "above-minimum", "below-maximum", "at-maximum")


def _field(
    place: Place,
    nodes: tuple[Json, ...],
    inside: dict[Place, list[Json]],
    has_members: bool,
    good: list[Json],
    whole: Whole,
) -> Field:
    types = types_of(nodes)
    items, values = tuple(inside.get((*place, ITEM), ())), tuple(inside.get((*place, MAP), ()))
    candidates = _candidates(nodes, place, () if has_members else items, None if has_members else values, good)
    members = [value for node in nodes for value in (*node.get("enum", ()), *const(node))]
    about = sorted({key for node in nodes for key in (*WHOLE, "not", "dependentSchemas") if key in node})
    if about and not has_members:
        known = {dumps(candidate.value) for candidate in candidates}
        made = [value for value in whole(place, "") if dumps(value) not in known]
        candidates += [Candidate(partition="sample", keyword="type", value=value) for value in made]
    broken = [Candidate(partition=f"breaks-{key}", keyword=key, value=v) for key in about for v in whole(place, key)]
    candidates = _few_members(candidates)
    levels: dict[str, Level] = {}
    if has_members:
        levels["members"] = Level(partition="members", keyword="properties", values=(MEMBERS,), open=True)
        candidates = [c for c in candidates if not _is_members(c.value)]
    if "object" in types:
        levels["empty"] = Level(partition="empty", keyword="properties", values=({},))
    for candidate in (one for one in candidates if one.partition not in UNDECIDED):
        level = candidate.level or candidate.partition
        shared = level in ("typical", "matching", "one-item", "several-items", "one-member", "inside", "sample", OTHERS)
        old = levels.get(level)
        if old is None:
            levels[level] = Level(partition=level, keyword=candidate.keyword, values=(candidate.value,), open=shared)
        elif shared:
            levels[level] = dataclasses.replace(old, values=(*old.values, candidate.value))
        else:
            name = f"{candidate.partition}-{slug(candidate.value)[:40]}"
            levels[name] = Level(partition=name, keyword=candidate.keyword, values=(candidate.value,))
    if "at-minimum" in levels and isinstance(levels["at-minimum"].value, int) and "integer" not in types:
        low = levels["at-minimum"]
        spelled = (Written(f"{low.value}.0"), Written(_exponent(low.value)))
        levels["at-minimum"] = dataclasses.replace(low, values=(low.value, *spelled))
    shown = [level.value for level in levels.values() if level.value is not MEMBERS]
    typical = next((value for value in shown if value is not None), None)
    breaking = [
        *(candidate for candidate in candidates if candidate.partition in UNDECIDED),
        *broken,
        *(_very_long(nodes) if "string" in types and not any(node.get("writeOnly") for node in nodes) else ()),
        *_near_members(members),
        *_wrong_types(types, typical, bool(members)),
    ]
    if "integer" in types and "at-minimum" in levels:
        number = next(value for value in shown if isinstance(value, int) and not isinstance(value, bool))
        breaking.append(Candidate(partition=WHOLE_FRACTION, keyword="type", value=Written(f"{number}.0")))
    return Field(
        place=place,
        nodes=nodes,
        levels=tuple(levels.values()),
        candidates=tuple(candidates),
        breaking=tuple(breaking),
        singles=tuple(c for c in candidates if c.partition in SINGLES),
    )


MANY_MEMBERS: Final = 24
"""An enumeration with more has some for all in the pairs; the others are each sent once."""
REPRESENTATIVES: Final = 8
OTHERS: Final = "other-members"


def _few_members(candidates: list[Candidate]) -> list[Candidate]:
    """
    The candidates with the members of a large enumeration as variants of one level, but for the first, the last and a
    few by an even step.
    """
    members = [number for number, one in enumerate(candidates) if one.keyword == "enum" and not one.level]
    if len(members) <= MANY_MEMBERS:
        return candidates
    step = (len(members) - 1) / (REPRESENTATIVES - 1)
    kept = {members[round(step * number)] for number in range(REPRESENTATIVES)}
    others = set(members) - kept
    return [dataclasses.replace(one, level=OTHERS) if n in others else one for n, one in enumerate(candidates)]


def _is_members(value: Json) -> bool:
    """
    Whether the members of an array or object are what its own fields say: a list of one item is.
    """
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict)


def _exponent(number: int) -> str:
    """
    60 as 6e1, 86400 as 864e2, 7 as 7e0.
    """
    digits = str(number)
    stripped = digits.rstrip("0") or "0"
    return f"{stripped}e{len(digits) - len(stripped)}"


Whole: TypeAlias = Callable[[Place, str], list[Json]]
"""Values that fit all schemas of a place, or with the name of a keyword, values that break it alone."""


def fields(
    document: Json, schema: Json, pool: Callable[[Place], list[Json]], whole: Whole = lambda _place, _keyword: []
) -> tuple[Field, ...]:
    """
    The fields of a body, parents before children, in the order of the document.

    `pool` gives valid items for the place of an array, typical ones first.
    """
    found = collect(document, schema)
    result = []
    for place, nodes in found.items():
        has_members = _has_children(found, place)
        if place and place[-1] == ITEM and not has_members:
            continue  # items of a plain array are values of the array itself
        if MAP in place or place.count(ITEM) > 3:
            continue
        good = pool(place) if "array" in types_of(nodes) else []
        result.append(_field(place, tuple(nodes), found, has_members, good, whole))
    return tuple(result)


def _has_children(found: dict[Place, list[Json]], place: Place) -> bool:
    """
    Whether members below a place are fields of their own; the items of a plain array are not.
    """
    below = [other[len(place) :] for other in found if len(other) > len(place) and other[: len(place)] == place]
    return any(part != ITEM for rest in below if MAP not in rest for part in rest)


def level_of(item: Field, value: Json) -> int | None:
    """
    The index of the level that a value belongs to; None for a value that is in no class of the field.
    """
    for index, level in enumerate(item.levels):
        if any(known is not MEMBERS and same(known, value) for known in level.values):
            return index
    kind = type_of(value)
    for index, level in enumerate(item.levels):
        if level.open and _belongs(level, value, kind):
            return index
    return None


def _belongs(level: Level, value: Json, kind: str) -> bool:
    if level.value is MEMBERS:
        return kind in ("object", "array") and bool(value)
    if kind == "array":
        one = level.partition == "one-item"
        return level.partition in ("one-item", "several-items") and one == (len(value) == 1)
    return kind == type_of(level.value) and value != ""
