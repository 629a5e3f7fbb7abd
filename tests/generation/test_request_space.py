"""
Rows become bodies and bodies rows; the space holds what the schema accepts and nothing else.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import made
from rtkcontract.contract import load
from rtkcontract.generation.covering_array import Row, bits
from rtkcontract.generation.request_space import Bodies, Tally
from rtkcontract.json_schema.json_text import dumps, loads
from rtkcontract.json_schema.values import ABSENT, MEMBERS, taken

SMALL: dict[str, Any] = {
    "dependent": {
        "type": "object",
        "properties": {"a": {"type": "boolean"}, "b": {"enum": ["x", "y"]}, "c": {"enum": [1, 2]}},
        "dependentRequired": {"a": ["b"]},
    },
    "condition": {
        "type": "object",
        "properties": {"kind": {"enum": ["x", "y"]}, "size": {"enum": [1, 2, 3]}, "on": {"type": "boolean"}},
        "required": ["kind"],
        "if": {"properties": {"kind": {"const": "x"}}},
        "then": {"properties": {"size": {"maximum": 2}}, "required": ["size"]},
        "else": {"properties": {"on": False}},
    },
    "union": {
        "type": "object",
        "oneOf": [
            {"required": ["a"], "properties": {"a": {"const": "one"}}},
            {"required": ["b"], "properties": {"a": {"const": "two"}}},
        ],
        "properties": {"a": {"enum": ["one", "two"]}, "b": {"type": "boolean"}, "c": {"type": ["boolean", "null"]}},
    },
    "nested": {
        "type": "object",
        "properties": {
            "o": {"type": "object", "required": ["p"], "properties": {"p": {"enum": [1, 2]}, "q": {"type": "boolean"}}},
            "r": {"enum": ["u", "v"]},
        },
        "not": {"required": ["o", "r"], "properties": {"r": {"const": "v"}}},
    },
    "either": {
        "type": "object",
        "anyOf": [{"required": ["a"]}, {"required": ["b", "c"]}],
        "properties": {"a": {"enum": [1, 2]}, "b": {"enum": [1, 2]}, "c": {"enum": [1, 2]}},
    },
}


def _bodies(schema: Any) -> Bodies:
    contract, operation = made.made("small", schema)
    return Bodies.of(contract.document, operation)


def _every_row(bodies: Bodies) -> list[tuple[int, ...]]:
    """
    Every row whose body reads back as that row, whether valid or not.
    """
    space = bodies.valid
    ranges = (range(start, start + size) for start, size in zip(space.start, space.sizes, strict=False))
    rows = itertools.islice(itertools.product(*ranges), 200_000)
    return [row for row in rows if row == bodies.row(bodies.body(row))]


@pytest.mark.parametrize("name", sorted(SMALL))
def test_the_space_holds_exactly_what_the_schema_accepts(name: str) -> None:
    """
    Each row of each small schema, judged by `jsonschema` and by propagation.
    """
    bodies = _bodies(SMALL[name])
    judge = made.Judge(SMALL[name])
    rows = _every_row(bodies)
    valid = {row for row in rows if judge.noted(loads(dumps(bodies.body(row)))) and _has_members(bodies, row)}

    assert valid
    assert valid == {row for row in rows if bodies.valid.taking(row) is not None}
    assert len(valid) < len(rows)


def _has_members(bodies: Bodies, row: tuple[int, ...]) -> bool:
    """
    Whether each object that is said to hold members holds one.
    """
    told = dict(zip((factor.place for factor in bodies.factors), map(bodies.told, row), strict=True))
    holders = [place for place, (_, level) in told.items() if level.value is MEMBERS]
    return all(taken(bodies.body(row), place) != {} for place in holders)


@pytest.mark.parametrize("name", made.NAMES)
def test_rows_and_bodies_are_two_forms_of_one_thing(name: str) -> None:
    contract, operation = made.named(name)
    bodies = Bodies.of(contract.document, operation)
    rows = [row for literal in bits(bodies.accepted.all) if (row := bodies.smallest([literal])) is not None]

    assert len(rows) > 10
    for row in rows:
        assert row == bodies.row(bodies.body(row))
        assert row == bodies.row(loads(dumps(bodies.body(row))))


@pytest.mark.parametrize("name", made.NAMES)
def test_the_smallest_row_is_valid_and_holds_what_was_asked(name: str) -> None:
    contract, operation = made.named(name)
    bodies = Bodies.of(contract.document, operation)
    judge = made.Judge(made.schema_of(name))
    domain = bodies.accepted.fresh.domain if bodies.accepted.fresh else 0
    rows = {literal: bodies.smallest([literal]) for literal in bits(domain)}
    fit = [literal for literal, row in rows.items() if row is not None and judge.noted(bodies.body(row))]

    assert len(fit) > 10
    assert len(rows) == len(fit), [bodies.told(literal) for literal in set(rows) - set(fit)]
    assert all(rows[literal][bodies.accepted.factor[literal]] == literal for literal in fit)  # type: ignore[index]


@pytest.mark.parametrize("name", made.NAMES)
def test_variants_of_a_level_are_judged_alike(name: str) -> None:
    """
    Whichever variant stands in a row, the schema says the same.
    """
    contract, operation = made.named(name)
    bodies = Bodies.of(contract.document, operation)
    domain = bodies.accepted.fresh.domain if bodies.accepted.fresh else 0
    rows = [bodies.smallest([literal]) for literal in bits(domain)]
    several = [row for row in rows if row is not None]

    assert several
    for row in several:
        assert {True} == set(map(bodies.oracle.valid, _in_turn(bodies, row, 5)))


def _in_turn(bodies: Bodies, row: Row, count: int) -> list[Any]:
    """
    The bodies that one row makes again and again.
    """
    tally, made_bodies = Tally(bodies), []
    for _ in range(count):
        made_bodies.append(bodies.body(row, tally.least(row)))
        tally.add(row, made_bodies[-1])
    return made_bodies


def test_variants_come_in_turn_and_do_not_depend_on_other_fields() -> None:
    alone = _bodies({"type": "object", "properties": {"x": {"type": "number", "minimum": 60}}})
    schema = {"type": "object", "properties": {"a": {"type": "boolean"}, "x": {"type": "number", "minimum": 60}}}
    beside = _bodies(schema)

    def texts(bodies: Bodies) -> list[str]:
        level = next(n for n, level in enumerate(bodies.factors[-1].levels) if level.partition == "at-minimum")
        row = bodies.smallest([bodies.accepted.literal(len(bodies.factors) - 1, level)])
        assert row is not None
        return list(map(dumps, _in_turn(bodies, row, 3)))

    assert {'{"x":60}', '{"x":60.0}', '{"x":6e1}'} == set(texts(alone))
    assert texts(alone) == texts(beside)


def test_clauses_that_leave_acceptance_open_narrow_only_one_space() -> None:
    """
    The meeting's open clauses take pairs out of "accepted" that "valid" still holds.
    """
    contract = load.load_contract()
    bodies = Bodies.of(contract.document, contract.operations["create_meeting"])
    leaves = [n for n in bits(bodies.leaves) if bodies.told(n)[0].place[-1] in ("codec", "channel", "type", "region")]
    pairs = (
        (one, two)
        for one, two in itertools.combinations(leaves, 2)
        if bodies.valid.factor[one] != bodies.valid.factor[two]
        and bodies.accepted.taking((one, two)) is None
        and bodies.valid.taking((one, two)) is not None
    )
    opened = list(itertools.islice(pairs, 20))

    assert opened
    for one, two in opened:
        row = bodies.smallest((one, two), space=bodies.valid)
        assert row is not None
        assert bodies.fits(row, "unspecified") or not bodies.oracle.valid(bodies.body(row))


def test_unions_too_large_to_try_are_taken_branch_by_branch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtkcontract.generation.request_space.LARGEST_TABLE", 10)
    bodies = _bodies(made.schema_of("create_record"))
    judge = made.Judge(made.schema_of("create_record"))
    row = bodies.smallest(())

    assert bodies.rules
    assert row is not None
    assert judge.noted(bodies.body(row))


def test_a_place_is_taken_from_a_body() -> None:
    body = {"a": [{"b": 1}, {"b": 2}], "c": {"d": None}, "e": []}

    assert 1 == taken(body, ("a", "[]", "b"))
    assert taken(body, ("c", "d")) is None
    assert ABSENT is taken(body, ("c", "x"))
    assert ABSENT is taken(body, ("e", "[]"))
    assert ABSENT is taken(body, ("a", "b"))
