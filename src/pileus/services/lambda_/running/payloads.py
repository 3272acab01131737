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

_WORD = re.compile(rb"[\w$]+")
_POSITION = re.compile(r"byte (\d+)")
_EXPECTED = (
    "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
)
_SOURCE = "at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)"


def check(payload: bytes, limit_bytes: int) -> bytes:
    """The event: what was sent, or an empty object where nothing was."""
    if len(payload) > limit_bytes:
        raise errors.request_too_large(limit_bytes)
    if not payload:
        return b"{}"
    try:
        # Only skips over the value: nothing is built of it.
        msgspec.json.decode(payload, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise errors.payload_not_json(_problem(payload, str(problem))) from problem
    return payload


def _problem(payload: bytes, words: str) -> str:
    match = _POSITION.search(words)
    position = min(int(match[1]) if match else len(payload), len(payload))
    before = payload[:position]
    line = before.count(b"\n") + 1
    column = position - (before.rfind(b"\n") + 1) + 1
    where = f"{_SOURCE}; line: {line}, column: {column}]"
    rest = payload[position:]
    if not rest:
        return f"Unexpected end-of-input\n {where}"
    byte = rest[0]
    if byte >= 0x80:
        return f"Invalid UTF-8 start byte 0x{byte:x}\n {where}"
    word = _WORD.match(rest)
    if word is not None and not chr(byte).isdecimal():
        token = word[0].decode("ascii", "replace")
        expected = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
        return f"Unrecognized token '{token}': was expecting {expected}\n {where}"
    shown = f"'{chr(byte)}' (code {byte})" if byte >= 0x20 else f"(CTRL-CHAR, code {byte})"
    return f"Unexpected character ({shown}): {_EXPECTED}\n {where}"


def client_context(header: str | None) -> str | None:
    """The JSON in the header X-Amz-Client-Context."""
    if not header:
        return None
    try:
        text = base64.b64decode(header, validate=True).decode()
        if not isinstance(msgspec.json.decode(text), dict):
            raise errors.client_context_invalid()
    except (binascii.Error, UnicodeDecodeError, msgspec.DecodeError) as problem:
        raise errors.client_context_invalid() from problem
    # It travels in a header of the Runtime API.
    return msgspec.json.encode(msgspec.json.decode(text)).decode()
