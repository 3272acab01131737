"""AWS::SQS::Queue and AWS::SQS::QueuePolicy for CloudFormation: data over operation names."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ResourceType:
    """How properties become members, and what Ref and GetAtt give.

    `attributes` maps a property to the queue attribute of the same meaning; objects are written as
    JSON. `reference` and each value of `get_att` name the answer's member or the attribute.
    """

    name: str
    create: str
    update: str
    delete: str
    members: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    # Changing one of these makes a new resource.
    replacing: tuple[str, ...] = ()
    reference: str = ""
    get_att: dict[str, str] = field(default_factory=dict)


_SAME_NAMES = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)

QUEUE = ResourceType(
    name="AWS::SQS::Queue",
    create="CreateQueue",
    update="SetQueueAttributes",
    delete="DeleteQueue",
    members={"QueueName": "QueueName", "Tags": "tags"},
    attributes={
        **{name: name for name in _SAME_NAMES},
        "ReceiveMessageWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    },
    replacing=("QueueName", "FifoQueue"),
    reference="QueueUrl",
    get_att={"Arn": "QueueArn", "QueueName": "QueueName", "QueueUrl": "QueueUrl"},
)

QUEUE_POLICY = ResourceType(
    name="AWS::SQS::QueuePolicy",
    create="SetQueueAttributes",
    update="SetQueueAttributes",
    delete="SetQueueAttributes",
    # Queues is a list of URLs; the policy is set on each, and taken off by an empty text.
    members={"Queues": "QueueUrl"},
    attributes={"PolicyDocument": "Policy"},
    reference="Id",
)
