"""
A bar in place of pytest's dots, on a terminal.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from rtkcontract.model import Progress
from rtkcontract.reports.progress import bar


def of_config(config: pytest.Config, title: str) -> contextlib.AbstractContextManager[Progress | None]:
    """
    A bar where pytest itself writes; none under -q and -v, and none in a worker.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or config.option.verbose != 0:
        return contextlib.nullcontext()
    return bar(title, reporter._tw._file, redirect=False)


@contextlib.contextmanager
def of_session(session: pytest.Session, title: str) -> Iterator[None]:
    """
    While open, a bar with counts and the time left in place of the dots.
    """
    manager = session.config.pluginmanager
    reporter = manager.get_plugin("terminalreporter")
    with of_config(session.config, title) as advance:
        if advance is None or reporter is None:
            yield
            return
        reporter.showfspath = False
        manager.register(_Hooks(advance, len(session.items)), "rtkcontract-bar")
        yield
    manager.unregister(name="rtkcontract-bar")


class _Hooks:
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
