"""
The fault zoo against the named plans: what is found, after how many requests, and whether a lawful server is left alone.

1. Each fault is served on loopback and asked by the same plan, wire and checks as `pytest contract_tests` uses; a
   sample goes through the real command as well, and both must agree.
2. A fault counts from the first request after which a run that ended there would report it.
3. A run ends at its first finding here; the real command always sends the whole plan.
"""

from __future__ import annotations

import argparse
import bisect
import collections
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import faults as zoo  # noqa: E402  # the zoo stands with the tests

from rtkcontract import catalog, checks, runs, wire  # noqa: E402
from rtkcontract import plan as plans  # noqa: E402
from rtkcontract.cases import request_of  # noqa: E402
from rtkcontract.model import Contract, Operation, Result  # noqa: E402

CONTRACT = catalog.load()
OPERATION = next(iter(CONTRACT.operations.values()))
PLANS: dict[str, plans.Plan] = {}
LATENCY_S = 5.0
STEPS = (25, 50, 100, 200, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """
    One server asked by one plan. `first` is the request that showed it, counted from 1; None where nothing did.
    """

    name: str
    group: str
    plan: str
    first: int | None
    sent: int
    seconds: float
    findings: tuple[str, ...]
    untold: bool
    """Whether some case got no answer, so that the run cannot say that all is well."""

    @property
    def found(self) -> bool:
        return self.first is not None


def findings_of(results: Iterable[Result]) -> list[str]:
    """
    Each finding in a line.
    """
    return [
        f"{result.case.id}: {finding.check} {finding.where}: {finding.expected} / {finding.observed}"
        for result in results
        for finding in result.findings
        if finding.severity == "finding"
    ]


def hunt(server: zoo.Fault | zoo.Variant, plan: plans.Plan, *, to_the_end: bool = False) -> Hunt:
    """
    Asks a fresh server until something is found, or all of the plan.
    """
    respond = server.server(CONTRACT)
    limit = server.max_latency_s or LATENCY_S
    results: list[Result] = []
    started = time.perf_counter()
    serving = getattr(server, "serve", wire.serve)
    with serving(respond) as origin, wire.sender(timeout_s=30.0) as send:
        target = zoo.target(origin)
        for case in plan.cases:
            answer = send(request_of(OPERATION, case, target))
            results.append(checks.judge(CONTRACT, OPERATION, case, answer, max_latency_s=limit, secrets=(zoo.TOKEN,)))
            if results[-1].status == "fail" and not to_the_end:
                break
    seconds = time.perf_counter() - started
    first = _first(results)
    return Hunt(
        name=server.name,
        group=getattr(server, "group", "lawful"),
        plan=plan.name,
        first=first,
        sent=len(results),
        seconds=seconds,
        findings=tuple(findings_of(checks.judge_run(CONTRACT, OPERATION, results))[:3]),
        untold=any(result.status == "error" for result in results),
    )


def _first(results: list[Result]) -> int | None:
    """
    The least number of requests after which there is a finding.
    """

    def shows(count: int) -> bool:
        return bool(findings_of(checks.judge_run(CONTRACT, OPERATION, results[:count])))

    if not shows(len(results)):
        return None
    return bisect.bisect_left(range(len(results) + 1), True, key=shows)


def _hunted(job: tuple[str, int, str]) -> Hunt:
    kind, number, plan = job
    server = (zoo.FAULTS if kind == "fault" else zoo.VARIANTS)[number]
    return hunt(server, PLANS[plan], to_the_end=kind != "fault")


def hunted(jobs: list[tuple[str, int, str]]) -> Iterator[Hunt]:
    """
    Every job, in order, on all cores. The plans are made before the workers start, so that they share them.
    """
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("fork")) as pool:
        yield from pool.map(_hunted, jobs, chunksize=4)


# --- the real command -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """
    One run of the real command: its exit code, the findings of its run file, and what it printed.
    """

    exit_code: int
    requests: int
    findings: tuple[str, ...]
    seconds: float
    output: str


def command(server: zoo.Fault | zoo.Variant, plan: str, *options: str) -> Command:
    """
    `pytest contract_tests --target live --base-url … --plan PLAN` against a fresh server.
    """
    respond = server.server(CONTRACT)
    environment = {
        **os.environ,
        "CLOUDFLARE_API_TOKEN": zoo.TOKEN,
        "CLOUDFLARE_ACCOUNT_ID": zoo.ACCOUNT,
        "REALTIMEKIT_APP_ID": zoo.APP,
    }
    serving = getattr(server, "serve", wire.serve)
    with serving(respond) as origin, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.jsonl"
        line = [sys.executable, "-m", "pytest", "contract_tests", "-q", "-p", "no:cacheprovider", "--target", "live"]
        line += ["--base-url", f"{origin}/client/v4", "--rate", "0", "--plan", plan, "--run-file", str(path), *options]
        if server.max_latency_s:
            line += ["--max-latency", str(server.max_latency_s)]
        started = time.perf_counter()
        done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
        seconds = time.perf_counter() - started
        results = [entry.result for entry in runs.read(path).entries] if path.exists() else []
    return Command(
        exit_code=done.returncode,
        requests=len(results),
        findings=tuple(findings_of(results)),
        seconds=seconds,
        output=done.stdout + done.stderr,
    )


# --- tables ---------------------------------------------------------------------------------------------------------


def table(hunts: list[Hunt], plan: str) -> str:
    """
    Found, median of requests to the first finding, requests of the whole plan and seconds, one line a group.
    """
    groups: dict[str, list[Hunt]] = collections.defaultdict(list)
    for one in hunts:
        groups[one.group].append(one)
    lines = [f"{f'plan {plan}, {len(PLANS[plan].cases)} requests':34} {'found':>9} {'first':>6} {'most':>6} {'seconds':>8}"]
    for group, mine in (*groups.items(), ("all", hunts)):
        firsts = [one.first for one in mine if one.first is not None]
        told = f"{len(firsts)}/{len(mine)}"
        middle = f"{statistics.median(firsts):.0f}" if firsts else "-"
        seconds = sum(one.seconds for one in mine)
        lines.append(f"{group:34} {told:>9} {middle:>6} {max(firsts, default=0):>6} {seconds:>8.1f}")
    return "\n".join(lines)


def curve(firsts: Iterable[int | None], total: int) -> str:
    """
    The share of faults found within so many requests.
    """
    known = [first for first in firsts if first is not None]
    return "  ".join(f"{step}: {sum(first <= step for first in known) / total:6.1%}" for step in STEPS)


def chosen(words: list[str]) -> list[int]:
    """
    The numbers of the faults whose group or name holds one of the words; all without any.
    """
    return [
        number
        for number, fault in enumerate(zoo.FAULTS)
        if not words or any(word in f"{fault.group}: {fault.name}" for word in words)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only faults whose group or name holds one of these")
    parser.add_argument("--plan", action="append", choices=list(plans.PLANS), help="smoke and standard by default")
    parser.add_argument("--no-variants", action="store_true")
    options = parser.parse_args()
    numbers = chosen(options.words)
    failed = False
    for name in options.plan or ("smoke", "standard"):
        PLANS[name] = plans.make(CONTRACT, OPERATION, name)
    for name in PLANS:
        started = time.perf_counter()
        told = list(hunted([("fault", number, name) for number in numbers if name != "thorough" or zoo.FAULTS[number].fields == 3]))
        print(table(told, name))
        print(f"found within {curve((one.first for one in told), len(told))}   ({time.perf_counter() - started:.0f} s)")
        for one in told:
            if not one.found:
                print(f"  missed: {one.group}: {one.name}{' (no answer, so exit code 2)' if one.untold else ''}")
        if not options.no_variants:
            lawful = list(hunted([("variant", number, name) for number in range(len(zoo.VARIANTS))]))
            reported = [one for one in lawful if one.found or one.untold]
            failed = failed or bool(reported)
            print(f"lawful variants reported: {len(reported)} of {len(lawful)}")
            for one in reported:
                print(f"  reported: {one.name}: {'; '.join(one.findings) or 'no answer'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
