"""
Serves a second server, with a mutant or without, on a free port of loopback.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from wrong_servers.mutants import Mutant
from wrong_servers.second_server import Request, Server, encoded


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30
    server: _Serving

    def parse_request(self) -> bool:
        """
        Any method goes to the server; the base class would look for do_METHOD.
        """
        return super().parse_request()

    def handle_one_request(self) -> None:
        try:
            self.raw_requestline = self.rfile.readline(65_537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            content = self._content()
        except (OSError, ValueError):
            self.close_connection = True
            return
        request = Request(
            method=self.command,
            target=self.path,
            headers=tuple((name.lower(), value) for name, value in self.headers.items()),
            content=content,
        )
        response = self.server.zoo.respond(request)
        with contextlib.suppress(OSError):
            self.wfile.write(encoded(response, method=request.method))
        if response.close:
            self.close_connection = True

    def _content(self) -> bytes:
        if "chunked" in str(self.headers.get("transfer-encoding", "")).lower():
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(1_024).partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline(1_024)
        while self.rfile.readline(65_537).strip():
            pass  # trailers

    def log_message(self, *_: Any) -> None:
        pass


class _Serving(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, zoo: Server) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.zoo = zoo
        self.connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """
        A client that goes away is no error of the server.
        """


@contextlib.contextmanager
def serving(mutant: Mutant | None = None) -> Iterator[str]:
    """
    Serves a fresh server and yields the base URL, `http://127.0.0.1:PORT/client/v4`; nothing is left behind.
    """
    zoo = Server()
    if mutant:
        mutant.hook(zoo)
    with _Serving(zoo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/client/v4"
        finally:
            server.shutdown()
            thread.join()
            for connection in tuple(server.connections):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
