"""
Lawful ways in which objects, lists and life cycles can differ: what the documents leave open or HTTP allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wrong_servers import rules
from wrong_servers.examples import COLLECTIONS, PERSON, PRESET, scene
from wrong_servers.mutants import (
    Call,
    Calls,
    Hook,
    Json,
    Mutant,
    both,
    call,
    parameter,
    step,
)
from wrong_servers.operations import OPERATIONS, Operation
from wrong_servers.second_server import LIVE_MEETING, RefusalError, Request, Response, Row, Server, service, written

OPEN = "no document says it"
_NOBODY = "00000000-0000-4000-8000-000000000000"
LISTS = tuple(c.list for c in COLLECTIONS.values() if c.kind not in ("livestreams", "webhooks"))


def _size_of(most: int, usual: int) -> Any:
    def change(_: Server, __: Any, ___: Operation, query: Mapping[str, Any]) -> int:
        asked = query.get("per_page") or usual
        return min(asked, most)

    return change


def _offsets(change: Callable[[dict[str, int]], dict[str, int]]) -> Any:
    def changed(_: Server, original: Any, *arguments: Any) -> Any:
        chosen, paging = original(*arguments)
        return chosen, {**paging, **change(paging)}

    return changed


def _from_zero(server: Server, _: Any, operation: Operation, rows: list[Row], query: Mapping[str, Any]) -> Any:
    """
    Pages count from zero.
    """
    size = server.size(operation, query)
    first = query.get("page_no", 0) * size
    chosen = rows[first : first + size]
    start = first + 1 if chosen else 0
    return chosen, {"total_count": len(rows), "start_offset": start, "end_offset": first + len(chosen) if chosen else 0}


def _zero_refused(server: Server, original: Any, operation: Operation, rows: list[Row], query: Any) -> Any:
    if query.get("page_no") == 0:
        raise service(400, 'BAD_REQUEST: "page_no" must be at least 1')
    return original(operation, rows, query)


def _past_refused(server: Server, original: Any, operation: Operation, rows: list[Row], query: Any) -> Any:
    chosen, paging = original(operation, rows, query)
    if not chosen and query.get("page_no", 1) > 1:
        raise service(404, "NOT_FOUND: there is no such page")
    return chosen, paging


def _total_of_all(server: Server, original: Any, operation: Operation, rows: list[Row], query: Any) -> Any:
    """
    Under a filter the total is that of the whole list.
    """
    chosen, paging = original(operation, rows, query)
    return chosen, {**paging, "total_count": len(server.table(rows[0].app, rows[0].kind)) if rows else 0}


def _oldest_first(_: Server, original: Any, operation: Operation, rows: list[Row], query: Any) -> Any:
    return original(
        operation, rows, query if "sort_order" in query or operation.kind == "apps" else {"sort_order": "ASC"}
    )


def _strict_times(_: Server, original: Any, operation: Operation, row: Row, name: str, value: Any) -> bool:
    """
    Bounds of time are exclusive.
    """
    if name in ("start_time", "end_time") and rules.moment(row.data["created_at"]) == value:
        return False
    return bool(original(operation, row, name, value))


def _search(fits: Callable[[str, str], bool]) -> Any:
    def change(_: Server, original: Any, operation: Operation, row: Row, name: str, value: Any) -> bool:
        if name != "search":
            return bool(original(operation, row, name, value))
        return fits(str(row.data.get("title") or row.data.get("name") or ""), value)

    return change


def _words(text: str, value: str) -> bool:
    return all(word in text.lower().split() for word in value.lower().split())


def _null_keeps(_: Server, original: Any, operation: Operation, row: Row, sent: Json) -> Any:
    made = original(operation, row, sent)
    return {**made, **{n: row.data[n] for n in ("name", "picture") if sent.get(n, "") is None}}


def _not_merged(server: Server, _: Any, operation: Operation, row: Row, sent: Json) -> Any:
    """
    An object that is sent replaces the stored one.
    """
    return {**row.data, **rules.kept(server.bodies[operation.name], sent)}


def _unchanged_time(_: Server, original: Any, operation: Operation, row: Row, data: dict[str, Any]) -> None:
    """
    updated_at stays where nothing was changed.
    """
    before = {**row.data}
    original(operation, row, data)
    if {**row.data, "updated_at": ""} == {**before, "updated_at": ""}:
        row.data["updated_at"] = before["updated_at"]


def _in_seconds(_: Server, original: Any, operation: Operation) -> str:
    return str(original(operation))[:19] + "Z"


def _same_second(server: Server, _: Any, operation: Operation, row: Row) -> str:
    return max(written(server.now())[:19] + "Z", row.data["updated_at"])


def _sorted_events(_: Server, original: Any, operation: Operation, row: Row) -> Any:
    shown = original(operation, row)
    return {**shown, "events": sorted(shown["events"])}


def _gone_is_gone(server: Server, original: Any, operation: Operation, ids: Any, *more: Any) -> Any:
    """
    Deleting twice answers as the first time.
    """
    key = (operation.name, ids[operation.own_id])
    if key not in server.kept:
        server.kept[key] = original(operation, ids, *more)
    return server.kept[key]


def _status_for(wanted: int, code: int) -> Callable[[Server], None]:
    """
    Refusals of the service with another status.
    """

    def hook(server: Server) -> None:
        original = server.handle

        def handling(request: Request) -> Response:
            try:
                return original(request)
            except RefusalError as refusal:
                if refusal.status == wanted and "error" in refusal.body:
                    raise service(code, refusal.body["error"]["message"], refusal.headers) from None
                raise

        server.handle = handling  # type: ignore[method-assign]

    return hook


def _bad_id_missing(_: Server, original: Any, operation: Operation, app: str, kind: str, parent: str, own: str) -> Row:
    if not rules.UUID.fullmatch(own):
        raise service(404, "NOT_FOUND: there is no such object")
    row: Row = original(operation, app, kind, parent, own)
    return row


def _any_case_id(_: Server, original: Any, operation: Operation, app: str, kind: str, parent: str, own: str) -> Row:
    row: Row = original(operation, app, kind, parent, own.lower())
    return row


def _empty_refused(_: Server, original: Any, operation: Operation, rule: rules.Rule, sent: Json) -> Any:
    return [*original(operation, rule, sent), *(["the body must have a member"] if sent == {} else [])]


def _unknown_refused(_: Server, original: Any, operation: Operation, rule: rules.Rule, sent: Json) -> Any:
    extra = [name for name in sent if name not in rule.members] if isinstance(sent, dict) else []
    return [*original(operation, rule, sent), *(f'"{name}" is not allowed' for name in extra)]


def _unknown_parameter_refused(server: Server, original: Any, operation: Operation, request: Request) -> Any:
    names = {piece.partition("=")[0] for piece in request.target.partition("?")[2].split("&") if piece}
    if names - set(server.queries.get(operation.name, {})):
        raise service(400, "BAD_REQUEST: there is no such parameter")
    return original(operation, request)


def _last_parameter(server: Server, original: Any, operation: Operation, request: Request) -> Any:
    """
    Of repeated parameters the last one counts.
    """
    path, _, query = request.target.partition("?")
    turned = "&".join(reversed(query.split("&")))
    return original(operation, Request(method=request.method, target=f"{path}?{turned}", headers=request.headers))


def _without(*names: str) -> Any:
    def change(_: Server, original: Any, operation: Operation, row: Row) -> Any:
        return {name: value for name, value in original(operation, row).items() if name not in names}

    return change


def _observed_participant(server: Server, original: Any, operation: Operation, row: Row) -> Any:
    """
    As a live answer had it: a preset's id, sip_enabled, and no preset's name.
    """
    shown = original(operation, row)
    shown["preset_id"] = server.show_gone(operation, row)["preset_id"]
    shown["sip_enabled"] = False
    return shown


def _unknown_preset(server: Server, original: Any, operation: Operation, ids: Any, query: Any, sent: Json) -> Any:
    known = {row.data["name"] for row in server.table(ids["app_id"], "presets").values()}
    name = sent.get("preset_name")
    if name is not None and name not in known and not str(name).startswith("group_call"):
        raise service(404, "NOT_FOUND: there is no preset with this name")
    return original(operation, ids, query, sent)


def _inactive_refuses(server: Server, original: Any, operation: Operation, ids: Any, *more: Any) -> Any:
    row = server.find(operation, ids["app_id"], "meetings", "", ids["meeting_id"])
    if row.data["status"] == "INACTIVE":
        raise service(400, "BAD_REQUEST: the meeting is inactive")
    return original(operation, ids, *more)


def _one_recording(server: Server, original: Any, operation: Operation, ids: Any, query: Any, sent: Json) -> Any:
    rows = server.below(operation, ids["app_id"], "recordings", "")
    busy = any(r.data["_meeting"] == sent["meeting_id"] and r.data["status"] == "INVOKED" for r in rows)
    if busy and not sent.get("allow_multiple_recordings"):
        raise service(409, "CONFLICT: the meeting is being recorded")
    return original(operation, ids, query, sent)


def _needs_session(server: Server, original: Any, operation: Operation, ids: Any, query: Any, sent: Json) -> Any:
    if sent["meeting_id"] != LIVE_MEETING:
        raise service(404, "NOT_FOUND: the meeting has no session")
    return original(operation, ids, query, sent)


def _same_custom_id(server: Server, original: Any, operation: Operation, ids: Any, query: Any, sent: Json) -> Any:
    """
    A custom id stands once in a meeting.
    """
    rows = server.below(operation, ids["app_id"], "participants", ids["meeting_id"])
    if any(row.data["custom_participant_id"] == sent["custom_participant_id"] for row in rows):
        raise service(409, "CONFLICT: there is a participant with this id")
    return original(operation, ids, query, sent)


def _preset_takes_people(server: Server, original: Any, operation: Operation, row: Row) -> None:
    """
    Participants go with their preset.
    """
    original(operation, row)
    for one in list(server.table(row.app, "participants").values()):
        if one.data["preset_name"] == row.data["name"]:
            del server.table(row.app, "participants")[one.id]


def _stream_list(server: Server, original: Any, operation: Operation, items: list[Json], paging: Json) -> Json:
    if operation.name != "fetch_all_livestreams":
        return original(operation, items, paging)
    return {"success": True, "data": items, "paging": paging}


_MEETING = call("create_meeting", {"title": "Alpha review"})
_PAGES = tuple(Call(operation="get_all_meetings", query={"page_no": n, "per_page": "2"}) for n in ("0", "1", "2", "9"))
_LISTED = (_MEETING, _MEETING, call("create_meeting", {"title": "Beta"}), *_PAGES)
_PERSON = scene("participants", "create")
_IDS = {"meeting_id": "$0.data.id", "participant_id": "$1.data.id"}
_NULLS = Call(operation="edit_participant", body={"name": None}, ids=_IDS)
_LOOK = Call(operation="get_meeting_participant", ids=_IDS)
_IDLE = call("update_meeting", {"status": "INACTIVE"}, meeting_id="$0.data.id")
_ADD = call("add_participant", PERSON, meeting_id="$0.data.id")
_STRANGE = call("add_participant", {**PERSON, "preset_name": "no such preset"}, meeting_id="$0.data.id")
_RECORD = call("start_recording", {"meeting_id": "$0.data.id"})
_TWICE = scene("webhooks", "create delete delete")
_UNKNOWN = call("get_meeting", meeting_id=_NOBODY)
_BAD = call("get_meeting", meeting_id="meeting")
_FOUND = Call(operation="get_all_meetings", query={"search": "alph"})
_PRESET = call("post-presets", PRESET)
_MEMBER = call("add_participant", {**PERSON, "preset_name": PRESET["name"]}, meeting_id="$0.data.id")


Variant = tuple[str, tuple[str, ...], Hook, Calls, str]


def _of_lists() -> Iterator[Variant]:
    yield "pages count from zero", LISTS, step("page", _from_zero, *LISTS), _LISTED, OPEN
    yield "page zero is refused", LISTS, step("page", _zero_refused, *LISTS), _LISTED, OPEN
    yield (
        "an empty page number is refused",
        ("get_all_meetings", "get_meeting_participants"),
        both(*(parameter(o, "page_no", empty=False) for o in ("get_all_meetings", "get_meeting_participants"))),
        (Call(operation="get_all_meetings", query={"page_no": ""}),),
        OPEN,
    )
    yield "a page past the end is refused", LISTS, step("page", _past_refused, *LISTS), _LISTED, OPEN
    yield (
        "a page has at most two items and says so",
        LISTS,
        step("size", _size_of(2, 2), *LISTS),
        (*_LISTED[:3], call("get_all_meetings")),
        "no default and no maximum of per_page is documented",
    )
    yield (
        "a page has 50 items by default",
        LISTS,
        step("size", _size_of(100, 50), *LISTS),
        (*(_MEETING for _ in range(21)), call("get_all_meetings")),
        "no default of per_page is documented",
    )
    yield (
        "the total counts all under a filter",
        ("get_all_meetings",),
        step("page", _total_of_all, "get_all_meetings"),
        (_MEETING, _FOUND),
        OPEN,
    )
    yield (
        "offsets count from zero",
        LISTS,
        step(
            "page",
            _offsets(
                lambda p: {"start_offset": max(p["start_offset"] - 1, 0), "end_offset": max(p["end_offset"] - 1, 0)}
            ),
            *LISTS,
        ),
        _LISTED,
        OPEN,
    )
    yield (
        "the end is behind the last item",
        LISTS,
        step("page", _offsets(lambda p: {"start_offset": max(p["start_offset"] - 1, 0)}), *LISTS),
        _LISTED,
        OPEN,
    )
    yield "the oldest comes first", LISTS, step("sort", _oldest_first, *LISTS), _LISTED, "no order is documented"
    yield (
        "bounds of time are exclusive",
        ("get_all_meetings",),
        step("fits_one", _strict_times, "get_all_meetings"),
        (_MEETING, Call(operation="get_all_meetings", query={"start_time": "$0.data.created_at"})),
        OPEN,
    )
    yield (
        "search by whole words",
        ("get_all_meetings", "get-presets", "get_apps"),
        step("fits_one", _search(_words)),
        (_MEETING, _FOUND),
        OPEN,
    )
    yield (
        "search from the start",
        ("get_all_meetings", "get-presets", "get_apps"),
        step("fits_one", _search(lambda t, v: t.lower().startswith(v.lower()))),
        (_MEETING, Call(operation="get_all_meetings", query={"search": "review"})),
        OPEN,
    )
    yield (
        "search minds case",
        ("get_all_meetings", "get-presets", "get_apps"),
        step("fits_one", _search(lambda t, v: v in t)),
        (_MEETING, _FOUND),
        OPEN,
    )
    yield (
        "livestreams are a list",
        ("fetch_all_livestreams",),
        step("listed", _stream_list),
        (call("fetch_all_livestreams"),),
        "the example is a list, the schema an object",
    )
    yield (
        "unknown parameters are refused",
        LISTS,
        step("read_query", _unknown_parameter_refused),
        (Call(operation="get_all_meetings", query={"colour": "red"}),),
        OPEN,
    )
    yield (
        "the last of repeated parameters counts",
        LISTS,
        step("read_query", _last_parameter, *LISTS),
        (*_LISTED[:3], Call(operation="get_all_meetings", suffix="?per_page=1&per_page=2")),
        OPEN,
    )


def _of_bodies() -> Iterator[Variant]:
    yield (
        "null leaves a participant's name",
        ("edit_participant",),
        step("updated", _null_keeps, "edit_participant"),
        (*_PERSON, _NULLS, _LOOK),
        OPEN,
    )
    yield (
        "an update replaces objects",
        ("update_meeting",),
        step("updated", _not_merged, "update_meeting"),
        (
            *scene("meetings", "create"),
            call("update_meeting", {"ai_config": {"transcription": {"language": "fr"}}}, meeting_id="$0.data.id"),
        ),
        "application/json has no rule for merging (RFC 7396 is another media type)",
    )
    yield (
        "an empty update is refused",
        ("update_meeting", "edit_participant", "editWebhook"),
        step("broken", _empty_refused, "update_meeting", "edit_participant", "editWebhook"),
        (_MEETING, call("update_meeting", {}, meeting_id="$0.data.id")),
        OPEN,
    )
    yield (
        "updated_at stays where nothing changed",
        ("update_meeting", "editWebhook"),
        step("write", _unchanged_time),
        (_MEETING, call("update_meeting", {"title": "Alpha review"}, meeting_id="$0.data.id")),
        OPEN,
    )
    yield (
        "times in whole seconds",
        (),
        both(step("moment", _in_seconds), step("later", _same_second)),
        scene("meetings", "create update read"),
        "date-time has no smallest unit",
    )
    yield (
        "events in an order of their own",
        ("getWebhook", "getAllWebhooks"),
        step("show", _sorted_events, "getWebhook", "getAllWebhooks"),
        scene("webhooks", "create read"),
        "no order of events is documented",
    )
    yield (
        "unknown members are refused everywhere",
        (),
        step("broken", _unknown_refused),
        (call("create_meeting", {"colour": "red"}),),
        OPEN,
    )
    yield (
        "an updated _PRESET has no id",
        ("patch-presets-preset_id",),
        step("show", _without("id"), "patch-presets-preset_id"),
        scene("presets", "create update"),
        "seen live: a PATCH of a _PRESET answers without id",
    )
    yield (
        "a participant has a _PRESET's id and no name",
        ("add_participant",),
        step("show", lambda s, o, op, row: _less(_observed_participant(s, o, op, row)), "add_participant"),
        _PERSON,
        "seen live: preset_id and sip_enabled, no preset_name",
    )


def _of_refusals() -> Iterator[Variant]:
    yield "422 for a body", (), _unprocessable, (call("create_meeting", {"title": 7}),), "no refusal is documented"
    yield "404 for an id of another form", (), step("find", _bad_id_missing), (_BAD,), OPEN
    yield (
        "422 for an id of another form",
        (),
        step("find", lambda _, original, *a: _own_status(original, a, 422)),
        (_BAD,),
        OPEN,
    )
    yield "400 for what is missing", (), _status_for(404, 400), (_UNKNOWN,), "no refusal is documented"
    yield (
        "ids in capitals are found",
        (),
        step("find", _any_case_id),
        (call("get_meeting", meeting_id=LIVE_MEETING.upper()),),
        "a uuid has no case (RFC 9562 4)",
    )
    yield (
        "deleting _TWICE answers twice",
        ("deleteWebhook", "delete-presets-preset_id", "delete_meeting_participant"),
        step("do_delete", _gone_is_gone),
        _TWICE,
        "DELETE is idempotent: RFC 9110 9.2.2",
    )
    yield (
        "a _PRESET's name may stand twice",
        ("post-presets",),
        step("check_new", lambda *_: None),
        (_PRESET, _PRESET),
        "409 was only seen live",
    )
    yield (
        "a participant's custom id stands once",
        ("add_participant",),
        step("do_create", _same_custom_id, "add_participant"),
        (_MEETING, _ADD, _ADD),
        OPEN,
    )
    yield (
        "a _PRESET that does not exist is refused",
        ("add_participant", "replace_participant", "edit_participant"),
        both(
            step("do_create", _unknown_preset, "add_participant"),
            step("do_replace", _unknown_preset, "replace_participant"),
            step("do_update", _unknown_preset, "edit_participant"),
        ),
        (_MEETING, _STRANGE),
        "preset_name names a _PRESET, and nothing says what an _UNKNOWN one does",
    )
    yield (
        "an inactive _MEETING takes no participants",
        ("add_participant",),
        step("do_create", _inactive_refuses, "add_participant"),
        (_MEETING, _IDLE, _ADD),
        "an inactive _MEETING cannot be joined",
    )
    yield (
        "one recording of a _MEETING at a time",
        ("start_recording",),
        step("do_record", _one_recording, "start_recording"),
        (_MEETING, _RECORD, _RECORD),
        "allow_multiple_recordings is false by default",
    )
    yield (
        "a recording needs a session",
        ("start_recording", "startTrackRecordingForAMeeting"),
        step("do_record", _needs_session),
        (_MEETING, _RECORD),
        "what is recorded is a session",
    )
    yield (
        "participants go with their preset",
        ("delete-presets-preset_id",),
        step("remove", _preset_takes_people, "delete-presets-preset_id"),
        (
            _MEETING,
            _PRESET,
            _MEMBER,
            call("delete-presets-preset_id", preset_id="$1.data.id"),
            call("get_meeting_participant", meeting_id="$0.data.id", participant_id="$2.data.id"),
        ),
        OPEN,
    )


def _less(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name != "preset_name"}


def _own_status(original: Any, arguments: tuple[Any, ...], status: int) -> Row:
    if not rules.UUID.fullmatch(arguments[-1]):
        raise service(status, 'UNPROCESSABLE: "id" must be a valid GUID')
    row: Row = original(*arguments)
    return row


def _unprocessable(server: Server) -> None:
    original = server.read_body

    def reading(operation: Operation, request: Request) -> Json:
        try:
            return original(operation, request)
        except RefusalError as refusal:
            if refusal.status == 400:
                raise service(422, refusal.body["error"]["message"]) from None
            raise

    server.read_body = reading  # type: ignore[method-assign]


LAWFUL: tuple[Mutant, ...] = tuple(
    Mutant(
        name=name,
        family="stateful",
        operations=operations or tuple(OPERATIONS),
        description=f"{name[0].upper()}{name[1:]}.",
        promise=promise,
        hook=hook,
        shows=shows,
    )
    for name, operations, hook, shows, promise in (*_of_lists(), *_of_bodies(), *_of_refusals())
)
