"""What came of an invocation: the answer, or the document that describes its failure."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pileus.kernel.fleet import Failure, InvocationResult
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.functions.function_names import LATEST
from pileus.services.lambda_.running import log_lines
from pileus.services.lambda_.snap_start import snap_start_errors

# docs: lambda/latest/dg/gettingstarted-limits: 6 MB, and AWS leaves 100 bytes more for answers.
ANSWER_BYTES_MAX = 6_291_556
UNHANDLED = "Unhandled"
TAIL_BYTES_MAX = 4096


class Outcome(NamedTuple):
    """As an invoker sees it; `function_error` is empty where the function answered."""

    payload: bytes
    function_error: str = ""
    error_type: str = ""
    log_tail: bytes = b""
    executed_version: str = LATEST


class _Document(msgspec.Struct, rename="camel"):
    error_type: str
    error_message: str


class _ErrorType(msgspec.Struct, rename="camel"):
    error_type: str = "Runtime.Unknown"


def outcome(
    result: InvocationResult, request_id: str, function: Function, now: int
) -> tuple[Outcome, str]:
    """What the invoker gets, or AWS's error; and the line that the log gets for it (or nothing)."""
    match result.failure:
        case Failure.NONE:
            if len(result.payload) <= ANSWER_BYTES_MAX:
                return Outcome(result.payload), ""
            return _failed(
                "Function.ResponseSizeTooLarge",
                "Response payload size exceeded maximum allowed payload size "
                f"({ANSWER_BYTES_MAX} bytes).",
            ), ""
        case Failure.ERROR | Failure.INIT_ERROR:
            return Outcome(result.payload, UNHANDLED, error_type(result.payload)), ""
        case Failure.FAULT:
            found = msgspec.json.decode(result.payload, type=_Document)
            line = f"{found.error_message}\n{found.error_type}\n"
            return Outcome(result.payload, UNHANDLED, found.error_type), line
        case Failure.TIMEOUT | Failure.INIT_TIMEOUT:
            seconds = f"{function.timeout_seconds:.2f}"
            return _failed(
                "Sandbox.Timedout",
                f"RequestId: {request_id} Error: Task timed out after {seconds} seconds",
            ), log_lines.timed_out(request_id, function.timeout_seconds, now)
        case Failure.RESTORE_ERROR:
            raise snap_start_errors.restoration_failed()
        case Failure.RESTORE_TIMEOUT:
            raise snap_start_errors.restoration_timed_out()
        case Failure.OUT_OF_MEMORY:
            return _exited("Runtime.OutOfMemory", request_id, result.exit_reason)
        case Failure.EXIT:
            return _exited("Runtime.ExitError", request_id, result.exit_reason)


def _failed(kind: str, message: str) -> Outcome:
    return Outcome(msgspec.json.encode(_Document(kind, message)), UNHANDLED, kind)


def _exited(kind: str, request_id: str, exit_reason: str) -> tuple[Outcome, str]:
    return (
        _failed(kind, log_lines.exit_error(request_id, exit_reason)),
        log_lines.exited(request_id, exit_reason, kind),
    )


def error_type(document: bytes) -> str:
    """The type that a function's own error document names."""
    try:
        return msgspec.json.decode(document, type=_ErrorType).error_type
    except (msgspec.DecodeError, RecursionError):
        return _ErrorType().error_type


def tail(lines: list[str]) -> bytes:
    """The last 4 KB of an invocation's log."""
    return "".join(lines).encode()[-TAIL_BYTES_MAX:]
