"""A fleet whose environments are Python callables in this process: quick, and as odd as needed."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pileus.kernel.fleet import (
    BadPackage,
    EnvironmentSpec,
    Failure,
    ImageLayer,
    Installed,
    InvocationResult,
    LogLine,
    OnOutput,
    PackageTooLarge,
    Prepared,
    Sink,
    StartFailure,
)

UNZIPPED_BYTES_MAX = 262_144_000
REPORTED_MEMORY_MB = 40
RUNTIMES = {"python3.12": "python 3.12", "python3.13": "python 3.13", "nodejs20.x": "node 20"}


class Exits(Exception):
    """The process ends: `exit status 1`, `signal: killed`."""


class RunsOutOfMemory(Exception):
    """The kernel kills it."""


class FailsInit(Exception):
    """Module code raises; the text is the error document."""


@dataclass
class Context:
    """What a handler is told."""

    request_id: str
    spec: EnvironmentSpec
    deadline_ms: int
    trace_id: str
    client_context: str | None
    invoked_arn: str
    print: Callable[[str], None]
    # Lives as long as the environment: module globals.
    state: dict[str, Any]
    # Where a streaming handler writes its answer, if somebody takes it while it comes.
    sink: Sink | None


Handler = Callable[[Any, Context], Any]


@dataclass
class FakeFleet:
    """`handlers` are found by the function's handler; an async one can wait."""

    handlers: dict[str, Handler] = field(default_factory=dict)
    now_ms: Callable[[], int] = lambda: 0
    started: list[EnvironmentSpec] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    alive: dict[str, FakeEnvironment] = field(default_factory=dict)
    unpacked: dict[str, Installed] = field(default_factory=dict)
    removed_file_systems: list[str] = field(default_factory=list)
    init_lines: tuple[str, ...] = ()
    refusal: str = ""
    # What comes of INIT where SnapStart runs it ahead, and what of the first restoration.
    prepared: Prepared = field(default_factory=lambda: Prepared(init_ms=12.34))
    restoration: Failure = Failure.NONE
    # What extensions take after each invocation; None for functions without them.
    post_runtime_ms: float | None = None

    async def start(
        self, spec: EnvironmentSpec, on_output: OnOutput, on_exit: Callable[[], None]
    ) -> FakeEnvironment:
        await asyncio.sleep(0)
        if self.refusal:
            raise StartFailure(self.refusal)
        self.started.append(spec)
        environment = FakeEnvironment(self, spec, on_output, on_exit)
        self.alive[spec.environment_id] = environment
        return environment

    def installed(self, digest: str) -> Installed | None:
        return self.unpacked.get(digest)

    async def install(self, digest: str, package: bytes) -> Installed:
        try:
            with zipfile.ZipFile(io.BytesIO(package)) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
        except zipfile.BadZipFile as problem:
            raise BadPackage(str(problem)) from problem
        if size > UNZIPPED_BYTES_MAX:
            raise PackageTooLarge(str(size))
        self.unpacked[digest] = Installed(f"/packages/{digest}", size)
        return self.unpacked[digest]

    def packages(self) -> list[str]:
        return list(self.unpacked)

    async def remove(self, digest: str) -> None:
        self.unpacked.pop(digest, None)

    async def install_image(self, digest: str, layers: Sequence[ImageLayer]) -> Installed:
        size = 0
        for layer in layers:
            size += sum([len(piece) async for piece in layer.read()])
        self.unpacked[digest] = Installed(f"/packages/{digest}", size)
        return self.unpacked[digest]

    async def remove_file_system(self, file_system: str) -> None:
        self.removed_file_systems.append(file_system)

    def describe(self) -> dict[str, str]:
        return {"isolation": "none: a fake"}

    def runtimes(self) -> dict[str, str]:
        return RUNTIMES

    async def close(self) -> None:
        pass


class FakeEnvironment:
    """One invocation at a time; a handler that waits is ended by its deadlines."""

    def __init__(
        self,
        fleet: FakeFleet,
        spec: EnvironmentSpec,
        on_output: OnOutput,
        on_exit: Callable[[], None],
    ) -> None:
        self._fleet = fleet
        self.spec = spec
        self.on_output = on_output
        self._on_exit = on_exit
        self._running: asyncio.Future[Any] | None = None
        self._state: dict[str, Any] = {}
        self._has_run = False
        self.is_alive = True

    @property
    def environment_id(self) -> str:
        return self.spec.environment_id

    def die(self) -> None:
        """End unasked while nothing runs."""
        self.is_alive = False
        self._fleet.alive.pop(self.environment_id)
        self._on_exit()

    def _print(self, text: str, is_init: bool = False) -> None:
        self.on_output([LogLine(self._fleet.now_ms(), text, is_init)])

    async def prepared(self) -> Prepared:
        await asyncio.sleep(0)
        return self._fleet.prepared

    async def invoke(
        self,
        request_id: str,
        payload: bytes,
        *,
        deadline_ms: int,
        timeout_seconds: float,
        trace_id: str,
        client_context: str | None = None,
        invoked_arn: str = "",
        sink: Sink | None = None,
    ) -> InvocationResult:
        assert self._running is None, "an environment takes one invocation at a time"
        init_ms = None if self._has_run or self.spec.is_snap_started else 12.34
        restore_ms = 5.6 if self.spec.is_snap_started and not self._has_run else None
        if not self._has_run:
            for line in self._fleet.init_lines:
                self._print(line, is_init=True)
        self._has_run = True
        if restore_ms and self._fleet.restoration is not Failure.NONE:
            self.is_alive = False
            return InvocationResult(self._fleet.restoration, b"", 1.0, 1, is_reusable=False)
        context = Context(
            request_id,
            self.spec,
            deadline_ms,
            trace_id,
            client_context,
            invoked_arn,
            self._print,
            self._state,
            sink,
        )
        work = self._call(json.loads(payload), context)
        self._running = asyncio.ensure_future(work)
        timer = asyncio.get_running_loop().call_later(timeout_seconds, self.expire)
        try:
            failure, answer, reason = await self._running
        except asyncio.CancelledError:
            failure, answer, reason = Failure.TIMEOUT, b"", ""
        finally:
            timer.cancel()
            self._running = None
        is_reusable = failure in (Failure.NONE, Failure.ERROR)
        if not is_reusable:
            self.is_alive = False
        return InvocationResult(
            failure, answer, 1.234, REPORTED_MEMORY_MB, init_ms, reason, is_reusable,
            post_runtime_ms=self._fleet.post_runtime_ms, cpu_ms=0.5,
            restore_ms=restore_ms,
        )  # fmt: skip

    async def _call(self, event: Any, context: Context) -> tuple[Failure, bytes, str]:
        try:
            result = self._fleet.handlers[self.spec.handler](event, context)
            if asyncio.iscoroutine(result):
                result = await result
        except Exits as ended:
            return Failure.EXIT, b"", str(ended)
        except RunsOutOfMemory:
            return Failure.OUT_OF_MEMORY, b"", "signal: killed"
        except FailsInit as failed:
            return Failure.INIT_ERROR, str(failed).encode(), ""
        except Exception as error:
            return Failure.ERROR, _document(error), ""
        if isinstance(result, bytes):
            return Failure.NONE, result, ""
        return Failure.NONE, json.dumps(result).encode(), ""

    def expire(self) -> None:
        if self._running is not None:
            self._running.cancel()

    async def stop(self) -> None:
        self.is_alive = False
        self.expire()
        self._fleet.alive.pop(self.environment_id, None)
        self._fleet.stopped.append(self.environment_id)


def _document(error: Exception) -> bytes:
    return json.dumps(
        {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
    ).encode()
