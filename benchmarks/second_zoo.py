"""
The second server's zoo against a plan: what single requests find of each family, and that lawful variants are left
alone.

1. Each mutant is served on loopback and asked by the plan of every operation that it touches, at most `--operations`.
2. A run of a mutant ends at its first finding; a lawful variant gets the whole plan.
3. Only what one operation's cases find counts here; what scenarios find is another matter.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks")]

from faults import Hunt, curve, findings_of, table
from rtkcontract.checks import across
from rtkcontract.checks import judge as judging
from rtkcontract.contract import load
from rtkcontract.contract.requests import request_of
from rtkcontract.generation import plan as plans
from rtkcontract.model import Result, Target
from rtkcontract.network import client
from wrong_servers import zoo
from wrong_servers.mutants import Mutant
from wrong_servers.second_server import ACCOUNT, APP, TOKEN
from wrong_servers.serving import serving

CONTRACT = load.load_contract()
TIMEOUT_S = 5.0


@functools.cache
def plan_of(operation: str, plan: str) -> plans.Plan:
    """
    The plan of one operation.
    """
    return plans.make(CONTRACT, CONTRACT.operations[operation], plan)


def hunt(mutant: Mutant, plan: str, *, most_operations: int, to_the_end: bool) -> Hunt:
    """
    Asks a fresh server with the mutant until something is found, or all of the plan of its operations.
    """
    started = time.perf_counter()
    sent, unanswered = 0, False
    findings: list[str] = []
    with serving(mutant) as url, client.sender(timeout_s=TIMEOUT_S) as send:
        target = Target(kind="live", base_url=url, account_id=ACCOUNT, app_id=APP, token=TOKEN)
        for name in mutant.operations[:most_operations]:
            operation = CONTRACT.operations[name]
            results: list[Result] = []
            for case in plan_of(name, plan).cases:
                response = send(request_of(operation, case, target))
                results.append(judging.judge(CONTRACT, operation, case, response, secrets=(TOKEN,)))
                if results[-1].status == "fail" and not to_the_end:
                    break
            sent += len(results)
            unanswered |= any(result.status == "error" for result in results)
            findings += findings_of(across.judge_run(CONTRACT, operation, results))
            if findings and not to_the_end:
                break
    return Hunt(
        name=mutant.name,
        group=mutant.family,
        plan=plan,
        first=sent if findings else None,
        sent=sent,
        seconds=time.perf_counter() - started,
        findings=tuple(findings[:3]),
        untold=unanswered,
    )


def _hunted(job: tuple[str, int, str, int]) -> Hunt:
    kind, number, plan, most = job
    return hunt(getattr(zoo, kind)[number], plan, most_operations=most, to_the_end=kind == "LAWFUL")


def hunted(kind: str, plan: str, most: int, wanted: Callable[[Mutant], bool]) -> Iterator[Hunt]:
    """
    Every mutant that is wanted, on all cores.
    """
    jobs = [(kind, number, plan, most) for number, mutant in enumerate(getattr(zoo, kind)) if wanted(mutant)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("fork")) as pool:
        yield from pool.map(_hunted, jobs, chunksize=4)


def main() -> int:
    """
    Exit code 0 where nothing lawful is reported; else 1.
    """
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else "")
    parser.add_argument("words", nargs="*", help="only mutants whose family, name or operations hold one of these")
    parser.add_argument("--plan", default="smoke", choices=list(plans.PLANS))
    parser.add_argument("--operations", type=int, default=3, metavar="N", help="operations asked for each mutant")
    parser.add_argument("--zoo", default="SINGLE", choices=("SINGLE", "STATEFUL", "MUTANTS"))
    parser.add_argument("--missed", action="store_true", help="name each mutant that was not found")
    options = parser.parse_args()

    def wanted(mutant: Mutant) -> bool:
        text = f"{mutant.family}: {mutant.name} ({', '.join(mutant.operations)})"
        return not options.words or any(word in text for word in options.words)

    found = list(hunted(options.zoo, options.plan, options.operations, wanted))
    print(table(found, f"second server, plan {options.plan}"))
    print(f"found within {curve(found)}")
    for one in found:
        if options.missed and not one.found:
            print(f"  missed: {one.group}: {one.name}")
    lawful = list(hunted("LAWFUL", options.plan, options.operations, wanted))
    reported = [one for one in lawful if one.found or one.untold]
    print(f"lawful variants reported: {len(reported)} of {len(lawful)}")
    for one in reported:
        print(f"  reported: {one.group}: {one.name}: {'; '.join(one.findings)[:300] or 'no response'}")
    return int(bool(reported))


if __name__ == "__main__":
    sys.exit(main())
