"""From a function's answer to the HTTP response that it means: AWS's payload format 2.0.

docs: lambda/latest/dg/urls-invocation, "Response payload format"
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, NamedTuple

import msgspec

JSON = "application/json"
# docs: configuration-response-streaming; metadata precede the body of such a stream.
PRELUDE_TYPE = "application/vnd.awslambda.http-integration-response"
PRELUDE_END = bytes(8)
PRELUDE_BYTES_MAX = 262_144
_STATUSES = range(200, 600)


class Malformed(Exception):
    """The answer is none that could be sent."""


class Head(NamedTuple):
    """All of a response but its body."""

    status: int
    headers: dict[str, str]
    cookies: tuple[str, ...] = ()


def infer(payload: bytes) -> tuple[Head, bytes]:
    """What a whole answer means: JSON without a status code is itself the body."""
    try:
        document = msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise Malformed("The answer is not JSON.") from problem
    if not isinstance(document, dict) or "statusCode" not in document:
        return Head(200, {"Content-Type": JSON}), payload
    return read_head(document), _body(document)


def read_prelude(data: bytes) -> Head:
    """The metadata in front of a streamed body."""
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise Malformed("The metadata are not JSON.") from problem
    if not isinstance(document, dict):
        raise Malformed("The metadata are no object.")
    return read_head(document)


def read_head(document: dict[str, Any]) -> Head:
    headers = _headers(document.get("headers"))
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = JSON
    cookies = document.get("cookies") or []
    if not isinstance(cookies, list) or not all(isinstance(each, str) for each in cookies):
        raise Malformed("The cookies are no list of texts.")
    return Head(_status(document.get("statusCode", 200)), headers, tuple(cookies))


def _status(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:4])
    if type(value) is not int or value not in _STATUSES:
        raise Malformed("The status code is none.")
    return value


def _headers(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed("The headers are no object.")
    return {name: _header(each) for name, each in value.items()}


def _header(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise Malformed("A header is no text.")
    return str(value)


def _body(document: dict[str, Any]) -> bytes:
    body = document.get("body")
    if body is None:
        return b""
    is_encoded = document.get("isBase64Encoded")
    if not isinstance(body, str) or not isinstance(is_encoded, bool | None):
        raise Malformed("The body is no text.")
    if not is_encoded:
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise Malformed("The body is not in base64.") from problem
