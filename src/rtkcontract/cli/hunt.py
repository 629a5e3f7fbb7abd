"""
The verb `hunt`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rtkcontract.cli.options import BASE_URL, OPERATION, RATE, SCHEMAS, TARGET, examples, loaded
from rtkcontract.errors import CannotTell
from rtkcontract.reports.progress import bar

if TYPE_CHECKING:
    from rtkcontract.model import Case


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
@click.option("--max-examples", type=int, default=200, show_default=True, help="Bodies of each side at the most.")
@click.option("--max-requests", type=int, default=None, metavar="N", help="Requests at the most.")
@click.option("--seed", type=int, default=None, help="The same seed sends the same bodies.")
@click.option("--promote", is_flag=True, help="Keep each shrunk counterexample in corpus.jsonl.")
@SCHEMAS
@OPERATION
@RATE
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
) -> None:
    """
    Send bodies that hypothesis generates from the schema, and shrink what fails.
    """
    from rtkcontract.checks import judge as judges
    from rtkcontract.contract import load
    from rtkcontract.contract.requests import request_of
    from rtkcontract.engine import targets
    from rtkcontract.generation import fuzz
    from rtkcontract.model import Finding
    from rtkcontract.recordings import record as recording
    from rtkcontract.redaction import logs
    from rtkcontract.redaction.redactor import redactor_of

    contract, found = loaded(schemas, operation)
    where = targets.target_of(target, os.environ, base_url)
    logs.quiet_loggers()
    broken = 0
    with targets.asking(contract, found, where, rate=rate) as asking:
        redactor = redactor_of(contract, asking.target)

        def judged(case: Case) -> list[Finding]:
            result = judges.judge(
                contract, found, case, asking.send(request_of(found, case, asking.target)), secrets=(where.token,)
            )
            if result.status == "error":
                raise CannotTell(result.reason)
            return [finding for finding in result.findings if finding.severity == "finding"]

        for one in ("valid", "invalid") if side == "both" else (side,):
            with bar(f"hunting, {one} bodies") as progress:
                hunted = fuzz.hunt(
                    contract,
                    found,
                    judged,
                    side=one,
                    max_examples=max_examples,
                    max_requests=max_requests,
                    seed=seed,
                    on_progress=progress or (lambda _done, _total: None),
                )
            click.echo(
                f"{one}: {hunted.sent} bodies sent ({hunted.valid} valid, {hunted.invalid} invalid), "
                f"{len(hunted.counterexamples)} counterexamples, seed {hunted.seed}"
            )
            for example in hunted.counterexamples:
                broken += 1
                click.echo(redactor.text(f"  {example.case.content.decode()}"))
                for finding in example.findings:
                    click.echo(
                        redactor.text(
                            f"    {finding.check} {finding.where}: expected {finding.expected}; got {finding.observed}"
                        )
                    )
                if promote:
                    path = (Path(schemas) if schemas else load.data_folder("schemas")) / found.name / "corpus.jsonl"
                    name = recording.promote(
                        path, example.case.content, f"{example.findings[0].check} {example.findings[0].where}", redactor
                    )
                    click.echo(f"    kept as {found.name}/corpus/{name}")
    ctx.exit(1 if broken else 0)
