"""What timers do for queues: remove what has expired, was purged, or need not be remembered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pileus.kernel.transaction import Transaction
from pileus.services.sqs import store
from pileus.services.sqs.deposits import EXPIRE_TIMER
from pileus.services.sqs.fifo import attempts
from pileus.services.sqs.fifo.messages import FIFO
from pileus.services.sqs.kinds import kind_of
from pileus.services.sqs.standard.messages import STANDARD

if TYPE_CHECKING:
    from pileus.kernel.call import Call

DROP_TIMER = "sqs:drop"
FORGET_DELETION_TIMER = "sqs:forget-deletion"


def expire(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of a queue's expired messages."""
    _expire(call.tx, key)


def expire_soon(tx: Transaction, arn: str) -> None:
    """After the retention period has changed: look what has expired, as AWS does in the end."""
    tx.set_timer(EXPIRE_TIMER, arn, tx.now)
    store.set_expires_at(tx, arn, tx.now)


def _expire(tx: Transaction, arn: str) -> None:
    found = store.seek(tx, arn)
    if found is None:
        return
    queue, state = found
    at = kind_of(queue).expire(tx, queue, state)
    store.set_expires_at(tx, arn, at)
    if at:
        tx.set_timer(EXPIRE_TIMER, arn, at)


def forget(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: forget deduplication ids and receive attempts of more than five minutes ago."""
    tx = call.tx
    found = store.seek(tx, key)
    if found is None:
        return
    at = attempts.forget(tx, found[0])
    store.set_forgets_at(tx, key, at)
    if at:
        tx.set_timer(attempts.FORGET_TIMER, key, at)


def drop_later(tx: Transaction, generation: int, is_fifo: bool) -> None:
    """Leave a purged or deleted queue's messages to a timer: a page at a time."""
    tx.set_timer(DROP_TIMER, str(generation), tx.now, {"is_fifo": is_fifo})


def drop(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of messages that belong to no queue any more."""
    kind = FIFO if payload["is_fifo"] else STANDARD
    if kind.drop(call.tx, int(key)):
        call.tx.set_timer(DROP_TIMER, key, call.tx.now, payload)


def forget_deletion(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: the name of a deleted queue may be used again."""
    store.forget_deletion(call.tx, key)
