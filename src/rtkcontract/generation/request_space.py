"""
(document, schema) -> the space of bodies: which levels go together, rows to bodies and bodies to rows; pure.

1. A factor is a field below the root; its level 0 is absent. The root itself is always an object here.
2. A field is present only where its parent holds members; what a parent requires is present with it.
3. What unions, conditions and dependencies allow becomes a table for each object: levels that every subschema of the
   object judges alike form one class, and each combination of classes is judged by the schema itself.
4. Two spaces: "accepted" holds bodies whose acceptance the sources decide, "valid" also those that a clause of
   `x-unspecified` leaves open.
"""

from __future__ import annotations

import copy
import itertools
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from rtkcontract.contract.expectation import Oracle
from rtkcontract.generation import partitions
from rtkcontract.generation.covering_array import Row, Space, Table, bits, mask_of, merged
from rtkcontract.generation.instances import Instances
from rtkcontract.generation.parameters import Wire, wire_of
from rtkcontract.generation.partitions import COMBINATORS, Candidate, Field, Level
from rtkcontract.json_schema import values as json_values
from rtkcontract.json_schema.json_text import NotStrictJson, dumps, loads
from rtkcontract.json_schema.samples import matches
from rtkcontract.json_schema.values import ABSENT, ITEM, MEMBERS, Place, opened, put, taken
from rtkcontract.model import Case, Json, Operation
from rtkcontract.openapi.references import resolve

LARGEST_TABLE = 6_000
"""Combinations of classes that are judged one by one; beyond it only single branches of a union are."""


NO_FIELD = Level(partition="absent", keyword="required", values=(ABSENT,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """
    One field with its levels; the first is absent. `others` are the candidates that are not accepted by themselves.
    """

    field: Field
    levels: tuple[Level, ...]
    others: tuple[Candidate, ...]

    @property
    def singles(self) -> tuple[Candidate, ...]:
        """
        The boundary values of the field that stand in one of its levels or among its faults.
        """
        known = [value for level in self.levels for value in level.values] + [one.value for one in self.others]
        return tuple(one for one in self.field.singles if any(one.value is value for value in known))

    @property
    def place(self) -> Place:
        return self.field.place


class Bodies:
    """
    The space of bodies of one request schema.
    """

    def __init__(self, document: Json, schema: Json, depth: int = 0, wire: Wire | None = None) -> None:
        self.document, self.schema, self._depth = document, schema, depth
        self.wire = wire
        """How a value is sent, where parameters are a part of the space."""
        self.oracle = Oracle(document, schema)
        self.instances = Instances(document)
        found = partitions.fields(document, schema, self._items, self._whole)
        self.root, self.fields = found[0], found
        self._incomplete = _incomplete(found)
        """Whether a row may say too little: a list wants more than one item, an object more than its fields."""
        self._holders = {field.place[:-1] for field in found if field.place}
        self.factors = tuple(self._factor(field) for field in found[1:])
        self._start = tuple(itertools.accumulate((len(factor.levels) for factor in self.factors), initial=0))
        self.index = {factor.place: number for number, factor in enumerate(self.factors)}
        self._members = [(factor, factor.place, factor.place[:-1], factor.place[-1]) for factor in self.factors]
        self._groups = [group for group in (self._group(field) for field in found) if group is not None]
        self._levelled = tuple(map(_levelled, self.factors))
        self._looked_up: dict[tuple[int, str, Json], int | None] = {}
        self._held: dict[bytes, int] = {}
        self._combined: dict[Place, list[tuple[int, Json]] | None] = {}
        self.rules = self._tables(undecided=False)
        """The tables of what unions, conditions and dependencies accept."""
        self.accepted = self._space(self.rules)
        self.valid = self._space(self._tables(undecided=True))

    @classmethod
    def of(cls, document: Json, operation: Operation) -> Bodies:
        wire = wire_of(document, operation)
        return cls(document, operation.request_schema) if wire is None else cls(wire.document, wire.schema, wire=wire)

    def value(self, case: Case, *, as_written: bool = False) -> Json:
        """
        What the request of a case says, as a value of the space. Raises NotStrictJson where its body says nothing.
        """
        if self.wire is not None:
            return self.wire.value(case, as_written=as_written)
        return loads(case.content, as_written=as_written)

    def depth(self, place: Place) -> int:
        """
        How deep a field lies below the body or below the place of a parameter; 1 is the top.
        """
        return len(place) - (self.wire is not None)

    # --- levels -----------------------------------------------------------------------------------------------------

    def _factor(self, field: Field) -> Factor:
        """
        The field with its levels cut to the values that its own unconditional keywords accept.
        """
        firm = self.firm(field.place)
        whole = field.place not in self._holders
        local = Oracle(self.document, _together(firm if whole else [_own(node) for node in firm]))
        levels = [NO_FIELD]
        refused: list[Json] = []
        for level in field.levels:
            if level.value is MEMBERS:
                levels.append(level)
                continue
            good = tuple(value for value in level.values if local.expectation(value).outcome == "accepted")
            refused.extend(value for value in level.values if not any(value is kept for kept in good))
            levels.extend(self._alike(field, level, good))
        if len(levels) == 1 and firm:
            made = tuple(self.instances.of(*firm))
            levels.extend([Level(partition="sample", keyword="type", values=made)] if made else [])
        others = [candidate for candidate in field.candidates if any(candidate.value is value for value in refused)]
        if any(value == {} for value in refused):
            others.append(Candidate(partition="empty", keyword="properties", value={}))
        if self.wire is None:
            return Factor(field=field, levels=tuple(levels), others=(*others, *field.breaking))
        return Factor(
            field=field,
            levels=self.wire.levels(field.place, tuple(levels)),
            others=self.wire.others(field.place, (*others, *field.breaking)),
        )

    def _alike(self, field: Field, level: Level, values: tuple[Json, ...]) -> Iterator[Level]:
        """
        The level in as many parts as the subschemas of the place tell its variants apart.
        """
        plain = len(values) < 2 or len(field.nodes) == len(self.firm(field.place))
        tests = [] if plain else [Oracle(self.document, node) for node in field.nodes]
        parts: dict[tuple[bool, ...], list[Json]] = {}
        for value in values:
            parts.setdefault(tuple(test.valid(value) for test in tests), []).append(value)
        for number, part in enumerate(parts.values()):
            name = level.partition if number == 0 else f"{level.partition}-{json_values.slug(part[0])}"
            yield Level(partition=name, keyword=level.keyword, values=tuple(part), open=level.open and number == 0)

    def _items(self, place: Place) -> list[Json]:
        """
        Valid items for an array, distinct, typical ones first.
        """
        nodes = self.firm((*place, ITEM))
        if not nodes:
            return ["a", "b", "c"]
        local = Oracle(self.document, _together(nodes))
        if "object" in json_values.types_of(nodes):
            tried = self._samples(_together(nodes))
        else:
            tried = partitions.wide(
                [value for node in nodes for value in partitions.values_of((node,), (*place, ITEM))]
            )
        items = [value for value in tried if local.valid(loads(dumps(value)))] or self.instances.of(*nodes)
        if self.wire is None or self.wire.parameter(place) is None:
            return items
        return [value for value in items if self.wire.arrives(place, [value])]

    def _whole(self, place: Place, keyword: str) -> list[Json]:
        """
        Values of a place that fit all that applies there, or that break one keyword of it.
        """
        firm = self.firm(place)
        return self.instances.breaking(firm, keyword) if keyword else self.instances.of(*firm)

    def _samples(self, schema: Json) -> list[Json]:
        """
        Some objects that fit a schema, the smallest first.
        """
        if self._depth > 1:
            return [{}]
        inner = Bodies(self.document, schema, self._depth + 1)
        rows = (inner.smallest(literals) for literals in ((), *((literal,) for literal in bits(inner.leaves))))
        bodies = {dumps(body): body for row in rows if row is not None for body in [inner.body(row)]}
        return list(bodies.values())

    def firm(self, place: Place) -> list[Json]:
        """
        The nodes that apply at a place whatever the rest of the body is: reached through properties, items and allOf.
        """
        nodes = list(self._unfolded(self.schema))
        for part in place:
            nodes = [
                inner
                for node in nodes
                for below in ([node["items"]] if part == ITEM and isinstance(node.get("items"), dict) else [])
                + _of_member(node, part)
                for inner in self._unfolded(below)
            ]
        return nodes

    def _unfolded(self, schema: Json) -> Iterator[Json]:
        node = resolve(self.document, schema)
        if node is False:
            yield {"not": {}}
        if isinstance(node, dict):
            yield node
            for part in node.get("allOf", ()):
                yield from self._unfolded(part)

    # --- tables -----------------------------------------------------------------------------------------------------

    def _group(self, field: Field) -> tuple[Place, list[Place], Json, Json] | None:
        """
        An object whose members constrain each other: its place, the places that matter, the schema that judges them,
        and the same without the clauses that leave acceptance open.
        """
        firm = self.firm(field.place)
        rules = [{key: node[key] for key in COMBINATORS if key in node} for node in firm]
        rules = [rule for rule in rules if set(rule) - {"allOf"} or _matters(rule)]
        clauses = [entry["when"] for node in firm for entry in node.get("x-unspecified", ()) if "when" in entry]
        relative: dict[Place, None] = {}
        for rule in (*rules, *clauses):
            for place in self._mentioned(rule, field.place, ()):
                relative.setdefault(place)
        places = [place for place in relative if place and (*field.place, *place) in self.index]
        if not places:
            return None
        return field.place, places, _together(rules), _together([*rules, *({"not": clause} for clause in clauses)])

    def _mentioned(self, schema: Json, above: Place, at: Place) -> Iterator[Place]:
        """
        The places below an object that a rule looks at; no deeper than the fields go, since schemas may be recursive.
        """
        node = resolve(self.document, schema)
        if not isinstance(node, dict) or (at and (*above, *at) not in self.index):
            return
        for name in node.get("required", ()):
            yield (*at, name)
        for name, needed in node.get("dependentRequired", {}).items():
            yield (*at, name)
            yield from ((*at, other) for other in needed)
        yield from ((*at, name) for name in node.get("dependentSchemas", {}))
        for name, part in node.get("properties", {}).items():
            yield (*at, name)
            yield from self._mentioned(part, above, (*at, name))
        if isinstance(node.get("items"), dict):
            yield from self._mentioned(node["items"], above, (*at, ITEM))
        for branch in partitions.branches(node):
            yield from self._mentioned(branch, above, at)

    def _tests(self, schema: Json, place: Place) -> Iterator[Json]:
        """
        The subschemas of a rule that look at the value of one place.
        """
        node = resolve(self.document, schema)
        if not isinstance(node, dict):
            return
        if not place:
            yield {key: value for key, value in node.items() if key not in ("x-unspecified", "x-source")}
        for branch in partitions.branches(node):
            yield from self._tests(branch, place)
        if place and place[0] in node.get("properties", {}):
            yield from self._tests(node["properties"][place[0]], place[1:])
        if place and place[0] == ITEM and isinstance(node.get("items"), dict):
            yield from self._tests(node["items"], place[1:])

    def _classes(self, rule: Json, at: Place, place: Place) -> list[tuple[int, Json]]:
        """
        The levels of one place grouped by what the rule's subschemas say of them: (mask of literals, one value).
        """
        number = self.index[(*at, *place)]
        tests = [Oracle(self.document, test) for test in self._tests(rule, place)]
        classes: dict[tuple[object, ...], tuple[int, Json]] = {}
        for level, content in enumerate(self.factors[number].levels):
            value = content.value
            if value is ABSENT or value is MEMBERS:
                key: tuple[object, ...] = (repr(value),)
            else:
                key = (json_values.type_of(value), value == {}, *(test.valid(value) for test in tests))
            bit = 1 << (self._start[number] + level)
            mask, first = classes.get(key) or (0, value if value in (ABSENT, MEMBERS) else loads(dumps(value)))
            classes[key] = (mask | bit, first)
        return list(classes.values())

    def _table(self, group: tuple[Place, list[Place], Json, Json], *, undecided: bool) -> Iterator[Table]:
        at, places, bare, decided = group
        judge = Oracle(self.document, bare if undecided else decided)
        if at not in self._combined:
            self._combined[at] = self._combinations(at, places, decided)
        combined = self._combined[at]
        if combined is None:
            yield from self._branch_tables(at, places, bare)
            return
        own = self.index.get(at)
        scope = [self.index[(*at, *place)] for place in places]
        allowed = [mask for mask, body in combined if judge.valid_plain(body)]
        if own is not None:
            inside = self._literal(own, MEMBERS)
            nothing = sum(1 << self._start[number] for number in scope)
            outside = self._mask(own) & ~(1 << inside)
            if not judge.valid({}):
                outside &= ~self._empty(own)
            allowed = [*(mask | (1 << inside) for mask in allowed), nothing | outside]
            scope = [own, *scope]
        yield Table(tuple(scope), merged(allowed, [self._mask(number) for number in reversed(scope)]))

    def _combinations(self, at: Place, places: list[Place], rule: Json) -> list[tuple[int, Json]] | None:
        """
        Each combination of classes with the object that shows it; None where there are too many.
        """
        classes = [self._classes(rule, at, place) for place in places]
        if math.prod(map(len, classes)) > LARGEST_TABLE:
            return None
        masks = itertools.product(*([mask for mask, _ in part] for part in classes))
        values = itertools.product(*([value for _, value in part] for part in classes))
        bodies = map(_assembler(places), values)
        return [(sum(held), body) for held, body in zip(masks, bodies, strict=True) if body is not None]

    def _branch_tables(self, at: Place, places: list[Place], rule: Json) -> Iterator[Table]:
        """
        Where a union is too large to judge each combination: one allowed box for each of its branches.
        """
        for part in rule.get("allOf", ()):
            for keyword in ("anyOf", "oneOf"):
                options = [resolve(self.document, branch) for branch in part.get(keyword, ())]
                boxes = [self._box(at, places, branch) for branch in options]
                if boxes:
                    yield Table(tuple(self.index[(*at, *place)] for place in places), tuple(boxes))

    def _box(self, at: Place, places: list[Place], branch: Json) -> int:
        box = 0
        needed = set(branch.get("required", ()))
        closed = branch.get("additionalProperties") is False
        for place in places:
            number = self.index[(*at, *place)]
            tests = [Oracle(self.document, test) for test in self._tests(branch, place)]
            for level, content in enumerate(self.factors[number].levels):
                if content.value is ABSENT:
                    fits = not (len(place) == 1 and place[0] in needed)
                else:
                    fits = (content.value is MEMBERS or all(test.valid(content.value) for test in tests)) and not (
                        closed and place[0] not in branch.get("properties", {})
                    )
                if fits:
                    box |= 1 << (self._start[number] + level)
        return box

    def _empty(self, number: int) -> int:
        """
        The mask of the level `{}` of an object; 0 where there is none.
        """
        levels = self.factors[number].levels
        return sum(1 << (self._start[number] + i) for i, level in enumerate(levels) if level.value == {})

    def _at_least_one(self) -> Iterator[Table]:
        """
        An object that holds members holds at least one.
        """
        for number, factor in enumerate(self.factors):
            if not any(level.value is MEMBERS for level in factor.levels):
                continue
            inside = 1 << self._literal(number, MEMBERS)
            below = [n for n, other in enumerate(self.factors) if other.place[:-1] == factor.place]
            free = sum(map(self._mask, below))
            some = [inside | free & ~(1 << self._start[child]) for child in below]
            none = self._mask(number) & ~inside | sum(1 << self._start[child] for child in below)
            yield Table((number, *below), (*some, none))

    def _literal(self, number: int, value: object) -> int:
        level = next(i for i, content in enumerate(self.factors[number].levels) if content.value is value)
        return self._start[number] + level

    def _mask(self, number: int) -> int:
        return ((1 << len(self.factors[number].levels)) - 1) << self._start[number]

    def _excluded(self) -> Iterator[tuple[int, int]]:
        """
        Pairs that the nesting of the body and `required` exclude.
        """
        for number, factor in enumerate(self.factors):
            parent = self.index.get(factor.place[:-1])
            if parent is None:
                continue
            inside = self._literal(parent, MEMBERS)
            for literal in bits(self._mask(number)):
                if literal == self._start[number]:
                    if any(factor.place[-1] in node.get("required", ()) for node in self.firm(factor.place[:-1])):
                        yield literal, inside
                    continue
                for other in bits(self._mask(parent) & ~(1 << inside)):
                    yield literal, other

    def _tables(self, *, undecided: bool) -> tuple[Table, ...]:
        return tuple(table for group in self._groups for table in self._table(group, undecided=undecided))

    def _space(self, rules: tuple[Table, ...]) -> Space:
        tables = [*rules, *self._at_least_one()]
        for node in self.firm(()):
            for name in node.get("required", ()):
                if (number := self.index.get((name,))) is not None:
                    tables.append(Table((number,), (self._mask(number) & ~(1 << self._start[number]),)))
        return Space((len(factor.levels) for factor in self.factors), self._excluded(), tables)

    # --- rows and bodies --------------------------------------------------------------------------------------------

    def body(self, row: Row, chosen: Mapping[int, Json] | None = None) -> Json:
        """
        The body of a row. `chosen` names the variants of single literals; of the rest the first is taken.
        """
        body: dict[str, Json] = {}
        holders: dict[Place, Json] = {(): body}
        for literal, absent, (factor, place, above, name) in zip(row, self._start, self._members, strict=False):
            if literal == absent or above not in holders:
                continue
            level = factor.levels[literal - absent]
            value: Json
            if level.value is MEMBERS:
                holders[place] = value = [] if (*place, ITEM) in self.index else {}
            else:
                value = chosen[literal] if chosen and literal in chosen else level.value
                value = copy.deepcopy(value) if isinstance(value, dict | list) else value  # bodies are changed at will
            put(holders[above], name, value)
        return self.instances.completed(self.oracle, body) if self._incomplete and not self.oracle.valid(body) else body

    def _level(self, number: int, value: Json) -> int | None:
        """
        The index of the level that a value belongs to; scalars are looked up, since each is asked for many times.
        """
        if isinstance(value, list | dict):
            return partitions.level_of(self._levelled[number], value)
        key = (number, json_values.type_of(value), value)
        if key not in self._looked_up:
            self._looked_up[key] = partitions.level_of(self._levelled[number], value)
        return self._looked_up[key]

    def row(self, body: Json) -> Row:
        """
        The literals that a body holds; -1 for a field whose value is in no level.
        """
        literals = list(self._start[:-1])
        held: dict[Place, Json] = {(): body}
        for number, factor in enumerate(self.factors):
            above = held.get(factor.place[:-1])
            value = ABSENT if above is None else taken(above, factor.place[-1:])
            if value is ABSENT:
                continue
            level = self._level(number, value)
            if level is not None and factor.levels[level].value is MEMBERS:
                held[factor.place] = value
            literals[number] = -1 if level is None else self._start[number] + level
        return tuple(literals)

    def remember(self, case: Case, row: Row) -> None:
        """
        Keeps the literals of a case, for `held`.
        """
        self._held[self._key(case)] = mask_of(row)

    def _key(self, case: Case) -> bytes:
        if self.wire is None:
            return case.content
        sent = case.overrides
        return repr((case.content, sent.query, [*sent.path_parameters.items()], [*sent.headers.items()])).encode()

    def held(self, case: Case) -> int | None:
        """
        The literals that the request of a case holds, as a mask; None where its body is no JSON object.
        """
        key = self._key(case)
        if key not in self._held:
            try:
                body = self.value(case)
            except NotStrictJson:
                body = None
            if not isinstance(body, dict):
                return None
            self.remember(case, self.row(body))
        return self._held[key]

    @property
    def leaves(self) -> int:
        """
        The literals that pairs are counted over: all levels of the fields that hold no members of their own.
        """
        return sum(
            self._mask(number)
            for number, factor in enumerate(self.factors)
            if not any(level.value is MEMBERS for level in factor.levels)
        )

    @property
    def empties(self) -> int:
        """
        The literals of objects that hold nothing.
        """
        return sum(map(self._empty, range(len(self.factors))))

    def fits(self, row: Row, outcome: str) -> bool:
        return self.oracle.expectation(self.body(row)).outcome == outcome

    def told(self, literal: int) -> tuple[Factor, Level]:
        """
        The factor and level that a literal stands for.
        """
        number = self.accepted.factor[literal]
        return self.factors[number], self.factors[number].levels[literal - self._start[number]]

    def smallest(self, literals: Iterable[int], *, space: Space | None = None) -> Row | None:
        """
        The row that holds the literals and leaves out whatever else can be left out.
        """
        space = space or self.accepted
        return space.completed(literals)


class Tally:
    """
    How often each variant of a level was sent, so that rows take in turn what was sent least.

    Which variant comes first depends on the field's name alone; numbers are told apart as they are written.
    """

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._sent: dict[int, dict[str, int]] = {}
        self._values: dict[int, dict[str, Json]] = {}
        for literal in bits(bodies.accepted.fresh.domain if bodies.accepted.fresh else 0):
            factor, level = bodies.told(literal)
            if len(level.values) > 1:
                first = zlib.crc32(factor.field.name.encode()) % len(level.values)
                turned = (*level.values[first:], *level.values[:first])
                self._values[literal] = {dumps(value): value for value in turned}
                self._sent[literal] = dict.fromkeys(self._values[literal], 0)

    def variants(self, row: Row, body: Json) -> Iterator[tuple[int, str]]:
        """
        The variants that a body holds, each with its literal and as it is written; `row` are the body's literals.
        """
        for literal in row:
            if literal in self._sent:
                text = dumps(taken(body, self._bodies.told(literal)[0].place))
                if text in self._sent[literal]:
                    yield literal, text

    def add(self, row: Row, body: Json) -> None:
        """
        Counts what a body holds.
        """
        for literal, text in self.variants(row, body):
            self._sent[literal][text] += 1

    def least(self, row: Row) -> dict[int, Json]:
        """
        For each literal of a row the variant that was sent least.
        """
        sent, values = self._sent, self._values
        return {one: values[one][min(sent[one], key=sent[one].__getitem__)] for one in row if one in sent}

    def unsent(self) -> dict[int, list[Json]]:
        """
        The variants of each literal that nothing held.
        """
        left = {
            one: [self._values[one][text] for text, count in sent.items() if not count]
            for one, sent in self._sent.items()
        }
        return {literal: values for literal, values in left.items() if values}


def _together(rules: list[Json]) -> Json:
    return {"allOf": rules} if rules else {}


def _incomplete(found: Iterable[Field]) -> bool:
    about = {*partitions.WHOLE, "dependentSchemas", "minProperties"}
    held = (field for field in found if not field.place or any(level.value is MEMBERS for level in field.levels))
    nodes = (node for field in held for node in field.nodes)
    return any(about & node.keys() or node.get("minItems", 0) > 1 or node.get("uniqueItems") for node in nodes)


def _of_member(node: Json, name: str) -> list[Json]:
    """
    What one schema of an object says of a member.
    """
    if name in node.get("properties", {}):
        return [node["properties"][name]]
    if name == ITEM or "additionalProperties" not in node:
        return []
    return (
        []
        if any(matches(pattern, name) for pattern in node.get("patternProperties", {}))
        else [node["additionalProperties"]]
    )


def _levelled(factor: Factor) -> Field:
    """
    The field with the absent level in front, as `level_of` counts.
    """
    return Field(place=factor.place, nodes=factor.field.nodes, levels=factor.levels)


def _own(node: Json) -> Json:
    """
    A node without what it says of its members and of their combinations.
    """
    dropped = {*COMBINATORS, "properties", "x-unspecified"}
    kept = {key: value for key, value in node.items() if key not in dropped}
    clauses = [entry for entry in node.get("x-unspecified", ()) if not _looks_inside(entry.get("when"))]
    return {**kept, "x-unspecified": clauses} if clauses else kept


def _looks_inside(when: Json) -> bool:
    """
    Whether a condition is about the members of an object, which a table judges.
    """
    if isinstance(when, list):
        return any(map(_looks_inside, when))
    return isinstance(when, dict) and (
        "properties" in when or "required" in when or "$ref" in when or any(map(_looks_inside, when.values()))
    )


def _matters(rule: Json) -> bool:
    """
    Whether an allOf holds a rule of its own beyond what its parts say of single members.
    """
    return any(set(part) & {*COMBINATORS, "required"} for part in rule.get("allOf", ()) if isinstance(part, dict))


def _assembler(places: list[Place]) -> Callable[[tuple[Json, ...]], Json]:
    """
    Makes an object of one value for each place; None when one would stand below a place that is left out.
    """
    lists = {place[:depth] for place in places for depth, part in enumerate(place) if part == ITEM}
    outermost_first = sorted(range(len(places)), key=lambda number: len(places[number]))
    names = [place[0] for place in places]

    def flat(values: tuple[Json, ...]) -> Json:
        return {
            name: {} if value is MEMBERS else value
            for name, value in zip(names, values, strict=True)
            if value is not ABSENT
        }

    def nested(values: tuple[Json, ...]) -> Json:
        body: dict[str, Json] = {}
        given = dict(zip(places, values, strict=True))
        for number in outermost_first:
            place, value = places[number], values[number]
            holder: Json = body
            for depth in range(1, len(place)):
                above = given.get(place[:depth], MEMBERS)
                if above is not MEMBERS:
                    if value is not ABSENT:
                        return None
                    break
                if value is ABSENT:
                    break
                holder = opened(holder, place[depth - 1], place[depth])
            else:
                if value is not ABSENT:
                    put(holder, place[-1], ([] if place in lists else {}) if value is MEMBERS else value)
        return body

    return flat if all(len(place) == 1 for place in places) else nested
