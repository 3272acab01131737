"""ARNs of executions, checkpoint tokens and callback ids, made and taken apart. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from pileus.kernel.call import Call
from pileus.services.lambda_.durable import durable_errors
from pileus.services.lambda_.durable.executions import Execution

_ARN = re.compile(
    r"(?P<function>arn:[a-zA-Z0-9-]+:lambda:(?P<region>[a-zA-Z0-9-]+):(?P<account>\d{12})"
    r":function:[a-zA-Z0-9_-]+)"
    r":(?P<version>\$LATEST(?:\.PUBLISHED)?|[0-9]+)"
    r"/durable-execution/(?P<name>[a-zA-Z0-9_-]+)/(?P<id>[a-zA-Z0-9_-]+)"
)


class Named(NamedTuple):
    """An execution as a request names it."""

    arn: str
    function_arn: str
    id: str


class Callback(NamedTuple):
    """What a callback id means."""

    function_arn: str
    execution: str
    operation: str


def read(arn: str) -> Named:
    match = _ARN.fullmatch(arn)
    if match is None:
        raise durable_errors.arn_invalid()
    return Named(arn, match["function"], match["id"])


def execution_of(call: Call, params: Mapping[str, Any]) -> str:
    """The function in whose partition an execution lies."""
    return read(params["DurableExecutionArn"]).function_arn


def callback_of(call: Call, params: Mapping[str, Any]) -> str:
    return read_callback(params["CallbackId"]).function_arn


def token(execution: Execution) -> str:
    """The checkpoint token that is valid now."""
    return _encode(execution.id, str(execution.token), execution.nonce)


def token_number(execution: Execution, text: str) -> int | None:
    """The number of a token of this execution; None for any other text."""
    found = _decode(text, 3)
    if found is None or found[0] != execution.id or found[2] != execution.nonce:
        return None
    return int(found[1]) if found[1].isdecimal() and len(found[1]) < 19 else None


def callback_id(execution: Execution, operation: str) -> str:
    return _encode(execution.function_arn, execution.id, operation)


def read_callback(text: str) -> Callback:
    found = _decode(text, 3)
    if found is None or not _ARN.match(f"{found[0]}:1/durable-execution/name/id"):
        raise durable_errors.callback_invalid()
    return Callback(*found)


def chained_name(execution: Execution, operation: str) -> str:
    """The name of an execution that another one starts: the same one each time it is tried."""
    digest = hashlib.sha256(f"{execution.id}/{operation}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"


def _encode(*parts: str) -> str:
    return base64.b64encode(msgspec.json.encode(parts)).decode()


def _decode(text: str, count: int) -> list[str] | None:
    try:
        found = msgspec.json.decode(base64.b64decode(text, validate=True), type=list[str])
    except (binascii.Error, ValueError, RecursionError):
        return None
    return found if len(found) == count else None
