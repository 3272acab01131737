"""Feeds a pipe from its queue: receives, filters, gathers batches, runs some at once.

Nothing is asked on an interval: an empty queue is watched, and a queue whose messages are hidden
is asked by one long poll. What is lost with the process comes back by its visibility timeout.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pileus.kernel import arns, queue_records
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.queue_records import Message
from pileus.languages import event_patterns, record_filters
from pileus.services.pipes import batches, store, stream_batches
from pileus.services.pipes.pipe_settings import Pipe

if TYPE_CHECKING:
    from pileus.kernel.waiting import Watch

log = logging.getLogger(__name__)

RECEIVED_MAX = 10  # docs: ReceiveMessage, MaxNumberOfMessages
LONG_POLL_SECONDS = 20
# docs: eb-pipes-batching-concurrency; a standard queue begins with five.
RUNS_MAX = 5
_PAUSE_MS = 1_000
# By the platform's clock, and really: a queue that is not there shall not slow down an advance.
_PAUSE_MAX_MS = 3_600_000
_PAUSE_SECONDS_MAX = 30.0
_COUNTS = ("ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")


async def poll(call: Call, key: str) -> None:
    """Worker: runs until the pipe is changed, stopped or gone."""
    pipe: Pipe | None = await call.read(store.find, key, about=call.about)
    if pipe is None:
        return
    if pipe.is_fed_by_stream:
        await stream_batches.follow(call, pipe)
    else:
        await _Poller(call, pipe).run()


class _Line:
    """By which what was asked for a poller learns that nobody waits for the answer any more.

    Without it, a receive whose poller was dismissed would go on and hide a message for nobody.
    """

    def __init__(self) -> None:
        self._is_open = True
        self._told: list[Callable[[], None]] = []

    def is_open(self) -> bool:
        return self._is_open

    def when_lost(self, callback: Callable[[], None]) -> None:
        self._told.append(callback)

    def hang_up(self) -> None:
        self._is_open = False
        for callback in self._told:
            callback()


class _Poller:
    """One pipe's poller, for as long as its settings hold."""

    def __init__(self, call: Call, pipe: Pipe) -> None:
        self._call = call
        self._clock = call.kernel.clock
        self._pipe = pipe
        self._filters = [
            record_filters.compile(text, event_patterns.PIPES) for text in pipe.patterns
        ]
        self._url = ""
        self._runs: set[asyncio.Task[bool]] = set()

    async def run(self) -> None:
        failures = 0
        async with self._call.watching(self._pipe.source) as queue_changed:
            while True:
                try:
                    await self._feed(queue_changed)
                    failures = 0
                except AwsError as refusal:
                    failures += 1
                    log.warning("pipe %s cannot poll: %s", self._pipe.arn, refusal)
                    self._url = ""
                    await self._pause(failures)

    async def _pause(self, failures: int) -> None:
        pause_ms = min(_PAUSE_MS * 2 ** min(failures - 1, 20), _PAUSE_MAX_MS)
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._clock.wait(
            never, until=self._clock.now() + pause_ms,
            real_seconds=min(pause_ms / 1000, _PAUSE_SECONDS_MAX),
        )  # fmt: skip

    async def _feed(self, queue_changed: Watch) -> None:
        """Receive one batch and set it going, or wait for a reason to try again."""
        if len(self._runs) >= RUNS_MAX:
            await asyncio.wait(self._runs, return_when=asyncio.FIRST_COMPLETED)
            return
        if not self._url:
            self._url = await self._queue_url()
        messages = await self._receive(min(self._pipe.batch_size, RECEIVED_MAX))
        if not messages:
            messages = await self._rest(queue_changed)
        if messages and self._pipe.window_seconds:
            messages = await self._gather(queue_changed, messages)
        if messages:
            run = batches.run(self._call, self._pipe, self._url, messages)
            task = self._call.kernel.tasks.start("batch of a pipe", self._counted(run))
            self._runs.add(task)
            task.add_done_callback(self._runs.discard)

    async def _counted(self, run: Any) -> bool:
        """A batch is work that the clock waits for."""
        with self._call.kernel.work.running(f"batch of {self._call.about}"):
            is_well: bool = await run
            return is_well

    async def _queue_url(self) -> str:
        parts = arns.parse(self._pipe.source)
        assert parts is not None
        found = await self._call.invoke(
            "sqs", "GetQueueUrl", QueueName=parts.resource, QueueOwnerAWSAccountId=parts.account
        )
        url: str = found["QueueUrl"]
        return url

    async def _receive(self, count: int, wait_seconds: int = 0) -> list[Message]:
        """Messages that the filters take; others that were there are deleted."""
        while True:
            messages = await self._ask(count, wait_seconds)
            taken = [message for message in messages if self._is_taken(message)]
            left = [message for message in messages if message not in taken]
            if left:
                await batches.delete(self._call, self._url, left)
            if taken or not messages:
                return taken

    async def _ask(self, count: int, wait_seconds: int) -> list[Message]:
        call, line = self._call, _Line()
        asking = Call(
            call.kernel, call.context, call.operation, call.request_id,
            is_connected=line.is_open, when_lost=line.when_lost,
        )  # fmt: skip
        try:
            found = await asking.invoke(
                "sqs", "ReceiveMessage", QueueUrl=self._url, MaxNumberOfMessages=count,
                WaitTimeSeconds=wait_seconds, AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )  # fmt: skip
        finally:
            line.hang_up()
        messages: list[Message] = found.get("Messages") or []
        return messages

    def _is_taken(self, message: Message) -> bool:
        return record_filters.is_taken(
            queue_records.record(message, self._pipe.source), self._filters
        )

    async def _gather(self, queue_changed: Watch, gathered: list[Message]) -> list[Message]:
        """Collect a batch until it is full or its window ends."""
        pipe = self._pipe
        until = self._clock.now() + pipe.window_seconds * 1000
        end_ms = self._clock.monotonic_ms() + pipe.window_seconds * 1000
        while len(gathered) < pipe.batch_size:
            wanted = min(pipe.batch_size - len(gathered), RECEIVED_MAX)
            more = await self._receive(wanted)
            gathered += more
            real = (end_ms - self._clock.monotonic_ms()) / 1000
            if real <= 0 or self._clock.now() >= until:
                break
            if not more and not await queue_changed(until=until, real_seconds=real):
                break
        return gathered

    async def _rest(self, queue_changed: Watch) -> list[Message]:
        """The queue gave nothing: wait for a message, or for one that is hidden to come back."""
        found = await self._call.invoke(
            "sqs", "GetQueueAttributes", QueueUrl=self._url, AttributeNames=list(_COUNTS)
        )
        if all(int(found["Attributes"].get(name, 0)) == 0 for name in _COUNTS):
            await queue_changed()
            return []
        wanted = min(self._pipe.batch_size, RECEIVED_MAX)
        return await self._receive(wanted, LONG_POLL_SECONDS)
