"""
Recordings judged under today's contract: what still holds, what changed, what is missing, who answered and when.

1. No network, no matching and no generation: each recorded request and answer goes through all checks.
2. One broken file is told and hides nothing of the others.
3. STATES says what each state weighs. Time alone never fails a pull request.
4. Without any recording nothing was judged, and that is no pass.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple

from rtkcontract.checks.across import across
from rtkcontract.checks.answer import Answer, answer_of, judged
from rtkcontract.checks.judge import judge
from rtkcontract.contract.deviations import of_maker
from rtkcontract.contract.expectation import Oracle
from rtkcontract.contract.requests import request_of
from rtkcontract.engine.resources import stand_ins
from rtkcontract.json_schema.json_text import NotStrictJson, loads
from rtkcontract.model import (
    Answered,
    Case,
    Contract,
    Expectation,
    Finding,
    Operation,
    Overrides,
    Progress,
    Request,
    Result,
)
from rtkcontract.recordings import cassette
from rtkcontract.recordings import folder as cassette_folder
from rtkcontract.recordings.cassette import Interaction
from rtkcontract.recordings.key import key_of
from rtkcontract.redaction.redactor import PLACEHOLDERS, Redactor

Weight = Literal["pass", "note", "warning", "failure", "error"]


WARN_DAYS: Final = 30


EXPIRE_DAYS: Final = 90


LISTED: Final = 10
"""How many entries of one state `text` lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """
    What can be said of a recording, and what it weighs on a pull request and before a release.
    """

    name: str
    meaning: str
    pull_request: Weight
    release: Weight


OK, INVALID_NOW, VALID_NOW, FINDING = "ok", "accepted then, invalid now", "refused then, valid now", "finding"


MISSING, ORPHANED, AGEING, EXPIRED = "missing", "orphaned", "ageing", "expired"


NOT_VENDOR, EDITED, NO_PROVENANCE, UNREADABLE = "not from the vendor", "edited by hand", "no provenance", "unreadable"


_TABLE: Final[tuple[tuple[str, Weight, Weight, str], ...]] = (
    (UNREADABLE, "error", "error", "the file is cut off, or no cassette of one interaction"),
    (FINDING, "failure", "failure", "the recorded answer breaks a promise of today's contract"),
    (INVALID_NOW, "warning", "failure", "the request was accepted, and today's contract calls it invalid"),
    (VALID_NOW, "warning", "failure", "the request was refused, and today's contract calls it valid"),
    (MISSING, "warning", "failure", "the plan has the case, and no recording has its key"),
    (ORPHANED, "warning", "failure", "no case of the plan has the recording's key"),
    (EXPIRED, "warning", "failure", "recorded longer ago than a recording may be used"),
    (EDITED, "warning", "failure", "the digest does not fit what the file says"),
    (NO_PROVENANCE, "warning", "failure", "the file does not say who answered and when"),
    (AGEING, "warning", "warning", "recorded longer ago than recordings are left without a word"),
    # What ships is recorded from the emulator. It can pass a release, and every summary says so.
    (NOT_VENDOR, "note", "note", "an emulator or a document answered: it proves this toolkit, not the vendor"),
    (OK, "pass", "pass", "nothing of the above, but for who answered"),
)


STATES: Final = tuple(
    State(name=name, pull_request=pull_request, release=release, meaning=meaning)
    for name, pull_request, release, meaning in _TABLE
)


PLAIN: Final = Overrides()


ORDER: Final = {state.name: place for place, state in enumerate(STATES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    One recording or one missing case, with all states that apply in the order of STATES.
    """

    states: tuple[str, ...]
    case: str
    key: str = ""
    path: str = ""
    notes: tuple[str, ...] = ()
    """One for each state that needs words: the reason, the finding, the age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    The recordings of one operation under one contract.
    """

    operation: str
    contract: str
    entries: tuple[Entry, ...]

    @property
    def counts(self) -> dict[str, int]:
        """
        State to number, in the order of STATES, zeros included.
        """
        found = Counter(state for entry in self.entries for state in entry.states)
        return {state.name: found[state.name] for state in STATES}

    @property
    def recorded(self) -> int:
        return sum(MISSING not in entry.states for entry in self.entries)


def exit_code(report: Report, *, release: bool = False) -> int:
    """
    2 where something could not be told or nothing was recorded, else 1 where something weighs as a failure, else 0.
    """
    if not report.recorded:
        return 2
    weights = {state.release if release else state.pull_request for state in STATES if report.counts[state.name]}
    return 2 if "error" in weights else int("failure" in weights)


def text(report: Report, *, release: bool = False, listed: int | None = LISTED) -> str:
    """
    Each recording that is not as it should be, by state and at most `listed` a state, then one line that counts them.
    """
    lines = []
    for state in STATES:
        weight = state.release if release else state.pull_request
        found = [entry for entry in report.entries if state.name in entry.states]
        if not found or weight in ("pass", "note"):
            continue
        found.sort(key=lambda entry: sum(map(len, entry.notes)))  # the smallest body says most
        lines.append(f"{state.name} ({weight}): {len(found)}. {state.meaning[0].upper()}{state.meaning[1:]}.")
        for entry in found[:listed]:
            lines.append(f"  {entry.case}{'  ' + entry.path if entry.path else ''}")
            lines += [f"      {note.partition('|')[2]}" for note in entry.notes if note.startswith(f"{state.name}|")]
        lines += [f"  … and {len(found) - listed} more"] if listed is not None and found[listed:] else []
    counts = ", ".join(f"{count} {name}" for name, count in reversed(report.counts.items()) if count) or "none"
    lines.append(f"{report.operation}: {report.recorded} recordings under contract {report.contract}: {counts}")
    if not report.recorded:
        lines.append(
            f"no recording of {report.operation} was found, so nothing was judged; make them with "
            f"`rtkcontract record --target live`, or name their folder with --cassettes"
        )
    return "\n".join(lines) + "\n"


# Judging.


def keyed(contract: Contract, cases: Iterable[Case], redactor: Redactor) -> dict[str, Case]:
    """
    Key to case, in the order of the cases; two cases with one request share a recording.
    """
    found: dict[str, Case] = {}
    for request, case in stored_requests(contract, cases, redactor):
        found.setdefault(key_of(request), case)
    return found


def stored_requests(contract: Contract, cases: Iterable[Case], redactor: Redactor) -> Iterator[tuple[Request, Case]]:
    """
    Each case with its request as it is stored, ids being templates.
    """
    plain: dict[str, Request] = {}
    for case in cases:
        operation = contract.operations[case.operation]
        ordinary = case.overrides == PLAIN
        if ordinary and case.operation in plain:
            # Most cases differ in their content alone.
            like = plain[case.operation]
            request = Request(
                method=like.method, url=like.url, headers=like.headers, content=redactor.content(case.content)
            )
        else:
            request = redactor.request(request_of(operation, case, PLACEHOLDERS, stand_ins(operation, case)))
            if ordinary:
                plain[case.operation] = request
        yield request, case


CLOCKS_DIFFER_DAYS: Final = 1.0
"""How far in the future the time of a recording may lie."""


def age_days(recorded_at: str, now: datetime) -> float | None:
    """
    Days since a recording; None where its time cannot be read.
    """
    try:
        at = datetime.fromisoformat(recorded_at)
    except ValueError:
        return None
    return None if at.tzinfo is None else (now - at).total_seconds() / 86_400


class _Told(NamedTuple):
    """
    What is told of one recording before all of them are looked at together.
    """

    key: str
    """"" for a file that cannot be read."""
    name: str
    states: list[tuple[str, str]]
    """(state, words)"""
    findings: tuple[Finding, ...] | None
    """None where the case could not be judged."""
    answer: Answer | None
    """A response that has `data`; others have nothing to be compared with."""


class _Judge:
    """
    What judging one recording needs.
    """

    def __init__(
        self,
        contract: Contract,
        operation: Operation,
        wanted: Mapping[str, Case],
        keys: Mapping[Request, str],
        now: datetime,
        days: tuple[float, float],
    ) -> None:
        self.contract, self.operation, self.now, self.days = contract, operation, now, days
        self.wanted, self.keys = wanted, keys
        self.oracle = Oracle(contract.document, operation.request_schema)
        self.prepared = judged(contract, operation)
        self.operations: dict[str, Operation] = {}
        self.plain = request_of(
            operation, _orphan("", operation, b"", Expectation(outcome="unspecified", reason="")), PLACEHOLDERS
        )

    def orphan(self, interaction: Interaction, key: str) -> Case:
        """
        A case for a recording without one: judged by the schema where the request is an ordinary one.
        """
        told, request = interaction.provenance, interaction.request
        expect = Expectation(outcome="unspecified", reason="no case of today says what is expected")
        ordinary = dict(request.headers)
        if (request.method, request.url) == (self.plain.method, self.plain.url) and all(
            ordinary.get(name) == value
            for name, value in self.plain.headers
            if name in ("authorization", "content-type")
        ):
            with contextlib.suppress(NotStrictJson):
                expect = self.oracle.expectation(loads(request.content))
        return _orphan(
            told.case if told and told.case else f"{self.operation.name}/{key}", self.operation, request.content, expect
        )

    def one(self, path: Path) -> _Told:
        recording = cassette_folder.recording(path, self.keys)
        interaction, key = recording.interaction, recording.key
        if interaction is None:
            return _Told("", path.stem, [(UNREADABLE, recording.problem)], None, None)
        known = self.wanted.get(key)
        case = known or self.orphan(interaction, key)
        observation = Answered(response=interaction.response, elapsed_s=None)
        maker = path.parts[-3]
        if maker not in self.operations:
            self.operations[maker] = of_maker(self.operation, maker)
        answer = answer_of(self.prepared, case, observation)
        result = judge(self.contract, self.operations[maker], case, observation, parsed=answer)
        states = [*self.states(interaction, case, result), *([] if known else [(ORPHANED, "")])]
        telling = result.status != "error" and isinstance(answer.data, dict)
        return _Told(
            key,
            case.id,
            states,
            result.findings if result.status != "error" else None,
            answer if telling else None,
        )

    def states(self, interaction: Interaction, case: Case, result: Result) -> Iterator[tuple[str, str]]:
        """
        (state, words) for what the contract and the provenance say.
        """
        yield from self._verdict(interaction, case, result)
        told = interaction.provenance
        if told is None or not told.recorded_at:
            yield NO_PROVENANCE, ""
            yield NOT_VENDOR, ""
            return
        if told.target != "live":
            yield NOT_VENDOR, ""
        if not cassette.untouched(interaction):
            yield EDITED, ""
        age = age_days(told.recorded_at, self.now)
        if age is None:
            yield NO_PROVENANCE, "recorded_at is no RFC 3339 time with a zone"
        elif age < -CLOCKS_DIFFER_DAYS:
            yield NO_PROVENANCE, f"recorded_at lies in the future: {told.recorded_at}"
        elif age >= self.days[1]:
            yield EXPIRED, f"recorded {told.recorded_at}, {age:.0f} days ago; the limit is {self.days[1]:g}"
        elif age >= self.days[0]:
            yield AGEING, f"recorded {told.recorded_at}, {age:.0f} days ago"

    def _verdict(self, interaction: Interaction, case: Case, result: Result) -> Iterator[tuple[str, str]]:
        then = interaction.provenance.expected if interaction.provenance else ""
        status, now = interaction.response.status, case.expect.outcome
        changed = ""
        if 200 <= status < 300 and now == "rejected" and then != "rejected":
            changed = INVALID_NOW
        elif 400 <= status < 500 and now == "accepted" and then != "accepted":
            changed = VALID_NOW
        if changed:
            yield changed, f"answered {status}; {case.expect.reason}; body {_short(interaction.request.content)}"
        if result.status == "error":
            yield FINDING, f"no answer to this case: {result.reason}"
        # A changed contract already says why the status is another.
        yield from _found(finding for finding in result.findings if not (changed and finding.check == "status"))


def _found(findings: Iterable[Finding]) -> Iterator[tuple[str, str]]:
    for finding in findings:
        if finding.severity == "finding":
            yield FINDING, f"{finding.check} {finding.where}: expected {finding.expected}; got {finding.observed}"


def _orphan(name: str, operation: Operation, content: bytes, expect: Expectation) -> Case:
    return Case(id=name, operation=operation.name, side="corpus", partition="recorded", content=content, expect=expect)


def _short(content: bytes) -> str:
    body = content.decode("utf-8", "backslashreplace")
    return body if len(body) <= 120 else body[:119] + "…"


def _entry(found: Iterable[tuple[str, str]], case: str, key: str, path: str) -> Entry:
    states = list(found)
    if all(state == NOT_VENDOR for state, _ in states):
        states.append((OK, ""))
    return Entry(
        states=tuple(sorted({state for state, _ in states}, key=lambda state: ORDER[state])),
        case=case,
        key=key,
        path=path,
        notes=tuple(f"{state}|{words}" for state, words in states if words),
    )


def judge_folder(
    contract: Contract,
    operation: Operation,
    cases: Iterable[Case],
    folder: Path,
    *,
    now: datetime,
    warn_days: float = WARN_DAYS,
    expire_days: float = EXPIRE_DAYS,
    progress: Progress | None = None,
) -> Report:
    """
    Judges every recording of the operation below a folder by today's contract.
    """
    keys: dict[Request, str] = {}
    wanted: dict[str, Case] = {}
    for request, case in stored_requests(contract, cases, Redactor(contract)):
        keys[request] = key = key_of(request)
        wanted.setdefault(key, case)
    judge = _Judge(contract, operation, wanted, keys, now, (warn_days, expire_days))
    held = [path for path in cassette_folder.files(folder) if path.parts[-2:-1] == (operation.name,)]
    entries: list[Entry] = []
    # Responses are compared with each other within one folder only: those in another come from somewhere else.
    groups: dict[Path, list[tuple[str, _Told]]] = {}
    there = set()
    for done, path in enumerate(held, 1):
        one = judge.one(path)
        there.add(one.key)
        if one.key:
            groups.setdefault(path.parent, []).append((_below(path, folder), one))
        else:
            entries.append(_entry(one.states, one.name, "", _below(path, folder)))
        if progress:
            progress(done, len(held))
    for group in groups.values():
        entries += _together(judge, group)
    entries += [_entry([(MISSING, "")], case.id, key, "") for key, case in wanted.items() if key not in there]
    return Report(operation=operation.name, contract=contract.digest, entries=tuple(entries))


def joined(reports: Sequence[Report]) -> Report:
    """
    The reports of several operations as one.
    """
    if len(reports) == 1:
        return reports[0]
    entries = tuple(entry for report in reports for entry in report.entries)
    return replace(reports[0], operation=f"{len(reports)} operations", entries=entries)


def _together(judge: _Judge, group: list[tuple[str, _Told]]) -> Iterator[Entry]:
    """
    The entries of the recordings in one folder, in the order of the plan, orphans last.
    """
    places = {key: place for place, key in enumerate(judge.wanted)}
    group.sort(key=lambda pair: places.get(pair[1].key, len(places)))
    ran = {one.name: one.findings for _, one in group if one.findings is not None}
    found = across(judge.operation, ran, [one.answer for _, one in group if one.answer])
    for path, one in group:
        yield _entry([*one.states, *_found(found.get(one.name, ()))], one.name, one.key, path)


def _below(path: Path, folder: Path) -> str:
    return "/".join(path.parts[len(folder.parts) :])
