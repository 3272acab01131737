"""What streams state about themselves for CloudWatch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pileus.kernel import arns
from pileus.kernel.metrics import Series
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import stream_names

if TYPE_CHECKING:
    from pileus.services.kinesis.puts import Outcome

_MEMORY = "kinesis metrics"
_REMEMBERED = 1_000


def note_puts(tx: Transaction, outcome: Outcome) -> None:
    """Records were put into a stream."""
    arn = outcome.stream.arn
    remembered: dict[str, tuple[Series, Series]] = tx.kernel.memory.setdefault(_MEMORY, {})
    found = remembered.get(arn)
    if found is None:
        if len(remembered) >= _REMEMBERED:
            remembered.clear()
        found = remembered[arn] = (
            _series(arn, "IncomingRecords", "Count"),
            _series(arn, "IncomingBytes", "Bytes"),
        )
    sizes = outcome.batch.sizes
    refused = sum(sizes[index] for index in outcome.refusals)
    tx.note_metric(found[0], len(sizes) - len(outcome.refusals))
    tx.note_metric(found[1], sum(sizes) - refused)


def _series(arn: str, name: str, unit: str) -> Series:
    parts = arns.parse(arn)
    assert parts is not None
    dimensions = (("StreamName", stream_names.name_of(arn)),)
    return Series(parts.account, parts.region, "AWS/Kinesis", name, unit, (dimensions,))
