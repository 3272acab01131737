"""What CloudFormation asks of tables, as AWS::DynamoDB::Table declares it."""

from __future__ import annotations

import re
from typing import Any

from e2e.dynamodb.tables import index, put, schema
from pileus.kernel.resource_types import requests
from pileus.services.dynamodb.resources import TABLE

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
