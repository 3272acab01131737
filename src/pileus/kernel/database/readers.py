"""A few connections that only read, each with a thread that starts when it is first needed."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from time import perf_counter
from typing import Protocol

from pileus.kernel.database.batches import LaneStatements
from pileus.kernel.database.jobs import Job
from pileus.kernel.database.lane import QUEUE_FULL, post, tell
from pileus.kernel.database.store import StoreSettings
from pileus.kernel.database.turns import Turn
from pileus.kernel.errors import service_unavailable

log = logging.getLogger(__name__)

ANSWERS_HELD_SECONDS = 0.001
ANSWERS_HELD_MAX = 16
# The loop waits so long for reads: see the lane. Those that take longer run beside it, and others
# that wait behind them get a thread of their own.
TURN_SECONDS_MAX = 0.005


class ReadSession(Protocol):
    """One connection that reads; its methods run on one thread."""

    def begin(self) -> LaneStatements: ...

    def again(self) -> LaneStatements: ...

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
        *,
        takes_turns: bool,
    ) -> None:
        self._name = name
        self._open_session = open_session
        self._settings = settings
        self._threads_max = threads_max
        # Not where a read waits for a server, and leaves the interpreter meanwhile.
        self._takes_turns = takes_turns
        self._threads: list[threading.Thread] = []
        # Jobs by their numbers: a snapshot serves all that were submitted before it was taken.
        self._waiting: deque[tuple[int, Job]] = deque()
        self._bell: SimpleQueue[bool] = SimpleQueue()
        self._is_rung = False
        # One for each thread that is free: adding and taking are atomic.
        self._asleep: deque[None] = deque()
        self._turn = Turn(TURN_SECONDS_MAX)
        self._submitted = 0
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
        self._submitted += 1
        self._waiting.append((self._submitted, job))
        if not self._is_rung:
            self._is_rung = True
            # Rung after the turn: requests that came together share a snapshot.
            asyncio.get_running_loop().call_soon(self._ring)

    def _ring(self) -> None:
        """Let one thread have all that waits, and others what then still does."""
        self._is_rung = False
        for _ in range(min(len(self._waiting), self._threads_max)):
            if not self._waiting:
                return
            if self._asleep:
                self._asleep.pop()
            elif len(self._threads) < self._threads_max:
                self._start_thread()
            else:
                # Whoever is done first goes on with these.
                return
            if self._takes_turns:
                self._turn.give(lambda: self._bell.put(True))
            else:
                self._bell.put(True)

    async def stop(self) -> None:
        """Finish the reads that wait and close the connections."""
        self._is_stopping = True
        while self._unanswered:
            self._idle.clear()
            await self._idle.wait()
        for _ in self._threads:
            self._bell.put(False)
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
        reader = Reader(self._open_session, self._settings)
        while self._bell.get():
            self._serve_all(reader, loop)
        reader.close()

    def _serve_all(self, reader: Reader, loop: asyncio.AbstractEventLoop) -> None:
        """Until nothing waits, and the loop knows that this thread is free."""
        while True:
            while self._waiting:
                self._serve_some(reader, loop)
            self._turn.end()
            self._asleep.append(None)
            # Asleep first, then look again: the other order loses a job submitted in between.
            if not self._waiting:
                return
            try:
                self._asleep.pop()
            except IndexError:
                # The loop has counted on this thread meanwhile, and rings.
                return

    def _serve_some(self, reader: Reader, loop: asyncio.AbstractEventLoop) -> None:
        answered: list[Job] = []
        end = perf_counter() + ANSWERS_HELD_SECONDS
        while len(answered) < ANSWERS_HELD_MAX:
            try:
                number, job = self._waiting.popleft()
            except IndexError:
                break
            reader.run(number, job, lambda: self._submitted)
            answered.append(job)
            if perf_counter() > end:
                break
        reader.end()
        if answered:
            post(loop, self._answer, answered)

    def _answer(self, jobs: list[Job]) -> None:
        self._unanswered -= len(jobs)
        if not self._unanswered:
            self._idle.set()
        tell(asyncio.get_running_loop(), iter(jobs))


class Reader:
    """A connection that one thread uses, and the snapshot that it has open."""

    def __init__(self, open_session: Callable[[], ReadSession], settings: StoreSettings) -> None:
        self._open_session = open_session
        self._settings = settings
        self._session: ReadSession | None = None
        self._is_open = False
        # The last job that had been submitted when the snapshot was taken.
        self._seen = 0

    def run(self, number: int, job: Job, submitted: Callable[[], int]) -> None:
        """Run a job; how it ended is noted on it."""
        try:
            session, statements = self._begin(number, submitted)
        except BaseException as error:
            log.warning("the store cannot be read: %s", error)
            job.error = service_unavailable("The store cannot be read now.")
            self._session = None
            return
        try:
            tx = self._settings.make_transaction(statements, job.part, job.about)
            job.result = job.function(tx, *job.args)
            if statements.failure is not None:
                raise statements.failure
        except BaseException as error:
            job.error = session.answer(error)
        is_sound = statements.failure is None
        statements.close()
        if not is_sound:
            self.end()

    def _begin(
        self, number: int, submitted: Callable[[], int]
    ) -> tuple[ReadSession, LaneStatements]:
        """The snapshot that is open, or a new one; on a new connection where the old was cut."""
        if self._session is not None and self._is_open:
            if number <= self._seen:
                return self._session, self._session.again()
            self.end()
        # Before it is taken: the other order would hide what was committed in between.
        self._seen = submitted()
        if self._session is not None:
            try:
                statements = self._session.begin()
            except BaseException as error:
                log.warning("a reading connection was replaced: %s", error)
                self._session.close()
            else:
                self._is_open = True
                return self._session, statements
        self._session = self._open_session()
        statements = self._session.begin()
        self._is_open = True
        return self._session, statements

    def end(self) -> None:
        """Let the snapshot go; give the connection up where that fails."""
        if self._session is None or not self._is_open:
            return
        self._is_open = False
        try:
            self._session.end()
        except BaseException as error:
            log.warning("a reading connection was given up: %s", error)
            self._session.close()
            self._session = None

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
