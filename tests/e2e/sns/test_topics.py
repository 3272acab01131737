"""Topics: made, found, changed and deleted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.sns.asking import invalid, queue, refusal, status, subscribe, topic

MISSING = ("NotFound", "Topic does not exist")


def arns(sns: Any) -> list[str]:
    return [each["TopicArn"] for each in sns.list_topics()["Topics"]]


def attributes(sns: Any, arn: str) -> dict[str, str]:
    found: dict[str, str] = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    return found


def test_a_topic_has_an_arn_and_is_listed(sns: Any, account: str) -> None:
    arn = topic(sns, "news")
    assert f"arn:aws:sns:us-east-1:{account}:news" == arn
    assert [arn] == arns(sns)


def test_topics_of_other_regions_are_not_listed(sns: Any, aws: Any, pileus: Any) -> None:
    topic(sns)
    elsewhere = pileus.client("sns", region="eu-west-1")
    assert [] == elsewhere.list_topics()["Topics"]


def test_creating_a_topic_again_gives_the_same_one(sns: Any) -> None:
    assert topic(sns, DisplayName="a") == topic(sns, DisplayName="a")
    assert topic(sns) == topic(sns)


def test_a_topic_with_other_attributes_exists_already(sns: Any) -> None:
    topic(sns, DisplayName="a")
    assert invalid("Attributes Reason: Topic already exists with different attributes") == refusal(
        sns.create_topic, Name="t", Attributes={"DisplayName": "b"}
    )


def test_a_topic_with_other_tags_exists_already(sns: Any) -> None:
    topic(sns)
    assert invalid("Tags Reason: Topic already exists with different tags") == refusal(
        sns.create_topic, Name="t", Tags=[{"Key": "a", "Value": "b"}]
    )


@pytest.mark.parametrize("name", ["", "a b", "a" * 257, "a.b", "t.fifo", "é"])
def test_names_that_are_none(sns: Any, name: str) -> None:
    assert invalid("Topic Name") == refusal(sns.create_topic, Name=name)


def test_a_fifo_topic_needs_its_suffix(sns: Any) -> None:
    assert invalid("Topic Name") == refusal(
        sns.create_topic, Name="t", Attributes={"FifoTopic": "true"}
    )
    assert "true" == attributes(sns, topic(sns, "t.fifo"))["FifoTopic"]


def test_the_longest_name(sns: Any) -> None:
    assert topic(sns, "a" * 256).endswith("a" * 256)


def test_topics_are_listed_by_the_hundred(sns: Any) -> None:
    names = {topic(sns, f"t{number}") for number in range(101)}
    first = sns.list_topics()
    second = sns.list_topics(NextToken=first["NextToken"])
    assert 100 == len(first["Topics"])
    assert "NextToken" not in second
    assert names == {each["TopicArn"] for each in first["Topics"] + second["Topics"]}


def test_a_token_of_somebody_else_is_refused(sns: Any) -> None:
    assert invalid("NextToken") == refusal(sns.list_topics, NextToken="x")


def test_a_deleted_topic_is_gone_and_deleting_it_again_is_fine(
    sns: Any, sqs: Any, pileus: Any
) -> None:
    arn = topic(sns)
    subscription = subscribe(sns, arn, queue(sqs)[1])
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    pileus.advance(0)
    assert [] == arns(sns)
    assert [] == sns.list_subscriptions()["Subscriptions"]
    assert MISSING == refusal(sns.get_topic_attributes, TopicArn=arn)
    assert 404 == status(sns.get_topic_attributes, TopicArn=arn)
    assert ("NotFound", "Subscription does not exist") == refusal(
        sns.get_subscription_attributes, SubscriptionArn=subscription
    )


def test_a_topic_of_the_same_name_has_nothing_of_the_first(sns: Any, sqs: Any) -> None:
    arn = topic(sns, DisplayName="old")
    subscribe(sns, arn, queue(sqs)[1])
    sns.delete_topic(TopicArn=arn)
    assert arn == topic(sns)
    found = attributes(sns, arn)
    assert ("", "0") == (found["DisplayName"], found["SubscriptionsConfirmed"])
    assert [] == sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]


def test_what_a_topic_shows(sns: Any, account: str) -> None:
    arn = topic(sns)
    found = attributes(sns, arn)
    policy = json.loads(found.pop("Policy"))
    assert {
        "TopicArn": arn,
        "Owner": account,
        "DisplayName": "",
        "SubscriptionsConfirmed": "0",
        "SubscriptionsPending": "0",
        "SubscriptionsDeleted": "0",
        "EffectiveDeliveryPolicy": (
            '{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,'
            '"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,'
            '"backoffFunction":"linear"},"disableSubscriptionOverrides":false,'
            '"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}'
        ),
    } == found
    assert {"StringEquals": {"AWS:SourceOwner": account}} == policy["Statement"][0]["Condition"]


def test_subscriptions_are_counted(sns: Any, sqs: Any) -> None:
    arn = topic(sns)
    kept, ended = (subscribe(sns, arn, queue(sqs, name)[1]) for name in ("a", "b"))
    sns.unsubscribe(SubscriptionArn=ended)
    found = attributes(sns, arn)
    assert ("1", "0", "1") == (
        found["SubscriptionsConfirmed"],
        found["SubscriptionsPending"],
        found["SubscriptionsDeleted"],
    )
    assert kept.startswith(arn)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DisplayName", "News"),
        ("DeliveryPolicy", '{"http":{"defaultHealthyRetryPolicy":{"numRetries":5}}}'),
        ("KmsMasterKeyId", "alias/aws/sns"),
        ("SignatureVersion", "2"),
        ("TracingConfig", "Active"),
        ("MaximumMessageSize", "1048576"),
        ("SQSSuccessFeedbackRoleArn", "arn:aws:iam::123456789012:role/r"),
        ("HTTPFailureFeedbackRoleArn", "arn:aws:iam::123456789012:role/r"),
        ("LambdaSuccessFeedbackSampleRate", "100"),
        (
            "Policy",
            '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sns:Publish",'
            '"Resource":"*"}]}',
        ),
    ],
)
def test_attributes_are_set_and_given_back(sns: Any, name: str, value: str) -> None:
    arn = topic(sns)
    sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)
    assert value == attributes(sns, arn)[name]
    assert value == attributes(sns, topic(sns, "made", **{name: value}))[name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ContentBasedDeduplication", "true"),
        ("FifoThroughputScope", "MessageGroup"),
        ("ArchivePolicy", '{"MessageRetentionPeriod":7}'),
    ],
)
def test_attributes_of_fifo_topics_only(sns: Any, name: str, value: str) -> None:
    arn = topic(sns, "t.fifo", **{name: value})
    assert value == attributes(sns, arn)[name]
    assert invalid(f"Attributes Reason: {name} can only be set for FIFO topics") == refusal(
        sns.set_topic_attributes, TopicArn=topic(sns), AttributeName=name, AttributeValue=value
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("Colour", "red", "AttributeName"),
        ("FifoTopic", "true", "AttributeName"),
        ("DisplayName", "a" * 101, "DisplayName"),
        ("DisplayName", "a\nb", "DisplayName"),
        ("Policy", "{", "Policy Error: null"),
        ("Policy", '{"Statement":[]}', "Policy Error: null"),
        (
            "Policy",
            '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage"}]}',
            "Policy statement action out of service scope!",
        ),
        ("DeliveryPolicy", "{", "DeliveryPolicy: failed to parse JSON"),
        ("DeliveryPolicy", "{}", "DeliveryPolicy: http must be specified"),
        (
            "MaximumMessageSize",
            "1023",
            "MaximumMessageSize Reason: must be an integer between 1024 and 1048576",
        ),
        (
            "SignatureVersion",
            "3",
            "SignatureVersion Reason: Invalid value [3]. Must be one of 1, 2.",
        ),
        (
            "SQSSuccessFeedbackSampleRate",
            "101",
            "SQSSuccessFeedbackSampleRate Reason: must be an integer between 0 and 100",
        ),
        (
            "SQSSuccessFeedbackRoleArn",
            "role",
            "SQSSuccessFeedbackRoleArn Reason: must be the ARN of a role",
        ),
    ],
)
def test_attributes_that_a_topic_may_not_have(sns: Any, name: str, value: str, words: str) -> None:
    assert invalid(words) == refusal(
        sns.set_topic_attributes, TopicArn=topic(sns), AttributeName=name, AttributeValue=value
    )


def test_a_topic_is_not_made_with_unknown_attributes(sns: Any) -> None:
    assert invalid("Attributes Reason: Invalid attribute name: InvalidKey") == refusal(
        sns.create_topic, Name="t", Attributes={"InvalidKey": "x"}
    )


@pytest.mark.parametrize("days", ["0", "366", '"x"', "true"])
def test_an_archive_keeps_messages_for_up_to_a_year(sns: Any, days: str) -> None:
    assert invalid(
        "ArchivePolicy Reason: MessageRetentionPeriod must be between 1 and 365 days"
    ) == refusal(
        sns.set_topic_attributes,
        TopicArn=topic(sns, "t.fifo"),
        AttributeName="ArchivePolicy",
        AttributeValue=f'{{"MessageRetentionPeriod":{days}}}',
    )


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        ("t", "TopicArn Reason: An ARN must have at least 6 elements, not 1"),
        ("arn:aws:sns:us-east-1:1", "TopicArn Reason: An ARN must have at least 6 elements, not 5"),
        ("arn:aws:sqs:us-east-1:123456789012:t", "TopicArn"),
        ("arn:aws:sns:eu-west-1:123456789012:t", "TopicArn"),
        ("arn:aws:sns:us-east-1:123456789012:a/b", "TopicArn"),
    ],
)
def test_arns_that_are_none(sns: Any, arn: str, words: str) -> None:
    assert invalid(words) == refusal(sns.get_topic_attributes, TopicArn=arn)


def test_operations_on_a_topic_that_is_not_there(sns: Any, account: str) -> None:
    arn = f"arn:aws:sns:us-east-1:{account}:none"
    assert MISSING == refusal(
        sns.set_topic_attributes, TopicArn=arn, AttributeName="DisplayName", AttributeValue="a"
    )
    assert MISSING == refusal(sns.publish, TopicArn=arn, Message="m")
    assert MISSING == refusal(sns.list_subscriptions_by_topic, TopicArn=arn)
    assert MISSING == refusal(
        sns.subscribe, TopicArn=arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{account}:q"
    )


# Permissions, tags and data protection.


def test_a_permission_is_a_statement_until_it_is_removed(sns: Any, account: str) -> None:
    arn = topic(sns)
    sns.add_permission(
        TopicArn=arn, Label="l", AWSAccountId=["123456789012"], ActionName=["Publish"]
    )
    statements = json.loads(attributes(sns, arn)["Policy"])["Statement"]
    assert {
        "Sid": "l",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "SNS:Publish",
        "Resource": arn,
    } == statements[1]
    sns.remove_permission(TopicArn=arn, Label="l")
    assert ["__default_statement_ID"] == [
        each["Sid"] for each in json.loads(attributes(sns, arn)["Policy"])["Statement"]
    ]


def test_permissions_that_are_refused(sns: Any) -> None:
    params = {
        "TopicArn": topic(sns),
        "Label": "l",
        "AWSAccountId": ["123456789012"],
        "ActionName": ["Publish"],
    }
    sns.add_permission(**params)
    assert invalid("Statement already exists") == refusal(sns.add_permission, **params)
    assert invalid("Policy statement action out of service scope!") == refusal(
        sns.add_permission, **params | {"Label": "m", "ActionName": ["Fly"]}
    )
    assert invalid("AWSAccountId") == refusal(
        sns.add_permission, **params | {"Label": "m", "AWSAccountId": ["me"]}
    )


def test_tags(sns: Any) -> None:
    arn = sns.create_topic(Name="t", Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert [{"Key": "b", "Value": "2"}] == sns.list_tags_for_resource(ResourceArn=arn)["Tags"]


def test_tags_that_are_refused(sns: Any, account: str) -> None:
    arn = topic(sns)
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
    assert invalid("Duplicated keys are not allowed.") == refusal(
        sns.tag_resource, ResourceArn=arn, Tags=twice
    )
    many = [{"Key": str(number), "Value": ""} for number in range(51)]
    assert (
        "TagLimitExceeded",
        "Could not complete request: tag quota of per resource exceeded",
    ) == refusal(sns.tag_resource, ResourceArn=arn, Tags=many)
    assert ("ResourceNotFound", "Resource does not exist") == refusal(
        sns.list_tags_for_resource, ResourceArn=f"arn:aws:sns:us-east-1:{account}:none"
    )


def test_a_data_protection_policy_is_kept(sns: Any) -> None:
    arn = topic(sns)
    policy = '{"Name":"p","Version":"2021-06-01","Statement":[]}'
    sns.put_data_protection_policy(ResourceArn=arn, DataProtectionPolicy=policy)
    assert policy == sns.get_data_protection_policy(ResourceArn=arn)["DataProtectionPolicy"]
    assert invalid("DataProtectionPolicy Reason: failed to parse JSON") == refusal(
        sns.put_data_protection_policy, ResourceArn=arn, DataProtectionPolicy="{"
    )
