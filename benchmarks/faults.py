"""
The fault zoo against the named plans: what is found, after how many requests, and that lawful servers are left alone.

1. Each fault is served on loopback and asked by the same plan, wire and checks as `pytest contract_tests` uses; a
   sample goes through the real command as well, and both must agree.
2. A fault counts from the first request after which a run that ended there would report it.
3. A run ends at its first finding here, but for the comparison; the real command always sends the whole plan.
4. schemathesis takes 15 to 25 s a fault, so a sample is compared by default: the same faults for both.
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
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks")]

import peer
from rtkcontract.checks import across
from rtkcontract.checks import judge as judging
from rtkcontract.contract import load
from rtkcontract.contract.requests import request_of
from rtkcontract.engine import run_file
from rtkcontract.generation import plan as plans
from rtkcontract.model import Result
from rtkcontract.network import client
from rtkcontract.network import server as servers
from wrong_servers import emulated as zoo

CONTRACT = load.load_contract()
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
    serving = getattr(server, "serve", servers.serve)
    with serving(respond) as origin, client.sender(timeout_s=30.0) as send:
        target = zoo.target(origin)
        for case in plan.cases:
            answer = send(request_of(OPERATION, case, target))
            results.append(judging.judge(CONTRACT, OPERATION, case, answer, max_latency_s=limit, secrets=(zoo.TOKEN,)))
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
        findings=tuple(findings_of(across.judge_run(CONTRACT, OPERATION, results))[:3]),
        untold=any(result.status == "error" for result in results),
    )


def _first(results: list[Result]) -> int | None:
    """
    The least number of requests after which there is a finding.
    """

    def shows(count: int) -> bool:
        return bool(findings_of(across.judge_run(CONTRACT, OPERATION, results[:count])))

    if not shows(len(results)):
        return None
    return bisect.bisect_left(range(len(results) + 1), True, key=shows)


def _hunted(job: tuple[str, int, str]) -> Hunt:
    kind, number, plan = job
    server = (zoo.VARIANTS if kind == "variant" else zoo.FAULTS)[number]
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
    serving = getattr(server, "serve", servers.serve)
    with serving(respond) as origin, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.jsonl"
        line = [sys.executable, "-m", "pytest", "contract_tests", "-q", "-p", "no:cacheprovider", "--target", "live"]
        line += ["--base-url", f"{origin}/client/v4", "--rate", "0", "--plan", plan, "--run-file", str(path), *options]
        if server.max_latency_s:
            line += ["--max-latency", str(server.max_latency_s)]
        started = time.perf_counter()
        done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
        seconds = time.perf_counter() - started
        results = [entry.result for entry in run_file.read(path).entries] if path.exists() else []
    return Command(
        exit_code=done.returncode,
        requests=len(results),
        findings=tuple(findings_of(results)),
        seconds=seconds,
        output=done.stdout + done.stderr,
    )


# --- the peer -------------------------------------------------------------------------------------------------------


def _asked_by_peer(number: int | None) -> Hunt:
    """
    The default run of schemathesis' own command line against one fault; None stands for the correct server.
    """
    fault = None if number is None else zoo.FAULTS[number]
    contract = peer.alone(CONTRACT)
    respond = peer.as_it_expects(fault.server(contract) if fault else zoo.correct(contract), zoo.TOKEN)
    ids = {"account_id": zoo.ACCOUNT, "app_id": zoo.APP}
    try:
        done = peer.against(respond, contract.document, token=zoo.TOKEN, ids=ids)
    except subprocess.TimeoutExpired as late:
        return _hunt_of(fault, None, 0, float(late.timeout), ())
    return _hunt_of(fault, done.first, done.requests, done.wall_s, tuple(done.failures))


def _hunt_of(
    fault: zoo.Fault | None, first: int | None, sent: int, seconds: float, checks_failed: tuple[str, ...]
) -> Hunt:
    return Hunt(
        name=fault.name if fault else "the correct server",
        group=fault.group if fault else "lawful",
        plan="schemathesis",
        first=first,
        sent=sent,
        seconds=seconds,
        findings=checks_failed,
        untold=False,
    )


def compared(numbers: list[int], plan: str) -> Iterator[tuple[Hunt, Hunt]]:
    """
    Each fault asked by the plan, sent to its end, and by schemathesis; both on the same servers in the same run.
    """
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("fork")) as pool:
        ours = pool.map(_hunted, [("fault to the end", number, plan) for number in numbers])
        yield from zip(ours, pool.map(_asked_by_peer, numbers), strict=True)


def sample(numbers: list[int], count: int) -> list[int]:
    """
    So many numbers, evenly spread over all: each group has its share.
    """
    return sorted({numbers[place * len(numbers) // count] for place in range(min(count, len(numbers)))})


# --- tables ---------------------------------------------------------------------------------------------------------


def table(hunts: list[Hunt], title: str) -> str:
    """
    Found, requests to the first finding (median and most), requests sent and seconds, one line a group.
    """
    groups: dict[str, list[Hunt]] = collections.defaultdict(list)
    for one in hunts:
        groups[one.group].append(one)
    lines = [f"{title:34} {'found':>9} {'first':>6} {'most':>6} {'sent':>8} {'seconds':>8}"]
    for group, mine in (*groups.items(), ("all", hunts)):
        firsts = [one.first for one in mine if one.first is not None]
        told = f"{len(firsts)}/{len(mine)}"
        middle = f"{statistics.median(firsts):.0f}" if firsts else "-"
        sent, seconds = sum(one.sent for one in mine), sum(one.seconds for one in mine)
        lines.append(f"{group:34} {told:>9} {middle:>6} {max(firsts, default=0):>6} {sent:>8} {seconds:>8.1f}")
    return "\n".join(lines)


def curve(hunts: list[Hunt]) -> str:
    """
    The share of faults found within so many requests.
    """
    known = [one.first for one in hunts if one.first is not None]
    return "  ".join(f"{step}: {sum(first <= step for first in known) / max(len(hunts), 1):6.1%}" for step in STEPS)


def chosen(words: list[str]) -> list[int]:
    """
    The numbers of the faults whose group or name holds one of the words; all without any.
    """
    return [
        number
        for number, fault in enumerate(zoo.FAULTS)
        if not words or any(word in f"{fault.group}: {fault.name}" for word in words)
    ]


def show_plan(name: str, numbers: list[int]) -> int:
    """
    The table of one plan and the faults that it misses; `thorough` is asked about three fields only.
    """
    numbers = [number for number in numbers if name != "thorough" or zoo.FAULTS[number].fields == 3]
    if not numbers:
        return 0
    started = time.perf_counter()
    told = list(hunted([("fault", number, name) for number in numbers]))
    untold = [one for number, one in zip(numbers, told, strict=True) if zoo.FAULTS[number].untold]
    told = [one for number, one in zip(numbers, told, strict=True) if not zoo.FAULTS[number].untold]
    print(table(told, f"plan {name}, {len(PLANS[name].cases)} requests"))
    print(f"found within {curve(told)}   ({time.perf_counter() - started:.0f} s)")
    for label, groups in (("single field", (1,)), ("two fields", (2,)), ("three fields", (3,))):
        some = [one for one in told if _fields(one) in groups]
        print(f"  {label}: {sum(one.found for one in some)} of {len(some)}")
    print(f"  no answer, which a run tells with exit code 2: {sum(one.untold for one in untold)} of {len(untold)}")
    for one in told:
        if not one.found:
            print(f"  missed: {one.group}: {one.name}")
    return sum(not one.found for one in told)


def _fields(one: Hunt) -> int:
    return next(fault.fields for fault in zoo.FAULTS if (fault.group, fault.name) == (one.group, one.name))


def show_variants(name: str) -> int:
    """
    The lawful variants that a plan reports; there may be none.
    """
    lawful = list(hunted([("variant", number, name) for number in range(len(zoo.VARIANTS))]))
    reported = [one for one in lawful if one.found or one.untold]
    print(f"lawful variants reported by {name}: {len(reported)} of {len(lawful)}")
    for one in reported:
        print(f"  reported: {one.name}: {'; '.join(one.findings) or 'no answer'}")
    return len(reported)


def show_commands(numbers: list[int], plan: str) -> int:
    """
    A sample through the real command: the exit code says what the quick way says, and the findings are in the run file.
    """
    wrong = 0
    for number in numbers:
        fault = zoo.FAULTS[number]
        quick, real = hunt(fault, PLANS[plan]), command(fault, plan)
        expected = 1 if quick.found else 2 if quick.untold else 0
        agree = real.exit_code == expected and bool(real.findings) == quick.found
        wrong += not agree
        told = "agree" if agree else "DIFFER"
        print(f"  {told:6} exit {real.exit_code} {real.seconds:5.1f} s  {fault.group}: {fault.name}")
        if not agree:
            print(real.output)
    print(f"through the real command: {len(numbers) - wrong} of {len(numbers)} agree")
    return wrong


def show_comparison(numbers: list[int], plan: str) -> int:
    """
    Both tables and both curves, side by side; a curve of ours below the peer's is a failure.
    """
    baseline = _asked_by_peer(None)
    print(
        f"schemathesis on the correct server: {baseline.sent} requests, {baseline.seconds:.1f} s, {baseline.findings}"
    )
    pairs = list(compared(numbers, plan))
    ours, theirs = [one for one, _ in pairs], [other for _, other in pairs]
    print(table(ours, f"plan {plan}"))
    print(table(theirs, "schemathesis"))
    print(f"{plan:14} found within {curve(ours)}")
    print(f"{'schemathesis':14} found within {curve(theirs)}")
    for one, other in pairs:
        if other.found and not one.found:
            print(f"  found by schemathesis only: {one.group}: {one.name}: {', '.join(other.findings)}")
    return sum(_within(ours, step) < _within(theirs, step) for step in STEPS)


def _within(hunts: list[Hunt], step: int) -> int:
    return sum(one.first is not None and one.first <= step for one in hunts)


def main() -> int:
    """
    Exit code 0 where every fault is found, every variant left alone and our curve never below; else 1.
    """
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else "")
    parser.add_argument("words", nargs="*", help="only faults whose group or name holds one of these")
    parser.add_argument("--plan", action="append", choices=list(plans.PLANS), help="all of them by default")
    parser.add_argument("--skip", action="append", default=[], choices=("faults", "variants", "commands", "peer"))
    parser.add_argument("--commands", type=int, default=12, metavar="N", help="faults that go through the real command")
    parser.add_argument(
        "--peer", type=int, default=60, metavar="N", help="faults that schemathesis is asked about; 0 for all"
    )
    options = parser.parse_args()
    numbers = chosen(options.words)
    PLANS.update({name: plans.make(CONTRACT, OPERATION, name) for name in options.plan or plans.PLANS})
    main_plan = "standard" if "standard" in PLANS else next(iter(PLANS))
    bad = 0
    for name in PLANS:
        bad += show_plan(name, numbers) if "faults" not in options.skip else 0
        bad += show_variants(name) if "variants" not in options.skip and name != "thorough" else 0
    if "commands" not in options.skip:
        bad += show_commands(sample(numbers, options.commands), main_plan)
    if "peer" not in options.skip:
        told = [number for number in numbers if not zoo.FAULTS[number].untold]
        bad += show_comparison(sample(told, options.peer or len(told)), main_plan)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
