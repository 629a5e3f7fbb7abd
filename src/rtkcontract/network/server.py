"""
A function from request to response, served on loopback.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeAlias

from rtkcontract.errors import CannotTell
from rtkcontract.json_schema.json_text import encode
from rtkcontract.model import Headers, Request, Response

if TYPE_CHECKING:
    import uvicorn

WATCH_STEP_S = 0.1


Respond: TypeAlias = Callable[[Request], Response]


Message: TypeAlias = MutableMapping[str, Any]


Scope: TypeAlias = MutableMapping[str, Any]


Receive: TypeAlias = Callable[[], Awaitable[Message]]


Emit: TypeAlias = Callable[[Message], Awaitable[None]]


App: TypeAlias = Callable[[Scope, Receive, Emit], Awaitable[None]]


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


def run_server(respond: Respond, *, host: str = "127.0.0.1", port: int = 0, announce: Callable[[str], None]) -> int:
    """
    Serve until SIGINT or SIGTERM, and return which; `announce` gets the origin. To be called in the main thread.
    """
    stop, caught = threading.Event(), []

    def end(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with serve(respond, host=host, port=port) as origin:
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
