"""What was acknowledged survives SIGKILL at any moment: a short run of the crash workload."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from simulation.crash_workload import Workload

KILLS = 8


@pytest.mark.timeout(180)
def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    seed = int(os.environ.get("PILEUS_CRASH_SEED") or time.time_ns() % 1_000_000)
    print(f"replay with PILEUS_CRASH_SEED={seed}")
    workload = Workload(seed, tmp_path)
    workload.run(KILLS, settle_every=4)
    assert workload.kills >= KILLS
