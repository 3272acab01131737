"""Transitional states: passed through in platform time with `--aws-delays`, else over at once.

What an operation changes is in force at once; the delay only shows the state as AWS would.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import deletion, errors, store
from pileus.services.kinesis.store import Stream

CREATING, UPDATING, DELETING, ACTIVE = "CREATING", "UPDATING", "DELETING", "ACTIVE"
TIMER = "kinesis:state"
_DELAYS_MS = {CREATING: 15_000, UPDATING: 10_000, DELETING: 20_000}


def must_be_active(stream: Stream) -> None:
    """For operations that change a stream."""
    if stream.status != ACTIVE:
        raise errors.stream_not_active(stream.arn, stream.status)


def must_be_there(stream: Stream) -> None:
    """For those that read or put: a stream that is being made is not there yet."""
    if stream.status == CREATING:
        raise errors.stream_not_found(stream.arn)


def changeable(tx: Transaction, arn: str) -> Stream:
    """The stream, active. Raises AWS's errors."""
    stream = store.find(tx, arn)
    must_be_active(stream)
    return stream


def has_begun(tx: Transaction, stream: Stream, status: str) -> None:
    """A stream was made or changed, or shall go: let its state follow."""
    if not tx.kernel.settings.aws_delays:
        if status == DELETING:
            deletion.delete(tx, stream)
        return
    store.change(tx, stream.arn, "status", status)
    payload = {"stream_id": stream.stream_id, "status": status}
    tx.set_timer(TIMER, str(stream.stream_id), tx.now + _DELAYS_MS[status], payload)


def settle(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: the state is over."""
    tx = call.tx
    stream = store.seek(tx, tx.about)
    if stream is None or stream.stream_id != payload["stream_id"]:
        return
    if payload["status"] == DELETING:
        deletion.delete(tx, stream)
    else:
        store.change(tx, stream.arn, "status", ACTIVE)
