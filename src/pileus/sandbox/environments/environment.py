"""The host's side of one environment: INIT, invocations, deadlines, and how each one ended."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import msgspec

from pileus.kernel.fleet import EnvironmentSpec, Failure, InvocationResult, LogLine
from pileus.sandbox import real_time
from pileus.sandbox.environments import documents
from pileus.sandbox.environments.output import OutputReader
from pileus.sandbox.environments.phases import FAILURE, SPINDOWN, TIMEOUT, Phase
from pileus.sandbox.environments.runtime_api import RESPONSE_BYTES_MAX, RuntimeConnection
from pileus.sandbox.environments.uploads import STREAM_BYTES_MAX, Upload
from pileus.sandbox.frames import Ended, Invoke, Message, Output, Result
from pileus.sandbox.trees.processes import Processes

_MEGABYTE = 1 << 20
# Where the connection ends within an answer, its process has most likely ended too.
_EXIT_SECONDS = 0.5


class _Invocation(msgspec.Struct):
    message: Invoke
    began_at: float = 0.0
    is_delivered: bool = False


class Environment:
    """One sandbox; `tree`, `output` are set by whoever starts its processes."""

    tree: Processes
    output: OutputReader

    def __init__(
        self,
        spec: EnvironmentSpec,
        init_seconds_max: float,
        send: Callable[[Message], None],
        now_ms: Callable[[], int],
        forget: Callable[[str], None],
    ) -> None:
        self.spec = spec
        self._phase = Phase.INIT
        # Called when INIT has ended, in whichever way.
        self.on_init_over: Callable[[], None] | None = None
        # Whether the server knows that it has started.
        self.is_announced = False
        self._init_seconds_max = init_seconds_max
        self._send = send
        self._now_ms = now_ms
        self._forget = forget
        self._invocation: _Invocation | None = None
        self._upload: Upload | None = None
        self._waiting: RuntimeConnection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._init_began_at = 0.0
        self._init_attempt = 0
        self._has_runtime = False
        self._init_ms: float | None = None
        self._init_error: bytes | None = None
        # What AWS says where the package has no program to start.
        self.missing_program = ""
        self._fault: tuple[str, str] | None = None
        self._is_out_of_memory = False
        self._is_leaving = False

    @property
    def phase(self) -> Phase:
        return self._phase

    @phase.setter
    def phase(self, phase: Phase) -> None:
        self._phase = phase
        if phase is not Phase.INIT and self.on_init_over:
            self.on_init_over()

    # Starting

    def begin_init(self) -> None:
        """The runtime's process exists: its module code has ten seconds, or, the second time,
        with an invocation waiting, as long as the function has."""
        self.phase = Phase.INIT
        self._has_runtime = True
        self._init_attempt += 1
        self._init_error = self._fault = None
        self._init_began_at = real_time.seconds()
        self.tree.watch_memory(True)
        if self._init_attempt == 1:
            self._arm(self._init_seconds_max, self._end_init_by_time)
        elif self._invocation:
            self._invocation.began_at = self._init_began_at
            self._arm(self._invocation.message.timeout_seconds, self.expire)

    def write_lines(self, texts: list[str]) -> None:
        now = self._now_ms()
        is_init = self.phase in (Phase.INIT, Phase.INIT_FAILED)
        lines = [LogLine(now, text, is_init) for text in texts]
        self._send(Output(self.spec.environment_id, lines))

    def _arm(self, seconds: float, then: Callable[[], None]) -> None:
        self._disarm()
        self._timer = real_time.after(seconds, then)

    def _disarm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _end_init_by_time(self) -> None:
        self._report_init("timeout", None)
        self.phase = Phase.INIT_FAILED
        self.tree.kill_runtime()

    @property
    def _init_phase(self) -> str:
        return "init" if self._init_attempt == 1 else "invoke"

    def _report_init(self, status: str, error_type: str | None) -> None:
        """AWS's line about an INIT that failed."""
        self.output.drain()
        duration = (real_time.seconds() - self._init_began_at) * 1000
        line = f"INIT_REPORT Init Duration: {duration:.2f} ms\tPhase: {self._init_phase}\t"
        line += f"Status: {status}"
        if error_type:
            line += f"\tError Type: {error_type}"
        self.write_lines([line])

    # Invocations

    def invoke(self, message: Invoke) -> None:
        """Take the only invocation; it waits for INIT where that still runs."""
        assert self._invocation is None, "an environment takes one invocation at a time"
        self._invocation = _Invocation(message, real_time.seconds())
        if self.phase in (Phase.ENDING, Phase.ENDED):
            self._fail(Failure.EXIT, "signal: killed", has_begun=False)
        elif self.phase is Phase.INIT_FAILED:
            self._try_init_again()
        elif self._waiting and self.phase is Phase.READY:
            self._deliver()
        elif self.phase is Phase.READY:
            # It has answered and not yet asked again, which may be never.
            self._arm(message.timeout_seconds, self.expire)

    def _try_init_again(self) -> None:
        if self._invocation and not self._has_runtime:
            self._is_out_of_memory = False
            self.tree.start_runtime_again()
            self.begin_init()

    def wait_for_invocation(self, connection: RuntimeConnection) -> None:
        """The runtime asks for its next event; the first time, INIT is over."""
        if self.phase is Phase.INIT_FAILED:
            # It was too late and is being killed; the next one will ask again.
            return
        self._waiting = connection
        self._settle()

    def _settle(self) -> None:
        """Go on where all that had to ask has asked."""
        if self.phase is Phase.INIT:
            self.output.drain()
            self.phase = Phase.READY
            self._disarm()
            self._init_ms = (real_time.seconds() - self._init_began_at) * 1000
            self.tree.watch_memory(False)
            self.tree.init_has_ended()
        if self._invocation and not self._invocation.is_delivered:
            self._deliver()

    def _deliver(self) -> None:
        invocation, connection = self._invocation, self._waiting
        assert invocation and connection
        message = invocation.message
        self._waiting = None
        invocation.is_delivered = True
        remaining = message.timeout_seconds
        if self._init_attempt == 1:
            invocation.began_at = real_time.seconds()
        else:
            remaining -= real_time.seconds() - invocation.began_at
        self._arm(remaining, self.expire)
        self.tree.watch_memory(True)
        head = documents.invocation_head(message, self.spec.function_arn)
        connection.send_invocation(head, message.payload)

    def is_current(self, request_id: str) -> bool:
        invocation = self._invocation
        return bool(
            invocation and invocation.is_delivered and invocation.message.request_id == request_id
        )

    def take_response(self, request_id: str, body: bytes) -> bool:
        if not self.is_current(request_id):
            return False
        self._conclude(Failure.NONE, body)
        return True

    def take_error(self, request_id: str, body: bytes) -> bool:
        if not self.is_current(request_id):
            return False
        self._conclude(Failure.ERROR, body, is_reusable=not self._is_leaving)
        return True

    def take_oversized_response(self, request_id: str, size_bytes: int) -> None:
        if self.is_current(request_id):
            self._conclude(Failure.ERROR, documents.response_too_large(RESPONSE_BYTES_MAX))

    def begin_stream(
        self, request_id: str, content_type: str, connection: RuntimeConnection
    ) -> bool:
        """An answer comes in pieces. False where it is wanted whole, as others are."""
        invocation = self._invocation
        if not (self.is_current(request_id) and invocation and invocation.message.wants_stream):
            return False
        if self._upload is None:
            self._upload = Upload(invocation.message, content_type, connection, self._send)
        return self._upload.source is connection

    def take_piece(self, data: bytes) -> None:
        if self._upload and not self._upload.take(data):
            self._conclude(Failure.ERROR, documents.response_too_large(STREAM_BYTES_MAX))

    def end_stream(self, request_id: str, error: bytes | None) -> bool:
        if self._upload is None or not self.is_current(request_id):
            return False
        failure = Failure.NONE if error is None else Failure.ERROR
        self._conclude(failure, error or b"", is_reusable=not self._is_leaving)
        return True

    def pieces_taken(self, request_id: str, count: int) -> None:
        if self._upload:
            self._upload.taken(request_id, count)

    def _end_broken_stream(self, upload: Upload) -> None:
        if self._upload is upload:
            self._finish(Failure.ERROR, documents.truncated(), is_reusable=False)

    def take_farewell(self) -> None:
        """The runtime will not ask for another event: it has crashed and only tells why."""
        self._is_leaving = True

    def take_init_error(self, body: bytes) -> bool:
        if self.phase is not Phase.INIT:
            return False
        self._init_error = body
        return True

    def lose_connection(self, connection: RuntimeConnection) -> None:
        if self._waiting is connection:
            self._waiting = None
        upload = self._upload
        if upload and upload.source is connection:
            real_time.after(_EXIT_SECONDS, lambda: self._end_broken_stream(upload))

    def expire(self) -> None:
        """The deadline has passed, really or by the platform's clock."""
        if self._invocation is None:
            return
        failure = Failure.INIT_TIMEOUT if self.phase is Phase.INIT else Failure.TIMEOUT
        request_id = self._invocation.message.request_id
        document = documents.timed_out(request_id, self.spec.timeout_seconds)
        self._end(TIMEOUT)
        self._finish(failure, document, is_reusable=False)

    # Endings

    def runtime_not_started(self, program: str, number: int) -> None:
        """Its process could not become the program, and will now be seen to exit."""
        if program == self.spec.variables.get("AWS_LAMBDA_EXEC_WRAPPER"):
            # On AWS a shell starts the wrapper.
            self.write_lines([f"{program}: {os.strerror(number)}"])
            return
        image = self.spec.image
        if image is not None and program == image.working_directory:
            reason = documents.not_entered(program, number)
            self._fault = ("Runtime.InvalidWorkingDir", reason)
            return
        reason = self.missing_program or documents.not_started(program, number)
        self._fault = ("Runtime.InvalidEntrypoint", reason)

    def _end(self, reason: str = FAILURE) -> None:
        """Nothing runs here any more; `reason` is for those who are told before."""
        self.phase = Phase.ENDING
        self.tree.kill()

    def runtime_exited(self, code: int) -> None:
        """The runtime's first process has ended, and the rest of its processes with it."""
        self._has_runtime = False
        self._waiting = None
        if self.phase is Phase.INIT_FAILED:
            self._try_init_again()
            return
        if self.phase not in (Phase.INIT, Phase.READY):
            return
        self._disarm()
        self._is_out_of_memory = self._is_out_of_memory or self.tree.has_run_out_of_memory()
        reason = "signal: killed" if self._is_out_of_memory else documents.exit_reason(code)
        if self.phase is Phase.INIT:
            self._init_failed(reason)
        else:
            self._end()
            self._fail(Failure.EXIT, reason)

    def _init_failed(self, reason: str) -> None:
        known = documents.error_type(self._init_error) if self._init_error else "Runtime.ExitError"
        self._report_init("error", self._fault[0] if self._fault else known)
        self.phase = Phase.INIT_FAILED
        self.tree.watch_memory(False)
        if self._init_attempt == 1:
            self._start_over()
            return
        self._end()
        if self._init_error:
            self._finish(Failure.INIT_ERROR, self._init_error, is_reusable=False)
        else:
            self._fail(Failure.EXIT, reason)

    def _start_over(self) -> None:
        """The first try of INIT is over, and its processes with it."""
        self._try_init_again()

    def run_out_of_memory(self) -> None:
        """The functions' own memory passed MemorySize: end it as the kernel would."""
        self._is_out_of_memory = True
        if self.phase is Phase.INIT and self._init_attempt == 1:
            self.tree.kill_runtime()
            return
        self._end()
        self._fail(Failure.OUT_OF_MEMORY, "signal: killed")

    def stop(self) -> None:
        """SHUTDOWN: without extensions AWS gives no time for it."""
        self._end(SPINDOWN)

    def tree_ended(self) -> None:
        """No process is left."""
        if self.phase is Phase.ENDED:
            return
        is_out_of_memory = self._is_out_of_memory or self.tree.has_run_out_of_memory()
        self._fail(Failure.OUT_OF_MEMORY if is_out_of_memory else Failure.EXIT, "signal: killed")
        if self.phase is not Phase.ENDING:
            self.output.drain()
        self.phase = Phase.ENDED
        self._disarm()
        if self.is_announced:
            self._forget(self.spec.environment_id)
            self._send(Ended(self.spec.environment_id))

    def _fail(self, failure: Failure, reason: str, has_begun: bool = True) -> None:
        """End the running invocation, if there is one, because its process is gone."""
        if self._invocation is None:
            return
        if self._is_out_of_memory:
            failure = Failure.OUT_OF_MEMORY
        request_id = self._invocation.message.request_id
        document = documents.exited(request_id, reason)
        if self._fault:
            failure, document = Failure.FAULT, documents.fault(request_id, *self._fault)
        self._finish(failure, document, False, reason, has_begun)

    def _conclude(self, failure: Failure, payload: bytes, is_reusable: bool = True) -> None:
        """The runtime has answered."""
        self._finish(failure, payload, is_reusable)

    def _finish(
        self,
        failure: Failure,
        payload: bytes,
        is_reusable: bool = True,
        exit_reason: str = "",
        has_begun: bool = True,
    ) -> None:
        invocation, self._invocation = self._invocation, None
        assert invocation is not None
        self._disarm()
        if self._upload:
            self._upload.close()
            self._upload = None
        self.tree.watch_memory(False)
        duration_ms = (real_time.seconds() - invocation.began_at) * 1000
        self.output.drain()
        result = InvocationResult(
            failure=failure,
            payload=payload,
            duration_ms=duration_ms,
            max_memory_mb=min(-(-self.tree.memory_peak_bytes() // _MEGABYTE), self.spec.memory_mb),
            init_ms=self._init_ms,
            exit_reason=exit_reason,
            is_reusable=is_reusable,
            has_begun=has_begun,
        )
        self._init_ms = None
        self._send_result(invocation.message, result)

    def _send_result(self, message: Invoke, result: InvocationResult) -> None:
        self._send(Result(self.spec.environment_id, message.request_id, result))
