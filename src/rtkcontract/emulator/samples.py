"""
A schema -> one plain value that fits it; pure and always the same.

1. What the schema fixes or prefers comes first: const, default, enum, examples; else the smallest value of its type.
2. Of a union one branch is taken. Which branch, and whether what is preferred is taken, is the attempt's to say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rtkcontract.json_schema.samples import FORMATS, matching
from rtkcontract.json_schema.values import types_of
from rtkcontract.model import Json
from rtkcontract.openapi.references import resolve

TEXT: Final = "emulated"
_DEEPEST: Final = 24
"""A required member that needs itself without end stops here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """
    How one value is made. `moment` is the time now; `new_id` makes a uuid that was not there before.
    """

    moment: str
    new_id: Callable[[], str]
    branch: int = 0
    plain: bool = False
    """Whether defaults and examples are left aside: they need not fit their own schema."""


def attempts(first: Attempt) -> Iterator[Attempt]:
    """
    The ways to make a value, the likeliest first.
    """
    for plain in (False, True):
        for branch in range(4):
            yield replace(first, branch=branch, plain=plain)


def parts_of(document: Json, node: Json, branch: int) -> Iterator[Mapping[str, Json]]:
    """
    The schema, the parts of its allOf, and one branch of each of its unions and conditions.
    """
    node = resolve(document, node)
    if not isinstance(node, dict):
        return
    yield node
    for part in node.get("allOf", ()):
        yield from parts_of(document, part, branch)
    for keyword in ("oneOf", "anyOf"):
        if branches := node.get(keyword):
            yield from parts_of(document, branches[branch % len(branches)], branch)
    condition = ("else", "then")[branch % 2]
    if "if" in node and condition in node:
        yield from parts_of(document, node[condition], branch)


def sample(document: Json, node: Json, attempt: Attempt, depth: int = 0) -> Json:
    """
    One value for a schema; {} where the schema says nothing, and below the deepest level.
    """
    parts = tuple(parts_of(document, node, attempt.branch))
    preferred = () if attempt.plain else tuple(_preferred(parts))
    if preferred:
        return preferred[0]
    if depth > _DEEPEST or not any(parts):
        return {}
    fixed = tuple(_fixed(parts))
    if fixed:
        return fixed[0]
    return _smallest(_Maker(document, parts, attempt, depth))


def _preferred(parts: Sequence[Mapping[str, Json]]) -> Iterator[Json]:
    for keyword in ("const", "default"):
        for part in parts:
            if keyword in part:
                yield part[keyword]
    enumerated = tuple(_fixed(parts))
    yield from enumerated
    for part in parts if not enumerated else ():
        yield from part.get("examples", ())
        if "example" in part:
            yield part["example"]


def _fixed(parts: Sequence[Mapping[str, Json]]) -> Iterator[Json]:
    """
    The values that const and enum leave, null last.
    """
    lists = [[part["const"]] for part in parts if "const" in part] + [part["enum"] for part in parts if "enum" in part]
    left = [value for value in lists[0] if all(value in other for other in lists)] if lists else []
    return iter(sorted(left, key=lambda value: value is None))


@dataclass(frozen=True, slots=True)
class _Maker:
    """
    The parts of one schema, and how values for it are made.
    """

    document: Json
    parts: tuple[Mapping[str, Json], ...]
    attempt: Attempt
    depth: int

    def all(self, keyword: str) -> list[Json]:
        return [part[keyword] for part in self.parts if keyword in part]

    def least(self, keyword: str, otherwise: Json = None) -> Json:
        return min(self.all(keyword), default=otherwise)

    def most(self, keyword: str, otherwise: Json = None) -> Json:
        return max(self.all(keyword), default=otherwise)

    def inner(self, nodes: Iterable[Json]) -> Json:
        found = list(nodes)
        node = found[0] if len(found) == 1 else {"allOf": found}
        return sample(self.document, node, self.attempt, self.depth + 1)


def _smallest(maker: _Maker) -> Json:
    kinds = [kind for kind in types_of(maker.parts) if kind != "null"]
    kind = kinds[0] if kinds else "null"
    makers: dict[str, Callable[[_Maker], Json]] = {
        "object": _object,
        "array": _array,
        "string": _string,
        "number": _number,
        "integer": _number,
        "boolean": lambda _: False,
    }
    if kind == "string" and not _says_string(maker.parts):
        return {}
    return makers[kind](maker) if kind in makers else None


def _says_string(parts: Iterable[Mapping[str, Json]]) -> bool:
    """
    Whether something about a text is said: where nothing is said at all, any value will do.
    """
    return any({"type", "format", "pattern", "minLength", "maxLength"} & part.keys() for part in parts)


# ---- objects and lists


def _object(maker: _Maker) -> Json:
    made: dict[str, Json] = {}
    wanted = list(dict.fromkeys(name for names in maker.all("required") for name in names))
    known = list(dict.fromkeys(name for members in maker.all("properties") for name in members))
    least = maker.most("minProperties", 0)
    spare = [name for name in known if name not in wanted] + [f"member{number}" for number in range(least)]
    wanted += spare[: max(least - len(wanted), 0)]
    while wanted:
        name = wanted.pop(0)
        if name not in made:
            made[name] = maker.inner(_member(maker, name))
            wanted += [other for needs in maker.all("dependentRequired") for other in needs.get(name, ())]
    return made


def _member(maker: _Maker, name: str) -> list[Json]:
    """
    What is said about a member; a text, where nothing is.
    """
    said = [members[name] for members in maker.all("properties") if name in members]
    more = [node for node in maker.all("additionalProperties") if isinstance(node, dict)]
    return said or more or [{"type": "string"}]


def _array(maker: _Maker) -> Json:
    first: list[Json] = next(iter(maker.all("prefixItems")), [])
    made = [maker.inner([node]) for node in first[: maker.least("maxItems", len(first))]]
    for node in maker.all("contains"):
        made += [maker.inner([node])] * maker.most("minContains", 1)
    items = maker.all("items")
    unique = any(maker.all("uniqueItems"))
    while len(made) < maker.most("minItems", 0):
        item = maker.inner(items) if items else TEXT
        made.append(_fresh(maker, items, item, made) if unique else item)
    return made


def _fresh(maker: _Maker, items: list[Json], item: Json, others: list[Json]) -> Json:
    """
    An item that is not yet there: the next of an enumeration, or a value that is a little different.
    """
    parts = [part for node in items for part in parts_of(maker.document, node, maker.attempt.branch)]
    candidates = [*_fixed(parts), item, *(_another(item, number) for number in range(1, len(others) + 2))]
    return next((value for value in candidates if value not in others), item)


def _another(value: Json, number: int) -> Json:
    if isinstance(value, bool) and number:
        return not value
    if isinstance(value, int | float):
        return value + number
    return f"{value}{number}" if isinstance(value, str) and number else value


# ---- texts and numbers


def _string(maker: _Maker) -> str:
    shortest, longest = maker.most("minLength", 0), maker.least("maxLength", math.inf)
    for form in maker.all("format"):
        if form == "uuid":
            return maker.attempt.new_id()
        if form == "date-time":
            return maker.attempt.moment
    texts = [text for pattern in maker.all("pattern") for text in matching(pattern)]
    texts += [text for form in maker.all("format") for text in FORMATS.get(form, ((), ""))[0]]
    fitting = [text for text in texts if shortest <= len(text) <= longest]
    if fitting or texts:
        return (fitting or texts)[0]
    text = TEXT.ljust(shortest, "-")
    return text if longest is math.inf else text[: int(longest)]


def _number(maker: _Maker) -> Json:
    whole = "integer" in {
        kind for kinds in maker.all("type") for kind in ([kinds] if isinstance(kinds, str) else kinds)
    }
    step = maker.most("multipleOf", 1 if whole else 0)
    low = maker.most("minimum", -math.inf)
    above = max((limit for limit in maker.all("exclusiveMinimum") if not isinstance(limit, bool)), default=-math.inf)
    high = maker.least("maximum", math.inf)
    under = min((limit for limit in maker.all("exclusiveMaximum") if not isinstance(limit, bool)), default=math.inf)
    if low <= 0 <= high and above < 0 < under:
        return 0
    return _stepped(max(low, above), above, min(high, under), under, step)


def _stepped(low: Json, above: Json, high: Json, under: Json, step: Json) -> Json:
    """
    The number nearest to zero between the limits that is a multiple of the step.
    """
    if low > 0:
        number = math.ceil(low / step) * step if step else low
        if number > above:
            return number
        return number + step if step else min(number + 1, (number + high) / 2)
    number = math.floor(high / step) * step if step else high
    if number < under:
        return number
    return number - step if step else max(number - 1, (number + low) / 2)
