"""A few connections that only read, each with a thread that starts when it is first needed."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import Protocol

from pileus.kernel.database.batches import LaneStatements
from pileus.kernel.database.lane import QUEUE_FULL, post, tell
from pileus.kernel.database.store import Job, StoreSettings
from pileus.kernel.errors import service_unavailable

log = logging.getLogger(__name__)

ANSWERS_HELD_SECONDS = 0.001
ANSWERS_HELD_MAX = 16


class ReadSession(Protocol):
    """One connection that reads; its methods run on one thread."""

    def begin(self) -> LaneStatements: ...

    def end(self) -> None: ...

    def answer(self, error: BaseException) -> BaseException: ...

    def close(self) -> None: ...


class Readers:
    """Runs reading jobs; each sees a snapshot taken after it was submitted."""

    def __init__(
        self,
        name: str,
        open_session: Callable[[], ReadSession],
        settings: StoreSettings,
        threads_max: int,
    ) -> None:
        self._name = name
        self._open_session = open_session
        self._settings = settings
        self._threads_max = threads_max
        self._threads: list[threading.Thread] = []
        self._waiting: SimpleQueue[Job | None] = SimpleQueue()
        self._unanswered = 0
        self._is_stopping = False
        self._idle: asyncio.Event = asyncio.Event()

    def submit(self, job: Job) -> None:
        """Take a job; raises AwsError 503 where too many wait or the store is stopping."""
        if self._is_stopping:
            raise service_unavailable("The store is stopping.")
        if self._unanswered >= self._settings.waiting_max:
            raise service_unavailable(QUEUE_FULL)
        self._unanswered += 1
        if self._unanswered > len(self._threads) < self._threads_max:
            self._start_thread()
        self._waiting.put(job)

    async def stop(self) -> None:
        """Finish the reads that wait and close the connections."""
        self._is_stopping = True
        while self._unanswered:
            self._idle.clear()
            await self._idle.wait()
        for _ in self._threads:
            self._waiting.put(None)
        # Each closes its connection at once: nothing is left to run.
        for thread in self._threads:
            thread.join()

    def _start_thread(self) -> None:
        thread = threading.Thread(
            target=self._serve,
            args=(asyncio.get_running_loop(),),
            name=f"{self._name}-{len(self._threads)}",
            daemon=True,
        )
        self._threads.append(thread)
        thread.start()

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        session: ReadSession | None = None
        while (job := self._waiting.get()) is not None:
            answered: list[Job] = []
            started = perf_counter()
            while job is not None:
                session = self._run(session, job)
                answered.append(job)
                job = None
                if (
                    len(answered) < ANSWERS_HELD_MAX
                    and perf_counter() - started < ANSWERS_HELD_SECONDS
                ):
                    job = self._next()
            post(loop, self._answer, answered)
        if session is not None:
            session.close()

    def _next(self) -> Job | None:
        try:
            job = self._waiting.get_nowait()
        except Empty:
            return None
        if job is None:
            # The sign to stop is for the outer loop.
            self._waiting.put(None)
        return job

    def _run(self, session: ReadSession | None, job: Job) -> ReadSession | None:
        """Run a job; return the session for the next one, None if it is of no more use."""
        try:
            session, statements = self._begin(session)
        except BaseException as error:
            log.warning("the store cannot be read: %s", error)
            job.error = service_unavailable("The store cannot be read now.")
            return None
        try:
            tx = self._settings.make_transaction(statements, job.part, job.about)
            job.result = job.function(tx, *job.args)
            if statements.failure is not None:
                raise statements.failure
        except BaseException as error:
            job.error = session.answer(error)
        statements.close()
        try:
            session.end()
        except BaseException as error:
            log.warning("a reading connection was given up: %s", error)
            session.close()
            return None
        return session

    def _begin(self, session: ReadSession | None) -> tuple[ReadSession, LaneStatements]:
        """Open a snapshot, on a new connection where the old one was cut."""
        if session is not None:
            try:
                return session, session.begin()
            except BaseException as error:
                log.warning("a reading connection was replaced: %s", error)
                session.close()
        session = self._open_session()
        return session, session.begin()

    def _answer(self, jobs: list[Job]) -> None:
        self._unanswered -= len(jobs)
        if not self._unanswered:
            self._idle.set()
        tell(asyncio.get_running_loop(), iter(jobs))
