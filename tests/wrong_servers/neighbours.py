"""
Faults between objects: what stands below another parent, app or account, and what happens at once.
"""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Iterator
from typing import Any

from wrong_servers.examples import BODIES, COLLECTIONS, PERSON, scene
from wrong_servers.mutants import (
    APP,
    CRASH,
    Call,
    Calls,
    Effect,
    Hook,
    Json,
    Mutant,
    Source,
    both,
    call,
    get,
    parsed,
    put,
    step,
    values,
)
from wrong_servers.operations import Operation
from wrong_servers.second_server import (
    LIVE_MEETING,
    OTHER_ACCOUNT,
    SECOND_APP,
    TOKEN,
    RefusalError,
    Request,
    Response,
    Row,
    Server,
)

BELOW = "the path says below which object another one stands: the vendor's document"
AUTHORISED = "a caller sees the objects of its own account and app (OWASP API1:2023, and 403 of the vendor's edge)"
_NOBODY = "00000000-0000-4000-8000-000000000000"


# --- parents --------------------------------------------------------------------------------------------------------


def _any_parent(server: Server, original: Any, operation: Operation, app: str, kind: str, parent: str, own: str) -> Row:
    """
    An object is found below any parent of its app.
    """
    row = server.table(app, kind).get(own)
    return row if row else original(operation, app, kind, parent, own)


def _any_app(server: Server, original: Any, operation: Operation, app: str, kind: str, parent: str, own: str) -> Row:
    """
    An object is found in any app.
    """
    for (_, other), rows in server.rows.items():
        if other == kind and own in rows:
            return rows[own]
    return original(operation, app, kind, parent, own)


def _any_kind(server: Server, original: Any, operation: Operation, app: str, kind: str, parent: str, own: str) -> Row:
    """
    An id of another collection is found.
    """
    for (holder, _), rows in server.rows.items():
        if holder == app and own in rows:
            return rows[own]
    return original(operation, app, kind, parent, own)


def _all_parents(server: Server, _: Any, __: Operation, app: str, kind: str, ___: str) -> list[Row]:
    return sorted(server.table(app, kind).values(), key=lambda row: row.order)


def _all_apps(server: Server, _: Any, __: Operation, ___: str, kind: str, ____: str) -> list[Row]:
    found = (row for (_app, other), rows in server.rows.items() if other == kind for row in rows.values())
    return sorted(found, key=lambda row: row.order)


def _unchecked(*_: Any) -> None:
    return None


def _any_meeting(server: Server, original: Any, operation: Operation, ids: Any, query: Any, sent: Json) -> Any:
    """
    A recording of a meeting that does not exist is started in another one.
    """
    known = sent["meeting_id"] in server.table(ids["app_id"], "meetings")
    return original(operation, ids, query, sent if known else {**sent, "meeting_id": LIVE_MEETING})


def _removes_namesakes(server: Server, original: Any, operation: Operation, row: Row) -> None:
    """
    Deletes the participants of all meetings that have the same custom id.
    """
    name = row.data["custom_participant_id"]
    for one in list(server.table(row.app, "participants").values()):
        if one.data["custom_participant_id"] == name:
            original(operation, one)


def _into_first(server: Server, original: Any, operation: Operation, app: str, kind: str, _: str, data: Any) -> Row:
    """
    Whatever the path says, it goes below the oldest of one's own meetings.
    """
    meetings = [row for row in server.below(operation, app, "meetings", "") if row.id != LIVE_MEETING]
    return original(operation, app, kind, meetings[0].id, data)


def _first_app(server: Server, original: Any, operation: Operation, _: str, kind: str, parent: str, data: Any) -> Row:
    return original(operation, APP, kind, parent, data)


def _without_account(server: Server, original: Any, operation: Operation, request: Request, ids: Any) -> None:
    """
    Any account of a good form is let in.
    """
    with contextlib.suppress(RefusalError):
        original(operation, request, ids)
        return
    if f"Bearer {TOKEN}" != request.header("authorization"):
        original(operation, request, ids)


def _pairs() -> Calls:
    """
    Two meetings with a participant each.
    """
    return (
        call("create_meeting", {"title": "One"}),
        call("create_meeting", {"title": "Two"}),
        call("add_participant", PERSON, meeting_id="$0.data.id"),
        call("add_participant", {**PERSON, "name": "Other"}, meeting_id="$1.data.id"),
    )


def _parents() -> Iterator[Mutant]:
    crossed = {"meeting_id": "$1.data.id", "participant_id": "$2.data.id"}
    rows: list[tuple[str, str, Hook, Calls, str]] = []
    for role in ("read", "update", "replace", "delete"):
        operation = getattr(COLLECTIONS["participants"], role)
        one = Call(operation=operation, body=BODIES.get(operation, ...), ids=crossed)
        one = one if operation in BODIES else Call(operation=operation, ids=crossed)
        rows.append(
            (
                f"{operation} of another meeting's participant",
                operation,
                step("find", _any_parent, operation),
                (*_pairs(), one),
                BELOW,
            )
        )
    rows.append(
        (
            "regenerate_token of another meeting's participant",
            "regenerate_token",
            step("find", _any_parent, "regenerate_token"),
            (*_pairs(), Call(operation="regenerate_token", ids=crossed)),
            BELOW,
        )
    )
    for kind in ("meetings", "presets", "webhooks", "recordings"):
        collection = COLLECTIONS[kind]
        elsewhere = {"app_id": SECOND_APP, collection.own_id: f"$0.{collection.id_at}"}
        rows.append(
            (
                f"{collection.read} of another app's {collection.one}",
                collection.read,
                step("find", _any_app, collection.read),
                (*scene(kind, "create"), Call(operation=collection.read, ids=elsewhere)),
                AUTHORISED,
            )
        )
        rows.append(
            (
                f"{collection.list} of all apps",
                collection.list,
                step("below", _all_apps, collection.list),
                (*scene(kind, "create"), Call(operation=collection.list, ids={"app_id": SECOND_APP})),
                AUTHORISED,
            )
        )
    for kind in ("presets", "webhooks"):
        collection = COLLECTIONS[kind]
        for role in ("delete", "update"):
            operation = getattr(collection, role)
            elsewhere = {"app_id": SECOND_APP, collection.own_id: "$0.data.id"}
            sent = {"body": BODIES[operation]} if operation in BODIES else {}
            rows.append(
                (
                    f"{operation} of another app's {collection.one}",
                    operation,
                    step("find", _any_app, operation),
                    (*scene(kind, "create"), Call(operation=operation, ids=elsewhere, **sent)),
                    AUTHORISED,
                )
            )
    update = Call(
        operation="update_meeting", body={"title": "Mine"}, ids={"app_id": SECOND_APP, "meeting_id": "$0.data.id"}
    )
    rows += [
        (
            "update_meeting of another app's meeting",
            "update_meeting",
            step("find", _any_app, "update_meeting"),
            (*scene("meetings", "create"), update),
            AUTHORISED,
        ),
        (
            "participants of all meetings are listed",
            "get_meeting_participants",
            step("below", _all_parents, "get_meeting_participants"),
            (*_pairs(), call("get_meeting_participants", meeting_id="$0.data.id")),
            BELOW,
        ),
        (
            "participants of a meeting that does not exist are listed",
            "get_meeting_participants",
            step("check_parent", _unchecked, "get_meeting_participants"),
            (call("get_meeting_participants", meeting_id=_NOBODY),),
            BELOW,
        ),
        (
            "a participant is added to a meeting that does not exist",
            "add_participant",
            step("check_parent", _unchecked, "add_participant"),
            (call("add_participant", PERSON, meeting_id=_NOBODY),),
            BELOW,
        ),
        (
            "a participant is added to the oldest meeting",
            "add_participant",
            step("insert", _into_first, "add_participant"),
            (*_pairs(), call("get_meeting_participants", meeting_id="$1.data.id")),
            BELOW,
        ),
        (
            "a meeting is made in the first app",
            "create_meeting",
            step("insert", _first_app, "create_meeting"),
            (call("create_meeting", {}, app_id=SECOND_APP), call("get_all_meetings", app_id=SECOND_APP)),
            AUTHORISED,
        ),
        (
            "a recording of a meeting that does not exist",
            "start_recording",
            step("do_record", _any_meeting, "start_recording"),
            (call("start_recording", {"meeting_id": _NOBODY}),),
            BELOW,
        ),
        (
            "a track recording of a meeting that does not exist",
            "startTrackRecordingForAMeeting",
            step("do_record", _any_meeting, "startTrackRecordingForAMeeting"),
            (call("startTrackRecordingForAMeeting", {"meeting_id": _NOBODY}),),
            BELOW,
        ),
        (
            "delete_meeting_participant takes the namesakes of other meetings",
            "delete_meeting_participant",
            step("remove", _removes_namesakes, "delete_meeting_participant"),
            (
                *_pairs(),
                call("delete_meeting_participant", meeting_id="$0.data.id", participant_id="$2.data.id"),
                call("get_meeting_participant", meeting_id="$1.data.id", participant_id="$3.data.id"),
            ),
            BELOW,
        ),
        (
            "get_meeting takes a preset's id",
            "get_meeting",
            step("find", _any_kind, "get_meeting"),
            (*scene("presets", "create"), call("get_meeting", meeting_id="$0.data.id")),
            "the id is of a meeting: the vendor's document",
        ),
        (
            "getWebhook takes a meeting's id",
            "getWebhook",
            step("find", _any_kind, "getWebhook"),
            (*scene("meetings", "create"), call("getWebhook", webhook_id="$0.data.id")),
            "the id is of a webhook: the vendor's document",
        ),
        (
            "get-presets-preset_id takes a webhook's id",
            "get-presets-preset_id",
            step("find", _any_kind, "get-presets-preset_id"),
            (*scene("webhooks", "create"), call("get-presets-preset_id", preset_id="$0.data.id")),
            "the id is of a preset: the vendor's document",
        ),
        (
            "any account sees the meetings",
            "get_all_meetings",
            step("authorise", _without_account, "get_all_meetings"),
            (call("get_all_meetings", account_id=OTHER_ACCOUNT),),
            AUTHORISED,
        ),
        (
            "any account makes webhooks",
            "addWebhook",
            step("authorise", _without_account, "addWebhook"),
            (call("addWebhook", BODIES["addWebhook"], account_id=OTHER_ACCOUNT),),
            AUTHORISED,
        ),
        (
            "webhooks need no credentials",
            "getAllWebhooks",
            step("authorise", _unchecked, "getAllWebhooks"),
            (Call(operation="getAllWebhooks", headers={"authorization": None}),),
            "401 of the webhook operations: the vendor's document",
        ),
        (
            "deletes need no credentials",
            "delete-presets-preset_id",
            step("authorise", _unchecked, "delete-presets-preset_id"),
            (
                *scene("presets", "create"),
                Call(
                    operation="delete-presets-preset_id",
                    ids={"preset_id": "$0.data.id"},
                    headers={"authorization": None},
                ),
            ),
            "security api_token: the vendor's document",
        ),
        (
            "reads take any token of a good form",
            "get_meeting",
            step("authorise", _unchecked, "get_meeting"),
            (
                *scene("meetings", "create"),
                Call(
                    operation="get_meeting",
                    ids={"meeting_id": "$0.data.id"},
                    headers={"authorization": "Bearer " + "z" * 40},
                ),
            ),
            "security api_token: the vendor's document",
        ),
        (
            "the id of the path is taken from the body",
            "update_meeting",
            step("row", _id_of_body, "update_meeting"),
            (
                *scene("meetings", "create create2"),
                Call(
                    operation="update_meeting",
                    body={"title": "Swapped", "id": "$1.data.id"},
                    ids={"meeting_id": "$0.data.id"},
                ),
                call("get_meeting", meeting_id="$1.data.id"),
            ),
            "the path names the object: RFC 9110 9.3.4 and RFC 5789 2",
        ),
        (
            "a body sets the id of a new meeting",
            "create_meeting",
            step("insert", _insert_as_sent, "create_meeting"),
            (call("create_meeting", {"title": "Mine", "id": _NOBODY}),),
            "id is readOnly: the vendor's document",
        ),
    ]
    for name, operation, hook, shows, promise in rows:
        yield Mutant(
            name=name,
            family="parents",
            operations=(operation,),
            description=f"{name[0].upper()}{name[1:]} is possible.",
            promise=promise,
            source="documents" if "vendor" in promise else "standards",
            hook=both(hook, _remembering_body) if "body" in name else hook,
            shows=shows,
        )


def _remembering_body(server: Server) -> None:
    original = server.read_body

    def reading(operation: Operation, request: Request) -> Json:
        server.kept["sent"] = original(operation, request)
        return server.kept["sent"]

    server.read_body = reading  # type: ignore[method-assign]


def _id_of_body(server: Server, original: Any, operation: Operation, ids: Any) -> Row:
    sent = get(server.kept["sent"], "id")
    row = server.table(ids["app_id"], "meetings").get(sent if isinstance(sent, str) else "")
    return row or original(operation, ids)


def _insert_as_sent(server: Server, original: Any, operation: Operation, *more: Any) -> Row:
    row: Row = original(operation, *more)
    sent = get(server.kept["sent"], "id")
    if isinstance(sent, str):
        table = server.table(row.app, row.kind)
        del table[row.id]
        row.id = row.data["id"] = sent
        table[sent] = row
    return row


# --- at once --------------------------------------------------------------------------------------------------------

HOLD_S = 0.015
"""How long a mutant waits where a careless server would be interrupted."""
LOST = "each of two requests takes effect, in some order: RFC 9110 15.3 for both"
OWN = "a response is to its own request: RFC 9112 9.3.2"


def _no_lock(server: Server) -> None:
    server.lock = contextlib.nullcontext()  # type: ignore[assignment]


def _slow_write(server: Server, original: Any, operation: Operation, row: Row, sent: Json) -> Any:
    """
    Read, wait, write: what another request wrote in between is lost.
    """
    before = copy.deepcopy(row.data)
    time.sleep(HOLD_S)
    stale = Row(kind=row.kind, app=row.app, parent=row.parent, id=row.id, order=row.order, data=before)
    return original(operation, stale, sent)


def _busy(server: Server) -> int:
    return int(server.kept.get("busy", 0))


def _counting(server: Server) -> None:
    """
    Counts how many requests are under way, and holds each for a moment.
    """
    original = server.handle

    def handling(request: Request) -> Response:
        server.kept["busy"] = _busy(server) + 1
        server.kept.setdefault("others", {})[id(request)] = request
        try:
            time.sleep(HOLD_S)
            return original(request)
        finally:
            server.kept["busy"] -= 1
            server.kept["others"].pop(id(request), None)

    server.handle = handling  # type: ignore[method-assign]


def _shared_id(server: Server, original: Any, operation: Operation) -> str:
    """
    Ids come from a clock that ticks slowly.
    """
    now = time.monotonic()
    last, made = server.kept.get("id", (0.0, ""))
    if now - last > HOLD_S / 2 or not made:
        made = original(operation)
        server.kept["id"] = (now, made)
    return str(made)


def _overwritten(server: Server, original: Any, operation: Operation, app: str, kind: str, *more: Any) -> Row:
    """
    The table is read, changed and written back.
    """
    before = dict(server.table(app, kind))
    time.sleep(HOLD_S)
    row: Row = original(operation, app, kind, *more)
    server.rows[app, kind] = {**before, row.id: row}
    return row


def _last_body(server: Server) -> None:
    """
    The body stands in a place that all requests share.
    """
    original = server.read_body

    def reading(operation: Operation, request: Request) -> Json:
        server.kept["shared"] = original(operation, request)
        time.sleep(HOLD_S)
        return server.kept["shared"]

    server.read_body = reading  # type: ignore[method-assign]


def _torn(server: Server, original: Any, operation: Operation, row: Row, data: dict[str, Any]) -> None:
    """
    Every other replacement writes the title at once and the rest later.
    """
    server.kept["torn"] = server.kept.get("torn", 0) + 1
    if server.kept["torn"] % 2:
        row.data["title"] = data.get("title", "")
        time.sleep(2 * HOLD_S)
        original(operation, row, {**data, "title": row.data["title"]})
    else:
        time.sleep(HOLD_S)
        original(operation, row, data)


def _beyond(most: int, effect: Effect) -> Any:
    def change(server: Server, original: Any, operation: Operation, q: Request, s: Json, made: Response) -> Response:
        return effect(server, q, s, original(operation, q, s, made)) if _busy(server) > most else made

    return change


def _others_title(server: Server, original: Any, operation: Operation, q: Request, s: Json, made: Response) -> Response:
    """
    The title of another request that is under way.
    """
    others = [r for r in server.kept.get("others", {}).values() if r.content != q.content]
    whole = parsed(made.content)
    other = get(parsed(others[0].content), "title") if others else None
    if isinstance(other, str):
        put(whole, "data.title", other)
        return server.answer(made.status, whole)
    return made


def _no_lock_token(server: Server, original: Any, operation: Operation) -> str:
    made = server.kept.get("token_at", (0.0, ""))
    if time.monotonic() - made[0] < HOLD_S / 2 and made[1]:
        return str(made[1])
    token = original(operation)
    server.kept["token_at"] = (time.monotonic(), token)
    return str(token)


def _at_once() -> Iterator[Mutant]:
    one = call("create_meeting", {"title": "Base", "persist_chat": False})
    several = tuple(call("create_meeting", {"title": f"burst {number}"}) for number in range(4))
    everyone = Call(operation="get_all_meetings", query={"per_page": "100"})
    title = call("update_meeting", {"title": "Changed"}, meeting_id="$0.data.id")
    chat = call("update_meeting", {"persist_chat": True}, meeting_id="$0.data.id")
    alive = call("update_meeting", {"session_keep_alive_time_in_secs": 300}, meeting_id="$0.data.id")
    read = call("get_meeting", meeting_id="$0.data.id")
    people = tuple(
        call("add_participant", {**PERSON, "custom_participant_id": f"guest {n}"}, meeting_id="$0.data.id")
        for n in range(3)
    )
    halves = tuple(
        call(
            "replace_meeting",
            {"title": f"half {n}", "session_keep_alive_time_in_secs": 100 + n},
            meeting_id="$0.data.id",
        )
        for n in (1, 2)
    )
    hooks = tuple(call("addWebhook", {**BODIES["addWebhook"], "name": f"hook {n}"}) for n in range(3))
    webhook = scene("webhooks", "create")
    named = call("editWebhook", {"name": "Changed"}, webhook_id="$0.data.id")
    enabled = call("editWebhook", {"enabled": True}, webhook_id="$0.data.id")
    look = call("getWebhook", webhook_id="$0.data.id")

    def total(made: list[Response]) -> int:
        return int(next(values(made[-1:], "paging.total_count"), 0))

    rows: tuple[tuple[str, tuple[str, ...], Hook, Calls, Any, str, Source], ...] = (
        (
            "two updates at once: one is lost",
            ("update_meeting",),
            both(_no_lock, step("updated", _slow_write, "update_meeting")),
            (one, (title, chat, alive), read),
            lambda r: (
                (
                    get(parsed(r[-1].content), "data.title"),
                    get(parsed(r[-1].content), "data.persist_chat"),
                    get(parsed(r[-1].content), "data.session_keep_alive_time_in_secs"),
                )
                != ("Changed", True, 300)
            ),
            LOST,
            "standards",
        ),
        (
            "two changes of a webhook at once: one is lost",
            ("editWebhook",),
            both(_no_lock, step("updated", _slow_write, "editWebhook")),
            (*webhook, (named, enabled), look),
            lambda r: (
                (get(parsed(r[-1].content), "data.name"), get(parsed(r[-1].content), "data.enabled"))
                != ("Changed", True)
            ),
            LOST,
            "standards",
        ),
        (
            "meetings made at once share an id",
            ("create_meeting",),
            step("new_id", _shared_id, "create_meeting"),
            (several,),
            lambda r: len(set(values(r, "data.id"))) < 4,
            "an id names one object: the vendor's document",
            "documents",
        ),
        (
            "meetings made at once are not all kept",
            ("create_meeting",),
            both(_no_lock, step("insert", _overwritten, "create_meeting")),
            (several, everyone),
            lambda r: total(r) < 5,
            LOST,
            "standards",
        ),
        (
            "participants added at once are not all kept",
            ("add_participant",),
            both(_no_lock, step("insert", _overwritten, "add_participant")),
            (one, people, call("get_meeting_participants", meeting_id="$0.data.id")),
            lambda r: total(r) < 3,
            LOST,
            "standards",
        ),
        (
            "webhooks made at once are not all kept",
            ("addWebhook",),
            both(_no_lock, step("insert", _overwritten, "addWebhook")),
            (hooks, call("getAllWebhooks")),
            lambda r: len(get(parsed(r[-1].content), "data")) < 3,
            LOST,
            "standards",
        ),
        (
            "meetings made at once get each other's body",
            ("create_meeting",),
            both(_no_lock, _last_body),
            (several,),
            lambda r: len(set(values(r, "data.title"))) < 4,
            OWN,
            "standards",
        ),
        (
            "a meeting made at once with another answers its title",
            ("create_meeting",),
            both(_counting, step("finish", _others_title, "create_meeting")),
            (several,),
            lambda r: list(values(r, "data.title")) != [f"burst {n}" for n in range(4)],
            OWN,
            "standards",
        ),
        (
            "replacements at once are mixed",
            ("replace_meeting",),
            both(_no_lock, step("write", _torn, "replace_meeting")),
            (one, halves, read),
            lambda r: (
                (
                    get(parsed(r[-1].content), "data.title"),
                    get(parsed(r[-1].content), "data.session_keep_alive_time_in_secs"),
                )
                not in (("half 1", 101), ("half 2", 102))
            ),
            "PUT replaces the whole state: RFC 9110 9.3.4",
            "standards",
        ),
        (
            "three at once are a crash",
            ("create_meeting",),
            both(_counting, step("finish", _beyond(2, CRASH), "create_meeting")),
            (several,),
            lambda r: any(x.status == 500 for x in r),
            "a server error is the server's fault: RFC 9110 15.6",
            "standards",
        ),
        (
            "two at once answer with an empty title",
            ("create_meeting",),
            both(_counting, step("finish", _beyond(1, _untitled), "create_meeting")),
            (several,),
            lambda r: any(not v for v in values(r, "data.title")),
            "what was sent comes back: the vendor's examples",
            "documents",
        ),
        (
            "participants added at once share a token",
            ("add_participant",),
            both(_no_lock, step("new_token", _no_lock_token, "add_participant")),
            (one, people),
            lambda r: len(set(values(r, "data.token"))) < 3,
            "a participant has a token of its own: the vendor's guide",
            "documents",
        ),
    )
    for name, operations, hook, shows, visible, promise, source in rows:
        yield Mutant(
            name=name,
            family="concurrency",
            operations=operations,
            description=f"{name[0].upper()}{name[1:]}.",
            promise=promise,
            source=source,
            hook=hook,
            shows=shows,
            visible=visible,
        )


def _untitled(server: Server, _: Request, __: Json, made: Response) -> Response:
    whole = parsed(made.content)
    put(whole, "data.title", "")
    return server.answer(made.status, whole)


MUTANTS: tuple[Mutant, ...] = (*_parents(), *_at_once())
