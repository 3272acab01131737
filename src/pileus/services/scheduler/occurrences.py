"""When a schedule runs: its expression between its dates, in its time zone. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pileus.languages import schedules

if TYPE_CHECKING:
    from pileus.services.scheduler.schedule_settings import Settings

# docs: schedule-types; AWS is at most a minute late, so what is due within one still runs.
PRECISION_MS = 60_000


def before_first(settings: Settings, now: int) -> int:
    """The instant after which the first run is sought when settings are new at `now`.

    A rate begins at once (docs: schedule-types), and so does what was due a moment ago.
    """
    return now - PRECISION_MS if settings.is_one_time else now - 1


def following(settings: Settings, anchor_at: int, after: int) -> int | None:
    """The first run after an instant; a rate is counted from its start or the anchor."""
    return schedules.parse(settings.expression).next_after(
        after, settings.time_zone, anchor=anchor_at, start=settings.start_at, end=settings.end_at
    )
