"""One writing connection and its thread: runs waiting functions together and commits once."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

from pileus.kernel.database.batches import BATCH_JOBS_MAX, Batches, Session, SyncFailed
from pileus.kernel.database.jobs import Job
from pileus.kernel.database.store import StoreSettings
from pileus.kernel.database.turns import Turn
from pileus.kernel.errors import service_unavailable

log = logging.getLogger(__name__)

# The loop waits so long for the functions of a batch.
_TURN_SECONDS_MAX = 0.002

QUEUE_FULL = "Too many requests are waiting for the store."


class Lane:
    """Takes jobs from the event loop and answers them there; thread hops are paid per batch."""

    def __init__(
        self, name: str, open_session: Callable[[], Session], settings: StoreSettings
    ) -> None:
        self._open_session = open_session
        self._settings = settings
        self._waiting: deque[Job] = deque()
        self._bell: SimpleQueue[None] = SimpleQueue()
        # Not where the functions wait for a server, and leave the interpreter meanwhile.
        self._takes_turns = False
        self._turn = Turn(_TURN_SECONDS_MAX)
        self._is_asleep = False
        self._has_answered = False
        self._refusal: str | None = "The store has not been started."
        self._is_stopping = False
        self._writer_thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._opened: asyncio.Future[None]
        self._closed: asyncio.Future[None]

    async def start(self) -> None:
        """Open the connection; what opening raises is raised here."""
        self._loop = asyncio.get_running_loop()
        self._opened = self._loop.create_future()
        self._closed = self._loop.create_future()
        self._writer_thread.start()
        await self._opened
        self._refusal = None

    def refuse(self) -> None:
        """Take no more jobs."""
        self._refusal = "The store is stopping."

    async def stop(self) -> None:
        """Finish the jobs that wait, close the connection."""
        self.refuse()
        if not self._writer_thread.is_alive():
            return
        self._is_stopping = True
        self._bell.put(None)
        await self._closed

    def submit(self, job: Job) -> None:
        """Take a job; raises AwsError 503 where the queue is full or the store does not serve."""
        if self._refusal is not None or len(self._waiting) >= self._settings.waiting_max:
            raise service_unavailable(self._refusal or QUEUE_FULL)
        self._waiting.append(job)
        if self._is_asleep:
            self._is_asleep = False
            # Rung after the turn: requests that came together go into one batch.
            self._loop.call_soon(self._ring)

    def _ring(self) -> None:
        """Wake the writer, and let it have the interpreter until it waits for the disk."""
        if self._takes_turns:
            self._turn.give(lambda: self._bell.put(None))
        else:
            self._bell.put(None)

    def _serve(self) -> None:
        try:
            session = self._open_session()
        except BaseException as error:
            post(self._loop, settle, self._opened, error)
            post(self._loop, settle, self._closed, None)
            return
        self._takes_turns = session.is_local
        post(self._loop, settle, self._opened, None)
        try:
            self._serve_batches(session)
        except SyncFailed as failure:
            self._end(f"fsync failed: {failure}")
        except BaseException as error:
            log.exception("the lane %s failed", self._writer_thread.name)
            self._end(f"the store's writer failed: {error!r}")
        finally:
            session.close()
            post(self._loop, settle, self._closed, None)

    def _end(self, reason: str) -> None:
        self._refusal = "The store has failed."
        self._settings.die(reason)
        # Only where `die` returns (tests): nothing is known of the batch, but these never ran.
        refused = list(self._waiting)
        for job in refused:
            job.error = service_unavailable(self._refusal)
        self._ended(refused, [])

    def _serve_batches(self, session: Session) -> None:
        waiting = self._waiting
        batches = Batches(session, self._settings, self._ended, self._put_back, self._turn.end)
        while True:
            while waiting:
                count = min(len(waiting), BATCH_JOBS_MAX)
                self._has_answered = False
                batches.run([waiting.popleft() for _ in range(count)])
                self._turn.end()
                session.rest()
                if self._has_answered and not self._is_stopping:
                    # The loop hands out the answers and reads what they bring, then rings.
                    self._bell.get()
            if self._is_stopping:
                return
            # Asleep first, then look again: the other order loses a job submitted in between.
            self._is_asleep = True
            if not waiting:
                self._turn.end()
                self._bell.get()
            self._is_asleep = False

    def _put_back(self, jobs: list[Job]) -> None:
        self._waiting.extendleft(reversed(jobs))

    def _ended(self, jobs: list[Job], effects: list[Any]) -> None:
        self._has_answered = True
        post(self._loop, self._answer, iter(jobs), effects)

    def _answer(self, jobs: Iterator[Job], effects: list[Any]) -> None:
        try:
            if effects:
                self._settings.on_commit(effects)
        finally:
            try:
                tell(self._loop, jobs)
            finally:
                # Whatever an answer comes to: the writer waits for this.
                self._loop.call_soon(self._ring)


def post(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *args: Any) -> None:
    """Call on the loop's thread; a loop that is closed has nobody left to tell."""
    try:
        loop.call_soon_threadsafe(function, *args)
    except RuntimeError:
        log.warning("the event loop closed before the store was stopped")


def tell(loop: asyncio.AbstractEventLoop, jobs: Iterator[Job]) -> None:
    """Tell each job how it ended; one that raises does not leave the others untold."""
    try:
        for job in jobs:
            job.done(job.result, job.error)
    finally:
        if rest := list(jobs):
            loop.call_soon(tell, loop, iter(rest))


def settle(future: asyncio.Future[None], error: BaseException | None) -> None:
    """Set a future whose waiter may have been cancelled."""
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
