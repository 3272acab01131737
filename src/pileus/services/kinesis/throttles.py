"""The rates that AWS allows a shard; in force with `--limits aws` only."""

from __future__ import annotations

from pileus.kernel.transaction import Transaction
from pileus.services.kinesis.shards import Shard
from pileus.services.kinesis.store import Stream

# docs: service-sizes-and-limits
PUT_RECORDS_PER_SECOND = 1_000
PUT_BYTES_PER_SECOND = 1024 * 1024
READS_PER_SECOND = 5
READ_BYTES_PER_SECOND = 2 * 1024 * 1024


def allows_put(tx: Transaction, stream: Stream, shard: Shard, size_bytes: int) -> bool:
    """Whether a shard takes one record more; a record beyond a second's bytes is owed."""
    quotas = tx.kernel.quotas
    if not quotas.is_enforced:
        return True
    key = f"{stream.arn} {shard.number} put"
    bytes_key = f"{key} bytes"
    if not quotas.allows(bytes_key, PUT_BYTES_PER_SECOND, tx.now, min(size_bytes, 1024 * 1024)):
        return False
    if size_bytes > PUT_BYTES_PER_SECOND:
        quotas.owe(bytes_key, PUT_BYTES_PER_SECOND, tx.now, size_bytes - PUT_BYTES_PER_SECOND)
    return quotas.allows(f"{key} records", PUT_RECORDS_PER_SECOND, tx.now)


def allows_read(tx: Transaction, stream: Stream, shard: Shard) -> bool:
    """Whether a shard may be read now: so often, and not while bytes of earlier reads are owed."""
    quotas = tx.kernel.quotas
    if not quotas.is_enforced:
        return True
    key = f"{stream.arn} {shard.number} read"
    if not quotas.allows(f"{key} bytes", READ_BYTES_PER_SECOND, tx.now, 0):
        return False
    return quotas.allows(key, READS_PER_SECOND, tx.now)


def note_read(tx: Transaction, stream: Stream, shard: Shard, size_bytes: int) -> None:
    """docs: API_GetRecords; after 10 MiB reads are refused for five seconds."""
    quotas = tx.kernel.quotas
    if quotas.is_enforced:
        key = f"{stream.arn} {shard.number} read bytes"
        quotas.owe(key, READ_BYTES_PER_SECOND, tx.now, size_bytes)
