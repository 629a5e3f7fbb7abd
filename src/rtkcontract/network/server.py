"""
A function from request to response, served on loopback.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import encode
from rtkcontract.model import Answered, Delivery, Headers, Observation, Request, Response, Send

if TYPE_CHECKING:
    import asyncio

    import uvicorn

WATCH_STEP_S = 0.1


MOST_BODY_BYTES = 1_000_000
"""A larger body is refused with 413 and not kept: JSON takes up to fifty times its size once it is parsed."""


MOST_HEAD_BYTES = 1_000_000


PATIENCE_S = 20.0
"""How long a head, or the next part of a body, may take."""


DRAINED = 64
"""Bodies of the largest size that are read and dropped, so that the client gets to read why it is refused."""


OVERTAKEN_S = 2.0
"""How long a response waits for a later one that overtakes it."""


Respond: TypeAlias = Callable[[Request], Response | Delivery]


_R = TypeVar("_R")


Message: TypeAlias = MutableMapping[str, Any]


Scope: TypeAlias = MutableMapping[str, Any]


Receive: TypeAlias = Callable[[], Awaitable[Message]]


Emit: TypeAlias = Callable[[Message], Awaitable[None]]


App: TypeAlias = Callable[[Scope, Receive, Emit], Awaitable[None]]


# ---- serving


@contextlib.contextmanager
def serve(
    respond: Respond,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    max_body_bytes: int = MOST_BODY_BYTES,
    patience_s: float = PATIENCE_S,
) -> Iterator[str]:
    """
    Serve `respond` in a thread and yield the origin, `http://127.0.0.1:PORT`; port 0 takes a free one.

    A `respond` that raises is answered with 500, a body that is too large with 413; a client that stalls for
    `patience_s` in the middle of a request is cut off. Raises CannotTell when the port cannot be had.
    """
    import uvicorn  # brings asyncio, which a run against another server does not need

    listening = _listening(host, port)
    name, number = listening.getsockname()[:2]
    origin = f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}"
    server = uvicorn.Server(_config(_app(respond, origin, max_body_bytes, patience_s), patience_s))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield origin
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def in_process(respond: Callable[[Request], Response]) -> Send:
    """
    The same server without sockets: a way to ask it in this process.
    """

    def send(request: Request) -> Observation:
        started = time.perf_counter()
        response = _respond(respond, request)
        return Answered(response=response, elapsed_s=time.perf_counter() - started)

    return send


def run_server(
    respond: Respond,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    max_body_bytes: int = MOST_BODY_BYTES,
    announce: Callable[[str], None],
) -> int:
    """
    Serve until SIGINT or SIGTERM, and return which; `announce` gets the origin. To be called in the main thread.
    """
    stop, caught = threading.Event(), []

    def end(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with serve(respond, host=host, port=port, max_body_bytes=max_body_bytes) as origin:
            announce(origin)
            stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return caught[0]


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


def _config(app: App, patience_s: float) -> uvicorn.Config:
    import uvicorn
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class Impatient(HttpToolsProtocol):
        """
        Closes a connection whose head does not come to its end.
        """

        waiting: asyncio.TimerHandle | None = None
        head_bytes = 0

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as it is there
            super().connection_made(transport)
            self.on_head()

        def on_head(self) -> None:
            self.head_bytes = 0
            self.waiting = self.waiting or self.loop.call_later(patience_s, self.transport.abort)

        def on_message_begin(self) -> None:
            self.on_head()
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self.stop_waiting()
            super().on_headers_complete()

        def data_received(self, data: bytes) -> None:
            self.head_bytes += len(data) if self.waiting else 0
            if self.head_bytes > MOST_HEAD_BYTES:
                self.transport.abort()
            else:
                super().data_received(data)

        def connection_lost(self, exc: Exception | None) -> None:
            self.stop_waiting()
            super().connection_lost(exc)

        def stop_waiting(self) -> None:
            if self.waiting is not None:
                self.waiting.cancel()
                self.waiting = None

    return uvicorn.Config(
        app,
        loop="asyncio",
        http=Impatient,
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


def _app(respond: Respond, origin: str, max_body_bytes: int, patience_s: float) -> App:
    overtaken: list[asyncio.Event] = []

    async def app(scope: Scope, receive: Receive, send: Emit) -> None:
        try:
            content = await _content(receive, max_body_bytes, patience_s)
        except TimeoutError:
            found: Response | Delivery = _refusal(408, f"no more of the body came within {patience_s:g} s")
        else:
            if content is None:
                return
            if len(content) > max_body_bytes:
                found = _refusal(413, f"the body is larger than {max_body_bytes} bytes")
            else:
                found = _respond(respond, _incoming(scope, origin, content))
        delivery = Delivery(response=found) if isinstance(found, Response) else found
        await _held_back(delivery, overtaken)
        response = delivery.response
        headers = _with_length(response)
        coded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": response.status, "headers": coded})
        # A body that is not said to be complete ends with the connection.
        body = {"body": response.content[: delivery.cut_after], "more_body": delivery.cut_after is not None}
        await send({"type": "http.response.body", **body})
        while overtaken and not delivery.overtaken:
            overtaken.pop().set()

    return app


async def _held_back(delivery: Delivery, overtaken: list[asyncio.Event]) -> None:
    """
    Waits for as long as a response shall be late.
    """
    import asyncio

    if delivery.delay_s:
        await asyncio.sleep(delivery.delay_s)
    if delivery.overtaken:
        overtaken.append(asyncio.Event())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(overtaken[-1].wait(), OVERTAKEN_S)


async def _content(receive: Receive, most: int, patience_s: float) -> bytes | None:
    """
    The whole body of a request, or of one that is too large a little more than `most` bytes; None when the client went
    away. Raises TimeoutError for one that stalls.
    """
    import asyncio

    content, came = bytearray(), 0
    while True:
        message = await asyncio.wait_for(receive(), patience_s)
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        came += len(part)
        content += part[: max(0, most + 1 - len(content))]
        if not message.get("more_body", False) or came > DRAINED * most:
            return bytes(content)


def _refusal(status: int, message: str) -> Response:
    body = {"success": False, "error": {"code": status, "message": message}}
    return Response(
        status=status, headers=(("content-type", "application/json"), ("connection", "close")), content=encode(body)
    )


def _incoming(scope: Scope, origin: str, content: bytes) -> Request:
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    url = f"{origin}{path}?{query}" if query else f"{origin}{path}"
    return Request(method=scope["method"], url=url, headers=headers, content=content)


def _respond(respond: Callable[[Request], _R], request: Request) -> _R | Response:
    try:
        return respond(request)
    except Exception as error:
        # Whatever it is, the client gets an answer; the text of the error could quote the request.
        body = {"success": False, "error": {"code": 500, "message": f"the server failed: {type(error).__name__}"}}
        return Response(status=500, headers=(("content-type", "application/json"),), content=encode(body))


def _with_length(response: Response) -> Headers:
    bare = response.status in (204, 304) or response.header("content-length") or response.header("transfer-encoding")
    return response.headers if bare else (*response.headers, ("content-length", str(len(response.content))))
