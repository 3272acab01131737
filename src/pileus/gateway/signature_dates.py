"""When a request was signed, and whether that is recent by the signer's clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pileus.gateway.signature_errors import (
    Family,
    request_expired,
    request_not_yet_valid,
    skewed,
    too_new,
    too_old,
)
from pileus.kernel.access import KeyClock

BASIC_FORMAT = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z")

# Docs: "Create a signed AWS API request" gives five minutes; the S3 error list gives 15, and the
# query services print 15 in their answers.
WINDOW_MINUTES = {
    Family.JSON: 5,
    Family.REST_JSON: 5,
    Family.QUERY: 15,
    Family.EC2: 15,
    Family.S3: 15,
}
# Requests come many in a second, signed in the same second.
STAMPS_MAX = 1024
STAMPS: dict[str, int] = {}


def instant_of(stamp: str) -> int | None:
    """Epoch milliseconds of a stamp in ISO 8601 basic format."""
    known = STAMPS.get(stamp)
    if known is not None:
        return known
    match = BASIC_FORMAT.fullmatch(stamp)
    if match is None:
        return None
    try:
        instant = datetime(*map(int, match.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
    if len(STAMPS) >= STAMPS_MAX:
        STAMPS.clear()
    STAMPS[stamp] = int(instant.timestamp()) * 1000
    return STAMPS[stamp]


def stamp_of(instant: int) -> str:
    return datetime.fromtimestamp(instant // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")


def long_form(instant: int) -> str:
    return datetime.fromtimestamp(instant // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp_of_header(text: str) -> str | None:
    """The stamp that a Date header stands for; it may be in basic format itself."""
    if BASIC_FORMAT.fullmatch(text) is not None:
        return text
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    try:
        return stamp_of(int(date.timestamp()) * 1000)
    except (ValueError, OverflowError):
        return None


def nows_of(clock: KeyClock, real_now: int, virtual_now: int) -> tuple[int, ...]:
    """The instants that count as now for a holder of such a key."""
    if clock == "real":
        return (real_now,)
    if clock == "virtual":
        return (virtual_now,)
    return (real_now, virtual_now)


def check_fresh(family: Family, stamp: str, instant: int, nows: tuple[int, ...]) -> None:
    """Refuse a signature that was made too long before, or after, each of the instants."""
    minutes = WINDOW_MINUTES[family]
    window = minutes * 60_000
    for now in nows:
        if -window <= now - instant <= window:
            return
    now = nows[0]
    if family is Family.S3:
        raise skewed(stamp, long_form(now), window)
    if instant < now:
        raise too_old(family, stamp, stamp_of(now), stamp_of(now - window), minutes)
    raise too_new(family, stamp, stamp_of(now), stamp_of(now + window), minutes)


def check_unexpired(
    family: Family, stamp: str, instant: int, expires_seconds: int, nows: tuple[int, ...]
) -> None:
    """Refuse a presigned URL outside its own span of time."""
    window = WINDOW_MINUTES[family] * 60_000
    end = instant + expires_seconds * 1000
    for now in nows:
        if instant - window <= now <= end:
            return
    now = nows[0]
    if family is Family.S3:
        if now > end:
            raise request_expired(expires_seconds, long_form(end), long_form(now))
        raise request_not_yet_valid(long_form(instant), long_form(now))
    minutes = WINDOW_MINUTES[family]
    if now > end:
        oldest = stamp_of(now - expires_seconds * 1000)
        raise too_old(family, stamp, stamp_of(now), oldest, expires_seconds // 60)
    raise too_new(family, stamp, stamp_of(now), stamp_of(now + window), minutes)
