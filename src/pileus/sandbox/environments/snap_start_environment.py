"""An environment of SnapStart: after its INIT it waits, and its first event restores it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pileus.kernel.fleet import EnvironmentSpec, Failure, InvocationResult, LogLine, Prepared
from pileus.sandbox import real_time
from pileus.sandbox.environments import documents
from pileus.sandbox.environments.extended_environment import ExtendedEnvironment
from pileus.sandbox.environments.phases import TIMEOUT, Phase
from pileus.sandbox.environments.runtime_api import RuntimeConnection
from pileus.sandbox.frames import Initialized, Invoke, Message, Output

# docs: snapstart-runtime-hooks-python, the note on both limits
_INIT_SECONDS_MAX = 130.0
_RESTORE_SECONDS_MAX = 10.0


class SnapStartEnvironment(ExtendedEnvironment):
    """Its INIT is tried once, and the server is told how it ended."""

    def __init__(
        self,
        spec: EnvironmentSpec,
        init_seconds_max: float,
        send: Callable[[Message], None],
        now_ms: Callable[[], int],
        forget: Callable[[str], None],
    ) -> None:
        seconds_max = max(init_seconds_max, _INIT_SECONDS_MAX, spec.timeout_seconds)
        super().__init__(spec, seconds_max, send, now_ms, forget)
        # What the runtime waits on for its restoration, if it is one that knows of it.
        self._snapshot: RuntimeConnection | None = None
        self._is_restoring = self._is_restored = False
        self._restore_began_at = 0.0
        self._restore_ms: float | None = None
        self._restore_error = b""

    def write_lines(self, texts: list[str]) -> None:
        if not self._is_restoring:
            super().write_lines(texts)
            return
        # These stand before START, as those of INIT do.
        lines = [LogLine(self._now_ms(), text, is_init=True) for text in texts]
        self._send(Output(self.spec.environment_id, lines))

    # INIT

    def wait_for_restore(self, connection: RuntimeConnection) -> bool:
        """The runtime has run its hooks before the snapshot: INIT is over."""
        if self.phase is Phase.INIT:
            self._snapshot = connection
            self.wait_for_invocation(connection)
        return not self._is_restored

    def _settle(self) -> None:
        was_in_init = self.phase is Phase.INIT
        super()._settle()
        if was_in_init and self.phase is Phase.READY:
            init_ms, self._init_ms = self._init_ms or 0.0, None
            line = f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: init\tStatus: success"
            self.write_lines([line])
            self._tell(Prepared(init_ms=init_ms))

    def _init_failed(self, reason: str) -> None:
        super()._init_failed(reason)
        document = self._init_error or documents.exited("", reason)
        if self._fault:
            document = documents.fault("", *self._fault)
        self._tell(Prepared(Failure.INIT_ERROR, document))

    def _end_init_by_time(self) -> None:
        super()._end_init_by_time()
        self._tell(Prepared(Failure.INIT_TIMEOUT))

    def _tell(self, prepared: Prepared) -> None:
        self._send(Initialized(self.spec.environment_id, prepared))

    # Restoration

    def _deliver(self) -> None:
        if self._snapshot and self._waiting is self._snapshot:
            self._restore()
            return
        if not self._is_restored:
            self._end_restoration()
        super()._deliver()

    def _restore(self) -> None:
        """Let the runtime go on; its hooks run, and then it asks for the event."""
        connection, self._waiting, self._snapshot = self._snapshot, None, None
        self._is_restoring = True
        self._restore_began_at = real_time.seconds()
        self._arm(_RESTORE_SECONDS_MAX, self._end_restoration_by_time)
        self.tree.watch_memory(True)
        if connection:
            connection.send_restore()

    def _end_restoration(self) -> None:
        if not self._is_restoring:
            # A runtime that knows nothing of it has asked for its first event right away.
            self._restore_began_at = real_time.seconds()
            self._is_restoring = True
        self._restore_ms = self._report_restoration("success")
        self._is_restored = True

    def _report_restoration(self, status: str) -> float:
        """Its milliseconds."""
        took_ms = (real_time.seconds() - self._restore_began_at) * 1000
        self.output.drain()
        line = f"RESTORE_REPORT Restore Duration: {took_ms:.2f} ms"
        self.write_lines([line if status == "success" else f"{line}\tStatus: {status}"])
        self._is_restoring = False
        return took_ms

    def _end_restoration_by_time(self) -> None:
        self._end(TIMEOUT)
        self._finish(Failure.TIMEOUT, b"", is_reusable=False)

    def take_restore_error(self, body: bytes) -> bool:
        if not self._is_restoring:
            return False
        self._restore_error = body
        return True

    def _finish(
        self,
        failure: Failure,
        payload: bytes,
        is_reusable: bool = True,
        exit_reason: str = "",
        has_begun: bool = True,
    ) -> None:
        if self._is_restoring:
            is_late = failure is Failure.TIMEOUT
            failure = Failure.RESTORE_TIMEOUT if is_late else Failure.RESTORE_ERROR
            payload, is_reusable = self._restore_error or payload, False
            self._report_restoration("timeout" if is_late else "error")
        super()._finish(failure, payload, is_reusable, exit_reason, has_begun)

    def _send_result(self, message: Invoke, result: InvocationResult) -> None:
        result = msgspec.structs.replace(result, restore_ms=self._restore_ms)
        self._restore_ms = None
        super()._send_result(message, result)
