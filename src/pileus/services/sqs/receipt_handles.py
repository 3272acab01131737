"""Receipt handles: where a received message lies and which receive it was, as an opaque text."""

from __future__ import annotations

import base64
import binascii
from struct import Struct, error
from typing import NamedTuple
from zlib import crc32

from pileus.services.sqs import errors

# These three bytes give the prefix that AWS's handles have, "AQEB".
_PREFIX = b"\x01\x01\x01"
_FIELDS = Struct(">QQqQIQ")
_SUM = Struct(">I")
_LENGTH = len(_PREFIX) + _FIELDS.size + _SUM.size


class ReceiptHandle(NamedTuple):
    """`lane` is the enqueue time in a standard queue, the message group's key in a FIFO queue."""

    queue: int  # the queue's number
    generation: int
    lane: int
    position: int
    receives: int  # which receive of the message this was
    received_at: int


def encode(handle: ReceiptHandle) -> str:
    body = _PREFIX + _FIELDS.pack(*handle)
    return base64.b64encode(body + _SUM.pack(crc32(body))).decode()


def decode(text: str) -> ReceiptHandle:
    """Raises ReceiptHandleIsInvalid for a text that was never a receipt handle."""
    try:
        raw = base64.b64decode(text, validate=True)
        if len(raw) != _LENGTH or _SUM.unpack(raw[-_SUM.size :])[0] != crc32(raw[: -_SUM.size]):
            raise errors.malformed_receipt_handle(text)
        return ReceiptHandle(*_FIELDS.unpack(raw[len(_PREFIX) : -_SUM.size]))
    except (binascii.Error, ValueError, error):
        raise errors.malformed_receipt_handle(text) from None
