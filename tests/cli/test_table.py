"""
docs/exit-codes.md is true: each cell of its table is tried, and what it says of the output and of what is left holds.

All cells are tried where RTKCONTRACT_NIGHTLY is set, else two verbs of each column.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import small
from rtkcontract.cli.main import VERBS
from rtkcontract.engine import resources
from rtkcontract.engine.targets import VARIABLES
from rtkcontract.model import Request, Response, Target
from rtkcontract.network.server import serve

PAGE = Path(__file__).parents[2] / "docs" / "exit-codes.md"
COMMAND = [sys.executable, "-m", "rtkcontract"]
NIGHTLY = bool(os.environ.get("RTKCONTRACT_NIGHTLY"))
TOKEN = "canary_token_of_the_table_Zk3v9QpL7xWb2RtY"
LIVE = {
    "check": "check -q --target live --base-url {url} --schemas box --plan smoke --run-file run.jsonl",
    "record": "record --target live --base-url {url} --schemas box --plan smoke --cassettes kept",
    "hunt": "hunt --target live --base-url {url} --schemas box --max-examples 20 --seed 1",
    "send": "send --target live --base-url {url} --schemas box make_box/minimal",
}
OFFLINE = {
    "check": "check -q --target emulator --schemas box --plan smoke",
    "record": "record --target emulator --schemas box --plan smoke --cassettes kept",
    "hunt": "hunt --target emulator --schemas box --max-examples 5",
    "send": "send --target emulator --schemas box make_box/minimal",
    "clean": "clean ledger.jsonl --schemas box --base-url http://127.0.0.1:9/client/v4",
    "serve": "serve --schemas box",
    "validate": "validate --schemas box bad.json",
    "replay": "replay --plan smoke --operation create_meeting",
    "report": "report run.jsonl",
    "diff": "diff @2026-08-14",
    "drift": "drift",
    "cases": "cases list --plan smoke --schemas box",
    "schema": "schema",
    "completion": "completion bash",
    "config": "config",
}
WRITING = {
    "check": OFFLINE["check"] + " --run-file other.jsonl",
    "record": OFFLINE["record"],
    "hunt": LIVE["hunt"] + " --promote",
    "report": "report run.jsonl -o page.html",
    "cases": "cases grow --schemas box",
}
NORMAL = (0, 1)
"""How a verb ends that has finished before a signal comes."""
WORKER = """
import os
CALLS = []
def pytest_runtest_call(item):
    CALLS.append(item)
    if os.environ.get("PYTEST_XDIST_WORKER") == "gw0" and len(CALLS) == 2:
        os._exit(9)
"""


def _rows(number: int) -> list[list[str]]:
    """
    The cells of a table of the page, the head first.
    """
    tables = re.findall(r"(?:^\|.*\|\n)+", PAGE.read_text(), re.MULTILINE)
    lines = [line for line in tables[number].splitlines() if not line.startswith("| ---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


HEAD, *ROWS = _rows(1)
CELLS = [(row[0], column, cell) for row in ROWS for column, cell in zip(HEAD[1:], row[1:], strict=True)]
SAID = {row[0]: row[1] for row in _rows(2)[1:]}
TRIED = [cell for cell in CELLS if cell[2] != "-"]


def _few() -> list[tuple[str, str, str]]:
    """
    Two verbs of each column, other ones in each.
    """
    chosen = []
    for place, column in enumerate(HEAD[1:]):
        cells = [cell for cell in TRIED if cell[1] == column]
        chosen += list(dict.fromkeys((cells[0], cells[(1 + place * 3) % len(cells)])))
    return chosen


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    said: str


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small.schemas(tmp_path / "box")
    (tmp_path / "bad.json").write_text('{"name": 5}')
    (tmp_path / "killer.py").write_text(WORKER)
    target = Target(kind="live", base_url="", account_id="0" * 32, app_id="a" * 32, token=TOKEN)
    line = {"made": "x", "operation": "make_box", "case": "make_box/minimal", "app": resources.app_digest(target)}
    (tmp_path / "ledger.jsonl").write_text(json.dumps(line) + "\n")
    monkeypatch.chdir(tmp_path)
    for name, value in zip(VARIABLES.values(), (TOKEN, "0" * 32, "a" * 32), strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def _run(words: str, **extra: object) -> Ended:
    options = {"stdout": subprocess.PIPE, "stdin": subprocess.DEVNULL, **extra}
    done = subprocess.run([*COMMAND, *words.split()], stderr=subprocess.PIPE, timeout=90, check=False, **options)  # type: ignore[call-overload]
    return Ended(done.returncode, ((done.stdout or b"") + done.stderr).decode("utf-8", "replace"))


def _at(words: str, *, status: int, headers: tuple[tuple[str, str], ...] = ()) -> Ended:
    response = Response(status=status, headers=(("content-type", "application/json"), *headers), content=b"{}")
    with serve(lambda _: response) as origin:
        return _run(words.format(url=f"{origin}/client/v4"))


@contextlib.contextmanager
def _cutting() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def loop() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        connection.recv(65_536)
                        connection.sendall(b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{")

        threading.Thread(target=loop, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def dead_target(verb: str) -> Ended:
    with serve(lambda _: pytest.fail("nothing is sent")) as origin:
        pass
    return _run(LIVE[verb].format(url=f"{origin}/client/v4"))


def refused_token(verb: str) -> Ended:
    return _at(LIVE[verb], status=401)


def throttled(verb: str) -> Ended:
    return _at(LIVE[verb], status=429, headers=(("retry-after", "100000"),))


def cut_response(verb: str) -> Ended:
    with _cutting() as origin:
        return _run(LIVE[verb].format(url=f"{origin}/client/v4"))


def full_disk(verb: str) -> Ended:
    if not Path("/dev/full").exists():
        pytest.skip("no device that is always full")
    with Path("/dev/full").open("wb") as full:
        return _run(OFFLINE[verb], stdout=full)


def closed_stdout(verb: str) -> Ended:
    return _run(OFFLINE[verb], preexec_fn=lambda: os.close(1))


def _signalled(verb: str, number: signal.Signals) -> Ended:
    came = threading.Event()

    def slow(_: Request) -> Response:
        came.set()
        time.sleep(0.2)
        return Response(status=201, headers=(), content=b'{"success":true,"data":{"id":"x"}}')

    with serve(slow) as origin:
        words = LIVE.get(verb, OFFLINE[verb]).format(url=f"{origin}/client/v4").replace("bad.json", "-")
        with subprocess.Popen(
            [*COMMAND, *words.split()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            came.wait(20 if verb in LIVE else 0.3)
            process.send_signal(number)
            said = process.communicate(timeout=60)[0].decode()
    return Ended(process.returncode, said)


def sigint(verb: str) -> Ended:
    return _signalled(verb, signal.SIGINT)


def sigterm(verb: str) -> Ended:
    return _signalled(verb, signal.SIGTERM)


def killed_worker(verb: str) -> Ended:
    pytest.importorskip("xdist")
    return _run(OFFLINE[verb] + " -n 2 -p killer")


def unwritable_output(verb: str) -> Ended:
    def little_fits() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))

    response = Response(status=201, headers=(("content-type", "application/json"),), content=b'{"data":{}}')
    with serve(lambda _: response) as origin:
        return _run(WRITING[verb].format(url=f"{origin}/client/v4"), preexec_fn=little_fits)


SCENES: dict[str, Callable[[str], Ended]] = {
    "dead target": dead_target,
    "refused token": refused_token,
    "throttled": throttled,
    "cut response": cut_response,
    "full disk": full_disk,
    "closed stdout": closed_stdout,
    "SIGINT": sigint,
    "SIGTERM": sigterm,
    "killed worker": killed_worker,
    "unwritable output": unwritable_output,
}


def test_the_table_is_whole() -> None:
    assert {row[0] for row in ROWS} == set(VERBS)
    assert list(SCENES) == HEAD[1:] == list(SAID)
    assert {cell for _, _, cell in CELLS} <= {"2", "130", "143", "-"}
    assert [(verb, what) for verb, what, cell in CELLS if what in ("full disk", "SIGINT") and cell == "-"] == []


@pytest.mark.parametrize(("verb", "what", "code"), TRIED if NIGHTLY else _few())
def test_a_cell_of_the_table(verb: str, what: str, code: str, here: Path) -> None:
    if verb == "report":
        assert _run(OFFLINE["check"] + " --run-file run.jsonl").code == 0
    earlier = (here / "run.jsonl").read_bytes() if verb == "report" else b"earlier"
    (here / "run.jsonl").write_bytes(earlier)
    ended = SCENES[what](verb)

    assert "Traceback" not in ended.said
    assert TOKEN not in ended.said
    finished = what.startswith("SIG") and verb not in (*LIVE, "serve", "validate")
    assert ended.code in ((int(code), 128 - int(code), *NORMAL) if finished else (int(code),)), ended.said
    wanted = re.findall(r"`([a-z0-9(][^`]*)`", SAID[what]) if not what.startswith("SIG") else []
    assert not wanted or any(phrase in ended.said for phrase in wanted), ended.said
    assert list(here.rglob("*.part")) == []
    if what in ("dead target", "refused token", "cut response"):
        assert (here / "run.jsonl").read_bytes() == earlier
        assert not list(here.glob("kept/**/*.yaml"))
