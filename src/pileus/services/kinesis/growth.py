"""Streams on demand: they take twice as much once they have been asked for more than they take.

Only where AWS's rates are in force (`--limits aws`): without them a shard takes anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import resharding, store
from pileus.services.kinesis.store import Stream
from pileus.services.kinesis.streams import ON_DEMAND

TIMER = "kinesis:grow"
# docs: how-do-i-size-a-stream; more than double within 15 minutes may be throttled.
_EVERY_MS = 15 * 60_000
# docs: service-sizes-and-limits, 200 MB/s of a stream on demand unless more was asked for
_SHARDS_MAX = 200


def note(tx: Transaction, stream: Stream) -> None:
    """Records were throttled; the stream grows at the next quarter of an hour."""
    at = (tx.now // _EVERY_MS + 1) * _EVERY_MS
    tx.set_timer(TIMER, str(stream.stream_id), at)


def grow(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: have twice as many shards."""
    tx = call.tx
    stream = store.seek(tx, tx.about)
    if stream is None or str(stream.stream_id) != key or stream.mode != ON_DEMAND:
        return
    count = len(store.shard_map(tx, stream).open)
    wanted = min(2 * count, max(_SHARDS_MAX, stream.warm_mibps))
    if wanted > count:
        resharding.scale(tx, stream, wanted)
