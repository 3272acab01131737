"""Whom Pileus calls, and what becomes of answers that are none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

import pytest

from pileus.kernel.clock import Clock
from pileus.kernel.egress import ANSWER_BYTES_MAX, Answer, Egress, EgressFailed
from pileus.kernel.egress_addresses import Rules

ALONE = Rules("127.0.0.1", ())
PUBLIC = Rules("0.0.0.0", ("10.1.0.0/16", "build.example"))

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "fd00:ec2::254",
        "fe80::1",
        "100.100.100.200",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "224.0.0.1",
    ],
)
def test_metadata_addresses_are_never_called(address: str) -> None:
    listed = Rules("0.0.0.0", ("0.0.0.0/0", "::/0", "metadata"))
    assert [False, False] == [
        rules.allow("metadata", ip_address(address)) for rules in (ALONE, listed)
    ]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "fd12::1"])
def test_private_addresses_are_for_those_who_are_alone(address: str) -> None:
    assert [True, False] == [
        rules.allow("somewhere", ip_address(address)) for rules in (ALONE, PUBLIC)
    ]


def test_private_addresses_may_be_listed() -> None:
    assert [True, True, True, False] == [
        PUBLIC.allow(host, ip_address(address))
        for host, address in (
            ("a", "10.1.2.3"),
            ("a", "::ffff:10.1.2.3"),
            ("BUILD.example.", "192.168.1.1"),
            ("a", "10.2.0.1"),
        )
    ]


def test_public_addresses_may_be_called() -> None:
    assert PUBLIC.allow("a", ip_address("93.184.216.34"))


async def ask(serve: Serve, rules: Rules = ALONE, seconds: float = 5, **given: str) -> Answer:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        url = given.get("url", "http://127.0.0.1:{port}/a b?c=d").format(port=port)
        headers = {"X-Given": given.get("header", "x")}
        egress = Egress(Clock(), rules)
        async with egress.place(url):
            return await egress.send("POST", url, headers, b"body", real_seconds=seconds)


def answering(text: bytes, received: list[bytes] | None = None) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(4)
        if received is not None:
            received.append(head + body)
        writer.write(text)
        await writer.drain()

    return serve


def failure(serve: Serve, rules: Rules = ALONE, seconds: float = 5, **given: str) -> EgressFailed:
    with pytest.raises(EgressFailed) as caught:
        asyncio.run(ask(serve, rules, seconds, **given))
    return caught.value


def test_a_request_and_its_answer() -> None:
    received: list[bytes] = []
    text = b"HTTP/1.1 201 Created\r\nA: b\r\nContent-Length: 2\r\n\r\nok"
    assert Answer(201, {"a": "b", "content-length": "2"}, b"ok") == asyncio.run(
        ask(answering(text, received))
    )
    lines = received[0].split(b"\r\n")
    assert (b"POST /a%20b?c=d HTTP/1.1", b"Content-Length: 4", b"X-Given: x", b"body") == (
        lines[0],
        lines[3],
        lines[4],
        lines[-1],
    )


def test_a_redirect_is_an_answer() -> None:
    text = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    assert 302 == asyncio.run(ask(answering(text))).status


def test_a_body_may_end_with_the_connection() -> None:
    assert b"all" == asyncio.run(ask(answering(b"HTTP/1.1 200 OK\r\n\r\nall"))).body


def test_a_body_is_read_up_to_a_limit() -> None:
    text = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (ANSWER_BYTES_MAX + 1000)
    assert ANSWER_BYTES_MAX == len(asyncio.run(ask(answering(text))).body)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"not HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: " + b"b" * 200_000,
    ],
)
def test_answers_that_are_none_fail_and_may_be_tried_again(text: bytes) -> None:
    assert not failure(answering(text)).is_final


def test_an_endpoint_that_does_not_answer_is_left() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    assert "Timed out waiting for the endpoint to answer" == failure(serve, seconds=0.05).reason


def test_an_address_that_may_not_be_called_is_not() -> None:
    refused = failure(answering(b""), Rules("0.0.0.0", ()))
    assert ("The address of 127.0.0.1 may not be called", True) == (
        refused.reason,
        refused.is_final,
    )


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://", "http://h:99999/", "http://[::1"])
def test_urls_that_cannot_be_called(url: str) -> None:
    assert failure(answering(b""), url=url).is_final


def test_headers_have_no_line_breaks() -> None:
    assert "A header has a line break" == failure(answering(b""), header="a\r\nB: c").reason


def test_one_origin_has_only_so_many_calls_at_a_time() -> None:
    async def run() -> tuple[int, int]:
        egress = Egress(Clock(), ALONE)
        inside, most, others = 0, 0, 0
        gate = asyncio.Event()

        async def enter(url: str) -> None:
            nonlocal inside, most, others
            async with egress.place(url):
                if url.startswith("http://a"):
                    inside += 1
                    most = max(most, inside)
                    await gate.wait()
                    inside -= 1
                else:
                    others += 1

        tasks = [asyncio.create_task(enter("http://a/")) for _ in range(50)]
        await Clock().settle()
        await enter("http://b/")
        gate.set()
        await asyncio.gather(*tasks)
        return most, others

    assert (8, 1) == asyncio.run(run())
