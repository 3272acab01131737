"""What an idle mapping costs: nothing, however far the clock goes."""

from __future__ import annotations

from typing import Any

from support.lambdas import Functions, RunningLambda


def test_an_idle_mapping_does_not_slow_the_clock_down(
    functions: Functions, client: Any, aws: Any, pileus: RunningLambda
) -> None:
    seen: list[str] = []
    name = functions.create(lambda event, context: seen.append(event["Records"][0]["body"]))
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="source")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{functions.account}:source"
    client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
    sqs.send_message(QueueUrl=url, MessageBody="before")
    pileus.idle()
    steps = pileus.advance("P365D")["steps"]
    assert steps < 50
    sqs.send_message(QueueUrl=url, MessageBody="after")
    pileus.idle()
    assert ["before", "after"] == seen
