"""Telemetry of one environment: its events, in the forms of the Telemetry and the Logs API.

docs: telemetry-api, telemetry-schema-reference, runtimes-logs-api
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from pileus.kernel.fleet import EnvironmentSpec, Failure, InvocationResult
from pileus.sandbox.frames import Invoke
from pileus.sandbox.telemetry.telemetry_subscriptions import Connect, Subscription, Wanted

# What happened before a subscriber came, which is only a part of INIT.
_BACKLOG_MAX = 1000
_BACKLOG_BYTES_MAX = 1 << 20
_ONLY_TELEMETRY = {
    "platform.initStart",
    "platform.initRuntimeDone",
    "platform.initReport",
    "platform.telemetrySubscription",
}
_ONLY_LOGS = {"platform.end", "platform.fault", "platform.logsSubscription"}
_RUNTIME_DONE = "platform.runtimeDone"
_STATUS = {
    Failure.NONE: "success",
    Failure.ERROR: "error",
    Failure.TIMEOUT: "timeout",
    Failure.INIT_TIMEOUT: "timeout",
}
_encode = msgspec.json.Encoder().encode


class Telemetry:
    """Hands each event to whoever has subscribed to its kind."""

    def __init__(self, spec: EnvironmentSpec, connect: Connect, now_ms: Callable[[], int]) -> None:
        self._spec = spec
        self._connect = connect
        self._now_ms = now_ms
        self._subscriptions: dict[str, Subscription] = {}
        # None where nobody can subscribe any more.
        self._backlog: list[tuple[str, bytes]] | None = []
        self._backlog_bytes = 0
        self._is_json = spec.variables.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
        self._init_type = spec.variables.get("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        self._done = ""

    # Subscribers

    @property
    def is_closed(self) -> bool:
        """INIT is over."""
        return self._backlog is None

    def other_api_is_in_use(self, name: str, api: str) -> bool:
        known = self._subscriptions.get(name)
        return known is not None and known.wanted.api != api

    def subscribe(self, name: str, wanted: Wanted) -> None:
        """Once for each extension; asked again, nothing changes."""
        if name in self._subscriptions:
            return
        subscription = self._subscriptions[name] = Subscription(wanted, self._connect)
        for kind, event in self._backlog or ():
            if _suits(kind, wanted):
                subscription.add(event)
        kind = f"platform.{wanted.api}Subscription"
        self.emit(kind, {"name": name, "state": "Subscribed", "types": list(wanted.types)})

    @property
    def _is_heard(self) -> bool:
        """Most environments have nobody who listens, and pay nothing for it."""
        return bool(self._subscriptions) or self._backlog is not None

    def emit(self, kind: str, record: Any) -> None:
        if not self._is_heard:
            return
        moment = datetime.fromtimestamp(self._now_ms() / 1000, UTC)
        time = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event = _encode({"time": time, "type": kind, "record": record})
        if self._backlog is not None and len(self._backlog) < _BACKLOG_MAX:
            self._backlog_bytes += len(event)
            if self._backlog_bytes <= _BACKLOG_BYTES_MAX:
                self._backlog.append((kind, event))
        for subscription in self._subscriptions.values():
            if _suits(kind, subscription.wanted):
                subscription.add(event)

    def flush(self) -> None:
        for subscription in self._subscriptions.values():
            subscription.flush()

    def begin(self) -> None:
        """Another try of INIT: its extensions subscribe again."""
        self.close()
        self._backlog = []
        self._backlog_bytes = 0

    def close(self) -> None:
        for subscription in self._subscriptions.values():
            subscription.close()
        self._subscriptions.clear()
        self._backlog = None

    # Events

    def wrote(self, kind: str, texts: list[str]) -> None:
        """Lines of a function's or an extension's."""
        for text in texts if self._is_heard else ():
            record: Any = text
            if self._is_json and text.startswith("{"):
                try:
                    record = json.loads(text)
                except ValueError:
                    pass
            self.emit(kind, record)

    def init_began(self, phase: str) -> None:
        variables = self._spec.variables
        named = {
            "functionName": variables.get("AWS_LAMBDA_FUNCTION_NAME", ""),
            "functionVersion": variables.get("AWS_LAMBDA_FUNCTION_VERSION", ""),
        }
        self.emit("platform.initStart", self._init(phase) | named)

    def runtime_ready(self, phase: str, status: str, error_type: str = "") -> None:
        record: dict[str, Any] = self._init(phase) | {"status": status}
        if error_type:
            record["errorType"] = error_type
        self.emit("platform.initRuntimeDone", record)

    def init_ended(self, phase: str, status: str, duration_ms: float) -> None:
        metrics = {"durationMs": round(duration_ms, 3)}
        record = self._init(phase) | {"status": status, "metrics": metrics}
        self.emit("platform.initReport", record)
        if status == "success":
            self._backlog = None

    def _init(self, phase: str) -> dict[str, Any]:
        return {"initializationType": self._init_type, "phase": phase}

    def began(self, message: Invoke) -> None:
        if not self._is_heard:
            return
        record: dict[str, Any] = {
            "requestId": message.request_id,
            "version": self._spec.variables.get("AWS_LAMBDA_FUNCTION_VERSION", ""),
        }
        self._done = ""
        self.emit("platform.start", record | _tracing(message))

    def runtime_done(
        self, message: Invoke, failure: Failure, duration_ms: float, produced_bytes: int
    ) -> None:
        """The runtime has answered, or will not answer any more."""
        if self._done == message.request_id or not self._is_heard:
            return
        self._done = message.request_id
        metrics = {"durationMs": round(duration_ms, 3), "producedBytes": produced_bytes}
        record: dict[str, Any] = {
            "requestId": message.request_id,
            "status": _STATUS.get(failure, "failure"),
            "metrics": metrics,
        }
        self.emit(_RUNTIME_DONE, record | _tracing(message))

    def ended(self, message: Invoke, result: InvocationResult, fault: str) -> None:
        if not self._is_heard:
            return
        self.runtime_done(message, result.failure, result.duration_ms, len(result.payload))
        if fault:
            self.emit("platform.fault", fault)
        self.emit("platform.end", {"requestId": message.request_id})
        metrics: dict[str, Any] = {
            "durationMs": round(result.duration_ms, 3),
            "billedDurationMs": max(1, math.ceil(result.duration_ms + (result.init_ms or 0.0))),
            "memorySizeMB": self._spec.memory_mb,
            "maxMemoryUsedMB": result.max_memory_mb,
        }
        if result.init_ms is not None:
            metrics["initDurationMs"] = round(result.init_ms, 3)
        record: dict[str, Any] = {
            "requestId": message.request_id,
            "status": _STATUS.get(result.failure, "failure"),
            "metrics": metrics,
        }
        self.emit("platform.report", record | _tracing(message))


def _suits(kind: str, wanted: Wanted) -> bool:
    if kind.partition(".")[0] not in wanted.types:
        return False
    if wanted.api == "telemetry":
        return kind not in _ONLY_LOGS
    if kind == _RUNTIME_DONE:
        return wanted.schema_version == "2021-03-18"
    return kind not in _ONLY_TELEMETRY


def _tracing(message: Invoke) -> dict[str, Any]:
    if not message.trace_id:
        return {}
    return {"tracing": {"type": "X-Amzn-Trace-Id", "value": message.trace_id}}
