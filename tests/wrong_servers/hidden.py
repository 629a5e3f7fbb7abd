"""
Faults that hide beside another member: a constraint that is checked in a small body only, or in one company only; and
constraints of the second item, of neighbours in meaning, and of three members together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wrong_servers import rules
from wrong_servers.examples import MEETING, sending
from wrong_servers.mutants import (
    CRASH,
    GONE,
    REFUSAL,
    Effect,
    Hook,
    Json,
    Mutant,
    both,
    comes_back,
    get,
    put,
    rule,
    says,
    step,
    success,
    told,
    when,
)
from wrong_servers.operations import Operation
from wrong_servers.second_server import Request, Response, Server

SCHEMA = "the request schema of the operation: the vendor's document"
ECHO = "what is sent comes back with the same value: the examples of the vendor's document"

K = "session_keep_alive_time_in_secs"
TR, SU = "ai_config.transcription", "ai_config.summarization"
RC = "recording_config"
AU, VI, ST = f"{RC}.audio_config", f"{RC}.video_config", f"{RC}.storage_config"
LANGUAGE, KEYWORDS, WORDS = f"{TR}.language", f"{TR}.keywords", f"{SU}.word_limit"
PREFIX, URL, SECONDS = f"{RC}.file_name_prefix", f"{RC}.live_streaming_config.rtmp_url", f"{RC}.max_seconds"
GCS = {f"{ST}.type": "gcs"}

Matches = Callable[[Json], bool]


def _with(place: str) -> Matches:
    return lambda sent: get(sent, place) not in (GONE, None)


def _is(place: str, value: Json) -> Matches:
    return lambda sent: get(sent, place) == value and type(get(sent, place)) is type(value)


def _unchecked(place: str, matches: Matches) -> Any:
    """
    What is wrong at or below a place does not count where the body is such.
    """

    def change(_: Server, original: Any, operation: Operation, rule_: rules.Rule, sent: Json) -> list[str]:
        found: list[str] = original(operation, rule_, sent)
        if found and isinstance(sent, dict) and matches(sent):
            return [text for text in found if not text.startswith(f'"{place}') or text.endswith("alternatives")]
        return found

    return change


def _beside() -> Iterator[Mutant]:
    rows: tuple[tuple[str, str, str, Json, str, Matches, dict[str, Json]], ...] = (
        ("create_meeting", "keep-alive beside a recording", K, 601, K, _with(RC), {SECONDS: 60}),
        ("create_meeting", "keep-alive beside a title", K, 59, K, _with("title"), {"title": "a"}),
        (
            "create_meeting",
            "keep-alive where chat is kept",
            K,
            "90",
            K,
            _is("persist_chat", value=True),
            {"persist_chat": True},
        ),
        ("create_meeting", "language beside a summary", LANGUAGE, "xx", LANGUAGE, _with(SU), {WORDS: 200}),
        ("create_meeting", "words beside a language", WORDS, 1_001, WORDS, _with(LANGUAGE), {LANGUAGE: "de"}),
        (
            "create_meeting",
            "words in markdown",
            WORDS,
            149,
            WORDS,
            _is(f"{SU}.text_format", "markdown"),
            {TR: {}, f"{SU}.text_format": "markdown"},
        ),
        (
            "create_meeting",
            "summary type beside a keyword",
            f"{SU}.summary_type",
            "chat",
            f"{SU}.summary_type",
            _with(KEYWORDS),
            {KEYWORDS: ["a"]},
        ),
        ("create_meeting", "title beside a recording", "title", 7, "title", _with(RC), {RC: {}}),
        (
            "create_meeting",
            "title where it is recorded",
            "title",
            ["a"],
            "title",
            _is("record_on_start", value=True),
            {"record_on_start": True},
        ),
        (
            "create_meeting",
            "persist_chat beside ai_config",
            "persist_chat",
            "yes",
            "persist_chat",
            _with("ai_config"),
            {"ai_config": {}},
        ),
        (
            "create_meeting",
            "video height beside a width",
            f"{VI}.height",
            1_921,
            f"{VI}.height",
            _with(f"{VI}.width"),
            {f"{VI}.width": 100},
        ),
        (
            "create_meeting",
            "video height in VP8",
            f"{VI}.height",
            0,
            f"{VI}.height",
            _is(f"{VI}.codec", "VP8"),
            {f"{VI}.codec": "VP8"},
        ),
        (
            "create_meeting",
            "video codec beside audio",
            f"{VI}.codec",
            "AV1",
            f"{VI}.codec",
            _with(AU),
            {f"{AU}.codec": "AAC"},
        ),
        (
            "create_meeting",
            "audio channel without a file",
            f"{AU}.channel",
            "both",
            f"{AU}.channel",
            _is(f"{AU}.export_file", value=False),
            {f"{AU}.export_file": False},
        ),
        (
            "create_meeting",
            "watermark position beside a size",
            f"{VI}.watermark.position",
            "middle",
            f"{VI}.watermark.position",
            _with(f"{VI}.watermark.size"),
            {f"{VI}.watermark.size": {"height": 1}},
        ),
        (
            "create_meeting",
            "watermark size beside a url",
            f"{VI}.watermark.size.width",
            0,
            f"{VI}.watermark.size",
            _with(f"{VI}.watermark.url"),
            {f"{VI}.watermark.url": "https://example.com/a"},
        ),
        (
            "create_meeting",
            "bucket beside a store",
            f"{RC}.realtimekit_bucket_config",
            {},
            f"{RC}.realtimekit_bucket_config",
            _with(ST),
            GCS,
        ),
        ("create_meeting", "seconds beside a prefix", SECONDS, 86_401, SECONDS, _with(PREFIX), {PREFIX: "a"}),
        (
            "create_meeting",
            "stream address where it is live",
            URL,
            "no address",
            URL,
            _is("live_stream_on_start", value=True),
            {"live_stream_on_start": True},
        ),
        (
            "create_meeting",
            "store type beside a private key",
            f"{ST}.type",
            "ftp",
            f"{ST}.type",
            _with(f"{ST}.private_key"),
            {f"{ST}.private_key": "rtkcontract_canary_private_key", f"{ST}.auth_method": "KEY"},
        ),
        (
            "create_meeting",
            "auth method beside a bucket",
            f"{ST}.auth_method",
            "TOKEN",
            f"{ST}.auth_method",
            _with(f"{ST}.bucket"),
            {**GCS, f"{ST}.bucket": "b"},
        ),
        (
            "create_meeting",
            "transcription where it is transcribed",
            TR,
            "on",
            TR,
            _is("transcribe_on_end", value=True),
            {"transcribe_on_end": True},
        ),
        ("create_meeting", "keywords in German", KEYWORDS, [7], KEYWORDS, _is(LANGUAGE, "de"), {LANGUAGE: "de"}),
        ("update_meeting", "keep-alive beside a status", K, 601, K, _with("status"), {"status": "ACTIVE"}),
        ("update_meeting", "status beside a recording", "status", "GONE", "status", _with(RC), {SECONDS: 60}),
        (
            "add_participant",
            "picture where the name is null",
            "picture",
            "no address",
            "picture",
            _is("name", None),
            {"name": None},
        ),
        ("add_participant", "name beside a picture", "name", 7, "name", _with("picture"), {}),
        (
            "addWebhook",
            "url where it is off",
            "url",
            "no address",
            "url",
            _is("enabled", value=False),
            {"enabled": False},
        ),
        (
            "addWebhook",
            "events where it is on",
            "events",
            ["meeting.lost"],
            "events",
            _is("enabled", value=True),
            {"enabled": True},
        ),
        (
            "post-presets",
            "view type beside a logo",
            "config.view_type",
            "RING",
            "config.view_type",
            _with("ui.design_tokens.logo"),
            {},
        ),
        (
            "post-presets",
            "frame rate in high definition",
            "config.media.video.frame_rate",
            31,
            "config.media.video.frame_rate",
            _is("config.media.video.quality", "hd"),
            {"config.media.video.quality": "hd"},
        ),
        (
            "start_recording",
            "seconds beside a prefix",
            "max_seconds",
            59,
            "max_seconds",
            _with("file_name_prefix"),
            {"file_name_prefix": "a"},
        ),
    )
    for operation, name, place, value, checked, matches, beside in rows:
        yield Mutant(
            name=f"{operation} takes any {name}",
            family="beside another member",
            operations=(operation,),
            description=f"{place} is not checked in this company: {name}.",
            promise=SCHEMA,
            hook=step("broken", _unchecked(checked, matches), operation),
            shows=sending(operation, beside, {place: value}),
        )


def _large(limit: int) -> Any:
    def change(_: Server, original: Any, operation: Operation, rule_: rules.Rule, sent: Json) -> list[str]:
        return [] if len(json.dumps(sent)) > limit and isinstance(sent, dict) else original(operation, rule_, sent)

    return change


def _members(most: int) -> Any:
    def change(_: Server, original: Any, operation: Operation, rule_: rules.Rule, sent: Json) -> list[str]:
        return [] if isinstance(sent, dict) and len(sent) > most else original(operation, rule_, sent)

    return change


def _even(_: Server, original: Any, operation: Operation, rule_: rules.Rule, sent: Json) -> list[str]:
    """
    Two violations cancel each other.
    """
    found: list[str] = original(operation, rule_, sent)
    return [] if len(found) % 2 == 0 and isinstance(sent, dict) else found


def _first_only(_: Server, original: Any, operation: Operation, rule_: rules.Rule, sent: Json) -> list[str]:
    """
    Only the first member of the body is checked.
    """
    if not isinstance(sent, dict):
        return list(original(operation, rule_, sent))
    return list(original(operation, rule_, dict(list(sent.items())[:1])))


def _last_only(_: Server, original: Any, operation: Operation, rule_: rules.Rule, sent: Json) -> list[str]:
    if not isinstance(sent, dict):
        return list(original(operation, rule_, sent))
    return list(original(operation, rule_, dict(list(sent.items())[-1:])))


def _unknown_opens(_: Server, original: Any, operation: Operation, rule_: rules.Rule, sent: Json) -> list[str]:
    """
    A body with an unknown member is not checked.
    """
    found: list[str] = original(operation, rule_, sent)
    return [] if isinstance(sent, dict) and any(name not in rule_.members for name in sent) else found


def _deep(depth: int) -> Any:
    """
    What stands so deep or deeper is not checked.
    """

    def change(_: Server, original: Any, operation: Operation, rule_: rules.Rule, sent: Json) -> list[str]:
        found: list[str] = original(operation, rule_, sent)
        return [text for text in found if text.split('"')[1].count(".") < depth]

    return change


def _rich() -> Iterator[Mutant]:
    large = {name: value for name, value in MEETING.items() if name != K}
    rows: tuple[tuple[str, Any, tuple[dict[str, Json], ...], str], ...] = (
        ("bodies over 512 bytes are not checked", _large(512), (large, {K: 601}), "create_meeting"),
        ("bodies over 1 kB are not checked", _large(1_000), (large, {K: 601, "title": "p" * 300}), "create_meeting"),
        (
            "bodies of more than three members are not checked",
            _members(3),
            ({"title": "a", "persist_chat": True, "record_on_start": True, K: 59},),
            "create_meeting",
        ),
        ("bodies of more than five members are not checked", _members(5), (large, {K: 59}), "create_meeting"),
        ("two violations cancel each other", _even, ({K: 59, WORDS: 1},), "create_meeting"),
        ("only the first member is checked", _first_only, ({"title": "a", K: 59},), "create_meeting"),
        ("only the last member is checked", _last_only, ({K: 59, "title": "a"},), "create_meeting"),
        ("an unknown member switches the check off", _unknown_opens, ({"colour": "red", K: 59},), "create_meeting"),
        ("the third level is not checked", _deep(3), ({f"{VI}.watermark.position": "middle"},), "create_meeting"),
        ("the second level is not checked", _deep(2), ({LANGUAGE: "xx"},), "create_meeting"),
        (
            "an unknown member switches the check of an update off",
            _unknown_opens,
            ({"colour": "red", K: 59},),
            "update_meeting",
        ),
        ("two violations of a webhook cancel each other", _even, ({"name": 7, "url": 7},), "addWebhook"),
        (
            "the fourth level of a preset is not checked",
            _deep(3),
            ({"config.media.video.quality": "8k"},),
            "post-presets",
        ),
    )
    for name, change, parts, operation in rows:
        yield Mutant(
            name=name,
            family="beside another member",
            operations=(operation,),
            description=f"{name[0].upper()}{name[1:]}.",
            promise=SCHEMA,
            hook=step("broken", change, operation),
            shows=sending(operation, *parts),
        )


# --- the second item ------------------------------------------------------------------------------------------------


def _items_unchecked(place: str, allowed: Callable[[int, int], bool]) -> Any:
    """
    Items of a list are not checked where (position, length) is such.
    """

    def change(_: Server, original: Any, operation: Operation, rule_: rules.Rule, sent: Json) -> list[str]:
        listed = get(sent, place)
        length = len(listed) if isinstance(listed, list) else 0

        def passes(text: str) -> bool:
            match = re.match(rf'"{re.escape(place)}\[(\d+)\]', text)
            return match is not None and allowed(int(match[1]), length)

        return [text for text in original(operation, rule_, sent) if not passes(text)]

    return change


def _items() -> Iterator[Mutant]:
    behind: Callable[[int, int], bool] = lambda position, _: position > 0  # noqa: E731
    last: Callable[[int, int], bool] = lambda position, length: position == length - 1 and length > 1  # noqa: E731
    second: Callable[[int, int], bool] = lambda position, _: position == 1  # noqa: E731
    rows: tuple[tuple[str, str, str, Callable[[int, int], bool], list[Any]], ...] = (
        ("create_meeting", KEYWORDS, "all but the first", behind, ["a", 7]),
        ("create_meeting", KEYWORDS, "the last", last, ["a", "b", None]),
        ("addWebhook", "events", "all but the first", behind, ["meeting.started", "meeting.lost"]),
        ("addWebhook", "events", "the last", last, ["meeting.started", "meeting.ended", 7]),
        ("editWebhook", "events", "the second", second, ["meeting.started", "meeting.lost"]),
        ("post-presets", "config.livestream_viewer_qualities", "all but the first", behind, [270, -1]),
        ("startTrackRecordingForAMeeting", "user_ids", "all but the first", behind, ["one", ""]),
        ("startTrackRecordingForAMeeting", "user_ids", "the last", last, ["one", "u" * 257]),
    )
    for operation, place, how, allowed, value in rows:
        yield Mutant(
            name=f"{place} of {operation}: {how} of its items is not checked",
            family="second item",
            operations=(operation,),
            description=f"In {place}, {how} may be anything.",
            promise=SCHEMA,
            hook=step("broken", _items_unchecked(place, allowed), operation),
            shows=sending(operation, {place: value}),
        )
    changed: tuple[tuple[str, str, str, Callable[[list[Any]], list[Any]], list[Any]], ...] = (
        (
            "create_meeting",
            KEYWORDS,
            "the second comes back as the first",
            lambda v: [v[0], *v[:1], *v[2:]] if len(v) > 1 else v,
            ["a", "b", "c"],
        ),
        ("create_meeting", KEYWORDS, "the last is lost", lambda v: v[:-1] if len(v) > 1 else v, ["a", "b"]),
        ("create_meeting", KEYWORDS, "the last comes first", lambda v: v[-1:] + v[:-1], ["a", "b"]),
        ("create_meeting", KEYWORDS, "the third and later are lost", lambda v: v[:2], ["a", "b", "c"]),
        (
            "addWebhook",
            "events",
            "the last is lost",
            lambda v: v[:-1] if len(v) > 1 else v,
            ["meeting.started", "meeting.ended"],
        ),
        (
            "addWebhook",
            "events",
            "one is added",
            lambda v: [*v, "meeting.summary"] if len(v) > 1 else v,
            ["meeting.started", "meeting.ended"],
        ),
        (
            "post-presets",
            "config.livestream_viewer_qualities",
            "the second is zero",
            lambda v: [v[0], 0, *v[2:]] if len(v) > 1 else v,
            [270, 480],
        ),
    )
    for operation, place, how, convert, value in changed:
        yield Mutant(
            name=f"{place} of {operation}: {how}",
            family="second item",
            operations=(operation,),
            description=f"In {place}, {how}.",
            promise=ECHO,
            hook=success(comes_back(place, convert), operation),
            shows=sending(operation, {place: value}),
        )


# --- neighbours in meaning ------------------------------------------------------------------------------------------


def _neighbours() -> Iterator[Mutant]:
    rows: tuple[tuple[str, str, str], ...] = (
        ("create_meeting", f"{AU}.codec", "OPUS"),
        ("create_meeting", f"{VI}.codec", "H265"),
        ("create_meeting", f"{AU}.channel", "surround"),
        ("create_meeting", f"{SU}.text_format", "html"),
        ("create_meeting", f"{SU}.summary_type", "retrospective"),
        ("create_meeting", f"{VI}.watermark.position", "center"),
        ("create_meeting", f"{ST}.auth_method", "CERTIFICATE"),
        ("update_meeting", "status", "DELETED"),
        ("replace_meeting", f"{VI}.codec", "AV1"),
        ("post-presets", "config.media.video.quality", "4k"),
        ("post-presets", "config.view_type", "CHAT"),
        ("post-presets", "permissions.media.audio.can_produce", "REQUESTED"),
        ("post-presets", "permissions.recorder_type", "BOTH"),
        ("post-presets", "ui.design_tokens.theme", "darker"),
        ("post-presets", "ui.design_tokens.border_radius", "square"),
        ("start_recording", "interactive_config.type", "SEI"),
    )
    for operation, place, value in rows:
        yield Mutant(
            name=f"{place} of {operation} takes {value}",
            family="neighbours in meaning",
            operations=(operation,),
            description=f"{place} takes one value more, which means something like the others: {value}.",
            promise=SCHEMA,
            hook=_also(operation, place, value),
            shows=sending(operation, {f"{ST}.type": "gcs"} if place.startswith(ST) else {}, {place: value}),
        )
    yield Mutant(
        name="events of addWebhook take meeting.deleted",
        family="neighbours in meaning",
        operations=("addWebhook",),
        description="The enumeration of events has one member more.",
        promise=SCHEMA,
        hook=rule("addWebhook", "events.[]", one_of=(*rules.EVENTS, "meeting.deleted")),
        shows=sending("addWebhook", {"events": ["meeting.deleted"]}),
    )


def _also(operation: str, place: str, value: str) -> Hook:
    known = rules.BODIES[operation]
    for name in place.split("."):
        known = known.members[name]
    return rule(operation, place, one_of=(*known.one_of, value))


# --- three together, and what is lost though it was accepted --------------------------------------------------------


def _holds(sent: Json, wanted: Mapping[str, Json]) -> bool:
    return all(_is(place, value)(sent) for place, value in wanted.items())


def _on(wanted: Mapping[str, Json], effect: Effect) -> Effect:
    def matches(_: Request, sent: Json, made: Response) -> bool:
        return made.status < 300 and _holds(sent, wanted)

    return when(matches, effect)


def _triples() -> Iterator[Mutant]:
    crash, refuse = CRASH, REFUSAL
    rows: tuple[tuple[str, str, dict[str, Json], Effect], ...] = (
        (
            "create_meeting",
            "a crash of three switches",
            {"record_on_start": True, "persist_chat": False, "summarize_on_end": True},
            crash,
        ),
        (
            "create_meeting",
            "a refusal of transcribed, filtered Hindi",
            {"transcribe_on_end": True, f"{TR}.profanity_filter": True, LANGUAGE: "hi"},
            refuse,
        ),
        (
            "create_meeting",
            "a lecture in plain text at the shortest",
            {f"{SU}.summary_type": "lecture", f"{SU}.text_format": "plain_text", WORDS: 150},
            says(WORDS, 151),
        ),
        (
            "create_meeting",
            "a crash of VP9 with MP3 in mono",
            {f"{VI}.codec": "VP9", f"{AU}.codec": "MP3", f"{AU}.channel": "mono"},
            crash,
        ),
        (
            "create_meeting",
            "chat is not kept where all is recorded",
            {"record_on_start": True, "live_stream_on_start": True, "persist_chat": True},
            says("persist_chat", False),
        ),
        (
            "create_meeting",
            "no file at all is refused in VP8",
            {f"{AU}.export_file": False, f"{VI}.export_file": False, f"{VI}.codec": "VP8"},
            refuse,
        ),
        (
            "create_meeting",
            "a null title of a null recording stays live",
            {"title": None, "record_on_start": None, "live_stream_on_start": True},
            says("live_stream_on_start", False),
        ),
        (
            "create_meeting",
            "a watermark moves in stereo H264",
            {f"{VI}.watermark.position": "right top", f"{AU}.channel": "stereo", f"{VI}.codec": "H264"},
            says(f"{VI}.watermark.position", "left top"),
        ),
        (
            "create_meeting",
            "a crash of a summary without chat",
            {"summarize_on_end": True, "transcribe_on_end": True, "persist_chat": False},
            crash,
        ),
        (
            "post-presets",
            "a crash of a hidden recorder in a webinar",
            {
                "config.view_type": "WEBINAR",
                "permissions.hidden_participant": True,
                "permissions.recorder_type": "RECORDER",
            },
            crash,
        ),
        (
            "post-presets",
            "light and sharp without a border is refused",
            {
                "ui.design_tokens.theme": "light",
                "ui.design_tokens.border_radius": "sharp",
                "ui.design_tokens.border_width": "none",
            },
            refuse,
        ),
        (
            "add_participant",
            "a crash without name and picture",
            {"name": None, "picture": None, "preset_name": "group_call_host"},
            crash,
        ),
    )
    for operation, name, wanted, effect in rows:
        yield Mutant(
            name=name,
            family="three together",
            operations=(operation,),
            description=f"{', '.join(f'{place} {value!r}' for place, value in wanted.items())} go wrong together only.",
            promise=SCHEMA if effect in (crash, refuse) else ECHO,
            source="documents",
            hook=success(_on(wanted, effect), operation),
            shows=sending(operation, wanted),
        )


def _kept_or_refused() -> Iterator[Mutant]:
    """
    What is open may be refused; where it is accepted, the members that nobody disputes keep their promise.
    """
    language = {LANGUAGE: "es", KEYWORDS: ["a"]}
    rows: tuple[tuple[str, Hook, Effect, Matches, dict[str, Json]], ...] = (
        (
            "an unlisted language loses the keywords",
            rule("create_meeting", LANGUAGE, one_of=()),
            told(lambda _, d: put(d, KEYWORDS, [])),
            lambda s: get(s, LANGUAGE) not in (GONE, *rules.LANGUAGES),
            language,
        ),
        (
            "an unlisted language loses the title",
            rule("create_meeting", LANGUAGE, one_of=()),
            says("title", ""),
            lambda s: get(s, LANGUAGE) not in (GONE, *rules.LANGUAGES),
            {LANGUAGE: "es", "title": "a"},
        ),
        (
            "a fraction of a second loses the title",
            lambda _: None,
            says("title", GONE),
            lambda s: isinstance(get(s, K), float) and get(s, K) % 1 != 0,
            {K: 90.5, "title": "a"},
        ),
        (
            "an unknown member turns the recording off",
            lambda _: None,
            says("record_on_start", False),
            lambda s: any(name not in rules.MEETING.members for name in s),
            {"record_on_start": True, "colour": "red"},
        ),
        (
            "an unknown member loses the keep-alive",
            lambda _: None,
            says(K, 60),
            lambda s: any(name not in rules.MEETING.members for name in s),
            {K: 90, "colour": "red"},
        ),
        (
            "VP9 loses the prefix",
            lambda _: None,
            says(PREFIX, GONE),
            _is(f"{VI}.codec", "VP9"),
            {f"{VI}.codec": "VP9", PREFIX: "a"},
        ),
        (
            "a bucket that is off loses the seconds",
            lambda _: None,
            says(SECONDS, GONE),
            _is(f"{RC}.realtimekit_bucket_config.enabled", value=False),
            {f"{RC}.realtimekit_bucket_config.enabled": False, SECONDS: 90},
        ),
    )
    for name, hook, effect, matches, sent in rows:
        yield Mutant(
            name=name,
            family="kept or refused",
            operations=("create_meeting",),
            description=f"The body is accepted, and {name}.",
            promise=ECHO,
            hook=both(hook, success(when(_matching(matches), effect), "create_meeting")),
            shows=sending("create_meeting", sent),
        )


def _matching(matches: Matches) -> Callable[[Request, Json, Response], bool]:
    return lambda _, sent, made: made.status < 300 and isinstance(sent, dict) and matches(sent)


MUTANTS: tuple[Mutant, ...] = (
    *_beside(),
    *_rich(),
    *_items(),
    *_neighbours(),
    *_triples(),
    *_kept_or_refused(),
)
