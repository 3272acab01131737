"""Subscriptions: made, confirmed, changed, listed and ended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.sns.asking import (
    bodies,
    envelopes,
    invalid,
    joined,
    messages,
    queue,
    refusal,
    string,
    subscribe,
    texts,
    topic,
)

MISSING = ("NotFound", "Subscription does not exist")
DAY = 24 * 3600


def attributes(sns: Any, subscription: str) -> dict[str, str]:
    answer = sns.get_subscription_attributes(SubscriptionArn=subscription)
    found: dict[str, str] = answer["Attributes"]
    return found


def test_what_a_subscription_shows(sns: Any, sqs: Any, account: str) -> None:
    arn, _, subscription = joined(sns, sqs)
    found = attributes(sns, subscription)
    found.pop("EffectiveDeliveryPolicy")
    assert {
        "SubscriptionArn": subscription,
        "TopicArn": arn,
        "Owner": account,
        "Protocol": "sqs",
        "Endpoint": f"arn:aws:sqs:us-east-1:{account}:q",
        "PendingConfirmation": "false",
        "ConfirmationWasAuthenticated": "true",
        "SubscriptionPrincipal": f"arn:aws:iam::{account}:root",
        "RawMessageDelivery": "false",
    } == found


def test_subscribing_again_gives_the_same_subscription(sns: Any, sqs: Any) -> None:
    arn, url, subscription = joined(sns, sqs)
    assert subscription == subscribe(sns, arn, queue(sqs)[1])
    sns.publish(TopicArn=arn, Message="m")
    assert ["m"] == texts(sqs, url)


def test_subscribing_again_otherwise_is_refused(sns: Any, sqs: Any) -> None:
    arn = topic(sns)
    endpoint = queue(sqs)[1]
    subscribe(sns, arn, endpoint)
    assert invalid(
        "Attributes Reason: Subscription already exists with different attributes"
    ) == refusal(
        sns.subscribe, TopicArn=arn, Protocol="sqs", Endpoint=endpoint,
        Attributes={"RawMessageDelivery": "true"},
    )  # fmt: skip


def test_an_ended_subscription_gets_nothing_more(sns: Any, sqs: Any) -> None:
    arn, url, subscription = joined(sns, sqs)
    sns.unsubscribe(SubscriptionArn=subscription)
    sns.unsubscribe(SubscriptionArn=subscription)
    sns.publish(TopicArn=arn, Message="m")
    assert [] == bodies(sqs, url)
    assert MISSING == refusal(sns.get_subscription_attributes, SubscriptionArn=subscription)


def test_subscriptions_are_listed_by_the_hundred(sns: Any, account: str) -> None:
    arn = topic(sns)
    made = {
        subscribe(sns, arn, f"arn:aws:sqs:us-east-1:{account}:q{number}") for number in range(101)
    }
    for listing, params in (
        (sns.list_subscriptions, {}),
        (sns.list_subscriptions_by_topic, {"TopicArn": arn}),
    ):
        first = listing(**params)
        second = listing(**params, NextToken=first["NextToken"])
        assert (100, 1) == (len(first["Subscriptions"]), len(second["Subscriptions"]))
        found = first["Subscriptions"] + second["Subscriptions"]
        assert made == {each["SubscriptionArn"] for each in found}


@pytest.mark.parametrize(
    ("protocol", "endpoint", "words"),
    [
        (
            "test-protocol",
            "x",
            "Amazon SNS does not support this protocol string: test-protocol",
        ),
        ("sqs", "q", "SQS endpoint ARN"),
        ("sqs", "http://localhost/q", "SQS endpoint ARN"),
        ("lambda", "f", "Lambda endpoint ARN"),
        ("firehose", "s", "Firehose endpoint ARN"),
        ("http", "https://example.com", "Endpoint must match the specified protocol"),
        ("https", "http://example.com", "Endpoint must match the specified protocol"),
        ("http", "example.com", "Endpoint must match the specified protocol"),
        ("email", "nobody", "Email address"),
        ("email-json", "a b@example.com", "Email address"),
        ("application", "x", "Application endpoint arn invalid"),
        (
            "sqs",
            "arn:aws:sqs:us-east-1:123456789012:q.fifo",
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to "
            "standard SNS topics",
        ),
    ],
)
def test_endpoints_that_are_refused(sns: Any, protocol: str, endpoint: str, words: str) -> None:
    assert invalid(words) == refusal(
        sns.subscribe, TopicArn=topic(sns), Protocol=protocol, Endpoint=endpoint
    )


@pytest.mark.parametrize(
    "number", ["+15--551234567", "+15551234567.", "/+15551234567", "NAA+15551234567", "invalid"]
)
def test_phone_numbers_that_are_none(sns: Any, number: str) -> None:
    assert ("InvalidParameter", f"Invalid SMS endpoint: {number}") == refusal(
        sns.subscribe, TopicArn=topic(sns), Protocol="sms", Endpoint=number
    )


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        ("s", "SubscriptionArn Reason: An ARN must have at least 6 elements, not 1"),
        (
            "arn:aws:sns:us-east-1:1",
            "SubscriptionArn Reason: An ARN must have at least 6 elements, not 5",
        ),
        ("arn:aws:sns:us-east-1:123456789012:t", "SubscriptionId"),
        ("arn:aws:sns:us-east-1:123456789012:t:x", "SubscriptionId"),
    ],
)
def test_arns_that_are_none(sns: Any, arn: str, words: str) -> None:
    assert invalid(words) == refusal(sns.unsubscribe, SubscriptionArn=arn)
    assert invalid(words) == refusal(sns.get_subscription_attributes, SubscriptionArn=arn)


# Attributes.


@pytest.mark.parametrize("value", ["", "test-ValUe"])
def test_raw_message_delivery_is_true_or_false(sns: Any, sqs: Any, value: str) -> None:
    _, _, subscription = joined(sns, sqs)
    assert invalid(
        f"RawMessageDelivery: Invalid value [{value}]. Must be true or false."
    ) == refusal(
        sns.set_subscription_attributes,
        SubscriptionArn=subscription,
        AttributeName="RawMessageDelivery",
        AttributeValue=value,
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("Colour", "red", "AttributeName"),
        (
            "FilterPolicyScope",
            "RandomValue",
            "FilterPolicyScope: Invalid value [RandomValue]. Please use either MessageBody or "
            "MessageAttributes",
        ),
        (
            "RedrivePolicy",
            "{invalidjson}",
            "RedrivePolicy: failed to parse JSON. Unexpected character ('i' (code 105)): was "
            "expecting double-quote to start field name\n at [Source: REDACTED "
            "(`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 2]",
        ),
        (
            "RedrivePolicy",
            '{"deadLetterTargetArn":"q"}',
            "RedrivePolicy: deadLetterTargetArn is an invalid arn",
        ),
        (
            "FilterPolicy",
            '{"key_a":"value_one"}',
            'FilterPolicy: "key_a" must be an object or an array\n at [Source: '
            '(String)"{"key_a":"value_one"}"; line: 1, column: 11]',
        ),
        (
            "DeliveryPolicy",
            '{"healthyRetryPolicy":{"numRetries":101}}',
            "DeliveryPolicy: healthyRetryPolicy.numRetries must be less than or equal to 100",
        ),
    ],
)
def test_attributes_that_a_subscription_may_not_have(
    sns: Any, sqs: Any, name: str, value: str, words: str
) -> None:
    _, _, subscription = joined(sns, sqs)
    assert invalid(words) == refusal(
        sns.set_subscription_attributes,
        SubscriptionArn=subscription,
        AttributeName=name,
        AttributeValue=value,
    )


def test_attributes_are_checked_when_subscribing(sns: Any, sqs: Any) -> None:
    params = {"TopicArn": topic(sns), "Protocol": "sqs", "Endpoint": queue(sqs)[1]}
    assert invalid("Attributes Reason: Invalid attribute name: InvalidKey") == refusal(
        sns.subscribe, **params, Attributes={"InvalidKey": "x"}
    )
    assert invalid(
        "Attributes Reason: RawMessageDelivery: Invalid value [wrongvalue]. Must be true or false."
    ) == refusal(sns.subscribe, **params, Attributes={"RawMessageDelivery": "wrongvalue"})
    assert invalid(
        "Attributes Reason: FilterPolicy: Empty arrays are not allowed\n at [Source: "
        '(String)"{"key":[]}"; line: 1, column: 10]'
    ) == refusal(sns.subscribe, **params, Attributes={"FilterPolicy": '{"key":[]}'})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RawMessageDelivery", "true"),
        ("FilterPolicy", '{"a":["b"]}'),
        ("FilterPolicyScope", "MessageBody"),
        ("RedrivePolicy", '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:d"}'),
        ("DeliveryPolicy", '{"healthyRetryPolicy":{"numRetries":5}}'),
    ],
)
def test_attributes_are_set_and_given_back(sns: Any, sqs: Any, name: str, value: str) -> None:
    _, _, subscription = joined(sns, sqs)
    sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName=name, AttributeValue=value
    )
    assert value == attributes(sns, subscription)[name]


# Filter policies.


def test_messages_are_filtered_by_attributes(sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(sns, sqs, FilterPolicy='{"kind":["a",{"prefix":"b"}]}')
    for kind in ("a", "bc", "c"):
        sns.publish(TopicArn=arn, Message=kind, MessageAttributes={"kind": string(kind)})
    sns.publish(TopicArn=arn, Message="none")
    assert ["a", "bc"] == texts(sqs, url)


def test_messages_are_filtered_by_body(sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(
        sns, sqs, FilterPolicyScope="MessageBody", FilterPolicy='{"a":{"b":[{"numeric":[">",1]}]}}'
    )
    for body in ('{"a":{"b":2}}', '{"a":{"b":1}}', "no JSON"):
        sns.publish(TopicArn=arn, Message=body)
    assert ['{"a":{"b":2}}'] == texts(sqs, url)


def test_a_changed_policy_takes_effect_at_once(sns: Any, sqs: Any) -> None:
    arn, url, subscription = joined(sns, sqs, FilterPolicy='{"kind":["a"]}')
    sns.publish(TopicArn=arn, Message="1")
    sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="FilterPolicy", AttributeValue="{}"
    )
    sns.publish(TopicArn=arn, Message="2")
    assert ["2"] == texts(sqs, url)
    assert "FilterPolicy" not in attributes(sns, subscription)


# Dead letters.


def dead_letters(sqs: Any, name: str = "dead") -> tuple[str, str]:
    url, arn = queue(sqs, name)
    return url, json.dumps({"deadLetterTargetArn": arn})


def test_what_a_queue_that_is_gone_would_have_got(sns: Any, sqs: Any) -> None:
    dead, policy = dead_letters(sqs)
    arn, url, _ = joined(sns, sqs, RedrivePolicy=policy)
    sqs.delete_queue(QueueUrl=url)
    message_id = sns.publish(TopicArn=arn, Message="m")["MessageId"]
    assert [("m", message_id)] == [
        (each["Message"], each["MessageId"]) for each in envelopes(sqs, dead)
    ]


def test_a_message_that_a_queue_refuses_is_dead_at_once(sns: Any, sqs: Any) -> None:
    dead, policy = dead_letters(sqs)
    arn = topic(sns)
    url, endpoint = queue(sqs, MaximumMessageSize="1024")
    subscribe(sns, arn, endpoint, RedrivePolicy=policy, RawMessageDelivery="true")
    sns.publish(TopicArn=arn, Message="m" * 1025, MessageAttributes={"a": string("b")})
    (message,) = messages(sqs, dead)
    assert ("m" * 1025, {"a": string("b")}) == (message["Body"], message["MessageAttributes"])
    assert [] == bodies(sqs, url)


def test_other_queues_get_what_one_refuses(sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(sns, sqs)
    gone, endpoint = queue(sqs, "gone")
    subscribe(sns, arn, endpoint)
    sqs.delete_queue(QueueUrl=gone)
    sns.publish(TopicArn=arn, Message="m")
    assert ["m"] == texts(sqs, url)


# Queues of other accounts must agree.


@pytest.fixture
def asked(sns: Any, pileus: Any, account: str) -> Any:
    """A topic whose owner has subscribed a queue of somebody else's; the other's clients."""
    other = str(int(account) + 500_000_000_000)
    theirs = pileus.client("sqs", account=other)
    url, endpoint = queue(theirs)
    arn = topic(sns)
    answer = sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=endpoint)
    assert "pending confirmation" == answer["SubscriptionArn"]
    (asking,) = envelopes(theirs, url)
    return arn, asking, theirs, url


def test_a_queue_of_another_account_is_asked(sns: Any, asked: Any, pileus: Any) -> None:
    arn, asking, theirs, url = asked
    assert "SubscriptionConfirmation" == asking["Type"]
    assert (
        f"{pileus.url}/?Action=ConfirmSubscription&TopicArn={arn}&Token={asking['Token']}"
        == asking["SubscribeURL"]
    )
    listed = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    assert ["PendingConfirmation"] == [each["SubscriptionArn"] for each in listed]
    sns.publish(TopicArn=arn, Message="before")
    confirmed = sns.confirm_subscription(TopicArn=arn, Token=asking["Token"])["SubscriptionArn"]
    assert confirmed.startswith(arn)
    sns.publish(TopicArn=arn, Message="after")
    assert ["after"] == texts(theirs, url)


def test_confirming_twice_gives_the_same_subscription(sns: Any, asked: Any) -> None:
    arn, asking, _, _ = asked
    params = {"TopicArn": arn, "Token": asking["Token"]}
    first, second = (sns.confirm_subscription(**params)["SubscriptionArn"] for _ in range(2))
    assert first == second
    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert ("1", "0") == (found["SubscriptionsConfirmed"], found["SubscriptionsPending"])


def test_a_token_is_good_for_two_days(sns: Any, asked: Any, pileus: Any) -> None:
    arn, asking, _, _ = asked
    pileus.advance(2 * DAY)
    assert invalid("Token") == refusal(
        sns.confirm_subscription, TopicArn=arn, Token=asking["Token"]
    )
    assert [] == sns.list_subscriptions()["Subscriptions"]


@pytest.mark.parametrize("token", ["x", "0" * 224])
def test_tokens_that_are_none(sns: Any, token: str) -> None:
    assert invalid("Token") == refusal(sns.confirm_subscription, TopicArn=topic(sns), Token=token)


def test_a_pending_subscription_cannot_be_ended(sns: Any, sqs: Any) -> None:
    arn = topic(sns)
    subscription = subscribe(sns, arn, "arn:aws:sqs:us-east-1:999999999998:q")
    assert invalid(
        "SubscriptionArn Reason: This operation cannot be performed on a subscription that is "
        "pending confirmation"
    ) == refusal(sns.unsubscribe, SubscriptionArn=subscription)
