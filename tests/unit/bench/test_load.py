"""The load generator's reading of answers, and the order of requests in its jobs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench.figures import Figure, table
from bench.jobs import prepare
from bench.load import whole_answer

JOB: dict[str, Any] = {
    "host": "127.0.0.1", "port": 4566, "is_signed": True, "count": 6,
    "queue_url": "http://127.0.0.1:4566/000000000000/q",
}  # fmt: skip
RECEIVED = json.dumps({"Messages": [{"ReceiptHandle": "handle-1"}]}).encode()


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", (200, b"ab", False)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", None),
        (b"HTTP/1.1 200 OK\r\nContent-Le", None),
        (b"HTTP/1.0 503 x\r\ncontent-length: 0\r\n\r\n", (503, b"", True)),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            (200, b"abc", False),
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", None),
    ],
)
def test_an_answer_is_whole_or_still_to_come(
    data: bytes, answer: tuple[int, bytes, bool] | None
) -> None:
    assert answer == whole_answer(data, is_ended=False)


def test_a_closed_connection_is_an_answer_that_failed() -> None:
    assert (0, b"connection closed", True) == whole_answer(b"", is_ended=True)


def test_a_cycle_sends_receives_and_deletes_what_it_got() -> None:
    next_request = prepare(JOB | {"kind": "cycle"})
    asked = [next_request(0, None), next_request(0, b"{}"), next_request(0, RECEIVED)]
    assert ["SendMessage", "ReceiveMessage", "DeleteMessage"] == [_operation(one) for one in asked]
    assert b'"handle-1"' in (asked[2] or b"")


def test_a_cycle_receives_again_when_another_took_the_message() -> None:
    next_request = prepare(JOB | {"kind": "cycle"})
    next_request(0, None)
    next_request(0, b"{}")
    assert "ReceiveMessage" == _operation(next_request(0, b"{}"))


def test_jobs_end_after_their_count() -> None:
    for kind in ("send", "receive", "cycle", "drain"):
        next_request = prepare(JOB | {"kind": kind})
        asked = [next_request(0, RECEIVED) for _ in range(JOB["count"] + 1)]
        assert None not in asked[:-1]
        assert asked[-1] is None


def test_ratios_are_pileus_to_the_other() -> None:
    text = table(
        [
            Figure("send", "requests/s", "pileus", [300.0]),
            Figure("send", "requests/s", "moto", [100.0]),
            Figure("start", "s", "pileus", [1.0], is_higher_better=False),
            Figure("start", "s", "moto", [0.5], is_higher_better=False),
        ]
    )
    assert "3.00 x as fast" in text
    assert "0.50 x less" in text


def _operation(request: bytes | None) -> str:
    head = (request or b"").split(b"\r\n\r\n")[0].decode()
    (target,) = [line for line in head.split("\r\n") if line.startswith("x-amz-target: ")]
    return target.rpartition(".")[2]
