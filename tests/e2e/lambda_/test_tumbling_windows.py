"""Tumbling windows: what a function makes of a window's records is kept from batch to batch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from support.lambdas import Functions, RunningLambda
from support.streaming import Event, Streams, bodies

WINDOW_SECONDS = 60
GRACE_SECONDS = 120


@pytest.fixture
def streams(functions: Functions, aws: Any, pileus: RunningLambda) -> Streams:
    # Each test begins with a window of its own.
    into = pileus.now % (WINDOW_SECONDS * 1000)
    pileus.advance(WINDOW_SECONDS - into / 1000)
    return Streams(functions, aws)


def count(event: Event) -> Any:
    return {"state": {"count": event["state"].get("count", 0) + len(event["Records"])}}


def told(streams: Streams) -> list[tuple[list[str], int, bool]]:
    """Of each event: its data, the state that it brought, and whether it was the last one."""
    streams.idle()
    return [
        (bodies(event), event["state"].get("count", 0), event["isFinalInvokeForWindow"])
        for event in streams.events
    ]


def test_state_is_kept_until_the_window_ends(streams: Streams, pileus: RunningLambda) -> None:
    arn = streams.create()
    streams.map(arn, count, TumblingWindowInSeconds=WINDOW_SECONDS)
    began = pileus.now
    streams.put(*"ab")
    streams.idle()
    streams.put("c")
    pileus.advance(WINDOW_SECONDS + GRACE_SECONDS - 1)
    assert [(["a", "b"], 0, False), (["c"], 2, False)] == told(streams)
    pileus.advance(1)
    assert ([], 3, True) == told(streams)[-1]
    streams.put("d")
    assert (["d"], 0, False) == told(streams)[-1]
    first = streams.events[0]
    assert {
        "window": {"start": _second(began), "end": _second(began + WINDOW_SECONDS * 1000)},
        "state": {},
        "shardId": "shardId-000000000000",
        "eventSourceARN": arn,
        "isFinalInvokeForWindow": False,
        "isWindowTerminatedEarly": False,
    } == {name: each for name, each in first.items() if name != "Records"}


def _second(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_a_record_of_the_next_window_ends_the_one_before(
    streams: Streams, pileus: RunningLambda
) -> None:
    arn = streams.create()
    streams.put("a")
    pileus.advance(WINDOW_SECONDS)
    streams.put("b")
    streams.map(arn, count, TumblingWindowInSeconds=WINDOW_SECONDS)
    expected = [(["a"], 0, False), ([], 1, True), (["b"], 0, False)]
    assert expected == told(streams)


def test_a_backlog_is_read_before_its_windows_end(streams: Streams, pileus: RunningLambda) -> None:
    arn = streams.create()
    for _ in range(3):
        streams.put(*"ab")
    pileus.advance(3600)
    streams.map(arn, count, TumblingWindowInSeconds=WINDOW_SECONDS, BatchSize=2)
    expected = [(["a", "b"], 0, False), (["a", "b"], 2, False), (["a", "b"], 4, False)]
    assert [*expected, ([], 6, True)] == told(streams)


def test_an_answer_without_a_state_has_failed(streams: Streams, pileus: RunningLambda) -> None:
    arn = streams.create()

    def answer(event: Event) -> Any:
        return {} if len(streams.events) == 1 else count(event)

    streams.map(arn, answer, TumblingWindowInSeconds=WINDOW_SECONDS)
    streams.put("a")
    pileus.advance(1)
    assert [(["a"], 0, False), (["a"], 0, False)] == told(streams)


def test_a_last_run_that_fails_is_tried_again(streams: Streams, pileus: RunningLambda) -> None:
    arn = streams.create()
    failures = [None, None]

    def answer(event: Event) -> Any:
        if event["isFinalInvokeForWindow"] and failures:
            failures.pop()
            raise ValueError
        return count(event)

    streams.map(arn, answer, TumblingWindowInSeconds=WINDOW_SECONDS)
    streams.put("a")
    pileus.advance(WINDOW_SECONDS)
    streams.put("b")
    streams.idle()
    assert [(["a"], 0, False), ([], 1, True)] == told(streams)
    pileus.advance(3)
    expected = [([], 1, True), ([], 1, True), (["b"], 0, False)]
    assert expected == told(streams)[2:]


def test_a_state_that_is_too_large_ends_its_window(streams: Streams) -> None:
    arn = streams.create()

    def answer(event: Event) -> Any:
        return {"state": {"text": "x" * 1024 * 1024}}

    streams.map(arn, answer, TumblingWindowInSeconds=WINDOW_SECONDS)
    streams.put("a")
    streams.idle()
    first, last = streams.events
    assert (False, True) == (first["isWindowTerminatedEarly"], last["isWindowTerminatedEarly"])
    assert last["isFinalInvokeForWindow"]


def test_the_end_of_a_shard_ends_its_window(streams: Streams) -> None:
    arn = streams.create()
    streams.map(arn, count, TumblingWindowInSeconds=WINDOW_SECONDS)
    streams.put("a")
    streams.idle()
    streams.kinesis.update_shard_count(
        StreamName="s", TargetShardCount=2, ScalingType="UNIFORM_SCALING"
    )
    assert [(["a"], 0, False), ([], 1, True)] == told(streams)
