"""Query and Scan by boto3: order, pages, filters, indexes, segments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from e2e.dynamodb.tables import create, index, invalid, plain, put, wire

NUMBERS = ["-1E+20", "-100.5", "-100", "-2", "-1.25", "-0.001", "0", "1E-20", "0.5", "1", "2",
           "10", "10.01", "99", "1E+20"]  # fmt: skip


@pytest.fixture
def ordered(dynamodb: Any) -> Any:
    """A table with ten items in one partition, and one in another."""
    create(dynamodb, keys="pk:S sk:N")
    for number in (3, 1, 7, 0, 9, 5, 2, 8, 6, 4):
        put(dynamodb, pk="a", sk=number, even=number % 2 == 0)
    put(dynamodb, pk="b", sk=1)
    return dynamodb


def query(client: Any, condition: str, values: dict[str, Any], **members: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.query(
        TableName="things", KeyConditionExpression=condition,
        ExpressionAttributeValues=wire(**values), **members,
    )  # fmt: skip
    return found


def sort_keys(answer: dict[str, Any]) -> list[Any]:
    return [(plain(item) or {})["sk"] for item in answer["Items"]]


def test_numbers_are_in_order_of_value(dynamodb: Any) -> None:
    create(dynamodb, keys="pk:S sk:N")
    for number in sorted(NUMBERS):
        put(dynamodb, pk="a", sk=Decimal(number))
    found = sort_keys(query(dynamodb, "pk = :a", {":a": "a"}))
    assert [Decimal(number) for number in NUMBERS] == found
    found = sort_keys(query(dynamodb, "pk = :a", {":a": "a"}, ScanIndexForward=False))
    assert [Decimal(number) for number in reversed(NUMBERS)] == found


@pytest.mark.parametrize(
    ("kind", "values"),
    [("S", ["A", "Z", "a", "aa", "b", "é", "漢", "😀"]), ("B", [b"\x00", b"\x00\x00", b"\x7f",
                                                                b"\x80", b"\xff"])],
)  # fmt: skip
def test_strings_and_bytes_are_in_order_of_bytes(
    dynamodb: Any, kind: str, values: list[Any]
) -> None:
    create(dynamodb, keys=f"pk:S sk:{kind}")
    for value in reversed(values):
        put(dynamodb, pk="a", sk=value)
    assert values == [
        bytes(each.value) if kind == "B" else each
        for each in sort_keys(query(dynamodb, "pk = :a", {":a": "a"}))
    ]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("sk = :x", [3]),
        ("sk < :x", [0, 1, 2]),
        ("sk <= :x", [0, 1, 2, 3]),
        ("sk > :x", [4, 5, 6, 7, 8, 9]),
        ("sk >= :x", [3, 4, 5, 6, 7, 8, 9]),
        ("sk BETWEEN :x AND :y", [3, 4, 5]),
        (":x < sk", [4, 5, 6, 7, 8, 9]),
    ],
)
def test_sort_conditions_choose_a_range(ordered: Any, condition: str, expected: list[int]) -> None:
    values = {":a": "a", ":x": 3, ":y": 5} if ":y" in condition else {":a": "a", ":x": 3}
    answer = query(ordered, f"pk = :a AND {condition}", values)
    assert expected == sort_keys(answer)


def test_prefixes_choose_a_range(dynamodb: Any) -> None:
    create(dynamodb, keys="pk:S sk:S")
    for text in ("a", "ab", "abc", "ac", "b"):
        put(dynamodb, pk="p", sk=text)
    condition = "pk = :p AND begins_with(sk, :x)"
    assert ["ab", "abc"] == sort_keys(query(dynamodb, condition, {":p": "p", ":x": "ab"}))


@pytest.mark.parametrize("is_forward", [True, False])
@pytest.mark.parametrize("limit", [1, 3, 4, 10])
def test_pages_join_to_the_whole(ordered: Any, is_forward: bool, limit: int) -> None:
    found: list[Any] = []
    members: dict[str, Any] = {"Limit": limit, "ScanIndexForward": is_forward}
    while True:
        answer = query(ordered, "pk = :a", {":a": "a"}, **members)
        found += sort_keys(answer)
        if "LastEvaluatedKey" not in answer:
            break
        members["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    assert sorted(range(10), reverse=not is_forward) == found


def test_filters_apply_after_the_limit(ordered: Any) -> None:
    answer = query(
        ordered, "pk = :a", {":a": "a", ":true": True}, FilterExpression="even = :true", Limit=5
    )
    assert ([0, 2, 4], 3, 5) == (sort_keys(answer), answer["Count"], answer["ScannedCount"])
    assert wire(pk="a", sk=4) == answer["LastEvaluatedKey"]
    assert (
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"
    ) == invalid(
        ordered.query, TableName="things", KeyConditionExpression="pk = :a",
        FilterExpression="sk = :one", ExpressionAttributeValues=wire(**{":a": "a", ":one": 1}),
    )  # fmt: skip


def test_a_page_ends_after_a_megabyte(dynamodb: Any) -> None:
    create(dynamodb, keys="pk:S sk:N")
    for number in range(7):
        put(dynamodb, pk="a", sk=number, text="x" * 200_000)
    first = query(dynamodb, "pk = :a", {":a": "a"}, Select="COUNT", ReturnConsumedCapacity="TOTAL")
    assert (6, wire(pk="a", sk=5)) == (first["Count"], first["LastEvaluatedKey"])
    assert "Items" not in first
    assert 146.5 == first["ConsumedCapacity"]["CapacityUnits"]
    rest = query(
        dynamodb, "pk = :a", {":a": "a"}, ExclusiveStartKey=first["LastEvaluatedKey"],
        ProjectionExpression="sk",
    )  # fmt: skip
    assert [wire(sk=6)] == rest["Items"]
    assert (6, 1) == (
        dynamodb.scan(TableName="things")["Count"],
        dynamodb.scan(TableName="things", ExclusiveStartKey=wire(pk="a", sk=5))["Count"],
    )


def test_bad_queries_are_refused(ordered: Any) -> None:
    def refused(condition: str | None, values: dict[str, Any], **members: Any) -> str:
        if condition is not None:
            members["KeyConditionExpression"] = condition
        if values:
            members["ExpressionAttributeValues"] = wire(**values)
        return invalid(ordered.query, TableName="things", **members)

    a = {":a": "a"}
    assert (
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the "
        "request."
    ) == refused(None, {})
    assert "Query condition missed key schema element: pk" == refused("sk = :a", {":a": 1})
    assert "Query key condition not supported" == refused("pk > :a", a)
    assert (
        "One or more parameter values were invalid: Condition parameter type does not match "
        "schema type"
    ) == refused("pk = :a", {":a": 1})
    assert "The table does not have the specified index: none" == refused(
        "pk = :a", a, IndexName="none"
    )
    assert (
        "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
    ) == refused("pk = :a", a, Select="ALL_PROJECTED_ATTRIBUTES")
    assert "Cannot specify the ProjectionExpression when choosing to get only the Count" == refused(
        "pk = :a", a, Select="COUNT", ProjectionExpression="x"
    )
    assert "Exclusive Start Key must have same size as table's key schema" == refused(
        "pk = :a", a, ExclusiveStartKey=wire(pk="a")
    )
    assert (
        "The provided starting key is invalid: The provided key element does not match the schema"
    ) == refused("pk = :a", a, ExclusiveStartKey=wire(pk="a", sk="x"))
    assert (
        "The provided starting key is outside query boundaries based on provided conditions"
    ) == refused("pk = :a", a, ExclusiveStartKey=wire(pk="b", sk=1))


@pytest.fixture
def indexed(dynamodb: Any) -> Any:
    create(
        dynamodb, keys="pk:S sk:N", more="group:S rank:N",
        GlobalSecondaryIndexes=[
            index("by-group", "group", "rank", "INCLUDE", "extra"), index("groups", "group"),
        ],
        LocalSecondaryIndexes=[index("by-rank", "pk", "rank", "KEYS_ONLY")],
    )  # fmt: skip
    for number in range(6):
        put(
            dynamodb, pk="a", sk=number, group="even" if number % 2 == 0 else "odd",
            rank=number // 4, extra="e", secret="h",
        )  # fmt: skip
    put(dynamodb, pk="a", sk=100)
    return dynamodb


def test_global_indexes_are_queried_in_their_order(indexed: Any) -> None:
    condition = ("#g = :g", {":g": "even"})
    members = {"IndexName": "by-group", "ExpressionAttributeNames": {"#g": "group"}}
    answer = query(indexed, *condition, **members)
    assert [0, 0, 1] == [(plain(item) or {})["rank"] for item in answer["Items"]]
    assert {"pk", "sk", "group", "rank", "extra"} == set(answer["Items"][0])
    found: list[Any] = []
    start: dict[str, Any] = {}
    while True:
        page = query(indexed, *condition, **members, **start, Limit=1, ScanIndexForward=False)
        found += sort_keys(page)
        if "LastEvaluatedKey" not in page:
            break
        assert {"pk", "sk", "group", "rank"} == set(page["LastEvaluatedKey"])
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert list(reversed(sort_keys(answer))) == found


def test_items_move_within_indexes_and_leave_them(indexed: Any) -> None:
    key = {"TableName": "things", "Key": wire(pk="a", sk=0)}
    names = {"ExpressionAttributeNames": {"#g": "group"}}

    def groups() -> tuple[int, int]:
        even, odd = (
            query(indexed, "#g = :g", {":g": name}, IndexName="groups", **names)["Count"]
            for name in ("even", "odd")
        )
        return even, odd

    assert (3, 3) == groups()
    indexed.update_item(
        **key, UpdateExpression="SET #g = :g", **names,
        ExpressionAttributeValues=wire(**{":g": "odd"}),
    )  # fmt: skip
    assert (2, 4) == groups()
    indexed.update_item(**key, UpdateExpression="REMOVE #g", **names)
    assert (2, 3) == groups()
    indexed.delete_item(TableName="things", Key=wire(pk="a", sk=1))
    assert (2, 2) == groups()
    described = indexed.describe_table(TableName="things")["Table"]
    assert {"by-group": 4, "groups": 4} == {
        each["IndexName"]: each["ItemCount"] for each in described["GlobalSecondaryIndexes"]
    }
    assert 5 == described["LocalSecondaryIndexes"][0]["ItemCount"]


def test_local_indexes_fetch_what_they_do_not_have(indexed: Any) -> None:
    condition = ("pk = :a AND #r = :r", {":a": "a", ":r": 1})
    members = {"IndexName": "by-rank", "ExpressionAttributeNames": {"#r": "rank"}}
    answer = query(indexed, *condition, **members, ConsistentRead=True)
    assert {"pk", "sk", "rank"} == set(answer["Items"][0])
    answer = query(indexed, *condition, **members, Select="ALL_ATTRIBUTES")
    assert ("h", 2) == (answer["Items"][0]["secret"]["S"], answer["Count"])


def test_global_indexes_give_only_what_they_have(indexed: Any) -> None:
    def refused(**members: Any) -> str:
        names = {"#g": "group"}
        return invalid(
            indexed.query, TableName="things", IndexName="by-group",
            KeyConditionExpression="#g = :g", ExpressionAttributeNames=names,
            ExpressionAttributeValues=wire(**{":g": "even"}), **members,
        )  # fmt: skip

    assert "Consistent reads are not supported on global secondary indexes" == refused(
        ConsistentRead=True
    )
    assert (
        "One or more parameter values were invalid: Global secondary index by-group does not "
        "project [secret]"
    ) == refused(ProjectionExpression="secret")
    assert "Select type ALL_ATTRIBUTES is not supported for global secondary index" in refused(
        Select="ALL_ATTRIBUTES"
    )


def test_segments_share_a_scan(dynamodb: Any) -> None:
    create(dynamodb)
    for number in range(40):
        put(dynamodb, pk=str(number))
    segments = [
        {
            item["pk"]["S"]
            for page in dynamodb.get_paginator("scan").paginate(
                TableName="things", Segment=number, TotalSegments=3, Limit=4
            )
            for item in page["Items"]
        }
        for number in range(3)
    ]
    assert {str(number) for number in range(40)} == set.union(*segments)
    assert 40 == sum(map(len, segments))
    assert all(segments)


def test_segments_are_given_whole(ordered: Any) -> None:
    ask = {"TableName": "things"}
    assert "The TotalSegments parameter is required" in invalid(ordered.scan, **ask, Segment=0)
    assert "The Segment parameter is required" in invalid(ordered.scan, **ask, TotalSegments=2)
    assert (
        "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
        "Segment: 2 is not less than TotalSegments: 2"
    ) == invalid(ordered.scan, **ask, Segment=2, TotalSegments=2)


def test_indexes_are_scanned(indexed: Any) -> None:
    pages = indexed.get_paginator("scan").paginate(
        TableName="things", IndexName="by-group", Limit=2
    )
    found = [item["sk"]["N"] for page in pages for item in page["Items"]]
    assert ["0", "1", "2", "3", "4", "5"] == sorted(found)
