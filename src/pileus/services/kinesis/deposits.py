"""Putting what other services hand over into a stream."""

from __future__ import annotations

from pileus.kernel.call import Call
from pileus.kernel.deliveries import Delivery
from pileus.services.kinesis import batches, measures, puts

_KEY_LENGTH_MAX = 256


def accept(call: Call, delivery: Delivery) -> None:
    """Target: one record; see docs/services/kinesis.md for the attributes."""
    given = delivery.attributes.get("PartitionKey")
    # Without a key, or with one that no record may have, records spread over the shards.
    key = str(given)[:_KEY_LENGTH_MAX] if given else delivery.id
    outcome = puts.put_all(call.tx, delivery.to, batches.one(delivery.body, key))
    if outcome.refusals:
        raise outcome.refusals[0]
    measures.note_arrivals(call.tx.note_metric, measures.of(call, delivery.to), outcome)
