"""
The verb `replay`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import DAYS, OPERATIONS, PLAN, SCHEMAS, TAGS, Names, examples
from rtkcontract.errors import CannotTell
from rtkcontract.reports.progress import bar


@click.command(epilog=examples("rtkcontract replay", "rtkcontract replay --release --expire-days 60"))
@click.option("--cassettes", "folder", metavar="DIR", help="The folder of the recordings.")
@click.option("--release", is_flag=True, help="What a pull request is only warned of fails.")
@click.option(
    "--warn-days", type=DAYS, default=30.0, show_default=True, metavar="DAYS", help="An older recording is a warning."
)
@click.option(
    "--expire-days", type=DAYS, default=90.0, show_default=True, metavar="DAYS", help="An older recording has expired."
)
@click.option("--every", is_flag=True, help="Name every recording that is not as it should be, not ten a state.")
@PLAN
@SCHEMAS
@OPERATIONS
@TAGS
@click.pass_context
def replay(
    ctx: click.Context,
    folder: str | None,
    release: bool,
    warn_days: float,
    expire_days: float,
    every: bool,
    plan: str,
    schemas: str | None,
    operation: Names,
    tag: Names,
) -> None:
    """
    Judge every recording by today's contract, offline.
    """
    from rtkcontract.contract import load
    from rtkcontract.engine import selection
    from rtkcontract.recordings import folder as cassette_folder
    from rtkcontract.recordings import replay as replaying

    place = Path(folder) if folder else load.data_folder("cassettes")
    if not place.is_dir():
        raise CannotTell(f"there is no folder {place}; name the one that holds the recordings with --cassettes")
    contract = load.load_contract(Path(schemas) if schemas else None)
    chosen = selection.operations_of(contract, operation or (), tag or ())
    named = chosen if operation or tag else cassette_folder.recorded(place, chosen)
    with bar(f"planning {plan}") as progress:
        plans = selection.plans_of(contract, named, plan, progress=progress)
    with bar("judging") as progress:
        reports = [
            replaying.judge_folder(
                contract,
                named[name],
                made.cases,
                place,
                now=datetime.now(UTC),
                warn_days=warn_days,
                expire_days=expire_days,
                progress=progress,
            )
            for name, made in plans.items()
        ]
    report = replaying.joined(reports)
    say(replaying.text(report, release=release, listed=None if every else replaying.LISTED))
    if len(named) < len(chosen):
        say(f"left out: {len(chosen) - len(named)} operations without any recording")
    ctx.exit(replaying.exit_code(report, release=release))
