"""Reads of a row or two, on the event loop itself: handing them to a thread costs more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pileus.kernel.database.jobs import Job
from pileus.kernel.database.lane import QUEUE_FULL, tell
from pileus.kernel.database.readers import Reader, Readers, ReadSession
from pileus.kernel.database.store import StoreSettings
from pileus.kernel.errors import AwsError, service_unavailable

# One that takes longer is ended, and done again by a thread.
SECONDS_MAX = 0.005
# Others have the loop between so many.
_TOGETHER_MAX = 64


class ShortReads:
    """Runs reading jobs soon, on a connection that never waits; `readers` take what is not short.

    Each sees a snapshot taken after it was submitted.
    """

    def __init__(
        self,
        open_session: Callable[[], ReadSession],
        settings: StoreSettings,
        readers: Readers,
    ) -> None:
        self._reader = Reader(open_session, settings)
        self._settings = settings
        self._readers = readers
        self._waiting: list[Job] = []
        self._is_stopping = False

    def submit(self, job: Job) -> None:
        """Take a job; raises AwsError 503 where too many wait or the store is stopping."""
        if self._is_stopping:
            raise service_unavailable("The store is stopping.")
        if len(self._waiting) >= self._settings.waiting_max:
            raise service_unavailable(QUEUE_FULL)
        if not self._waiting:
            # Requests that came together share a snapshot.
            asyncio.get_running_loop().call_soon(self._run)
        self._waiting.append(job)

    def stop(self) -> None:
        """Finish the reads that wait and close the connection; before the readers stop."""
        self._is_stopping = True
        while self._waiting:
            self._run()
        self._reader.close()

    def _run(self) -> None:
        jobs, self._waiting = self._waiting[:_TOGETHER_MAX], self._waiting[_TOGETHER_MAX:]
        loop = asyncio.get_running_loop()
        if self._waiting:
            loop.call_soon(self._run)
        for job in jobs:
            self._reader.run(0, job, lambda: 0)
        self._reader.end()
        tell(loop, iter([job for job in jobs if not self._is_handed_on(job)]))

    def _is_handed_on(self, job: Job) -> bool:
        """Give a read that came to no end to the threads."""
        if not isinstance(job.error, AwsError) or job.error.status != 503:
            return False
        try:
            self._readers.submit(job)
        except AwsError:
            # It keeps the error that it has.
            return False
        job.error = None
        return True
