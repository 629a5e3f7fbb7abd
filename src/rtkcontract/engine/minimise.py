"""
Failing rows -> what they have in common; re-sends a few small bodies where something can answer.

1. The results alone say much: a pair of values that stands in each failing body and in no passing one is a suspect.
2. A suspect is confirmed by the smallest accepted body that holds it. One that passes is dropped.
3. Without a confirmed suspect, members are taken out of a failing body for as long as it keeps failing.
4. The requests are bounded. With none, as on cassettes, a suspect is told as such.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rtkcontract.generation.request_space import Bodies
from rtkcontract.json_schema.json_text import dumps, encode, loads
from rtkcontract.json_schema.values import ABSENT, MEMBERS, taken
from rtkcontract.model import Case, Expectation, Finding, Json, Result

Ask = Callable[[Case], Result]


Key = tuple[str, str]


SUSPECTS = 6
"""Suspects of one size that are sent to be confirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """
    Why cases fail alike. `body` is the smallest body that was seen to fail, b"" where none was sent.
    """

    key: Key
    cause: str
    confirmed: bool
    cases: tuple[str, ...]
    body: bytes
    requests: int


def key_of(finding: Finding) -> Key:
    """
    Findings of one check at one place may have one cause; a refusal and a 5xx are told apart.
    """
    return finding.check, str(finding.status) if finding.check == "status" else finding.where


def explained(bodies: Bodies, results: Iterable[Result], ask: Ask | None, budget: int = 40) -> list[Explanation]:
    """
    One explanation for each group of failing bodies that some other bodies of the same kind do not share.
    """
    told = [result for result in results if _is_own(result)]
    keys = dict.fromkeys(key_of(finding) for result in told for finding in result.findings if _is_open(finding))
    seen = [(result, row) for result in told if keys and (row := bodies.held(result.case)) is not None]
    found: list[Explanation] = []
    for key in keys:
        failing = [(result, row) for result, row in seen if _fails(result, key)]
        passing = [row for result, row in seen if result.status == "pass" and result.case.expect.outcome == "accepted"]
        if passing:  # where nothing passes, the values sent explain nothing
            found.extend(_explain(bodies, key, failing, passing, ask, budget))
    return found


def _is_open(finding: Finding) -> bool:
    return finding.severity == "finding" and finding.check in (
        "status",
        "echo",
        "dropped",
        "defaults",
        "envelope",
        "body_schema",
    )


def _fails(result: Result, key: Key) -> bool:
    return any(finding.severity == "finding" and key_of(finding) == key for finding in result.findings)


def _is_own(result: Result) -> bool:
    """
    Whether the case is an accepted body of its own that was answered.
    """
    return result.status in ("pass", "fail") and result.case.side in ("valid", "corpus", "generated", "relation")


def _explain(
    bodies: Bodies, key: Key, failing: list[tuple[Result, int]], passing: list[int], ask: Ask | None, budget: int
) -> Iterator[Explanation]:
    left = list(failing)
    while left and budget > 0:
        found = _suspect(bodies, key, left, passing, ask, budget)
        if found is None:
            return
        explanation, mask = found
        budget -= explanation.requests
        yield explanation
        rest = [(result, row) for result, row in left if row & mask != mask]
        if len(rest) == len(left):
            return
        left = rest


def _suspect(
    bodies: Bodies, key: Key, failing: list[tuple[Result, int]], passing: list[int], ask: Ask | None, budget: int
) -> tuple[Explanation, int] | None:
    smallest, _ = min(failing, key=lambda item: (item[1].bit_count() and len(item[0].case.content), item[0].case.id))
    present = [
        literal for literal in bodies.row(bodies.value(smallest.case)) if literal >= 0 and _counts(bodies, literal)
    ]
    spent = 0
    for size in (1, 2, 3):
        ranked = sorted(
            (
                (-sum(row & mask == mask for _, row in failing), combination, mask)
                for combination in itertools.combinations(present, size)
                for mask in [sum(1 << literal for literal in combination)]
                if not any(other & mask == mask for other in passing)
            ),
        )
        for _, combination, mask in ranked[:SUSPECTS]:
            cases = tuple(result.case.id for result, row in failing if row & mask == mask)
            told = _told(bodies, combination)
            if ask is None:
                return Explanation(key=key, cause=told, confirmed=False, cases=cases, body=b"", requests=spent), mask
            probe = _probe(bodies, smallest.case, combination)
            if probe is None or spent >= budget:
                continue
            spent += 1
            if _fails(ask(probe), key):
                return Explanation(
                    key=key, cause=told, confirmed=True, cases=cases, body=probe.content, requests=spent
                ), mask
    if ask is None:
        return None
    body, more = _reduced(bodies, smallest.case, key, ask, budget - spent)
    literals = [literal for literal in bodies.row(loads(body)) if literal >= 0 and _counts(bodies, literal)]
    mask = sum(1 << literal for literal in literals)
    cases = tuple(result.case.id for result, row in failing if row & mask == mask)
    explanation = Explanation(
        key=key,
        cause=_told(bodies, literals),
        confirmed=True,
        cases=cases or (smallest.case.id,),
        body=body,
        requests=spent + more,
    )
    return explanation, mask


def _counts(bodies: Bodies, literal: int) -> bool:
    """
    Whether a literal says something: absence and the mere presence of an object do not.
    """
    level = bodies.told(literal)[1]
    return level.value is not ABSENT and level.value is not MEMBERS


def _told(bodies: Bodies, literals: Iterable[int]) -> str:
    words = []
    for literal in literals:
        factor, level = bodies.told(literal)
        shown = dumps(level.value) if not level.open else f"({level.partition})"
        words.append(f"{factor.field.name}={shown}")
    return " together with ".join(words) or "every body"


def _probe(bodies: Bodies, like: Case, literals: Iterable[int]) -> Case | None:
    """
    The smallest accepted body that holds the literals, as a case.
    """
    row = bodies.smallest(literals)
    if row is None or not bodies.fits(row, "accepted"):
        return None
    body = bodies.body(row)
    own = loads(like.content, as_written=True)
    for literal in literals:  # the very values of the failing body: a class may have many
        factor, _ = bodies.told(literal)
        value = taken(own, factor.place)
        holder = taken(body, factor.place[:-1])
        if value is not ABSENT and isinstance(holder, dict):
            holder[factor.place[-1]] = value
    return _asked(bodies, like, body)


def _asked(bodies: Bodies, like: Case, body: Json) -> Case:
    return dataclasses.replace(
        like,
        id=f"{like.id} (reduced)",
        content=encode(body),
        expect=bodies.oracle.expectation(loads(encode(body))),
        same_answer_as="",
    )


def _reduced(bodies: Bodies, case: Case, key: Key, ask: Ask, budget: int) -> tuple[bytes, int]:
    """
    The body with members taken out one by one for as long as it is accepted by the schema and still fails.
    """
    body, spent, again = loads(case.content, as_written=True), 0, True
    while again:
        again = False
        for place in _places(body):
            smaller = _without(body, place)
            expect: Expectation = bodies.oracle.expectation(loads(encode(smaller)))
            if expect.outcome != "accepted":
                continue
            if spent >= budget:
                return encode(body), spent
            spent += 1
            if _fails(ask(_asked(bodies, case, smaller)), key):
                body, again = smaller, True
                break
    return encode(body), spent


def _places(body: Json, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """
    Each member, large subtrees first.
    """
    found = []
    for name, value in body.items() if isinstance(body, dict) else ():
        found.append((*above, name))
        found.extend(_places(value, (*above, name)))
    return sorted(found, key=len)


def _without(body: Json, place: tuple[str, ...]) -> Json:
    copy = dict(body)
    if len(place) == 1:
        del copy[place[0]]
    else:
        copy[place[0]] = _without(copy[place[0]], place[1:])
    return copy


def with_causes(results: Iterable[Result], explanations: Iterable[Explanation]) -> tuple[Result, ...]:
    """
    The results with the cause of each explained finding told, so that findings of one cause are grouped.
    """
    causes = {(case, explanation.key): explanation for explanation in explanations for case in explanation.cases}
    told = []
    for result in results:
        findings = tuple(
            _explained(finding, causes[result.case.id, key_of(finding)])
            if finding.severity == "finding" and (result.case.id, key_of(finding)) in causes
            else finding
            for finding in result.findings
        )
        told.append(dataclasses.replace(result, findings=findings))
    return tuple(told)


def _explained(finding: Finding, explanation: Explanation) -> Finding:
    cause = "narrowed down" if explanation.confirmed else "suspected"
    return dataclasses.replace(finding, cause=cause, about=f"{finding.check}: {explanation.cause}")
