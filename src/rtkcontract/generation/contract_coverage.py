"""
Results -> what of the contract was exercised; pure, and counted from the bytes that were sent, not from the plan.

1. A constraint is a field with a keyword and a partition; it is exercised by a case that was answered.
2. Pairs and triples are counted over the leaf fields of accepted bodies that were answered.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from rtkcontract.generation.covering_array import bits
from rtkcontract.generation.plan import Plan
from rtkcontract.generation.request_space import Bodies
from rtkcontract.model import Answered, Json, Result


def account(plan: Plan, results: Iterable[Result]) -> Json:
    """
    The coverage account as a JSON object.

    `constraints`: one entry a field, keyword and partition with the case that exercised it and its outcome, the case
    null where nothing did. `pairs` and `triples`: covered and possible. `left_out`: cases that were not to be sent.
    `unproved`: what no case of the plan proves, as `model.Unproved` has it.
    """
    bodies = plan.bodies
    # A throttled answer judged nothing, and covers nothing.
    answered = [r for r in results if isinstance(r.observation, Answered) and r.status in ("pass", "fail")]
    held = [(result, mask) for result in answered if (mask := _mask(bodies, result)) is not None]
    masks = [mask for _, mask in held]
    constraints = [*_levels(bodies, held), *_faults(plan, answered)]
    told: dict[str, Json] = {
        "plan": plan.name,
        "strength": plan.strength,
        "constraints": constraints,
        "exercised": sum(entry["case"] is not None for entry in constraints),
        "pairs": _pairs(bodies, masks, proven=plan.strength > 1 and not plan.left_out),
        "impossible": list(plan.impossible),
        "unreached": list(plan.unreached),
        "left_out": [case.id for case in plan.left_out],
        "unproved": [dataclasses.asdict(one) for one in plan.unproved],
    }
    if plan.strength == 3:
        decided = [mask for result, mask in held if result.case.expect.outcome == "accepted"]
        told["triples"] = {"covered": _triples(bodies, decided), "possible": plan.possible}
    return told


def _mask(bodies: Bodies, result: Result) -> int | None:
    """
    The literals of a sent body that the schema accepts.
    """
    if result.case.overrides.method or result.case.expect.outcome == "rejected":
        return None
    mask = bodies.held(result.case)
    if mask is None or result.case.expect.outcome == "accepted" or bodies.oracle.valid(bodies.value(result.case)):
        return mask
    return None


def _outcome(result: Result) -> str:
    if result.status == "fail":
        return "finding"
    return result.case.expect.outcome if result.status == "pass" else result.status


def _levels(bodies: Bodies, held: list[tuple[Result, int]]) -> list[Json]:
    """
    Each level of each field, with the first case that held it.
    """
    first: dict[int, Result] = {}
    for result, mask in held:
        for literal in bits(mask):
            known = first.get(literal)
            if known is None or (known.status == "pass" and result.status == "fail" and result.case.field):
                first[literal] = result
    entries = []
    for literal in bits(bodies.accepted.fresh.domain if bodies.accepted.fresh else 0):
        factor, level = bodies.told(literal)
        entries.append(_entry(factor.field.name, level.keyword, level.partition, first.get(literal)))
    return entries


def _faults(plan: Plan, answered: list[Result]) -> list[Json]:
    """
    Each planned fault of a field, with its case where that was answered.
    """
    by_id = {result.case.id: result for result in answered}
    cases = [case for case in (*plan.cases, *plan.left_out) if case.field and case.side == "invalid"]
    return [_entry(case.field, case.keyword, case.partition, by_id.get(case.id)) for case in cases]


def _entry(field: str, keyword: str, partition: str, result: Result | None) -> Json:
    return {
        "field": field,
        "keyword": keyword,
        "partition": partition,
        "case": None if result is None else result.case.id,
        "outcome": None if result is None else _outcome(result),
    }


def _above(literal: int) -> int:
    """
    A mask that cuts off the literals up to and with this one, so that a tuple is counted once.
    """
    return ~((1 << literal + 1) - 1)


def _pairs(bodies: Bodies, masks: list[int], *, proven: bool) -> Json:
    """
    How many of the pairs that a valid body can hold were held by a body that was sent.

    Possible is what propagation from one literal leaves; with `proven`, each pair that was not held is tried too.
    """
    space = bodies.valid
    leaves = bodies.leaves & (space.fresh.domain if space.fresh else 0)
    seen = dict.fromkeys(bits(leaves), 0)
    for mask in masks:
        for literal in bits(mask & leaves):
            seen[literal] |= mask
    covered = possible = 0
    for one, others in seen.items():
        state = space.taking((one,))
        own = leaves & _above(one)
        open_pairs = (state.domain if state else 0) & own & ~space.refused[one] & ~others
        if proven:
            open_pairs = sum(1 << two for two in bits(open_pairs) if space.taking((one, two)) is not None)
        covered += (others & own).bit_count()
        possible += (others & own | open_pairs).bit_count()
    return {"covered": covered, "possible": possible}


def _triples(bodies: Bodies, masks: list[int]) -> int:
    """
    How many triples the accepted bodies that were sent held.
    """
    leaves = bodies.leaves & (bodies.accepted.fresh.domain if bodies.accepted.fresh else 0)
    seen: dict[tuple[int, int], int] = {}
    for mask in masks:
        held = mask & leaves
        for one in bits(held):
            for two in bits(held & _above(one)):
                seen[one, two] = seen.get((one, two), 0) | held & _above(two)
    return sum(mask.bit_count() for mask in seen.values())
