"""What streams state about themselves for CloudWatch, by its names.

docs: monitoring-with-cloudwatch. Shard-level metrics are those of EnableEnhancedMonitoring.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.kernel.metrics import Series
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import stream_names

if TYPE_CHECKING:
    from pileus.services.kinesis.pages import Page
    from pileus.services.kinesis.puts import Outcome
    from pileus.services.kinesis.shards import Shard
    from pileus.services.kinesis.store import Stream

Note = Callable[[Series, float], None]

COUNT, BYTES, MILLISECONDS = "Count", "Bytes", "Milliseconds"
SHARD_LEVEL = (
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
)
_MEMORY = "kinesis metrics"
_REMEMBERED = 20_000
_NONE = "[]"
_Dimensions = tuple[tuple[str, str], ...]


class Measures:
    """The metrics of one stream; a series is kept, since it is compared by identity."""

    def __init__(self, memory: dict[tuple[str, str, str], Series], arn: str) -> None:
        self._memory = memory
        self._arn = arn

    def series(self, name: str, unit: str, **dimension: str) -> Series:
        """A metric of the stream, or of one of its shards or consumers."""
        key = (self._arn, name, "".join(dimension.values()))
        found = self._memory.get(key)
        if found is None:
            parts = arns.parse(self._arn)
            assert parts is not None
            dimension["StreamName"] = stream_names.name_of(self._arn)
            dimensions = (tuple(sorted(dimension.items())),)
            found = Series(parts.account, parts.region, "AWS/Kinesis", name, unit, dimensions)
            if len(self._memory) >= _REMEMBERED:
                self._memory.clear()
            self._memory[key] = found
        return found


def of(tx_or_call: Transaction | Call, arn: str) -> Measures:
    return Measures(tx_or_call.kernel.memory.setdefault(_MEMORY, {}), arn)


def chosen(stream: Stream) -> Sequence[str]:
    """The shard-level metrics that the stream has enabled."""
    if stream.metrics == _NONE:
        return ()
    return msgspec.json.decode(stream.metrics, type=list[str])


# Puts.


def note_put(call: Call, outcome: Outcome) -> None:
    """PutRecord has ended, taken or throttled."""
    measures = of(call, outcome.stream.arn)
    is_taken = not outcome.refusals
    call.note_metric(measures.series("PutRecord.Latency", MILLISECONDS), None)
    call.note_metric(measures.series("PutRecord.Success", COUNT), int(is_taken))
    if is_taken:
        call.note_metric(measures.series("PutRecord.Bytes", BYTES), outcome.batch.sizes[0])
    note_arrivals(call.note_metric, measures, outcome)


def note_puts(call: Call, outcome: Outcome) -> None:
    """PutRecords has ended."""
    measures = of(call, outcome.stream.arn)
    total, refused = len(outcome.results), len(outcome.refusals)
    for name, value in (
        ("PutRecords.Success", int(refused < total)),
        ("PutRecords.TotalRecords", total),
        ("PutRecords.SuccessfulRecords", total - refused),
        ("PutRecords.FailedRecords", 0),
        ("PutRecords.ThrottledRecords", refused),
    ):
        call.note_metric(measures.series(name, COUNT), value)
    call.note_metric(measures.series("PutRecords.Latency", MILLISECONDS), None)
    call.note_metric(measures.series("PutRecords.Bytes", BYTES), sum(outcome.batch.sizes))
    note_arrivals(call.note_metric, measures, outcome)


def note_arrivals(note: Note, measures: Measures, outcome: Outcome) -> None:
    """Records have come, from wherever, or were throttled."""
    sizes, refusals = outcome.batch.sizes, outcome.refusals
    count = len(sizes) - len(refusals)
    if count:
        size_bytes = sum(sizes) - sum(sizes[index] for index in refusals)
        note(measures.series("IncomingRecords", COUNT), count)
        note(measures.series("IncomingBytes", BYTES), size_bytes)
    note(measures.series("WriteProvisionedThroughputExceeded", COUNT), len(refusals))
    wanted = chosen(outcome.stream)
    if wanted:
        for shard_id, indexes in _by_shard(outcome).items():
            kept = [sizes[index] for index in indexes if index not in refusals]
            _note_shard(
                note, measures, wanted, shard_id,
                (("IncomingRecords", COUNT, len(kept)), ("IncomingBytes", BYTES, sum(kept)),
                 ("WriteProvisionedThroughputExceeded", COUNT, len(indexes) - len(kept))),
            )  # fmt: skip


def _by_shard(outcome: Outcome) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index, result in enumerate(outcome.results):
        shard_id = result.get("ShardId")
        if shard_id is None:
            shard_id = outcome.refused_by[index]
        found.setdefault(shard_id, []).append(index)
    return found


def _note_shard(
    note: Note,
    measures: Measures,
    wanted: Sequence[str],
    shard_id: str,
    samples: Iterable[tuple[str, str, float]],
) -> None:
    for name, unit, value in samples:
        if name in wanted:
            note(measures.series(name, unit, ShardId=shard_id), value)


# Reads.


def note_read(call: Call, stream: Stream, shard: Shard, page: Page) -> None:
    """GetRecords has read a page."""
    measures = of(call, stream.arn)
    # docs: the age of the last record that the call has read; 0 says that it has caught up.
    age = call.now - page.runs[-1].at if page.runs else 0
    for name, unit, value in (
        ("GetRecords.Success", COUNT, 1),
        ("GetRecords.Records", COUNT, page.record_count),
        ("GetRecords.Bytes", BYTES, page.size_bytes),
        ("GetRecords.IteratorAgeMilliseconds", MILLISECONDS, age),
        ("ReadProvisionedThroughputExceeded", COUNT, 0),
        ("GetRecords.Latency", MILLISECONDS, None),
    ):
        call.note_metric(measures.series(name, unit), value)
    _note_shard(
        call.note_metric, measures, chosen(stream), shard.id,
        (("OutgoingRecords", COUNT, page.record_count), ("OutgoingBytes", BYTES, page.size_bytes),
         ("IteratorAgeMilliseconds", MILLISECONDS, age),
         ("ReadProvisionedThroughputExceeded", COUNT, 0)),
    )  # fmt: skip


def note_refused_read(call: Call, stream: Stream, shard: Shard) -> None:
    """GetRecords has been throttled."""
    measures = of(call, stream.arn)
    name = "ReadProvisionedThroughputExceeded"
    call.note_metric(measures.series("GetRecords.Success", COUNT), 0)
    call.note_metric(measures.series(name, COUNT), 1)
    wanted = chosen(stream)
    _note_shard(call.note_metric, measures, wanted, shard.id, ((name, COUNT, 1),))


# Subscriptions.


def note_subscription(call: Call, consumer_name: str, is_taken: bool) -> None:
    """SubscribeToShard has begun, or another had the shard."""
    measures, note = of(call, call.about), call.kernel.metrics.note
    for name, value in (
        ("SubscribeToShard.Success", int(is_taken)),
        ("SubscribeToShard.RateExceeded", int(not is_taken)),
    ):
        note(measures.series(name, COUNT, ConsumerName=consumer_name), value)


def note_event(call: Call, consumer_name: str, page: Page) -> None:
    """An event has been sent to a subscriber."""
    measures, note = of(call, call.about), call.kernel.metrics.note
    for name, unit, value in (
        ("SubscribeToShardEvent.Success", COUNT, 1),
        ("SubscribeToShardEvent.Records", COUNT, page.record_count),
        ("SubscribeToShardEvent.Bytes", BYTES, page.size_bytes),
        ("SubscribeToShardEvent.MillisBehindLatest", MILLISECONDS, page.millis_behind),
    ):
        note(measures.series(name, unit, ConsumerName=consumer_name), value)
