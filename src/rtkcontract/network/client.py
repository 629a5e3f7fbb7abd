"""
Both ends of the wire: `sender` (httpx) and `serve` (uvicorn); the only module that opens a socket.

1. The bytes and headers of a Request go out as they are; added are Host, Content-Length and our User-Agent only.
2. No redirect is followed, no .netrc is read, no cookie is kept. A proxy and a file of certificates are used where they
   are named, for https only; the environment names none.
3. A target that is slow, dead or not understood is Unanswered; the reason names host and port, nothing else.
4. Only 429 is sent again: it says that nothing was done. After a 5xx, a time-out or a lost connection the request may
   have been carried out, so a second one could create a second object.
5. A token goes to https or to loopback.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import httpx

from rtkcontract.errors import CannotTell
from rtkcontract.model import Answered, Observation, Request, Response, Send, Unanswered
from rtkcontract.network.destination import is_loopback
from rtkcontract.network.rate import Pace, retry_after_s
from rtkcontract.network.server import WATCH_STEP_S

USER_AGENT = f"rtkcontract/{version('rtkcontract')}"


MOST_ANSWER_BYTES = 10_000_000


# Common servers drop an idle connection after five seconds. Ours go earlier, so that a request hardly ever starts on a
# connection that is being closed.
_IDLE_S = 2.0


_UNTOLD_WAIT_S = 1.0


_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


_DECODED = ("identity", "gzip", "deflate", "br", "zstd")
"""What httpx takes off by itself; brotli and zstandard, which it needs for the last two, are dependencies."""


_LOST = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


_CUT = "closed the connection before its answer was whole, or sent no HTTP"


_TOO_LARGE = f"sent more than {MOST_ANSWER_BYTES} bytes"


# ---- sending


@contextlib.contextmanager
def sender(
    *,
    timeout_s: float = 30.0,
    ca: str = "",
    proxy: str = "",
    pace: Pace | None = None,
    retries: int = 3,
    max_wait_s: float = 60.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Send]:
    """
    A Send over one kept-alive connection.

    `timeout_s` bounds one exchange, connection and whole answer. `ca` is a file of certificates, trusted instead
    of the usual ones, `proxy` the address through which https goes, except to this machine. A 429 is sent again up to
    `retries` times, after what Retry-After asks for; then, or where that is longer than `max_wait_s`, the 429 is the
    answer. A target that
    throttled one request to the end is not waited for again until it answers otherwise. Raises CannotTell for
    certificates or a proxy that cannot be used.
    """
    with contextlib.ExitStack() as stack:
        line = stack.enter_context(_Line(timeout_s=timeout_s, way=Way(ca, proxy)))
        throttled = False

        def send(request: Request) -> Observation:
            nonlocal throttled
            left = 0 if throttled else retries
            while True:
                if pace:
                    pace.wait()
                observation = line.exchange(request)
                wait_s = _asked_wait_s(observation)
                throttled = wait_s is not None
                if wait_s is None or left <= 0 or wait_s > max_wait_s:
                    return observation
                sleep(wait_s)
                left -= 1

        yield send


def _asked_wait_s(observation: Observation) -> float | None:
    """
    How long a 429 asks to wait; None for every other observation.
    """
    if isinstance(observation, Unanswered) or observation.response.status != 429:
        return None
    asked = retry_after_s(observation.response.header("retry-after"), datetime.now(UTC))
    return _UNTOLD_WAIT_S if asked is None else asked


class Way:
    """
    How https goes out. Raises CannotTell for certificates or a proxy that cannot be used.
    """

    def __init__(self, ca: str = "", proxy: str = "") -> None:
        self._trusted: ssl.SSLContext | bool = True
        if ca:
            try:
                self._trusted = ssl.create_default_context(cafile=ca)
            except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
                told = "it holds no certificate" if isinstance(error, ssl.SSLError) else getattr(error, "strerror", "")
                raise CannotTell(
                    f"the certificates in {ca} cannot be used: {told}; give a file in PEM format"
                ) from None
        try:
            self._proxy = httpx.Proxy(proxy) if proxy else None
        except (httpx.InvalidURL, ValueError):
            raise CannotTell("the address of the proxy cannot be used; give one like http://proxy:8080") from None

    def transport(self, url: httpx.URL, *, keep: bool) -> httpx.HTTPTransport:
        """
        What sends to one place. Below httpx.Client there are no redirects, cookies, default headers or credentials from
        elsewhere.
        """
        # Reading the certificates of all authorities takes longer than a hundred requests on loopback: without https
        # none are known, so that nobody is trusted.
        secure = url.scheme == "https"
        known = self._trusted if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=int(keep), keepalive_expiry=_IDLE_S)
        proxy = self._proxy if secure and not is_loopback(str(url)) else None
        return httpx.HTTPTransport(verify=known, http1=True, http2=False, trust_env=False, limits=limits, proxy=proxy)


class _Line(contextlib.AbstractContextManager["_Line"]):
    """
    One connection at a time to the target, and a watch that cuts it when an exchange takes too long.

    httpx bounds each read alone, so a target that sends a byte now and then would hold it for ever.
    """

    def __init__(self, *, timeout_s: float, way: Way) -> None:
        self.timeout_s, self._way = timeout_s, way
        self._transport: httpx.HTTPTransport | None = None
        self._place, self._keep = ("", ""), True
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
        place = (outgoing.url.scheme, outgoing.url.host)
        if self._transport is None or place != self._place:
            self._close()
            self._place = place
            self._transport = self._way.transport(outgoing.url, keep=self._keep)
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
        while not self._closed.wait(WATCH_STEP_S):
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
    if isinstance(error, httpx.ProxyError):
        return "cannot be reached: the proxy refuses"
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
