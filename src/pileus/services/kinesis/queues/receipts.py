"""What receivers say of records that they hold: acknowledged, needed longer, to be tried again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import errors
from pileus.services.kinesis.queues import queues, store
from pileus.services.kinesis.queues.store import Delivery, Queue

# What a position cannot exceed: others were not made here.
_POSITION_MAX = 1 << 62

Change = Callable[[Transaction, Queue, Delivery, Mapping[str, Any]], None]


def handle(queue: Queue, delivery: Delivery) -> str:
    """What stands for one delivery of a record."""
    return pagination.encode(queue.queue_id, delivery.position, delivery.deliveries)


def acknowledge_queue_records(
    call: Call, *, queue_arn: str, entries: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return _each(call, queue_arn, entries, False, acknowledge)


def acknowledge_dead_letter_queue_records(
    call: Call, *, queue_arn: str, entries: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return _each(call, queue_arn, entries, True, acknowledge)


def update_queue_records_visibility(
    call: Call, *, queue_arn: str, entries: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return _each(call, queue_arn, entries, False, hide)


def update_dead_letter_queue_records_visibility(
    call: Call, *, queue_arn: str, entries: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return _each(call, queue_arn, entries, True, hide)


def restore_dead_letter_queue_records(
    call: Call, *, queue_arn: str, entries: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return _each(call, queue_arn, entries, True, restore)


def acknowledge(
    tx: Transaction, queue: Queue, delivery: Delivery, entry: Mapping[str, Any]
) -> None:
    store.forget(tx, queue.queue_id, [delivery.position])


def hide(tx: Transaction, queue: Queue, delivery: Delivery, entry: Mapping[str, Any]) -> None:
    visible_at = tx.now + entry["VisibilityTimeoutSeconds"] * 1000
    store.put(tx, queue, [delivery._replace(visible_at=visible_at)])
    # Those who wait have another instant to wait for.
    tx.wake(queue.arn)


def restore(tx: Transaction, queue: Queue, delivery: Delivery, entry: Mapping[str, Any]) -> None:
    store.put(tx, queue, [delivery._replace(is_dead=0, receives=0, visible_at=tx.now)])
    tx.wake(queue.arn)


def _each(
    call: Call, arn: str, entries: Sequence[Mapping[str, Any]], is_dead: bool, change: Change
) -> dict[str, Any]:
    """Change the delivery of each entry, and say of each how it went."""
    queue = queues.find(call.tx, arn)
    successful, failed = [], []
    for entry in entries:
        receipt = {"ReceiptHandle": entry["ReceiptHandle"]}
        try:
            delivery = _held(call.tx, queue, entry["ReceiptHandle"], is_dead)
        except AwsError as error:
            failed.append({**receipt, "ErrorCode": error.code, "ErrorMessage": error.message})
        else:
            change(call.tx, queue, delivery, entry)
            successful.append(receipt)
    return {"Successful": successful, "Failed": failed}


def _held(tx: Transaction, queue: Queue, text: str, is_dead: bool) -> Delivery:
    """The delivery that a handle stands for, if it is the record's last."""
    try:
        found: Any = pagination.decode(text, int, int, int)
    except pagination.InvalidToken:
        raise errors.invalid_receipt() from None
    queue_id, position, number = found
    if queue_id != queue.queue_id or not 0 <= position <= _POSITION_MAX:
        raise errors.invalid_receipt()
    delivery = store.delivery(tx, queue, position)
    if delivery is None:
        raise errors.record_not_held()
    if delivery.deliveries != number or bool(delivery.is_dead) != is_dead:
        raise errors.invalid_receipt()
    return delivery
