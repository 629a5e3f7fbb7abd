"""
A recording that pytest-xdist shares out: the same files as one process makes, none in parts, one summary.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from recorded import NOON, contract_and_operation, session
from recordings.test_cassette import mounted
from rtkcontract.cli.main import main
from rtkcontract.engine.targets import VARIABLES
from rtkcontract.generation import plan as plans
from rtkcontract.recordings import cassette
from rtkcontract.recordings import folder as cassette_folder
from rtkcontract.recordings import record as recording
from rtkcontract.recordings import replay as replaying
from rtkcontract.recordings.record import Budget, Recorded

CONTRACT, OPERATION = contract_and_operation()
SMOKE = plans.make(CONTRACT, OPERATION, "smoke").cases
LIVE = dict.fromkeys(VARIABLES.values(), "x")
AWAY = ("CLOUDFLARE_", "REALTIMEKIT_", "GITHUB_", "PYTEST_")


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(AWAY)}


def _command(folder: Path, *options: str) -> list[str]:
    own = ["record", "--target", "emulator", "--plan", "smoke", "--cassettes", str(folder), "-n", "2"]
    return [sys.executable, "-m", "rtkcontract", *own, *options]


def _recorded(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(folder, *options),
        cwd=folder.parent,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def shared_out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """
    The smoke plan recorded by two processes, in three goes with budgets, and all that was told.
    """
    folder = tmp_path_factory.mktemp("shared") / "out"
    goes = (("--max-requests", "30"), ("--max-meetings", "5"), ())
    done = [_recorded(folder, *options) for options in goes]

    assert [0, 0, 0] == [one.returncode for one in done], done[-1].stdout + done[-1].stderr
    return folder, "\n".join(one.stdout for one in done)


def test_two_processes_write_what_one_writes(shared_out: tuple[Path, str], tmp_path: Path) -> None:
    recording.record(session(tmp_path), SMOKE)

    assert _names(tmp_path) == _names(shared_out[0])
    assert len(SMOKE) == len(_names(tmp_path))


def test_what_two_processes_wrote_is_whole_and_of_one_recording(shared_out: tuple[Path, str]) -> None:
    """
    The judge compares all answers: ids that two emulators gave out twice would be findings.
    """
    report = replaying.judging(CONTRACT, OPERATION, SMOKE, shared_out[0], now=NOON)(None)
    told = [cassette.read(path).provenance for path in cassette_folder.files(shared_out[0])]

    assert len(SMOKE) == report.counts["ok"] == report.counts["not from the vendor"]
    assert {("emulator", CONTRACT.digest)} == {(one.target, one.contract) for one in told if one}
    assert None not in told


def test_the_budgets_hold_and_each_go_begins_where_the_last_one_stopped(shared_out: tuple[Path, str]) -> None:
    lines = shared_out[1].splitlines()
    counted = [line for line in lines if "recorded, " in line]
    stopped = [line.partition(";")[0] for line in lines if line.startswith("stopped: ")]

    assert counted[0].startswith("30 recorded, 0 kept as they were")
    assert counted[1].endswith("5 meetings created")
    assert counted[2].startswith(f"{len(SMOKE) - int(counted[1].split()[0]) - 30} recorded")
    assert ["stopped: the budget of 30 requests is used up", "stopped: the budget of 5 meetings is used up"] == stopped


def test_two_processes_replay_what_they_recorded(shared_out: tuple[Path, str]) -> None:
    command = ["check", "--plan", "smoke", "-q", "-n", "2", "--cassettes", str(shared_out[0])]
    done = subprocess.run(
        [sys.executable, "-m", "rtkcontract", *command],
        cwd=shared_out[0].parent,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr
    assert f"{len(SMOKE)} passed" in done.stdout


def test_two_processes_check_one_emulator_each_and_find_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rtkcontract", "check", "--target", "emulator", "--plan", "smoke", "-q", "-n", "2"]
    done = subprocess.run(
        command, cwd=tmp_path, env=_environment(), capture_output=True, text=True, timeout=120, check=False
    )

    assert 0 == done.returncode, done.stdout + done.stderr
    assert f"{len(SMOKE)} passed" in done.stdout


def test_a_full_disk_stops_all_and_is_told_once(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk") as disk:
        done = _recorded(disk)
        held = cassette_folder.files(disk)
        whole = [cassette.untouched(cassette.read(path)) for path in held]
        left = [path for path in disk.rglob("*") if path.name.endswith(".part")]

    assert 2 == done.returncode
    assert all(whole)
    assert len(whole) > 3
    assert [] == left
    assert 1 == (done.stdout + done.stderr).count("No space left on device")
    assert f"{len(held)} recorded, 0 kept as they were" in done.stdout


def test_processes_that_are_killed_leave_whole_files_and_the_next_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    with subprocess.Popen(
        _command(folder), cwd=tmp_path, env=_environment(), stdout=subprocess.DEVNULL, start_new_session=True
    ) as started:
        end = time.monotonic() + 90
        while len(cassette_folder.files(folder)) < 20 and time.monotonic() < end and started.poll() is None:
            time.sleep(0.001)
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
    before = {path: path.read_bytes() for path in cassette_folder.files(folder)}
    done = recording.record(session(folder), SMOKE)

    assert 20 <= len(before) == done.kept < len(SMOKE)
    assert all(path.read_bytes() == text for path, text in before.items())
    assert len(SMOKE) == len(_names(folder))
    assert all(cassette.untouched(cassette.read(path)) for path in cassette_folder.files(folder))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--target", "live", "-n", "2"], "leave out -n"),
        (["--target", "nowhere", "-n", "2"], "there is no target 'nowhere'"),
        (["--target", "cassettes", "-n", "2"], "needs something that answers"),
        (["--compare", "-n", "2"], "leave out -n"),
        (["-n", "many"], "-n many is no number"),
        (["-n", "2", "--shard", "9/4"], "--shard 9/4 is no shard"),
        (["-n", "2", "--schemas", "nowhere"], "nowhere has no openapi.json"),
    ],
)
def test_what_cannot_be_shared_out_is_one_line(
    options: list[str], words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rtkcontract", "record", *options],
        cwd=tmp_path,
        env=_environment() | LIVE,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (2, "") == (done.returncode, done.stdout)
    assert words in done.stderr
    assert 1 == len(done.stderr.splitlines())


def test_the_help_tells_of_processes() -> None:
    assert "pytest-xdist" in CliRunner().invoke(main, ["record", "--help"]).output


# What is shared out.


def test_the_agenda_is_what_is_due_within_the_budget(tmp_path: Path) -> None:
    recording.record(session(tmp_path), SMOKE[:10])
    agenda = recording.agenda(session(tmp_path), SMOKE, budget=Budget(max_requests=20))
    kept = [case for case in SMOKE if agenda.skipped(case) == "its request has a recording already"]
    beyond = [case for case in SMOKE if "20 requests" in agenda.skipped(case)]

    assert (len(SMOKE) - 10, 10) == (agenda.state.due, agenda.state.kept)
    assert list(SMOKE[:10]) == kept
    assert len(SMOKE) - 30 == len(beyond)
    assert 20 == len(agenda.chosen)


def test_whatever_may_create_something_counts_as_a_meeting(tmp_path: Path) -> None:
    agenda = recording.agenda(session(tmp_path), SMOKE, budget=Budget(max_meetings=3))
    chosen = [case.expect.outcome for case in SMOKE if case.id in agenda.chosen]

    assert 3 == sum(outcome != "rejected" for outcome in chosen)
    assert sum(case.expect.outcome == "rejected" for case in SMOKE) + 3 == len(chosen)


def test_shares_add_up_and_a_failure_is_told_before_the_budget() -> None:
    budget = Recorded(due=9, kept=2, sent=3, written=2, meetings=1, unsettled=(("a", "late"),), stopped="x", spent=True)
    failed = Recorded(due=9, kept=2, sent=2, written=1, stopped="the disk is full")
    told = recording.together([budget, failed])

    assert (9, 2, 5, 3, 1, 4) == (told.due, told.kept, told.sent, told.written, told.meetings, told.left)
    assert ("the disk is full", False) == (told.stopped, told.spent)
    assert 2 == recording.exit_code(told)


@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        (Recorded(due=2, kept=1, sent=2, written=2), 0, "2 recorded, 1 kept as they were"),
        (Recorded(due=2, kept=1, sent=1, written=1, stopped="the budget", spent=True), 0, "stopped: the budget; 1 are"),
        (Recorded(due=2, kept=1, sent=1, written=1, stopped="throttled"), 2, "stopped: throttled; 1 are left"),
        (Recorded(due=2, kept=1, sent=1, written=1), 2, "1 were not sent; the next recording goes on there"),
        (Recorded(due=1, kept=0, sent=1, unsettled=(("a", "late"),)), 2, "no answer kept: a: late"),
    ],
)
def test_the_end_of_a_recording(state: Recorded, code: int, words: str) -> None:
    assert code == recording.exit_code(state)
    assert words in recording.recorded_text(state)
