"""The fields of a cron expression: lists, ranges, steps and names, and the days of a month."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

_PART = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d{1,4}))?", re.ASCII)
_WEEKDAY_OF_MONTH = re.compile(r"(\w+)#([1-5])", re.ASCII)
_NEAREST_WEEKDAY = re.compile(r"(\d{1,2})W", re.ASCII)
_LAST_WEEKDAY = re.compile(r"(\w+)L", re.ASCII)
_NUMBER = re.compile(r"\d{1,4}", re.ASCII)
_NAMES = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_SATURDAY = 7
_ANY = "?"

# The days that one entry names in a month, of which the first weekday (Sunday is 1) and the length
# are given.
Days = Callable[[int, int], list[int]]


class InvalidField(ValueError):
    """The text is no field of that kind."""


def field(
    text: str, low: int, high: int, names: Mapping[str, int] | None = None
) -> tuple[int, ...]:
    """The values that a field names. Raises InvalidField."""
    found: set[int] = set()
    for part in text.split(","):
        found.update(_values(part, low, high, names or {}))
    return tuple(sorted(found))


def _values(part: str, low: int, high: int, names: Mapping[str, int]) -> list[int]:
    match = _PART.fullmatch(part)
    if match is None:
        raise InvalidField(part)
    start_text, end_text, step_text = match.groups()
    step = int(step_text) if step_text else 1
    if not 1 <= step <= high:
        raise InvalidField(part)
    if start_text == "*":
        if end_text:
            raise InvalidField(part)
        return list(range(low, high + 1, step))
    start = _value(start_text, low, high, names)
    if end_text:
        end = _value(end_text, low, high, names)
    else:
        end = high if step_text else start
    if end >= start:
        return list(range(start, end + 1, step))
    # From Friday to Monday, from 22 to 2 o'clock.
    span = high - low + 1
    return [low + (value - low) % span for value in range(start, end + span + 1, step)]


def _value(text: str, low: int, high: int, names: Mapping[str, int]) -> int:
    if text in names:
        return names[text]
    if not _NUMBER.fullmatch(text) or not low <= int(text) <= high:
        raise InvalidField(text)
    return int(text)


class MonthDays(NamedTuple):
    """The days of any month."""

    entries: tuple[Days, ...]

    def of(self, year: int, month: int) -> tuple[int, ...]:
        """In order."""
        return _days(self.entries, *_month(year, month))


@lru_cache(maxsize=4096)
def _month(year: int, month: int) -> tuple[int, int]:
    """The weekday of the first (Sunday is 1) and the length."""
    monday_first, length = calendar.monthrange(year, month)
    return (monday_first + 1) % 7 + 1, length


@lru_cache(maxsize=4096)
def _days(entries: tuple[Days, ...], first: int, length: int) -> tuple[int, ...]:
    found = {day for entry in entries for day in entry(first, length)}
    return tuple(sorted(day for day in found if 1 <= day <= length))


def month_days(days_of_month: str, days_of_week: str) -> MonthDays:
    """Read the two fields that name days, of which exactly one is `?`. Raises InvalidField."""
    if (days_of_month == _ANY) == (days_of_week == _ANY):
        raise InvalidField(f"{days_of_month} {days_of_week}")
    if days_of_week == _ANY:
        return MonthDays(tuple(_day_of_month(each) for each in days_of_month.split(",")))
    if "#" in days_of_week and "," in days_of_week:
        raise InvalidField(days_of_week)
    return MonthDays(tuple(_day_of_week(each) for each in days_of_week.split(",")))


def _day_of_month(part: str) -> Days:
    if part == "L":
        return lambda first, length: [length]
    if part == "LW":
        return lambda first, length: [_nearest_weekday(first, length, length)]
    match = _NEAREST_WEEKDAY.fullmatch(part)
    if match is not None:
        wanted = _value(match[1], 1, 31, {})
        return lambda first, length: (
            [_nearest_weekday(first, length, wanted)] if wanted <= length else []
        )
    days = _values(part, 1, 31, {})
    return lambda first, length: days


def _day_of_week(part: str) -> Days:
    if part == "L":
        return lambda first, length: _each(first, length, _SATURDAY)
    match = _WEEKDAY_OF_MONTH.fullmatch(part)
    if match is not None:
        weekday, which = _value(match[1], 1, 7, _NAMES), int(match[2])
        return lambda first, length: _each(first, length, weekday)[which - 1 : which]
    match = _LAST_WEEKDAY.fullmatch(part)
    if match is not None:
        last = _value(match[1], 1, 7, _NAMES)
        return lambda first, length: _each(first, length, last)[-1:]
    weekdays = _values(part, 1, 7, _NAMES)
    return lambda first, length: [
        day for weekday in weekdays for day in _each(first, length, weekday)
    ]


def _each(first: int, length: int, weekday: int) -> list[int]:
    """All days of a month that are a given weekday."""
    return list(range(1 + (weekday - first) % 7, length + 1, 7))


def _nearest_weekday(first: int, length: int, day: int) -> int:
    """The day from Monday to Friday that is nearest in the same month."""
    weekday = (first + day - 2) % 7 + 1
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == 1:
        return day + 1 if day < length else day - 2
    return day
