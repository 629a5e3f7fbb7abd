"""
The contract tests as tests of pytest: the parameter `case`, the fixtures `ask` and `hunt`, the verdict, the exit code.

1. The work is `engine.loop`'s; here it is told what pytest asks for, and pytest is told what comes of it.
2. A finding is no traceback: it is told once, grouped with others of its cause, in the verdict at the end.
3. Loaded by the root `conftest.py`, or by `-p` where `rtkcontract check` runs from the installed package; never by an
   entry point as well.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from _pytest.outcomes import Exit
from _pytest.terminal import TerminalReporter

from rtkcontract.engine import generated, run_file, run_options
from rtkcontract.engine.brakes import Stop
from rtkcontract.engine.loop import Loop
from rtkcontract.engine.resources import left_text
from rtkcontract.errors import CannotTell
from rtkcontract.model import Case, Json, Result, Scenario
from rtkcontract.plugins import open_run, pytest_bar
from rtkcontract.redaction import logs
from rtkcontract.redaction.terminal import shown
from rtkcontract.reports import summary
from rtkcontract.reports import text as text_report


class BrokenPromise(AssertionError):
    """
    A case with findings; told in the verdict, not as a traceback. Other plugins take it for the failure that it is.
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


@dataclass(slots=True, kw_only=True)
class Round:
    """
    The run of a session, what of it is told before and after, and the run as a whole once the session has ended.
    """

    loop: Loop
    announced: list[str]
    redact: Callable[[str], str]
    notes: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    """Ids of what other processes ask."""
    run: run_file.Run | None = None


ROUND = pytest.StashKey[Round]()


TROUBLE = pytest.StashKey[str]()
"""Why there is no round: one line."""


HYPOTHESIS = ("hypothesis_profile", "hypothesis_seed")
"""Options of the plugin of hypothesis; ours where it is switched off, since it takes half a second to start."""


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    group = parser.getgroup("rtkcontract", "contract tests of RealtimeKit")
    if pluginmanager.is_blocked("hypothesispytest"):
        for name in HYPOTHESIS:
            group.addoption(f"--{name.replace('_', '-')}", help="As that of hypothesis, for generated bodies.")
    for each in run_options.RUN:
        if each.kind is bool:
            group.addoption(each.name, action="store_true", help=each.help)
            continue
        told = each.help if each.default is None else f"{each.help} (default {each.default})"
        kept: dict[str, Any] = {"action": "append", "default": []} if each.many else {"default": each.default}
        group.addoption(each.name, type=each.kind, metavar=each.metavar, help=told, **kept)


def opened(config: pytest.Config) -> Round:
    """
    The round that the options ask for. Raises CannotTell with one line for each that cannot be met.
    """
    mode = config.getoption("record_mode", None)
    if mode not in (None, "none"):
        raise CannotTell(f"--record-mode={mode} is not for contract tests, which replay; `rtkcontract record` records")
    drawn = {name: config.getoption(name, None) for name in HYPOTHESIS}
    asked = open_run.Asked(**{each.key: config.getoption(each.name) for each in run_options.RUN}, **drawn)
    if hasattr(config, "workerinput"):
        asked = replace(asked, run_file=None)
    with pytest_bar.of_config(config, f"planning {asked.plan}") as progress:
        loop, announced = open_run.loop_of(asked, os.environ, progress)
    return Round(loop=loop, announced=announced, redact=loop.redact)


def _round(config: pytest.Config) -> Round:
    """
    The round of this session, made when the first contract test is collected.
    """
    if ROUND not in config.stash:
        config.stash[ROUND] = made = opened(config)
        logged = contextlib.ExitStack()
        logged.enter_context(logs.redacted_logs(made.redact))
        config.add_cleanup(logged.close)
    return config.stash[ROUND]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """
    The plugin of hypothesis loads the profile that it is asked for, which has to be known by then.
    """
    logs.quiet_loggers()
    profile = config.getoption(HYPOTHESIS[0], None)
    if profile:
        from rtkcontract.generation import fuzz

        known = fuzz.profiles()
        if not fuzz.is_registered(profile):
            raise pytest.UsageError(
                f"--hypothesis-profile: no profile is called {profile}; there are {', '.join(known)}"
            )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """
    What cannot be asked for is told before workers start: xdist would start those that end anew, again and again.
    """
    try:
        # A session of other tests asks no target, and has no verdict.
        if getattr(config.option, "numprocesses", None) and config.option.target != "cassettes":
            _round(config)
    except CannotTell as error:
        sys.stderr.write(shown(f"rtkcontract: {error}\n"))
        return 2
    return None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scenario" in metafunc.fixturenames:
        loop = _loop_or_none(metafunc.config)
        chosen = tuple(loop.scenarios.values()) if loop is not None else ()
        metafunc.parametrize("scenario", chosen, ids=[each.id for each in chosen])
    if "case" in metafunc.fixturenames:
        try:
            cases = tuple(_round(metafunc.config).loop.cases.values())
        except CannotTell as error:  # an exit from here would be shown as a traceback
            metafunc.config.stash[TROUBLE] = str(error)
            cases = ()
        metafunc.parametrize("case", cases, ids=[case.id for case in cases])


def _loop_or_none(config: pytest.Config) -> Loop | None:
    """
    The loop of this session; None, and the trouble noted, where there is none.
    """
    try:
        return _round(config).loop
    except CannotTell as error:
        config.stash[TROUBLE] = str(error)
        return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    What only replays is sent no generated bodies, nor is a run in the plan `smoke`.
    """
    if TROUBLE in config.stash:
        raise Ended(config.stash[TROUBLE])
    loop = config.stash[ROUND].loop if ROUND in config.stash else None
    if loop is not None and not loop.scenarios:  # else pytest shows a skipped test for the empty set
        items[:] = [item for item in items if "scenario" not in getattr(item, "fixturenames", ())]
    if loop is not None and not loop.search.examples:
        generated = [item for item in items if "hunt" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=generated)
        items[:] = [item for item in items if item not in generated]
    if loop is not None and loop.through == "recordings" and config.pluginmanager.hasplugin("recording"):
        for item in items:
            if "contract_round" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.block_network)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """
    What the workers of pytest-xdist are to ask: each collects all.
    """
    if ROUND in node.config.stash:
        node.config.stash[ROUND].shared = [name.partition("[")[2].removesuffix("]") for name in ids]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, None, None]:
    """
    On a terminal, and where nothing but cases is run, a bar with counts and the time left.
    """
    stash = session.config.stash
    ours = ROUND in stash and all("contract_round" in getattr(item, "fixturenames", ()) for item in session.items)
    with pytest_bar.of_session(session, f"plan {stash[ROUND].loop.plan}") if ours else contextlib.nullcontext():
        yield


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    return config.stash[ROUND].announced if ROUND in config.stash else []


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
        try:
            result = contract_round.loop.ask(case)
            read = contract_round.loop.read_back(result)
        except CannotTell as error:
            raise Ended(str(error)) from None
        if result.status == "skip":
            pytest.skip(result.reason)
        if result.status == "error":
            raise NotTold(result.reason)
        broken = [each for each in (result, read) if each is not None and each.status == "fail"]
        if broken:
            raise BrokenPromise(shown(contract_round.redact("; ".join(map(_in_a_line, broken)))))
        return result

    return asked


@pytest.fixture(scope="session")
def play(contract_round: Round) -> Callable[[Scenario], list[Result]]:
    """
    Plays a scenario and keeps its results; raises what pytest is to show for them.
    """

    def played(scenario: Scenario) -> list[Result]:
        try:
            results = contract_round.loop.play(scenario)
        except CannotTell as error:
            raise Ended(str(error)) from None
        broken = [result for result in results if result.status == "fail"]
        if broken:
            raise BrokenPromise(shown(contract_round.redact("; ".join(map(_in_a_line, broken)))))
        for result in results:
            if result.status == "error":
                raise NotTold(result.reason)
        for result in results:
            if result.status == "skip":
                pytest.skip(result.reason)
        return results

    return played


WALKS: Final = 30
"""Walks over the operations of each collection that `thorough` tries."""


@pytest.fixture
def hunt(contract_round: Round) -> Callable[[Literal["valid", "invalid"]], str]:
    """
    Sends generated bodies of one side and raises what pytest is to show for a shrunk counterexample.
    """
    walks = contract_round.loop.plan == "thorough"

    def hunted(side: Literal["valid", "invalid"]) -> str:
        told: list[str] = []
        broken: list[Result] = []
        for operation in (each for each in contract_round.loop.operations.values() if each.request_schema):
            try:
                one, failed = contract_round.loop.generate(operation, side)
            except Stop as stop:
                if not stop.spent:
                    raise Ended(str(stop)) from None
                contract_round.notes.append(f"no generated {side} bodies sent to {operation.name}: {stop}")
                continue
            except CannotTell as error:
                raise NotTold(str(error)) from None
            told.append(f"{one.sent} {side} bodies of {operation.name}")
            broken += failed
        for result in broken:
            contract_round.loop.keep(result)
        walked = contract_round.loop.explore(examples=WALKS, seed=0) if walks and side == "valid" else []
        if broken or walked:
            lines = [*map(_in_a_line, broken), *(f"{each.id} breaks the contract" for each in walked)]
            raise BrokenPromise(shown(contract_round.redact("; ".join(lines))))
        return "; ".join(told)

    return hunted


def _in_a_line(result: Result) -> str:
    found = [finding for finding in result.findings if finding.severity == "finding"]
    return "; ".join(
        f"{finding.check} {finding.where}: expected {finding.expected}, got {finding.observed}" for finding in found
    )


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    outcome = yield
    report = outcome.get_result()
    if call.excinfo is not None and call.excinfo.errisinstance((BrokenPromise, NotTold)):
        report.longrepr = str(call.excinfo.value)
        report.contract = "finding" if call.excinfo.errisinstance(BrokenPromise) else "untold"
    if ROUND in item.config.stash:
        made = item.config.stash[ROUND]
        if call.when == "call" and hasattr(item.config, "workerinput"):
            report.entries = [run_file.line_of(entry, made.redact) for entry in _new_entries(made)]
            report.generated = [asdict(each) for each in made.loop.generated]
            made.loop.generated.clear()
        logs.redact_report(report, made.redact)


def _new_entries(made: Round) -> Iterator[run_file.Entry]:
    """
    What a worker has not yet sent to the session that started it.
    """
    while made.loop.entries:
        yield made.loop.entries.pop(next(iter(made.loop.entries)))


def pytest_runtest_logreport(report: Any) -> None:
    """
    What a worker found, gathered by the session that started it.
    """
    lines: list[Json] = getattr(report, "entries", [])
    if lines and hasattr(report, "node"):
        for line in lines:
            _round(report.node.config).loop.take(line)
    drawn = [generated.Sent(**each) for each in getattr(report, "generated", [])]
    if drawn and hasattr(report, "node"):
        _round(report.node.config).loop.generated.extend(drawn)


def pytest_report_teststatus(report: Any) -> tuple[str, str, str] | None:
    """
    Findings and untold cases are counted under their own names, so that pytest prints no traceback for them.
    """
    kinds = {"finding": ("broken", "F", "BROKEN"), "untold": ("not told", "?", "NOT TOLD")}
    return kinds.get(getattr(report, "contract", ""))


def pytest_keyboard_interrupt() -> None:
    """
    An interrupt is told by its exit code; where it came, with all locals, is nobody's business.
    """


def pytest_internalerror(excinfo: pytest.ExceptionInfo[BaseException]) -> bool | None:
    """
    A fault of the toolkit is one line, as in every verb.
    """
    if isinstance(excinfo.value, CannotTell):
        sys.stderr.write(shown(f"rtkcontract: {excinfo.value}\n"))
        return True
    return None


@pytest.hookimpl(hookwrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    config = session.config
    made = config.stash.get(ROUND, None)
    worker = hasattr(config, "workeroutput")
    if made is not None and not worker:
        if session.exitstatus != 2:
            made.loop.lost(made.shared)
        made.run = made.loop.finish(interrupted=session.exitstatus == 2, explain=not config.option.no_explain)
        session.exitstatus = _code(made, int(session.exitstatus), release=config.option.release)
    yield
    if made is not None and worker:
        made.loop.close()
    elif made is not None:
        session.exitstatus = _code(made, int(session.exitstatus), release=config.option.release)


def _code(made: Round, status: int, *, release: bool) -> int:
    """
    0 clean, 1 findings, 2 could not tell; failures of other tests and of pytest itself keep their meaning.
    """
    if made.run is None or not made.run.entries or status not in (0, 1, 5):
        return 2
    found = summary.exit_code(made.run)
    ours = any(entry.result.status in ("fail", "error") for entry in made.run.entries)
    failed = (status == 1 and not ours) or (release and (made.loop.unrecorded or made.loop.edited))
    return 1 if found == 1 or (found == 0 and failed) else found


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    made = config.stash.get(ROUND, None)
    if made is None or made.run is None or not made.run.entries:
        return

    def write(text: str) -> None:
        terminalreporter.write_line(shown(made.redact(text), styled=True))

    terminalreporter.section("verdict")
    colour = text_report.wants_colour(sys.stdout, os.environ) and terminalreporter.hasmarkup
    verdict = text_report.text(made.run, colour=colour, width=terminalreporter._tw.fullwidth)
    write(verdict)
    for note in made.notes:
        write(note)
    if made.loop.left and made.loop.ledger is not None:
        write(left_text(made.loop.left, made.loop.ledger))
    if made.loop.unrecorded:
        told = summary.counted(len(made.loop.unrecorded), "case")
        write(f"{told} without a recording; `rtkcontract record` makes them")
    if made.loop.edited:
        write(f"{summary.counted(len(made.loop.edited), 'recording')} edited by hand; `rtkcontract replay` names them")
    summary_file = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary_file:
        from rtkcontract.reports import markdown

        try:
            with Path(summary_file).open("a", encoding="utf-8", errors="backslashreplace") as page:
                page.write(made.redact(markdown.text(made.run)))
        except OSError as error:  # the verdict is the same without it
            write(f"the summary {summary_file} cannot be written: {error.strerror}")
