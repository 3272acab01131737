"""In which order the faults of a request are told, and in which form."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.dynamodb.tables import create, invalid, put, wire
from support.refusals import refusal

KEY = wire(pk="a")
NOT_FOUND = ("ResourceNotFoundException", "Requested resource not found", 400)
MISMATCH = "The provided key element does not match the schema"


def test_faults_of_the_request_are_told_before_that_there_is_no_table(dynamodb: Any) -> None:
    syntax = 'Syntax error; token: "<EOF>", near: "="'
    faults = {
        "put_item": {"Item": KEY, "ConditionExpression": "a ="},
        "delete_item": {"Key": KEY, "ConditionExpression": "a ="},
        "update_item": {"Key": KEY, "UpdateExpression": "SET a ="},
        "query": {"KeyConditionExpression": "a ="},
        "scan": {"FilterExpression": "a ="},
    }
    for name, members in faults.items():
        ask = getattr(dynamodb, name)
        assert invalid(ask, TableName="none", **members).endswith(syntax), name
    assert 'token: ","' in invalid(
        dynamodb.get_item, TableName="none", Key=KEY, ProjectionExpression="a,,b"
    )
    assert "Item size has exceeded the maximum allowed size" == invalid(
        dynamodb.put_item, TableName="none", Item=wire(pk="a", v="x" * 410_000)
    )
    assert "unused in expressions: keys: {:x}" in invalid(
        dynamodb.scan, TableName="none", FilterExpression="attribute_exists(a)",
        ExpressionAttributeValues=wire(**{":x": 1}),
    )  # fmt: skip
    assert NOT_FOUND == refusal(dynamodb.put_item, TableName="none", Item=KEY)
    assert NOT_FOUND == refusal(dynamodb.scan, TableName="none")
    # What only the table's schema can tell comes after it.
    assert NOT_FOUND == refusal(dynamodb.get_item, TableName="none", Key=wire(other="a"))


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"Put": {"Item": wire(pk=1)}}, "One or more parameter values were invalid: Type mismatch "
         "for key pk expected: S actual: N"),
        ({"Put": {"Item": wire(x=1)}}, "One or more parameter values were invalid: Missing the key "
         "pk in the item"),
        ({"Delete": {"Key": wire(pk=1)}}, MISMATCH),
        ({"Update": {"Key": wire(pk=["a"]), "UpdateExpression": "REMOVE x"}}, MISMATCH),
        ({"ConditionCheck": {"Key": wire(pk=1), "ConditionExpression": "attribute_exists(x)"}},
         MISMATCH),
    ],
)  # fmt: skip
def test_a_key_that_does_not_suit_the_table_cancels_a_transaction(
    dynamodb: Any, action: dict[str, Any], message: str
) -> None:
    create(dynamodb)
    ((kind, members),) = action.items()
    items = [
        {"Put": {"TableName": "things", "Item": wire(pk="b")}},
        {kind: {"TableName": "things", **members}},
    ]
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as caught:
        dynamodb.transact_write_items(TransactItems=items)
    answer = caught.value.response
    expected = [{"Code": "None"}, {"Code": "ValidationError", "Message": message}]
    assert expected == answer["CancellationReasons"]
    assert answer["Error"]["Message"].endswith("[None, ValidationError]")


def test_an_empty_key_is_refused_before_a_transaction(dynamodb: Any) -> None:
    create(dynamodb)
    put_it = {"Put": {"TableName": "things", "Item": wire(pk="")}}
    assert (
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
        "contain an empty string value. Key: pk"
    ) == invalid(dynamodb.transact_write_items, TransactItems=[put_it])


def test_a_batch_says_of_any_key_that_it_does_not_match(dynamodb: Any) -> None:
    create(dynamodb)
    for item in (wire(pk=1), wire(pk=["a"]), wire(x=1)):
        request = {"things": [{"PutRequest": {"Item": item}}]}
        assert MISMATCH == invalid(dynamodb.batch_write_item, RequestItems=request)


def test_a_key_of_another_segment_is_refused(dynamodb: Any) -> None:
    create(dynamodb)
    for number in range(20):
        put(dynamodb, pk=str(number))
    found = dynamodb.scan(TableName="things", Segment=0, TotalSegments=2)["Items"]
    assert (
        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use "
        "ExclusiveStartKey with correct Segment. TotalSegments: 2 Segment: 1"
    ) == invalid(
        dynamodb.scan, TableName="things", Segment=1, TotalSegments=2, ExclusiveStartKey=found[0]
    )
