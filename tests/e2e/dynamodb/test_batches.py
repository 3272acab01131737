"""Batches and transactions by boto3."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.dynamodb.tables import create, get, index, invalid, plain, put, wire
from support.refusals import refusal
from support.running import Running


@pytest.fixture
def two(dynamodb: Any) -> Any:
    """A client, and the tables `things` and `others`."""
    create(dynamodb)
    create(dynamodb, "others")
    return dynamodb


def writes(*keys: str) -> list[dict[str, Any]]:
    return [{"PutRequest": {"Item": wire(pk=key, v=key)}} for key in keys]


def test_a_batch_writes_and_deletes_in_several_tables(two: Any) -> None:
    put(two, pk="gone")
    answer = two.batch_write_item(
        RequestItems={
            "things": [*writes("a"), {"DeleteRequest": {"Key": wire(pk="gone")}}],
            "others": writes("b"),
        },
        ReturnConsumedCapacity="TOTAL",
    )
    assert {} == answer["UnprocessedItems"]
    assert [2.0, 1.0] == [each["CapacityUnits"] for each in answer["ConsumedCapacity"]]
    assert (None, {"pk": "b", "v": "b"}) == (get(two, pk="gone"), get(two, "others", pk="b"))


def test_a_batch_with_anything_malformed_writes_nothing(two: Any) -> None:
    assert "Provided list of item keys contains duplicates" == invalid(
        two.batch_write_item, RequestItems={"things": writes("a"), "others": writes("b", "b")}
    )
    assert get(two, pk="a") is None
    assert "Too many items requested for the BatchWriteItem call" == invalid(
        two.batch_write_item,
        RequestItems={
            "things": writes(*map(str, range(20))),
            "others": writes(*map(str, range(6))),
        },
    )
    assert ("ResourceNotFoundException", "Requested resource not found", 400) == refusal(
        two.batch_write_item, RequestItems={"things": writes("a"), "none": writes("a")}
    )


def test_a_batch_reads_from_several_tables(two: Any) -> None:
    put(two, pk="a", x=1)
    put(two, "others", pk="b", x=1, y=2)
    answer = two.batch_get_item(
        RequestItems={
            "things": {"Keys": [wire(pk="a"), wire(pk="none")]},
            "others": {"Keys": [wire(pk="b")], "ProjectionExpression": "y", "ConsistentRead": True},
        },
        ReturnConsumedCapacity="TOTAL",
    )
    assert {"things": [wire(pk="a", x=1)], "others": [wire(y=2)]} == answer["Responses"]
    assert {} == answer["UnprocessedKeys"]
    assert [1.0, 1.0] == [each["CapacityUnits"] for each in answer["ConsumedCapacity"]]
    assert "Provided list of item keys contains duplicates" == invalid(
        two.batch_get_item, RequestItems={"things": {"Keys": [wire(pk="a"), wire(pk="a")]}}
    )


def test_a_batch_gives_16_mb_at_most(two: Any) -> None:
    for number in range(45):
        put(two, pk=str(number), v="x" * 390_000)
    keys = [wire(pk=str(number)) for number in range(45)]
    answer = two.batch_get_item(RequestItems={"things": {"Keys": keys}})
    left = answer["UnprocessedKeys"]["things"]["Keys"]
    assert (43, keys[43:]) == (len(answer["Responses"]["things"]), left)


# Transactions.


def put_action(key: str, table: str = "things", **members: Any) -> dict[str, Any]:
    return {"Put": {"TableName": table, "Item": wire(pk=key, v=key), **members}}


ABSENT = {"ConditionExpression": "attribute_not_exists(pk)"}


def cancelled(client: Any, *actions: Any) -> list[dict[str, Any]]:
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.transact_write_items(TransactItems=list(actions))
    found: list[dict[str, Any]] = caught.value.response["CancellationReasons"]
    codes = ", ".join(reason["Code"] for reason in found)
    assert (
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    ) == caught.value.response["Error"]["Message"]
    return found


def test_a_transaction_does_all(two: Any) -> None:
    put(two, pk="old", v="x")
    put(two, pk="gone")
    answer = two.transact_write_items(
        TransactItems=[
            put_action("a", "others"),
            {"Delete": {"TableName": "things", "Key": wire(pk="gone")}},
            {
                "Update": {
                    "TableName": "things", "Key": wire(pk="old"),
                    "UpdateExpression": "SET n = :n",
                    "ExpressionAttributeValues": wire(**{":n": 1}),
                }
            },
            {
                "ConditionCheck": {
                    "TableName": "things", "Key": wire(pk="none"),
                    "ConditionExpression": "attribute_not_exists(pk)",
                }
            },
        ],
        ReturnConsumedCapacity="TOTAL",
    )  # fmt: skip
    assert {"things": 6.0, "others": 2.0} == {
        each["TableName"]: each["WriteCapacityUnits"] for each in answer["ConsumedCapacity"]
    }
    assert {"pk": "old", "v": "x", "n": 1} == get(two, pk="old")
    assert ({"pk": "a", "v": "a"}, None) == (get(two, "others", pk="a"), get(two, pk="gone"))


def test_a_transaction_does_nothing_where_a_condition_fails(two: Any) -> None:
    put(two, "others", pk="b", v="there")
    reasons = cancelled(
        two,
        put_action("a"),
        put_action("b", "others", **ABSENT, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
    )
    assert [
        {"Code": "None"},
        {
            "Code": "ConditionalCheckFailed",
            "Message": "The conditional request failed",
            "Item": wire(pk="b", v="there"),
        },
    ] == reasons
    assert get(two, pk="a") is None


def test_an_update_that_does_not_suit_cancels(two: Any) -> None:
    put(two, pk="a", v="text")
    [_, reason] = cancelled(
        two,
        put_action("b"),
        {
            "Update": {
                "TableName": "things", "Key": wire(pk="a"), "UpdateExpression": "SET v = v + :n",
                "ExpressionAttributeValues": wire(**{":n": 1}),
            }
        },
    )  # fmt: skip
    assert {
        "Code": "ValidationError",
        "Message": "An operand in the update expression has an incorrect data type",
    } == reason
    assert get(two, pk="b") is None


def test_a_transaction_names_an_item_once(two: Any) -> None:
    assert "Transaction request cannot include multiple operations on one item" == invalid(
        two.transact_write_items, TransactItems=[put_action("a"), put_action("a")]
    )
    two.transact_write_items(TransactItems=[put_action("a"), put_action("a", "others")])
    assert "TransactItems can only contain one of Check, Put, Update or Delete" == invalid(
        two.transact_write_items,
        TransactItems=[put_action("a") | {"Delete": {"TableName": "things", "Key": wire(pk="a")}}],
    )


def test_a_token_makes_a_transaction_happen_once_in_ten_minutes(two: Any, pileus: Running) -> None:
    def add(amount: int, token: str = "t") -> None:
        update = {
            "TableName": "things", "Key": wire(pk="a"), "UpdateExpression": "ADD n :n",
            "ExpressionAttributeValues": wire(**{":n": amount}),
        }  # fmt: skip
        two.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken=token)

    add(1)
    add(1)
    assert {"pk": "a", "n": 1} == get(two, pk="a")
    assert "IdempotentParameterMismatchException" == refusal(add, amount=2).code
    add(1, "other")
    pileus.advance(600)
    add(2)
    assert {"pk": "a", "n": 4} == get(two, pk="a")


def test_a_transaction_reads_one_moment(two: Any) -> None:
    put(two, pk="a", x=1, y=2)
    answer = two.transact_get_items(
        TransactItems=[
            {"Get": {"TableName": "things", "Key": wire(pk="a"), "ProjectionExpression": "x"}},
            {"Get": {"TableName": "others", "Key": wire(pk="a")}},
        ],
        ReturnConsumedCapacity="TOTAL",
    )
    assert [{"Item": wire(x=1)}, {}] == answer["Responses"]
    assert [2.0, 2.0] == [each["ReadCapacityUnits"] for each in answer["ConsumedCapacity"]]


def test_item_collections_are_told_of_where_there_are_local_indexes(dynamodb: Any) -> None:
    create(
        dynamodb, keys="pk:S sk:S", more="n:N",
        LocalSecondaryIndexes=[index("by-n", "pk", "n")],
    )  # fmt: skip
    answer = dynamodb.put_item(
        TableName="things", Item=wire(pk="a", sk="b"), ReturnItemCollectionMetrics="SIZE"
    )
    assert {"ItemCollectionKey": wire(pk="a"), "SizeEstimateRangeGB": [0.0, 1.0]} == answer[
        "ItemCollectionMetrics"
    ]
    assert {"pk": "a", "sk": "b"} == plain(
        dynamodb.get_item(TableName="things", Key=wire(pk="a", sk="b"))["Item"]
    )
