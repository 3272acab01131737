"""Pure decisions: what a batch may be, which of its events are taken, when events expire."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from pileus.kernel.errors import AwsError
from pileus.services.logs import errors

HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
# docs: API_PutLogEvents
EVENT_OVERHEAD_BYTES = 26
EVENT_BYTES_MAX = 1_048_576
BATCH_BYTES_MAX = 1_048_576
BATCH_SPAN_MS = DAY_MS
TOO_OLD_MS = 14 * DAY_MS
TOO_NEW_MS = 2 * HOUR_MS
# docs: API_PutRetentionPolicy
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip
# docs: log events of the Delivery class are kept for one day
DELIVERY_CLASS = "DELIVERY"
DELIVERY_RETENTION_DAYS = 1


class Batch(NamedTuple):
    """Events as two lists side by side: ten thousand pairs would cost more than their work."""

    times: list[int]
    messages: list[str]

    def part(self, begin: int, end: int) -> Batch:
        return Batch(self.times[begin:end], self.messages[begin:end])


class Accepted(NamedTuple):
    """The events of a batch that are taken, and the indices around them; None for no such event."""

    events: Batch
    too_old_end: int | None
    expired_end: int | None
    too_new_start: int | None

    @property
    def rejected(self) -> dict[str, int]:
        """RejectedLogEventsInfo; empty if all are taken."""
        info = {
            "tooNewLogEventStartIndex": self.too_new_start,
            "tooOldLogEventEndIndex": self.too_old_end,
            "expiredLogEventEndIndex": self.expired_end,
        }
        return {name: index for name, index in info.items() if index is not None}


def sizes_bytes(messages: Sequence[str]) -> list[int]:
    """The sizes of events as AWS counts them."""
    return [len(message.encode()) + EVENT_OVERHEAD_BYTES for message in messages]


def problem(batch: Batch) -> AwsError | None:
    """Why the whole batch is refused, whatever the time."""
    sizes = sizes_bytes(batch.messages)
    largest = max(sizes, default=0)
    if largest > EVENT_BYTES_MAX:
        return errors.event_too_large(largest, EVENT_BYTES_MAX)
    if sum(sizes) > BATCH_BYTES_MAX:
        return errors.upload_too_large(sum(sizes), BATCH_BYTES_MAX)
    if sorted(batch.times) != batch.times:
        return errors.not_chronological()
    return None


def accept(batch: Batch, now: int, retention_days: int) -> Accepted:
    """Take the events that are neither too old nor too new; they are in chronological order."""
    times = batch.times
    too_old_end = bisect_left(times, now - TOO_OLD_MS)
    expired_end = bisect_left(times, oldest_kept(now, retention_days)) if retention_days else 0
    too_new_start = bisect_right(times, now + TOO_NEW_MS)
    return Accepted(
        batch.part(max(too_old_end, expired_end), too_new_start),
        too_old_end or None,
        expired_end or None,
        too_new_start if too_new_start < len(times) else None,
    )


def spans_too_long(batch: Batch) -> bool:
    return bool(batch.times) and batch.times[-1] - batch.times[0] > BATCH_SPAN_MS


def oldest_kept(now: int, retention_days: int) -> int:
    """Events before this instant have expired; 0 where they never do."""
    return max(0, now - retention_days * DAY_MS) if retention_days else 0


def expiry_at(event_at: int, retention_days: int) -> int:
    """When the rows of an event are removed: at the first full hour after it has expired."""
    return ((event_at + retention_days * DAY_MS) // HOUR_MS + 1) * HOUR_MS
