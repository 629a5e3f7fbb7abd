"""
Faults between operations on one object: what is created, read, listed, changed and deleted, and what is really kept.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from wrong_servers import rules
from wrong_servers.examples import BODIES, COLLECTIONS, Collection, scene
from wrong_servers.mutants import GONE, Call, Calls, Hook, Json, Mutant, both, call, get, put, step
from wrong_servers.operations import OPERATIONS, Operation
from wrong_servers.second_server import LIVE_MEETING, RefusalError, Row, Server, merged, service

FAMILY = "life cycle"
READ_AFTER_WRITE = "a 2xx says that the request took effect (RFC 9110 15.3), so a later GET shows it (9.3.1)"
SAFE = "GET is safe: RFC 9110 9.2.1"
IDEMPOTENT = "PUT is idempotent: RFC 9110 9.2.2"
REPLACES = "PUT replaces the whole state: RFC 9110 9.3.4"
PARTIAL = "PATCH changes what is sent: RFC 5789 2"
DELETED = "DELETE removes the association with the object: RFC 9110 9.3.5"
REFUSED = "a 4xx says that the request failed: RFC 9110 15.5"
UNCHANGED_ID = "id and created_at are readOnly members that the server made: the vendor's document"
UPDATED = "updated_at is when the object was last changed: the vendor's document"


def _created(server: Server, original: Any, *arguments: Any) -> Any:
    """
    A new object is not kept.
    """
    row: Row = original(*arguments)
    del server.table(row.app, row.kind)[row.id]
    return row


def _unlisted(_: Server, original: Any, *arguments: Any) -> Any:
    return original(*arguments)[:-1]


def _still_readable(server: Server, _: Any, __: Operation, row: Row) -> None:
    """
    A deleted object is hidden from lists only.
    """
    server.kept.setdefault("hidden", set()).add(row.id)


def _without_hidden(server: Server, original: Any, *arguments: Any) -> Any:
    return [row for row in original(*arguments) if row.id not in server.kept.get("hidden", ())]


def _still_listed(server: Server, original: Any, operation: Operation, row: Row) -> None:
    """
    A deleted object is gone for reads only.
    """
    original(operation, row)
    server.kept.setdefault("ghosts", []).append(row)


def _with_ghosts(server: Server, original: Any, operation: Operation, app: str, kind: str, parent: str) -> Any:
    ghosts = [row for row in server.kept.get("ghosts", ()) if row.parent == parent]
    return [*original(operation, app, kind, parent), *ghosts]


def _removes_oldest(server: Server, original: Any, operation: Operation, row: Row) -> None:
    original(operation, server.below(operation, row.app, row.kind, row.parent)[0])


def _removes_all(server: Server, original: Any, operation: Operation, row: Row) -> None:
    for one in server.below(operation, row.app, row.kind, row.parent):
        original(operation, one)


def _removes_nothing(_: Server, __: Any, *___: Any) -> None:
    return None


def _not_stored(server: Server, original: Any, operation: Operation, *arguments: Any) -> Any:
    """
    The response shows the change, the memory does not have it.
    """
    row = server.row(operation, arguments[0])
    before = copy.deepcopy(row.data)
    whole = original(operation, *arguments)
    row.data = before
    return whole


def _answers_before(server: Server, original: Any, operation: Operation, *arguments: Any) -> Any:
    """
    The memory has the change, the response does not show it.
    """
    row = server.row(operation, arguments[0])
    shown = server.show(operation, row)
    original(operation, *arguments)
    return {"success": True, "data": shown}


def _keeps_unsent(server: Server, _: Any, operation: Operation, row: Row, sent: Json) -> Any:
    return merged(row.data, rules.kept(server.bodies[operation.name], sent))


def _resets_unsent(server: Server, original: Any, operation: Operation, row: Row, sent: Json) -> Any:
    """
    Members that were not sent go back to how a new object has them.
    """
    collection = COLLECTIONS[operation.kind]
    create = OPERATIONS[collection.create]
    needed = {name: row.data[name] for name in server.bodies[create.name].required if name in row.data}
    return {**server.made(create, needed), **original(operation, row, sent)} | {
        name: value
        for name, value in server.made(create, {**needed, **sent}).items()
        if name not in ("status", *sent) or value is None
    }


def _writes(change: Callable[[dict[str, Any], dict[str, Any]], None]) -> Any:
    """
    A write after which the new data are changed: (old, new).
    """

    def changed(_: Server, original: Any, operation: Operation, row: Row, data: dict[str, Any]) -> None:
        before = copy.deepcopy(row.data)
        original(operation, row, data)
        change(before, row.data)

    return changed


def _new_id(server: Server, original: Any, operation: Operation, row: Row, data: dict[str, Any]) -> None:
    original(operation, row, data)
    table = server.table(row.app, row.kind)
    del table[row.id]
    row.id = server.new_id(operation)
    row.data["id"] = row.id
    table[row.id] = row


def _read_touches(server: Server, original: Any, operation: Operation, *arguments: Any) -> Any:
    row = server.row(operation, arguments[0])
    whole = original(operation, *arguments)
    row.data["updated_at"] = server.later(operation, row)
    return whole


def _read_copies(server: Server, original: Any, operation: Operation, *arguments: Any) -> Any:
    row = server.row(operation, arguments[0])
    server.insert(operation, row.app, row.kind, row.parent, copy.deepcopy(_members(row)))
    return original(operation, *arguments)


def _members(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.data.items() if name not in ("id", "created_at", "updated_at")}


def _refused_is_kept(server: Server) -> None:
    """
    A refused update leaves its valid members behind.
    """
    authorise, broken = server.authorise, server.broken

    def noting(operation: Operation, request: Any, ids: Any) -> None:
        authorise(operation, request, ids)
        server.kept["ids"] = ids

    def keeping(operation: Operation, rule: rules.Rule, sent: Json) -> list[str]:
        found = broken(operation, rule, sent)
        if found and isinstance(sent, dict) and operation.role in ("update", "replace"):
            valid = {n: v for n, v in sent.items() if n in rule.members and not any(rules.problems(rule.members[n], v))}
            row = server.row(operation, server.kept["ids"])
            server.write(operation, row, merged(row.data, rules.kept(rule, valid)))
        return found

    server.authorise, server.broken = noting, keeping  # type: ignore[method-assign]


def _appended(old: Json, new: Json) -> Json:
    if isinstance(old, list) and isinstance(new, list):
        return [*old, *new]
    if isinstance(old, dict) and isinstance(new, dict):
        return {**new, **{name: _appended(old.get(name), value) for name, value in new.items()}}
    return new


def _lists_grow(_: Server, original: Any, operation: Operation, row: Row, sent: Json) -> Any:
    return _appended(row.data, original(operation, row, sent))


def _all_written(server: Server, original: Any, operation: Operation, row: Row, data: dict[str, Any]) -> None:
    name = COLLECTIONS[operation.kind].name
    original(operation, row, data)
    for other in server.below(operation, row.app, row.kind, row.parent):
        if other.id != row.id and name in data:
            original(operation, other, {**other.data, name: data[name]})


def _unknown_is_first(server: Server, original: Any, operation: Operation, ids: Any) -> Row:
    """
    An unknown id stands for the oldest object.
    """
    try:
        return original(operation, ids)
    except RefusalError:
        rows = server.below(operation, *_scope(server, operation, ids))
        if not rows:
            raise
        return rows[0]


def _scope(server: Server, operation: Operation, ids: Any) -> tuple[str, str, str]:
    app, parent = server.scope(operation, ids)
    return app, operation.kind, parent


def _first_view(server: Server, original: Any, operation: Operation, row: Row) -> Any:
    """
    A read is answered from the first one.
    """
    return server.kept.setdefault(("view", operation.name, row.id), original(operation, row))


def _forgets_after(reads: int) -> Any:
    def change(server: Server, original: Any, operation: Operation, row: Row) -> Any:
        count = server.kept["count", row.id] = server.kept.get(("count", row.id), 0) + 1
        if count > reads:
            raise service(404, "NOT_FOUND: there is no such object")
        return original(operation, row)

    return change


def _evicts(most: int) -> Any:
    def change(server: Server, original: Any, operation: Operation, app: str, kind: str, *more: Any) -> Any:
        row = original(operation, app, kind, *more)
        own = [one for one in server.below(operation, app, kind, row.parent) if one.id != LIVE_MEETING]
        if len(own) > most:
            del server.table(app, kind)[own[0].id]
        return row

    return change


def _same_id_again(server: Server) -> None:
    """
    A new object gets the id of the one that was deleted.
    """
    insert, remove = server.insert, server.remove

    def removing(operation: Operation, row: Row) -> None:
        remove(operation, row)
        server.kept.setdefault(row.kind, []).append(row.id)

    def inserting(operation: Operation, app: str, kind: str, parent: str, data: dict[str, Any]) -> Row:
        row = insert(operation, app, kind, parent, data)
        free = server.kept.get(kind)
        if free:
            table = server.table(app, kind)
            del table[row.id]
            row.id = row.data["id"] = free.pop()
            table[row.id] = row
        return row

    server.insert, server.remove = inserting, removing  # type: ignore[method-assign]


def _crash_when_gone(server: Server, original: Any, operation: Operation, ids: Any) -> Row:
    try:
        return original(operation, ids)
    except RefusalError as refusal:
        if refusal.status == 404:
            raise service(500, "INTERNAL_SERVER_ERROR: cannot read property of null") from None
        raise


_UNKNOWN = str(uuid.UUID(int=7, version=4))

Row_ = tuple[str, str, tuple[str, ...], Callable[[Collection], Hook], str, str]


def _of(method: str, change: Any, *roles: str) -> Callable[[Collection], Hook]:
    return lambda collection: step(method, change, *(getattr(collection, role) for role in roles))


CRUD = ("meetings", "participants", "presets", "webhooks")
GONE_KINDS = ("participants", "presets", "webhooks")
PRINCIPLES: tuple[Row_, ...] = (
    (
        "is not stored",
        "create",
        (*CRUD, "recordings"),
        _of("insert", _created, "create"),
        "create read",
        READ_AFTER_WRITE,
    ),
    (
        "is not listed",
        "list",
        (*CRUD, "apps"),
        _of("below", _unlisted, "list"),
        "create create2 list",
        READ_AFTER_WRITE,
    ),
    (
        "is readable after it was deleted",
        "delete",
        GONE_KINDS,
        lambda c: both(step("remove", _still_readable, c.delete), step("below", _without_hidden, c.list)),
        "create delete list read",
        DELETED,
    ),
    (
        "is listed after it was deleted",
        "delete",
        GONE_KINDS,
        lambda c: both(step("remove", _still_listed, c.delete), step("below", _with_ghosts, c.list)),
        "create delete list",
        DELETED,
    ),
    (
        "is not deleted",
        "delete",
        GONE_KINDS,
        _of("remove", _removes_nothing, "delete"),
        "create delete read list",
        DELETED,
    ),
    (
        "deleted takes the oldest instead",
        "delete",
        GONE_KINDS,
        _of("remove", _removes_oldest, "delete"),
        "create create2 delete2 read list",
        DELETED,
    ),
    (
        "deleted takes all",
        "delete",
        GONE_KINDS,
        _of("remove", _removes_all, "delete"),
        "create create2 delete2 read list",
        DELETED,
    ),
    (
        "deleted twice is a crash",
        "delete",
        GONE_KINDS,
        _of("row", _crash_when_gone, "delete"),
        "create delete delete",
        "deleting what is gone is the client's affair, not a server error: RFC 9110 15.6",
    ),
    (
        "read after it was deleted is a crash",
        "read",
        GONE_KINDS,
        _of("row", _crash_when_gone, "read"),
        "create delete read",
        "a missing object is 404, not a server error: RFC 9110 15.5.5 and 15.6",
    ),
    (
        "is updated in the response only",
        "update",
        CRUD,
        _of("do_update", _not_stored, "update"),
        "create update read",
        READ_AFTER_WRITE,
    ),
    (
        "is updated but for the response",
        "update",
        ("meetings", "webhooks"),
        _of("do_update", _answers_before, "update"),
        "create update read",
        "the response of the update is the object: the vendor's document",
    ),
    (
        "is replaced in the response only",
        "replace",
        CRUD,
        _of("do_replace", _not_stored, "replace"),
        "create replace read",
        READ_AFTER_WRITE,
    ),
    (
        "is replaced but for the response",
        "replace",
        ("meetings", "presets"),
        _of("do_replace", _answers_before, "replace"),
        "create replace read",
        "the response of the replacement is the object: the vendor's document",
    ),
    (
        "replaced keeps what was not sent",
        "replace",
        ("meetings", "participants", "webhooks"),
        _of("replaced", _keeps_unsent, "replace"),
        "create replace read",
        REPLACES,
    ),
    (
        "updated loses what was not sent",
        "update",
        ("meetings", "participants", "webhooks"),
        _of("updated", _resets_unsent, "update"),
        "create update read",
        PARTIAL,
    ),
    (
        "updated keeps its time of update",
        "update",
        CRUD,
        _of("write", _writes(lambda old, new: put(new, "updated_at", old["updated_at"])), "update"),
        "create update read",
        UPDATED,
    ),
    (
        "replaced keeps its time of update",
        "replace",
        ("meetings", "webhooks"),
        _of("write", _writes(lambda old, new: put(new, "updated_at", old["updated_at"])), "replace"),
        "create replace read",
        UPDATED,
    ),
    (
        "updated gets a new time of creation",
        "update",
        CRUD,
        _of("write", _writes(lambda _, new: put(new, "created_at", new["updated_at"])), "update"),
        "create update read",
        UNCHANGED_ID,
    ),
    (
        "replaced gets a new time of creation",
        "replace",
        ("meetings", "participants", "presets"),
        _of("write", _writes(lambda _, new: put(new, "created_at", new["updated_at"])), "replace"),
        "create replace read",
        UNCHANGED_ID,
    ),
    (
        "replaced gets a new id",
        "replace",
        CRUD,
        _of("write", _new_id, "replace"),
        "create replace read",
        UNCHANGED_ID,
    ),
    (
        "updated gets a new id",
        "update",
        ("meetings", "presets"),
        _of("write", _new_id, "update"),
        "create update read",
        UNCHANGED_ID,
    ),
    (
        "changes when it is read",
        "read",
        ("meetings", "presets"),
        _of("do_read", _read_touches, "read"),
        "create read read",
        SAFE,
    ),
    (
        "is doubled when it is read",
        "read",
        ("meetings", "webhooks"),
        _of("do_read", _read_copies, "read"),
        "create read list",
        SAFE,
    ),
    (
        "keeps half of a refused update",
        "update",
        ("meetings", "webhooks", "presets"),
        lambda _: _refused_is_kept,
        "create bad-update read",
        REFUSED,
    ),
    (
        "replaced twice grows",
        "replace",
        ("webhooks", "presets"),
        _of("replaced", _lists_grow, "replace"),
        "create replace replace read",
        IDEMPOTENT,
    ),
    (
        "updated changes the others too",
        "update",
        CRUD,
        _of("write", _all_written, "update"),
        "create create2 update read2",
        "an update is of the object in the path: RFC 5789 2",
    ),
    (
        "with an unknown id is the oldest one",
        "read",
        (*CRUD, "recordings"),
        _of("row", _unknown_is_first, "read"),
        "create unknown-read",
        "an id that was never made names nothing: RFC 9110 15.5.5",
    ),
    (
        "updated under an unknown id is the oldest one",
        "update",
        ("meetings", "participants", "webhooks"),
        _of("row", _unknown_is_first, "update"),
        "create unknown-update read",
        "an id that was never made names nothing: RFC 9110 15.5.5",
    ),
    (
        "deleted under an unknown id is the oldest one",
        "delete",
        ("participants", "presets"),
        _of("row", _unknown_is_first, "delete"),
        "create unknown-delete read",
        "an id that was never made names nothing: RFC 9110 15.5.5",
    ),
    (
        "is read as it was at the first look",
        "read",
        ("meetings", "participants", "presets"),
        _of("show", _first_view, "read"),
        "create read update read",
        READ_AFTER_WRITE,
    ),
    (
        "is listed as it was at the first look",
        "list",
        ("meetings", "webhooks"),
        _of("show", _first_view, "list"),
        "create list update list",
        READ_AFTER_WRITE,
    ),
    (
        "is gone at the third look",
        "read",
        ("meetings", "participants"),
        _of("show", _forgets_after(2), "read"),
        "create read read read",
        SAFE,
    ),
    (
        "pushes out the oldest of five",
        "create",
        ("meetings", "participants"),
        _of("insert", _evicts(5), "create"),
        "create create create create create create read",
        "no limit of objects is documented",
    ),
    (
        "gets the id of one that was deleted",
        "create",
        ("participants", "webhooks"),
        lambda _: _same_id_again,
        "create delete create2",
        "a uuid is made for one object only: RFC 9562 2.1",
    ),
)
_BAD = {
    "update_meeting": {"title": "Half", "session_keep_alive_time_in_secs": 1},
    "editWebhook": {"name": "Half", "url": 7},
    "patch-presets-preset_id": {"name": "Half", "config": {"view_type": "HALF"}},
}


def _scene(kind: str, verbs: str) -> Calls:
    """
    A scene in which "unknown-read" names an object that was never made and "bad-update" sends an invalid body.
    """
    collection = COLLECTIONS[kind]
    plain = " ".join(verb.removeprefix("unknown-").removeprefix("bad-") for verb in verbs.split())
    calls = list(scene(kind, plain))
    behind = len(calls) - len(plain.split())
    for position, verb in enumerate(verbs.split(), start=behind):
        one = calls[position]
        assert isinstance(one, Call)
        if verb.startswith("unknown-"):
            calls[position] = Call(operation=one.operation, body=one.body, ids={**one.ids, collection.own_id: _UNKNOWN})
        if verb.startswith("bad-"):
            calls[position] = Call(operation=one.operation, body=_BAD[one.operation], ids=one.ids)
    return tuple(calls)


def _cycles() -> Iterator[Mutant]:
    for name, role, kinds, hook_of, verbs, promise in PRINCIPLES:
        for kind in kinds:
            collection = COLLECTIONS[kind]
            yield Mutant(
                name=f"{collection.one} {name}",
                family=FAMILY,
                operations=(getattr(collection, role),),
                description=f"The {collection.one} {name}.",
                promise=promise,
                source="documents" if "document" in promise else "standards",
                hook=hook_of(collection),
                shows=_scene(kind, verbs),
            )


# --- status, tokens, recordings, livestreams ------------------------------------------------------------------------


def _member_stays(name: str) -> Any:
    def change(_: Server, original: Any, operation: Operation, row: Row, sent: Json) -> Any:
        return {**original(operation, row, sent), name: row.data[name]}

    return change


def _once_inactive(_: Server, original: Any, operation: Operation, row: Row, sent: Json) -> Any:
    made = original(operation, row, sent)
    return {**made, "status": "INACTIVE"} if row.data["status"] == "INACTIVE" else made


def _inactive_is_hidden(_: Server, original: Any, operation: Operation, ids: Any) -> Any:
    row: Row = original(operation, ids)
    if row.data["status"] == "INACTIVE":
        raise service(404, "NOT_FOUND: there is no such meeting")
    return row


def _status_resets_title(_: Server, original: Any, operation: Operation, row: Row, sent: Json) -> Any:
    made = original(operation, row, sent)
    return {**made, "title": ""} if "status" in sent and "title" not in sent else made


def _fixed_token(server: Server, original: Any, operation: Operation) -> str:
    return str(server.kept.setdefault("token", original(operation)))


def _status_of(wanted: str, other: str) -> Any:
    return _writes(lambda _, new: put(new, "status", other if new["status"] == wanted else new["status"]))


def _stopped_again(_: Server, original: Any, operation: Operation, row: Row, data: dict[str, Any]) -> None:
    original(operation, row, {**data, "status": row.data["status"], "stopped_time": None})


def _active_though_over(server: Server, _: Any, operation: Operation, ids: Any, *__: Any) -> Any:
    rows = server.below(operation, ids["app_id"], "recordings", "")
    mine = [row for row in rows if row.data["_meeting"] == ids["meeting_id"]]
    if not mine:
        raise service(404, "NOT_FOUND: nothing is being recorded")
    return {"success": True, "data": server.show(operation, mine[-1])}


def _of_any_meeting(server: Server, _: Any, operation: Operation, ids: Any, *__: Any) -> Any:
    rows = server.below(operation, ids["app_id"], "recordings", "")
    running = [row for row in rows if row.data["status"] == "INVOKED"]
    if not running:
        raise service(404, "NOT_FOUND: nothing is being recorded")
    return {"success": True, "data": server.show(operation, running[-1])}


def _never_active(_: Server, __: Any, *___: Any) -> Any:
    raise service(404, "NOT_FOUND: the meeting is not live")


def _not_stopped(server: Server, original: Any, operation: Operation, *arguments: Any) -> Any:
    row = server.running(operation, arguments[0])
    whole = original(operation, *arguments)
    if row:
        row.data["status"] = "LIVE"
    return whole


def _others() -> Iterator[Mutant]:
    meeting = ("create_meeting", {"title": "Planning"})
    idle = call("update_meeting", {"status": "INACTIVE"}, meeting_id="$0.data.id")
    again = call("update_meeting", {"status": "ACTIVE"}, meeting_id="$0.data.id")
    read = call("get_meeting", meeting_id="$0.data.id")
    person = scene("participants", "create")
    both_ids = {"meeting_id": "$0.data.id", "participant_id": "$1.data.id"}
    token = Call(operation="regenerate_token", ids=both_ids)
    edit = Call(operation="edit_participant", body={"name": "Grace"}, ids=both_ids)
    record = call("start_recording", {"meeting_id": "$0.data.id"})
    stop = call("pause_resume_stop_recording", {"action": "stop"}, recording_id="$1.data.id")
    pause = call("pause_resume_stop_recording", {"action": "pause"}, recording_id="$1.data.id")
    resume = call("pause_resume_stop_recording", {"action": "resume"}, recording_id="$1.data.id")
    recorded = call("get_one_recording", recording_id="$1.data.id")
    active = call("get_active_recording", meeting_id="$0.data.id")
    live = call("start-livestreaming", BODIES["start-livestreaming"], meeting_id="$0.data.id")
    on_air = call("get-v2-meetings-meetingId-active-livestream", meeting_id="$0.data.id")
    off = call("stop_livestreaming", meeting_id="$0.data.id")
    new = call(*meeting)
    state = "status is ACTIVE or INACTIVE, and update_meeting sets it: the vendor's document"
    tokens = "the token is regenerated: the vendor's document"
    actions = "the action stops, pauses or resumes the recording: the vendor's document"
    rows: tuple[tuple[str, str, Hook, Calls, str], ...] = (
        (
            "status is not stored",
            "update_meeting",
            step("updated", _member_stays("status"), "update_meeting"),
            (new, idle, read),
            state,
        ),
        (
            "inactive for good",
            "update_meeting",
            step("updated", _once_inactive, "update_meeting"),
            (new, idle, again, read),
            state,
        ),
        (
            "inactive is hidden",
            "get_meeting",
            step("row", _inactive_is_hidden, "get_meeting"),
            (new, idle, read),
            state,
        ),
        (
            "a new status empties the title",
            "update_meeting",
            step("updated", _status_resets_title, "update_meeting"),
            (new, idle, read),
            PARTIAL,
        ),
        (
            "title is not updated",
            "update_meeting",
            step("updated", _member_stays("title"), "update_meeting"),
            (new, call("update_meeting", {"title": "Other"}, meeting_id="$0.data.id"), read),
            PARTIAL,
        ),
        (
            "one token for ever",
            "regenerate_token",
            step("new_token", _fixed_token, "regenerate_token"),
            (*person, token, token),
            tokens,
        ),
        (
            "one token for everybody",
            "add_participant",
            step("new_token", _fixed_token, "add_participant"),
            (*scene("participants", "create create2"),),
            "a participant has a token of its own: the vendor's guide",
        ),
        (
            "an edited participant keeps its custom id no more",
            "edit_participant",
            step(
                "updated",
                lambda _, original, o, row, sent: {**original(o, row, sent), "custom_participant_id": row.id},
                "edit_participant",
            ),
            (*person, edit),
            PARTIAL,
        ),
        (
            "a stopped recording goes on",
            "pause_resume_stop_recording",
            step("write", _stopped_again, "pause_resume_stop_recording"),
            (new, record, stop, recorded),
            actions,
        ),
        (
            "a paused recording is resumed",
            "pause_resume_stop_recording",
            step("write", _status_of("PAUSED", "RECORDING"), "pause_resume_stop_recording"),
            (new, record, pause, recorded),
            actions,
        ),
        (
            "a resumed recording stays paused",
            "pause_resume_stop_recording",
            step("write", _status_of("RECORDING", "PAUSED"), "pause_resume_stop_recording"),
            (new, record, pause, resume, recorded),
            actions,
        ),
        (
            "a paused recording is stopped",
            "pause_resume_stop_recording",
            step("write", _status_of("PAUSED", "UPLOADING"), "pause_resume_stop_recording"),
            (new, record, pause, recorded),
            actions,
        ),
        (
            "a recording is active after it was stopped",
            "get_active_recording",
            step("do_active_recording", _active_though_over, "get_active_recording"),
            (new, record, stop, active),
            "the active recording is one that runs: the vendor's document",
        ),
        (
            "the active recording of another meeting",
            "get_active_recording",
            step("do_active_recording", _of_any_meeting, "get_active_recording"),
            (new, record, call(*meeting), call("get_active_recording", meeting_id="$2.data.id")),
            "the recording is of the meeting in the path: the vendor's document",
        ),
        (
            "no recording is active",
            "get_active_recording",
            step("do_active_recording", _never_active, "get_active_recording"),
            (new, record, active),
            READ_AFTER_WRITE,
        ),
        (
            "a meeting is not live after it was started",
            "get-v2-meetings-meetingId-active-livestream",
            step("do_active_stream", _never_active),
            (new, live, on_air),
            READ_AFTER_WRITE,
        ),
        (
            "a livestream does not stop",
            "stop_livestreaming",
            step("do_stop_stream", _not_stopped),
            (new, live, off, on_air),
            READ_AFTER_WRITE,
        ),
    )
    for name, operation, hook, shows, promise in rows:
        yield Mutant(
            name=name,
            family=FAMILY,
            operations=(operation,),
            description=name[0].upper() + name[1:] + ".",
            promise=promise,
            source="documents" if "vendor" in promise else "standards",
            hook=hook,
            shows=shows,
        )


# --- what is really kept --------------------------------------------------------------------------------------------


def _read_back(place: str, convert: Callable[[Any], Any]) -> Any:
    """
    A member comes back from reads and lists other than it was stored.
    """

    def change(_: Server, original: Any, operation: Operation, row: Row) -> Any:
        shown = original(operation, row)
        if get(shown, place) is not GONE:
            put(shown, place, convert(get(shown, place)))
        return shown

    return change


def _lost(_: Any) -> Any:
    return GONE


def _storage() -> Iterator[Mutant]:
    rows: tuple[tuple[str, str, str, Callable[[Any], Any]], ...] = (
        ("meetings", "title", "cut at 8", lambda v: v[:8]),
        ("meetings", "title", "in small letters", str.lower),
        ("meetings", "title", "not at all", _lost),
        ("meetings", "session_keep_alive_time_in_secs", "as the default", lambda _: 60),
        ("meetings", "record_on_start", "false", lambda _: False),
        ("meetings", "persist_chat", "turned round", lambda v: not v),
        ("meetings", "ai_config", "not at all", _lost),
        ("meetings", "ai_config.transcription.keywords", "sorted the other way", lambda v: sorted(v, reverse=True)),
        ("meetings", "ai_config.transcription.keywords", "but for the last", lambda v: v[:-1]),
        ("meetings", "ai_config.transcription.language", "as the default", lambda _: "en-US"),
        ("meetings", "ai_config.summarization.word_limit", "as the default", lambda _: 500),
        ("meetings", "recording_config.max_seconds", "in minutes", lambda v: v // 60),
        ("meetings", "recording_config.file_name_prefix", "empty", lambda _: ""),
        ("meetings", "recording_config.video_config.height", "as the default", lambda _: 720),
        ("meetings", "recording_config.video_config.watermark", "empty", lambda _: {}),
        (
            "meetings",
            "recording_config.video_config.watermark.size",
            "turned",
            lambda v: {"height": v["width"], "width": v["height"]},
        ),
        ("meetings", "recording_config.storage_config", "not at all", _lost),
        ("meetings", "recording_config.storage_config.bucket", "as the region", lambda _: "us-east-1"),
        ("participants", "name", "not at all", _lost),
        ("participants", "picture", "null", lambda _: None),
        ("participants", "custom_participant_id", "without blanks", lambda v: v.replace(" ", "")),
        ("participants", "preset_name", "as the default", lambda _: "group_call_participant"),
        ("presets", "config.max_video_streams.mobile", "as for the desktop", lambda _: 12),
        ("presets", "permissions.can_record", "false", lambda _: False),
        ("presets", "permissions.media.screenshare.can_produce", "allowed", lambda _: "ALLOWED"),
        ("presets", "config.livestream_viewer_qualities", "but for the first", lambda v: v[1:]),
        ("presets", "ui.design_tokens.theme", "dark", lambda _: "dark"),
        ("webhooks", "events", "but for the last", lambda v: v[:-1]),
        ("webhooks", "enabled", "true", lambda _: True),
        ("webhooks", "url", "without its path", lambda v: v.rsplit("/", 1)[0]),
    )
    for kind, place, how, convert in rows:
        collection = COLLECTIONS[kind]
        reads = (collection.read, collection.list)
        yield Mutant(
            name=f"{place} of a {collection.one} is kept {how}",
            family="storage",
            operations=reads,
            description=f"create echoes {place} as sent; reads and lists have it {how}.",
            promise=READ_AFTER_WRITE,
            source="standards",
            hook=step("show", _read_back(place, convert), *reads),
            shows=scene(kind, "create read"),
        )
    yield _secret_in_reads()
    yield _null_as_word()


def _secret_in_reads() -> Mutant:
    """
    Only a read shows what the create hid.
    """

    def insert(server: Server, original: Any, operation: Operation, *arguments: Any) -> Row:
        row: Row = original(operation, *arguments)
        row.data["_secret"] = server.kept.pop("secret", None)
        return row

    def broken(server: Server, original: Any, operation: Operation, rule: rules.Rule, sent: Json) -> Any:
        secret = get(sent, "recording_config.storage_config.secret")
        server.kept["secret"] = None if secret is GONE else secret
        return original(operation, rule, sent)

    def show(_: Server, original: Any, operation: Operation, row: Row) -> Any:
        shown = original(operation, row)
        if row.data.get("_secret"):
            put(shown, "recording_config.storage_config.secret", row.data["_secret"])
        return shown

    return Mutant(
        name="a secret comes back when the meeting is read",
        family="storage",
        operations=("get_meeting",),
        description="create hides storage_config.secret; get_meeting shows it.",
        promise="secret is writeOnly: the vendor's SDK since September 2026",
        hook=both(
            step("insert", insert, "create_meeting"),
            step("broken", broken, "create_meeting"),
            step("show", show, "get_meeting"),
        ),
        shows=scene("meetings", "create read"),
    )


def _null_as_word() -> Mutant:
    def show(_: Server, original: Any, operation: Operation, row: Row) -> Any:
        return {name: "None" if value is None else value for name, value in original(operation, row).items()}

    return Mutant(
        name="a participant's null is read as None",
        family="storage",
        operations=("get_meeting_participant",),
        description="name and picture are null in the create and the word None in the read.",
        promise="name and picture are texts or null: the vendor's document",
        hook=step("show", show, "get_meeting_participant"),
        shows=(
            call("create_meeting", {}),
            call("add_participant", {"custom_participant_id": "c", "preset_name": "p"}, meeting_id="$0.data.id"),
            call("get_meeting_participant", meeting_id="$0.data.id", participant_id="$1.data.id"),
        ),
    )


MUTANTS: tuple[Mutant, ...] = (*_cycles(), *_others(), *_storage())
