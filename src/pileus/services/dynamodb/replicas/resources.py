"""AWS::DynamoDB::GlobalTable for CloudFormation."""

from __future__ import annotations

from pileus.kernel.resource_types import ADDED, REMOVED, ResourceType, Step
from pileus.services.dynamodb.resources import (
    ARN,
    BEGIN_EXPIRY,
    BEGIN_STREAM,
    ENCRYPTION,
    END_EXPIRY,
    INDEX,
    INDEXES,
    NAME,
    index_change,
)

_REPLICAS = "Replicas"
_WRITES = "WriteProvisionedThroughputSettings.WriteCapacityAutoScalingSettings"
_READS = "item.ReadProvisionedThroughputSettings"
_SCALED_READS = f"{_READS}.ReadCapacityAutoScalingSettings"
_TARGET = "TargetTrackingScalingPolicyConfiguration"
# What a table has in the stack's own region: of the template, and of the replica there.
_OWN_CAPACITY = {
    "OnDemandThroughput.MaxReadRequestUnits": (
        "item.ReadOnDemandThroughputSettings.MaxReadRequestUnits"
    ),
    "OnDemandThroughput.MaxWriteRequestUnits": (
        "WriteOnDemandThroughputSettings.MaxWriteRequestUnits"
    ),
    "ProvisionedThroughput.ReadCapacityUnits": (
        f"{_READS}.ReadCapacityUnits|{_SCALED_READS}.SeedCapacity|{_SCALED_READS}.MinCapacity"
    ),
    "ProvisionedThroughput.WriteCapacityUnits": f"{_WRITES}.SeedCapacity|{_WRITES}.MinCapacity",
}
_ADD_REPLICA = Step(
    "UpdateTable",
    {
        **NAME,
        "ReplicaUpdates.0.Create.RegionName": "item.Region",
        "ReplicaUpdates.0.Create.KMSMasterKeyId": "item.SSESpecification.KMSMasterKeyId",
        "ReplicaUpdates.0.Create.TableClassOverride": "item.TableClass",
    },
    each=_REPLICAS,
    by=("Region",),
    which=ADDED,
    elsewhere="Region",
)
_REMOVE_REPLICA = Step(
    "UpdateTable",
    {**NAME, "ReplicaUpdates.0.Delete.RegionName": "item.Region"},
    each=_REPLICAS,
    by=("Region",),
    which=REMOVED,
    elsewhere="Region",
)
# Settings that a template gives for each replica are carried out in the stack's own region.
_OWN_RECOVERY = Step(
    "UpdateContinuousBackups",
    {**NAME, "PointInTimeRecoverySpecification": "item.PointInTimeRecoverySpecification"},
    needs="item.PointInTimeRecoverySpecification",
    each=_REPLICAS,
    by=("Region", "PointInTimeRecoverySpecification"),
    which=ADDED,
    here="Region",
)
_OWN_TELLING = Step(
    "EnableKinesisStreamingDestination",
    {**NAME, "StreamArn": "item.KinesisStreamSpecification.StreamArn"},
    needs="item.KinesisStreamSpecification",
    each=_REPLICAS,
    by=("Region", "KinesisStreamSpecification"),
    which=ADDED,
    here="Region",
)
_END_OWN_TELLING = Step(
    "DisableKinesisStreamingDestination",
    {**NAME, "StreamArn": "item.KinesisStreamSpecification.StreamArn"},
    needs="item.KinesisStreamSpecification",
    each=_REPLICAS,
    by=("Region", "KinesisStreamSpecification"),
    which=REMOVED,
    here="Region",
)


def _of_own(operation: str, members: dict[str, str], *properties: str) -> Step:
    """What is done where the own replica has these properties, or has them changed."""
    return Step(
        operation,
        members,
        needs=f"item.{properties[0]}",
        each=_REPLICAS,
        by=("Region", *(each.partition(".")[0] for each in properties)),
        which=ADDED,
        here="Region",
    )


_OWN_INSIGHTS = _of_own(
    "UpdateContributorInsights",
    {
        **NAME,
        "ContributorInsightsAction": '="ENABLE"',
        "ContributorInsightsMode": "item.ContributorInsightsSpecification.Mode",
    },
    "ContributorInsightsSpecification.Enabled",
)
_SCALE_WRITES = Step(
    "UpdateTableReplicaAutoScaling",
    {
        **NAME,
        "ProvisionedWriteCapacityAutoScalingUpdate.MinimumUnits": f"{_WRITES}.MinCapacity",
        "ProvisionedWriteCapacityAutoScalingUpdate.MaximumUnits": f"{_WRITES}.MaxCapacity",
        f"ProvisionedWriteCapacityAutoScalingUpdate.ScalingPolicyUpdate.{_TARGET}": (
            f"{_WRITES}.{_TARGET}"
        ),
    },
    needs=_WRITES,
    changed=("WriteProvisionedThroughputSettings",),
)
_READ_UPDATE = "ReplicaUpdates.0.ReplicaProvisionedReadCapacityAutoScalingUpdate"
_SCALE_READS = Step(
    "UpdateTableReplicaAutoScaling",
    {
        **NAME,
        "ReplicaUpdates.0.RegionName": "item.Region",
        f"{_READ_UPDATE}.MinimumUnits": f"{_SCALED_READS}.MinCapacity",
        f"{_READ_UPDATE}.MaximumUnits": f"{_SCALED_READS}.MaxCapacity",
        f"{_READ_UPDATE}.ScalingPolicyUpdate.{_TARGET}": f"{_SCALED_READS}.{_TARGET}",
    },
    needs=_SCALED_READS,
    each=_REPLICAS,
    by=("Region", "ReadProvisionedThroughputSettings"),
    which=ADDED,
)

GLOBAL_TABLE = ResourceType(
    name="AWS::DynamoDB::GlobalTable",
    create=(
        Step(
            "CreateTable",
            {
                **NAME,
                **ENCRYPTION,
                **_OWN_CAPACITY,
                "AttributeDefinitions": "AttributeDefinitions",
                "BillingMode": "BillingMode",
                "DeletionProtectionEnabled": "item.DeletionProtectionEnabled",
                "GlobalSecondaryIndexes": INDEXES,
                "KeySchema": "KeySchema",
                "LocalSecondaryIndexes": "LocalSecondaryIndexes",
                "ResourcePolicy": "item.ResourcePolicy.PolicyDocument",
                "TableClass": "item.TableClass",
                "Tags": "item.Tags",
                "WarmThroughput": "WarmThroughput",
            },
            # A template names the region that it stands in among its replicas.
            each=_REPLICAS,
            here="Region",
        ),
        BEGIN_STREAM,
        BEGIN_EXPIRY,
        _OWN_RECOVERY,
        _OWN_INSIGHTS,
        _OWN_TELLING,
        _ADD_REPLICA,
        _SCALE_WRITES,
        _SCALE_READS,
    ),
    update=(
        index_change("Delete", REMOVED, "IndexName"),
        index_change("Create", ADDED, *INDEX),
        END_EXPIRY,
        BEGIN_EXPIRY,
        _of_own(
            "UpdateTable",
            {**NAME, "DeletionProtectionEnabled": "item.DeletionProtectionEnabled"},
            "DeletionProtectionEnabled",
        ),
        _of_own("UpdateTable", {**NAME, "TableClass": "item.TableClass"}, "TableClass"),
        _of_own(
            "PutResourcePolicy",
            {**ARN, "Policy": "item.ResourcePolicy.PolicyDocument"},
            "ResourcePolicy",
        ),
        _of_own("TagResource", {**ARN, "Tags": "item.Tags"}, "Tags"),
        Step(
            "UpdateTable",
            {**NAME, "WarmThroughput": "WarmThroughput"},
            needs="WarmThroughput",
            changed=("WarmThroughput",),
        ),
        _OWN_RECOVERY,
        _OWN_INSIGHTS,
        _END_OWN_TELLING,
        _OWN_TELLING,
        _REMOVE_REPLICA,
        _ADD_REPLICA,
        _SCALE_WRITES,
        _SCALE_READS,
    ),
    delete=(
        Step(
            "UpdateTable",
            {**NAME, "ReplicaUpdates.0.Delete.RegionName": "item.Region"},
            each=_REPLICAS,
            elsewhere="Region",
        ),
        Step("DeleteTable", NAME),
    ),
    read=Step("DescribeTable", NAME),
    reference="Table.TableName",
    attributes={
        "Arn": "Table.TableArn", "StreamArn": "Table.LatestStreamArn", "TableId": "Table.TableId",
    },
    replacing=("TableName", "KeySchema", "LocalSecondaryIndexes"),
    ready=("Table.TableStatus", "ACTIVE"),
)  # fmt: skip
