"""The JSON 1.0 and 1.1 protocols, and JSON bodies for REST-JSON: requests and answers."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.aws_models.load import OperationModel
from pileus.aws_models.shapes import Shape
from pileus.kernel.pieces import Pieced
from pileus.kernel.request import Request
from pileus.protocols import failures, json_values, typed_json
from pileus.protocols.failures import WireError

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def decode(body: bytes) -> Any:
    """Any JSON body as plain values. Raises WireError."""
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"the body is not valid JSON: {error}") from error


def parse(request: Request, operation: OperationModel) -> dict[str, Any]:
    if operation.input is None or not request.body:
        return {}
    typed = typed_json.decode(operation.input, request.body)
    if typed is not None:
        return typed
    try:
        found: dict[str, Any] = json_values.reader(operation.input)(decode(request.body))
    except (WireError, RecursionError) as error:
        raise failures.serialization_exception(str(error)) from error
    return found


def encode(shape: Shape, output: Any) -> bytes:
    write = json_values.writer(shape, json_values.JSON)
    return _encode(output if write is None else write(output))


def encode_pieced(shape: Shape, output: Pieced) -> list[bytes]:
    """As `encode`, in pieces; the one that is written already comes first."""
    others = encode(shape, output)
    found = [b'{"%b":[' % output.member.encode()]
    for piece in output.pieces:
        found += (piece, b",")
    if output.pieces:
        found.pop()
    found.append(b"]}" if others == b"{}" else b"]," + others[1:])
    return found


def encode_plain(value: Any) -> bytes:
    """A value that already is as JSON has it."""
    return _encode(value)


def error_body(type_name: str, members: dict[str, Any], shape: Shape | None) -> bytes:
    """An error's document; without a type name for REST-JSON, which has it in a header."""
    write = json_values.writer(shape, json_values.JSON) if shape is not None else None
    written = members if write is None else write(members)
    return _encode({"__type": type_name, **written} if type_name else written)
