"""Many rows of records at once: each record as if it had been put by itself."""

from __future__ import annotations

from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import batches, puts
from support.running import Running

_AT_ONCE = 40


def fill(pileus: Running, arn: str, bodies: list[bytes]) -> None:
    for start in range(0, len(bodies), _AT_ONCE):
        page = bodies[start : start + _AT_ONCE]
        pileus.run(pileus.app.kernel.store.transact(put_each, arn, page, about=arn))


def put_each(tx: Transaction, arn: str, bodies: list[bytes]) -> None:
    """Step: a put, and so a row, for each record."""
    for body in bodies:
        puts.put_all(tx, arn, batches.one(body, "k"))
