"""
(cases) -> the order in which they are sent: what shows most that nothing before it shows goes first; pure.

1. A case shows things: a constraint broken for the first time, a kind of fault that no field of its type had yet, a
   value, a pair of values, a way to speak HTTP.
2. What a case is worth is the sum of the weights of what it is the first to show, so that worth only falls as the order
   goes on. A weight is an estimate of how often servers are wrong there. Settings that were tried against the fault zoo
   moved what the first 150 requests find by a few in a hundred, so nothing hangs on one of them.
3. Equal worth keeps the order of the schema.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from rtkcontract.generation.covering_array import Row, mask_of
from rtkcontract.generation.request_space import Bodies, Factor, Tally
from rtkcontract.json_schema import values as json_values
from rtkcontract.model import Case

CONSTRAINT: Final = 0.3
"""A constraint of a field that nothing has broken yet: it may not be implemented at all."""


KIND: Final = 1.0
"""A kind of fault that no field of the type had yet: what a framework does, it does to each of them."""


FIRST_OF_ITS_KIND: Final = 3.0
"""The first written case of its partition: without credentials, no JSON, another method."""


WRITTEN: Final = 2.0
"""A written case: somebody saw a server go wrong there."""


RELATION: Final = 2.0


BRANCH: Final = 2.0
"""The smallest body of a branch: the only one that shows a server which asks for more."""


BOUNDARY: Final = 1.5
"""A boundary value on the minimal body: the rows hold it too, but here nothing else can be the reason."""


OPEN: Final = 0.3
"""A case whose answer no source decides: all it can show is a crash or a leak."""


VALUE: Final = 0.8


VARIANT: Final = 0.5
"""Another way to write a value of a field at the top; half as much for each step down, since fewer callers send it."""


PAIR: Final = 0.004
"""A pair of values: a row holds about a thousand, and one fault in some dozens needs two of them."""


USUAL: Final = 0.6


LIKELY: Final[Mapping[str, float]] = {
    # A number or a boolean in a text is what forms, shells and environments send, and many parsers convert it.
    "wrong-type-string": 1.3,
    # Enumerations that are compared without case and blanks.
    "member-in-other-case": 1.3,
    "member-padded": 1.1,
    # Off by one, a fraction cut off, a member that was forgotten.
    "below-minimum": 1.0,
    "above-maximum": 1.0,
    "below-minimum-by-a-fraction": 1.0,
    "above-maximum-by-a-fraction": 1.0,
    "a-fraction": 1.0,
    "not-a-member": 1.0,
    # What serializers make of absence.
    "wrong-type-null": 0.8,
    # What some languages take for nothing or for one.
    "empty": 0.5,
    "wrong-type-boolean": 0.5,
    "wrong-type-number": 0.4,
    "wrong-type-array": 0.4,
    "wrong-type-string-empty": 0.4,
    "zero": 0.4,
    "negative": 0.4,
    "huge": 0.4,
    "wrong-type-number-0": 0.3,
    "wrong-type-object": 0.3,
    "wrong-type-array-empty": 0.3,
}
"""How likely a server is wrong about a partition; USUAL for those that are not here."""


Things = Mapping[object, float]


class _Shown(Protocol):
    """
    What has been shown so far.
    """

    def worth(self, case: Case) -> float:
        """
        The weights of what the case would be the first to show.
        """

    def add(self, case: Case) -> None:
        """
        Notes what the case shows.
        """


class _Named:
    """
    Things that have a name each.
    """

    def __init__(self, things: Mapping[str, Things]) -> None:
        self._things = things
        self._seen: set[object] = set()

    def worth(self, case: Case) -> float:
        seen = self._seen
        return sum(weight for thing, weight in self._things[case.id].items() if thing not in seen)

    def add(self, case: Case) -> None:
        self._seen.update(self._things[case.id])


class _Rows:
    """
    Values, their variants and pairs of values, which are too many to have names. `rows` maps case id to literals.
    """

    def __init__(self, bodies: Bodies, rows: Mapping[str, Row], cases: Iterable[Case]) -> None:
        tally = Tally(bodies)
        sent = {case.id: bodies.value(case, as_written=True) for case in cases}
        self._literals = {name: [literal for literal in rows[name] if literal >= 0] for name in sent}
        self._masks = {name: mask_of(rows[name]) for name in sent}
        self._variants = {name: frozenset(tally.variants(rows[name], body)) for name, body in sent.items()}
        variants = {literal for found in self._variants.values() for literal, _ in found}
        self._near = {literal: 2.0 ** (1 - bodies.depth(bodies.told(literal)[0].place)) for literal in variants}
        every = (1 << bodies.accepted.count) - 1
        self._unseen, self._alone = every, [every] * bodies.accepted.count
        """The literals that nothing held, and for each literal those that nothing held beside it."""
        self._seen_variants = set[tuple[int, str]]()

    def worth(self, case: Case) -> float:
        mask, alone = self._masks[case.id], self._alone
        pairs = sum([(mask & alone[literal]).bit_count() for literal in self._literals[case.id]]) / 2
        values = VALUE * (mask & self._unseen).bit_count()
        fresh = self._variants[case.id] - self._seen_variants
        variants = VARIANT * sum(self._near[literal] for literal, _ in fresh)
        decided = 1.0 if case.expect.outcome == "accepted" else OPEN
        return decided * (values + variants + PAIR * pairs)

    def add(self, case: Case) -> None:
        mask = self._masks[case.id]
        self._unseen &= ~mask
        self._seen_variants |= self._variants[case.id]
        for literal in self._literals[case.id]:
            self._alone[literal] &= ~mask


def _greedy(cases: Iterable[Case], shown: _Shown) -> list[tuple[float, Case]]:
    """
    The cases with their worth at their turn; worth never rises, so that one that is still on top need not be compared.
    """
    waiting = [(-shown.worth(case), place, case) for place, case in enumerate(cases)]
    heapq.heapify(waiting)
    ordered: list[tuple[float, Case]] = []
    while waiting:
        _, place, case = heapq.heappop(waiting)
        entry = (-shown.worth(case), place, case)
        if waiting and entry[:2] > waiting[0][:2]:
            heapq.heappush(waiting, entry)
            continue
        shown.add(case)
        ordered.append((-entry[0], case))
    return ordered


def _things(factors: Mapping[str, Factor], case: Case) -> Things:
    """
    What a case of any side but the rows shows; `factors` are the fields by name.
    """
    decided = case.expect.outcome != "unspecified"
    if case.side == "relation":
        return {case.id: RELATION}
    if case.side == "protocol":
        first = FIRST_OF_ITS_KIND if decided else OPEN
        return {("written", case.partition): first, case.id: WRITTEN if decided else OPEN}
    if not decided:
        return {("open", case.partition): OPEN, case.id: OPEN}
    if case.expect.outcome == "accepted":
        return {case.id: BRANCH if case.partition == "minimal" else BOUNDARY}
    factor = factors.get(case.field)
    kind = (json_values.types_of(factor.field.nodes)[:1], case.partition) if factor else case.partition
    likely = LIKELY.get(case.partition, USUAL)
    return {
        ("constraint", case.field, case.keyword, _side(case.partition)): CONSTRAINT,
        ("kind", kind): KIND * likely,
        case.id: likely,
    }


def _side(partition: str) -> str:
    """
    Which end of a range a partition lies beyond.
    """
    if partition.startswith("above-maximum") or partition == "huge":
        return "above"
    return "below" if partition.startswith("below-minimum") or partition in ("zero", "negative") else ""


def ordered(
    bodies: Bodies, first: Iterable[Case], rows: Mapping[str, Row], combined: list[Case], others: list[Case]
) -> list[Case]:
    """
    `first` as they are, then the rows (`combined`, with their literals by id) and all other cases by their worth.
    """
    by_rows, head = _Rows(bodies, rows, combined), list(first)
    for case in head:
        if case.id in rows:
            by_rows.add(case)
    left = {case.id for case in head}
    factors = {factor.field.name: factor for factor in bodies.factors}
    shown = _Named({case.id: _things(factors, case) for case in others})
    ranked = [
        *_greedy((case for case in others if case.id not in left), shown),
        *_greedy((case for case in combined if case.id not in left), by_rows),
    ]
    return [*head, *(case for _, case in sorted(ranked, key=lambda entry: -entry[0]))]


def values_end(rows: Mapping[str, Row], cases: list[Case]) -> int:
    """
    How many of the cases must be sent for each value that the rows hold to be sent.
    """
    seen = end = 0
    for place, case in enumerate(cases, 1):
        mask = mask_of(rows.get(case.id, ()))
        if mask & ~seen:
            seen, end = seen | mask, place
    return end
