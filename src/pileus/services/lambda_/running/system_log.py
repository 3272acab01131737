"""What Lambda itself writes into a function's log: lines of text, or records in JSON by level.

docs: lambda/latest/dg/telemetry-schema-reference (the records), monitoring-cloudwatchlogs-log-level
(which of them have which level).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from pileus.kernel import arns
from pileus.kernel.fleet import Failure, InvocationResult
from pileus.services.lambda_.functions import runtimes
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.running import log_lines
from pileus.services.lambda_.running.traced import Traced

_ORDER = ("DEBUG", "INFO", "WARN")
_INIT_REPORT = re.compile(
    r"INIT_REPORT Init Duration: (?P<ms>[\d.]+) ms\tPhase: (?P<phase>\w+)\tStatus: (?P<status>\w+)"
    r"(?:\tError Type: (?P<error>\S+))?"
)
_RESTORE_REPORT = re.compile(
    r"RESTORE_REPORT Restore Duration: (?P<ms>[\d.]+) ms(?:\tStatus: (?P<status>\w+))?"
)
# What the sandbox writes itself.
REPORTS = ("INIT_REPORT ", "RESTORE_REPORT ")
_STATUS = {
    Failure.NONE: "success",
    Failure.ERROR: "failure",
    Failure.TIMEOUT: "timeout",
    Failure.INIT_TIMEOUT: "timeout",
}


def is_json(function: Function) -> bool:
    return function.logging.format == "JSON"


def init_start(function: Function, now: int, initialization: str) -> str:
    """The first entry in an environment's log."""
    parts = arns.parse(function.arn)
    assert parts is not None
    label = runtimes.version_label(function.runtime)
    arn = runtimes.version_arn(parts.partition, parts.region, function.runtime)
    if not is_json(function):
        return log_lines.init_start(label, arn)
    record = {
        "initializationType": initialization, "phase": "init", "runtimeVersion": label,
        "runtimeVersionArn": arn, "functionName": function.name,
        "functionVersion": function.version,
    }  # fmt: skip
    return _record(function, "INFO", now, "initStart", record)


def restore_start(function: Function, now: int) -> str:
    """Before the output of the hooks that run after a restoration."""
    parts = arns.parse(function.arn)
    assert parts is not None
    label = runtimes.version_label(function.runtime)
    arn = runtimes.version_arn(parts.partition, parts.region, function.runtime)
    if not is_json(function):
        return log_lines.restore_start(label, arn)
    record = {
        "runtimeVersion": label, "runtimeVersionArn": arn, "functionName": function.name,
        "functionVersion": function.version,
    }  # fmt: skip
    return _record(function, "INFO", now, "restoreStart", record)


def start(function: Function, request_id: str, now: int) -> str:
    if not is_json(function):
        return log_lines.start(request_id, function.version)
    record = {"requestId": request_id, "version": function.version}
    return _record(function, "INFO", now, "start", record)


def end(
    function: Function, request_id: str, result: InvocationResult, error_type: str,
    line: str, traced: Traced | None, now: int,
) -> list[str]:  # fmt: skip
    """What stands after an invocation's own output; `line` tells how it failed, in text."""
    if not is_json(function):
        xray = "" if traced is None else traced.report
        report = log_lines.report(request_id, function, result, error_type, xray)
        return [*([line] if line else []), log_lines.end(request_id), report]
    told: dict[str, Any] = {"requestId": request_id, "status": _STATUS.get(result.failure, "error")}
    if result.failure is not Failure.NONE:
        told["errorType"] = error_type
    if traced is not None:
        value = f"Root={traced.header.root};Parent={traced.function_id};Sampled=1"
        told["tracing"] = {
            "spanId": traced.function_id, "type": "X-Amzn-Trace-Id", "value": value
        }  # fmt: skip
    duration_ms = round(result.duration_ms, 3)
    metrics: dict[str, Any] = {
        "durationMs": duration_ms, "billedDurationMs": log_lines.billed_ms(result),
        "memorySizeMB": function.memory_mb, "maxMemoryUsedMB": result.max_memory_mb,
    }  # fmt: skip
    if result.init_ms is not None:
        metrics["initDurationMs"] = round(result.init_ms, 3)
    if result.restore_ms is not None:
        metrics["restoreDurationMs"] = round(result.restore_ms, 3)
    done = {
        **told,
        "metrics": {"durationMs": duration_ms, "producedBytes": len(result.payload)},
    }
    is_well = result.failure is Failure.NONE
    return [
        _record(function, "DEBUG" if is_well else "WARN", now, "runtimeDone", done),
        _record(
            function, "INFO" if is_well else "WARN", now, "report", {**told, "metrics": metrics}
        ),
    ]


def of_sandbox(function: Function, text: str, now: int) -> str:
    """A line of the sandbox's own, in the function's format; others as they are."""
    if not is_json(function):
        return text
    if match := _INIT_REPORT.match(text):
        initialization = "snap-start" if function.is_snap_started else "on-demand"
        record: dict[str, Any] = {
            "initializationType": initialization, "phase": match["phase"],
            "status": match["status"], "metrics": {"durationMs": float(match["ms"])},
        }  # fmt: skip
        if match["error"]:
            record["errorType"] = match["error"]
        level = "INFO" if match["status"] == "success" else "WARN"
        return _record(function, level, now, "initReport", record)
    if match := _RESTORE_REPORT.match(text):
        status = match["status"] or "success"
        record = {"status": status, "metrics": {"durationMs": float(match["ms"])}}
        level = "INFO" if status == "success" else "WARN"
        return _record(function, level, now, "restoreReport", record)
    return text


def _record(function: Function, level: str, now: int, kind: str, record: dict[str, Any]) -> str:
    """One record; nothing where the function wants no such level."""
    if _ORDER.index(level) < _ORDER.index(function.logging.system_level):
        return ""
    moment = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
    document = {"time": f"{moment}{now % 1000:03d}Z", "type": f"platform.{kind}", "record": record}
    return msgspec.json.encode(document).decode() + "\n"
