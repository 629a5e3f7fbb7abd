"""
The verb `check`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from rtkcontract.cli.options import OPERATION, PLAN, SCHEMAS, examples

if TYPE_CHECKING:
    from collections.abc import Sequence

CHECK_OPTIONS = (
    ("--base-url URL", "with --target live: another server"),
    ("--max-requests N", "send the N cases that detect most"),
    ("--shard K/N", "only the cases of shard K of N, as 1/4"),
    ("--rate N", "at most N requests in ten seconds; 0, on loopback only, lifts the limit"),
    ("--max-latency SECONDS", "a slower answer is a finding (default 5)"),
    ("--run-file FILE", "save the run as JSON lines, for `rtkcontract report`"),
    ("--cassettes DIR", "the folder of the recordings"),
    ("--no-explain", "do not narrow findings down to their smallest cause"),
    ("--release", "what a pull request is only warned of fails"),
)
"""The options of the pytest plugin, which tells them too late for a quick help page."""


@click.command(
    short_help="Run the contract tests, wherever the current folder is.",
    context_settings={"ignore_unknown_options": True},
    epilog="\b\nOptions of the run:\n"
    + "\n".join(f"  {name:<22} {told}" for name, told in CHECK_OPTIONS)
    + "\n\n"
    + examples(
        "rtkcontract check --target emulator",
        "rtkcontract check --target live --max-requests 80 --run-file run.jsonl",
        "rtkcontract check --target live --base-url http://127.0.0.1:8080/client/v4 --plan smoke",
        "rtkcontract check                        # the recordings, offline",
    ),
)
@click.option(
    "--target", default="cassettes", show_default=True, metavar="KIND", help="cassettes (offline), emulator or live."
)
@PLAN
@SCHEMAS
@OPERATION
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def check(
    ctx: click.Context,
    target: str,
    plan: str,
    schemas: str | None,
    operation: str | None,
    pytest_args: tuple[str, ...],
) -> None:
    """
    Run the contract tests, wherever the current folder is.

    The run takes the options below, and those of pytest, such as -q, -k or -n.
    """
    asked = {"--plan": plan, "--schemas": schemas, "--operation": operation}
    # What was not given here may be given to pytest in other ways.
    given = [name for name in asked if ctx.get_parameter_source(name.removeprefix("--")) is ParameterSource.COMMANDLINE]
    options = [f"{name}={asked[name]}" for name in given]
    ctx.exit(run_pytest(target, [*options, *pytest_args]))


def run_pytest(target: str, options: Sequence[str]) -> int:
    """
    A run of the contract tests, wherever the current folder is; its exit code.
    """
    import pytest

    from rtkcontract.contract.load import data_folder

    tests = data_folder("contract_tests")
    own = [
        "-c",
        str(tests / "check.ini"),
        *([] if target == "cassettes" else ["-p", "no:recording"]),
        "-p",
        "rtkcontract.plugins.pytest_plugin",
        str(tests),
        f"--target={target}",
    ]
    code = int(pytest.main([*own, *options]))
    # 3 to 5 are pytest's for its own faults, a wrong option and no test: nothing can be told.
    return code if code in (0, 1) else 2
