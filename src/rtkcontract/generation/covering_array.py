"""
Covering arrays with constraints, in bit sets; pure and deterministic.

1. A factor has levels; a literal is one level of one factor; a row takes one literal of each factor.
2. Constraints are pairs of literals that exclude each other, and tables of allowed combinations of a few factors.
3. Arrays are grown: rows that are handed in are kept as they are, and rows are added until each tuple is covered.
4. A tuple is impossible only when propagation proves it; one that no attempt reached is told as unreached.

Masks are Python integers, one bit a literal, so that the gain of a literal is one AND and one bit count.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

Row = tuple[int, ...]
"""One literal a factor, in the order of the factors."""


ATTEMPTS = 3
"""Candidate rows of which the best is taken; twice as many save one row in a hundred, and none in 15 real schemas."""


@dataclass(frozen=True, slots=True)
class Table:
    """
    Allowed combinations of the factors in `scope`: each mask holds, for each factor, the literals that it allows.
    """

    scope: tuple[int, ...]
    allowed: tuple[int, ...]


@dataclass(slots=True)
class _State:
    """
    What is still open while a row is dealt: the literals left, and the combinations left in each table.
    """

    domain: int
    alive: list[tuple[int, ...]]


def merged(masks: Iterable[int], factors: Iterable[int]) -> tuple[int, ...]:
    """
    Fewer boxes that allow the same combinations: boxes that differ in one factor alone become one.

    `factors` are the masks of the factors in the scope.
    """
    boxes = list(dict.fromkeys(masks))
    for factor in factors:
        grouped: dict[int, int] = {}
        for box in boxes:
            rest = box & ~factor
            grouped[rest] = grouped.get(rest, 0) | box
        boxes = list(grouped.values())
    return tuple(boxes)


def bits(mask: int) -> Iterator[int]:
    """
    The positions of the set bits, lowest first.
    """
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def mask_of(row: Iterable[int]) -> int:
    """
    The literals of a row as a mask; a factor without a known level (-1) is left out.
    """
    return sum(1 << literal for literal in row if literal >= 0)


class Space:
    """
    The factors, their literals and what excludes what.
    """

    def __init__(
        self, sizes: Iterable[int], excluded: Iterable[tuple[int, int]] = (), tables: Iterable[Table] = ()
    ) -> None:
        self.sizes = tuple(sizes)
        self.start = tuple(itertools.accumulate(self.sizes, initial=0))
        self.count = self.start[-1]
        self.factor = [index for index, size in enumerate(self.sizes) for _ in range(size)]
        self.mask = [((1 << size) - 1) << self.start[index] for index, size in enumerate(self.sizes)]
        self.all = (1 << self.count) - 1
        self.refused = [self.mask[self.factor[literal]] & ~(1 << literal) for literal in range(self.count)]
        for one, other in excluded:
            self.refused[one] |= 1 << other
            self.refused[other] |= 1 << one
        self.tables = tuple(tables)
        self._scopes = [sum(self.mask[factor] for factor in table.scope) for table in self.tables]
        self._tables_of: list[list[int]] = [[] for _ in self.sizes]
        for index, table in enumerate(self.tables):
            for factor in table.scope:
                self._tables_of[factor].append(index)
        free = [
            not tables and all(self.refused[literal] & ~mask == 0 for literal in bits(mask))
            for tables, mask in zip(self._tables_of, self.mask, strict=True)
        ]
        # The levels of a free factor say nothing of other factors.
        self._bound = [factor for factor, alone in enumerate(free) if not alone]
        self._free = sum(mask for mask, alone in zip(self.mask, free, strict=True) if alone)
        self._firsts = sum(1 << start for start, size in zip(self.start, self.sizes, strict=False) if size)
        self.fresh = self._settled(_State(self.all, [table.allowed for table in self.tables]), self.all)

    def literal(self, factor: int, level: int) -> int:
        return self.start[factor] + level

    def assign(self, state: _State, literal: int) -> _State | None:
        """
        The state with the literal taken and all that follows from it; None when nothing is left.
        """
        if not state.domain >> literal & 1:
            return None
        removed, bit, factor = self.refused[literal] & state.domain, 1 << literal, self.factor[literal]
        if removed & ~self.mask[factor]:
            return self._narrowed(state, removed)
        for index in self._tables_of[factor]:
            for box in state.alive[index]:
                if not box & bit:
                    return self._narrowed(state, removed)
        return _State(state.domain & ~removed, state.alive)  # nothing follows for other factors

    def _narrowed(self, state: _State, removed: int) -> _State | None:
        """
        The state without some literals of its domain, and without what falls with them.
        """
        return self._settled(_State(state.domain & ~removed, list(state.alive)), removed)

    def _settled(self, state: _State, changed: int) -> _State | None:
        """
        Propagation to a fixed point: tables lose what the domain refuses, the domain what the tables refuse, and a
        factor with one literal left excludes what that literal excludes. `changed` are literals of the factors that
        have to be looked at.
        """
        domain, alive = state.domain, state.alive
        while changed:
            removed = 0
            narrowed: dict[int, list[int]] = {}
            while changed:
                factor = self.factor[(changed & -changed).bit_length() - 1]
                mask = self.mask[factor]
                changed &= ~mask
                left = domain & mask
                if not left:
                    return None
                if not left & (left - 1):
                    removed |= self.refused[left.bit_length() - 1]
                for index in self._tables_of[factor]:
                    narrowed.setdefault(index, []).append(left)
            for index, lefts in narrowed.items():
                boxes = alive[index]
                for left in lefts:
                    boxes = tuple([box for box in boxes if box & left])
                alive[index] = boxes
                removed |= self._scopes[index] & ~functools.reduce(operator.or_, boxes, 0)
            changed = removed & domain
            domain &= ~changed
        state.domain = domain
        return state

    def taking(self, literals: Iterable[int]) -> _State | None:
        """
        The state in which all the literals are taken; None proves that no row can hold them together.
        """
        state = self.fresh
        for literal in literals:
            if state is None:
                return None
            state = self.assign(state, literal)
        return state

    def completed(self, literals: Iterable[int]) -> Row | None:
        """
        A row that holds the literals and elsewhere the lowest level that goes with them; None where none was found.
        """
        wanted = tuple(literals)
        state = self.taking(wanted)
        if state is None:
            return None
        open_ones = self._free & ~sum(self.mask[factor] for factor in {self.factor[literal] for literal in wanted})
        state = _State(state.domain & ~(open_ones & ~self._firsts), state.alive)
        for factor in self._bound:
            left = state.domain & self.mask[factor]
            if left and not left & (left - 1):
                continue  # what follows from a single literal has been drawn already
            for literal in bits(left):
                after = self.assign(state, literal)
                if after is not None:
                    state = after
                    break
            else:
                return None
        return self.row_of(state)

    def row_of(self, state: _State) -> Row:
        return tuple((state.domain & mask).bit_length() - 1 for mask in self.mask)


@dataclass(slots=True)
class Grown:
    """
    What growing an array came to.
    """

    rows: list[Row] = field(default_factory=list)
    """The rows that were added."""
    possible: int = 0
    """Tuples that a row can hold."""
    left: int = 0
    """Tuples that were not tried, since no more rows were asked for."""
    impossible: list[tuple[int, ...]] = field(default_factory=list)
    unreached: list[tuple[int, ...]] = field(default_factory=list)


class _Open:
    """
    The tuples that are not covered yet, by literal; for strength 3 by pair of literals.
    """

    def __init__(self, space: Space, strength: int, only: int) -> None:
        self.space, self.strength = space, strength
        usable = space.fresh.domain & only if space.fresh else 0
        others = [usable & ~space.refused[literal] & ~(1 << literal) for literal in range(space.count)]
        self.single = usable if strength == 1 else 0
        self.pairs = [
            others[literal] if usable >> literal & 1 and strength == 2 else 0 for literal in range(space.count)
        ]
        self.triples: dict[tuple[int, int], int] = {}
        self._weights = [0] * space.count
        """The open triples of each literal, counted twice."""
        if strength == 3:
            for one in bits(usable):
                for two in bits(others[one]):
                    common = others[one] & others[two]
                    if common:
                        self.triples[one, two] = common
                        self._weights[one] += common.bit_count()

    def left(self) -> int:
        if self.strength == 1:
            return self.single.bit_count()
        if self.strength == 2:
            return sum(mask.bit_count() for mask in self.pairs) // 2
        return sum(mask.bit_count() for mask in self.triples.values()) // 6

    def gain(self, literal: int, taken: int) -> int:
        """
        The tuples that the literal would cover with the literals taken.
        """
        if self.strength == 1:
            return self.single >> literal & 1
        if self.strength == 2:
            return (self.pairs[literal] & taken).bit_count()
        get = self.triples.get
        return sum((get((literal, two), 0) & taken).bit_count() for two in bits(taken))

    def weight(self, literal: int) -> int:
        if self.strength == 1:
            return self.single >> literal & 1
        if self.strength == 2:
            return self.pairs[literal].bit_count()
        return self._weights[literal]

    def cover(self, row: Iterable[int]) -> int:
        taken = mask_of(row)
        before = 0
        if self.strength == 1:
            before = (self.single & taken).bit_count()
            self.single &= ~taken
        elif self.strength == 2:
            for literal in bits(taken):
                before += (self.pairs[literal] & taken).bit_count()
                self.pairs[literal] &= ~taken
        else:
            for one, two in itertools.permutations(list(bits(taken)), 2):
                mask = self.triples.get((one, two), 0)
                if mask & taken:
                    covered = (mask & taken).bit_count()
                    before += covered
                    self._weights[one] -= covered
                    if mask & ~taken:
                        self.triples[one, two] = mask & ~taken
                    else:
                        del self.triples[one, two]
        return before

    def drop(self, literals: tuple[int, ...]) -> None:
        """
        Takes one tuple out.
        """
        if self.strength == 1:
            self.single &= ~(1 << literals[0])
        elif self.strength == 2:
            one, two = literals
            self.pairs[one] &= ~(1 << two)
            self.pairs[two] &= ~(1 << one)
        else:
            for one, two, three in itertools.permutations(literals):
                open_ones = self.triples.get((one, two), 0)
                self._weights[one] -= open_ones >> three & 1
                mask = open_ones & ~(1 << three)
                if mask:
                    self.triples[one, two] = mask
                else:
                    self.triples.pop((one, two), None)

    def first(self) -> tuple[int, ...] | None:
        """
        An open tuple round the literal that has most of them.
        """
        if self.strength == 1:
            return (next(bits(self.single)),) if self.single else None
        if self.strength == 2:
            one = max(range(self.space.count), key=lambda literal: (self.pairs[literal].bit_count(), -literal))
            if not self.pairs[one]:
                return None
            two = max(bits(self.pairs[one]), key=lambda literal: (self.pairs[literal].bit_count(), -literal))
            return one, two
        if not self.triples:
            return None
        one, two = next(iter(self.triples))
        return one, two, next(bits(self.triples[one, two]))


def _order(space: Space, weights: list[int], attempt: int) -> list[int]:
    """
    Factors with most open tuples first; further attempts turn the order a little, always in the same way.
    """

    def key(factor: int) -> tuple[int, int]:
        turn = (factor * 2654435761 + attempt * 40503) & 0xFFFF if attempt else 0
        scale = 16 + (turn & 15 if attempt else 0)
        return (-weights[factor] * scale, factor)

    return sorted(range(len(space.sizes)), key=key)


def _dealt(
    space: Space, opened: _Open, start: _State, order: list[int], ranks: list[list[int]]
) -> tuple[int, Row] | None:
    """
    One candidate row with its gain: factor by factor the literal that covers most, among equals the first of `ranks`.
    """
    state, total = start, 0
    taken = sum(
        1 << int(left.bit_length() - 1)
        for mask in space.mask
        if (left := state.domain & mask) and not left & (left - 1)
    )
    for factor in order:
        left = state.domain & space.mask[factor]
        if not left & (left - 1):
            taken |= left
            continue
        gains = [(opened.gain(literal, taken), literal) for literal in ranks[factor] if left >> literal & 1]
        while gains:
            best = max(gains, key=_GAIN)
            after = space.assign(state, best[1])
            if after is not None:
                state, total, taken = after, total + best[0], taken | 1 << best[1]
                break
            gains.remove(best)
        else:
            return None
    return total, space.row_of(state)


_GAIN = operator.itemgetter(0)


def grow(
    space: Space,
    strength: int,
    kept: Iterable[Iterable[int]] = (),
    *,
    accept: Callable[[Row], bool] = lambda _: True,
    only: int | None = None,
    most: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Grown:
    """
    Rows to add to `kept` so that each tuple of `strength` literals that a row can hold is held.

    `kept` rows may hold -1 for a factor without a known level. `accept` has the last word on a row. `only` is a mask
    of the literals whose tuples count, `most` the rows to stop at. `progress` hears the tuples covered and possible.
    """
    result = Grown()
    if space.fresh is None or not space.count:
        return result
    opened = _Open(space, strength, space.all if only is None else only)
    possible = opened.left()
    for old in kept:
        opened.cover(old)
    used = [0] * space.count
    while (most is None or len(result.rows) < most) and (seed := opened.first()) is not None:
        start = space.taking(seed)
        if start is None:
            opened.drop(seed)
            result.impossible.append(seed)
            continue
        row = _best(space, opened, start, used, accept)
        if row is None:
            opened.drop(seed)
            result.unreached.append(seed)
            continue
        opened.cover(row)
        for literal in row:
            used[literal] += 1
        result.rows.append(row)
        if progress is not None:
            progress(possible - opened.left(), possible)
    result.left = opened.left()
    result.possible = possible - len(result.impossible) - len(result.unreached)
    return result


def _best(space: Space, opened: _Open, start: _State, used: list[int], accept: Callable[[Row], bool]) -> Row | None:
    weight = [opened.weight(literal) for literal in range(space.count)]
    weights = [sum(weight[start : start + size]) for start, size in zip(space.start, space.sizes, strict=False)]
    # A member that is there goes before one that is absent (level 0), then the least used.
    ranks = [
        sorted(bits(mask), key=lambda literal: (literal == first, -weight[literal], used[literal]))
        for mask, first in zip(space.mask, space.start, strict=False)
    ]
    attempts = ATTEMPTS if opened.strength < 3 and space.count < 1_500 else 1
    dealt = [
        candidate
        for attempt in range(attempts)
        if (candidate := _dealt(space, opened, start, _order(space, weights, attempt), ranks)) is not None
    ]
    for _, row in sorted(dealt, key=lambda candidate: (-candidate[0], candidate[1])):
        if accept(row):
            return row
    for attempt in range(attempts, attempts + 12):
        candidate = _dealt(space, opened, start, _order(space, weights, attempt), ranks)
        if candidate is not None and accept(candidate[1]):
            return candidate[1]
    return None
