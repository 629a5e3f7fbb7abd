"""
Both ends of the wire: `sender` (httpx) and `serve` (uvicorn); the only module that opens a socket.

1. The bytes and headers of a Request go out as they are; added are Host, Content-Length and our User-Agent only.
2. No redirect is followed, no proxy or .netrc is read, no cookie is kept.
3. A target that is slow, dead or not understood is Unanswered; the reason names host and port, nothing else.
4. Only 429 is sent again: it says that nothing was done. After a 5xx, a time-out or a lost connection the request may
   have been carried out, so a second one could create a second object.
5. A token goes to https or to loopback.
"""

from __future__ import annotations

import collections
import contextlib
import email.utils
import functools
import ipaddress
import signal
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeAlias

import httpx

from rtkcontract.errors import CannotTell
from rtkcontract.jsontext import encode
from rtkcontract.model import Answered, Headers, Json, Observation, Request, Response, Send, Unanswered

if TYPE_CHECKING:
    import uvicorn

USER_AGENT = f"rtkcontract/{version('rtkcontract')}"
MOST_ANSWER_BYTES = 10_000_000

HEADROOM = 0.96
"""The share of a documented rate that is used: others may send with the same credential."""

# Common servers drop an idle connection after five seconds. Ours go earlier, so that a request hardly ever starts on a
# connection that is being closed.
_IDLE_S = 2.0
_UNTOLD_WAIT_S = 1.0
_WATCH_STEP_S = 0.1

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
_DECODED = ("identity", "gzip", "deflate", "br", "zstd")
"""What httpx takes off by itself; brotli and zstandard, which it needs for the last two, are dependencies."""
_LOST = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
_CUT = "closed the connection before its answer was whole, or sent no HTTP"
_TOO_LARGE = f"sent more than {MOST_ANSWER_BYTES} bytes"

Respond: TypeAlias = Callable[[Request], Response]
Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Emit: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Emit], Awaitable[None]]


# ---- destination and rate


def check_destination(base_url: str) -> None:
    """
    Raises CannotTell unless a token may go to the address: https, or http to loopback, and nothing but a path behind.
    """
    # The same parser reads the address when a request is sent, so both see one host.
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, ValueError):
        raise CannotTell("the base URL cannot be read; give one like https://api.cloudflare.com/client/v4") from None
    for problem, found in (
        (
            "holds a blank, a control character or a backslash; take it out",
            any(c <= " " or c in "\\\x7f" for c in base_url),
        ),
        ("has no http:// or https:// in front; write it out", url.scheme not in ("http", "https")),
        ("names no host; give one like https://api.cloudflare.com/client/v4", not url.host),
        ("holds credentials (user:password@); take them out and give the token in its own variable", "@" in base_url),
        ("has a query or a fragment; cut it off at the path", "?" in base_url or "#" in base_url),
    ):
        if found:
            raise CannotTell(f"the base URL {problem}")
    if url.scheme == "http" and not _loopback(url.host):
        raise CannotTell(f"http://{url.host} would carry the token in the clear; use https, or http to 127.0.0.1 only")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Pace:
    """
    Keeps requests that follow one another under every rate limit, `{"requests": 250, "period_s": 10}` and the like.

    A sliding window counts from the end of an earlier request to the start of the next, so however long each is
    under way, the target never sees more in one period.
    """

    def __init__(
        self,
        limits: Sequence[Json],
        *,
        headroom: float = HEADROOM,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.clock, self.sleep = clock, sleep
        self.windows = tuple((max(1, int(limit["requests"] * headroom)), float(limit["period_s"])) for limit in limits)
        self._ended: collections.deque[float] = collections.deque(maxlen=max((n for n, _ in self.windows), default=0))
        self._under_way = False

    def wait(self) -> None:
        """
        Returns when the next request may start; the one before it has ended.
        """
        now = self.clock()
        if self._under_way:
            self._ended.append(now)
        self._under_way = True
        if (free := self._free()) > now:
            self.sleep(free - now)

    def _free(self) -> float:
        """
        The time from which every window has room.
        """
        full = [self._ended[-n] + period_s for n, period_s in self.windows if len(self._ended) >= n]
        return max(full, default=0.0)


def estimate_s(requests: int, limits: Sequence[Json], *, headroom: float = HEADROOM) -> float:
    """
    Seconds before the last of so many requests may start, were each answered at once.
    """
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = Pace(limits, headroom=headroom, clock=lambda: now[0], sleep=sleep)
    for _ in range(requests):
        pace.wait()
    return now[0]


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """
    The seconds that a Retry-After header asks for, given as seconds or as a date; None where it cannot be read.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (email.utils.parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        # TypeError: a date without a zone.
        return None


# ---- sending


@contextlib.contextmanager
def sender(
    *,
    timeout_s: float = 30.0,
    pace: Pace | None = None,
    retries: int = 3,
    max_wait_s: float = 60.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Send]:
    """
    A Send over one kept-alive connection.

    `timeout_s` bounds one exchange, connection and whole answer. A 429 is sent again up to `retries` times, after what
    Retry-After asks for, at most `max_wait_s`; then the 429 is the answer. A target that throttled one request to the
    end is not waited for again until it answers otherwise.
    """
    with contextlib.ExitStack() as stack:
        line = stack.enter_context(_Line(timeout_s=timeout_s))
        throttled = False

        def send(request: Request) -> Observation:
            nonlocal throttled
            left = 0 if throttled else retries
            while True:
                if pace:
                    pace.wait()
                observation = line.exchange(request)
                wait_s = _asked_wait_s(observation, max_wait_s)
                throttled = wait_s is not None
                if wait_s is None or left <= 0:
                    return observation
                sleep(wait_s)
                left -= 1

        yield send


def _asked_wait_s(observation: Observation, max_wait_s: float) -> float | None:
    """
    How long a 429 asks to wait; None for every other observation.
    """
    if isinstance(observation, Unanswered) or observation.response.status != 429:
        return None
    asked = retry_after_s(observation.response.header("retry-after"), datetime.now(UTC))
    return min(_UNTOLD_WAIT_S if asked is None else asked, max_wait_s)


def _transport(scheme: str, *, keep: bool) -> httpx.HTTPTransport:
    # Below httpx.Client there are no redirects, cookies, default headers or credentials from elsewhere. Reading the
    # certificates of all authorities takes longer than a hundred requests on loopback: without https none are known, so
    # that nobody is trusted.
    known: ssl.SSLContext | bool = True if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=int(keep), keepalive_expiry=_IDLE_S)
    return httpx.HTTPTransport(verify=known, http1=True, http2=False, trust_env=False, limits=limits)


class _Line(contextlib.AbstractContextManager["_Line"]):
    """
    One connection at a time to the target, and a watch that cuts it when an exchange takes too long.

    httpx bounds each read alone, so a target that sends a byte now and then would hold it for ever.
    """

    def __init__(self, *, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._transport: httpx.HTTPTransport | None = None
        self._scheme, self._keep = "", True
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._socket: socket.socket | None = None
        self._fresh = False
        self._deadline: float | None = None
        self._watch = threading.Thread(target=self._cut_late, daemon=True)
        self._watch.start()

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._watch.join()
        self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def _handle(self, outgoing: httpx.Request) -> httpx.Response:
        if self._transport is None or outgoing.url.scheme != self._scheme:
            self._close()
            self._scheme = outgoing.url.scheme
            self._transport = _transport(self._scheme, keep=self._keep)
        return self._transport.handle_request(outgoing)

    def exchange(self, request: Request) -> Observation:
        try:
            url = _url(request.url)
            outgoing = _outgoing(request, url, timeout_s=self.timeout_s, trace=self._trace)
        except (httpx.InvalidURL, ValueError, TypeError):
            return Unanswered(reason="the request was not sent: its address or a header is not valid")
        place = f"{url.host}:{url.port or {'https': 443}.get(url.scheme, 80)}"
        started = time.perf_counter()
        self._due(started + self.timeout_s)
        try:
            response = self._answer(outgoing)
            elapsed_s = time.perf_counter() - started
        except (httpx.HTTPError, httpx.StreamError, ValueError) as error:
            late = time.perf_counter() - started >= self.timeout_s
            return Unanswered(reason=f"{place} {_why(error, request.method, self.timeout_s, late=late)}")
        finally:
            self._due(None)
        return (
            Answered(response=response, elapsed_s=elapsed_s) if response else Unanswered(reason=f"{place} {_TOO_LARGE}")
        )

    def _answer(self, outgoing: httpx.Request) -> Response | None:
        """
        The whole answer; None when it is larger than we take.
        """
        self._fresh = False
        try:
            incoming = self._handle(outgoing)
        except _LOST:
            if self._fresh or self._is_late():
                raise
            # The target closed a kept connection just as it was used again: from now on each request has its own. Only
            # what may be done twice is sent twice (RFC 9110, 9.2.2).
            self._close()
            self._keep = False
            if outgoing.method not in _IDEMPOTENT:
                raise
            incoming = self._handle(outgoing)
        with contextlib.closing(incoming):
            return _response(incoming)

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._fresh = True
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")

    def _due(self, deadline: float | None) -> None:
        with self._lock:
            self._deadline = deadline

    def _is_late(self) -> bool:
        return self._deadline is not None and time.perf_counter() >= self._deadline

    def _cut_late(self) -> None:
        while not self._closed.wait(_WATCH_STEP_S):
            with self._lock, contextlib.suppress(OSError):
                if self._is_late() and self._socket is not None:
                    # Unbound, because a TLS socket's own method forgets its state while another thread reads from it.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@functools.lru_cache(maxsize=64)
def _url(text: str) -> httpx.URL:
    """
    The address as httpx reads it; most cases have the same one.
    """
    return httpx.URL(text)


def _outgoing(request: Request, url: httpx.URL, *, timeout_s: float, trace: Callable[..., None]) -> httpx.Request:
    headers = [(name.encode("ascii"), _header_bytes(value)) for name, value in request.headers]
    if not any(name.lower() == b"user-agent" for name, _ in headers):
        headers.append((b"user-agent", USER_AGENT.encode()))
    method = request.method.encode("ascii").decode()
    extensions = {"timeout": httpx.Timeout(timeout_s).as_dict(), "trace": trace}
    return httpx.Request(method, url, headers=headers, content=request.content, extensions=extensions)


def _header_bytes(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8")


def _response(incoming: httpx.Response) -> Response | None:
    content = bytearray()
    for chunk in incoming.iter_bytes():
        content += chunk
        if len(content) > MOST_ANSWER_BYTES:
            return None
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in incoming.headers.raw)
    if any(name == "content-encoding" for name, _ in headers):
        # The content is decoded by now, so headers that describe the coded form would be wrong.
        kept = [(name, _undecoded(value) if name == "content-encoding" else value) for name, value in headers]
        headers = tuple((name, value) for name, value in kept if value and name != "content-length")
    return Response(status=incoming.status_code, headers=headers, content=bytes(content))


def _undecoded(codings: str) -> str:
    """
    What httpx leaves on: the codings that it does not know.
    """
    names = [coding.strip() for coding in codings.split(",")]
    return ", ".join(name for name in names if name.lower() not in _DECODED)


def _why(error: Exception, method: str, timeout_s: float, *, late: bool) -> str:
    """
    What went wrong, without the target's own words: those could hold anything.
    """
    if isinstance(error, httpx.ConnectTimeout):
        return f"took no connection within {timeout_s:g} s"
    if isinstance(error, httpx.ConnectError):
        return f"cannot be reached: {error}"
    if isinstance(error, httpx.DecodingError):
        return "sent content that its content-encoding does not explain"
    if isinstance(error, httpx.LocalProtocolError | httpx.UnsupportedProtocol | ValueError):
        return "was sent nothing: the request is not valid HTTP"
    happened = (
        f"gave no whole answer within {timeout_s:g} s" if late or isinstance(error, httpx.TimeoutException) else _CUT
    )
    return happened if method in _IDEMPOTENT else f"{happened}; the request may have been carried out"


# ---- serving


@contextlib.contextmanager
def serve(respond: Respond, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """
    Serves `respond` in a thread and yields the origin, `http://127.0.0.1:PORT`; port 0 takes a free one.

    A `respond` that raises is answered with 500. Raises CannotTell when the port cannot be had.
    """
    import uvicorn  # brings asyncio, which a run against another server does not need

    listening = _listening(host, port)
    name, number = listening.getsockname()[:2]
    origin = f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}"
    server = uvicorn.Server(_config(_app(respond, origin)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield origin
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def run_server(respond: Respond, *, host: str = "127.0.0.1", port: int = 0, announce: Callable[[str], None]) -> None:
    """
    Serves until SIGINT or SIGTERM and returns; `announce` gets the origin. To be called in the main thread.
    """
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with serve(respond, host=host, port=port) as origin:
            announce(origin)
            stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listening(host: str, port: int) -> socket.socket:
    # asyncio switches Nagle's algorithm off only where the protocol is named; with it each answer takes 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
    except (OSError, OverflowError) as error:
        listening.close()
        reason = error.strerror if isinstance(error, OSError) else "ports go from 0 to 65535"
        raise CannotTell(
            f"cannot listen on {host} port {port}: {reason}; name another port, or 0 for a free one"
        ) from None
    return listening


def _config(app: App) -> uvicorn.Config:
    import uvicorn

    return uvicorn.Config(
        app,
        loop="asyncio",
        http="auto",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )


def _app(respond: Respond, origin: str) -> App:
    async def app(scope: Scope, receive: Receive, send: Emit) -> None:
        content = await _content(receive)
        if content is None:
            return
        response = _respond(respond, _incoming(scope, origin, content))
        headers = _with_length(response)
        coded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": response.status, "headers": coded})
        await send({"type": "http.response.body", "body": response.content})

    return app


async def _content(receive: Receive) -> bytes | None:
    """
    The whole body of a request; None when the client went away.
    """
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        content += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(content)


def _incoming(scope: Scope, origin: str, content: bytes) -> Request:
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    url = f"{origin}{path}?{query}" if query else f"{origin}{path}"
    return Request(method=scope["method"], url=url, headers=headers, content=content)


def _respond(respond: Respond, request: Request) -> Response:
    try:
        return respond(request)
    except Exception as error:
        # Whatever it is, the client gets an answer; the text of the error could quote the request.
        body = {"success": False, "error": {"code": 500, "message": f"the server failed: {type(error).__name__}"}}
        return Response(status=500, headers=(("content-type", "application/json"),), content=encode(body))


def _with_length(response: Response) -> Headers:
    bare = response.status in (204, 304) or response.header("content-length") or response.header("transfer-encoding")
    return response.headers if bare else (*response.headers, ("content-length", str(len(response.content))))
