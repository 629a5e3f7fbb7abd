"""
The verb `cases`.
"""

from __future__ import annotations

from pathlib import Path

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import OPERATION, PLAN, SCHEMAS, examples, found_case, operation_of, planned


@click.group(
    epilog=examples(
        "rtkcontract cases list --plan smoke",
        "rtkcontract cases show create_meeting/minimal",
        "rtkcontract cases export --format har > cases.har",
    )
)
def cases() -> None:
    """
    List, show or export the planned cases.
    """


@cases.command(
    "list",
    epilog=examples("rtkcontract cases list --plan smoke", "rtkcontract cases list --ids | grep keep_alive"),
)
@PLAN
@SCHEMAS
@OPERATION
@click.option("--ids", is_flag=True, help="The ids alone.")
def cases_list(plan: str, schemas: str | None, operation: str | None, ids: bool) -> None:
    """
    One line a case, in the order in which they are sent.
    """
    made = planned(schemas, operation, plan)[2]
    for case in made.cases:
        say(case.id if ids else f"{case.expect.outcome:<12} {case.id}")
    if not ids:
        say(f"{len(made.cases)} cases in the plan {made.name}; at most {made.meetings} are accepted", err=True)


@cases.command("show", epilog=examples("rtkcontract cases show create_meeting/minimal"))
@click.argument("identity", metavar="CASE")
@PLAN
@SCHEMAS
@OPERATION
def cases_show(identity: str, plan: str, schemas: str | None, operation: str | None) -> None:
    """
    One case: what is sent, what is expected, and why.
    """
    contract, _, made = planned(schemas, operation or operation_of((identity,)), plan)
    case = found_case(made, identity)
    expect = case.expect
    say(f"{case.id}\n  partition  {case.partition}" + (f" of {case.field}" if case.field else ""))
    if case.note:
        say(f"  note       {case.note}")
    say(f"  expected   {expect.outcome}: {expect.reason}")
    for source in expect.sources:
        if source in contract.sources:
            say(f"  source     {contract.sources[source].title}, read {contract.sources[source].read}")
    if expect.schema_at:
        say(f"  schema     schemas/{expect.schema_at}")
    for name, value in case.overrides.headers.items():
        say(f"  header     {name}: {value if value is not None else '(left out)'}")
    say(f"  content    {case.content.decode('utf-8', 'backslashreplace')}")


@cases.command(
    "export",
    epilog=examples(
        "rtkcontract cases export --plan smoke > cases.jsonl",
        "rtkcontract cases export --format har > cases.har",
        "rtkcontract cases export --format postman > create_meeting.postman_collection.json",
    ),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "har", "postman"]),
    default="jsonl",
    show_default=True,
    help="JSON lines, HAR 1.2, or a Postman collection (Insomnia imports it too).",
)
@PLAN
@SCHEMAS
@OPERATION
def cases_export(form: str, plan: str, schemas: str | None, operation: str | None) -> None:
    """
    The cases for other tools; credentials stand as variables.
    """
    from rtkcontract.reports import export

    _, found, made = planned(schemas, operation, plan)
    told = {
        "jsonl": lambda: export.lines(made.cases),
        "har": lambda: export.har(found, made.cases),
        "postman": lambda: export.postman(found, made.cases),
    }[form]()
    say(told, raw=True)


@cases.command(
    "grow", short_help="Store the rows that an edited schema needs.", epilog=examples("rtkcontract cases grow")
)
@SCHEMAS
@OPERATION
def cases_grow(schemas: str | None, operation: str | None) -> None:
    """
    Add the rows that the schema needs now to rows.jsonl; those that are there stay as they are.

    To be run after an edit of a request schema, so that later edits keep today's rows and their recordings.
    """
    from rtkcontract.contract import load
    from rtkcontract.engine.files import write_whole

    _, found, made = planned(schemas, operation, "standard")
    path = (Path(schemas) if schemas else load.data_folder("schemas")) / found.name / "rows.jsonl"
    kept = path.read_bytes().splitlines() if path.exists() else []
    rows = [case.content for case in made.cases if case.id.startswith(f"{found.name}/combinations/")]
    new = [row for row in rows if row not in kept]
    write_whole(path, b"\n".join([*kept, *new]) + b"\n")
    say(f"{found.name}: {len(new)} rows added, {len(kept)} kept in {path.name}")
