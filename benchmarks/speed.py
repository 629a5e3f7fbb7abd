"""
What a run costs beside its requests: whole processes against schemathesis, and the sending against a bare httpx loop.

1. Both processes ask one server, the emulator on loopback with 401 for refused credentials, in the same run.
2. The bare loop sends the same bytes with the same headers over one kept-alive `httpx.Client` and looks at nothing.
3. Rounds alternate and the median is told, since other work may share the machine.
4. Both are measured as they are once installed, with their bytecode at hand: a first round makes it and is not counted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks")]

import peer
from rtkcontract.checks import judge as judging
from rtkcontract.contract import load
from rtkcontract.contract.requests import request_of
from rtkcontract.generation import plan as plans
from rtkcontract.model import Case, Request
from rtkcontract.network import client as clients
from rtkcontract.network import server
from wrong_servers import emulated as zoo

CONTRACT = peer.alone(load.load_contract())
OPERATION = next(iter(CONTRACT.operations.values()))


def alone() -> dict[str, object]:
    """
    The document with the one operation that both ask.
    """
    item = CONTRACT.document["paths"][OPERATION.path]
    kept = {name: part for name, part in item.items() if name in (OPERATION.method.lower(), "parameters")}
    return {**CONTRACT.document, "paths": {OPERATION.path: kept}}


def timed(work: Callable[[], object]) -> float:
    """
    Seconds that a piece of work takes.
    """
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def command(origin: str, plan: str) -> int:
    """
    The whole command against a server; the exit code.
    """
    line = [sys.executable, "-m", "rtkcontract", "check", "-q", "--target", "live"]
    line += ["--base-url", f"{origin}/client/v4", "--rate", "0", "--plan", plan, "--operation", OPERATION.name]
    names = {"CLOUDFLARE_API_TOKEN": zoo.TOKEN, "CLOUDFLARE_ACCOUNT_ID": zoo.ACCOUNT, "REALTIMEKIT_APP_ID": zoo.APP}
    return subprocess.run(line, cwd=ROOT, env={**os.environ, **names}, capture_output=True, check=False).returncode


def whole_processes(plan: str, count: int, rounds: int) -> None:
    """
    The command and schemathesis' default run, in turn, on one server.
    """
    served = peer.Counted(peer.as_it_expects(zoo.correct(CONTRACT), zoo.TOKEN))
    ids = {"account_id": zoo.ACCOUNT, "app_id": zoo.APP}
    ours, theirs, sent = [], [], 0
    with tempfile.TemporaryDirectory() as bytecode, server.serve(served) as origin:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = bytecode
        for _ in range(1 + rounds):
            ours.append(timed(lambda: command(origin, plan)))
            done = peer.run(f"{origin}/client/v4", alone(), token=zoo.TOKEN, ids=ids, served=lambda: served.requests)
            theirs.append(done.wall_s)
            sent = done.requests
    one, other = statistics.median(ours[1:]), statistics.median(theirs[1:])
    print(f"whole process: {plan} {count} requests in {one:.2f} s, schemathesis {sent} requests in {other:.2f} s")
    print(f"  ratio {one / other:.3f} of its time (at most 0.25), {count / sent:.2f} of its requests")


def send_all(origin: str, cases: tuple[Case, ...], *, judge: bool) -> None:
    """
    Every case as a run sends it, judged or not.
    """
    target = zoo.target(origin)
    with clients.sender(timeout_s=30.0) as send:
        for case in cases:
            answer = send(request_of(OPERATION, case, target))
            if judge:
                judging.judge(CONTRACT, OPERATION, case, answer, max_latency_s=5.0, secrets=(zoo.TOKEN,))


def bare(requests: list[Request]) -> None:
    """
    The same bytes by httpx alone.
    """
    with httpx.Client(trust_env=False) as client:
        for request in requests:
            headers = [(name.encode(), value.encode()) for name, value in request.headers]
            client.request(request.method, request.url, headers=headers, content=request.content)


def own_share(cases: tuple[Case, ...], rounds: int) -> None:
    """
    Sending, and sending with judging, beside the bare loop.
    """
    with server.serve(zoo.correct(CONTRACT)) as origin:
        requests = [request_of(OPERATION, case, zoo.target(origin)) for case in cases]
        works: dict[str, Callable[[], object]] = {
            "bare httpx loop": lambda: bare(requests),
            "sending": lambda: send_all(origin, cases, judge=False),
            "sending and judging": lambda: send_all(origin, cases, judge=True),
        }
        for work in works.values():
            work()
        times: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(rounds):
            for name, work in works.items():
                times[name].append(timed(work))
    told = {name: statistics.median(seconds) for name, seconds in times.items()}
    least = told["bare httpx loop"]
    for name, seconds in told.items():
        print(f"{name}: {seconds:.3f} s, {seconds / len(cases) * 1000:.2f} ms a request, ratio {seconds / least:.2f}")


def main() -> None:
    """
    Both tables; nothing is judged by its exit code, since a figure of a shared machine is no verdict.
    """
    parser = argparse.ArgumentParser(description="whole processes, and the sending beside a bare loop")
    parser.add_argument("--plan", default="standard", choices=list(plans.PLANS))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    cases = plans.make(CONTRACT, OPERATION, options.plan).cases
    own_share(cases, options.rounds)
    whole_processes(options.plan, len(cases), options.rounds)


if __name__ == "__main__":
    main()
