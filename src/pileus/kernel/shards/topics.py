"""Topics by which readers of shards are woken, so that a put to one wakes none of the others."""

from __future__ import annotations


def records_of(stream_arn: str, shard_id: str) -> str:
    """Records have come to a shard."""
    return f"{stream_arn}/{shard_id}"


def shards_of(stream_arn: str) -> str:
    """A stream has other shards or consumers, or is gone."""
    return f"{stream_arn}/shards"
