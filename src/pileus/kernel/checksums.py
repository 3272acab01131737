"""The checksums that S3 clients send: CRC-32, CRC-32C, CRC-64/NVME, SHA-1 and SHA-256.

Python has no CRC-32C and CRC-64; a table walked byte by byte would hold everybody up for a tenth
of a second per megabyte. CRCs are linear, so here thousands of lanes advance together: one
`bytes.translate` looks a whole column of them up.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from functools import cache
from typing import Protocol

# Lanes of 64 bytes each; shorter rests are walked byte by byte.
_LANE_BYTES = 64
_LANES_MIN = 32
# Many lanes cost little more than few, so small pieces are gathered first.
_PENDING_BYTES = 262_144


class Checksum(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


class _ReflectedCrc:
    """A CRC that shifts right, starts with all ones and ends inverted."""

    def __init__(self, polynomial: int, size_bytes: int) -> None:
        self._polynomial = polynomial
        self._size_bytes = size_bytes
        self._ones = (1 << 8 * size_bytes) - 1
        self._state = self._ones
        self._pending = bytearray()

    def update(self, data: bytes, /) -> None:
        self._pending += data
        if len(self._pending) >= _PENDING_BYTES:
            self._flush()

    def digest(self) -> bytes:
        self._flush()
        return (self._state ^ self._ones).to_bytes(self._size_bytes, "big")

    def _flush(self) -> None:
        data, self._pending = bytes(self._pending), bytearray()
        lanes = len(data) // _LANE_BYTES
        if lanes >= _LANES_MIN:
            # A power of two, so that neighbours can be joined until one is left.
            lanes = 1 << (lanes.bit_length() - 1)
            size = lanes * _LANE_BYTES
            self._walk_lanes(data[:size], lanes)
            data = data[size:]
        table = _table(self._polynomial)
        state = self._state
        for byte in data:
            state = table[(state ^ byte) & 0xFF] ^ (state >> 8)
        self._state = state

    def _walk_lanes(self, data: bytes, lanes: int) -> None:
        before = _shifted(self._polynomial, self._size_bytes, self._state, len(data))
        after = _lanes_remainder(self._polynomial, self._size_bytes, data, lanes)
        self._state = before ^ after


@cache
def _table(polynomial: int) -> list[int]:
    """The remainder of each byte."""
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (polynomial if value & 1 else 0)
        table.append(value)
    return table


@cache
def _planes(polynomial: int, size_bytes: int) -> list[bytes]:
    """The table split by bytes, lowest first, for `bytes.translate`."""
    table = _table(polynomial)
    return [bytes(value >> 8 * at & 0xFF for value in table) for at in range(size_bytes)]


def _xor(left: bytes, right: bytes) -> bytes:
    size = len(left)
    value = int.from_bytes(left, "little") ^ int.from_bytes(right, "little")
    return value.to_bytes(size, "little")


def _lanes_remainder(polynomial: int, size_bytes: int, data: bytes, lanes: int) -> int:
    """The remainder of data, from a zero state, advanced in lanes and then joined."""
    planes = _planes(polynomial, size_bytes)
    # state[k] holds byte k of every lane's state.
    state = [bytes(lanes)] * size_bytes
    for at in range(_LANE_BYTES):
        index = _xor(state[0], data[at::_LANE_BYTES])
        looked_up = [index.translate(plane) for plane in planes]
        state = [
            _xor(state[k + 1], looked_up[k]) if k + 1 < size_bytes else looked_up[k]
            for k in range(size_bytes)
        ]
    span = _LANE_BYTES
    while lanes > 1:
        left = [plane[0::2] for plane in state]
        right = [plane[1::2] for plane in state]
        state = [
            _xor(a, b)
            for a, b in zip(_shift_lanes(polynomial, size_bytes, left, span), right, strict=True)
        ]
        lanes //= 2
        span *= 2
    return int.from_bytes(bytes(plane[0] for plane in state), "little")


def _shift_lanes(polynomial: int, size_bytes: int, state: list[bytes], span: int) -> list[bytes]:
    """Every lane's state after `span` zero bytes."""
    tables = _shift_tables(polynomial, size_bytes, span)
    shifted = []
    for to in range(size_bytes):
        total = state[0].translate(tables[0][to])
        for source in range(1, size_bytes):
            total = _xor(total, state[source].translate(tables[source][to]))
        shifted.append(total)
    return shifted


@cache
def _shift_tables(polynomial: int, size_bytes: int, span: int) -> list[list[bytes]]:
    """What each byte of a state becomes, byte by byte, after `span` zero bytes."""
    tables = []
    for source in range(size_bytes):
        # The images of the eight bits of this byte; all other values are sums of them.
        bits = [_shifted(polynomial, size_bytes, 1 << (8 * source + bit), span) for bit in range(8)]
        values = [0] * 256
        for value in range(1, 256):
            lowest = value & -value
            values[value] = values[value ^ lowest] ^ bits[lowest.bit_length() - 1]
        tables.append(
            [bytes(value >> 8 * to & 0xFF for value in values) for to in range(size_bytes)]
        )
    return tables


def _shifted(polynomial: int, size_bytes: int, state: int, count: int) -> int:
    """A state after `count` zero bytes, by squaring the operator of one."""
    for power in range(count.bit_length()):
        if count >> power & 1:
            state = _apply(_zeros(polynomial, size_bytes, power), state)
    return state


@cache
def _zeros(polynomial: int, size_bytes: int, power: int) -> tuple[int, ...]:
    """The matrix, as columns, of 2 ** power zero bytes."""
    if power == 0:
        table = _table(polynomial)
        columns = [1 << bit for bit in range(8 * size_bytes)]
        return tuple(table[column & 0xFF] ^ (column >> 8) for column in columns)
    half = _zeros(polynomial, size_bytes, power - 1)
    return tuple(_apply(half, column) for column in half)


def _apply(matrix: tuple[int, ...], state: int) -> int:
    total = 0
    while state:
        lowest = state & -state
        total ^= matrix[lowest.bit_length() - 1]
        state ^= lowest
    return total


_CRC_32C = 0x82F63B78
_CRC_64_NVME = 0x9A6C9329AC4BC9B5

# AWS's names, as in x-amz-checksum-NAME.
ALGORITHMS = ("crc32", "crc32c", "crc64nvme", "sha1", "sha256")


def new_checksum(algorithm: str) -> Checksum:
    if algorithm == "crc32":
        return _Crc32()
    if algorithm == "crc32c":
        return _ReflectedCrc(_CRC_32C, 4)
    if algorithm == "crc64nvme":
        return _ReflectedCrc(_CRC_64_NVME, 8)
    assert algorithm in ALGORITHMS, f"no checksum {algorithm}"
    return hashlib.new(algorithm)


def encoded(checksum: Checksum) -> str:
    """As the headers carry it."""
    return b64encode(checksum.digest()).decode()


_POLYNOMIALS = {
    "crc32": (0xEDB88320, 4),
    "crc32c": (_CRC_32C, 4),
    "crc64nvme": (_CRC_64_NVME, 8),
}


def joined(algorithm: str, first: bytes, second: bytes, second_size: int) -> bytes:
    """The CRC of two pieces one after the other, of their CRCs and the second one's size."""
    polynomial, size_bytes = _POLYNOMIALS[algorithm]
    shifted = _shifted(polynomial, size_bytes, int.from_bytes(first, "big"), second_size)
    return (shifted ^ int.from_bytes(second, "big")).to_bytes(size_bytes, "big")
