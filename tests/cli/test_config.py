"""
Settings of a file: where they are found, which verb takes them, and what is refused.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import documented

PYTHON = [sys.executable, "-m", "rtkcontract"]


def ran(folder: Path, *words: str, **variables: str) -> tuple[int, str]:
    done = subprocess.run(
        [*PYTHON, *words],
        cwd=folder,
        env=documented.environment() | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_verb_takes_its_settings_and_the_command_line_counts_more(tmp_path: Path) -> None:
    """`cases list` lists the plan of the file, or the one that is given."""
    (tmp_path / "rtkcontract.toml").write_text(
        'plan = "standard"\noperation = "create_meeting"\n[cases]\nplan = "smoke"\n'
    )

    _, smoke = ran(tmp_path, "cases", "list", "--ids")
    _, standard = ran(tmp_path, "cases", "list", "--ids", "--plan", "standard")

    assert {"create_meeting"} == {line.partition("/")[0] for line in smoke.splitlines()}
    assert 10 < len(smoke.splitlines()) < len(standard.splitlines())


def test_a_run_takes_its_settings_and_writes_beside_the_file(tmp_path: Path) -> None:
    """A relative path belongs to the file, wherever below it the command runs."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "deep").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        '[tool.rtkcontract.check]\ntarget = "emulator"\noperation = ["get_meeting"]\nplan = "smoke"\n'
        'max-requests = 3\nrun-file = "run.jsonl"\nsockets = false\n'
    )

    code, said = ran(tmp_path / "deep", "check", "-q")

    assert 0 == code, said
    assert "3 requests" in said
    assert (tmp_path / "run.jsonl").is_file()


def test_no_file_above_the_repository_is_read(tmp_path: Path) -> None:
    """Outside a repository only the current folder counts, so nobody else's file does."""
    (tmp_path / "here").mkdir()
    (tmp_path / "rtkcontract.toml").write_text("nonsense = 1\n")

    assert 0 == ran(tmp_path / "here", "config")[0]


def test_variables_come_from_a_named_file_only(tmp_path: Path) -> None:
    """No `.env` is read unasked, none overrides what is set, and no value is printed."""
    (tmp_path / ".env").write_text(
        "export CLOUDFLARE_API_TOKEN='fake-value-of-env'\nREALTIMEKIT_APP_ID=x\nPATH=/nowhere\n"
    )

    _, unasked = ran(tmp_path, "config")
    _, named = ran(tmp_path, "--env-file", ".env", "config", REALTIMEKIT_APP_ID="mine")

    assert "CLOUDFLARE_API_TOKEN: not set" in unasked
    assert "CLOUDFLARE_API_TOKEN: set, from .env" in named
    assert "REALTIMEKIT_APP_ID: set, from the environment" in named
    assert "fake-value" not in named


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('plna = "smoke"', "no setting plna; did you mean plan?"),
        ("[chek]\nx = 1", "no verb chek; did you mean check?"),
        ("[serve]\nplan = 'smoke'", "no setting plan of serve"),
        ("max-requests = 'x'", "max-requests: 'x' is not a valid integer"),
        ("[check]\nsockets = 1", "sockets is true or false"),
        ("plan = ''", "plan has no value"),
        ("plan = ", "cannot be read"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    """A mistake ends with 2 and names the file, what stands there and how to go on."""
    (tmp_path / "rtkcontract.toml").write_text(text)

    code, said = ran(tmp_path, "check")

    assert 2 == code
    assert words in said
    assert "rtkcontract.toml" in said
    assert 1 == len(said.splitlines())
