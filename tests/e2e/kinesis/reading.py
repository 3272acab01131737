"""Asking Kinesis: what it refuses, and reading shards to their end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

SHARD = "shardId-000000000000"


def refusal(function: Callable[..., Any], **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        function(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def iterator(
    kinesis: Any, stream: str, shard: str = SHARD, kind: str = "TRIM_HORIZON", **how: Any
) -> str:
    answer = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard, ShardIteratorType=kind, **how
    )
    found: str = answer["ShardIterator"]
    return found


def records(
    kinesis: Any, stream: str, shard: str = SHARD, kind: str = "TRIM_HORIZON", **how: Any
) -> list[dict[str, Any]]:
    """All records of a shard from a position on."""
    found: list[dict[str, Any]] = []
    token: str | None = iterator(kinesis, stream, shard, kind, **how)
    while token is not None:
        answer = kinesis.get_records(ShardIterator=token)
        found += answer["Records"]
        token = answer.get("NextShardIterator")
        if not answer["Records"] and not answer["MillisBehindLatest"]:
            break
    return found


def data(found: list[dict[str, Any]]) -> list[bytes]:
    return [each["Data"] for each in found]


def put(kinesis: Any, stream: str, *bodies: bytes, key: str = "k") -> list[str]:
    """Sequence numbers of records that are put one after the other."""
    return [
        kinesis.put_record(StreamName=stream, Data=body, PartitionKey=key)["SequenceNumber"]
        for body in bodies
    ]
