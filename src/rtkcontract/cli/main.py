"""
The command line. What a verb needs is imported inside it, so that `--help` is quick.

How they end is said in `exits`.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from rtkcontract.cli import exits, options

VERBS = (
    *("check", "validate", "cases", "send", "serve", "replay", "record", "hunt"),
    *("clean", "report", "schema", "diff", "drift", "config", "completion"),
)
"""Each is a command in the module of the same name."""


class Verbs(exits.Verbs):
    """
    Imports the module of a verb when it is asked for.
    """

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        command: click.Command = getattr(importlib.import_module(f"rtkcontract.cli.{name}"), name)
        return command


@click.group(
    cls=Verbs,
    context_settings=options.CONTEXT,
    epilog=options.examples(
        "rtkcontract check --target emulator",
        "rtkcontract validate body.json",
        "rtkcontract send create_meeting/minimal --target emulator",
    ),
)
@click.option(
    "--config", "file", type=click.Path(path_type=Path), help="The file of settings, in place of the nearest."
)
@click.option("--env-file", type=click.Path(path_type=Path), help="A file of NAME=VALUE lines, such as .env.")
@click.version_option(package_name="rtkcontract", prog_name="rtkcontract")
@click.pass_context
def main(ctx: click.Context, file: Path | None, env_file: Path | None) -> None:
    """
    Contract tests for Cloudflare RealtimeKit, on the live API, the embedded emulator or recordings.

    Exit codes of every verb: 0 clean, 1 findings, 2 could not tell.
    """
    from rtkcontract.cli import config

    ctx.obj = config.load(main, ctx, file, env_file)
