"""
The contract tests as pytest runs them, each in a process of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

import small
from rtkcontract.cli.main import main
from rtkcontract.contract import load
from rtkcontract.engine import run_file, selection
from rtkcontract.engine.targets import VARIABLES
from rtkcontract.generation import plan as plans
from rtkcontract.model import Contract, Request, Response
from rtkcontract.network.server import serve
from wrong_servers import emulated as faults

ROOT = Path(__file__).parents[2]
SOMEBODY = {
    VARIABLES["token"]: faults.TOKEN,
    VARIABLES["account_id"]: faults.ACCOUNT,
    VARIABLES["app_id"]: faults.APP,
}
AWAY = ("CLOUDFLARE_", "REALTIMEKIT_", "GITHUB_", "PYTEST_", "HYPOTHESIS_")
WATCH = """
import pathlib, sys

def seen(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        with pathlib.Path({log!r}).open("a") as log:
            log.write(f"{{event}} {{args[1:]}}\\n")

sys.addaudithook(seen)
"""
"""A plugin for pytest that writes down each attempt to reach anything, at the lowest place Python has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    How a session ended: its exit code, all that it printed, and the saved run where one was asked for.
    """

    code: int
    output: str
    file: Path

    @property
    def run(self) -> run_file.Run:
        return run_file.read(self.file)

    @property
    def verdict(self) -> list[str]:
        """
        The lines of the verdict from the second on, without times and addresses.
        """
        told = self.output.partition(" verdict ===")[2].splitlines()[1:]
        return [line for line in told if line.strip() and not re.search(r"started |took |127\.0\.0\.1|^=| in \d", line)]


Session = Callable[..., Told]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """
    Runs `python -m pytest contract_tests` with arguments; whatever comes of it, no traceback does.
    """

    def call(*argv: str, env: dict[str, str] | None = None) -> Told:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(AWAY)}
        file = tmp_path / "run.jsonl"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "contract_tests", "-p", "no:cacheprovider", f"--run-file={file}", *argv],
            cwd=ROOT,
            env={**kept, "NO_COLOR": "1", "COLUMNS": "200", **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in done.stdout
        assert "INTERNALERROR" not in done.stdout
        assert [] == re.findall(r"^E   .*", done.stdout, re.MULTILINE)
        return Told(code=done.returncode, output=done.stdout, file=file)

    return call


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A small contract in a folder.
    """
    return small.schemas(tmp_path_factory.mktemp("schemas"))


@pytest.fixture(scope="module")
def contract(box: Path) -> Contract:
    return load.load_contract(box)


def _ids(contract: Contract, name: str = "smoke") -> list[str]:
    operation = next(iter(contract.operations.values()))
    return [case.id for case in plans.make(contract, operation, name).cases]


@contextlib.contextmanager
def lying(contract: Contract) -> Iterator[str]:
    """
    The small contract's server, which takes everything: its base URL.
    """
    respond = faults.correct(contract)
    good = b'{"name":""}'

    def gullible(request: Request) -> Response:
        return respond(Request(method=request.method, url=request.url, headers=request.headers, content=good))

    with serve(gullible) as origin:
        yield f"{origin}/client/v4"


# --- the emulator ---------------------------------------------------------------------------------------------------


def test_the_smoke_plan_of_the_whole_api_is_clean_on_the_emulator(session: Session) -> None:
    """Each case of the plan is sent, told and saved; the plan stands before the dots and the verdict behind them."""
    told = session("--target", "emulator", "--plan", "smoke")
    run = told.run

    assert 0 == told.code, told.output
    assert 0 < told.output.find("plan: smoke") < told.output.find("%]") < told.output.find("verdict")
    assert re.search(r"62 operations keep their contract: [\d,]+ cases, 0 findings", told.output)
    assert "judged: the emulator, not the vendor" in told.output
    assert "the emulator in this process" in told.output
    assert list(load.load_contract().operations) == list(run.header.operations) == list(run.accounts)
    assert set(run.header.operations) == {entry.result.case.operation for entry in run.entries}
    assert run.footer is not None
    assert 1_500 < len(run.entries) == run.footer.counts["pass"] <= selection.SMOKE
    assert () == run.problems
    assert faults.TOKEN not in told.file.read_text()


def test_shards_together_are_the_plan(session: Session, box: Path, contract: Contract) -> None:
    """Three shards send each case of the plan once."""
    sent: list[str] = []
    for shard in ("1/3", "2/3", "3/3"):
        told = session("--target", "emulator", "--schemas", str(box), "--plan", "smoke", "--shard", shard)
        part = [entry.result.case.id for entry in told.run.entries]
        assert 0 < len(part) < len(_ids(contract))
        sent += part

    assert sorted(_ids(contract)) == sorted(sent)


def test_a_budget_cuts_the_plan_and_says_so(session: Session, box: Path, contract: Contract, tmp_path: Path) -> None:
    """
    Five requests are sent; what was left out is counted before the run. The job page gets the verdict as Markdown.

    The watch of the sockets sees the requests, so its silence elsewhere means something.
    """
    log, env = _watched(tmp_path)
    page = tmp_path / "summary.md"
    page.write_text("what was there\n")
    argv = ("--target", "emulator", "--sockets", "--schemas", str(box), "--plan", "smoke", "--max-requests", "5", "-q")
    told = session(*argv, "-p", "watch_sockets", env={**env, "GITHUB_STEP_SUMMARY": str(page)})
    first, _, rest = page.read_text().partition("\n")

    assert 0 == told.code, told.output
    assert 5 == len(told.run.entries)
    assert f"plan: smoke, 5 requests, {len(_ids(contract)) - 5} left out" in told.output
    assert "make_box keeps its contract" in told.output
    assert "what was there" == first
    assert "keeps its contract" in rest
    assert "127.0.0.1" in log.read_text()


@pytest.mark.parametrize("how", [(), ("--sockets",)], ids=["process", "sockets"])
def test_the_emulator_answers_in_the_process_or_over_sockets(
    how: tuple[str, ...], session: Session, box: Path, tmp_path: Path
) -> None:
    """The same verdict either way; the run says which it was, and only one of them connects to anything."""
    log, env = _watched(tmp_path)
    argv = ("--target", "emulator", "--schemas", str(box), "--plan", "smoke", "-p", "watch_sockets", *how)
    told = session(*argv, env=env)

    assert 0 == told.code, told.output
    assert ("the emulator on loopback" if how else "the emulator in this process") in told.output
    assert ("sockets" if how else "process") == told.run.header.through
    assert bool(how) == log.exists()


# --- findings -------------------------------------------------------------------------------------------------------


def test_findings_are_told_once_and_without_a_traceback(session: Session, box: Path, contract: Contract) -> None:
    """A server that takes everything: exit code 1, a verdict with groups, and the same verdict from two workers."""
    argv = ("--target", "live", "--schemas", str(box), "--plan", "smoke", "--rate", "0")
    with lying(contract) as address:
        alone = session(*argv, "--base-url", address, env=SOMEBODY)
        found = {(entry.result.case.id, entry.result.status) for entry in alone.run.entries}
        shared = session(*argv, "--base-url", address, "-n", "2", env=SOMEBODY)

    assert 1 == alone.code, alone.output
    assert re.search(r"make_box breaks its contract in \d+ ways?: ", alone.output)
    assert 1 == alone.output.count("verdict ===")
    assert "send again rtkcontract send make_box/" in alone.output
    assert faults.TOKEN not in alone.output
    assert {"pass", "fail"} == {status for _, status in found}
    assert 1 == shared.code, shared.output
    assert [] != alone.verdict
    assert alone.verdict == shared.verdict
    assert found == {(entry.result.case.id, entry.result.status) for entry in shared.run.entries}
    assert shared.run.footer is not None


# --- could not tell -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--target", "live"), f"--target live needs {' and '.join(VARIABLES.values())} in the environment"),
        (("--target", "emulator", "--shard", "4/3"), "--shard 4/3 is no shard"),
        (("--target", "emulator", "--schemas", "nowhere"), "nowhere"),
        (("--target", "emulator", "--operation", "nothing"), "there is no operation nothing; the contract has create_"),
        (("--target", "emulator", "--tag", "nothing"), "no operation has the tag nothing; the tags are "),
        (("--target", "emulator", "--operation", "create_meeting", "--max-requests", "0"), "has no case, so nothing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_one_line(argv: tuple[str, ...], said: str, session: Session) -> None:
    """What cannot be asked is told in one line: exit code 2, and nothing was sent."""
    told = session(*argv)

    assert 2 == told.code, told.output
    assert said in told.output
    assert not told.file.exists()


def test_a_server_that_does_not_answer_ends_the_run(session: Session, box: Path) -> None:
    """After the first request that nobody answers nothing else is sent; the exit code is 2."""
    with serve(lambda _: pytest.fail("nothing is sent")) as origin:
        pass
    told = session("--target", "live", "--schemas", str(box), "--base-url", f"{origin}/client/v4", env=SOMEBODY)

    assert 2 == told.code, told.output
    assert "the target does not answer" in told.output
    assert 1 == len(told.run.entries)


def test_wrong_variables_end_the_run(session: Session, box: Path, contract: Contract) -> None:
    """A target that refuses the first well-formed request is not judged: the variables to check are named."""
    with serve(faults.correct(contract)) as origin:
        wrong = {**SOMEBODY, VARIABLES["token"]: "some_other_token_000000000000000000000000"}
        told = session("--target", "live", "--schemas", str(box), "--base-url", f"{origin}/client/v4", env=wrong)

    assert 2 == told.code, told.output
    assert f"check {', '.join(VARIABLES.values())}" in told.output
    assert wrong[VARIABLES["token"]] not in told.output


# --- recordings -----------------------------------------------------------------------------------------------------


@pytest.fixture
def recorded(box: Path, tmp_path: Path) -> Path:
    """
    A folder with a recording of each case of the small smoke plan.
    """
    folder = tmp_path / "cassettes"
    argv = ["record", "--schemas", str(box), "--cassettes", str(folder), "--plan", "smoke"]
    done = CliRunner().invoke(main, argv)
    assert 0 == done.exit_code, done.output
    return folder


def _watched(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    log = tmp_path / "connections"
    (tmp_path / "watch_sockets.py").write_text(WATCH.format(log=str(log)))
    return log, {"PYTHONPATH": str(tmp_path)}


def test_recordings_need_no_network(session: Session, box: Path, recorded: Path, tmp_path: Path) -> None:
    """With a recording a case, all pass and nothing is reached for; what made them is told."""
    log, env = _watched(tmp_path)
    argv = ("--schemas", str(box), "--cassettes", str(recorded), "--plan", "smoke", "-p", "watch_sockets")
    told = session(*argv, env=env)

    assert 0 == told.code, told.output
    assert not log.exists(), log.read_text()
    assert {"pass"} == {entry.result.status for entry in told.run.entries}
    assert "recordings of the emulator, not the vendor" in told.output


def test_a_case_without_a_recording_reaches_for_nothing(
    session: Session, box: Path, recorded: Path, tmp_path: Path
) -> None:
    """Without its recording a case is skipped and told; no name is looked up and no connection is opened."""
    log, env = _watched(tmp_path)
    (gone,) = recorded.rglob("size.below-minimum.*.yaml")
    gone.unlink()
    argv = ("--schemas", str(box), "--cassettes", str(recorded), "--plan", "smoke", "-p", "watch_sockets")
    told = session(*argv, env=env)
    skipped = [entry.result.case.id for entry in told.run.entries if entry.result.status == "skip"]

    assert not log.exists(), log.read_text()
    assert ["make_box/size/below-minimum"] == skipped
    assert "1 case without a recording" in told.output
    assert 0 == told.code, told.output
    assert 1 == session(*argv, "--release", env=env).code


def test_a_broken_recording_is_no_verdict(session: Session, box: Path, recorded: Path) -> None:
    """A cassette that is cut off is told with its path; the exit code is 2, the others are judged."""
    (path,) = recorded.rglob("size.below-minimum.*.yaml")
    path.write_text("interactions: [\n")
    told = session("--schemas", str(box), "--cassettes", str(recorded), "--plan", "smoke")

    assert 2 == told.code, told.output
    assert path.name in told.output
    assert 1 == sum(entry.result.status == "error" for entry in told.run.entries)
    assert any(entry.result.status == "pass" for entry in told.run.entries)


def test_a_shuffled_set_answers_no_case_with_anothers_recording(session: Session, box: Path, recorded: Path) -> None:
    """Two files that changed places are told, and neither case gets a verdict from the other's answer."""
    one, other = (next(recorded.rglob(f"size.{name}.*.yaml")) for name in ("below-minimum", "above-maximum"))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    told = session("--schemas", str(box), "--cassettes", str(recorded), "--plan", "smoke")
    untold = [entry.result for entry in told.run.entries if entry.result.status == "error"]

    assert 2 == told.code, told.output
    assert {"make_box/size/below-minimum", "make_box/size/above-maximum"} == {result.case.id for result in untold}
    assert all("holds another request than its name says" in result.reason for result in untold)


def test_the_documented_sample_is_judged_as_documentation(session: Session, tmp_path: Path) -> None:
    """Where the sample of the reference is all that is recorded, what is known of that sample is no finding."""
    shutil.copytree(load.data_folder("cassettes") / "documentation", tmp_path / "shelf" / "documentation")
    told = session("--cassettes", str(tmp_path / "shelf"), "-k", "documented-sample")

    assert 0 == told.code, told.output
    assert ["pass"] == [entry.result.status for entry in told.run.entries]


# --- the command line -----------------------------------------------------------------------------------------------


def test_check_runs_anywhere(box: Path, tmp_path: Path) -> None:
    """`rtkcontract check` does the same from an empty folder, with options that go to pytest."""
    file = tmp_path / "run.jsonl"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "rtkcontract", "check", "--target", "emulator", "--schemas", str(box)),
            *("--max-requests", "4", "--run-file", str(file), "-q"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr), done.stdout
    assert "make_box keeps its contract: 4 cases" in done.stdout
    assert 4 == sum(json.loads(line)["kind"] == "result" for line in file.read_text().splitlines())
    assert not (tmp_path / ".pytest_cache").exists()


# --- generated bodies -----------------------------------------------------------------------------------------------


def test_generated_bodies_have_a_line_in_the_plan_and_in_the_verdict(session: Session, box: Path) -> None:
    """How many of each side, and the seed that draws them again; another seed and profile are taken from pytest."""
    argv = ("--target", "emulator", "--schemas", str(box), "-k", "generated or minimal")
    told = session(*argv, "--hypothesis-seed=7", "--hypothesis-profile=dev")
    planned, _, verdict = told.output.partition("verdict ===")

    assert 0 == told.code, told.output
    assert (
        "generated by hypothesis: at least 13 valid and 13 invalid bodies for make_box, seed 7, profile dev" in planned
    )
    assert re.search(
        r"Generated by hypothesis: \d+ valid and \d+ invalid bodies, seed 7, profile dev: no finding\.", verdict
    )


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--hypothesis-profile=weekly", "no profile is called weekly"),
        ("--hypothesis-seed=x", "seed x is no whole number"),
    ],
)
def test_a_search_that_cannot_be_made_is_one_line(session: Session, box: Path, option: str, said: str) -> None:
    told = session("--target", "emulator", "--schemas", str(box), option)

    assert told.code in (2, 4), told.output
    assert said in told.output


def test_a_generated_body_that_fails_is_shrunk_and_told(session: Session, box: Path, contract: Contract) -> None:
    """The same from two workers; a limited run sends no generated body."""
    argv = ("--target", "live", "--schemas", str(box), "--rate", "0", "-k", "generated or minimal")
    with lying(contract) as address:
        alone = session(*argv, "--base-url", address, env=SOMEBODY)
        found = {(entry.result.case.id, entry.result.status) for entry in alone.run.entries}
        shared = session(*argv, "--base-url", address, "-n", "2", env=SOMEBODY)
        same = {(entry.result.case.id, entry.result.status) for entry in shared.run.entries}
        limited = session(*argv, "--base-url", address, "--max-requests", "5", env=SOMEBODY)

    assert 1 == alone.code, alone.output
    assert re.search(
        r"Generated by hypothesis: \d+ valid and \d+ invalid bodies, seed 0, profile ci: \d+ counterexamples?\.",
        alone.output,
    )
    assert any("/generated/" in name and status == "fail" for name, status in found)
    assert found == same
    assert re.findall("Generated by .*", alone.output) == re.findall("Generated by .*", shared.output)
    assert "hypothesis" not in limited.output.partition("verdict")[2]


def test_workers_with_other_tests_alone_give_their_own_exit_code(tmp_path: Path) -> None:
    """A session without a contract test has no verdict, by several processes as well."""
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n", encoding="utf-8")
    line = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "rtkcontract.plugins.pytest_plugin", str(tmp_path)]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)

    assert 0 == done.returncode, done.stdout + done.stderr
