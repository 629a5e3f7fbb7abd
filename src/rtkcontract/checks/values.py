"""
Values of a response: what was sent comes back, defaults are filled in, times are times.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rtkcontract.checks.answer import Answer, excused, shown
from rtkcontract.json_schema.json_text import pointer
from rtkcontract.json_schema.values import ABSENT, dotted, same, taken
from rtkcontract.model import Finding, Json


def echo(answer: Answer) -> Iterator[Finding]:
    """
    A sent member that comes back has the value that was sent; nulls and writeOnly members are not asked for.
    """
    for promise, sent, got in answer.echoes:
        if not _plainly_same(sent, got) and got is not ABSENT and got is not None and not same(sent, got):
            yield answer.finding(
                "echo",
                "/data" + pointer(promise.place),
                f"{shown(sent)}, as sent",
                shown(got),
                promise.sources,
                severity="finding" if answer.case.expect.outcome == "accepted" else "note",
                schema_at=promise.schema_at,
                cause=f"echo {dotted(promise.place)}",
            )


def _plainly_same(left: Json, right: Json) -> bool:
    """
    Whether two values are the same and can be seen to be: all but lists, objects and numbers of two kinds.
    """
    return type(left) is type(right) and isinstance(left, str | int) and left == right


def defaults(answer: Answer) -> Iterator[Finding]:
    """
    A member that was left out and comes back has its documented default.
    """
    if not answer.paired:
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
                "/data" + pointer(promise.place),
                f"{shown(promise.default)}, the documented default of a member that was left out",
                shown(got),
                promise.sources,
                severity="finding" if answer.case.expect.outcome == "accepted" else "note",
                schema_at=promise.schema_at,
                cause=f"default {dotted(promise.place)}",
            )


def times(answer: Answer) -> Iterator[Finding]:
    """
    An object is not updated before it was created.
    """
    if not isinstance(answer.data, dict):
        return
    created, updated = (_moment(answer.data.get(name)) for name in ("created_at", "updated_at"))
    if created is not None and updated is not None and updated < created:
        yield answer.finding(
            "times",
            "/data/updated_at",
            f"not before created_at, {answer.data['created_at']}",
            str(answer.data["updated_at"]),
            ("oas",),
        )


def _moment(text: Json) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
