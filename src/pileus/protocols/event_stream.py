"""Event streams: binary frames, and the events that they carry, both ways."""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple

from pileus.protocols import failures
from pileus.protocols.failures import WireError

CONTENT_TYPE = "application/vnd.amazon.eventstream"
# The limits of the format: 128 KB of headers, 24 MB of payload.
HEADERS_BYTES_MAX = 131_072
PAYLOAD_BYTES_MAX = 25_165_824
_PRELUDE_BYTES = 12
_CHECKSUM_BYTES = 4
_FIXED_TYPES = {2: ">b", 3: ">h", 4: ">i", 5: ">q", 8: ">q"}


class Timestamp(int):
    """Epoch milliseconds as a header's value, which have a type of their own there."""


class Long(int):
    """A header's value of 64 bits; plain integers have 32."""


class Frame(NamedTuple):
    """One message of a stream."""

    headers: dict[str, Any]
    payload: bytes


def encode_frame(headers: dict[str, Any], payload: bytes) -> bytes:
    encoded = b"".join(_encode_header(name, value) for name, value in headers.items())
    length = _PRELUDE_BYTES + len(encoded) + len(payload) + _CHECKSUM_BYTES
    prelude = struct.pack(">II", length, len(encoded))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    head = prelude + encoded
    checksum = zlib.crc32(payload, zlib.crc32(head))
    return b"".join((head, payload, struct.pack(">I", checksum)))


class Decoder:
    """Takes bytes as they come and gives the frames that are whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yields frames. Raises WireError at the first one that is malformed."""
        self._buffer += data
        while len(self._buffer) >= _PRELUDE_BYTES:
            total, headers_length, checksum = struct.unpack_from(">III", self._buffer)
            if zlib.crc32(self._buffer[:8]) != checksum:
                raise WireError("the checksum of a frame's prelude does not fit")
            payload_length = total - headers_length - _PRELUDE_BYTES - _CHECKSUM_BYTES
            if headers_length > HEADERS_BYTES_MAX or not 0 <= payload_length <= PAYLOAD_BYTES_MAX:
                raise WireError("a frame has an impossible length")
            if len(self._buffer) < total:
                return
            message = bytes(self._buffer[:total])
            del self._buffer[:total]
            if zlib.crc32(message[:-4]) != int.from_bytes(message[-4:], "big"):
                raise WireError("the checksum of a frame does not fit")
            end = _PRELUDE_BYTES + headers_length
            yield Frame(_decode_headers(message[_PRELUDE_BYTES:end]), message[end:-4])

    def finish(self) -> None:
        """Raises WireError if the stream ended within a frame."""
        if self._buffer:
            raise WireError("the stream ended within a frame")


def _encode_header(name: str, value: Any) -> bytes:
    encoded_name = name.encode("utf-8")[:255]
    start = bytes([len(encoded_name)]) + encoded_name
    if value is True:
        return start + b"\x00"
    if value is False:
        return start + b"\x01"
    if isinstance(value, Timestamp):
        return start + struct.pack(">Bq", 8, value)
    if isinstance(value, Long):
        return start + struct.pack(">Bq", 5, value)
    if isinstance(value, int):
        return start + struct.pack(">Bi", 4, value)
    if isinstance(value, bytes):
        return start + struct.pack(">BH", 6, len(value)) + value
    encoded = str(value).encode("utf-8")
    # A header's value has 32 KB at most; text for people is cut rather than refused.
    encoded = encoded[:32_767].decode("utf-8", "ignore").encode("utf-8")
    return start + struct.pack(">BH", 7, len(encoded)) + encoded


def _decode_headers(data: bytes) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    position = 0
    try:
        while position < len(data):
            length = data[position]
            name = data[position + 1 : position + 1 + length].decode("utf-8")
            position += 1 + length
            headers[name], position = _decode_value(data, position)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise WireError("the headers of a frame are malformed") from error
    return headers


def _decode_value(data: bytes, position: int) -> tuple[Any, int]:
    kind = data[position]
    position += 1
    if kind in (0, 1):
        return kind == 0, position
    if kind in _FIXED_TYPES:
        (value,) = struct.unpack_from(_FIXED_TYPES[kind], data, position)
        return value, position + struct.calcsize(_FIXED_TYPES[kind])
    if kind in (6, 7):
        (length,) = struct.unpack_from(">H", data, position)
        start = position + 2
        content = data[start : start + length]
        if len(content) != length:
            raise WireError("a header is longer than its frame")
        return (content if kind == 6 else content.decode("utf-8")), start + length
    if kind == 9:
        content = data[position : position + 16]
        if len(content) != 16:
            raise WireError("a header is longer than its frame")
        return content, position + 16
    raise WireError("a header has an unknown type")


async def frames(chunks: AsyncIterator[bytes]) -> AsyncIterator[Frame]:
    """The frames of a request's body. Raises AwsError for a malformed one."""
    decoder = Decoder()
    try:
        async for chunk in chunks:
            for frame in decoder.feed(chunk):
                yield frame
        decoder.finish()
    except WireError as error:
        raise failures.serialization_exception(str(error)) from error
