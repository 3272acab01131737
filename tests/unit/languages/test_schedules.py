"""Schedule expressions are due when AWS's documentation says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.languages import schedules
from pileus.languages.schedules import RULES, SCHEDULER, InvalidExpression

MINUTE = 60_000
DAY = 86_400_000
START = "2026-01-01T00:00"


def at(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def shown(instant: int | None, zone: str = "UTC") -> str:
    if instant is None:
        return "never"
    return datetime.fromtimestamp(instant / 1000, ZoneInfo(zone)).isoformat(timespec="minutes")[:16]


def due(fields: str, count: int, since: str = START, zone: str = "UTC") -> list[str]:
    schedule = schedules.parse(f"cron({fields})")
    found = []
    instant: int | None = at(since, zone) - 1
    for _ in range(count):
        assert instant is not None
        instant = schedule.next_after(instant, zone)
        found.append(shown(instant, zone))
    return found


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("0 10 * * ? *", ["2026-01-01T10:00", "2026-01-02T10:00"]),
        ("0 18 ? * MON-FRI *", ["2026-01-01T18:00", "2026-01-02T18:00", "2026-01-05T18:00"]),
        ("0 8 1 * ? *", ["2026-01-01T08:00", "2026-02-01T08:00"]),
        ("0/15 * * * ? *", ["2026-01-01T00:00", "2026-01-01T00:15"]),
        ("5/25 0 * * ? *", ["2026-01-01T00:05", "2026-01-01T00:30", "2026-01-01T00:55"]),
        ("*/20 23 * * ? *", ["2026-01-01T23:00", "2026-01-01T23:20", "2026-01-01T23:40"]),
        ("0 1-5/2 * * ? *", ["2026-01-01T01:00", "2026-01-01T03:00", "2026-01-01T05:00"]),
        ("0 22-1 * * ? *", ["2026-01-01T00:00", "2026-01-01T01:00", "2026-01-01T22:00"]),
        ("0 0 L * ? *", ["2026-01-31T00:00", "2026-02-28T00:00"]),
        ("0 0 LW * ? *", ["2026-01-30T00:00", "2026-02-27T00:00"]),
        ("0 0 3W * ? *", ["2026-01-02T00:00", "2026-02-03T00:00"]),
        ("0 0 1W 2,8 ? *", ["2026-02-02T00:00", "2026-08-03T00:00"]),
        ("0 0 31W 5 ? *", ["2026-05-29T00:00", "2027-05-31T00:00"]),
        ("0 0 31 * ? *", ["2026-01-31T00:00", "2026-03-31T00:00"]),
        ("0 0 29 2 ? *", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("0 0 ? * 3#2 *", ["2026-01-13T00:00", "2026-02-10T00:00"]),
        ("0 0 ? * sun#5 *", ["2026-03-29T00:00", "2026-05-31T00:00"]),
        ("0 0 ? * L *", ["2026-01-03T00:00", "2026-01-10T00:00"]),
        ("0 0 ? * 6L *", ["2026-01-30T00:00", "2026-02-27T00:00"]),
        ("0 0 ? * FRIL *", ["2026-01-30T00:00", "2026-02-27T00:00"]),
        ("0 0 ? * FRI-SUN *", ["2026-01-02T00:00", "2026-01-03T00:00", "2026-01-04T00:00"]),
        ("0 0 ? * * *", ["2026-01-01T00:00", "2026-01-02T00:00"]),
        ("0 0 ? JAN,mar 1 2026-2027", ["2026-01-04T00:00", "2026-01-11T00:00"]),
        ("0 0 1,15,L 1 ? *", ["2026-01-01T00:00", "2026-01-15T00:00", "2026-01-31T00:00"]),
        ("0 0 1 1 ? 2030/10", ["2030-01-01T00:00", "2040-01-01T00:00"]),
    ],
)
def test_cron_fields(fields: str, expected: list[str]) -> None:
    assert expected == due(fields, len(expected))


@pytest.mark.parametrize("fields", ["0 0 30 2 ? *", "0 0 1 1 ? 2020", "0 0 31W 2,4 ? *"])
def test_what_never_comes_is_none(fields: str) -> None:
    assert schedules.next_after(f"cron({fields})", at(START)) is None


def test_an_occurrence_is_later_than_the_instant() -> None:
    assert shown(schedules.next_after("cron(0 10 * * ? *)", at("2026-01-01T10:00"))) == (
        "2026-01-02T10:00"
    )


def test_local_times_follow_the_zone_through_the_year() -> None:
    schedule = schedules.parse("cron(30 8 * * ? *)")
    assert at("2026-03-28T08:30") == schedule.next_after(at("2026-03-28T00:00"), "Europe/Lisbon")
    assert at("2026-03-29T07:30") == schedule.next_after(at("2026-03-29T00:00"), "Europe/Lisbon")


def test_local_times_that_a_zone_skips_do_not_count() -> None:
    expected = ["2026-03-07T02:30", "2026-03-09T02:30"]
    assert expected == due("30 2 * * ? *", 2, "2026-03-07T00:00", "America/New_York")
    expected = ["2026-03-08T01:30", "2026-03-08T03:30"]
    assert expected == due("30 * * * ? *", 2, "2026-03-08T01:00", "America/New_York")


def test_local_times_that_come_twice_count_once() -> None:
    schedule = schedules.parse("cron(0/30 1 * * ? *)")
    instant: int | None = at("2026-11-01T00:00", "America/New_York")
    found = []
    for _ in range(3):
        assert instant is not None
        instant = schedule.next_after(instant, "America/New_York")
        found.append(shown(instant))
    assert ["2026-11-01T05:00", "2026-11-01T05:30", "2026-11-02T06:00"] == found


def test_a_schedule_that_is_asked_within_the_repeated_hour_waits_for_its_end() -> None:
    instant = at("2026-11-01T06:10")
    expected = at("2026-11-01T07:00")
    assert expected == schedules.next_after("cron(0 * * * ? *)", instant, "America/New_York")


@pytest.mark.parametrize(
    ("text", "interval"),
    [("rate(1 minute)", MINUTE), ("rate(5 hours)", 300 * MINUTE), ("rate(2 days)", 2 * DAY)],
)
def test_rates_count_from_the_instant_or_an_anchor(text: str, interval: int) -> None:
    instant = at(START) + 17
    assert instant + interval == schedules.next_after(text, instant)
    schedule = schedules.parse(text, RULES)
    anchor = at(START)
    assert anchor + interval == schedule.next_after(instant, anchor=anchor)
    assert anchor + 4 * interval == schedule.next_after(anchor + 3 * interval, anchor=anchor)
    assert anchor == schedule.next_after(anchor - 1, anchor=anchor)


def test_a_rate_of_days_is_of_24_hours() -> None:
    instant = at("2026-03-28T12:00", "Europe/Lisbon")
    assert instant + DAY == schedules.next_after("rate(1 day)", instant, "Europe/Lisbon")


def test_start_and_end_bound_recurring_schedules() -> None:
    schedule = schedules.parse("cron(0 10 * * ? *)")
    start, end = at("2026-02-01T10:00"), at("2026-02-02T10:00")
    assert start == schedule.next_after(at(START), start=start, end=end)
    assert end == schedule.next_after(start, start=start, end=end)
    assert schedule.next_after(end, start=start, end=end) is None
    rate = schedules.parse("rate(7 minutes)")
    assert start == rate.next_after(at(START), start=start)
    assert start + 7 * MINUTE == rate.next_after(start + MINUTE, start=start)
    assert rate.next_after(start, start=start, end=start + MINUTE) is None


def test_one_time_schedules_are_due_once_whatever_their_bounds() -> None:
    schedule = schedules.parse("at(2026-06-01T09:00:30)")
    expected = at("2026-06-01T08:00:30")
    assert schedule.is_one_time
    assert expected == schedule.next_after(at(START), "Europe/Lisbon", start=expected + 1)
    assert expected == schedule.next_after(at(START), "Europe/Lisbon", end=expected - 1)
    assert schedule.next_after(expected, "Europe/Lisbon") is None


def test_a_one_time_schedule_in_a_skipped_hour_is_due_after_it() -> None:
    expected = at("2026-03-08T07:30")
    assert expected == schedules.next_after(
        "at(2026-03-08T02:30:00)", at(START), "America/New_York"
    )


REFUSED = [
    "rate(10)", "rate()", "rate(foo minutes)", "rate(-10 minutes)", "rate( 10 minutes )",
    "rate(10 minutess)", "rate(10 seconds)", "rate(10 years)", "rate(0 minutes)",
    "rate(1.5 minutes)", " rate(10 minutes)", "rate(10 minutes) ", "RATE(10 minutes)",
    "cron()", "cron(INVALID)", "cron(0 1 * * * *)", "cron(0 1 ? * ? *)",
    "cron(0 dummy ? * MON-FRI *)", "cron(7 20 * * NOT *)", "cron(71 8 1 * ? *)",
    "cron(0 24 * * ? *)", "cron(0 0 0 * ? *)", "cron(0 0 32 * ? *)", "cron(0 0 1 13 ? *)",
    "cron(0 0 ? * 8 *)", "cron(0 0 ? * 0 *)", "cron(0 0 1 1 ? 1969)", "cron(0 0 1 1 ? 2200)",
    "cron(0 0 * * ?)", "cron(0 0 * * ? * *)", "cron(0/0 0 * * ? *)", "cron(1, 0 * * ? *)",
    "cron(0/60 0 * * ? *)", "cron(? 0 * * ? *)", "cron(L 0 * * ? *)", "cron(0 0 ? * 3#1,6#3 *)",
    "cron(0 0 ? * 3#6 *)", "cron(0 0 32W * ? *)", "cron(*-5 0 * * ? *)", "cron(0 0 3L * ? *)",
    "", "every day", "2026-01-01",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_expression(text: str) -> None:
    for dialect, expected in (
        (SCHEDULER, f"Invalid Schedule Expression {text}."),
        (RULES, "Parameter ScheduleExpression is not valid."),
    ):
        with pytest.raises(InvalidExpression) as caught:
            schedules.parse(text, dialect)
        assert expected == caught.value.message


@pytest.mark.parametrize(
    "text",
    ["at(2021-12-31)", "at(2021-12-31T23:59:59Z)", "at(2021-02-30T00:00:00)", "at()"],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(InvalidExpression):
        schedules.parse(text)


@pytest.mark.parametrize("text", ["rate(1 minutes)", "rate(5 minute)", "at(2026-06-01T09:00:30)"])
def test_rules_take_less_than_scheduler(text: str) -> None:
    assert text == schedules.parse(text, SCHEDULER).text
    with pytest.raises(InvalidExpression):
        schedules.parse(text, RULES)


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        (True, "UTC"),
        (True, "Europe/Lisbon"),
        (False, "Europe/Atlantis"),
        (False, ""),
        (False, "../etc/passwd"),
        (False, "America"),
        (False, "a\0b"),
    ],
)
def test_zones_are_those_of_the_database(expected: bool, name: str) -> None:
    assert expected == schedules.is_time_zone(name)


def test_instants_beyond_the_calendar_are_never_followed() -> None:
    assert schedules.next_after("cron(0 0 * * ? *)", 10**18) is None


# Against trying every minute.


class Brute:
    """A cron expression, asked of each minute."""

    def __init__(self, fields: str) -> None:
        self.minute, self.hour, self.day, self.month, self.weekday, self.year = fields.split()

    def has(self, text: str, value: int, low: int) -> bool:
        for part in text.split(","):
            body, _, step = part.partition("/")
            first, _, last = body.partition("-")
            start = low if first == "*" else int(first)
            if last:
                end = int(last)
            else:
                end = 9999 if first == "*" or step else start
            if start <= value <= end and (value - start) % int(step or 1) == 0:
                return True
        return False

    def holds(self, time: datetime) -> bool:
        return (
            self.has(self.minute, time.minute, 0)
            and self.has(self.hour, time.hour, 0)
            and self.has(self.month, time.month, 1)
            and self.has(self.year, time.year, 1970)
            and (self.holds_day(time) if self.weekday == "?" else self.holds_weekday(time))
        )

    def holds_day(self, time: datetime) -> bool:
        is_last = (time + timedelta(days=1)).day == 1
        if self.day == "L":
            return is_last
        if not self.day.endswith("W"):
            return self.has(self.day, time.day, 1)
        wanted = int(self.day[:-1])
        if time.weekday() > 4:
            return False
        # The wanted day is this one, or a weekend's day whose neighbour this is.
        for distance in (0, 1, -1, 2, -2):
            other = time + timedelta(days=distance)
            if other.month == time.month and other.day == wanted:
                if distance == 0:
                    return True
                if abs(distance) == 1:
                    return other.weekday() == (5 if distance == 1 else 6)
                is_edge = wanted == 1 or (other + timedelta(days=1)).day == 1
                return is_edge and other.weekday() == (6 if distance == 2 else 5)
        return False

    def holds_weekday(self, time: datetime) -> bool:
        weekday = time.isoweekday() % 7 + 1
        if "#" in self.weekday:
            wanted, which = self.weekday.split("#")
            return weekday == int(wanted) and (time.day - 1) // 7 + 1 == int(which)
        if self.weekday.endswith("L"):
            is_last = (time + timedelta(days=7)).month != time.month
            return is_last and weekday == int(self.weekday[:-1])
        return self.has(self.weekday, weekday, 1)


def numbers(low: int, high: int) -> st.SearchStrategy[str]:
    value = st.integers(low, high)
    part = st.one_of(
        value.map(str),
        st.tuples(value, value).map(lambda pair: f"{min(pair)}-{max(pair)}"),
        st.tuples(value, st.integers(1, high)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
        st.just("*"),
    )
    return st.lists(part, min_size=1, max_size=2).map(",".join)


DAYS = st.one_of(numbers(1, 31), st.integers(1, 31).map(lambda day: f"{day}W"), st.just("L"))
WEEKDAYS = st.one_of(
    numbers(1, 7),
    st.tuples(st.integers(1, 7), st.integers(1, 5)).map(lambda pair: f"{pair[0]}#{pair[1]}"),
    st.integers(1, 7).map(lambda day: f"{day}L"),
)
EITHER = DAYS.map(lambda days: (days, "?")) | WEEKDAYS.map(lambda days: ("?", days))
FIELDS = st.builds(
    lambda minutes, hours, days, months: f"{minutes} {hours} {days[0]} {months} {days[1]} *",
    numbers(0, 59), numbers(0, 23), EITHER, numbers(1, 12),
)  # fmt: skip
ZONES = st.sampled_from(["UTC", "Europe/Lisbon", "America/New_York", "Australia/Lord_Howe"])


@settings(max_examples=60, deadline=None)
@given(FIELDS, ZONES, st.integers(0, 365 * 1440 * 4))
def test_the_next_occurrence_is_that_found_by_trying_every_minute(
    fields: str, zone_name: str, minute: int
) -> None:
    zone = ZoneInfo(zone_name)
    instant = at(START) + minute * MINUTE
    found = schedules.next_after(f"cron({fields})", instant, zone_name)
    brute = Brute(fields)
    tried = None
    for later in range(1, 3 * 1440):
        local = datetime.fromtimestamp((instant + later * MINUTE) / 1000, zone)
        if local.fold == 0 and brute.holds(local.replace(tzinfo=None)):
            tried = instant + later * MINUTE
            break
    if tried is None:
        assert found is None or found >= instant + 3 * DAY - MINUTE
    else:
        assert tried == found


@settings(max_examples=30, deadline=None)
@given(FIELDS)
def test_days_of_many_years_are_those_found_by_trying_every_day(fields: str) -> None:
    _, _, day, months, weekday, _ = fields.split()
    schedule = schedules.parse(f"cron(0 12 {day} {months} {weekday} *)")
    brute = Brute(f"0 12 {day} {months} {weekday} *")
    first = datetime(2026, 1, 1, 12, tzinfo=UTC)
    days = [first + timedelta(days=number) for number in range(1500)]
    expected = [each for each in days if brute.holds(each.replace(tzinfo=None))]
    found = []
    instant: int | None = at(START)
    while (instant := schedule.next_after(instant)) is not None:
        time = datetime.fromtimestamp(instant / 1000, UTC)
        if time > days[-1]:
            break
        found.append(time)
    assert expected == found


def test_a_thousand_occurrences_are_in_order() -> None:
    schedule = schedules.parse("cron(*/7 * ? * 2#1 *)")
    instant: int | None = at(START)
    found = []
    for _ in range(1000):
        assert instant is not None
        instant = schedule.next_after(instant, "Europe/Lisbon")
        assert instant is not None
        found.append(instant)
    assert all(one < two for one, two in pairwise(found))
