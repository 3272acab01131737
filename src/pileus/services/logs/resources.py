"""AWS::Logs::LogGroup and AWS::Logs::LogStream for CloudFormation."""

from __future__ import annotations

from pileus.kernel.resource_types import ResourceType, Step

_GROUP = {"logGroupName": "LogGroupName"}
_RETENTION = Step(
    "PutRetentionPolicy", {**_GROUP, "retentionInDays": "RetentionInDays"}, needs="RetentionInDays"
)
_STREAM = {"logGroupName": "LogGroupName", "logStreamName": "LogStreamName"}

LOG_GROUP = ResourceType(
    name="AWS::Logs::LogGroup",
    create=(
        Step(
            "CreateLogGroup",
            {
                **_GROUP,
                "kmsKeyId": "KmsKeyId",
                "logGroupClass": "LogGroupClass",
                "deletionProtectionEnabled": "DeletionProtectionEnabled",
                "tags": "Tags",
            },
        ),
        _RETENTION,
    ),
    update=(
        _RETENTION,
        Step("AssociateKmsKey", {**_GROUP, "kmsKeyId": "KmsKeyId"}, needs="KmsKeyId"),
        Step(
            "PutLogGroupDeletionProtection",
            {
                "logGroupIdentifier": "LogGroupName",
                "deletionProtectionEnabled": "DeletionProtectionEnabled",
            },
            needs="DeletionProtectionEnabled",
        ),
        Step("TagLogGroup", {**_GROUP, "tags": "Tags"}, needs="Tags"),
    ),
    delete=(Step("DeleteLogGroup", _GROUP),),
    read=Step("DescribeLogGroups", {"logGroupNamePrefix": "LogGroupName"}),
    reference="logGroups.0.logGroupName",
    attributes={"Arn": "logGroups.0.arn"},
    replacing=("LogGroupName", "LogGroupClass"),
)

LOG_STREAM = ResourceType(
    name="AWS::Logs::LogStream",
    create=(Step("CreateLogStream", _STREAM),),
    delete=(Step("DeleteLogStream", _STREAM),),
    read=Step(
        "DescribeLogStreams",
        {"logGroupName": "LogGroupName", "logStreamNamePrefix": "LogStreamName"},
    ),
    reference="logStreams.0.logStreamName",
    replacing=("LogGroupName", "LogStreamName"),
)

RESOURCE_TYPES = (LOG_GROUP, LOG_STREAM)
