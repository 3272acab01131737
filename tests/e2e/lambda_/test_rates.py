"""Rates that AWS enforces, in force only where they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.lambdas import Functions, RunningLambda
from support.streaming import Streams


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLambda]:
    running = RunningLambda(tmp_path_factory.mktemp("pileus"), limits="aws")
    running.start()
    running.freeze()
    yield running
    running.stop()


def test_ten_times_the_reserved_concurrency_run_in_a_second(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    name = functions.create(lambda event, context: None)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    for _ in range(10):
        functions.invoke(name)
    with pytest.raises(client.exceptions.TooManyRequestsException) as throttled:
        functions.invoke(name)
    assert "ReservedFunctionInvocationRateLimitExceeded" == throttled.value.response["Reason"]
    pileus.advance(1)
    functions.invoke(name)


def test_a_stream_is_read_no_faster_than_it_may_be(
    functions: Functions, aws: Any, pileus: RunningLambda
) -> None:
    streams = Streams(functions, aws)
    arn = streams.create()
    streams.map(arn)
    for number in range(10):
        streams.put(str(number))
        streams.idle()
    # A shard may be read five times in a second.
    assert 0 < len(streams.seen()) < 10
    pileus.advance(10)
    assert [str(number) for number in range(10)] == streams.seen()
