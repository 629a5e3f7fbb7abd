"""
Lawful ways to differ from the emulator.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rtkcontract.model import Json, Request, Response
from wrong_servers.emulated.faults import (
    ACCOUNT,
    APP,
    AU,
    ENUMS,
    FORMAT,
    GONE,
    GOOD,
    HEIGHT,
    LANGUAGE,
    MARK_URL,
    NO_REQUEST,
    POSITION,
    PREFIX,
    PROFANITY,
    RC,
    SECONDS,
    ST,
    SUMMARY,
    URL,
    VI,
    WIDTH,
    WM,
    WORDS,
    Edit,
    Effect,
    K,
    Kept,
    Respond,
    Variant,
    Wrap,
    answers,
    both,
    chain,
    created,
    data,
    get,
    has,
    header,
    header_of,
    node,
    number,
    on,
    only,
    parsed,
    prune,
    put,
    reads,
    reads_content,
    refused,
    refusing,
    replaced,
    returns,
    rule,
    says,
    service_error,
    slow,
    stateful,
    status,
    takes,
)


def edge(code: int, number: int = 1000, message: str = "Invalid request") -> Effect:
    """
    The edge's error envelope in place of the answer.
    """
    told = {"success": False, "errors": [{"code": number, "message": message}], "messages": [], "result": None}
    return lambda _, __, response: dataclasses.replace(response, status=code, content=json.dumps(told).encode())


def gateway(code: int) -> Effect:
    """
    The legacy gateway's envelope in place of the answer.
    """
    return lambda _, __, r: dataclasses.replace(r, status=code, content=b'{"message": "Unauthorized"}')


def _of_body(_: Request, __: Json, response: Response) -> bool:
    return response.status == 400 and b'"error"' in response.content


def _unauthenticated(request: Request, _: Json, __: Response) -> bool:
    return GOOD not in request.headers


def _status_is(*codes: int) -> Callable[[Request, Json, Response], bool]:
    return lambda _, __, response: response.status in codes


def _each(value: Json, change: Callable[[Json], Json]) -> Json:
    """
    The value with every scalar below changed.
    """
    if isinstance(value, dict):
        return {name: _each(inner, change) for name, inner in value.items()}
    return [_each(item, change) for item in value] if isinstance(value, list) else change(value)


def _reordered(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _reordered(value[name]) for name in reversed(value)}
    return value


def _like_floats(value: Json) -> Json:
    return float(value) if number(value) else value


def _nulls_kept(sent: Json, told: dict[str, Any]) -> None:
    for name in ("title", "record_on_start", "live_stream_on_start", ST):
        if get(sent, name) is None:
            put(told, name, None)


def _nulls_out(sent: Json, told: dict[str, Any]) -> None:
    for name in ("title", "record_on_start", "live_stream_on_start"):
        if get(sent, name) is None:
            told.pop(name, None)


def _only_sent(sent: Json, told: Json) -> Json:
    """
    The answer without any member that was not sent.
    """
    if not isinstance(sent, dict) or not isinstance(told, dict):
        return told
    return {name: _only_sent(sent[name], value) for name, value in told.items() if name in sent}


def _no_defaults(sent: Json, told: dict[str, Any]) -> None:
    made = {name: told[name] for name in ("id", "created_at", "updated_at")}
    kept = _only_sent(sent, told)
    told.clear()
    told.update({**made, **kept})


def _all_defaults(sent: Json, told: dict[str, Any]) -> None:
    """
    Defaults at every depth, whether the object was sent or not.
    """
    rows: dict[str, Json] = {
        PROFANITY: False,
        SUMMARY: "general",
        FORMAT: "markdown",
        WORDS: 500,
        LANGUAGE: "en-US",
        f"{AU}.codec": "AAC",
        f"{AU}.channel": "stereo",
        f"{AU}.export_file": True,
        f"{VI}.codec": "H264",
        f"{VI}.export_file": True,
        HEIGHT: 720,
        WIDTH: 1280,
        POSITION: "left top",
    }
    for place, value in rows.items():
        if get(told, place) is GONE:
            put(told, place, value)
    if get(told, ST) is GONE:
        put(told, ST, None)


def _without_empty(_: Json, told: dict[str, Any]) -> None:
    """
    Objects in which nothing is left are left out.
    """
    for name, inner in list(told.items()):
        if isinstance(inner, dict):
            _without_empty(_, inner)
            if not inner:
                del told[name]


def _quiet_audio(sent: Json, told: dict[str, Any]) -> None:
    if get(sent, f"{VI}.codec") in ("VP8", "VP9"):
        put(told, AU, GONE)


def _plain_audio(sent: Json, told: dict[str, Any]) -> None:
    if get(sent, f"{VI}.codec") in ("VP8", "VP9") and get(told, AU) is not GONE:
        put(told, AU, {"codec": "AAC", "channel": "stereo", "export_file": True})


def _ignored(request: Request) -> Request:
    """
    A body of another content type is not looked at.
    """
    kind = header_of(request, "content-type")
    if kind is not None and kind.partition(";")[0].strip().lower() == "application/json":
        return request
    kept = tuple(item for item in request.headers if item[0].lower() != "content-type")
    return dataclasses.replace(request, headers=(*kept, ("content-type", "application/json")), content=b"{}")


def _read_anyway(request: Request) -> Request:
    """
    A body of any content type is read as JSON.
    """
    kept = tuple(item for item in request.headers if item[0].lower() != "content-type")
    return dataclasses.replace(request, headers=(*kept, ("content-type", "application/json")))


def _lenient(content: bytes) -> bytes:
    """
    JSON as Python reads it by itself: a member twice, NaN, a mark in front, bytes that are no UTF-8.
    """
    text = content.decode("utf-8-sig", "replace")
    try:
        sent = json.loads(text)
    except (ValueError, RecursionError):
        return content
    odd = {"nan": 60, "inf": 1e308}
    clean = _each(sent, lambda v: odd.get(str(v), v) if isinstance(v, float) else v)
    return json.dumps(clean).encode() if isinstance(clean, dict) else content


def _first_wins(content: bytes) -> bytes:
    def kept(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        return dict(reversed(pairs))

    try:
        sent = json.loads(content, object_pairs_hook=kept)
    except (ValueError, RecursionError):
        return content
    return json.dumps(sent).encode() if isinstance(sent, dict) and content.count(b'"title"') > 1 else content


def _closed(document: Json) -> None:
    """
    Every object of the request refuses members that it does not know.
    """

    def close(schema: Json) -> None:
        if isinstance(schema, dict):
            if "properties" in schema and "object" in (schema.get("type") or ()):
                schema["additionalProperties"] = False
            for inner in schema.get("properties", {}).values():
                close(inner)

    close(document["components"]["schemas"]["create_meeting.request"])


def _one_of(document: Json) -> None:
    stored = node(document, ST)
    stored["oneOf"] = [{"type": "null"}, *({"type": "object", **member} for member in stored.pop("anyOf"))]


def _needs(kind: str, *names: str) -> Edit:
    """
    One more condition on stores of a type: these members, and not empty.
    """

    def edit(document: Json) -> None:
        condition = {"properties": {"type": {"const": kind}}, "required": ["type"]}
        then = {"required": list(names), "properties": {name: {"minLength": 1} for name in names}}
        node(document, ST).setdefault("allOf", []).append({"if": condition, "then": then})

    return edit


def _without_default(place: str) -> Edit:
    return rule(place, default=GONE)


def _if_then(place: str, condition: Json, then: Json) -> Edit:
    def edit(document: Json) -> None:
        node(document, place).setdefault("allOf", []).append({"if": condition, "then": then})

    return edit


def _extra_store(document: Json) -> None:
    """
    R2: a type that no enumeration lists, with an account.
    """
    stored = node(document, ST)
    stored["properties"]["type"]["enum"].append("cloudflare")
    stored["properties"]["account_id"] = {"type": "string"}
    stored["anyOf"].append({"properties": {"type": {"enum": ["cloudflare"]}}, "required": ["type"]})


def _azure(document: Json) -> None:
    azure = {"type": {"enum": ["azure"]}, "access_key": {"minLength": 1}}
    node(document, ST)["anyOf"].append({"properties": azure, "required": ["type", "access_key", "region"]})


def _throttled(times: int, *, empty: bool = False) -> Wrap:
    """
    The first requests of a run are answered 429.
    """
    told = edge(429, 971, "Please wait and consider throttling your request speed")

    def change(kept: Kept, request: Request, sent: Json, response: Response) -> Response:
        if kept.next() in range(5, 5 + times):
            held = header("retry-after", "0")(request, sent, told(request, sent, response))
            return dataclasses.replace(held, content=b"") if empty else held
        return response

    return stateful(change)


def _gzipped(_: Request, __: Json, response: Response) -> Response:
    packed = dataclasses.replace(response, content=gzip.compress(response.content))
    return header("content-encoding", "gzip")(NO_REQUEST, GONE, packed)


def _written(**options: Any) -> Wrap:
    """
    The same answer, written in another way.
    """
    return says(lambda _, __, r: dataclasses.replace(r, content=json.dumps(parsed(r.content), **options).encode()))


def _framed(before: bytes, behind: bytes) -> Wrap:
    return says(lambda _, __, r: dataclasses.replace(r, content=before + r.content + behind))


def _times(form: Callable[[datetime], str], *, apart_ms: int = 0) -> Wrap:
    def change(_: Json, told: dict[str, Any]) -> None:
        moment = datetime.fromisoformat(told["created_at"])
        told["created_at"] = form(moment)
        told["updated_at"] = form(moment + timedelta(milliseconds=apart_ms))

    return data(change)


def _moved(moment: datetime) -> str:
    return moment.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat(timespec="milliseconds")


@contextlib.contextmanager
def _by_http_1_0(respond: Respond) -> Iterator[str]:
    """
    The server of the standard library: HTTP/1.0, one connection a request, its own capital letters.
    """

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65_537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            request = Request(
                method=self.command,
                url=f"http://{self.headers['host']}{self.path}",
                headers=tuple((name.lower(), value) for name, value in self.headers.items()),
                content=content,
            )
            response = respond(request)
            self.send_response(response.status)
            for name, value in response.headers:
                self.send_header(name.title(), value)
            self.end_headers()
            self.wfile.write(response.content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def _variants() -> Iterator[Variant]:
    whole = "integer"
    video = {"properties": {"video_config": {"properties": {"codec": {"enum": ["VP8", "VP9"]}}, "required": ["codec"]}}}
    rows: tuple[tuple[str, Wrap | None, Edit | None], ...] = (
        ("the emulator as it is", None, None),
        # statuses and envelopes
        ("422 for a body", says(status(422), when=_of_body), None),
        ("422 for a body with its code", says(service_error(422, "UNPROCESSABLE"), when=_of_body), None),
        ("409 for a body", says(status(409), when=_of_body), None),
        ("413 for a body", says(edge(413), when=_of_body), None),
        ("200 in place of 201", says(status(200), when=created), None),
        ("the edge refuses bodies", says(edge(400), when=_of_body), None),
        ("the gateway refuses bodies", says(gateway(400), when=_of_body), None),
        ("401 for every credential", says(edge(401, 10_000), when=_unauthenticated), None),
        ("403 for every credential", says(edge(403, 9_109), when=_unauthenticated), None),
        ("400 for every credential", says(edge(400, 6_003), when=_unauthenticated), None),
        ("the gateway refuses credentials", says(gateway(401), when=_unauthenticated), None),
        ("the service refuses credentials", says(service_error(403, "FORBIDDEN"), when=_unauthenticated), None),
        ("the edge refuses credentials with 200", says(edge(200, 10_000), when=_unauthenticated), None),
        ("errors without messages and result", says(lambda _, __, r: replaced(r, _short(r)), when=refused), None),
        (
            "messages null",
            says(lambda _, __, r: replaced(r, {**parsed(r.content), "messages": None}), when=refused),
            None,
        ),
        (
            "more members in an error",
            says(lambda _, __, r: replaced(r, {**parsed(r.content), "ray": "a1"}), when=refused),
            None,
        ),
        (
            "a service code of its own",
            says(
                lambda _, __, r: replaced(r, {"success": False, "error": {"code": 1001, "message": "no"}}),
                when=_of_body,
            ),
            None,
        ),
        ("400 for a wrong account", says(edge(400, 7_003), when=_status_is(404)), None),
        (
            "403 for a wrong account",
            says(edge(403, 9_109), when=lambda q, _, r: r.status == 404 and ACCOUNT not in q.url),
            None,
        ),
        ("the service has no such account", says(service_error(404, "NOT_FOUND"), when=_status_is(404)), None),
        (
            "400 for an unknown app",
            says(service_error(400, "BAD_REQUEST: no such app"), when=lambda q, _, __: APP not in q.url),
            None,
        ),
        ("403 for an unknown app", says(edge(403, 10_000), when=lambda q, _, __: APP not in q.url), None),
        ("any app", reads(lambda q: dataclasses.replace(q, url=re.sub("/kit/[^/]+/", f"/kit/{APP}/", q.url))), None),
        ("404 for another method", says(edge(404, 7_000), when=_status_is(405)), None),
        ("400 for another method", says(edge(400, 7_001), when=_status_is(405)), None),
        ("400 for another content type", says(service_error(400, "BAD_REQUEST: no JSON"), when=_status_is(415)), None),
        ("throttled once", _throttled(1), None),
        ("throttled once with nothing to say", _throttled(1, empty=True), None),
        # what an answer holds
        ("only what the server made", data(lambda _, d: _prune_to(d, ("id", "created_at", "updated_at"))), None),
        ("no defaults", data(_no_defaults), None),
        ("defaults at every depth", data(_all_defaults), None),
        ("no default language", None, _without_default(LANGUAGE)),
        ("the language found out", has_where_unsent(LANGUAGE, "de"), None),
        ("nulls echoed", data(_nulls_kept), None),
        ("nulls left out", data(_nulls_out), None),
        (
            "a null title replaced",
            data(lambda s, d: put(d, "title", "Meeting") if get(s, "title") is None else None),
            None,
        ),
        ("a title made up", has_where_unsent("title", "Meeting of today"), None),
        ("an empty title left out", data(lambda _, d: d.pop("title") if d.get("title") == "" else None), None),
        ("empty texts and lists left out", data(lambda _, d: prune(d, lambda v: v in ("", []))), None),
        ("empty objects left out", data(_without_empty), None),
        ("no storage is null", data(lambda _, d: put(d, ST, None) if get(d, ST) is GONE else None), None),
        ("more members", data(lambda _, d: d.update(is_large=False, waiting_room=False, links={"self": "/"})), None),
        ("more members beside data", answers(lambda _, w: {**w, "paging": None, "took": 12.5}), None),
        (
            "unknown members echoed",
            data(lambda s, d: d.update({n: v for n, v in s.items() if n not in d and v is not None})),
            None,
        ),
        ("no status", has("status", GONE), None),
        ("inactive", has("status", "INACTIVE"), None),
        ("an id in capitals", returns("id", str.upper), None),
        ("ids of another version", data(lambda _, d: d.update(id=str(uuid.uuid1()))), None),
        ("whole numbers with a fraction of zero", answers(lambda _, w: _each(w, _like_floats)), None),
        ("other times", _times(_moved), None),
        ("times with +00:00", _times(lambda m: m.isoformat()), None),
        ("times without a fraction", _times(lambda m: m.strftime("%Y-%m-%dT%H:%M:%SZ")), None),
        ("times in nanoseconds", _times(lambda m: m.strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"), None),
        ("updated a little later", _times(lambda m: m.isoformat(), apart_ms=12), None),
        ("audio left out beside VP8 and VP9", data(_quiet_audio), None),
        ("audio unchanged beside VP8 and VP9", data(_plain_audio), None),
        # how it is written
        ("another order of members", answers(lambda _, w: _reordered(w)), None),
        ("indented", _written(indent=2), None),
        ("beyond ASCII", _written(ensure_ascii=False), None),
        (
            "slashes escaped",
            says(lambda _, __, r: dataclasses.replace(r, content=r.content.replace(b"/", b"\\/"))),
            None,
        ),
        ("white space around", _framed(b"\n ", b"\r\n"), None),
        ("a charset", says(header("content-type", "application/json; charset=utf-8")), None),
        ("a content type in capitals", says(header("content-type", "Application/JSON;charset=UTF-8")), None),
        ("more headers", says(_more_headers), None),
        ("a location", says(header("location", "/meetings/1"), when=created), None),
        ("in chunks", says(header("transfer-encoding", "chunked")), None),
        ("closed after each answer", says(header("connection", "close")), None),
        ("compressed", says(_gzipped), None),
        # what is taken
        ("unknown members refused", None, _closed),
        ("the storage union by oneOf", None, _one_of),
        ("storage needs its type", None, rule(ST, required=["type"])),
        (
            "aws needs secret and bucket",
            None,
            both(_needs("aws", "secret", "bucket"), _needs("digitalocean", "secret", "bucket")),
        ),
        ("gcs needs secret, bucket and region", None, _needs("gcs", "secret", "bucket", "region")),
        ("azure with an empty region", None, _azure),
        ("storage of R2", None, _extra_store),
        ("any language", None, rule(LANGUAGE, enum=GONE)),
        ("more languages", None, rule(LANGUAGE, enum=[*ENUMS[LANGUAGE], "en", "es", "ja", "multi"])),
        (
            "fractions refused",
            None,
            both(rule(K, type=whole), rule(SECONDS, type=whole), rule(f"{ST}.port", type=whole)),
        ),
        ("fractions rounded", chain(takes(K, _rounded), takes(SECONDS, _rounded)), None),
        ("ports from 0 to 65535", None, rule(f"{ST}.port", minimum=0, maximum=65_535, type=whole)),
        ("titles to 255", None, rule("title", maxLength=255)),
        ("longer titles cut", takes("title", only(str, lambda v: v[:255])), None),
        ("file prefixes of letters, digits and underscore", None, rule(PREFIX, pattern="^[A-Za-z0-9_]+$")),
        (
            "audio refused beside VP8 and VP9",
            None,
            _if_then(RC, {**video, "required": ["video_config"]}, {"not": {"required": ["audio_config"]}}),
        ),
        ("a summary needs a transcript", None, _if_then("", _const("summarize_on_end"), _const("transcribe_on_end"))),
        (
            "summary settings need transcription settings",
            None,
            rule("ai_config", dependentRequired={"summarization": ["transcription"]}),
        ),
        (
            "a recording needs a place",
            None,
            _if_then(
                RC, _off(), {"required": ["storage_config"], "properties": {"storage_config": {"type": "object"}}}
            ),
        ),
        (
            "auth_method for sftp only",
            None,
            _if_then(ST, {"required": ["auth_method"], "type": "object"}, _const("type", "sftp")),
        ),
        (
            "150.0 is no integer",
            lambda respond: refusing(respond, rb'"(word_limit|height|width)":\s*[0-9]+\.0\b'),
            None,
        ),
        ("a member twice: the last one counts", reads_content(_lenient), None),
        ("a member twice: the first one counts", reads_content(_first_wins), None),
        ("any content type read as JSON", reads(_read_anyway), None),
        ("another content type ignored", reads(_ignored), None),
        ("no NUL in a text", lambda respond: refusing(respond, rb"\\u0000"), None),
        ("bodies to 8 kB", lambda respond: refusing(respond, rb"(?s).{8192}"), None),
        (
            "watermarks to what 32 bits hold",
            None,
            both(*(rule(f"{WM}.size.{n}", maximum=2**31 - 1) for n in ("height", "width"))),
        ),
        ("addresses not checked", None, both(rule(URL, format=GONE), rule(MARK_URL, format=GONE))),
    )
    for name, wrap, edit in rows:
        yield Variant(name=name, wrap=wrap, edit=edit)
    yield Variant(name="HTTP/1.0", serve=_by_http_1_0)
    yield Variant(name="slow within limits", wrap=on({"record_on_start": True}, slow(0.03)), max_latency_s=5)


def _rounded(value: Any) -> Any:
    return round(value) if isinstance(value, float) and 60 <= value <= 600 else value


def _const(name: str, value: Json = True) -> Json:
    return {"properties": {name: {"const": value}}, "required": [name]}


def _off() -> Json:
    return {
        "properties": {"realtimekit_bucket_config": _const("enabled", value=False)},
        "required": ["realtimekit_bucket_config"],
    }


def _short(response: Response) -> Json:
    return {name: value for name, value in parsed(response.content).items() if name not in ("messages", "result")}


def _prune_to(told: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in [name for name in told if name not in names]:
        del told[name]


def has_where_unsent(place: str, value: Json) -> Wrap:
    """
    A member that was not sent has a value of the server's own, where the object around it is in the answer.
    """
    above, _, _ = place.rpartition(".")

    def change(sent: Json, told: dict[str, Any]) -> None:
        if get(sent, place) is GONE and (not above or get(told, above) is not GONE):
            put(told, place, value)

    return data(change)


def _more_headers(_: Request, __: Json, response: Response) -> Response:
    more = (
        ("date", format_datetime(datetime.now(UTC), usegmt=True)),
        ("cf-ray", "8f0000000000abcd-FRA"),
        ("ratelimit", '"default";r=50;t=30'),
        ("ratelimit-policy", '"burst";q=100;w=60'),
        ("set-cookie", "__cf_bm=a; path=/; HttpOnly"),
        ("set-cookie", "_cfuvid=b; path=/"),
        ("vary", "Origin"),
        ("strict-transport-security", "max-age=31536000"),
    )
    return dataclasses.replace(response, headers=(*response.headers, *more))


VARIANTS: tuple[Variant, ...] = tuple(_variants())
