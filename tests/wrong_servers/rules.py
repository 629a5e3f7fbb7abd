"""
What the documents ask of the bodies and query parameters of the 62 operations, written by hand as a table.

Sources: the vendor's OpenAPI document of August 2026 and the SDK of September 2026 (storage union, VP9).
Nothing here is derived from the project's own schemas, so that a mistake in those shows.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`]+")
FORMS: Mapping[str, re.Pattern[str]] = {"uri": URI, "uuid": UUID}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    What one value may be. `kind` is text, number, whole, flag, list or object; `low` and `high` bound a number's value
    or a list's and a text's length.
    """

    kind: str
    null: bool = False
    one_of: tuple[str, ...] = ()
    pattern: str = ""
    form: str = ""
    low: float | None = None
    high: float | None = None
    item: Rule | None = None
    members: Mapping[str, Rule] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    any_of: tuple[Rule, ...] = ()
    others: Rule | None = None
    default: Any = None
    hidden: bool = False


def text(*one_of: str, **more: Any) -> Rule:
    return Rule(kind="text", one_of=one_of, **more)


def number(low: float | None = None, high: float | None = None, **more: Any) -> Rule:
    return Rule(kind="number", low=low, high=high, **more)


def whole(low: float | None = None, high: float | None = None, **more: Any) -> Rule:
    return Rule(kind="whole", low=low, high=high, **more)


def flag(**more: Any) -> Rule:
    return Rule(kind="flag", **more)


def listing(item: Rule, **more: Any) -> Rule:
    return Rule(kind="list", item=item, **more)


def thing(_members: Mapping[str, Rule], **more: Any) -> Rule:
    """
    An object; a star behind a name marks a required member.
    """
    required = tuple(name[:-1] for name in _members if name.endswith("*"))
    members = {name.rstrip("*"): rule for name, rule in _members.items()}
    return Rule(kind="object", members=members, required=required, **more)


# --- checking -------------------------------------------------------------------------------------------------------


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


KINDS: Mapping[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "number": _is_number,
    "whole": lambda value: _is_number(value) and value == int(value),
    "flag": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def problems(rule: Rule, value: Any, place: str = "") -> Iterator[str]:
    """
    Each way in which a value breaks a rule, as a sentence.
    """
    if value is None and rule.null:
        return
    if not KINDS[rule.kind](value):
        yield f'"{place}" must be of type {rule.kind}'
        return
    yield from _size_problems(rule, value, place)
    if rule.kind == "text":
        yield from _text_problems(rule, value, place)
    if rule.kind == "list" and rule.item:
        for position, item in enumerate(value):
            yield from problems(rule.item, item, f"{place}[{position}]")
    if rule.kind == "object":
        yield from _object_problems(rule, value, place)


def _size_problems(rule: Rule, value: Any, place: str) -> Iterator[str]:
    size = len(value) if rule.kind in ("text", "list") else value
    if rule.low is not None and size < rule.low:
        yield f'"{place}" must be at least {rule.low}'
    if rule.high is not None and size > rule.high:
        yield f'"{place}" must be at most {rule.high}'


def _text_problems(rule: Rule, value: str, place: str) -> Iterator[str]:
    if rule.one_of and value not in rule.one_of:
        yield f'"{place}" must be one of {", ".join(rule.one_of)}'
    if rule.pattern and not re.search(rule.pattern, value):
        yield f'"{place}" must match {rule.pattern}'
    if rule.form and not FORMS[rule.form].fullmatch(value):
        yield f'"{place}" must be a valid {rule.form}'


def _object_problems(rule: Rule, value: Mapping[str, Any], place: str) -> Iterator[str]:
    before = f"{place}." if place else ""
    for name in rule.required:
        if name not in value:
            yield f'"{before}{name}" is required'
    for name, inner in value.items():
        known = rule.members.get(name) or rule.others
        if known:
            yield from problems(known, inner, before + name)
    if rule.any_of and all(any(problems(branch, value, place)) for branch in rule.any_of):
        yield f'"{place}" fits none of the alternatives'


def kept(rule: Rule, value: Any) -> Any:
    """
    What a server keeps of a valid value: known members that are not secret; null only where it has a meaning.
    """
    if isinstance(value, list) and rule.item:
        return [kept(rule.item, item) for item in value]
    if not isinstance(value, dict) or rule.kind != "object":
        return value
    found = {}
    for name, inner in value.items():
        known = rule.members.get(name) or rule.others
        if known and not known.hidden and inner is not None:
            found[name] = kept(known, inner)
    return found


def defaults(rule: Rule) -> dict[str, Any]:
    """
    The members of an object that have a default.
    """
    return {name: inner.default for name, inner in rule.members.items() if inner.default is not None}


def loosened(rule: Rule) -> Rule:
    """
    The rule with nothing required at any level.
    """
    return dataclasses.replace(
        rule, required=(), members={name: loosened(inner) for name, inner in rule.members.items()}
    )


def altered(rule: Rule, place: str, **changes: Any) -> Rule:
    """
    The rule with other keywords at a dotted place; `[]` goes into a list.
    """
    if not place:
        return dataclasses.replace(rule, **changes)
    name, _, below = place.partition(".")
    if name == "[]":
        assert rule.item is not None, place
        return dataclasses.replace(rule, item=altered(rule.item, below, **changes))
    return dataclasses.replace(rule, members={**rule.members, name: altered(rule.members[name], below, **changes)})


# --- bodies ---------------------------------------------------------------------------------------------------------

LANGUAGES = ("en-US", "en-IN", "de", "hi", "sv", "ru", "pl", "el", "fr", "nl")
SUMMARIES = (
    *("general", "team_meeting", "sales_call", "client_check_in", "interview"),
    *("daily_standup", "one_on_one_meeting", "lecture", "code_review"),
)
AI_CONFIG = thing(
    {
        "transcription": thing(
            {"keywords": listing(text()), "language": text(*LANGUAGES), "profanity_filter": flag()},
        ),
        "summarization": thing(
            {
                "summary_type": text(*SUMMARIES),
                "text_format": text("plain_text", "markdown"),
                "word_limit": whole(150, 1000),
            }
        ),
    }
)
AUDIO = thing({"channel": text("mono", "stereo"), "codec": text("MP3", "AAC"), "export_file": flag()})
WATERMARK = thing(
    {
        "position": text("left top", "right top", "left bottom", "right bottom"),
        "size": thing({"height": whole(1), "width": whole(1)}),
        "url": text(form="uri"),
    }
)
VIDEO = thing(
    {
        "codec": text("H264", "VP8", "VP9"),
        "export_file": flag(),
        "height": whole(1, 1920),
        "width": whole(1, 1920),
        "watermark": WATERMARK,
    }
)
STREAM = thing({"rtmp_url": text(form="uri")})
BUCKET = thing({"enabled*": flag()})
STORES = ("aws", "azure", "digitalocean", "gcs", "sftp")
_SECRET = text(hidden=True)
STORAGE = thing(
    {
        "type": text(*STORES),
        "access_key": _SECRET,
        "secret": _SECRET,
        "password": _SECRET,
        "private_key": _SECRET,
        **{name: text() for name in ("bucket", "path", "host", "username", "region")},
        "port": number(),
        "auth_method": text("KEY", "PASSWORD"),
    },
    null=True,
    any_of=(
        thing({"type": text("gcs")}),
        thing({"type": text("aws", "azure", "digitalocean"), "access_key*": text(low=1), "region*": text(low=1)}),
        thing({"auth_method": text("KEY"), "private_key*": text()}),
        thing({"auth_method": text("PASSWORD"), "password*": text()}),
    ),
)
RECORDING_CONFIG = thing(
    {
        "max_seconds": number(60, 86400),
        "file_name_prefix": text(),
        "live_streaming_config": STREAM,
        "realtimekit_bucket_config": BUCKET,
        "audio_config": AUDIO,
        "video_config": VIDEO,
        "storage_config": STORAGE,
    }
)
_OFF = flag(default=False)
MEETING = thing(
    {
        "title": text(null=True),
        "live_stream_on_start": flag(default=False, null=True),
        "record_on_start": flag(default=False, null=True),
        "persist_chat": _OFF,
        "summarize_on_end": _OFF,
        "transcribe_on_end": _OFF,
        "session_keep_alive_time_in_secs": number(60, 600, default=60),
        "ai_config": AI_CONFIG,
        "recording_config": RECORDING_CONFIG,
    }
)
MEETING_UPDATE = thing(
    {
        **MEETING.members,
        "title": text(),
        "live_stream_on_start": flag(),
        "record_on_start": flag(),
        "status": text("ACTIVE", "INACTIVE"),
    }
)
_NAME = text(null=True)
_PICTURE = text(null=True, form="uri")
PARTICIPANT = thing(
    {"custom_participant_id*": text(), "preset_name*": text(), "name": _NAME, "picture": _PICTURE},
)
PARTICIPANT_UPDATE = thing({"preset_name": text(null=True), "name": _NAME, "picture": _PICTURE})

_NEED = flag()
_MEDIA = text("ALLOWED", "NOT_ALLOWED", "CAN_REQUEST")
_QUALITY = text("hd", "vga", "qvga", "fhd", "uhd")
PLUGINS = thing({}, others=thing({"access_control": text("FULL_ACCESS", "VIEW_ONLY"), "handles_view_only": flag()}))


def _flags(*names: str) -> dict[str, Rule]:
    return {f"{name}*": _NEED for name in names}


PRESET = thing(
    {
        "name*": text(),
        "config*": thing(
            {
                "view_type*": text("GROUP_CALL", "WEBINAR", "AUDIO_ROOM", "LIVESTREAM"),
                "livestream_viewer_qualities": listing(whole(0), null=True),
                "max_screenshare_count*": number(),
                "max_video_streams*": thing({"desktop*": number(), "mobile*": number()}),
                "media*": thing(
                    {
                        "audio": thing({"enable_high_bitrate": flag(), "enable_stereo": flag()}),
                        "screenshare*": thing({"frame_rate*": number(), "quality*": _QUALITY}),
                        "video*": thing(
                            {"frame_rate*": number(high=30), "quality*": _QUALITY, "simulcast": flag()},
                        ),
                    }
                ),
            }
        ),
        "permissions*": thing(
            {
                **_flags(
                    *("accept_waiting_requests", "can_accept_production_requests", "can_edit_display_name"),
                    *("can_change_participant_permissions", "can_livestream", "can_record", "can_spotlight"),
                    *("disable_participant_audio", "disable_participant_screensharing", "disable_participant_video"),
                    *("hidden_participant", "kick_participant", "pin_participant", "show_participant_list"),
                ),
                **{n: flag() for n in ("accept_stage_requests", "is_recorder", "stage_enabled")},
                "transcription_enabled": flag(),
                "stage_access": _MEDIA,
                "recorder_type*": text("RECORDER", "LIVESTREAMER", "NONE"),
                "waiting_room_type*": text("SKIP", "ON_PRIVILEGED_USER_ENTRY", "SKIP_ON_ACCEPT"),
                "chat*": thing(
                    {
                        "private*": thing(_flags("can_receive", "can_send", "files", "text")),
                        "public*": thing(_flags("can_send", "files", "text")),
                    }
                ),
                "connected_meetings*": thing(
                    _flags(
                        *("can_alter_connected_meetings", "can_switch_connected_meetings"),
                        "can_switch_to_parent_meeting",
                    )
                ),
                "media*": thing({f"{n}*": thing({"can_produce*": _MEDIA}) for n in ("audio", "screenshare", "video")}),
                "plugins*": thing({**_flags("can_close", "can_edit_config", "can_start"), "config*": PLUGINS}),
                "polls*": thing(_flags("can_create", "can_view", "can_vote")),
            }
        ),
        "ui*": thing(
            {
                "design_tokens*": thing(
                    {
                        "border_radius*": text("sharp", "rounded", "extra-rounded", "circular"),
                        "border_width*": text("none", "thin", "fat"),
                        "spacing_base*": number(1),
                        "theme*": text("darkest", "dark", "light"),
                        "font_family": text(),
                        "google_font": text(),
                        "logo": text(form="uri"),
                        "colors*": thing(
                            {
                                "background*": thing({f"{n}*": text() for n in (600, 700, 800, 900, 1000)}),
                                "brand*": thing({f"{n}*": text() for n in (300, 400, 500, 600, 700)}),
                                **{f"{n}*": text() for n in ("danger", "success", "text", "text_on_brand")},
                                **{f"{n}*": text() for n in ("video_bg", "warning")},
                            }
                        ),
                    }
                )
            }
        ),
    }
)
PRESET_UPDATE = loosened(PRESET)

EVENTS = (
    *("meeting.started", "meeting.ended", "meeting.participantJoined", "meeting.participantLeft"),
    *("meeting.chatSynced", "recording.statusUpdate", "livestreaming.statusUpdate"),
    *("meeting.transcript", "meeting.summary"),
)
WEBHOOK = thing(
    {
        "name*": text(),
        "url*": text(form="uri"),
        "events*": listing(text(*EVENTS)),
        "enabled": flag(default=True),
    }
)
_PEOPLE = thing({"participant_ids*": listing(text()), "custom_participant_ids*": listing(text())})
_STREAM_NAME = text(null=True, pattern=r"^[a-zA-Z0-9-_]*\Z")
BODIES: Mapping[str, Rule] = {
    "create_app": thing({"name*": text(low=1)}),
    "create_meeting": MEETING,
    "replace_meeting": MEETING,
    "update_meeting": MEETING_UPDATE,
    "add_participant": PARTICIPANT,
    "replace_participant": PARTICIPANT,
    "edit_participant": PARTICIPANT_UPDATE,
    "post-presets": PRESET,
    "put-presets-preset_id": PRESET,
    "patch-presets-preset_id": PRESET_UPDATE,
    "addWebhook": WEBHOOK,
    "replaceWebhook": WEBHOOK,
    "editWebhook": loosened(WEBHOOK),
    "KickPartcipants": _PEOPLE,
    "MuteParticipants": _PEOPLE,
    "MuteAllParticipants": thing({"allow_unmute*": flag()}),
    "CreatePoll": thing(
        {"question*": text(), "options*": listing(text()), "anonymous": flag(), "hide_votes": flag()},
    ),
    "create_livestream": thing({"name": _STREAM_NAME}),
    "start-livestreaming": thing(
        {"name": _STREAM_NAME, "video_config": thing({"height": whole(), "width": whole()})},
    ),
    "start_recording": thing(
        {
            "meeting_id*": text(form="uuid"),
            "allow_multiple_recordings": flag(),
            "audio_config": AUDIO,
            "video_config": VIDEO,
            "file_name_prefix": text(),
            "interactive_config": thing({"type": text("ID3")}),
            "max_seconds": whole(60, 86400),
            "realtimekit_bucket_config": BUCKET,
            "rtmp_out_config": STREAM,
            "storage_config": STORAGE,
            "url": text(form="uri"),
        }
    ),
    "pause_resume_stop_recording": thing({"action*": text("stop", "pause", "resume")}),
    "startTrackRecordingForAMeeting": thing(
        {
            "meeting_id*": text(form="uuid"),
            "user_ids": listing(text(low=1, high=256), low=1, high=100),
            "layers": thing(
                {}, others=thing({"file_name_prefix": text(pattern=r"^[-\w\s]+\Z"), "media_kind": text("audio")})
            ),
        }
    ),
}

# --- query parameters -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """
    What one query parameter may be. `kind` is text, number, whole, flag, time, uuid or list (texts, by commas).
    """

    kind: str = "text"
    one_of: tuple[str, ...] = ()
    low: float | None = None
    most: int | None = None
    empty: bool = False
    """Whether `name=` is the same as no parameter."""


class RefusedParameterError(Exception):
    """
    The parameter is not as it must be; the text says how.
    """


def converted(name: str, query: Query, value: str) -> Any:
    """
    The value of a parameter as it is meant; None for an empty one that counts as absent.
    """
    if value == "" and (query.empty or (query.kind == "text" and not query.one_of)):
        return None
    try:
        made = _READERS[query.kind](value)
    except ValueError:
        raise RefusedParameterError(f'"{name}" must be a valid {query.kind}') from None
    for item in made if isinstance(made, list) else [made]:
        if query.one_of and item not in query.one_of:
            raise RefusedParameterError(f'"{name}" must be one of {", ".join(query.one_of)}')
    if query.low is not None and made < query.low:
        raise RefusedParameterError(f'"{name}" must be at least {query.low}')
    if query.most is not None and len(made) > query.most:
        raise RefusedParameterError(f'"{name}" must have at most {query.most} characters')
    return made


def moment(value: str) -> datetime:
    """
    An RFC 3339 date-time; raises ValueError for anything else.
    """
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", value):
        raise ValueError(value)
    return datetime.fromisoformat(value.upper())


def _whole(value: str) -> int:
    if not re.fullmatch(r"-?\d{1,300}", value):
        raise ValueError(value)
    return int(value)


def _number(value: str) -> int:
    """
    A page or a size: a number by the document, and a whole one by what it means.
    """
    if not re.fullmatch(r"-?\d{1,300}(\.0*)?", value):
        raise ValueError(value)
    return int(value.partition(".")[0])


def _flag(value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError(value)
    return value == "true"


def _uuid(value: str) -> str:
    if not UUID.fullmatch(value):
        raise ValueError(value)
    return value.lower()


_READERS: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "number": _number,
    "whole": _whole,
    "flag": _flag,
    "time": moment,
    "list": lambda value: value.split(","),
    "uuid": _uuid,
}

_PAGE = {"page_no": Query(kind="number", low=0, empty=True), "per_page": Query(kind="number", low=0, empty=True)}
_WHOLE_PAGE = {"page_no": Query(kind="whole"), "per_page": Query(kind="whole")}
_TIMES = {"start_time": Query(kind="time"), "end_time": Query(kind="time")}
_SECONDS = {"start_time": Query(kind="whole"), "end_time": Query(kind="whole"), "filters": Query()}
_SORT = {"sort_order": Query(one_of=("ASC", "DESC"))}
_UUID_QUERY = Query(kind="uuid")
_STREAM_STATES = ("LIVE", "IDLE", "ERRORED", "INVOKED")
RECORDING_STATES = ("INVOKED", "RECORDING", "UPLOADING", "UPLOADED", "ERRORED", "PAUSED")
_EVENTS = {"include_peer_events": Query(kind="flag")}
QUERIES: Mapping[str, Mapping[str, Query]] = {
    "get_apps": {
        "page_no": Query(kind="whole", low=1),
        "per_page": Query(kind="whole", low=1),
        "search": Query(most=125),
        **_SORT,
    },
    "get_all_meetings": {**_PAGE, **_TIMES, "search": Query(), "status": Query(one_of=("ACTIVE", "INACTIVE"))},
    "get_meeting": {"name": Query()},
    "get_meeting_participants": _PAGE,
    "get-presets": {**_PAGE, "search": Query()},
    "get_all_recordings": {
        **_PAGE,
        **_TIMES,
        **_SORT,
        "meeting_id": _UUID_QUERY,
        "expired": Query(kind="flag"),
        "search": Query(),
        "sort_by": Query(one_of=("invokedTime",)),
        "status": Query(kind="list", one_of=RECORDING_STATES),
    },
    "GetSessions": {
        **_PAGE,
        **_TIMES,
        **_SORT,
        "sort_by": Query(one_of=("minutesConsumed", "createdAt")),
        "participants": Query(),
        "status": Query(one_of=("LIVE", "ENDED")),
        "search": Query(),
        "associated_id": _UUID_QUERY,
    },
    "GetSessionDetails": {"include_breakout_rooms": Query(kind="flag")},
    "GetSessionParticipants": {
        **_PAGE,
        **_SORT,
        **_EVENTS,
        "search": Query(),
        "sort_by": Query(one_of=("joinedAt", "duration")),
        "view": Query(one_of=("raw", "consolidated")),
    },
    "GetParticipantDetails": _EVENTS,
    "GetSessionTranscript": {"format": Query(one_of=("SRT", "VTT", "JSON", "CSV"))},
    "GetParticipantDataFromPeerId": {
        **_EVENTS,
        "filters": Query(
            one_of=("device_info", "ip_information", "precall_network_information", "events", "quality_stats")
        ),
    },
    "fetch_all_livestreams": {
        **_WHOLE_PAGE,
        **_TIMES,
        "exclude_meetings": Query(kind="flag"),
        "status": Query(one_of=_STREAM_STATES),
        "sort_order": Query(one_of=("ASC", "DSC")),
    },
    "get-v2-livestream-session-livestream-id": _WHOLE_PAGE,
    "livestream-session-details": _WHOLE_PAGE,
    "get-v2-livestreamsession-session-meetingId-active-livestream": {
        "page_no": Query(kind="number"),
        "per_page": Query(kind="number"),
    },
    "get-org-analytics": {"start_date": Query(), "end_date": Query()},
    "get-livestream-analytics-daywise": _SECONDS,
    "get-livestream-analytics-complete": _SECONDS,
}
