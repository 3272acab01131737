"""What SNS refuses, request by request, where a server keeps AWS's limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.sns.asking import invalid, joined, queue, refusal, subscribe, topic
from e2e.sns.test_push import application, device
from pileus.services.sns import subscription_listing, subscriptions, topics
from support.running import Running

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q{}"


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("pileus"), limits="aws").start()
    running.freeze()
    yield running
    running.stop()


# Limits.


def test_a_fifo_topic_has_a_hundred_subscriptions(sns: Any) -> None:
    arn = topic(sns, "t.fifo")
    for number in range(100):
        subscribe(sns, arn, QUEUE.format(f"{number}.fifo"))
    expected = ("SubscriptionLimitExceeded", "Subscription limit per topic has been reached")
    assert expected == refusal(
        sns.subscribe, TopicArn=arn, Protocol="sqs", Endpoint=QUEUE.format("more.fifo")
    )


def test_a_topic_has_two_hundred_filter_policies(sns: Any, account: str) -> None:
    arn = topic(sns)
    mine = QUEUE.replace("000000000000", account)
    for number in range(200):
        subscribe(sns, arn, mine.format(number), FilterPolicy='{"a":["b"]}')
    expected = ("FilterPolicyLimitExceeded", "Filter policy limit per topic has been reached")
    more = {"TopicArn": arn, "Protocol": "sqs", "Endpoint": mine.format("more")}
    assert expected == refusal(sns.subscribe, **more, Attributes={"FilterPolicy": '{"a":["b"]}'})
    assert sns.subscribe(**more)["SubscriptionArn"]


def test_a_filter_policy_that_is_set_later_counts_too(
    sns: Any, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "FILTER_POLICIES_MAX", 2)
    arn = topic(sns)
    mine = QUEUE.replace("000000000000", account)
    for number in range(2):
        filtered = subscribe(sns, arn, mine.format(number), FilterPolicy='{"a":["b"]}')
    plain = {"SubscriptionArn": subscribe(sns, arn, mine.format("more"))}
    policy = {"AttributeName": "FilterPolicy", "AttributeValue": '{"a":["c"]}'}
    expected = ("FilterPolicyLimitExceeded", "Filter policy limit per topic has been reached")
    assert expected == refusal(sns.set_subscription_attributes, **plain, **policy)
    sns.set_subscription_attributes(SubscriptionArn=filtered, **policy)
    sns.unsubscribe(SubscriptionArn=filtered)
    sns.set_subscription_attributes(**plain, **policy)


def test_an_account_has_so_many_filter_policies(
    sns: Any, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 10_000 == subscription_listing.FILTER_POLICIES_MAX
    monkeypatch.setattr(subscription_listing, "FILTER_POLICIES_MAX", 2)
    expected = ("FilterPolicyLimitExceeded", "Filter policy limit per account has been reached")
    mine = QUEUE.replace("000000000000", account)
    filtered = {"FilterPolicy": '{"a":["b"]}'}
    arns = [topic(sns, name) for name in ("t1", "t2")]
    first, second = (subscribe(sns, arn, mine.format("q"), **filtered) for arn in arns)
    more = {"TopicArn": arns[0], "Protocol": "sqs", "Endpoint": mine.format("more")}
    assert expected == refusal(sns.subscribe, **more, Attributes=filtered)
    sns.set_subscription_attributes(
        SubscriptionArn=first, AttributeName="FilterPolicy", AttributeValue="{}"
    )
    third = sns.subscribe(**more, Attributes=filtered)["SubscriptionArn"]
    sns.unsubscribe(SubscriptionArn=second)
    sns.unsubscribe(SubscriptionArn=third)
    for name in ("q4", "q5"):
        subscribe(sns, arns[0], mine.format(name), **filtered)


def test_an_account_has_so_many_topics_of_each_kind(
    sns: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (100_000, 1_000) == (topics.TOPICS_MAX, topics.FIFO_TOPICS_MAX)
    monkeypatch.setattr(topics, "TOPICS_MAX", 2)
    monkeypatch.setattr(topics, "FIFO_TOPICS_MAX", 1)
    expected = ("TopicLimitExceeded", "Topic limit for the account has been reached")
    topic(sns, "a")
    topic(sns, "a.fifo")
    topic(sns, "b")
    assert expected == refusal(sns.create_topic, Name="c")
    fifo = {"Name": "b.fifo", "Attributes": {"FifoTopic": "true"}}
    assert expected == refusal(sns.create_topic, **fifo)
    sns.delete_topic(TopicArn=topic(sns, "b"))
    assert topic(sns, "c").endswith(":c")


def test_a_topic_has_so_many_subscriptions(sns: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 12_500_000 == subscriptions.SUBSCRIPTIONS_MAX
    monkeypatch.setattr(subscriptions, "SUBSCRIPTIONS_MAX", 1)
    arn = topic(sns)
    subscribe(sns, arn, QUEUE.format("q"))
    expected = ("SubscriptionLimitExceeded", "Subscription limit per topic has been reached")
    assert expected == refusal(
        sns.subscribe, TopicArn=arn, Protocol="sqs", Endpoint=QUEUE.format("more")
    )


def test_a_topic_of_large_messages_has_few_and_fast_subscribers(sns: Any) -> None:
    arn = topic(sns, MaximumMessageSize="1048576")
    code, words = refusal(sns.subscribe, TopicArn=arn, Protocol="email", Endpoint="me@example.com")
    assert ("InvalidParameter", True) == (code, "at most 100 subscriptions" in words)


@pytest.mark.parametrize("protocol", ["http", "email-json"])
def test_a_topic_with_other_subscribers_takes_no_large_messages(sns: Any, protocol: str) -> None:
    arn = topic(sns)
    endpoint = "http://example.com" if protocol == "http" else "me@example.com"
    sns.subscribe(TopicArn=arn, Protocol=protocol, Endpoint=endpoint)
    code, words = refusal(
        sns.set_topic_attributes, TopicArn=arn, AttributeName="MaximumMessageSize",
        AttributeValue="1048576",
    )  # fmt: skip
    assert ("InvalidParameter", True) == (code, "subscriptions of other protocols" in words)


def test_the_sandbox_has_ten_numbers(sns: Any) -> None:
    for number in range(10):
        sns.create_sms_sandbox_phone_number(PhoneNumber=f"+1206555010{number}")
    assert "UserError" == refusal(
        sns.create_sms_sandbox_phone_number, PhoneNumber="+12065550200"
    )[0]  # fmt: skip
    page = sns.list_sms_sandbox_phone_numbers(MaxResults=9)
    rest = sns.list_sms_sandbox_phone_numbers(NextToken=page["NextToken"])
    assert (9, 1) == (len(page["PhoneNumbers"]), len(rest["PhoneNumbers"]))
    assert "ResourceNotFound" == refusal(
        sns.delete_sms_sandbox_phone_number, PhoneNumber="+12065550200"
    )[0]  # fmt: skip


# Messages.


def test_a_batch_holds_something(sns: Any) -> None:
    expected = ("EmptyBatchRequest", "The batch request doesn't contain any entries.")
    assert expected == refusal(
        sns.publish_batch, TopicArn=topic(sns), PublishBatchRequestEntries=[]
    )


def test_a_batch_whose_attribute_has_no_type_fails_as_a_whole(pileus: Running, sns: Any) -> None:
    lenient = pileus.client("sns", account=topic(sns).split(":")[4], parameter_validation=False)
    given = {"Id": "1", "Message": "m", "MessageAttributes": {"a": {"StringValue": "v"}}}
    assert "ValidationError" == refusal(
        lenient.publish_batch, TopicArn=topic(sns), PublishBatchRequestEntries=[given]
    )[0]  # fmt: skip


def test_a_message_goes_to_one_place_only(sns: Any) -> None:
    arn = topic(sns)
    assert "InvalidParameter" == refusal(
        sns.publish, TopicArn=arn, TargetArn=arn, Message="m"
    )[0]  # fmt: skip
    assert invalid("PhoneNumber Reason: input incorrectly formatted") == refusal(
        sns.publish, PhoneNumber="", Message="m"
    )


@pytest.mark.parametrize("array", ["no json", '{"a":1}', '["a",{"b":1}]', "[[1]]"])
def test_an_array_holds_plain_values(sns: Any, array: str) -> None:
    attributes = {"a": {"DataType": "String.Array", "StringValue": array}}
    expected = (
        "Could not parse message attribute 'a' as an array of strings, numbers, and booleans."
    )
    assert ("ParameterValueInvalid", expected) == refusal(
        sns.publish, TopicArn=topic(sns), Message="m", MessageAttributes=attributes
    )


def test_an_application_that_is_disabled_sends_nothing(sns: Any) -> None:
    arn = device(sns)
    name = application(sns)
    sns.set_platform_application_attributes(
        PlatformApplicationArn=name, Attributes={"Enabled": "false"}
    )
    expected = ("PlatformApplicationDisabled", "Platform application is disabled")
    assert expected == refusal(sns.publish, TargetArn=arn, Message="m")


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("", invalid("Token")),
        ("taken", "already exists with the same Token, but different attributes."),
    ],
)
def test_a_token_is_there_and_of_one_device(sns: Any, token: str, expected: Any) -> None:
    device(sns, "taken", CustomUserData="one")
    code, words = refusal(
        sns.create_platform_endpoint, PlatformApplicationArn=application(sns), Token=token
    )
    assert expected == (code, words) or expected in words


# Settings.


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DeliveryPolicy", '{"http":{"x":1}}', "DeliveryPolicy: http.x is not a valid member"),
        ("DeliveryPolicy", "[]", "DeliveryPolicy: failed to parse JSON"),
        (
            "DeliveryPolicy",
            '{"http":{"defaultThrottlePolicy":{"maxReceivesPerSecond":0}}}',
            "DeliveryPolicy: throttlePolicy.maxReceivesPerSecond must be an integer of at least 1",
        ),
        (
            "DeliveryPolicy",
            '{"http":{"defaultRequestPolicy":{"headerContentType":"image/png"}}}',
            "DeliveryPolicy: requestPolicy.headerContentType is not supported",
        ),
        ("Policy", '{"Statement":[]}', "Policy Error: null"),
        ("Policy", '{"Statement":[{"Effect":"Maybe"}]}', "Policy Error: null"),
        ("Policy", '{"Statement":[{"Effect":"Allow","Action":[]}]}', "Policy Error: null"),
        (
            "Policy",
            '{"Statement":[{"Effect":"Allow","Action":"sqs:SendMessage"}]}',
            "Policy statement action out of service scope!",
        ),
        ("Policy", json.dumps({"Statement": [], "Id": "x" * 30_720}), "Policy Error: too long"),
    ],
)
def test_attributes_of_topics_that_are_refused(sns: Any, name: str, value: str, words: str) -> None:
    assert invalid(words) == refusal(
        sns.set_topic_attributes, TopicArn=topic(sns), AttributeName=name, AttributeValue=value
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DeliveryPolicy", '{"x":1}', "DeliveryPolicy: x is not a valid member"),
        ("SubscriptionRoleArn", "arn:aws:iam::000000000000:role/r", "SubscriptionRoleArn"),
        ("RedrivePolicy", "no json", None),
        ("Nonsense", "x", "AttributeName"),
    ],
)
def test_attributes_of_subscriptions_that_are_refused(
    sns: Any, sqs: Any, name: str, value: str, words: str | None
) -> None:
    _, _, subscription = joined(sns, sqs)
    code, said = refusal(
        sns.set_subscription_attributes, SubscriptionArn=subscription, AttributeName=name,
        AttributeValue=value,
    )  # fmt: skip
    assert "InvalidParameter" == code
    assert words is None or invalid(words)[1] == said


def test_a_stream_needs_a_role(sns: Any) -> None:
    stream = "arn:aws:firehose:us-east-1:000000000000:deliverystream/s"
    given = {"TopicArn": topic(sns), "Protocol": "firehose", "Endpoint": stream}
    assert invalid("Attributes Reason: SubscriptionRoleArn is required") == refusal(
        sns.subscribe, **given
    )
    role = "arn:aws:iam::000000000000:role/r"
    made = sns.subscribe(**given, Attributes={"SubscriptionRoleArn": role})["SubscriptionArn"]
    found = sns.get_subscription_attributes(SubscriptionArn=made)["Attributes"]
    assert role == found["SubscriptionRoleArn"]


def test_a_scope_must_fit_the_policy_that_is_there(sns: Any, sqs: Any) -> None:
    nested = {"FilterPolicy": '{"a":{"b":["c"]}}', "FilterPolicyScope": "MessageBody"}
    arn = topic(sns)
    subscription = subscribe(sns, arn, queue(sqs)[1], **nested)
    assert "InvalidParameter" == refusal(
        sns.set_subscription_attributes, SubscriptionArn=subscription,
        AttributeName="FilterPolicyScope", AttributeValue="MessageAttributes",
    )[0]  # fmt: skip


def test_permissions_say_who_and_what(sns: Any) -> None:
    given = {"TopicArn": topic(sns), "AWSAccountId": ["123456789012"], "ActionName": ["Publish"]}
    assert invalid("Label") == refusal(sns.add_permission, **given, Label="")
    assert invalid("ActionName") == refusal(
        sns.add_permission, **{**given, "ActionName": []}, Label="l"
    )


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("aws:mine", "Tags Reason: aws: prefixed tag key names are not allowed"),
        ("b%d", "Tags Reason: the tag b%d is not valid"),
    ],
)
def test_keys_of_tags_that_are_refused(sns: Any, key: str, words: str) -> None:
    assert invalid(words) == refusal(
        sns.tag_resource, ResourceArn=topic(sns), Tags=[{"Key": key, "Value": "v"}]
    )


def test_a_data_protection_policy_has_statements_and_a_length(sns: Any) -> None:
    arn = topic(sns)
    for policy, words in (
        ("{}", "Statement is required"),
        ("x" * 30_721, "the length must be at most 30720"),
    ):
        assert invalid(f"DataProtectionPolicy Reason: {words}") == refusal(
            sns.put_data_protection_policy, ResourceArn=arn, DataProtectionPolicy=policy
        )


def test_settings_of_text_messages_that_are_refused(sns: Any) -> None:
    for name, value in (
        ("MonthlySpendLimit", "much"),
        ("DeliveryStatusSuccessSamplingRate", "101"),
        ("DefaultSenderID", "123"),
    ):
        assert ("InvalidParameter", f"{name} is invalid") == refusal(
            sns.set_sms_attributes, attributes={name: value}
        )
    sns.set_sms_attributes(attributes={"UsageReportS3Bucket": "b", "MonthlySpendLimit": "5"})
    assert ("InvalidParameter", "Nonsense is not a valid attribute") == refusal(
        sns.get_sms_attributes, attributes=["Nonsense"]
    )


def test_a_topic_is_fifo_or_not(sns: Any) -> None:
    assert "InvalidParameter" == refusal(
        sns.create_topic, Name="t", Attributes={"FifoTopic": "perhaps"}
    )[0]  # fmt: skip


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"Name": "a" * 257}, "Reason: must be at most 256 characters long"),
        (
            {"Attributes": {"PlatformCredential": ""}},
            "Attributes Reason: PlatformCredential is required",
        ),
    ],
)
def test_applications_that_cannot_be(sns: Any, params: dict[str, Any], words: str) -> None:
    keys = {"PlatformCredential": "s"}
    given = {"Name": "a", "Platform": "GCM", "Attributes": keys, **params}
    code, said = refusal(sns.create_platform_application, **given)
    assert ("InvalidParameter", True) == (code, words in said)
