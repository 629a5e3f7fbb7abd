"""
Values that are taken or refused against the schema: bounds, enumerations, other types, null.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rtkcontract.model import Json
from wrong_servers.emulated.faults import (
    AU,
    AUTH,
    AWS,
    AZURE,
    BU,
    ENABLED,
    ENUMS,
    FORMAT,
    GONE,
    HEIGHT,
    KEYWORDS,
    LANGUAGE,
    OCEAN,
    POSITION,
    PREFIX,
    PROFANITY,
    RC,
    SECONDS,
    SFTP_KEY,
    SFTP_WORD,
    ST,
    SUMMARY,
    TR,
    TYPE,
    URL,
    VI,
    WIDTH,
    WM,
    WORDS,
    Convert,
    Fault,
    K,
    asks,
    leaf_of,
    number,
    only,
    reads_content,
    refusing,
    rule,
    sends,
    takes,
    to_number,
    types,
    without,
)


def _boundaries() -> Iterator[Fault]:
    """
    Bounds off by one, inclusive for exclusive, forgotten, copied from another member, or compared after rounding.
    """
    rows: tuple[tuple[str, str, dict[str, Json], Json], ...] = (
        ("keep-alive from 59", K, {"minimum": 59}, 59),
        ("keep-alive from 61", K, {"minimum": 61}, 60),
        ("keep-alive above 60 only", K, {"exclusiveMinimum": 60}, 60),
        ("keep-alive without a minimum", K, {"minimum": GONE}, -5),
        ("keep-alive from 0", K, {"minimum": 0}, 0),
        ("keep-alive from 1", K, {"minimum": 1}, 30),
        ("keep-alive to 601", K, {"maximum": 601}, 601),
        ("keep-alive to 599", K, {"maximum": 599}, 600),
        ("keep-alive below 600 only", K, {"exclusiveMaximum": 600}, 600),
        ("keep-alive without a maximum", K, {"maximum": GONE}, 5_000),
        ("keep-alive to an hour", K, {"maximum": 3_600}, 3_600),
        ("keep-alive in minutes", K, {"minimum": 1, "maximum": 10}, 60),
        ("keep-alive in whole minutes", K, {"multipleOf": 60}, 61),
        ("words from 149", WORDS, {"minimum": 149}, 149),
        ("words above 150 only", WORDS, {"exclusiveMinimum": 150}, 150),
        ("words without a minimum", WORDS, {"minimum": GONE}, 0),
        ("words to 1001", WORDS, {"maximum": 1_001}, 1_001),
        ("words below 1000 only", WORDS, {"exclusiveMaximum": 1_000}, 1_000),
        ("words to 999", WORDS, {"maximum": 999}, 1_000),
        ("words in tens", WORDS, {"multipleOf": 10}, 151),
        ("seconds from 59", SECONDS, {"minimum": 59}, 59),
        ("seconds above 60 only", SECONDS, {"exclusiveMinimum": 60}, 60),
        ("seconds to 86401", SECONDS, {"maximum": 86_401}, 86_401),
        ("seconds to 86399", SECONDS, {"maximum": 86_399}, 86_400),
        ("seconds without a maximum", SECONDS, {"maximum": GONE}, 100_000),
        ("seconds to an hour", SECONDS, {"maximum": 3_600}, 7_200),
        ("video height from 0", HEIGHT, {"minimum": 0}, 0),
        ("video height to 1921", HEIGHT, {"maximum": 1_921}, 1_921),
        ("video height to 1080", HEIGHT, {"maximum": 1_080}, 1_920),
        ("video height from 2", HEIGHT, {"minimum": 2}, 1),
        ("video width without a minimum", WIDTH, {"minimum": GONE}, -1),
        ("video width to 1919", WIDTH, {"maximum": 1_919}, 1_920),
        ("video width in even numbers", WIDTH, {"multipleOf": 2}, 1_919),
        ("watermark height from 0", f"{WM}.size.height", {"minimum": 0}, 0),
        ("watermark width without a minimum", f"{WM}.size.width", {"minimum": GONE}, -1),
        ("watermark width as bounded as the video", f"{WM}.size.width", {"maximum": 1_920}, 3_000),
        ("watermark height above 1 only", f"{WM}.size.height", {"exclusiveMinimum": 1}, 1),
        ("port above 0 only", f"{ST}.port", {"exclusiveMinimum": 0}, 0),
    )
    for name, place, keywords, shown in rows:
        beside = SFTP_WORD if place.startswith(ST) else {}
        yield Fault(name=name, group="boundaries", shows=(asks(beside, {place: shown}),), edit=rule(place, **keywords))
    readings: tuple[tuple[str, str, Convert, Json], ...] = (
        ("keep-alive rounded up before it is compared", K, lambda v: -(-v // 1) if number(v) else v, 59.5),
        ("keep-alive cut before it is compared", K, lambda v: int(v) if number(v) and v > 60 else v, 600.5),
        ("seconds cut before they are compared", SECONDS, lambda v: int(v) if number(v) and v > 60 else v, 86_400.5),
        ("keep-alive clamped", K, lambda v: min(max(v, 60), 600) if number(v) else v, 1_000),
        ("words clamped", WORDS, lambda v: min(max(v, 150), 1_000) if number(v) else v, 10),
        ("keep-alive of zero is the default", K, lambda v: v if v or v is False else GONE, 0),
        ("words of zero are the default", WORDS, lambda v: v if v or v is False else GONE, 0),
        ("keep-alive without its sign", K, lambda v: abs(v) if number(v) else v, -60),
        ("words in 32 bits", WORDS, lambda v: v % 2**32 if isinstance(v, int) and v >= 2**32 else v, 2**32 + 500),
    )
    for name, place, convert, shown in readings:
        yield Fault(name=name, group="boundaries", shows=(asks({place: shown}),), wrap=takes(place, convert))


def _enums() -> Iterator[Fault]:  # noqa: C901  # one small function a looseness
    """
    Members forgotten, enumerations not checked, compared loosely, or filled in for what they do not know.
    """
    whole: dict[Json, dict[str, Json]] = {"azure": AZURE, "KEY": SFTP_KEY, "digitalocean": OCEAN, "PASSWORD": SFTP_WORD}
    forgotten = (
        (LANGUAGE, "el"),
        (LANGUAGE, "nl"),
        (LANGUAGE, "en-IN"),
        (SUMMARY, "client_check_in"),
        (SUMMARY, "code_review"),
        (FORMAT, "plain_text"),
        (f"{AU}.channel", "mono"),
        (f"{AU}.codec", "MP3"),
        (f"{VI}.codec", "VP9"),
        (f"{VI}.codec", "VP8"),
        (POSITION, "right bottom"),
        (TYPE, "digitalocean"),
        (TYPE, "azure"),
        (AUTH, "KEY"),
        (AUTH, "PASSWORD"),
    )
    for place, member in forgotten:
        shown = asks(whole.get(member, {}), {place: member})
        yield Fault(
            name=f"{leaf_of(place)} without {member}", group="enums", shows=(shown,), edit=without(place, member)
        )
    for place in (SUMMARY, FORMAT, f"{AU}.channel", f"{VI}.codec", POSITION):
        shown = asks({place: "no_such_member"})
        yield Fault(name=f"{leaf_of(place)} not checked", group="enums", shows=(shown,), edit=rule(place, enum=GONE))
    yield Fault(
        name="storage type not checked where there is a key",
        group="enums",
        shows=(asks(SFTP_KEY, {TYPE: "ftp", AUTH: GONE}),),
        edit=rule(TYPE, enum=GONE),
    )

    def folded(place: str) -> Convert:
        members = {member.lower(): member for member in ENUMS[place]}
        return lambda value: members.get(value.lower(), value) if isinstance(value, str) else value

    def trimmed(value: Any) -> Any:
        return value.strip() if isinstance(value, str) else value

    def begun(place: str) -> Convert:
        """
        A pattern without an end: H264 and whatever follows.
        """
        return lambda value: next((m for m in ENUMS[place] if isinstance(value, str) and value.startswith(m)), value)

    def contained(place: str) -> Convert:
        """
        A pattern with neither start nor end.
        """
        return lambda value: next((m for m in ENUMS[place] if isinstance(value, str) and m in value), value)

    def filled(place: str) -> Convert:
        """
        What is no member becomes the first one.
        """
        return lambda value: value if not isinstance(value, str) or value in ENUMS[place] else ENUMS[place][0]

    def numbered(place: str) -> Convert:
        return lambda value: ENUMS[place][value % len(ENUMS[place])] if number(value) and value >= 0 else value

    def emptied(value: Any) -> Any:
        return GONE if value == "" else value

    def listed(value: Any) -> Any:
        return value[0] if isinstance(value, list) and len(value) == 1 else value

    loose: tuple[tuple[str, str, Convert, Json], ...] = (
        ("summary type in any case", SUMMARY, folded(SUMMARY), "LECTURE"),
        ("video codec in any case", f"{VI}.codec", folded(f"{VI}.codec"), "vp9"),
        ("channel in any case", f"{AU}.channel", folded(f"{AU}.channel"), "Mono"),
        ("position in any case", POSITION, folded(POSITION), "Left Top"),
        ("text format with spaces around", FORMAT, trimmed, "markdown "),
        ("audio codec with spaces around", f"{AU}.codec", trimmed, " AAC"),
        ("position with spaces around", POSITION, trimmed, "right top "),
        ("video codec by its start", f"{VI}.codec", begun(f"{VI}.codec"), "H264 high"),
        ("summary type by its start", SUMMARY, begun(SUMMARY), "general purpose"),
        ("text format contained", FORMAT, contained(FORMAT), "my markdown text"),
        ("channel contained", f"{AU}.channel", contained(f"{AU}.channel"), "rather mono"),
        ("unknown summary type taken for the first", SUMMARY, filled(SUMMARY), "no_such_type"),
        ("unknown video codec taken for the first", f"{VI}.codec", filled(f"{VI}.codec"), "AV1"),
        ("unknown channel taken for the first", f"{AU}.channel", filled(f"{AU}.channel"), "surround"),
        ("summary type by number", SUMMARY, numbered(SUMMARY), 3),
        ("video codec by number", f"{VI}.codec", numbered(f"{VI}.codec"), 1),
        ("empty summary type is the default", SUMMARY, emptied, ""),
        ("empty position is the default", POSITION, emptied, ""),
        ("channel in a list", f"{AU}.channel", listed, ["mono"]),
    )
    for name, place, convert, value in loose:
        yield Fault(name=name, group="enums", shows=(asks({place: value}),), wrap=takes(place, convert))
    yield Fault(
        name="auth method in any case",
        group="enums",
        shows=(asks(SFTP_KEY, {AUTH: "key"}),),
        wrap=takes(AUTH, folded(AUTH)),
    )
    yield Fault(
        name="storage type in any case",
        group="enums",
        shows=(asks(AWS, {TYPE: "AWS"}),),
        wrap=takes(TYPE, folded(TYPE)),
    )


def to_text(value: Any) -> Any:
    return value if isinstance(value, str) or value is None else json.dumps(value)


def single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _coercions() -> Iterator[Fault]:
    """
    Values of a wrong type converted in place of refused.
    """
    word_to_truth = only(str, lambda v: {"true": True, "false": False}.get(v, v))
    rows: tuple[tuple[str, str, Convert, Json], ...] = (
        ("keep-alive from text", K, to_number, "60"),
        ("keep-alive from a list of one", K, single, [60]),
        ("keep-alive from empty text", K, only(str, lambda v: v or GONE), ""),
        ("keep-alive from true", K, lambda v: 60 if v is True else v, True),
        ("keep-alive from an object", K, lambda v: 60 if v == {} else v, {}),
        ("keep-alive from an empty list", K, lambda v: 60 if v == [] else v, []),
        ("words from text", WORDS, to_number, "150"),
        ("words from a fraction", WORDS, only(float, int), 150.5),
        ("words from true", WORDS, lambda v: 150 if v is True else v, True),
        ("seconds from text", SECONDS, to_number, "60"),
        ("seconds from a list of one", SECONDS, single, [60]),
        ("video height from text", HEIGHT, to_number, "720"),
        ("video height from a fraction", HEIGHT, only(float, round), 720.4),
        ("video width from true", WIDTH, only(bool, int), True),
        ("watermark width from text", f"{WM}.size.width", to_number, "10"),
        ("watermark height from a fraction", f"{WM}.size.height", only(float, int), 1.5),
        ("record on start from text", "record_on_start", word_to_truth, "true"),
        ("persist chat from text, false too", "persist_chat", word_to_truth, "false"),
        ("transcribe on end true for any text", "transcribe_on_end", only(str, bool), "false"),
        ("live stream from 1 and 0", "live_stream_on_start", only(int, bool), 1),
        (
            "summarize on end true for what is truthy",
            "summarize_on_end",
            lambda v: bool(v) if v is not None else v,
            "yes",
        ),
        ("persist chat from 0", "persist_chat", lambda v: False if number(v) and v == 0 else v, 0),
        ("persist chat from empty text", "persist_chat", lambda v: False if v == "" else v, ""),
        ("record on start from a list", "record_on_start", single, [True]),
        ("profanity filter from text", PROFANITY, word_to_truth, "true"),
        ("bucket enabled from text", ENABLED, word_to_truth, "true"),
        ("bucket enabled from 1", ENABLED, only(int, bool), 1),
        ("audio export from 0 and 1", f"{AU}.export_file", only(int, bool), 0),
        ("video export from text", f"{VI}.export_file", word_to_truth, "false"),
        ("title from a number", "title", only((int, float), to_text), 7),
        ("title from true", "title", only(bool, to_text), True),
        ("title from a list", "title", only(list, lambda v: ", ".join(map(str, v))), ["a"]),
        ("title from an object", "title", only(dict, lambda _: "[object Object]"), {}),
        ("file prefix from a number", PREFIX, only((int, float), to_text), 7),
        ("stream address from a list", URL, single, ["rtmp://a.example.com/live"]),
        ("keywords from text", KEYWORDS, only(str, lambda v: [v]), "one"),
        ("keywords from an object", KEYWORDS, only(dict, lambda v: list(map(str, v.values()))), {"0": "a"}),
        ("keywords from numbers", KEYWORDS, only(list, lambda v: list(map(to_text, v))), [7]),
        ("transcription from true", TR, lambda v: {} if v is True else v, True),
        ("transcription from text", TR, only(str, lambda _: {}), "on"),
        ("ai config from an empty list", "ai_config", lambda v: {} if v == [] else v, []),
        ("recording config from an empty list", RC, lambda v: {} if v == [] else v, []),
        ("recording config from empty text", RC, lambda v: {} if v == "" else v, ""),
        ("ai config from text", "ai_config", only(str, lambda _: {}), "rtkcontract"),
        ("watermark from text", WM, only(str, lambda v: {}), "https://example.com/a.png"),
        ("video config from true", VI, lambda v: {} if v is True else v, True),
        ("audio config from text", AU, only(str, lambda _: {}), "AAC"),
        ("bucket config from a boolean", BU, only(bool, lambda v: {"enabled": v}), True),
    )
    for name, place, convert, shown in rows:
        yield Fault(name=name, group="coercions", shows=(asks({place: shown}),), wrap=takes(place, convert))
    stored: tuple[tuple[str, str, Convert, Json], ...] = (
        ("port from text", "port", to_number, "22"),
        ("port from true", "port", only(bool, int), True),
        ("user name from a number", "username", only((int, float), to_text), 7),
        ("host from a list", "host", single, ["sftp.example.com"]),
    )
    for name, leaf, convert, shown in stored:
        place = f"{ST}.{leaf}"
        yield Fault(name=name, group="coercions", shows=(asks(SFTP_WORD, {place: shown}),), wrap=takes(place, convert))
    yield Fault(
        name="keep-alive of 60.0 refused",
        group="coercions",
        shows=(sends(b'{"session_keep_alive_time_in_secs": 60.0}', expect="accepted"),),
        wrap=lambda respond: refusing(respond, rb'"session_keep_alive_time_in_secs":\s*[0-9]+\.0\b'),
    )
    yield Fault(
        name="keep-alive with an exponent refused",
        group="coercions",
        shows=(sends(b'{"session_keep_alive_time_in_secs": 6e1}', expect="accepted"),),
        wrap=lambda respond: refusing(respond, rb'"session_keep_alive_time_in_secs":\s*[0-9]+e'),
    )


def _no_null(instead: Any) -> Convert:
    return lambda value: instead if value is None else value


def _nulls() -> Iterator[Fault]:
    """
    Null accepted where the type has none, and refused where it has.
    """
    for place in ("title", "live_stream_on_start", "record_on_start"):
        kind = "string" if place == "title" else "boolean"
        yield Fault(name=f"{place} null refused", group="nulls", shows=(asks({place: None}),), edit=types(place, kind))
    yield Fault(name="storage null refused", group="nulls", shows=(asks({ST: None}),), edit=types(ST, "object"))
    places = (K, "persist_chat", "summarize_on_end", "transcribe_on_end", WORDS, SECONDS, KEYWORDS, "ai_config", RC)
    for place in (*places, SUMMARY, POSITION, f"{VI}.codec", HEIGHT, URL, WM, BU, ENABLED, PREFIX):
        yield Fault(
            name=f"{leaf_of(place)} null taken for absent"
            if place != ENABLED
            else "bucket enabled null taken for false",
            group="nulls",
            shows=(asks({place: None}),),
            wrap=takes(place, _no_null(False if place == ENABLED else GONE)),
        )
    yield Fault(
        name="null among the keywords",
        group="nulls",
        shows=(asks({KEYWORDS: [None]}),),
        wrap=takes(KEYWORDS, only(list, lambda v: [item for item in v if item is not None])),
    )
    yield Fault(
        name="null for the whole body",
        group="nulls",
        shows=(sends(b"null", expect="rejected"),),
        wrap=reads_content(lambda content: b"{}" if content.strip() == b"null" else content),
    )


FAULTS: tuple[Fault, ...] = (
    *_boundaries(),
    *_enums(),
    *_coercions(),
    *_nulls(),
)
