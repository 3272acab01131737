"""Retention: records and closed shards go when the window has moved past them.

Readers never see what has expired, since that is a condition on time. The timer gives the space
back: it walks through the shards, a page at a time, and sleeps until the oldest that is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import shards, store, tips
from pileus.services.kinesis.queues import store as queue_store
from pileus.services.kinesis.shards import ShardMap
from pileus.services.kinesis.store import Stream

TIMER = "kinesis:expire"
# One run serves what expires in the same minute, and looks at so many shards.
_GRAIN_MS = 60_000
_SHARDS_AT_ONCE = 100


def note(tx: Transaction, stream: Stream) -> None:
    """Something came, or closed, that will expire: the timer must fall due early enough."""
    if not stream.expiry_at:
        _set(tx, stream, _due(stream, tx.now))


def look(tx: Transaction, stream: Stream) -> None:
    """The retention period has changed: look at once for what has expired."""
    _set(tx, stream, tx.now)


def visible(shard_map: ShardMap, stream: Stream, now: int) -> list[shards.Shard]:
    """The shards that have not expired, in order of their numbers."""
    before = stream.oldest_kept(now)
    return [each for each in shard_map.shards if each.is_open or each.closed_at > before]


def expire(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of what has expired, and fall due again."""
    tx = call.tx
    stream = store.seek(tx, tx.about)
    if stream is None or str(stream.stream_id) != key:
        return
    if queue_store.forget_expired(tx, stream):
        _set(tx, stream, tx.now, payload)
        return
    shard_map = store.shard_map(tx, stream)
    after, oldest_at = payload.get("after", -1), payload.get("oldest_at")
    waiting = [each for each in shard_map.shards if each.number > after]
    left = store.REMOVED_AT_ONCE
    gone: set[int] = set()
    for shard in waiting[:_SHARDS_AT_ONCE]:
        removal = store.remove_expired(tx, stream, shard.number, left)
        if removal.removed:
            tips.note_removal(tx, stream)
        left -= removal.removed
        if left <= 0:
            break
        after = shard.number
        ends_at = [removal.oldest_at, shard.closed_at or None]
        if not shard.is_open and shard.closed_at <= stream.oldest_kept(tx.now):
            gone.add(shard.number)
            ends_at = [removal.oldest_at]
        oldest_at = min((at for at in (oldest_at, *ends_at) if at is not None), default=None)
    if gone:
        store.put_shards(tx, stream, shard_map.without(gone))
    if left <= 0 or len(waiting) > _SHARDS_AT_ONCE:
        _set(tx, stream, tx.now, {"after": after, "oldest_at": oldest_at})
    else:
        _set(tx, stream, 0 if oldest_at is None else _due(stream, oldest_at))


def _due(stream: Stream, oldest_at: int) -> int:
    at = oldest_at + stream.retention_hours * 3_600_000
    return -(-at // _GRAIN_MS) * _GRAIN_MS


def _set(
    tx: Transaction, stream: Stream, at: int, payload: Mapping[str, Any] | None = None
) -> None:
    store.change(tx, stream.arn, "expiry_at", at)
    if at:
        tx.set_timer(TIMER, str(stream.stream_id), at, payload)
