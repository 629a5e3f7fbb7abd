"""
Faults of HTTP itself: framing, header fields, statuses, methods and addresses. Each row cites its section.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from wrong_servers.examples import scene
from wrong_servers.mutants import (
    APP,
    CRASH,
    GONE,
    TOKEN,
    Call,
    Calls,
    Effect,
    Hook,
    Json,
    Mutant,
    Source,
    both,
    call,
    get,
    header,
    parsed,
    put,
    refused,
    request,
    response,
    status,
    step,
    success,
    when,
)
from wrong_servers.operations import Operation
from wrong_servers.second_server import Request, Response, Server, encoded, service

CREATE: Calls = (Call(operation="create_meeting", body={"title": "a"}),)
BAD: Calls = (Call(operation="create_meeting", body={"title": 7}),)
LIST: Calls = (Call(operation="get_all_meetings"),)
READ = scene("meetings", "create read")

Rewrite = Callable[[bytes, bytes], bytes]
"""(the head without its empty line, the content) -> the bytes to send."""


def wire(rewrite: Rewrite, *, close: bool = True) -> Effect:
    """
    Other bytes on the connection, which ends behind them.
    """

    def effect(_: Server, sent: Request, __: Json, made: Response) -> Response:
        if sent.method == "HEAD":
            return made
        head, _, content = encoded(replace(made, close=close)).partition(b"\r\n\r\n")
        return replace(made, raw=rewrite(head, content), close=close)

    return effect


def _lines(*more: bytes) -> Rewrite:
    """
    More header lines.
    """
    return lambda head, content: b"\r\n".join((head, *more)) + b"\r\n\r\n" + content


def _without_length(head: bytes) -> bytes:
    return b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length"))


def _chunks(content: bytes, size: bytes | None = None, end: bytes = b"0\r\n\r\n") -> bytes:
    length = size if size is not None else b"%x" % len(content)
    return length + b"\r\n" + content + b"\r\n" + end


def _chunked(size: bytes | None = None, end: bytes = b"0\r\n\r\n") -> Rewrite:
    def rewrite(head: bytes, content: bytes) -> bytes:
        return _without_length(head) + b"\r\ntransfer-encoding: chunked\r\n\r\n" + _chunks(content, size, end)

    return rewrite


def _length(change: Callable[[int], bytes]) -> Rewrite:
    def rewrite(head: bytes, content: bytes) -> bytes:
        return _without_length(head) + b"\r\ncontent-length: " + change(len(content)) + b"\r\n\r\n" + content

    return rewrite


def _framing() -> Iterator[Mutant]:
    rows: tuple[tuple[str, Rewrite, str], ...] = (
        (
            "length and chunks at once",
            lambda h, c: h + b"\r\ntransfer-encoding: chunked\r\n\r\n" + _chunks(c),
            "RFC 9112 6.2: no Content-Length beside Transfer-Encoding",
        ),
        (
            "two lengths that differ",
            lambda h, c: h + b"\r\ncontent-length: %d\r\n\r\n" % (len(c) + 1) + c,
            "RFC 9112 6.3: differing lengths are an error",
        ),
        (
            "one length of two",
            _length(lambda n: b"%d, %d" % (n, n + 2)),
            "RFC 9112 6.3: differing lengths are an error",
        ),
        ("a length with a sign", _length(lambda n: b"+%d" % n), "RFC 9110 8.6: Content-Length is digits"),
        ("a negative length", _length(lambda n: b"-%d" % n), "RFC 9110 8.6: Content-Length is digits"),
        ("a length with a fraction", _length(lambda n: b"%d.0" % n), "RFC 9110 8.6: Content-Length is digits"),
        ("a length in hexadecimal", _length(lambda n: b"0x%x" % n), "RFC 9110 8.6: Content-Length is digits"),
        (
            "a length that is too short",
            _length(lambda n: b"%d" % (n - 5)),
            "RFC 9110 8.6: Content-Length is the length",
        ),
        ("a length that is too long", _length(lambda n: b"%d" % (n + 5)), "RFC 9110 8.6: Content-Length is the length"),
        (
            "a length in characters",
            lambda h, c: _length(lambda _: b"%d" % len(c.decode()))(h, c.replace(b'"a"', '"é"'.encode())),
            "RFC 9110 8.6: Content-Length counts octets",
        ),
        ("a chunk that is too long", _chunked(size=b"fff"), "RFC 9112 7.1: a chunk has the size it says"),
        ("a chunk size that is no number", _chunked(size=b"xyz"), "RFC 9112 7.1: a size is hexadecimal"),
        ("no last chunk", _chunked(end=b""), "RFC 9112 7.1: the last chunk ends the content"),
        (
            "a transfer coding that nobody knows",
            lambda h, c: _without_length(h) + b"\r\ntransfer-encoding: identity2, chunked\r\n\r\n" + _chunks(c),
            "RFC 9112 6.1: no coding that the request did not allow",
        ),
        ("a blank before a colon", _lines(b"x-trace : 1"), "RFC 9112 5.1: no white space before the colon"),
        ("a folded header line", _lines(b"x-trace: a", b" b"), "RFC 9112 5.2: a sender does not fold lines"),
        ("a header line without a colon", _lines(b"x-trace"), "RFC 9112 5: a field line has a colon"),
        ("a header name with a blank", _lines(b"x trace: 1"), "RFC 9110 5.1: a field name is a token"),
        ("a NUL in a header", _lines(b"x-trace: a\0b"), "RFC 9110 5.5: a NUL is dangerous"),
        (
            "lines that end in LF",
            lambda h, c: h.replace(b"\r\n", b"\n") + b"\n\n" + c,
            "RFC 9112 2.2: a sender ends lines with CRLF",
        ),
        (
            "a status of two digits",
            lambda h, c: b"HTTP/1.1 20 OK" + h[h.index(b"\r\n") :] + b"\r\n\r\n" + c,
            "RFC 9112 4: a status has three digits",
        ),
        (
            "a version that nobody speaks",
            lambda h, c: b"HTTP/3.1" + h[8:] + b"\r\n\r\n" + c,
            "RFC 9112 2.3: the version is that of the message",
        ),
        (
            "a response before the response",
            lambda h, c: b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}" + h + b"\r\n\r\n" + c,
            "RFC 9112 9.3.2: one response to one request",
        ),
        (
            "text behind the response",
            lambda h, c: h + b"\r\n\r\n" + c + b"OK\r\n",
            "RFC 9112 9.3.2: nothing stands between responses",
        ),
    )
    for name, rewrite, promise in rows:
        open_end = name in ("text behind the response", "a length that is too short", "a response before the response")
        yield _mutant(name, success(wire(rewrite, close=not open_end), "create_meeting"), CREATE, promise)
    yield _mutant(
        "a length in characters in a list",
        success(_characters, "get_all_meetings"),
        (Call(operation="create_meeting", body={"title": "Grüße"}), *LIST),
        "RFC 9110 8.6: Content-Length counts octets",
        "get_all_meetings",
    )
    yield _mutant(
        "a refusal whose length is too long",
        response(when(refused, wire(_length(lambda n: b"%d" % (n + 3)))), "create_meeting"),
        BAD,
        "RFC 9110 8.6: Content-Length is the length",
    )
    yield _mutant(
        "a response to HEAD has content",
        response(_head_with_content, "get_all_meetings"),
        (Call(operation="get_all_meetings", method="HEAD"),),
        "RFC 9110 9.3.2: a response to HEAD has no content",
        "get_all_meetings",
    )
    yield _mutant(
        "the connection is lost in the middle",
        success(wire(lambda head, content: head + b"\r\n\r\n" + content[: len(content) // 2]), "create_meeting"),
        CREATE,
        "RFC 9112 8: a message that ends early is incomplete",
    )


def _characters(server: Server, sent: Request, body: Json, made: Response) -> Response:
    text = json.dumps(parsed(made.content), ensure_ascii=False)
    changed = replace(made, content=text.encode(), headers=(*made.headers, ("content-length", str(len(text)))))
    return replace(changed, raw=encoded(changed), close=True)


def _head_with_content(server: Server, sent: Request, _: Json, made: Response) -> Response:
    if sent.method != "HEAD":
        return made
    return replace(made, raw=encoded(made, method="HEAD") + b'{"success":true}', close=True)


# --- header fields --------------------------------------------------------------------------------------------------


def _gzip_claimed(server: Server, sent: Request, body: Json, made: Response) -> Response:
    return header("content-encoding", "gzip")(server, sent, body, made)


def _gzip_unclaimed(server: Server, sent: Request, body: Json, made: Response) -> Response:
    return replace(made, content=gzip.compress(made.content, mtime=0))


def _in_utf_16(server: Server, sent: Request, body: Json, made: Response) -> Response:
    coded = made.content.decode().encode("utf-16")
    return header("content-type", "application/json; charset=utf-16")(server, sent, body, replace(made, content=coded))


def _dated(server: Server, sent: Request, body: Json, made: Response) -> Response:
    """
    The Date header is an hour behind.
    """
    old = next(value for name, value in made.headers if name == "date")
    late = format_datetime(parsedate_to_datetime(old) - timedelta(hours=1), usegmt=True)
    return header("date", late)(server, sent, body, made)


def _fields() -> Iterator[Mutant]:
    rows: tuple[tuple[str, Effect, str], ...] = (
        (
            "two content types",
            header("content-type", "application/json", "text/html"),
            "RFC 9110 5.3: a field that is no list stands once",
        ),
        (
            "content type twice the same way",
            header("content-type", "application/json, application/json"),
            "RFC 9110 8.3: Content-Type is one media type",
        ),
        ("a content type without a subtype", header("content-type", "json"), "RFC 9110 8.3.1: type/subtype"),
        (
            "a charset of Latin-1",
            header("content-type", "application/json; charset=iso-8859-1"),
            "RFC 8259 8.1: JSON is UTF-8",
        ),
        (
            "a charset of UTF-16",
            header("content-type", "application/json; charset=utf-16"),
            "RFC 8259 8.1: JSON is UTF-8",
        ),
        ("a response in UTF-16", _in_utf_16, "RFC 8259 8.1: JSON is UTF-8"),
        ("a coding that was not applied", _gzip_claimed, "RFC 9110 8.4: Content-Encoding says what was applied"),
        ("a coding that is not named", _gzip_unclaimed, "RFC 9110 8.4: Content-Encoding says what was applied"),
        (
            "a coding that nobody knows",
            header("content-encoding", "rtkcoding"),
            "RFC 9110 12.5.3: a coding that the request accepts",
        ),
        (
            "two dates",
            header("date", "Fri, 27 Nov 2026 12:00:00 GMT", "Sat, 28 Nov 2026 12:00:00 GMT"),
            "RFC 9110 5.3: a field that is no list stands once",
        ),
        ("a date of another form", header("date", "2026-11-27T12:00:00Z"), "RFC 9110 5.6.7: an HTTP-date"),
        (
            "a date on the wrong weekday",
            header("date", "Mon, 27 Nov 2026 12:00:00 GMT"),
            "RFC 9110 5.6.7: an HTTP-date",
        ),
        (
            "a date in local time",
            header("date", "Fri, 27 Nov 2026 14:00:00 +0200"),
            "RFC 9110 5.6.7: an HTTP-date is in GMT",
        ),
        ("a date an hour behind", _dated, "RFC 9110 6.6.1: Date is when the message was made"),
        (
            "a location of an object that nobody made",
            header("location", "/client/v4/accounts/x/realtime/kit/y/meetings/00000000-0000-4000-8000-000000000000"),
            "RFC 9110 15.3.2: Location names what was created",
        ),
        (
            "a location that is no reference",
            header("location", "http://[bad"),
            "RFC 9110 10.2.2: Location is a URI reference",
        ),
        (
            "two locations",
            header("location", "/meetings/1", "/meetings/2"),
            "RFC 9110 5.3: a field that is no list stands once",
        ),
        ("an entity tag without quotes", header("etag", "abc"), "RFC 9110 8.8.3: an entity tag is quoted"),
        (
            "a time of change in the future",
            header("last-modified", "Sat, 27 Nov 2049 12:00:00 GMT"),
            "RFC 9110 8.8.2.1: Last-Modified is not after Date",
        ),
        (
            "an Allow that leaves out POST",
            header("allow", "GET, HEAD"),
            "RFC 9110 10.2.1: Allow lists what the resource supports",
        ),
        (
            "a Vary that is no list of names",
            header("vary", "accept encoding;"),
            "RFC 9110 12.5.5: Vary lists field names",
        ),
        ("Retry-After of a word", header("retry-after", "soon"), "RFC 9110 10.2.3: seconds or an HTTP-date"),
        (
            "any origin with credentials",
            lambda s, q, b, r: header("access-control-allow-origin", "*")(
                s, q, b, header("access-control-allow-credentials", "true")(s, q, b, r)
            ),
            "Fetch 3.2.5: no * beside credentials",
        ),
        (
            "a cookie for everybody",
            header("set-cookie", "session=abc; Domain=com; SameSite=None"),
            "OWASP API8:2023: cookies are secure and of one host",
        ),
        (
            "cached for a day by anybody",
            header("cache-control", "public, max-age=86400"),
            "OWASP API8:2023: what is private is not kept by shared caches",
        ),
    )
    for name, effect, promise in rows:
        source: Source = "practice" if promise.startswith(("OWASP", "Fetch")) else "standards"
        yield _mutant(name, success(effect, "create_meeting"), CREATE, promise, source=source)
    yield _mutant(
        "a charset of Latin-1 in a refusal",
        response(when(refused, header("content-type", "application/json; charset=latin1")), "create_meeting"),
        BAD,
        "RFC 8259 8.1: JSON is UTF-8",
    )
    yield _mutant(
        "a location of another object",
        success(_located, "create_meeting"),
        CREATE,
        "RFC 9110 15.3.2: Location names what was created",
    )
    for operation in ("get_all_meetings", "get_meeting", "addWebhook"):
        shows = {"get_all_meetings": LIST, "get_meeting": READ, "addWebhook": scene("webhooks", "create")}[operation]
        yield _mutant(
            f"a charset of UTF-16 of {operation}",
            success(header("content-type", "application/json; charset=utf-16le"), operation),
            shows,
            "RFC 8259 8.1: JSON is UTF-8",
            operation,
        )


def _located(server: Server, sent: Request, body: Json, made: Response) -> Response:
    """
    Location has the id of the object before.
    """
    own = str(get(parsed(made.content), "data.id"))
    before = server.kept.setdefault("located", "00000000-0000-4000-8000-000000000000")
    server.kept["located"] = own
    return header("location", f"{urlsplit(sent.target).path}/{before}")(server, sent, body, made)


# --- statuses -------------------------------------------------------------------------------------------------------


def _statuses() -> Iterator[Mutant]:
    bare = lambda _, __, ___, made: replace(made, status=204)  # noqa: E731
    rows: tuple[tuple[str, Hook, Calls, str, str], ...] = (
        (
            "204 with content",
            success(
                lambda s, q, b, r: replace(
                    r,
                    status=204,
                    raw=encoded(replace(r, status=204, headers=(*r.headers, ("content-length", str(len(r.content)))))),
                    close=True,
                ),
                "create_meeting",
            ),
            CREATE,
            "RFC 9110 15.3.5: a 204 has no content",
            "create_meeting",
        ),
        (
            "204 upon a list",
            success(bare, "get_all_meetings"),
            LIST,
            "the list answers 200: the vendor's document",
            "get_all_meetings",
        ),
        (
            "201 upon a read",
            success(status(201), "get_meeting"),
            READ,
            "a read answers 200: the vendor's document",
            "get_meeting",
        ),
        (
            "200 upon a refusal",
            response(when(refused, status(200)), "create_meeting"),
            BAD,
            "RFC 9110 15.3: a 2xx is a success",
            "create_meeting",
        ),
        (
            "200 upon a missing meeting",
            response(when(refused, status(200)), "get_meeting"),
            (call("get_meeting", meeting_id="00000000-0000-4000-8000-000000000000"),),
            "RFC 9110 15.3: a 2xx is a success",
            "get_meeting",
        ),
        (
            "500 upon a missing meeting",
            response(when(_of(404), CRASH), "get_meeting"),
            (call("get_meeting", meeting_id="00000000-0000-4000-8000-000000000000"),),
            "RFC 9110 15.5: what is missing is the client's affair",
            "get_meeting",
        ),
        (
            "500 upon an id of another form",
            response(when(_of(400), CRASH), "get_meeting"),
            (call("get_meeting", meeting_id="meeting"),),
            "RFC 9110 15.5: what is missing is the client's affair",
            "get_meeting",
        ),
        (
            "304 without a condition",
            success(lambda s, q, b, r: replace(r, status=304, content=b""), "get_meeting"),
            READ,
            "RFC 9110 15.4.5: 304 answers a condition",
            "get_meeting",
        ),
        (
            "206 without a range",
            success(status(206), "get_all_meetings"),
            LIST,
            "RFC 9110 15.3.7: 206 answers a range",
            "get_all_meetings",
        ),
        (
            "418 upon a body",
            response(when(_of(400), status(418)), "create_meeting"),
            BAD,
            "RFC 9110 15.5.19: 418 is unused",
            "create_meeting",
        ),
        (
            "429 upon a body",
            response(when(_of(400), status(429)), "create_meeting"),
            BAD,
            "RFC 6585 4: 429 is of too many requests",
            "create_meeting",
        ),
        (
            "301 upon a create",
            success(
                lambda s, q, b, r: header("location", q.target + "/")(s, q, b, replace(r, status=301)), "create_meeting"
            ),
            CREATE,
            "the create answers 201: the vendor's document",
            "create_meeting",
        ),
        (
            "a code unlike the status",
            response(when(_of(400), _recode(422)), "create_meeting"),
            BAD,
            "the error's code is the status: the vendor's examples",
            "create_meeting",
        ),
        (
            "a code of 200",
            response(when(_of(404), _recode(200)), "get_meeting"),
            (call("get_meeting", meeting_id="00000000-0000-4000-8000-000000000000"),),
            "the error's code is the status: the vendor's examples",
            "get_meeting",
        ),
        (
            "405 without Allow",
            response(when(_of(405), header("allow"))),
            (Call(operation="create_meeting", method="DELETE"),),
            "RFC 9110 15.5.6: a 405 has Allow",
            "create_meeting",
        ),
        (
            "an Allow with the method that was refused",
            response(when(_of(405), header("allow", "DELETE, GET, POST"))),
            (Call(operation="create_meeting", method="DELETE"),),
            "RFC 9110 10.2.1: Allow lists what the resource supports",
            "create_meeting",
        ),
        (
            "an Allow without POST in a 405",
            response(when(_of(405), header("allow", "GET, HEAD, OPTIONS"))),
            (Call(operation="create_meeting", method="DELETE"),),
            "RFC 9110 10.2.1: Allow lists what the resource supports",
            "create_meeting",
        ),
        (
            "an Allow in small letters",
            response(when(_of(405), header("allow", "get, post"))),
            (Call(operation="create_meeting", method="PUT"),),
            "RFC 9110 9.1: methods mind case",
            "create_meeting",
        ),
        (
            "500 upon another method",
            response(when(_of(405), CRASH)),
            (Call(operation="create_meeting", method="PATCH"),),
            "RFC 9110 15.5.6: a known method that is not allowed is 405",
            "create_meeting",
        ),
        (
            "500 upon an unknown method",
            response(when(lambda q, _, __: q.method == "RTK", CRASH)),
            (Call(operation="create_meeting", method="RTK"),),
            "RFC 9110 15.6.2: an unknown method is 501",
            "create_meeting",
        ),
    )
    for name, hook, shows, promise, operation in rows:
        yield _mutant(name, hook, shows, promise, operation, source="documents" if "vendor" in promise else "standards")


def _of(code: int) -> Callable[[Request, Json, Response], bool]:
    return lambda _, __, made: made.status == code


def _recode(code: int) -> Effect:
    def effect(_: Server, __: Request, ___: Json, made: Response) -> Response:
        whole = parsed(made.content)
        if get(whole, "error.code") is GONE:
            return made
        put(whole, "error.code", code)
        return replace(made, content=json.dumps(whole).encode())

    return effect


# --- methods and addresses ------------------------------------------------------------------------------------------


def _creating(server: Server, sent: Request) -> Request:
    """
    The method makes a meeting besides.
    """
    path = urlsplit(sent.target).path
    headers = (("authorization", f"Bearer {TOKEN}"), ("content-type", "application/json"))
    made = Request(method="POST", target=path, headers=headers, content=b"{}")
    Server.respond(server, made)
    return sent


def _method(name: str, change: Callable[[Server, Request], Request]) -> Hook:
    def hook(server: Server) -> None:
        original = server.respond

        def changed(sent: Request) -> Response:
            return original(change(server, sent) if sent.method == name else sent)

        server.respond = changed  # type: ignore[method-assign]

    return hook


def _answered(name: str, effect: Effect) -> Hook:
    return response(when(lambda q, _, __: q.method == name, effect))


def _trace(server: Server, sent: Request, _: Json, made: Response) -> Response:
    """
    TRACE gives the credentials back.
    """
    lines = [f"{sent.method} {sent.target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.headers)]
    return Response(status=200, headers=(("content-type", "message/http"),), content="\r\n".join(lines).encode())


def _overridden(server: Server, sent: Request) -> Request:
    """
    A header replaces the method.
    """
    other = sent.header("x-http-method-override")
    return replace(sent, method=other) if other else sent


def _slashless(server: Server, sent: Request) -> Request:
    path, mark, query = sent.target.partition("?")
    return replace(sent, target=path.rstrip("/") + mark + query)


def _app_of_query(server: Server, sent: Request) -> Request:
    """
    app_id in the query stands for the one in the path.
    """
    given = dict(parse_qsl(urlsplit(sent.target).query)).get("app_id")
    known = ("meetings", "presets", "webhooks")
    if given and any(f"/{name}" in sent.target for name in known):
        parts = sent.target.split("/")
        parts[7] = APP
        return replace(sent, target="/".join(parts))
    return sent


def _token_of_query(server: Server, sent: Request) -> Request:
    """
    A token in the query is as good as in the header.
    """
    given = dict(parse_qsl(urlsplit(sent.target).query)).get("access_token")
    return replace(sent, headers=(*sent.headers, ("authorization", f"Bearer {given}"))) if given else sent


def _member_of_query(server: Server, original: Any, operation: Operation, sent: Request) -> Json:
    """
    Query parameters are members of the body.
    """
    body = original(operation, sent)
    more = {n: v for n, v in parse_qsl(urlsplit(sent.target).query) if n in server.bodies[operation.name].members}
    return {**body, **more}


def _crash_on_parameter(repeated: bool) -> Any:
    def change(server: Server, original: Any, operation: Operation, sent: Request) -> Any:
        names = [name for name, _ in parse_qsl(urlsplit(sent.target).query, keep_blank_values=True)]
        unknown = [name for name in names if name not in server.queries.get(operation.name, {})]
        if (len(names) != len(set(names))) if repeated else unknown:
            raise service(500, "INTERNAL_SERVER_ERROR: something went wrong")
        return original(operation, sent)

    return change


def _crash_on_value(value: str) -> Any:
    def change(server: Server, original: Any, operation: Operation, sent: Request) -> Any:
        if value in unquote(urlsplit(sent.target).query):
            raise service(500, "INTERNAL_SERVER_ERROR: something went wrong")
        return original(operation, sent)

    return change


def _scheme(matches: Callable[[str], bool], code: int = 400) -> Any:
    """
    A spelling of the scheme is refused.
    """

    def change(server: Server, original: Any, operation: Operation, sent: Request, ids: Any) -> None:
        if matches((sent.header("authorization") or "").partition(" ")[0]):
            raise service(code, "BAD_REQUEST: invalid format for Authorization header")
        original(operation, sent, ids)

    return change


def _content_type(value: str) -> Any:
    """
    A spelling of the content type is refused.
    """

    def change(server: Server, original: Any, operation: Operation, sent: Request) -> None:
        if sent.header("content-type") == value:
            raise service(415, "UNSUPPORTED_MEDIA_TYPE: the content type must be application/json")
        original(operation, sent)

    return change


def _addresses() -> Iterator[Mutant]:
    options = (Call(operation="create_meeting", method="OPTIONS"), *LIST)
    head = (Call(operation="get_all_meetings", method="HEAD"), *LIST)
    alien = {"authorization": None}
    spelt = lambda value: (Call(operation="create_meeting", body={}, headers={"authorization": value}),)  # noqa: E731
    typed = lambda value: (Call(operation="create_meeting", body={}, headers={"content-type": value}),)  # noqa: E731
    rows: tuple[tuple[str, Hook, Calls, str, str, Source], ...] = (
        (
            "GET creates a meeting",
            _method("GET", _creating),
            (*LIST, *LIST),
            "RFC 9110 9.2.1: GET is safe",
            "get_all_meetings",
            "standards",
        ),
        (
            "HEAD creates a meeting",
            _method("HEAD", _creating),
            head,
            "RFC 9110 9.2.1: HEAD is safe",
            "get_all_meetings",
            "standards",
        ),
        (
            "OPTIONS creates a meeting",
            _method("OPTIONS", _creating),
            options,
            "RFC 9110 9.2.1: OPTIONS is safe",
            "create_meeting",
            "standards",
        ),
        (
            "OPTIONS is a crash",
            _answered("OPTIONS", CRASH),
            options,
            "RFC 9110 15.6: a server error is the server's fault",
            "create_meeting",
            "standards",
        ),
        (
            "OPTIONS answers without POST",
            _answered("OPTIONS", header("allow", "GET, HEAD, OPTIONS")),
            options,
            "RFC 9110 9.3.7 and 10.2.1: Allow lists what the resource supports",
            "create_meeting",
            "standards",
        ),
        (
            "OPTIONS allows what is refused",
            _answered("OPTIONS", header("allow", "DELETE, GET, HEAD, OPTIONS, POST, PUT")),
            options,
            "RFC 9110 9.3.7 and 10.2.1: Allow lists what the resource supports",
            "create_meeting",
            "standards",
        ),
        (
            "HEAD is a crash",
            _answered("HEAD", CRASH),
            head,
            "RFC 9110 9.3.2: HEAD answers as GET",
            "get_all_meetings",
            "standards",
        ),
        (
            "HEAD is missing where GET is found",
            _answered("HEAD", status(404)),
            head,
            "RFC 9110 9.3.2: HEAD answers as GET",
            "get_all_meetings",
            "standards",
        ),
        (
            "HEAD has another type than GET",
            _answered("HEAD", header("content-type", "text/html")),
            head,
            "RFC 9110 9.3.2: HEAD has the fields of GET",
            "get_all_meetings",
            "standards",
        ),
        (
            "HEAD has another length than GET",
            _answered("HEAD", header("content-length", "7")),
            head,
            "RFC 9110 8.6: the length of HEAD is that of GET",
            "get_all_meetings",
            "standards",
        ),
        (
            "TRACE shows the credentials",
            _answered("TRACE", _trace),
            (Call(operation="create_meeting", method="TRACE"),),
            "RFC 9110 9.3.8: TRACE leaves credentials out",
            "create_meeting",
            "standards",
        ),
        (
            "a method in a header",
            request(_overridden),
            (Call(operation="create_meeting", body={}, headers={"x-http-method-override": "DELETE"}),),
            "OWASP API8:2023: a header does not replace the method",
            "create_meeting",
            "practice",
        ),
        (
            "a method in small letters",
            _method("post", lambda _, q: replace(q, method="POST")),
            (Call(operation="create_meeting", body={}, method="post"),),
            "RFC 9110 9.1: methods mind case",
            "create_meeting",
            "practice",
        ),
        (
            "a slash behind is a crash",
            response(when(lambda q, *_: urlsplit(q.target).path.endswith("/"), CRASH)),
            (Call(operation="create_meeting", body={}, suffix="/"),),
            "RFC 9110 15.6: a server error is the server's fault",
            "create_meeting",
            "standards",
        ),
        (
            "a slash behind lists without credentials",
            both(request(_slashless), step("authorise", _slash_opens)),
            (Call(operation="get_all_meetings", suffix="/", headers=alien),),
            "security api_token: the vendor's document",
            "get_all_meetings",
            "documents",
        ),
        (
            "the app of the query counts",
            request(_app_of_query),
            (Call(operation="create_meeting", body={}, ids={"app_id": "2" * 36}, query={"app_id": APP}),),
            "app_id is in the path: the vendor's document",
            "create_meeting",
            "documents",
        ),
        (
            "the token of the query counts",
            request(_token_of_query),
            (Call(operation="create_meeting", body={}, headers=alien, query={"access_token": TOKEN}),),
            "the token is in the Authorization header: the vendor's document",
            "create_meeting",
            "documents",
        ),
        (
            "members of the query count",
            step("read_body", _member_of_query, "create_meeting"),
            (Call(operation="create_meeting", body={}, query={"title": "of the query"}),),
            "the create has no query parameters: the vendor's document",
            "create_meeting",
            "documents",
        ),
        (
            "an unknown parameter is a crash",
            step("read_query", _crash_on_parameter(repeated=False)),
            (Call(operation="get_all_meetings", query={"colour": "red"}),),
            "RFC 9110 15.6: a server error is the server's fault",
            "get_all_meetings",
            "standards",
        ),
        (
            "an unknown parameter of a create is a crash",
            step("read_query", _crash_on_parameter(repeated=False), "create_meeting"),
            (Call(operation="create_meeting", body={}, query={"colour": "red"}),),
            "RFC 9110 15.6: a server error is the server's fault",
            "create_meeting",
            "standards",
        ),
        (
            "a repeated parameter is a crash",
            step("read_query", _crash_on_parameter(repeated=True)),
            (Call(operation="get_all_meetings", suffix="?page_no=1&page_no=2"),),
            "RFC 9110 15.6: a server error is the server's fault",
            "get_all_meetings",
            "standards",
        ),
        (
            "a quote in a search is a crash",
            step("read_query", _crash_on_value("'")),
            (Call(operation="get_all_meetings", query={"search": "it's"}),),
            "RFC 9110 15.6: a server error is the server's fault",
            "get_all_meetings",
            "standards",
        ),
        (
            "a percent sign in a search is a crash",
            step("read_query", _crash_on_value("%")),
            (Call(operation="get_all_meetings", query={"search": "50%"}),),
            "RFC 9110 15.6: a server error is the server's fault",
            "get_all_meetings",
            "standards",
        ),
        (
            "a large page is a crash",
            step("page", _large_page, "get_all_meetings"),
            (Call(operation="get_all_meetings", query={"page_no": "9" * 19}),),
            "RFC 9110 15.6: a server error is the server's fault",
            "get_all_meetings",
            "standards",
        ),
        (
            "bearer in small letters is refused",
            step("authorise", _scheme(lambda v: v == "bearer")),
            spelt(f"bearer {TOKEN}"),
            "RFC 9110 11.1: a scheme has no case",
            "create_meeting",
            "standards",
        ),
        (
            "BEARER in capitals is refused",
            step("authorise", _scheme(lambda v: v == "BEARER")),
            spelt(f"BEARER {TOKEN}"),
            "RFC 9110 11.1: a scheme has no case",
            "create_meeting",
            "standards",
        ),
        (
            "a content type with a charset is refused",
            step("check_media_type", _content_type("application/json; charset=utf-8")),
            typed("application/json; charset=utf-8"),
            "RFC 9110 8.3.1: parameters do not change the type",
            "create_meeting",
            "standards",
        ),
        (
            "a content type in capitals is refused",
            step("check_media_type", _content_type("Application/JSON")),
            typed("Application/JSON"),
            "RFC 9110 8.3.1: a type has no case",
            "create_meeting",
            "standards",
        ),
        (
            "a content type without a blank is refused",
            step("check_media_type", _content_type("application/json;charset=UTF-8")),
            typed("application/json;charset=UTF-8"),
            "RFC 9110 8.3.1: white space around ; is optional",
            "create_meeting",
            "standards",
        ),
        (
            "a user agent is refused",
            step("authorise", lambda _, original, o, q, ids: _agents(original, o, q, ids)),
            (Call(operation="create_meeting", body={}, headers={"user-agent": "rtkcontract/0"}),),
            "no document asks for a user agent",
            "create_meeting",
            "documents",
        ),
    )
    for name, hook, shows, promise, operation, source in rows:
        yield _mutant(name, hook, shows, promise, operation, source=source)


def _slash_opens(server: Server, original: Any, operation: Operation, sent: Request, ids: Any) -> None:
    if sent.header("authorization") or operation.name != "get_all_meetings":
        original(operation, sent, ids)


def _large_page(server: Server, original: Any, operation: Operation, rows: Any, query: Any) -> Any:
    if max(query.get("page_no", 0), query.get("per_page", 0)) > 2**31:
        raise service(500, "INTERNAL_SERVER_ERROR: value out of range for type integer")
    return original(operation, rows, query)


def _agents(original: Any, operation: Operation, sent: Request, ids: Any) -> None:
    if sent.header("user-agent"):
        raise service(403, "FORBIDDEN: this client is blocked")
    original(operation, sent, ids)


# --- in which order it is refused -----------------------------------------------------------------------------------


def _body_first(server: Server) -> None:
    """
    The body is read before the credentials.
    """
    authorise = server.authorise

    def authorising(operation: Operation, sent: Request, ids: Any) -> None:
        server.read_body(operation, sent)
        authorise(operation, sent, ids)

    server.authorise = authorising  # type: ignore[method-assign]


def _crash_on(*wanted: Callable[[Request], bool]) -> Hook:
    """
    A crash where two things are wrong at once.
    """
    return response(when(lambda q, _, made: made.status >= 400 and all(one(q) for one in wanted), CRASH))


def _no_token(q: Request) -> bool:
    return q.header("authorization") is None


def _wrong_token(q: Request) -> bool:
    return (q.header("authorization") or "") not in ("", f"Bearer {TOKEN}")


def _no_json(q: Request) -> bool:
    return bool(q.content) and parsed(q.content) is GONE


def _wrong_type(q: Request) -> bool:
    return bool(q.content) and q.header("content-type") != "application/json"


def _wrong_method(q: Request) -> bool:
    return q.method in ("DELETE", "PUT", "PATCH")


def _wrong_app(q: Request) -> bool:
    return APP not in q.target


def _let_in(*wanted: Callable[[Request], bool]) -> Any:
    """
    Without credentials it is let in, where something else is odd.
    """

    def change(server: Server, original: Any, operation: Operation, sent: Request, ids: Any) -> None:
        if not all(one(sent) for one in wanted):
            original(operation, sent, ids)

    return change


def _stages() -> Iterator[Mutant]:
    wrong = {"authorization": "Bearer " + "z" * 40}
    plain = {"content-type": "text/plain"}
    crash = "RFC 9110 15.6: a server error is the server's fault"
    rows: tuple[tuple[str, Hook, Call, str, Source], ...] = (
        (
            "a bad body is told without credentials",
            _body_first,
            Call(operation="create_meeting", body={"title": 7}, headers={"authorization": None}),
            "OWASP API2:2023: who is unknown learns nothing",
            "practice",
        ),
        (
            "a crash of broken JSON without credentials",
            _crash_on(_no_token, _no_json),
            Call(operation="create_meeting", raw=b"{", headers={"authorization": None}),
            crash,
            "standards",
        ),
        (
            "a crash of broken JSON with a wrong token",
            _crash_on(_wrong_token, _no_json),
            Call(operation="create_meeting", raw=b"{", headers=wrong),
            crash,
            "standards",
        ),
        (
            "a crash of another type with broken JSON",
            _crash_on(_wrong_type, _no_json),
            Call(operation="create_meeting", raw=b"{", headers=plain),
            crash,
            "standards",
        ),
        (
            "a crash of another method without credentials",
            _crash_on(_wrong_method, _no_token),
            Call(operation="create_meeting", method="DELETE", headers={"authorization": None}),
            crash,
            "standards",
        ),
        (
            "a crash of an unknown app with a wrong token",
            _crash_on(_wrong_app, _wrong_token),
            Call(operation="create_meeting", body={}, ids={"app_id": "2" * 36}, headers=wrong),
            crash,
            "standards",
        ),
        (
            "a crash of an unknown app with broken JSON",
            _crash_on(_wrong_app, _no_json),
            Call(operation="create_meeting", raw=b"{", ids={"app_id": "2" * 36}),
            crash,
            "standards",
        ),
        (
            "a crash of another type in another method",
            _crash_on(_wrong_method, _wrong_type),
            Call(operation="create_meeting", method="PUT", raw=b"x", headers=plain),
            crash,
            "standards",
        ),
        (
            "a crash of another type without credentials",
            _crash_on(_no_token, _wrong_type),
            Call(operation="create_meeting", raw=b"x", headers={**plain, "authorization": None}),
            crash,
            "standards",
        ),
        (
            "no credentials are needed in plain text",
            both(step("authorise", _let_in(_no_token, _wrong_type)), step("check_media_type", lambda *_: None)),
            Call(operation="create_meeting", body={}, headers={**plain, "authorization": None}),
            "security api_token: the vendor's document",
            "documents",
        ),
        (
            "no credentials are needed beside a cookie",
            step("authorise", _let_in(_no_token, lambda q: q.header("cookie") is not None)),
            Call(operation="create_meeting", body={}, headers={"authorization": None, "cookie": "session=1"}),
            "security api_token: the vendor's document",
            "documents",
        ),
        (
            "no credentials are needed for a large body",
            step("authorise", _let_in(_no_token, lambda q: len(q.content) > 400)),
            Call(operation="create_meeting", body={"title": "p" * 500}, headers={"authorization": None}),
            "security api_token: the vendor's document",
            "documents",
        ),
        (
            "a malformed token with the right start is let in",
            step("authorise", _let_in(lambda q: (q.header("authorization") or "").startswith(f"Bearer {TOKEN}"))),
            Call(operation="create_meeting", body={}, headers={"authorization": f"Bearer {TOKEN} and more"}),
            "security api_token: the vendor's document",
            "documents",
        ),
    )
    for name, hook, one, promise, source in rows:
        yield _mutant(name, hook, (one,), promise, one.operation, source=source, family="refusals in pairs")


def _mutant(
    name: str,
    hook: Hook,
    shows: Calls,
    promise: str,
    operation: str = "create_meeting",
    *,
    source: Source = "standards",
    family: str = "http",
) -> Mutant:
    return Mutant(
        name=name,
        family=family,
        operations=(operation,),
        description=f"{name[0].upper()}{name[1:]}.",
        promise=promise,
        source=source,
        hook=hook,
        shows=shows,
    )


MUTANTS: tuple[Mutant, ...] = (*_framing(), *_fields(), *_statuses(), *_addresses(), *_stages())
