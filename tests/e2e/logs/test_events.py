"""Log events by boto3: put, get with tokens, search with patterns, expiry by the clock."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.running import Running

GROUP = "/app/orders"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def logs(aws: Any) -> Any:
    client = aws("logs")
    client.create_log_group(logGroupName=GROUP)
    for name in ("s", "t"):
        client.create_log_stream(logGroupName=GROUP, logStreamName=name)
    return client


def refusal(function: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        function(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def put(logs: Any, *events: tuple[int, str], stream: str = "s") -> Any:
    return logs.put_log_events(
        logGroupName=GROUP, logStreamName=stream,
        logEvents=[{"timestamp": at, "message": message} for at, message in events],
    )  # fmt: skip


def get(logs: Any, **params: Any) -> Any:
    return logs.get_log_events(logGroupName=GROUP, logStreamName="s", **params)


def messages(answer: Any) -> list[str]:
    return [event["message"] for event in answer["events"]]


def search(logs: Any, **params: Any) -> list[str]:
    return messages(logs.filter_log_events(logGroupName=GROUP, **params))


def test_what_was_put_is_got(logs: Any, pileus: Running) -> None:
    now = pileus.now
    put(logs, (now - 5, "one"), (now, "zwei\nzwei \U0001f600 \x00"))
    assert [
        {"timestamp": now - 5, "message": "one", "ingestionTime": now},
        {"timestamp": now, "message": "zwei\nzwei \U0001f600 \x00", "ingestionTime": now},
    ] == get(logs)["events"]


def test_sequence_tokens_are_ignored(logs: Any, pileus: Running) -> None:
    answer = logs.put_log_events(
        logGroupName=GROUP, logStreamName="s", sequenceToken="nonsense",
        logEvents=[{"timestamp": pileus.now, "message": "m"}],
    )  # fmt: skip
    assert answer["nextSequenceToken"]
    assert ["m"] == messages(get(logs))


def test_a_batch_must_be_in_order_and_small_enough(logs: Any, pileus: Running) -> None:
    now = pileus.now
    code = "InvalidParameterException"

    def refused(*events: tuple[int, str]) -> tuple[str, str]:
        return refusal(lambda: put(logs, *events))

    assert (
        code, "Log events in a single PutLogEvents request must be in chronological order.",
    ) == refused((now, "b"), (now - 1, "a"))  # fmt: skip
    assert (
        code,
        "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
    ) == refused((now - DAY_MS - 1, "a"), (now, "b"))
    assert (
        code, "Log event too large: 1048577 bytes exceeds limit of 1048576",
    ) == refused((now, "x" * (1_048_576 - 25)))  # fmt: skip
    assert (
        code, "Upload too large: 1048577 bytes exceeds limit of 1048576",
    ) == refused((now, "x" * 524_262), (now, "x" * 524_263))  # fmt: skip
    too_many = refusal(lambda: put(logs, *[(now, "m")] * 10_001))
    assert code == too_many[0]
    assert too_many[1].endswith("Member must have length less than or equal to 10000")
    assert [] == messages(get(logs))


def test_the_largest_batches_are_taken(logs: Any, pileus: Running) -> None:
    now = pileus.now
    put(logs, (now, "x" * (1_048_576 - 26)))
    put(logs, *((now - DAY_MS + number * 8_000, "y" * 70) for number in range(10_000)))
    page = get(logs, startFromHead=True)
    assert 10_000 == len(page["events"])
    assert 1 == len(get(logs, startFromHead=True, nextToken=page["nextForwardToken"])["events"])


def test_events_too_old_too_new_or_expired_are_reported(logs: Any, pileus: Running) -> None:
    now = pileus.now
    answer = put(
        logs, (now - 15 * DAY_MS, "old"), (now, "fine"), (now + 2 * HOUR_MS + 1_000, "new")
    )
    assert {
        "tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2,
    } == answer["rejectedLogEventsInfo"]  # fmt: skip
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    answer = put(logs, (now - 2 * DAY_MS, "expired"), (now, "fine too"))
    assert {"expiredLogEventEndIndex": 1} == answer["rejectedLogEventsInfo"]
    assert ["fine", "fine too"] == messages(get(logs))


def test_a_stream_is_read_forward_from_its_head(logs: Any, pileus: Running) -> None:
    put(logs, *((pileus.now + number, f"m{number}") for number in range(5)))
    page = get(logs, startFromHead=True, limit=2)
    assert ["m0", "m1"] == messages(page)
    page = get(logs, startFromHead=True, limit=2, nextToken=page["nextForwardToken"])
    assert ["m2", "m3"] == messages(page)
    page = get(logs, startFromHead=True, limit=2, nextToken=page["nextForwardToken"])
    assert ["m4"] == messages(page)
    end = page["nextForwardToken"]
    page = get(logs, startFromHead=True, nextToken=end)
    assert ([], end) == (messages(page), page["nextForwardToken"])
    put(logs, (pileus.now + 9, "later"))
    assert ["later"] == messages(get(logs, startFromHead=True, nextToken=end))


def test_a_stream_is_read_backward_from_its_tail(logs: Any, pileus: Running) -> None:
    put(logs, *((pileus.now + number, f"m{number}") for number in range(5)))
    page = get(logs, limit=2)
    assert ["m3", "m4"] == messages(page)
    page = get(logs, limit=2, nextToken=page["nextBackwardToken"])
    assert ["m1", "m2"] == messages(page)
    forward = page["nextForwardToken"]
    page = get(logs, limit=2, nextToken=page["nextBackwardToken"])
    assert ["m0"] == messages(page)
    end = page["nextBackwardToken"]
    page = get(logs, limit=2, nextToken=end)
    assert ([], end) == (messages(page), page["nextBackwardToken"])
    assert ["m3", "m4"] == messages(get(logs, nextToken=forward))


def test_tokens_of_an_empty_stream_find_what_comes_later(logs: Any, pileus: Running) -> None:
    page = get(logs)
    token = page["nextForwardToken"]
    assert [] == messages(page)
    assert token == get(logs, nextToken=token)["nextForwardToken"]
    put(logs, (pileus.now, "m"))
    assert ["m"] == messages(get(logs, nextToken=token))


def test_a_bad_token_is_refused(logs: Any) -> None:
    expected = ("InvalidParameterException", "The specified nextToken is invalid.")
    assert expected == refusal(
        logs.get_log_events, logGroupName=GROUP, logStreamName="s", nextToken="f/1/s"
    )
    assert expected == refusal(logs.filter_log_events, logGroupName=GROUP, nextToken="x")


def test_times_are_inclusive_at_the_start_and_for_get_exclusive_at_the_end(
    logs: Any, pileus: Running
) -> None:
    now = pileus.now
    put(logs, *((now + number, f"m{number}") for number in range(4)))
    times = {"startTime": now + 1, "endTime": now + 3}
    assert ["m1", "m2"] == messages(get(logs, **times))
    assert ["m1", "m2", "m3"] == search(logs, **times)


def test_a_page_holds_a_mebibyte_at_most(logs: Any, pileus: Running) -> None:
    for number in range(3):
        put(logs, (pileus.now + number, str(number) * 500_000))
    page = get(logs, startFromHead=True)
    assert ["0", "1"] == [message[0] for message in messages(page)]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP)
    assert ["0", "1", "2"] == [message[0] for page in pages for message in messages(page)]


def test_a_search_interleaves_streams_in_order_of_time(logs: Any, pileus: Running) -> None:
    now = pileus.now
    put(logs, (now, "s0"), (now + 700, "s7"), (now + 90_000, "s90"))
    put(logs, (now, "t0"), (now + 300, "t3"), (now + 50_000, "t50"), stream="t")
    assert ["s0", "t0", "t3", "s7", "t50", "s90"] == search(logs, interleaved=True)
    assert ["t0", "t3", "t50"] == search(logs, logStreamNames=["t"])
    assert ["s0", "t0", "t3", "s7", "t50", "s90"] == search(logs, logStreamNames=["t", "s"])
    assert ["s0", "s7", "s90"] == search(logs, logStreamNamePrefix="s")
    assert [] == search(logs, logStreamNamePrefix="nothing")
    assert "InvalidParameterException" == refusal(
        logs.filter_log_events, logGroupName=GROUP, logStreamNames=["s"], logStreamNamePrefix="s"
    )[0]  # fmt: skip


def test_a_search_may_begin_at_the_tail(logs: Any, pileus: Running) -> None:
    now = pileus.now
    put(logs, *((now + number, f"m{number}") for number in range(3)))
    params = {"logGroupName": GROUP, "startFromHead": False, "startTime": now, "limit": 2}
    page = logs.filter_log_events(**params)
    assert ["m2", "m1"] == messages(page)
    params["startFromHead"] = True
    assert ["m0"] == messages(logs.filter_log_events(**params, nextToken=page["nextToken"]))
    assert "InvalidParameterException" == refusal(
        logs.filter_log_events, logGroupName=GROUP, startFromHead=False
    )[0]  # fmt: skip


def test_a_search_takes_patterns_of_all_kinds(logs: Any, pileus: Running) -> None:
    now = pileus.now
    lines = ["ERROR one", "WARN two", '{"level": "error", "ms": 7}', "GET /x 404"]
    put(logs, *((now + index, line) for index, line in enumerate(lines)))
    assert lines[:2] == search(logs, filterPattern="?ERROR ?WARN")
    assert [lines[2]] == search(logs, filterPattern='{ $.level = "error" && $.ms > 5 }')
    assert [lines[3]] == search(logs, filterPattern="[method, path, status = 4*]")
    assert [lines[3]] == search(logs, filterPattern="%40[0-9]%")
    assert (
        "InvalidParameterException", "Invalid character(s) in term ':'",
    ) == refusal(logs.filter_log_events, logGroupName=GROUP, filterPattern="a:b")  # fmt: skip
    assert (
        "InvalidParameterException", "Invalid filter pattern",
    ) == refusal(logs.filter_log_events, logGroupName=GROUP, filterPattern="{ $.a }")  # fmt: skip


def test_a_rare_pattern_is_found_page_by_page(logs: Any, pileus: Running) -> None:
    now = pileus.now
    put(logs, *((now + number, "hay") for number in range(10_000)))
    put(
        logs, *((now + 10_000 + number, "hay") for number in range(5_000)), (now + 20_000, "needle")
    )
    first = logs.filter_log_events(logGroupName=GROUP, filterPattern="needle")
    assert [] == messages(first)
    second = logs.filter_log_events(
        logGroupName=GROUP, filterPattern="needle", nextToken=first["nextToken"]
    )
    assert ["needle"] == messages(second)
    assert "nextToken" not in second


def test_every_found_event_has_an_id_of_its_own(logs: Any, pileus: Running) -> None:
    put(logs, *[(pileus.now, "same")] * 5)
    put(logs, *[(pileus.now, "same")] * 5, stream="t")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=GROUP, PaginationConfig={"PageSize": 3}
    )
    ids = [event["eventId"] for page in pages for event in page["events"]]
    assert 10 == len(set(ids))
    assert {56} == {len(identifier) for identifier in ids}
    assert sorted(ids) == ids


def test_events_expire_by_the_clock(logs: Any, pileus: Running) -> None:
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=3)
    put(logs, (pileus.now, "old"))
    pileus.advance("PT48H")
    put(logs, (pileus.now, "young"))
    assert ["old", "young"] == search(logs)
    pileus.advance("PT24H1S")
    assert ["young"] == search(logs)
    assert ["young"] == messages(get(logs, startFromHead=True))
    pileus.advance("PT1H")
    assert 31 == logs.describe_log_groups()["logGroups"][0]["storedBytes"]
    pileus.advance("P10D")
    assert [] == search(logs)
    assert 0 == logs.describe_log_groups()["logGroups"][0]["storedBytes"]


def test_a_shorter_retention_hides_and_removes_at_once(logs: Any, pileus: Running) -> None:
    now = pileus.now
    for number in range(400):
        put(logs, (now - 2 * DAY_MS + number * 2_000, "old"))
    put(logs, (now, "young"))
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    assert ["young"] == search(logs)
    pileus.advance(1)
    assert 31 == logs.describe_log_groups()["logGroups"][0]["storedBytes"]


def test_without_retention_events_stay_for_years(logs: Any, pileus: Running) -> None:
    put(logs, (pileus.now, "m"))
    pileus.advance("P3650D")
    assert ["m"] == search(logs)


def test_a_pattern_is_tried(logs: Any) -> None:
    answer = logs.test_metric_filter(
        filterPattern="[ip, status = 4*]", logEventMessages=["1.1.1.1 404", "1.1.1.1 200"]
    )
    assert [
        {
            "eventNumber": 1,
            "eventMessage": "1.1.1.1 404",
            "extractedValues": {"$ip": "1.1.1.1", "$status": "404"},
        }
    ] == answer["matches"]
    assert (
        "InvalidParameterException", "Invalid metric filter pattern",
    ) == refusal(logs.test_metric_filter, filterPattern="{}", logEventMessages=["m"])  # fmt: skip
