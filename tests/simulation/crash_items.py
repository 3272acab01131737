"""Traffic on tables for the crash test: transactions are all or nothing, in the stream too."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import count
from typing import Any

from simulation.crash_client import Client
from simulation.crash_queues import Turn

_TABLES = ("crash-items", "crash-copies")
_SUM = {"pk": {"S": "sum"}, "n": {"N": "0"}}


class ItemTraffic:
    """What a transaction puts is in both tables, in the sum, and once in the stream, or nowhere."""

    name = "items"

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._numbers = count()
        self._round = 0
        self._acknowledged: set[str] = set()
        self._total = 0
        self._stream = ""
        self._last_sequence = ""

    def prepare(self, client: Client) -> None:
        dynamodb = client.boto3("dynamodb")
        names = {"pk": "HASH", "n": "RANGE"}
        for table in _TABLES:
            members: dict[str, Any] = {}
            if table == _TABLES[0]:
                view = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
                members["StreamSpecification"] = view
            made = dynamodb.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": k, "KeyType": v} for k, v in names.items()],
                AttributeDefinitions=[
                    {"AttributeName": "pk", "AttributeType": "S"},
                    {"AttributeName": "n", "AttributeType": "N"},
                ],
                BillingMode="PAY_PER_REQUEST",
                GlobalSecondaryIndexes=[
                    {
                        "IndexName": "by-number",
                        "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
                        "Projection": {"ProjectionType": "KEYS_ONLY"},
                    }
                ],
                **members,
            )["TableDescription"]
            self._stream = self._stream or made["LatestStreamArn"]
        dynamodb.put_item(TableName=_TABLES[1], Item={**_SUM, "amount": {"N": "0"}})

    def turns(self) -> Sequence[Turn]:
        return [self.transact, self.execute]

    def transact(self, client: Client, chance: random.Random) -> None:
        number = str(next(self._numbers))
        item = {"pk": {"S": f"round-{self._round}"}, "n": {"N": number}}
        puts: list[Any] = [{"Put": {"TableName": table, "Item": item}} for table in _TABLES]
        add = {
            "TableName": _TABLES[1], "Key": {**_SUM}, "UpdateExpression": "ADD amount :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }  # fmt: skip
        client.call("dynamodb", "TransactWriteItems", TransactItems=[*puts, {"Update": add}])
        self._acknowledged.add(number)

    def execute(self, client: Client, chance: random.Random) -> None:
        """The same by PartiQL."""
        number = str(next(self._numbers))
        keys = [{"S": f"round-{self._round}"}, {"N": number}]
        inserts = [
            {"Statement": f"INSERT INTO \"{table}\" VALUE {{'pk': ?, 'n': ?}}", "Parameters": keys}
            for table in _TABLES
        ]
        add = f"UPDATE \"{_TABLES[1]}\" SET amount = amount + 1 WHERE pk = 'sum' AND n = 0"
        statements = [*inserts, {"Statement": add}]
        client.call("dynamodb", "ExecuteTransaction", TransactStatements=statements)
        self._acknowledged.add(number)

    def settle(self, client: Client) -> None:
        dynamodb = client.boto3("dynamodb")
        one, other = (self._items(dynamodb, table) for table in _TABLES)
        if one != other:
            self.problems.append(f"{sorted(one ^ other)[:5]} are in one table only")
        if lost := self._acknowledged - one:
            self.problems.append(f"{sorted(lost)[:5]} were acknowledged and are gone")
        self._total += len(one)
        found = dynamodb.get_item(TableName=_TABLES[1], Key=_SUM).get("Item", {})
        counted = int(found.get("amount", {"N": "0"})["N"])
        if counted != self._total:
            self.problems.append(f"the sum is {counted} for {self._total} items")
        for number in sorted(one)[:20]:
            copies = dynamodb.query(
                TableName=_TABLES[0], IndexName="by-number", KeyConditionExpression="n = :n",
                ExpressionAttributeValues={":n": {"N": number}},
            )["Count"]  # fmt: skip
            if copies != 1:
                self.problems.append(f"{number} is {copies} times in the index")
        told = self._told(client.boto3("dynamodbstreams"))
        if sorted(told) != sorted(one):
            self.problems.append(f"the stream told of {len(told)} of {len(one)} items")
        self._round += 1
        self._acknowledged.clear()

    def _items(self, dynamodb: Any, table: str) -> set[str]:
        pages = dynamodb.get_paginator("query").paginate(
            TableName=table, KeyConditionExpression="pk = :p",
            ExpressionAttributeValues={":p": {"S": f"round-{self._round}"}},
        )  # fmt: skip
        return {item["n"]["N"] for page in pages for item in page["Items"]}

    def _told(self, streams: Any) -> list[str]:
        """The numbers that the stream has told of since the last time."""
        [shard] = streams.describe_stream(StreamArn=self._stream)["StreamDescription"]["Shards"]
        where: dict[str, str] = {"ShardIteratorType": "TRIM_HORIZON"}
        if self._last_sequence:
            where = {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "SequenceNumber": self._last_sequence,
            }
        iterator = streams.get_shard_iterator(
            StreamArn=self._stream, ShardId=shard["ShardId"], **where
        )["ShardIterator"]
        found: list[str] = []
        while records := (answer := streams.get_records(ShardIterator=iterator))["Records"]:
            for record in records:
                change = record["dynamodb"]
                if change["SequenceNumber"] <= self._last_sequence:
                    self.problems.append("a sequence number came again")
                self._last_sequence = change["SequenceNumber"]
                found.append(change["Keys"]["n"]["N"])
            iterator = answer["NextShardIterator"]
        return found

    def summary(self) -> str:
        return f"{self._total} put"
