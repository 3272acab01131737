"""Reads all shards of a stream for one consumer: parents before their children."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pileus.kernel.shards import progress as rows
from pileus.kernel.shards.batches import Consumer, Reading
from pileus.kernel.shards.progress import ShardProgress
from pileus.kernel.shards.reader import ShardReader
from pileus.kernel.shards.sources import Shard, Source

if TYPE_CHECKING:
    from pileus.kernel.call import Call

GONE = "ResourceNotFoundException"
_MEMORY = "batches of shards"


class StreamReaders:
    """One consumer's readers, while its settings hold. `key` names it among all consumers."""

    def __init__(
        self, call: Call, source: Source, reading: Reading, consumer: Consumer, key: str
    ) -> None:
        self._call = call
        self._source = source
        self._reading = reading
        self._consumer = consumer
        self._key = key
        self._progress: dict[str, ShardProgress] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until all shards have ended. Raises AwsError where the stream cannot be read.

        Cancelling it leaves batches that run to their end.
        """
        await self._after_others()
        self._progress = await load(self._call, self._key)
        try:
            while await self._begin():
                await asyncio.wait(self._running.values(), return_when=asyncio.FIRST_COMPLETED)
                self._take_ended()
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)
            if not self._batches():
                del self._memory()[self._key]

    def _batches(self) -> set[asyncio.Task[None]]:
        """Batches of this consumer that run, those of earlier readers too."""
        return self._memory().setdefault(self._key, set())

    def _memory(self) -> dict[str, set[asyncio.Task[None]]]:
        found: dict[str, set[asyncio.Task[None]]] = self._call.kernel.memory.setdefault(_MEMORY, {})
        return found

    async def _after_others(self) -> None:
        """Wait for the batches of earlier readers, whose outcome is part of the progress."""
        while running := set(self._batches()):
            await asyncio.wait(running)

    async def _begin(self) -> bool:
        """Set going what can be read now; whether anything is."""
        shards = await self._source.shards()
        there = {shard.id for shard in shards}
        for shard in shards:
            known = self._progress.get(shard.id)
            if known is not None and known.began not in ("", shard.began):
                # It was of another stream of this name.
                del self._progress[shard.id]
        await self._forget([each for each in self._progress if each not in there])
        for shard in shards:
            if self._is_ready(shard, there):
                reader = ShardReader(
                    self._call, self._source, self._reading, self._consumer, shard,
                    self._progress.get(shard.id, ShardProgress()), self._batches(),
                )  # fmt: skip
                name = f"reader of {shard.id}"
                self._running[shard.id] = self._call.kernel.tasks.start(name, reader.run())
        return bool(self._running)

    def _is_ready(self, shard: Shard, there: set[str]) -> bool:
        if shard.id in self._running or self._has_ended(shard.id):
            return False
        return all(parent not in there or self._has_ended(parent) for parent in shard.parents)

    def _has_ended(self, shard_id: str) -> bool:
        known = self._progress.get(shard_id)
        return known is not None and known.is_ended

    def _take_ended(self) -> None:
        for shard_id in [each for each, task in self._running.items() if task.done()]:
            self._running.pop(shard_id).result()
            self._progress[shard_id] = ShardProgress(is_ended=True)

    async def _forget(self, shard_ids: list[str]) -> None:
        """Shards that have expired are not read again."""
        gone = [each for each in shard_ids if each not in self._running]
        for start in range(0, len(gone), rows.ROWS_PER_PAGE):
            page = gone[start : start + rows.ROWS_PER_PAGE]
            await self._call.transaction(rows.forget, self._key, page, about=self._call.about)
        for shard_id in gone:
            del self._progress[shard_id]


async def load(call: Call, key: str) -> dict[str, ShardProgress]:
    """How far a consumer has come in each shard."""
    found: dict[str, ShardProgress] = {}
    after = ""
    while True:
        page = await call.read(rows.load, key, after, about=call.about)
        found.update((shard_id, rows.decode(packed)) for shard_id, packed in page)
        if len(page) < rows.ROWS_PER_PAGE:
            return found
        after = page[-1][0]


async def forget_all(call: Call, key: str) -> None:
    """The stream is gone: one of its name that is made later is read from its beginning."""
    while await call.transaction(rows.forget_page, key, about=call.about):
        pass
