"""AWS::DynamoDB::Table for CloudFormation."""

from __future__ import annotations

from pileus.kernel.resource_types import ResourceType, Step

_NAME = {"TableName": "TableName"}
_CHANGEABLE = {
    name: name
    for name in (
        "AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled", "OnDemandThroughput",
        "ProvisionedThroughput", "SSESpecification", "StreamSpecification", "TableClass",
        "TableName",
    )
}  # fmt: skip

TABLE = ResourceType(
    name="AWS::DynamoDB::Table",
    create=(
        Step(
            "CreateTable",
            {
                **_CHANGEABLE,
                "GlobalSecondaryIndexes": "GlobalSecondaryIndexes",
                "KeySchema": "KeySchema",
                "LocalSecondaryIndexes": "LocalSecondaryIndexes",
                "ResourcePolicy": "ResourcePolicy.PolicyDocument",
                "Tags": "Tags",
            },
        ),
        Step(
            "UpdateTimeToLive",
            {**_NAME, "TimeToLiveSpecification": "TimeToLiveSpecification"},
            needs="TimeToLiveSpecification",
        ),
        Step(
            "UpdateContinuousBackups",
            {**_NAME, "PointInTimeRecoverySpecification": "PointInTimeRecoverySpecification"},
            needs="PointInTimeRecoverySpecification",
        ),
    ),
    update=(Step("UpdateTable", _CHANGEABLE),),
    delete=(Step("DeleteTable", _NAME),),
    read=Step("DescribeTable", _NAME),
    reference="Table.TableName",
    attributes={"Arn": "Table.TableArn", "StreamArn": "Table.LatestStreamArn"},
    replacing=("TableName", "KeySchema", "LocalSecondaryIndexes"),
)
