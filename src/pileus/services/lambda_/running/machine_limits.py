"""How many environments this machine bears, and how much memory they may take in all."""

from __future__ import annotations

import os
from typing import NamedTuple

_MEMORY_MB_EACH = 24
_COUNT_MIN, _COUNT_MAX = 16, 1000
_MEMORY_SHARE = 0.75


class MachineLimits(NamedTuple):
    count_max: int
    memory_mb_max: int


def of_this_machine() -> MachineLimits:
    physical_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // (1 << 20)
    count_max = max(_COUNT_MIN, min(_COUNT_MAX, physical_mb // _MEMORY_MB_EACH))
    return MachineLimits(count_max, int(physical_mb * _MEMORY_SHARE))
