"""Rows of a put on their way into memory, where those who read its stream will look for them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import kept_rows, tips, written_records
from pileus.services.kinesis.chunks import Chunk, Columns, Head
from pileus.services.kinesis.kept_rows import Place
from pileus.services.kinesis.store import Stream

# What is written of one put; those who read more than this are served by the database.
WRITTEN_BYTES_MAX = 1024 * 1024


class FreshRows:
    """The rows of one put, in the forms in which its stream is read: written here, while they are
    at hand, rather than by the first who reads them.
    """

    def __init__(self, tx: Transaction, stream: Stream) -> None:
        self._tx = tx
        self._stream = stream
        self._forms = tips.of(tx.kernel.memory).forms(stream.stream_id)
        self._heads: list[tuple[int, Head]] = []
        self._rows: list[tuple[Place, int, bytes]] = []
        self._size_bytes = 0

    def add(self, shard: int, rows: Sequence[Chunk], records: Columns) -> None:
        """The rows of a shard, and the records that are in them."""
        if self._forms is None:
            return
        stream, at = self._stream, self._tx.now
        is_encrypted = bool(stream.key_id)
        begin = 0
        for row in rows:
            first, last, count, size_bytes, packed = row
            part = records if count == len(records.keys) else records.part(begin, begin + count)
            begin += count
            self._heads.append((shard, Head(first, last, at, count, size_bytes, is_encrypted)))
            self._size_bytes += size_bytes
            if self._size_bytes > WRITTEN_BYTES_MAX:
                continue
            for form in self._forms:
                place = (form, stream.stream_id, shard)
                write = written_records.WRITERS.get(form)
                if write is None:
                    self._rows.append((place, first, packed))
                else:
                    text = write(part.numbers, part.keys, part.datas, at, is_encrypted)
                    self._rows.append((place, first, text))

    def tell(self, count: int) -> None:
        """Once the put is committed, which has taken so many positions."""
        if self._forms is not None:
            end = self._stream.next_position
            run = partial(
                _keep, self._tx.kernel.memory, self._stream.stream_id, end - count, end,
                self._heads, self._rows,
            )  # fmt: skip
            self._tx.after_commit(run)


def _keep(
    memory: dict[str, Any],
    stream_id: int,
    begin: int,
    end: int,
    heads: Sequence[tuple[int, Head]],
    rows: Sequence[tuple[Place, int, bytes]],
) -> None:
    tips.of(memory).add(stream_id, begin, end, heads)
    kept_rows.of(memory).keep(rows)
