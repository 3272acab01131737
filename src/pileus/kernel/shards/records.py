"""Records of streams: as events show them, and what a reader needs to know of each. Pure."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

import msgspec

from pileus.kernel import arns

# What the event of a function has around a record besides.
_AROUND_BYTES = 700


class Record(NamedTuple):
    """One record of a shard."""

    sequence: str
    number: int
    # Records of one key are handled in order.
    key: bytes
    arrived_at: int
    # The flat form, as pipes have it.
    event: dict[str, Any]
    # Never less than its share of an event.
    size_bytes: int


def of_stream(raw: dict[str, Any], shard_id: str, source_arn: str, role_arn: str) -> Record:
    """docs: eb-pipes-kinesis, the example of an event"""
    parts = arns.parse(source_arn)
    assert parts is not None
    sequence, data = raw["SequenceNumber"], raw["Data"]
    # Streams may spread records that have no key.
    key = raw.get("PartitionKey") or ""
    event = {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": key,
        "sequenceNumber": sequence,
        "data": base64.b64encode(data).decode(),
        "approximateArrivalTimestamp": raw["ApproximateArrivalTimestamp"] / 1000,
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": role_arn,
        "awsRegion": parts.region,
        "eventSourceARN": source_arn,
    }
    size = len(event["data"]) + len(msgspec.json.encode(key)) + _AROUND_BYTES
    lane_key = (key or sequence).encode()
    return Record(
        sequence, int(sequence), lane_key, raw["ApproximateArrivalTimestamp"], event, size
    )


_STREAM_FIELDS = (
    "kinesisSchemaVersion", "partitionKey", "sequenceNumber", "data",
    "approximateArrivalTimestamp",
)  # fmt: skip


def for_function(event: dict[str, Any]) -> dict[str, Any]:
    """A flat record as functions get it. docs: lambda/latest/dg/with-kinesis, the example"""
    if event["eventSource"] != "aws:kinesis":
        return event
    inner = {name: event[name] for name in _STREAM_FIELDS}
    return {
        "kinesis": inner,
        **{name: each for name, each in event.items() if name not in inner},
    }


def of_table(raw: dict[str, Any], source_arn: str) -> Record:
    """docs: lambda/latest/dg/with-ddb, the example of an event"""
    change = dict(raw["dynamodb"])
    arrived_at = change["ApproximateCreationDateTime"]
    change["ApproximateCreationDateTime"] = arrived_at / 1000
    # Binary values become base64.
    plain: dict[str, Any] = msgspec.to_builtins(change)
    event = {**raw, "dynamodb": plain, "eventSourceARN": source_arn}
    sequence = change["SequenceNumber"]
    key = msgspec.json.encode(plain["Keys"])
    size = len(msgspec.json.encode(event)) + _AROUND_BYTES
    return Record(sequence, int(sequence), key, arrived_at, event, size)
