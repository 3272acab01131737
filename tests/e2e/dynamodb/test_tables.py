"""Tables by boto3: create, describe, change, list, delete, and what is kept about them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.dynamodb.tables import create, get, index, invalid, put, schema, wire
from support.refusals import refusal
from support.running import Running

PREFIX = "One or more parameter values were invalid: "
THROUGHPUT = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
S = {"AttributeName": "pk", "AttributeType": "S"}


def describe(dynamodb: Any, name: str = "things") -> dict[str, Any]:
    found: dict[str, Any] = dynamodb.describe_table(TableName=name)["Table"]
    return found


def test_a_table_is_creating_first_and_active_at_the_next_look(dynamodb: Any) -> None:
    made = dynamodb.create_table(
        TableName="things",
        KeySchema=schema("pk", "sk"),
        AttributeDefinitions=[S, {"AttributeName": "sk", "AttributeType": "N"}],
        ProvisionedThroughput=THROUGHPUT,
    )["TableDescription"]
    assert "CREATING" == made["TableStatus"]
    found = describe(dynamodb)
    assert ("ACTIVE", 0, 0) == (found["TableStatus"], found["ItemCount"], found["TableSizeBytes"])
    assert (5, 6) == (
        found["ProvisionedThroughput"]["ReadCapacityUnits"],
        found["ProvisionedThroughput"]["WriteCapacityUnits"],
    )
    assert schema("pk", "sk") == found["KeySchema"]
    assert found["TableArn"].endswith(":table/things")
    dynamodb.get_waiter("table_exists").wait(TableName="things")


def test_items_and_bytes_are_counted(dynamodb: Any) -> None:
    create(dynamodb)
    put(dynamodb, pk="a", text="1234")
    put(dynamodb, pk="b")
    put(dynamodb, pk="a", text="12")
    found = describe(dynamodb)
    assert (2, 9 + 3) == (found["ItemCount"], found["TableSizeBytes"])
    dynamodb.delete_item(TableName="things", Key=wire(pk="a"))
    found = describe(dynamodb)
    assert (1, 3) == (found["ItemCount"], found["TableSizeBytes"])


def test_names_are_taken_once_and_are_free_after_deletion(dynamodb: Any) -> None:
    create(dynamodb)
    assert ("ResourceInUseException", "Table already exists: things", 400) == refusal(
        create, dynamodb=dynamodb
    )
    put(dynamodb, pk="a")
    gone = dynamodb.delete_table(TableName="things")["TableDescription"]
    assert "DELETING" == gone["TableStatus"]
    assert (
        "ResourceNotFoundException",
        "Requested resource not found: Table: things not found",
        400,
    ) == refusal(dynamodb.describe_table, TableName="things")
    assert ("ResourceNotFoundException", "Requested resource not found", 400) == refusal(
        dynamodb.get_item, TableName="things", Key=wire(pk="a")
    )
    create(dynamodb)
    assert get(dynamodb, pk="a") is None


@pytest.mark.parametrize("name", ["ab", "a b c", "x" * 256, "arn:aws:dynamodb:no"])
def test_other_names_are_refused(dynamodb: Any, name: str) -> None:
    assert (
        "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, "
        "and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'"
    ) == invalid(dynamodb.describe_table, TableName=name)


def test_a_table_may_be_named_by_its_arn(dynamodb: Any) -> None:
    arn = create(dynamodb)
    put(dynamodb, arn, pk="a")
    assert {"pk": "a"} == get(dynamodb, arn, pk="a")


def refused(dynamodb: Any, **members: Any) -> str:
    members = {
        "TableName": "things",
        "KeySchema": schema("pk"),
        "AttributeDefinitions": [S],
        "BillingMode": "PAY_PER_REQUEST",
        **members,
    }
    return invalid(dynamodb.create_table, **members)


def test_keys_must_fit_the_definitions(dynamodb: Any) -> None:
    n = {"AttributeName": "n", "AttributeType": "N"}
    assert (
        PREFIX + "Number of attributes in KeySchema does not exactly match number of attributes "
        "defined in AttributeDefinitions"
    ) == refused(dynamodb, AttributeDefinitions=[S, n])
    assert (
        PREFIX + "Some index key attributes are not defined in AttributeDefinitions. Keys: [n], "
        "AttributeDefinitions: [pk]"
    ) == refused(dynamodb, KeySchema=schema("n"))
    assert (
        "Both the Hash Key and the Range Key element in the KeySchema have the same name"
    ) == refused(dynamodb, KeySchema=schema("pk", "pk"))
    assert (
        PREFIX + "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"
    ) == refused(dynamodb, KeySchema=[{"AttributeName": "pk", "KeyType": "RANGE"}])
    assert (
        PREFIX + "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"
    ) == refused(dynamodb, KeySchema=[*schema("pk"), {"AttributeName": "n", "KeyType": "HASH"}])


def test_capacity_must_fit_the_billing_mode(dynamodb: Any) -> None:
    assert "No provisioned throughput specified for the table" == invalid(
        dynamodb.create_table, TableName="things", KeySchema=schema("pk"), AttributeDefinitions=[S]
    )
    assert (
        PREFIX + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
        "BillingMode is PAY_PER_REQUEST"
    ) == refused(dynamodb, ProvisionedThroughput=THROUGHPUT)
    assert (
        PREFIX + "ReadCapacityUnits and WriteCapacityUnits must both be specified when "
        "BillingMode is PROVISIONED"
    ) == refused(dynamodb, BillingMode="PROVISIONED")


def test_indexes_must_fit_the_table(dynamodb: Any) -> None:
    n = {"AttributeName": "n", "AttributeType": "N"}
    local = {"AttributeDefinitions": [S, n]}
    assert (
        PREFIX + "Table KeySchema does not have a range key, which is required when specifying a "
        "LocalSecondaryIndex"
    ) == refused(dynamodb, LocalSecondaryIndexes=[index("local", "pk", "n")], **local)
    local["KeySchema"] = schema("pk", "n")
    assert PREFIX + "Index KeySchema does not have a range key for index: local" == refused(
        dynamodb, LocalSecondaryIndexes=[index("local", "pk")], **local
    )
    assert PREFIX + "Number of LocalSecondaryIndexes exceeds per-table limit of 5" == refused(
        dynamodb, LocalSecondaryIndexes=[index(f"local{n}", "pk", "n") for n in range(6)], **local
    )
    assert PREFIX + "GlobalSecondaryIndex count exceeds the per-table limit of 20" == refused(
        dynamodb, GlobalSecondaryIndexes=[index(f"global{n}", "n") for n in range(21)], **local
    )
    assert PREFIX + "Duplicate index name: same" == refused(
        dynamodb, GlobalSecondaryIndexes=[index("same", "n"), index("same", "pk")], **local
    )
    assert (PREFIX + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified") == refused(
        dynamodb, GlobalSecondaryIndexes=[index("global", "n", None, "INCLUDE")], **local
    )
    assert PREFIX + "ProjectionType is ALL, but NonKeyAttributes is specified" == refused(
        dynamodb, GlobalSecondaryIndexes=[index("global", "n", None, "ALL", "x")], **local
    )


def test_a_stream_needs_a_view(dynamodb: Any) -> None:
    assert (PREFIX + "StreamViewType must be specified when StreamEnabled is true") == refused(
        dynamodb, StreamSpecification={"StreamEnabled": True}
    )


def test_tables_are_listed_by_page(dynamodb: Any) -> None:
    for name in ("bbb", "aaa", "ccc"):
        create(dynamodb, name)
    first = dynamodb.list_tables(Limit=2)
    assert (["aaa", "bbb"], "bbb") == (first["TableNames"], first["LastEvaluatedTableName"])
    rest = dynamodb.list_tables(ExclusiveStartTableName="bbb")
    assert (["ccc"], None) == (rest["TableNames"], rest.get("LastEvaluatedTableName"))


def test_a_protected_table_is_not_deleted(dynamodb: Any) -> None:
    create(dynamodb, DeletionProtectionEnabled=True)
    assert "currently protected against deletion" in invalid(
        dynamodb.delete_table, TableName="things"
    )
    dynamodb.update_table(TableName="things", DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName="things")
    assert [] == dynamodb.list_tables()["TableNames"]


def test_capacity_and_billing_change(dynamodb: Any) -> None:
    create(dynamodb, ProvisionedThroughput=THROUGHPUT)
    assert "The provisioned throughput for the table will not change." in invalid(
        dynamodb.update_table, TableName="things", ProvisionedThroughput=THROUGHPUT
    )
    more = {"ReadCapacityUnits": 9, "WriteCapacityUnits": 9}
    answer = dynamodb.update_table(TableName="things", ProvisionedThroughput=more)
    assert "UPDATING" == answer["TableDescription"]["TableStatus"]
    assert 9 == describe(dynamodb)["ProvisionedThroughput"]["ReadCapacityUnits"]
    assert "LastIncreaseDateTime" in describe(dynamodb)["ProvisionedThroughput"]
    dynamodb.update_table(TableName="things", BillingMode="PAY_PER_REQUEST")
    found = describe(dynamodb)
    assert "PAY_PER_REQUEST" == found["BillingModeSummary"]["BillingMode"]
    assert 0 == found["ProvisionedThroughput"]["ReadCapacityUnits"]
    assert "At least one of" in invalid(dynamodb.update_table, TableName="things")


def test_an_index_that_is_added_is_filled(dynamodb: Any, pileus: Running) -> None:
    create(dynamodb)
    for number in range(450):
        put(dynamodb, pk=f"{number}", n=number % 3, x="much")
    put(dynamodb, pk="other", n="text")
    put(dynamodb, pk="without")
    answer = dynamodb.update_table(
        TableName="things",
        AttributeDefinitions=[S, {"AttributeName": "n", "AttributeType": "N"}],
        GlobalSecondaryIndexUpdates=[{"Create": index("by-n", "n", "pk", "KEYS_ONLY")}],
    )
    [shown] = answer["TableDescription"]["GlobalSecondaryIndexes"]
    assert ("CREATING", True) == (shown["IndexStatus"], shown["Backfilling"])
    pileus.advance(1)
    [shown] = describe(dynamodb)["GlobalSecondaryIndexes"]
    assert ("ACTIVE", 450) == (shown["IndexStatus"], shown["ItemCount"])
    found = dynamodb.query(
        TableName="things",
        IndexName="by-n",
        KeyConditionExpression="n = :n",
        ExpressionAttributeValues=wire(**{":n": 1}),
    )
    assert (150, {"pk", "n"}) == (found["Count"], set(found["Items"][0]))
    dynamodb.update_table(
        TableName="things", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-n"}}]
    )
    pileus.advance(1)
    assert "GlobalSecondaryIndexes" not in describe(dynamodb)
    assert [S] == describe(dynamodb)["AttributeDefinitions"]


def test_one_index_is_added_at_a_time(dynamodb: Any) -> None:
    create(dynamodb)
    both = [{"Create": index(name, "pk")} for name in ("one", "two")]
    assert (
        "LimitExceededException"
        == refusal(dynamodb.update_table, TableName="things", GlobalSecondaryIndexUpdates=both).code
    )
    create(dynamodb, "indexed", GlobalSecondaryIndexes=[index("one", "pk")])
    assert "Attempting to create an index which already exists" == invalid(
        dynamodb.update_table, TableName="indexed", GlobalSecondaryIndexUpdates=both[:1]
    )


def test_tags_are_kept_and_go_with_the_table(dynamodb: Any) -> None:
    arn = create(dynamodb, Tags=[{"Key": "a", "Value": "1"}])
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert [{"Key": "b", "Value": "2"}] == dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"]
    dynamodb.delete_table(TableName="things")
    assert (
        "ResourceNotFoundException" == refusal(dynamodb.list_tags_of_resource, ResourceArn=arn).code
    )
    assert "reserved prefix" in refused(dynamodb, Tags=[{"Key": "aws:x", "Value": ""}])


def test_a_resource_policy_is_kept_by_revision(dynamodb: Any) -> None:
    arn = create(dynamodb)
    assert "PolicyNotFoundException" == refusal(dynamodb.get_resource_policy, ResourceArn=arn).code
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]})
    made = dynamodb.put_resource_policy(
        ResourceArn=arn, Policy=policy, ExpectedRevisionId="NO_POLICY"
    )
    found = dynamodb.get_resource_policy(ResourceArn=arn)
    assert (policy, made["RevisionId"]) == (found["Policy"], found["RevisionId"])
    assert (
        "PolicyNotFoundException"
        == refusal(
            dynamodb.delete_resource_policy, ResourceArn=arn, ExpectedRevisionId="other"
        ).code
    )
    dynamodb.delete_resource_policy(ResourceArn=arn)
    assert "RevisionId" not in dynamodb.delete_resource_policy(ResourceArn=arn)


def test_point_in_time_recovery_is_a_setting(dynamodb: Any) -> None:
    create(dynamodb)
    ask = dynamodb.describe_continuous_backups
    shown = ask(TableName="things")["ContinuousBackupsDescription"]
    assert {"PointInTimeRecoveryStatus": "DISABLED"} == shown["PointInTimeRecoveryDescription"]
    dynamodb.update_continuous_backups(
        TableName="things",
        PointInTimeRecoverySpecification={
            "PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7,
        },
    )  # fmt: skip
    shown = ask(TableName="things")["ContinuousBackupsDescription"]
    assert 7 == shown["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"]
    assert ("TableNotFoundException", "Table not found: none", 400) == refusal(
        ask, TableName="none"
    )


def test_limits_and_endpoints_are_told(dynamodb: Any, pileus: Running) -> None:
    assert 80_000 == dynamodb.describe_limits()["AccountMaxReadCapacityUnits"]
    [endpoint] = dynamodb.describe_endpoints()["Endpoints"]
    assert f"127.0.0.1:{pileus.port}" == endpoint["Address"]
