"""
Recordings made: what is due is sent and kept, a sample is sent again and compared, a found body is kept for good.

1. A case is recorded only where no recording has its key, or where the recording has expired. What has been written
   stays whole whenever a recording is stopped; the next one goes on from there.
2. A recording is an answer to its case. No answer, a throttled target and a fault of the service (5xx) are none. A
   refused token ends the recording, since its answers would say the same of every case; so do GIVE_UP in a row of none.
3. A target can only be sent so much. The budget counts requests and created objects; the sender keeps the rate.
4. Comparing looks at shapes, never at values: more than was recorded is a note, less or another type a finding.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from rtkcontract.contract.requests import request_of
from rtkcontract.engine.brakes import NO_LIMIT, Budget, Stop
from rtkcontract.engine.files import sweep, writable, write_whole
from rtkcontract.engine.loop import Exchange
from rtkcontract.engine.resources import stand_ins
from rtkcontract.engine.versions import tool_versions
from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import NotStrictJson, canonical, dumps, loads, pointer
from rtkcontract.model import (
    Case,
    Contract,
    Json,
    Progress,
    Request,
    Response,
    Severity,
    Target,
    Unanswered,
)
from rtkcontract.recordings import cassette
from rtkcontract.recordings import folder as cassette_folder
from rtkcontract.recordings.cassette import Observed, Provenance
from rtkcontract.recordings.folder import Recording
from rtkcontract.recordings.key import SCHEME
from rtkcontract.recordings.replay import CLOCKS_DIFFER_DAYS, EXPIRE_DAYS, age_days, keyed
from rtkcontract.redaction.redactor import Redactor
from rtkcontract.redaction.scanner import scan

MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"


GIVE_UP: Final = 5
"""Requests without an answer in a row after which the target is taken to be down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """
    What a recording did. `stopped` is empty where it came to its end.
    """

    due: int
    kept: int
    """Cases that had a recording already."""
    sent: int = 0
    written: int = 0
    meetings: int = 0
    """Answers that say something was created."""
    unsettled: tuple[tuple[str, str], ...] = ()
    """(case id, reason) of cases whose answer was none."""
    elsewhere: tuple[str, ...] = ()
    """Ids of cases whose answer was not of the target that was asked for, and lies in another folder."""
    absent: tuple[tuple[str, str], ...] = ()
    """(case id, reason) of cases that are about an object that the target does not have."""
    stopped: str = ""
    spent: bool = False
    """Whether it was the budget that stopped it."""
    silent: int = 0
    """How many of the last requests in a row got no answer that could be kept."""

    @property
    def left(self) -> int:
        return self.due - self.sent - len(self.absent)


def due(
    wanted: Mapping[str, Case], found: Mapping[str, Recording], *, now: datetime, expire_days: float = EXPIRE_DAYS
) -> dict[str, Case]:
    """
    Key to case of what has no recording among those that were found, or an expired one.
    """

    def fresh(key: str) -> bool:
        interaction = found[key].interaction if key in found else None
        told = interaction.provenance if interaction else None
        age = age_days(told.recorded_at, now) if told else None
        return age is not None and -CLOCKS_DIFFER_DAYS <= age < expire_days

    return {key: case for key, case in wanted.items() if not fresh(key)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """
    What one recording is made with.
    """

    exchange: Exchange
    folder: Path
    redactor: Redactor
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    tools: Mapping[str, str] = field(default_factory=tool_versions)

    @property
    def contract(self) -> Contract:
        return self.exchange.contract

    @property
    def target(self) -> Target:
        return self.exchange.asking.target

    def held(self, cases: Iterable[Case]) -> dict[str, Recording]:
        """
        Key to recording, of the operations of some cases and of the target that is asked.
        """
        names = dict.fromkeys(case.operation for case in cases)
        place = self.folder / cassette.foreseen(self.target)
        return {key: one for name in names for key, one in cassette_folder.by_key(place / name).items()}


def record(
    session: Session,
    cases: Sequence[Case],
    *,
    budget: Budget = NO_LIMIT,
    expire_days: float = EXPIRE_DAYS,
    again: bool = False,
    progress: Progress | None = None,
) -> Recorded:
    """
    Send what is due and write each answer at once. An answer that may not be written is told and skipped. Raises
    CannotTell where nothing can be written; what was written before is whole and the next recording goes on there.
    """
    writable(session.folder)
    wanted = keyed(session.contract, cases, session.redactor)
    sweep(session.folder)
    todo = dict(wanted) if again else due(wanted, session.held(cases), now=session.now(), expire_days=expire_days)
    state = Recorded(due=len(todo), kept=len(wanted) - len(todo))
    session.exchange.brake.budget = budget
    for case in _cheapest_first(todo.values(), budget):
        try:
            state = record_one(session, case, state)
        except (Stop, KeyboardInterrupt) as stop:
            spent = isinstance(stop, Stop) and stop.spent
            state = replace(state, stopped=session.redactor.text(str(stop)) or "interrupted", spent=spent)
            break
        if progress:
            progress(state.sent, state.due)
        if state.stopped:
            break
    return state


def _cheapest_first(todo: Iterable[Case], budget: Budget) -> list[Case]:
    """
    Where objects are counted, what is refused goes first: it uses up nothing.
    """
    order = {"rejected": 0, "unspecified": 1, "accepted": 2}
    return list(todo) if budget.max_meetings is None else sorted(todo, key=lambda case: order[case.expect.outcome])


def exit_code(state: Recorded) -> int:
    """
    2 where something due got no recording, unless the budget was used up.
    """
    return 2 if state.unsettled or (state.left and not state.spent) else 0


def recorded_text(state: Recorded) -> str:
    """
    What a recording did: one line that counts, and one for each thing to know.
    """
    lines = [f"no answer kept: {case}: {reason}" for case, reason in state.unsettled]
    reasons = Counter(reason for _, reason in state.absent)
    lines += [f"{count} not sent: {reason}" for reason, count in reasons.items()]
    if state.elsewhere:
        lines.append(
            f"{len(state.elsewhere)} answers were not of the target that was asked for; they lie in their own folder"
        )
    if state.stopped:
        lines.append(f"stopped: {state.stopped}; {state.left} are left, and the next recording goes on there")
    elif state.left:
        lines.append(f"{state.left} were not sent; the next recording goes on there")
    lines.append(f"{state.written} recorded, {state.kept} kept as they were, {state.meetings} meetings created")
    return "\n".join(lines)


def record_one(session: Session, case: Case, state: Recorded) -> Recorded:
    """
    Sends one case, writes its answer, and tells what has been done with it. Raises CannotTell as `record` does.
    """
    request, observation = session.exchange.sent(case)
    if isinstance(observation, Unanswered) and observation.missing:
        return replace(state, absent=(*state.absent, (case.id, observation.reason)))
    state = replace(state, sent=state.sent + 1)
    if isinstance(observation, Unanswered) or request is None:
        reason = observation.reason if isinstance(observation, Unanswered) else ""
        return _unsettled(state, case, session.redactor.text(reason))
    response = observation.response
    state = replace(state, meetings=session.exchange.brake.created)
    reason = _no_answer(case, response)
    if reason:
        return replace(state, stopped=reason)
    if response.status >= 500:
        return _unsettled(state, case, f"the service failed with {response.status}")
    try:
        where = _keep(session, case, request, response)
    except cassette_folder.Refused as refused:
        return replace(state, unsettled=(*state.unsettled, (case.id, str(refused))), silent=0)
    return replace(
        state,
        written=state.written + 1,
        silent=0,
        elsewhere=(*state.elsewhere, case.id) if where != cassette.foreseen(session.target) else state.elsewhere,
    )


def _unsettled(state: Recorded, case: Case, reason: str) -> Recorded:
    """
    The state after an answer that is none; the recording ends when too many come in a row.
    """
    silent = state.silent + 1
    stopped = f"{silent} requests in a row got no answer that can be kept" if silent >= GIVE_UP else state.stopped
    return replace(
        state,
        unsettled=(*state.unsettled, (case.id, reason)),
        silent=silent,
        stopped=stopped,
        spent=state.spent and silent < GIVE_UP,
    )


def _no_answer(case: Case, response: Response) -> str:
    """
    Why an answer says nothing of its case and the next ones would not either; "" where it does.
    """
    if response.status == 429:
        wait = response.header("retry-after") or "300"
        return f"the target throttles (429); go on in {wait} s, what was recorded stays"
    ordinary = not case.overrides.path_parameters and "authorization" not in case.overrides.headers
    if response.status in (401, 403) and ordinary:
        return (
            f"the target refuses the token ({response.status}) for {case.id}, a case that is not about credentials; "
            "check the token, its permission Realtime Admin or Realtime, and the account"
        )
    return ""


def _keep(session: Session, case: Case, request: Request, response: Response) -> Observed:
    """
    Redacts, seals and writes one interaction; says what was observed.
    """
    where = cassette.observed(request.url, response)
    operation = session.contract.operations[case.operation]
    stored = request_of(operation, case, session.target, stand_ins(operation, case))
    asked = session.redactor.request(stored)
    try:
        kept = session.redactor.response(response, asked.content)
    except CannotTell as error:
        raise cassette_folder.Refused(str(error)) from None
    interaction = cassette.sealed(
        asked,
        kept,
        Provenance(
            recorded_at=session.now().astimezone(UTC).strftime(MOMENT),
            target=where,
            contract=session.contract.digest,
            case=case.id,
            expected=case.expect.outcome,
            id_scheme=SCHEME,
            tools=session.tools,
            evidence=cassette.evidence(request.url, response),
        ),
    )
    cassette_folder.put(session.folder, where, operation.name, interaction, session.redactor.gate)
    return where


# Comparing.


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """
    One place where an answer of today has another shape than the recorded one.
    """

    case: str
    where: str
    kind: Literal["added", "removed", "retyped", "status"]
    recorded: str
    answered: str

    @property
    def severity(self) -> Severity:
        return "note" if self.kind == "added" else "finding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """
    What comparing found; `sample` holds the ids of the cases that were sent.
    """

    sample: tuple[str, ...]
    differences: tuple[Difference, ...]
    unanswered: tuple[tuple[str, str], ...]


def shape(value: Json, where: str = "") -> dict[str, str]:
    """
    JSON Pointer to the types that stand there; the items of an array share the place `/*`.
    """
    found = {where: _type(value)}
    if isinstance(value, dict):
        for name, item in value.items():
            _merge(found, shape(item, where + pointer((name,))))
    if isinstance(value, list):
        for item in value:
            _merge(found, shape(item, where + "/*"))
    return found


def _merge(found: dict[str, str], more: Mapping[str, str]) -> None:
    for place, kind in more.items():
        kinds = {*found.get(place, kind).split(" or "), kind}
        found[place] = " or ".join(sorted(kinds))


TYPES: Final = ((bool, "boolean"), (type(None), "null"), (str, "string"), (dict, "object"), (list, "array"))


def _type(value: Json) -> str:
    return next((name for kind, name in TYPES if isinstance(value, kind)), "number")


def differences(case: str, recorded: Response, answered: Response) -> Iterator[Difference]:
    """
    How the shape of an answer differs from the recorded one, place by place; values are not looked at.
    """
    if recorded.status != answered.status:
        yield Difference(
            case=case, where="status", kind="status", recorded=str(recorded.status), answered=str(answered.status)
        )
    before, after = _shape_of(recorded), _shape_of(answered)
    for where in dict.fromkeys((*before, *after)):
        old, new = before.get(where), after.get(where)
        if old == new:
            continue
        kind: Literal["added", "removed", "retyped"] = (
            "added" if old is None else "removed" if new is None else "retyped"
        )
        # What stands below something that came, went or changed says nothing more.
        above = where.rpartition("/")[0]
        if where and before.get(above) == after.get(above):
            yield Difference(case=case, where=where, kind=kind, recorded=old or "nothing", answered=new or "nothing")
        elif not where:
            yield Difference(case=case, where="", kind="retyped", recorded=old or "nothing", answered=new or "nothing")


def _shape_of(response: Response) -> dict[str, str]:
    try:
        return shape(loads(response.content))
    except NotStrictJson:
        return {"": "no JSON" if response.content else "empty"}


def compare(session: Session, cases: Sequence[Case], *, sample: int = 10) -> Compared:
    """
    Sends the recorded cases with the smallest keys once more, accepted and refused ones in turn, and tells how the
    answers differ. The sample stays the same while its cases do. Raises CannotTell where nothing is recorded.
    """
    wanted = keyed(session.contract, cases, session.redactor)
    held = session.held(cases)
    chosen = _in_turn({key: held[key] for key in sorted(wanted) if key in held})[:sample]
    if not chosen:
        place = session.folder / cassette.foreseen(session.target)
        raise CannotTell(f"nothing can be compared: {place} holds no recording of a case of this plan; record first")
    found: list[Difference] = []
    silent: list[tuple[str, str]] = []
    for key in chosen:
        case, interaction = wanted[key], held[key].interaction
        observation = session.exchange.send(case)
        if isinstance(observation, Unanswered):
            silent.append((case.id, session.redactor.text(observation.reason)))
        elif interaction is not None:
            answer = session.redactor.response(observation.response, interaction.request.content)
            found += differences(case.id, interaction.response, answer)
    return Compared(sample=tuple(wanted[key].id for key in chosen), differences=tuple(found), unanswered=tuple(silent))


def _in_turn(held: Mapping[str, Recording]) -> list[str]:
    """
    Keys of accepted and of other recordings in turn: only an accepted answer has an object whose shape can change.
    """
    sides: tuple[list[str], list[str]] = ([], [])
    for key, one in held.items():
        accepted = one.interaction is not None and 200 <= one.interaction.response.status < 300
        sides[not accepted].append(key)
    return [key for pair in itertools.zip_longest(*sides) for key in pair if key is not None]


def compared_text(compared: Compared) -> str:
    """
    One line a difference and one that counts them.
    """
    lines = [
        f"{one.severity}: {one.case} {one.where or 'the whole answer'} {one.kind}: "
        f"{one.recorded} before, {one.answered} now"
        for one in compared.differences
    ]
    lines += [f"no answer: {case}: {reason}" for case, reason in compared.unanswered]
    broken = sum(item.severity == "finding" for item in compared.differences)
    lines.append(
        f"{len(compared.sample)} recordings compared: {broken} findings, {len(compared.differences) - broken} notes"
    )
    return "\n".join(lines) + "\n"


# Promoting.


def promote(path: Path, body: bytes, note: str, redactor: Redactor) -> str:
    """
    Adds a body to a `corpus.jsonl` as a line of plain JSON, and returns its name; one that is there stays as it is.

    Raises CannotTell for a body that is no strict JSON or holds a secret of the run.
    """
    try:
        value = loads(body, as_written=True)
    except NotStrictJson as error:
        raise CannotTell(f"the body is not JSON with one meaning ({error}); write it as a case in cases.json") from None
    name = hashlib.sha256(canonical(body)).hexdigest()[:8]
    leaks = scan(body + note.encode(), redactor.gate, place="body", look="ours")
    if leaks:
        raise CannotTell(f"the body was not kept: it would hold {leaks[0].kind}; send made-up values only")
    try:
        lines = path.read_bytes().splitlines() if path.exists() else []
    except OSError as error:
        raise CannotTell(f"{path} cannot be read: {error.strerror}") from None
    if any(f'"name":"{name}"'.encode() in line for line in lines):
        return name
    lines.append(dumps({"name": name, "note": note, "body": value}).encode())
    write_whole(path, b"\n".join(lines) + b"\n")
    return name
