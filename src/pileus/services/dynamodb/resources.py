"""AWS::DynamoDB::Table for CloudFormation."""

from __future__ import annotations

from pileus.kernel.resource_types import ADDED, CHANGED, REMOVED, ResourceType, Step

NAME = {"TableName": "TableName"}
ARN = {"ResourceArn": "attribute.Arn"}
INDEXES = "GlobalSecondaryIndexes"
# An index that has other keys or another projection is another index.
INDEX = ("IndexName", "KeySchema", "Projection")
_CAPACITY = {
    name: name
    for name in ("BillingMode", "OnDemandThroughput", "ProvisionedThroughput", "WarmThroughput")
}
ENCRYPTION = {
    "SSESpecification.Enabled": "SSESpecification.SSEEnabled",
    "SSESpecification.KMSMasterKeyId": "SSESpecification.KMSMasterKeyId",
    "SSESpecification.SSEType": "SSESpecification.SSEType",
}
BEGIN_STREAM = Step(
    "UpdateTable",
    {
        **NAME,
        "StreamSpecification.StreamEnabled": "=true",
        "StreamSpecification.StreamViewType": "StreamSpecification.StreamViewType",
    },
    needs="StreamSpecification",
    changed=("StreamSpecification",),
)
_END_STREAM = Step(
    "UpdateTable",
    {**NAME, "StreamSpecification.StreamEnabled": "=false"},
    had="StreamSpecification",
    changed=("StreamSpecification",),
)
BEGIN_EXPIRY = Step(
    "UpdateTimeToLive",
    {**NAME, "TimeToLiveSpecification": "TimeToLiveSpecification"},
    needs="TimeToLiveSpecification.Enabled",
    changed=("TimeToLiveSpecification",),
)
END_EXPIRY = Step(
    "UpdateTimeToLive",
    {
        **NAME,
        "TimeToLiveSpecification.Enabled": "=false",
        "TimeToLiveSpecification.AttributeName": "was.TimeToLiveSpecification.AttributeName",
    },
    had="TimeToLiveSpecification.Enabled",
    changed=("TimeToLiveSpecification",),
)
_RECOVERY = Step(
    "UpdateContinuousBackups",
    {**NAME, "PointInTimeRecoverySpecification": "PointInTimeRecoverySpecification"},
    needs="PointInTimeRecoverySpecification",
    changed=("PointInTimeRecoverySpecification",),
)
_END_RECOVERY = Step(
    "UpdateContinuousBackups",
    {**NAME, "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": "=false"},
    had="PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
    changed=("PointInTimeRecoverySpecification",),
)
_INSIGHTS = Step(
    "UpdateContributorInsights",
    {
        **NAME,
        "ContributorInsightsAction": '="ENABLE"',
        "ContributorInsightsMode": "ContributorInsightsSpecification.Mode",
    },
    needs="ContributorInsightsSpecification.Enabled",
    changed=("ContributorInsightsSpecification",),
)
_END_INSIGHTS = Step(
    "UpdateContributorInsights",
    {**NAME, "ContributorInsightsAction": '="DISABLE"'},
    had="ContributorInsightsSpecification.Enabled",
    changed=("ContributorInsightsSpecification",),
)


_TELL = Step(
    "EnableKinesisStreamingDestination",
    {
        **NAME,
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
    {**NAME, "StreamArn": "was.KinesisStreamSpecification.StreamArn"},
    had="KinesisStreamSpecification",
    changed=("KinesisStreamSpecification",),
)


def index_change(action: str, which: str, *members: str) -> Step:
    """A change of each index that was added, removed or changed."""
    wanted = {f"GlobalSecondaryIndexUpdates.0.{action}.{name}": f"item.{name}" for name in members}
    if which == ADDED:
        wanted["AttributeDefinitions"] = "AttributeDefinitions"
    return Step("UpdateTable", {**NAME, **wanted}, each=INDEXES, by=INDEX, which=which)


_INDEX_CAPACITY = ("OnDemandThroughput", "ProvisionedThroughput", "WarmThroughput")

TABLE = ResourceType(
    name="AWS::DynamoDB::Table",
    create=(
        Step(
            "CreateTable",
            {
                **NAME,
                **_CAPACITY,
                **ENCRYPTION,
                "AttributeDefinitions": "AttributeDefinitions",
                "DeletionProtectionEnabled": "DeletionProtectionEnabled",
                "GlobalSecondaryIndexes": INDEXES,
                "KeySchema": "KeySchema",
                "LocalSecondaryIndexes": "LocalSecondaryIndexes",
                "ResourcePolicy": "ResourcePolicy.PolicyDocument",
                "TableClass": "TableClass",
                "Tags": "Tags",
            },
        ),
        BEGIN_STREAM,
        BEGIN_EXPIRY,
        _RECOVERY,
        _INSIGHTS,
        _TELL,
    ),
    update=(
        # Removed before others are added: an index with other keys is both.
        index_change("Delete", REMOVED, "IndexName"),
        Step(
            "UpdateTable",
            {
                **NAME,
                "BillingMode": "BillingMode",
                "ProvisionedThroughput": "ProvisionedThroughput",
            },
            changed=("BillingMode", "ProvisionedThroughput"),
        ),
        index_change("Update", CHANGED, "IndexName", *_INDEX_CAPACITY),
        index_change("Create", ADDED, *INDEX, *_INDEX_CAPACITY),
        *(
            Step("UpdateTable", {**NAME, name: name}, needs=name, changed=(name,))
            for name in ("OnDemandThroughput", "TableClass", "WarmThroughput")
        ),
        # What a template does not say any more goes back to what it was without saying.
        Step(
            "UpdateTable",
            {**NAME, "DeletionProtectionEnabled": "=false"},
            had="DeletionProtectionEnabled",
            changed=("DeletionProtectionEnabled",),
        ),
        Step(
            "UpdateTable",
            {**NAME, "DeletionProtectionEnabled": "DeletionProtectionEnabled"},
            needs="DeletionProtectionEnabled",
            changed=("DeletionProtectionEnabled",),
        ),
        Step(
            "UpdateTable",
            {**NAME, "SSESpecification.Enabled": "=false"},
            had="SSESpecification.SSEEnabled",
            changed=("SSESpecification",),
        ),
        Step(
            "UpdateTable",
            {**NAME, **ENCRYPTION},
            needs="SSESpecification.SSEEnabled",
            changed=("SSESpecification",),
        ),
        _END_STREAM,
        BEGIN_STREAM,
        END_EXPIRY,
        BEGIN_EXPIRY,
        _END_RECOVERY,
        _RECOVERY,
        _END_INSIGHTS,
        _INSIGHTS,
        _END_TELLING,
        _TELL,
        Step(
            "UntagResource",
            {**ARN, "TagKeys.0": "item.Key"},
            each="Tags",
            by=("Key",),
            which=REMOVED,
        ),
        Step("TagResource", {**ARN, "Tags": "Tags"}, needs="Tags", changed=("Tags",)),
        Step("DeleteResourcePolicy", ARN, had="ResourcePolicy", changed=("ResourcePolicy",)),
        Step(
            "PutResourcePolicy",
            {**ARN, "Policy": "ResourcePolicy.PolicyDocument"},
            needs="ResourcePolicy",
            changed=("ResourcePolicy",),
        ),
    ),
    delete=(Step("DeleteTable", NAME),),
    read=Step("DescribeTable", NAME),
    reference="Table.TableName",
    attributes={"Arn": "Table.TableArn", "StreamArn": "Table.LatestStreamArn"},
    replacing=("TableName", "KeySchema", "LocalSecondaryIndexes"),
    ready=("Table.TableStatus", "ACTIVE"),
)
