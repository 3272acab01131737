"""Items by boto3: put, get, update, delete, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Attr

from e2e.dynamodb.tables import create, get, index, invalid, plain, put, wire
from support.refusals import refusal
from support.running import Running

PREFIX = "One or more parameter values were invalid: "


@pytest.fixture
def things(dynamodb: Any) -> Any:
    """The client, once the table is there."""
    create(dynamodb)
    return dynamodb


def update(things: Any, expression: str, **values: Any) -> dict[str, Any] | None:
    members: dict[str, Any] = {}
    if values:
        members["ExpressionAttributeValues"] = {f":{k}": v for k, v in wire(**values).items()}
    answer = things.update_item(
        TableName="things", Key=wire(pk="a"), UpdateExpression=expression,
        ReturnValues="ALL_NEW", **members,
    )  # fmt: skip
    return plain(answer["Attributes"])


def test_every_type_comes_back_as_it_was_put(things: Any) -> None:
    item = {
        "pk": {"S": "a"},
        "text": {"S": ""},
        "number": {"N": "-12345678901234567890.123456789012345678"},
        "bytes": {"B": b"\x00\xff"},
        "yes": {"BOOL": True},
        "none": {"NULL": True},
        "texts": {"SS": ["b", "a"]},
        "numbers": {"NS": ["1", "2.5"]},
        "blobs": {"BS": [b"x", b""]},
        "list": {"L": [{"S": "x"}, {"L": []}]},
        "map": {"M": {"a.b": {"N": "0"}, "": {"M": {}}}},
    }
    things.put_item(TableName="things", Item=item)
    assert item == things.get_item(TableName="things", Key=wire(pk="a"))["Item"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("1.50", "1.5"), ("1e3", "1000"), ("-0", "0"), ("007", "7"), ("1E-5", "0.00001")],
)
def test_numbers_are_kept_in_one_form(things: Any, sent: str, kept: str) -> None:
    things.put_item(TableName="things", Item={**wire(pk="a"), "n": {"N": sent}})
    found = things.get_item(TableName="things", Key=wire(pk="a"))["Item"]
    assert {"N": kept} == found["n"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"N": "x"}, "The parameter cannot be converted to a numeric value: x"),
        ({"N": "1" * 39}, "Attempting to store more than 38 significant digits in a Number"),
        (
            {"N": "1E126"},
            "Number overflow. Attempting to store a number with magnitude larger than supported "
            "range",
        ),
        ({"SS": []}, PREFIX + "An string set  may not be empty"),
        ({"SS": ["a", "a"]}, PREFIX + "Input collection [a, a] contains duplicates."),
        ({"NULL": False}, PREFIX + "Null attribute value types must have the value of true"),
    ],
)
def test_values_that_cannot_be_stored_are_refused(things: Any, value: Any, said: str) -> None:
    assert said == invalid(things.put_item, TableName="things", Item={**wire(pk="a"), "v": value})


def test_nesting_ends_at_32_levels(things: Any) -> None:
    def nested(levels: int) -> Any:
        value: Any = {"S": "x"}
        for _ in range(levels):
            value = {"L": [value]}
        return value

    things.put_item(TableName="things", Item={**wire(pk="a"), "v": nested(32)})
    assert "Nesting Levels have exceeded supported limits" in invalid(
        things.put_item, TableName="things", Item={**wire(pk="a"), "v": nested(33)}
    )


def test_an_item_has_400_kb_at_most(things: Any) -> None:
    room = 400 * 1024 - len("pk") - len("a") - len("v")
    put(things, pk="a", v="x" * room)
    assert "Item size has exceeded the maximum allowed size" == invalid(
        things.put_item, TableName="things", Item=wire(pk="a", v="x" * (room + 1))
    )
    assert "Item size to update has exceeded the maximum allowed size" == invalid(
        things.update_item, TableName="things", Key=wire(pk="a"),
        UpdateExpression="SET w = :w", ExpressionAttributeValues=wire(**{":w": "x"}),
    )  # fmt: skip


def test_keys_must_fit_the_schema(dynamodb: Any) -> None:
    create(dynamodb, keys="pk:S sk:N")
    ask = dynamodb.put_item
    assert PREFIX + "Missing the key sk in the item" == invalid(
        ask, TableName="things", Item=wire(pk="a")
    )
    assert PREFIX + "Type mismatch for key sk expected: N actual: S" == invalid(
        ask, TableName="things", Item=wire(pk="a", sk="x")
    )
    assert (
        "One or more parameter values are not valid. The AttributeValue for a key attribute "
        "cannot contain an empty string value. Key: pk"
    ) == invalid(ask, TableName="things", Item=wire(pk="", sk=1))
    for key in (wire(pk="a"), wire(pk="a", sk="1"), wire(pk="a", sk=1, x=1)):
        assert "The provided key element does not match the schema" == invalid(
            dynamodb.get_item, TableName="things", Key=key
        )


def test_keys_have_2048_and_1024_bytes_at_most(dynamodb: Any) -> None:
    create(dynamodb, keys="pk:S sk:B")
    put(dynamodb, pk="p" * 2048, sk=b"\xff" * 1024)
    found = dynamodb.query(
        TableName="things", KeyConditionExpression="pk = :p AND begins_with(sk, :s)",
        ExpressionAttributeValues=wire(**{":p": "p" * 2048, ":s": b"\xff"}),
    )  # fmt: skip
    assert 1 == found["Count"]
    assert (PREFIX + "Size of hashkey has exceeded the maximum size limit of2048 bytes") == invalid(
        dynamodb.put_item, TableName="things", Item=wire(pk="p" * 2049, sk=b"s")
    )
    assert (
        PREFIX + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
    ) == invalid(dynamodb.put_item, TableName="things", Item=wire(pk="p", sk=b"s" * 1025))


def test_keys_of_indexes_must_have_their_type(dynamodb: Any) -> None:
    create(dynamodb, more="n:N t:S", GlobalSecondaryIndexes=[index("by-n", "n", "t")])
    put(dynamodb, pk="without")
    assert (
        PREFIX + "Type mismatch for Index Key n Expected: N Actual: S IndexName: by-n"
    ) == invalid(dynamodb.put_item, TableName="things", Item=wire(pk="a", n="x"))
    assert (
        "One or more parameter values are not valid. A value specified for a secondary index key "
        "is not supported. The AttributeValue for a key attribute cannot contain an empty string "
        "value. IndexName: by-n, IndexKey: t"
    ) == invalid(dynamodb.put_item, TableName="things", Item=wire(pk="a", n=1, t=""))


def test_put_replaces_and_may_return_the_old_item(things: Any) -> None:
    put(things, pk="a", x=1)
    answer = things.put_item(TableName="things", Item=wire(pk="a", y=2), ReturnValues="ALL_OLD")
    assert {"pk": "a", "x": 1} == plain(answer["Attributes"])
    assert {"pk": "a", "y": 2} == get(things, pk="a")
    assert "ReturnValues can only be ALL_OLD or NONE" == invalid(
        things.put_item, TableName="things", Item=wire(pk="a"), ReturnValues="ALL_NEW"
    )
    assert "ReturnValues can only be ALL_OLD or NONE" == invalid(
        things.delete_item, TableName="things", Key=wire(pk="a"), ReturnValues="UPDATED_OLD"
    )


def test_delete_removes_and_may_return_the_old_item(things: Any) -> None:
    put(things, pk="a", x=1)
    delete = {"TableName": "things", "Key": wire(pk="a"), "ReturnValues": "ALL_OLD"}
    assert {"pk": "a", "x": 1} == plain(things.delete_item(**delete)["Attributes"])
    assert "Attributes" not in things.delete_item(**delete)
    assert get(things, pk="a") is None


def test_conditions_decide_writes(things: Any) -> None:
    put(things, pk="a", x=1)
    failed = ("ConditionalCheckFailedException", "The conditional request failed", 400)
    condition = {"ConditionExpression": "attribute_not_exists(pk)"}
    assert failed == refusal(things.put_item, TableName="things", Item=wire(pk="a"), **condition)
    assert failed == refusal(things.delete_item, TableName="things", Key=wire(pk="a"), **condition)
    assert failed == refusal(
        things.update_item, TableName="things", Key=wire(pk="a"),
        UpdateExpression="REMOVE x", **condition,
    )  # fmt: skip
    things.put_item(TableName="things", Item=wire(pk="b"), **condition)
    with pytest.raises(things.exceptions.ConditionalCheckFailedException) as caught:
        things.put_item(
            TableName="things", Item=wire(pk="a"), **condition,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )  # fmt: skip
    assert {"pk": "a", "x": 1} == plain(caught.value.response["Item"])


def test_updates_create_change_and_return(things: Any) -> None:
    assert {"pk": "a", "n": 1} == update(things, "SET n = :one", one=1)
    assert {"pk": "a", "n": 3} == update(things, "SET n = n + :two", two=2)
    assert {"pk": "a", "n": 3, "l": [1]} == update(
        things, "SET l = list_append(if_not_exists(l, :none), :one)", none=[], one=[1]
    )
    assert {"pk": "a", "n": 4, "s": {"x", "y"}} == update(
        things, "REMOVE l ADD n :one, s :xy", one=1, xy={"x", "y"}
    )
    assert {"pk": "a", "n": 4} == update(things, "DELETE s :xy", xy={"x", "y"})


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("NONE", None),
        ("ALL_OLD", {"pk": "a", "n": 1, "m": {"x": 1, "y": 2}}),
        ("UPDATED_OLD", {"n": 1, "m": {"x": 1}}),
        ("ALL_NEW", {"pk": "a", "n": 2, "m": {"x": 3, "y": 2}}),
        ("UPDATED_NEW", {"n": 2, "m": {"x": 3}}),
    ],
)
def test_updates_return_what_is_asked_for(things: Any, wanted: str, expected: Any) -> None:
    put(things, pk="a", n=1, m={"x": 1, "y": 2})
    answer = things.update_item(
        TableName="things", Key=wire(pk="a"), UpdateExpression="SET n = :n, m.x = :x",
        ExpressionAttributeValues=wire(**{":n": 2, ":x": 3}), ReturnValues=wanted,
    )  # fmt: skip
    assert expected == plain(answer.get("Attributes"))


def test_bad_expressions_are_refused_in_awss_words(things: Any) -> None:
    ask = {"TableName": "things", "Key": wire(pk="a")}
    one = {"ExpressionAttributeValues": wire(**{":one": 1})}
    update_item = things.update_item
    assert 'Invalid UpdateExpression: Syntax error; token: "=", near: "= = :one"' == invalid(
        update_item, **ask, UpdateExpression="SET x = = :one", **one
    )
    assert (PREFIX + "Cannot update attribute pk. This attribute is part of the key") == invalid(
        update_item, **ask, UpdateExpression="SET pk = :one", **one
    )
    assert (
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:one}"
    ) == invalid(update_item, **ask, UpdateExpression="REMOVE x", **one)
    assert (
        "ExpressionAttributeValues can only be specified when using expressions: "
        "UpdateExpression and ConditionExpression are null"
    ) == invalid(update_item, **ask, **one)
    assert (
        "Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: name"
    ) == invalid(things.delete_item, **ask, ConditionExpression="attribute_exists(name)")
    assert (
        "The provided expression refers to an attribute that does not exist in the item"
    ) == invalid(update_item, **ask, UpdateExpression="SET x = y + :one", **one)
    assert ("The document path provided in the update expression is invalid for update") == invalid(
        update_item, **ask, UpdateExpression="SET m.x = :one", **one
    )


def test_projections_give_parts(things: Any) -> None:
    put(things, pk="a", m={"x": 1, "y": [1, 2, 3]}, name="n")
    found = things.get_item(
        TableName="things", Key=wire(pk="a"), ProjectionExpression="m.y[1], #n",
        ExpressionAttributeNames={"#n": "name"},
    )  # fmt: skip
    assert {"m": {"y": [2]}, "name": "n"} == plain(found["Item"])


def test_capacity_is_told_to_the_half_unit(dynamodb: Any) -> None:
    create(dynamodb, more="n:N", GlobalSecondaryIndexes=[index("by-n", "n")])
    name = {"TableName": "things"}

    def units(answer: Any) -> float:
        found: float = answer["ConsumedCapacity"]["CapacityUnits"]
        return found

    ask = {**name, "Key": wire(pk="a"), "ReturnConsumedCapacity": "TOTAL"}
    assert 0.5 == units(dynamodb.get_item(**ask))
    assert 1.0 == units(dynamodb.get_item(**ask, ConsistentRead=True))
    item = wire(pk="a", n=1, v="x" * 5000)
    answer = dynamodb.put_item(**name, Item=item, ReturnConsumedCapacity="INDEXES")
    assert {
        "TableName": "things",
        "CapacityUnits": 10.0,
        "Table": {"CapacityUnits": 5.0},
        "GlobalSecondaryIndexes": {"by-n": {"CapacityUnits": 5.0}},
    } == answer["ConsumedCapacity"]
    assert 1.0 == units(dynamodb.get_item(**ask))
    answer = dynamodb.put_item(**name, Item=wire(pk="a", n=2), ReturnConsumedCapacity="INDEXES")[
        "ConsumedCapacity"
    ]
    assert (5.0, 6.0) == (
        answer["Table"]["CapacityUnits"],
        answer["GlobalSecondaryIndexes"]["by-n"]["CapacityUnits"],
    )


def test_the_resource_of_boto3_works(pileus: Running, account: str) -> None:
    resource = boto3.resource(
        "dynamodb", endpoint_url=pileus.url, region_name="us-east-1",
        aws_access_key_id=account, aws_secret_access_key="test",
    )  # fmt: skip
    table = resource.create_table(
        TableName="things", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )  # fmt: skip
    table.wait_until_exists()
    with table.batch_writer() as writer:
        for number in range(60):
            writer.put_item(Item={"pk": str(number), "n": Decimal(number)})
    table.update_item(
        Key={"pk": "7"}, UpdateExpression="SET n = n + :x",
        ExpressionAttributeValues={":x": Decimal("0.5")}, ConditionExpression=Attr("n").eq(7),
    )  # fmt: skip
    assert Decimal("7.5") == table.get_item(Key={"pk": "7"})["Item"]["n"]
    assert 30 == table.scan(FilterExpression=Attr("n").gte(30))["Count"]


def test_updates_of_index_keys_must_suit_the_index(dynamodb: Any) -> None:
    create(dynamodb)
    put(dynamodb, pk="a", n="text")
    dynamodb.update_table(
        TableName="things",
        AttributeDefinitions=[
            {"AttributeName": "n", "AttributeType": "N"},
            {"AttributeName": "t", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexUpdates=[{"Create": index("by-n", "n", "t")}],
    )
    assert {"pk": "a", "n": "text", "x": 1} == update(dynamodb, "SET x = :x", x=1)
    ask = {"TableName": "things", "Key": wire(pk="a")}
    mismatch = PREFIX + "Type mismatch for Index Key n Expected: N Actual: S IndexName: by-n"
    assert mismatch == invalid(
        dynamodb.update_item, **ask, UpdateExpression="SET n = :n",
        ExpressionAttributeValues=wire(**{":n": "more"}),
    )  # fmt: skip
    assert (
        "The update expression attempted to update a secondary index key to a value that is not "
        "supported. The AttributeValue for a key attribute cannot contain an empty string value."
    ) in invalid(
        dynamodb.update_item, **ask, UpdateExpression="SET t = :t",
        ExpressionAttributeValues=wire(**{":t": ""}),
    )  # fmt: skip
    wrong = wire(pk="b", n="x")
    assert mismatch == invalid(
        dynamodb.batch_write_item,
        RequestItems={"things": [{"PutRequest": {"Item": item}} for item in (wire(pk="c"), wrong)]},
    )
    assert get(dynamodb, pk="c") is None
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as caught:
        dynamodb.transact_write_items(
            TransactItems=[{"Put": {"TableName": "things", "Item": wrong}}]
        )
    assert [{"Code": "ValidationError", "Message": mismatch}] == caught.value.response[
        "CancellationReasons"
    ]
