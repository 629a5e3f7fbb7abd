"""
Lawful ways in which one response can differ: what HTTP and JSON allow, and what no document decides.
"""

from __future__ import annotations

import gzip
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from wrong_servers import rules
from wrong_servers.examples import MEETING, sending
from wrong_servers.http_rules import wire
from wrong_servers.mutants import (
    GONE,
    Call,
    Calls,
    Effect,
    Hook,
    Json,
    Mutant,
    both,
    call,
    doubled,
    error,
    get,
    header,
    parsed,
    put,
    refused,
    response,
    rule,
    status,
    step,
    success,
    told,
    when,
)
from wrong_servers.operations import OPERATIONS, Operation
from wrong_servers.second_server import RefusalError, Request, Response, Row, Server, edge, encoded, service, written

CREATE: Calls = (Call(operation="create_meeting", body={"title": "a"}),)
BAD: Calls = (Call(operation="create_meeting", body={"title": 7}),)
LIST: Calls = (Call(operation="get_all_meetings"),)
OPTIONS: Calls = (Call(operation="create_meeting", method="OPTIONS"),)
HEAD: Calls = (Call(operation="get_all_meetings", method="HEAD"),)
FULL: Calls = (Call(operation="create_meeting", body=MEETING),)
Variant = tuple[str, Hook, Calls, str]


def _whole(change: Callable[[Json], Json]) -> Effect:
    """
    The body as another JSON value.
    """

    def effect(_: Server, __: Request, ___: Json, made: Response) -> Response:
        value = parsed(made.content)
        return made if value is GONE else replace(made, content=json.dumps(change(value)).encode())

    return effect


def _text(change: Callable[[str], str]) -> Effect:
    """
    The same JSON value, written in another way.
    """

    def effect(_: Server, __: Request, ___: Json, made: Response) -> Response:
        return replace(made, content=change(made.content.decode()).encode()) if made.content else made

    return effect


def _dumped(**options: Any) -> Effect:
    return _text(lambda text: json.dumps(json.loads(text), **options))


def _each(change: Callable[[Any], Any]) -> Callable[[Json], Json]:
    """
    Every value of a body that is neither list nor object.
    """

    def convert(value: Json) -> Json:
        if isinstance(value, dict):
            return {name: convert(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [convert(inner) for inner in value]
        return change(value)

    return convert


def _turned(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _turned(inner) for name, inner in reversed(value.items())}
    return [_turned(inner) for inner in value] if isinstance(value, list) else value


def _escaped(text: str) -> str:
    """
    Every letter of a member's text is escaped, at most forty of them.
    """
    value = json.loads(text)
    plain = json.dumps(value)
    title = get(value, "data.title")
    if not isinstance(title, str) or not 0 < len(title) <= 40:
        return plain
    coded = "".join(f"\\u{unit:04x}" for unit in _units(title))
    return plain.replace(f'"title": {json.dumps(title)}', f'"title": "{coded}"', 1)


def _units(text: str) -> list[int]:
    data = text.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[n : n + 2], "big") for n in range(0, len(data), 2)]


def _floats(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**50 else value


# --- HTTP -----------------------------------------------------------------------------------------------------------


def _length_less(head: bytes) -> bytes:
    return b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length"))


def _chunked(pieces: int, extension: bytes = b"", trailer: bytes = b"") -> Effect:
    def rewrite(head: bytes, content: bytes) -> bytes:
        size = max(len(content) // pieces, 1)
        chunks = b"".join(
            b"%x%s\r\n%s\r\n" % (len(content[at : at + size]), extension, content[at : at + size])
            for at in range(0, len(content), size)
        )
        return _length_less(head) + b"\r\ntransfer-encoding: Chunked\r\n\r\n" + chunks + b"0\r\n" + trailer + b"\r\n"

    return wire(rewrite, close=False)


def _until_closed(head: bytes, content: bytes) -> bytes:
    return _length_less(head) + b"\r\n\r\n" + content


def _before(interim: bytes) -> Effect:
    return wire(lambda head, content: interim + head + b"\r\n\r\n" + content, close=False)


def _headline(change: Callable[[bytes], bytes]) -> Effect:
    return wire(lambda head, content: change(head) + b"\r\n\r\n" + content, close=False)


def _capitals(head: bytes) -> bytes:
    first, *lines = head.split(b"\r\n")
    titled = (b":".join((name.title(), value)) for name, value in (line.split(b":", 1) for line in lines))
    return b"\r\n".join((first, *titled))


def _padded(head: bytes) -> bytes:
    first, *lines = head.split(b"\r\n")
    return b"\r\n".join((first, *(line.replace(b": ", b":\t  ", 1) + b"  " for line in lines)))


def _gzipped(server: Server, sent: Request, body: Json, made: Response) -> Response:
    if "gzip" not in (sent.header("accept-encoding") or "") or not made.content:
        return made
    packed = replace(made, content=gzip.compress(made.content, mtime=0))
    return header("vary", "accept-encoding")(
        server, sent, body, header("content-encoding", "gzip")(server, sent, body, packed)
    )


def _own_location(absolute: bool) -> Effect:
    def effect(server: Server, sent: Request, body: Json, made: Response) -> Response:
        path = f"{urlsplit(sent.target).path}/{get(parsed(made.content), 'data.id')}"
        origin = f"http://{sent.header('host')}" if absolute else ""
        return header("location", origin + path)(server, sent, body, made)

    return effect


def _date_off(seconds: int) -> Effect:
    def effect(server: Server, sent: Request, body: Json, made: Response) -> Response:
        old = next((value for name, value in made.headers if name == "date"), None)
        if old is None:
            return made
        moved = parsedate_to_datetime(old) + timedelta(seconds=seconds)
        return header("date", format_datetime(moved, usegmt=True))(server, sent, body, made)

    return effect


def _more(*lines: tuple[str, str]) -> Effect:
    return lambda _, __, ___, made: replace(made, headers=(*made.headers, *lines))


def _method_is(name: str) -> Callable[[Request, Json, Response], bool]:
    return lambda sent, _, __: sent.method == name


def _of_http() -> Iterator[Variant]:
    every = response
    gz = (Call(operation="create_meeting", body={"title": "a"}, headers={"accept-encoding": "gzip"}),)
    yield "header names in capitals", every(_headline(_capitals)), CREATE, "RFC 9110 5.1: names have no case"
    yield (
        "white space around header values",
        every(_headline(_padded)),
        CREATE,
        "RFC 9112 5: white space around a value is optional",
    )
    yield (
        "no reason",
        every(_headline(lambda h: h.replace(b" Created", b" ", 1).replace(b" Bad Request", b" ", 1))),
        CREATE,
        "RFC 9112 4: the reason may be empty",
    )
    yield (
        "another reason",
        every(_headline(lambda h: h.replace(b" Created", b" Very well", 1))),
        CREATE,
        "RFC 9112 4: the reason means nothing",
    )
    yield "content in one chunk", every(_chunked(1)), CREATE, "RFC 9112 7.1"
    yield "content in many chunks", every(_chunked(30)), CREATE, "RFC 9112 7.1"
    yield (
        "chunks with an extension",
        every(_chunked(2, extension=b';note="a"')),
        CREATE,
        "RFC 9112 7.1.1: unknown extensions are ignored",
    )
    yield "chunks with a trailer", every(_chunked(2, trailer=b"x-took: 3\r\n")), CREATE, "RFC 9112 7.1.2"
    yield (
        "content until the connection closes",
        every(wire(_until_closed)),
        CREATE,
        "RFC 9112 6.3: without a length the close ends it",
    )
    yield (
        "closed after each response",
        every(lambda _, __, ___, made: replace(made, close=True)),
        CREATE,
        "RFC 9112 9.6",
    )
    yield (
        "early hints",
        every(_before(b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n")),
        CREATE,
        "RFC 8297 2",
    )
    yield (
        "100 before the response",
        every(_before(b"HTTP/1.1 100 Continue\r\n\r\n")),
        CREATE,
        "RFC 9110 15.2: a client reads any 1xx",
    )
    yield "gzip where it is accepted", every(_gzipped), gz, "RFC 9110 12.5.3"
    yield (
        "the location of the new meeting",
        success(_own_location(absolute=False), "create_meeting"),
        CREATE,
        "RFC 9110 15.3.2",
    )
    yield (
        "the whole location of the new meeting",
        success(_own_location(absolute=True), "create_meeting"),
        CREATE,
        "RFC 9110 15.3.2",
    )
    yield (
        "an Allow with POST in a success",
        success(header("allow", "GET, POST"), "create_meeting"),
        CREATE,
        "RFC 9110 10.2.1: Allow may stand in any response",
    )
    yield "a weak entity tag", success(header("etag", 'W/"abc"')), CREATE, "RFC 9110 8.8.3"
    yield (
        "a time of change in the past",
        success(header("last-modified", "Mon, 05 Jan 2026 10:00:00 GMT")),
        CREATE,
        "RFC 9110 8.8.2",
    )
    yield (
        "two Vary lines",
        success(header("vary", "origin", "accept-encoding")),
        CREATE,
        "RFC 9110 5.3: a list may stand in several lines",
    )
    yield "not to be kept", every(header("cache-control", "private", "no-store")), CREATE, "RFC 9111 5.2"
    yield (
        "a charset in quotes",
        every(header("content-type", 'application/json; charset="utf-8"')),
        CREATE,
        "RFC 9110 8.3.2",
    )
    yield (
        "an unknown parameter of the type",
        every(header("content-type", "application/json; v=1")),
        CREATE,
        "RFC 9110 8.3.1",
    )
    yield "a date four seconds behind", every(_date_off(-4)), CREATE, "no document says how well clocks agree"
    yield "a date four seconds ahead", every(_date_off(4)), CREATE, "no document says how well clocks agree"
    yield (
        "what an edge adds",
        every(
            _more(
                ("cf-ray", "8f00000000000abc-FRA"),
                ("alt-svc", 'h3=":443"; ma=86400'),
                ("nel", "{}"),
                ("server", "cloudflare"),
                ("set-cookie", "__cf_bm=x; path=/; Secure; HttpOnly"),
                ("set-cookie", "_cfuvid=y; path=/; Secure; HttpOnly"),
                ("ratelimit", '"default";r=50;t=30'),
            )
        ),
        CREATE,
        "headers that nobody knows are ignored: RFC 9110 5.1",
    )
    yield (
        "a challenge with each 401",
        response(when(_is(401), header("www-authenticate", 'Bearer realm="api"'))),
        (Call(operation="create_meeting", body={}, headers={"authorization": "Bearer " + "z" * 40}),),
        "RFC 9110 15.5.2",
    )
    yield "OPTIONS with content", response(when(_method_is("OPTIONS"), _options)), OPTIONS, "RFC 9110 9.3.7"
    yield (
        "OPTIONS is not allowed",
        response(when(_method_is("OPTIONS"), _no_options)),
        OPTIONS,
        "RFC 9110 9.1: only GET and HEAD are required",
    )
    yield (
        "HEAD without a length",
        response(when(_method_is("HEAD"), _no_length)),
        HEAD,
        "RFC 9110 9.3.2: fields of the content may be left out",
    )
    yield (
        "an unknown method is not implemented",
        response(when(_method_is("RTK"), status(501))),
        (Call(operation="create_meeting", method="RTK"),),
        "RFC 9110 15.6.2",
    )
    yield (
        "a slash behind is the same address",
        _slashless,
        (Call(operation="get_all_meetings", suffix="/"),),
        "no document says what a slash behind means",
    )
    yield (
        "a slash behind is moved",
        response(when(_slashed, _moved)),
        (Call(operation="get_all_meetings", suffix="/"),),
        "no document says what a slash behind means",
    )
    yield (
        "slow by a tenth of a second now and then",
        success(_slow_tenth, "create_meeting"),
        CREATE * 10,
        "no document says how fast it is",
    )
    yield (
        "throttled once, with Retry-After",
        success(_throttled("0"), "create_meeting"),
        CREATE * 5,
        "429 with retry-after: the vendor's guide to rate limits",
    )
    yield (
        "throttled once, until a date",
        success(_throttled("date"), "create_meeting"),
        CREATE * 5,
        "429 with retry-after: RFC 9110 10.2.3",
    )


def _is(code: int) -> Callable[[Request, Json, Response], bool]:
    return lambda _, __, made: made.status == code


def _options(server: Server, sent: Request, body: Json, made: Response) -> Response:
    return replace(server.answer(200, {"success": True}), headers=(*made.headers, ("content-type", "application/json")))


def _no_options(server: Server, sent: Request, body: Json, made: Response) -> Response:
    allow = next((value for name, value in made.headers if name == "allow"), "GET").replace(", OPTIONS", "")
    refusal = service(405, "METHOD_NOT_ALLOWED", (("allow", allow),))
    return server.answer(405, refusal.body, refusal.headers)


def _no_length(server: Server, sent: Request, body: Json, made: Response) -> Response:
    kept = tuple(item for item in made.headers if item[0] != "content-length")
    head = encoded(replace(made, headers=kept, status=204), method="HEAD")
    return replace(made, raw=head.replace(b" 204 No Content", b" %d OK" % made.status, 1))


def _slashless(server: Server) -> None:
    original = server.respond

    def changed(sent: Request) -> Response:
        path, mark, query = sent.target.partition("?")
        return original(replace(sent, target=path.rstrip("/") + mark + query))

    server.respond = changed  # type: ignore[method-assign]


def _slashed(sent: Request, _: Json, __: Response) -> bool:
    return urlsplit(sent.target).path.endswith("/")


def _moved(server: Server, sent: Request, body: Json, made: Response) -> Response:
    path = urlsplit(sent.target).path.rstrip("/")
    return Response(status=308, headers=(("location", path), server.date()), reason="Permanent Redirect")


def _counted(server: Server) -> int:
    with server.lock:
        server.kept["seen"] = server.kept.get("seen", 0) + 1
        return int(server.kept["seen"])


def _slow_tenth(server: Server, sent: Request, body: Json, made: Response) -> Response:
    number = _counted(server)
    if number % 10 == 0:
        time.sleep(0.1 if number > 10 else 0.01)
        return replace(made, headers=(*made.headers, ("server-timing", "total;dur=100")))
    return made


def _throttled(after: str) -> Effect:
    def effect(server: Server, sent: Request, body: Json, made: Response) -> Response:
        if _counted(server) != 4:
            return made
        value = after if after != "date" else format_datetime(server.now(), usegmt=True)
        refusal = edge(429, 971, "Please wait and consider throttling your request speed")
        return server.answer(429, refusal.body, (("retry-after", value),))

    return effect


# --- JSON and times -------------------------------------------------------------------------------------------------


def _times(spell: Callable[[datetime], str]) -> Effect:
    def change(_: Json, data: dict[str, Any]) -> None:
        for name in ("created_at", "updated_at"):
            if name in data:
                data[name] = spell(rules.moment(data[name]))

    return told(change)


def _in_zone(hours: float) -> Callable[[datetime], str]:
    return lambda moment: moment.astimezone(timezone(timedelta(hours=hours))).isoformat(timespec="milliseconds")


def _of_json() -> Iterator[Variant]:
    ops = "create_meeting"
    yield "letters escaped", response(_text(_escaped)), CREATE, "RFC 8259 7: any character may be escaped"
    yield (
        "written beyond ASCII",
        response(_dumped(ensure_ascii=False)),
        sending(ops, {"title": "Grüße"}),
        "RFC 8259 8.1",
    )
    yield "white space everywhere", response(_dumped(indent=3)), CREATE, "RFC 8259 2"
    yield "members in another order", response(_whole(_turned)), CREATE, "RFC 8259 4: members have no order"
    yield "whole numbers with a point", response(_whole(_each(_floats))), CREATE, "RFC 8259 6: 60.0 is 60"
    yield (
        "numbers with an exponent",
        success(_text(lambda t: t.replace(":60,", ":6e1,")), ops),
        CREATE,
        "RFC 8259 6: 6e1 is 60",
    )
    yield (
        "slashes escaped",
        response(_text(lambda t: t.replace("/", "\\/"))),
        sending(ops, {"title": "a/b"}),
        "RFC 8259 7",
    )
    yield "a line break behind", response(_text(lambda t: t + "\n")), CREATE, "RFC 8259 2"
    yield (
        "lists of errors and messages in a success",
        response(when(_ok, _whole(lambda w: {**w, "errors": [], "messages": []}))),
        CREATE,
        "envelopes are open: the vendor's document",
    )
    yield (
        "a null member beside data",
        response(when(_ok, _whole(lambda w: {**w, "error": None}))),
        CREATE,
        "envelopes are open: the vendor's document",
    )
    yield (
        "a nested unknown member",
        success(told(lambda _, d: d.update(links={"self": {"href": "/"}, "all": []})), ops),
        CREATE,
        "objects are open: the vendor's document",
    )
    yield (
        "an unknown list thirty deep",
        success(told(lambda _, d: d.update(extra=_nested(30))), ops),
        CREATE,
        "objects are open: the vendor's document",
    )
    yield (
        "whether there is a secret",
        success(
            told(
                lambda _, d: (
                    put(d, "recording_config.storage_config.has_secret", True)
                    if get(d, "recording_config.storage_config") is not GONE
                    else None
                )
            ),
            ops,
        ),
        FULL,
        "objects are open: the vendor's document",
    )
    yield "ids of version 7", step("new_id", _version_7), CREATE, "format uuid has no version: RFC 9562"
    yield "ids that count", step("new_id", _counting), CREATE, "format uuid does not ask for chance"
    yield (
        "ids in capitals, in responses of the create",
        success(told(lambda _, d: d.update(id=d["id"].upper())), ops),
        CREATE,
        "a uuid has no case: RFC 9562 4",
    )
    yield (
        "times with small t and z",
        success(_times(lambda m: written(m).lower()), ops),
        CREATE,
        "RFC 3339 5.6: t and z may be small",
    )
    yield (
        "times to the microsecond",
        success(_times(lambda m: m.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"), ops),
        CREATE,
        "RFC 3339 5.6",
    )
    yield (
        "times to a tenth",
        success(_times(lambda m: f"{m:%Y-%m-%dT%H:%M:%S}.{m.microsecond // 100_000}Z"), ops),
        CREATE,
        "RFC 3339 5.6",
    )
    yield (
        "times with an unknown zone",
        success(_times(lambda m: written(m)[:-1] + "-00:00"), ops),
        CREATE,
        "RFC 3339 4.3",
    )
    yield "times in India", success(_times(_in_zone(5.5)), ops), CREATE, "RFC 3339 4.2"
    yield "times west of Greenwich", success(_times(_in_zone(-8)), ops), CREATE, "RFC 3339 4.2"
    yield (
        "a clock five seconds ahead",
        step("moment", lambda s, *_: written(s.now() + timedelta(seconds=5))),
        CREATE,
        "no document says how well clocks agree",
    )
    yield (
        "a clock five seconds behind",
        step("moment", lambda s, *_: written(s.now() - timedelta(seconds=5))),
        CREATE,
        "no document says how well clocks agree",
    )
    yield (
        "updated a second after it was made",
        success(
            told(lambda _, d: d.update(updated_at=written(rules.moment(d["updated_at"]) + timedelta(seconds=1)))), ops
        ),
        CREATE,
        "no document says that both times are the same",
    )


def _ok(_: Request, __: Json, made: Response) -> bool:
    return made.status < 300 and bool(made.content)


def _nested(depth: int) -> Json:
    value: Json = []
    for _ in range(depth):
        value = [value]
    return value


def _version_7(server: Server, original: Any, operation: Operation) -> str:
    plain = uuid.UUID(original(operation)).int
    stamp = int(server.now().timestamp() * 1000) << 80
    return str(uuid.UUID(int=stamp | (plain & ((1 << 80) - 1)) & ~(0xF << 76) | 7 << 76))


def _counting(server: Server, original: Any, operation: Operation) -> str:
    server.kept["next"] = server.kept.get("next", 0) + 1
    return str(uuid.UUID(int=(0xA1 << 120) | server.kept["next"], version=4))


# --- what is open ---------------------------------------------------------------------------------------------------


def _refusing(matches: Callable[[Request], bool], code: int, text: str) -> Any:
    """
    More is refused than the schema says, where no document decides.
    """

    def change(server: Server, original: Any, operation: Operation, sent: Request) -> Any:
        if operation.name in server.bodies and matches(sent):
            raise service(code, text)
        return original(operation, sent)

    return change


def _authorise_first(server: Server) -> None:
    """
    Credentials come before the address.
    """
    on_path = server.on_path

    def checking(sent: Request) -> Any:
        operation = OPERATIONS["create_meeting"]
        if sent.method != "OPTIONS":
            server.authorise(operation, sent, {"account_id": "0123456789abcdef0123456789abcdef"})
        return on_path(sent)

    server.on_path = checking  # type: ignore[method-assign]


def _app_last(server: Server) -> None:
    """
    The app is looked up after the body was read.
    """
    check_app, read_body = server.check_app, server.read_body
    server.check_app = lambda operation, ids: server.kept.__setitem__("ids", ids)  # type: ignore[method-assign]

    def reading(operation: Operation, sent: Request) -> Json:
        ids = server.kept["ids"]
        body = read_body(operation, sent)
        check_app(operation, ids)
        return body

    server.read_body = reading  # type: ignore[method-assign]


def _code(code: int, number: int) -> Callable[[Server, Any, Operation, Request, Any], None]:
    """
    Credentials are refused with one status of the edge.
    """

    def change(server: Server, original: Any, operation: Operation, sent: Request, ids: Any) -> None:
        try:
            original(operation, sent, ids)
        except RefusalError as refusal:
            if refusal.status in (400, 401, 403):
                raise edge(code, number, "Authentication error") from None
            raise

    return change


def _filled(server: Server, original: Any, operation: Operation, row: Row) -> Json:
    """
    Defaults stand at every depth of the objects that are there.
    """
    shown = original(operation, row)
    inner = {
        "ai_config.transcription": {"language": "en-US", "profanity_filter": False},
        "ai_config.summarization": {"summary_type": "general", "text_format": "markdown", "word_limit": 500},
        "recording_config.audio_config": {"channel": "stereo", "codec": "AAC", "export_file": True},
        "recording_config.video_config": {"codec": "H264", "export_file": True, "height": 720, "width": 1280},
    }
    for place, values in inner.items():
        found = get(shown, place)
        if isinstance(found, dict):
            put(shown, place, {**values, **found})
    return shown


def _named_member(server: Server, original: Any, operation: Operation, rule_: rules.Rule, sent: Json) -> list[str]:
    """
    A refusal names the value too, where it is no secret and short.
    """
    found = original(operation, rule_, sent)
    value = get(sent, "session_keep_alive_time_in_secs")
    return [f"{text} (got {value})" if "keep_alive" in text and isinstance(value, int) else text for text in found]


def _messages(change: Callable[[dict[str, Any]], Json]) -> Effect:
    def effect(_: Server, __: Request, ___: Json, made: Response) -> Response:
        whole = parsed(made.content)
        if not isinstance(get(whole, "error"), dict):
            return made
        return replace(made, content=json.dumps({**whole, "error": change(whole["error"])}).encode())

    return effect


_CODECS = {
    "replace_meeting": "recording_config.video_config.codec",
    "update_meeting": "recording_config.video_config.codec",
    "start_recording": "video_config.codec",
}
_STORES = {
    "replace_meeting": "recording_config.storage_config",
    "update_meeting": "recording_config.storage_config",
    "start_recording": "storage_config",
}


def _of_open() -> Iterator[Variant]:
    big = (Call(operation="create_meeting", body={"title": "p" * 70_000}),)
    half = (Call(operation="create_meeting", raw=rb'{"title":"a \ud83c"}'),)
    twice = (Call(operation="create_meeting", raw=b'{"title":"a","title":"b"}'),)
    marked = (Call(operation="create_meeting", raw=b'\xef\xbb\xbf{"title":"a"}'),)
    unknown = (Call(operation="create_meeting", body={"colour": "red"}),)
    lost = (Call(operation="create_meeting", ids={"app_id": "2" * 36}, body={"title": 7}),)
    wrong = (Call(operation="create_meeting", body={}, headers={"authorization": "Bearer " + "z" * 40}),)
    nowhere = (Call(operation="create_meeting", suffix="/nothing/here", headers={"authorization": None}),)
    body = "read_body"
    yield (
        "bodies over 64 KiB are too large",
        step(body, _refusing(lambda q: len(q.content) > 2**16, 413, "CONTENT_TOO_LARGE")),
        big,
        "no largest body is documented",
    )
    yield (
        "half a surrogate is refused",
        step(body, _refusing(lambda q: b'\\ud83c"' in q.content, 400, "BAD_REQUEST: no Unicode")),
        half,
        "RFC 8259 8.2: what it does is not predictable",
    )
    yield (
        "half a surrogate is replaced",
        success(_whole(_each(_no_surrogate)), "create_meeting"),
        half,
        "RFC 8259 8.2: what it does is not predictable",
    )
    yield (
        "a member twice is refused",
        step(body, _refusing(lambda q: doubled(q.content), 400, "BAD_REQUEST: a member twice")),
        twice,
        "RFC 8259 4: what it does is not predictable",
    )
    yield "a byte order mark is ignored", _markless, marked, "RFC 8259 8.1: a parser may ignore it"
    yield (
        "unknown members come back",
        success(_echo_unknown, "create_meeting"),
        unknown,
        "whether unknown members are kept is not documented",
    )
    yield (
        "unknown members are refused in a create",
        step("broken", _unknown, "create_meeting"),
        unknown,
        "whether unknown members are kept is not documented",
    )
    yield (
        "unlisted languages are kept",
        rule("create_meeting", "ai_config.transcription.language", one_of=()),
        sending("create_meeting", {"ai_config.transcription.language": "es"}),
        "the guide lists more languages than the reference",
    )
    yield (
        "VP9 is refused but in a create",
        both(*(rule(o, place, one_of=("H264", "VP8")) for o, place in _CODECS.items())),
        sending("update_meeting", {"recording_config.video_config.codec": "VP9"}),
        "two documents differ",
    )
    yield (
        "storage without conditions but in a create",
        both(*(rule(o, place, any_of=(), required=("type",)) for o, place in _STORES.items())),
        sending("update_meeting", {"recording_config.storage_config.type": "aws"}),
        "until August 2026 the storage was a plain object",
    )
    yield (
        "defaults at every depth of an object",
        step("show", _filled, "create_meeting", "get_meeting"),
        sending("create_meeting", {"ai_config.transcription": {}}),
        "whether nested defaults are filled in is not documented",
    )
    yield (
        "a default title",
        success(told(lambda s, d: d.setdefault("title", "Meeting")), "create_meeting"),
        (call("create_meeting", {}),),
        "what a missing title becomes is not documented",
    )
    yield (
        "fractions are refused",
        step(body, _refusing(_fraction, 400, "BAD_REQUEST: no fractions")),
        sending("create_meeting", {"session_keep_alive_time_in_secs": 90.5}),
        "senders use whole numbers only",
    )
    yield "credentials before the address", _authorise_first, nowhere, "which check comes first is not documented"
    yield "the app after the body", _app_last, lost, "which check comes first is not documented"
    yield "403 for an unknown token", step("authorise", _code(403, 9109)), wrong, "on other routes 403 was recorded"
    yield (
        "401 for missing credentials",
        step("authorise", _code(401, 10000)),
        (Call(operation="create_meeting", body={}, headers={"authorization": None}),),
        "400 was measured on another route",
    )
    yield (
        "the edge refuses a body",
        response(when(_refused_body, _as_edge)),
        BAD,
        "which envelope a refusal has is not documented",
    )
    yield (
        "a refusal names the value",
        step("broken", _named_member),
        sending("create_meeting", {"session_keep_alive_time_in_secs": 7}),
        "a message may say what was wrong",
    )
    yield (
        "a refusal in German",
        response(when(_refused_body, _messages(lambda e: {**e, "message": "UNGÜLTIG: der Wert ist zu klein"}))),
        BAD,
        "messages are for people",
    )
    yield (
        "a refusal with details",
        response(
            when(_refused_body, _messages(lambda e: {**e, "details": [{"path": ["title"], "type": "string.base"}]}))
        ),
        BAD,
        "envelopes are open: the vendor's document",
    )
    yield (
        "a refusal with the id of the request",
        response(when(refused, _whole(lambda w: {**w, "request_id": "req_0001"}))),
        BAD,
        "envelopes are open: the vendor's document",
    )
    yield (
        "409 for a body that cannot be",
        response(when(_refused_body, error(409, "CONFLICT"))),
        BAD,
        "no refusal is documented",
    )
    yield (
        "only what was made comes back",
        success(told(_made_only), "create_meeting"),
        CREATE,
        "only id and times are required in a response",
    )
    yield "creates take turns", both(_turns), FULL, "no document says how many at once"


def _no_surrogate(value: Any) -> Any:
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value) if isinstance(value, str) else value


def _markless(server: Server) -> None:
    original = server.respond
    server.respond = lambda sent: original(replace(sent, content=sent.content.removeprefix(b"\xef\xbb\xbf")))  # type: ignore[method-assign]


def _echo_unknown(server: Server, sent: Request, body: Json, made: Response) -> Response:
    def change(_: Json, data: dict[str, Any]) -> None:
        known = rules.MEETING.members
        data.update({n: v for n, v in body.items() if n not in known and n not in data and v is not None})

    return told(change)(server, sent, body, made)


def _unknown(_: Server, original: Any, operation: Operation, rule_: rules.Rule, sent: Json) -> list[str]:
    extra = [name for name in sent if name not in rule_.members] if isinstance(sent, dict) else []
    return [*original(operation, rule_, sent), *(f'"{name}" is not allowed' for name in extra)]


def _fraction(sent: Request) -> bool:
    value = get(parsed(sent.content), "session_keep_alive_time_in_secs")
    return isinstance(value, float) and value % 1 != 0 and 60 <= value <= 600


def _refused_body(sent: Request, _: Json, made: Response) -> bool:
    return made.status == 400 and b'"error"' in made.content


def _as_edge(server: Server, sent: Request, body: Json, made: Response) -> Response:
    refusal = edge(400, 7001, str(get(parsed(made.content), "error.message")))
    return server.answer(400, refusal.body)


def _made_only(_: Json, data: dict[str, Any]) -> None:
    for name in [name for name in data if name not in ("id", "created_at", "updated_at")]:
        del data[name]


def _turns(server: Server) -> None:
    """
    One request at a time, each with its place in the queue.
    """
    original = server.respond

    def waiting(sent: Request) -> Response:
        with server.lock:
            made = original(sent)
        return made if made.raw is not None else replace(made, headers=(*made.headers, ("x-queue", "1")))

    server.respond = waiting  # type: ignore[method-assign]


LAWFUL: tuple[Mutant, ...] = tuple(
    Mutant(
        name=name,
        family=family,
        operations=tuple(dict.fromkeys(one.operation for one in shows if isinstance(one, Call))),
        description=f"{name[0].upper()}{name[1:]}.",
        promise=promise,
        hook=hook,
        shows=shows,
    )
    for family, variants in (("HTTP", _of_http()), ("JSON and times", _of_json()), ("open", _of_open()))
    for name, hook, shows, promise in variants
)
