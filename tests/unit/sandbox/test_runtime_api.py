"""The Runtime API's connection over a transport in memory: bounds, chunks, and who waits."""

from __future__ import annotations

from typing import Any

import pytest

from pileus.sandbox.environments.runtime_api import RuntimeConnection

STREAM = (
    b"POST /2018-06-01/runtime/invocation/request-1/response HTTP/1.1\r\nHost: x\r\n"
    b"Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\r\n"
)
WHOLE = STREAM.replace(b"Lambda-Runtime-Function-Response-Mode: streaming\r\n", b"")


class Runtime:
    """An environment that runs request-1."""

    def __init__(self) -> None:
        self.takes_streams = True
        self.pieces: list[bytes] = []
        self.ended: list[bytes | None] = []
        self.answers: list[bytes] = []

    def is_current(self, request_id: str) -> bool:
        return request_id == "request-1"

    def begin_stream(self, request_id: str, content_type: str, connection: Any) -> bool:
        return self.takes_streams

    def take_piece(self, data: bytes) -> None:
        self.pieces.append(data)

    def end_stream(self, request_id: str, error: bytes | None) -> bool:
        self.ended.append(error)
        return True

    def take_response(self, request_id: str, body: bytes) -> bool:
        self.answers.append(body)
        return True

    def lose_connection(self, connection: Any) -> None:
        pass


class Transport:
    def __init__(self) -> None:
        self.written = b""
        self.is_reading = True
        self.is_aborted = False

    def write(self, data: bytes) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def is_closing(self) -> bool:
        return self.is_aborted

    def abort(self) -> None:
        self.is_aborted = True


@pytest.fixture
def runtime() -> Runtime:
    return Runtime()


@pytest.fixture
def transport() -> Transport:
    return Transport()


@pytest.fixture
def connection(runtime: Runtime, transport: Transport) -> RuntimeConnection:
    connection = RuntimeConnection(runtime)  # type: ignore[arg-type]
    connection.connection_made(transport)  # type: ignore[arg-type]
    return connection


def test_what_comes_at_once_is_one_piece(connection: RuntimeConnection, runtime: Runtime) -> None:
    connection.data_received(STREAM + b"1\r\na\r\n" * 3 + b"2\r\nb")
    connection.data_received(b"c\r\n0\r\n\r\n")
    assert [b"aaab", b"c"] == runtime.pieces
    assert [None] == runtime.ended


def test_small_chunks_cost_no_more_than_large_ones(
    connection: RuntimeConnection, runtime: Runtime, transport: Transport
) -> None:
    runtime.takes_streams = False
    connection.data_received(WHOLE)
    for _ in range(100):
        connection.data_received(b"1\r\na\r\n" * 10_000)
    connection.data_received(b"0\r\n\r\n")
    assert (False, b"a" * 1_000_000) == (transport.is_aborted, runtime.answers[0])


@pytest.mark.parametrize("start", [STREAM, WHOLE])
def test_trailers_are_bounded(
    connection: RuntimeConnection, transport: Transport, start: bytes
) -> None:
    connection.data_received(start + b"3\r\nabc\r\n" * 10_000 + b"0\r\nX-Long: ")
    connection.data_received(b"x" * 60_000)
    assert not transport.is_aborted
    connection.data_received(b"x" * 6_000)
    assert transport.is_aborted


def test_headers_are_bounded(connection: RuntimeConnection, transport: Transport) -> None:
    connection.data_received(STREAM[:-2] + b"X-Long: " + b"x" * 66_000)
    assert transport.is_aborted


def test_a_runtime_waits_for_either_reason(
    connection: RuntimeConnection, transport: Transport
) -> None:
    connection.pause()
    connection.pause_writing()
    connection.resume()
    assert not transport.is_reading
    connection.resume_writing()
    assert transport.is_reading
