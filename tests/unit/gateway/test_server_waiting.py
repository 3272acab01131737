"""The server's patience, back-pressure and streaming, with timers moved by hand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from pileus.gateway.body_stream import ClientLostError
from pileus.gateway.http_limits import HttpLimits
from pileus.gateway.server import Server
from pileus.kernel.request import Request, Response
from support.http_peer import HandTimers, Peer, Service, echo, text

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def make_server(
    handle: Any, limits: HttpLimits | None = None, **options: Any
) -> tuple[Server, HandTimers]:
    timers = HandTimers()
    return Server(handle, timers, lambda: "request-1", limits, **options), timers


def statuses(data: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", data)]


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


async def turn() -> None:
    """Let every ready task run until it waits again."""
    for _ in range(5):
        await asyncio.sleep(0)


# Patience.


def test_idle_connection_is_closed_without_an_answer() -> None:
    async def test() -> None:
        server, timers = make_server(Service(echo))
        peer = Peer(server)
        peer.send(GET)
        peer.received()
        timers.advance(59)
        assert peer.is_open
        timers.advance(1)
        assert not peer.is_open
        assert peer.received() == b""

    run(test)


def test_each_request_restarts_the_idle_time_with_one_timer() -> None:
    async def test() -> None:
        server, timers = make_server(Service(echo))
        peer = Peer(server)
        for _ in range(100):
            timers.advance(0.3)
            peer.send(GET)
        assert timers.armed_count == 1
        timers.advance(59)
        assert peer.is_open
        timers.advance(2)
        assert not peer.is_open

    run(test)


def test_slow_headers_get_408_however_often_a_byte_comes() -> None:
    async def test() -> None:
        server, timers = make_server(Service(echo))
        peer = Peer(server)
        for byte in b"GET / HTTP/1.1\r\nHost":
            peer.send(bytes([byte]))
            timers.advance(0.9)
        assert peer.received() == b""
        timers.advance(3)
        assert statuses(peer.received()) == [408]
        timers.advance(2)
        assert not peer.is_open

    run(test)


def test_slow_headers_behind_others_get_408_too() -> None:
    async def test() -> None:
        server, timers = make_server(Service(echo))
        peer = Peer(server)
        peer.send(GET[:10])
        timers.advance(1)
        peer.send(GET[10:] + GET + GET[:10])
        assert statuses(peer.received()) == [200, 200]
        timers.advance(20)
        assert statuses(peer.received()) == [408]

    run(test)


def test_body_gets_408_only_after_a_pause() -> None:
    async def test() -> None:
        server, timers = make_server(Service(echo))
        peer = Peer(server)
        peer.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n")
        for _ in range(5):
            timers.advance(50)
            peer.send(b"a")
        assert peer.received() == b""
        timers.advance(61)
        assert statuses(peer.received()) == [408]

    run(test)


def test_running_request_has_all_the_time_it_needs() -> None:
    async def test() -> None:
        service = Service()
        server, timers = make_server(service)
        peer = Peer(server)
        peer.send(GET)
        timers.advance(100_000)
        assert peer.is_open
        service.replies[0](text("late"))
        assert statuses(peer.received()) == [200]
        timers.advance(61)
        assert not peer.is_open

    run(test)


def test_client_that_does_not_read_is_cut_off_and_one_that_reads_slowly_is_not() -> None:
    async def test() -> None:
        server, timers = make_server(Service(echo))
        peer = Peer(server)
        peer.transport.is_stuck = True
        peer.send(GET + GET)
        assert len(statuses(peer.received())) == 1
        timers.advance(59)
        peer.transport.unsent_bytes -= 1
        timers.advance(59)
        assert peer.is_open
        timers.advance(62)
        assert peer.transport.is_aborted

    run(test)


def test_requests_behind_an_unread_answer_wait() -> None:
    async def test() -> None:
        service = Service(echo)
        server, timers = make_server(service)
        peer = Peer(server)
        peer.transport.is_stuck = True
        peer.send(GET * 3)
        assert len(service.requests) == 1
        peer.transport.unstick()
        assert len(service.requests) == 3
        timers.advance(61)
        assert not peer.is_open

    run(test)


def test_refused_client_that_never_leaves_is_cut_off() -> None:
    async def test() -> None:
        server, timers = make_server(Service(echo))
        peer = Peer(server)
        peer.send(b"nonsense\r\n\r\n")
        assert peer.is_open
        peer.send(b"more nonsense")
        timers.advance(2)
        assert peer.transport.is_aborted

    run(test)


# Streamed requests.


class Upload:
    """Collects a streamed body and answers with its length."""

    def __init__(self) -> None:
        self.request: Request | None = None
        self.pieces: list[bytes] = []
        self.error: BaseException | None = None
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.tasks: list[asyncio.Task[None]] = []

    def __call__(self, request: Request, reply: Callable[[Response], None]) -> None:
        self.request = request
        self.tasks.append(asyncio.ensure_future(self.read(request, reply)))

    async def read(self, request: Request, reply: Callable[[Response], None]) -> None:
        assert request.stream is not None
        await self.go_on.wait()
        try:
            async for piece in request.stream:
                self.pieces.append(piece)
        except ClientLostError as error:
            self.error = error
        reply(text(str(sum(map(len, self.pieces)))))


def always(request: Request) -> bool:
    return True


def test_streamed_body_is_handed_over_as_it_comes() -> None:
    async def test() -> None:
        upload = Upload()
        server, _ = make_server(upload, wants_stream=always)
        peer = Peer(server)
        peer.send(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n")
        assert upload.request is not None
        assert upload.request.body == b""
        peer.send(b"abc")
        await turn()
        assert upload.pieces == [b"abc"]
        peer.send(b"def")
        await turn()
        assert upload.pieces == [b"abc", b"def"]
        assert peer.received().endswith(b"\r\n\r\n6")
        assert peer.is_open

    run(test)


def test_streamed_body_may_be_chunked_and_larger_than_any_limit() -> None:
    async def test() -> None:
        upload = Upload()
        limits = HttpLimits(body_bytes_max=10)
        server, _ = make_server(upload, limits, wants_stream=always)
        peer = Peer(server)
        peer.send(b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(50):
            peer.send(b"14\r\n" + b"a" * 20 + b"\r\n")
            await turn()
        peer.send(b"0\r\n\r\n")
        await turn()
        assert peer.received().endswith(b"\r\n\r\n1000")

    run(test)


def test_unread_stream_stops_reading_from_the_client() -> None:
    async def test() -> None:
        upload = Upload()
        upload.go_on.clear()
        limits = HttpLimits(stream_buffer_bytes_max=100)
        server, timers = make_server(upload, limits, wants_stream=always)
        peer = Peer(server)
        peer.send(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 200\r\n\r\n" + b"a" * 99)
        await turn()
        assert not peer.transport.is_paused
        peer.send(b"a")
        assert peer.transport.is_paused
        timers.advance(1000)
        assert peer.is_open
        upload.go_on.set()
        await turn()
        assert not peer.transport.is_paused
        peer.send(b"a" * 100)
        await turn()
        assert peer.received().endswith(b"\r\n\r\n200")

    run(test)


def test_stream_asks_for_its_body_when_it_is_first_read() -> None:
    async def test() -> None:
        upload = Upload()
        upload.go_on.clear()
        server, _ = make_server(upload, wants_stream=always)
        peer = Peer(server)
        peer.send(b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        await turn()
        assert peer.received() == b""
        upload.go_on.set()
        await turn()
        assert peer.received() == b"HTTP/1.1 100 Continue\r\n\r\n"
        peer.send(b"abc")
        await turn()
        assert peer.received().endswith(b"\r\n\r\n3")

    run(test)


def test_answer_before_the_end_of_a_stream_closes_the_connection() -> None:
    async def test() -> None:
        server, timers = make_server(Service(lambda request: text("no", 403)), wants_stream=always)
        peer = Peer(server)
        peer.send(b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        received = peer.received()
        assert statuses(received) == [403]
        assert b"connection: close\r\n" in received
        assert peer.transport.has_written_eof
        timers.advance(2)
        assert not peer.is_open

    run(test)


@pytest.mark.parametrize("how", ["leave", "half_close"])
def test_reader_of_a_cut_stream_learns_of_it(how: str) -> None:
    async def test() -> None:
        upload = Upload()
        server, _ = make_server(upload, wants_stream=always)
        peer = Peer(server)
        peer.send(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab")
        await turn()
        getattr(peer, how)()
        await turn()
        assert isinstance(upload.error, ClientLostError)

    run(test)


def test_reader_of_an_unreadable_stream_learns_of_it() -> None:
    async def test() -> None:
        upload = Upload()
        server, _ = make_server(upload, wants_stream=always)
        peer = Peer(server)
        peer.send(b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        await turn()
        assert isinstance(upload.error, ClientLostError)
        received = peer.received()
        assert statuses(received) == [200]
        assert b"connection: close\r\n" in received

    run(test)


def test_stream_without_progress_ends() -> None:
    async def test() -> None:
        upload = Upload()
        server, timers = make_server(upload, wants_stream=always)
        peer = Peer(server)
        peer.send(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab")
        await turn()
        timers.advance(61)
        await turn()
        assert isinstance(upload.error, ClientLostError)

    run(test)


# Streamed answers.


class Source:
    """A streamed answer fed by the test."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.is_closed = False

    async def iterate(self) -> AsyncIterator[bytes]:
        try:
            while (piece := await self.pieces.get()) is not None:
                if piece == b"fail":
                    raise ValueError("no more")
                yield piece
        finally:
            self.is_closed = True


def streaming(source: Source, headers: dict[str, str] | None = None) -> Service:
    return Service(lambda request: Response(200, headers or {}, source.iterate()))


def test_streamed_answer_starts_before_its_first_piece_and_is_chunked() -> None:
    async def test() -> None:
        source = Source()
        server, _ = make_server(streaming(source))
        peer = Peer(server)
        peer.send(GET)
        assert peer.received().endswith(b"transfer-encoding: chunked\r\n\r\n")
        source.pieces.put_nowait(b"hello")
        await turn()
        assert peer.received() == b"5\r\nhello\r\n"
        source.pieces.put_nowait(b"")
        source.pieces.put_nowait(None)
        await turn()
        assert peer.received() == b"0\r\n\r\n"
        peer.send(GET)
        assert statuses(peer.received()) == [200]

    run(test)


def test_streamed_answer_of_known_length_is_not_chunked() -> None:
    async def test() -> None:
        source = Source()
        server, _ = make_server(streaming(source, {"content-length": "3"}))
        peer = Peer(server)
        peer.send(GET)
        source.pieces.put_nowait(b"abc")
        source.pieces.put_nowait(None)
        await turn()
        assert peer.received().endswith(b"content-length: 3\r\n\r\nabc")
        assert peer.is_open

    run(test)


@pytest.mark.parametrize("pieces", [[b"ab", None], [b"abcd", None], [b"fail"]])
def test_streamed_answer_that_is_not_whole_breaks_the_connection(pieces: list[Any]) -> None:
    async def test() -> None:
        source = Source()
        server, _ = make_server(streaming(source, {"content-length": "3"}))
        peer = Peer(server)
        peer.send(GET)
        for piece in pieces:
            source.pieces.put_nowait(piece)
        await turn()
        assert peer.transport.is_aborted
        assert source.is_closed

    run(test)


def test_streamed_answer_to_http_10_ends_with_the_connection() -> None:
    async def test() -> None:
        source = Source()
        server, _ = make_server(streaming(source))
        peer = Peer(server)
        peer.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        source.pieces.put_nowait(b"abc")
        source.pieces.put_nowait(None)
        await turn()
        assert peer.received().endswith(b"connection: close\r\n\r\nabc")
        assert not peer.is_open

    run(test)


def test_streamed_answer_to_head_is_closed_unread() -> None:
    async def test() -> None:
        source = Source()
        server, _ = make_server(streaming(source))
        peer = Peer(server)
        peer.send(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
        await turn()
        assert peer.received().endswith(b"\r\n\r\n")
        peer.send(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert statuses(peer.received()) == [200]

    run(test)


def test_streamed_answer_waits_for_a_client_that_reads_slowly() -> None:
    async def test() -> None:
        source = Source()
        server, _ = make_server(streaming(source))
        peer = Peer(server)
        peer.send(GET)
        await turn()
        peer.received()
        peer.transport.is_stuck = True
        source.pieces.put_nowait(b"one")
        source.pieces.put_nowait(b"two")
        await turn()
        assert peer.received() == b"3\r\none\r\n"
        peer.transport.unstick()
        await turn()
        assert peer.received() == b"3\r\ntwo\r\n"

    run(test)


def test_streamed_answer_ends_when_its_client_leaves() -> None:
    async def test() -> None:
        source = Source()
        server, _ = make_server(streaming(source))
        peer = Peer(server)
        peer.send(GET)
        await turn()
        peer.leave()
        await turn()
        assert source.is_closed
        assert server.tasks == set()

    run(test)


def test_streamed_answer_after_the_client_left_is_closed() -> None:
    async def test() -> None:
        source = Source()
        service = Service()
        server, _ = make_server(service)
        peer = Peer(server)
        peer.send(GET)
        peer.leave()
        pieces = source.iterate()
        service.replies[0](Response(200, {}, pieces))
        await turn()
        with pytest.raises(StopAsyncIteration):
            await anext(pieces)

    run(test)


# The end.


def test_stop_closes_idle_connections_and_lets_running_requests_finish() -> None:
    async def test() -> None:
        service = Service()
        server, _ = make_server(service)
        idle, busy = Peer(server), Peer(server)
        busy.send(GET)
        stopping = asyncio.ensure_future(server.stop(10))
        await turn()
        assert not idle.is_open
        assert not stopping.done()
        service.replies[0](text("done"))
        assert b"connection: close\r\n" in busy.received()
        await turn()
        assert stopping.done()

    run(test)


def test_stop_ends_waiting() -> None:
    async def test() -> None:
        service = Service()
        server, _ = make_server(service)
        busy = Peer(server)
        busy.send(GET)
        request = service.requests[0]
        request.when_lost(lambda: service.replies[0](text("nothing came")))
        assert request.is_connected()
        await server.stop(10)
        assert not request.is_connected()
        assert b"\r\n\r\nnothing came" in busy.received()

    run(test)


def test_stop_cuts_what_has_not_finished_in_time() -> None:
    async def test() -> None:
        server, timers = make_server(Service())
        busy = Peer(server)
        busy.send(GET)
        stopping = asyncio.ensure_future(server.stop(10))
        await turn()
        timers.advance(10)
        await turn()
        assert busy.transport.is_aborted
        assert stopping.done()

    run(test)
