"""Trace records: who asked what of whom, how long it took; the newest ten thousand are kept.

Recording is sampled as X-Ray samples: so many a second, and all beyond that only as counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel
    from pileus.kernel.transaction import Transaction

ABOUT = "pileus:traces"
KEPT = 10_000
_RESERVOIR_PER_SECOND = 100
_FLUSH_SECONDS = 1.0
_PAGE = 100

_LAST = "SELECT number FROM kernel_traces WHERE part = :part ORDER BY number DESC LIMIT 1"
_INSERT = """
INSERT INTO kernel_traces (part, number, at, trace_id, record)
VALUES (:part, :number, :at, :trace_id, :record)
"""
_TRIM = "DELETE FROM kernel_traces WHERE part = :part AND number <= :number"
_NEWEST = """
SELECT record FROM kernel_traces WHERE part = :part ORDER BY number DESC LIMIT :limit
"""
_OF_TRACE = """
SELECT record FROM kernel_traces WHERE part = :part AND trace_id = :trace_id
ORDER BY number LIMIT :limit
"""


class Span(msgspec.Struct, omit_defaults=True):
    """One operation of one service. `at` is the platform's clock, the duration real."""

    trace_id: str
    at: int
    service: str
    operation: str
    account: str
    region: str
    about: str
    request_id: str
    duration_us: int
    hops: int = 0
    error: str = ""


class Traces:
    """Only for the event loop's thread."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._spans: list[Span] = []

    @property
    def is_recording(self) -> bool:
        """False once this second's reservoir is full."""
        return len(self._spans) < _RESERVOIR_PER_SECOND

    def record(self, span: Span) -> None:
        """Keep a span, unless others have filled the reservoir while its operation ran."""
        if not self.is_recording:
            return
        self._spans.append(span)
        if len(self._spans) == 1:
            self._kernel.clock.call_later(_FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        self._kernel.tasks.start("traces", self.write())

    async def write(self) -> None:
        spans, self._spans = self._spans, []
        if spans:
            part = self._kernel.store.partition(ABOUT)
            await self._kernel.store_step(_append, spans, part=part)

    async def read(self, trace_id: str = "") -> list[dict[str, Any]]:
        """The newest spans, or all spans of one trace in order."""
        await self.write()
        part = self._kernel.store.partition(ABOUT)
        records = await self._kernel.store_read(_read, trace_id, part=part)
        return [msgspec.json.decode(record) for record in records]


def _append(tx: Transaction, spans: list[Span]) -> None:
    row = tx.one(_LAST)
    first = (row[0] if row else 0) + 1
    tx.run_many(
        _INSERT,
        [
            {
                "number": first + index, "at": span.at, "trace_id": span.trace_id,
                "record": msgspec.json.encode(span).decode(),
            }
            for index, span in enumerate(spans)
        ],
    )  # fmt: skip
    tx.run(_TRIM, number=first + len(spans) - KEPT)


def _read(tx: Transaction, trace_id: str) -> list[str]:
    if trace_id:
        rows = tx.all(_OF_TRACE, at_most=1000, trace_id=trace_id, limit=1000)
    else:
        rows = tx.all(_NEWEST, at_most=_PAGE, limit=_PAGE)
    return [record for (record,) in rows]
