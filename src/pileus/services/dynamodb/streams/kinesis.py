"""Tells Kinesis streams of a table's changes, in the transaction of the change."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel.transaction import Transaction
from pileus.languages.item_expressions import sizes
from pileus.languages.item_expressions.values import Item
from pileus.services.dynamodb.items.keys import Key
from pileus.services.dynamodb.tables.settings import Table


def write(
    tx: Transaction, table: Table, key: Key, old: Item | None, new: Item | None, is_expired: bool
) -> None:
    """Hand a change over to the table's destinations; an item's changes share a shard."""
    some = new if new is not None else old
    assert some is not None
    images: dict[str, Any] = {"Keys": {name: some[name] for name in table.keys}}
    if new is not None:
        images["NewImage"] = new
    if old is not None:
        images["OldImage"] = old
    event_id = tx.kernel.ids.uuid()
    who = {"principalId": "dynamodb.amazonaws.com", "type": "Service"} if is_expired else None
    for destination in table.destinations:
        if not destination.is_told:
            continue
        is_micro = destination.precision == "MICROSECOND"
        record = {
            "awsRegion": table.arn.split(":")[3],
            "eventID": event_id,
            "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
            "userIdentity": who,
            "recordFormat": "application/json",
            "tableName": table.name,
            "dynamodb": {
                "ApproximateCreationDateTime": tx.now * 1000 if is_micro else tx.now,
                **images,
                "SizeBytes": sum(map(sizes.of_item, images.values())),
                "ApproximateCreationDateTimePrecision": destination.precision,
            },
            "eventSource": "aws:dynamodb",
        }
        tx.deliver(
            to=destination.stream_arn, payload=msgspec.json.encode(record), because=table.arn,
            attributes={"PartitionKey": key.hash.hex()},
        )  # fmt: skip
