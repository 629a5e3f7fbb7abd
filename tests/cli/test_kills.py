"""
A verb that is killed leaves whole files: what was there before or what is there now, and nothing that stays in the way.

A few kills here; RTKCONTRACT_NIGHTLY makes it 200 over all verbs that write.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import small
from rtkcontract.engine import run_file
from rtkcontract.json_schema.json_text import loads
from rtkcontract.recordings import cassette
from rtkcontract.recordings import folder as cassette_folder

COMMAND = [sys.executable, "-m", "rtkcontract"]
KILLS = 200 if os.environ.get("RTKCONTRACT_NIGHTLY") else 10
WRITING = (
    "check -q --target emulator --schemas box --plan smoke --run-file run.jsonl",
    "record --target emulator --schemas box --plan smoke --cassettes kept --all",
    "report run.jsonl --format html -o page.html",
    "cases grow --schemas box",
)


def _broken(here: Path) -> list[str]:
    """
    The files that are not whole, each with the reason; raises for a file that cannot be read at all.
    """
    found = []
    run = run_file.read(here / "run.jsonl")
    found += [f"run.jsonl: {problem}" for problem in run.problems if "cut off" not in problem]
    for path in cassette_folder.files(here / "kept"):
        if not cassette.untouched(cassette.read(path)):
            found.append(f"{path.name} is not as it was sealed")
    page = (here / "page.html").read_text()
    found += [] if page.rstrip().endswith("</html>") else ["page.html is cut"]
    rows = here / "box" / "make_box" / "rows.jsonl"
    for line in rows.read_bytes().splitlines():
        loads(line)
    return found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small.schemas(tmp_path / "box")
    monkeypatch.chdir(tmp_path)
    for words in WRITING:
        subprocess.run([*COMMAND, *words.split()], check=True, capture_output=True, timeout=60)
    return tmp_path


def test_no_kill_leaves_half_a_file(here: Path) -> None:
    waits = random.Random(1)
    killed = 0
    for number in range(KILLS):
        words = WRITING[number % len(WRITING)]
        with subprocess.Popen(
            [*COMMAND, *words.split()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(waits.uniform(0.1, 1.2))
            process.kill()
        killed += process.returncode < 0

        assert _broken(here) == [], words
    for words in WRITING:
        subprocess.run([*COMMAND, *words.split()], check=True, capture_output=True, timeout=60)

    assert killed > KILLS / 4
    assert _broken(here) == []
    assert [path.name for path in (*here.glob("*.part"), *(here / "kept").rglob("*.part"))] == []
