"""What other services hand over to a stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from e2e.kinesis.reading import data, records
from e2e.scheduler.asking import TRUST
from support.running import Running

Arn = Callable[[str], str]
ROLE = "arn:aws:iam::000000000000:role/r"


def put_event(aws: Any, pileus: Running, detail: dict[str, Any]) -> str:
    entry = {"Source": "app", "DetailType": "t", "Detail": json.dumps(detail)}
    answer = aws("events").put_events(Entries=[entry])
    # Where bus and stream lie in different databases, what is handed over comes shortly after.
    pileus.advance(0)
    found: str = answer["Entries"][0]["EventId"]
    return found


def make_rule(aws: Any, target: dict[str, Any]) -> None:
    events = aws("events")
    events.put_rule(Name="r", EventPattern='{"source": ["app"]}')
    answer = events.put_targets(Rule="r", Targets=[{"Id": "t", "RoleArn": ROLE, **target}])
    assert 0 == answer["FailedEntryCount"]


def test_an_event_of_a_rule_becomes_a_record(
    aws: Any, kinesis: Any, stream: str, arn: Arn, pileus: Running
) -> None:
    make_rule(aws, {"Arn": arn(stream), "KinesisParameters": {"PartitionKeyPath": "$.detail.id"}})
    put_event(aws, pileus, {"id": "order-7"})
    (record,) = records(kinesis, stream)
    assert "order-7" == record["PartitionKey"]
    assert {"id": "order-7"} == json.loads(record["Data"])["detail"]


def test_the_events_id_is_the_key_where_no_path_is_given(
    aws: Any, kinesis: Any, stream: str, arn: Arn, pileus: Running
) -> None:
    make_rule(aws, {"Arn": arn(stream), "Input": '"always this"'})
    event_id = put_event(aws, pileus, {})
    (record,) = records(kinesis, stream)
    assert (event_id, b'"always this"') == (record["PartitionKey"], record["Data"])


def test_an_event_for_a_stream_that_is_gone_is_dead_lettered(
    aws: Any, arn: Arn, account: str, pileus: Running
) -> None:
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    letters = {"Arn": f"arn:aws:sqs:us-east-1:{account}:dead"}
    make_rule(aws, {"Arn": arn("gone"), "DeadLetterConfig": letters})
    put_event(aws, pileus, {})
    answer = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])
    (letter,) = answer["Messages"]
    assert "NO_RESOURCE" == letter["MessageAttributes"]["ERROR_CODE"]["StringValue"]


def test_a_schedule_puts_records(
    aws: Any, kinesis: Any, stream: str, arn: Arn, pileus: Running
) -> None:
    role = aws("iam").create_role(RoleName="clock", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    aws("scheduler").create_schedule(
        Name="s",
        ScheduleExpression="rate(1 minutes)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": arn(stream), "RoleArn": role, "Input": "tick",
            "KinesisParameters": {"PartitionKey": "k"},
        },
    )  # fmt: skip
    pileus.advance(120)
    found = records(kinesis, stream)
    assert {b"tick"} == set(data(found))
    assert {"k"} == {each["PartitionKey"] for each in found}
