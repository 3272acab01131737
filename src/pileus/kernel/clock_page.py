"""Writes the platform's clock where sandboxed functions read it: 24 bytes in a shared file.

Three little-endian words of eight bytes: a mark with the version, the clock, and a count of
changes. The clock is one word, so that a reader never sees half a change: nanoseconds times two,
plus one where it stands still. Running, they are the distance to the machine's clock, and 0 means
that both agree; frozen, they are the instant since the epoch.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from pileus.kernel.clock import Clock

MARK = b"PILEUSC1"
PAGE_BYTES = 24
_WORD = struct.Struct("<q")
_CLOCK_PLACE, _COUNT_PLACE = 8, 16
_WORD_MAX = (1 << 63) - 1
# What rounding to milliseconds makes of two clocks that agree.
_AGREEMENT_MS = 2


class ClockPage:
    """Follows a clock: every freeze, move and resume is in the file before anyone acts on it."""

    def __init__(self, path: Path, clock: Clock) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w+b") as file:
            file.write(MARK.ljust(PAGE_BYTES, b"\0"))
            file.flush()
            self._page = mmap.mmap(file.fileno(), PAGE_BYTES)
        # Functions read it as other users.
        path.chmod(0o644)
        self._clock = clock
        self._changes = 0
        self._write()
        clock.on_change(self._write)

    def _write(self) -> None:
        self._changes += 1
        _WORD.pack_into(self._page, _CLOCK_PLACE, word(self._clock))
        _WORD.pack_into(self._page, _COUNT_PLACE, self._changes)


def word(clock: Clock) -> int:
    """The clock as one number."""
    if clock.is_frozen:
        return min(clock.now() * 2_000_000 | 1, _WORD_MAX)
    offset_ms = clock.offset_ms
    return 0 if abs(offset_ms) <= _AGREEMENT_MS else offset_ms * 2_000_000
