"""Traffic on copies for the crash test: backups are of one instant, regions agree."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from pileus.services.dynamodb.restores.copying import FORSAKEN_MS
from simulation.crash_client import Client, Lost
from simulation.crash_queues import Turn

_TABLE, _STREAM = "crash-kept", "crash-changes"
# More than a page, so that a copy takes several transactions.
_ITEMS_FIRST = 275
_REGION = "eu-west-1"
_SUM = {"pk": {"S": "sum"}}
_PATIENCE_SECONDS = 20
# Copies that may be there at a time.
_COPIES_MAX = 12


class BackupTraffic:
    """Items and their sum change in one transaction, so they agree in every copy."""

    name = "backups"

    def __init__(self, advance: Callable[[int], None]) -> None:
        self._advance = advance
        self.problems: list[str] = []
        self._items = count(_ITEMS_FIRST)
        self._names = count()
        self._backups: list[str] = []
        self._restored: list[str] = []
        self._checked = 0
        self._stream = ""
        self._acknowledged: set[str] = set()
        self._last: dict[str, str] = {}

    def prepare(self, client: Client) -> None:
        dynamodb = client.boto3("dynamodb")
        dynamodb.create_table(
            TableName=_TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for start in range(0, _ITEMS_FIRST, 25):
            puts = [{"PutRequest": {"Item": _item(n)}} for n in range(start, start + 25)]
            dynamodb.batch_write_item(RequestItems={_TABLE: puts})
        dynamodb.put_item(TableName=_TABLE, Item={**_SUM, "n": {"N": str(_ITEMS_FIRST)}})
        kinesis = client.boto3("kinesis")
        kinesis.create_stream(StreamName=_STREAM, ShardCount=2)
        found = kinesis.describe_stream_summary(StreamName=_STREAM)["StreamDescriptionSummary"]
        self._stream = found["StreamARN"]
        dynamodb.enable_kinesis_streaming_destination(TableName=_TABLE, StreamArn=self._stream)
        replica = {"Create": {"RegionName": _REGION}}
        dynamodb.update_table(TableName=_TABLE, ReplicaUpdates=[replica])
        dynamodb.update_continuous_backups(
            TableName=_TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )

    def turns(self) -> Sequence[Turn]:
        return [self.write, self.copy]

    def write(self, client: Client, chance: random.Random) -> None:
        item = _item(next(self._items))
        put: Any = {"Put": {"TableName": _TABLE, "Item": item}}
        change = 1
        if chance.random() < 0.4:
            # Of those that were there first: it may have gone already, and then nothing happens.
            key = {"pk": {"S": f"{chance.randrange(_ITEMS_FIRST):06d}"}}
            found = client.call("dynamodb", "GetItem", TableName=_TABLE, Key=key)
            if "Item" not in found:
                return
            there = {"ConditionExpression": "attribute_exists(pk)"}
            put, change = {"Delete": {"TableName": _TABLE, "Key": key, **there}}, -1
        add = {
            "TableName": _TABLE, "Key": _SUM, "UpdateExpression": "ADD n :change",
            "ExpressionAttributeValues": {":change": {"N": str(change)}},
        }  # fmt: skip
        client.call("dynamodb", "TransactWriteItems", TransactItems=[put, {"Update": add}])
        if change > 0:
            self._acknowledged.add(item["pk"]["S"])

    def copy(self, client: Client, chance: random.Random) -> None:
        """Make a backup, and a table of it and of the table itself."""
        if len(self._restored) >= _COPIES_MAX:
            client.call("dynamodb", "ListTables")
            return
        name = f"crash-copy-{next(self._names)}"
        self._restored.append(name)
        if chance.random() < 0.4:
            client.call(
                "dynamodb", "RestoreTableToPointInTime", SourceTableName=_TABLE,
                TargetTableName=name, UseLatestRestorableTime=True,
            )  # fmt: skip
            return
        made = client.call("dynamodb", "CreateBackup", TableName=_TABLE, BackupName=name)
        backup = made["BackupDetails"]["BackupArn"]
        self._backups.append(backup)
        while True:
            found = client.call("dynamodb", "DescribeBackup", BackupArn=backup)
            if found["BackupDescription"]["BackupDetails"]["BackupStatus"] == "AVAILABLE":
                break
        client.call("dynamodb", "RestoreTableFromBackup", TargetTableName=name, BackupArn=backup)

    def settle(self, client: Client) -> None:
        dynamodb = client.boto3("dynamodb")
        there = {
            each["BackupArn"]: each["BackupStatus"]
            for page in dynamodb.get_paginator("list_backups").paginate(TableName=_TABLE)
            for each in page["BackupSummaries"]
        }
        if lost := set(self._backups) - set(there):
            self.problems.append(f"{sorted(lost)[:3]} were acknowledged and are gone")
        if unfinished := [arn for arn, status in there.items() if status != "AVAILABLE"]:
            self.problems.append(f"{unfinished[:3]} do not become available")
        for name in self._restored:
            self._check(dynamodb, name)
        told, total = self._told(client.boto3("kinesis"))
        if lost := self._acknowledged - told:
            self.problems.append(f"the stream was not told of {sorted(lost)[:5]}")
        found = dynamodb.get_item(TableName=_TABLE, Key=_SUM)["Item"]["n"]["N"]
        if total not in ("", found):
            self.problems.append(f"the stream told of the sum {total} last, and it is {found}")
        one, other = (_all(each) for each in (dynamodb, client.boto3("dynamodb", _REGION)))
        if one != other:
            self.problems.append(f"{sorted(one.items() ^ other.items())[:5]} differ by region")
        self._acknowledged.clear()
        for arn in there:
            self._delete(dynamodb, arn)
        self._backups.clear()
        self._restored.clear()

    def _told(self, kinesis: Any) -> tuple[set[str], str]:
        """The items that the stream has told of since the last time, and the last sum."""
        items: set[str] = set()
        total = ""
        for shard in kinesis.list_shards(StreamARN=self._stream)["Shards"]:
            id = shard["ShardId"]
            where: dict[str, str] = {"ShardIteratorType": "TRIM_HORIZON"}
            if id in self._last:
                where = {
                    "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                    "StartingSequenceNumber": self._last[id],
                }
            iterator = kinesis.get_shard_iterator(StreamARN=self._stream, ShardId=id, **where)
            page = kinesis.get_records(ShardIterator=iterator["ShardIterator"])
            while page["Records"]:
                for record in page["Records"]:
                    self._last[id] = record["SequenceNumber"]
                    image = json.loads(record["Data"])["dynamodb"].get("NewImage")
                    if image is not None and image["pk"] == _SUM["pk"]:
                        total = image["n"]["N"]
                    elif image is not None:
                        items.add(image["pk"]["S"])
                page = kinesis.get_records(ShardIterator=page["NextShardIterator"])
        return items, total

    def _check(self, dynamodb: Any, name: str) -> None:
        try:
            self._wait(dynamodb, name)
        except dynamodb.exceptions.ResourceNotFoundException:
            # It was asked for, and the answer was lost with the server.
            return
        items = _all(dynamodb, name)
        total = int(items.pop("sum", 0))
        if total != len(items):
            self.problems.append(f"{name} has {len(items)} items whose sum is {total}")
        self._checked += 1
        dynamodb.delete_table(TableName=name)

    def _wait(self, dynamodb: Any, name: str) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while dynamodb.describe_table(TableName=name)["Table"]["TableStatus"] != "ACTIVE":
            if time.monotonic() > until:
                raise Lost(f"{name} does not become active")

    def _delete(self, dynamodb: Any, arn: str) -> None:
        """Where a crash came before the restored table, its backup is let go a minute later."""
        is_late = False
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                dynamodb.delete_backup(BackupArn=arn)
                return
            except dynamodb.exceptions.BackupInUseException:
                if time.monotonic() > until:
                    raise Lost(f"{arn} stays in use") from None
                if not is_late:
                    self._advance(FORSAKEN_MS // 1000)
                    is_late = True

    def summary(self) -> str:
        return f"{self._checked} copies"


def _all(dynamodb: Any, table: str = _TABLE) -> dict[str, str]:
    pages = dynamodb.get_paginator("scan").paginate(TableName=table)
    return {item["pk"]["S"]: item["n"]["N"] for page in pages for item in page["Items"]}


def _item(number: int) -> dict[str, Any]:
    return {"pk": {"S": f"{number:06d}"}, "n": {"N": "1"}}
