"""Identifiers and randomness: the one place where they are made, so that a seed can fix them."""

from __future__ import annotations

import os
import random
from collections.abc import Callable

_HEX = "0123456789abcdef"
_POOL_BYTES = 4096


class Ids:
    """Makes identifiers from the system's randomness, or from a seed in simulations."""

    def __init__(self, seed: int | None = None) -> None:
        self._seeded = None if seed is None else random.Random(seed)
        self._take: Callable[[int], bytes] = (
            self._from_pool if self._seeded is None else self._seeded.randbytes
        )
        self._pool = b""
        self._position = 0

    def _from_pool(self, size: int) -> bytes:
        # One system call per 256 ids instead of one per id.
        start = self._position
        if start + size > len(self._pool):
            self._pool = os.urandom(_POOL_BYTES)
            start = 0
        self._position = start + size
        return self._pool[start : start + size]

    def uuid(self) -> str:
        """A random (version 4) UUID in AWS's lower-case form."""
        text = self._take(16).hex()
        variant = _HEX[8 + (int(text[16], 16) & 3)]
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"

    def token(self, size_bytes: int) -> bytes:
        return self._take(size_bytes) if size_bytes <= _POOL_BYTES else os.urandom(size_bytes)

    def hexadecimal(self, digits: int) -> str:
        return self._take((digits + 1) // 2).hex()[:digits]

    def letters(self, count: int, alphabet: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") -> str:
        """A string of `count` characters of the alphabet (at most 256 of them)."""
        size = len(alphabet)
        return "".join(alphabet[byte % size] for byte in self._take(count))

    def fraction(self) -> float:
        """A number in [0, 1): jitter, sampling, choice of order."""
        return int.from_bytes(self._take(7), "big") / (1 << 56)
