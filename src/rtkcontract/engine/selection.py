"""
Which operations and which of their cases a run sends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from rtkcontract.engine import plan_cache
from rtkcontract.errors import CannotTell
from rtkcontract.generation.plan import Plan
from rtkcontract.model import Case, Contract, Operation, Progress

SMOKE: Final = 2_500
"""Requests of the plan `smoke` for several operations together."""


def operations_of(contract: Contract, names: Iterable[str] = (), tags: Iterable[str] = ()) -> dict[str, Operation]:
    """
    The operations that are named or tagged, in the order of the contract; all of them where nothing is asked for.

    Raises CannotTell for a name or a tag that the contract does not have.
    """
    names, tags = tuple(names), tuple(tags)
    if not names and not tags:
        return dict(contract.operations.items())
    named = {operation.name: operation for operation in (_named(contract, name) for name in names)}
    if not tags and len(named) == 1:  # the others need not be read
        return named
    known = {tag for operation in contract.operations.values() for tag in operation.tags}
    for tag in tags:
        if tag not in known:
            raise CannotTell(f"no operation has the tag {tag}; the tags are {_listed(sorted(known)) or 'none'}")
    return {
        name: operation
        for name, operation in contract.operations.items()
        if name in named or set(operation.tags) & set(tags)
    }


def _named(contract: Contract, name: str) -> Operation:
    if name not in contract.operations:
        raise CannotTell(f"there is no operation {name}; the contract has {_listed(contract.operations)}")
    return contract.operations[name]


def allowed(
    operations: Mapping[str, Operation], allow: Iterable[str]
) -> tuple[dict[str, Operation], dict[str, Operation]]:
    """
    The operations that may be sent to somebody's service, and those that cost money or cannot be undone and were not
    allowed by name. Raises CannotTell where none may be sent.
    """
    allow = set(allow)
    kept = {name: each for name, each in operations.items() if each.effects is None or name in allow}
    if not kept:
        names = " ".join(f"--allow {name}" for name in operations)
        raise CannotTell(f"what {_listed(operations)} does costs money or cannot be undone; to send it, add {names}")
    return kept, {name: each for name, each in operations.items() if name not in kept}


def _listed(names: Iterable[str], most: int = 12) -> str:
    names = list(names)
    more = f" and {len(names) - most} more" if names[most:] else ""
    return ", ".join(names[:most]) + more


def plans_of(
    contract: Contract,
    operations: Mapping[str, Operation],
    name: str,
    *,
    less: int = 0,
    most: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Plan]:
    """
    The named plan of each operation, of `most` cases; `smoke` of several operations keeps to SMOKE requests, `less`
    those of scenarios.
    """
    plans: dict[str, Plan] = {}
    for done, operation in enumerate(operations.values()):
        own = progress if len(operations) == 1 else None
        plans[operation.name] = plan_cache.planned(contract, operation, name, most=most, progress=own)
        if progress and own is None:
            progress(done + 1, len(operations))
    return capped(plans, SMOKE - less) if name == "smoke" and len(plans) > 1 else plans


def capped(plans: Mapping[str, Plan], most: int | None) -> dict[str, Plan]:
    """
    The first cases of each plan, `most` in all: each plan begins with what detects most, so all are cut at one level,
    and what is left over goes to the first that have more.
    """
    sizes = {name: len(plan.cases) for name, plan in plans.items()}
    if most is None or sum(sizes.values()) <= most:
        return dict(plans)
    left, shares = most, dict.fromkeys(plans, 0)
    open_ = [name for name, size in sizes.items() if size]
    while left and open_:
        level = max(1, left // len(open_))
        for name in open_:
            more = min(level, sizes[name] - shares[name], left)
            shares[name] += more
            left -= more
        open_ = [name for name in open_ if shares[name] < sizes[name]]
    return {name: plan.capped(shares[name]) for name, plan in plans.items()}


def shard_numbers(text: str) -> tuple[int, int]:
    """
    `1/4` as (1, 4). Raises CannotTell.
    """
    number, slash, count = text.partition("/")
    if not slash or not number.isdecimal() or not count.isdecimal():
        raise CannotTell(f"--shard {text} is no shard; write it as 1/4")
    if not 1 <= int(number) <= int(count):
        raise CannotTell(f"--shard {text} is no shard; the first number runs from 1 to the second")
    return int(number), int(count)


def sharded(plans: Mapping[str, Plan], text: str | None, shard_of: Callable[[Case, int], int]) -> dict[str, Plan]:
    """
    The cases of one shard, as `1/4` names it; `shard_of` gives the shard of a case among so many, counted from 0.
    """
    if text is None:
        return dict(plans)
    number, count = shard_numbers(text)
    return {
        name: replace(plan, cases=tuple(case for case in plan.cases if shard_of(case, count) == number - 1))
        for name, plan in plans.items()
    }
