"""Queue attributes as values: what survives storing, and which of two queues are equal."""

from __future__ import annotations

import json

import msgspec
import pytest

from pileus.services.sqs import attributes
from pileus.services.sqs.attributes import QueueAttributes

ARN = "arn:aws:sqs:us-east-1:123456789012:q"
DEAD = json.dumps({"deadLetterTargetArn": ARN + "-dead", "maxReceiveCount": "5"})


def test_attributes_are_stored_and_read() -> None:
    wanted = {
        "DelaySeconds": "5", "RedrivePolicy": DEAD, "KmsMasterKeyId": "k",
        "RedriveAllowPolicy": json.dumps(
            {"redrivePermission": "byQueue", "sourceQueueArns": [ARN]}
        ),
    }  # fmt: skip
    parsed = attributes.for_new_queue(ARN, "q", wanted)
    text = msgspec.json.encode(parsed)
    assert parsed == msgspec.json.decode(text, type=QueueAttributes)
    assert wanted.items() <= parsed.print().items()


def test_defaults_take_no_room() -> None:
    assert b"{}" == msgspec.json.encode(QueueAttributes())


@pytest.mark.parametrize(
    ("wanted", "different"),
    [
        ({}, None),
        ({"DelaySeconds": "5"}, None),
        ({"DelaySeconds": "05"}, None),
        ({"DelaySeconds": "6"}, "DelaySeconds"),
        ({"RedrivePolicy": DEAD}, None),
        ({"RedrivePolicy": DEAD.replace(" ", "")}, None),
        ({"RedrivePolicy": DEAD.replace('"5"', '"6"')}, "RedrivePolicy"),
        ({"RedrivePolicy": ""}, "RedrivePolicy"),
        ({"Policy": ""}, None),
        ({"VisibilityTimeout": "30"}, None),
        ({"VisibilityTimeout": "31", "DelaySeconds": "6"}, "VisibilityTimeout"),
    ],
)
def test_a_repeated_creation_names_the_first_difference(
    wanted: dict[str, str], different: str | None
) -> None:
    existing = attributes.for_new_queue(ARN, "q", {"DelaySeconds": "5", "RedrivePolicy": DEAD})
    assert different == attributes.first_difference(existing, ARN, wanted)
