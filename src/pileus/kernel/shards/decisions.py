"""What follows from a batch: done, once more, in halves, or given up. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pileus.kernel.shards.batches import RETRIES_EXHAUSTED, TOO_OLD, Batch, Outcome, Reading
from pileus.kernel.shards.progress import Attempt, Window
from pileus.kernel.shards.records import Record

# docs: lambda/latest/dg/services-kinesis-windows: "a maximum of 1 MB per shard"
STATE_BYTES_MAX = 1024 * 1024
_PAUSE_MS = 1_000
_PAUSE_MAX_MS = 900_000
_REFUSED_PAUSE_MAX_MS = 60_000


class Step(NamedTuple):
    """`finished` records leave the lane, of which the last `given_up` were not done."""

    finished: int
    given_up: int = 0
    condition: str = ""
    attempts: list[Attempt] | None = None
    is_paused: bool = False
    window: Window | None = None


def after(batch: Batch, outcome: Outcome, reading: Reading) -> Step:
    """What follows from the outcome of a batch."""
    if batch.is_final:
        return _after_final(batch, outcome, reading)
    window = _window(batch, outcome)
    count = len(batch.records)
    failed_at = outcome.failed_at
    if failed_at is None:
        return Step(count, window=window)
    last, left = batch.records[-1].sequence, count - failed_at
    if outcome.is_hopeless:
        return Step(count, left, RETRIES_EXHAUSTED, window=window)
    if reading.is_bisecting and (failed_at or left > 1):
        # Splitting does not count towards the quota.
        parts = [Attempt(last, batch.failures)]
        if not failed_at:
            middle = batch.records[(count + 1) // 2 - 1].sequence
            parts.insert(0, Attempt(middle, batch.failures))
        return Step(failed_at, attempts=parts, window=window)
    # Records before the failed one are done: it is the first failure of those that are left.
    failures = 1 if failed_at else batch.failures + 1
    if 0 <= reading.retries_max < failures:
        return Step(count, left, RETRIES_EXHAUSTED, window=window)
    attempts = [Attempt(last, failures)]
    return Step(failed_at, attempts=attempts, is_paused=True, window=window)


def _after_final(batch: Batch, outcome: Outcome, reading: Reading) -> Step:
    window = batch.window
    assert window is not None
    if outcome.failed_at is None:
        return Step(0)
    failures = window.failures + 1
    if 0 <= reading.retries_max < failures:
        return Step(0)
    kept = Window(window.start, window.end, window.state, window.is_early, failures)
    return Step(0, is_paused=True, window=kept)


def _window(batch: Batch, outcome: Outcome) -> Window | None:
    before = batch.window
    if before is None or outcome.state is None:
        return before
    is_early = len(outcome.state.encode()) > STATE_BYTES_MAX
    return Window(before.start, before.end, outcome.state, is_early)


def too_old(records: Sequence[Record], age_max_ms: int | None, now: int) -> int:
    """How many of the first records are too old to be tried."""
    if age_max_ms is None:
        return 0
    count = 0
    for record in records:
        if now - record.arrived_at <= age_max_ms:
            break
        count += 1
    return count


def expire(batch: Batch, count: int) -> Step:
    """The first records of a batch are given up by their age."""
    return Step(count, count, TOO_OLD, window=batch.window)


def pause_ms(failures: int) -> int:
    """How long to wait after so many failures in a row."""
    doubled: int = _PAUSE_MS * 2 ** min(max(failures, 1) - 1, 16)
    return min(doubled, _PAUSE_MAX_MS)


def refused_pause_ms(refusals: int) -> int:
    """How long to wait where a batch did not run so many times in a row."""
    return min(pause_ms(refusals), _REFUSED_PAUSE_MAX_MS)


def window_of(at: int, seconds: int) -> Window:
    """The tumbling window of an instant."""
    length = seconds * 1000
    start = at // length * length
    return Window(start, start + length)
