"""The server on real sockets and uvloop: what a transport in memory cannot show."""

from __future__ import annotations

import asyncio
import resource
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import uvloop

from pileus.gateway.http_limits import HttpLimits
from pileus.gateway.server import Listener, Server
from pileus.kernel.clock import Clock
from pileus.kernel.request import Request, Response
from support.http_peer import Service, echo, text

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
Test = Callable[[Server, Listener], Awaitable[None]]


def serve(test: Test, handle: Any, limits: HttpLimits | None = None, **options: Any) -> None:
    async def run() -> None:
        server = Server(handle, Clock(), lambda: "request-1", limits, **options)
        listener = await server.start("127.0.0.1", 0)
        await asyncio.wait_for(test(server, listener), 20)
        await server.stop(0.1)
        assert server.connections == set()

    uvloop.run(run())


async def connect(listener: Listener) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", listener.port)


async def begin(writer: asyncio.StreamWriter, service: Service) -> None:
    """Send a request and wait until it runs."""
    arrived = asyncio.Event()
    service.on_request = arrived.set
    writer.write(GET)
    await arrived.wait()


def test_many_requests_use_one_connection() -> None:
    async def test(server: Server, listener: Listener) -> None:
        reader, writer = await connect(listener)
        for n in range(50):
            writer.write(b"POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi" % n)
            answer = await reader.readuntil(b"hi")
            assert answer.endswith(b"\r\n\r\nPOST /%d? hi" % n)
        assert len(server.connections) == 1
        writer.close()

    serve(test, Service(echo))


def test_half_closed_client_gets_its_answer() -> None:
    async def test(server: Server, listener: Listener) -> None:
        reader, writer = await connect(listener)
        await begin(writer, service)
        lost = asyncio.Event()
        service.requests[0].when_lost(lost.set)
        writer.write_eof()
        await lost.wait()
        assert not service.requests[0].is_connected()
        service.replies[0](text("answer"))
        assert (await reader.read()).endswith(b"\r\n\r\nanswer")

    service = Service()
    serve(test, service)


def test_vanished_client_ends_waiting() -> None:
    async def test(server: Server, listener: Listener) -> None:
        _, writer = await connect(listener)
        await begin(writer, service)
        lost = asyncio.Event()
        service.requests[0].when_lost(lost.set)
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        await lost.wait()
        service.replies[0](text("nobody hears it"))
        assert not service.requests[0].is_connected()

    service = Service()
    serve(test, service)


def test_refused_client_can_read_why_although_it_is_still_sending() -> None:
    async def test(server: Server, listener: Listener) -> None:
        reader, writer = await connect(listener)
        writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\n\r\n")
        writer.write(b"a" * 1_000_000)
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 413 ")
        writer.close()

    serve(test, Service(echo))


def test_large_answer_reaches_a_client_that_reads_late() -> None:
    async def test(server: Server, listener: Listener) -> None:
        reader, writer = await connect(listener)
        writer.write(GET + GET)
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(5_000_000)
            assert body == b"x" * 5_000_000
        writer.close()

    serve(test, Service(lambda request: Response(200, {}, b"x" * 5_000_000)))


def test_upload_and_download_stream_at_the_pace_of_the_slower_side() -> None:
    most: list[int] = []

    def handle(request: Request, reply: Callable[[Response], None]) -> None:
        assert request.stream is not None
        reply(Response(200, {}, relay(request)))

    async def relay(request: Request) -> AsyncIterator[bytes]:
        stream: Any = request.stream
        async for piece in stream:
            most.append(stream.buffered_bytes)
            yield piece

    async def test(server: Server, listener: Listener) -> None:
        reader, writer = await connect(listener)
        size = 20_000_000
        writer.write(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % size)
        piece = bytes(range(250)) * 400

        async def send() -> None:
            for _ in range(size // len(piece)):
                writer.write(piece)
                await writer.drain()

        sending = asyncio.ensure_future(send())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"transfer-encoding: chunked\r\n" in head
        got = bytearray()
        while (chunk := int((await reader.readuntil(b"\r\n")).strip(), 16)) > 0:
            got += await reader.readexactly(chunk)
            await reader.readexactly(2)
        await sending
        assert bytes(got) == piece * (size // len(piece))
        writer.close()

    serve(test, handle, wants_stream=lambda request: True)
    assert max(most) < 600_000


def test_socket_of_a_sandbox_names_its_environment_and_closes_alone() -> None:
    async def test(server: Server, listener: Listener) -> None:
        bound = socket.create_server(("127.0.0.1", 0))
        inside = await server.start_on(bound, "env-7")
        reader, writer = await connect(inside)
        writer.write(GET)
        await reader.readuntil(b"from env-7.")
        outer_reader, outer = await connect(listener)
        outer.write(GET)
        await outer_reader.readuntil(b"from .")
        inside.close()
        assert await reader.read() == b""
        outer.write(GET)
        await outer_reader.readuntil(b"from .")
        outer.close()
        writer.close()

    serve(test, Service(lambda request: text(f"from {request.environment_id}.")))


def test_slow_client_is_cut_off_by_the_real_clock() -> None:
    async def test(server: Server, listener: Listener) -> None:
        reader, writer = await connect(listener)
        writer.write(b"GET / HTTP/1.1\r\nHo")
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 408 ")
        writer.close()

    serve(test, Service(echo), HttpLimits(header_seconds=0.05, linger_seconds=0.05))


def test_stop_waits_for_the_running_request() -> None:
    async def run() -> None:
        service = Service()
        server = Server(service, Clock(), lambda: "request-1")
        listener = await server.start("127.0.0.1", 0)
        reader, writer = await connect(listener)
        idle_reader, idle = await connect(listener)
        await begin(writer, service)
        stopping = asyncio.ensure_future(server.stop(20))
        assert await idle_reader.read() == b""
        assert not stopping.done()
        service.replies[0](text("done"))
        assert (await reader.read()).endswith(b"connection: close\r\n\r\ndone")
        await asyncio.wait_for(stopping, 10)
        for each in (writer, idle):
            each.close()

    uvloop.run(run())


def test_server_may_open_the_files_that_its_connections_need() -> None:
    async def test(server: Server, listener: Listener) -> None:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert server.connections_max == min(HttpLimits().connections_max, soft - 256)

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(600, before[0]), before[1]))
    try:
        serve(test, Service(echo))
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= min(before[1], 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
