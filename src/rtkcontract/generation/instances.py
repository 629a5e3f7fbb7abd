"""
(document, schemas) -> a few values that fit all of them, and values that break one keyword; pure and deterministic.

1. A value is built of what the schemas demand, under each combination of the branches of unions and conditions. It is
   given out only where the validator takes it: what is built here is a proposal.
2. A schema that refers to itself is followed `DEEPEST` levels; where it demands more there is no value.
3. `partitions` knows scalars, lists and objects with named members better; this is for every other form.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from rtkcontract.contract.fake_data import MARK
from rtkcontract.json_schema.json_text import at, dumps, loads
from rtkcontract.json_schema.samples import matches, matching, texts
from rtkcontract.json_schema.validator import Validator, Violation
from rtkcontract.json_schema.values import const, exact, types_of, written_number
from rtkcontract.model import Json
from rtkcontract.openapi.references import resolve

DEEPEST: Final = 7
MOST: Final = 8
"""Values of one schema."""
WORLDS: Final = 24
"""Combinations of branches that are tried."""
LONGEST: Final = 2_000
"""Items of a list, or members of an object, that are made where a schema demands so many."""
ANYTHING: Final[tuple[Json, ...]] = (MARK, 7, True, None, [], {})
ODD_NAMES: Final = (f"{MARK}_unknown", "", "RTK contract!", "0", "x" * 300)


NEIGHBOURS: Final = {
    "patternProperties": ("additionalProperties", "unevaluatedProperties"),
    "prefixItems": ("items", "unevaluatedItems"),
    "contains": ("minContains", "maxContains"),
}
"""Keywords that mean something else without the one beside them."""


World: TypeAlias = tuple[Json, ...]
"""Schemas without references, unions and conditions that hold together."""


class Instances:
    """
    The values of the schemas of one document.
    """

    def __init__(self, document: Json) -> None:
        self.document = document
        self._known: dict[tuple[int, ...], tuple[World, list[Json]]] = {}
        """By identity and depth; the schemas are kept with it, so that no identity is used again."""

    def judge(self, *schemas: Json) -> Validator:
        """
        Decides whether a value fits all schemas.
        """
        return Validator({"allOf": list(schemas)} if schemas else {}, self.document)

    def of(self, *schemas: Json, depth: int = 0) -> list[Json]:
        """
        About `MOST` distinct values that fit all schemas, the simplest first; none where none was found.
        """
        key = (depth, *map(id, schemas))
        if key not in self._known:
            self._known[key] = (schemas, [] if depth > DEEPEST else list(self._found(schemas, depth)))
        return self._known[key][1]

    def _found(self, schemas: World, depth: int) -> Iterator[Json]:
        judge, seen = self.judge(*schemas), set[str]()
        worlds = list(itertools.islice(self._worlds(schemas, (), 0), WORLDS))
        groups = [group for world in worlds for group in self._values(world, depth)]
        share = max(2 if len(groups) < WORLDS else 1, MOST // max(1, len(groups)))
        for group in groups:
            fit = (value for value in group if dumps(value) not in seen and judge.valid(value))
            for value in itertools.islice(fit, share):
                seen.add(dumps(value))
                yield value
            if len(seen) >= 2 * MOST:
                return

    # --- branches ---------------------------------------------------------------------------------------------------

    def _worlds(self, todo: World, done: World, steps: int) -> Iterator[World]:
        if not todo:
            yield done
            return
        node = resolve(self.document, todo[0])
        if node is False or steps > 80:
            return
        if not isinstance(node, dict):
            yield from self._worlds(todo[1:], done, steps + 1)
            return
        rest = (*node.get("allOf", ()), *todo[1:])
        for chosen in itertools.islice(_choices(node), WORLDS):
            yield from self._worlds((*chosen, *rest), (*done, node), steps + 1)

    def world(self, *schemas: Json) -> World:
        """
        The first combination of branches; () where there is none.
        """
        return next(self._worlds(schemas, (), 0), ())

    # --- values -----------------------------------------------------------------------------------------------------

    def _values(self, world: World, depth: int) -> Iterator[Iterator[Json]]:
        """
        Proposals, in one group for each type.
        """
        members = [value for node in world for value in (*node.get("enum", ()), *const(node))]
        makers: dict[str, Callable[[World, int], Iterator[Json]]] = {
            "string": _strings,
            "number": _numbers,
            "integer": _numbers,
            "array": self._arrays,
            "object": self._objects,
        }
        if members:
            yield iter(members)
            return
        for kind in _types(world):
            if kind in makers:
                yield makers[kind](world, depth)
            else:
                yield iter((True, False) if kind == "boolean" else (None,))
        shown = [node[key] for node in world for key in ("default", "example") if key in node]
        yield iter([*(value for node in world for value in node.get("examples", ())), *shown])

    def member(self, world: World, name: str) -> World:
        """
        The schemas of a member of an object.
        """
        known = {declared for node in world for declared in node.get("properties", {})}
        found: list[Json] = []
        for node in world:
            own = [node["properties"][name]] if name in node.get("properties", {}) else []
            own += [part for pattern, part in node.get("patternProperties", {}).items() if matches(pattern, name)]
            if not own and "additionalProperties" in node:
                own = [node["additionalProperties"]]
            elif not own and name not in known and "unevaluatedProperties" in node:
                own = [node["unevaluatedProperties"]]
            found.extend(own)
        return tuple(found)

    def item(self, world: World, index: int) -> World:
        """
        The schemas of an item of a list.
        """
        found: list[Json] = []
        for node in world:
            first = node.get("prefixItems", ())
            rest = next((node[key] for key in ("items", "unevaluatedItems") if key in node), True)
            found.append(first[index] if index < len(first) else rest)
        return tuple(found)

    def _objects(self, world: World, depth: int) -> Iterator[Json]:
        needed = demanded(world)
        least = max((node.get("minProperties", 0) for node in world), default=0)
        most = min((node["maxProperties"] for node in world if "maxProperties" in node), default=math.inf)
        declared = list(dict.fromkeys(name for node in world for name in node.get("properties", {})))
        patterned = [text for node in world for name in node.get("patternProperties", {}) for text in matching(name)]
        names = [*needed, *(name for name in (*declared, *patterned) if name not in needed)]
        smallest = self._object(world, needed, self._names(world, names, least) if least else (), least, depth)
        if smallest is None:
            return
        yield smallest
        if depth < 3:
            filler = next(iter(self._names(world, [], 1)), "")
            for wanted in (names[:30], [*needed, *patterned[:2]], [*needed, filler] if filler else needed):
                body = self._object(world, needed, wanted, 0, depth)
                if body is not None and len(body) <= most:
                    yield body

    def _object(
        self, world: World, needed: Sequence[str], names: Iterable[str], least: int, depth: int
    ) -> dict[str, Json] | None:
        """
        The needed members, and of the others so many as make `least`, or all where that is 0.
        """
        body: dict[str, Json] = {}
        for name in itertools.chain(needed, names):
            if name in body or (least and len(body) >= least and name not in needed):
                continue
            if len(body) > LONGEST:
                return None
            value = next(iter(self.of(*self.member(world, name), depth=depth + 1)), ABSENT)
            if value is not ABSENT:
                body[name] = value
            elif name in needed:
                return None
            if not least and name not in needed and len(body) > 30:
                break
        return body if len(body) >= least else None

    def _names(self, world: World, declared: Sequence[str], least: int) -> Iterator[str]:
        """
        Names that an object may have: the declared ones, then those that `propertyNames` takes.
        """
        yield from declared
        rules = [node["propertyNames"] for node in world if "propertyNames" in node]
        if not rules:
            yield from (MARK, *(f"{MARK}_{number}" for number in range(least)))
            return
        yield from self.distinct(({"type": "string"}, *rules), least + 2)

    def distinct(self, schemas: World, count: int, depth: int = 1) -> list[Json]:
        """
        At least `count` distinct values of a schema where so many are found.
        """
        found = {dumps(value): value for value in self.of(*schemas, depth=depth)}
        if len(found) >= count:
            return list(found.values())
        judge = self.judge(*schemas)
        for value in itertools.islice(self._more(self.world(*schemas), list(found.values())), 4 * count + 100):
            if len(found) >= count:
                break
            if dumps(value) not in found and judge.valid(value):
                found[dumps(value)] = value
        return list(found.values())

    def _more(self, world: World, found: Sequence[Json]) -> Iterator[Json]:
        """
        Further values beside those that are known.
        """
        first = next((value for value in found if value is not None), None)
        step = max((exact(node["multipleOf"]) for node in world if "multipleOf" in node), default=exact(1))
        for number in range(1, LONGEST):
            if isinstance(first, str):
                yield f"{MARK}_{number}"
                yield from self._of_length(world, number)
            elif isinstance(first, int | float) and not isinstance(first, bool):
                yield written_number(exact(first) + number * step)
                yield written_number(exact(first) - number * step)
            elif isinstance(first, dict):
                yield from ({**first, name: value} for name, value in self._other_members(world, first, number))
            elif isinstance(first, list):
                yield [*first, *[first[0] if first else number] * number]
            else:
                return

    def _of_length(self, world: World, number: int) -> Iterator[str]:
        """
        A text that fits, of a length of its own or with a start of its own.
        """
        patterns = tuple(node["pattern"] for node in world if "pattern" in node)
        formats = tuple(node["format"] for node in world if "format" in node)
        if number < 40 and (patterns or formats):
            yield from texts(patterns, formats, number, number)
            yield from texts((*patterns, f"^{chr(96 + number % 26 + 1)}"), formats, 1)
            yield from texts((*patterns, f"{number}$"), formats, 1)
        elif not patterns and not formats:
            yield from (chr(0x60 + number), f"{number:x}")

    def _other_members(self, world: World, body: Json, number: int) -> Iterator[tuple[str, Json]]:
        for name in body:
            values = self.distinct(self.member(world, name), number + 1, depth=3) if number < 20 else []
            yield from ((name, value) for value in values[number : number + 1])
        if not body:
            yield f"{MARK}_{number}", number

    def _arrays(self, world: World, depth: int) -> Iterator[Json]:
        least = max((node.get("minItems", 0) for node in world), default=0)
        most = min((node["maxItems"] for node in world if "maxItems" in node), default=math.inf)
        first = max((len(node.get("prefixItems", ())) for node in world), default=0)
        needed = sum(node.get("minContains", 1) for node in world if "contains" in node)
        start = max(least, needed)
        for count in dict.fromkeys((start, max(start, 1), max(start, first), max(start, first + 1))):
            if count <= most and count <= LONGEST:
                made = self._array(world, count, depth)
                if made is not None:
                    yield made
        if not needed and not first and start <= 1 <= most:
            yield from ([value] for value in self.of(*self.item(world, 0), depth=depth + 1)[1:])

    def _array(self, world: World, count: int, depth: int) -> list[Json] | None:
        unique = any(node.get("uniqueItems") for node in world)
        wanted = [node["contains"] for node in world if "contains" in node for _ in range(node.get("minContains", 1))]
        first = max((len(node.get("prefixItems", ())) for node in world), default=0)
        behind = list(range(first, first + len(wanted))) if count >= first + len(wanted) else list(range(len(wanted)))
        items: list[Json] = []
        seen: set[str] = set()
        for index in range(count):
            schemas = self.item(world, min(index, first))
            if index in behind:
                schemas = (*schemas, wanted[behind.index(index)])
            pool = self.distinct(schemas, index + 1, depth + 1) if unique else self.of(*schemas, depth=depth + 1)
            value = next((one for one in pool if not unique or dumps(one) not in seen), ABSENT)
            if value is ABSENT:
                return None
            seen.add(dumps(value))
            items.append(value)
        return items

    # --- completing a value -----------------------------------------------------------------------------------------

    def completed(self, oracle: Validator, body: Json) -> Json:
        """
        A copy of a value with what its schema demands besides: further members and items, and other values where what
        stands there does not fit. It need not fit in the end.
        """
        body = loads(dumps(body))
        for _ in range(12):
            broken = oracle.violations(body)
            if not any(self._mended(oracle, body, violation) for violation in broken):
                break
        return body

    def _mended(self, oracle: Validator, body: Json, violation: Violation) -> bool:
        """
        Whether a change of the body does away with a violation; the root stays the value that it is.
        """
        try:
            node = resolve(self.document, at(oracle.document, violation.schema_pointer.rpartition("/")[0]))
        except LookupError:
            node = {}
        node = node if isinstance(node, dict) else {}
        world = self._at(oracle.schema, violation.path)
        holder = body
        for part in violation.path:
            holder = holder[part]
        if isinstance(holder, dict):
            return self._with_members(holder, (*world, node), violation)
        if isinstance(holder, list) and violation.keyword in ("minItems", "contains", "minContains"):
            return self._with_items(holder, (*world, node), violation.keyword)
        return False

    def _with_members(self, holder: dict[str, Json], world: World, violation: Violation) -> bool:
        names = [violation.name] if violation.keyword == "required" else []
        names += [name for name in demanded([*world, {"required": list(holder)}]) if name not in holder]
        if violation.keyword == "minProperties":
            names += itertools.islice((n for n in self._names(world, [], 40) if n not in holder), 1)
        for name in filter(None, names):
            if name not in holder:
                value = next(iter(self.of(*self.member(world, name), depth=2)), ABSENT)
                if value is not ABSENT:
                    holder[name] = value
                    return True
        return False

    def _with_items(self, holder: list[Json], world: World, keyword: str) -> bool:
        index = len(holder)
        wanted = [node["contains"] for node in world if "contains" in node and keyword != "minItems"][:1]
        schemas = (*self.item(world, index), *wanted)
        known = set(map(dumps, holder))
        unique = any(node.get("uniqueItems") for node in world)
        pool = self.distinct(schemas, index + 1, 2) if unique else self.of(*schemas, depth=2)
        value = next((one for one in pool if not unique or dumps(one) not in known), ABSENT)
        least = max((node.get("minItems", 0) for node in world), default=0)
        if value is ABSENT or index > LONGEST:
            return False
        holder.extend([value] if unique or keyword != "minItems" else [value] * max(1, min(least - index, LONGEST)))
        return True

    def _at(self, schema: Json, path: Sequence[str | int]) -> World:
        """
        What holds at a place of a value whatever branches are taken.
        """
        world = self._plain(schema)
        for part in path:
            below = self.item(world, part) if isinstance(part, int) else self.member(world, part)
            world = tuple(inner for one in below for inner in self._plain(one))
        return world

    def _plain(self, schema: Json, steps: int = 0) -> World:
        node = resolve(self.document, schema)
        if not isinstance(node, dict) or steps > DEEPEST:
            return ()
        return (node, *(inner for part in node.get("allOf", ()) for inner in self._plain(part, steps + 1)))

    # --- values that break one keyword ------------------------------------------------------------------------------

    def breaking(self, nodes: Sequence[Json], keyword: str) -> list[Json]:
        """
        Values that fit the nodes but for one keyword; at most three.
        """
        found: dict[str, Json] = {}
        strict = self.judge(*nodes)
        for number, node in enumerate(nodes):
            if keyword not in node:
                continue
            lax = {key: value for key, value in node.items() if key not in (keyword, *NEIGHBOURS.get(keyword, ()))}
            others = (*nodes[:number], lax, *nodes[number + 1 :])
            loose = self.judge(*others)
            seeds = itertools.chain(self._seeds(keyword, node, nodes), self.of(*others, depth=1))
            for value in seeds:
                if len(found) < 3 and not strict.valid(value) and loose.valid(value):
                    found.setdefault(dumps(value), value)
        return list(found.values())

    def _seeds(self, keyword: str, node: Json, nodes: Sequence[Json]) -> Iterator[Json]:
        """
        What may break a keyword: something that fits, with one part that does not.
        """
        good = self.of(*nodes)
        lists = [value for value in good if isinstance(value, list)]
        objects = [value for value in good if isinstance(value, dict)]
        if keyword == "not":
            yield from self.of(node["not"], *({k: v for k, v in one.items() if k != "not"} for one in nodes), depth=1)
            yield from self.of(node["not"], depth=1)
        elif keyword in ("contains", "minContains"):
            size = max((one.get("minItems", 0) for one in nodes), default=0)
            yield from ([value] * size for value in ANYTHING)
            yield from ([value] * max(size, 1) for value in (*ANYTHING, 1.5, -7))
            yield []
        elif keyword == "maxContains":
            yield from ([value] * (node[keyword] + 1) for value in self.of(node["contains"], depth=1))
            yield self.distinct((node["contains"],), node[keyword] + 1)
        elif keyword in ("prefixItems", "items", "unevaluatedItems"):
            for value in sorted(lists, key=len, reverse=True):
                for index in range(min(len(value), 3)):
                    yield from ([*value[:index], wrong, *value[index + 1 :]] for wrong in ANYTHING)
                yield from ([*value, wrong] for wrong in ANYTHING)
        elif keyword == "dependentSchemas":
            yield from self._half(node)
        else:
            yield from self._with_odd_member(node, objects)

    def _half(self, node: Json) -> Iterator[Json]:
        """
        Objects that hold a member, and not what comes with it.
        """
        open_node = {key: value for key, value in node.items() if key != "dependentSchemas"}
        for name, schema in node["dependentSchemas"].items():
            for body in self.of({**open_node, "type": "object"}, {"required": [name]}, depth=1):
                yield body
                world = self.world(schema) if schema is not False else ()
                for other in dict.fromkeys(one for part in world for one in part.get("properties", {})):
                    yield from ({**body, other: wrong} for wrong in ANYTHING)

    def _with_odd_member(self, node: Json, objects: list[Json]) -> Iterator[Json]:
        """
        Objects with a member of a name, or of a value, that a rule about names or values may refuse.
        """
        named = [text for pattern in node.get("patternProperties", {}) for text in matching(pattern)[:1]]
        for body in sorted(objects, key=len, reverse=True)[:3]:
            for name in (*named, *ODD_NAMES):
                fitting = self.of(*self.member((node,), name), depth=2)[:1]
                yield from ({**body, name: value} for value in (*fitting, *ANYTHING))


class _Absent:
    pass


ABSENT: Final = _Absent()


def _choices(node: Json) -> Iterator[World]:
    """
    What each combination of the branches of a node adds to it.
    """
    groups: list[list[World]] = [[(branch,) for branch in node[key]] for key in ("anyOf", "oneOf") if key in node]
    if "if" in node:
        groups.append([(node.get("else", True),), (node["if"], node.get("then", True))])
    if "dependentSchemas" in node:
        all_of_them = tuple(
            part for name, schema in node["dependentSchemas"].items() for part in ({"required": [name]}, schema)
        )
        groups.append([(), all_of_them])
    for chosen in itertools.product(*groups):
        yield tuple(part for parts in chosen for part in parts)


def demanded(world: Iterable[Json]) -> list[str]:
    """
    The members that an object must have, those that others demand included.
    """
    world = list(world)
    names = dict.fromkeys(name for node in world for name in node.get("required", ()))
    pairs = [pair for node in world for pair in node.get("dependentRequired", {}).items()]
    while more := [other for name, others in pairs if name in names for other in others if other not in names]:
        names.update(dict.fromkeys(more))
    return list(names)


def _types(world: World) -> tuple[str, ...]:
    """
    The types that every schema allows, as the first of them lists them.
    """
    declared = [types_of((node,)) for node in world if "type" in node]
    if declared:
        return tuple(kind for kind in declared[0] if all(_within(kind, other) for other in declared[1:])) or (
            ("integer",) if all({"number", "integer"} & set(kinds) for kinds in declared) else ()
        )
    silent = {"title", "description", "examples", "example", "default", "deprecated", "not"}
    if not any(set(node) - silent and any(not key.startswith("x-") for key in set(node) - silent) for node in world):
        return ("string", "number", "boolean", "null", "array", "object")
    return tuple(dict.fromkeys((*types_of(world), "string", "number", "array", "object", "null")))


def _within(kind: str, others: tuple[str, ...]) -> bool:
    return kind in others or (kind == "integer" and "number" in others)


def _strings(world: World, _depth: int) -> Iterator[Json]:
    patterns = tuple(dict.fromkeys(node["pattern"] for node in world if "pattern" in node))
    formats = tuple(dict.fromkeys(node["format"] for node in world if isinstance(node.get("format"), str)))
    least = max((node.get("minLength", 0) for node in world), default=0)
    most = min((node["maxLength"] for node in world if "maxLength" in node), default=None)
    yield MARK
    yield from texts(patterns, formats, least, most)
    yield from ("m" * max(least, 1), "x", "0", "", f"{MARK} two", "A" * least)


def _numbers(world: World, _depth: int) -> Iterator[Json]:
    step = max((exact(node["multipleOf"]) for node in world if "multipleOf" in node), default=exact(1))
    lows = [exact(node[key]) for node in world for key in ("minimum", "exclusiveMinimum") if key in node]
    highs = [exact(node[key]) for node in world for key in ("maximum", "exclusiveMaximum") if key in node]
    yield from (7, 1, 0, -1)
    if lows:
        low = -(-max(lows) // step) * step
        yield from map(written_number, (low, low + step, low + exact(1) / 2))
    if highs:
        high = min(highs) // step * step
        yield from map(written_number, (high, high - step, high - exact(1) / 2))
    if lows and highs:
        yield written_number((max(lows) + min(highs)) / 2)
    yield from map(written_number, (step, 2 * step, step / 2))
