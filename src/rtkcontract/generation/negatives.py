"""
One broken constraint a case: the invalid side of a plan, derived from the schema.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace

from rtkcontract.contract import requests as fixed
from rtkcontract.contract.expectation import Oracle
from rtkcontract.contract.fake_data import HOSTILE, MARK
from rtkcontract.generation import partitions
from rtkcontract.generation.covering_array import Row, Space, bits
from rtkcontract.generation.parameters import BODY, SPACE
from rtkcontract.generation.partitions import COMBINATORS, Candidate
from rtkcontract.generation.request_space import Bodies, Factor
from rtkcontract.json_schema import values as json_values
from rtkcontract.json_schema.json_text import NotStrictJson, canonical, dumps, encode, loads
from rtkcontract.json_schema.values import ABSENT, ITEM, MEMBERS, Place, put, same, taken, type_of
from rtkcontract.model import Case, Expectation, Json, Operation, Overrides

REMEMBERED = 500
"""Contents whose values are kept, since each is asked for a few times in a row."""
RULES = frozenset(COMBINATORS) - {"allOf"}


class Derived:
    """
    The cases of one request schema, each content once.
    """

    def __init__(self, operation: Operation, bodies: Bodies, opened: Expectation | None = None) -> None:
        """
        `opened` says why no source decides that a valid request is accepted, where none does.
        """
        self.operation, self.bodies, self.opened = operation, bodies, opened
        self.seen: dict[bytes, str] = {}
        self.ids: set[str] = set()
        self.bases: dict[int, str | None] = {}
        """Field to the smallest accepted body that holds it, as text, of which copies are quickly made."""
        self.rows: dict[int, list[Row]] = {}
        self.known: dict[bytes, tuple[Json, Expectation]] = {}
        self.canonical = functools.lru_cache(maxsize=1)(canonical)

    def case(
        self,
        side: str,
        name: str,
        body: Json,
        partition: str,
        *,
        place: str = "",
        keyword: str = "",
        note: str = "",
        request: tuple[bytes, bytes, Overrides] | None = None,
    ) -> Case | None:
        """
        A case with the expectation that the schema gives its body; None when the same content is planned already.
        """
        identity = f"{self.operation.name}/{name}"
        request = request or self.request(body)
        if request is None or identity in self.ids:
            return None
        said, content, overrides = request
        key = hashlib.sha256(self.canonical(said)).digest()
        if key in self.seen:
            return None
        self.seen[key] = identity
        self.ids.add(identity)
        value, expect = self.judged(said)
        return Case(
            id=identity,
            operation=self.operation.name,
            side=side if expect.outcome != "accepted" or side != "invalid" else "valid",  # type: ignore[arg-type]
            partition=partition,
            content=content,
            expect=expect,
            overrides=overrides,
            field=place,
            keyword=keyword,
            note=note,
            echo_unspecified=self.unechoed(value),
        )

    def judged(self, content: bytes) -> tuple[Json, Expectation]:
        """
        The value of a content and what the schema says of it; asked again only after many others.
        """
        if content not in self.known:
            if len(self.known) >= REMEMBERED:
                self.known.clear()
            value = loads(content)
            plain = b"\\ud" not in content
            self.known[content] = value, self._decided(self.bodies.oracle.expectation(value, plain=plain))
        return self.known[content]

    def _decided(self, expect: Expectation) -> Expectation:
        """
        The expectation without an acceptance that no source promises, and with the place that the document knows.
        """
        if expect.outcome == "accepted" and self.opened is not None:
            return self.opened
        if self.bodies.wire is not None and expect.schema_at:
            at = self.bodies.wire.placed(expect.schema_at)
            whole = self.bodies.wire.place
            sources = tuple((at or whole) if SPACE in source else source for source in expect.sources)
            return replace(expect, schema_at=at, sources=sources)
        return expect

    def request(self, body: Json) -> tuple[bytes, bytes, Overrides] | None:
        """
        What a value says when it arrives, and the content and overrides that send it; None where no request can.
        """
        wire = self.bodies.wire
        if wire is None:
            content = encode(body)
            return content, content, Overrides()
        sent = wire.sent(body)
        return None if sent is None else (encode(wire.said(*sent)), *sent)

    def rejected(self, body: Json) -> bool:
        """
        Whether the sources decide against a body.
        """
        if self.bodies.wire is None and self.bodies.oracle.valid(body):
            return False
        request = self.request(body)
        return request is not None and self.judged(request[0])[1].outcome == "rejected"

    def unechoed(self, value: Json) -> tuple[str, ...]:
        """
        Dotted paths whose echo a clause leaves open.
        """
        paths = [(*map(str, clause.path), name) for clause in self.bodies.oracle.clauses(value) for name in clause.echo]
        if self.bodies.wire is not None:
            paths = [path[1:] for path in paths if path[0] == BODY]
        return tuple(map(".".join, paths))

    def told(self, value: Json) -> tuple[int, int]:
        """
        How many fields of a body hold a value that is neither null nor the default: at the top, and all.
        """
        count = top = 0
        for factor in self.bodies.factors:
            held = taken(value, factor.place)
            if held is not ABSENT and held is not None and held not in ("", [], {}):
                own = not any(same(held, node["default"]) for node in factor.field.nodes if "default" in node)
                count, top = count + own, top + (own and self.bodies.depth(factor.place) == 1)
        return top, count

    # --- valid side -------------------------------------------------------------------------------------------------

    def row(self, body: Json, kind: str) -> Case | None:
        request = self.request(body)
        digest = hashlib.sha256(self.canonical(request[0] if request else b"{}")).hexdigest()[:8]
        return self.case("valid", f"{kind}/{digest}", body, "combination", keyword="properties")

    # --- one fault a case -------------------------------------------------------------------------------------------

    def base(self, number: int) -> str | None:
        """
        The smallest accepted body that holds the field, with the first level that any can hold; None for none.
        """
        if number not in self.bases:
            space = self.bodies.accepted
            literals = (space.literal(number, level) for level in range(1, len(self.bodies.factors[number].levels)))
            rows = (self.bodies.smallest([literal]) for literal in literals)
            found = (self.bodies.body(row) for row in rows if row is not None and self.bodies.fits(row, "accepted"))
            body = next(found, None)
            self.bases[number] = None if body is None else dumps(body)
        return self.bases[number]

    def holder(self, factor: Factor, number: int) -> Json:
        """
        A fresh copy of the base body, with every object above the field in place.
        """
        body = self.base(number)
        copy = loads(body) if body is not None else {}
        above = copy
        for part, inside in itertools.pairwise(factor.place):
            below = taken(above, (part,))
            if not isinstance(below, dict | list):
                below = [] if inside == ITEM else {}
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
        request = self.request(body)
        if request is None:
            return None
        if self.bodies.oracle.valid(self.judged(request[0])[0]):
            other = self.elsewhere(factor, number, candidate)
            request = request if other is None else self.request(other)
        name = f"{factor.field.name}/{candidate.partition}"
        if f"{self.operation.name}/{name}" in self.ids:
            name = f"{name}-{hashlib.sha256(encode(value)).hexdigest()[:4]}"
        case = self.case(
            "invalid",
            name,
            body,
            candidate.partition,
            place=factor.field.name,
            keyword=candidate.keyword,
            request=request,
        )
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
            for candidate in factor.singles if self.bodies.depth(factor.place) == 1 else ():
                if (case := self.faulty(factor, number, candidate)) is not None:
                    yield case

    def broken(self, thorough: bool) -> Iterator[Case]:
        """
        One broken constraint a case, for each field. But in `thorough`, wrong types come in the kinds that lenient
        servers convert, and what no source decides comes once for each reason of a field.
        """
        for number, factor in enumerate(self.bodies.factors):
            effort = 2 if thorough else 1 if self.bodies.depth(factor.place) == 1 else 0
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
        A body that is no object, where no written case has one of that type, and one that breaks a rule of the whole.
        """
        written = {kind for case in fixed.written(self.operation) if (kind := _type_of(case.content)) is not None}
        for candidate in self.bodies.root.breaking if self.bodies.wire is None else ():
            wrong_type = candidate.partition.startswith("wrong-type") and type_of(candidate.value) not in written
            if wrong_type or candidate.partition.startswith("breaks-"):
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
                where = json_values.dotted(place)
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
            if not factor.others and self.bodies.depth(factor.place) == 0:
                continue  # the query as a whole is neither there nor absent
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
            where, body = json_values.dotted(place), self.bodies.body(row)
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


def rule_text(bodies: Bodies, literals: Iterable[int]) -> str:
    """
    The levels that exclude each other, as a case name tells them.
    """
    return " with ".join(f"{factor.field.name}={level.partition}" for factor, level in map(bodies.told, literals))
