"""The runtime's end of the Runtime API: HTTP/1.1 on one connection, kept open."""

from __future__ import annotations

import os
import socket

_RECEIVE_BYTES = 1 << 16
_PATH = "/2018-06-01/runtime"
_NEXT = f"GET {_PATH}/invocation/next HTTP/1.1\r\nHost: 127.0.0.1:9001\r\n\r\n".encode()

_RESTORE_NEXT = f"GET {_PATH}/restore/next HTTP/1.1\r\nHost: 127.0.0.1:9001\r\n\r\n".encode()


class RuntimeClient:
    """Asks for invocations and posts what came of them."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = b""
        self._discard_answers_to_another()

    def _discard_answers_to_another(self) -> None:
        """What a runtime that ended during INIT on this connection did not read any more."""
        try:
            while self._connection.recv(_RECEIVE_BYTES, socket.MSG_DONTWAIT):
                pass
        except BlockingIOError:
            pass

    def first(self) -> tuple[dict[str, str], bytes]:
        """Say that INIT is over; the first invocation's headers and event."""
        self._connection.sendall(_NEXT)
        return self._read()

    def respond(self, request_id: str, payload: bytes) -> tuple[dict[str, str], bytes]:
        """Post a result; the next invocation. Both requests leave in one write."""
        return self._post_and_next(f"/invocation/{request_id}/response", payload, "")

    def fail(
        self, request_id: str, payload: bytes, error_type: str
    ) -> tuple[dict[str, str], bytes]:
        """Post an error document; the next invocation."""
        header = f"Lambda-Runtime-Function-Error-Type: {error_type}\r\n"
        return self._post_and_next(f"/invocation/{request_id}/error", payload, header)

    def fail_init(self, payload: bytes, error_type: str) -> None:
        """Post the error document of INIT."""
        header = f"Lambda-Runtime-Function-Error-Type: {error_type}\r\n"
        self._connection.sendall(_post("/init/error", payload, header) + payload)
        self._read()

    def restore_next(self) -> None:
        """Say that a snapshot may be taken; returns when life goes on."""
        self._connection.sendall(_RESTORE_NEXT)
        self._read()

    def fail_restore(self, payload: bytes, error_type: str) -> None:
        """Post the error document of a restoration."""
        header = f"Lambda-Runtime-Function-Error-Type: {error_type}\r\n"
        self._connection.sendall(_post("/restore/error", payload, header) + payload)
        self._read()

    def _post_and_next(
        self, path: str, payload: bytes, header: str
    ) -> tuple[dict[str, str], bytes]:
        self._connection.sendall(_post(path, payload, header) + payload + _NEXT)
        self._read()
        return self._read()

    def _read(self) -> tuple[dict[str, str], bytes]:
        """The next answer; its headers have the names that the host gives them, which are AWS's."""
        received = self._received
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._receive()
        _, *lines = received[:end].decode("utf-8", "replace").split("\r\n")
        headers = dict([line.split(": ", 1) for line in lines])
        start = end + 4
        stop = start + int(headers.get("Content-Length", 0))
        if len(received) < stop:
            parts, size = [received], len(received)
            while size < stop:
                parts.append(self._receive())
                size += len(parts[-1])
            received = b"".join(parts)
        self._received = received[stop:]
        return headers, received[start:stop]

    def _receive(self) -> bytes:
        data = self._connection.recv(_RECEIVE_BYTES)
        if not data:
            os._exit(0)
        return data


def _post(path: str, payload: bytes, header: str) -> bytes:
    return (
        f"POST {_PATH}{path} HTTP/1.1\r\nHost: 127.0.0.1:9001\r\n"
        f"{header}Content-Length: {len(payload)}\r\n\r\n"
    ).encode("latin-1", "replace")
