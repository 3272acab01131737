"""Reads the page that holds the platform's clock (kernel/clock_page.py writes it)."""

from __future__ import annotations

import mmap

_MARK = b"PILEUSC1"
_PAGE_BYTES = 24
CLOCK_WORD = 1


def open_page(path: str) -> memoryview | None:
    """The page's words: `page[CLOCK_WORD]` is the clock; None where the file is no such page."""
    try:
        with open(path, "rb") as file:
            mapped = mmap.mmap(file.fileno(), _PAGE_BYTES, prot=mmap.PROT_READ)
    except (OSError, ValueError):
        return None
    if mapped[: len(_MARK)] != _MARK:
        return None
    return memoryview(mapped).cast("q")


def shifted_ns(word: int, real_ns: int) -> int:
    """What the platform's clock shows when the machine's shows `real_ns`."""
    return word >> 1 if word & 1 else real_ns + (word >> 1)
