"""Global indexes whose partition and sort keys have several attributes, by boto3."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.dynamodb.tables import create, invalid, plain, put, settle, wire

ATTRIBUTES = "year:N region:S round:S place:N"
MATCHES = [
    ("m1", 2024, "EU", "final", 1), ("m2", 2024, "EU", "final", 2), ("m3", 2024, "EU", "half", 1),
    ("m4", 2024, "EU", "half", 10), ("m5", 2024, "EU", "half", 2), ("m6", 2024, "US", "half", 3),
    ("m7", 2025, "EU", "final", 1),
]  # fmt: skip


def key_schema(partition: str, sort: str = "") -> list[dict[str, str]]:
    return [
        *({"AttributeName": name, "KeyType": "HASH"} for name in partition.split()),
        *({"AttributeName": name, "KeyType": "RANGE"} for name in sort.split()),
    ]


def several(partition: str, sort: str = "", projection: str = "ALL") -> dict[str, Any]:
    return {
        "IndexName": "several",
        "KeySchema": key_schema(partition, sort),
        "Projection": {"ProjectionType": projection},
    }


@pytest.fixture
def matches(dynamodb: Any) -> Any:
    wanted = several("year region", "round place")
    create(dynamodb, more=ATTRIBUTES, GlobalSecondaryIndexes=[wanted])
    for name, year, region, round_, place in MATCHES:
        put(dynamodb, pk=name, year=year, region=region, round=round_, place=place)
    put(dynamodb, pk="no place", year=2024, region="EU", round="half")
    put(dynamodb, pk="no region", year=2024, round="half", place=1)
    return dynamodb


def ask(condition: str, **values: Any) -> dict[str, Any]:
    named = {"#y": "year", "#g": "region", "#r": "round", "#p": "place"}
    return {
        "TableName": "things",
        "IndexName": "several",
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": {n: a for n, a in named.items() if n in condition},
        "ExpressionAttributeValues": wire(**{f":{name}": each for name, each in values.items()}),
    }


def names(answer: dict[str, Any]) -> list[Any]:
    return [(plain(item) or {})["pk"] for item in answer["Items"]]


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ("", {}, ["m1", "m2", "m3", "m5", "m4"]),
        (" AND #r = :r", {"r": "half"}, ["m3", "m5", "m4"]),
        (" AND #r = :r AND #p = :p", {"r": "half", "p": 2}, ["m5"]),
        (" AND #r = :r AND #p > :p", {"r": "half", "p": 1}, ["m5", "m4"]),
        (" AND #p <= :p AND #r = :r", {"r": "half", "p": 2}, ["m3", "m5"]),
        (" AND #r = :r AND #p BETWEEN :p AND :q", {"r": "half", "p": 2, "q": 10}, ["m5", "m4"]),
        (" AND begins_with(#r, :r)", {"r": "fin"}, ["m1", "m2"]),
        (" AND #r > :r", {"r": "final"}, ["m3", "m5", "m4"]),
        (" AND #r < :r", {"r": "half"}, ["m1", "m2"]),
    ],
)
def test_conditions_go_from_the_first_attribute_to_the_next(
    matches: Any, condition: str, values: dict[str, Any], expected: list[str]
) -> None:
    asked = ask(f"#y = :y AND #g = :g{condition}", y=2024, g="EU", **values)
    assert expected == names(matches.query(**asked))
    assert expected[::-1] == names(matches.query(**asked, ScanIndexForward=False))


@pytest.mark.parametrize(
    ("condition", "values", "message"),
    [
        ("#y = :y", {}, "Query condition missed key schema element: region"),
        ("#g = :g", {"g": "EU"}, "Query condition missed key schema element: year"),
        ("#y = :y AND #g > :g", {"g": "EU"}, "Query key condition not supported"),
        (
            "#y = :y AND #g = :g AND #p = :p", {"g": "EU", "p": 1},
            "Query condition missed key schema element: round",
        ),
        (
            "#y = :y AND #g = :g AND #r > :r AND #p = :p", {"g": "EU", "r": "a", "p": 1},
            "Query key condition not supported",
        ),
        (
            "#y = :y AND #g = :g", {"g": 1},
            "One or more parameter values were invalid: Condition parameter type does not match "
            "schema type",
        ),
    ],
)  # fmt: skip
def test_a_condition_leaves_out_no_attribute_before_another(
    matches: Any, condition: str, values: dict[str, Any], message: str
) -> None:
    assert message == invalid(matches.query, **ask(condition, y=2024, **values))


def test_the_older_conditions_know_several_attributes_too(matches: Any) -> None:
    def condition(operator: str, value: Any) -> dict[str, Any]:
        [found] = wire(value=value).values()
        return {"ComparisonOperator": operator, "AttributeValueList": [found]}

    conditions = {
        "year": condition("EQ", 2024), "region": condition("EQ", "EU"),
        "round": condition("EQ", "half"), "place": condition("GE", 2),
    }  # fmt: skip
    asked = {"TableName": "things", "IndexName": "several"}
    assert ["m5", "m4"] == names(matches.query(**asked, KeyConditions=conditions))
    del conditions["round"]
    assert "Query condition missed key schema element: round" == invalid(
        matches.query, **asked, KeyConditions=conditions
    )


def test_pages_go_on_behind_all_attributes_of_the_keys(matches: Any) -> None:
    asked = ask("#y = :y AND #g = :g", y=2024, g="EU")
    found: list[Any] = []
    answer = matches.query(**asked, Limit=2)
    while "LastEvaluatedKey" in answer:
        assert {"pk", "year", "region", "round", "place"} == set(answer["LastEvaluatedKey"])
        found += names(answer)
        start = answer["LastEvaluatedKey"]
        answer = matches.query(**asked, Limit=2, ExclusiveStartKey=start)
    assert ["m1", "m2", "m3", "m5", "m4"] == found + names(answer)


def test_an_item_that_lacks_an_attribute_is_not_in_the_index(matches: Any) -> None:
    index = {"TableName": "things", "IndexName": "several"}
    assert 7 == matches.scan(**index)["Count"]
    matches.update_item(
        TableName="things", Key=wire(pk="m1"), UpdateExpression="REMOVE #r",
        ExpressionAttributeNames={"#r": "region"},
    )  # fmt: skip
    put(matches, pk="no place", year=2024, region="EU", round="half", place=5)
    assert ["m2", "m3", "m5", "no place", "m4"] == names(
        matches.query(**ask("#y = :y AND #g = :g", y=2024, g="EU"))
    )
    matches.delete_item(TableName="things", Key=wire(pk="m2"))
    assert 6 == matches.scan(**index)["Count"]
    statement = 'SELECT pk FROM "things"."several" WHERE "year" = 2024 AND region = \'EU\''
    answer = matches.execute_statement(Statement=statement)
    assert {"m3", "m4", "m5", "no place"} == set(names(answer))


def test_an_index_that_is_added_is_filled_and_described(dynamodb: Any) -> None:
    create(dynamodb)
    for name, year, region, round_, place in MATCHES:
        put(dynamodb, pk=name, year=year, region=region, round=round_, place=place)
    wanted = several("year region round place", projection="KEYS_ONLY")
    dynamodb.update_table(
        TableName="things",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in (each.split(":") for each in ["pk:S", *ATTRIBUTES.split()])
        ],
        GlobalSecondaryIndexUpdates=[{"Create": wanted}],
    )
    settle(dynamodb)
    [described] = dynamodb.describe_table(TableName="things")["Table"]["GlobalSecondaryIndexes"]
    assert wanted["KeySchema"] == described["KeySchema"]
    whole = ask("#y = :y AND #g = :g AND #r = :r AND #p = :p", y=2024, g="US", r="half", p=3)
    assert ["m6"] == names(dynamodb.query(**whole))


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (
            key_schema("a b c d e"),
            "Invalid KeySchema: The number of HASH key elements exceeds the limit of 4",
        ),
        (
            key_schema("a", "b c d e f"),
            "Invalid KeySchema: The number of RANGE key elements exceeds the limit of 4",
        ),
        (
            [*key_schema("a", "b"), *key_schema("c")],
            "Invalid KeySchema: All HASH key elements must come before RANGE key elements",
        ),
        (key_schema("a b", "a"), "Invalid KeySchema: Some elements have the same name"),
        (
            key_schema("", "a b c"),
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ),
    ],
)
def test_a_key_has_up_to_four_attributes(
    dynamodb: Any, schema: list[dict[str, str]], message: str
) -> None:
    more = " ".join(f"{name}:S" for name in sorted({e["AttributeName"] for e in schema}))
    wanted = {**several("a b"), "KeySchema": schema}
    assert f"One or more parameter values were invalid: {message}" == invalid(
        lambda **members: create(dynamodb, more=more, **members), GlobalSecondaryIndexes=[wanted]
    )


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (
            {"a": "x" * 1025, "b": "y" * 1024},
            "Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
        (
            {"a": "a", "b": "b", "c": "x" * 513, "d": "y" * 512},
            "Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
        ),
    ],
)
def test_the_attributes_of_a_key_share_its_size(
    dynamodb: Any, attributes: dict[str, str], message: str
) -> None:
    create(dynamodb, more="a:S b:S c:S d:S", GlobalSecondaryIndexes=[several("a b", "c d")])
    assert f"One or more parameter values were invalid: {message}" == invalid(
        lambda: put(dynamodb, pk="k", **attributes)
    )
    fits = {name: value[:500] for name, value in attributes.items()}
    put(dynamodb, pk="k", **fits)
