"""
(contract, operation) -> the named plans: which cases, in which order, and what they cover by construction; pure.

1. The valid side is a covering array: strength 2 in `standard`, 3 in `thorough`. `smoke` is the start of `standard`, as
   far as every value has been sent once (strength 1).
2. The invalid side breaks one constraint a case; everything else in the body is valid and as small as it can be.
3. Values whose answer no source decides are sent one a case, so that they never blur a decided one.
4. Rows stored with the contract are kept and added to, never dealt again: recordings depend on them.
5. The order is part of the plan (`order`): what is the first to show most goes first.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from rtkcontract import cases as fixed
from rtkcontract import order, partitions
from rtkcontract.bodies import Bodies, Factor, Tally, put, taken
from rtkcontract.covering import Grown, Row, Space, bits, grow
from rtkcontract.errors import CannotTell
from rtkcontract.jsontext import NotStrictJson, canonical, dumps, encode, loads
from rtkcontract.model import Case, Contract, Expectation, Json, Operation, Overrides, Progress
from rtkcontract.oracle import Oracle
from rtkcontract.partitions import ABSENT, COMBINATORS, HOSTILE, MARK, MEMBERS, Candidate, Place, same, type_of

PLANS = {"smoke": 1, "standard": 2, "thorough": 3}
RULES = frozenset(COMBINATORS) - {"allOf"}
SMOKE = 150
"""Requests of the plan `smoke`, for an operation that has so many cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    Cases in the order in which they are sent.

    `impossible` and `unreached` hold pairs as texts "a=x with b=y", and "a=x" for a level that goes with nothing;
    `left_out` what of the full plan is not sent: by a budget, or because `smoke` is a part of `standard`.
    """

    name: str
    strength: int
    cases: tuple[Case, ...]
    bodies: Bodies
    possible: int = 0
    """The triples that an accepted body can hold, in `thorough`."""
    impossible: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()
    left_out: tuple[Case, ...] = ()

    def capped(self, most: int | None) -> Plan:
        """
        The first `most` cases of the plan; the rest is told in `left_out`.
        """
        if most is None or most >= len(self.cases):
            return self
        return replace(self, cases=self.cases[:most], left_out=(*self.cases[most:], *self.left_out))

    @property
    def meetings(self) -> int:
        """
        The most objects that the plan may create: every case that is not surely refused.
        """
        return sum(case.expect.outcome != "rejected" for case in self.cases)


class _Derived:
    """
    The cases of one request schema, each content once.
    """

    def __init__(self, operation: Operation, bodies: Bodies) -> None:
        self.operation, self.bodies = operation, bodies
        self.seen: dict[bytes, str] = {}
        self.ids: set[str] = set()
        self.bases: dict[int, Json] = {}
        self.rows: dict[int, list[Row]] = {}
        self.known: dict[bytes, tuple[Json, Expectation]] = {}
        self.canonical = functools.lru_cache(maxsize=1)(canonical)

    def case(
        self, side: str, name: str, body: Json, partition: str, *, place: str = "", keyword: str = "", note: str = ""
    ) -> Case | None:
        """
        A case with the expectation that the schema gives its body; None when the same content is planned already.
        """
        content = encode(body)
        key = self.canonical(content)
        identity = f"{self.operation.name}/{name}"
        if key in self.seen or identity in self.ids:
            return None
        self.seen[key] = identity
        self.ids.add(identity)
        value, expect = self.judged(content)
        return Case(
            id=identity,
            operation=self.operation.name,
            side=side if expect.outcome != "accepted" or side != "invalid" else "valid",  # type: ignore[arg-type]
            partition=partition,
            content=content,
            expect=expect,
            field=place,
            keyword=keyword,
            note=note,
            echo_unspecified=self.unechoed(value),
        )

    def judged(self, content: bytes) -> tuple[Json, Expectation]:
        """
        The value of a content and what the schema says of it; asked once for each content.
        """
        if content not in self.known:
            value = loads(content)
            plain = b"\\ud" not in content
            self.known[content] = value, self.bodies.oracle.expectation(value, plain=plain)
        return self.known[content]

    def rejected(self, body: Json) -> bool:
        """
        Whether the sources decide against a body.
        """
        return not self.bodies.oracle.valid(body) and self.judged(encode(body))[1].outcome == "rejected"

    def unechoed(self, value: Json) -> tuple[str, ...]:
        """
        Dotted paths whose echo a clause leaves open.
        """
        return tuple(
            ".".join((*map(str, clause.path), name))
            for clause in self.bodies.oracle.clauses(value)
            for name in clause.echo
        )

    def told(self, value: Json) -> tuple[int, int]:
        """
        How many fields of a body hold a value that is neither null nor the default: at the top, and all.
        """
        count = top = 0
        for factor in self.bodies.factors:
            held = taken(value, factor.place)
            if held is not ABSENT and held is not None and held not in ("", [], {}):
                own = not any(same(held, node["default"]) for node in factor.field.nodes if "default" in node)
                count, top = count + own, top + (own and len(factor.place) == 1)
        return top, count

    # --- valid side -------------------------------------------------------------------------------------------------

    def row(self, body: Json, kind: str) -> Case | None:
        digest = hashlib.sha256(self.canonical(encode(body))).hexdigest()[:8]
        return self.case("valid", f"{kind}/{digest}", body, "combination", keyword="properties")

    # --- one fault a case -------------------------------------------------------------------------------------------

    def base(self, number: int) -> Json:
        """
        The smallest accepted body that holds the field, with the first level that any can hold; None for none.
        """
        if number not in self.bases:
            space = self.bodies.accepted
            literals = (space.literal(number, level) for level in range(1, len(self.bodies.factors[number].levels)))
            rows = (self.bodies.smallest([literal]) for literal in literals)
            found = (self.bodies.body(row) for row in rows if row is not None and self.bodies.fits(row, "accepted"))
            self.bases[number] = next(found, None)
        return self.bases[number]

    def holder(self, factor: Factor, number: int) -> Json:
        """
        A fresh copy of the base body, with every object above the field in place.
        """
        body = self.base(number)
        copy = loads(dumps(body)) if body is not None else {}
        above = copy
        for part in factor.place[:-1]:
            below = taken(above, (part,))
            if not isinstance(below, dict | list):
                below = {}
                put(above, part, below)
            above = below
        return copy

    def elsewhere(self, factor: Factor, number: int, candidate: Candidate) -> Json:
        """
        A body that the candidate makes invalid although the smallest body takes it: a branch of a union or a condition
        has more to say of the field. None where there is none.
        """
        if len(factor.field.nodes) == len(self.bodies.firm(factor.place)):
            return None
        if not any(not Oracle(self.bodies.document, node).valid(candidate.value) for node in factor.field.nodes):
            return None
        for row in self.settings(number):
            body = self.bodies.body(row)
            holder = taken(body, factor.place[:-1])
            if not isinstance(holder, dict):
                continue
            put(holder, factor.place[-1], candidate.value)
            if self.rejected(body):
                return body
        return None

    def settings(self, number: int) -> list[Row]:
        """
        The smallest accepted rows that hold the field, one for each allowed combination of the rules about it.
        """
        if number not in self.rows:
            space = self.bodies.accepted
            rows: dict[Row, None] = {}
            for table in self.bodies.rules:
                for box in table.allowed if number in table.scope else ():
                    present = box & space.mask[number] & ~(1 << space.start[number])
                    for literal in bits(present):
                        row = self.bodies.smallest([literal, *self._firsts(table.scope, box, literal, space)])
                        if row is not None and self.bodies.fits(row, "accepted"):
                            rows.setdefault(row)
                            break
            self.rows[number] = list(rows)
        return self.rows[number]

    def faulty(self, factor: Factor, number: int, candidate: Candidate) -> Case | None:
        body = self.holder(factor, number)
        above, member = taken(body, factor.place[:-1]), factor.place[-1]
        held = taken(above, (member,))
        value = candidate.value
        if candidate.partition in partitions.NEAR and isinstance(held, str):
            value = partitions.NEAR[candidate.partition](held)
        elif candidate.partition == "wrong-type-array" and value and not isinstance(held, dict | list | None):
            value = [held] if held is not ABSENT else value
        put(above, member, value)
        if self.bodies.oracle.valid(self.judged(encode(body))[0]):
            body = self.elsewhere(factor, number, candidate) or body
        name = f"{factor.field.name}/{candidate.partition}"
        if f"{self.operation.name}/{name}" in self.ids:
            name = f"{name}-{hashlib.sha256(encode(value)).hexdigest()[:4]}"
        case = self.case("invalid", name, body, candidate.partition, place=factor.field.name, keyword=candidate.keyword)
        if case is None or candidate.partition not in partitions.UNDECIDED or case.expect.outcome == "rejected":
            return case
        reason = partitions.UNDECIDED[candidate.partition]
        return replace(case, side="invalid", expect=Expectation(outcome="unspecified", reason=reason))

    def singles(self) -> Iterator[Case]:
        """
        The boundary values of the bounded numbers at the top, on minimal bodies: what a reader looks for first. Those
        of deeper ones stand in the rows.
        """
        for number, factor in enumerate(self.bodies.factors):
            for candidate in factor.field.singles if len(factor.place) == 1 else ():
                if (case := self.faulty(factor, number, candidate)) is not None:
                    yield case

    def broken(self, thorough: bool) -> Iterator[Case]:
        """
        One broken constraint a case, for each field. But in `thorough`, wrong types come in the kinds that lenient
        servers convert, and what no source decides comes once for each reason of a field.
        """
        for number, factor in enumerate(self.bodies.factors):
            effort = 2 if thorough else 1 if len(factor.place) == 1 else 0
            reasons: set[str] = set()
            for candidate in factor.others:
                case = self.faulty(factor, number, candidate) if candidate.effort <= effort else None
                if case is None:
                    continue
                if case.expect.outcome == "unspecified" and not thorough:
                    if case.expect.reason in reasons:
                        continue
                    reasons.add(case.expect.reason)
                yield case

    def root(self) -> Iterator[Case]:
        """
        A body that is no object, where no written case has one of that type.
        """
        written = {kind for case in fixed.written(self.operation) if (kind := _type_of(case.content)) is not None}
        for candidate in self.bodies.root.breaking:
            if candidate.partition.startswith("wrong-type") and type_of(candidate.value) not in written:
                name = f"body/{candidate.partition}"
                case = self.case("invalid", name, candidate.value, candidate.partition, keyword=candidate.keyword)
                if case is not None:
                    yield case

    def unknown(self) -> Iterator[Case]:
        """
        A member that an object says nothing of, where the object is closed or has a schema for such members.
        """
        holders = dict.fromkeys(factor.place[:-1] for factor in self.bodies.factors)
        for place in holders:
            closed = [node for node in self.bodies.firm(place) if "additionalProperties" in node]
            number = next(n for n, factor in enumerate(self.bodies.factors) if factor.place[:-1] == place)
            if not closed or self.base(number) is None:
                continue
            for value, partition in ((MARK, "unknown-member"), (7, "unknown-member-number")):
                body = self.holder(self.bodies.factors[number], number)
                put(taken(body, place), f"{MARK}_unknown", value)
                where = partitions.dotted(place)
                case = self.case(
                    "invalid",
                    f"{where or 'body'}/{partition}",
                    body,
                    partition,
                    place=where,
                    keyword="additionalProperties",
                )
                if case is not None:
                    yield case

    def missing(self) -> Iterator[Case]:
        """
        Each required member left out of a parent that is there.
        """
        for number, factor in enumerate(self.bodies.factors):
            parents = self.bodies.firm(factor.place[:-1])
            if not any(factor.place[-1] in node.get("required", ()) for node in parents):
                continue
            body = self.holder(factor, number)
            taken(body, factor.place[:-1]).pop(factor.place[-1], None)
            case = self.case(
                "invalid",
                f"{factor.field.name}/missing-required",
                body,
                "missing-required",
                place=factor.field.name,
                keyword="required",
            )
            if case is not None:
                yield case

    def branches(self) -> Iterator[Case]:
        """
        For each value that decides a union or a condition a body that holds one set of what is demanded then, and
        nothing else where that can be: a server may not ask for more.
        """
        for scope, row in self.smallest_of_branches:
            first, second = (self.bodies.factors[number].place for number in scope[:2])
            place = first if second[: len(first)] == first else ()
            if not any(RULES & node.keys() for node in self.bodies.firm(place)):
                continue  # clauses that leave acceptance open are no branches
            where, body = partitions.dotted(place), self.bodies.body(row)
            name = f"{where or 'body'}/minimal-{self._told(row, below=place)}"
            case = self.case("valid", name, body, "minimal", place=where, keyword="anyOf")
            if case is not None:
                yield case

    def combinations(self) -> Iterator[Case]:
        """
        Bodies one step away from an accepted one that break a union, a condition or a dependency.
        """
        for scope, row in self.smallest_of_branches:
            for number in scope:
                yield from self._stepped(row, number, self.bodies.accepted)

    @functools.cached_property
    def smallest_of_branches(self) -> list[tuple[tuple[int, ...], Row]]:
        """
        The fields that a rule is about, with the smallest accepted row of each way to meet it.
        """
        space, found = self.bodies.accepted, []
        for table in self.bodies.rules:
            for box in table.allowed if len(table.scope) > 1 else ():
                for literal in bits(box & space.mask[table.scope[1]]):
                    row = self.bodies.smallest([literal, *self._firsts(table.scope, box, literal, space)])
                    if row is not None and self.bodies.fits(row, "accepted"):
                        found.append((table.scope, row))
        return found

    def _firsts(self, scope: tuple[int, ...], box: int, literal: int, space: Space) -> list[int]:
        """
        A literal of each factor whose presence the box demands.
        """
        firsts = []
        for number in scope:
            allowed = box & space.mask[number]
            if space.factor[literal] != number and not allowed >> space.start[number] & 1 and allowed:
                firsts.append(next(bits(allowed)))
        return firsts

    def _stepped(self, row: Row, number: int, space: Space) -> Iterator[Case]:
        for other in bits(space.mask[number]):
            if other == row[number]:
                continue
            factor, level = self.bodies.told(other)
            if level.value is MEMBERS:
                continue
            body = self.bodies.body(row)
            holder = taken(body, factor.place[:-1])
            if not isinstance(holder, dict):
                continue
            if level.value is ABSENT:
                holder.pop(factor.place[-1], None)
            else:
                put(holder, factor.place[-1], level.value)
            if not self.rejected(body):
                continue
            told = self._told(row, below=factor.place[:-1], but=factor)
            name = f"{factor.field.name}/{level.partition}-with-{told}"
            case = self.case(
                "invalid", name, body, f"{level.partition}-in-combination", place=factor.field.name, keyword="anyOf"
            )
            if case is not None:
                yield case

    def _told(self, row: Row, *, below: Place, but: Factor | None = None) -> str:
        """
        The members of an object that are enumerated, as `aws` or `sftp-key`; `but` is left out.
        """
        words = []
        for literal in row:
            factor, level = self.bodies.told(literal)
            if factor.place[:-1] == below and factor is not but and level.keyword == "enum":
                words.append(str(level.value).lower())
        return "-".join(words) or "others"

    def hostile(self, thorough: bool) -> Iterator[Case]:
        """
        A string that no source promises to take: in the first plain text field, in `thorough` in each.
        """
        texts = [
            (number, factor)
            for number, factor in enumerate(self.bodies.factors)
            if any(level.partition == "typical" and type_of(level.value) == "string" for level in factor.levels)
            and not any(node.get("writeOnly") or "format" in node for node in factor.field.nodes)
        ]
        for number, factor in texts if thorough else texts[:1]:
            for name, text in HOSTILE:
                candidate = Candidate(partition=name, keyword="type", value=text)
                case = self.faulty(factor, number, candidate)
                if case is not None and case.expect.outcome != "rejected":
                    reason = "no source promises that every text is taken"
                    yield replace(case, side="invalid", expect=Expectation(outcome="unspecified", reason=reason))


def _type_of(content: bytes) -> str | None:
    """
    The JSON type of a content that is no object; None for an object and for what is not JSON.
    """
    try:
        kind = type_of(loads(content))
    except NotStrictJson:
        return None
    return None if kind == "object" else kind


def _relations(derived: _Derived, rich: Case, minimal: Case) -> Iterator[Case]:
    """
    Cases whose answer must agree with that of an earlier one.

    Each is told from its original by the Accept header, since its body has the same canonical form.
    """
    name = derived.operation.name
    value = loads(rich.content, as_written=True)

    def related(label: str, original: Case, content: bytes, accept: str, note: str) -> Case:
        return replace(
            original,
            id=f"{name}/relations/{label}",
            side="relation",
            partition=label,
            content=content,
            overrides=Overrides(headers={"accept": accept}),
            same_answer_as=original.id,
            note=note,
        )

    yield related("same-body-again", rich, rich.content, "*/*", "the same bytes make a second object")
    yield related(
        "members-reversed", rich, encode(_reversed(value)), "application/*", "the order of members has no meaning"
    )
    spaced = dumps(value, space=" \n\t").encode()
    yield related("white-space", rich, spaced, "application/json, */*", "white space between tokens has no meaning")
    yield related("minimal-again", minimal, minimal.content, "*/*", "nothing is remembered from the requests before")
    explicit = _explicit_defaults(derived.bodies)
    if explicit:
        body = encode(explicit)
        expect = derived.bodies.oracle.expectation(explicit)
        case = related(
            "defaults-spelled-out", minimal, body, "application/json", "a documented default says what absence means"
        )
        yield replace(case, expect=expect)


def _reversed(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(value)}
    return value


def _explicit_defaults(bodies: Bodies) -> Json:
    """
    The body that spells out every documented default of a top-level member.
    """
    body = {}
    for factor in bodies.factors:
        for node in bodies.firm(factor.place):
            if "default" in node and len(factor.place) == 1:
                body[factor.place[0]] = node["default"]
    return body


def _stored(operation: Operation) -> list[Json]:
    return [loads(dumps(row)) if not isinstance(row, dict) else row for row in operation.rows]


@dataclass(slots=True)
class _Rows:
    """
    The rows of the valid side as they are found, with the variants that they show.
    """

    derived: _Derived
    tally: Tally
    rows: list[Row] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    by_id: dict[str, Row] = field(default_factory=dict)
    """Case id to the literals of its body."""

    def add(self, row: Row, body: Json | None = None) -> None:
        """
        A row with its body; of the variants those that were sent least, where no body is given.
        """
        held = self.derived.bodies.body(row, self.tally.least(row)) if body is None else body
        self.rows.append(row)
        if (case := self.derived.row(held, "combinations")) is not None:
            self.tally.add(row, held)
            self.derived.bodies.remember(case.content, row)
            self.cases.append(case)
            self.by_id[case.id] = row


def _valid_side(
    derived: _Derived, strength: int, progress: Progress | None
) -> tuple[_Rows, int, list[str], list[str], int]:
    """
    Stored rows first and how many they are, what is impossible or unreached, and how many tuples are possible.
    Grown from the stored rows are those that decide, then those whose acceptance is left open.
    """
    bodies = derived.bodies
    found = _Rows(derived, Tally(bodies))
    decided: list[Row] = []
    for body in _stored(derived.operation):
        value, expect = derived.judged(encode(body))
        if bodies.oracle.valid(value):
            found.add(bodies.row(body), body)
            decided.extend(found.rows[-1:] if expect.outcome == "accepted" else ())
    old = len(found.cases)

    def grown(strength: int, only: int, progress: Progress | None = None) -> Grown:
        made = grow(
            bodies.accepted,
            strength,
            decided,
            accept=lambda row: bodies.fits(row, "accepted"),
            only=only,
            progress=progress,
        )
        decided.extend(made.rows)
        for row in made.rows:
            found.add(row)
        return made

    tuples = grown(strength, bodies.leaves, progress)
    grown(2, bodies.empties)  # what tuples of leaves leave out: objects without members
    grown(1, bodies.accepted.all)
    _add_variants(found)
    ever = bodies.accepted.fresh.domain if bodies.accepted.fresh else 0
    opened = grow(
        bodies.valid,
        2,
        found.rows,
        accept=lambda row: bodies.oracle.valid(bodies.body(row)),
        only=bodies.leaves & ever,
    )
    for row in opened.rows:
        found.add(row)
    never = bodies.leaves & ~(bodies.valid.fresh.domain if bodies.valid.fresh else 0)
    impossible = [
        _told(bodies, literals) for literals in (*((literal,) for literal in bits(never)), *opened.impossible)
    ]
    unreached = [_told(bodies, literals) for literals in (*tuples.unreached, *opened.unreached)]
    return found, old, impossible, unreached, tuples.possible


def _add_variants(found: _Rows) -> None:
    """
    Rows that hold what is left of the variants, as many in one body as go together.
    """
    bodies, space = found.derived.bodies, found.derived.bodies.accepted
    left = found.tally.unsent()
    while left:
        state, chosen = space.fresh, dict[int, Json]()
        for literal in left:
            after = space.assign(state, literal) if state is not None else None
            if after is not None:
                state, chosen[literal] = after, left[literal][-1]
        row = bodies.smallest(chosen)
        body = bodies.body(row, chosen) if row is not None else None
        if body is None or bodies.oracle.expectation(loads(encode(body))).outcome != "accepted":
            row = bodies.smallest([next(iter(left))])
            chosen = {literal: left[literal][-1] for literal in itertools.islice(left, 1)}
            body = bodies.body(row, chosen) if row is not None else None
        if row is not None:
            found.add(row, body)
        for literal in chosen:
            left[literal].pop()
        left = {literal: values for literal, values in left.items() if values}


def _told(bodies: Bodies, literals: Iterable[int]) -> str:
    return " with ".join(f"{factor.field.name}={level.partition}" for factor, level in map(bodies.told, literals))


def make(contract: Contract, operation: Operation, name: str = "standard", *, progress: Progress | None = None) -> Plan:
    """
    One of the named plans. Raises CannotTell for an unknown name or a schema that the engine cannot read.
    """
    if name not in PLANS:
        raise CannotTell(f"there is no plan {name}; the plans are {', '.join(PLANS)}")
    strength = PLANS[name]
    if not operation.request_schema:
        return Plan(
            name=name,
            strength=strength,
            cases=tuple(fixed.written(operation)),
            bodies=Bodies(contract.document, {"type": "object"}),
        )
    bodies = Bodies.of(contract.document, operation)
    derived = _Derived(operation, bodies)
    minimal = _minimal(derived)
    found, stored, impossible, unreached, possible = _valid_side(derived, max(strength, 2), progress)
    rich = _richest(derived, found.cases, stored) or minimal
    thorough = strength > 2
    others = [
        *derived.root(),
        *derived.missing(),
        *derived.unknown(),
        *derived.combinations(),
        *derived.broken(thorough=thorough),
        *derived.branches(),
        *derived.singles(),
        *derived.hostile(thorough=thorough),
        *fixed.written(operation),
        *(_relations(derived, rich, minimal) if minimal is not rich else ()),
    ]
    corpus = [case for entry in operation.corpus if (case := _found(derived, entry)) is not None]
    head = [minimal, *([] if minimal is rich else [rich]), *corpus]
    cases = order.ordered(bodies, head, found.by_id, found.cases, others)
    full = Plan(
        name=name,
        strength=strength,
        cases=tuple(cases),
        bodies=bodies,
        possible=possible if thorough else 0,
        impossible=tuple(impossible),
        unreached=tuple(unreached),
    )
    return full if strength > 1 else full.capped(max(SMOKE, order.values_end(found.by_id, cases)))


def _richest(derived: _Derived, rows: list[Case], stored: int) -> Case | None:
    """
    The accepted row with most members that are not their defaults, of the stored ones where there is any: it stays the
    same as rows are added, and what a server loses cannot come back as a default.
    """
    accepted = [case for case in rows if case.expect.outcome == "accepted"]
    old = [case for case in rows[:stored] if case.expect.outcome == "accepted"]
    return max(old or accepted, key=lambda case: derived.told(loads(case.content)), default=None)


def _minimal(derived: _Derived) -> Case:
    row = derived.bodies.smallest(())
    body = derived.bodies.body(row) if row is not None else {}
    case = derived.case("valid", "minimal", body, "minimal", note="only what is required")
    assert case is not None  # noqa: S101  # it is the first
    return case


def _found(derived: _Derived, entry: Json) -> Case | None:
    """
    A body that exploration found and that was kept.
    """
    case = derived.case("corpus", f"corpus/{entry['name']}", entry["body"], "found", note=entry.get("note", ""))
    return None if case is None else replace(case, side="corpus")
