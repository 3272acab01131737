"""How far consumers have come in the shards that they read: rows, and what they hold.

A row is written in the transaction that keeps the outcome of a batch, so that it is never ahead of
one. What lies after it is read again after a crash.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

ROWS_PER_PAGE = 500
TIMER = "kernel:shard-progress"


class Window(msgspec.Struct, frozen=True, array_like=True):
    """A tumbling window that is open: instants, and what the function has made of it so far."""

    start: int
    end: int
    state: str = "{}"
    # The state has become too large.
    is_early: bool = False
    # How often the last run for the window has failed.
    failures: int = 0


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """Records up to a sequence number that are to be tried again together."""

    last: str
    failures: int


class LaneProgress(msgspec.Struct, frozen=True, array_like=True):
    """Of one of the lanes in which a shard's records are handled beside each other."""

    done: str = ""
    attempts: list[Attempt] = []
    window: Window | None = None


class ShardProgress(msgspec.Struct, frozen=True, array_like=True):
    """Reading goes on after `read`, or at `first` where that record is not done yet.

    With another number of lanes keys lie in other lanes, so what lanes have done is forgotten.
    """

    read: str = ""
    first: str = ""
    lanes: list[LaneProgress] = []
    is_ended: bool = False
    # The shard's first sequence number: another stream of the name has other ones.
    began: str = ""


_SAVE = """
INSERT INTO kernel_shard_progress (part, consumer, shard, progress)
VALUES (:part, :consumer, :shard, :progress)
ON CONFLICT (part, consumer, shard) DO UPDATE SET progress = excluded.progress
"""
_LOAD = """
SELECT shard, progress FROM kernel_shard_progress
WHERE part = :part AND consumer = :consumer AND shard > :after ORDER BY shard LIMIT :limit
"""
_FORGET = """
DELETE FROM kernel_shard_progress WHERE part = :part AND consumer = :consumer AND shard = :shard
"""
_FORGET_ALL = """
DELETE FROM kernel_shard_progress WHERE part = :part AND consumer = :consumer AND shard IN (
  SELECT shard FROM kernel_shard_progress
  WHERE part = :part AND consumer = :consumer ORDER BY shard LIMIT :limit)
"""


def encode(progress: ShardProgress) -> bytes:
    return msgspec.msgpack.encode(progress)


def save(tx: Transaction, consumer: str, shard: str, progress: bytes) -> None:
    """Keep what `encode` has made."""
    tx.run(_SAVE, consumer=consumer, shard=shard, progress=progress)


def load(tx: Transaction, consumer: str, after: str) -> list[tuple[str, bytes]]:
    """Step: a page of a consumer's rows."""
    return tx.all(_LOAD, at_most=ROWS_PER_PAGE, consumer=consumer, after=after, limit=ROWS_PER_PAGE)


def decode(packed: bytes) -> ShardProgress:
    return msgspec.msgpack.decode(packed, type=ShardProgress)


def forget(tx: Transaction, consumer: str, shards: list[str]) -> None:
    """Step: remove the rows of shards, a page of them at most."""
    tx.run_many(_FORGET, [{"consumer": consumer, "shard": shard} for shard in shards])


def forget_all(tx: Transaction, consumer: str) -> None:
    """A consumer is gone: its rows go, the first page of them at once."""
    if forget_page(tx, consumer):
        tx.set_timer(TIMER, consumer, tx.now)


def forget_more(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: another page of them."""
    forget_all(call.tx, key)


def forget_page(tx: Transaction, consumer: str) -> bool:
    """Step: remove a page of a consumer's rows; whether there may be more."""
    return tx.run(_FORGET_ALL, consumer=consumer, limit=ROWS_PER_PAGE) == ROWS_PER_PAGE
