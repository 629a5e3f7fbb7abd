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

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from rtkcontract.contract import requests as fixed
from rtkcontract.errors import CannotTell
from rtkcontract.generation import priority
from rtkcontract.generation.covering_array import Grown, Row, Space, bits, grow
from rtkcontract.generation.negatives import Derived, rule_text
from rtkcontract.generation.parameters import has_body, hostile_ids, own_object, undecided
from rtkcontract.generation.relations import relations
from rtkcontract.generation.request_space import Bodies, Tally
from rtkcontract.generation.unproved import unproved
from rtkcontract.json_schema.json_text import dumps, encode, loads
from rtkcontract.model import Case, Contract, Json, Operation, Progress, Unproved

PLANS = {"smoke": 1, "standard": 2, "thorough": 3}


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
    unproved: tuple[Unproved, ...] = ()
    """What no case of the plan proves; the first is `whole` where no valid request could be made."""

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


def _stored(operation: Operation) -> list[Json]:
    return [loads(dumps(row)) if not isinstance(row, dict) else row for row in operation.rows]


@dataclass(slots=True)
class _Rows:
    """
    The rows of the valid side as they are found, with the variants that they show.
    """

    derived: Derived
    tally: Tally
    most: int | None = None
    """Rows to stop at, those that are stored not counted."""
    left: int = 0
    """Tuples that were not tried for it."""
    rows: list[Row] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    by_id: dict[str, Row] = field(default_factory=dict)
    """Case id to the literals of its body."""

    def grown(self, space: Space, strength: int, **more: Any) -> Grown:
        """
        Further rows of a space, no more than there is room for.
        """
        room = None if self.most is None else max(0, self.most - len(self.rows))
        made = grow(space, strength, most=room, **more)
        self.left += made.left
        for row in made.rows:
            self.add(row)
        return made

    def add(self, row: Row, body: Json | None = None) -> None:
        """
        A row with its body; of the variants those that were sent least, where no body is given.
        """
        held = self.derived.bodies.body(row, self.tally.least(row)) if body is None else body
        self.rows.append(row)
        if (case := self.derived.row(held, "combinations")) is not None:
            self.tally.add(row, held)
            self.derived.bodies.remember(case, row)
            self.cases.append(case)
            self.by_id[case.id] = row


def _valid_side(
    derived: Derived, strength: int, most: int | None, progress: Progress | None
) -> tuple[_Rows, int, list[str], list[str], int]:
    """
    Stored rows first and how many they are, what is impossible or unreached, and how many tuples are possible.
    Grown from the stored rows are those that decide, then those whose acceptance is left open.
    """
    bodies = derived.bodies
    found = _Rows(derived, Tally(bodies))
    decided: list[Row] = []
    for body in _stored(derived.operation):
        request = derived.request(body)
        value, expect = derived.judged(request[0] if request else encode(body))
        if bodies.oracle.valid(value):
            found.add(bodies.row(body), body)
            decided.extend(found.rows[-1:] if expect.outcome == "accepted" else ())
    old = len(found.cases)
    found.most = None if most is None else len(found.rows) + max(1, most // 2)

    def grown(strength: int, only: int, progress: Progress | None = None) -> Grown:
        def accept(row: Row) -> bool:
            return bodies.fits(row, "accepted")

        made = found.grown(bodies.accepted, strength, kept=decided, accept=accept, only=only, progress=progress)
        decided.extend(made.rows)
        return made

    tuples = grown(strength, bodies.leaves, progress)
    grown(2, bodies.empties)  # what tuples of leaves leave out: objects without members
    grown(1, bodies.accepted.all)
    _add_variants(found)
    ever = bodies.accepted.fresh.domain if bodies.accepted.fresh else 0
    opened = found.grown(
        bodies.valid,
        2,
        kept=list(found.rows),
        accept=lambda row: bodies.oracle.valid(bodies.body(row)),
        only=bodies.leaves & ever,
    )
    never = bodies.leaves & ~(bodies.valid.fresh.domain if bodies.valid.fresh else 0)
    impossible = [
        rule_text(bodies, literals) for literals in (*((literal,) for literal in bits(never)), *opened.impossible)
    ]
    unreached = [rule_text(bodies, literals) for literals in (*tuples.unreached, *opened.unreached)]
    return found, old, impossible, unreached, tuples.possible


def _add_variants(found: _Rows) -> None:
    """
    Rows that hold what is left of the variants, as many in one body as go together.
    """
    bodies, space = found.derived.bodies, found.derived.bodies.accepted
    left = found.tally.unsent()
    while left and (found.most is None or len(found.rows) < found.most):
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


def make(
    contract: Contract,
    operation: Operation,
    name: str = "standard",
    *,
    most: int | None = None,
    progress: Progress | None = None,
) -> Plan:
    """
    One of the named plans, of no more than `most` cases: half of them at most are combinations, and what was not made
    for it is told in `unproved`. Raises CannotTell for an unknown name or a schema that the engine cannot read.
    """
    if name not in PLANS:
        raise CannotTell(f"there is no plan {name}; the plans are {', '.join(PLANS)}")
    if most is not None and most < 1:
        raise CannotTell(f"--max-cases is {most}, and a plan needs one case at least")
    strength = PLANS[name]
    bodies = bodies_of(contract, operation)
    derived = Derived(operation, bodies, undecided(contract, operation))
    minimal = _minimal(derived)
    found, stored, impossible, unreached, possible = _valid_side(derived, max(strength, 2), most, progress)
    rich = _richest(derived, found.cases, stored) or minimal
    thorough = strength > 2
    each = itertools.chain(
        derived.root(),
        derived.missing(),
        derived.unknown(),
        derived.combinations(),
        derived.broken(thorough=thorough),
        derived.branches(),
        derived.singles(),
        derived.hostile(thorough=thorough),
        _without_schema(derived, minimal),
        relations(derived, rich, minimal) if minimal is not rich and _comparable(operation) else (),
    )
    others = list(itertools.islice(each, most))
    more = next(each, None) is not None
    corpus = [case for entry in operation.corpus if (case := _found(derived, entry)) is not None]
    head = [minimal, *([] if minimal is rich else [rich]), *corpus]
    ordered = priority.ordered(bodies, head, found.by_id, found.cases, others)
    cases = [own_object(operation, case) for case in ordered]
    full = Plan(
        name=name,
        strength=strength,
        cases=tuple(cases),
        bodies=bodies,
        possible=possible if thorough else 0,
        impossible=tuple(impossible),
        unreached=tuple(unreached),
        unproved=(*unproved(bodies, cases), *_not_made(found, most, more)),
    ).capped(most)
    return full if strength > 1 else full.capped(max(SMOKE, priority.values_end(found.by_id, cases)))


def _not_made(found: _Rows, most: int | None, more: bool) -> Iterator[Unproved]:
    """
    What a cap left out before it was made.
    """
    if found.left:
        reason = f"{found.left:,} combinations of values were not tried, with at most {most} cases"
        yield Unproved(place="", keyword="", reason=reason)
    if more:
        yield Unproved(place="", keyword="", reason=f"further faults were not made, with at most {most} cases")


def bodies_of(contract: Contract, operation: Operation) -> Bodies:
    """
    The space that the plans of an operation are made in.
    """
    return Bodies.of(contract.document, operation)


def _without_schema(derived: Derived, minimal: Case) -> Iterator[Case]:
    """
    Written cases, and those of ids and parameters that no schema derives; an id that is written keeps its case.
    """
    operation, wire = derived.operation, derived.bodies.wire
    taken = set(derived.ids)
    for case in (
        *fixed.written(operation, minimal),
        *(wire.extras(minimal) if wire is not None else ()),
        *hostile_ids(operation, minimal),
    ):
        if case.id not in taken:
            taken.add(case.id)
            yield case


def _comparable(operation: Operation) -> bool:
    """
    Whether one body sent twice means the same: an update leaves what is not sent as it was.
    """
    return operation.role != "update" and has_body(operation)


def _richest(derived: Derived, rows: list[Case], stored: int) -> Case | None:
    """
    The accepted row with most members that are not their defaults, of the stored ones where there is any: it stays the
    same as rows are added, and what a server loses cannot come back as a default.
    """
    accepted = [case for case in rows if case.expect.outcome == "accepted"]
    old = [case for case in rows[:stored] if case.expect.outcome == "accepted"]
    return max(old or accepted, key=lambda case: derived.told(derived.bodies.value(case)), default=None)


def _minimal(derived: Derived) -> Case:
    """
    The smallest request that is valid: of the space, else one that is made of the schema as a whole.
    """
    bodies, note = derived.bodies, "only what is required"
    row = bodies.smallest(())
    body = bodies.body(row) if row is not None else {}
    if not bodies.oracle.valid(body):
        body = next((made for made in bodies.instances.of(bodies.schema) if derived.request(made) is not None), body)
    case = derived.case("valid", "minimal", body, "minimal", note=note)
    assert case is not None  # noqa: S101  # it is the first
    return case


def _found(derived: Derived, entry: Json) -> Case | None:
    """
    A body that exploration found and that was kept.
    """
    case = derived.case("corpus", f"corpus/{entry['name']}", entry["body"], "found", note=entry.get("note", ""))
    return None if case is None else replace(case, side="corpus")
