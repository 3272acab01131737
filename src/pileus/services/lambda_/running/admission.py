"""Who may run now: counts running invocations against the limits of function and account."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from pileus.services.lambda_ import errors
from pileus.services.lambda_.capacity import rules
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.provisioned.rules import ACCOUNT_LIMIT

RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"
UNRESERVED = "ConcurrentInvocationLimitExceeded"


class Admission:
    """Only for the event loop's thread. `account` is the ARN that names account and region."""

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()  # by function
        self._unreserved: Counter[str] = Counter()  # by account
        self._managed: Counter[str] = Counter()  # by version on a capacity provider
        self._waiters: list[asyncio.Future[None]] = []

    def enter(self, function: Function, account: str, reservations: Mapping[str, int]) -> bool:
        """Count an invocation in; raises AWS's throttle. The answer belongs to `leave`."""
        if function.capacity is not None:
            most = rules.running_max(function)
            if most is not None and self._managed[function.qualified_arn] >= most:
                raise errors.throttled(RESERVED)
        reserved = reservations.get(function.name)
        if reserved is not None:
            if self._running[function.arn] >= reserved:
                raise errors.throttled(RESERVED)
        elif self._unreserved[account] >= ACCOUNT_LIMIT - sum(reservations.values()):
            raise errors.throttled(UNRESERVED)
        else:
            self._unreserved[account] += 1
        self._running[function.arn] += 1
        if function.capacity is not None:
            self._managed[function.qualified_arn] += 1
        return reserved is None

    def leave(self, function: Function, account: str, was_unreserved: bool) -> None:
        arn = function.arn
        self._running[arn] -= 1
        if not self._running[arn]:
            del self._running[arn]
        if function.capacity is not None:
            self._managed[function.qualified_arn] -= 1
            if not self._managed[function.qualified_arn]:
                del self._managed[function.qualified_arn]
        if was_unreserved:
            self._unreserved[account] -= 1
        if self._waiters:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    def running(self, arn: str) -> int:
        return self._running[arn]

    def unreserved(self, account: str) -> int:
        return self._unreserved[account]

    def freed(self) -> asyncio.Future[None]:
        """Done when the next invocation of any function ends."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        return waiter
