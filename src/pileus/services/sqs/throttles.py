"""The rates that AWS allows a FIFO queue; in force with `--limits aws` only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pileus.kernel.transaction import Transaction
from pileus.services.sqs import errors, store

# docs: quotas-messages; calls per second of each API action, for a queue or for a message group.
FIFO_CALLS_PER_SECOND = 300


def check(tx: Transaction, arn: str, action: str, groups: Iterable[str] = ()) -> None:
    """Raise RequestThrottled where a FIFO queue is asked for more than AWS would answer."""
    quotas = tx.kernel.quotas
    if not quotas.is_enforced or not arn.endswith(".fifo"):
        return
    queue, _ = store.find(tx, arn)
    if queue.attributes.throughput_limit == "perQueue":
        keys = [f"{arn} {action}"]
    else:
        keys = [f"{arn} {action} {group}" for group in Counter(groups)]
    for key in keys:
        if not quotas.allows(key, FIFO_CALLS_PER_SECOND, tx.now):
            raise errors.request_throttled()
