"""Checksums agree with their published check values, and with themselves however data is cut."""

from __future__ import annotations

import hashlib
import zlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.checksums import encoded, new_checksum

# "check" values of the catalogue of parametrised CRC algorithms, and of FIPS 180-4.
CHECKS = {
    "crc32": "cbf43926",
    "crc32c": "e3069283",
    "crc64nvme": "ae8b14860a799888",
    "sha1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    "sha256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
}
POLYNOMIALS = {"crc32c": (0x82F63B78, 4), "crc64nvme": (0x9A6C9329AC4BC9B5, 8)}


@pytest.mark.parametrize(("algorithm", "expected"), CHECKS.items())
def test_check_value(algorithm: str, expected: str) -> None:
    checksum = new_checksum(algorithm)
    checksum.update(b"123456789")
    assert checksum.digest().hex() == expected


def bit_by_bit(algorithm: str, data: bytes) -> bytes:
    polynomial, size = POLYNOMIALS[algorithm]
    ones = (1 << 8 * size) - 1
    state = ones
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (polynomial if state & 1 else 0)
    return (state ^ ones).to_bytes(size, "big")


@pytest.mark.parametrize("algorithm", POLYNOMIALS)
@pytest.mark.parametrize("size", [0, 1, 2047, 2048, 2049, 4096, 5000, 70_000])
def test_many_lanes_give_what_single_bits_give(algorithm: str, size: int) -> None:
    data = b"".join(hashlib.sha256(bytes([n % 251])).digest() for n in range(size // 32 + 1))[:size]
    checksum = new_checksum(algorithm)
    checksum.update(data)
    assert checksum.digest() == bit_by_bit(algorithm, data)


@settings(max_examples=30, deadline=None)
@given(
    data=st.binary(min_size=1, max_size=200),
    times=st.integers(1, 3000),
    cuts=st.lists(st.integers(0, 600_000), max_size=4),
)
def test_cuts_do_not_matter(data: bytes, times: int, cuts: list[int]) -> None:
    data *= times
    for algorithm in ("crc32", "crc32c"):
        whole, cut = new_checksum(algorithm), new_checksum(algorithm)
        whole.update(data)
        edges = [0, *sorted(at % (len(data) + 1) for at in cuts), len(data)]
        for start, end in pairwise(edges):
            cut.update(data[start:end])
        assert whole.digest() == cut.digest()


def test_large_data_is_gathered_and_walked_in_lanes() -> None:
    data = bytes(range(256)) * 2048
    for algorithm in POLYNOMIALS:
        whole, pieces = new_checksum(algorithm), new_checksum(algorithm)
        whole.update(data + b"tail")
        for at in range(0, len(data), 1000):
            pieces.update(data[at : at + 1000])
        pieces.update(b"tail")
        assert whole.digest() == pieces.digest()


def test_encoding_is_base64() -> None:
    checksum = new_checksum("crc32")
    checksum.update(b"abc")
    assert encoded(checksum) == "NSRBwg=="
    assert checksum.digest() == zlib.crc32(b"abc").to_bytes(4, "big")
