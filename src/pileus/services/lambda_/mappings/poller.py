"""Feeds a function from a queue: receives, gathers batches, runs as many at once as may be.

Nothing is asked on an interval: an empty queue is watched, and a queue whose messages are hidden
is asked by one long poll. What is lost with the process comes back by its visibility timeout.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.queue_records import Message
from pileus.languages import record_filters
from pileus.services.lambda_.mappings import (
    batch_runs,
    batches,
    filters,
    mapping_settings,
    mappings,
    store,
    stream_batches,
)
from pileus.services.lambda_.mappings.mapping_settings import Mapping
from pileus.services.lambda_.mappings.scaling import Scaling
from pileus.services.lambda_.running.platform import account_of, platform_of

if TYPE_CHECKING:
    from pileus.kernel.waiting import Watch

log = logging.getLogger(__name__)

RECEIVED_MAX = 10  # docs: ReceiveMessage, MaxNumberOfMessages
LONG_POLL_SECONDS = 20
_PAUSE_MS = 1_000
# By the platform's clock, and really: a queue that is gone shall not slow down an advance, and a
# new queue of its name shall not wait long.
_PAUSE_MAX_MS = 3_600_000
_PAUSE_SECONDS_MAX = 30.0
_COUNTS = ("ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")


async def poll(call: Call, key: str) -> None:
    """Worker: runs until the mapping is disabled or gone."""
    text = await call.read(store.load_mapping, key, about=call.about)
    if text is None:
        return
    mapping = mapping_settings.decode(text)
    if mapping.is_stream:
        await stream_batches.follow(call, mapping)
    else:
        await _Poller(call, mapping).run()


class _Poller:
    """One mapping's poller."""

    def __init__(self, call: Call, mapping: Mapping) -> None:
        self._call = call
        self._clock = call.kernel.clock
        self._platform = platform_of(call)
        self.mapping = mapping
        self._filters = [record_filters.compile(text) for text in mapping.filters]
        self._url = ""
        self._scaling = Scaling(self._clock.monotonic_ms)
        self._running = 0
        self._is_stale = False
        self._signal: asyncio.Future[None] | None = None

    async def run(self) -> None:
        waiting = self._call.kernel.waiting
        end_listening = waiting.call_on(self.mapping.arn, self._changed)
        failures = 0
        try:
            async with self._call.watching(self.mapping.source_arn) as queue_changed:
                while await self._is_wanted():
                    try:
                        await self._feed(queue_changed)
                        failures = 0
                    except AwsError as refusal:
                        failures += 1
                        log.warning("cannot poll %s: %s", self.mapping.source_arn, refusal)
                        self._url = ""
                        await self._pause(failures)
        finally:
            end_listening()

    def _changed(self) -> None:
        self._is_stale = True
        self._rouse()

    def _rouse(self) -> None:
        if self._signal is not None and not self._signal.done():
            self._signal.set_result(None)

    async def _is_wanted(self) -> bool:
        """Take up the mapping's newest settings; False where it is disabled or gone."""
        while self._is_stale:
            self._is_stale = False
            text = await self._call.read(
                store.load_mapping, self.mapping.uuid, about=self._call.about
            )
            if text is None:
                return False
            self.mapping = mapping_settings.decode(text)
            self._filters = [record_filters.compile(each) for each in self.mapping.filters]
        return self.mapping.is_enabled

    # Waiting.

    async def _until_roused(self, until: int | None = None, real: float | None = None) -> None:
        """Wait for a batch to end or for other settings."""
        self._signal = asyncio.get_running_loop().create_future()
        try:
            await self._clock.wait(self._signal, until=until, real_seconds=real)
        finally:
            self._signal = None

    async def _pause(self, failures: int) -> None:
        pause_ms = min(_PAUSE_MS * 2 ** min(failures - 1, 20), _PAUSE_MAX_MS)
        await self._until_roused(
            self._clock.now() + pause_ms, min(pause_ms / 1000, _PAUSE_SECONDS_MAX)
        )

    async def _until_queue_changes(
        self, queue_changed: Watch, until: int | None = None, real: float | None = None
    ) -> bool:
        """Wait for messages or other settings; False where the deadline came first."""
        self._signal = asyncio.get_running_loop().create_future()
        watching = asyncio.ensure_future(queue_changed(until=until, real_seconds=real))
        try:
            await asyncio.wait((watching, self._signal), return_when=asyncio.FIRST_COMPLETED)
            return not watching.done() or watching.result()
        finally:
            self._signal = None
            watching.cancel()

    # Receiving.

    async def _feed(self, queue_changed: Watch) -> None:
        """Receive once and set going what came, or wait for a reason to try again."""
        free = await self._limit() - self._running
        if free <= 0:
            await self._until_roused()
            return
        if not self._url:
            self._url = await mappings.queue_url(self._call, self.mapping.source_arn)
        mapping = self.mapping
        if mapping.window_seconds:
            messages = await self._gather(queue_changed)
            runs = [messages] if messages else []
        elif mapping.is_fifo:
            # One receive is one batch: the queue keeps a group's later messages back.
            messages = await self._receive(min(mapping.batch_size, RECEIVED_MAX))
            runs = [messages] if messages else []
        else:
            wanted = min(mapping.batch_size * free, RECEIVED_MAX)
            messages = await self._receive(wanted)
            runs = batches.chunks(messages, mapping.batch_size)
            if len(messages) == wanted:
                self._scaling.note_backlog(self._running + len(runs))
        for batch in runs:
            self._run(batch)
        if not runs:
            await self._rest(queue_changed)

    async def _limit(self) -> int:
        """How many batches may run at once now."""
        function_arn = self.mapping.function_arn
        account = account_of(function_arn)
        reserved = await self._platform.functions.reservations(self._call, account)
        name = function_arn[len(account) :].removeprefix("function:").partition(":")[0]
        limits = [self._scaling.allowed, self._platform.pool.count_max]
        if self.mapping.concurrency_max is not None:
            limits.append(self.mapping.concurrency_max)
        if name in reserved:
            limits.append(max(1, reserved[name]))
        return min(limits)

    async def _receive(self, count: int, wait_seconds: int = 0) -> list[Message]:
        """Messages that the function shall see; others that were there are deleted."""
        while True:
            found = await self._call.invoke(
                "sqs", "ReceiveMessage", QueueUrl=self._url, MaxNumberOfMessages=count,
                WaitTimeSeconds=wait_seconds, AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )  # fmt: skip
            messages: list[Message] = found.get("Messages") or []
            if not messages or not self._filters:
                return messages
            taken, left = filters.divide(messages, self._filters, self.mapping.source_arn)
            if left:
                await batch_runs.delete(self._call, self._url, left)
            if taken:
                return taken

    async def _gather(self, queue_changed: Watch) -> list[Message]:
        """Collect a batch until it is full or its window ends."""
        mapping = self.mapping
        gathered = await self._receive(min(mapping.batch_size, RECEIVED_MAX))
        if not gathered:
            return []
        until = self._clock.now() + mapping.window_seconds * 1000
        end_ms = self._clock.monotonic_ms() + mapping.window_seconds * 1000
        size = sum(len(message["Body"]) for message in gathered)
        while len(gathered) < mapping.batch_size and size < batch_runs.EVENT_BYTES_MAX:
            wanted = min(mapping.batch_size - len(gathered), RECEIVED_MAX)
            more = await self._receive(wanted)
            gathered += more
            size += sum(len(message["Body"]) for message in more)
            if self._is_stale:
                break
            real = (end_ms - self._clock.monotonic_ms()) / 1000
            if real <= 0 or self._clock.now() >= until:
                break
            if not more and not await self._until_queue_changes(queue_changed, until, real):
                break
        return gathered

    async def _rest(self, queue_changed: Watch) -> None:
        """The queue gave nothing: wait for a message, or for one that is hidden to come back."""
        self._scaling.note_idle()
        found = await self._call.invoke(
            "sqs", "GetQueueAttributes", QueueUrl=self._url, AttributeNames=list(_COUNTS)
        )
        if all(int(found["Attributes"].get(name, 0)) == 0 for name in _COUNTS):
            await self._until_queue_changes(queue_changed)
            return
        wanted = min(self.mapping.batch_size, RECEIVED_MAX)
        messages = await self._receive(wanted, LONG_POLL_SECONDS)
        for batch in batches.chunks(messages, self.mapping.batch_size):
            self._run(batch)

    # Running.

    def _run(self, batch: list[Message]) -> None:
        self._running += 1
        run = batch_runs.run(self._call, self._platform, self.mapping, self._url, batch)
        task = self._call.kernel.tasks.start("batch of messages", run)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running -= 1
        if not task.cancelled() and task.exception() is None:
            self._scaling.note_end(task.result())
        self._rouse()
