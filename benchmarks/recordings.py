"""
What judging and replaying recordings costs: `python -P benchmarks/recordings.py [most]`, in CPU and wall seconds.

1. Judging: 1,000 to `most` (10,000) made interactions, one file each, through all checks of today's contract.
2. Replay of the same cases: by key, one file each, beside vcrpy's own matching of bodies in one shared cassette.
3. The whole command on the recordings that ship, when the maximum of the keep-alive went from 600 to 300 seconds; with
   its bytecode at hand, as it is once installed.
"""

from __future__ import annotations

import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from vcr.cassette import Cassette
from vcr.matchers import body, method, uri
from vcr.record_mode import RecordMode
from vcr.request import Request as VcrRequest

from rtkcontract.contract import load
from rtkcontract.contract.requests import request_of
from rtkcontract.engine.targets import EMULATOR_ACCOUNT, EMULATOR_APP, EMULATOR_TOKEN, responder
from rtkcontract.generation import plan as plans
from rtkcontract.json_schema.json_text import NotStrictJson, encode, loads
from rtkcontract.model import Answered, Case, Contract, Expectation, Operation, Overrides, Send
from rtkcontract.recordings import cassette
from rtkcontract.recordings import folder as cassette_folder
from rtkcontract.recordings import replay as replaying
from rtkcontract.recordings.folder import file_name
from rtkcontract.recordings.key import key_of
from rtkcontract.redaction.redactor import PLACEHOLDERS, Redactor, redactor_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def made(contract: Contract, operation: Operation, count: int) -> Iterator[Case]:
    """
    The standard plan over and over, each time with other titles, so that no two cases are the same request.
    """
    planned = plans.make(contract, operation, "standard").cases
    oracle = plans.make(contract, operation, "smoke").bodies.oracle
    for number, case in zip(range(count), itertools.cycle(planned)):
        content, expect = case.content, case.expect
        try:
            value = loads(content)
        except NotStrictJson:
            value = None
        if number >= len(planned) and isinstance(value, dict):
            content = encode({**value, "title": f"rtkcontract {number}"})
            expect = oracle.expectation(loads(content))
        elif number >= len(planned):
            content, expect = encode({"title": f"rtkcontract {number}"}), Expectation(outcome="accepted", reason="made")
        yield replace(
            case,
            id=f"{operation.name}/made/{number}",
            content=content,
            expect=expect,
            overrides=case.overrides if number < len(planned) else Overrides(),
            same_answer_as="",
        )


def shelve(contract: Contract, operation: Operation, cases: list[Case], folder: Path) -> None:
    """
    One file a case, answered by the emulator; the gate is left out, since it is no part of what is measured.
    """
    respond = responder(contract, token=EMULATOR_TOKEN, account_id=EMULATOR_ACCOUNT, app_id=EMULATOR_APP)
    target = replace(
        PLACEHOLDERS, kind="emulator", account_id=EMULATOR_ACCOUNT, app_id=EMULATOR_APP, token=EMULATOR_TOKEN
    )
    redactor = redactor_of(contract, target)
    place = folder / "emulator" / operation.name
    place.mkdir(parents=True)
    for case in cases:
        request = request_of(operation, case, target)
        stored = redactor.request(request)
        told = cassette.Provenance(
            recorded_at="2026-11-21T12:00:00Z",
            target="emulator",
            contract=contract.digest,
            case=case.id,
            expected=case.expect.outcome,
        )
        interaction = cassette.sealed(stored, redactor.response(respond(request), stored.content), told)
        path = place / file_name(case.id, key_of(stored))
        path.write_text(cassette.to_text(interaction), encoding="utf-8")


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """
    CPU seconds of a piece of work, of the processes that it starts too, and wall seconds.
    """
    cpu, wall = sum(os.times()[:4]), time.perf_counter()
    work()
    return sum(os.times()[:4]) - cpu, time.perf_counter() - wall


def stock(folder: Path, cases: list[Case], operation: Operation, asked: int) -> float:
    """
    CPU seconds a request, with one shared cassette and vcrpy's matching on method, address and body.
    """
    shared = Cassette("none", record_mode=RecordMode.NONE, match_on=(method, uri, body), allow_playback_repeats=True)
    for path in cassette_folder.files(folder):
        one = cassette.read(path)
        answer = {
            "status": {"code": one.response.status, "message": ""},
            "headers": {},
            "body": {"string": one.response.content},
        }
        shared.data.append(
            (VcrRequest(one.request.method, one.request.url, one.request.content, dict(one.request.headers)), answer)
        )
    shared.rewound = True
    step = max(1, len(cases) // asked)

    def play() -> None:
        for case in cases[::step]:
            request = request_of(operation, case, PLACEHOLDERS)
            again = VcrRequest(request.method, request.url, request.content, dict(request.headers))
            # As the stub does: first whether it can be played, then the playing.
            if shared.can_play_response_for(again):
                shared.play_response(again)

    return seconds(play)[0] / len(cases[::step])


def by_key(contract: Contract, folder: Path, cases: list[Case], operation: Operation) -> tuple[float, float]:
    """
    CPU seconds to open all recordings, and a request.
    """
    redactor = Redactor(contract)
    opened: list[Send] = []
    opening, _ = seconds(lambda: opened.append(cassette_folder.replayer(folder, redactor)))
    played: list[bool] = []

    def play() -> None:
        for case in cases:
            played.append(isinstance(opened[0](request_of(operation, case, PLACEHOLDERS)), Answered))

    spent, _ = seconds(play)
    assert all(played)
    return opening, spent / len(cases)


def judged(contract: Contract, operation: Operation, cases: list[Case], folder: Path) -> str:
    """
    One line of the first table.
    """
    found: list[dict[str, int]] = []
    cpu, wall = seconds(
        lambda: found.append(replaying.judge_folder(contract, operation, cases, folder, now=NOW).counts)
    )
    counts = ", ".join(f"{count} {name}" for name, count in found[0].items() if count)
    return f"  {len(cases):>8,} recordings  {cpu:10.2f} {wall:8.2f} {cpu / len(cases) * 1e6:9.0f}   {counts}"


def narrowed(folder: Path, rounds: int = 5) -> tuple[float, str]:
    """
    Median wall seconds of `rtkcontract replay` under a narrower contract, made in a folder, and its last line.
    """
    schemas = folder / "schemas"
    shutil.copytree(load.data_folder("schemas"), schemas)
    request = schemas / "create_meeting" / "request.json"
    text = request.read_text()
    assert 1 == text.count('"maximum": 600,'), "the maximum of the keep-alive stands elsewhere"
    request.write_text(text.replace('"maximum": 600,', '"maximum": 300,'))
    command = [sys.executable, "-m", "rtkcontract", "replay", "--schemas", str(schemas)]
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    spent, told = [], ""
    for _ in range(1 + rounds):
        started = time.perf_counter()
        told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        spent.append(time.perf_counter() - started)
    return statistics.median(spent[1:]), told.splitlines()[-1]


def main(most: int) -> None:
    """
    Prints the tables.
    """
    contract = load.load_contract()
    operation = next(iter(contract.operations.values()))
    every = list(made(contract, operation, most))
    sizes = [size for size in (1_000, 2_000, 5_000, 10_000, 20_000) if size <= most] or [most]
    with tempfile.TemporaryDirectory() as place:
        shelves = {size: Path(place, str(size)) for size in sizes}
        for size, folder in shelves.items():
            shelve(contract, operation, every[:size], folder)
        print("judging, all checks            CPU s   wall s   us each")
        for size, folder in shelves.items():
            print(judged(contract, operation, every[:size], folder))
        print("replay, CPU ms a request      by key  (opening, s)   vcrpy, body matched")
        for size, folder in shelves.items():
            opening, each = by_key(contract, folder, every[:size], operation)
            theirs = stock(folder, every[:size], operation, 20_000 // size)
            print(f"  {size:>8,} recordings  {each * 1e3:10.3f} {opening:12.2f} {theirs * 1e3:18.1f}")
    with tempfile.TemporaryDirectory() as place:
        wall, told = narrowed(Path(place))
    print(f"rtkcontract replay, keep-alive up to 300 s instead of 600: {wall:.2f} s\n  {told}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
