"""The end of a stream: all rows but its records go at once, those a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.shards import topics
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import store, stream_names, tips
from pileus.services.kinesis.consumers import store as consumer_store
from pileus.services.kinesis.store import Stream

TIMER = "kinesis:purge"


def delete(tx: Transaction, stream: Stream) -> None:
    for consumer in consumer_store.listed(tx, stream):
        forget(tx, consumer.arn)
    consumer_store.remove_all(tx, stream)
    store.remove(tx, stream)
    tips.note_removal(tx, stream)
    forget(tx, stream.arn)
    tx.delist(stream_names.KIND, stream_names.name_of(stream.arn))
    tx.set_timer(TIMER, str(stream.stream_id), tx.now)
    # Whoever reads from it learns that it is gone.
    tx.wake(stream.arn)
    tx.wake(topics.shards_of(stream.arn))


def forget(tx: Transaction, arn: str) -> None:
    """Remove a resource's tags and policy."""
    tx.remove_tags(arn, list(tx.tags(arn)))
    store.remove_policy(tx, arn)


def purge(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of a deleted stream's records."""
    if store.remove_any(call.tx, int(key)):
        call.tx.set_timer(TIMER, key, call.tx.now)
