"""
The verb `clean`.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import BASE_URL, RATE, SCHEMAS, examples
from rtkcontract.errors import CannotTell


@click.command(
    short_help="Take away what a live run made and left.",
    epilog=examples("rtkcontract clean ~/.local/state/rtkcontract/ledger-2026-11-22T120000Z-4711.jsonl"),
)
@click.argument("ledger", type=click.Path(path_type=Path))
@BASE_URL
@SCHEMAS
@RATE
@click.pass_context
def clean(ctx: click.Context, ledger: Path, base_url: str | None, schemas: str | None, rate: int | None) -> None:
    """
    Delete what a ledger says a run made, or set it inactive, and list what stays and why.

    Nothing else is touched. It goes on where it was stopped; exit code 1 means that something stays.
    """
    from rtkcontract.contract import load
    from rtkcontract.engine import resources, targets
    from rtkcontract.redaction.redactor import redactor_of

    if not ledger.is_file():
        raise CannotTell(f"there is no ledger {ledger}; the run that made it says where it is, unless nothing is left")
    contract = load.load_contract(Path(schemas) if schemas else None)
    target = targets.target_of("live", os.environ, base_url, contract)
    with targets.asking(contract, target, rate=rate) as asking:
        left = resources.cleaned(ledger, asking.target, asking.send)
    if left:
        say(redactor_of(contract, target).text(resources.left_text(left, ledger)))
    else:
        say("nothing is left, and the ledger is gone")
    ctx.exit(1 if left else 0)
