"""
A progress bar with counts and time left on a terminal, and nothing where nobody looks.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import IO, TypeAlias

Progress: TypeAlias = Callable[[int, int], None]
"""Hears how much is done, and of how much."""


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
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shown = Bar(
        *columns,
        console=Console(file=file),
        transient=True,
        redirect_stdout=redirect,
        redirect_stderr=redirect,
        speed_estimate_period=60,  # a documented rate lets bursts through
    )
    with shown:
        task = shown.add_task(title, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
