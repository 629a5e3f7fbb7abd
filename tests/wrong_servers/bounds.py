"""
Faults of one operation's own bounds: what a sibling takes or refuses although its schema says otherwise.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from wrong_servers import rules
from wrong_servers.examples import BODIES, COLLECTIONS, SAMPLE_IDS, scene
from wrong_servers.mutants import GONE, Call, Calls, Hook, Json, Mutant, both, parameter, put, rule, step
from wrong_servers.operations import OPERATIONS, Operation
from wrong_servers.second_server import LIVE_MEETING, Server


def _merged(operation: str, change: Mapping[str, Json]) -> Json:
    sent = copy.deepcopy(BODIES[operation])
    for place, value in change.items():
        put(sent, place, value)
    return sent


def _body_bounds() -> Iterator[Mutant]:
    keep = "session_keep_alive_time_in_secs"
    rows: tuple[tuple[str, str, dict[str, Any], str, Json], ...] = (
        ("update_meeting", keep, {"high": 601}, "takes 601 seconds", 601),
        ("update_meeting", keep, {"low": None}, "has no minimum", 1),
        ("update_meeting", keep, {"high": 599}, "refuses 600 seconds", 600),
        ("update_meeting", "status", {"one_of": ()}, "takes any text", "ARCHIVED"),
        ("update_meeting", "status", {"one_of": ("ACTIVE",)}, "refuses INACTIVE", "INACTIVE"),
        ("update_meeting", "title", {"null": True}, "takes null", None),
        ("update_meeting", "record_on_start", {"null": True}, "takes null", None),
        ("update_meeting", "title", {"low": 1}, "refuses an empty text", ""),
        ("update_meeting", "recording_config.max_seconds", {"high": None}, "has no maximum", 86_401),
        ("replace_meeting", keep, {"low": 59}, "takes 59 seconds", 59),
        ("replace_meeting", "title", {"null": False}, "refuses null", None),
        ("replace_meeting", "ai_config.transcription.language", {"one_of": ()}, "takes any text", "xx"),
        ("add_participant", "picture", {"form": ""}, "takes what is no address", "no address"),
        ("add_participant", "picture", {"null": False}, "refuses null", None),
        ("add_participant", "name", {"null": False}, "refuses null", None),
        (
            "add_participant",
            "",
            {"required": ("custom_participant_id",)},
            "needs no preset_name",
            {"preset_name": GONE},
        ),
        ("add_participant", "", {"required": ("preset_name",)}, "needs no custom id", {"custom_participant_id": GONE}),
        ("edit_participant", "preset_name", {"null": False}, "refuses null", None),
        ("edit_participant", "picture", {"form": ""}, "takes what is no address", "no address"),
        ("post-presets", "config.view_type", {"one_of": ()}, "takes any text", "CIRCLE"),
        ("post-presets", "config.media.video.frame_rate", {"high": 31}, "takes 31", 31),
        ("post-presets", "config.media.video.frame_rate", {"high": 29}, "refuses 30", 30),
        ("post-presets", "config.livestream_viewer_qualities", {"null": False}, "refuses null", None),
        ("post-presets", "ui.design_tokens.spacing_base", {"low": 0}, "takes 0", 0),
        ("post-presets", "", {"required": ("name", "config", "permissions")}, "needs no ui", {"ui": GONE}),
        (
            "post-presets",
            "permissions.waiting_room_type",
            {"one_of": ("SKIP", "SKIP_ON_ACCEPT")},
            "refuses a privileged user",
            "ON_PRIVILEGED_USER_ENTRY",
        ),
        ("put-presets-preset_id", "permissions.recorder_type", {"one_of": ()}, "takes any text", "BOTH"),
        ("patch-presets-preset_id", "ui.design_tokens.theme", {"one_of": ()}, "takes any text", "sepia"),
        ("addWebhook", "events.[]", {"one_of": ()}, "takes any event", ["meeting.started", "meeting.deleted"]),
        ("addWebhook", "url", {"form": ""}, "takes what is no address", "no address"),
        ("addWebhook", "", {"required": ("name", "url")}, "needs no events", {"events": GONE}),
        (
            "addWebhook",
            "events.[]",
            {"one_of": ("meeting.started", "meeting.ended")},
            "refuses a summary",
            ["meeting.summary"],
        ),
        ("editWebhook", "events.[]", {"one_of": ()}, "takes any event", ["meeting.deleted"]),
        ("editWebhook", "", {"required": ("name",)}, "needs the name", {"name": GONE, "enabled": True}),
        ("replaceWebhook", "enabled", {"null": True}, "takes null", None),
        ("create_app", "name", {"low": 0}, "takes an empty text", ""),
        ("create_app", "name", {"high": 50}, "refuses 60 characters", "a" * 60),
        ("create_livestream", "name", {"pattern": ""}, "takes a blank", "my stream"),
        ("create_livestream", "name", {"null": False}, "refuses null", None),
        ("start-livestreaming", "name", {"pattern": r"^[a-zA-Z0-9-]*\Z"}, "refuses an underscore", "my_stream"),
        ("start_recording", "max_seconds", {"low": 0}, "takes 59 seconds", 59),
        ("start_recording", "max_seconds", {"kind": "number"}, "takes a fraction", 60.5),
        ("start_recording", "interactive_config.type", {"one_of": ()}, "takes any text", "ID4"),
        ("pause_resume_stop_recording", "action", {"one_of": ()}, "takes any text", "start"),
        ("startTrackRecordingForAMeeting", "user_ids", {"high": 101}, "takes 101", [f"u{n}" for n in range(101)]),
        ("startTrackRecordingForAMeeting", "user_ids", {"low": 0}, "takes none", []),
        ("startTrackRecordingForAMeeting", "user_ids.[]", {"high": 257}, "takes 257 characters", ["u" * 257]),
        ("startTrackRecordingForAMeeting", "user_ids", {"high": 99}, "refuses 100", [f"u{n}" for n in range(100)]),
        ("MuteAllParticipants", "", {"required": ()}, "needs nothing", {"allow_unmute": GONE}),
        ("CreatePoll", "options", {"kind": "object"}, "refuses a list", ["a", "b"]),
        ("KickPartcipants", "participant_ids", {"kind": "text"}, "takes a text", "a"),
    )
    for operation, place, changes, how, value in rows:
        change = {place.replace(".[]", ""): value} if place else value
        kind = OPERATIONS[operation].kind
        ids: dict[str, str] = {"meeting_id": LIVE_MEETING}
        calls: Calls = ()
        role = OPERATIONS[operation].role
        if role in ("update", "replace"):
            calls = scene(kind, "create")
            ids = {COLLECTIONS[kind].own_id: f"${len(calls) - 1}.data.id", "meeting_id": "$0.data.id"}
        if operation == "pause_resume_stop_recording":
            calls = scene("recordings", "create")
            ids = {"recording_id": "$0.data.id"}
        yield Mutant(
            name=f"{place or 'the body'} of {operation} {how}",
            family="bounds",
            operations=(operation,),
            description=f"{place or 'The body'} of {operation} {how}.",
            promise="the request schema of the operation: the vendor's document",
            hook=both(rule(operation, place, **changes), _forgiving(operation)),
            shows=(*calls, Call(operation=operation, body=_merged(operation, change), ids=ids)),
        )


def _forgiving(operation: str) -> Hook:
    """
    What was let in without a member that the handler needs is filled up, so that it does not end in a crash.
    """

    def change(_: Server, original: Any, o: Operation, ids: Any, query: Any, sent: Json) -> Any:
        needed = {name: BODIES[operation][name] for name in rules.BODIES[operation].required}
        filled = {**needed, **sent}
        if filled.get("action") not in ("stop", "pause", "resume", None):
            filled["action"] = "resume"
        return original(o, ids, query, filled)

    role = OPERATIONS[operation].role
    return step(f"do_{role}", change, operation)


def _query_bounds() -> Iterator[Mutant]:
    rows: tuple[tuple[str, str, dict[str, Any], str, str], ...] = (
        ("get_all_meetings", "page_no", {"low": None}, "takes -1", "-1"),
        ("get_all_meetings", "per_page", {"low": None}, "takes -5", "-5"),
        ("get_all_meetings", "per_page", {"kind": "text", "low": None}, "takes a word", "many"),
        ("get_all_meetings", "status", {"one_of": ()}, "takes any text", "DELETED"),
        ("get_all_meetings", "start_time", {"kind": "text"}, "takes a word", "yesterday"),
        ("get_meeting_participants", "per_page", {"low": None}, "takes -1", "-1"),
        ("get-presets", "page_no", {"kind": "text", "low": None}, "takes a word", "first"),
        ("get_apps", "page_no", {"low": 0}, "takes 0", "0"),
        ("get_apps", "per_page", {"low": None}, "takes 0", "0"),
        ("get_apps", "search", {"most": 126}, "takes 126 characters", "a" * 126),
        ("get_apps", "search", {"most": 124}, "refuses 125 characters", "a" * 125),
        ("get_apps", "sort_order", {"one_of": ()}, "takes any text", "RANDOM"),
        ("get_all_recordings", "status", {"one_of": ()}, "takes any text", "LOST"),
        ("get_all_recordings", "expired", {"kind": "text"}, "takes a word", "maybe"),
        ("get_all_recordings", "meeting_id", {"kind": "text"}, "takes what is no uuid", "meeting"),
        ("get_all_recordings", "sort_by", {"one_of": ()}, "takes any text", "size"),
        ("GetSessions", "sort_by", {"one_of": ()}, "takes any text", "name"),
        ("GetSessions", "status", {"one_of": ()}, "takes any text", "OVER"),
        ("fetch_all_livestreams", "sort_order", {"one_of": ("ASC", "DESC")}, "is named as in the other lists", "DSC"),
        ("fetch_all_livestreams", "status", {"one_of": ()}, "takes any text", "OFF"),
        ("get-livestream-analytics-daywise", "start_time", {"kind": "text"}, "takes a word", "monday"),
        ("GetSessionTranscript", "format", {"one_of": ()}, "takes any text", "PDF"),
        ("GetParticipantDataFromPeerId", "filters", {"one_of": ()}, "takes any text", "secrets"),
    )
    for operation, name, changes, how, value in rows:
        ids = {"meeting_id": LIVE_MEETING}
        yield Mutant(
            name=f"{name} of {operation} {how}",
            family="bounds",
            operations=(operation,),
            description=f"The parameter {name} of {operation} {how}.",
            promise="the parameter's schema: the vendor's document",
            hook=both(parameter(operation, name, **changes), step("read_query", _tamed, operation)),
            shows=(Call(operation=operation, query={name: value}, ids={**SAMPLE_IDS, **ids}),),
        )


def _tamed(server: Server, original: Any, operation: Operation, request: Any) -> dict[str, Any]:
    """
    What was let in though it means nothing is left out, so that it does not end in a crash.
    """
    known = rules.QUERIES[operation.name]
    found: dict[str, Any] = original(operation, request)
    kept = {}
    for name, value in found.items():
        text = ",".join(value) if isinstance(value, list) else str(value)
        try:
            kept[name] = value if not isinstance(value, str) else rules.converted(name, known[name], text)
        except rules.RefusedParameterError:
            continue
        if known[name].low is not None and isinstance(value, int) and value < known[name].low:
            del kept[name]
    return kept


MUTANTS: tuple[Mutant, ...] = (*_body_bounds(), *_query_bounds())
