"""HTTP/2 from a client that begins with it, on real sockets: requests, answers, windows, bounds."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import uvloop
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from hyperframe.frame import GoAwayFrame
from hypothesis import given
from hypothesis import strategies as st

from pileus.gateway.connection import PREFACE
from pileus.gateway.http2_connection import RESETS_MAX
from pileus.gateway.http_limits import HttpLimits
from pileus.gateway.server import Server
from pileus.kernel.clock import Clock
from pileus.kernel.request import CutShort, Request, Response
from support.http_peer import HandTimers, Peer, Service, echo, text

GET = [(":method", "GET"), (":path", "/a?b=c"), (":scheme", "http"), (":authority", "h:1")]
POST = [(":method", "POST"), *GET[1:]]
LARGE = 1_000_000


class Client:
    """Speaks HTTP/2 to a server, and keeps what it hears by stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="latin-1"))
        self.bodies: defaultdict[int, bytes] = defaultdict(bytes)
        self.heads: dict[int, dict[str, str]] = {}
        self.heard: list[Event] = []
        self.gives_room = True
        self.h2.initiate_connection()

    def ask(self, headers: list[tuple[str, str]], body: bytes | None = b"") -> int:
        """Send a request; its body stays open where that is None."""
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, headers, end_stream=body == b"")
        if body:
            self.h2.send_data(stream, body, end_stream=True)
        self.flush()
        return stream

    def flush(self) -> None:
        self.writer.write(self.h2.data_to_send())

    async def hear(self, until: Callable[[], bool]) -> None:
        while not until():
            data = await self.reader.read(65_536)
            for event in self.h2.receive_data(data):
                self.note(event)
            self.flush()
            if not data:
                return

    def note(self, event: Event) -> None:
        self.heard.append(event)
        if isinstance(event, ResponseReceived):
            self.heads[event.stream_id] = dict(event.headers)  # type: ignore[arg-type]
        if isinstance(event, DataReceived):
            self.bodies[event.stream_id] += event.data
            if self.gives_room:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)

    def found(self, kind: type, stream: int | None = None) -> list[Any]:
        return [
            event for event in self.heard
            if isinstance(event, kind) and stream in (None, getattr(event, "stream_id", None))
        ]  # fmt: skip

    async def answer(self, stream: int) -> tuple[str, bytes]:
        await self.hear(lambda: bool(self.found(StreamEnded, stream)))
        return self.heads[stream][":status"], self.bodies[stream]


def serve(
    test: Callable[[Client, Server], Awaitable[None]],
    handle: Any,
    limits: HttpLimits | None = None,
    **options: Any,
) -> None:
    async def run() -> None:
        server = Server(handle, Clock(), lambda: "request-1", limits, **options)
        listener = await server.start("127.0.0.1", 0)
        client = Client(*await asyncio.open_connection("127.0.0.1", listener.port))
        await asyncio.wait_for(test(client, server), 20)
        client.writer.close()
        await server.stop(0.1)
        assert server.connections == set()

    uvloop.run(run())


def test_requests_of_a_connection_run_side_by_side() -> None:
    service = Service()

    async def test(client: Client, server: Server) -> None:
        first, second = client.ask(GET), client.ask([*POST, ("x-a", "1"), ("x-a", "2")], b"hi")
        await client.hear(lambda: len(service.requests) == 2)
        service.replies[1](text("second"))
        assert ("200", b"second") == await client.answer(second)
        service.replies[0](text("first", 404))
        assert ("404", b"first") == await client.answer(first)
        assert 1 == len(server.connections)
        request = service.requests[1]
        assert ("POST", "/a", "b=c", b"hi") == (
            request.method, request.path, request.query, request.body,
        )  # fmt: skip
        assert {"host": "h:1", "x-a": "1,2"} == request.headers

    serve(test, service)


def test_heads_are_as_http_2_wants_them() -> None:
    def answer(request: Request) -> Response:
        headers = {"X-Name": "a\r\nb: ü", "Connection": "close", "Content-Type": "text/plain"}
        headers |= {"": "x", "Upgrade": "h2c", ":path": "/"}
        return Response(200, headers, b"xyz", repeated_headers=[("Set-Cookie", "q")])

    async def test(client: Client, server: Server) -> None:
        stream = client.ask([(":method", "HEAD"), *GET[1:]])
        assert ("200", b"") == await client.answer(stream)
        head = client.heads[stream]
        assert ("Pileus", "a  b: ü", "text/plain", "q", "3") == tuple(
            head[name]
            for name in ("server", "x-name", "content-type", "set-cookie", "content-length")
        )
        assert {"connection", "upgrade", ""}.isdisjoint(head)

    serve(test, Service(answer))


def test_a_large_answer_waits_for_the_clients_windows() -> None:
    async def test(client: Client, server: Server) -> None:
        client.gives_room = False
        stream, other = client.ask(GET), client.ask(POST, b"x")
        await client.hear(lambda: len(client.bodies[stream]) + len(client.bodies[other]) >= 65_535)
        client.gives_room = True
        client.h2.acknowledge_received_data(len(client.bodies[stream]), stream)
        client.h2.acknowledge_received_data(len(client.bodies[other]), other)
        client.flush()
        for each in (stream, other):
            assert ("200", b"x" * LARGE) == await client.answer(each)

    serve(test, Service(lambda _: Response(200, {}, b"x" * LARGE)))


def test_a_client_that_asks_no_more_still_gets_its_answers() -> None:
    """JavaScript's SDK sends GOAWAY while it waits for the last answer, and grants windows on."""

    async def test(client: Client, server: Server) -> None:
        stream = client.ask(GET)
        client.writer.write(GoAwayFrame(0).serialize())
        assert ("200", b"x" * LARGE) == await client.answer(stream)

    serve(test, Service(lambda _: Response(200, {}, b"x" * LARGE)))


def test_answers_are_streamed_and_those_cut_short_are_reset() -> None:
    async def pieces(request: Request) -> AsyncIterator[bytes]:
        yield b"one,"
        yield b"two"
        if request.method == "POST":
            raise CutShort

    async def test(client: Client, server: Server) -> None:
        assert ("200", b"one,two") == await client.answer(client.ask(GET))
        stream = client.ask(POST)
        await client.hear(lambda: bool(client.found(StreamReset, stream)))
        [reset] = client.found(StreamReset, stream)
        assert (ErrorCodes.INTERNAL_ERROR, b"one,two") == (
            reset.error_code, client.bodies[stream],
        )  # fmt: skip

    serve(test, Service(lambda request: Response(200, {}, pieces(request))))


def test_bodies_are_streamed_no_faster_than_they_are_read() -> None:
    service = Service()

    async def test(client: Client, server: Server) -> None:
        stream = client.ask(POST, None)
        await client.hear(lambda: len(service.requests) == 1)
        body = service.requests[0].stream
        assert body is not None
        sent = 0
        received = b""
        while sent < LARGE:
            room = min(client.h2.local_flow_control_window(stream), 16_384, LARGE - sent)
            if room:
                client.h2.send_data(stream, b"x" * room)
                client.flush()
                sent += room
            else:
                assert len(received) < sent, "The window is closed only while nobody reads."
                received += await anext(body)
                before = client.h2.local_flow_control_window(stream)
                if len(received) == sent:
                    grown = lambda: client.h2.local_flow_control_window(stream) > before  # noqa: B023, E731
                    await client.hear(grown)
        client.h2.end_stream(stream)
        client.flush()
        async for piece in body:
            received += piece
        assert LARGE == len(received)
        service.replies[0](text("done"))
        assert ("200", b"done") == await client.answer(stream)

    limits = HttpLimits(stream_buffer_bytes_max=65_536)
    serve(test, service, limits, wants_stream=lambda request: True)


def test_a_body_that_is_too_large_is_refused_and_the_rest_not_wanted() -> None:
    async def test(client: Client, server: Server) -> None:
        stream = client.ask(POST, None)
        client.h2.send_data(stream, b"x" * 1001)
        client.flush()
        assert "413" == (await client.answer(stream))[0]
        assert (
            "413" == (await client.answer(client.ask([*POST, ("content-length", "1001")], None)))[0]
        )
        assert ("200", b"POST /a?b=c x") == await client.answer(client.ask(POST, b"x"))

    serve(test, Service(echo), HttpLimits(body_bytes_max=1000))


def test_what_cannot_be_read_is_refused() -> None:
    async def test(client: Client, server: Server) -> None:
        for headers, status in (
            ([(":method", "TRACE"), *GET[1:]], "405"),
            ([GET[0], (":path", "/" + "x" * 20_000), *GET[2:]], "414"),
            ([GET[0], (":path", "/a#b"), *GET[2:]], "400"),
            ([*GET, *[(f"x-{number}", "y") for number in range(200)]], "431"),
            ([*POST, ("expect", "cake")], "417"),
        ):
            body = None if status == "417" else b""
            assert status == (await client.answer(client.ask(headers, body)))[0]

    serve(test, Service(echo))


def test_who_waits_for_it_is_told_to_go_on() -> None:
    async def test(client: Client, server: Server) -> None:
        stream = client.ask([*POST, ("expect", "100-continue")], None)
        await client.hear(lambda: bool(client.found(InformationalResponseReceived)))
        client.h2.send_data(stream, b"x", end_stream=True)
        client.flush()
        assert ("200", b"POST /a?b=c x") == await client.answer(stream)

    serve(test, Service(echo))


def test_a_request_that_is_reset_ends_its_waiting() -> None:
    service = Service()

    async def test(client: Client, server: Server) -> None:
        stream = client.ask(GET)
        await client.hear(lambda: len(service.requests) == 1)
        request = service.requests[0]
        lost = asyncio.Event()
        request.when_lost(lost.set)
        client.h2.reset_stream(stream)
        client.flush()
        await lost.wait()
        assert not request.is_connected()
        service.replies[0](text("too late"))
        service.answer = echo
        assert "200" == (await client.answer(client.ask(GET)))[0]

    serve(test, service)


def test_who_resets_without_end_is_turned_away() -> None:
    async def test(client: Client, server: Server) -> None:
        for _ in range(RESETS_MAX + 1):
            client.h2.reset_stream(client.ask(GET))
        client.flush()
        await client.hear(lambda: bool(client.found(ConnectionTerminated)))
        [end] = client.found(ConnectionTerminated)
        assert ErrorCodes.ENHANCE_YOUR_CALM == end.error_code

    serve(test, Service())


def test_frames_that_may_not_be_end_the_connection() -> None:
    async def test(client: Client, server: Server) -> None:
        assert "200" == (await client.answer(client.ask(GET)))[0]
        client.writer.write(b"\0\0\5\0\0\0\0\0\0hello")  # DATA of no stream
        await client.hear(lambda: bool(client.found(ConnectionTerminated)))
        assert b"" == await client.reader.read()

    serve(test, Service(echo))


def valid_bytes() -> bytes:
    client = H2Connection(H2Configuration(client_side=True))
    client.initiate_connection()
    client.send_headers(1, GET, end_stream=True)
    client.send_headers(3, [*POST, ("content-length", "3")])
    client.send_data(3, b"abc", end_stream=True)
    client.ping(b"12345678")
    client.send_headers(5, POST)
    client.reset_stream(5)
    client.increment_flow_control_window(1000)
    return client.data_to_send()


VALID = valid_bytes()


@given(
    changes=st.lists(
        st.tuples(st.integers(len(PREFACE), len(VALID) - 1), st.integers(0, 255)), max_size=6
    ),
    cut=st.integers(1, len(VALID)),
)
def test_no_bytes_upset_the_server(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(VALID)
    for place, value in changes:
        data[place] = value
    server = Server(Service(echo), HandTimers(), lambda: "request-1")
    server.loop = asyncio.new_event_loop()
    peer = Peer(server)
    peer.send(bytes(data[: max(cut, len(PREFACE))]))
    peer.send(bytes(data[max(cut, len(PREFACE)) :]))
    assert len(peer.received()) < 10_000
    peer.leave()
    assert set() == server.connections
    server.loop.close()


def test_a_connection_without_requests_ends() -> None:
    async def test(client: Client, server: Server) -> None:
        assert "200" == (await client.answer(client.ask(GET)))[0]
        await client.hear(lambda: bool(client.found(ConnectionTerminated)))
        assert ErrorCodes.NO_ERROR == client.found(ConnectionTerminated)[0].error_code

    serve(test, Service(echo), HttpLimits(idle_seconds=0.05))


def test_a_client_that_takes_no_answer_is_cut_off() -> None:
    async def test(client: Client, server: Server) -> None:
        client.gives_room = False
        client.ask(GET)
        await client.hear(lambda: False)
        assert 65_535 == len(client.bodies[1])

    serve(test, Service(lambda _: Response(200, {}, b"x" * LARGE)), HttpLimits(body_seconds=0.05))
