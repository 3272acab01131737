"""Tells Kinesis streams of a table's changes, in the transaction of the change."""

from __future__ import annotations

import msgspec

from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.items.kept_items import Stored
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.streams import records
from pileus.services.dynamodb.tables.settings import Table


def write(
    tx: Transaction,
    table: Table,
    key: Key,
    old: Stored | None,
    new: Stored | None,
    is_expired: bool,
) -> None:
    """Hand a change over to the table's destinations; an item's changes share a shard."""
    images, size = records.told(table, old, new, records.BOTH_IMAGES)
    event_id = tx.kernel.ids.uuid()
    who = {"principalId": "dynamodb.amazonaws.com", "type": "Service"} if is_expired else None
    for destination in table.destinations:
        if not destination.is_told:
            continue
        is_micro = destination.precision == "MICROSECOND"
        record = {
            "awsRegion": table.arn.split(":")[3],
            "eventID": event_id,
            "eventName": records.name_of(old, new),
            "userIdentity": who,
            "recordFormat": "application/json",
            "tableName": table.name,
            "dynamodb": {
                "ApproximateCreationDateTime": tx.now * 1000 if is_micro else tx.now,
                **images,
                "SizeBytes": size,
                "ApproximateCreationDateTimePrecision": destination.precision,
            },
            "eventSource": "aws:dynamodb",
        }
        tx.deliver(
            to=destination.stream_arn, payload=msgspec.json.encode(record), because=table.arn,
            attributes={"PartitionKey": key.hash.hex()},
        )  # fmt: skip
