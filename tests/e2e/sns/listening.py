"""An HTTP endpoint of a user's: it keeps what it is sent and answers as it is told."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Received(NamedTuple):
    path: str
    headers: dict[str, str]
    body: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class Endpoint:
    """`statuses` are answered in turn, then 200; paths below /slow are answered when let go."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.statuses: list[int] = []
        self.let_go = threading.Event()
        self.url = ""

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [received.document for received in self.received]

    def take(self) -> list[Received]:
        """What has come since the last time."""
        received, self.received = self.received, []
        return received


@contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[Endpoint]:
    """An endpoint that speaks HTTP, or HTTPS where it has certificates."""
    endpoint = Endpoint()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            endpoint.received.append(Received(self.path, headers, body))
            if self.path.startswith("/slow"):
                endpoint.let_go.wait(30)
            status = endpoint.statuses.pop(0) if endpoint.statuses else 200
            self.send_response(status)
            if status in (301, 307):
                self.send_header("Location", f"{endpoint.url}/elsewhere")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    if tls is not None:
        # The handshake is left to the thread of each connection, which may fail alone.
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    scheme = "http" if tls is None else "https"
    endpoint.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.let_go.set()
        server.shutdown()
        thread.join()
        server.server_close()
