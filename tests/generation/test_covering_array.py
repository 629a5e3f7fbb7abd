"""
Covering arrays: every tuple that a row can hold is held, and what is called impossible is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtkcontract.generation.covering_array import Row, Space, Table, bits, grow, merged

SIZES = [(2, 3, 2), (4, 4, 4, 4), (2,) * 8, (5, 3, 2, 2, 7), (1, 1, 2)]


def _rows(space: Space) -> list[Row]:
    """
    Every row that the constraints allow, found by trying all.
    """
    every = itertools.product(
        *(range(start, start + size) for start, size in zip(space.start, space.sizes, strict=False))
    )
    return [row for row in every if _allowed(space, row)]


def _allowed(space: Space, row: Row) -> bool:
    taken = sum(1 << literal for literal in row)
    if any(space.refused[literal] & taken for literal in row):
        return False
    return all(
        any(all(box & taken & space.mask[factor] for factor in table.scope) for box in table.allowed)
        for table in space.tables
    )


def _tuples(rows: Iterable[Row], strength: int) -> set[tuple[int, ...]]:
    return {tuple(sorted(literals)) for row in rows for literals in itertools.combinations(row, strength)}


@pytest.mark.parametrize("strength", [1, 2, 3])
@pytest.mark.parametrize("sizes", SIZES)
def test_every_tuple_is_covered(sizes: tuple[int, ...], strength: int) -> None:
    space = Space(sizes)
    grown = grow(space, strength)

    assert _tuples(_rows(space), strength) == _tuples(grown.rows, strength)
    assert len(_tuples(grown.rows, strength)) == grown.possible
    assert [] == [*grown.impossible, *grown.unreached]


def test_pairs_take_few_more_rows_than_the_bound() -> None:
    """
    The two largest factors bound the rows from below.
    """
    rows = grow(Space((11, 10, 8, 6, 5, 4, 3, 3, 2, 2, 2, 2)), 2).rows

    assert 110 <= len(rows) <= 121


@st.composite
def _constrained(draw: st.DrawFn) -> Space:
    sizes = tuple(draw(st.lists(st.integers(2, 4), min_size=2, max_size=5)))
    count = sum(sizes)
    plain = Space(sizes)
    pairs = draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=6))
    excluded = [(one, other) for one, other in pairs if plain.factor[one] != plain.factor[other]]
    tables = []
    for _ in range(draw(st.integers(0, 2))):
        scope = tuple(draw(st.sets(st.integers(0, len(sizes) - 1), min_size=2, max_size=3)))
        boxes = [
            sum(draw(st.integers(1, (1 << sizes[factor]) - 1)) << plain.start[factor] for factor in scope)
            for _ in range(draw(st.integers(1, 3)))
        ]
        tables.append(Table(scope, tuple(boxes)))
    return Space(sizes, excluded, tables)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(_constrained(), st.sampled_from([1, 2, 3]))
def test_rows_keep_every_constraint_and_impossible_is_proven(space: Space, strength: int) -> None:
    """
    Held against trying every row: nothing coverable is lost, and nothing coverable is called impossible.
    """
    grown = grow(space, strength)
    coverable = _tuples(_rows(space), strength)
    covered = _tuples(grown.rows, strength)

    assert all(_allowed(space, row) for row in grown.rows)
    assert covered <= coverable
    assert set() == coverable & {tuple(sorted(literals)) for literals in grown.impossible}
    assert coverable - covered <= {tuple(sorted(literals)) for literals in grown.unreached}


def test_kept_rows_stay_and_are_not_dealt_again() -> None:
    space = Space((3, 3, 3))
    first = grow(space, 2).rows

    assert [] == grow(space, 2, first).rows
    wider = Space((3, 3, 3, 2))
    more = grow(wider, 2, [(*row, 9) for row in first]).rows
    assert 0 < len(more) < len(first)


def test_a_row_with_an_unknown_level_covers_the_rest() -> None:
    space = Space((2, 2, 2))
    kept = (0, -1, 4)
    rows = grow(space, 2, [kept]).rows

    assert _tuples(_rows(space), 2) == _tuples(rows, 2) | {(0, 4)}


def test_what_is_not_accepted_is_told_as_unreached() -> None:
    """
    No row is accepted, so no pair is reached; none of them is called impossible.
    """
    grown = grow(Space((2, 2)), 2, accept=lambda row: False)

    assert ([], 4, []) == (grown.rows, len(grown.unreached), grown.impossible)


def test_only_the_named_levels_count() -> None:
    space = Space((2, 2, 2))
    only = space.mask[0] | space.mask[1]

    assert _tuples(_rows(Space((2, 2))), 2) <= _tuples(grow(space, 2, only=only).rows, 2)
    assert 4 == grow(space, 2, only=only).possible


def test_contradictory_constraints_allow_no_row() -> None:
    space = Space((2, 2), tables=[Table((0, 1), ())])

    assert space.fresh is None
    assert [] == grow(space, 2).rows
    assert space.completed(()) is None


def test_progress_ends_at_all_tuples() -> None:
    heard: list[tuple[int, int]] = []
    grow(Space((3, 3, 2)), 2, progress=lambda done, all_of_them: heard.append((done, all_of_them)))

    assert heard
    assert (21, 21) == heard[-1]


def test_rows_are_completed_with_the_lowest_levels() -> None:
    space = Space((2, 3, 2), excluded=[(1, 2)])

    assert (0, 2, 5) == space.completed(())
    assert (1, 3, 5) == space.completed([1])
    assert (0, 4, 5) == space.completed([4])
    assert space.completed([1, 2]) is None


def test_boxes_that_differ_in_one_factor_become_one() -> None:
    assert (0b1111,) == merged([0b0101, 0b0110, 0b1001, 0b1010], [0b0011, 0b1100])
    assert [0, 2, 5] == list(bits(0b100101))


def test_arrays_are_the_same_each_time() -> None:
    sizes = (5, 4, 3, 3, 2, 2)

    assert grow(Space(sizes), 2).rows == grow(Space(sizes), 2).rows
    assert grow(Space(sizes), 3).rows == grow(Space(sizes), 3).rows
