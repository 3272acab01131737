"""Lisbon's change to summer time and back, by the virtual clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from e2e.scheduler.asking import Asking

LISBON = ZoneInfo("Europe/Lisbon")
DAY = 86_400


def changes(start: datetime) -> tuple[datetime, datetime]:
    """The next days on which Lisbon's clocks go forward and back, in that order."""
    year = start.year + 1
    found = []
    for month in (3, 10):
        days = [datetime(year, month, day, tzinfo=UTC) for day in range(25, 32)]
        found.append(next(day for day in days if day.weekday() == 6))
    return found[0], found[1]


def local_times(asking: Asking) -> list[str]:
    stamps = sorted(int(each["Attributes"]["SentTimestamp"]) for each in asking.received())
    return [f"{datetime.fromtimestamp(stamp / 1000, LISBON):%m-%d %H:%M}" for stamp in stamps]


@pytest.fixture
def until(asking: Asking) -> Any:
    def advance(moment: datetime) -> None:
        asking.pileus.advance((moment - asking.now).total_seconds())

    return advance


def test_lisbon_goes_to_summer_time_and_back(asking: Asking, until: Any) -> None:
    spring, autumn = changes(asking.now)
    until(datetime.fromtimestamp(spring.timestamp() - DAY, UTC))
    zone = {"ScheduleExpressionTimezone": "Europe/Lisbon"}
    asking.create("morning", expression="cron(0 9 * * ? *)", **zone)
    # Half past one does not exist on the day: the clocks go from one to two.
    asking.create("night", expression="cron(30 1 * * ? *)", **zone)
    asking.create("rate", expression="rate(1 day)", target={"Arn": asking.arn("r", "sqs")}, **zone)
    url = asking.queue("r")
    asking.pileus.advance(3 * DAY - 1)
    before, day, after = (f"{spring + timedelta(days=number):%m-%d}" for number in (-1, 0, 1))
    assert [
        f"{before} 01:30", f"{before} 09:00", f"{day} 09:00", f"{after} 01:30", f"{after} 09:00",
    ] == local_times(asking)  # fmt: skip
    # A rate counts hours: after the change it comes an hour later by the clock on the wall.
    asking.url = url
    assert [f"{before} 00:00", f"{day} 00:00", f"{after} 01:00"] == local_times(asking)
    for name in ("morning", "rate"):
        asking.client.delete_schedule(Name=name)
    asking.url = asking.queue("q")
    until(datetime.fromtimestamp(autumn.timestamp() - DAY, UTC))
    asking.received()
    asking.pileus.advance(3 * DAY)
    # Half past one comes twice on the day, and the schedule runs once.
    days = [autumn + timedelta(days=number) for number in (-1, 0, 1)]
    assert [f"{day:%m-%d} 01:30" for day in days] == local_times(asking)
