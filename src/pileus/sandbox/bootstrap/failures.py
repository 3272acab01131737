"""What went wrong, in the form of AWS's error documents."""

from __future__ import annotations

import json
import traceback
from types import TracebackType

IMPORT_MODULE_ERROR = "Runtime.ImportModuleError"
BUILT_IN_MODULE_CONFLICT = "Runtime.BuiltInModuleConflict"
HANDLER_NOT_FOUND = "Runtime.HandlerNotFound"
SYNTAX_ERROR = "Runtime.UserCodeSyntaxError"
MALFORMED_HANDLER_NAME = "Runtime.MalformedHandlerName"
MARSHAL_ERROR = "Runtime.MarshalError"
UNMARSHAL_ERROR = "Runtime.UnmarshalError"

_OWN_FILES = __file__.rpartition("/")[0]


class Fault(Exception):
    """A failure that the runtime found, with AWS's name for it."""

    def __init__(self, error_type: str, message: str, stack: list[str] | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.stack = stack or []


class Failure:
    """One error document: `payload` to post, `text` or `document` to log."""

    def __init__(self, error: BaseException, trace: TracebackType | None, request_id: str) -> None:
        if isinstance(error, Fault):
            self.error_type, stack = error.error_type, error.stack
        else:
            self.error_type, stack = type(error).__name__, _stack(error, trace)
        self.message = str(error)
        self.document = {
            "errorMessage": self.message,
            "errorType": self.error_type,
            "requestId": request_id,
            "stackTrace": stack,
        }
        self.payload = json.dumps(self.document).encode()
        lines = [f"[ERROR] {self.error_type}: {self.message}", "Traceback (most recent call last):"]
        self.text = "\n".join([*lines, *(entry.rstrip("\n") for entry in stack)])


def _stack(error: BaseException, trace: TracebackType | None) -> list[str]:
    """The frames from the customer's (or the import system's) first one on."""
    frames = traceback.extract_tb(trace)
    first = 0
    while first < len(frames) and frames[first].filename.startswith(_OWN_FILES):
        first += 1
    return traceback.format_list(frames[first:])
