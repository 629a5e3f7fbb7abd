"""
A progress bar with counts and time left on a terminal, and nothing where nobody looks.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING

from rtkcontract.model import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


@contextlib.contextmanager
def bar(title: str, file: IO[str] | None = None, *, redirect: bool = True) -> Iterator[Progress | None]:
    """
    A bar that goes away at its end; None where the file (stderr by default) is no terminal.

    With `redirect`, what is printed meanwhile stands above the bar.
    """
    file = file or sys.stderr
    if not file.isatty():
        yield None
        return
    with _made(file, redirect=redirect) as shown:
        yield _task(shown, title)


@contextlib.contextmanager
def telling_bar(title: str) -> Iterator[tuple[Progress | None, Callable[[str], None] | None]]:
    """
    A bar on stderr, and what prints a line of stdout above it meanwhile; None where the two do not share a terminal.
    """
    if not sys.stderr.isatty():
        yield None, None
        return
    with _made(sys.stderr, redirect=False) as shown:

        def told(text: str) -> None:
            shown.console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)

        yield _task(shown, title), told if sys.stdout.isatty() else None


def _made(file: IO[str], *, redirect: bool) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Bar(
        *columns,
        console=Console(file=file),
        transient=True,
        redirect_stdout=redirect,
        redirect_stderr=redirect,
        speed_estimate_period=60,  # a documented rate lets bursts through
    )


def _task(shown: Bar, title: str) -> Progress:
    task = shown.add_task(title, total=None)
    return lambda done, total: shown.update(task, completed=done, total=total)
