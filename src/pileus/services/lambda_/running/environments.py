"""One execution environment as Lambda sees it: its variables, its log, its invocations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.kernel.fleet import Environment as Sandbox
from pileus.kernel.fleet import (
    EnvironmentSpec,
    Failure,
    Installed,
    InvocationResult,
    LogLine,
    Mount,
    Network,
    Prepared,
    Sink,
)
from pileus.services.lambda_.functions import images, packages
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.running import system_log
from pileus.services.lambda_.running.credentials import Credentials
from pileus.services.lambda_.running.log_writer import LogStream

if TYPE_CHECKING:
    from pileus.kernel.clock import Cancellable, Clock

# How the sandbox names the endpoint: its private listener is always at this port.
ENDPOINT_INSIDE = "http://localhost.localstack.cloud:4566"
# docs: lambda-runtime-environment. INIT has ten seconds before the function's own timeout counts.
INIT_MS_MAX = 10_000
# Of one event; the rest of a flood is dropped, as datagrams are.
SEGMENTS_MAX = 500
# What the sandbox listens at for datagrams of the X-Ray SDKs.
XRAY_HOST, XRAY_PORT = "127.0.0.2", "2000"
# docs: lambda/latest/dg/configuration-envvars, AWS_LAMBDA_INITIALIZATION_TYPE
ON_DEMAND = "on-demand"
PROVISIONED = "provisioned-concurrency"
SNAP_START = "snap-start"
MANAGED = "lambda-managed-instances"

# The event has not begun.
RESTORATION_FAILURES = (Failure.RESTORE_ERROR, Failure.RESTORE_TIMEOUT)


class Invocation(NamedTuple):
    """One event on its way into a function."""

    request_id: str
    payload: bytes
    trace_id: str
    invoked_arn: str
    client_context: str | None = None
    wants_tail: bool = False
    # Who takes the answer while it comes, of functions that stream it.
    sink: Sink | None = None
    # One of the invocations of a durable execution.
    is_replay: bool = False


class NotPrepared(Exception):
    """INIT of a version with SnapStart has failed."""

    def __init__(self, prepared: Prepared) -> None:
        super().__init__(prepared.failure)
        self.prepared = prepared


class Environment:
    """Only for the event loop's thread; takes one invocation at a time."""

    __slots__ = (
        "_alarm",
        "_alarm_at",
        "_clock",
        "_deadline_at",
        "_pending_start",
        "_segments",
        "_tail",
        "counted_mb",
        "credentials_expire_at",
        "function",
        "has_run",
        "idle_at",
        "idle_real_ms",
        "is_provisioned",
        "is_usable",
        "log",
        "memory_mb",
        "sandbox",
    )

    sandbox: Sandbox

    def __init__(
        self, function: Function, log: LogStream, clock: Clock, credentials_expire_at: int
    ) -> None:
        self.function = function
        self.log = log
        self.credentials_expire_at = credentials_expire_at
        self.is_usable = True
        self.is_provisioned = False
        self.has_run = False
        self.idle_at = 0
        self.idle_real_ms = 0.0
        # Its own, without what it shares with others.
        self.memory_mb = 0
        # What the pool has added up for it.
        self.counted_mb = 0
        self._clock = clock
        self._tail: list[str] | None = None
        self._pending_start = ""
        self._segments: list[str] = []
        self._deadline_at: int | None = None
        self._alarm: Cancellable | None = None
        self._alarm_at = 0

    @property
    def is_snapshot(self) -> bool:
        """Whether its INIT has run, and the first event will restore it."""
        return self.function.is_snap_started and not self.has_run

    async def initialized(self) -> None:
        """Wait for the INIT of a snapshot; raises NotPrepared."""
        prepared = await self.sandbox.prepared()
        self.log.flush_soon()
        if prepared.failure is not Failure.NONE:
            raise NotPrepared(prepared)

    def take_output(self, lines: Sequence[LogLine]) -> None:
        """What the processes wrote; INIT's lines come before START."""
        now = self._clock.now()
        for line in lines:
            if line.is_segment:
                if len(self._segments) < SEGMENTS_MAX:
                    self._segments.append(line.text)
                continue
            at = min(line.at, now)
            if self._pending_start and not line.is_init:
                self._write(at, self._pending_start)
                self._pending_start = ""
            text = line.text if line.text.endswith("\n") else line.text + "\n"
            if line.text.startswith(system_log.REPORTS):
                text = system_log.of_sandbox(self.function, text, at)
                if not text:
                    continue
            self.log.add(at, text)
            if self._tail is not None and not line.is_init:
                self._tail.append(text)

    def _write(self, at: int, text: str) -> None:
        if not text:
            return
        self.log.add(at, text)
        if self._tail is not None:
            self._tail.append(text)

    def write(self, text: str) -> None:
        """Add an entry of Lambda's own to the log, if there is one."""
        self._write(self._clock.now(), text)

    def write_end(self, texts: Sequence[str], now: int) -> None:
        """The last entries of an invocation, which should then be readable."""
        for text in texts:
            self._write(now, text)
        self.log.flush_soon()

    async def run(self, invocation: Invocation) -> InvocationResult:
        """Run one event to its end, whichever that is."""
        now = self._clock.now()
        self._tail = [] if invocation.wants_tail else None
        if self.is_snapshot:
            self._write(now, system_log.restore_start(self.function, now))
        start = system_log.start(self.function, invocation.request_id, now)
        if self.has_run:
            self._write(now, start)
        else:
            self._pending_start = start
        timeout_seconds = self.function.timeout_seconds
        deadline_at = now + timeout_seconds * 1000
        self._set_deadline(deadline_at if self.has_run else deadline_at + INIT_MS_MAX)
        self.has_run = True
        # Until it is known how this ends, the environment must not be used again.
        self.is_usable = False
        result = await self.sandbox.invoke(
            invocation.request_id,
            invocation.payload,
            deadline_ms=deadline_at,
            timeout_seconds=timeout_seconds,
            trace_id=invocation.trace_id,
            client_context=invocation.client_context,
            invoked_arn=invocation.invoked_arn,
            sink=invocation.sink,
        )
        self._deadline_at = None
        self.is_usable = result.is_reusable
        self.memory_mb = result.max_memory_mb - result.shared_memory_mb
        if self._pending_start:
            if result.failure not in RESTORATION_FAILURES:
                self.write(self._pending_start)
            self._pending_start = ""
        return result

    def take_tail(self) -> list[str]:
        """The lines of the invocation that has just ended."""
        tail, self._tail = self._tail or [], None
        return tail

    def take_segments(self) -> list[str]:
        """What the processes have sent to the X-Ray daemon since the last event ended."""
        segments, self._segments = self._segments, []
        return segments

    def _set_deadline(self, at: int) -> None:
        """One alarm serves many invocations: each warm one only moves the deadline."""
        self._deadline_at = at
        if self._alarm is None or at < self._alarm_at:
            self._arm(at)

    def _arm(self, at: int) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = self._clock.at(at, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._deadline_at is None:
            return
        if self._deadline_at <= self._clock.now():
            self.sandbox.expire()
        else:
            self._arm(self._deadline_at)

    def end(self) -> None:
        """Nothing more will run here."""
        self.is_usable = False
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None


def spec(
    function: Function, runtime: str, environment_id: str, variables: dict[str, str],
    code_path: str, layer_paths: tuple[str, ...] = (), mounts: tuple[Mount, ...] = (),
    network: Network = Network.PUBLIC,
) -> EnvironmentSpec:  # fmt: skip
    return EnvironmentSpec(
        environment_id=environment_id,
        function_arn=function.arn,
        runtime=runtime,
        handler=function.handler,
        memory_mb=function.memory_mb,
        ephemeral_mb=function.ephemeral_mb,
        timeout_seconds=function.timeout_seconds,
        variables=variables,
        code_path=code_path,
        layer_paths=layer_paths,
        image=images.program(function),
        mounts=mounts,
        network=network,
        is_snap_started=function.is_snap_started,
    )


def variables(
    function: Function, credentials: Credentials, log_stream: str, endpoint: str,
    initialization: str,
) -> dict[str, str]:  # fmt: skip
    """All that Lambda puts into a function's environment; the user's own where they may win.

    docs: lambda/latest/dg/configuration-envvars, "Defined runtime environment variables"
    """
    parts = arns.parse(function.arn)
    assert parts is not None
    fixed = {
        "_HANDLER": function.handler or images.first_command(function),
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "AWS_REGION": parts.region,
        "AWS_DEFAULT_REGION": parts.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": initialization,
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
    }
    defaults = {
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    }
    if endpoint == ENDPOINT_INSIDE:
        fixed["AWS_XRAY_DAEMON_ADDRESS"] = f"{XRAY_HOST}:{XRAY_PORT}"
        fixed["_AWS_XRAY_DAEMON_ADDRESS"] = XRAY_HOST
        fixed["_AWS_XRAY_DAEMON_PORT"] = XRAY_PORT
    if function.logging.format == "JSON":
        fixed["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        fixed["AWS_LAMBDA_LOG_LEVEL"] = function.logging.application_level
    if initialization == MANAGED:
        # Here an environment takes one event at a time, whatever it is meant for.
        fixed["AWS_LAMBDA_MAX_CONCURRENCY"] = "1"
    if initialization == SNAP_START:
        # docs: snapstart-monitoring: not available there
        del fixed["AWS_LAMBDA_LOG_GROUP_NAME"], fixed["AWS_LAMBDA_LOG_STREAM_NAME"]
    if function.image is not None:
        # docs: configuration-envvars, "not defined for container image functions"
        del fixed["AWS_EXECUTION_ENV"]
        defaults |= function.image.variables
    return {**defaults, **(function.variables or {}), **fixed}


async def installed(call: Call, function: Function) -> list[Installed]:
    """The function's code, and its layers."""
    if function.image is not None:
        return [await images.installed(call, function, function.image)]
    return [await packages.installed(call, function.arn, digest) for digest in function.digests]


def log_group_arn(function: Function) -> str:
    parts = arns.parse(function.arn)
    assert parts is not None
    return str(parts._replace(service="logs", resource=f"log-group:{function.log_group}"))
