"""
Every verb ends with the code that docs/exit-codes.md gives, whatever happens to it, and with one line, no traceback.
"""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

import rtkcontract
import small
from rtkcontract.cli import exits
from rtkcontract.cli.main import main
from rtkcontract.errors import CannotTell

COMMAND = [sys.executable, "-m", "rtkcontract"]
VERBS = (
    "--help", "--version", "validate bad.json", "cases list --plan smoke", "cases export --plan smoke", "schema",
    "send create_meeting/minimal", "completion bash", "check --target emulator --plan smoke -q",
    "diff @2026-08-14 --format json", "serve",
)  # fmt: skip
"""Each writes something at once."""
LOST = "rtkcontract: the output cannot be written: {}; nothing can be told"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bad.json").write_text('{"title": 5}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def _errors(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    # `validate` says on stderr how far it came.
    lines = [line for line in done.stderr.decode().splitlines() if line.strip()]
    assert "Traceback" not in done.stderr.decode()
    assert len(lines) <= 2
    return lines


def _run(words: Sequence[str], **extra: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *words], stderr=subprocess.PIPE, timeout=60, check=False, **extra)  # type: ignore[call-overload,no-any-return]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("verb", VERBS)
def test_a_full_disk_behind_stdout_is_one_line_and_2(verb: str, here: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = _run(verb.split(), stdout=full)

    assert done.returncode == 2
    assert _errors(done)[-1] == LOST.format("No space left on device")


@pytest.mark.parametrize("verb", VERBS)
def test_a_closed_stdout_is_one_line_and_2(verb: str, here: Path) -> None:
    done = _run(verb.split(), preexec_fn=lambda: os.close(1))  # as `>&-` does

    assert done.returncode == 2
    assert _errors(done)[-1] == LOST.format("it is closed")


def test_a_reader_that_goes_turns_no_finding_into_clean(here: Path) -> None:
    (here / "many.jsonl").write_text('{"title": 5}\n' * 5_000)
    for verb in ("validate --every many.jsonl", "cases list"):
        done = subprocess.run(
            ["bash", "-c", 'set -o pipefail; "$@" | head -1', "-", *COMMAND, *verb.split()],
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip

        assert done.returncode == 2, verb
        assert _errors(done)[-1] == LOST.format("its reader has gone")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "verb", ["check --target emulator", "fuzz --max-examples 5000", "validate -", "serve", "replay", "check -q"]
)
def test_a_signal_ends_with_its_own_code(verb: str, number: signal.Signals, here: Path) -> None:
    if verb.startswith("fuzz") and "fuzz" not in main.list_commands(None):  # type: ignore[arg-type]
        verb = verb.replace("fuzz", "hunt")
    for wait_s in (0.1, 0.4):
        with subprocess.Popen(
            [*COMMAND, *verb.split()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            time.sleep(wait_s)
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)

        assert b"Traceback" not in errors
        assert process.returncode in (128 + number, -number), errors


def test_a_signal_that_is_ignored_stays_so(here: Path) -> None:
    done = _run(
        ["validate", "bad.json"], stdout=subprocess.PIPE,
        preexec_fn=lambda: (signal.signal(signal.SIGINT, signal.SIG_IGN), signal.raise_signal(signal.SIGINT)),
    )  # fmt: skip

    assert done.returncode == 1


def test_an_error_that_nobody_expected_is_one_line_and_2(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A folder with a schema that no verb foresaw; its words are not quoted, the traceback comes when it is asked for.
    """

    def broken(*_: object) -> None:
        raise KeyError("canary-in-an-error")

    monkeypatch.setattr("rtkcontract.contract.load.load_contract", broken)
    quiet = CliRunner().invoke(main, ["validate", "bad.json"])
    full = CliRunner().invoke(main, ["validate", "bad.json"], env={exits.DEBUG_VARIABLE: "1"})

    assert (quiet.exit_code, full.exit_code) == (2, 2)
    assert quiet.output.startswith("rtkcontract: a fault of this toolkit: KeyError in options.py, line ")
    assert quiet.output.count("\n") == 1
    assert "canary" not in quiet.output
    assert "Traceback" in full.output


def test_what_an_encoding_has_not_is_escaped(here: Path) -> None:
    (here / "ü.json").write_text('{"title": {"a": "日本"}}')
    done = _run(
        ["validate", "ü.json"], stdout=subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "latin-1"}
    )  # fmt: skip

    assert done.returncode == 1
    assert rb"\u65e5\u672c" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["send", "--target", "live", "--base-url", "", "create_meeting/minimal"],
        ["check", "--base-url=", "--target", "live"],
        ["check", "--run-file", ""],
        ["record", "--cassettes", ""],
        ["report", "x", "-o", ""],
        ["diff", "--operation", ""],
    ],
)
def test_an_empty_value_is_an_error(words: list[str], here: Path) -> None:
    done = CliRunner().invoke(main, words)

    assert done.exit_code == 2
    assert "has an empty value; is a variable not set?" in done.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("diff @2020-13-99", "OLD: @2020-13-99 is no date"),
        ("diff @2026-08-14 @2026-10-08 --operation nope", "there is no operation nope in"),
        ("serve --account-id a/b", "--account-id holds a sign that no request can carry there"),
        ("cases grow", "there is no folder schemas here to write to; name one with --schemas"),
    ],
)
def test_what_has_no_effect_or_no_sense_is_refused(words: str, told: str, here: Path) -> None:
    done = CliRunner().invoke(main, words.split())

    assert done.exit_code == 2
    assert done.output.startswith(f"rtkcontract: {told}")
    assert done.output.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["bad.json"]


def test_rows_grow_in_the_folder_at_hand_and_not_in_the_package(here: Path) -> None:
    small.schemas(here / "schemas")
    done = CliRunner().invoke(main, ["cases", "grow"])

    assert done.exit_code == 0
    assert done.output.endswith(" kept in schemas/make_box/rows.jsonl\n")
    assert (here / "schemas/make_box/rows.jsonl").read_bytes()


def test_bad_arguments_are_errors() -> None:
    with pytest.raises(CannotTell, match="--plan has an empty value"):
        exits.refuse_empty(["check", "--plan", ""])
    exits.refuse_empty(["diff", "a", "", "--x=1"])


def test_a_report_that_cannot_be_written_leaves_the_earlier_one(here: Path) -> None:
    words = "check --target emulator --plan smoke -q --run-file run.jsonl"
    assert CliRunner().invoke(main, words.split()).exit_code == 0
    (here / "page.html").write_text("earlier")
    for place in ("/dev/full", "/proc/nowhere/page.html", "bad.json/page.html"):
        told = CliRunner().invoke(main, ["report", "run.jsonl", "--format", "html", "-o", place])
        assert told.exit_code == 2
        assert "cannot be written" in told.output
        assert told.output.count("\n") == 1
    whole = CliRunner().invoke(main, ["report", "run.jsonl", "--format", "html", "-o", "page.html"])

    assert whole.exit_code == 0
    assert (here / "page.html").read_text().rstrip().endswith("</html>")
    assert sorted(path.name for path in here.iterdir()) == ["bad.json", "page.html", "run.jsonl"]


PRINTERS = {"click.echo", "click.secho", "print", "sys.stdout.write", "sys.stderr.write"}


def test_there_is_one_way_to_the_screen() -> None:
    """
    Whatever prints goes through `exits.say`, `terminal.shown` or pytest's own reports.
    """
    folder = Path(rtkcontract.__file__).parent
    found = []
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            if ast.unparse(node.func) in PRINTERS or getattr(node.func, "attr", "") in ("write_line", "print"):
                found.append(f"{path.relative_to(folder)}: {ast.unparse(node)}")
    allowed = ("reports/progress.py: shown.console.print(text", "reports/text.py: console.print(part")
    left = [line for line in found if not line.startswith(allowed) and "shown(" not in line.partition(": ")[2]]

    assert left == []
