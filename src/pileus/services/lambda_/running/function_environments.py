"""The environments of one configuration, and the events that wait for one of them."""

from __future__ import annotations

import asyncio
from collections import Counter, deque

from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.running.environments import Environment


class Waiter:
    """An event that waits for an environment of its function's configuration."""

    __slots__ = ("function", "future")

    def __init__(self, function: Function) -> None:
        self.function = function
        self.future: asyncio.Future[Environment] = asyncio.get_running_loop().create_future()


class OfFunction:
    """The environments of $LATEST or of a version, and the events that wait for one."""

    __slots__ = ("idle", "init_failures", "provisioned", "ready", "starting", "waiters")

    def __init__(self) -> None:
        # The one used last is last; a snapshot that waits to be restored is first.
        self.idle: list[Environment] = []
        self.waiters: deque[Waiter] = deque()
        # How many starts are under way for waiting events, by the generation of the function.
        self.starting: Counter[int] = Counter()
        # Those that are kept for provisioned concurrency, and which of them are idle.
        self.provisioned: dict[Environment, None] = {}
        self.ready: list[Environment] = []
        # How many of them have ended one after the other without having run an event.
        self.init_failures = 0

    def uncovered(self) -> Waiter | None:
        """An event that waits beyond those for which an environment is being started.

        Whichever start ends first serves whoever has waited longest.
        """
        waiting: Counter[int] = Counter()
        for waiter in self.waiters:
            if not waiter.future.done():
                generation = waiter.function.generation
                waiting[generation] += 1
                if waiting[generation] > self.starting[generation]:
                    return waiter
        return None
