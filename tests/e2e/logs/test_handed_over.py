"""What other services hand over to a log group's ARN."""

from __future__ import annotations

import json
from typing import Any

from pileus.kernel.transaction import Transaction
from support.running import Running

CAUSE = "arn:aws:lambda:us-east-1:000000000000:function:f"
GROUP = "/aws/lambda/f"


def hand(tx: Transaction, to: str, payloads: list[bytes]) -> None:
    for payload in payloads:
        tx.deliver(to=to, payload=payload, because=CAUSE)


def hand_over(pileus: Running, to: str, *batches: tuple[str, list[tuple[int, str]]]) -> None:
    payloads = [
        json.dumps(
            {
                "logStreamName": stream,
                "logEvents": [{"timestamp": at, "message": message} for at, message in events],
            }
        ).encode()
        for stream, events in batches
    ]
    pileus.run(pileus.app.kernel.store.transact(hand, to, payloads, about=CAUSE))
    # Where cause and group lie in different databases, what is handed over comes shortly after.
    pileus.advance(0)


def arn_of(account: str, name: str = GROUP) -> str:
    return f"arn:aws:logs:us-east-1:{account}:log-group:{name}"


def test_group_and_stream_are_made_on_the_way(aws: Any, pileus: Running, account: str) -> None:
    now = pileus.now
    hand_over(
        pileus, arn_of(account), ("s", [(now, "START"), (now + 2, "END")]), ("s", [(now + 3, "x")]),
        ("t", [(now + 1, "INIT")]),
    )  # fmt: skip
    logs = aws("logs")
    assert [GROUP] == [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    found = logs.filter_log_events(logGroupName=GROUP)["events"]
    assert [("s", "START"), ("t", "INIT"), ("s", "END"), ("s", "x")] == [
        (event["logStreamName"], event["message"]) for event in found
    ]


def test_a_deleted_group_comes_back_with_the_next_events(
    aws: Any, pileus: Running, account: str
) -> None:
    logs = aws("logs")
    hand_over(pileus, arn_of(account), ("s", [(pileus.now, "before")]))
    logs.delete_log_group(logGroupName=GROUP)
    hand_over(pileus, arn_of(account), ("s", [(pileus.now, "after")]))
    found = logs.filter_log_events(logGroupName=GROUP)["events"]
    assert ["after"] == [event["message"] for event in found]


def test_retention_holds_for_what_is_handed_over(aws: Any, pileus: Running, account: str) -> None:
    logs = aws("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    hand_over(pileus, arn_of(account), ("s", [(pileus.now, "m")]))
    pileus.advance("PT26H")
    assert [] == logs.filter_log_events(logGroupName=GROUP)["events"]
    assert 0 == logs.describe_log_groups()["logGroups"][0]["storedBytes"]


def test_the_events_of_a_clock_that_jumped_are_kept_in_order(
    aws: Any, pileus: Running, account: str
) -> None:
    now = pileus.now
    year_ms = 365 * 24 * 3_600_000
    hand_over(pileus, arn_of(account), ("s", [(now + year_ms, "END"), (now, "START")]))
    found = aws("logs").get_log_events(logGroupName=GROUP, logStreamName="s")["events"]
    assert ["START", "END"] == [event["message"] for event in found]


def test_what_is_no_batch_of_events_is_refused_and_kept_for_later(
    aws: Any, pileus: Running, account: str
) -> None:
    store = pileus.app.kernel.store
    pileus.run(store.transact(hand, arn_of(account), [b"not json"], about=CAUSE))
    assert [] == aws("logs").describe_log_groups()["logGroups"]
