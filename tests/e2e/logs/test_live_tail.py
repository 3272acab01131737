"""Live Tail by boto3: an event stream of what is ingested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError

from support.running import Running

GROUP = "/app/orders"


def refusal(function: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        function(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def logs(aws: Any) -> Any:
    # The prefix that boto3 puts before the host's name does not resolve here.
    client = aws("logs", inject_host_prefix=False)
    client.create_log_group(logGroupName=GROUP)
    for name in ("web/1", "job/1"):
        client.create_log_stream(logGroupName=GROUP, logStreamName=name)
    return client


@pytest.fixture
def arn(account: str) -> str:
    return f"arn:aws:logs:us-east-1:{account}:log-group:{GROUP}"


def put(logs: Any, pileus: Running, stream: str, *messages: str) -> None:
    logs.put_log_events(
        logGroupName=GROUP, logStreamName=stream,
        logEvents=[{"timestamp": pileus.now, "message": message} for message in messages],
    )  # fmt: skip


def tail(logs: Any, arn: str, **params: Any) -> Any:
    return logs.start_live_tail(logGroupIdentifiers=[arn], **params)["responseStream"]


def shown(stream: Iterator[Any], count: int) -> list[dict[str, Any]]:
    """Results until there are so many; an update comes every second."""
    found: list[dict[str, Any]] = []
    for event in stream:
        found += event.get("sessionUpdate", {}).get("sessionResults", [])
        if len(found) >= count:
            return found
    return found


def test_a_session_shows_what_comes_after_its_start(logs: Any, pileus: Running, arn: str) -> None:
    put(logs, pileus, "web/1", "before")
    stream = tail(logs, arn, logEventFilterPattern="-noise")
    events = iter(stream)
    start = next(events)["sessionStart"]
    assert ([arn], "-noise") == (start["logGroupIdentifiers"], start["logEventFilterPattern"])
    put(logs, pileus, "web/1", "one", "noise")
    put(logs, pileus, "job/1", "two")
    expected = [
        {
            "logStreamName": name,
            "logGroupIdentifier": arn,
            "message": message,
            "timestamp": pileus.now,
            "ingestionTime": pileus.now,
        }
        for name, message in (("web/1", "one"), ("job/1", "two"))
    ]
    assert expected == shown(events, 2)
    stream.close()


def test_a_session_can_be_narrowed_to_streams(logs: Any, pileus: Running, arn: str) -> None:
    by_name = tail(logs, arn, logStreamNames=["web/1"])
    by_prefix = tail(logs, arn, logStreamNamePrefixes=["job/"])
    put(logs, pileus, "web/1", "w")
    put(logs, pileus, "job/1", "j")
    assert ["w"] == [result["message"] for result in shown(iter(by_name), 1)]
    assert ["j"] == [result["message"] for result in shown(iter(by_prefix), 1)]
    by_name.close()
    by_prefix.close()


def test_more_than_500_events_a_second_are_sampled(logs: Any, pileus: Running, arn: str) -> None:
    stream = tail(logs, arn)
    put(logs, pileus, "web/1", *(f"m{number}" for number in range(1_200)))
    for event in stream:
        update = event.get("sessionUpdate")
        if update and update["sessionResults"]:
            break
    assert (True, 500) == (update["sessionMetadata"]["sampled"], len(update["sessionResults"]))
    stream.close()


def test_a_session_ends_after_three_hours_of_the_platforms_clock(
    logs: Any, pileus: Running, arn: str
) -> None:
    events = iter(tail(logs, arn))
    assert "sessionStart" in next(events)
    pileus.advance("PT3H")
    with pytest.raises(EventStreamError) as caught:
        for _ in range(5):
            next(events)
    assert "SessionTimeoutException" in str(caught.value)


def test_bad_sessions_are_refused(logs: Any, arn: str) -> None:
    start = logs.start_live_tail
    assert ("ResourceNotFoundException", "The specified log group does not exist.") == refusal(
        start, logGroupIdentifiers=[arn + "-missing"]
    )
    assert ("InvalidParameterException", "Invalid character(s) in term ':'") == refusal(
        start, logGroupIdentifiers=[arn], logEventFilterPattern="a:b"
    )
    assert "InvalidParameterException" == refusal(
        start, logGroupIdentifiers=[arn, arn], logStreamNames=["web/1"]
    )[0]  # fmt: skip
    assert "InvalidParameterException" == refusal(
        start, logGroupIdentifiers=[arn], logStreamNames=["a"], logStreamNamePrefixes=["b"]
    )[0]  # fmt: skip
