"""
The front for pytest: options, the parameter `case`, the fixture `ask`, the verdict and the exit code.

1. Loaded by the root `conftest.py`, or by `-p` where `rtkcontract check` runs from the installed package; never by an
   entry point as well.
2. A finding is no traceback: it is told once, grouped with others of its cause, in the verdict at the end.
3. Exit codes: 0 clean, 1 findings, 2 could not tell.
4. `--target cassettes` blocks the network and never records.
"""

from __future__ import annotations

import base64
import contextlib
import os
import pickle
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import pytest
from _pytest.outcomes import Exit
from _pytest.terminal import TerminalReporter

from rtkcontract.checks import across
from rtkcontract.checks import judge as judging
from rtkcontract.contract import deviations, load
from rtkcontract.contract.requests import request_of
from rtkcontract.engine import minimise, plan_cache, run_file, targets
from rtkcontract.engine.versions import tool_versions
from rtkcontract.errors import CannotTell
from rtkcontract.generation import contract_coverage
from rtkcontract.generation import plan as plans
from rtkcontract.model import Case, Contract, Finding, Json, Operation, Progress, Result, Target, Unanswered
from rtkcontract.network import rate as network_rate
from rtkcontract.recordings.key import key_of, shard_of
from rtkcontract.redaction import logs
from rtkcontract.redaction.redactor import Redactor, redactor_of
from rtkcontract.reports import summary
from rtkcontract.reports import text as text_report
from rtkcontract.reports.progress import bar

if TYPE_CHECKING:
    from rtkcontract.recordings import folder as cassette_folder

UNREACHED = (401, 403, 404)
"""Statuses that, in answer to the first well-addressed case, say that the variables are wrong, not the API."""


class BrokenPromise(Exception):
    """
    A case with findings; told in the verdict, not as a traceback.
    """


class NotTold(Exception):
    """
    A case without a verdict.
    """


class Ended(Exit):
    """
    Ends a session in which nothing can be told, with exit code 2.
    """

    # pytest shows the full name of the class before the reason.
    __module__, __qualname__ = "builtins", "rtkcontract"

    def __init__(self, reason: str) -> None:
        super().__init__(reason, returncode=2)


@dataclass(slots=True)
class Round:
    """
    One run of the contract tests: what was asked for, and what has been found so far.
    """

    contract: Contract
    operation: Operation
    plan: plans.Plan
    target: Target
    redactor: Redactor
    max_latency_s: float | None
    folder: Path
    rate: int | None
    results: dict[str, Result] = field(default_factory=dict)
    entries: dict[str, run_file.Entry] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    exits: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    asking: targets.Asking | None = None
    started: str = ""
    writer: run_file.Writer | None = None
    notes: list[str] = field(default_factory=list)
    run: run_file.Run | None = None
    """The whole run, once the session has ended."""
    held: dict[str, Path] | None = None
    """Key to cassette, read from the names of the files."""

    def redact(self, text: str) -> str:
        """
        The text without what a live run must not show; the emulator and the cassettes know no secret.
        """
        return self.redactor.text(text) if self.target.kind == "live" else text

    def judge(self, case: Case, maker: str = "") -> Result:
        """
        Sends one case and judges the answer by itself; `maker` is who answered what is replayed.
        """
        asking = self.asked()
        observation = asking.send(request_of(self.operation, case, asking.target))
        known = (self.target.token,) if self.target.kind != "cassettes" else ()
        operation = deviations.of_maker(self.operation, maker) if maker else self.operation
        return judging.judge(
            self.contract, operation, case, observation, max_latency_s=self.max_latency_s, secrets=known
        )

    def asked(self) -> targets.Asking:
        """
        The way to ask the target, opened at its first use.
        """
        if self.asking is None:
            self.asking = self.exits.enter_context(
                targets.asking(self.contract, self.operation, self.target, rate=self.rate)
            )
            self.target = self.asking.target
        return self.asking

    def keep(self, result: Result, recording: cassette_folder.Recording | None = None) -> None:
        told = recording.interaction.provenance if recording and recording.interaction else None
        self.results[result.case.id] = result
        self.entries[result.case.id] = run_file.entry_of(
            self.operation,
            result,
            recorded_at=told.recorded_at if told else "",
            recorded_from=_maker(told.target) if told else "",
        )
        if self.writer is not None:
            self.writer.result(self.entries[result.case.id])

    def recording(self, case: Case) -> Path | None:
        """
        The cassette of a case: the vendor's before the emulator's; None where there is none.
        """
        request = self.redactor.request(request_of(self.operation, case, self.target))
        if self.held is None:
            from rtkcontract.recordings import folder as cassette_folder  # of no use where somebody answers

            found = [path for path in cassette_folder.files(self.folder) if path.parent.name == self.operation.name]
            ranked = sorted(found, key=lambda path: path.parent.parent.name != "live", reverse=True)
            self.held = {path.stem.rpartition(".")[2]: path for path in ranked}
        return self.held.get(key_of(request))


def _maker(target: str) -> str:
    return {"live": "vendor", "emulator": "emulator", "documentation": "documentation"}.get(target, "unknown")


ROUND = pytest.StashKey[Round]()


TROUBLE = pytest.StashKey[str]()
"""Why there is no round: one line."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("rtkcontract", "contract tests of RealtimeKit")
    group.addoption(
        "--target", default="cassettes", metavar="KIND", help="cassettes (default, offline), emulator, or live"
    )
    group.addoption(
        "--base-url",
        default=None,
        metavar="URL",
        help="with --target live: another server, as http://127.0.0.1:8080/client/v4",
    )
    group.addoption("--plan", default="standard", metavar="NAME", help="smoke, standard (default) or thorough")
    group.addoption(
        "--operation", default=None, metavar="NAME", help="the operation to test; the first of the contract by default"
    )
    group.addoption(
        "--max-requests",
        type=int,
        default=None,
        metavar="N",
        help="send the N cases that detect most, and say what was left out",
    )
    group.addoption(
        "--max-latency",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="an answer that takes longer is a finding (default 5)",
    )
    group.addoption(
        "--rate",
        type=int,
        default=None,
        metavar="N",
        help="at most N requests in ten seconds; 0, on loopback only, lifts the limit",
    )
    group.addoption("--shard", default=None, metavar="K/N", help="only the cases of shard K of N, as 1/4")
    group.addoption("--schemas", default=None, metavar="DIR", help="the folder that holds openapi.json")
    group.addoption("--cassettes", default=None, metavar="DIR", help="the folder of the recordings")
    group.addoption(
        "--run-file", default=None, metavar="FILE", help="save the run as JSON lines, for `rtkcontract report`"
    )
    group.addoption("--no-explain", action="store_true", help="do not send smaller bodies to explain a failing one")
    group.addoption("--release", action="store_true", help="a missing recording fails")


def _shard(text: str | None, cases: tuple[Case, ...], key: Callable[[Case], str]) -> tuple[Case, ...]:
    if text is None:
        return cases
    try:
        number, count = (int(part) for part in text.split("/"))
    except ValueError:
        raise CannotTell(f"--shard {text} is no shard; write it as 1/4") from None
    if not 1 <= number <= count:
        raise CannotTell(f"--shard {text} is no shard; the first number runs from 1 to the second")
    return tuple(case for case in cases if shard_of(key(case), count) == number - 1)


def opened(config: pytest.Config) -> Round:
    """
    The round that the options ask for. Raises CannotTell with one line for each that cannot be met.
    """
    option = config.getoption
    contract = load.load_contract(Path(option("--schemas")) if option("--schemas") else None)
    name = option("--operation") or next(iter(contract.operations))
    if name not in contract.operations:
        raise CannotTell(f"there is no operation {name}; the contract has {', '.join(contract.operations)}")
    operation = contract.operations[name]
    target = targets.target_of(option("--target"), os.environ, option("--base-url"))
    targets.limits_of(operation, target, option("--rate"))
    with _bar(config, f"planning {option('--plan')}") as progress:
        plan = plan_cache.planned(contract, operation, option("--plan"), progress=progress)
    redactor = redactor_of(contract, target)
    cases = _shard(
        option("--shard"), plan.cases, lambda case: key_of(redactor.request(request_of(operation, case, target)))
    )
    plan = replace(plan, cases=cases).capped(option("--max-requests"))
    return Round(
        contract=contract,
        operation=operation,
        plan=plan,
        target=target,
        redactor=redactor,
        max_latency_s=option("--max-latency"),
        folder=Path(option("--cassettes")) if option("--cassettes") else load.data_folder("cassettes"),
        rate=option("--rate"),
        started=_now(),
    )


def _bar(config: pytest.Config, title: str) -> contextlib.AbstractContextManager[Progress | None]:
    """
    A bar where pytest itself writes; none under -q and -v, and none in a worker.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or config.option.verbose != 0:
        return contextlib.nullcontext()
    return bar(title, reporter._tw._file, redirect=False)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pytest_configure(config: pytest.Config) -> None:
    logs.quiet_loggers()
    if config.option.target not in ("emulator", "live"):
        config.option.record_mode = "none"


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """
    What cannot be asked for is told before workers start: xdist would start those that end anew, again and again.
    """
    option = config.option
    try:
        if getattr(option, "numprocesses", None) and (option.target != "cassettes" or option.schemas):
            opened(config)
    except CannotTell as error:
        sys.stderr.write(f"rtkcontract: {error}\n")
        return 2
    return None


@pytest.hookimpl(optionalhook=True)
def pytest_recording_configure(config: pytest.Config, vcr: Any) -> None:
    from rtkcontract.recordings import vcr_adapter  # vcrpy is slow to import and of use on cassettes alone

    if ROUND in config.stash:
        vcr_adapter.register(vcr, config.stash[ROUND].redactor)


def _round(config: pytest.Config) -> Round:
    """
    The round of this session, made when the first contract test is collected.
    """
    if ROUND not in config.stash:
        config.stash[ROUND] = made = opened(config)
        made.exits.enter_context(logs.redacted_logs(made.redact))
        if config.option.run_file and not hasattr(config, "workerinput"):
            made.writer = run_file.Writer(Path(config.option.run_file), made.redact)
            made.writer.header(_header(made))
    return config.stash[ROUND]


def _header(made: Round) -> run_file.Header:
    target = made.target
    if target.kind == "emulator" and made.asking is None:  # its address is known once it is started
        target = replace(target, base_url="")
    return run_file.header_of(
        made.contract,
        made.operation,
        target,
        observed=_observed(made),
        plan=made.plan.name,
        started=made.started,
        planned=len(made.plan.cases),
        versions=tool_versions(),
    )


def _observed(made: Round) -> str:
    """
    Who answers: told by the address and the signature of the answers, not by what was asked for.
    """
    if made.target.kind != "live":
        return {"cassettes": "recording", "emulator": "emulator"}[made.target.kind]
    told = "vendor" if made.target.base_url == targets.DEFAULT_BASE_URL else "server"
    return run_file.who(told, made.results.values())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        try:
            cases = _round(metafunc.config).plan.cases
        except CannotTell as error:  # an exit from here would be shown as a traceback
            metafunc.config.stash[TROUBLE] = str(error)
            cases = ()
        metafunc.parametrize("case", cases, ids=[case.id for case in cases])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    On cassettes each case plays its own; a case without a recording is told, not sent.
    """
    if TROUBLE in config.stash:
        raise Ended(config.stash[TROUBLE])
    if ROUND not in config.stash:
        return
    made = config.stash[ROUND]
    if made.target.kind == "cassettes" or made.plan.name != "thorough":
        generated = [item for item in items if "hunt" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=generated)
        items[:] = [item for item in items if item not in generated]
    for item in items:
        case = getattr(item, "callspec", None) and item.callspec.params.get("case")  # type: ignore[attr-defined]
        if isinstance(case, Case) and made.target.kind == "cassettes":
            item.add_marker(pytest.mark.vcr)
            item.add_marker(pytest.mark.block_network)


class Bar:
    """
    The hooks that let a bar stand for pytest's dots.
    """

    def __init__(self, advance: Progress, total: int) -> None:
        self.advance, self.total, self.done = advance, total, 0
        advance(0, total)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.done += 1
            self.advance(self.done, self.total)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_report_teststatus(self) -> Generator[None, Any, None]:
        outcome = yield
        outcome.force_result((outcome.get_result()[0], "", ""))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, None, None]:
    """
    On a terminal, and where nothing but cases is run, a bar with counts and the time left.
    """
    config, reporter = session.config, session.config.pluginmanager.get_plugin("terminalreporter")
    ours = ROUND in config.stash and all(
        "contract_round" in getattr(item, "fixturenames", ()) for item in session.items
    )
    shown = _bar(config, f"plan {config.stash[ROUND].plan.name}") if ours else contextlib.nullcontext()
    with shown as advance:
        if advance is not None and reporter is not None:
            reporter.showfspath = False
            config.pluginmanager.register(Bar(advance, len(session.items)), "rtkcontract-bar")
        yield
    config.pluginmanager.unregister(name="rtkcontract-bar")


def plan_lines(made: Round) -> list[str]:
    """
    What a run is about to do, told before the first request.
    """
    target, plan = made.target, made.plan
    where = {
        "emulator": "the emulator on loopback, which proves this toolkit and not the vendor",
        "cassettes": f"recordings in {made.folder.name}/, offline",
        "live": f"live, {urlsplit(target.base_url).hostname}",
    }[target.kind]
    lines = [
        f"target: {where}",
        f"contract: {made.operation.name}, revision {made.contract.revision} ({made.contract.digest})",
        f"plan: {plan.name}, {len(plan.cases)} requests"
        + (f", {len(plan.left_out)} left out" if plan.left_out else ""),
    ]
    limits = targets.limits_of(made.operation, target, made.rate)
    if target.kind == "live":
        rates = " and ".join(f"{limit['requests']} in {limit['period_s']} s" for limit in limits) or "no limit"
        seconds = network_rate.estimate_s(len(plan.cases), limits)
        lines.append(
            f"it may create {plan.meetings} meetings; rate kept under {rates}; about {seconds:.0f} s at that rate"
        )
    return lines


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    return plan_lines(config.stash[ROUND]) if ROUND in config.stash else []


@pytest.fixture(scope="session")
def contract_round(request: pytest.FixtureRequest) -> Round:
    """
    The round of this session.
    """
    return _round(request.config)


@pytest.fixture(scope="session")
def ask(contract_round: Round) -> Callable[[Case], Result]:
    """
    Sends a case to the target, judges the answer and keeps the result; raises what pytest is to show for it.
    """

    def asked(case: Case) -> Result:
        recording = path = None
        if contract_round.target.kind == "cassettes":
            path = contract_round.recording(case)
            if path is None:
                contract_round.missing.append(case.id)
                result = Result(
                    case=case,
                    status="skip",
                    findings=(),
                    observation=Unanswered(reason="no recording"),
                    reason="no recording",
                )
                contract_round.keep(result)
                pytest.skip("no recording; `nox -s record` makes one")
            from rtkcontract.recordings import folder as cassette_folder

            recording = cassette_folder.recording(path)
            problem = recording.problem or cassette_folder.misnamed(recording)
            if problem:
                observation = Unanswered(reason=problem)
                result = Result(case=case, status="error", findings=(), observation=observation, reason=problem)
                contract_round.keep(result)
                raise NotTold(problem)
        result = contract_round.judge(case, path.parts[-3] if path else "")
        contract_round.keep(result, recording)
        _check_reached(contract_round, result)
        if result.status == "error":
            raise NotTold(result.reason)
        if result.status == "fail":
            raise BrokenPromise(contract_round.redact(_in_a_line(result)))
        return result

    return asked


@pytest.fixture
def hunt(contract_round: Round) -> Callable[[Literal["valid", "invalid"]], str]:
    """
    Sends generated bodies of one side and raises what pytest is to show for a shrunk counterexample.
    """

    def hunted(side: Literal["valid", "invalid"]) -> str:
        from rtkcontract.generation import fuzz

        fuzz.use_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
        found: dict[str, Result] = {}

        def judged(case: Case) -> list[Finding]:
            found[case.id] = result = contract_round.judge(case)
            if result.status == "error":
                raise NotTold(result.reason)
            return [finding for finding in result.findings if finding.severity == "finding"]

        hunted = fuzz.hunt(contract_round.contract, contract_round.operation, judged, side=side)
        told = f"{hunted.sent} generated {side} bodies sent, seed {hunted.seed}"
        contract_round.notes.append(told)
        for example in hunted.counterexamples:
            contract_round.keep(found[example.case.id])
        if hunted.counterexamples:
            lines = [_in_a_line(found[example.case.id]) for example in hunted.counterexamples]
            raise BrokenPromise(contract_round.redact("; ".join(lines)))
        return told

    return hunted


def _check_reached(made: Round, result: Result) -> None:
    """
    Ends the session where the very first case shows that the target cannot be judged: wrong variables, or no server.
    """
    if made.target.kind != "live" or len(made.results) > 1 or result.case.expect.outcome != "accepted":
        return
    observation = result.observation
    if isinstance(observation, Unanswered):
        raise Ended(f"the target does not answer: {observation.reason}; nothing else was sent")
    if observation.response.status in UNREACHED:
        raise Ended(
            f"the target refuses the first well-formed request with {observation.response.status}: "
            f"check {', '.join(targets.VARIABLES.values())}; nothing else was sent"
        )


def _in_a_line(result: Result) -> str:
    found = [finding for finding in result.findings if finding.severity == "finding"]
    return "; ".join(
        f"{finding.check} {finding.where}: expected {finding.expected}, got {finding.observed}" for finding in found
    )


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    outcome = yield
    report = outcome.get_result()
    if call.when == "setup" and call.excinfo is not None and call.excinfo.errisinstance(CannotTell):
        # The fixture of pytest-recording reads the cassette before the test begins.
        reason, case = str(call.excinfo.value), item.callspec.params.get("case")  # type: ignore[attr-defined]
        report.longrepr, report.contract = reason, "untold"
        if isinstance(case, Case):
            observation = Unanswered(reason=reason)
            untold = Result(case=case, status="error", findings=(), observation=observation, reason=reason)
            item.config.stash[ROUND].keep(untold)
    if call.excinfo is not None and call.excinfo.errisinstance((BrokenPromise, NotTold)):
        report.longrepr = str(call.excinfo.value)
        report.contract = "finding" if call.excinfo.errisinstance(BrokenPromise) else "untold"
    if ROUND in item.config.stash:
        logs.redact_report(report, item.config.stash[ROUND].redact)


def pytest_report_teststatus(report: Any) -> tuple[str, str, str] | None:
    """
    Findings and untold cases are counted under their own names, so that pytest prints no traceback for them.
    """
    kind = getattr(report, "contract", None)
    if kind == "finding":
        return "broken", "F", "BROKEN"
    if kind == "untold":
        return "not told", "?", "NOT TOLD"
    return None


# --- the end of a session -------------------------------------------------------------------------------------------


@pytest.hookimpl(hookwrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    config = session.config
    if ROUND in config.stash:
        made = config.stash[ROUND]
        if hasattr(config, "workeroutput"):
            config.workeroutput["rtkcontract"] = base64.b64encode(pickle.dumps(list(made.entries.values()))).decode()
            made.exits.close()
        else:
            _finish(made, config, interrupted=session.exitstatus == 2)
            session.exitstatus = _code(made, int(session.exitstatus))
    yield
    if ROUND in config.stash and not hasattr(config, "workeroutput"):
        session.exitstatus = _code(config.stash[ROUND], int(session.exitstatus))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """
    What a worker found, gathered by the session that started it.
    """
    packed = getattr(node, "workeroutput", {}).get("rtkcontract")
    if packed is None:
        return
    made = _round(node.config)
    for entry in pickle.loads(base64.b64decode(packed)):  # noqa: S301  # written by our own worker on this machine
        made.results[entry.result.case.id] = entry.result
        made.entries[entry.result.case.id] = entry
        if made.writer is not None:
            made.writer.result(entry)


def _finish(made: Round, config: pytest.Config, *, interrupted: bool) -> None:
    """
    Judges all answers together, explains what failed, and completes the run file.
    """
    order = {case.id: place for place, case in enumerate(made.plan.cases)}
    results = sorted(made.results.values(), key=lambda result: order.get(result.case.id, len(order)))
    judged = across.judge_run(made.contract, made.operation, results)
    reachable = made.target.kind != "cassettes" and not interrupted and not config.option.no_explain
    with made.exits:
        explanations = minimise.explained(made.plan.bodies, judged, made.judge if reachable else None)
    judged = minimise.with_causes(judged, explanations)
    for result in judged:
        if result != made.results[result.case.id]:
            made.results[result.case.id] = result
            made.entries[result.case.id] = replace(made.entries[result.case.id], result=result)
            if made.writer is not None:
                made.writer.result(made.entries[result.case.id])
    account = contract_coverage.account(made.plan, judged)
    made.run = run_of(made, account, interrupted=interrupted)
    if made.writer is not None:
        made.writer.account(account)
        if not interrupted:
            made.writer.footer(_now())
        made.writer.close()


def run_of(made: Round, account: Json, *, interrupted: bool) -> run_file.Run:
    """
    The run in memory, as it would be read from its file.
    """
    order = {case.id: place for place, case in enumerate(made.plan.cases)}  # workers finish in any order
    entries = sorted(made.entries.values(), key=lambda entry: order.get(entry.result.case.id, len(order)))
    results = [entry.result for entry in entries]
    return run_file.Run(
        header=_header(made),
        entries=tuple(entries),
        account=account,
        footer=None if interrupted else run_file.Footer(finished=_now(), counts=run_file.counts_of(results)),
    )


def _code(made: Round, status: int) -> int:
    """
    0 clean, 1 findings, 2 could not tell; failures of other tests and of pytest itself keep their meaning.
    """
    if made.run is None or not made.entries:
        return 2
    found = summary.exit_code(made.run)
    if status not in (0, 1, 5):
        return 2
    return 1 if found == 1 or (status == 1 and found == 0 and not _only_ours(made)) else found


def _only_ours(made: Round) -> bool:
    return any(result.status in ("fail", "error") for result in made.results.values())


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    made = config.stash.get(ROUND, None)
    if made is None or made.run is None or not made.entries:
        return
    run, redact = made.run, made.redact
    terminalreporter.section("verdict")
    colour = text_report.wants_colour(sys.stdout, os.environ) and terminalreporter.hasmarkup
    terminalreporter.write_line(redact(text_report.text(run, colour=colour, width=terminalreporter._tw.fullwidth)))
    for note in made.notes:
        terminalreporter.write_line(note)
    if made.missing:
        terminalreporter.write_line(f"{len(made.missing)} cases have no recording; `nox -s record` makes them")
    summary_file = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary_file:
        from rtkcontract.reports import markdown

        with Path(summary_file).open("a", encoding="utf-8") as page:
            page.write(redact(markdown.text(run)))
