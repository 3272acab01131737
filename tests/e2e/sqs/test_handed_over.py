"""What other services hand over to a queue's ARN."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from e2e.sqs.asking import arn_of, bodies, counts, create, receive
from pileus.kernel.deliveries import RetryPolicy
from pileus.kernel.transaction import Transaction
from pileus.services.sqs import store
from support.running import ACCOUNT, Running

CAUSE = "arn:aws:sns:us-east-1:000000000000:topic"


def hand(tx: Transaction, to: str, payload: bytes, attributes: Any, policy: RetryPolicy) -> None:
    tx.deliver(to=to, payload=payload, because=CAUSE, attributes=attributes, policy=policy)


def hand_over(
    pileus: Running, to: str, payload: str, *, dead_letter_arn: str = "", **attributes: Any
) -> None:
    policy = RetryPolicy(attempts_max=2, dead_letter_arn=dead_letter_arn)
    work = pileus.app.kernel.store.transact(
        hand, to, payload.encode(), attributes, policy, about=CAUSE
    )
    pileus.run(work)


def numbers(tx: Transaction, arn: str) -> tuple[int, int, int]:
    """What a queue's row counts: messages, those that are delayed, those in flight."""
    _, state = store.find(tx, arn)
    return state.messages, state.delayed, state.in_flight


def test_a_payload_becomes_a_body(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    hand_over(pileus, arn_of(sqs, url), '{"event": "grün"}')
    [message] = receive(sqs, url, AttributeNames=["All"])
    assert ('{"event": "grün"}', ACCOUNT) == (message["Body"], message["Attributes"]["SenderId"])


@pytest.mark.parametrize("binary", [b"\x00\xff", base64.b64encode(b"\x00\xff").decode()])
def test_attributes_come_along(sqs: Any, pileus: Running, binary: Any) -> None:
    url = create(sqs)
    hand_over(
        pileus, arn_of(sqs, url), "x",
        MessageAttributes={
            "text": {"DataType": "String", "StringValue": "v"},
            "blob": {"DataType": "Binary", "BinaryValue": binary},
        },
        MessageGroupId="g", AWSTraceHeader="Root=1-1-1", SenderId="AIDA", other="ignored",
    )  # fmt: skip
    [message] = receive(sqs, url, AttributeNames=["All"], MessageAttributeNames=["All"])
    assert {
        "text": {"DataType": "String", "StringValue": "v"},
        "blob": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    } == message["MessageAttributes"]
    found = message["Attributes"]
    assert ("g", "Root=1-1-1", "AIDA") == (
        found["MessageGroupId"], found["AWSTraceHeader"], found["SenderId"],
    )  # fmt: skip


def test_a_fifo_queue_takes_group_and_deduplication_id(sqs: Any, pileus: Running) -> None:
    url = create(sqs, "q.fifo")
    for body in ("1", "2", "1"):
        hand_over(pileus, arn_of(sqs, url), body, MessageGroupId="g", MessageDeduplicationId=body)
    assert ["1", "2"] == bodies(sqs, url)


def test_a_delayed_queue_delays_what_is_handed_over(sqs: Any, pileus: Running) -> None:
    url = create(sqs, DelaySeconds="10")
    hand_over(pileus, arn_of(sqs, url), "x")
    assert (0, 0, 1) == counts(sqs, url)
    pileus.advance(10)
    assert ["x"] == bodies(sqs, url)


@pytest.mark.parametrize(("name", "payload"), [("q", "x" * 1025), ("q.fifo", "without a group")])
def test_a_refused_delivery_is_tried_again_and_dead_lettered(
    sqs: Any, pileus: Running, name: str, payload: str
) -> None:
    url, dead = create(sqs, name, MaximumMessageSize="1024"), create(sqs, "dead")
    hand_over(pileus, arn_of(sqs, url), payload, dead_letter_arn=arn_of(sqs, dead))
    assert (0, 0, 0) == counts(sqs, url) == counts(sqs, dead)
    pileus.advance(60)
    [message] = receive(sqs, dead, MessageAttributeNames=["All"])
    assert (payload, arn_of(sqs, url)) == (
        message["Body"], message["MessageAttributes"]["TARGET_ARN"]["StringValue"],
    )  # fmt: skip
    assert message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    assert (0, 0, 0) == counts(sqs, url)


def test_a_refused_delivery_changes_none_of_a_queues_numbers(sqs: Any, pileus: Running) -> None:
    url = create(sqs, MaximumMessageSize="1024")
    for number in range(3):
        hand_over(pileus, arn_of(sqs, url), f"{number}" * 1025, dead_letter_arn=arn_of(sqs, url))
    kernel = pileus.app.kernel
    row = kernel.store.read(numbers, arn_of(sqs, url), about=arn_of(sqs, url))
    assert (0, 0, 0) == pileus.run(row)


def test_a_body_with_forbidden_characters_is_refused(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    hand_over(pileus, arn_of(sqs, url), "x\x01")
    pileus.advance(60)
    assert (0, 0, 0) == counts(sqs, url)


def test_a_delivery_waits_for_its_queue(sqs: Any, pileus: Running, account: str) -> None:
    hand_over(pileus, f"arn:aws:sqs:us-east-1:{account}:late", json.dumps("x"))
    url = create(sqs, "late")
    pileus.advance(10)
    assert ['"x"'] == bodies(sqs, url)
