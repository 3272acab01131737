"""SHUTDOWN of an environment with extensions: the runtime first, then the extensions, in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pileus.sandbox import real_time
from pileus.sandbox.environments.extensions import SHUTDOWN, Extension, Extensions
from pileus.sandbox.trees.processes import Processes

# docs: runtimes-extensions-api, "Shutdown phase"
_ALL_SECONDS = 2.0
_RUNTIME_SECONDS = 0.3
_RUNTIME_SECONDS_INTERNAL = 0.5


class Shutdown:
    """One shutdown on its way; whoever is too slow is killed with all others."""

    def __init__(
        self, tree: Processes, extensions: Extensions, reason: str, now_ms: Callable[[], int]
    ) -> None:
        self._tree = tree
        self._extensions = extensions
        self._reason = reason
        self._now_ms = now_ms
        self._deadline = real_time.seconds() + _ALL_SECONDS
        self._timer: asyncio.TimerHandle | None = None
        self._is_telling = False

    def begin(self, has_runtime: bool) -> None:
        internal = any(not each.is_external for each in self._extensions.registered.values())
        seconds = _RUNTIME_SECONDS_INTERNAL if internal else _RUNTIME_SECONDS
        if has_runtime:
            self._tree.terminate_runtime()
            self._timer = real_time.after(seconds, self._end_runtime)
        else:
            self.runtime_ended()

    def _end_runtime(self) -> None:
        self._tree.end_runtime()
        self.runtime_ended()

    def runtime_ended(self) -> None:
        """It is the extensions' turn."""
        if self._is_telling:
            return
        self._is_telling = True
        self.cancel()
        remaining = max(0.0, self._deadline - real_time.seconds())
        self._timer = real_time.after(remaining, self._tree.kill)
        for extension in self._extensions.external:
            if extension.connection:
                self.tell(extension)
        self.extension_ended()

    def tell(self, extension: Extension) -> None:
        """Answer its question for the next event, which may come late."""
        if not self._is_telling or SHUTDOWN not in extension.events:
            return
        remaining_ms = int((self._deadline - real_time.seconds()) * 1000)
        extension.send(
            {
                "eventType": SHUTDOWN,
                "shutdownReason": self._reason,
                "deadlineMs": self._now_ms() + remaining_ms,
            }
        )

    def extension_ended(self) -> None:
        awaited = [each for each in self._extensions.external if SHUTDOWN in each.events]
        if self._is_telling and all(each.has_exited for each in awaited):
            self.cancel()
            self._tree.kill()

    def cancel(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
