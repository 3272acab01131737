"""The server over a transport in memory: order, limits, patience, and refusals."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator

import pytest

from pileus.gateway.http_limits import HttpLimits
from pileus.gateway.server import Server
from pileus.kernel.request import Request, Response
from support.http_peer import HandTimers, Peer, Service, echo, text

LIMITS = HttpLimits()


@pytest.fixture(autouse=True)
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    loop.close()
    asyncio.set_event_loop(None)


def make_server(service: Service, limits: HttpLimits = LIMITS, **options: object) -> Server:
    return Server(service, HandTimers(), lambda: "request-1", limits, **options)  # type: ignore[arg-type]


def statuses(data: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", data)]


def test_request_arrives_as_it_was_sent() -> None:
    service = Service()
    peer = Peer(make_server(service), environment_id="env-1")
    peer.send(
        b"POST /a%20b/c?x=1&y=%2F HTTP/1.1\r\nHost: h:1\r\nX-Thing: One\r\nx-thing: Two\r\n"
        b"Content-Length: 5\r\n\r\nhello"
    )
    request = service.requests[0]
    assert request.method == "POST"
    assert request.path == "/a%20b/c"
    assert request.query == "x=1&y=%2F"
    assert request.headers == {"host": "h:1", "x-thing": "One,Two", "content-length": "5"}
    assert request.body == b"hello"
    assert request.stream is None
    assert request.client_address == "192.0.2.7"
    assert request.environment_id == "env-1"


def test_answer_has_date_server_and_length_in_one_write() -> None:
    peer = Peer(make_server(Service(echo)))
    peer.send(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
    assert peer.transport.writes == 1
    assert peer.received() == (
        b"HTTP/1.1 200 OK\r\nserver: Pileus\r\ndate: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
        b"content-type: text/plain\r\ncontent-length: 8\r\n\r\nGET /x? "
    )
    assert peer.is_open


def test_request_is_read_however_it_is_cut() -> None:
    data = b"POST /p?q HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
    for at in range(1, len(data)):
        peer = Peer(make_server(Service(echo)))
        peer.send(data[:at])
        peer.send(data[at:])
        assert peer.received().endswith(b"\r\n\r\nPOST /p?q abc")


def test_pipelined_requests_run_one_by_one_and_are_answered_in_order() -> None:
    service = Service()
    peer = Peer(make_server(service))
    peer.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % n for n in range(3)))
    assert [request.path for request in service.requests] == ["/0"]
    service.replies[0](text("first"))
    assert [request.path for request in service.requests] == ["/0", "/1"]
    service.replies[1](text("second"))
    service.replies[2](text("third"))
    assert re.findall(rb"\r\n\r\n(first|second|third)", peer.received()) == [
        b"first",
        b"second",
        b"third",
    ]


def test_deep_pipeline_stops_reading_until_there_is_room() -> None:
    service = Service()
    peer = Peer(make_server(service, HttpLimits(pipelined_max=2)))
    peer.send(b"GET /0 HTTP/1.1\r\nHost: h\r\n\r\n" * 3)
    assert peer.transport.is_paused
    service.replies[0](text(""))
    assert not peer.transport.is_paused


def test_flood_in_one_read_is_taken_in_slices() -> None:
    service = Service()
    peer = Peer(make_server(service, HttpLimits(pipelined_max=2)))
    peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 4000)
    assert len(peer.connection.waiting) < 1000
    answered = 0
    while service.replies:
        service.replies.pop()(text(""))
        answered += 1
    assert answered == 4000


def test_many_pipelined_requests_do_not_deepen_the_stack() -> None:
    peer = Peer(make_server(Service(echo)))
    peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 5000)
    assert len(statuses(peer.received())) == 5000


def test_http_10_closes_unless_asked_to_keep_alive() -> None:
    peer = Peer(make_server(Service(echo)))
    peer.send(b"GET / HTTP/1.0\r\n\r\n")
    assert b"connection: close\r\n" in peer.received()
    assert not peer.is_open
    peer = Peer(make_server(Service(echo)))
    peer.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert b"connection: keep-alive\r\n" in peer.received()
    assert peer.is_open


def test_connection_close_is_obeyed_and_what_follows_is_ignored() -> None:
    service = Service(echo)
    peer = Peer(make_server(service))
    peer.send(b"GET /1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")
    assert [request.path for request in service.requests] == ["/1"]
    assert statuses(peer.received()) == [200]
    assert not peer.is_open


def test_head_gets_the_headers_alone() -> None:
    peer = Peer(make_server(Service(lambda request: text("four"))))
    peer.send(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
    received = peer.received()
    assert b"content-length: 4\r\n" in received
    assert received.endswith(b"\r\n\r\n")


def test_a_body_of_several_pieces_is_one_body() -> None:
    answer = Response(200, {}, b"ab", rest=[b"c", b"de"])
    peer = Peer(make_server(Service(lambda request: answer)))
    peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert peer.received().endswith(b"\r\ncontent-length: 5\r\n\r\nabcde")
    assert peer.is_open
    peer.send(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert peer.received().endswith(b"\r\ncontent-length: 5\r\n\r\n")
    peer.send(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert peer.received().endswith(b"content-length: 5\r\nconnection: close\r\n\r\nabcde")
    assert not peer.is_open


def test_head_keeps_the_length_that_the_service_gives() -> None:
    answer = Response(200, {"Content-Length": "1234"}, b"")
    peer = Peer(make_server(Service(lambda request: answer)))
    peer.send(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert re.findall(rb"(?i)content-length: (\d+)", peer.received()) == [b"1234"]


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_content_have_no_length(status: int) -> None:
    peer = Peer(make_server(Service(lambda request: Response(status, {}, b"dropped"))))
    peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    received = peer.received()
    assert b"content-length" not in received
    assert received.endswith(b"\r\n\r\n")


def test_chunked_body_is_joined_and_trailers_are_dropped() -> None:
    service = Service()
    peer = Peer(make_server(service))
    peer.send(
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;name=value\r\nabc\r\n2\r\nde\r\n0\r\nAuthorization: forged\r\n\r\n"
    )
    assert service.requests[0].body == b"abcde"
    assert "authorization" not in service.requests[0].headers


def test_expect_continue_is_answered_before_the_body() -> None:
    service = Service(echo)
    peer = Peer(make_server(service))
    peer.send(b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert peer.received() == b"HTTP/1.1 100 Continue\r\n\r\n"
    peer.send(b"abc")
    assert statuses(peer.received()) == [200]


def test_expect_continue_waits_for_the_answers_before_it() -> None:
    service = Service()
    peer = Peer(make_server(service))
    peer.send(
        b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
        b"PUT /2 HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    )
    assert peer.received() == b""
    service.replies[0](text("one"))
    assert statuses(peer.received()) == [200, 100]


def test_absolute_url_names_the_host() -> None:
    service = Service()
    peer = Peer(make_server(service))
    peer.send(b"GET http://other:9/p?q HTTP/1.1\r\nHost: h\r\n\r\n")
    request = service.requests[0]
    assert (request.path, request.query, request.headers["host"]) == ("/p", "q", "other:9")


SMUGGLED = {
    "length and chunked": b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
    "chunked and length": b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
    "two lengths": b"Content-Length: 3\r\nContent-Length: 4\r\n",
    "two equal lengths": b"Content-Length: 3\r\nContent-Length: 3\r\n",
    "signed length": b"Content-Length: +3\r\n",
    "list of lengths": b"Content-Length: 3, 3\r\n",
    "huge length": b"Content-Length: 99999999999999999999999\r\n",
    "hidden chunked": b"Transfer-Encoding: xchunked\r\n",
    "space before colon": b"Transfer-Encoding : chunked\r\n",
    "chunked not last": b"Transfer-Encoding: chunked, identity\r\n",
    "folded": b"X: a\r\n b\r\nTransfer-Encoding:\r\n chunked\r\n",
    "bare line feed": b"X: a\nTransfer-Encoding: chunked\r\n",
    "bare carriage return": b"X: a\rb\r\n",
    "null": b"X: a\x00b\r\n",
    "two hosts": b"Host: other\r\n",
}


@pytest.mark.parametrize("headers", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_smuggling_is_refused(headers: bytes) -> None:
    service = Service(echo)
    peer = Peer(make_server(service))
    peer.send(b"POST / HTTP/1.1\r\nHost: h\r\n" + headers + b"\r\n0\r\n\r\nGET /evil HTTP/1.1\r\n")
    assert [request.path for request in service.requests] == []
    received = peer.received()
    assert statuses(received) == [400]
    assert b"x-amzn-requestid: request-1\r\n" in received
    assert b"connection: close\r\n" in received


CHUNKED_10 = b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
GZIPPED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
REFUSED = {
    "no http": (b"hello\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "version 0.9": (b"GET / HTTP/0.9\r\nHost: h\r\n\r\n", 400),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "fragment": (b"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "connect": (b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 405),
    "trace": (b"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", 405),
    "user in url": (b"GET http://me@h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "chunked for http/1.0": (CHUNKED_10, 400),
    "gzip": (GZIPPED, 400),
    "expectation": (b"POST / HTTP/1.1\r\nHost: h\r\nExpect: cake\r\n\r\n", 417),
}  # fmt: skip


@pytest.mark.parametrize(("data", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_unreadable_request_is_refused_and_the_connection_ends(data: bytes, status: int) -> None:
    service = Service(echo)
    peer = Peer(make_server(service))
    peer.send(data)
    assert service.requests == []
    assert statuses(peer.received()) == [status]
    assert peer.transport.has_written_eof
    peer.half_close()
    assert not peer.is_open


def test_refusal_waits_for_the_answers_before_it() -> None:
    service = Service()
    peer = Peer(make_server(service))
    peer.send(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nrubbish\r\n\r\n")
    assert peer.received() == b""
    service.replies[0](text("one"))
    assert statuses(peer.received()) == [200, 400]


def test_url_at_its_limit_passes_and_over_it_is_414() -> None:
    limits = HttpLimits(url_bytes_max=20)
    for length, expected in ((20, 200), (21, 414)):
        peer = Peer(make_server(Service(echo), limits))
        peer.send(b"GET /" + b"a" * (length - 1) + b" HTTP/1.1\r\nHost: h\r\n\r\n")
        assert [expected] == statuses(peer.received())


def test_endless_url_is_414() -> None:
    peer = Peer(make_server(Service(echo)))
    peer.send(b"GET /")
    for _ in range(20):
        peer.send(b"a" * 1000)
    assert statuses(peer.received()) == [414]


def test_header_count_at_its_limit_passes_and_over_it_is_431() -> None:
    limits = HttpLimits(headers_max=5)
    for count, expected in ((5, 200), (6, 431)):
        peer = Peer(make_server(Service(echo), limits))
        more = b"".join(b"X-%d: 1\r\n" % n for n in range(count - 1))
        peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n" + more + b"\r\n")
        assert [expected] == statuses(peer.received())


def test_header_bytes_at_their_limit_pass_and_over_it_are_431() -> None:
    limits = HttpLimits(headers_bytes_max=100)
    for size, expected in ((94, 200), (95, 431)):
        peer = Peer(make_server(Service(echo), limits))
        peer.send(b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * size + b"\r\n\r\n")
        assert [expected] == statuses(peer.received())


@pytest.mark.parametrize("piece", [b"a" * 1000, b"X" * 1000])
def test_endless_header_is_431(piece: bytes) -> None:
    peer = Peer(make_server(Service(echo)))
    peer.send(b"GET / HTTP/1.1\r\nHost: h\r\nX" + (b": " if piece[:1] == b"a" else b""))
    for _ in range(200):
        peer.send(piece)
    assert statuses(peer.received()) == [431]


def test_endless_trailers_are_refused() -> None:
    service = Service(echo)
    peer = Peer(make_server(service))
    peer.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    for n in range(200):
        peer.send(b"X-%d: 1\r\n" % n)
    assert statuses(peer.received()) == [431]


def test_endless_chunk_extension_is_refused() -> None:
    peer = Peer(make_server(Service(echo)))
    peer.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;x=")
    for _ in range(200):
        peer.send(b"a" * 1000)
    assert statuses(peer.received()) == [400]


def test_declared_body_over_the_limit_is_413_before_it_comes() -> None:
    limits = HttpLimits(body_bytes_max=10)
    for length, expected in ((10, []), (11, [413])):
        peer = Peer(make_server(Service(echo), limits))
        peer.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % length)
        assert expected == statuses(peer.received())


def test_refused_body_is_not_asked_for() -> None:
    peer = Peer(make_server(Service(echo), HttpLimits(body_bytes_max=10)))
    peer.send(b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n")
    assert statuses(peer.received()) == [413]


def test_chunked_body_over_the_limit_is_413() -> None:
    peer = Peer(make_server(Service(echo), HttpLimits(body_bytes_max=10)))
    peer.send(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
    peer.send(b"6\r\nabcdef\r\n")
    assert peer.received() == b""
    peer.send(b"6\r\nabcdef\r\n")
    assert statuses(peer.received()) == [413]


def test_route_may_allow_a_larger_body() -> None:
    def body_limit(method: str, path: str, headers: dict[str, str]) -> int:
        return 20 if path == "/large" else 0

    for path, expected in ((b"/large", [200]), (b"/small", [413])):
        server = make_server(Service(echo), HttpLimits(body_bytes_max=10), body_limit=body_limit)
        peer = Peer(server)
        peer.send(
            b"POST " + path + b" HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n" + b"a" * 20
        )
        assert expected == statuses(peer.received())


def test_connection_over_the_limit_is_503() -> None:
    server = make_server(Service(echo), HttpLimits(connections_max=1))
    first = Peer(server)
    second = Peer(server)
    assert statuses(second.received()) == [503]
    second.half_close()
    assert not second.is_open
    first.leave()
    third = Peer(server)
    third.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert statuses(third.received()) == [200]


def test_header_values_cannot_add_headers() -> None:
    headers = {"x-evil": "a\r\nset-cookie: b", "x\r\ny: z": "\x00", "x-fine": "ok"}
    peer = Peer(make_server(Service(lambda request: Response(200, headers, b""))))
    peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    lines = peer.received().split(b"\r\n")
    assert b"x-evil: a  set-cookie: b" in lines
    assert b"x--y--z:  " in lines
    assert b"x-fine: ok" in lines
    assert len(lines) == 9


@pytest.mark.parametrize("is_streamed", [False, True])
def test_header_may_be_repeated_but_frames_nothing(
    loop: asyncio.AbstractEventLoop, is_streamed: bool
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"body"

    repeated = [("set-cookie", "a=1"), ("Set-Cookie", "b=2\r\nx: y"), ("Content-Length", "1")]
    response = Response(
        200, {"x-one": "1"}, pieces() if is_streamed else b"body", repeated_headers=repeated
    )
    service = Service()
    peer = Peer(make_server(service))
    peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    service.replies[0](response)
    for _ in range(3):
        loop.run_until_complete(asyncio.sleep(0))
    lines = peer.received().split(b"\r\n\r\n")[0].split(b"\r\n")
    assert [b"set-cookie: a=1", b"Set-Cookie: b=2  x: y", b"x-one: 1"] == lines[3:6]
    assert [b"transfer-encoding: chunked" if is_streamed else b"content-length: 4"] == lines[6:]


def test_framing_headers_of_the_service_are_replaced() -> None:
    headers = {"Content-LENGTH": "99", "Transfer-Encoding": "chunked", "DATE": "never"}
    peer = Peer(make_server(Service(lambda request: Response(200, headers, b"abc"))))
    peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert peer.received() == (
        b"HTTP/1.1 200 OK\r\nserver: Pileus\r\nDATE: never\r\ncontent-length: 3\r\n\r\nabc"
    )


def test_header_values_beyond_latin_1_are_sent_as_utf_8() -> None:
    peer = Peer(make_server(Service(lambda request: Response(200, {"x-a": "\u0436"}, b""))))
    peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert b"x-a: \xd0\xb6\r\n" in peer.received()


def test_failing_service_answers_500_with_a_request_id() -> None:
    def fail(request: Request) -> Response:
        raise ValueError("secret detail")

    peer = Peer(make_server(Service(fail)))
    peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    received = peer.received()
    assert statuses(received) == [500]
    assert b"x-amzn-requestid: request-1\r\n" in received
    assert b"secret" not in received
    assert peer.is_open


def test_lost_client_is_told_and_its_answer_is_dropped() -> None:
    service = Service()
    peer = Peer(make_server(service))
    peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    request = service.requests[0]
    told: list[str] = []
    request.when_lost(lambda: told.append("lost"))
    assert request.is_connected()
    peer.leave()
    assert not request.is_connected()
    assert told == ["lost"]
    service.replies[0](text("late"))
    assert peer.received() == b""
    request.when_lost(lambda: told.append("at once"))
    assert told == ["lost", "at once"]


def test_answered_request_is_not_told_of_a_later_loss() -> None:
    service = Service()
    peer = Peer(make_server(service))
    peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    told: list[str] = []
    service.requests[0].when_lost(lambda: told.append("lost"))
    service.replies[0](text(""))
    peer.leave()
    assert told == []


def test_half_closed_client_ends_waiting_but_gets_its_answers() -> None:
    service = Service()
    peer = Peer(make_server(service))
    peer.send(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
    peer.half_close()
    assert not service.requests[0].is_connected()
    service.replies[0](text("one"))
    service.replies[1](text("two"))
    assert re.findall(rb"\r\n\r\n(one|two)", peer.received()) == [b"one", b"two"]
    assert not peer.is_open


def test_half_closed_idle_client_is_closed() -> None:
    peer = Peer(make_server(Service(echo)))
    peer.half_close()
    assert not peer.is_open


def test_second_answer_to_a_request_is_a_programming_error() -> None:
    service = Service()
    peer = Peer(make_server(service))
    peer.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    service.replies[0](text(""))
    with pytest.raises(AssertionError, match="one answer"):
        service.replies[0](text(""))


def test_offer_to_upgrade_is_ignored_where_nobody_takes_it() -> None:
    service = Service(echo)
    peer = Peer(make_server(service))
    peer.send(
        b"GET /1 HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"
        b"GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
    )
    assert [request.path for request in service.requests] == ["/1", "/2"]


def test_upgrade_hands_the_connection_over_with_the_bytes_that_follow() -> None:
    taken: list[tuple[str, bytes]] = []
    other = asyncio.Protocol()

    def upgrade(request: Request, transport: object, rest: bytes) -> asyncio.Protocol:
        taken.append((request.path, rest))
        return other

    service = Service(echo)
    peer = Peer(make_server(service, upgrade=upgrade))
    peer.send(
        b"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nxyz"
    )
    assert taken == [("/ws", b"xyz")]
    assert peer.transport.protocol is other
    assert service.requests == []
    assert peer.received() == b""
