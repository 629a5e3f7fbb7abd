"""
What a user asks for -> a run that is ready to send: the same for pytest and for the command line.
"""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rtkcontract.contract import load
from rtkcontract.contract.requests import request_of
from rtkcontract.engine import generated, selection, targets
from rtkcontract.engine.brakes import Budget
from rtkcontract.engine.loop import Loop
from rtkcontract.engine.resources import ledger_path, stand_ins
from rtkcontract.errors import CannotTell
from rtkcontract.generation import scenarios
from rtkcontract.model import Case, Contract, Operation, Progress, Scenario
from rtkcontract.recordings import folder as cassette_folder
from rtkcontract.recordings.key import key_of, shard_of
from rtkcontract.redaction.redactor import redactor_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    The options of `engine.run_options.RUN` with their values.
    """

    target: str = "cassettes"
    base_url: str | None = None
    plan: str = "standard"
    operation: Sequence[str] = ()
    tag: Sequence[str] = ()
    allow: Sequence[str] = ()
    schemas: str | None = None
    max_requests: int | None = None
    max_cases: int | None = None
    max_meetings: int | None = None
    max_latency: float | None = None
    ca: str | None = None
    proxy: str | None = None
    rate: int | None = None
    shard: str | None = None
    cassettes: str | None = None
    run_file: str | None = None
    sockets: bool = False
    no_explain: bool = False
    release: bool = False
    hypothesis_profile: str | None = None
    hypothesis_seed: str | None = None


def _scenarios(contract: Contract, asked: Asked, operations: Mapping[str, Operation]) -> tuple[Scenario, ...]:
    """
    The scenarios that ask the chosen operations alone. A live run asks nothing unasked that costs or cannot be undone,
    and a run of limited requests asks cases.
    """
    if len(operations) < 2 or asked.max_requests is not None:
        return ()
    free = (each.name for each in operations.values() if asked.target != "live" or each.effects is None)
    found = scenarios.scenarios(contract, frozenset(free))
    if not asked.shard:
        return found
    number, count = selection.shard_numbers(asked.shard)
    return found[number - 1 :: count]


def _search(asked: Asked, environment: Mapping[str, str]) -> generated.Search:
    """
    The search for generated bodies. What only replays, is limited, or is another shard than the first, has none.
    """
    profile = asked.hypothesis_profile or environment.get("HYPOTHESIS_PROFILE") or "ci"
    seed = asked.hypothesis_seed
    if seed is not None and not seed.isdecimal():
        raise CannotTell(f"--hypothesis-seed {seed} is no whole number")
    search = generated.Search.of(asked.plan, profile, None if seed is None else int(seed))
    if seed is None and not search.repeats:
        search = replace(search, seed=random.SystemRandom().getrandbits(32))
    first = not asked.shard or selection.shard_numbers(asked.shard)[0] == 1
    sends = asked.target != "cassettes" and asked.max_requests is None and first
    return search if sends else replace(search, examples=0)


def loop_of(asked: Asked, environment: Mapping[str, str], progress: Progress | None = None) -> tuple[Loop, list[str]]:
    """
    The run, and the lines that announce it. Raises CannotTell with one line for what cannot be met.
    """
    _check(asked)
    contract = load.load_contract(Path(asked.schemas) if asked.schemas else None)
    operations = selection.operations_of(contract, asked.operation, asked.tag)
    folder = Path(asked.cassettes) if asked.cassettes else load.data_folder("cassettes")
    every = len(operations)
    if asked.target == "cassettes" and not asked.operation and not asked.tag:
        operations = cassette_folder.recorded(folder, operations)
    target = targets.target_of(asked.target, environment, asked.base_url, contract)
    costly: dict[str, Operation] = {}
    if target.kind == "live":
        operations, costly = selection.allowed(operations, asked.allow)
    shards = selection.shard_numbers(asked.shard)[1] if asked.shard else 1
    limits = targets.limits_of(operations.values(), target, asked.rate, shards=shards)
    redactor = redactor_of(contract, target)

    def shard(case: Case, count: int) -> int:
        operation = operations[case.operation]
        request = request_of(operation, case, target, stand_ins(operation, case))
        return shard_of(key_of(redactor.request(request)), count)

    played = _scenarios(contract, asked, operations) if target.kind != "cassettes" else ()
    steps = sum(len(each.steps) for each in played)
    plans = selection.plans_of(contract, operations, asked.plan, less=steps, most=asked.max_cases, progress=progress)
    plans = selection.capped(selection.sharded(plans, asked.shard, shard), asked.max_requests)
    if not any(plan.cases for plan in plans.values()):
        part = f"shard {asked.shard} of the plan" if asked.shard else "the plan"
        raise CannotTell(f"{part} {asked.plan} of {', '.join(plans)} has no case, so nothing can be told")
    sockets = asked.sockets or target.kind == "live"
    through: targets.Through = "recordings" if target.kind == "cassettes" else "sockets" if sockets else "process"

    def open_target() -> contextlib.AbstractContextManager[targets.Asking]:
        if through == "recordings":
            send = cassette_folder.replayer(folder, redactor)
            return contextlib.nullcontext(targets.Asking(target=target, send=send, limits=(), through=through))
        way = targets.way_of(target, environment, asked.ca, asked.proxy)
        return targets.asking(contract, target, rate=asked.rate, sockets=sockets, shards=shards, way=way)

    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    loop = Loop(
        contract,
        plans,
        target,
        open_target,
        plan=asked.plan,
        max_latency_s=asked.max_latency,
        redact=redactor.text if target.kind == "live" else str,  # the emulator and the recordings know no secret
        file=Path(asked.run_file) if asked.run_file else None,
        ledger=ledger_path(environment, now) if target.kind == "live" else None,
        forbidden=frozenset(selection.allowed(contract.operations, asked.allow)[1]) if target.kind == "live" else (),
        budget=Budget(max_requests=asked.max_requests, max_meetings=asked.max_meetings),
        through=through,
        scenarios=played,
        search=_search(asked, environment),
    )
    way = targets.way_of(target, environment, asked.ca, asked.proxy)
    announced = [*loop.announcement(limits, folder), *way.told]
    if every > len(operations) + len(costly):
        announced.append(f"left out: {every - len(operations) - len(costly)} operations without any recording")
    if costly:
        told = ", ".join(costly)
        announced.append(f"left out, since they cost money or cannot be undone (--allow NAME): {told}")
    if loop.ledger is not None:
        announced.append(f"what it makes is written to {loop.ledger}, and taken away at the end where that can be done")
    return loop, announced


def _check(asked: Asked) -> None:
    """
    Raises CannotTell for a number that limits nothing.
    """
    for name in ("max_requests", "max_meetings", "max_cases", "max_latency"):
        value = getattr(asked, name)
        if value is not None and not 0 <= value < math.inf:
            raise CannotTell(f"--{name.replace('_', '-')} {value} is no limit; give a number from 0 on")
