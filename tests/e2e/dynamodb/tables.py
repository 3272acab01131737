"""What tests of tables ask for again and again."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from support.refusals import refusal

Item = dict[str, Any]

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def wire(**attributes: Any) -> Item:
    """Plain values as attribute values."""
    return {name: _serialize(value) for name, value in attributes.items()}


def plain(item: Item | None) -> Item | None:
    return None if item is None else {name: _deserialize(each) for name, each in item.items()}


def create(
    dynamodb: Any, name: str = "things", keys: str = "pk:S", more: str = "", **members: Any
) -> str:
    """A table of keys like "pk:S sk:N"; `more` are attributes of indexes. Its ARN."""
    pairs = [each.split(":") for each in keys.split()]
    others = [each.split(":") for each in more.split()]
    if "ProvisionedThroughput" not in members:
        members = {"BillingMode": "PAY_PER_REQUEST", **members}
    made = dynamodb.create_table(
        TableName=name,
        KeySchema=schema(*(key for key, _ in pairs)),
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": kind} for key, kind in [*pairs, *others]
        ],
        **members,
    )
    arn: str = made["TableDescription"]["TableArn"]
    return arn


def schema(partition: str, sort: str | None = None) -> list[dict[str, str]]:
    found = [{"AttributeName": partition, "KeyType": "HASH"}]
    return found if sort is None else [*found, {"AttributeName": sort, "KeyType": "RANGE"}]


def index(
    name: str, partition: str, sort: str | None = None, projection: str = "ALL", *included: str
) -> dict[str, Any]:
    shown: dict[str, Any] = {"ProjectionType": projection}
    if included:
        shown["NonKeyAttributes"] = list(included)
    return {"IndexName": name, "KeySchema": schema(partition, sort), "Projection": shown}


def put(dynamodb: Any, table: str = "things", **attributes: Any) -> None:
    dynamodb.put_item(TableName=table, Item=wire(**attributes))


def get(dynamodb: Any, table: str = "things", **key: Any) -> Item | None:
    return plain(dynamodb.get_item(TableName=table, Key=wire(**key)).get("Item"))


def invalid(ask: Any, **members: Any) -> str:
    """The message of the ValidationException that a call is answered with."""
    found = refusal(ask, **members)
    assert ("ValidationException", 400) == (found.code, found.status)
    return found.message


def settle(dynamodb: Any) -> None:
    """Return when all that is due has run, however slow the machine is."""
    data = json.dumps({"advance": 0}).encode()
    with urlopen(Request(f"{dynamodb.meta.endpoint_url}/_pileus/clock", data=data), timeout=60):
        pass
