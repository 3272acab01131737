"""Connections to a running Pileus: many of them, slow ones, and ones that go away."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from support import api_requests
from support.running import Running

QUEUE_PARAMS = {"QueueName": "connections"}


@contextmanager
def connected(pileus: Running) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", pileus.port), timeout=30) as peer:
        yield peer


def asked(pileus: Running, account: str, operation: str, params: dict[str, Any]) -> bytes:
    return api_requests.written(
        "sqs",
        operation,
        params,
        protocol="json",
        host=f"127.0.0.1:{pileus.port}",
        now=pileus.app.kernel.clock.real_now(),
        key=account,
    )


def read_answer(peer: socket.socket) -> tuple[int, dict[str, Any]]:
    """One answer with a length."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = peer.recv(65536)
        assert piece, data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lines = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:])
    while len(body) < int(lines["content-length"]):
        body += peer.recv(65536)
    return int(head[9:12]), json.loads(body or b"{}")


def ask(peer: socket.socket, data: bytes) -> dict[str, Any]:
    peer.sendall(data)
    status, answer = read_answer(peer)
    assert status == 200, answer
    return answer


def until(pileus: Running, is_so: Callable[[], bool]) -> None:
    """Let the server's loop turn until something holds; it does so in a few turns, or never."""

    async def turn() -> None:
        for _ in range(100_000):
            if is_so():
                return
            await asyncio.sleep(0)
        raise AssertionError("It never came true.")

    pileus.run(turn())


def test_pipelined_requests_are_answered_in_order(pileus: Running, account: str) -> None:
    with connected(pileus) as peer:
        url = ask(peer, asked(pileus, account, "CreateQueue", QUEUE_PARAMS))["QueueUrl"]
        sends = [
            asked(pileus, account, "SendMessage", {"QueueUrl": url, "MessageBody": f"m{n}"})
            for n in range(5)
        ]
        receive = asked(
            pileus, account, "ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 10}
        )
        peer.sendall(b"".join([*sends, receive]))
        data = b""
        while data.count(b"HTTP/1.1 200 OK") < 6 or b'"Messages"' not in data:
            data += peer.recv(65536)
        assert data.index(b"MD5OfMessageBody") < data.index(b'"Messages"')
        assert data.count(b'"Body"') == 5


def test_lost_client_ends_its_long_poll_and_takes_no_message(pileus: Running, account: str) -> None:
    waiting = pileus.app.kernel.waiting
    with connected(pileus) as peer:
        url = ask(peer, asked(pileus, account, "CreateQueue", QUEUE_PARAMS))["QueueUrl"]
        poll = asked(pileus, account, "ReceiveMessage", {"QueueUrl": url, "WaitTimeSeconds": 20})
        with connected(pileus) as poller:
            poller.sendall(poll)
            arn = f"arn:aws:sqs:us-east-1:{account}:connections"
            until(pileus, lambda: waiting.count(arn) == 1)
        until(pileus, lambda: waiting.count(arn) == 0)
        message = {"QueueUrl": url, "MessageBody": "for somebody else"}
        ask(peer, asked(pileus, account, "SendMessage", message))
        got = ask(peer, asked(pileus, account, "ReceiveMessage", {"QueueUrl": url}))
        assert [each["Body"] for each in got["Messages"]] == ["for somebody else"]


def test_hundreds_of_connections_are_served(pileus: Running, account: str) -> None:
    request = asked(pileus, account, "ListQueues", {})
    with ExitStack() as stack:
        peers = [stack.enter_context(connected(pileus)) for _ in range(300)]
        half = request[: len(request) // 2]
        for peer in peers[::2]:
            peer.sendall(half)
        for peer in peers[1::2]:
            assert ask(peer, request) == {}
        for peer in peers[::2]:
            assert ask(peer, request[len(half) :]) == {}


def test_many_clients_at_once_are_served(pileus: Running, account: str) -> None:
    request = asked(pileus, account, "ListQueues", {})

    def client(_: int) -> int:
        with connected(pileus) as peer:
            return sum(ask(peer, request) == {} for _ in range(20))

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(client, range(16))) == [20] * 16


def test_garbage_gets_400_and_harms_nobody(pileus: Running) -> None:
    with connected(pileus) as peer:
        peer.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        data = peer.recv(65536)
        assert data.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b"x-amzn-requestid: " in data
    assert pileus.control("/_pileus/health")["status"] == 200


def test_body_beyond_the_limit_gets_413(pileus: Running) -> None:
    with connected(pileus) as peer:
        peer.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n")
        status, answer = read_answer(peer)
        assert status == 413
        assert answer["__type"] == "RequestEntityTooLarge"


def test_curl_that_expects_100_continue_is_served(pileus: Running, account: str) -> None:
    request = asked(pileus, account, "ListQueues", {})
    head, _, body = request.partition(b"\r\n\r\n")
    with connected(pileus) as peer:
        peer.sendall(head + b"\r\nExpect: 100-continue\r\n\r\n")
        assert peer.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert ask(peer, body) == {}
