"""Log streams by boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.running import Running

GROUP = "/app/orders"


@pytest.fixture
def logs(aws: Any) -> Any:
    client = aws("logs")
    client.create_log_group(logGroupName=GROUP)
    return client


def refusal(function: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        function(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def create(logs: Any, *names: str) -> None:
    for name in names:
        logs.create_log_stream(logGroupName=GROUP, logStreamName=name)


def put(logs: Any, stream: str, *times: int) -> None:
    logs.put_log_events(
        logGroupName=GROUP, logStreamName=stream,
        logEvents=[{"timestamp": at, "message": f"at {at}"} for at in times],
    )  # fmt: skip


def names(logs: Any, **params: Any) -> list[str]:
    found = logs.describe_log_streams(logGroupName=GROUP, **params)["logStreams"]
    return [stream["logStreamName"] for stream in found]


def test_a_stream_without_events_has_no_times(logs: Any, pileus: Running, account: str) -> None:
    create(logs, "s")
    described = logs.describe_log_streams(logGroupName=GROUP)["logStreams"][0]
    described.pop("uploadSequenceToken")
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:{GROUP}:log-stream:s"
    assert {
        "logStreamName": "s", "creationTime": pileus.now, "arn": arn, "storedBytes": 0,
    } == described  # fmt: skip


def test_a_stream_tells_its_first_and_last_event(logs: Any, pileus: Running) -> None:
    create(logs, "s")
    now = pileus.now
    put(logs, "s", now - 50, now)
    put(logs, "s", now - 90, now - 10)
    described = logs.describe_log_streams(logGroupName=GROUP)["logStreams"][0]
    times = ("firstEventTimestamp", "lastEventTimestamp", "lastIngestionTime")
    assert [now - 90, now, now] == [described[name] for name in times]


def test_a_name_can_be_taken_once(logs: Any) -> None:
    create(logs, "s")
    assert (
        "ResourceAlreadyExistsException", "The specified log stream already exists",
    ) == refusal(logs.create_log_stream, logGroupName=GROUP, logStreamName="s")  # fmt: skip


@pytest.mark.parametrize("name", ["a:b", "a*b"])
def test_bad_names_are_refused(logs: Any, name: str) -> None:
    assert (
        "InvalidParameterException",
        f"1 validation error detected: Value '{name}' at 'logStreamName' failed to satisfy"
        " constraint: Member must satisfy regular expression pattern: [^:*]*",
    ) == refusal(logs.create_log_stream, logGroupName=GROUP, logStreamName=name)


def test_streams_are_ordered_by_name_and_found_by_prefix(logs: Any) -> None:
    create(logs, "b/2", "a", "b/1")
    assert ["a", "b/1", "b/2"] == names(logs)
    assert ["b/2", "b/1", "a"] == names(logs, descending=True)
    assert ["b/1", "b/2"] == names(logs, logStreamNamePrefix="b/")
    assert ["b/2", "b/1"] == names(logs, logStreamNamePrefix="b/", descending=True)


def test_streams_are_ordered_by_their_last_event(logs: Any, pileus: Running) -> None:
    create(logs, "empty", "new", "old")
    put(logs, "new", pileus.now)
    put(logs, "old", pileus.now - 1_000)
    assert ["new", "old", "empty"] == names(logs, orderBy="LastEventTime", descending=True)
    assert ["empty", "old", "new"] == names(logs, orderBy="LastEventTime")
    assert (
        "InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.",
    ) == refusal(
        logs.describe_log_streams, logGroupName=GROUP, orderBy="LastEventTime",
        logStreamNamePrefix="n",
    )  # fmt: skip


@pytest.mark.parametrize("order", ["LogStreamName", "LastEventTime"])
@pytest.mark.parametrize("descending", [False, True])
def test_streams_are_described_page_by_page(
    logs: Any, pileus: Running, order: str, descending: bool
) -> None:
    expected = [f"s{number}" for number in range(5)]
    create(logs, *expected)
    for number, name in enumerate(expected):
        put(logs, name, pileus.now + number // 2)
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=GROUP, orderBy=order, descending=descending, PaginationConfig={"PageSize": 2}
    )
    found = [[stream["logStreamName"] for stream in page["logStreams"]] for page in pages]
    assert [2, 2, 1] == [len(page) for page in found]
    assert (expected[::-1] if descending else expected) == [name for page in found for name in page]


def test_a_deleted_stream_takes_its_events_along(logs: Any, pileus: Running) -> None:
    create(logs, "gone", "stays")
    put(logs, "gone", pileus.now)
    put(logs, "stays", pileus.now)
    logs.delete_log_stream(logGroupName=GROUP, logStreamName="gone")
    assert ["stays"] == names(logs)
    found = logs.filter_log_events(logGroupName=GROUP)["events"]
    assert ["stays"] == [event["logStreamName"] for event in found]
    create(logs, "gone")
    assert [] == logs.get_log_events(logGroupName=GROUP, logStreamName="gone")["events"]
    pileus.advance(1)
    stored = logs.describe_log_groups()["logGroups"][0]["storedBytes"]
    assert 26 + len(found[0]["message"]) == stored


def test_a_missing_stream_is_refused(logs: Any) -> None:
    expected = ("ResourceNotFoundException", "The specified log stream does not exist.")
    params = {"logGroupName": GROUP, "logStreamName": "missing"}
    assert expected == refusal(logs.delete_log_stream, **params)
    assert expected == refusal(logs.get_log_events, **params)
    assert expected == refusal(
        logs.put_log_events, logEvents=[{"timestamp": 1, "message": "m"}], **params
    )
    assert expected == refusal(
        logs.filter_log_events, logGroupName=GROUP, logStreamNames=["missing"]
    )


def test_a_group_is_named_by_name_or_by_arn_but_not_by_both(logs: Any, account: str) -> None:
    create(logs, "s")
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:{GROUP}"
    for identifier in (GROUP, arn):
        found = logs.describe_log_streams(logGroupIdentifier=identifier)["logStreams"]
        assert ["s"] == [stream["logStreamName"] for stream in found]
    assert (
        "ValidationException",
        "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
    ) == refusal(logs.describe_log_streams, logGroupName=GROUP, logGroupIdentifier=arn)
    assert "InvalidParameterException" == refusal(logs.describe_log_streams)[0]
    other = arn.replace(account, "999999999999")
    assert "ResourceNotFoundException" == refusal(
        logs.describe_log_streams, logGroupIdentifier=other
    )[0]  # fmt: skip
