"""What CloudFormation asks of tables, as its two types of tables declare it."""

from __future__ import annotations

import re
from typing import Any

from e2e.dynamodb.tables import get, index, put, schema, settle
from pileus.kernel.resource_types import requests
from pileus.services.dynamodb.replicas.resources import GLOBAL_TABLE
from pileus.services.dynamodb.resources import TABLE
from support.running import Running

_NUMBER = {"AttributeName": "n", "AttributeType": "N"}
BEFORE: dict[str, Any] = {
    "TableName": "things",
    "KeySchema": schema("pk"),
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "g", "AttributeType": "S"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
    "GlobalSecondaryIndexes": [index("by-g", "g")],
    "StreamSpecification": {"StreamViewType": "KEYS_ONLY"},
    "TimeToLiveSpecification": {"AttributeName": "until", "Enabled": True},
    "Tags": [{"Key": "stays", "Value": "1"}, {"Key": "goes", "Value": "1"}],
    "ContributorInsightsSpecification": {"Enabled": True},
}  # fmt: skip


def carry_out(
    dynamodb: Any, before: dict[str, Any] | None, after: dict[str, Any]
) -> tuple[list[str], dict[str, Any]]:
    """Do what a template's change asks for; what was asked, and the table."""
    attributes: dict[str, Any] = {}
    if before is not None:
        attributes["Arn"] = described(dynamodb)["TableArn"]
    steps = TABLE.create if before is None else TABLE.update
    asked = []
    for operation, members in requests(steps, before, after, attributes):
        method = re.sub("(?<!^)([A-Z])", r"_\1", operation).lower()
        getattr(dynamodb, method)(**members)
        asked.append(operation)
    return asked, described(dynamodb)


def described(dynamodb: Any) -> dict[str, Any]:
    found: dict[str, Any] = dynamodb.describe_table(TableName="things")["Table"]
    return found


def test_a_template_makes_a_table_with_all_its_settings(dynamodb: Any) -> None:
    asked, found = carry_out(dynamodb, None, BEFORE)
    assert [
        "CreateTable", "UpdateTable", "UpdateTimeToLive", "UpdateContributorInsights",
    ] == asked  # fmt: skip
    assert "KEYS_ONLY" == found["StreamSpecification"]["StreamViewType"]
    lifetime = dynamodb.describe_time_to_live(TableName="things")["TimeToLiveDescription"]
    assert "until" == lifetime["AttributeName"]


def test_a_template_that_did_not_change_asks_for_nothing(dynamodb: Any) -> None:
    carry_out(dynamodb, None, BEFORE)
    assert [] == carry_out(dynamodb, BEFORE, BEFORE)[0]


def test_an_updated_template_changes_the_table(dynamodb: Any) -> None:
    carry_out(dynamodb, None, BEFORE)
    put(dynamodb, pk="a", g="g", n=1)
    other = {**index("by-n", "n"), "ProvisionedThroughput": _capacity(2)}
    after = {
        **BEFORE,
        "AttributeDefinitions": [BEFORE["AttributeDefinitions"][0], _NUMBER],
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": _capacity(5),
        "GlobalSecondaryIndexes": [other],
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
        "TimeToLiveSpecification": {"AttributeName": "end", "Enabled": True},
        "Tags": [{"Key": "stays", "Value": "2"}],
        "DeletionProtectionEnabled": True,
        "ContributorInsightsSpecification": {"Enabled": False},
    }
    _, found = carry_out(dynamodb, BEFORE, after)
    assert ("NEW_IMAGE", "PROVISIONED", True) == (
        found["StreamSpecification"]["StreamViewType"],
        found["BillingModeSummary"]["BillingMode"],
        found["DeletionProtectionEnabled"],
    )
    assert ["by-n"] == [each["IndexName"] for each in found["GlobalSecondaryIndexes"]]
    assert 1 == dynamodb.scan(TableName="things", IndexName="by-n")["Count"]
    lifetime = dynamodb.describe_time_to_live(TableName="things")["TimeToLiveDescription"]
    assert "end" == lifetime["AttributeName"]
    tags = dynamodb.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"]
    assert [{"Key": "stays", "Value": "2"}] == tags
    assert [] == dynamodb.list_contributor_insights()["ContributorInsightsSummaries"]
    more = {**after, "GlobalSecondaryIndexes": [{**other, "ProvisionedThroughput": _capacity(9)}]}
    asked, found = carry_out(dynamodb, after, more)
    assert ["UpdateTable"] == asked
    throughput = found["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]
    assert 9 == throughput["ReadCapacityUnits"]
    less = {name: more[name] for name in ("TableName", "KeySchema", "ProvisionedThroughput")}
    less |= {"AttributeDefinitions": more["AttributeDefinitions"][:1], "BillingMode": "PROVISIONED"}
    _, found = carry_out(dynamodb, more, less)
    assert set() == {"StreamSpecification", "GlobalSecondaryIndexes"} & found.keys()
    lifetime = dynamodb.describe_time_to_live(TableName="things")["TimeToLiveDescription"]
    assert "DISABLED" == lifetime["TimeToLiveStatus"]


def _capacity(units: int) -> dict[str, int]:
    return {"ReadCapacityUnits": units, "WriteCapacityUnits": units}


def ask(dynamodb: Any, steps: Any, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
    """Do what a template of a global table asks for in the stack's own region."""
    for operation, members in requests(steps, before, after, {}, "us-east-1"):
        method = re.sub("(?<!^)([A-Z])", r"_\1", operation).lower()
        getattr(dynamodb, method)(**members)
        settle(dynamodb)


def test_a_template_makes_changes_and_removes_a_global_table(
    dynamodb: Any, aws: Any, pileus: Running, account: str
) -> None:
    kinesis = aws("kinesis")
    kinesis.create_stream(StreamName="changes", ShardCount=1)
    stream = kinesis.describe_stream_summary(StreamName="changes")["StreamDescriptionSummary"]
    own = {
        "Region": "us-east-1",
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "KinesisStreamSpecification": {"StreamArn": stream["StreamARN"]},
    }
    before = {
        name: BEFORE[name]
        for name in ("TableName", "KeySchema", "AttributeDefinitions", "BillingMode",
                     "GlobalSecondaryIndexes", "TimeToLiveSpecification")
    }  # fmt: skip
    before["StreamSpecification"] = {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    before["Replicas"] = [own, {"Region": "eu-west-1"}]
    ask(dynamodb, GLOBAL_TABLE.create, None, before)
    assert ["eu-west-1"] == [each["RegionName"] for each in described(dynamodb)["Replicas"]]
    backups = dynamodb.describe_continuous_backups(TableName="things")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert "ENABLED" == recovery["PointInTimeRecoveryStatus"]
    put(dynamodb, pk="a")
    far = pileus.client("dynamodb", account=account, region="eu-west-1")
    assert {"pk": "a"} == get(far, pk="a")
    after = {**before, "Replicas": [{"Region": "us-east-1"}, {"Region": "ap-south-1"}]}
    ask(dynamodb, GLOBAL_TABLE.update, before, before)
    ask(dynamodb, GLOBAL_TABLE.update, before, after)
    assert ["ap-south-1"] == [each["RegionName"] for each in described(dynamodb)["Replicas"]]
    assert [] == far.list_tables()["TableNames"]
    found = dynamodb.describe_kinesis_streaming_destination(TableName="things")
    [told] = found["KinesisDataStreamDestinations"]
    assert "DISABLED" == told["DestinationStatus"]
    ask(dynamodb, GLOBAL_TABLE.delete, None, after)
    for region in ("us-east-1", "ap-south-1"):
        client = pileus.client("dynamodb", account=account, region=region)
        assert [] == client.list_tables()["TableNames"]


def test_a_template_of_a_global_table_says_more_of_its_own_region(dynamodb: Any) -> None:
    target = {"TargetValue": 70.0}
    scaled = {
        "MinCapacity": 3,
        "MaxCapacity": 30,
        "TargetTrackingScalingPolicyConfiguration": target,
    }
    own = {
        "Region": "us-east-1",
        "ReadProvisionedThroughputSettings": {"ReadCapacityAutoScalingSettings": scaled},
        "Tags": [{"Key": "team", "Value": "a"}],
        "TableClass": "STANDARD_INFREQUENT_ACCESS",
        "ContributorInsightsSpecification": {"Enabled": True},
    }
    before = {
        "TableName": "things", "KeySchema": schema("pk"), "BillingMode": "PROVISIONED",
        "AttributeDefinitions": BEFORE["AttributeDefinitions"][:1],
        "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
        "WriteProvisionedThroughputSettings": {
            "WriteCapacityAutoScalingSettings": {**scaled, "SeedCapacity": 7}
        },
        "Replicas": [own, {"Region": "eu-west-1"}],
    }  # fmt: skip
    ask(dynamodb, GLOBAL_TABLE.create, None, before)
    found = described(dynamodb)
    capacity = found["ProvisionedThroughput"]
    assert (3, 7) == (capacity["ReadCapacityUnits"], capacity["WriteCapacityUnits"])
    assert "STANDARD_INFREQUENT_ACCESS" == found["TableClassSummary"]["TableClass"]
    insights = dynamodb.describe_contributor_insights(TableName="things")
    assert "ENABLED" == insights["ContributorInsightsStatus"]
    scaling = dynamodb.describe_table_replica_auto_scaling(TableName="things")
    kept = {"MinimumUnits": 3, "MaximumUnits": 30}
    kept["ScalingPolicies"] = [{"TargetTrackingScalingPolicyConfiguration": target}]
    ours, other = scaling["TableAutoScalingDescription"]["Replicas"]
    assert kept == ours["ReplicaProvisionedReadCapacityAutoScalingSettings"]
    assert kept == other["ReplicaProvisionedWriteCapacityAutoScalingSettings"]
    assert "ReplicaProvisionedReadCapacityAutoScalingSettings" not in other
    changed = {**own, "DeletionProtectionEnabled": True, "Tags": [{"Key": "team", "Value": "b"}]}
    after = {**before, "Replicas": [changed, {"Region": "eu-west-1"}]}
    attributes = {"Arn": found["TableArn"]}
    steps = list(requests(GLOBAL_TABLE.update, before, after, attributes, "us-east-1"))
    assert ["UpdateTable", "TagResource"] == [operation for operation, _ in steps]
    dynamodb.update_table(**steps[0][1])
    dynamodb.tag_resource(**steps[1][1])
    assert described(dynamodb)["DeletionProtectionEnabled"]
    tags = dynamodb.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"]
    assert [{"Key": "team", "Value": "b"}] == tags
