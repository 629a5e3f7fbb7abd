"""
Two or three members that go wrong together only.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from rtkcontract.model import Json
from wrong_servers.emulated.faults import (
    ANY,
    AU,
    AUTH,
    AWS,
    AZURE,
    CRASH,
    ENABLED,
    FORMAT,
    GCS,
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
    REFUSAL,
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
    Asked,
    Effect,
    Fault,
    K,
    asks,
    get,
    loses,
    on,
    put,
    secret_in,
    status,
    telling,
    tells,
)


def _pairs() -> Iterator[Fault]:
    """
    Two members that go wrong together only.
    """
    rows: tuple[tuple[str, dict[str, Any], Effect, dict[str, Json]], ...] = (
        ("crash: recorded at once into gcs", {"record_on_start": True, TYPE: "gcs"}, CRASH, GCS),
        ("crash: recorded and streamed", {"record_on_start": True, "live_stream_on_start": True}, CRASH, {}),
        ("chat kept: keep-alive lost at its maximum", {"persist_chat": True, K: 600}, tells(K, 60), {}),
        ("refusal: German transcribed at the end", {"transcribe_on_end": True, LANGUAGE: "de"}, REFUSAL, {}),
        (
            "a lecture in plain text comes back in markdown",
            {SUMMARY: "lecture", FORMAT: "plain_text"},
            tells(FORMAT, "markdown"),
            {TR: {}},
        ),
        ("crash: VP9 without a file", {f"{VI}.codec": "VP9", f"{VI}.export_file": False}, CRASH, {}),
        ("refusal: the largest video", {HEIGHT: 1_920, WIDTH: 1_920}, REFUSAL, {}),
        (
            "MP3 in mono comes back in stereo",
            {f"{AU}.codec": "MP3", f"{AU}.channel": "mono"},
            tells(f"{AU}.channel", "stereo"),
            {},
        ),
        (
            "a watermark with an address moves",
            {POSITION: "right bottom", MARK_URL: ANY},
            tells(POSITION, "left top"),
            {MARK_URL: "https://example.com/a"},
        ),
        ("refusal: azure with the bucket off", {TYPE: "azure", ENABLED: False}, REFUSAL, AZURE),
        ("crash: recorded without a title", {"title": None, "record_on_start": True}, CRASH, {}),
        ("crash: Greek without keywords", {KEYWORDS: [], LANGUAGE: "el"}, CRASH, {}),
        ("keep-alive lost with transcription", {K: 60, "transcribe_on_end": True}, loses(K), {}),
        (
            "several keywords switch the filter off",
            {KEYWORDS: lambda v: len(v) > 1, PROFANITY: True},
            tells(PROFANITY, False),
            {KEYWORDS: ["a", "b"]},
        ),
        ("refusal: recorded at once for a day", {SECONDS: 86_400, "record_on_start": True}, REFUSAL, {}),
        ("an interview of a thousand words is cut", {WORDS: 1_000, SUMMARY: "interview"}, tells(WORDS, 500), {TR: {}}),
        ("port zero lost with a key", {AUTH: "KEY", f"{ST}.port": 0}, loses(f"{ST}.port"), SFTP_KEY),
        (
            "stream address lost where nothing is streamed",
            {URL: ANY, "live_stream_on_start": False},
            loses(URL),
            {URL: "rtmp://a.example.com/x"},
        ),
        (
            "file prefix with a slash in digitalocean",
            {PREFIX: ANY, TYPE: "digitalocean"},
            tells(PREFIX, "/rtkcontract"),
            {**OCEAN, PREFIX: "rtkcontract"},
        ),
        ("refusal: no file at all", {f"{AU}.export_file": False, f"{VI}.export_file": False}, REFUSAL, {}),
        ("crash: a watermark of one pixel", {f"{WM}.size.height": 1, f"{WM}.size.width": 1}, CRASH, {}),
        (
            "an empty title named where chat is not kept",
            {"title": "", "persist_chat": False},
            tells("title", "Untitled"),
            {},
        ),
        (
            "summary switched off",
            {"summarize_on_end": True, "transcribe_on_end": True},
            tells("summarize_on_end", False),
            {},
        ),
        ("crash: two nulls", {"record_on_start": None, "live_stream_on_start": None}, CRASH, {}),
        (
            "access_key of azure with the bucket on",
            {TYPE: "azure", ENABLED: True},
            telling(lambda s, d: put(d, "trace", secret_in(s))),
            AZURE,
        ),
        (
            "password beside the user name",
            {AUTH: "PASSWORD", f"{ST}.username": ANY},
            telling(lambda s, d: put(d, "log", secret_in(s))),
            {**SFTP_WORD, f"{ST}.username": "rtkcontract"},
        ),
        (
            "204 upon a short markdown",
            {WORDS: 150, FORMAT: "markdown"},
            lambda _, __, r: dataclasses.replace(r, status=204, content=b""),
            {TR: {}},
        ),
        (
            "bucket in front of the path",
            {f"{ST}.bucket": ANY, f"{ST}.path": ANY},
            telling(lambda s, d: put(d, f"{ST}.path", f"{get(s, f'{ST}.bucket')}/{get(s, f'{ST}.path')}")),
            {**AWS, f"{ST}.path": "a"},
        ),
        (
            "a default of its own for H264 with AAC",
            {f"{VI}.codec": "H264", f"{AU}.codec": "AAC", HEIGHT: GONE},
            tells(HEIGHT, 1080),
            {},
        ),
        (
            "Dutch without a summary comes back in English",
            {LANGUAGE: "nl", "summarize_on_end": False},
            tells(LANGUAGE, "en-US"),
            {},
        ),
        ("crash: two empty objects", {"ai_config": {}, RC: {}}, CRASH, {}),
        ("another keep-alive for aws", {TYPE: "aws", K: GONE}, tells(K, 600), AWS),
        ("crash: Hindi in plain text", {LANGUAGE: "hi", FORMAT: "plain_text"}, CRASH, {}),
        ("refusal: a small video with a wide one's words", {HEIGHT: 1, WORDS: 1_000}, REFUSAL, {TR: {}}),
        (
            "VP8 loses its watermark address",
            {f"{VI}.codec": "VP8", MARK_URL: ANY},
            loses(MARK_URL),
            {MARK_URL: "https://example.com/a"},
        ),
        ("crash: an empty title in a sales call", {"title": "", SUMMARY: "sales_call"}, CRASH, {TR: {}}),
        (
            "audio file comes back with MP3 to sftp",
            {f"{AU}.codec": "MP3", TYPE: "sftp"},
            tells(f"{AU}.codec", "AAC"),
            SFTP_WORD,
        ),
        ("refusal: storage null and live", {ST: None, "live_stream_on_start": True}, REFUSAL, {}),
    )
    for name, wanted, effect, shown in rows:
        yield Fault(name=name, group="two fields", shows=(_shown(wanted, shown),), wrap=on(wanted, effect), fields=2)


def _shown(wanted: Mapping[str, Any], beside: Mapping[str, Json]) -> Asked:
    plain = {
        place: value
        for place, value in wanted.items()
        if value is not ANY and value is not GONE and not callable(value)
    }
    return asks(beside, plain)


def _triples() -> Iterator[Fault]:
    """
    Three members that go wrong together only.
    """
    rows: tuple[tuple[str, dict[str, Any], Effect, dict[str, Json]], ...] = (
        ("crash: recorded at once into gcs, kept long", {"record_on_start": True, TYPE: "gcs", K: 600}, CRASH, GCS),
        (
            "refusal: recorded, streamed, chat kept",
            {"record_on_start": True, "live_stream_on_start": True, "persist_chat": True},
            REFUSAL,
            {},
        ),
        (
            "a long sales call in plain text is cut",
            {SUMMARY: "sales_call", FORMAT: "plain_text", WORDS: 1_000},
            tells(WORDS, 999),
            {TR: {}},
        ),
        ("crash: VP9 in the largest video", {f"{VI}.codec": "VP9", HEIGHT: 1_920, WIDTH: 1_920}, CRASH, {}),
        (
            "MP3 in mono without a file",
            {f"{AU}.codec": "MP3", f"{AU}.channel": "mono", f"{AU}.export_file": False},
            tells(f"{AU}.channel", "stereo"),
            {},
        ),
        (
            "refusal: Russian, filtered, at the end",
            {"transcribe_on_end": True, LANGUAGE: "ru", PROFANITY: True},
            REFUSAL,
            {},
        ),
        (
            "access_key of a recorded azure",
            {TYPE: "azure", ENABLED: True, "record_on_start": True},
            telling(lambda s, d: put(d, "trace", secret_in(s))),
            AZURE,
        ),
        ("crash: no title, chat kept, shortest", {"title": None, "persist_chat": True, K: 60}, CRASH, {}),
        (
            "crash: sftp on port 0 with the bucket off",
            {AUTH: "PASSWORD", f"{ST}.port": 0, ENABLED: False},
            CRASH,
            SFTP_WORD,
        ),
        (
            "a narrow watermark moves in H264",
            {POSITION: "right top", f"{WM}.size.width": 1, f"{VI}.codec": "H264"},
            tells(POSITION, "left top"),
            {},
        ),
        ("seconds lost", {SECONDS: 60, f"{AU}.codec": "AAC", "live_stream_on_start": None}, loses(SECONDS), {}),
        (
            "202 upon a summary in plain text",
            {"summarize_on_end": True, "transcribe_on_end": True, FORMAT: "plain_text"},
            status(202),
            {TR: {}},
        ),
        ("crash: French without keywords, short", {KEYWORDS: [], LANGUAGE: "fr", WORDS: 150}, CRASH, {}),
        (
            "stream address lost in a stream unrecorded",
            {URL: ANY, "live_stream_on_start": True, "record_on_start": False},
            loses(URL),
            {URL: "rtmp://a.example.com/x"},
        ),
        (
            "file prefix changed in digitalocean without video",
            {PREFIX: ANY, TYPE: "digitalocean", f"{VI}.export_file": False},
            tells(PREFIX, "changed"),
            {**OCEAN, PREFIX: "rtkcontract"},
        ),
        (
            "refusal: VP8, tall, at the bottom",
            {f"{VI}.codec": "VP8", HEIGHT: 1_920, POSITION: "left bottom"},
            REFUSAL,
            {},
        ),
    )
    for name, wanted, effect, shown in rows:
        yield Fault(name=name, group="three fields", shows=(_shown(wanted, shown),), wrap=on(wanted, effect), fields=3)


FAULTS: tuple[Fault, ...] = (
    *_pairs(),
    *_triples(),
)
