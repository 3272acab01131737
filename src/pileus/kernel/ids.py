"""Identifiers and randomness: the one place where they are made, so that a seed can fix them."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable

# The digit that names the variant of a UUID has two bits of chance.
_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_POOL_BYTES = 4096


class _Pool(threading.local):
    """Random bytes in store, for each thread its own: transactions run beside the event loop."""

    bytes = b""
    position = 0


class Ids:
    """Makes identifiers from the system's randomness, or from a seed in simulations."""

    def __init__(self, seed: int | None = None) -> None:
        self._seeded = None if seed is None else random.Random(seed)
        self._take: Callable[[int], bytes] = (
            self._from_pool if self._seeded is None else self._seeded.randbytes
        )
        self._pool = _Pool()

    def _from_pool(self, size: int) -> bytes:
        # One system call per 256 ids instead of one per id.
        pool = self._pool
        start = pool.position
        if start + size > len(pool.bytes):
            pool.bytes = os.urandom(_POOL_BYTES)
            start = 0
        pool.position = start + size
        return pool.bytes[start : start + size]

    def uuid(self) -> str:
        """A random (version 4) UUID in AWS's lower-case form."""
        text = self._take(16).hex()
        variant = _VARIANTS[text[16]]
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
