"""The rows of streams, shards, records and consumers; the only SQL of the service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import errors, shards
from pileus.services.kinesis.chunks import Chunk, Head
from pileus.services.kinesis.shards import ShardMap

# Rows that one read looks at, and that one run of a timer removes.
CHUNKS_AT_ONCE = 900
REMOVED_AT_ONCE = 150
_MEMORY = "kinesis shards"
_MAPS_REMEMBERED = 1_000
_TOKEN_BYTES = 6


class Stream(NamedTuple):
    arn: str
    stream_id: int
    created_at: int
    mode: str
    status: str
    shards_token: int
    next_position: int
    expiry_at: int
    retention_hours: int
    key_id: str
    max_record_kib: int
    warm_mibps: int
    metrics: str
    distribution: str
    scaled_at: str

    def oldest_kept(self, now: int) -> int:
        """Records that came at or before this instant have expired."""
        return now - self.retention_hours * 3_600_000


_FIELDS = ", ".join(Stream._fields)

# Streams.

_STREAM = f"SELECT {_FIELDS} FROM kinesis_streams WHERE part = :part AND arn = :arn"
_ADD_STREAM = f"""
INSERT INTO kinesis_streams (part, {_FIELDS})
VALUES (:part, {", ".join(":" + field for field in Stream._fields)})
ON CONFLICT (part, arn) DO NOTHING
"""
_REMOVE_STREAM = "DELETE FROM kinesis_streams WHERE part = :part AND arn = :arn"
_RESERVE = f"""
UPDATE kinesis_streams SET next_position = next_position + :count
WHERE part = :part AND arn = :arn RETURNING {_FIELDS}
"""
# What changes by itself.
Setting = Literal[
    "distribution", "expiry_at", "key_id", "max_record_kib", "metrics", "mode", "retention_hours",
    "scaled_at", "status", "warm_mibps",
]  # fmt: skip
_CHANGES = {
    name: f"UPDATE kinesis_streams SET {name} = :value WHERE part = :part AND arn = :arn"
    for name in get_args(Setting)
}


def seek(tx: Transaction, arn: str) -> Stream | None:
    row = tx.one(_STREAM, arn=arn)
    return None if row is None else Stream(*row)


def find(tx: Transaction, arn: str) -> Stream:
    """Raises ResourceNotFoundException."""
    found = seek(tx, arn)
    if found is None:
        raise errors.stream_not_found(arn)
    return found


def add(tx: Transaction, stream: Stream) -> bool:
    """False if there is one of this name."""
    return tx.run(_ADD_STREAM, **stream._asdict()) > 0


def remove(tx: Transaction, stream: Stream) -> None:
    """Remove a stream and its shards; its records are left to a timer."""
    tx.run(_REMOVE_STREAM, arn=stream.arn)
    tx.run(_REMOVE_SHARDS, stream_id=stream.stream_id)


def reserve(tx: Transaction, arn: str, count: int) -> Stream:
    """Take the positions before the answer's `next_position`. Raises ResourceNotFoundException."""
    row = tx.one(_RESERVE, arn=arn, count=count)
    if row is None:
        raise errors.stream_not_found(arn)
    return Stream(*row)


def change(tx: Transaction, arn: str, setting: Setting, value: int | str) -> None:
    tx.run(_CHANGES[setting], arn=arn, value=value)


# Shards.

_SHARDS = "SELECT shards FROM kinesis_shards WHERE part = :part AND stream_id = :stream_id"
_PUT_SHARDS = """
INSERT INTO kinesis_shards (part, stream_id, shards) VALUES (:part, :stream_id, :shards)
ON CONFLICT (part, stream_id) DO UPDATE SET shards = excluded.shards
"""
_SET_TOKEN = "UPDATE kinesis_streams SET shards_token = :token WHERE part = :part AND arn = :arn"
_REMOVE_SHARDS = "DELETE FROM kinesis_shards WHERE part = :part AND stream_id = :stream_id"


def new_token(tx: Transaction) -> int:
    return int.from_bytes(tx.kernel.ids.token(_TOKEN_BYTES), "big")


def shard_map(tx: Transaction, stream: Stream) -> ShardMap:
    """The stream's shards; remembered by their token, which no other set of shards ever has."""
    remembered: dict[tuple[int, int], ShardMap] = tx.kernel.memory.setdefault(_MEMORY, {})
    key = (stream.stream_id, stream.shards_token)
    found = remembered.get(key)
    if found is None:
        row = tx.one(_SHARDS, stream_id=stream.stream_id)
        assert row is not None, f"{stream.arn} has no shards"
        found = shards.unpack(row[0])
        if len(remembered) >= _MAPS_REMEMBERED:
            remembered.clear()
        remembered[key] = found
    return found


def put_shards(tx: Transaction, stream: Stream, shard_map: ShardMap) -> None:
    """Keep the stream's shards, in place of those that were."""
    tx.run(_PUT_SHARDS, stream_id=stream.stream_id, shards=shards.pack(shard_map))
    tx.run(_SET_TOKEN, arn=stream.arn, token=new_token(tx))


# Records.

_ADD_CHUNK = """
INSERT INTO kinesis_chunks
  (part, stream_id, shard, first_position, last_position, at, record_count, size_bytes,
   is_encrypted, records)
VALUES
  (:part, :stream_id, :shard, :first, :last, :now, :record_count, :size_bytes,
   :is_encrypted, :records)
"""
# The row that holds a position is the last that begins at it or before.
_HEADS = """
SELECT first_position, last_position, at, record_count, size_bytes, is_encrypted
FROM kinesis_chunks
WHERE part = :part AND stream_id = :stream_id AND shard = :shard
  AND first_position >= COALESCE(
    (SELECT first_position FROM kinesis_chunks
     WHERE part = :part AND stream_id = :stream_id AND shard = :shard
       AND first_position <= :position
     ORDER BY first_position DESC LIMIT 1), 0)
  AND last_position >= :position
ORDER BY first_position LIMIT :limit
"""
_CHUNKS = """
SELECT first_position, records FROM kinesis_chunks
WHERE part = :part AND stream_id = :stream_id AND shard = :shard
  AND first_position >= :first AND first_position <= :last
ORDER BY first_position LIMIT :limit
"""
_NEXT = """
SELECT first_position, at FROM kinesis_chunks
WHERE part = :part AND stream_id = :stream_id AND shard = :shard AND first_position >= :position
ORDER BY first_position LIMIT 1
"""


def add_chunks(tx: Transaction, stream: Stream, rows: Sequence[tuple[int, Chunk]]) -> None:
    """Rows, each with its shard."""
    stream_id, is_encrypted = stream.stream_id, int(bool(stream.key_id))
    tx.run_many(
        _ADD_CHUNK,
        [
            {
                "stream_id": stream_id, "shard": shard, "first": first, "last": last,
                "record_count": count, "size_bytes": size_bytes, "is_encrypted": is_encrypted,
                "records": records,
            }
            for shard, (first, last, count, size_bytes, records) in rows
        ],
    )  # fmt: skip


def heads(tx: Transaction, stream: Stream, shard: int, position: int, count: int) -> list[Head]:
    """The rows that hold a position and those after it: so many, if one read looks at them."""
    found = _heads(tx, stream, shard, position, count)
    before = stream.oldest_kept(tx.now)
    if found and found[0].at <= before:
        # Rows that have expired are removed a page at a time, and may be many.
        first = first_since(tx, stream, shard, before + 1)
        found = [] if first is None else _heads(tx, stream, shard, first, count)
    return found


def _heads(tx: Transaction, stream: Stream, shard: int, position: int, count: int) -> list[Head]:
    limit = min(count, CHUNKS_AT_ONCE)
    rows = tx.all(
        _HEADS, at_most=limit, stream_id=stream.stream_id, shard=shard, position=position,
        limit=limit,
    )  # fmt: skip
    return [Head(*row) for row in rows]


def records(
    tx: Transaction, stream: Stream, shard: int, wanted: Sequence[Head]
) -> dict[int, bytes]:
    """The packed records of rows that follow each other, by their first positions."""
    if not wanted:
        return {}
    rows = tx.all(
        _CHUNKS, at_most=len(wanted), stream_id=stream.stream_id, shard=shard,
        first=wanted[0].first_position, last=wanted[-1].first_position, limit=len(wanted),
    )  # fmt: skip
    return dict(rows)


def first_since(tx: Transaction, stream: Stream, shard: int, since: int) -> int | None:
    """The position of the first record of a shard that came at an instant or later.

    Positions and instants grow together, so it is found by halving.
    """
    found: int | None = None
    low, high = 0, stream.next_position
    while low < high:
        middle = (low + high) // 2
        row = tx.one(_NEXT, stream_id=stream.stream_id, shard=shard, position=middle)
        if row is None or row[1] >= since:
            high = middle
            found = found if row is None else row[0]
        else:
            low = row[0] + 1
    return found


# Removing records, a page at a time.

_OLDEST = """
SELECT first_position, at FROM kinesis_chunks
WHERE part = :part AND stream_id = :stream_id AND shard = :shard
ORDER BY first_position LIMIT :limit
"""
_ANY = """
SELECT shard, first_position FROM kinesis_chunks WHERE part = :part AND stream_id = :stream_id
ORDER BY shard, first_position LIMIT :limit
"""
_REMOVE_CHUNK = """
DELETE FROM kinesis_chunks
WHERE part = :part AND stream_id = :stream_id AND shard = :shard AND first_position = :first
"""


class Removal(NamedTuple):
    """What a page of removing has come to."""

    removed: int
    # When the oldest of the shard that is left came; None where nothing is left.
    oldest_at: int | None


def remove_expired(tx: Transaction, stream: Stream, shard: int, limit: int) -> Removal:
    """Remove expired rows of a shard, at most so many."""
    rows = tx.all(
        _OLDEST, at_most=limit + 1, stream_id=stream.stream_id, shard=shard, limit=limit + 1
    )
    before = stream.oldest_kept(tx.now)
    expired = [first for first, at in rows[:limit] if at <= before]
    _remove(tx, stream.stream_id, [(shard, first) for first in expired])
    left = rows[len(expired) :]
    return Removal(len(expired), left[0][1] if left else None)


def remove_any(tx: Transaction, stream_id: int) -> bool:
    """Remove a page of a deleted stream's records; says whether there may be more."""
    rows = tx.all(_ANY, at_most=REMOVED_AT_ONCE, stream_id=stream_id, limit=REMOVED_AT_ONCE)
    _remove(tx, stream_id, rows)
    return len(rows) == REMOVED_AT_ONCE


def _remove(tx: Transaction, stream_id: int, keys: Sequence[Any]) -> None:
    if keys:
        tx.run_many(
            _REMOVE_CHUNK,
            [{"stream_id": stream_id, "shard": shard, "first": first} for shard, first in keys],
        )


# Policies and commitments.

_POLICY = "SELECT policy FROM kinesis_policies WHERE part = :part AND arn = :arn"
_PUT_POLICY = """
INSERT INTO kinesis_policies (part, arn, policy) VALUES (:part, :arn, :policy)
ON CONFLICT (part, arn) DO UPDATE SET policy = excluded.policy
"""
_REMOVE_POLICY = "DELETE FROM kinesis_policies WHERE part = :part AND arn = :arn"
_COMMITMENT = """
SELECT started_at, ended_at FROM kinesis_commitments WHERE part = :part AND account = :account
"""
_PUT_COMMITMENT = """
INSERT INTO kinesis_commitments (part, account, started_at, ended_at)
VALUES (:part, :account, :started_at, :ended_at)
ON CONFLICT (part, account)
DO UPDATE SET started_at = excluded.started_at, ended_at = excluded.ended_at
"""


def policy(tx: Transaction, arn: str) -> str | None:
    row = tx.one(_POLICY, arn=arn)
    return None if row is None else row[0]


def put_policy(tx: Transaction, arn: str, text: str) -> None:
    tx.run(_PUT_POLICY, arn=arn, policy=text)


def remove_policy(tx: Transaction, arn: str) -> bool:
    return tx.run(_REMOVE_POLICY, arn=arn) > 0


class Commitment(NamedTuple):
    """An account's commitment to a minimum of throughput; `ended_at` 0 while it lasts."""

    started_at: int
    ended_at: int


def commitment(tx: Transaction, account: str) -> Commitment | None:
    row = tx.one(_COMMITMENT, account=account)
    return None if row is None else Commitment(*row)


def put_commitment(tx: Transaction, account: str, found: Commitment) -> None:
    tx.run(_PUT_COMMITMENT, account=account, **found._asdict())
