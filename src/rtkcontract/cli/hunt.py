"""
The verb `hunt`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import (
    AT_MOST,
    BASE_URL,
    CA,
    OPERATION,
    PROXY,
    RATE,
    SCHEMAS,
    TARGET,
    examples,
    say_unproved,
    written_folder,
)
from rtkcontract.errors import CannotTell
from rtkcontract.reports.progress import bar

if TYPE_CHECKING:
    from rtkcontract.generation.profiles import Side


@click.command(
    short_help="Send generated bodies, and shrink what fails.",
    epilog=examples(
        "rtkcontract hunt --target emulator --max-examples 500",
        "rtkcontract hunt --target live --max-requests 200 --promote",
    ),
)
@TARGET
@BASE_URL
@click.option(
    "--side",
    type=click.Choice(["valid", "invalid", "both"]),
    default="both",
    show_default=True,
    help="Bodies that fit the schema, or that do not.",
)
@click.option(
    "--max-examples",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="Bodies that are generated for each side; what fails is shrunk by more.",
)
@click.option("--max-requests", type=AT_MOST, default=None, metavar="N", help="Requests at the most, in all.")
@click.option("--seed", type=int, default=None, help="The same seed sends the same bodies.")
@click.option("--promote", is_flag=True, help="Keep each shrunk counterexample in corpus.jsonl.")
@SCHEMAS
@OPERATION
@RATE
@CA
@PROXY
@click.pass_context
def hunt(
    ctx: click.Context,
    target: str,
    base_url: str | None,
    side: str,
    max_examples: int,
    max_requests: int | None,
    seed: int | None,
    promote: bool,
    schemas: str | None,
    operation: str | None,
    rate: int | None,
    ca: str | None,
    proxy: str | None,
) -> None:
    """
    Send bodies that hypothesis generates from the schema, and shrink what fails.
    """
    from rtkcontract.contract import load
    from rtkcontract.engine import generated
    from rtkcontract.plugins import open_run
    from rtkcontract.recordings import record as recording
    from rtkcontract.redaction import logs
    from rtkcontract.redaction.redactor import redactor_of

    if target == "cassettes":
        raise CannotTell("hunt needs something that answers; use --target emulator or --target live")
    name = operation or next(iter(load.load_contract(Path(schemas) if schemas else None).operations))
    folder = written_folder(schemas, "schemas") if promote else Path()
    asked = open_run.Asked(
        target=target,
        base_url=base_url,
        plan="smoke",
        operation=(name,),
        schemas=schemas,
        max_requests=max_requests,
        rate=rate,
        ca=ca,
        proxy=proxy,
    )
    loop, _ = open_run.loop_of(asked, os.environ)
    logs.quiet_loggers()
    broken, stopped = 0, ""
    nothing = say_unproved({name: loop.plans[name]})
    sides: tuple[Side, ...] = ("invalid",) if nothing else ("valid", "invalid")
    with loop:
        redactor = redactor_of(loop.contract, loop.exchange().asking.target)
        loop.judge(next(iter(loop.cases.values())))  # shows whether the target can be judged at all
        for one in (each for each in sides if side in (each, "both") and not stopped):
            left = None if max_requests is None else max_requests - loop.exchange().brake.requests
            if left == 0:
                say(f"{one}: nothing sent, the budget of {max_requests} requests is used up")
                break
            with bar(f"hunting, {one} bodies") as progress:
                hunted, _ = loop.hunt(
                    loop.operations[name],
                    one,
                    holders=generated.holders(loop.contract, loop.operations[name]),
                    max_examples=max_examples,
                    max_requests=left,
                    seed=seed,
                    on_progress=progress or (lambda _done, _total: None),
                )
            stopped = hunted.stopped
            say(
                f"{one}: {hunted.sent} bodies sent ({hunted.valid} valid, {hunted.invalid} invalid), "
                f"{len(hunted.counterexamples)} counterexamples, seed {hunted.seed}"
            )
            for example in hunted.counterexamples:
                broken += 1
                lines = [f"  {example.case.content.decode()}"]
                lines += [
                    f"    {finding.check} {finding.where}: expected {finding.expected}; got {finding.observed}"
                    for finding in example.findings
                ]
                say(redactor.text("\n".join(lines)))
                if promote:
                    path, first = folder / name / "corpus.jsonl", example.findings[0]
                    kept = recording.promote(path, example.case.content, f"{first.check} {first.where}", redactor)
                    say(f"    kept as {name}/corpus/{kept} in {path}")
        if stopped:
            say(redactor.text(f"stopped: {stopped}"))
    ctx.exit(1 if broken else 2 if stopped or nothing else 0)
