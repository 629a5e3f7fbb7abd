"""
Results -> what of the contract was exercised; pure, and counted from the bytes that were sent, not from the plan.

1. A constraint is a field with a keyword and a partition; it is exercised by a case that was answered.
2. Pairs and triples are counted over the leaf fields of accepted bodies that were answered.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from rtkcontract.bodies import Bodies
from rtkcontract.covering import bits
from rtkcontract.jsontext import NotStrictJson, loads
from rtkcontract.model import Answered, Json, Result
from rtkcontract.plan import Plan


def account(plan: Plan, results: Iterable[Result]) -> Json:
    """
    The coverage account as a JSON object.

    `constraints`: one entry a field, keyword and partition with the case that exercised it and its outcome, the case
    null where nothing did. `pairs` and `triples`: covered and possible. `left_out`: cases that a budget cut.
    """
    bodies = plan.bodies
    answered = [result for result in results if isinstance(result.observation, Answered)]
    masks = [mask for result in answered if (mask := _mask(bodies, result)) is not None]
    constraints = [*_levels(bodies, answered), *_faults(plan, answered)]
    told: dict[str, Json] = {
        "plan": plan.name,
        "strength": plan.strength,
        "constraints": constraints,
        "exercised": sum(entry["case"] is not None for entry in constraints),
        "pairs": _tuples(bodies, masks, 2),
        "impossible": list(plan.impossible),
        "unreached": list(plan.unreached),
        "left_out": list(plan.left_out),
    }
    if plan.strength == 3:
        told["triples"] = _tuples(bodies, masks, 3)
    return told


def _mask(bodies: Bodies, result: Result) -> int | None:
    """
    The literals of a sent body that the schema accepts.
    """
    body = _body(result)
    if body is None or result.case.overrides.method or result.case.expect.outcome == "rejected":
        return None
    if not bodies.oracle.valid(body):
        return None
    return sum(1 << literal for literal in bodies.row(body) if literal >= 0)


def _body(result: Result) -> Json:
    try:
        body = loads(result.case.content)
    except NotStrictJson:
        return None
    return body if isinstance(body, dict) else None


def _outcome(result: Result) -> str:
    if result.status == "fail":
        return "finding"
    return result.case.expect.outcome if result.status == "pass" else result.status


def _levels(bodies: Bodies, answered: list[Result]) -> list[Json]:
    """
    Each level of each field, with the first case that held it.
    """
    first: dict[int, Result] = {}
    for result in answered:
        for literal in bits(_mask(bodies, result) or 0):
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
    cases = [case for case in plan.cases if case.field and case.side == "invalid"]
    left = (
        [
            (*identity.removeprefix(f"{plan.cases[0].operation}/").rpartition("/")[::2], identity)
            for identity in plan.left_out
        ]
        if plan.cases
        else []
    )
    entries = [_entry(case.field, case.keyword, case.partition, by_id.get(case.id)) for case in cases]
    entries.extend(
        _entry(field, "", partition, by_id.get(identity))
        for field, partition, identity in left
        if field and "/" not in field
    )
    return entries


def _entry(field: str, keyword: str, partition: str, result: Result | None) -> Json:
    return {
        "field": field,
        "keyword": keyword,
        "partition": partition,
        "case": None if result is None else result.case.id,
        "outcome": None if result is None else _outcome(result),
    }


def _tuples(bodies: Bodies, masks: list[int], strength: int) -> Json:
    """
    How many of the tuples that a valid body can hold were held by a body that was sent.
    """
    leaves = bodies.leaves & (bodies.valid.fresh.domain if bodies.valid.fresh else 0)
    seen: dict[tuple[int, ...], int] = {}
    for mask in masks:
        held = mask & leaves
        for literals in itertools.combinations(list(bits(held)), strength - 1):
            seen[literals] = seen.get(literals, 0) | held >> literals[-1] + 1 << literals[-1] + 1
    covered = sum(mask.bit_count() for mask in seen.values())
    return {"covered": covered, "possible": max(covered, _possible(bodies, leaves, strength, seen))}


def _possible(bodies: Bodies, leaves: int, strength: int, seen: dict[tuple[int, ...], int]) -> int:
    """
    Tuples that propagation does not prove impossible; those that were seen need no proof.
    """
    space, count = bodies.valid, 0
    for one in bits(leaves):
        others = leaves & ~space.refused[one] & ~((1 << one + 1) - 1)
        if strength == 2:
            open_pairs = others & ~seen.get((one,), 0)
            count += (others & seen.get((one,), 0)).bit_count()
            count += sum(space.taking((one, two)) is not None for two in bits(open_pairs))
        else:
            for two in bits(others):
                count += (others & ~space.refused[two] & ~((1 << two + 1) - 1)).bit_count()
    return count


def told(account: Json) -> str:
    """
    The account in two lines.
    """
    pairs = account["pairs"]
    text = (
        f"covered: {account['exercised']} of {len(account['constraints'])} partitions, "
        f"{pairs['covered']:,} of {pairs['possible']:,} pairs ({pairs['covered'] / max(pairs['possible'], 1):.1%})"
    )
    if "triples" in account:
        triples = account["triples"]
        text += f", {triples['covered']:,} of {triples['possible']:,} triples"
    if account["left_out"]:
        text += f"; {len(account['left_out'])} cases left out by --max-requests"
    return text
