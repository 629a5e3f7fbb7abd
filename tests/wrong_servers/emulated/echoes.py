"""
Members that come back other than they were sent, and defaults that are not the documented ones.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from rtkcontract.model import Json
from wrong_servers.emulated.faults import (
    AU,
    AWS,
    AZURE,
    BU,
    ENABLED,
    FORMAT,
    GONE,
    HEIGHT,
    KEYWORDS,
    LANGUAGE,
    MARK_URL,
    OCEAN,
    POSITION,
    PREFIX,
    PROFANITY,
    RC,
    SECONDS,
    SFTP_KEY,
    SFTP_WORD,
    ST,
    SU,
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
    Wrap,
    asks,
    both,
    data,
    echoes,
    get,
    has,
    leaf_of,
    loses,
    on,
    prune,
    put,
    returns,
    rule,
    tells,
)


def _swap(one: str, other: str) -> Wrap:
    def change(_: Json, told: dict[str, Any]) -> None:
        left, right = get(told, one), get(told, other)
        if GONE not in (left, right):
            put(told, one, right)
            put(told, other, left)

    return data(change)


def _echoes() -> Iterator[Fault]:
    """
    Values that come back other than they were sent.
    """
    rows: tuple[tuple[str, str, Convert, Json], ...] = (
        ("title in small letters", "title", str.lower, "Planning"),
        ("title in capitals", "title", str.upper, "planning"),
        ("title in title case", "title", str.title, "all hands"),
        ("title trimmed", "title", str.strip, " planning "),
        ("title trimmed on the right", "title", str.rstrip, "planning "),
        ("title cut at 50", "title", lambda v: v[:50], "p" * 60),
        ("title cut at 100", "title", lambda v: v[:100], "p" * 120),
        ("title cut at 128 bytes", "title", lambda v: v.encode()[:128].decode(errors="ignore"), "p" * 140),
        ("title cut at 200", "title", lambda v: v[:200], "p" * 220),
        ("title cut at 254", "title", lambda v: v[:254], "p" * 255),
        ("title composed (NFC)", "title", lambda v: unicodedata.normalize("NFC", v), "e\u0301"),
        ("title decomposed (NFD)", "title", lambda v: unicodedata.normalize("NFD", v), "\u00e9"),
        ("title for compatibility (NFKC)", "title", lambda v: unicodedata.normalize("NFKC", v), "\U0001d52f"),
        ("title escaped for HTML", "title", html.escape, "a <b> & c"),
        ("title without its markup", "title", lambda v: re.sub("<[^>]*>", "", v), "a <b>c</b>"),
        ("title unescaped from HTML", "title", html.unescape, "a &amp; b"),
        ("title with escaped quotes", "title", lambda v: v.replace("'", "\\'"), "it's"),
        ("title without backslashes", "title", lambda v: v.replace("\\", ""), "a\\b"),
        ("title in ASCII", "title", lambda v: v.encode("ascii", "replace").decode(), "Prüfung"),
        ("title without what UTF-16 needs two units for", "title", _basic, "a \U0001f3a5"),
        ("title read as Latin-1", "title", lambda v: v.encode().decode("latin-1"), "é"),
        ("title with one kind of line break", "title", lambda v: v.replace("\r\n", "\n"), "a\r\nb"),
        ("title with blanks collapsed", "title", lambda v: re.sub(r"\s+", " ", v), "a  b"),
        (
            "title without marks of direction",
            "title",
            lambda v: re.sub("[\u200e\u200f\u202a-\u202e]", "", v),
            "a \u202bb\u202c",
        ),
        ("empty title named", "title", lambda v: v or "Untitled", ""),
        ("blank title emptied", "title", lambda v: v if v.strip() else "", "  "),
        ("title without leading zeros", "title", lambda v: v.lstrip("0"), "007"),
        ("title null taken for none", "title", lambda v: GONE if v == "null" else v, "null"),
        ("title with a template filled in", "title", lambda v: v.replace("{{7*7}}", "49"), "a {{7*7}}"),
        ("keep-alive one more", K, lambda v: v + 1, 90),
        ("keep-alive one less above the minimum", K, lambda v: v - 1 if v > 60 else v, 90),
        ("keep-alive always the default", K, lambda _: 60, 90),
        ("keep-alive at most 300", K, lambda v: min(v, 300), 600),
        ("keep-alive in whole minutes", K, lambda v: v // 60 * 60, 90),
        ("keep-alive in 16 steps", K, lambda v: v // 16 * 16 if v > 64 else v, 100),
        ("words in steps of ten", WORDS, lambda v: round(v, -1), 151),
        ("words always the default", WORDS, lambda _: 500, 200),
        ("words one less", WORDS, lambda v: v - 1 if v > 150 else v, 200),
        ("seconds one less at the maximum", SECONDS, lambda v: min(v, 86_399), 86_400),
        ("seconds in whole hours when long", SECONDS, lambda v: v // 3600 * 3600 if v > 7200 else v, 10_000),
        ("video height at most 1080", HEIGHT, lambda v: min(v, 1080), 1920),
        ("video width of even numbers", WIDTH, lambda v: v // 2 * 2 or 2, 1919),
        ("video width always the default", WIDTH, lambda _: 1280, 640),
        ("watermark height at most 255", f"{WM}.size.height", lambda v: min(v, 255), 1000),
        ("position always the default", POSITION, lambda _: "left top", "right bottom"),
        ("position of one corner", POSITION, lambda v: "left bottom" if v == "right bottom" else v, "right bottom"),
        ("VP9 comes back as VP8", f"{VI}.codec", lambda v: "VP8" if v == "VP9" else v, "VP9"),
        ("audio codec always AAC", f"{AU}.codec", lambda _: "AAC", "MP3"),
        ("channel always stereo", f"{AU}.channel", lambda _: "stereo", "mono"),
        ("text format always markdown", FORMAT, lambda _: "markdown", "plain_text"),
        ("summary type always general", SUMMARY, lambda _: "general", "lecture"),
        ("one summary type taken for another", SUMMARY, lambda v: "interview" if v == "lecture" else v, "lecture"),
        ("language without its region", LANGUAGE, lambda v: v.split("-")[0], "en-US"),
        ("en-IN comes back as en-US", LANGUAGE, lambda v: "en-US" if v == "en-IN" else v, "en-IN"),
        ("keywords sorted", KEYWORDS, sorted, ["b", "a"]),
        ("keywords reversed", KEYWORDS, lambda v: v[::-1], ["b", "a"]),
        ("keywords once each", KEYWORDS, lambda v: list(dict.fromkeys(v)), ["a", "a"]),
        ("keywords in small letters", KEYWORDS, lambda v: [item.lower() for item in v], ["A"]),
        ("only the first keyword", KEYWORDS, lambda v: v[:1], ["a", "b"]),
        ("keywords without empty ones", KEYWORDS, lambda v: [item for item in v if item], [""]),
        ("keywords split at blanks", KEYWORDS, lambda v: [w for item in v for w in item.split(" ")], ["a b"]),
        ("record on start always false", "record_on_start", lambda _: False, True),
        ("persist chat turned round", "persist_chat", lambda v: not v, True),
        ("transcribe on end always false", "transcribe_on_end", lambda _: False, True),
        ("profanity filter always false", PROFANITY, lambda _: False, True),
        ("audio export always true", f"{AU}.export_file", lambda _: True, False),
        ("video export turned round", f"{VI}.export_file", lambda v: not v, False),
        ("bucket always enabled", ENABLED, lambda _: True, False),
        ("file prefix with a time", PREFIX, lambda v: f"{v}_2026", "rtkcontract"),
        ("file prefix in small letters", PREFIX, str.lower, "Rtkcontract"),
        ("stream address without its query", URL, lambda v: v.split("?")[0], "rtmp://a.example.com/live?key=1"),
        ("stream address without its fragment", URL, lambda v: v.split("#")[0], "https://example.com/a#b"),
        (
            "stream address without its port",
            URL,
            lambda v: re.sub(r":\d+(?=/|$)", "", v),
            "rtmp://a.example.com:1935/x",
        ),
        ("watermark address with a slash behind", MARK_URL, lambda v: v.rstrip("/") + "/", "https://example.com/a"),
    )
    for name, place, convert, value in rows:
        beside = AZURE if place == ENABLED else {}
        shows = (asks(beside, {place: value}), asks({"title": "rtkcontract", K: 90}))
        yield Fault(name=name, group="echo", shows=shows, wrap=echoes(place, convert))
    stored: tuple[tuple[str, str, Convert, Json, dict[str, Json]], ...] = (
        ("bucket in small letters", "bucket", str.lower, "Bucket", AWS),
        ("region in capitals", "region", str.upper, "us-east-1", AWS),
        ("path with a slash in front", "path", lambda v: "/" + v.lstrip("/"), "a/b", AWS),
        ("port always 22", "port", lambda _: 22, 2200, SFTP_WORD),
        ("port zero lost", "port", lambda v: v or GONE, 0, SFTP_WORD),
        ("user name lost", "username", lambda _: GONE, "rtkcontract", SFTP_WORD),
        ("host empty", "host", lambda _: "", "sftp.example.com", SFTP_WORD),
        ("auth method lost", "auth_method", lambda _: GONE, "KEY", SFTP_KEY),
        (
            "digitalocean comes back as aws",
            "type",
            lambda v: "aws" if v == "digitalocean" else v,
            "digitalocean",
            OCEAN,
        ),
    )
    for name, leaf, convert, value, whole in stored:
        place = f"{ST}.{leaf}"
        yield Fault(name=name, group="echo", shows=(asks(whole, {place: value}),), wrap=echoes(place, convert))
    size = f"{WM}.size"
    others: tuple[tuple[str, Wrap, dict[str, Json]], ...] = (
        ("height and width swapped", _swap(HEIGHT, WIDTH), {HEIGHT: 1, WIDTH: 2}),
        ("watermark size swapped", _swap(f"{size}.height", f"{size}.width"), {f"{size}.height": 1, f"{size}.width": 2}),
        ("record and live stream swapped", _swap("record_on_start", "live_stream_on_start"), {"record_on_start": True}),
        ("export files swapped", _swap(f"{AU}.export_file", f"{VI}.export_file"), {f"{AU}.export_file": False, VI: {}}),
        ("title lost", has("title", GONE), {"title": "rtkcontract"}),
        ("transcription lost", has(TR, GONE), {LANGUAGE: "de"}),
        ("watermark lost", has(WM, GONE), {POSITION: "left top"}),
        ("watermark size lost", has(size, GONE), {f"{size}.height": 3}),
        ("storage lost", has(ST, GONE), AZURE),
        ("bucket config lost", has(BU, GONE), {ENABLED: True}),
        ("file prefix lost", has(PREFIX, GONE), {PREFIX: "rtkcontract"}),
        ("stream address null", returns(URL, lambda _: None), {URL: "rtmp://a.example.com/live"}),
        ("title null", returns("title", lambda _: None), {"title": "rtkcontract"}),
        ("false left out", data(lambda _, d: prune(d, lambda v: v is False)), {"record_on_start": False}),
        (
            "zero left out",
            data(lambda _, d: prune(d, lambda v: v == 0 and v is not False)),
            {**SFTP_WORD, f"{ST}.port": 0},
        ),
        ("the last keyword lost", echoes(KEYWORDS, lambda v: v[:-1]), {KEYWORDS: ["a"]}),
        ("nested members of a sftp store lost", on({TYPE: "sftp"}, loses(TYPE)), SFTP_WORD),
        ("members in camel case", data(_camel), {HEIGHT: 7, FORMAT: "plain_text", PREFIX: "rtkcontract"}),
    )
    for name, wrap, shown in others:
        yield Fault(name=name, group="echo", shows=(asks(shown), asks({"title": "rtkcontract", K: 90})), wrap=wrap)


def _basic(text: str) -> str:
    """
    The text with every character beyond the basic plane replaced, as an old database does.
    """
    return "".join(character if ord(character) < 0x10000 else "?" for character in text)


def _camel(_: Json, told: dict[str, Any]) -> None:
    """
    Members below the first level are renamed.
    """
    for part in (RC, "ai_config"):
        if isinstance(told.get(part), dict):
            told[part] = _renamed(told[part])


def _renamed(value: Json) -> Json:
    if not isinstance(value, dict):
        return value
    return {re.sub("_(.)", lambda m: m[1].upper(), name): _renamed(inner) for name, inner in value.items()}


def _defaults() -> Iterator[Fault]:
    """
    Another value than the documented one for a member that was left out.
    """
    rows: tuple[tuple[str, Json, dict[str, Json]], ...] = (
        (K, 61, {}),
        (K, 300, {}),
        (K, 600, {}),
        ("record_on_start", True, {}),
        ("live_stream_on_start", True, {}),
        ("persist_chat", True, {}),
        ("summarize_on_end", True, {}),
        ("transcribe_on_end", True, {}),
        (PROFANITY, True, {TR: {}}),
        (SUMMARY, "team_meeting", {TR: {}, SU: {}}),
        (FORMAT, "plain_text", {TR: {}, SU: {}}),
        (WORDS, 150, {TR: {}, SU: {}}),
        (f"{AU}.codec", "MP3", {AU: {}}),
        (f"{AU}.channel", "mono", {AU: {}}),
        (f"{AU}.export_file", False, {AU: {}}),
        (f"{VI}.codec", "VP8", {VI: {}}),
        (f"{VI}.export_file", False, {VI: {}}),
        (HEIGHT, 1080, {VI: {}}),
        (WIDTH, 1920, {VI: {}}),
        (POSITION, "right top", {WM: {}}),
    )
    for place, value, shown in rows:
        yield Fault(
            name=f"{leaf_of(place)} {json.dumps(value)}",
            group="defaults",
            shows=(asks(shown),),
            edit=rule(place, default=value),
        )
    yield Fault(
        name="height and width of a portrait",
        group="defaults",
        shows=(asks({VI: {}}),),
        edit=both(rule(HEIGHT, default=1280), rule(WIDTH, default=720)),
    )
    yield Fault(
        name="keep-alive zero in an answer to an empty body",
        group="defaults",
        shows=(asks({}),),
        wrap=on({K: GONE, "title": GONE}, tells(K, 0)),
    )


FAULTS: tuple[Fault, ...] = (
    *_echoes(),
    *_defaults(),
)
