"""Kill the server under load, again and again, and look whether anything acknowledged is lost.

`python -m tests.simulation.crash_workload --kills 300 [--seed N]`
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    root = Path(__file__).parents[2]
    sys.path[:0] = [str(root / "tests"), str(root), str(root / "src")]

from simulation.crash_backups import BackupTraffic
from simulation.crash_buckets import BucketTraffic
from simulation.crash_client import Client, Lost, Refused
from simulation.crash_consumers import ConsumerTraffic
from simulation.crash_durable import DurableTraffic
from simulation.crash_events import EventTraffic
from simulation.crash_functions import FunctionTraffic, LogTraffic, SettingsTraffic
from simulation.crash_images import ImageTraffic
from simulation.crash_items import ItemTraffic
from simulation.crash_layers import LayerTraffic
from simulation.crash_locks import LockTraffic
from simulation.crash_managed import ManagedTraffic
from simulation.crash_metrics import MetricTraffic
from simulation.crash_notifications import NotificationTraffic
from simulation.crash_objects import ObjectTraffic
from simulation.crash_queues import FifoTraffic, PoisonTraffic, StandardTraffic, Turn
from simulation.crash_replicas import ReplicaTraffic
from simulation.crash_restores import RestoreTraffic
from simulation.crash_schedules import PipeTraffic, ScheduleTraffic
from simulation.crash_server import CrashServer
from simulation.crash_snapshots import SnapshotTraffic
from simulation.crash_stream_queues import StreamQueueTraffic
from simulation.crash_streams import StreamTraffic
from simulation.crash_topics import TopicTraffic
from simulation.crash_traces import TraceTraffic
from simulation.crash_versions import VersionTraffic

# Longer than any visibility timeout of the traffic.
_SETTLE_SECONDS = 90
_LOAD_SECONDS = (0.05, 1.6)
_START_SECONDS = (0.0, 0.8)
# Of the kills, those that are followed by one during the start.
_KILLED_WHILE_STARTING = 0.15


class Workload:
    """Clients, kills, and what must be true afterwards."""

    def __init__(
        self, seed: int, folder: Path, spoil: Callable[[Path], None] | None = None
    ) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.server = CrashServer(folder / "data", spoil)
        self.traffics: list[Any] = [
            StandardTraffic(), FifoTraffic(), PoisonTraffic(), LogTraffic(), SettingsTraffic(),
            FunctionTraffic(self.server.advance), EventTraffic(), TopicTraffic(), MetricTraffic(),
            ScheduleTraffic(self.server.advance), PipeTraffic(self.server.advance),
            ImageTraffic(), VersionTraffic(), LayerTraffic(), TraceTraffic(), StreamTraffic(),
            DurableTraffic(self.server.advance), ItemTraffic(), ObjectTraffic(),
            NotificationTraffic(), BackupTraffic(self.server.advance), LockTraffic(),
            BucketTraffic(), ReplicaTraffic(), RestoreTraffic(self.server.advance),
            ConsumerTraffic(self.server.advance), StreamQueueTraffic(),
            SnapshotTraffic(self.server.advance), ManagedTraffic(self.server.advance),
        ]  # fmt: skip
        self.refusals: dict[str, int] = {}
        self.kills = 0

    def run(self, kills: int, settle_every: int, *, is_telling: bool = False) -> None:
        """Raises AssertionError, which names the seed, when a promise was broken."""
        self.server.start()
        try:
            self._with_client(lambda traffic, client: traffic.prepare(client))
            for number in range(1, kills + 1):
                self._load_and_kill(number)
                self.server.start()
                if number % settle_every == 0 or number == kills:
                    self._settle()
                    if is_telling:
                        print(f"{number} kills: {self.summary()}", flush=True)
        except (AssertionError, Refused, Lost, OSError) as failure:
            raise AssertionError(
                f"{failure}\nafter {self.kills} kills; replay with PILEUS_CRASH_SEED={self.seed}\n"
                f"{self.server.said()}"
            ) from failure
        finally:
            self.server.kill()

    def _load_and_kill(self, number: int) -> None:
        is_over = threading.Event()
        threads = [
            threading.Thread(target=self._act, args=(turn, f"{self.seed}/{number}/{n}", is_over))
            for n, turn in enumerate(turn for traffic in self.traffics for turn in traffic.turns())
        ]
        for thread in threads:
            thread.start()
        ended = self.server.wait(self.chance.uniform(*_LOAD_SECONDS))
        self.server.kill()
        self.kills += 1
        is_over.set()
        for thread in threads:
            thread.join()
        assert not ended, "the server ended by itself"
        if self.chance.random() < _KILLED_WHILE_STARTING:
            self.server.begin()
            self.server.wait(self.chance.uniform(*_START_SECONDS))
            self.server.kill()
            self.kills += 1

    def _act(self, turn: Turn, seed: str, is_over: threading.Event) -> None:
        client = Client(self.server.port)
        chance = random.Random(seed)
        while not is_over.is_set():
            try:
                turn(client, chance)
            except Lost:
                break
            except Refused as refusal:
                said = str(refusal)[:200]
                self.refusals[said] = self.refusals.get(said, 0) + 1
        client.close()

    def _settle(self) -> None:
        self.server.advance(_SETTLE_SECONDS)
        self._with_client(lambda traffic, client: traffic.settle(client))
        problems = [
            f"{traffic.name}: {said}" for traffic in self.traffics for said in traffic.problems
        ]
        problems += [said for said in self.refusals if said.startswith("500")]
        assert not problems, "\n".join(problems)

    def _with_client(self, act: Any) -> None:
        client = Client(self.server.port)
        for traffic in self.traffics:
            act(traffic, client)
        client.close()

    def summary(self) -> str:
        return ", ".join(f"{traffic.name} {traffic.summary()}" for traffic in self.traffics)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--settle-every", type=int, default=10)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    wanted = parser.parse_args(arguments)
    print(f"seed {wanted.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="pileus-crash-") as folder:
        workload = Workload(wanted.seed, Path(folder))
        workload.run(wanted.kills, wanted.settle_every, is_telling=True)
    print(f"{workload.kills} kills, nothing acknowledged was lost: {workload.summary()}")
    for said, times in sorted(workload.refusals.items()):
        print(f"refused {times} times: {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
