"""Requests of DynamoDB as bytes, signed."""

from __future__ import annotations

import json
import random

from bench.signing import Signer

BATCH = 25
# Items of one partition in a table that is queried.
PARTITION = 100


class ItemRequests:
    """Requests about one table of string keys pk and sk, whose items are of about one size."""

    def __init__(self, host: str, table: str, item_bytes: int, seed: int | None) -> None:
        self._table = table
        self._item_bytes = item_bytes
        self._chance = random.Random(seed)
        self._signers: dict[str, Signer] = {}
        self._host = host

    def _request(self, operation: str, **members: object) -> bytes:
        signer = self._signers.get(operation)
        if signer is None:
            headers = {
                "content-type": "application/x-amz-json-1.0",
                "x-amz-target": f"DynamoDB_20120810.{operation}",
            }
            signer = self._signers[operation] = Signer("dynamodb", self._host, "/", headers)
        return signer.request(json.dumps(members).encode())

    def _item(self, number: int) -> dict[str, object]:
        text = f"{self._chance.getrandbits(4 * self._item_bytes):0{self._item_bytes}x}"
        return {**key(number), "text": {"S": text}, "number": {"N": str(number)}}

    def put(self, number: int) -> bytes:
        return self._request("PutItem", TableName=self._table, Item=self._item(number))

    def put_batch(self, first: int) -> bytes:
        puts = [
            {"PutRequest": {"Item": self._item(number)}} for number in range(first, first + BATCH)
        ]
        return self._request("BatchWriteItem", RequestItems={self._table: puts})

    def get(self, number: int) -> bytes:
        return self._request("GetItem", TableName=self._table, Key=key(number))

    def query(self, number: int) -> bytes:
        """All items of the partition of an item."""
        return self._request(
            "Query", TableName=self._table, KeyConditionExpression="pk = :p",
            ExpressionAttributeValues={":p": key(number)["pk"]},
        )  # fmt: skip

    def anything(self, items: int) -> int:
        """The number of an item."""
        return self._chance.randrange(items)


def key(number: int) -> dict[str, dict[str, str]]:
    partition, place = divmod(number, PARTITION)
    return {"pk": {"S": f"partition-{partition}"}, "sk": {"S": f"item-{place:03}"}}
