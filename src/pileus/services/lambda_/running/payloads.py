"""Checks what an invoker sends, and says what is wrong with it as AWS's parser does."""

from __future__ import annotations

import base64
import binascii
import re

import msgspec

from pileus.services.lambda_ import errors

# docs: lambda/latest/dg/gettingstarted-limits
SYNCHRONOUS_BYTES_MAX = 6_291_456
ASYNCHRONOUS_BYTES_MAX = 1_048_576

# Bodies that cannot be JSON. All others are read as JSON whatever they call themselves: AWS's SDKs
# send application/octet-stream, curl says it has a form and fetch() that it has text.
_NO_JSON = re.compile(
    r"(?:multipart|image|audio|video|font)/.*|[a-z]+/(?:.*\+)?(?:xml|html)\s*(?:;.*)?"
)
_WORD = re.compile(rb"[\w$]+")
_POSITION = re.compile(r"byte (\d+)")
_EXPECTED = (
    "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
)
_SOURCE = "at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"


def check_type(content_type: str) -> None:
    """Refuse a body that says of itself that it is no JSON."""
    if content_type and _NO_JSON.fullmatch(content_type.strip().lower()):
        raise errors.content_type_unsupported(content_type)


def check_synchronous(payload: bytes) -> bytes:
    """The event: what was sent, or an empty object where nothing was."""
    if len(payload) > SYNCHRONOUS_BYTES_MAX:
        raise errors.request_too_large(SYNCHRONOUS_BYTES_MAX)
    return _check(payload)


def check_asynchronous(payload: bytes) -> bytes:
    """As `check_synchronous`, for events that are handed over."""
    if len(payload) > ASYNCHRONOUS_BYTES_MAX:
        raise errors.event_too_large(len(payload), ASYNCHRONOUS_BYTES_MAX)
    return _check(payload)


def _check(payload: bytes) -> bytes:
    if not payload:
        return b"{}"
    end, problem = len(payload), ""
    try:
        # Only skips over the value: nothing is built of it.
        msgspec.json.decode(payload, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError) as malformed:
        match = _POSITION.search(str(malformed))
        end = min(int(match[1]), end) if match else end
        problem = _problem(payload, end)
    # What is skipped over is not decoded, so text that is no UTF-8 may come before the problem.
    problem = _undecodable(payload[:end]) or problem
    if problem:
        raise errors.payload_not_json(problem)
    return payload


def _undecodable(text: bytes) -> str:
    if text.isascii():
        return ""
    try:
        text.decode()
    except UnicodeDecodeError as failure:
        kind, at = "start", failure.start
        if failure.reason != "invalid start byte":
            kind, at = "middle", failure.end
        if at < len(text):
            # AWS's parser has read the byte before it complains.
            return f"Invalid UTF-8 {kind} byte 0x{text[at]:x}\n {_where(text, at + 1)}"
    return ""


def _problem(payload: bytes, position: int) -> str:
    where = _where(payload, position)
    rest = payload[position:]
    if not rest:
        return f"Unexpected end-of-input\n {where}"
    byte = rest[0]
    word = _WORD.match(rest)
    if word is not None and not chr(byte).isdecimal():
        token = word[0].decode("ascii", "replace")
        expected = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
        return f"Unrecognized token '{token}': was expecting {expected}\n {where}"
    # The parser looks at single bytes here.
    is_shown = 0x20 <= byte < 0x7F or byte > 0x9F
    shown = f"'{chr(byte)}' (code {byte})" if is_shown else f"(CTRL-CHAR, code {byte})"
    return f"Unexpected character ({shown}): {_EXPECTED}\n {where}"


def _where(payload: bytes, position: int) -> str:
    before = payload[:position]
    line = before.count(b"\n") + 1
    column = position - (before.rfind(b"\n") + 1) + 1
    return f"{_SOURCE}; line: {line}, column: {column}]"


def client_context(header: str | None) -> str | None:
    """The JSON in the header X-Amz-Client-Context."""
    if not header:
        return None
    try:
        text = base64.b64decode(header, validate=True).decode()
        if not isinstance(msgspec.json.decode(text), dict):
            raise errors.client_context_invalid()
    except (binascii.Error, UnicodeDecodeError, msgspec.DecodeError, RecursionError) as problem:
        raise errors.client_context_invalid() from problem
    # It travels in a header of the Runtime API.
    return msgspec.json.encode(msgspec.json.decode(text)).decode()
