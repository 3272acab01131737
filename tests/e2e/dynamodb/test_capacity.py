"""Capacity by boto3: what requests consume, and how it is set."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.dynamodb.tables import create, index, invalid, put, wire
from support.refusals import refusal
from support.running import Running

PROVISIONED = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
KB = "x" * 1024


@pytest.fixture
def sold(dynamodb: Any) -> Any:
    """A client, and a table `things` of pk and sk with an index of each kind."""
    create(
        dynamodb, "things", "pk:S sk:N", "g:S l:N",
        GlobalSecondaryIndexes=[index("by-g", "g", None, "INCLUDE", "big")],
        LocalSecondaryIndexes=[index("by-l", "pk", "l", "KEYS_ONLY")],
    )  # fmt: skip
    return dynamodb


def units(answer: dict[str, Any]) -> tuple[float, float, float, float]:
    """All, the table's, the global index's, the local index's."""
    found = answer["ConsumedCapacity"]
    if isinstance(found, list):
        [found] = found
    return (
        found["CapacityUnits"],
        found["Table"]["CapacityUnits"],
        found.get("GlobalSecondaryIndexes", {}).get("by-g", {"CapacityUnits": 0})["CapacityUnits"],
        found.get("LocalSecondaryIndexes", {}).get("by-l", {"CapacityUnits": 0})["CapacityUnits"],
    )


ITEM = wire(pk="a", sk=1, g="g", l=1, big=KB * 2)
KEY = wire(pk="a", sk=1)


def transact(dynamodb: Any, kind: str, **members: Any) -> Any:
    return dynamodb.transact_write_items(
        TransactItems=[{kind: {"TableName": "things", **members}}],
        ReturnConsumedCapacity="INDEXES", ReturnItemCollectionMetrics="SIZE",
    )  # fmt: skip


def test_writes_cost_by_the_larger_item_and_by_each_index_that_changes(sold: Any) -> None:
    asked = {"TableName": "things", "ReturnConsumedCapacity": "INDEXES"}
    # 2 KB and some bytes; the global index has as much, the local one only keys.
    assert (7, 3, 3, 1) == units(sold.put_item(Item=ITEM, **asked))
    # Neither index changes.
    set_note = {
        "UpdateExpression": "SET note = :o",
        "ExpressionAttributeValues": wire(**{":o": 1}),
    }
    assert (3, 3, 0, 0) == units(sold.update_item(Key=KEY, **set_note, **asked))
    # An item that moves in an index is deleted and put there.
    move = {"UpdateExpression": "SET g = :g", "ExpressionAttributeValues": wire(**{":g": "h"})}
    assert (9, 3, 6, 0) == units(sold.update_item(Key=KEY, **move, **asked))
    # What becomes smaller costs what it was.
    assert (7, 3, 3, 1) == units(sold.put_item(Item=wire(pk="a", sk=1, g="h"), **asked))
    assert (2, 1, 1, 0) == units(sold.delete_item(Key=KEY, **asked))
    assert (1, 1, 0, 0) == units(sold.delete_item(Key=KEY, **asked))
    batch = sold.batch_write_item(
        RequestItems={"things": [{"PutRequest": {"Item": ITEM}}]}, ReturnConsumedCapacity="INDEXES"
    )
    assert (7, 3, 3, 1) == units(batch)


def test_transactions_cost_twice_as_much(sold: Any) -> None:
    answer = transact(sold, "Put", Item=ITEM)
    assert (14, 6, 6, 2) == units(answer)
    assert 14.0 == answer["ConsumedCapacity"][0]["WriteCapacityUnits"]
    expected = [{"ItemCollectionKey": wire(pk="a"), "SizeEstimateRangeGB": [0.0, 1.0]}]
    assert {"things": expected} == answer["ItemCollectionMetrics"]
    check = transact(sold, "ConditionCheck", Key=KEY, ConditionExpression="attribute_exists(pk)")
    assert (6, 6, 0, 0) == units(check)
    read = sold.transact_get_items(
        TransactItems=[{"Get": {"TableName": "things", "Key": KEY}}],
        ReturnConsumedCapacity="INDEXES",
    )
    assert (2, 2, 0, 0) == units(read)
    assert 2.0 == read["ConsumedCapacity"][0]["ReadCapacityUnits"]
    # The same transaction once more reads what it has written.
    put_it = [{"Put": {"TableName": "things", "Item": ITEM}}]
    asked = {"TransactItems": put_it, "ClientRequestToken": "t", "ReturnConsumedCapacity": "TOTAL"}
    sold.transact_write_items(**asked)
    [again] = sold.transact_write_items(**asked)["ConsumedCapacity"]
    assert {"TableName": "things", "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0} == again


def test_reads_cost_by_four_kilobytes_and_half_where_they_may_be_late(sold: Any) -> None:
    for number in range(3):
        put(sold, pk="a", sk=number, g="g", l=number, big=KB * 2)
    asked: dict[str, Any] = {"TableName": "things", "ReturnConsumedCapacity": "INDEXES"}
    by_pk = {
        **asked, "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": wire(**{":p": "a"}),
    }  # fmt: skip
    assert (0.5, 0.5, 0, 0) == units(sold.get_item(Key=KEY, **asked))
    assert (1, 1, 0, 0) == units(
        sold.get_item(Key=wire(pk="z", sk=1), ConsistentRead=True, **asked)
    )
    # Sizes are summed before they are rounded.
    assert (1, 1, 0, 0) == units(sold.query(**by_pk))
    assert (2, 2, 0, 0) == units(sold.query(**by_pk, ConsistentRead=True, Select="COUNT"))
    assert (0.5, 0, 0, 0.5) == units(sold.query(**by_pk, IndexName="by-l"))
    # What a local index does not have is fetched, each item for itself.
    fetched = sold.query(**by_pk, IndexName="by-l", Select="ALL_ATTRIBUTES")
    assert (2, 1.5, 0, 0.5) == units(fetched)
    assert (1, 0, 1, 0) == units(sold.scan(IndexName="by-g", **asked))
    keys = [wire(pk="a", sk=number) for number in range(3)]
    batch = sold.batch_get_item(
        RequestItems={"things": {"Keys": keys}}, ReturnConsumedCapacity="INDEXES"
    )
    assert (1.5, 1.5, 0, 0) == units(batch)


# Settings.


def described(dynamodb: Any) -> Any:
    return dynamodb.describe_table(TableName="things")["Table"]


def test_warm_throughput_is_kept_and_rises(dynamodb: Any) -> None:
    create(
        dynamodb, more="g:S", WarmThroughput={"ReadUnitsPerSecond": 20_000},
        GlobalSecondaryIndexes=[
            {**index("by-g", "g"), "WarmThroughput": {"WriteUnitsPerSecond": 5_000}}
        ],
    )  # fmt: skip
    found = described(dynamodb)
    assert {
        "ReadUnitsPerSecond": 20_000, "WriteUnitsPerSecond": 4_000, "Status": "ACTIVE",
    } == found["WarmThroughput"]  # fmt: skip
    assert 5_000 == found["GlobalSecondaryIndexes"][0]["WarmThroughput"]["WriteUnitsPerSecond"]
    dynamodb.update_table(TableName="things", WarmThroughput={"ReadUnitsPerSecond": 30_000})
    assert 30_000 == described(dynamodb)["WarmThroughput"]["ReadUnitsPerSecond"]
    assert "WarmThroughput cannot be decreased" in invalid(
        dynamodb.update_table, TableName="things", WarmThroughput={"ReadUnitsPerSecond": 20_000}
    )


def test_decreases_are_counted_and_indexes_need_capacity(dynamodb: Any) -> None:
    create(
        dynamodb, more="g:S", ProvisionedThroughput=PROVISIONED,
        GlobalSecondaryIndexes=[{**index("by-g", "g"), "ProvisionedThroughput": PROVISIONED}],
    )  # fmt: skip
    less = {"ReadCapacityUnits": 4, "WriteCapacityUnits": 6}
    change = {"Update": {"IndexName": "by-g", "ProvisionedThroughput": less}}
    dynamodb.update_table(
        TableName="things", ProvisionedThroughput=less, GlobalSecondaryIndexUpdates=[change]
    )
    found = described(dynamodb)
    for shown in (found, found["GlobalSecondaryIndexes"][0]):
        capacity = shown["ProvisionedThroughput"]
        assert (1, 4) == (capacity["NumberOfDecreasesToday"], capacity["ReadCapacityUnits"])
        assert {"LastIncreaseDateTime", "LastDecreaseDateTime"} <= capacity.keys()
    assert (
        "The provisioned throughput for the index by-g will not change. The requested value equals "
        "the current value. Current ReadCapacityUnits provisioned for the index: 4. Requested "
        "ReadCapacityUnits: 4. Current WriteCapacityUnits provisioned for the index: 6. Requested "
        "WriteCapacityUnits: 6. Refer to the Amazon DynamoDB Developer Guide for current limits "
        "and how to request higher limits."
    ) == invalid(dynamodb.update_table, TableName="things", GlobalSecondaryIndexUpdates=[change])
    dynamodb.update_table(TableName="things", BillingMode="PAY_PER_REQUEST")
    back = {"TableName": "things", "BillingMode": "PROVISIONED", "ProvisionedThroughput": less}
    assert (
        "One or more parameter values were invalid: ProvisionedThroughput must be specified for "
        "index: by-g"
    ) == invalid(dynamodb.update_table, **back)
    dynamodb.update_table(**back, GlobalSecondaryIndexUpdates=[change])
    assert (
        4
        == described(dynamodb)["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"][
            "ReadCapacityUnits"
        ]
    )


def test_the_table_class_is_told_with_its_change(dynamodb: Any) -> None:
    create(dynamodb)
    dynamodb.update_table(TableName="things", TableClass="STANDARD_INFREQUENT_ACCESS")
    found = described(dynamodb)["TableClassSummary"]
    assert "STANDARD_INFREQUENT_ACCESS" == found["TableClass"]
    assert "LastUpdateDateTime" in found


def test_contributor_insights_are_kept_and_listed(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb, "things", "pk:S sk:N", "g:S", GlobalSecondaryIndexes=[index("by-g", "g")])
    create(dynamodb, "things-2")
    enable = {"ContributorInsightsAction": "ENABLE"}
    assert (
        "DISABLED"
        == dynamodb.describe_contributor_insights(TableName="things")["ContributorInsightsStatus"]
    )
    answer = dynamodb.update_contributor_insights(TableName="things", **enable)
    assert "ENABLING" == answer["ContributorInsightsStatus"]
    dynamodb.update_contributor_insights(
        TableName="things", IndexName="by-g", ContributorInsightsMode="THROTTLED_KEYS", **enable
    )
    dynamodb.update_contributor_insights(TableName="things-2", **enable)
    found = dynamodb.describe_contributor_insights(TableName="things")
    assert ("ENABLED", 4) == (
        found["ContributorInsightsStatus"], len(found["ContributorInsightsRuleList"]),
    )  # fmt: skip
    of_index = dynamodb.describe_contributor_insights(TableName="things", IndexName="by-g")
    [rule] = of_index["ContributorInsightsRuleList"]
    assert rule.startswith("DynamoDBContributorInsights-PKT-things-by-g-")
    listed = dynamodb.list_contributor_insights(TableName="things")
    assert [None, "by-g"] == [
        each.get("IndexName") for each in listed["ContributorInsightsSummaries"]
    ]
    first = dynamodb.list_contributor_insights(MaxResults=2)
    rest = dynamodb.list_contributor_insights(NextToken=first["NextToken"])
    both = first["ContributorInsightsSummaries"] + rest["ContributorInsightsSummaries"]
    assert ["things", "things-2", "things"] == [each["TableName"] for each in both]
    dynamodb.update_contributor_insights(TableName="things", ContributorInsightsAction="DISABLE")
    dynamodb.delete_table(TableName="things-2")
    listed = dynamodb.list_contributor_insights()["ContributorInsightsSummaries"]
    assert [("things", "by-g")] == [(each["TableName"], each["IndexName"]) for each in listed]
    assert (
        "ResourceNotFoundException"
        == refusal(
            dynamodb.describe_contributor_insights, TableName="things", IndexName="none"
        ).code
    )
