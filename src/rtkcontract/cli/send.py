"""
The verb `send`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import (
    BASE_URL,
    CA,
    OPERATION,
    PLAN,
    PROXY,
    RATE,
    SCHEMAS,
    TARGET,
    examples,
    found_case,
    operations_named,
)
from rtkcontract.errors import CannotTell
from rtkcontract.reports.progress import bar

if TYPE_CHECKING:
    from rtkcontract.model import Operation, Result


READ_BACK = "/read-back/read"
"""The end of the id of a case that reads what another one made."""


@click.command(
    short_help="Send cases and show each request, answer and verdict.",
    epilog=examples(
        "rtkcontract send create_meeting/session_keep_alive_time_in_secs/below-minimum --target live",
        "rtkcontract send create_meeting/minimal create_meeting/relations/minimal-again",
        "rtkcontract send addWebhook/scenarios/delete-then-read --target emulator",
    ),
)
@click.argument("identities", metavar="CASE|SCENARIO...", nargs=-1, required=True)
@TARGET
@BASE_URL
@PLAN
@SCHEMAS
@OPERATION
@RATE
@CA
@PROXY
@click.option(
    "--max-latency",
    type=float,
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="A slower answer is a finding.",
)
@click.pass_context
def send(
    ctx: click.Context,
    identities: tuple[str, ...],
    target: str,
    base_url: str | None,
    plan: str,
    schemas: str | None,
    operation: str | None,
    rate: int | None,
    ca: str | None,
    proxy: str | None,
    max_latency: float,
) -> None:
    """
    Send cases, one after the other, and show each request, answer and verdict.

    What several answers tell together, such as an id that comes twice, is told of those that are sent here. The id of
    a scenario sends all of its steps, that of a step what it needs.
    """
    from rtkcontract.contract.load import load_contract
    from rtkcontract.engine.resources import left_text
    from rtkcontract.engine.scenarios import named
    from rtkcontract.plugins import open_run
    from rtkcontract.redaction.redactor import redactor_of

    if target == "cassettes":
        raise CannotTell("send needs something that answers; use --target emulator or --target live")
    told = [one for one in identities if "/scenarios/" in one]
    created = [one.removesuffix(READ_BACK) for one in identities if one.endswith(READ_BACK)]
    contract = load_contract(Path(schemas) if schemas else None) if told else None
    scenarios = [named(contract, one) for one in told] if contract is not None else []
    names = (step.case.operation for scenario in scenarios for step in scenario.steps)
    plain = [one for one in identities if one not in told and not one.endswith(READ_BACK)]
    asked = open_run.Asked(
        target=target,
        base_url=base_url,
        plan=plan,
        operation=(operation,) if operation else (*operations_named((*plain, *created)), *names),
        schemas=schemas,
        rate=rate,
        max_latency=max_latency,
        allow=operations_named(identities),  # a case that is named is meant
        ca=ca,
        proxy=proxy,
        sockets=True,
    )
    with bar(f"planning {plan}") as progress:
        loop, _ = open_run.loop_of(asked, os.environ, progress)
    chosen = [found_case(loop.plans, identity) for identity in plain]
    with loop:
        for case in chosen:
            loop.keep(loop.judge(case))
        scenarios += [back for one in created for back in loop.reading(found_case(loop.plans, one))]
        for scenario in scenarios:
            chosen += [result.case for result in loop.play(scenario)]
        run = loop.finish(explain=False)
    redact = redactor_of(loop.contract, loop.target).text
    results = {entry.result.case.id: entry.result for entry in run.entries}
    for case in chosen:
        say(redact("\n".join(_sent_text(loop.contract.operations[case.operation], results[case.id]))))
    if loop.left and loop.ledger is not None:
        say(redact(left_text(loop.left, loop.ledger)))
    statuses = {result.status for result in results.values()}
    ctx.exit(1 if "fail" in statuses else 0 if statuses == {"pass"} else 2)


def _sent_text(operation: Operation, result: Result) -> Iterator[str]:
    """
    A request, its answer and the verdict, line by line.
    """
    from rtkcontract.contract.requests import request_of
    from rtkcontract.engine.run_file import NOWHERE
    from rtkcontract.model import Answered
    from rtkcontract.reports import summary

    case, answer = result.case, result.observation
    request = request_of(operation, case, NOWHERE)
    yield f"> {request.method} {operation.path}"
    yield f"> {case.content.decode('utf-8', 'backslashreplace')}"
    if isinstance(answer, Answered):
        yield f"< {answer.response.status} in {answer.elapsed_s or 0:.3f} s"
        yield "< " + answer.response.content.decode("utf-8", "backslashreplace")
    yield f"expected: {case.expect.outcome}, {case.expect.reason}"
    for finding in result.findings:
        place = summary.place_of(finding)
        yield f"{finding.severity}: {finding.check}{place}: expected {finding.expected}; got {finding.observed}"
    yield {"pass": "within the contract", "fail": "breaks the contract"}.get(
        result.status, f"could not tell: {result.reason}"
    )
