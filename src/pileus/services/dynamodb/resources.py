"""AWS::DynamoDB::Table and AWS::DynamoDB::GlobalTable for CloudFormation."""

from __future__ import annotations

from pileus.kernel.resource_types import ADDED, CHANGED, REMOVED, ResourceType, Step

_NAME = {"TableName": "TableName"}
_ARN = {"ResourceArn": "attribute.Arn"}
_INDEXES = "GlobalSecondaryIndexes"
# An index that has other keys or another projection is another index.
_INDEX = ("IndexName", "KeySchema", "Projection")
_CAPACITY = {
    name: name
    for name in ("BillingMode", "OnDemandThroughput", "ProvisionedThroughput", "WarmThroughput")
}
_ENCRYPTION = {
    "SSESpecification.Enabled": "SSESpecification.SSEEnabled",
    "SSESpecification.KMSMasterKeyId": "SSESpecification.KMSMasterKeyId",
    "SSESpecification.SSEType": "SSESpecification.SSEType",
}
_BEGIN_STREAM = Step(
    "UpdateTable",
    {
        **_NAME,
        "StreamSpecification.StreamEnabled": "=true",
        "StreamSpecification.StreamViewType": "StreamSpecification.StreamViewType",
    },
    needs="StreamSpecification",
    changed=("StreamSpecification",),
)
_END_STREAM = Step(
    "UpdateTable",
    {**_NAME, "StreamSpecification.StreamEnabled": "=false"},
    had="StreamSpecification",
    changed=("StreamSpecification",),
)
_BEGIN_EXPIRY = Step(
    "UpdateTimeToLive",
    {**_NAME, "TimeToLiveSpecification": "TimeToLiveSpecification"},
    needs="TimeToLiveSpecification.Enabled",
    changed=("TimeToLiveSpecification",),
)
_END_EXPIRY = Step(
    "UpdateTimeToLive",
    {
        **_NAME,
        "TimeToLiveSpecification.Enabled": "=false",
        "TimeToLiveSpecification.AttributeName": "was.TimeToLiveSpecification.AttributeName",
    },
    had="TimeToLiveSpecification.Enabled",
    changed=("TimeToLiveSpecification",),
)
_RECOVERY = Step(
    "UpdateContinuousBackups",
    {**_NAME, "PointInTimeRecoverySpecification": "PointInTimeRecoverySpecification"},
    needs="PointInTimeRecoverySpecification",
    changed=("PointInTimeRecoverySpecification",),
)
_END_RECOVERY = Step(
    "UpdateContinuousBackups",
    {**_NAME, "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": "=false"},
    had="PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
    changed=("PointInTimeRecoverySpecification",),
)
_INSIGHTS = Step(
    "UpdateContributorInsights",
    {
        **_NAME,
        "ContributorInsightsAction": '="ENABLE"',
        "ContributorInsightsMode": "ContributorInsightsSpecification.Mode",
    },
    needs="ContributorInsightsSpecification.Enabled",
    changed=("ContributorInsightsSpecification",),
)
_END_INSIGHTS = Step(
    "UpdateContributorInsights",
    {**_NAME, "ContributorInsightsAction": '="DISABLE"'},
    had="ContributorInsightsSpecification.Enabled",
    changed=("ContributorInsightsSpecification",),
)


_TELL = Step(
    "EnableKinesisStreamingDestination",
    {
        **_NAME,
        "StreamArn": "KinesisStreamSpecification.StreamArn",
        "EnableKinesisStreamingConfiguration.ApproximateCreationDateTimePrecision": (
            "KinesisStreamSpecification.ApproximateCreationDateTimePrecision"
        ),
    },
    needs="KinesisStreamSpecification",
    changed=("KinesisStreamSpecification",),
)
_END_TELLING = Step(
    "DisableKinesisStreamingDestination",
    {**_NAME, "StreamArn": "was.KinesisStreamSpecification.StreamArn"},
    had="KinesisStreamSpecification",
    changed=("KinesisStreamSpecification",),
)


def _index_change(action: str, which: str, *members: str) -> Step:
    """A change of each index that was added, removed or changed."""
    wanted = {f"GlobalSecondaryIndexUpdates.0.{action}.{name}": f"item.{name}" for name in members}
    if which == ADDED:
        wanted["AttributeDefinitions"] = "AttributeDefinitions"
    return Step("UpdateTable", {**_NAME, **wanted}, each=_INDEXES, by=_INDEX, which=which)


_INDEX_CAPACITY = ("OnDemandThroughput", "ProvisionedThroughput", "WarmThroughput")

TABLE = ResourceType(
    name="AWS::DynamoDB::Table",
    create=(
        Step(
            "CreateTable",
            {
                **_NAME,
                **_CAPACITY,
                **_ENCRYPTION,
                "AttributeDefinitions": "AttributeDefinitions",
                "DeletionProtectionEnabled": "DeletionProtectionEnabled",
                "GlobalSecondaryIndexes": _INDEXES,
                "KeySchema": "KeySchema",
                "LocalSecondaryIndexes": "LocalSecondaryIndexes",
                "ResourcePolicy": "ResourcePolicy.PolicyDocument",
                "TableClass": "TableClass",
                "Tags": "Tags",
            },
        ),
        _BEGIN_STREAM,
        _BEGIN_EXPIRY,
        _RECOVERY,
        _INSIGHTS,
        _TELL,
    ),
    update=(
        # Removed before others are added: an index with other keys is both.
        _index_change("Delete", REMOVED, "IndexName"),
        Step(
            "UpdateTable",
            {
                **_NAME,
                "BillingMode": "BillingMode",
                "ProvisionedThroughput": "ProvisionedThroughput",
            },
            changed=("BillingMode", "ProvisionedThroughput"),
        ),
        _index_change("Update", CHANGED, "IndexName", *_INDEX_CAPACITY),
        _index_change("Create", ADDED, *_INDEX, *_INDEX_CAPACITY),
        *(
            Step("UpdateTable", {**_NAME, name: name}, needs=name, changed=(name,))
            for name in ("OnDemandThroughput", "TableClass", "WarmThroughput")
        ),
        # What a template does not say any more goes back to what it was without saying.
        Step(
            "UpdateTable",
            {**_NAME, "DeletionProtectionEnabled": "=false"},
            had="DeletionProtectionEnabled",
            changed=("DeletionProtectionEnabled",),
        ),
        Step(
            "UpdateTable",
            {**_NAME, "DeletionProtectionEnabled": "DeletionProtectionEnabled"},
            needs="DeletionProtectionEnabled",
            changed=("DeletionProtectionEnabled",),
        ),
        Step(
            "UpdateTable",
            {**_NAME, "SSESpecification.Enabled": "=false"},
            had="SSESpecification.SSEEnabled",
            changed=("SSESpecification",),
        ),
        Step(
            "UpdateTable",
            {**_NAME, **_ENCRYPTION},
            needs="SSESpecification.SSEEnabled",
            changed=("SSESpecification",),
        ),
        _END_STREAM,
        _BEGIN_STREAM,
        _END_EXPIRY,
        _BEGIN_EXPIRY,
        _END_RECOVERY,
        _RECOVERY,
        _END_INSIGHTS,
        _INSIGHTS,
        _END_TELLING,
        _TELL,
        Step(
            "UntagResource",
            {**_ARN, "TagKeys.0": "item.Key"},
            each="Tags",
            by=("Key",),
            which=REMOVED,
        ),
        Step("TagResource", {**_ARN, "Tags": "Tags"}, needs="Tags", changed=("Tags",)),
        Step("DeleteResourcePolicy", _ARN, had="ResourcePolicy", changed=("ResourcePolicy",)),
        Step(
            "PutResourcePolicy",
            {**_ARN, "Policy": "ResourcePolicy.PolicyDocument"},
            needs="ResourcePolicy",
            changed=("ResourcePolicy",),
        ),
    ),
    delete=(Step("DeleteTable", _NAME),),
    read=Step("DescribeTable", _NAME),
    reference="Table.TableName",
    attributes={"Arn": "Table.TableArn", "StreamArn": "Table.LatestStreamArn"},
    replacing=("TableName", "KeySchema", "LocalSecondaryIndexes"),
    ready=("Table.TableStatus", "ACTIVE"),
)

_REPLICAS = "Replicas"
_ADD_REPLICA = Step(
    "UpdateTable",
    {
        **_NAME,
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
    {**_NAME, "ReplicaUpdates.0.Delete.RegionName": "item.Region"},
    each=_REPLICAS,
    by=("Region",),
    which=REMOVED,
    elsewhere="Region",
)
# Settings that a template gives for each replica are carried out in the stack's own region.
_OWN_RECOVERY = Step(
    "UpdateContinuousBackups",
    {**_NAME, "PointInTimeRecoverySpecification": "item.PointInTimeRecoverySpecification"},
    needs="item.PointInTimeRecoverySpecification",
    each=_REPLICAS,
    by=("Region", "PointInTimeRecoverySpecification"),
    which=ADDED,
    here="Region",
)
_OWN_TELLING = Step(
    "EnableKinesisStreamingDestination",
    {**_NAME, "StreamArn": "item.KinesisStreamSpecification.StreamArn"},
    needs="item.KinesisStreamSpecification",
    each=_REPLICAS,
    by=("Region", "KinesisStreamSpecification"),
    which=ADDED,
    here="Region",
)
_END_OWN_TELLING = Step(
    "DisableKinesisStreamingDestination",
    {**_NAME, "StreamArn": "item.KinesisStreamSpecification.StreamArn"},
    needs="item.KinesisStreamSpecification",
    each=_REPLICAS,
    by=("Region", "KinesisStreamSpecification"),
    which=REMOVED,
    here="Region",
)

GLOBAL_TABLE = ResourceType(
    name="AWS::DynamoDB::GlobalTable",
    create=(
        Step(
            "CreateTable",
            {
                **_NAME,
                **_ENCRYPTION,
                "AttributeDefinitions": "AttributeDefinitions",
                "BillingMode": "BillingMode",
                "GlobalSecondaryIndexes": _INDEXES,
                "KeySchema": "KeySchema",
                "LocalSecondaryIndexes": "LocalSecondaryIndexes",
            },
        ),
        _BEGIN_STREAM,
        _BEGIN_EXPIRY,
        _OWN_RECOVERY,
        _OWN_TELLING,
        _ADD_REPLICA,
    ),
    update=(
        _index_change("Delete", REMOVED, "IndexName"),
        _index_change("Create", ADDED, *_INDEX),
        _END_EXPIRY,
        _BEGIN_EXPIRY,
        _OWN_RECOVERY,
        _END_OWN_TELLING,
        _OWN_TELLING,
        _REMOVE_REPLICA,
        _ADD_REPLICA,
    ),
    delete=(
        Step(
            "UpdateTable",
            {**_NAME, "ReplicaUpdates.0.Delete.RegionName": "item.Region"},
            each=_REPLICAS,
            elsewhere="Region",
        ),
        Step("DeleteTable", _NAME),
    ),
    read=Step("DescribeTable", _NAME),
    reference="Table.TableName",
    attributes={
        "Arn": "Table.TableArn", "StreamArn": "Table.LatestStreamArn", "TableId": "Table.TableId",
    },
    replacing=("TableName", "KeySchema", "LocalSecondaryIndexes"),
    ready=("Table.TableStatus", "ACTIVE"),
)  # fmt: skip
