"""
The command line. What a verb needs is imported inside it, so that `--help` is quick.

Every verb exits with 0 for clean, 1 for findings and 2 where it could not tell.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click
from click.core import ParameterSource

from rtkcontract.beside import Begun, beside
from rtkcontract.errors import CannotTell
from rtkcontract.progress import bar, telling_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rtkcontract.changes import Change
    from rtkcontract.model import Case, Contract, Operation, Result
    from rtkcontract.plan import Plan
    from rtkcontract.revisions import Revision
    from rtkcontract.validate import Form


class Verbs(click.Group):
    """
    Turns what could not be told into one line on stderr and exit code 2.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CannotTell as error:
            click.echo(f"rtkcontract: {error}", err=True)
            ctx.exit(2)
        except BrokenPipeError:  # the reader has seen enough
            sys.stderr.close()
            ctx.exit(0)


CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


def examples(*lines: str) -> str:
    """
    The end of a help page.
    """
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


@click.group(
    cls=Verbs,
    context_settings=CONTEXT,
    epilog=examples(
        "rtkcontract check --target emulator",
        "rtkcontract validate body.json",
        "rtkcontract send create_meeting/minimal --target emulator",
    ),
)
@click.version_option(package_name="rtkcontract", prog_name="rtkcontract")
def main() -> None:
    """
    Contract tests for Cloudflare RealtimeKit, on the live API, the embedded emulator or recordings.

    Exit codes of every verb: 0 clean, 1 findings, 2 could not tell.
    """
    gc.set_threshold(50_000, 20, 20)  # a run is short, and most of what it makes lives to its end
    atexit.register(gc.freeze)  # else the interpreter goes through everything once more as it ends


def loaded(schemas: str | None, operation: str | None) -> tuple[Contract, Operation]:
    """
    The contract and one of its operations, the first by default.
    """
    from rtkcontract import catalog

    contract = catalog.load(Path(schemas) if schemas else None)
    name = operation or next(iter(contract.operations))
    if name not in contract.operations:
        raise CannotTell(f"there is no operation {name}; the contract has {', '.join(contract.operations)}")
    return contract, contract.operations[name]


def planned(schemas: str | None, operation: str | None, name: str) -> tuple[Contract, Operation, Plan]:
    """
    A named plan with the contract it comes from.
    """
    from rtkcontract import plan

    contract, found = loaded(schemas, operation)
    with bar(f"planning {name}") as progress:
        return contract, found, plan.make(contract, found, name, progress=progress)


def found_case(plan: Plan, identity: str) -> Case:
    """
    A case by its id. Raises CannotTell with the ids that come closest.
    """
    import difflib

    ids = {case.id: case for case in plan.cases}
    if identity in ids:
        return ids[identity]
    near = difflib.get_close_matches(identity, ids, 3, 0.3)
    raise CannotTell(f"there is no case {identity} in the plan {plan.name}; close to it: {', '.join(near) or 'none'}")


SCHEMAS = click.option(
    "--schemas",
    metavar="DIR",
    help="The folder that holds openapi.json; by default the contract that ships with rtkcontract.",
)
OPERATION = click.option("--operation", metavar="NAME", help="The operation; by default the first of the contract.")
PLAN = click.option(
    "--plan", default="standard", show_default=True, metavar="NAME", help="smoke, standard or thorough."
)
TARGET = click.option("--target", default="emulator", show_default=True, metavar="KIND", help="emulator or live.")
BASE_URL = click.option(
    "--base-url", metavar="URL", help="With --target live: another server, as http://127.0.0.1:8080/client/v4."
)
RATE = click.option(
    "--rate", type=int, metavar="N", help="At most N requests in ten seconds; 0, on loopback only, lifts the limit."
)


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
    ("--record", "record the cases without a fresh recording; `rtkcontract record` tells more"),
    ("--record-all", "with --record: what is there and fresh, too"),
    ("--max-meetings N", "with --record: accepted creates at the most"),
    ("--expire-days DAYS", "with --record: an older recording is recorded anew (default 90)"),
)
"""The options of the pytest plugin, which tells them too late for a quick help page."""


NEEDLESS = (
    *("anyio", "doctest", "faulthandler", "legacypath", "pastebin", "setuponly", "setupplan", "stepwise"),
    *("threadexception", "unittest", "unraisableexception"),
)
"""Plugins of pytest that a check has no use for; importing and asking them takes longer than its requests."""


@main.command(
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
    from rtkcontract import plan as plans

    contract, found = loaded(schemas, operation)
    # To plan takes as long as to start pytest.
    begun = beside(lambda progress: plans.make(contract, found, plan, progress=progress))
    ctx.exit(_pytest(target, [*options, *pytest_args], Begun(asked, begun)))


def _pytest(target: str, options: Sequence[str], *plugins: object) -> int:
    """
    A run of the contract tests, wherever the current folder is; its exit code.
    """
    import pytest

    from rtkcontract.catalog import data_folder

    tests = data_folder("contract_tests")
    needless = [*NEEDLESS, *(["recording"] if target != "cassettes" else [])]
    needless += [] if any("log" in option for option in options) else ["logging"]
    quick = [part for name in needless for part in ("-p", f"no:{name}")]
    own = ["-c", str(tests / "check.ini"), *quick, "-p", "rtkcontract.pytest_plugin", str(tests), f"--target={target}"]
    code = int(pytest.main([*own, *options], plugins))
    # 3 to 5 are pytest's for its own faults, a wrong option and no test: nothing can be told.
    return code if code in (0, 1) else 2


@main.command(
    short_help="Tell whether a body, an answer or an exchange is within the contract.",
    epilog=examples(
        "rtkcontract validate body.json",
        "rtkcontract validate --as answer answer.json",
        "cat bodies.jsonl | rtkcontract validate -",
        "rtkcontract validate traffic.har",
    ),
)
@click.argument("file", metavar="FILE|-")
@click.option(
    "--as",
    "kind",
    type=click.Choice(["auto", "body", "answer"]),
    default="auto",
    show_default=True,
    help="What the values are.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a value.")
@SCHEMAS
@OPERATION
@click.pass_context
def validate(
    ctx: click.Context, file: str, kind: Form, as_json: bool, schemas: str | None, operation: str | None
) -> None:
    """
    Tell whether a request body, an answer, or each exchange of a file is within the contract.

    FILE holds JSON, JSON lines, a HAR or a cassette; - reads standard input.
    """
    from rtkcontract import validate as validating
    from rtkcontract.jsontext import dumps

    contract, found = loaded(schemas, operation)
    tally = validating.Tally()
    with _opened(file) as (stream, name, size), telling_bar("bytes validated") as (progress, above):
        told = above or click.echo
        for verdict in validating.verdicts(contract, found, stream, name=name, form=kind):
            tally.add(verdict)
            if as_json:
                told(dumps(validating.as_json(verdict)))
            elif verdict.outcome != "accepted" or verdict.notes:
                told(validating.text(verdict))
            if progress and size:
                progress(stream.tell(), size)
    click.echo(dumps(tally.as_json()) if as_json else tally.text())
    ctx.exit(tally.exit_code)


@contextlib.contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, str, int]]:
    """
    A file, or standard input for `-`, with the name that messages give it and its size, 0 where that is not known.
    """
    if file == "-":
        yield sys.stdin.buffer, "standard input", 0
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115  # closed below; only the opening is to be caught
    except OSError as error:
        raise CannotTell(f"{file} cannot be read: {error.strerror}; give a file, or - for standard input") from None
    with stream:
        yield stream, file, os.fstat(stream.fileno()).st_size


@main.group(
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
        click.echo(case.id if ids else f"{case.expect.outcome:<12} {case.id}")
    if not ids:
        click.echo(f"{len(made.cases)} cases in the plan {made.name}; at most {made.meetings} are accepted", err=True)


@cases.command("show", epilog=examples("rtkcontract cases show create_meeting/minimal"))
@click.argument("identity", metavar="CASE")
@PLAN
@SCHEMAS
@OPERATION
def cases_show(identity: str, plan: str, schemas: str | None, operation: str | None) -> None:
    """
    One case: what is sent, what is expected, and why.
    """
    contract, _, made = planned(schemas, operation or _operation_of((identity,)), plan)
    case = found_case(made, identity)
    expect = case.expect
    click.echo(f"{case.id}\n  partition  {case.partition}" + (f" of {case.field}" if case.field else ""))
    if case.note:
        click.echo(f"  note       {case.note}")
    click.echo(f"  expected   {expect.outcome}: {expect.reason}")
    for source in expect.sources:
        if source in contract.sources:
            click.echo(f"  source     {contract.sources[source].title}, read {contract.sources[source].read}")
    if expect.schema_at:
        click.echo(f"  schema     schemas/{expect.schema_at}")
    for name, value in case.overrides.headers.items():
        click.echo(f"  header     {name}: {value if value is not None else '(left out)'}")
    click.echo(f"  content    {case.content.decode('utf-8', 'backslashreplace')}")


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
    from rtkcontract import export

    _, found, made = planned(schemas, operation, plan)
    told = {
        "jsonl": lambda: export.lines(made.cases),
        "har": lambda: export.har(found, made.cases),
        "postman": lambda: export.postman(found, made.cases),
    }[form]()
    click.echo(told, nl=not told.endswith("\n"))


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
    from rtkcontract import cassettes, catalog

    _, found, made = planned(schemas, operation, "standard")
    path = (Path(schemas) if schemas else catalog.data_folder("schemas")) / found.name / "rows.jsonl"
    kept = path.read_bytes().splitlines() if path.exists() else []
    rows = [case.content for case in made.cases if case.id.startswith(f"{found.name}/combinations/")]
    new = [row for row in rows if row not in kept]
    cassettes.write_whole(path, b"\n".join([*kept, *new]) + b"\n")
    click.echo(f"{found.name}: {len(new)} rows added, {len(kept)} kept in {path.name}")


@main.command(
    short_help="Send cases and show each request, answer and verdict.",
    epilog=examples(
        "rtkcontract send create_meeting/session_keep_alive_time_in_secs/below-minimum --target live",
        "rtkcontract send create_meeting/minimal create_meeting/relations/minimal-again",
    ),
)
@click.argument("identities", metavar="CASE...", nargs=-1, required=True)
@TARGET
@BASE_URL
@PLAN
@SCHEMAS
@OPERATION
@RATE
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
    max_latency: float,
) -> None:
    """
    Send cases, one after the other, and show each request, answer and verdict.

    What several answers tell together, such as an id that comes twice, is told of those that are sent here.
    """
    from rtkcontract import checks, targets
    from rtkcontract.cases import request_of
    from rtkcontract.redact import redactor_of

    contract, found, made = planned(schemas, operation or _operation_of(identities), plan)
    chosen = [found_case(made, identity) for identity in identities]
    where = targets.target_of(target, os.environ, base_url)
    if where.kind == "cassettes":
        raise CannotTell("send needs something that answers; use --target emulator or --target live")
    with targets.asking(contract, found, where, rate=rate) as asking:
        redact = redactor_of(contract, asking.target).text
        answered = [
            checks.judge(
                contract,
                found,
                case,
                asking.send(request_of(found, case, asking.target)),
                max_latency_s=max_latency,
                secrets=(where.token,),
            )
            for case in chosen
        ]
    results = checks.judge_run(contract, found, answered)
    for result in results:
        click.echo(redact("\n".join(_sent_text(found, result))))
    statuses = {result.status for result in results}
    ctx.exit(1 if "fail" in statuses else 0 if statuses == {"pass"} else 2)


def _operation_of(identities: Sequence[str]) -> str | None:
    """
    The operation that the id of a case begins with; None for no id.
    """
    name, slash, _ = identities[0].partition("/")
    return name if slash else None


def _sent_text(operation: Operation, result: Result) -> Iterator[str]:
    """
    A request, its answer and the verdict, line by line.
    """
    from rtkcontract import summary
    from rtkcontract.cases import request_of
    from rtkcontract.model import Answered
    from rtkcontract.runs import NOWHERE

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


@main.command(
    short_help="Run the emulator on 127.0.0.1 for developing against.",
    epilog=examples("rtkcontract serve --port 8080 --token my-own-token"),
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes a free one.")
@click.option("--token", default=None, help="The bearer token that is accepted; a clearly fake one by default.")
@click.option("--account-id", default=None, help="The account id that is known.")
@click.option("--app-id", default=None, help="The app id that is known.")
@SCHEMAS
def serve(port: int, token: str | None, account_id: str | None, app_id: str | None, schemas: str | None) -> None:
    """
    Run the emulator on 127.0.0.1 for developing against; it is not the vendor. Ctrl-C ends it.
    """
    from rtkcontract import catalog, targets, wire

    contract = catalog.load(Path(schemas) if schemas else None)
    account, app = account_id or targets.EMULATOR_ACCOUNT, app_id or targets.EMULATOR_APP
    shown = token or targets.EMULATOR_TOKEN

    def announce(origin: str) -> None:
        click.echo("The rtkcontract emulator: it answers as the documents say and is not the vendor.")
        click.echo(f"base URL    {origin}{targets.PREFIX}")
        click.echo(f"token       {shown if token is None else '(the one given)'}")
        click.echo(f"account id  {account}\napp id      {app}")

    wire.run_server(
        targets.responder(contract, token=shown, account_id=account, app_id=app), port=port, announce=announce
    )


DAYS = click.FloatRange(min=0)
AT_MOST = click.IntRange(min=0)


@main.command(epilog=examples("rtkcontract replay", "rtkcontract replay --release --expire-days 60"))
@click.option("--cassettes", "folder", metavar="DIR", help="The folder of the recordings.")
@click.option("--release", is_flag=True, help="What a pull request is only warned of fails.")
@click.option(
    "--warn-days", type=DAYS, default=30.0, show_default=True, metavar="DAYS", help="An older recording is a warning."
)
@click.option(
    "--expire-days", type=DAYS, default=90.0, show_default=True, metavar="DAYS", help="An older recording has expired."
)
@click.option("--every", is_flag=True, help="Name every recording that is not as it should be, not ten a state.")
@PLAN
@SCHEMAS
@OPERATION
@click.pass_context
def replay(
    ctx: click.Context,
    folder: str | None,
    release: bool,
    warn_days: float,
    expire_days: float,
    every: bool,
    plan: str,
    schemas: str | None,
    operation: str | None,
) -> None:
    """
    Judge every recording by today's contract, offline.
    """
    from rtkcontract import catalog
    from rtkcontract import plan as plans

    place = Path(folder) if folder else catalog.data_folder("cassettes")
    if not place.is_dir():
        raise CannotTell(f"there is no folder {place}; name the one that holds the recordings with --cassettes")
    contract, found = loaded(schemas, operation)
    planning = beside(lambda progress: plans.make(contract, found, plan, progress=progress).cases)
    from rtkcontract import recordings  # takes a while, too

    with bar(f"planning {plan}") as progress:
        cases = planning(progress)
    judging = recordings.judging(
        contract, found, cases, place, now=datetime.now(UTC), warn_days=warn_days, expire_days=expire_days
    )
    with bar("judging") as progress:
        report = judging(progress)
    click.echo(recordings.text(report, release=release, listed=None if every else recordings.LISTED), nl=False)
    ctx.exit(recordings.exit_code(report, release=release))


@main.command(
    short_help="Record the cases that have no fresh recording.",
    epilog=examples(
        "rtkcontract record --target emulator",
        "rtkcontract record --target emulator -n auto",
        "rtkcontract record --target live --max-requests 100 --max-meetings 30",
        "rtkcontract record --target live --compare",
    ),
)
@TARGET
@BASE_URL
@click.option("--cassettes", "folder", metavar="DIR", help="The folder of the recordings.")
@click.option("--max-requests", type=AT_MOST, metavar="N", help="Requests at the most.")
@click.option("--max-meetings", type=AT_MOST, metavar="N", help="Accepted creates at the most.")
@click.option(
    "--expire-days",
    type=DAYS,
    default=90.0,
    show_default=True,
    metavar="DAYS",
    help="An older recording is recorded anew.",
)
@click.option("--all", "again", is_flag=True, help="Record what is there and fresh, too.")
@click.option(
    "--compare",
    "comparing",
    is_flag=True,
    help="Re-send a small sample and show how the answers differ from the recordings.",
)
@click.option("--shard", metavar="K/N", help="Only the cases of shard K of N.")
@click.option(
    "-n", "processes", metavar="N|auto", help="Share the cases out with pytest-xdist; for the emulator, not for live."
)
@PLAN
@SCHEMAS
@OPERATION
@RATE
@click.pass_context
def record(
    ctx: click.Context,
    target: str,
    base_url: str | None,
    folder: str | None,
    max_requests: int | None,
    max_meetings: int | None,
    expire_days: float,
    again: bool,
    comparing: bool,
    shard: str | None,
    processes: str | None,
    plan: str,
    schemas: str | None,
    operation: str | None,
    rate: int | None,
) -> None:
    """
    Record the cases that have no recording or an expired one; goes on where it was stopped.
    """
    from rtkcontract import cassettes, catalog, hush, recordings, targets
    from rtkcontract import record as recording
    from rtkcontract.redact import redactor_of

    if processes is not None:
        options = {
            "--base-url": base_url,
            "--cassettes": folder,
            "--max-requests": max_requests,
            "--max-meetings": max_meetings,
            "--expire-days": expire_days,
            "--shard": shard,
            "--plan": plan,
            "--schemas": schemas,
            "--operation": operation,
            "--rate": rate,
        }
        ctx.exit(_shared_out(target, processes, again, comparing, options))
    contract, found, made = planned(schemas, operation, plan)
    where = targets.target_of(target, os.environ, base_url)
    if where.kind == "cassettes":
        raise CannotTell("record needs something that answers; use --target emulator or --target live")
    place = Path(folder) if folder else catalog.data_folder("cassettes")
    hush.quiet_loggers()
    with targets.asking(contract, found, where, rate=rate) as asking:
        redactor = redactor_of(contract, asking.target)
        session = recording.Session(
            contract=contract, operation=found, target=asking.target, send=asking.send, folder=place, redactor=redactor
        )
        chosen = _shard(recordings.keyed(found, made.cases, redactor), shard) if shard else made.cases
        if comparing:
            compared = recording.compare(session, chosen)
            click.echo(redactor.text(recording.compared_text(compared)), nl=False)
            broken = any(difference.severity == "finding" for difference in compared.differences)
            ctx.exit(1 if broken else 2 if compared.unanswered else 0)
        away = where.kind == "live" and cassettes.foreseen(asking.target) == "emulator"
        click.echo(
            f"up to {len(chosen)} requests to {'another server than the vendor' if away else where.kind}, "
            f"{sum(c.expect.outcome != 'rejected' for c in chosen)} of which may create a meeting"
        )
        with bar("recording") as progress:
            state = recording.record(
                session,
                chosen,
                budget=recording.Budget(max_requests=max_requests, max_meetings=max_meetings),
                expire_days=expire_days,
                again=again,
                progress=progress,
            )
    click.echo(redactor.text(recording.recorded_text(state)))
    ctx.exit(recording.exit_code(state))


def _shared_out(target: str, processes: str, again: bool, comparing: bool, options: Mapping[str, object]) -> int:
    """
    A recording by several processes, as a run of pytest; its exit code.
    """
    from importlib.util import find_spec

    if comparing:
        raise CannotTell("--compare sends a small sample from one process; leave out -n")
    if find_spec("xdist") is None:
        raise CannotTell("-n needs pytest-xdist; `pip install pytest-xdist` gets it")
    if processes != "auto" and not processes.isdecimal():
        raise CannotTell(f"-n {processes} is no number of processes; give a number or auto")
    given = [f"{name}={value}" for name, value in options.items() if value is not None]
    # The summary of the recording says why a case was not recorded.
    quiet = ["-q", "--tb=no", "-rN"]
    return _pytest(target, [*quiet, "--record", *["--record-all"] * again, "-n", processes, *given])


def _shard(keyed: Mapping[str, Case], text: str) -> tuple[Case, ...]:
    """
    The cases of shard K of N, as `1/4` names it.
    """
    from rtkcontract.identity import shard

    try:
        number, count = (int(part) for part in text.split("/"))
    except ValueError:
        raise CannotTell(f"--shard {text} is no shard; write it as 1/4") from None
    return shard(keyed.items(), number, count)


@main.command(
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
    from rtkcontract import catalog, checks, explore, hush, targets
    from rtkcontract import record as recording
    from rtkcontract.cases import request_of
    from rtkcontract.model import Finding
    from rtkcontract.redact import redactor_of

    contract, found = loaded(schemas, operation)
    where = targets.target_of(target, os.environ, base_url)
    hush.quiet_loggers()
    broken = 0
    with targets.asking(contract, found, where, rate=rate) as asking:
        redactor = redactor_of(contract, asking.target)

        def judged(case: Case) -> list[Finding]:
            result = checks.judge(
                contract, found, case, asking.send(request_of(found, case, asking.target)), secrets=(where.token,)
            )
            if result.status == "error":
                raise CannotTell(result.reason)
            return [finding for finding in result.findings if finding.severity == "finding"]

        for one in ("valid", "invalid") if side == "both" else (side,):
            with bar(f"hunting, {one} bodies") as progress:
                hunted = explore.hunt(
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
                    path = (Path(schemas) if schemas else catalog.data_folder("schemas")) / found.name / "corpus.jsonl"
                    name = recording.promote(
                        path, example.case.content, f"{example.findings[0].check} {example.findings[0].where}", redactor
                    )
                    click.echo(f"    kept as {found.name}/corpus/{name}")
    ctx.exit(1 if broken else 0)


@main.command(
    short_help="Turn a saved run into any format, or compare two.",
    epilog=examples(
        "rtkcontract report run.jsonl",
        "rtkcontract report run.jsonl --format html -o report.html",
        "rtkcontract report yesterday.jsonl today.jsonl",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="RUN [LATER_RUN]", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "html", "junit", "markdown", "sarif", "json"]),
    default="text",
    show_default=True,
    help="text for a terminal, html for people, json for tools; the others for CI.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file.")
@SCHEMAS
@click.pass_context
def report(ctx: click.Context, files: tuple[Path, ...], form: str, output: Path | None, schemas: str | None) -> None:
    """
    Turn a saved run into any format, or compare two: what is new, fixed and unchanged.

    Exit codes are those of the run; of two runs 1 means that something is new.
    """
    from rtkcontract import compare, runs, summary

    if len(files) > 2:
        raise CannotTell(f"report takes one run or two, not {len(files)}")
    found = [runs.read(file) for file in files]
    text = _rendered(found, form, schemas)
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
    else:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CannotTell(f"{output} cannot be written: {error.strerror}") from None
    ctx.exit(compare.exit_code(*found) if len(found) == 2 else summary.exit_code(found[0]))


def _rendered(found: list[Any], form: str, schemas: str | None) -> str:
    from rtkcontract import catalog, checks, compare, junit, markdown, page, sarif, verdict
    from rtkcontract.jsontext import dumps

    two, last = len(found) == 2, found[-1]
    colour = verdict.wants_colour(sys.stdout, os.environ)
    if form == "text":
        return verdict.comparison(*found, colour=colour) if two else verdict.text(last, colour=colour)
    if form == "markdown":
        return markdown.comparison(*found) if two else markdown.text(last)
    if form == "json":
        return (
            dumps(compare.as_json(*found)) if two else found[0].name and Path(found[0].name).read_text(encoding="utf-8")
        )
    if form == "html":
        return page.html(last, found[0] if two else None)
    if two:
        raise CannotTell(f"two runs cannot be told as {form}; use text, markdown, html or json")
    if form == "junit":
        return junit.document(last).decode()
    folder = Path(schemas) if schemas else catalog.data_folder("schemas")
    asked = {
        check.__name__: " ".join((check.__doc__ or "").strip().partition("\n\n")[0].split())
        for check in (*checks.CHECKS, *checks.RUN_CHECKS)
    }
    return sarif.document(last, catalog.folder_reader(folder), asked)


@main.command(
    short_help="Print the OpenAPI document or one schema.",
    epilog=examples("rtkcontract schema > openapi.json", "rtkcontract schema request"),
)
@click.argument("which", type=click.Choice(["openapi", "request", "answer", "error"]), default="openapi")
@SCHEMAS
@OPERATION
def schema(which: str, schemas: str | None, operation: str | None) -> None:
    """
    Print the OpenAPI document, bundled into one file, or one schema that stands by itself.
    """
    import json

    contract, found = loaded(schemas, operation)
    if which == "openapi":
        told = contract.document
    else:
        chosen = {
            "request": found.request_schema,
            "answer": next(iter(found.success_schemas.values()), {}),
            "error": found.error_schema,
        }[which]
        told = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **chosen,
            "components": contract.document.get("components", {}),
        }
    click.echo(json.dumps(told, indent=2, ensure_ascii=False))


FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True
)


@main.command(
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
    from rtkcontract import change_report, changes, revisions

    before, after = revisions.pair(old, new, operation=operation, sides=side)  # type: ignore[arg-type]  # a choice
    found = changes.compare(before, after)
    render = {"text": change_report.text, "json": change_report.as_json, "markdown": change_report.markdown}[form]
    click.echo(render(found, before.label, after.label).rstrip("\n"))
    if form == "text" and not new and ".." not in old:
        click.echo(_recordings_told(before, after, found, folder))
    ctx.exit(changes.exit_code(found, fail_on))


def _recordings_told(before: Revision, after: Revision, found: Sequence[Change], folder: str | None) -> str:
    """
    What a change of the working tree does to the recordings of each operation that both revisions have.
    """
    from rtkcontract import cassettes, catalog, outdated, plan

    contract = catalog.load()
    place = Path(folder) if folder else catalog.data_folder("cassettes")
    lines = []
    for name in sorted(before.surfaces.keys() & after.surfaces.keys() & contract.operations.keys()):
        held = [
            (
                one.interaction.provenance.case,
                one.interaction.request.content,
                one.interaction.response.status,
                one.interaction.response.content,
            )
            for one in map(cassettes.recording, cassettes.files(place))
            if one.interaction is not None and one.interaction.provenance is not None and one.path.parent.name == name
        ]
        ids = [case.id for case in plan.make(contract, contract.operations[name]).cases]
        lines.append(outdated.text(outdated.outdated(before.surfaces[name], after.surfaces[name], held, ids, found)))
    return "\n".join(lines)


@main.command(
    short_help="Hold the contract against the vendor's SDK or document.",
    epilog=examples(
        "rtkcontract drift                        # the types of the installed package cloudflare",
        "rtkcontract drift --document openapi.yaml",
    ),
)
@click.option(
    "--document", type=click.Path(path_type=Path), help="The vendor's OpenAPI document, JSON or YAML, of any size."
)
@click.option("--dated", default="", metavar="DATE", help="The day of that document.")
@click.option("--operation", default="create_meeting", show_default=True, metavar="NAME")
@FORMAT
@click.pass_context
def drift(ctx: click.Context, document: Path | None, dated: str, operation: str, form: str) -> None:
    """
    Hold our contract against the vendor's own sources: the types of its Python SDK, or its OpenAPI document.

    Differences that are known and explained stand in schemas/OPERATION/known_drift.json with a reason and a last day.
    """
    from rtkcontract import catalog, revisions
    from rtkcontract import drift as drifting

    ours = revisions.read(str(catalog.data_folder("schemas")), operation=operation).surfaces[operation]
    today = datetime.now(UTC).date().isoformat()
    if document is None:
        found = drifting.with_sdk(ours, today)
    else:
        theirs = revisions.read(str(document), operation=operation).surfaces[operation]
        found = drifting.with_document(ours, theirs, today, dated)
    render = {"text": drifting.text, "json": drifting.as_json, "markdown": drifting.markdown}[form]
    click.echo(render(found).rstrip("\n"))
    ctx.exit(drifting.exit_code([found]))


@main.command(
    epilog=examples(
        'eval "$(rtkcontract completion bash)"',
        "rtkcontract completion fish > ~/.config/fish/completions/rtkcontract.fish",
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """
    Print the completion script of a shell.
    """
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise CannotTell(f"there is no completion for {shell}")
    click.echo(made(main, {}, "rtkcontract", "_RTKCONTRACT_COMPLETE").source())
