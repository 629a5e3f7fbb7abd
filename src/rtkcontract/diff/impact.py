"""
What a new revision means for recordings: which fit OLD and not NEW, which are missing, which belong to no case.

1. A recording that did not fit OLD either says nothing about the change: cases that are meant to be refused stay out.
2. A recording is named by its case, with the change behind it where one is found at the same place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rtkcontract.diff.accepts import answer_refusals, request_refusals
from rtkcontract.diff.changes import Change
from rtkcontract.json_schema.json_text import NotStrictJson, loads
from rtkcontract.model import Json, Operation

Recorded = tuple[str, bytes, int, bytes]
"""(case id, content of the request, status of the answer, content of the answer)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """
    One recorded interaction that fitted OLD; `why` says what NEW has against it, `change` is the kind of the change.
    """

    case_id: str
    side: Literal["request", "answer"]
    why: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recordings:
    """
    `unrecorded` are cases of NEW without a recording, `orphans` recordings whose case NEW does not have.
    """

    read: int
    outdated: tuple[Outdated, ...]
    unrecorded: tuple[str, ...]
    orphans: tuple[str, ...]


def _value(content: bytes) -> Json | None:
    try:
        return loads(content)
    except NotStrictJson:
        return None


def _cause(why: Sequence[str], side: str, changes: Iterable[Change]) -> str:
    """
    The change of this side whose place or whose witness says the same.
    """
    own = [change for change in changes if change.side == side and change.klass != "documentation"]
    for reason in why:
        for change in own:
            place = change.where.split(" ")[-1]
            if any(witness.why and witness.why in reason for witness in change.witnesses) or (
                place and place in reason
            ):
                return f"{change.kind} at {change.where}"
    breaking = [change for change in own if change.klass in ("breaking", "strict")]
    return f"{breaking[0].kind} at {breaking[0].where}" if len(breaking) == 1 else ""


def _judged(old: Operation, new: Operation, recorded: Recorded, changes: Sequence[Change]) -> Iterator[Outdated]:
    case_id, sent, status, received = recorded
    body = _value(sent)
    if body is not None and not request_refusals(old, {"body": body}, new):
        why = request_refusals(new, {"body": body}, old)
        if why:
            yield Outdated(
                case_id=case_id, side="request", why="; ".join(why[:3]), change=_cause(why, "request", changes)
            )
    answer: Json = {"status": str(status), **({"body": value} if (value := _value(received)) is not None else {})}
    if not answer_refusals(old, answer):
        why = answer_refusals(new, answer, old)
        if why:
            yield Outdated(
                case_id=case_id, side="answer", why="; ".join(why[:3]), change=_cause(why, "answer", changes)
            )


def outdated(
    old: Operation,
    new: Operation,
    recordings: Iterable[Recorded],
    case_ids: Iterable[str],
    changes: Sequence[Change] = (),
) -> Recordings:
    """
    What the change from OLD to NEW does to recordings; `case_ids` are the cases of NEW.
    """
    found: list[Outdated] = []
    seen: dict[str, None] = {}
    count = 0
    for recorded in recordings:
        count += 1
        seen[recorded[0]] = None
        found.extend(_judged(old, new, recorded, changes))
    known = dict.fromkeys(case_ids)
    return Recordings(
        read=count,
        outdated=tuple(found),
        unrecorded=tuple(case for case in known if case not in seen),
        orphans=tuple(case for case in seen if case not in known),
    )


def text(recordings: Recordings) -> str:
    """
    For a terminal; at most ten names of each sort.
    """
    counts = f"{recordings.read} read, {len(recordings.outdated)} fit OLD and not NEW"
    missing = f"{len(recordings.unrecorded)} cases without a recording, {len(recordings.orphans)} without a case"
    lines = [f"recordings: {counts}, {missing}"]
    for item in recordings.outdated[:10]:
        lines.append(f"  {item.case_id}: {item.side}: {item.why}" + (f" ({item.change})" if item.change else ""))
    for label, names in (("no recording yet", recordings.unrecorded), ("belongs to no case", recordings.orphans)):
        lines += [f"  {name}: {label}" for name in names[:10]]
        if len(names) > 10:
            lines.append(f"  and {len(names) - 10} more: {label}")
    return "\n".join(lines) + "\n"
