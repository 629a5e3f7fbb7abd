"""
One valid request for every operation, and short scenes of several: what mutants show themselves at.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from wrong_servers.mutants import GONE, Call, Calls, Json, body, put
from wrong_servers.operations import OPERATIONS
from wrong_servers.second_server import LIVE_MEETING, LIVESTREAM, PEER, RECORDING, SESSION, STREAM_SESSION


def _all(value: Json, *names: str) -> dict[str, Json]:
    return dict.fromkeys(names, value)


PRESET: dict[str, Any] = {
    "name": "preset one",
    "config": {
        "view_type": "GROUP_CALL",
        "max_screenshare_count": 2,
        "max_video_streams": {"desktop": 12, "mobile": 6},
        "media": {
            "screenshare": {"frame_rate": 5, "quality": "hd"},
            "video": {"frame_rate": 30, "quality": "vga", "simulcast": True},
        },
        "livestream_viewer_qualities": [270, 480],
    },
    "permissions": {
        **_all(
            True,
            *("accept_waiting_requests", "can_accept_production_requests", "can_edit_display_name", "can_record"),
            *("can_change_participant_permissions", "can_livestream", "can_spotlight", "kick_participant"),
            *("disable_participant_audio", "disable_participant_screensharing", "disable_participant_video"),
        ),
        **_all(False, "hidden_participant", "pin_participant", "show_participant_list", "transcription_enabled"),
        "recorder_type": "LIVESTREAMER",
        "waiting_room_type": "SKIP_ON_ACCEPT",
        "chat": {
            "private": _all(True, "can_receive", "can_send", "files", "text"),
            "public": _all(False, "can_send", "files", "text"),
        },
        "connected_meetings": _all(
            True, "can_alter_connected_meetings", "can_switch_connected_meetings", "can_switch_to_parent_meeting"
        ),
        "media": {
            "audio": {"can_produce": "ALLOWED"},
            "video": {"can_produce": "CAN_REQUEST"},
            "screenshare": {"can_produce": "NOT_ALLOWED"},
        },
        "plugins": {**_all(True, "can_close", "can_edit_config", "can_start"), "config": {}},
        "polls": _all(True, "can_create", "can_view", "can_vote"),
    },
    "ui": {
        "design_tokens": {
            "border_radius": "extra-rounded",
            "border_width": "thin",
            "spacing_base": 6,
            "theme": "light",
            "logo": "https://example.com/logo.png",
            "colors": {
                "background": _all("#101010", "600", "700", "800", "900", "1000"),
                "brand": _all("#202020", "300", "400", "500", "600", "700"),
                **_all("#303030", "danger", "success", "text", "text_on_brand", "video_bg", "warning"),
            },
        }
    },
}
WEBHOOK: dict[str, Any] = {
    "name": "hook one",
    "url": "https://example.com/hook",
    "events": ["meeting.started", "meeting.ended"],
    "enabled": False,
}
PERSON: dict[str, Any] = {
    "custom_participant_id": "guest one",
    "preset_name": "group_call_host",
    "name": "Ada",
    "picture": "https://example.com/ada.png",
}
STORAGE: dict[str, Any] = {
    "type": "aws",
    "access_key": "rtkcontract_canary_access_key",
    "secret": "rtkcontract_canary_secret",
    "bucket": "rtkcontract-bucket",
    "region": "us-east-1",
    "path": "calls/2026",
}
MEETING: dict[str, Any] = {
    "title": "Planning one",
    "record_on_start": True,
    "persist_chat": True,
    "transcribe_on_end": True,
    "session_keep_alive_time_in_secs": 90,
    "ai_config": {
        "transcription": {"keywords": ["alpha", "beta", "gamma"], "language": "de", "profanity_filter": True},
        "summarization": {"summary_type": "lecture", "text_format": "plain_text", "word_limit": 300},
    },
    "recording_config": {
        "max_seconds": 3600,
        "file_name_prefix": "rtkcontract_planning",
        "live_streaming_config": {"rtmp_url": "rtmp://a.rtmp.example.com/live2"},
        "audio_config": {"channel": "mono", "codec": "MP3", "export_file": False},
        "video_config": {
            "codec": "H264",
            "height": 1080,
            "width": 1920,
            "watermark": {
                "position": "right bottom",
                "size": {"height": 40, "width": 120},
                "url": "https://example.com/mark.png",
            },
        },
        "storage_config": STORAGE,
    },
}
_PEOPLE = {"participant_ids": [PEER], "custom_participant_ids": []}
BODIES: Mapping[str, Json] = {
    "create_app": {"name": "App one"},
    "create_meeting": MEETING,
    "replace_meeting": {"title": "Replaced", "session_keep_alive_time_in_secs": 120},
    "update_meeting": {"title": "Updated"},
    "add_participant": PERSON,
    "replace_participant": {"custom_participant_id": "guest two", "preset_name": "group_call_participant"},
    "edit_participant": {"name": "Grace"},
    "post-presets": PRESET,
    "put-presets-preset_id": {**PRESET, "name": "preset replaced"},
    "patch-presets-preset_id": {"config": {"max_screenshare_count": 7}},
    "addWebhook": WEBHOOK,
    "replaceWebhook": {"name": "hook two", "url": "https://example.com/two", "events": ["recording.statusUpdate"]},
    "editWebhook": {"name": "hook three"},
    "KickPartcipants": _PEOPLE,
    "MuteParticipants": _PEOPLE,
    "MuteAllParticipants": {"allow_unmute": True},
    "CreatePoll": {"question": "Tea?", "options": ["yes", "no"], "anonymous": True},
    "create_livestream": {"name": "stream-one"},
    "start-livestreaming": {"name": "stream-two"},
    "start_recording": {"meeting_id": LIVE_MEETING, "file_name_prefix": "rtkcontract"},
    "pause_resume_stop_recording": {"action": "pause"},
    "startTrackRecordingForAMeeting": {"meeting_id": LIVE_MEETING, "user_ids": ["one", "two"]},
}
SAMPLE_IDS: Mapping[str, str] = {
    "meeting_id": LIVE_MEETING,
    "session_id": SESSION,
    "peer_id": PEER,
    "participant_id": PEER,
    "recording_id": RECORDING,
    "livestream_id": LIVESTREAM,
    "livestream-session-id": STREAM_SESSION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """
    The operations of one collection, "" where there is none; `own_id` names an object in a path.
    """

    kind: str
    own_id: str
    create: str
    list: str
    read: str = ""
    replace: str = ""
    update: str = ""
    delete: str = ""
    name: str = "name"
    """The member that is a free text."""
    id_at: str = "data.id"

    @property
    def one(self) -> str:
        """
        The singular.
        """
        return self.kind[:-1]


COLLECTIONS: Mapping[str, Collection] = {
    "apps": Collection(
        kind="apps", own_id="app_id", create="create_app", list="get_apps", read="get_app", id_at="data.app.id"
    ),
    "meetings": Collection(
        kind="meetings",
        own_id="meeting_id",
        create="create_meeting",
        list="get_all_meetings",
        read="get_meeting",
        replace="replace_meeting",
        update="update_meeting",
        name="title",
    ),
    "participants": Collection(
        kind="participants",
        own_id="participant_id",
        create="add_participant",
        list="get_meeting_participants",
        read="get_meeting_participant",
        replace="replace_participant",
        update="edit_participant",
        delete="delete_meeting_participant",
    ),
    "presets": Collection(
        kind="presets",
        own_id="preset_id",
        create="post-presets",
        list="get-presets",
        read="get-presets-preset_id",
        replace="put-presets-preset_id",
        update="patch-presets-preset_id",
        delete="delete-presets-preset_id",
    ),
    "webhooks": Collection(
        kind="webhooks",
        own_id="webhook_id",
        create="addWebhook",
        list="getAllWebhooks",
        read="getWebhook",
        replace="replaceWebhook",
        update="editWebhook",
        delete="deleteWebhook",
    ),
    "recordings": Collection(
        kind="recordings",
        own_id="recording_id",
        create="start_recording",
        list="get_all_recordings",
        read="get_one_recording",
        name="output_file_name",
    ),
    "livestreams": Collection(
        kind="livestreams", own_id="livestream_id", create="create_livestream", list="fetch_all_livestreams"
    ),
}


def scene(kind: str, verbs: str, *, query: Mapping[str, str] | None = None, first: Json = GONE) -> Calls:
    """
    Calls on one collection: "create read update list". "create2" makes another object, "read2" reads it; a participant
    stands below a meeting of its own. `query` goes with each list, `first` is the body of the first create.
    """
    collection = COLLECTIONS[kind]
    below: dict[str, str] = {}
    calls: list[Call] = []
    if kind == "participants":
        calls.append(Call(operation="create_meeting", body={}))
        below = {"meeting_id": "$0.data.id"}
    made: list[int] = []
    for verb in verbs.split():
        role, other = verb.rstrip("2"), verb.endswith("2")
        operation = getattr(collection, role)
        if role == "create":
            made.append(len(calls))
            sent = first if first is not GONE and len(made) == 1 else named(operation, kind, len(made))
            calls.append(Call(operation=operation, body=sent, ids=below))
            continue
        own = {} if role == "list" else {collection.own_id: f"${made[1 if other else 0]}.{collection.id_at}"}
        sent = BODIES.get(operation, GONE)
        one = Call(operation=operation, body=sent, ids={**below, **own})
        calls.append(replace(one, query=query or {}) if role == "list" else one)
    return tuple(calls)


def named(operation: str, kind: str, number: int) -> Json:
    """
    The example body of a create with a name of its own.
    """
    sent = BODIES[operation]
    if number == 1 or kind == "recordings":
        return sent
    name = f"stream-{number}" if kind == "livestreams" else f"Name {number}"
    custom = {"custom_participant_id": f"guest {number}"} if kind == "participants" else {}
    return {**sent, COLLECTIONS[kind].name: name, **custom}


def posted(*parts: Mapping[str, Json]) -> Calls:
    """
    One create of a meeting with members given by dotted paths.
    """
    return (Call(operation="create_meeting", body=body(*parts)),)


def sending(operation: str, *parts: Mapping[str, Json]) -> Calls:
    """
    One request to a create, update or replace with its example body, or for create_meeting with nothing but what is
    named; members are given by dotted paths.
    """
    sent = {} if operation == "create_meeting" else copy.deepcopy(BODIES[operation])
    for place, value in (item for part in parts for item in part.items()):
        put(sent, place, value)
    return (*before(operation), Call(operation=operation, body=sent, ids=ids_of(operation)))


def before(operation: str) -> Calls:
    """
    The calls that make what a request to an operation needs.
    """
    known = OPERATIONS[operation]
    if known.role in ("update", "replace", "read", "delete"):
        return scene(known.kind, "create")
    return (Call(operation="create_meeting", body={}),) if known.kind == "participants" else ()


def ids_of(operation: str) -> dict[str, str]:
    """
    The path ids that belong to `before`.
    """
    known = OPERATIONS[operation]
    last = len(before(operation)) - 1
    own = {known.own_id: f"${last}.data.id"} if known.role in ("update", "replace", "read", "delete") else {}
    return {"meeting_id": "$0.data.id" if known.kind == "participants" else LIVE_MEETING, **own}
