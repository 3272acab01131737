"""CBOR bodies: of the RPC v2 protocol, and of the older one that Java's SDK speaks to Kinesis."""

from __future__ import annotations

from typing import Any

import cbor2
import msgspec

from pileus.aws_models.load import OperationModel
from pileus.aws_models.shapes import Shape
from pileus.kernel.request import Request
from pileus.protocols import failures, json_values, timestamps
from pileus.protocols.failures import WireError
from pileus.protocols.json_values import Convert, Dialect

# The protocols, by the names that service models have for them; the older one is ours.
RPC_V2 = "smithy-rpc-v2-cbor"
CBOR_1_1 = "cbor-1.1"
# Deeper bodies are refused before they can exhaust the decoder's stack.
DEPTH_MAX = 100


def _in_seconds(format_name: str | None) -> Convert:
    return lambda milliseconds: cbor2.CBORTag(1, timestamps.to_seconds(milliseconds))


def _in_milliseconds(format_name: str | None) -> Convert:
    return lambda milliseconds: cbor2.CBORTag(1, milliseconds)


_DIALECTS = {
    RPC_V2: Dialect("cbor", _in_seconds, float),
    CBOR_1_1: Dialect("cbor 1.1", _in_milliseconds, float),
}


def _refuse(*_: Any) -> Any:
    raise ValueError("a tag that the protocol does not have")


# AWS has tag 1 only. What else the decoder knows could build cycles, patterns or giant numbers.
_REFUSED_TAGS = dict.fromkeys(
    (0, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 100, 256, 258, 260, 261, 1004, 1040, 43000, 55799),
    _refuse,
)
_TAGS = {
    RPC_V2: {**_REFUSED_TAGS, 1: lambda value, is_immutable: value},
    CBOR_1_1: {**_REFUSED_TAGS, 1: lambda value, is_immutable: timestamps.Milliseconds(value)},
}


def decode(body: bytes, protocol: str = RPC_V2) -> Any:
    """Any CBOR body as plain values. Raises WireError."""
    try:
        return cbor2.loads(
            body,
            max_depth=DEPTH_MAX,
            tag_hook=_refuse,
            semantic_decoders=_TAGS[protocol],
            strict_hashable_types=True,
        )
    except (cbor2.CBORDecodeError, ValueError, OverflowError, TypeError, RecursionError) as error:
        raise WireError("the body is not valid CBOR") from error


def encode(shape: Shape, output: dict[str, Any], protocol: str = RPC_V2) -> bytes:
    write = json_values.writer(shape, _DIALECTS[protocol])
    return cbor2.dumps(output if write is None else write(output), default=_write_raw)


def _write_raw(encoder: cbor2.CBOREncoder, value: Any) -> None:
    """What an operation has written itself."""
    assert type(value) is msgspec.Raw, f"CBOR has no {type(value).__name__}"
    encoder.write(bytes(value))


def parse(request: Request, operation: OperationModel, protocol: str) -> dict[str, Any]:
    if operation.input is None or not request.body:
        return {}
    try:
        found: dict[str, Any] = json_values.reader(operation.input)(decode(request.body, protocol))
    except (WireError, RecursionError) as error:
        raise failures.serialization_exception(str(error)) from error
    return found


def error_body(
    type_name: str, members: dict[str, Any], shape: Shape | None, protocol: str
) -> bytes:
    write = json_values.writer(shape, _DIALECTS[protocol]) if shape is not None else None
    return cbor2.dumps({"__type": type_name, **(members if write is None else write(members))})
