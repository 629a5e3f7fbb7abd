"""
Times that are no times, or not those at which it happened; and ids that give the server away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from wrong_servers.examples import scene
from wrong_servers.mutants import Calls, Hook, Json, Mutant, call, step, success, told
from wrong_servers.operations import Operation
from wrong_servers.second_server import Row, Server, rules, written

FORM = "format date-time is RFC 3339: the vendor's document"
WHEN = "created_at is when the object was made and updated_at when it was last changed: the vendor's document"

Moved = Callable[[datetime], datetime]
Spelt = Callable[[str], Any]


def _clock(moved: Moved) -> Any:
    """
    Created objects are dated by another clock.
    """

    def change(server: Server, _: Any, __: Operation) -> str:
        return written(moved(server.now()))

    return change


def _both(change: Callable[[dict[str, Any]], None]) -> Callable[[Json, dict[str, Any]], None]:
    return lambda _, data: change(data) if "created_at" in data else None


def _spelt(spell: Spelt) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        data.update(created_at=spell(data["created_at"]), updated_at=spell(data["updated_at"]))

    return change


def _falling(server: Server, _: Any, __: Operation) -> str:
    server.kept["fall"] = server.kept.get("fall", 0) + 1
    return written(server.now() - timedelta(seconds=2 * server.kept["fall"]))


def _frozen(server: Server, original: Any, operation: Operation) -> str:
    return str(server.kept.setdefault("frozen", written(datetime(2026, 11, 1, tzinfo=UTC))))


def _every_other_day(server: Server, original: Any, operation: Operation) -> str:
    server.kept["day"] = not server.kept.get("day", False)
    return written(server.now() - timedelta(days=1)) if server.kept["day"] else str(original(operation))


def _in_seconds_of_start(server: Server, _: Any, __: Operation) -> str:
    server.kept.setdefault("start", server.now())
    return written(datetime(1970, 1, 1, tzinfo=UTC) + (server.now() - server.kept["start"]))


def _times() -> Iterator[Mutant]:
    create = (call("create_meeting", {"title": "a"}),)
    hour = timedelta(hours=1)
    clocks: tuple[tuple[str, Any], ...] = (
        ("an hour ahead", _clock(lambda now: now + hour)),
        ("an hour behind", _clock(lambda now: now - hour)),
        ("local time called UTC", _clock(lambda now: now + 2 * hour)),
        ("a day behind", _clock(lambda now: now - timedelta(days=1))),
        ("a year ahead", _clock(lambda now: now + timedelta(days=365))),
        ("ten minutes ahead", _clock(lambda now: now + timedelta(minutes=10))),
        ("of 1970", _clock(lambda _: datetime(1970, 1, 1, tzinfo=UTC))),
        ("of the year 1", _clock(lambda _: datetime(1, 1, 1, tzinfo=UTC))),
        ("of the year 2000", _clock(lambda now: now.replace(year=2000))),
        ("day and month turned", _clock(lambda now: now.replace(day=now.month, month=min(now.day, 12)))),
        ("always the same", _frozen),
        ("that fall", _falling),
        ("of yesterday, every other one", _every_other_day),
        ("since the start of the server", _in_seconds_of_start),
        ("rounded to the next day", _clock(lambda now: (now + timedelta(days=1)).replace(hour=0, minute=0, second=0))),
    )
    for name, change in clocks:
        yield _time(f"times {name}", step("moment", change, "create_meeting"), (*create, *create, *create), WHEN)
    spellings: tuple[tuple[str, Spelt], ...] = (
        ("with 24 hours", lambda v: v[:11] + "24:00:00.000Z"),
        ("on the 30th of February", lambda v: v[:5] + "02-30" + v[10:]),
        ("in the 61st minute", lambda v: v[:14] + "61" + v[16:]),
        ("with a zone and a Z", lambda v: v[:-1] + "+00:00Z"),
        ("with a zone without a colon", lambda v: v[:-1] + "+0000"),
        ("with a comma", lambda v: v.replace(".", ",")),
        ("in milliseconds", lambda v: int(rules.moment(v).timestamp() * 1000)),
        ("as an HTTP date", lambda v: format_datetime(rules.moment(v), usegmt=True)),
        ("without seconds", lambda v: v[:16] + "Z"),
        ("with a year of two digits", lambda v: v[2:]),
        ("with the day first", lambda v: f"{v[8:10]}-{v[5:7]}-{v[:4]}{v[10:]}"),
        ("by week", lambda v: rules.moment(v).strftime("%G-W%V-%uT%H:%M:%SZ")),
        ("in the basic form", lambda v: v.replace("-", "").replace(":", "")),
        ("with a zone of 25 hours", lambda v: v[:-1] + "+25:00"),
        ("with the name of a zone", lambda v: v[:-1] + " UTC"),
        (
            "without leading zeros",
            lambda v: v.replace("-0", "-").replace("T0", "T") if "-0" in v or "T0" in v else v.replace("T1", "T"),
        ),
    )
    for name, spell in spellings:
        yield _time(f"times {name}", success(told(_both(_spelt(spell))), "create_meeting"), create, FORM)
    yield _time(
        "updated in the future",
        success(
            told(_both(lambda d: d.update(updated_at=written(rules.moment(d["updated_at"]) + hour)))), "create_meeting"
        ),
        create,
        WHEN,
    )
    yield _time(
        "updated long after it was made",
        success(
            told(_both(lambda d: d.update(created_at=written(rules.moment(d["created_at"]) - hour)))), "create_meeting"
        ),
        create,
        WHEN,
    )
    yield _time(
        "updated before it was made by a second",
        success(
            told(_both(lambda d: d.update(updated_at=written(rules.moment(d["updated_at"]) - timedelta(seconds=1))))),
            "create_meeting",
        ),
        create,
        "updated_at is not before created_at: the vendor's document",
    )
    for operation, kind in (
        ("update_meeting", "meetings"),
        ("editWebhook", "webhooks"),
        ("edit_participant", "participants"),
    ):
        yield _time(
            f"{operation} dates its update a day back",
            step("later", lambda server, _, __, row: written(server.now() - timedelta(days=1)), operation),
            scene(kind, "create update"),
            WHEN,
            operation,
        )
    for operation, kind in (
        ("addWebhook", "webhooks"),
        ("post-presets", "presets"),
        ("add_participant", "participants"),
        ("create_app", "apps"),
    ):
        yield _time(
            f"times of {operation} are two hours ahead",
            step("moment", _clock(lambda now: now + 2 * hour), operation),
            scene(kind, "create"),
            WHEN,
            operation,
        )
    yield _time(
        "a recording is invoked tomorrow",
        step("moment", _clock(lambda now: now + timedelta(days=1)), "start_recording"),
        scene("recordings", "create"),
        "invoked_time is when the recording was asked for: the vendor's document",
        "start_recording",
    )
    yield _time(
        "a read has another time of creation",
        step("show", _shifted_read, "get_meeting"),
        scene("meetings", "create read"),
        "created_at is readOnly and does not change: the vendor's document",
        "get_meeting",
    )


def _shifted_read(_: Server, original: Any, operation: Operation, row: Row) -> Any:
    shown = original(operation, row)
    return {**shown, "created_at": written(rules.moment(shown["created_at"]) + timedelta(hours=1))}


def _time(name: str, hook: Hook, shows: Calls, promise: str, operation: str = "create_meeting") -> Mutant:
    return Mutant(
        name=name,
        family="times",
        operations=(operation,),
        description=f"{name[0].upper()}{name[1:]}.",
        promise=promise,
        hook=hook,
        shows=shows,
    )


MUTANTS: tuple[Mutant, ...] = tuple(_times())
