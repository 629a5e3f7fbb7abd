"""
(document, schema) -> the bounds of its numbers, and bodies that hold each bound or a value one step outside; pure.

1. A bound is held by a full body where there is one, so that it meets other values than in a plan, which breaks one
   rule in a small body.
2. Bounds that go together share a body of the valid side; a body of the invalid side breaks one rule.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rtkcontract.contract.expectation import Oracle
from rtkcontract.generation import partitions
from rtkcontract.json_schema.values import ABSENT, ITEM, Place, opened, put, taken
from rtkcontract.model import Json

PARTITIONS: Final = ("at-minimum", "below-minimum", "at-maximum", "above-maximum")
"""On the bound, and one step outside. At an exclusive bound both are outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """
    A number on a bound of its place or one step outside.
    """

    place: Place
    partition: str
    value: Json


def bounds(document: Json, schema: Json) -> tuple[Bound, ...]:
    """
    Every bound of every bounded number with the step outside; those at the top of the body come first.
    """
    found = (
        Bound(place=field.place, partition=one.partition, value=one.value)
        for field in partitions.fields(document, schema, lambda _place: [])
        if field.place and field.place[-1] != ITEM
        for one in field.candidates
        if one.partition in PARTITIONS and one.keyword.lower().endswith(("minimum", "maximum"))
    )
    return tuple(sorted(found, key=lambda bound: len(bound.place)))


def placed(body: Json, bound: Bound) -> Json:
    """
    A copy of the body with the number at its place, whose parents are made where they are absent.
    """
    made = copy.deepcopy(body) if isinstance(body, dict) else {}
    holder: Json = made
    for part, inside in zip(bound.place, bound.place[1:], strict=False):
        held = taken(holder, (part,))
        if held is not ABSENT and not isinstance(held, list if inside == ITEM else dict):
            put(holder, part, [] if inside == ITEM else {})
        holder = opened(holder, part, inside)
    put(holder, bound.place[-1], bound.value)
    return made


def valid_bodies(oracle: Oracle, found: Iterable[Bound], holders: Sequence[Json]) -> tuple[Json, ...]:
    """
    Few bodies that fit the schema and hold, together, every bound that does; `holders` are bodies that fit.
    """
    made: list[tuple[Json, set[Place]]] = []
    for number, bound in enumerate(found):
        free = [(body, places) for body, places in made if bound.place not in places]
        for body, places in (*free, *((holder, set[Place]()) for holder in _turned(holders, number))):
            tried = placed(body, bound)
            if oracle.valid(tried):
                made = [each for each in made if each[0] is not body]
                made.append((tried, {*places, bound.place}))
                break
    return tuple(body for body, _ in made)


def invalid_bodies(oracle: Oracle, found: Iterable[Bound], holders: Sequence[Json]) -> tuple[Json, ...]:
    """
    One body for each bound that breaks the schema, by itself.
    """
    made: list[Json] = []
    for number, bound in enumerate(found):
        tried = (placed(holder, bound) for holder in _turned(holders, number))
        made += [body for body in tried if _alone(oracle, body, bound)][:1]
    return tuple(made)


def _turned(holders: Sequence[Json], number: int) -> tuple[Json, ...]:
    """
    The holders, begun at another one for each number, and the empty body.
    """
    start = number % len(holders) if holders else 0
    return (*holders[start:], *holders[:start], {})


def _alone(oracle: Oracle, body: Json, bound: Bound) -> bool:
    """
    Whether the body breaks rules at the place of the bound or around it and no other; a member that is missing breaks
    another.
    """
    steps = [0 if part == ITEM else part for part in bound.place]
    broken = oracle.violations(body)
    return bool(broken) and not any(
        each.keyword == "required" or any(step != part for step, part in zip(each.path, steps, strict=False))
        for each in broken
    )
