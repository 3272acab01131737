"""A small service for tests of the kernel itself, and a kernel without a gateway around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pileus.app import schemas
from pileus.kernel.call import Call, Context
from pileus.kernel.clock import Clock
from pileus.kernel.database.migrations import Schema
from pileus.kernel.database.store import Store, StoreSettings
from pileus.kernel.deliveries import Delivery
from pileus.kernel.errors import AwsError
from pileus.kernel.fan_outs import Arrival
from pileus.kernel.kernel import Kernel
from pileus.kernel.metrics import Series
from pileus.kernel.service import Service, Target, Timer, Worker
from pileus.kernel.transaction import Transaction
from pileus.settings import Settings

TABLES = """
CREATE TABLE toy_notes (
    part INTEGER NOT NULL,
    number INTEGER NOT NULL,
    place TEXT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (part, place, number)
);
"""
INSERT = """
INSERT INTO toy_notes (part, number, place, words) VALUES (:part, :number, :place, :words)
"""
SERIES = Series("000000000000", "us-east-1", "Toy", "Rings", "Count", ((),))
PLACES = tuple(f"arn:aws:toy:us-east-1:000000000000:place-{number}" for number in range(8))


class Toy:
    """What happened, in order, and switches for what shall fail."""

    def __init__(self) -> None:
        self.happened: list[Any] = []
        self.refusals = 0
        self.crashes = 0
        self.started: list[str] = []
        self.gate: asyncio.Event | None = None
        self.has_started = asyncio.Event()

    # Timers.

    def ring(self, call: Call, key: str, payload: Mapping[str, Any]) -> None:
        if call.now < payload.get("broken_until", 0):
            raise RuntimeError("a toy broke")
        note(call.tx, f"{key} at {call.now}")
        self.happened.append((key, call.now, dict(payload)))
        if "wake" in payload:
            call.tx.wake(payload["wake"])
        if "is_counted" in payload:
            call.tx.note_metric(SERIES, 1)
        if "again_at" in payload:
            call.tx.set_timer("toy:ring", key, payload["again_at"], {})

    async def work(self, call: Call, key: str, payload: Mapping[str, Any]) -> None:
        self.started.append(key)
        self.has_started.set()
        if self.gate is not None:
            await self.gate.wait()
        await call.transaction(note, f"worked on {key}", about=call.about)
        self.happened.append((key, call.now, dict(payload)))

    # Deliveries.

    def accept(self, call: Call, delivery: Delivery) -> None:
        note(call.tx, delivery.payload)
        if self.refusals:
            self.refusals -= 1
            raise AwsError("Full", "The toy box is full.")
        self.happened.append((delivery.to, delivery.payload))

    def accept_all(self, call: Call, arrivals: Sequence[Arrival]) -> list[AwsError | None]:
        """Refuses the first ones."""
        refusals: list[AwsError | None] = []
        for arrival in arrivals:
            refused = self.refusals > 0
            self.refusals -= refused
            refusals.append(AwsError("Full", "The toy box is full.") if refused else None)
            if not refused:
                note(arrival.tx, arrival.delivery.payload)
        self.happened.append([arrival.delivery.to for arrival in arrivals])
        return refusals

    async def send(self, call: Call, delivery: Delivery) -> None:
        self.started.append(delivery.id)
        if self.refusals:
            self.refusals -= 1
            raise AwsError("Away", "Nobody is at home.")
        self.happened.append((delivery.to, delivery.payload))

    # Workers.

    async def poll(self, call: Call, key: str) -> None:
        self.started.append(key)
        if self.crashes:
            self.crashes -= 1
            raise RuntimeError("a poller broke")
        async with call.watching(key) as changed:
            while True:
                await changed()
                self.happened.append(key)

    def service(self) -> Service:
        return Service(
            name="sqs",
            package="pileus.kernel",
            operations=[],
            has_schema=False,
            targets=[
                Target("toy", accept=self.accept),
                Target("box", accept=self.accept, accept_all=self.accept_all),
                Target("mail", send=self.send),
            ],
            timers=[Timer("toy:ring", self.ring), Timer("toy:work", self.work)],
            workers=[Worker("toy:poller", self.poll)],
        )


def note(tx: Transaction, text: str) -> None:
    row = tx.one(
        "SELECT MAX(number) FROM toy_notes WHERE part = :part AND place = :place", place=tx.about
    )
    number = (row[0] if row and row[0] is not None else 0) + 1
    tx.run(INSERT, number=number, place=tx.about, words=text)


def notes(tx: Transaction) -> list[str]:
    rows = tx.all(
        "SELECT words FROM toy_notes WHERE part = :part AND place = :place ORDER BY number",
        at_most=1000, place=tx.about,
    )  # fmt: skip
    return [text for (text,) in rows]


def make_kernel(
    toy: Toy, make_store: Callable[[StoreSettings], Store], clock: Clock | None = None
) -> Kernel:
    kernel = Kernel(Settings(), [toy.service()], clock or Clock())
    kernel.store = make_store(
        StoreSettings(
            schemas=[*schemas([]), Schema("toy", TABLES)],
            make_transaction=kernel.make_transaction,
            on_commit=kernel.on_commit,
            is_strict=True,
            store_id="toy",
        ),
    )
    return kernel


def toy_call(kernel: Kernel) -> Call:
    return kernel.call_for(Context("000000000000", "us-east-1", "toy"), "toy", "Test")
