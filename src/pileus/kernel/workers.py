"""Runs the long-lived tasks of services, and short background tasks, so that none dies unheard.

A worker row names a task; this process takes the row by raising its fence, so that a step of an
earlier owner can be told apart (`check_fence`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel.call import Context
from pileus.kernel.errors import AwsError
from pileus.kernel.work_rows import Dismissed, Employed

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel
    from pileus.kernel.service import Worker
    from pileus.kernel.transaction import Transaction

log = logging.getLogger(__name__)

PAGE = 200
_PAUSE_MS = 1_000
_PAUSE_MAX_MS = 60_000

_LIST = """
SELECT part, kind, key, about, context FROM kernel_workers
WHERE part >= :first AND part <= :last AND (part, kind, key) > (:p, :k, :y)
ORDER BY part, kind, key LIMIT :limit
"""
_TAKE = """
UPDATE kernel_workers SET owner = :owner, fence = fence + 1
WHERE part = :part AND kind = :kind AND key = :key RETURNING fence
"""
_FENCE = "SELECT fence FROM kernel_workers WHERE part = :part AND kind = :kind AND key = :key"


class Tasks:
    """Background tasks: kept from being collected, logged if they fail, cancelled at the end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        # An AwsError is an answer, which whoever started the task gives.
        if not isinstance(error, AwsError):
            log.error("task %s failed", task.get_name(), exc_info=error)

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def supervised(work: Awaitable[Any]) -> BaseException | None:
    """Run to the end; whatever it raised is the result. Cancellation passes through."""
    try:
        await work
    except Exception as error:
        return error
    return None


class Workers:
    """One running task for each worker row."""

    def __init__(self, kernel: Kernel, kinds: Mapping[str, Worker]) -> None:
        self._kernel = kernel
        self._kinds = kinds
        self._owner = ""
        self._tasks: dict[tuple[int, str, str], asyncio.Task[Any]] = {}

    async def start(self) -> None:
        self._owner = self._kernel.ids.hexadecimal(16)
        for parts in self._kernel.store.partition_sets():
            after = (parts.start - 1, "", "")
            while rows := await self._kernel.store_read(_page, parts, after, part=parts.start):
                for row in rows:
                    self.employed(Employed(*row))
                after = rows[-1][:3]

    def employed(self, row: Employed) -> None:
        key = (row.part, row.kind, row.key)
        if key not in self._tasks:
            self._tasks[key] = self._kernel.tasks.start(f"worker {row.kind}", self._run(row))

    def dismissed(self, row: Dismissed) -> None:
        task = self._tasks.pop((row.part, row.kind, row.key), None)
        if task is not None:
            task.cancel()

    async def _run(self, row: Employed) -> None:
        kind = self._kinds.get(row.kind)
        if kind is None:
            log.error("no service knows worker %s; its row stays", row.kind)
            return
        context = msgspec.json.decode(row.context, type=Context)
        failures = 0
        while True:
            fence = await self._kernel.store_step(_take, row, self._owner, part=row.part)
            if fence is None:
                return
            call = self._kernel.call_for(context, context.service, row.kind, row.about)
            error = await supervised(kind.run(call, row.key))
            if error is None:
                return
            failures += 1
            log.error("worker %s failed for %s", row.kind, row.about, exc_info=error)
            pause_ms = min(_PAUSE_MS * 2 ** min(failures - 1, 16), _PAUSE_MAX_MS)
            await self._kernel.clock.sleep_until(self._kernel.clock.now() + pause_ms)


def fence_of(tx: Transaction, kind: str, key: str) -> int | None:
    """The current fencing number of a worker; a step of an older owner must not go on."""
    row = tx.one(_FENCE, kind=kind, key=key)
    return None if row is None else row[0]


def _page(tx: Transaction, parts: range, after: tuple[int, str, str]) -> list[tuple[Any, ...]]:
    part, kind, key = after
    return tx.all(
        _LIST, at_most=PAGE, first=parts.start, last=parts.stop - 1, p=part, k=kind, y=key,
        limit=PAGE,
    )  # fmt: skip


def _take(tx: Transaction, row: Employed, owner: str) -> int | None:
    found = tx.one(_TAKE, kind=row.kind, key=row.key, owner=owner)
    return None if found is None else found[0]
