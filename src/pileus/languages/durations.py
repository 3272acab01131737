"""ISO-8601 durations ("P4D", "PT30S", "P1Y"), added to an instant by the calendar."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_FORM = re.compile(
    r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d{1,3})?)S)?)?",
    re.ASCII,
)
_DIGITS_MAX = 9


class InvalidDuration(ValueError):
    """The text is no ISO-8601 duration, or longer than the calendar."""


class Duration(NamedTuple):
    """Years and months depend on where they are added; the rest is a fixed span."""

    months: int
    milliseconds: int

    def after(self, instant: int) -> int:
        """Give the instant (epoch milliseconds) that lies this far after `instant`."""
        if self.months:
            instant = _add_months(instant, self.months)
        return instant + self.milliseconds


def parse(text: str) -> Duration:
    """Read a duration. Raises InvalidDuration."""
    match = _FORM.fullmatch(text)
    if match is None or any(len(part or "") > _DIGITS_MAX for part in match.groups()):
        raise InvalidDuration(f"{text[:64]!r} is no ISO-8601 duration such as PT30S, P4D or P1Y")
    years, months, weeks, days, hours, minutes = (int(part or 0) for part in match.groups()[:6])
    seconds = float((match[7] or "0").replace(",", "."))
    span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    return Duration(years * 12 + months, int(span.total_seconds() * 1000) + round(seconds * 1000))


def _add_months(instant: int, months: int) -> int:
    seconds, milliseconds = divmod(instant, 1000)
    start = datetime.fromtimestamp(seconds, UTC)
    years, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    month += 1
    if years > datetime.max.year:
        raise InvalidDuration("the calendar ends with the year 9999")
    # The 31st of a shorter month is its last day.
    day = min(start.day, calendar.monthrange(years, month)[1])
    return int(start.replace(year=years, month=month, day=day).timestamp()) * 1000 + milliseconds
