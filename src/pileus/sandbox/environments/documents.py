"""AWS's error documents for what the platform, not the runtime, found; and how exits are named."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime

from pileus.kernel.fleet import EnvironmentSpec
from pileus.sandbox.frames import Invoke

# In JSON a space is as good, and in a header it ends nothing.
_LINE_ENDS = re.compile(r"[\r\n]")
# Go's names of signals, which AWS's messages carry.
_SIGNALS = {
    1: "hangup",
    2: "interrupt",
    3: "quit",
    4: "illegal instruction",
    5: "trace/breakpoint trap",
    6: "aborted",
    7: "bus error",
    8: "floating point exception",
    9: "killed",
    10: "user defined signal 1",
    11: "segmentation fault",
    12: "user defined signal 2",
    13: "broken pipe",
    14: "alarm clock",
    15: "terminated",
    31: "bad system call",
}


def invocation_head(message: Invoke, function_arn: str) -> str:
    """The headers that come with an event: docs runtimes-api, "Next invocation"."""
    arn = message.invoked_arn or function_arn
    head = (
        f"Lambda-Runtime-Aws-Request-Id: {message.request_id}\r\n"
        f"Lambda-Runtime-Deadline-Ms: {message.deadline_ms}\r\n"
        f"Lambda-Runtime-Invoked-Function-Arn: {arn}\r\n"
    )
    if message.trace_id:
        head += f"Lambda-Runtime-Trace-Id: {_LINE_ENDS.sub(' ', message.trace_id)}\r\n"
    if message.client_context:
        context = _LINE_ENDS.sub(" ", message.client_context)
        head += f"Lambda-Runtime-Client-Context: {context}\r\n"
    return head


def exit_reason(code: int) -> str:
    """`exit status 1` or `signal: killed`; negative codes are signals."""
    if code >= 0:
        return f"exit status {code}"
    return f"signal: {_SIGNALS.get(-code, f'signal {-code}')}"


def exited(request_id: str, reason: str) -> bytes:
    """The runtime process ended during INIT or an invocation."""
    if reason == "exit status 0":
        what = "Runtime exited without providing a reason"
    else:
        what = f"Runtime exited with error: {reason}"
    return _document("Runtime.ExitError", f"RequestId: {request_id} Error: {what}")


def fault(request_id: str, kind: str, reason: str) -> bytes:
    """What the platform, or an extension, found wrong."""
    return _document(kind, f"RequestId: {request_id} Error: {reason}")


def not_started(program: str, number: int) -> str:
    """In Go's words, in which AWS tells it."""
    return f"fork/exec {program}: {os.strerror(number).lower()}"


def not_entered(directory: str, number: int) -> str:
    """A working directory that an image does not have."""
    return f"chdir {directory}: {os.strerror(number).lower()}"


def timed_out(request_id: str, timeout_seconds: float) -> bytes:
    message = f"RequestId: {request_id} Error: Task timed out after {timeout_seconds:.2f} seconds"
    return _document("Sandbox.Timedout", message)


def timeout_line(request_id: str, spec: EnvironmentSpec, at: int) -> str:
    """What the log gets where the function had answered, and its extensions went on too long."""
    moment = datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    seconds = f"{spec.timeout_seconds:.2f}"
    return f"{moment}.{at % 1000:03d}Z {request_id} Task timed out after {seconds} seconds"


def response_too_large(limit_bytes: int) -> bytes:
    return _document(
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({limit_bytes} bytes).",
    )


def truncated() -> bytes:
    """A streamed answer broke off, and its runtime goes on."""
    return _document("Runtime.TruncatedResponse", "Response is truncated.")


def failed(kind: str) -> bytes:
    """A runtime said what kind of error ended its answer, and no more."""
    return _document(kind, "")


def error_type(document: bytes) -> str:
    """The type that a runtime's error document names, as far as it names one."""
    try:
        found = json.loads(document)
    except ValueError:
        return "Runtime.Unknown"
    return str(found.get("errorType", "")) if isinstance(found, dict) else "Runtime.Unknown"


def _document(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
