"""An environment in which extensions may run: they take part in each phase of its life."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pileus.kernel.fleet import EnvironmentSpec, Failure, InvocationResult
from pileus.sandbox import real_time
from pileus.sandbox.environments import documents
from pileus.sandbox.environments.environment import Environment
from pileus.sandbox.environments.extensions import Connection, Extension, Extensions, Refusal
from pileus.sandbox.environments.output import OutputReader
from pileus.sandbox.environments.phases import FAILURE, TIMEOUT, Phase
from pileus.sandbox.environments.runtime_api import RuntimeConnection
from pileus.sandbox.environments.shutdown import Shutdown
from pileus.sandbox.frames import Invoke, Message
from pileus.sandbox.telemetry import telemetry_subscriptions
from pileus.sandbox.telemetry.telemetry import Telemetry

_MEGABYTE = 1 << 20


class ExtendedEnvironment(Environment):
    """Without extensions it does just what an environment does."""

    def __init__(
        self,
        spec: EnvironmentSpec,
        init_seconds_max: float,
        send: Callable[[Message], None],
        now_ms: Callable[[], int],
        forget: Callable[[str], None],
    ) -> None:
        super().__init__(spec, init_seconds_max, send, now_ms, forget)
        self.extensions = Extensions(spec.environment_id)
        self._is_runtime_started = False
        # Whether the running event, or the last one, is to send segments to X-Ray.
        self.is_sampled = False
        # What the runtime has answered, while extensions are still busy with the invocation.
        self._answer: tuple[Failure, bytes, bool] | None = None
        self._answered_at = 0.0
        self._post_runtime_ms: float | None = None
        self._shutdown: Shutdown | None = None
        self.extensions_output: OutputReader | None = None
        self.telemetry = Telemetry(spec, lambda port: self.tree.connect_inside(port), now_ms)

    # What extensions ask

    def register_extension(
        self, name: str, events: list[object], wants_account: bool
    ) -> tuple[Extension, dict[str, str]]:
        """Take one in; the document that it gets."""
        if self.phase is not Phase.INIT or self._waiting:
            kind = "Extension.RegistrationClosed"
            raise Refusal(403, kind, "Extension registration closed already")
        extension = self.extensions.register(name, events)
        self._start_runtime_if_all_registered()
        variables = self.spec.variables
        document = {
            "functionName": variables.get("AWS_LAMBDA_FUNCTION_NAME", ""),
            "functionVersion": variables.get("AWS_LAMBDA_FUNCTION_VERSION", ""),
            "handler": self.spec.handler,
        }
        if wants_account:
            document["accountId"] = self.spec.function_arn.split(":")[4]
        return extension, document

    def _start_runtime_if_all_registered(self) -> None:
        has_begun = not self.extensions.expected or self._is_runtime_started
        if not has_begun and self.extensions.are_registered:
            self._is_runtime_started = True
            self.tree.start_runtime()

    def extension_asks(self, identifier: str, connection: Connection) -> None:
        """It has done what there was, and waits for its next event."""
        extension = self.extensions.find(identifier)
        extension.ask(connection)
        if self._shutdown:
            self._shutdown.tell(extension)
        else:
            self._settle()

    def extension_failed(self, identifier: str, error_type: str, is_init: bool) -> None:
        """It says why it will exit."""
        extension = self.extensions.find(identifier)
        extension.error_type = "Extension.InitError" if is_init else "Extension.ExitError"
        self._write_extension(extension, "InitError" if is_init else "ExitError", error_type)

    def subscribe(self, identifier: str, api: str, body: bytes) -> None:
        """Send it telemetry from now on, and what there was of INIT."""
        extension = self.extensions.find(identifier)
        wanted = telemetry_subscriptions.parse(api, body)
        prefix = "Logs." if api == "logs" else ""
        if self.telemetry.is_closed or self.phase is not Phase.INIT:
            name = api.title()
            message = f"{name} API subscription is closed already"
            raise Refusal(403, f"{name}.SubscriptionClosed", message)
        if isinstance(wanted, str):
            raise Refusal(400, f"{prefix}ValidationError", wanted)
        if self.telemetry.other_api_is_in_use(extension.name, api):
            message = "The extension has subscribed with the other API already"
            raise Refusal(400, f"{prefix}ValidationError", message)
        self.telemetry.subscribe(extension.name, wanted)
        types = ", ".join(each.title() for each in wanted.types)
        line = f"{api.upper()}\tName: {extension.name}\tState: Subscribed\tTypes: [{types}]"
        self.write_lines([line])

    def write_function_lines(self, texts: list[str]) -> None:
        self.write_lines(texts)
        self.telemetry.wrote("function", texts)

    def write_extension_lines(self, texts: list[str]) -> None:
        self.write_lines(texts)
        self.telemetry.wrote("extension", texts)

    def _write_extension(self, extension: Extension, state: str, error_type: str = "") -> None:
        line = f"EXTENSION\tName: {extension.name}\tState: {state}\t"
        line += f"Events: [{', '.join(extension.events)}]"
        record: dict[str, object] = {
            "name": extension.name,
            "state": state,
            "events": list(extension.events),
        }
        if error_type:
            line += f"\tError Type: {error_type}"
            record["errorType"] = error_type
        self.write_lines([line])
        self.telemetry.emit("platform.extension", record)

    def lose_connection(self, connection: RuntimeConnection) -> None:
        super().lose_connection(connection)
        self.extensions.lose(connection)

    def wait_for_restore(self, connection: RuntimeConnection) -> bool:
        return False

    def take_restore_error(self, body: bytes) -> bool:
        return False

    # INIT

    def begin_init(self) -> None:
        self.extensions.forget()
        self._is_runtime_started = False
        super().begin_init()
        self.telemetry.begin()
        self.telemetry.init_began(self._init_phase)

    def wait_for_invocation(self, connection: RuntimeConnection) -> None:
        if self.phase is Phase.INIT:
            self.telemetry.runtime_ready(self._init_phase, "success")
        super().wait_for_invocation(connection)

    def _report_init(self, status: str, error_type: str | None) -> None:
        super()._report_init(status, error_type)
        duration_ms = (real_time.seconds() - self._init_began_at) * 1000
        self.telemetry.runtime_ready(self._init_phase, status, error_type or "")
        self.telemetry.init_ended(self._init_phase, status, duration_ms)

    def _settle(self) -> None:
        if self.phase is Phase.INIT:
            if not (self._waiting and self.extensions.are_ready):
                return
            for extension in self.extensions.registered.values():
                self._write_extension(extension, "Ready")
            duration_ms = (real_time.seconds() - self._init_began_at) * 1000
            self.telemetry.init_ended(self._init_phase, "success", duration_ms)
        if self._answer and self._waiting and not self.extensions.are_busy:
            self._finish(*self._answer)
        if self._waiting:
            super()._settle()

    def _start_over(self) -> None:
        if self.extensions.expected:
            # The others are killed first; the end of the last is told as the runtime's.
            self._has_runtime = True
            self.tree.kill_runtime()
        else:
            super()._start_over()

    # Invocations

    def is_current(self, request_id: str) -> bool:
        return self._answer is None and super().is_current(request_id)

    def _deliver(self) -> None:
        assert self._invocation
        self.telemetry.began(self._invocation.message)
        self.is_sampled = "Sampled=1" in self._invocation.message.trace_id
        super()._deliver()
        self.extensions.announce(self._invocation.message, self.spec.function_arn)

    def _conclude(self, failure: Failure, payload: bytes, is_reusable: bool = True) -> None:
        """Extensions may go on after the runtime, and their time is the invocation's too."""
        if self._invocation:
            duration_ms = (real_time.seconds() - self._invocation.began_at) * 1000
            message = self._invocation.message
            self.telemetry.runtime_done(message, failure, duration_ms, len(payload))
        if is_reusable and self.extensions.want_invocations:
            self._answer = (failure, payload, is_reusable)
            self._answered_at = real_time.seconds()
            self._settle()
        else:
            super()._conclude(failure, payload, is_reusable)

    def expire(self) -> None:
        if self._invocation is None or self._answer is None:
            super().expire()
            return
        request_id = self._invocation.message.request_id
        self.write_lines([documents.timeout_line(request_id, self.spec, self._now_ms())])
        self._end(TIMEOUT)
        self._finish(self._answer[0], self._answer[1], is_reusable=False)

    def _fail(self, failure: Failure, reason: str, has_begun: bool = True) -> None:
        if self._answer and self._invocation:
            self._finish(self._answer[0], self._answer[1], is_reusable=False)
        else:
            super()._fail(failure, reason, has_begun)

    def _finish(
        self,
        failure: Failure,
        payload: bytes,
        is_reusable: bool = True,
        exit_reason: str = "",
        has_begun: bool = True,
    ) -> None:
        if self._answer:
            self._post_runtime_ms = (real_time.seconds() - self._answered_at) * 1000
        self._answer = None
        if self.extensions_output:
            self.extensions_output.drain()
        super()._finish(failure, payload, is_reusable, exit_reason, has_begun)

    def _send_result(self, message: Invoke, result: InvocationResult) -> None:
        result = msgspec.structs.replace(
            result,
            post_runtime_ms=self._post_runtime_ms,
            cpu_ms=self.tree.cpu_ms(),
            shared_memory_mb=self.tree.shared_bytes // _MEGABYTE,
        )
        self._post_runtime_ms = None
        super()._send_result(message, result)
        fault = f"RequestId: {message.request_id} Process exited before completing request"
        has_exited = result.failure in (Failure.EXIT, Failure.OUT_OF_MEMORY, Failure.FAULT)
        self.telemetry.ended(message, result, fault if has_exited else "")

    # Endings

    def extension_not_started(self, path: str, number: int) -> None:
        self._fault = ("Extension.LaunchError", documents.not_started(path, number))

    def extension_exited(self, name: str, code: int) -> None:
        """Its process has ended; only a shutdown is a good time for that."""
        extension = self.extensions.named(name)
        if extension:
            extension.has_exited = True
        if self._shutdown:
            self._shutdown.extension_ended()
            return
        if self.phase not in (Phase.INIT, Phase.READY):
            return
        if self._fault is None:
            kind = (extension.error_type if extension else "") or "Extension.Crash"
            self._fault = (kind, documents.exit_reason(code) if code else "exit code 0")
        if self.phase is Phase.INIT:
            self._disarm()
            self._init_failed(self._fault[1])
        else:
            self._end()
            self._fail(Failure.EXIT, "")

    def runtime_exited(self, code: int) -> None:
        if self._shutdown:
            self._has_runtime = False
            self._shutdown.runtime_ended()
        else:
            super().runtime_exited(code)

    def _end(self, reason: str = FAILURE) -> None:
        if self._shutdown:
            return
        is_unready = self.phase is not Phase.READY or self._is_out_of_memory
        if is_unready or not self.extensions:
            super()._end(reason)
            return
        self.phase = Phase.ENDING
        self.telemetry.flush()
        self._shutdown = Shutdown(self.tree, self.extensions, reason, self._now_ms)
        self._shutdown.begin(self._has_runtime)

    def tree_ended(self) -> None:
        if self._shutdown:
            self._shutdown.cancel()
        self.telemetry.close()
        super().tree_ended()
