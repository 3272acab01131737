"""AWS::SNS::Topic, Subscription and TopicPolicy for CloudFormation: data over operation names."""

from __future__ import annotations

from pileus.kernel.resource_types import ResourceType, Step

_TOPIC_MEMBERS = {
    "Name": "TopicName",
    "Attributes.ArchivePolicy": "ArchivePolicy",
    "Attributes.ContentBasedDeduplication": "ContentBasedDeduplication",
    "Attributes.DisplayName": "DisplayName",
    "Attributes.FifoThroughputScope": "FifoThroughputScope",
    "Attributes.FifoTopic": "FifoTopic",
    "Attributes.KmsMasterKeyId": "KmsMasterKeyId",
    "Attributes.SignatureVersion": "SignatureVersion",
    "Attributes.TracingConfig": "TracingConfig",
    "DataProtectionPolicy": "DataProtectionPolicy",
    "Tags": "Tags",
}
_SETTABLE = (
    "ArchivePolicy",
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoThroughputScope",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
)
_SUBSCRIPTION_ATTRIBUTES = (
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "ReplayPolicy",
    "SubscriptionRoleArn",
)


def _set_topic(attribute: str) -> Step:
    members = {
        "TopicArn": "TopicArn",
        "AttributeName": f"={attribute}",
        "AttributeValue": attribute,
    }
    return Step("SetTopicAttributes", members, needs=attribute)


def _set_subscription(attribute: str) -> Step:
    members = {
        "SubscriptionArn": "SubscriptionArn",
        "AttributeName": f"={attribute}",
        "AttributeValue": attribute,
    }
    return Step("SetSubscriptionAttributes", members, needs=attribute)


TOPIC = ResourceType(
    name="AWS::SNS::Topic",
    create=(
        Step("CreateTopic", _TOPIC_MEMBERS),
        Step(
            "Subscribe",
            {
                "TopicArn": "TopicArn",
                "Protocol": "item.Protocol",
                "Endpoint": "item.Endpoint",
            },
            each="Subscription",
        ),
    ),
    update=tuple(_set_topic(name) for name in _SETTABLE),
    delete=(Step("DeleteTopic", {"TopicArn": "TopicArn"}),),
    read=Step("GetTopicAttributes", {"TopicArn": "TopicArn"}),
    reference="Attributes.TopicArn",
    attributes={"TopicArn": "Attributes.TopicArn"},
    replacing=("TopicName", "FifoTopic"),
)

SUBSCRIPTION = ResourceType(
    name="AWS::SNS::Subscription",
    create=(
        Step(
            "Subscribe",
            {
                "TopicArn": "TopicArn",
                "Protocol": "Protocol",
                "Endpoint": "Endpoint",
                **{f"Attributes.{name}": name for name in _SUBSCRIPTION_ATTRIBUTES},
            },
        ),
    ),
    update=tuple(_set_subscription(name) for name in _SUBSCRIPTION_ATTRIBUTES),
    delete=(Step("Unsubscribe", {"SubscriptionArn": "SubscriptionArn"}),),
    read=Step("GetSubscriptionAttributes", {"SubscriptionArn": "SubscriptionArn"}),
    reference="Attributes.SubscriptionArn",
    attributes={"Arn": "Attributes.SubscriptionArn"},
    replacing=("TopicArn", "Protocol", "Endpoint"),
)

TOPIC_POLICY = ResourceType(
    name="AWS::SNS::TopicPolicy",
    create=(
        Step(
            "SetTopicAttributes",
            {
                "TopicArn": "item",
                "AttributeName": "=Policy",
                "AttributeValue": "PolicyDocument",
            },
            each="Topics",
        ),
    ),
    update=(
        Step(
            "SetTopicAttributes",
            {
                "TopicArn": "item",
                "AttributeName": "=Policy",
                "AttributeValue": "PolicyDocument",
            },
            each="Topics",
        ),
    ),
    delete=(
        Step(
            "SetTopicAttributes",
            {"TopicArn": "item", "AttributeName": "=Policy"},
            each="Topics",
        ),
    ),
    reference="Id",
)
