"""The RPC v2 CBOR protocol: bodies, requests and answers."""

from __future__ import annotations

from typing import Any

import cbor2

from pileus.aws_models.load import OperationModel
from pileus.aws_models.shapes import Shape
from pileus.kernel.request import Request
from pileus.protocols import failures, json_values, timestamps
from pileus.protocols.failures import WireError
from pileus.protocols.json_values import Convert, Dialect

# Deeper bodies are refused before they can exhaust the decoder's stack.
DEPTH_MAX = 100


def _timestamp(format_name: str | None) -> Convert:
    return lambda milliseconds: cbor2.CBORTag(1, timestamps.to_seconds(milliseconds))


CBOR = Dialect("cbor", _timestamp, float)


def _refuse(*_: Any) -> Any:
    raise ValueError("a tag that the protocol does not have")


# RPC v2 has tag 1 only. What else the decoder knows could build cycles, patterns or giant numbers.
_REFUSED_TAGS = dict.fromkeys(
    (0, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 100, 256, 258, 260, 261, 1004, 1040, 43000, 55799),
    _refuse,
)


def decode(body: bytes) -> Any:
    """Any CBOR body as plain values. Raises WireError."""
    try:
        return cbor2.loads(
            body,
            max_depth=DEPTH_MAX,
            tag_hook=_refuse,
            semantic_decoders=_REFUSED_TAGS,
            strict_hashable_types=True,
        )
    except (cbor2.CBORDecodeError, ValueError, OverflowError, TypeError, RecursionError) as error:
        raise WireError("the body is not valid CBOR") from error


def encode(shape: Shape, output: dict[str, Any]) -> bytes:
    write = json_values.writer(shape, CBOR)
    return cbor2.dumps(output if write is None else write(output))


def parse(request: Request, operation: OperationModel) -> dict[str, Any]:
    if operation.input is None or not request.body:
        return {}
    try:
        found: dict[str, Any] = json_values.reader(operation.input)(decode(request.body))
    except (WireError, RecursionError) as error:
        raise failures.serialization_exception(str(error)) from error
    return found


def error_body(type_name: str, members: dict[str, Any], shape: Shape | None) -> bytes:
    write = json_values.writer(shape, CBOR) if shape is not None else None
    return cbor2.dumps({"__type": type_name, **(members if write is None else write(members))})
