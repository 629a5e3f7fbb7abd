"""
The verb `serve`.
"""

from __future__ import annotations

from pathlib import Path

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import SCHEMAS, examples


@click.command(
    short_help="Run the emulator on 127.0.0.1 for developing against.",
    epilog=examples("rtkcontract serve --port 8080 --token my-own-token"),
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes a free one.")
@click.option("--token", default=None, help="The bearer token that is accepted; a clearly fake one by default.")
@click.option("--account-id", default=None, help="The account id that is known.")
@click.option("--app-id", default=None, help="The app id that is known.")
@click.option(
    "--max-body-bytes",
    type=click.IntRange(min=1),
    default=1_000_000,
    show_default=True,
    metavar="N",
    help="A larger request body is refused with 413.",
)
@SCHEMAS
@click.pass_context
def serve(
    ctx: click.Context,
    port: int,
    token: str | None,
    account_id: str | None,
    app_id: str | None,
    max_body_bytes: int,
    schemas: str | None,
) -> None:
    """
    Run the emulator on 127.0.0.1 for developing against; it is not the vendor. Ctrl-C ends it.
    """
    from rtkcontract.contract import load
    from rtkcontract.engine import targets
    from rtkcontract.network import server

    contract = load.load_contract(Path(schemas) if schemas else None)
    account, app = account_id or targets.EMULATOR_ACCOUNT, app_id or targets.EMULATOR_APP
    shown = token or targets.EMULATOR_TOKEN

    def announce(origin: str) -> None:
        say("The rtkcontract emulator: it answers as the documents say and is not the vendor.")
        say(f"base URL    {origin}{targets.PREFIX}")
        say(f"token       {shown if token is None else '(the one given)'}")
        say(f"account id  {account}\napp id      {app}")

    number = server.run_server(
        targets.responder(contract, token=shown, account_id=account, app_id=app),
        port=port,
        max_body_bytes=max_body_bytes,
        announce=announce,
    )
    ctx.exit(128 + number)
