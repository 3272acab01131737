"""Documents that no server should take are refused as any other that is none."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.sns.asking import joined, refusal, subscribe, topic
from support.running import ACCOUNT

DEEP = ['{"a":' * 20_000, "[" * 20_000 + "]" * 20_000]


@pytest.mark.parametrize("document", DEEP)
@pytest.mark.parametrize("name", ["Policy", "DeliveryPolicy", "ArchivePolicy"])
def test_attributes_of_topics_are_not_nested_deeply(sns: Any, name: str, document: str) -> None:
    arn = topic(sns, "t.fifo")
    code, _ = refusal(
        sns.set_topic_attributes, TopicArn=arn, AttributeName=name, AttributeValue=document
    )
    assert "InvalidParameter" == code


@pytest.mark.parametrize("document", DEEP)
@pytest.mark.parametrize("name", ["DeliveryPolicy", "FilterPolicy", "RedrivePolicy"])
def test_attributes_of_subscriptions_are_not_nested_deeply(
    sns: Any, sqs: Any, name: str, document: str
) -> None:
    _, _, subscription = joined(sns, sqs)
    code, _ = refusal(
        sns.set_subscription_attributes, SubscriptionArn=subscription, AttributeName=name,
        AttributeValue=document,
    )  # fmt: skip
    assert "InvalidParameter" == code


@pytest.mark.parametrize("document", DEEP)
def test_replay_policies_are_not_nested_deeply(sns: Any, sqs: Any, document: str) -> None:
    arn = topic(sns, "t.fifo", ArchivePolicy='{"MessageRetentionPeriod":"1"}')
    subscription = subscribe(sns, arn, f"arn:aws:sqs:us-east-1:{ACCOUNT}:q.fifo")
    code, _ = refusal(
        sns.set_subscription_attributes, SubscriptionArn=subscription,
        AttributeName="ReplayPolicy", AttributeValue=document,
    )  # fmt: skip
    assert "InvalidParameter" == code


@pytest.mark.parametrize("document", DEEP)
def test_arrays_of_attributes_and_structures_are_not_nested_deeply(sns: Any, document: str) -> None:
    arn = topic(sns)
    attributes = {"a": {"DataType": "String.Array", "StringValue": document}}
    code, _ = refusal(sns.publish, TopicArn=arn, Message="m", MessageAttributes=attributes)
    assert "ParameterValueInvalid" == code
    code, _ = refusal(sns.publish, TopicArn=arn, Message=document, MessageStructure="json")
    assert "InvalidParameter" == code


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MaximumMessageSize", "{}"),
        ("SQSSuccessFeedbackSampleRate", "{}"),
        ("ArchivePolicy", '{{"MessageRetentionPeriod":"{}"}}'),
    ],
)
def test_numbers_have_a_length(sns: Any, name: str, value: str) -> None:
    arn = topic(sns, "t.fifo")
    long = value.format("9" * 5_000)
    code, _ = refusal(
        sns.set_topic_attributes, TopicArn=arn, AttributeName=name, AttributeValue=long
    )
    assert "InvalidParameter" == code


def test_settings_of_text_messages_have_a_length(sns: Any) -> None:
    for name in ("MonthlySpendLimit", "DeliveryStatusSuccessSamplingRate"):
        code, _ = refusal(sns.set_sms_attributes, attributes={name: "9" * 5_000})
        assert "InvalidParameter" == code
