"""An HTTP endpoint of a user's: it keeps what it is sent and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Received(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: str


class Endpoint:
    """`statuses` are answered in turn, then 200; `/token` answers OAuth's tokens, numbered."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.token_requests: list[Received] = []
        self.statuses: list[int] = []
        self.token_status = 200
        self.url = ""

    def answer(self, received: Received) -> tuple[int, bytes]:
        if received.path.startswith("/token"):
            self.token_requests.append(received)
            number = len(self.token_requests)
            return self.token_status, b'{"access_token": "token-%d", "expires_in": 600}' % number
        self.received.append(received)
        return (self.statuses.pop(0) if self.statuses else 200), b"ok"


@contextmanager
def listening() -> Iterator[Endpoint]:
    endpoint = Endpoint()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, answer = endpoint.answer(Received(self.command, self.path, headers, body))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_PUT = do_POST  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    endpoint.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield endpoint
    server.shutdown()
    server.server_close()
    thread.join()
