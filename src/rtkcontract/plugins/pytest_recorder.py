"""
Recording as a run of pytest, so that pytest-xdist can share it out: `--target emulator --record -n auto`.

1. A case is a test that sends it and writes its answer by `record.record_one`: the same function and the same gate as
   without pytest. What is due, and what the budget allows of it, is told before any process sends, so that all of them
   come to the same; a test for anything else is skipped with the reason.
2. With several processes a meeting counts before it is made: what may create one counts as one.
3. A live target is recorded by one process. The documented rate is kept there, and nowhere else.
4. What each process did is summed up once, at the end, and decides the exit code.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from rtkcontract.errors import CannotTell

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from rtkcontract.engine.targets import Asking
    from rtkcontract.generation.plan import Plan
    from rtkcontract.model import Case, Contract, Operation
    from rtkcontract.recordings.record import Agenda, Recorded, Session


class Round(Protocol):
    """
    What of a run of the contract tests is needed here.
    """

    contract: Contract
    operation: Operation
    plan: Plan
    folder: Path

    def asked(self) -> Asking:
        """
        The way to ask the target.
        """


def add_options(group: pytest.OptionGroup) -> None:
    """
    The options of a recording; those of the contract tests apply too.
    """
    group.addoption(
        "--record",
        action="store_true",
        help="record the cases that have no recording or an expired one; with -n on the emulator only",
    )
    group.addoption("--record-all", action="store_true", help="with --record: what is there and fresh, too")
    group.addoption("--max-meetings", type=int, metavar="N", help="with --record: accepted creates at the most")
    group.addoption("--expire-days", type=float, default=90.0, metavar="DAYS", help="with --record (default 90)")


def check(option: Any) -> None:  # the namespace of pytest's options
    """
    Raises CannotTell for a recording that cannot be made as it was asked for.
    """
    if option.record and option.target == "cassettes":
        raise CannotTell("--record needs something that answers; use --target emulator or --target live")
    if option.record and option.target == "live" and getattr(option, "numprocesses", None):
        raise CannotTell("a live target is recorded by one process, which keeps the documented rate; leave out -n")


class Recorder:
    """
    The plugin of one process: a worker, the session that starts the workers, or a session by itself.
    """

    def __init__(self, config: pytest.Config, opened: Callable[[], Round]) -> None:
        self.config, self._opened = config, opened
        self.session: Session | None = None
        self.agenda: Agenda | None = None
        self.done: list[Recorded] = []
        """What each process did; the last one is this process' own where it sends."""
        self.crashed = 0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        from rtkcontract.recordings import record as recording
        from rtkcontract.redaction.redactor import redactor_of

        cases = [case for item in session.items if (case := _case_of(item)) is not None]
        if not cases:  # the session that starts the workers collects nothing
            return
        option, made = self.config.option, self._opened()
        asking = made.asked()
        self.session = recording.Session(
            contract=made.contract,
            operation=made.operation,
            target=asking.target,
            send=asking.send,
            folder=made.folder,
            redactor=redactor_of(made.contract, asking.target),
        )
        budget = recording.Budget(max_requests=option.max_requests, max_meetings=option.max_meetings)
        self.agenda = recording.agenda(
            self.session, cases, budget=budget, expire_days=option.expire_days, again=option.record_all
        )
        self.done = [self.agenda.state]

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        from rtkcontract.recordings import record as recording

        case = _case_of(pyfuncitem)
        if case is None or self.session is None or self.agenda is None:
            return None
        reason = self.agenda.skipped(case)
        if reason:
            pytest.skip(reason)
        before = self.done[-1]
        try:
            self.done[-1] = after = recording.record_one(self.session, case, before)
        except CannotTell as error:
            self.done[-1] = after = dataclasses.replace(before, sent=before.sent + 1, stopped=str(error), spent=False)
        if after.stopped != before.stopped:
            pyfuncitem.session.shouldstop = "the recording has stopped"
            pytest.fail(after.stopped, pytrace=False)
        if after.unsettled != before.unsettled:
            pytest.fail(after.unsettled[-1][1], pytrace=False)
        return True

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        if hasattr(self.config, "workeroutput") and self.done:
            self.config.workeroutput["rtkcontract_recorded"] = dataclasses.asdict(self.done[-1])
        yield
        session.exitstatus = self._code()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:  # as pytest-xdist hands them over
        from rtkcontract.recordings import record as recording

        told = getattr(node, "workeroutput", {}).get("rtkcontract_recorded")
        if told is not None:
            self.done.append(recording.Recorded(**told))
        self.crashed += bool(error)

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        from rtkcontract.recordings import record as recording

        terminalreporter.section("recording")
        if self.crashed:
            terminalreporter.write_line(f"{self.crashed} processes died; what they had written is whole")
        if self.done:
            terminalreporter.write_line(recording.recorded_text(recording.together(self.done)))

    def _code(self) -> int:
        from rtkcontract.recordings import record as recording

        return recording.exit_code(recording.together(self.done)) if self.done and not self.crashed else 2


def _case_of(item: pytest.Item) -> Case | None:
    from rtkcontract.model import Case

    case = item.callspec.params.get("case") if hasattr(item, "callspec") else None
    return case if isinstance(case, Case) else None
