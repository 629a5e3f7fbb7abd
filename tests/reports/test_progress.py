"""
A bar with counts and time left where somebody looks, and not a sign of it elsewhere.
"""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import subprocess
import sys

import pytest

from rtkcontract.reports.progress import bar

CHECK = [
    sys.executable,
    "-m",
    "rtkcontract",
    "check",
    "--operation",
    "create_meeting",
    "--target",
    "emulator",
    "--plan",
    "smoke",
    "--max-requests",
    "20",
]


def _on_a_terminal(*argv: str) -> tuple[int, str]:
    """
    The exit code of a check and what its terminal got.
    """
    ours, theirs = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "GITHUB", "CI"))}
    environment = {**plain, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen([*CHECK, *argv], stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        told = b""
        with contextlib.suppress(OSError):  # Linux ends a terminal that nobody writes to any more in this way
            while part := os.read(ours, 65_536):
                told += part
        os.close(ours)
        return process.wait(60), told.decode()


def test_a_check_on_a_terminal_shows_a_bar_in_place_of_dots() -> None:
    """
    Counts of how many and the time left; the verdict follows.
    """
    code, told = _on_a_terminal()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", told)

    assert 0 == code, plain
    assert re.search(r"plan smoke ━+ 20/20 \d+:\d\d:\d\d", plain)
    assert "keeps its contract: 20 cases" in plain
    assert "test_cases.py" not in plain
    assert "20 passed" in plain


@pytest.mark.parametrize("option", ["-q", "-v"])
def test_quiet_and_verbose_runs_have_no_bar(option: str) -> None:
    code, told = _on_a_terminal(option)

    assert 0 == code
    assert "20 passed" in told
    assert "━" not in told


def test_what_is_no_terminal_gets_nothing() -> None:
    file = io.StringIO()
    with bar("counting", file) as advance:
        assert advance is None

    assert "" == file.getvalue()
