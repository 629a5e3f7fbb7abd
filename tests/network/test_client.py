"""
Both ends of the wire, on real loopback sockets.
"""

from __future__ import annotations

import contextlib
import email.utils
import gzip
import itertools
import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorded import packed
from rtkcontract.errors import CannotTell
from rtkcontract.model import Answered, Headers, Observation, Request, Response, Unanswered
from rtkcontract.network import client as clients
from rtkcontract.network import server
from rtkcontract.network.client import sender
from rtkcontract.network.destination import check_destination
from rtkcontract.network.rate import Pace, estimate_s, retry_after_s
from rtkcontract.network.server import serve

# Offline is the rule of a plain run; these tests need loopback, and nothing else.
pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1", "::1"])

TOKEN = "canary-token-not-a-secret"
ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"
HEADERS = (("Authorization", f"Bearer {TOKEN}"), ("content-type", "application/json"))
LIMITS = ({"requests": 250, "period_s": 10}, {"requests": 1200, "period_s": 300})
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


def _post(url: str, content: bytes = b"{}", headers: Headers = HEADERS, method: str = "POST") -> Request:
    return Request(method=method, url=url, headers=headers, content=content)


def _response(observation: Observation) -> Response:
    assert isinstance(observation, Answered), observation
    assert observation.elapsed_s is not None
    assert observation.elapsed_s > 0
    return observation.response


def _reason(observation: Observation) -> str:
    assert isinstance(observation, Unanswered), observation
    assert TOKEN not in observation.reason
    assert ACCOUNT not in observation.reason
    return observation.reason


def _ok(_: Request) -> Response:
    return Response(status=200, headers=(("content-type", "application/json"),), content=b"{}")


@contextlib.contextmanager
def _raw(talk: Callable[[socket.socket, int], None]) -> Iterator[str]:
    """
    A server that is no HTTP server: `talk` gets each connection and its number, from 0.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def loop() -> None:
            for number in itertools.count():
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(5)
                    talk(connection, number)

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


# ---- what goes out and what comes back


def test_bytes_and_headers_arrive_as_given() -> None:
    """The body is untouched, and only host, content-length and user-agent are added."""
    met: list[Request] = []

    def respond(request: Request) -> Response:
        met.append(request)
        return _ok(request)

    content = b'{"a": 6e1, \xff\x00'
    with serve(respond) as origin, sender() as send:
        _response(send(_post(f"{origin}/a%2Fb/c?d=%20e", content, (*HEADERS, ("x-odd", "caf\xe9"), ("x-odd", "2")))))

    assert 1 == len(met)
    assert ("POST", f"{origin}/a%2Fb/c?d=%20e", content) == (met[0].method, met[0].url, met[0].content)
    assert [
        ("host", origin.removeprefix("http://")),
        ("authorization", f"Bearer {TOKEN}"),
        ("content-type", "application/json"),
        ("x-odd", "caf\xe9"),
        ("x-odd", "2"),
        ("user-agent", clients.USER_AGENT),
        ("content-length", str(len(content))),
    ] == list(met[0].headers)


def test_a_user_agent_of_the_request_stays() -> None:
    """Ours is added only where there is none; text beyond latin-1 goes as UTF-8."""
    met: list[Request] = []

    def respond(request: Request) -> Response:
        met.append(request)
        return _ok(request)

    with serve(respond) as origin, sender() as send:
        _response(send(_post(origin, headers=(("User-Agent", "mine"), ("x", "\u20ac")), method="GET", content=b"")))

    assert ["mine"] == [value for name, value in met[0].headers if name == "user-agent"]
    assert ["\u20ac".encode().decode("latin-1")] == [value for name, value in met[0].headers if name == "x"]
    assert "content-length" not in dict(met[0].headers)


def test_answers_keep_their_headers() -> None:
    """Names come in lower case, a header that came twice stands twice, and none is added but the length."""
    headers = (("Server", "one"), ("X-Twice", "a"), ("x-twice", "b"))
    with serve(lambda _: Response(status=418, headers=headers, content=b"tea")) as origin, sender() as send:
        response = _response(send(_post(origin)))

    assert (418, b"tea") == (response.status, response.content)
    assert (("server", "one"), ("x-twice", "a"), ("x-twice", "b"), ("content-length", "3")) == response.headers


def test_one_connection_carries_many_requests() -> None:
    """The connection is kept alive."""
    seen = []

    def talk(connection: socket.socket, number: int) -> None:
        while connection.recv(65536):
            seen.append(number)
            connection.sendall(OK)

    with _raw(talk) as origin, sender() as send:
        for _ in range(3):
            _response(send(_post(origin, b"", method="GET")))

    assert [0, 0, 0] == seen


@pytest.mark.parametrize("location", ["http://127.0.0.1:1/", "http://[::"])
def test_a_redirect_is_an_answer(location: str) -> None:
    """The token goes to nobody else: a redirect is not followed, and a broken Location does no harm."""
    moved = Response(status=302, headers=(("location", location),), content=b"")
    with serve(lambda _: moved) as origin, sender() as send:
        response = _response(send(_post(origin)))

    assert (302, location) == (response.status, response.header("location"))


def test_proxies_and_cookies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is not asked, and a cookie does not come back."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{_free_port()}")
    met: list[Request] = []

    def respond(request: Request) -> Response:
        met.append(request)
        return Response(status=200, headers=(("set-cookie", "a=b"),), content=b"")

    with serve(respond) as origin, sender() as send:
        for _ in range(2):
            _response(send(_post(origin)))

    assert 2 == len(met)
    assert "cookie" not in dict(met[1].headers)


@pytest.mark.parametrize("codings", ["gzip", "deflate", "br", "zstd"])
def test_a_coded_answer_is_decoded(codings: str) -> None:
    """Each coding is undone although nobody asked for it, and headers of the coded form go."""
    content = packed(b'{"success":true}', codings)
    headers = (("content-encoding", codings), ("content-type", "application/json"))
    with serve(lambda _: Response(status=200, headers=headers, content=content)) as origin, sender() as send:
        response = _response(send(_post(origin)))

    assert b'{"success":true}' == response.content
    assert (("content-type", "application/json"),) == response.headers


def test_a_coding_that_nobody_knows_stays_named() -> None:
    """What could not be undone is still told, so that the content is not taken for plain text."""
    headers = (("content-encoding", "dcb, gzip"),)
    content = gzip.compress(b"\x9f\xf0")
    with serve(lambda _: Response(status=200, headers=headers, content=content)) as origin, sender() as send:
        response = _response(send(_post(origin)))

    assert b"\x9f\xf0" == response.content
    assert (("content-encoding", "dcb"),) == response.headers


def test_the_sender_asks_for_no_coding() -> None:
    """Httpx would ask for gzip, deflate, br and zstd; only what the request itself says goes out."""
    met: list[Request] = []

    def respond(request: Request) -> Response:
        met.append(request)
        return Response(status=200, headers=(), content=b"{}")

    with serve(respond) as origin, sender() as send:
        plain = _post(origin)
        send(plain)
        send(replace(plain, headers=(*plain.headers, ("accept-encoding", "identity"))))

    assert [None, "identity"] == [dict(request.headers).get("accept-encoding") for request in met]


# ---- targets that do not answer


def test_a_dead_port_is_unanswered() -> None:
    """Nobody listens: the reason names host and port, and no more of the address."""
    port = _free_port()
    with sender() as send:
        reason = _reason(send(_post(f"http://127.0.0.1:{port}/accounts/{ACCOUNT}")))

    assert reason.startswith(f"127.0.0.1:{port} cannot be reached")


def test_a_silent_target_is_unanswered() -> None:
    """A target that says nothing is given up after the time limit."""
    done = threading.Event()

    def talk(_: socket.socket, __: int) -> None:
        done.wait(5)

    with _raw(talk) as origin, sender(timeout_s=0.2) as send:
        reason = _reason(send(_post(f"{origin}/{ACCOUNT}")))
        done.set()

    assert "gave no whole answer within 0.2 s; the request may have been carried out" in reason


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"], ids=["header", "body"])
def test_a_dripping_target_is_unanswered(start: bytes) -> None:
    """A byte now and then does not hold the client for ever, and the next request goes through."""
    stop = threading.Event()

    def talk(connection: socket.socket, number: int) -> None:
        connection.recv(65536)
        if number:
            connection.sendall(OK)
            return
        connection.sendall(start or b"HTTP/1.1 200 OK\r\nx-drip: ")
        while not stop.wait(0.05):
            connection.sendall(b"x")

    with _raw(talk) as origin, sender(timeout_s=0.3) as send:
        reason = _reason(send(_post(origin)))
        stop.set()
        after = send(_post(origin))

    assert "gave no whole answer within 0.3 s" in reason
    assert b"{}" == _response(after).content


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-canary\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"])
def test_a_broken_answer_is_unanswered(said: bytes) -> None:
    """Nothing, no HTTP, or half an answer: unanswered, without the target's own words."""

    def talk(connection: socket.socket, _: int) -> None:
        connection.recv(65536)
        connection.sendall(said)

    with _raw(talk) as origin, sender() as send:
        reason = _reason(send(_post(origin)))

    assert "closed the connection before its answer was whole, or sent no HTTP" in reason
    assert "canary" not in reason


def test_a_flood_is_unanswered() -> None:
    """An answer beyond the cap is not read to its end."""
    flood = b" " * (clients.MOST_ANSWER_BYTES + 1)
    with serve(lambda _: Response(status=200, headers=(), content=flood)) as origin, sender() as send:
        reason = _reason(send(_post(origin)))

    assert reason.endswith("sent more than 10000000 bytes")


def test_a_false_encoding_is_unanswered() -> None:
    """Content that is not what content-encoding says cannot be read."""
    headers = (("content-encoding", "gzip"),)
    with serve(lambda _: Response(status=200, headers=headers, content=b"{}")) as origin, sender() as send:
        assert "content-encoding" in _reason(send(_post(origin)))


BAD_REQUESTS = {
    "address": _post("http://[::"),
    "scheme": _post("ftp://127.0.0.1/"),
    "header name": _post("http://127.0.0.1:1/", headers=(("caf\xe9", "x"),)),
    "method": _post("http://127.0.0.1:1/", method="caf\xe9"),
}


@pytest.mark.parametrize("request_", BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_a_request_that_is_no_http_is_not_sent(request_: Request) -> None:
    """Never an exception: it is unanswered with a reason."""
    with sender() as send:
        assert "sent" in _reason(send(request_))


def test_a_header_with_a_line_break_is_not_sent() -> None:
    """A header value cannot smuggle another header."""
    with serve(_ok) as origin, sender() as send:
        assert "not valid HTTP" in _reason(send(_post(origin, headers=(("x", "a\r\ny: b"),))))


# ---- sending again


def _closing(met: list[tuple[int, bytes]]) -> Callable[[socket.socket, int], None]:
    """
    Answers one request on each connection, and closes the first one only when a second request is there.
    """

    def talk(connection: socket.socket, number: int) -> None:
        while request := connection.recv(65536):
            met.append((number, request.partition(b" ")[0]))
            if number == 0 and len(met) == 2:
                return
            connection.sendall(OK)

    return talk


def test_a_lost_create_is_not_sent_again() -> None:
    """A kept connection that closes on a POST may have stored the object; later requests have their own connections."""
    met: list[tuple[int, bytes]] = []
    with _raw(_closing(met)) as origin, sender() as send:
        observations = [send(_post(origin, b"")) for _ in range(4)]

    assert "the request may have been carried out" in _reason(observations.pop(1))
    assert [200, 200, 200] == [_response(observation).status for observation in observations]
    assert [(0, b"POST"), (0, b"POST"), (1, b"POST"), (2, b"POST")] == met


def test_a_lost_read_is_sent_again() -> None:
    """A GET may be done twice, so a kept connection that closes costs nothing."""
    met: list[tuple[int, bytes]] = []
    with _raw(_closing(met)) as origin, sender() as send:
        observations = [send(_post(origin, b"", method="GET")) for _ in range(2)]

    assert [200, 200] == [_response(observation).status for observation in observations]
    assert [(0, b"GET"), (0, b"GET"), (1, b"GET")] == met


def _throttling(*statuses: int, retry_after: str | None = None) -> tuple[Callable[[Request], Response], list[Request]]:
    """
    Answers with the statuses in turn, the last one for ever.
    """
    met: list[Request] = []
    headers = () if retry_after is None else (("retry-after", retry_after),)

    def respond(request: Request) -> Response:
        met.append(request)
        return Response(status=statuses[min(len(met), len(statuses)) - 1], headers=headers, content=b"{}")

    return respond, met


@pytest.mark.parametrize(("asked", "waited"), [("7", 7.0), ("60", 60.0), (None, 1.0), ("soon", 1.0), ("-3", 1.0)])
def test_a_throttled_request_waits_as_asked(asked: str | None, waited: float) -> None:
    """429 is sent again after Retry-After, within bounds."""
    respond, met = _throttling(429, 429, 201, retry_after=asked)
    slept: list[float] = []
    with serve(respond) as origin, sender(sleep=slept.append) as send:
        response = _response(send(_post(origin, b'{"a":1}')))

    assert 201 == response.status
    assert [waited, waited] == slept
    assert 3 == len(met)
    assert {b'{"a":1}'} == {request.content for request in met}


def test_a_target_that_only_throttles_answers_429() -> None:
    """After the last try the 429 is the answer; the next request is not waited for until the target recovers."""
    respond, met = _throttling(429, 429, 429, 429, 200, 429, 200, retry_after="2")
    slept: list[float] = []
    with serve(respond) as origin, sender(retries=2, sleep=slept.append) as send:
        statuses = [_response(send(_post(origin))).status for _ in range(4)]

    assert [429, 429, 200, 200] == statuses
    assert [2.0, 2.0, 2.0] == slept
    assert 7 == len(met)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 409])
def test_nothing_else_is_sent_again(status: int) -> None:
    """A 5xx may have stored the object, whatever Retry-After says."""
    respond, met = _throttling(status, 201, retry_after="1")
    slept: list[float] = []
    with serve(respond) as origin, sender(sleep=slept.append) as send:
        assert status == _response(send(_post(origin))).status

    assert ([], 1) == (slept, len(met))


def test_each_try_keeps_the_pace() -> None:
    """A request that is sent again counts again."""
    respond, _ = _throttling(429, 201, retry_after="0")
    waits: list[float] = []
    pace = Pace([{"requests": 1, "period_s": 5}], clock=lambda: 0.0, sleep=waits.append)
    with serve(respond) as origin, sender(pace=pace, sleep=lambda _: None) as send:
        _response(send(_post(origin)))

    assert [5.0] == waits


def test_retry_after_is_seconds_or_a_date() -> None:
    """Both forms are read; what is neither is None; a date in the past is no wait."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    later, earlier = (email.utils.format_datetime(now + timedelta(seconds=s), usegmt=True) for s in (90, -90))

    assert (0.0, 12.0, 90.0, 0.0) == tuple(retry_after_s(value, now) for value in ("0", " 12 ", later, earlier))
    assert [None] * 5 == [
        retry_after_s(value, now) for value in (None, "", "1.5", "\u0663", "Thu, 01 Jan 2026 00:00:00")
    ]


# ---- pace


class _Time:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    lasting=st.lists(st.floats(0, 3), min_size=30, max_size=60),
    idle=st.lists(st.floats(0, 2), min_size=60, max_size=60),
    arriving=st.lists(st.floats(0, 1), min_size=60, max_size=60),
    limits=st.lists(
        st.fixed_dictionaries({"requests": st.integers(1, 12), "period_s": st.integers(1, 30)}), min_size=1, max_size=3
    ),
)
def test_no_window_is_ever_too_full(
    lasting: list[float], idle: list[float], arriving: list[float], limits: list[dict[str, int]]
) -> None:
    """Wherever within its exchange each request arrives, the target sees no limit exceeded."""
    time = _Time()
    pace = Pace(limits, headroom=1.0, clock=lambda: time.now, sleep=time.sleep)
    arrivals = []
    for seconds, pause, share in zip(lasting, idle, arriving, strict=False):
        pace.wait()
        arrivals.append(time.now + seconds * share)
        time.now += seconds
        time.now += pause

    for limit in limits:
        for first, beyond in zip(arrivals, arrivals[limit["requests"] :], strict=False):
            assert beyond - first >= limit["period_s"] - 1e-6


def test_pace_keeps_headroom() -> None:
    """240 of 250 requests go at once, the next one waits; without limits nothing waits."""
    assert (0.0, 0.0, 10.0) == tuple(estimate_s(n, LIMITS) for n in (1, 240, 241))
    assert (40.0, 300.0) == tuple(estimate_s(n, LIMITS) for n in (1152, 1153))
    assert 0.0 == estimate_s(0, LIMITS)
    assert 0.0 == estimate_s(10_000, ())
    assert 4.0 == estimate_s(5, [{"requests": 1, "period_s": 1}])


# ---- destination

FINE = [
    "https://api.cloudflare.com/client/v4",
    "https://example.com:8443",
    "http://127.0.0.1:8080/client/v4",
    "http://127.9.9.9",
    "http://localhost:1",
    "HTTP://LOCALHOST/v4",
    "http://[::1]:8080/client/v4",
]
REFUSED = {
    "http://api.cloudflare.com/client/v4": "in the clear",
    "http://127.0.0.1.example.com": "in the clear",
    "http://localhost.example.com": "in the clear",
    "http://10.0.0.1": "in the clear",
    "http://0.0.0.0": "in the clear",
    "http://[::2]": "in the clear",
    "https://user:canary-password@example.com": "credentials",
    "http://127.0.0.1@example.com": "credentials",
    "http://127.0.0.1\\@example.com": "base URL",
    "https://example.com/v4?a=b": "query",
    "https://example.com/v4?": "query",
    "https://example.com/v4#x": "fragment",
    "api.cloudflare.com/client/v4": "https://",
    "localhost:8080": "https://",
    "ftp://127.0.0.1": "https://",
    "//127.0.0.1": "https://",
    "https://": "no host",
    "https:///v4": "no host",
    "": "https://",
    "https://exa mple.com": "base URL",
    "https://example.com/\n": "base URL",
    "https://example.com:port": "base URL",
    "https://[::": "base URL",
}


@pytest.mark.parametrize("url", FINE)
def test_https_and_loopback_are_fine(url: str) -> None:
    """The token may go there."""
    check_destination(url)


@pytest.mark.parametrize("url", REFUSED)
def test_other_destinations_are_refused(url: str) -> None:
    """One line says what is wrong and quotes no credential."""
    with pytest.raises(CannotTell, match=REFUSED[url]) as refused:
        check_destination(url)

    assert "canary" not in str(refused.value)
    assert "\n" not in str(refused.value)


# ---- serving


def _fail(_: Request) -> Response:
    raise ValueError(TOKEN)


def test_a_responder_that_fails_is_a_500() -> None:
    """The client is answered, without the text of the error; the server lives on."""
    with serve(_fail) as origin, sender() as send:
        responses = [_response(send(_post(origin))) for _ in range(2)]

    assert [500, 500] == [response.status for response in responses]
    assert "the server failed: ValueError" == json.loads(responses[0].content)["error"]["message"]
    assert TOKEN.encode() not in responses[0].content


def test_a_port_in_use_cannot_be_had() -> None:
    """The second server is told to take another port."""
    with serve(_ok) as origin:
        port = int(origin.rpartition(":")[2])
        with (
            pytest.raises(CannotTell, match=f"127.0.0.1 port {port}: Address already in use; name another"),
            serve(_ok, port=port),
        ):
            pass


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("no-such-host.invalid", 0)])
def test_a_place_that_does_not_exist_cannot_be_had(host: str, port: int) -> None:
    """A port beyond 65535 and a host that is not ours are one clear line."""
    with pytest.raises(CannotTell, match=f"cannot listen on {host} port {port}"), serve(_ok, host=host, port=port):
        pass


def test_a_port_is_free_again() -> None:
    """A server that ended leaves its port to the next, with connections just closed."""
    with serve(_ok) as origin, sender() as send:
        _response(send(_post(origin)))
    with serve(_ok, port=int(origin.rpartition(":")[2])) as again, sender() as send:
        assert again == origin
        _response(send(_post(origin)))


def test_six_is_a_version_of_ip() -> None:
    """An IPv6 origin has brackets."""
    try:
        with serve(_ok, host="::1") as origin, sender() as send:
            assert origin.startswith("http://[::1]:")
            _response(send(_post(origin)))
    except CannotTell as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")


def test_other_clients_are_served() -> None:
    """A client that is not httpx gets the same answer; HEAD has no body."""
    with serve(_ok) as origin:
        with urllib.request.urlopen(f"{origin}/a", timeout=5) as answer:
            assert (200, b"{}") == (answer.status, answer.read())
        with urllib.request.urlopen(urllib.request.Request(f"{origin}/a", method="HEAD"), timeout=5) as answer:
            assert (200, b"") == (answer.status, answer.read())


def test_a_body_in_parts_is_whole() -> None:
    """A chunked body arrives in one piece; a client that leaves half-way does not stop the server."""
    met: list[bytes] = []

    def respond(request: Request) -> Response:
        met.append(request.content)
        return _ok(request)

    with serve(respond) as origin:
        port = int(origin.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as leaving:
            leaving.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{")
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n")
            client.sendall(b"3\r\n   \r\n0\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 200")

    assert [b"{}   "] == met


def test_no_content_has_no_length() -> None:
    """204 has neither body nor content-length."""
    with serve(lambda _: Response(status=204, headers=(), content=b"")) as origin, sender() as send:
        assert () == _response(send(_post(origin))).headers


RUN = """
import sys
from rtkcontract.model import Response
from rtkcontract.network.server import run_server
run_server(lambda _: Response(status=200, headers=(), content=b"{}"), announce=lambda origin: print(origin, flush=True))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_cleanly(number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM: exit 0 and not a word on standard error."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            with sender() as send:
                _response(send(_post(process.stdout.readline().strip())))
            process.send_signal(number)
            _, errors = process.communicate(timeout=10)
        finally:
            process.kill()

    assert (0, "") == (process.returncode, errors)


def test_run_server_returns_in_this_process() -> None:
    """The signal handlers from before are back afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    seen: list[str] = []

    def announce(origin: str) -> None:
        seen.append(origin)
        signal.raise_signal(signal.SIGTERM)

    server.run_server(_ok, announce=announce)

    assert 1 == len(seen)
    assert before == signal.getsignal(signal.SIGTERM)


def test_a_wait_that_is_too_long_is_left_to_the_caller() -> None:
    respond, met = _throttling(429, 201, retry_after="9999")
    slept: list[float] = []
    with serve(respond) as origin, sender(sleep=slept.append) as send:
        response = _response(send(_post(origin)))

    assert (429, 1, []) == (response.status, len(met), slept)


# ---- limits of the server


def _talk(origin: str, *parts: bytes, wait_s: float = 5.0) -> bytes:
    """
    What a server says to raw bytes until it closes, or until nothing has come for a while.
    """
    host, _, port = origin.removeprefix("http://").rpartition(":")
    told = b""
    with socket.create_connection((host, int(port)), timeout=wait_s) as line, contextlib.suppress(OSError):
        for part in parts:
            line.sendall(part)
        while piece := line.recv(65_536):
            told += piece
    return told


def test_a_body_that_is_too_large_is_refused_and_not_kept() -> None:
    seen: list[int] = []

    def respond(request: Request) -> Response:
        seen.append(len(request.content))
        return _ok(request)

    with serve(respond, max_body_bytes=1_000) as origin, sender() as send:
        statuses = [_response(send(_post(origin, b"x" * size))).status for size in (1_000, 1_001, 60_000, 5)]

    assert statuses == [200, 413, 413, 200]
    assert seen == [1_000, 5]


def test_a_body_without_an_end_is_cut_off() -> None:
    chunk = b"1000\r\n" + b"x" * 4_096 + b"\r\n"
    with serve(_ok, max_body_bytes=1_000) as origin:
        told = _talk(origin, b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n", *[chunk] * 100)

    assert b"413" in told.split(b"\r\n")[0] or told == b""


def test_who_stalls_is_cut_off() -> None:
    """
    A head that does not end, a body of which no more comes, and a connection on which nothing is said.
    """
    started = time.monotonic()
    with serve(_ok, patience_s=0.3) as origin:
        half_head = _talk(origin, b"POST / HTTP/1.1\r\nhost: a\r\nx-a")
        half_body = _talk(origin, b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nab")
        silent = _talk(origin)
        whole = _talk(origin, b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\nab")

    assert (half_head, silent) == (b"", b"")
    assert half_body.startswith(b"HTTP/1.1 408 ")
    assert whole.startswith(b"HTTP/1.1 200 ")
    assert time.monotonic() - started < 4


def test_a_head_without_an_end_is_cut_off() -> None:
    with serve(_ok) as origin:
        told = _talk(origin, b"GET / HTTP/1.1\r\n", *[b"x-a: " + b"a" * 60_000 + b"\r\n"] * 40)

    assert b"200" not in told[:20]


# ---- ways out


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A certificate for this machine, with its key in the same file.
    """
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    command = (
        f"openssl req -x509 -newkey rsa:2048 -nodes -keyout {path}.key -out {path} -days 2 -subj /CN=localhost "
        "-addext subjectAltName=DNS:localhost,DNS:vendor.test,IP:127.0.0.1"
    )
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    subprocess.run(command.split(), check=True, capture_output=True)
    return path


@contextlib.contextmanager
def _secure(certificate: Path) -> Iterator[int]:
    """
    An https server that says yes to everything: its port.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, f"{certificate}.key")

    def talk(connection: socket.socket, _: int) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as line:
            told = b""
            while not told.endswith(b"{}"):  # else what is not read resets the connection
                told += line.recv(65_536)
            line.sendall(OK)

    with _raw(talk) as origin:
        yield int(origin.rpartition(":")[2])


def test_https_needs_a_certificate_that_is_trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of certificates counts where it is named; the environment alone changes nothing."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with _secure(certificate) as port:
        with sender() as send:
            refused = _reason(send(_post(f"https://localhost:{port}/x")))
        with sender(ca=str(certificate)) as send:
            taken = _response(send(_post(f"https://localhost:{port}/x")))

    assert "CERTIFICATE_VERIFY_FAILED" in refused
    assert taken.status == 200


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_used_are_told(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CannotTell, match="the certificates in"), sender(ca=str(path)):
        pass


@contextlib.contextmanager
def _tunnel(port: int, seen: list[bytes]) -> Iterator[str]:
    """
    A proxy that leads every tunnel to one port of this machine; `seen` gets what it can read.
    """

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(65_536):
                seen.append(part)
                sink.sendall(part)
            sink.shutdown(socket.SHUT_WR)

    def talk(connection: socket.socket, _: int) -> None:
        seen.append(connection.recv(65_536))
        with socket.create_connection(("127.0.0.1", port)) as behind:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            there = threading.Thread(target=pump, args=(connection, behind), daemon=True)
            there.start()
            pump(behind, connection)

    with _raw(talk) as origin:
        yield origin


def test_a_named_proxy_leads_https_and_reads_nothing(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token stays inside the tunnel; a proxy of the environment is not asked."""
    seen: list[bytes] = []
    with _secure(certificate) as port, _tunnel(port, seen) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        with sender(ca=str(certificate), proxy=proxy) as send:
            response = _response(send(_post("https://vendor.test/x")))

    assert response.status == 200
    assert seen[0].startswith(b"CONNECT vendor.test:443 ")
    assert TOKEN.encode() not in b"".join(seen)


def test_no_proxy_leads_to_this_machine(certificate: Path) -> None:
    seen: list[bytes] = []
    with (
        _secure(certificate) as port,
        _tunnel(port, seen) as proxy,
        serve(_ok) as origin,
        sender(ca=str(certificate), proxy=proxy) as send,
    ):
        statuses = [_response(send(_post(url))).status for url in (f"https://localhost:{port}/x", origin)]

    assert (statuses, seen) == ([200, 200], [])


def test_a_proxy_that_is_none_is_told() -> None:
    with pytest.raises(CannotTell, match="the address of the proxy cannot be used"), sender(proxy="ftp://x"):
        pass


def test_localhost_counts_where_it_is_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    check_destination("http://localhost:8080/client/v4")
    for found in (["10.1.2.3"], ["127.0.0.1", "10.1.2.3"], []):
        told = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in found]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, told=told, **__: told)
        with pytest.raises(CannotTell, match="http://localhost does not resolve to this machine alone"):
            check_destination("http://localhost:8080/client/v4")
