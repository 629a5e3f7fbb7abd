"""
Faults of size and of repetition: what happens beyond usual limits, when the same is sent again, and now and then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from wrong_servers.examples import MEETING, PERSON, STORAGE, sending
from wrong_servers.mutants import (
    CRASH,
    GONE,
    REFUSAL,
    Call,
    Calls,
    Effect,
    Json,
    Mutant,
    Source,
    call,
    comes_back,
    doubled,
    error,
    get,
    header,
    response,
    says,
    status,
    success,
    told,
    when,
)
from wrong_servers.second_server import Request, Response, Server

SCHEMA = "the request schema has no such limit: the vendor's document"
ECHO = "what is sent comes back with the same value: the examples of the vendor's document"
SAME = "the same request has the same meaning each time: RFC 9110 9.1, and no limit is documented"
CRASHES = "a server error is the server's fault: RFC 9110 15.6"

RC = "recording_config"
KEYWORDS = "ai_config.transcription.keywords"
PREFIX, PATH = f"{RC}.file_name_prefix", f"{RC}.storage_config.path"
SIZE = f"{RC}.video_config.watermark.size"
K = "session_keep_alive_time_in_secs"


def _text_over(place: str, most: int) -> Callable[[Request, Json, Response], bool]:
    """
    A text at a place, or in the list there, that is longer.
    """

    def matches(_: Request, sent: Json, made: Response) -> bool:
        value = get(sent, place)
        texts = value if isinstance(value, list) else [value]
        return made.status < 300 and any(isinstance(text, str) and len(text) > most for text in texts)

    return matches


def _list_over(place: str, most: int) -> Callable[[Request, Json, Response], bool]:
    def matches(_: Request, sent: Json, made: Response) -> bool:
        value = get(sent, place)
        return made.status < 300 and isinstance(value, list) and len(value) > most

    return matches


def _number_over(place: str, most: float) -> Callable[[Request, Json, Response], bool]:
    def matches(_: Request, sent: Json, made: Response) -> bool:
        value = get(sent, place)
        return made.status < 300 and isinstance(value, int | float) and value > most

    return matches


def _body_over(most: int) -> Callable[[Request, Json, Response], bool]:
    return lambda sent, _, made: len(sent.content) > most and made.status < 300


def _cut(place: str, most: int) -> Effect:
    """
    Texts are cut, one or those of a list.
    """

    def convert(value: Any) -> Any:
        if isinstance(value, list):
            return [item[:most] for item in value]
        return value[:most]

    return comes_back(place, convert)


def _hang_up(_: Server, __: Request, ___: Json, made: Response) -> Response:
    """
    The connection ends without a response.
    """
    return replace(made, raw=b"", close=True)


def _sizes() -> Iterator[Mutant]:
    aws = {f"{RC}.storage_config": STORAGE}
    many: Callable[[int], list[Json]] = lambda n: [f"word {number}" for number in range(n)]  # noqa: E731
    rows: tuple[tuple[str, str, Effect, tuple[dict[str, Json], ...], str], ...] = (
        (
            "create_meeting",
            "a crash of bodies over 64 KiB",
            when(_body_over(2**16), CRASH),
            ({"title": "p" * 70_000},),
            CRASHES,
        ),
        (
            "create_meeting",
            "a crash of bodies over 1 MiB",
            when(_body_over(2**20), CRASH),
            ({"title": "p" * 1_100_000},),
            CRASHES,
        ),
        (
            "create_meeting",
            "bodies over 8 KiB get no response",
            when(_body_over(2**13), _hang_up),
            ({"title": "p" * 9_000},),
            CRASHES,
        ),
        (
            "create_meeting",
            "bodies over 16 KiB lose the title",
            when(_body_over(2**14), says("title", "")),
            ({"title": "p" * 17_000},),
            ECHO,
        ),
        (
            "create_meeting",
            "bodies over 1 kB are an HTML page",
            when(_body_over(1_000), _page),
            (MEETING, {"title": "p" * 500}),
            "a success is application/json: the vendor's document",
        ),
        (
            "create_meeting",
            "titles are cut at 1,000",
            when(_text_over("title", 1_000), _cut("title", 1_000)),
            ({"title": "p" * 1_100},),
            ECHO,
        ),
        (
            "create_meeting",
            "titles are cut at 65,535",
            when(_text_over("title", 65_535), _cut("title", 65_535)),
            ({"title": "p" * 70_000},),
            ECHO,
        ),
        (
            "create_meeting",
            "prefixes are cut at 64",
            when(_text_over(PREFIX, 64), _cut(PREFIX, 64)),
            ({PREFIX: "p" * 90},),
            ECHO,
        ),
        (
            "create_meeting",
            "keywords are cut at 40",
            when(_text_over(KEYWORDS, 40), _cut(KEYWORDS, 40)),
            ({KEYWORDS: ["p" * 60]},),
            ECHO,
        ),
        (
            "create_meeting",
            "a crash of keywords over 255",
            when(_text_over(KEYWORDS, 255), CRASH),
            ({KEYWORDS: ["p" * 300]},),
            CRASHES,
        ),
        (
            "create_meeting",
            "paths are cut at 128",
            when(_text_over(PATH, 128), _cut(PATH, 128)),
            (aws, {PATH: "p" * 200}),
            ECHO,
        ),
        (
            "create_meeting",
            "a crash of long buckets",
            when(_text_over(f"{RC}.storage_config.bucket", 63), CRASH),
            (aws, {f"{RC}.storage_config.bucket": "b" * 100}),
            CRASHES,
        ),
        (
            "add_participant",
            "names are cut at 50",
            when(_text_over("name", 50), _cut("name", 50)),
            ({"name": "p" * 80},),
            ECHO,
        ),
        (
            "add_participant",
            "a crash of long custom ids",
            when(_text_over("custom_participant_id", 64), CRASH),
            ({"custom_participant_id": "p" * 80},),
            CRASHES,
        ),
        (
            "addWebhook",
            "names are cut at 100 in webhooks",
            when(_text_over("name", 100), _cut("name", 100)),
            ({"name": "p" * 150},),
            ECHO,
        ),
        (
            "post-presets",
            "a crash of long preset names",
            when(_text_over("name", 255), CRASH),
            ({"name": "p" * 300},),
            CRASHES,
        ),
        (
            "create_meeting",
            "more than ten keywords are lost",
            when(_list_over(KEYWORDS, 10), comes_back(KEYWORDS, lambda v: v[:10])),
            ({KEYWORDS: many(11)},),
            ECHO,
        ),
        (
            "create_meeting",
            "more than nine keywords are refused",
            when(_list_over(KEYWORDS, 9), REFUSAL),
            ({KEYWORDS: many(10)},),
            SCHEMA,
        ),
        (
            "create_meeting",
            "a crash of a hundred keywords",
            when(_list_over(KEYWORDS, 99), CRASH),
            ({KEYWORDS: many(100)},),
            CRASHES,
        ),
        (
            "create_meeting",
            "ten keywords are sorted as texts",
            when(_list_over(KEYWORDS, 9), comes_back(KEYWORDS, sorted)),
            ({KEYWORDS: many(11)},),
            ECHO,
        ),
        (
            "create_meeting",
            "integers beyond 2^53 are rounded",
            comes_back(f"{SIZE}.height", lambda v: int(float(v))),
            ({f"{SIZE}.height": 2**53 + 1},),
            "numbers keep their value: RFC 8259 6 warns of it",
        ),
        (
            "create_meeting",
            "integers beyond 2^31 are negative",
            comes_back(f"{SIZE}.width", lambda v: (v + 2**31) % 2**32 - 2**31),
            ({f"{SIZE}.width": 2**31},),
            ECHO,
        ),
        (
            "create_meeting",
            "a crash of integers beyond 2^63",
            when(_number_over(f"{SIZE}.height", 2**63 - 1), CRASH),
            ({f"{SIZE}.height": 2**63},),
            CRASHES,
        ),
        (
            "create_meeting",
            "integers beyond 10^15 are written with an exponent and rounded",
            comes_back(f"{SIZE}.width", lambda v: float(f"{v:.6g}") if v > 10**15 else v),
            ({f"{SIZE}.width": 10**16 + 12_345},),
            ECHO,
        ),
        (
            "create_meeting",
            "integers beyond 32,767 are cut",
            comes_back(f"{SIZE}.height", lambda v: min(v, 32_767)),
            ({f"{SIZE}.height": 40_000},),
            ECHO,
        ),
        (
            "create_meeting",
            "fractions are cut at two digits",
            comes_back(K, lambda v: round(v, 2) if isinstance(v, float) else v),
            ({K: 90.12345},),
            ECHO,
        ),
        (
            "create_meeting",
            "fractions are of single precision",
            comes_back(f"{RC}.max_seconds", lambda v: v if v == int(v) else float(f"{v:.7g}")),
            ({f"{RC}.max_seconds": 3600.123456789},),
            ECHO,
        ),
        (
            "create_meeting",
            "ports beyond 65,535 wrap",
            comes_back(f"{RC}.storage_config.port", lambda v: v % 65_536 if isinstance(v, int) else v),
            (aws, {f"{RC}.storage_config.port": 65_537}),
            ECHO,
        ),
    )
    for operation, name, effect, parts, promise in rows:
        yield Mutant(
            name=name,
            family="sizes",
            operations=(operation,),
            description=f"{name[0].upper()}{name[1:]}.",
            promise=promise,
            source="standards" if promise == CRASHES else "documents",
            hook=success(effect, operation),
            shows=sending(operation, *parts),
        )
    deep = b'{"title":"a","extra":' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}"
    half = rb'{"title":"a \ud83c"}'
    twice = b'{"title":"a","title":"b"}'
    marked = "\ufeff".encode() + b'{"title":"a"}'
    odd: tuple[tuple[str, Callable[[Request], bool], bytes], ...] = (
        ("half a surrogate", lambda q: b"\\ud83c" in q.content and b"\\udfa5" not in q.content, half),
        ("a member twice", lambda q: doubled(q.content), twice),
        ("a byte order mark", lambda q: q.content.startswith(b"\xef\xbb\xbf"), marked),
        ("objects 200 deep", lambda q: q.content.count(b"{") > 200, deep),
        ("an escaped slash", lambda q: b"\\/" in q.content, rb'{"title":"a\/b"}'),
        (
            "a number with many digits",
            lambda q: b"0" * 40 in q.content,
            b'{"session_keep_alive_time_in_secs":60.' + b"0" * 50 + b"}",
        ),
        ("white space around", lambda q: q.content[:1] in (b" ", b"\n"), b' \n{"title":"a"}\n'),
        (
            "minus zero",
            lambda q: b"-0" in q.content,
            b'{"recording_config":{"storage_config":{"type":"gcs","port":-0}}}',
        ),
        ("an exponent in capitals", lambda q: b"E1" in q.content, b'{"session_keep_alive_time_in_secs":9E1}'),
    )
    for name, matches, content in odd:
        yield Mutant(
            name=f"a crash of {name}",
            family="sizes",
            operations=("create_meeting",),
            description=f"JSON with {name} is answered with 500.",
            promise=CRASHES,
            source="standards",
            hook=response(when(_sent(matches), CRASH), "create_meeting"),
            shows=(Call(operation="create_meeting", raw=content),),
        )


def _sent(matches: Callable[[Request], bool]) -> Callable[[Request, Json, Response], bool]:
    return lambda q, _, __: matches(q)


def _page(_: Server, __: Request, ___: Json, made: Response) -> Response:
    content = b"<html><body>Request blocked</body></html>"
    return replace(made, status=200, headers=(("content-type", "text/html"),), content=content)


# --- again ----------------------------------------------------------------------------------------------------------


def _nth(key: Callable[[Request], Any], chosen: Callable[[int], bool], effect: Effect) -> Effect:
    """
    The effect at some of the requests with the same key, counted from 1.
    """

    def counted(server: Server, sent: Request, body: Json, made: Response) -> Response:
        if made.status >= 300:
            return made
        name = ("nth", key(sent))
        with server.lock:
            server.kept[name] = server.kept.get(name, 0) + 1
            number = server.kept[name]
        return effect(server, sent, body, made) if chosen(number) else made

    return counted


def _body(sent: Request) -> bytes:
    return sent.content


def _any(_: Request) -> str:
    return "any"


def _title(sent: Request) -> Any:
    return get(json.loads(sent.content), "title")


def _is_second(number: int) -> bool:
    return number == 2


def _every(step: int) -> Callable[[int], bool]:
    return lambda number: number % step == 0


def _after(count: int) -> Callable[[int], bool]:
    return lambda number: number > count


THROTTLED = error(429, "TOO_MANY_REQUESTS: slow down")


def _later(server: Server, sent: Request, body: Json, made: Response) -> Response:
    return header("retry-after", "1")(server, sent, body, THROTTLED(server, sent, body, made))


def _again() -> Iterator[Mutant]:
    titled = call("create_meeting", {"title": "Planning"})
    full = Call(operation="create_meeting", body=MEETING)
    person = call("create_meeting", {})
    add = call("add_participant", PERSON, meeting_id="$0.data.id")
    lost = told(lambda _, data: data.pop("title", None))
    rows: tuple[tuple[str, str, Effect, Calls, str, Source], ...] = (
        (
            "create_meeting",
            "the same body is refused the second time",
            _nth(_body, _after(1), REFUSAL),
            (titled, titled),
            SAME,
            "documents",
        ),
        (
            "create_meeting",
            "the same body is a conflict the third time",
            _nth(_body, _after(2), error(409, "CONFLICT")),
            (titled,) * 3,
            SAME,
            "documents",
        ),
        (
            "create_meeting",
            "the same body is a crash the second time",
            _nth(_body, _is_second, CRASH),
            (titled, titled),
            CRASHES,
            "standards",
        ),
        (
            "create_meeting",
            "the same full body is a crash the third time",
            _nth(_body, _after(2), when(_body_over(600), CRASH)),
            (full,) * 3,
            CRASHES,
            "standards",
        ),
        (
            "create_meeting",
            "the same body loses its title the second time",
            _nth(_body, _after(1), lost),
            (titled, titled),
            ECHO,
            "documents",
        ),
        (
            "create_meeting",
            "the same title is a conflict",
            _nth(_title, _after(1), error(409, "CONFLICT: the title is taken")),
            (titled, call("create_meeting", {"title": "Planning", "persist_chat": True})),
            SAME,
            "documents",
        ),
        (
            "create_meeting",
            "the same body answers 200 the second time",
            _nth(_body, _after(1), _old_200),
            (titled, titled),
            "a create makes another meeting: the vendor's document",
            "documents",
        ),
        (
            "create_meeting",
            "every seventh response loses its title",
            _nth(_any, _every(7), lost),
            (titled,) * 7,
            ECHO,
            "documents",
        ),
        (
            "create_meeting",
            "every third response loses its keywords",
            _nth(
                _any,
                _every(3),
                told(lambda _, d: d.get("ai_config", {}).get("transcription", {}).pop("keywords", None)),
            ),
            (full,) * 3,
            ECHO,
            "documents",
        ),
        (
            "create_meeting",
            "every tenth response is a crash",
            _nth(_any, _every(10), CRASH),
            (titled,) * 10,
            CRASHES,
            "standards",
        ),
        (
            "create_meeting",
            "every eleventh response is without a type",
            _nth(_any, _every(11), header("content-type")),
            (titled,) * 11,
            "the response is application/json: the vendor's document",
            "documents",
        ),
        (
            "create_meeting",
            "every fifth response turns chat round",
            _nth(_any, _every(5), told(lambda _, d: d.update(persist_chat=not d["persist_chat"]))),
            (titled,) * 5,
            ECHO,
            "documents",
        ),
        (
            "create_meeting",
            "every eighth response is 202",
            _nth(_any, _every(8), status(202)),
            (titled,) * 8,
            "the create answers 201: the vendor's document",
            "documents",
        ),
        (
            "create_meeting",
            "the title is lost after twenty meetings",
            _nth(_any, _after(20), lost),
            (titled,) * 21,
            ECHO,
            "documents",
        ),
        (
            "create_meeting",
            "keep-alive is the default after fifteen meetings",
            _nth(_any, _after(15), comes_back(K, lambda _: 60)),
            (full,) * 16,
            ECHO,
            "documents",
        ),
        (
            "create_meeting",
            "a title with an emoji gets no response",
            when(_has("title", "\U0001f3a5"), _hang_up),
            sending("create_meeting", {"title": "\U0001f3a5"}),
            CRASHES,
            "standards",
        ),
        (
            "create_meeting",
            "a blank title gets no response",
            when(_is("title", " "), _hang_up),
            sending("create_meeting", {"title": " "}),
            CRASHES,
            "standards",
        ),
        (
            "create_meeting",
            "a title with a quote is throttled",
            when(_has("title", "'"), THROTTLED),
            sending("create_meeting", {"title": "it's"}),
            "RFC 6585 4: 429 is of too many requests",
            "standards",
        ),
        (
            "create_meeting",
            "a null title is throttled",
            when(_is("title", None), _later),
            sending("create_meeting", {"title": None}),
            "RFC 6585 4: 429 is of too many requests",
            "standards",
        ),
        (
            "create_meeting",
            "Greek is throttled",
            when(_is("ai_config.transcription.language", "el"), _later),
            sending("create_meeting", {"ai_config.transcription.language": "el"}),
            "RFC 6585 4: 429 is of too many requests",
            "standards",
        ),
        (
            "create_meeting",
            "VP8 is unavailable",
            when(_is(f"{RC}.video_config.codec", "VP8"), error(503, "SERVICE_UNAVAILABLE")),
            sending("create_meeting", {f"{RC}.video_config.codec": "VP8"}),
            CRASHES,
            "standards",
        ),
        (
            "add_participant",
            "every fourth participant loses the name",
            _nth(_any, _every(4), told(lambda _, d: d.update(name=None))),
            (person, *(add,) * 4),
            ECHO,
            "documents",
        ),
        (
            "add_participant",
            "the same participant is a crash the second time",
            _nth(_body, _is_second, CRASH),
            (person, add, add),
            CRASHES,
            "standards",
        ),
        (
            "get_all_meetings",
            "every third list is empty",
            _nth(_any, _every(3), _emptied),
            (titled, *(Call(operation="get_all_meetings"),) * 3),
            "the list holds every object: the vendor's document",
            "documents",
        ),
        (
            "get_meeting",
            "every second read is a crash",
            _nth(_any, _every(2), CRASH),
            (titled, *(call("get_meeting", meeting_id="$0.data.id"),) * 2),
            CRASHES,
            "standards",
        ),
    )
    for operation, name, effect, shows, promise, source in rows:
        yield Mutant(
            name=name,
            family="again",
            operations=(operation,),
            description=f"{name[0].upper()}{name[1:]}.",
            promise=promise,
            source=source,
            hook=success(effect, operation),
            shows=shows,
        )


def _has(place: str, text: str) -> Callable[[Request, Json, Response], bool]:
    return lambda _, sent, made: made.status < 300 and isinstance(get(sent, place), str) and text in get(sent, place)


def _is(place: str, value: Json) -> Callable[[Request, Json, Response], bool]:
    return lambda _, sent, made: made.status < 300 and get(sent, place) == value and get(sent, place) is not GONE


def _old_200(server: Server, sent: Request, body: Json, made: Response) -> Response:
    """
    A create that finds the meeting again.
    """
    first = server.kept.setdefault(("first", sent.content), made)
    return replace(first, status=200)


def _emptied(server: Server, sent: Request, body: Json, made: Response) -> Response:
    whole = {"success": True, "data": [], "paging": {"total_count": 0, "start_offset": 0, "end_offset": 0}}
    return replace(made, content=json.dumps(whole).encode())


MUTANTS: tuple[Mutant, ...] = (*_sizes(), *_again())
