"""How long points are kept at which length of period, as pure functions of time.

docs: AmazonCloudWatch/latest/monitoring/cloudwatch_concepts, "Metrics retention"
"""

from __future__ import annotations

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
# Seconds of a period, and how long a point of that length can be read.
KEPT_MS = {1: 3 * HOUR_MS, 60: 15 * DAY_MS, 300: 63 * DAY_MS, 3600: 455 * DAY_MS}
NEXT = {1: 60, 60: 300, 300: 3600}
LENGTHS = tuple(KEPT_MS)


def oldest_readable(period_seconds: int, now: int) -> int:
    """The first instant that a question with this period can still see."""
    longest = max(length for length in LENGTHS if length <= period_seconds)
    return now - KEPT_MS[longest]


def rounded_start(start: int, period_seconds: int, now: int) -> int:
    """Where the first period begins: AWS rounds down, the more the older it is."""
    age = now - start
    if age < KEPT_MS[1] and period_seconds < 60:
        step = period_seconds * 1000
    elif age < KEPT_MS[60]:
        step = 60_000
    elif age < KEPT_MS[300]:
        step = 300_000
    else:
        step = HOUR_MS
    return start - start % step


def due_at(at: int, seconds: int) -> int:
    """When a point's row should be merged or dropped: the full hour after its retention."""
    expiry = at + KEPT_MS[seconds]
    return expiry + HOUR_MS - expiry % HOUR_MS
