"""Shards in AWS's form."""

from __future__ import annotations

from typing import Any

from pileus.services.kinesis import sequence_numbers, shards
from pileus.services.kinesis.shards import Shard
from pileus.services.kinesis.store import Stream


def described(stream: Stream, shard: Shard) -> dict[str, Any]:
    base = sequence_numbers.shard_base(
        sequence_numbers.stream_base(stream.created_at, stream.stream_id), shard.number
    )
    numbers = {"StartingSequenceNumber": sequence_numbers.at(base, shard.first_position)}
    if not shard.is_open:
        numbers["EndingSequenceNumber"] = sequence_numbers.at(base, shard.last_position)
    view: dict[str, Any] = {
        "ShardId": shard.id,
        "HashKeyRange": _range(shard),
        "SequenceNumberRange": numbers,
    }
    if shard.parent != shards.NONE:
        view["ParentShardId"] = shards.shard_id(shard.parent)
    if shard.adjacent != shards.NONE:
        view["AdjacentParentShardId"] = shards.shard_id(shard.adjacent)
    return view


def child(shard: Shard) -> dict[str, Any]:
    parents = [number for number in (shard.parent, shard.adjacent) if number != shards.NONE]
    return {
        "ShardId": shard.id,
        "ParentShards": [shards.shard_id(number) for number in parents],
        "HashKeyRange": _range(shard),
    }


def _range(shard: Shard) -> dict[str, str]:
    return {"StartingHashKey": str(shard.low), "EndingHashKey": str(shard.high)}
