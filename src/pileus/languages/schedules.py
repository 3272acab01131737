"""The schedule expressions of EventBridge rules and of EventBridge Scheduler.

The specification is docs/reference/schedules.md. Instants are epoch milliseconds.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from pileus.languages.cron_fields import InvalidField, MonthDays, field, month_days

__all__ = [
    "RULES",
    "SCHEDULER",
    "InvalidExpression",
    "Schedule",
    "Times",
    "is_time_zone",
    "next_after",
    "parse",
]

RULES = "rules"
SCHEDULER = "scheduler"

YEAR_MIN, YEAR_MAX = 1970, 2199  # docs: eventbridge/latest/userguide/eb-scheduled-rule-pattern
_MINUTE_MS = 60_000
_DIGITS_MAX = 9
_UNITS_MS = {"minute": _MINUTE_MS, "hour": 3_600_000, "day": 86_400_000}
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)", re.ASCII)
_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)", re.ASCII)
_CRON = re.compile(r"cron\(([^()]+)\)")
_CRON_FIELDS = 6
_MONTH_NAMES = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
_MONTHS = {name: month for month, name in enumerate(_MONTH_NAMES.split(), 1)}
_EPOCH = datetime(1970, 1, 1)
# No cron expression names a later year.
_INSTANT_MAX = (datetime(YEAR_MAX + 1, 12, 31) - _EPOCH) // timedelta(milliseconds=1)


class InvalidExpression(ValueError):
    """`message` is what the service answers."""

    def __init__(self, text: str, dialect: str) -> None:
        self.message = (
            "Parameter ScheduleExpression is not valid."
            if dialect == RULES
            else f"Invalid Schedule Expression {text}."
        )
        super().__init__(self.message)


@dataclass(frozen=True)
class Rate:
    """Again and again after a fixed time, counted from an anchor."""

    interval_ms: int

    def after(self, instant: int, anchor: int) -> int:
        if instant < anchor:
            return anchor
        return anchor + ((instant - anchor) // self.interval_ms + 1) * self.interval_ms


@dataclass(frozen=True)
class At:
    """Once, at a local time."""

    local: datetime

    def after(self, instant: int, zone: ZoneInfo) -> int | None:
        # A time that a zone skips is taken as if the clock had not yet been put forward.
        at = _instant(self.local, zone)
        return at if at > instant else None


@dataclass(frozen=True)
class Cron:
    """At all local times whose parts are in the fields."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: MonthDays
    months: tuple[int, ...]
    years: tuple[int, ...]

    def after(self, instant: int, zone: ZoneInfo) -> int | None:
        if not 0 <= instant < _INSTANT_MAX:
            return None
        local = self._local_after(_local(instant, zone))
        while local is not None:
            at = _instant(local, zone)
            # A local time that comes twice counts once, and one that is skipped does not count.
            if at > instant and _local(at, zone) == local:
                return at
            local = self._local_after(local)
        return None

    def _local_after(self, local: datetime) -> datetime | None:
        """The first time later than the minute that a local time lies in."""
        start = (local + timedelta(minutes=1)).replace(second=0, microsecond=0)
        for year in self.years[bisect_left(self.years, start.year) :]:
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                is_started = (year, month) == (start.year, start.month)
                for day in self.days.of(year, month):
                    if is_started and day < start.day:
                        continue
                    found = self._time(start if is_started and day == start.day else None)
                    if found is not None:
                        return datetime(year, month, day, *found)
        return None

    def _time(self, start: datetime | None) -> tuple[int, int] | None:
        """The first time of a day, not before `start`'s."""
        if start is None:
            return self.hours[0], self.minutes[0]
        for hour in self.hours:
            if hour > start.hour:
                return hour, self.minutes[0]
            if hour == start.hour:
                for minute in self.minutes:
                    if minute >= start.minute:
                        return hour, minute
        return None


Times = Rate | At | Cron


@dataclass(frozen=True)
class Schedule:
    """A parsed expression."""

    text: str
    times: Times

    @property
    def is_one_time(self) -> bool:
        return isinstance(self.times, At)

    def next_after(
        self,
        instant: int,
        time_zone: str = "UTC",
        *,
        anchor: int | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> int | None:
        """The first occurrence later than an instant, or None where there is none any more.

        A rate counts from `start`, else from `anchor`, else from the instant itself. One-time
        schedules have neither start nor end, as AWS documents.
        """
        times = self.times
        if isinstance(times, At):
            return times.after(instant, ZoneInfo(time_zone))
        if isinstance(times, Rate):
            found: int | None = times.after(instant, _first(times, instant, anchor, start))
        else:
            earliest = instant if start is None else max(instant, start - 1)
            found = times.after(earliest, ZoneInfo(time_zone))
        return None if found is None or (end is not None and found > end) else found


def _first(times: Rate, instant: int, anchor: int | None, start: int | None) -> int:
    if start is not None:
        return start
    return instant + times.interval_ms if anchor is None else anchor


def next_after(expression: str, instant: int, time_zone: str = "UTC") -> int | None:
    """The first occurrence of an expression later than an instant. Raises InvalidExpression."""
    return parse(expression).next_after(instant, time_zone)


@lru_cache(maxsize=1024)
def parse(text: str, dialect: str = SCHEDULER) -> Schedule:
    """Read an expression as rules or Scheduler take it. Raises InvalidExpression."""
    try:
        times = _rate(text, dialect) or _cron(text) or (dialect == SCHEDULER and _at(text))
    except ValueError as problem:
        raise InvalidExpression(text, dialect) from problem
    if not times:
        raise InvalidExpression(text, dialect)
    return Schedule(text, times)


def is_time_zone(name: str) -> bool:
    """Whether a name is that of a zone in the IANA database."""
    try:
        return bool(ZoneInfo(name))
    except (KeyError, OSError, ValueError):
        return False


def _rate(text: str, dialect: str) -> Rate | None:
    found = _RATE.fullmatch(text)
    if found is None or len(found[1]) > _DIGITS_MAX:
        return None
    value = int(found[1])
    # Rules insist on grammar: "1 minute", "5 minutes".
    if value < 1 or (dialect == RULES and (value > 1) != bool(found[3])):
        return None
    return Rate(value * _UNITS_MS[found[2]])


def _at(text: str) -> At | None:
    found = _AT.fullmatch(text)
    return At(datetime.fromisoformat(found[1])) if found else None


def _cron(text: str) -> Cron | None:
    found = _CRON.fullmatch(text)
    fields = found[1].upper().split() if found else []
    if len(fields) != _CRON_FIELDS:
        return None
    minutes, hours, days_of_month, months, days_of_week, years = fields
    try:
        return Cron(
            field(minutes, 0, 59),
            field(hours, 0, 23),
            month_days(days_of_month, days_of_week),
            field(months, 1, 12, _MONTHS),
            field(years, YEAR_MIN, YEAR_MAX),
        )
    except InvalidField:
        return None


def _local(instant: int, zone: ZoneInfo) -> datetime:
    """What clocks of the zone show."""
    at = (_EPOCH + timedelta(milliseconds=instant)).replace(tzinfo=UTC)
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def _instant(local: datetime, zone: ZoneInfo) -> int:
    """When clocks of the zone first show a time."""
    at = local.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    return (at - _EPOCH) // timedelta(milliseconds=1)
