"""
The verb `cases`.
"""

from __future__ import annotations

import click

from rtkcontract.cli.exits import say
from rtkcontract.cli.options import (
    MAX_CASES,
    OPERATIONS,
    PLAN,
    SCHEMAS,
    TAGS,
    Names,
    examples,
    found_case,
    operations_named,
    planned,
    say_unproved,
    written_folder,
)


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
@OPERATIONS
@TAGS
@MAX_CASES
@click.option("--ids", is_flag=True, help="The ids alone.")
def cases_list(plan: str, schemas: str | None, operation: Names, tag: Names, max_cases: int | None, ids: bool) -> None:
    """
    One line a case, in the order in which they are sent.
    """
    made = planned(schemas, operation or (), plan, tag or (), max_cases)[1]
    cases = [case for one in made.values() for case in one.cases]
    for case in cases:
        say(case.id if ids else f"{case.expect.outcome:<12} {case.id}")
    say_unproved(made)
    if not ids:
        accepted = sum(one.meetings for one in made.values())
        say(f"{len(cases)} cases in the plan {plan}; at most {accepted} are accepted", err=True)


@cases.command("show", epilog=examples("rtkcontract cases show create_meeting/minimal"))
@click.argument("identity", metavar="CASE")
@PLAN
@SCHEMAS
@OPERATIONS
@TAGS
def cases_show(identity: str, plan: str, schemas: str | None, operation: Names, tag: Names) -> None:
    """
    One case: what is sent, what is expected, and why.
    """
    contract, made = planned(schemas, operation or operations_named((identity,)), plan, tag or ())
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
@OPERATIONS
@TAGS
def cases_export(form: str, plan: str, schemas: str | None, operation: Names, tag: Names) -> None:
    """
    The cases for other tools; credentials stand as variables.
    """
    from rtkcontract.reports import export

    contract, made = planned(schemas, operation or (), plan, tag or ())
    cases = tuple(case for one in made.values() for case in one.cases)
    told = {
        "jsonl": lambda: export.lines(cases),
        "har": lambda: export.har(contract.operations, cases),
        "postman": lambda: export.postman(contract.operations, cases),
    }[form]()
    say(told, raw=True)


@cases.command(
    "grow", short_help="Store the rows that an edited schema needs.", epilog=examples("rtkcontract cases grow")
)
@SCHEMAS
@OPERATIONS
@TAGS
def cases_grow(schemas: str | None, operation: Names, tag: Names) -> None:
    """
    Add the rows that the schema needs now to rows.jsonl; those that are there stay as they are.

    To be run after an edit of a request schema, so that later edits keep today's rows and their recordings.
    """
    from rtkcontract.engine.files import write_whole

    folder = written_folder(schemas, "schemas")
    for name, made in planned(str(folder), operation or (), "standard", tag or ())[1].items():
        path = folder / name / "rows.jsonl"
        kept = path.read_bytes().splitlines() if path.exists() else []
        rows = [case.content for case in made.cases if case.id.startswith(f"{name}/combinations/")]
        new = [row for row in rows if row not in kept]
        if new:
            write_whole(path, b"\n".join([*kept, *new]) + b"\n")
        say(f"{name}: {len(new)} rows added, {len(kept)} kept in {path}")
