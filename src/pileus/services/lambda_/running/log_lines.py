"""The lines that Lambda itself writes into a function's log."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from pileus.kernel.fleet import Failure, InvocationResult
from pileus.services.lambda_.functions.configurations import Function


def init_start(version_label: str, version_arn: str) -> str:
    return f"INIT_START Runtime Version: {version_label}\tRuntime Version ARN: {version_arn}\n"


def restore_start(version_label: str, version_arn: str) -> str:
    return f"RESTORE_START Runtime Version: {version_label}\tRuntime Version ARN: {version_arn}\n"


def start(request_id: str, version: str) -> str:
    return f"START RequestId: {request_id} Version: {version}\n"


def end(request_id: str) -> str:
    return f"END RequestId: {request_id}\n"


def report(
    request_id: str, function: Function, result: InvocationResult, error_type: str, xray: str = ""
) -> str:
    """The last line of an invocation, with what it cost."""
    text = (
        f"REPORT RequestId: {request_id}\tDuration: {result.duration_ms:.2f} ms\t"
        f"Billed Duration: {billed_ms(result)} ms\tMemory Size: {function.memory_mb} MB\t"
        f"Max Memory Used: {result.max_memory_mb} MB\t"
    )
    if result.init_ms is not None and result.failure not in _INIT_FAILURES:
        text += f"Init Duration: {result.init_ms:.2f} ms\t"
    if result.restore_ms is not None:
        # docs: snapstart-monitoring. Nothing but the runtime's part of a restoration takes time.
        billed = math.ceil(result.restore_ms)
        text += f"Restore Duration: {result.restore_ms:.2f} ms\t"
        text += f"Billed Restore Duration: {billed} ms\t"
    if result.failure is Failure.TIMEOUT or result.failure is Failure.INIT_TIMEOUT:
        text += "Status: timeout"
    elif result.failure not in _RETURNED:
        text += f"Status: error\tError Type: {error_type}"
    if xray:
        text += f"\n{xray}"
    return text + "\n"


# The sandbox writes the INIT_REPORT line of an INIT that failed.
_INIT_FAILURES = (Failure.INIT_ERROR, Failure.INIT_TIMEOUT)
# The handler answered or raised: to Lambda, the invocation itself went well.
_RETURNED = (Failure.NONE, Failure.ERROR)


def billed_ms(result: InvocationResult) -> int:
    """Whole milliseconds, INIT or restoration included."""
    before_ms = (result.init_ms or 0.0) + (result.restore_ms or 0.0)
    return max(1, math.ceil(result.duration_ms + before_ms))


def timed_out(request_id: str, timeout_seconds: int, at: int) -> str:
    moment = datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
    return (
        f"{moment}{at % 1000:03d}Z {request_id} Task timed out after "
        f"{timeout_seconds:.2f} seconds\n\n"
    )


def exited(request_id: str, exit_reason: str, error_type: str) -> str:
    return f"{exit_error(request_id, exit_reason)}\n{error_type}\n"


def exit_error(request_id: str, exit_reason: str) -> str:
    if exit_reason not in ("", "exit status 0"):
        return f"RequestId: {request_id} Error: Runtime exited with error: {exit_reason}"
    return f"RequestId: {request_id} Error: Runtime exited without providing a reason"


def stream_name(at: int, version: str, token: str) -> str:
    """A log stream for each environment: 2026/11/21/[$LATEST]0123...cdef."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y/%m/%d/") + f"[{version}]{token}"
