"""
Checks that compare the responses of a run with each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from rtkcontract.checks.answer import Answer, Promise, answer_of, judged, shown
from rtkcontract.checks.protocol import moment_of
from rtkcontract.checks.values import MADE, moments
from rtkcontract.contract.deviations import gone, known_deviation
from rtkcontract.contract.fake_data import MARK
from rtkcontract.json_schema.json_text import dumps
from rtkcontract.json_schema.values import ABSENT, Place, dotted, same, taken
from rtkcontract.model import Answered, Case, Contract, Finding, Json, Observation, Operation, Result


def result_with(case: Case, observation: Observation, found: Iterable[Finding], before: Result | None = None) -> Result:
    """
    The result of a case with further findings, which may make it fail.
    """
    findings = (*(before.findings if before else ()), *found)
    failed = any(finding.severity == "finding" for finding in findings)
    return Result(case=case, status="fail" if failed else "pass", findings=findings, observation=observation)


# --- checks of a whole run ------------------------------------------------------------------------------------------


def unique_ids(answers: list[Answer]) -> Iterator[Finding]:
    """
    Each accepted create makes an object of its own.
    """
    first: dict[str, str] = {}
    for answer in answers:
        data = answer.data
        identity = data.get("id") if isinstance(data, dict) and answer.judged.makes else None
        if not isinstance(identity, str):
            continue
        if identity in first:
            yield answer.finding(
                "unique_ids",
                answer.at_data(("id",)),
                f"an id of its own; {first[identity]} has this one",
                identity,
                answer.judged.document_source,
                cause="ids repeat",
                other_case=first[identity],
            )
        first.setdefault(identity, answer.case.id)


def dropped(answers: list[Answer]) -> Iterator[Finding]:
    """
    A target that sends back what was sent does so for each member; one that never does breaks no promise.
    """
    if not any(got is not ABSENT for answer in answers if _decided(answer) for _, _, got in answer.echoes):
        return
    for answer in answers:
        if not _decided(answer):
            continue
        for promise, sent, got in answer.echoes:
            if got is ABSENT and sent not in ("", []):
                yield answer.finding(
                    "dropped",
                    answer.at_data(promise.place),
                    f"{shown(sent)}, as sent",
                    "the member is missing",
                    promise.sources,
                    schema_at=promise.schema_at,
                    cause="dropped",
                    about=dotted(promise.place),
                )


def _decided(answer: Answer) -> bool:
    return answer.case.expect.outcome == "accepted" and answer.paired


def memory(answers: list[Answer]) -> Iterator[Finding]:
    """
    No member comes back that was not sent now but was sent before; what the first answer already had is no memory.
    """
    telling = [answer for answer in answers if answer.paired and answer.judged.makes]
    unsent = [tuple(_unsent(answer)) for answer in telling]
    earlier: dict[Place, _Seen] = {}
    for answer, members in zip(telling, unsent, strict=True) if any(unsent) else ():
        for promise, got in members:
            remembered = promise.place in earlier and earlier[promise.place].holds(got)
            if remembered and not same(got, taken(telling[0].data, promise.place)):
                yield answer.finding(
                    "memory",
                    answer.at_data(promise.place),
                    "nothing from an earlier request",
                    shown(got),
                    promise.sources,
                    schema_at=promise.schema_at,
                    cause="memory",
                    about=dotted(promise.place),
                )
        for place, sent in answer.asked.items():
            if isinstance(sent, str | list) and sent and place in answer.judged.echoed:
                earlier.setdefault(place, _Seen()).add(sent)


def _unsent(answer: Answer) -> Iterator[tuple[Promise, Json]]:
    """
    Texts and lists of our making that came back without being sent; they stand at leaves alone.
    """
    for place, got in answer.told.items():
        if MARK in (got if isinstance(got, str) else dumps(got) if isinstance(got, list) else "").lower():
            promise = answer.judged.echoed.get(place)
            if promise and taken(answer.sent, place) is ABSENT:
                yield promise, got


class _Seen:
    """
    Texts and lists; the texts are found at once, however many there are.
    """

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._lists: list[Json] = []

    def add(self, value: Json) -> None:
        if isinstance(value, str):
            self._texts.add(value)
        else:
            self._lists.append(value)

    def holds(self, value: Json) -> bool:
        return value in (self._texts if isinstance(value, str) else self._lists)


LONG_RUN: Final = timedelta(seconds=5)
"""A run of this length meets more than one time of a clock that goes."""
MOST_BACK: Final = timedelta(minutes=1)
"""By how much the clocks of several servers behind one address may differ."""


def clock(answers: list[Answer]) -> Iterator[Finding]:
    """
    The times at which objects were made do not fall during a run, and do not all stand at one moment.

    Answers come in the order in which the cases were sent, but for those of parallel workers, which `MOST_BACK` covers.
    """
    made = [
        (answer, name, moment)
        for answer in answers
        if answer.judged.operation.role == "create" and answer.outcome == "accepted"
        for name, moment in moments(answer.data).items()
        if name.lower().startswith(MADE)
    ]
    latest: datetime | None = None
    for answer, name, moment in made:
        if latest is not None and moment < latest - MOST_BACK:
            expected = f"not before {latest.isoformat()}, which an earlier response gave"
            yield _clock(answer, name, expected, "times fall")
        latest = moment if latest is None else max(latest, moment)
    dates = [date for answer, _, _ in made if (date := moment_of(answer.response.header("date") or ""))]
    if dates and max(dates) - min(dates) >= LONG_RUN and len({moment for _, _, moment in made}) == 1:
        answer, name, _ = made[-1]
        seconds = (max(dates) - min(dates)).seconds
        yield _clock(answer, name, f"a time that goes on; the responses' dates span {seconds} s", "times stand still")


def _clock(answer: Answer, name: str, expected: str, cause: str) -> Finding:
    source = answer.judged.document_source
    return answer.finding("clock", answer.at_data((name,)), expected, str(answer.data[name]), source, cause=cause)


def allowed(answers: list[Answer]) -> Iterator[Finding]:
    """
    An Allow header of the path names each method that the same run saw accepted there.
    """
    here = [answer for answer in answers if not answer.case.overrides.path_parameters]
    worked = {answer.method for answer in here if answer.outcome == "accepted"}
    for answer in here:
        header = answer.response.header("allow")
        lacking = worked - {method.strip() for method in (header or "").split(",")}
        if header is not None and lacking:
            yield answer.finding(
                "protocol",
                "header allow",
                f"it names {', '.join(sorted(lacking))}, which this run saw accepted (10.2.1)",
                header[:80],
                ("rfc9110",),
                cause="protocol Allow lacks an accepted method",
            )


def relations(answers: list[Answer]) -> Iterator[Finding]:
    """
    Cases that mean the same get the same answer, but for what the server makes up, such as ids and times.
    """
    by_id = {answer.case.id: answer for answer in answers}
    for answer in answers:
        other = by_id.get(answer.case.same_answer_as)
        if (
            other is None
            or answer.case.expect.outcome != "accepted"
            or not isinstance(other.data, dict)
            or not isinstance(answer.data, dict)
        ):
            continue
        for path, one, two in differences(other.data, answer.data):
            if _own(answer, path) or (ABSENT in (one, two) and answer.case.partition == "defaults-spelled-out"):
                continue
            yield answer.finding(
                "relations",
                answer.at_data(path),
                f"{shown(one)}, as in the answer to {other.case.id}: {answer.case.note}",
                shown(two),
                answer.case.expect.sources,
                cause="relation",
                about=f"{dotted(path)} ({answer.case.partition})",
                other_case=other.case.id,
            )


def _own(answer: Answer, path: tuple[str, ...]) -> bool:
    """
    Whether a member is a text that no request can set, such as an id, a time or a token: it may differ each time.
    """
    promised = (one.place for one in answer.judged.promises)
    if any(place[: len(path)] == path or path[: len(place)] == place for place in promised):
        return False
    return isinstance(answer.got(path), str) and not answer.judged.fixed(path)


def differences(one: Json, two: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json, Json]]:
    """
    Each place at which two answers differ, with both values.
    """
    if isinstance(one, dict) and isinstance(two, dict):
        for name in dict.fromkeys((*one, *two)):
            yield from differences(one.get(name, ABSENT), two.get(name, ABSENT), (*path, name))
    elif one is ABSENT or two is ABSENT or not same(one, two):
        yield path, one, two


RUN_CHECKS: tuple[Callable[[list[Answer]], Iterator[Finding]], ...] = (
    *(unique_ids, dropped, memory, relations, clock, allowed),
)


def judge_run(contract: Contract, operation: Operation, results: Iterable[Result]) -> tuple[Result, ...]:
    """
    The results with what only several answers together show, and with deviations that no longer happen.

    Results come in the order in which the cases were sent.
    """
    results = tuple(results)
    prepared = judged(contract, operation)
    answers = [
        answer_of(prepared, result.case, result.observation)
        for result in results
        if isinstance(result.observation, Answered)
        and result.status != "error"
        and result.observation.response.status != 429
    ]
    ran = {result.case.id: result.findings for result in results if result.status != "error"}
    found = across(operation, ran, answers)
    return tuple(
        result_with(result.case, result.observation, found[result.case.id], result)
        if result.case.id in found
        else result
        for result in results
    )


def across(
    operation: Operation, ran: Mapping[str, tuple[Finding, ...]], answers: list[Answer]
) -> dict[str, list[Finding]]:
    """
    Case to what only several answers together show, and deviations that no longer happen.

    `ran` has the findings of each case by itself. `answers` come in the order in which the cases were sent.
    """
    found: dict[str, list[Finding]] = {}
    for finding in (*itertools.chain.from_iterable(check(answers) for check in RUN_CHECKS), *gone(operation, ran)):
        found.setdefault(finding.case_id, []).append(finding)
    return {case: known_deviation(operation, findings) for case, findings in found.items()}
