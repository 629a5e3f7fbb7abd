"""
The verb `drift`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import FORMAT, examples


@click.command(
    short_help="Hold the contract against the vendor's SDK or document.",
    epilog=examples(
        "rtkcontract drift                        # the types of the installed package cloudflare",
        "rtkcontract drift --document openapi.yaml",
    ),
)
@click.option(
    "--document", type=click.Path(path_type=Path), help="The vendor's OpenAPI document, JSON or YAML, of any size."
)
@click.option("--dated", default="", metavar="DATE", help="The day of that document.")
@click.option("--operation", default="create_meeting", show_default=True, metavar="NAME")
@FORMAT
@click.pass_context
def drift(ctx: click.Context, document: Path | None, dated: str, operation: str, form: str) -> None:
    """
    Hold our contract against the vendor's own sources: the types of its Python SDK, or its OpenAPI document.

    Differences that are known and explained stand in schemas/OPERATION/known_drift.json with a reason and a last day.
    """
    from rtkcontract.contract import load, revisions
    from rtkcontract.diff import drift as drifting

    ours = revisions.read(str(load.data_folder("schemas")), operation=operation).operations[operation]
    dated = dated and revisions.day(dated, f"--dated {dated}")
    today = datetime.now(UTC).date().isoformat()
    if document is None:
        found = drifting.with_sdk(ours, today)
    else:
        theirs = revisions.read(str(document), operation=operation).operations[operation]
        found = drifting.with_document(ours, theirs, today, dated)
    render = {"text": drifting.text, "json": drifting.as_json, "markdown": drifting.markdown}[form]
    say(render(found).rstrip("\n"), raw=form == "json")
    ctx.exit(drifting.exit_code([found]))
