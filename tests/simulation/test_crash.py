"""What was acknowledged survives SIGKILL at any moment: a short run of the crash workload."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from simulation.crash_workload import Workload

KILLS = 8


@pytest.mark.timeout(240)
def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    seed = int(os.environ.get("PILEUS_CRASH_SEED") or time.time_ns() % 1_000_000)
    print(f"replay with PILEUS_CRASH_SEED={seed}")
    workload = Workload(seed, tmp_path)
    workload.run(KILLS, settle_every=4)
    assert KILLS <= workload.kills


def test_a_lost_write_would_be_noticed(tmp_path: Path) -> None:
    """The same, with the last of the log cut off after each kill."""

    def cut(data: Path) -> None:
        for log in data.rglob("*-wal"):
            with log.open("r+b") as file:
                file.truncate(log.stat().st_size // 2)

    workload = Workload(1, tmp_path, spoil=cut)
    with pytest.raises(AssertionError, match="replay with PILEUS_CRASH_SEED=1"):
        workload.run(3, settle_every=3)
