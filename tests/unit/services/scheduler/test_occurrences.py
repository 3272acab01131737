"""When schedules run between their dates."""

from __future__ import annotations

from typing import Any

from pileus.services.scheduler import occurrences
from pileus.services.scheduler.schedule_settings import Settings

MINUTE = 60_000
NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def settings(expression: str, **more: Any) -> Settings:
    return Settings(expression=expression, target={}, window={"Mode": "OFF"}, **more)


def first(wanted: Settings) -> int | None:
    return occurrences.following(wanted, NOW, occurrences.before_first(wanted, NOW))


def test_a_rate_begins_at_once_or_at_its_start() -> None:
    assert NOW == first(settings("rate(5 minutes)"))
    start = NOW + 7 * MINUTE
    assert start == first(settings("rate(5 minutes)", start_at=start))
    past = NOW - 2 * MINUTE
    assert NOW + 3 * MINUTE == first(settings("rate(5 minutes)", start_at=past))


def test_a_rate_is_counted_from_its_anchor() -> None:
    wanted = settings("rate(5 minutes)")
    assert NOW + 10 * MINUTE == occurrences.following(wanted, NOW, NOW + 5 * MINUTE)
    assert NOW + 10 * MINUTE == occurrences.following(wanted, NOW, NOW + 9 * MINUTE)


def test_nothing_follows_the_end() -> None:
    wanted = settings("rate(5 minutes)", end_at=NOW + 5 * MINUTE)
    assert NOW + 5 * MINUTE == occurrences.following(wanted, NOW, NOW)
    assert occurrences.following(wanted, NOW, NOW + 5 * MINUTE) is None


def test_what_was_due_a_moment_ago_still_runs() -> None:
    assert NOW - MINUTE + 1000 == first(settings("at(2025-12-31T23:59:01)"))
    assert first(settings("at(2025-12-31T23:58:59)")) is None


def test_cron_runs_now_or_later() -> None:
    assert NOW == first(settings("cron(0 0 * * ? *)"))
    assert NOW + 60 * MINUTE == first(settings("cron(0 1 * * ? *)"))
