"""The environments that are alive: finds one for an event, starts new ones, retires old ones.

They die with the process. An event takes the environment that was used last; if none is free, a
new one starts, and the event goes to whichever is ready first.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict, deque
from typing import TYPE_CHECKING

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.fleet import StartFailure
from pileus.services.lambda_ import errors
from pileus.services.lambda_.functions import (
    file_systems,
    runtime_errors,
    runtimes,
)
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.running import (
    environments,
    log_lines,
    machine_limits,
    networks,
    system_log,
)
from pileus.services.lambda_.running.credentials import RoleCredentials
from pileus.services.lambda_.running.environments import Environment, NotPrepared
from pileus.services.lambda_.running.function_environments import OfFunction, Waiter
from pileus.services.lambda_.running.log_writer import LogWriter
from pileus.services.lambda_.snap_start import snap_start_errors

if TYPE_CHECKING:
    from pileus.kernel.clock import Cancellable
    from pileus.kernel.kernel import Kernel

log = logging.getLogger(__name__)

IDLE_MINUTES = 10
_IDLE_MS = IDLE_MINUTES * 60_000
# An environment whose credentials end sooner than this is not used for another event.
_CREDENTIALS_MARGIN_MS = 5 * 60_000


class Pool:
    """Only for the event loop's thread."""

    def __init__(self, kernel: Kernel, log_writer: LogWriter) -> None:
        self._kernel = kernel
        self._log_writer = log_writer
        self._credentials = RoleCredentials()
        self._functions: dict[str, OfFunction] = {}
        # All environments, and those that are idle with the longest idle first.
        self._alive: dict[Environment, None] = {}
        self._idle: OrderedDict[Environment, None] = OrderedDict()
        self._starting = 0
        self._memory_mb = 0
        self._reapers: list[Cancellable] = []
        self._room: deque[asyncio.Future[None]] = deque()
        self._is_closed = False
        self.count_max, self._memory_mb_max = machine_limits.of_this_machine()

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def counts(self) -> dict[str, tuple[int, int]]:
        """(alive, idle) environments of each function and version, by its ARN."""
        alive = Counter(environment.function.qualified_arn for environment in self._alive)
        idle = Counter(environment.function.qualified_arn for environment in self._idle)
        idle.update({arn: len(mine.ready) for arn, mine in self._functions.items()})
        return {arn: (count, idle[arn]) for arn, count in alive.items()}

    async def take(self, call: Call, function: Function) -> Environment:
        """An environment of this very configuration, ready for one event."""
        if self._is_closed:
            raise errors.stopping()
        mine = self.of(function)
        while mine.ready:
            environment = mine.ready.pop()
            if self.is_fit(environment, function):
                return environment
            self.retire(environment)
        while mine.idle:
            environment = mine.idle.pop()
            del self._idle[environment]
            if self.is_fit(environment, function):
                if environment.is_snapshot:
                    self._kernel.tasks.start("snapshot", self._replace_snapshot(call, function))
                return environment
            self.retire(environment)
        waiter = Waiter(function)
        mine.waiters.append(waiter)
        self._start_missing(call, mine)
        return await waiter.future

    def of(self, function: Function) -> OfFunction:
        mine = self._functions.get(function.qualified_arn)
        if mine is None:
            mine = self._functions[function.qualified_arn] = OfFunction()
        return mine

    def is_fit(self, environment: Environment, function: Function) -> bool:
        """Whether an event of this very configuration may run in it now."""
        return (
            environment.function.generation == function.generation
            and environment.is_usable
            and environment.sandbox.is_alive
            and environment.credentials_expire_at - self._kernel.clock.now()
            > _CREDENTIALS_MARGIN_MS
        )

    def release(self, environment: Environment) -> None:
        """An event has ended: the environment serves the next one, or rests."""
        self._memory_mb += environment.memory_mb - environment.counted_mb
        environment.counted_mb = environment.memory_mb
        mine = self._functions.get(environment.function.qualified_arn)
        is_fit = environment.is_usable and environment.sandbox.is_alive
        if mine is None or not is_fit or self._is_closed:
            self.retire(environment)
            return
        generation = environment.function.generation
        for waiter in mine.waiters:
            if waiter.function.generation == generation and not waiter.future.done():
                mine.waiters.remove(waiter)
                waiter.future.set_result(environment)
                return
        self._rest(environment, mine)

    def _rest(self, environment: Environment, mine: OfFunction) -> None:
        if environment in mine.provisioned:
            mine.ready.append(environment)
            self._give_room()
            return
        clock = self._kernel.clock
        environment.idle_at = clock.now()
        environment.idle_real_ms = clock.monotonic_ms()
        mine.idle.insert(0 if environment.is_snapshot else len(mine.idle), environment)
        self._idle[environment] = None
        self._give_room()
        if not self._reapers:
            self._arm()

    # Starting.

    def _start_missing(self, call: Call, mine: OfFunction) -> None:
        """See to it that an environment is being started for each event that waits."""
        while (waiter := mine.uncovered()) is not None:
            mine.starting[waiter.function.generation] += 1
            self._kernel.tasks.start("cold start", self._start_for(call, mine, waiter))

    async def _start_for(self, call: Call, mine: OfFunction, waiter: Waiter) -> None:
        """Start an environment because of a waiting event, which may be served earlier."""
        environment = None
        try:
            with self._kernel.work.running(f"start for {waiter.function.arn}"):
                if await self._make_room(waiter):
                    environment = await self.start(call, waiter.function)
        except (AwsError, StartFailure, NotPrepared) as failure:
            log.warning("no environment for %s: %s", waiter.function.arn, failure)
            self._give_room()
            if not waiter.future.done():
                mine.waiters.remove(waiter)
                waiter.future.set_exception(_refusal(failure))
        finally:
            mine.starting[waiter.function.generation] -= 1
        if environment is not None:
            self.release(environment)
        # Others may have counted on this start, which came to nothing.
        self._start_missing(call, mine)

    async def prepare(self, call: Call, function: Function) -> None:
        """Run the INIT of a version with SnapStart, for the event that restores it.

        Raises NotPrepared, StartFailure or AWS's errors.
        """
        with self._kernel.work.running(f"snapshot of {function.qualified_arn}"):
            environment = await self.start(call, function)
            self.of(function)
            self.release(environment)

    async def _replace_snapshot(self, call: Call, function: Function) -> None:
        """The one that was prepared is being restored: the next one wants another."""
        if len(self._alive) + self._starting >= self.count_max or self._is_closed:
            return
        try:
            await self.prepare(call, function)
        except (AwsError, StartFailure, NotPrepared) as failure:
            log.warning("no snapshot of %s: %s", function.qualified_arn, failure)

    async def start(
        self, call: Call, function: Function, initialization: str = environments.ON_DEMAND
    ) -> Environment:
        """A new environment that belongs to nobody yet."""
        self._starting += 1
        try:
            return await self._start(call, function, initialization)
        finally:
            self._starting -= 1

    async def _start(self, call: Call, function: Function, initialization: str) -> Environment:
        kernel = self._kernel
        if function.is_snap_started:
            initialization = environments.SNAP_START
        elif function.capacity is not None:
            initialization = environments.MANAGED
        runtime: str | None = ""
        if function.image is None:
            runtime = runtimes.nearest(function.runtime, kernel.fleet.runtimes())
        if runtime is None:
            raise runtime_errors.runtime_lost(function.runtime)
        installed = await environments.installed(call, function)
        credentials = await self._credentials.of(call, function)
        name = log_lines.stream_name(
            kernel.clock.now(), function.version, kernel.ids.hexadecimal(32)
        )
        stream = self._log_writer.stream(environments.log_group_arn(function), function.arn, name)
        environment = Environment(function, stream, kernel.clock, credentials.expires_at)
        is_apart = kernel.settings.isolation == "sandbox"
        endpoint = environments.ENDPOINT_INSIDE if is_apart else kernel.host_url
        spec = environments.spec(
            function,
            runtime,
            kernel.ids.uuid(),
            environments.variables(function, credentials, name, endpoint, initialization),
            installed[0].code_path,
            tuple(each.code_path for each in installed[1:]),
            await file_systems.mounts(call, function),
            networks.network(function, kernel.settings),
        )
        if function.image is None:
            begun = system_log.init_start(function, kernel.clock.now(), initialization)
            environment.write(begun)
        environment.sandbox = await kernel.fleet.start(
            spec, environment.take_output, lambda: self._ended(environment)
        )
        self._alive[environment] = None
        if function.is_snap_started:
            try:
                await environment.initialized()
            except NotPrepared:
                self.retire(environment)
                raise
        return environment

    # Room for more, and the end of environments.

    async def _make_room(self, waiter: Waiter) -> bool:
        """Retire the longest idle while there are too many, or wait where all are busy.

        False where the waiter was served in the meantime.
        """
        while not waiter.future.done():
            is_full = len(self._alive) + self._starting >= self.count_max
            if not is_full and self._memory_mb < self._memory_mb_max:
                return True
            if self._idle:
                self._drop(next(iter(self._idle)))
                continue
            # What is provisioned and has nothing to do will not make room.
            if len(self._alive) <= self._ready_count() and not self._starting:
                return True
            room: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._room.append(room)
            waiter.future.add_done_callback(lambda _, room=room: _open(room))  # type: ignore[misc]
            await room
        self._give_room()
        return False

    def provisioned_count(self) -> int:
        """How many environments are kept for provisioned concurrency."""
        return sum(len(mine.provisioned) for mine in self._functions.values())

    def _ready_count(self) -> int:
        return sum(len(mine.ready) for mine in self._functions.values())

    def _give_room(self) -> None:
        while self._room:
            if _open(self._room.popleft()):
                return

    def _drop(self, environment: Environment) -> None:
        """Retire an idle environment."""
        del self._idle[environment]
        self._functions[environment.function.qualified_arn].idle.remove(environment)
        self.retire(environment)

    def retire(self, environment: Environment) -> None:
        environment.end()
        if self._alive.pop(environment, _MISSING) is _MISSING:
            return
        mine = self._functions.get(environment.function.qualified_arn)
        if mine is not None and mine.provisioned.pop(environment, _MISSING) is not _MISSING:
            # Whoever keeps them starts another.
            mine.init_failures = 0 if environment.has_run else mine.init_failures + 1
            self._kernel.waiting.wake(provisioned_topic(environment.function.qualified_arn))
        self._memory_mb -= environment.counted_mb
        environment.log.flush_soon()
        self._give_room()
        self._kernel.tasks.start("retire environment", environment.sandbox.stop())

    def _ended(self, environment: Environment) -> None:
        """The sandbox ended unasked."""
        mine = self._functions.get(environment.function.qualified_arn)
        if environment in self._idle:
            self._drop(environment)
        elif mine is not None and environment in mine.ready:
            mine.ready.remove(environment)
            self.retire(environment)
        else:
            environment.is_usable = False

    def retire_old(self, arn: str, current: Function | None) -> None:
        """A function or version has changed: its idle environments of older settings go."""
        mine = self._functions.get(arn)
        if mine is None:
            return
        for environment in list(mine.idle):
            if current is None or environment.function.generation != current.generation:
                self._drop(environment)
        for environment in list(mine.ready):
            if current is None or environment.function.generation != current.generation:
                mine.ready.remove(environment)
                self.retire(environment)
        if current is None and not mine.waiters:
            del self._functions[arn]

    def names_of(self, arn: str) -> list[str]:
        """Of a function, what has environments: its own ARN, and those of its versions."""
        versions = f"{arn}:"
        return [name for name in self._functions if name == arn or name.startswith(versions)]

    # Reaping.

    def _arm(self) -> None:
        """Wake when the longest idle has been idle long enough, by either clock."""
        oldest = next(iter(self._idle))
        clock = self._kernel.clock
        passed_ms = clock.monotonic_ms() - oldest.idle_real_ms
        self._reapers = [
            clock.at(oldest.idle_at + _IDLE_MS, self._reap),
            clock.call_later(max(0.0, (_IDLE_MS - passed_ms) / 1000), self._reap),
        ]

    def _reap(self) -> None:
        for reaper in self._reapers:
            reaper.cancel()
        self._reapers = []
        clock = self._kernel.clock
        while self._idle:
            oldest = next(iter(self._idle))
            is_old = (
                clock.now() - oldest.idle_at >= _IDLE_MS
                or clock.monotonic_ms() - oldest.idle_real_ms >= _IDLE_MS
            )
            if not is_old:
                self._arm()
                return
            self._drop(oldest)

    async def close(self) -> None:
        """End all environments, with the process."""
        self._is_closed = True
        for reaper in self._reapers:
            reaper.cancel()
        alive, self._alive = list(self._alive), {}
        self._idle.clear()
        for environment in alive:
            environment.end()
        await asyncio.gather(
            *[environment.sandbox.stop() for environment in alive], return_exceptions=True
        )


def provisioned_topic(qualified_arn: str) -> str:
    """Woken when an environment that was kept ready has gone."""
    return f"lambda:provisioned:{qualified_arn}"


_MISSING = object()


def _open(room: asyncio.Future[None]) -> bool:
    if room.done():
        return False
    room.set_result(None)
    return True


def _refusal(failure: AwsError | StartFailure | NotPrepared) -> AwsError:
    if isinstance(failure, AwsError):
        return failure
    if isinstance(failure, NotPrepared):
        return snap_start_errors.restoration_failed()
    return errors.service_failed(f"The execution environment could not be started: {failure}")
