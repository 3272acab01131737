"""AWS::Kinesis types for CloudFormation."""

from __future__ import annotations

from pileus.kernel.resource_types import ResourceType, Step

_NAME = {"StreamName": "Name"}
_CONSUMER = {"StreamARN": "StreamARN", "ConsumerName": "ConsumerName"}
_STREAM_ARN = {"StreamARN": "attribute.Arn"}
_RETENTION = Step(
    "IncreaseStreamRetentionPeriod",
    {**_NAME, "RetentionPeriodHours": "RetentionPeriodHours"},
    needs="RetentionPeriodHours",
    changed=("RetentionPeriodHours",),
)
_ENCRYPTION = Step(
    "StartStreamEncryption",
    {
        **_NAME,
        "EncryptionType": "StreamEncryption.EncryptionType",
        "KeyId": "StreamEncryption.KeyId",
    },
    needs="StreamEncryption",
    changed=("StreamEncryption",),
)
_METRICS = Step(
    "EnableEnhancedMonitoring",
    {**_NAME, "ShardLevelMetrics": "DesiredShardLevelMetrics"},
    needs="DesiredShardLevelMetrics",
    changed=("DesiredShardLevelMetrics",),
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
        Step(
            "UpdateStreamMode",
            {**_STREAM_ARN, "StreamModeDetails": "StreamModeDetails"},
            needs="StreamModeDetails",
            changed=("StreamModeDetails",),
        ),
        Step(
            "UpdateShardCount",
            {**_NAME, "TargetShardCount": "ShardCount", "ScalingType": '="UNIFORM_SCALING"'},
            needs="ShardCount",
            changed=("ShardCount",),
        ),
        Step(
            "UpdateMaxRecordSize",
            {**_STREAM_ARN, "MaxRecordSizeInKiB": "MaxRecordSizeInKiB"},
            needs="MaxRecordSizeInKiB",
            changed=("MaxRecordSizeInKiB",),
        ),
        Step(
            "UpdateStreamWarmThroughput",
            {**_NAME, "WarmThroughputMiBps": "WarmThroughputMiBps"},
            needs="WarmThroughputMiBps",
            changed=("WarmThroughputMiBps",),
        ),
        _RETENTION,
        _ENCRYPTION,
        _METRICS,
        Step("AddTagsToStream", {**_NAME, "Tags": "Tags"}, needs="Tags", changed=("Tags",)),
    ),
    delete=(Step("DeleteStream", _NAME),),
    read=Step("DescribeStreamSummary", _NAME),
    reference="StreamDescriptionSummary.StreamName",
    attributes={"Arn": "StreamDescriptionSummary.StreamARN"},
    ready=("StreamDescriptionSummary.StreamStatus", "ACTIVE"),
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
    ready=("ConsumerDescription.ConsumerStatus", "ACTIVE"),
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
