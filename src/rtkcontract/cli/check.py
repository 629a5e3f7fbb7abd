"""
The verb `check`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from rtkcontract.cli.options import examples, option
from rtkcontract.engine import run_options

if TYPE_CHECKING:
    from collections.abc import Sequence


def _all_options(command: click.Command) -> click.Command:
    """
    The command with the options of a run, in the order of their table.
    """
    for each in reversed(run_options.RUN):
        command = option(each)(command)
    return command


@_all_options
@click.command(
    short_help="Run the contract tests, wherever the current folder is.",
    context_settings={"ignore_unknown_options": True},
    epilog=examples(
        "rtkcontract check --target emulator",
        "rtkcontract check --target emulator --operation create_meeting --operation get_meeting",
        "rtkcontract check --target live --max-requests 80 --run-file run.jsonl",
        "rtkcontract check --target live --base-url http://127.0.0.1:8080/client/v4 --plan smoke",
        "rtkcontract check                        # the recordings, offline",
    ),
)
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def check(ctx: click.Context, /, pytest_args: tuple[str, ...], **asked: Any) -> None:
    """
    Run the contract tests, wherever the current folder is.

    The run takes the options of pytest, too, such as -q, -k or -n.
    """
    # What was not given here may be given to pytest in other ways.
    told = (ParameterSource.COMMANDLINE, ParameterSource.DEFAULT_MAP)
    given = [each for each in run_options.RUN if ctx.get_parameter_source(each.key) in told]
    options: list[str] = []
    for each in given:
        value = asked[each.key]
        if each.kind is bool:
            options += [each.name] if asked[each.key] else []
        else:
            options += [f"{each.name}={one}" for one in (value if each.many else (value,))]
    ctx.exit(run_pytest(asked["target"], [*options, *pytest_args]))


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
    ]
    code = int(pytest.main([*own, *options]))
    # 3 to 5 are pytest's for its own faults, a wrong option and no test: nothing can be told.
    return code if code in (0, 1) else 2
