"""When a schedule runs: its expression between its dates, in its time zone. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pileus.languages import schedules
from pileus.services.scheduler import errors

if TYPE_CHECKING:
    from pileus.services.scheduler.schedule_settings import Settings

# docs: schedule-types; AWS is at most a minute late, so what is due within one still runs.
PRECISION_MS = 60_000


def check(expression: str, time_zone: str) -> None:
    """Raise what CreateSchedule answers to an expression or a time zone that it does not know."""
    try:
        schedules.parse(expression)
    except schedules.InvalidExpression as error:
        raise errors.validation(error.message) from error
    if not schedules.is_time_zone(time_zone):
        raise errors.invalid_time_zone(time_zone)


def is_one_time(expression: str) -> bool:
    return schedules.parse(expression).is_one_time


def before_first(settings: Settings, now: int) -> int:
    """The instant after which the first run is sought when settings are new at `now`.

    A rate begins at once (docs: schedule-types), and so does what was due a moment ago.
    """
    return now - PRECISION_MS if is_one_time(settings.expression) else now - 1


def following(settings: Settings, anchor_at: int, after: int) -> int | None:
    """The first run after an instant; a rate is counted from its start or the anchor."""
    return schedules.parse(settings.expression).next_after(
        after, settings.time_zone, anchor=anchor_at, start=settings.start_at, end=settings.end_at
    )
