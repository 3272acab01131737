"""Calls from inside have the model's types, or say which one is wrong."""

from typing import Any

import pytest

from pileus.aws_models import load
from pileus.aws_models.value_types import type_checker


def wrong(service: str, name: str, **params: Any) -> str | None:
    operation = load.load(service).operation(name)
    assert operation is not None
    return type_checker(operation)(params)


def test_the_right_types_are_right() -> None:
    assert wrong("sqs", "SendMessage", QueueUrl="q", MessageBody="b", DelaySeconds=1) is None
    assert wrong("sqs", "SendMessage", QueueUrl="q", DelaySeconds=None) is None
    assert wrong("sts", "GetCallerIdentity") is None
    item = {"a": {"L": [{"M": {"b": {"BOOL": True}}}, {"B": b"x"}]}}
    assert wrong("dynamodb", "PutItem", TableName="t", Item=item) is None
    assert wrong("s3", "PutObject", Bucket="b", Key="k", Body=object()) is None


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"QueueUrl": 1}, "NUMBER_VALUE cannot be converted to String"),
        ({"QueueUrl": True}, "TRUE_VALUE cannot be converted to String"),
        ({"DelaySeconds": "1"}, "STRING_VALUE cannot be converted to Integer"),
        ({"DelaySeconds": True}, "TRUE_VALUE cannot be converted to Integer"),
        ({"DelaySeconds": 2**31}, "NUMBER_VALUE cannot be converted to Integer"),
        ({"MessageAttributes": []}, "Expected map or null"),
        ({"MessageAttributes": {"a": "b"}}, "Expected null"),
        ({"MessageAttributes": {1: {}}}, "Expected a string as a key"),
        ({"Colour": "red"}, "Unknown member Colour"),
    ],
)
def test_wrong_types_are_named(params: dict[str, Any], text: str) -> None:
    assert text == wrong("sqs", "SendMessage", **params)


def test_wrong_types_are_found_deep_inside() -> None:
    entries = [{"Id": "1"}, {"Id": 2}]
    found = wrong("sqs", "SendMessageBatch", QueueUrl="q", Entries=entries)
    assert "NUMBER_VALUE cannot be converted to String" == found
    found = wrong("sqs", "SendMessageBatch", Entries=[None])
    assert "NULL_VALUE found where not expected" == found
    assert "Expected list or null" == wrong("sqs", "SendMessageBatch", Entries={})
