"""Filters of event source mappings use the whole language of event patterns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.lambdas import Functions, RunningLambda
from support.refusals import Refusal, refusal

BODIES = {'{"kind": "a", "size": 5}', '{"kind": "b", "size": 50}', "text 1", "5", '["a"]'}


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([{"body": {"size": [{"numeric": [">", 10]}]}}], {'{"kind": "b", "size": 50}'}),
        ([{"body": {"kind": [{"wildcard": "*a*"}]}}], {'{"kind": "a", "size": 5}'}),
        ([{"body": [{"prefix": "text"}]}], {"text 1"}),
        ([{"body": ["5"]}], {"5"}),
        ([{"body.kind": ["a"]}], {'{"kind": "a", "size": 5}'}),
        (
            [{"$or": [{"body": {"kind": ["a"]}}, {"body": {"size": [50]}}]}],
            {'{"kind": "a", "size": 5}', '{"kind": "b", "size": 50}'},
        ),
        ([{"body": {"kind": ["a"]}}, {"body": ["5"]}], {'{"kind": "a", "size": 5}', "5"}),
        ([{"eventSource": ["aws:sqs"]}], BODIES),
        ([{"body": {"kind": [{"anything-but": ["a"]}]}}], {'{"kind": "b", "size": 50}'}),
    ],
)
def test_messages_that_match_reach_the_function_and_the_others_are_gone(
    functions: Functions,
    client: Any,
    aws: Any,
    pileus: RunningLambda,
    patterns: list[Any],
    expected: set[str],
) -> None:
    seen: set[str] = set()
    name = functions.create(
        lambda event, context: seen.update(record["body"] for record in event["Records"])
    )
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="source")["QueueUrl"]
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(BODIES)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    names = ["QueueArn", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]["QueueArn"]
    filters = [{"Pattern": json.dumps(each)} for each in patterns]
    client.create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, FilterCriteria={"Filters": filters}
    )
    pileus.idle()
    assert expected == seen
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names[1:])["Attributes"]
    assert {"0"} == set(left.values())


@pytest.mark.parametrize(
    "pattern",
    ["", "[]", "{}", '{"body": []}', '{"body": {"a": [{"wildcard": "**"}]}}', '{"body": ["a"'],
)
def test_what_is_no_pattern_is_refused(
    functions: Functions, client: Any, aws: Any, pattern: str
) -> None:
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="source")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    expected = Refusal("InvalidParameterValueException", "Invalid filter pattern definition.", 400)
    assert expected == refusal(
        client.create_event_source_mapping,
        FunctionName=functions.create(),
        EventSourceArn=found["Attributes"]["QueueArn"],
        FilterCriteria={"Filters": [{"Pattern": pattern}]},
    )
