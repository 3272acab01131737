"""Traffic for the crash test: archived objects whose restoration was acknowledged can be read."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import count

from simulation.crash_client import Client, Refused
from simulation.crash_objects import ask
from simulation.crash_queues import Turn

_BUCKET = "crash-archive"
_REQUEST = (
    b"<RestoreRequest><Days>9</Days><GlacierJobParameters><Tier>Expedited</Tier>"
    b"</GlacierJobParameters></RestoreRequest>"
)
_TAKES_SECONDS = 300


class RestoreTraffic:
    """Each object is written once, and restored."""

    name = "restore"

    def __init__(self, advance: Callable[[int], None]) -> None:
        self.problems: list[str] = []
        self._advance = advance
        self._acknowledged: dict[str, bytes] = {}
        self._numbers = count()
        self._read = 0

    def prepare(self, client: Client) -> None:
        ask(client, "PUT", f"/{_BUCKET}")

    def turns(self) -> Sequence[Turn]:
        return [self.restore]

    def restore(self, client: Client, chance: random.Random) -> None:
        place = f"/{_BUCKET}/{next(self._numbers)}"
        body = chance.randbytes(chance.choice((10, 70_000)))
        ask(client, "PUT", place, body, {"x-amz-storage-class": "GLACIER"})
        ask(client, "POST", f"{place}?restore", _REQUEST)
        self._acknowledged[place] = body

    def settle(self, client: Client) -> None:
        self._advance(_TAKES_SECONDS)
        for place, body in self._acknowledged.items():
            try:
                if ask(client, "GET", place) != body:
                    self.problems.append(f"{place} is not what was written")
            except Refused as refusal:
                self.problems.append(f"{place} was restored and cannot be read: {refusal}")
            ask(client, "DELETE", place)
        self._read += len(self._acknowledged)
        self._acknowledged.clear()

    def summary(self) -> str:
        return f"{self._read} restored objects read"
