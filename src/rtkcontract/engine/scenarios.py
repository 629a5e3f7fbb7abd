"""
Scenarios played: the steps in their order, those together at once, each judged by itself and by what came before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from rtkcontract.checks import lifecycle
from rtkcontract.checks.across import result_with
from rtkcontract.errors import CannotTell
from rtkcontract.generation import scenarios, walks
from rtkcontract.generation.collections import collections
from rtkcontract.model import Answered, Case, Contract, Observation, Result, Scenario, Step, Unanswered


def played(
    scenario: Scenario,
    send: Callable[[Sequence[Case]], list[Observation]],
    judge: Callable[[Case, Observation], Result],
) -> Iterator[Result]:
    """
    The results of the steps. `send` takes the cases that are sent at once.

    Once a step has no response, such as one whose object was never made, the rest is skipped.
    """
    seen: dict[str, Observation] = {}
    why = ""
    for group in groups(scenario.steps):
        if why:
            for step in group:
                yield _skipped(step.case, why)
            continue
        if group[0].pause_s:
            time.sleep(group[0].pause_s)
        observations = send([step.case for step in group])
        for step, observation in zip(group, observations, strict=True):
            seen[step.case.id] = observation
            if not isinstance(observation, Answered):
                why = observation.reason
        for step, observation in zip(group, observations, strict=True):
            if isinstance(observation, Answered) or not observation.missing:
                yield judged(scenario, judge(step.case, observation), seen)
            else:
                yield _skipped(step.case, observation.reason)


def judged(scenario: Scenario, result: Result, seen: Mapping[str, Observation]) -> Result:
    """
    The result of a step with what its response breaks of the relations to those that were seen before.
    """
    if result.status in ("error", "skip"):
        return result
    found = lifecycle.judge_step(scenario, result.case.id, seen)
    return result_with(result.case, result.observation, found, result) if found else result


def _skipped(case: Case, reason: str) -> Result:
    return Result(
        case=case, status="skip", findings=(), observation=Unanswered(reason=reason, missing=True), reason=reason
    )


def named(contract: Contract, identity: str) -> Scenario:
    """
    The scenario of an id; for the id of a step the shortest part that shows what that step shows.

    Raises CannotTell with the ids that the operation has.
    """
    create = identity.partition("/")[0]
    found = {each.id: each for each in scenarios.scenarios(contract, creates=frozenset({create}))}
    kind = identity.removeprefix(f"{create}/scenarios/").partition("/")[0]
    if kind.startswith(walks.PREFIX) and walks.WORD.fullmatch(word := kind.removeprefix(walks.PREFIX)):
        of = next((each for each in collections(contract) if each.create.name == create), None)
        found |= {} if of is None else {each.id: each for each in (walks.walk(of, walks.moves_of(word)),)}
    if identity in found:
        return found[identity]
    for scenario in found.values():
        if any(step.case.id == identity for step in scenario.steps):
            return lifecycle.needed(contract, scenario, identity)
    known = ", ".join(each.kind for each in found.values()) or "none"
    raise CannotTell(f"there is no scenario {identity}; the scenarios of {create} are: {known}")


def groups(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """
    The steps, those that are sent together in one list.
    """
    waiting: list[Step] = []
    for step in steps:
        if waiting and not step.together:
            yield waiting
            waiting = []
        waiting.append(step)
    if waiting:
        yield waiting


def at_once(calls: Sequence[Callable[[], Observation]]) -> list[Observation]:
    """
    The results of calls that begin at the same moment.
    """
    ready = threading.Barrier(len(calls))
    made: dict[int, Observation] = {}
    troubles: list[BaseException] = []

    def call(number: int) -> None:
        ready.wait()
        try:
            made[number] = calls[number]()
        except BaseException as trouble:  # raised again by the thread that waits
            troubles.append(trouble)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for trouble in troubles:
        raise trouble
    return [made[number] for number in range(len(calls))]
