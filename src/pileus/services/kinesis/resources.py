"""AWS::Kinesis types for CloudFormation."""

from __future__ import annotations

from pileus.kernel.resource_types import ResourceType, Step

_NAME = {"StreamName": "Name"}
_CONSUMER = {"StreamARN": "StreamARN", "ConsumerName": "ConsumerName"}
_RETENTION = Step(
    "IncreaseStreamRetentionPeriod",
    {**_NAME, "RetentionPeriodHours": "RetentionPeriodHours"},
    needs="RetentionPeriodHours",
)
_ENCRYPTION = Step(
    "StartStreamEncryption",
    {
        **_NAME,
        "EncryptionType": "StreamEncryption.EncryptionType",
        "KeyId": "StreamEncryption.KeyId",
    },
    needs="StreamEncryption",
)
_METRICS = Step(
    "EnableEnhancedMonitoring",
    {**_NAME, "ShardLevelMetrics": "DesiredShardLevelMetrics"},
    needs="DesiredShardLevelMetrics",
)

STREAM = ResourceType(
    name="AWS::Kinesis::Stream",
    create=(
        Step(
            "CreateStream",
            {
                **_NAME,
                "ShardCount": "ShardCount",
                "StreamModeDetails": "StreamModeDetails",
                "MaxRecordSizeInKiB": "MaxRecordSizeInKiB",
                "WarmThroughputMiBps": "WarmThroughputMiBps",
                "Tags": "Tags",
            },
        ),
        _RETENTION,
        _ENCRYPTION,
        _METRICS,
    ),
    update=(
        Step("UpdateShardCount", {**_NAME, "TargetShardCount": "ShardCount"}, needs="ShardCount"),
        _RETENTION,
        _ENCRYPTION,
        _METRICS,
        Step("AddTagsToStream", {**_NAME, "Tags": "Tags"}, needs="Tags"),
    ),
    delete=(Step("DeleteStream", _NAME),),
    read=Step("DescribeStreamSummary", _NAME),
    reference="StreamDescriptionSummary.StreamName",
    attributes={"Arn": "StreamDescriptionSummary.StreamARN"},
    replacing=("Name",),
)

STREAM_CONSUMER = ResourceType(
    name="AWS::Kinesis::StreamConsumer",
    create=(Step("RegisterStreamConsumer", {**_CONSUMER, "Tags": "Tags"}),),
    delete=(Step("DeregisterStreamConsumer", _CONSUMER),),
    read=Step("DescribeStreamConsumer", _CONSUMER),
    reference="ConsumerDescription.ConsumerARN",
    attributes={
        "ConsumerARN": "ConsumerDescription.ConsumerARN",
        "ConsumerCreationTimestamp": "ConsumerDescription.ConsumerCreationTimestamp",
        "ConsumerName": "ConsumerDescription.ConsumerName",
        "ConsumerStatus": "ConsumerDescription.ConsumerStatus",
        "StreamARN": "ConsumerDescription.StreamARN",
    },
    replacing=("ConsumerName", "StreamARN"),
)

RESOURCE_POLICY = ResourceType(
    name="AWS::Kinesis::ResourcePolicy",
    create=(Step("PutResourcePolicy", {"ResourceARN": "ResourceArn", "Policy": "ResourcePolicy"}),),
    update=(Step("PutResourcePolicy", {"ResourceARN": "ResourceArn", "Policy": "ResourcePolicy"}),),
    delete=(Step("DeleteResourcePolicy", {"ResourceARN": "ResourceArn"}),),
    reference="ResourceArn",
    replacing=("ResourceArn",),
)

RESOURCE_TYPES = (STREAM, STREAM_CONSUMER, RESOURCE_POLICY)
