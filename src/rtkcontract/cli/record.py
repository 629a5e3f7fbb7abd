"""
The verb `record`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Container, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import (
    ALLOW,
    AT_MOST,
    BASE_URL,
    CA,
    DAYS,
    OPERATIONS,
    PLAN,
    PROXY,
    RATE,
    SCHEMAS,
    TAGS,
    TARGET,
    Names,
    examples,
    planned,
    say_unproved,
    written_folder,
)
from rtkcontract.errors import CannotTell
from rtkcontract.reports.progress import bar

if TYPE_CHECKING:
    from rtkcontract.engine.loop import Exchange
    from rtkcontract.model import Case, Contract


@click.command(
    short_help="Record the cases that have no fresh recording.",
    epilog=examples(
        "rtkcontract record --target emulator",
        "rtkcontract record --target live --max-requests 100 --max-meetings 30",
        "rtkcontract record --target live --compare",
    ),
)
@TARGET
@BASE_URL
@click.option("--cassettes", "folder", metavar="DIR", help="The folder of the recordings.")
@click.option("--max-requests", type=AT_MOST, metavar="N", help="Requests at the most.")
@click.option("--max-meetings", type=AT_MOST, metavar="N", help="Accepted creates at the most.")
@click.option(
    "--expire-days",
    type=DAYS,
    default=90.0,
    show_default=True,
    metavar="DAYS",
    help="An older recording is recorded anew.",
)
@click.option("--all", "again", is_flag=True, help="Record what is there and fresh, too.")
@click.option(
    "--compare",
    "comparing",
    is_flag=True,
    help="Re-send a small sample and show how the answers differ from the recordings.",
)
@click.option("--shard", metavar="K/N", help="Only the cases of shard K of N.")
@PLAN
@SCHEMAS
@OPERATIONS
@TAGS
@ALLOW
@RATE
@CA
@PROXY
@click.pass_context
def record(
    ctx: click.Context,
    target: str,
    base_url: str | None,
    folder: str | None,
    max_requests: int | None,
    max_meetings: int | None,
    expire_days: float,
    again: bool,
    comparing: bool,
    shard: str | None,
    plan: str,
    schemas: str | None,
    operation: Names,
    tag: Names,
    allow: Names,
    rate: int | None,
    ca: str | None,
    proxy: str | None,
) -> None:
    """
    Record the cases that have no recording or an expired one; goes on where it was stopped.
    """
    from rtkcontract.engine import resources, selection, targets
    from rtkcontract.engine.brakes import Budget
    from rtkcontract.engine.loop import Exchange
    from rtkcontract.recordings import cassette
    from rtkcontract.recordings import record as recording
    from rtkcontract.recordings import replay as replaying
    from rtkcontract.redaction import logs
    from rtkcontract.redaction.redactor import redactor_of

    if target == "cassettes":
        raise CannotTell("record needs something that answers; use --target emulator or --target live")
    place = written_folder(folder, "cassettes")
    contract, plans_ = planned(schemas, operation or (), plan, tag or ())
    where = targets.target_of(target, os.environ, base_url, contract)
    forbidden: Container[str] = ()
    if where.kind == "live":
        kept, costly = selection.allowed({name: contract.operations[name] for name in plans_}, allow or ())
        plans_ = {name: made for name, made in plans_.items() if name in kept}
        forbidden = frozenset(selection.allowed(contract.operations, allow or ())[1])
        if costly:
            say(f"left out, since they cost money or cannot be undone (--allow NAME): {', '.join(costly)}")
    cases = [case for made in plans_.values() for case in made.cases]
    way = targets.way_of(where, os.environ, ca, proxy)
    logs.quiet_loggers()
    shards = selection.shard_numbers(shard)[1] if shard else 1
    with (
        targets.asking(contract, where, rate=rate, shards=shards, way=way) as asking,
        contextlib.ExitStack() as closing,
    ):
        redactor = redactor_of(contract, asking.target)
        live = where.kind == "live"
        started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        ledger = resources.ledger_path(os.environ, started) if live else None
        exchange = Exchange(contract, asking, ledger, forbidden)
        closing.callback(_clean_up, exchange, redactor.text)
        session = recording.Session(exchange=exchange, folder=place, redactor=redactor)
        chosen = _shard(replaying.keyed(contract, cases, redactor), shard) if shard else cases
        if comparing:
            compared = recording.compare(session, chosen)
            say(redactor.text(recording.compared_text(compared)))
            broken = any(difference.severity == "finding" for difference in compared.differences)
            ctx.exit(1 if broken else 2 if compared.unanswered else 0)
        away = where.kind == "live" and cassette.foreseen(asking.target) == "emulator"
        say(
            f"up to {len(chosen)} requests to {'another server than the vendor' if away else where.kind}, "
            f"{sum(_may_create(contract, case) for case in chosen)} of which may create an object"
        )
        say(f"recordings go to {place}")
        with bar("recording") as progress:
            state = recording.record(
                session,
                chosen,
                budget=Budget(max_requests=max_requests, max_meetings=max_meetings),
                expire_days=expire_days,
                again=again,
                progress=progress,
            )
    say(redactor.text(recording.recorded_text(state)))
    ctx.exit(recording.exit_code(state) or (2 if say_unproved(plans_) else 0))


def _shard(keyed: Mapping[str, Case], text: str) -> tuple[Case, ...]:
    """
    The cases of shard K of N, as `1/4` names it.
    """
    from rtkcontract.engine import selection
    from rtkcontract.recordings.key import shard

    number, count = selection.shard_numbers(text)
    return shard(keyed.items(), number, count)


def _clean_up(exchange: Exchange, redact: Callable[[str], str]) -> None:
    from rtkcontract.engine.resources import left_text

    left = exchange.clean_up()
    if left and exchange.ledger is not None:
        say(redact(left_text(left, exchange.ledger.path)))


def _may_create(contract: Contract, case: Case) -> bool:
    return contract.operations[case.operation].method == "POST" and case.expect.outcome != "rejected"
