"""
Values of a response: what was sent comes back, defaults are filled in, times are times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from rtkcontract.checks import protocol
from rtkcontract.checks.answer import Answer, excused, shown
from rtkcontract.json_schema.values import ABSENT, Place, dotted, same, taken
from rtkcontract.model import Finding, Json, Severity


def echo(answer: Answer) -> Iterator[Finding]:
    """
    A sent member that comes back has the value that was sent; nulls and writeOnly members are not asked for.
    """
    for promise, sent, got in answer.echoes:
        if not _plainly_same(sent, got) and got is not ABSENT and got is not None and not same(sent, got):
            yield answer.finding(
                "echo",
                answer.at_data(promise.place),
                f"{shown(sent)}, as sent",
                shown(got),
                promise.sources,
                severity=_weight(answer, promise.place),
                schema_at=promise.schema_at,
                cause="echo",
                about=dotted(promise.place),
            )


def _weight(answer: Answer, place: Place) -> Severity:
    """
    How much a changed member weighs: where acceptance was open, only what nobody disputes keeps its promise.

    A dispute is about one member, and may change what becomes of the members beside it in the same top-level member.
    """
    disputed = answer.case.field.partition(".")[0]
    decided = answer.case.expect.outcome == "accepted" or (disputed and place[0] != disputed)
    return "finding" if decided else "note"


NULL_WORDS: Final = frozenset(("none", "null", "undefined", "nil", "nan"))


def nulls(answer: Answer) -> Iterator[Finding]:
    """
    A null that was sent does not come back as a word that a programming language prints for it.
    """
    for place, sent in answer.asked.items() if answer.paired else ():
        got = answer.got(place) if sent is None else None
        if isinstance(got, str) and got.lower() in NULL_WORDS:
            yield answer.finding(
                "nulls",
                answer.at_data(place),
                "null, a value or nothing",
                shown(got),
                ("owasp-api8",),
                severity="warning",
                cause=f"null as a word {dotted(place)}",
            )


def _plainly_same(left: Json, right: Json) -> bool:
    """
    Whether two values are the same and can be seen to be: all but lists, objects and numbers of two kinds.
    """
    return type(left) is type(right) and isinstance(left, str | int) and left == right


def defaults(answer: Answer) -> Iterator[Finding]:
    """
    A member that was left out of a new object and comes back has its documented default.
    """
    if not answer.paired or not answer.judged.fills:
        return
    for promise in answer.judged.defaulted:
        if promise.place in answer.asked or excused(answer.case, promise.place):
            continue
        parent = answer.sent if len(promise.place) == 1 else taken(answer.sent, promise.place[:-1])
        if not isinstance(parent, dict) or promise.place[-1] in parent:
            continue
        got = answer.got(promise.place)
        if got is not ABSENT and got is not None and not same(promise.default, got):
            yield answer.finding(
                "defaults",
                answer.at_data(promise.place),
                f"{shown(promise.default)}, the documented default of a member that was left out",
                shown(got),
                promise.sources,
                severity=_weight(answer, promise.place),
                schema_at=promise.schema_at,
                cause="default",
                about=dotted(promise.place),
            )


SLACK: Final = timedelta(minutes=10)
"""By how much the clocks of a server and of what stands before it may differ."""
MADE, CHANGED = "created", "updated"
"""How members begin that tell when an object was made and last changed."""


def times(answer: Answer) -> Iterator[Finding]:
    """
    An object is not updated before it was created, and neither time is far from the server's own clock, `date`.

    Only a create tells how old an object may be; a time in the future is wrong for each.
    """
    told = moments(answer.data)
    created, updated = (_first(told, start) for start in (MADE, CHANGED))
    if created and updated and told[updated] < told[created]:
        yield answer.finding(
            "times",
            answer.at_data((updated,)),
            f"not before {created}, {answer.data[created]}",
            str(answer.data[updated]),
            answer.judged.document_source,
        )
    now = protocol.moment_of(answer.response.header("date") or "")
    if now is None:
        return
    for name, moment in told.items():
        early = answer.judged.operation.role == "create" and answer.response.status == 201 and moment < now - SLACK
        if early or moment > now + SLACK:
            yield answer.finding(
                "times",
                answer.at_data((name,)),
                f"a time within {SLACK.seconds // 60} minutes of the response's date, {now.isoformat()}",
                str(answer.data[name]),
                answer.judged.document_source,
                cause=f"clock {name}",
            )


def moments(data: Json) -> dict[str, datetime]:
    """
    Member of `data` -> the moment at which the object was made or changed.
    """
    members = data.items() if isinstance(data, dict) else ()
    found = {name: _moment(text) for name, text in members if name.lower().startswith((MADE, CHANGED))}
    return {name: moment for name, moment in found.items() if moment is not None}


def _first(told: Mapping[str, datetime], start: str) -> str:
    return next((name for name in told if name.lower().startswith(start)), "")


def _moment(text: Json) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
