"""
The verb `diff`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import FORMAT, examples
from rtkcontract.errors import CannotTell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rtkcontract.contract.revisions import Revision
    from rtkcontract.diff.changes import Change


@click.command(
    short_help="Tell what changed between two contracts, and whom it breaks.",
    epilog=examples(
        "rtkcontract diff                              # the merge base with main against the working tree",
        "rtkcontract diff main..HEAD --format markdown",
        "rtkcontract diff old/openapi.json new/openapi.json --operation create_meeting",
        "rtkcontract diff @2026-08-14 --fail-on strict  # the contract as it was on a day of its known history",
    ),
)
@click.argument("old", default="")
@click.argument("new", default="")
@click.option(
    "--side",
    type=click.Choice(["both", "request", "answer"]),
    default="both",
    show_default=True,
    help="What a plain JSON Schema file is.",
)
@click.option(
    "--fail-on", type=click.Choice(["breaking", "strict", "any", "none"]), default="breaking", show_default=True
)
@click.option("--cassettes", "folder", metavar="DIR", help="The folder of the recordings.")
@click.option("--operation", default="", metavar="NAME", help="One operation alone.")
@FORMAT
@click.pass_context
def diff(
    ctx: click.Context, old: str, new: str, side: str, fail_on: str, folder: str | None, operation: str, form: str
) -> None:
    """
    Tell what changed between two revisions of a contract, whom it breaks, and prove it with a witness.

    OLD and NEW: an OpenAPI document, a JSON Schema file or a schemas folder; a git revision, REV:PATH or OLD..NEW; or
    @YYYY-MM-DD of the known history. Without NEW the working tree is compared.
    """
    from rtkcontract.contract import revisions
    from rtkcontract.diff import changes, documents
    from rtkcontract.reports import contract_changes

    before, after = revisions.pair(old, new, operation=operation, sides=side)  # type: ignore[arg-type]  # a choice
    if operation and operation not in before.operations and operation not in after.operations:
        raise CannotTell(f"there is no operation {operation} in {before.label} or {after.label}")
    found = documents.compare(before, after)
    render = {"text": contract_changes.text, "json": contract_changes.as_json, "markdown": contract_changes.markdown}[
        form
    ]
    say(render(found, before.label, after.label).rstrip("\n"), raw=form == "json")
    if form == "text" and not new and ".." not in old:
        say(_recordings_told(before, after, found, folder))
    ctx.exit(changes.exit_code(found, fail_on))


def _recordings_told(before: Revision, after: Revision, found: Sequence[Change], folder: str | None) -> str:
    """
    What a change of the working tree does to the recordings of each operation that both revisions have.
    """
    from rtkcontract.contract import load
    from rtkcontract.diff import impact
    from rtkcontract.generation import plan as plans
    from rtkcontract.recordings import folder as cassette_folder

    contract = load.load_contract()
    place = Path(folder) if folder else load.data_folder("cassettes")
    lines = []
    for name in sorted(before.operations.keys() & after.operations.keys() & contract.operations.keys()):
        held = [
            (
                one.interaction.provenance.case,
                one.interaction.request.content,
                one.interaction.response.status,
                one.interaction.response.content,
            )
            for one in map(cassette_folder.recording, cassette_folder.files(place))
            if one.interaction is not None and one.interaction.provenance is not None and one.path.parent.name == name
        ]
        ids = [case.id for case in plans.make(contract, contract.operations[name]).cases]
        lines.append(impact.text(impact.outdated(before.operations[name], after.operations[name], held, ids, found)))
    return "\n".join(lines)
