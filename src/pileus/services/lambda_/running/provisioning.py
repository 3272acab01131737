"""Keeps environments ready for provisioned concurrency, as many as are claimed for a version."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from pileus.kernel.call import Call
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.running import environments
from pileus.services.lambda_.running.environments import Environment
from pileus.services.lambda_.running.function_environments import OfFunction
from pileus.services.lambda_.running.pool import Pool

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel

_STARTED_TOGETHER = 10
# Of the environments that the machine bears; events of other functions need the rest.
_SHARE_MAX = 0.5
# An environment is replaced so long before its credentials are too old to take an event.
_REPLACED_BEFORE_MS = 10 * 60_000


class Claim(NamedTuple):
    """So many environments of a version, for one name (an alias or the version itself)."""

    function: Function
    environments: int


class Kept(NamedTuple):
    """What there is for a name: how many environments, and when they must be replaced."""

    available: int
    replace_at: int | None


class Provisioning:
    """Only for the event loop's thread. Claims are by the qualified ARN of a configuration."""

    def __init__(self, kernel: Kernel, pool: Pool) -> None:
        self._kernel = kernel
        self._pool = pool
        # Claims by version, then by name; and how many environments are being started.
        self._claims: dict[str, dict[str, Claim]] = defaultdict(dict)
        self._starting: dict[str, int] = defaultdict(int)

    async def keep(self, call: Call, name: str, claims: list[Claim]) -> Kept:
        """See to it that the claimed environments are there; the last claim of a name counts."""
        wanted = {claim.function.qualified_arn: claim for claim in claims}
        for version in [each for each, by_name in self._claims.items() if name in by_name]:
            if version not in wanted:
                self._withdraw(version, name)
        available = 0
        due: list[int] = []
        for version, claim in wanted.items():
            self._claims[version][name] = claim
            alive = await self._fill(call, claim.function)
            available += min(claim.environments, len(alive))
            due += [each.credentials_expire_at - _REPLACED_BEFORE_MS for each in alive]
        return Kept(available, min(due, default=None))

    def available(self, name: str) -> int:
        """How many environments there are now for a name, busy ones included."""
        return sum(
            min(by_name[name].environments, len(self._pool.of(by_name[name].function).provisioned))
            for by_name in self._claims.values()
            if name in by_name
        )

    def init_failures(self, name: str) -> int:
        """How many have ended one after the other before they took an event."""
        failures = (
            self._pool.of(by_name[name].function).init_failures
            for by_name in self._claims.values()
            if name in by_name
        )
        return max(failures, default=0)

    def release(self, name: str) -> None:
        """Nothing is provisioned for the name any more."""
        for version in [each for each, by_name in self._claims.items() if name in by_name]:
            self._withdraw(version, name)

    def _withdraw(self, version: str, name: str) -> None:
        claim = self._claims[version].pop(name)
        self._trim(claim.function, self._wanted(version))
        if not self._claims[version]:
            del self._claims[version]

    def _wanted(self, version: str) -> int:
        return sum(claim.environments for claim in self._claims[version].values())

    async def _fill(self, call: Call, function: Function) -> list[Environment]:
        """Start what is missing, then end what is too old or too many; what there is."""
        version = function.qualified_arn
        mine = self._pool.of(function)
        while True:
            fresh = [each for each in mine.provisioned if self._is_fresh(each, function)]
            missing = self._wanted(version) - len(fresh) - self._starting[version]
            room = int(self._pool.count_max * _SHARE_MAX) - self._pool.provisioned_count()
            batch = min(missing, room, _STARTED_TOGETHER)
            if batch <= 0:
                break
            self._starting[version] += batch
            try:
                with self._kernel.work.running(f"provisioning of {version}"):
                    started = await asyncio.gather(
                        *[self._start(call, function) for _ in range(batch)],
                        return_exceptions=True,
                    )
            finally:
                self._starting[version] -= batch
            for failure in started:
                if isinstance(failure, BaseException):
                    raise failure
        for each in list(mine.ready):
            if not self._is_fresh(each, function):
                self._end(mine, each)
        self._trim(function, self._wanted(version))
        return list(mine.provisioned)

    async def _start(self, call: Call, function: Function) -> None:
        environment = await self._pool.start(call, function, environments.PROVISIONED)
        environment.is_provisioned = True
        self._pool.of(function).provisioned[environment] = None
        self._pool.release(environment)

    def _is_fresh(self, environment: Environment, function: Function) -> bool:
        left_ms = environment.credentials_expire_at - self._kernel.clock.now()
        is_current = environment.function.generation == function.generation
        return is_current and environment.sandbox.is_alive and left_ms > _REPLACED_BEFORE_MS

    def _trim(self, function: Function, count: int) -> None:
        """End those that are too many; one that runs an event serves as any other after it."""
        mine = self._pool.of(function)
        while len(mine.provisioned) > count and mine.ready:
            self._end(mine, mine.ready[-1])
        for each in list(mine.provisioned)[count:]:
            del mine.provisioned[each]

    def _end(self, mine: OfFunction, environment: Environment) -> None:
        """End one that nobody needs: nobody is told that it has gone."""
        mine.ready.remove(environment)
        mine.provisioned.pop(environment, None)
        self._pool.retire(environment)
