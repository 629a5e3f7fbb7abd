"""
Statuses, header fields, bodies that are no JSON, and slow responses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from rtkcontract.model import Json, Request, Response
from wrong_servers.emulated.faults import (
    ACCOUNT,
    APP,
    AUTH,
    BAD,
    CRASH,
    ENUMS,
    GONE,
    HEIGHT,
    KEYWORDS,
    MANY,
    RC,
    SFTP_KEY,
    ST,
    SUMMARY,
    TYPE,
    VI,
    WIDTH,
    WM,
    Asked,
    Effect,
    Fault,
    K,
    Wrap,
    asks,
    bare_or_not,
    created,
    get,
    header,
    header_of,
    number,
    on,
    parsed,
    reads_content,
    refused,
    says,
    sends,
    service_error,
    slow,
    status,
    whenever,
)


def _statuses() -> Iterator[Fault]:
    """
    Statuses that neither accept nor refuse, for everything or for one value.
    """
    for code in (202, 204, 206, 207, 302, 303, 304, 500, 503):
        yield Fault(
            name=f"{code} for a success", group="statuses", shows=MANY, wrap=says(bare_or_not(code), when=created)
        )
    for code in (500, 501, 502, 302, 203):
        yield Fault(name=f"{code} for a refusal", group="statuses", shows=BAD, wrap=says(status(code), when=refused))
    yield Fault(
        name="refused with 200 in the service's envelope",
        group="statuses",
        shows=BAD,
        wrap=says(status(200), when=lambda _, __, r: r.status == 400 and b'"error":' in r.content),
    )
    yield Fault(name="refused with 201", group="statuses", shows=BAD, wrap=says(status(201), when=refused))
    one: tuple[tuple[str, dict[str, Any], dict[str, Json]], ...] = (
        ("an empty title", {"title": ""}, {}),
        (
            "a title beyond the basic plane",
            {"title": lambda v: v is not None and any(ord(c) > 0xFFFF for c in v)},
            {"title": "\U0001f3a5"},
        ),
        ("a title with a quote", {"title": lambda v: v is not None and "'" in v}, {"title": "it's"}),
        ("a blank title", {"title": lambda v: v is not None and v != "" and v.isspace()}, {"title": " "}),
        ("a title of 200", {"title": lambda v: v is not None and len(v) > 199}, {"title": "p" * 200}),
        ("a title with a line break", {"title": lambda v: v is not None and "\n" in v}, {"title": "a\nb"}),
        ("a null title", {"title": None}, {}),
        ("the longest keep-alive", {K: 600}, {}),
        ("no keywords", {KEYWORDS: []}, {}),
        ("the same keyword twice", {KEYWORDS: lambda v: len(set(v)) < len(v)}, {KEYWORDS: ["a", "a"]}),
        ("VP9", {f"{VI}.codec": "VP9"}, {}),
        ("one_on_one_meeting", {SUMMARY: "one_on_one_meeting"}, {}),
        ("a video of one line", {HEIGHT: 1}, {}),
        ("null for the storage", {ST: None}, {}),
        ("sftp with a key", {AUTH: "KEY"}, SFTP_KEY),
        ("an empty watermark", {WM: {}}, {}),
        ("an empty recording config", {RC: {}}, {}),
        ("live stream on start", {"live_stream_on_start": True}, {}),
        ("the largest watermark", {f"{WM}.size.width": lambda v: v > 1_920}, {f"{WM}.size.width": 2_000}),
    )
    for name, wanted, shown in one:
        plain = shown or {place: value for place, value in wanted.items() if not callable(value)}
        yield Fault(name=f"500 upon {name}", group="statuses", shows=(asks(plain),), wrap=on(wanted, CRASH))
    bad: tuple[tuple[str, Callable[[Request, Json], bool], Asked], ...] = (
        ("broken JSON", lambda q, s: s is GONE and bool(q.content.strip()), sends(b"{", expect="rejected")),
        ("an empty body", lambda q, _: not q.content, sends(b"", expect="rejected")),
        ("a list for the body", lambda _, s: isinstance(s, list), sends(b"[]", expect="rejected")),
        ("a number for the body", lambda _, s: number(s), sends(b"1", expect="rejected")),
        ("null for the body", lambda q, _: q.content.strip() == b"null", sends(b"null", expect="rejected")),
        ("text for the keep-alive", lambda _, s: isinstance(get(s, K), str), asks({K: "x"})),
        ("null for the keep-alive", lambda _, s: get(s, K) is None, asks({K: None})),
        ("a list for a boolean", lambda _, s: isinstance(get(s, "persist_chat"), list), asks({"persist_chat": []})),
        ("text for an object", lambda _, s: isinstance(get(s, RC), str), asks({RC: "x"})),
        ("null for an object", lambda _, s: get(s, "ai_config") is None, asks({"ai_config": None})),
        ("a list for the storage", lambda _, s: isinstance(get(s, ST), list), asks({ST: []})),
        ("an object for text", lambda _, s: isinstance(get(s, "title"), dict), asks({"title": {}})),
        ("text for the keywords", lambda _, s: isinstance(get(s, KEYWORDS), str), asks({KEYWORDS: "x"})),
        (
            "an unknown codec",
            lambda _, s: get(s, f"{VI}.codec") not in (GONE, "H264", "VP8", "VP9"),
            asks({f"{VI}.codec": "x"}),
        ),
        ("an unknown store", lambda _, s: get(s, TYPE) not in (GONE, *ENUMS[TYPE]), asks({TYPE: "x"})),
        ("a store with no key", lambda _, s: get(s, ST) == {"type": "sftp"}, asks({TYPE: "sftp"})),
        ("a huge number", lambda _, s: number(get(s, K)) and get(s, K) > 1e300, asks({K: 1e308})),
        (
            "a title of 10,000",
            lambda _, s: isinstance(get(s, "title"), str) and len(get(s, "title")) > 5_000,
            asks({"title": "p" * 10_000}),
        ),
        (
            "NUL in a title",
            lambda _, s: isinstance(get(s, "title"), str) and "\0" in get(s, "title"),
            asks({"title": "a\0"}),
        ),
        ("deep nesting", lambda q, _: q.content.count(b"[") > 60, sends(b'{"a":' + b"[" * 100 + b"]" * 100 + b"}")),
        ("bytes that are no UTF-8", lambda q, _: _broken(q.content), sends(b'{"title": "\xff"}', expect="rejected")),
        (
            "an unknown member",
            lambda _, s: isinstance(s, dict) and any("unknown" in n for n in s),
            asks({"unknown": 1}),
        ),
        (
            "a member twice",
            lambda q, s: isinstance(s, dict) and q.content.count(b'"title"') > 1,
            sends(b'{"title":"a","title":"b"}', "unspecified"),
        ),
    )
    for name, breaks, asked in bad:
        yield Fault(name=f"500 upon {name}", group="statuses", shows=(asked,), wrap=says(CRASH, when=_upon(breaks)))
    addressed: tuple[tuple[str, Callable[[Request], bool], Asked], ...] = (
        (
            "no credentials",
            lambda q: header_of(q, "authorization") is None,
            Asked(headers={"authorization": None}, expect="rejected"),
        ),
        (
            "another scheme",
            lambda q: str(header_of(q, "authorization")).startswith("Basic"),
            Asked(headers={"authorization": "Basic eDp5"}, expect="rejected"),
        ),
        (
            "no content type",
            lambda q: header_of(q, "content-type") is None,
            Asked(headers={"content-type": None}, expect="unspecified"),
        ),
        (
            "plain text",
            lambda q: "text/plain" in str(header_of(q, "content-type")),
            Asked(headers={"content-type": "text/plain"}, expect="unspecified"),
        ),
        ("DELETE", lambda q: q.method == "DELETE", Asked(method="DELETE", expect="rejected")),
        ("an unknown account", lambda q: ACCOUNT not in q.url, Asked(path={"account_id": "x"}, expect="rejected")),
        ("an unknown app", lambda q: APP not in q.url, Asked(path={"app_id": "x"}, expect="rejected")),
    )
    for name, matches, asked in addressed:
        yield Fault(name=f"500 upon {name}", group="statuses", shows=(asked,), wrap=says(CRASH, when=whenever(matches)))


def _upon(breaks: Callable[[Request, Json], bool]) -> Callable[[Request, Json, Response], bool]:
    """
    When the body was looked at and has this in it.
    """
    return lambda request, sent, response: response.status in (201, 400) and breaks(request, sent)


def _typed(value: str) -> Callable[[Request], bool]:
    return lambda request: header_of(request, "content-type") == value


def _broken(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return True
    return False


def _headers() -> Iterator[Fault]:
    """
    The content type and what else stands above an answer.
    """
    rows: tuple[tuple[str, Wrap, tuple[Asked, ...]], ...] = (
        ("no content type", says(header("content-type", None)), MANY),
        ("text/html", says(header("content-type", "text/html; charset=utf-8")), MANY),
        ("text/plain for a success", says(header("content-type", "text/plain"), when=created), MANY),
        ("application/octet-stream", says(header("content-type", "application/octet-stream")), MANY),
        ("text/plain for a refusal", says(header("content-type", "text/plain"), when=refused), BAD),
        ("no content type for a refusal", says(header("content-type", None), when=refused), BAD),
        ("text/javascript", says(header("content-type", "text/javascript"), when=created), MANY),
        ("problem+json for a refusal", says(header("content-type", "application/problem+json"), when=refused), BAD),
        (
            "text/html for missing credentials",
            says(header("content-type", "text/html"), when=lambda q, _, __: header_of(q, "authorization") is None),
            (Asked(headers={"authorization": None}, expect="rejected"),),
        ),
    )
    for name, wrap, shows in rows:
        yield Fault(name=name, group="headers", shows=shows, wrap=wrap)
    for name, value in (("a charset", "application/json; charset=utf-8"), ("capitals", "Application/JSON")):
        yield Fault(
            name=f"refused: a content type with {name}",
            group="headers",
            shows=(Asked(headers={"content-type": value}, expect="accepted"),),
            wrap=says(
                service_error(415, "UNSUPPORTED_MEDIA_TYPE"),
                when=whenever(_typed(value), accepted=True),
            ),
        )


SLOW_S = 0.9


LATENCY_S = 0.6


def _latency() -> Iterator[Fault]:
    """
    Slow for one value.
    """
    rows: tuple[tuple[str, dict[str, Any], dict[str, Json]], ...] = (
        ("the longest keep-alive", {K: 600}, {K: 600}),
        ("a null title", {"title": None}, {"title": None}),
        ("the largest video", {HEIGHT: 1_920, WIDTH: 1_920}, {HEIGHT: 1_920, WIDTH: 1_920}),
    )
    for name, wanted, shown in rows:
        yield Fault(
            name=f"slow upon {name}",
            group="latency",
            shows=(asks(shown),),
            wrap=on(wanted, slow(SLOW_S)),
            fields=len(wanted),
            max_latency_s=LATENCY_S,
        )


def _mismeasured(extra: int) -> Effect:
    """
    The answer with a wrong Content-Length.
    """

    def change(request: Request, sent: Json, response: Response) -> Response:
        return header("content-length", str(len(response.content) + extra))(request, sent, response)

    return change


def _protocol() -> Iterator[Fault]:  # noqa: C901  # one small function a reading
    """
    Bodies that are no JSON, or no object, taken for one.
    """

    def quotes(content: bytes) -> bytes:
        return content.replace(b"'", b'"') if content.startswith(b"{'") else content

    def opened(content: bytes) -> bytes:
        """
        What is cut off is closed.
        """
        if parsed(content) is not GONE or not content.startswith(b"{"):
            return content
        ends = (b'"}', b"}", b'""}', b'":null}')
        return next((content + end for end in ends if isinstance(parsed(content + end), dict)), content)

    def read_to_the_end_of_a_value(content: bytes) -> bytes:
        try:
            text = content.decode()
            value, _ = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            return content
        return json.dumps(value).encode() if parsed(content) is GONE else content

    def first_item(content: bytes) -> bytes:
        value = parsed(content)
        return json.dumps(value[0]).encode() if isinstance(value, list) and value else content

    def unpacked(content: bytes) -> bytes:
        value = parsed(content)
        return value.encode() if isinstance(value, str) else content

    def nothing(*contents: bytes) -> Callable[[bytes], bytes]:
        return lambda content: b"{}" if content.strip() in contents else content

    def form(content: bytes) -> bytes:
        return b"{}" if parsed(content) is GONE and re.fullmatch(rb"\w+=\w*", content) else content

    rows: tuple[tuple[str, Callable[[bytes], bytes], bytes], ...] = (
        ("a comma too many", lambda c: re.sub(rb",\s*([}\]])", rb"\1", c), b'{"title": "a",}'),
        ("single quotes", quotes, b"{'title': 'a'}"),
        ("names without quotes", lambda c: re.sub(rb"^\{\s*(\w+)\s*:", rb'{"\1":', c), b'{title: "a"}'),
        ("comments", lambda c: re.sub(rb"/\*.*?\*/", b"", c), b'{"title": "a" /* b */}'),
        ("what was cut off", opened, b'{"title": "a'),
        ("text behind", read_to_the_end_of_a_value, b'{"title": "a"} b'),
        ("a list of one body", first_item, b"[{}]"),
        ("an empty list", nothing(b"[]", b"[{}]"), b"[{}]"),
        ("a body in text", unpacked, b'"{}"'),
        ("null", nothing(b"null"), b"null"),
        ("a number", nothing(b"0", b"1", b"7", b"42", b"60"), b"60"),
        ("true", nothing(b"true", b"false"), b"true"),
        ("an empty body", lambda c: c or b"{}", b""),
        ("a blank body", lambda c: c if c.strip() else b"{}", b"  "),
        ("a form", form, b"title=a"),
        ("anything that does not parse", lambda c: b"{}" if parsed(c) is GONE else c, b"{"),
    )
    for name, change, shown in rows:
        yield Fault(
            name=f"accepted: {name}",
            group="protocol",
            shows=(sends(shown, expect="rejected"),),
            wrap=reads_content(change),
        )
    for name, extra in (("cut short of its length", 10), ("longer than its length", -10)):
        yield Fault(
            name=f"an answer {name}",
            group="protocol",
            shows=MANY,
            wrap=says(
                _mismeasured(extra),
                when=lambda _, s, r: r.status == 201 and get(s, K) == 600,
            ),
            untold=True,
        )


FAULTS: tuple[Fault, ...] = (
    *_statuses(),
    *_headers(),
    *_latency(),
    *_protocol(),
)
