"""What a schedule was told: its members with AWS's defaults, checked. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.languages import schedules
from pileus.services.scheduler import errors, targets

ENABLED = "ENABLED"
DELETE = "DELETE"
UTC = "UTC"
# docs: API_RetryPolicy
RETRIES_MAX = 185
AGE_SECONDS_MAX = 86_400
_START_TOLERANCE_MS = 5 * 60_000
_OPTIONAL = {
    "StartDate": "start_at",
    "EndDate": "end_at",
    "Description": "description",
    "KmsKeyArn": "kms_key_arn",
}


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """A schedule's members; `target` and `window` are as AWS's API has them."""

    expression: str
    target: dict[str, Any]
    window: dict[str, Any]
    time_zone: str = UTC
    state: str = ENABLED
    action: str = "NONE"
    start_at: int | None = None
    end_at: int | None = None
    description: str | None = None
    kms_key_arn: str | None = None

    @property
    def is_enabled(self) -> bool:
        return self.state == ENABLED

    @property
    def is_one_time(self) -> bool:
        return schedules.parse(self.expression).is_one_time

    @property
    def is_deleted_after_completion(self) -> bool:
        return self.action == DELETE

    @property
    def window_ms(self) -> int:
        minutes: int = self.window.get("MaximumWindowInMinutes", 0)
        return minutes * 60_000

    @property
    def retries_max(self) -> int:
        retries: int = self.target["RetryPolicy"]["MaximumRetryAttempts"]
        return retries

    @property
    def age_seconds_max(self) -> int:
        seconds: int = self.target["RetryPolicy"]["MaximumEventAgeInSeconds"]
        return seconds

    @property
    def dead_letter_arn(self) -> str:
        arn: str = (self.target.get("DeadLetterConfig") or {}).get("Arn", "")
        return arn


def checked(members: dict[str, Any], now: int) -> Settings:
    """The settings that a request's members make; raises AWS's errors."""
    wanted = {name: value for name, value in members.items() if value is not None}
    settings = Settings(
        expression=wanted["ScheduleExpression"],
        target=targets.with_defaults(wanted["Target"], RETRIES_MAX, AGE_SECONDS_MAX),
        window=wanted["FlexibleTimeWindow"],
        time_zone=wanted.get("ScheduleExpressionTimezone", UTC),
        state=wanted.get("State", ENABLED),
        action=wanted.get("ActionAfterCompletion", "NONE"),
        **{ours: wanted[name] for name, ours in _OPTIONAL.items() if name in wanted},
    )
    _check_window(settings.window)
    _check_expression(settings.expression, settings.time_zone)
    if not settings.is_one_time:
        _check_dates(settings, now)
    targets.check(settings.target)
    return settings


def _check_expression(expression: str, time_zone: str) -> None:
    try:
        schedules.parse(expression)
    except schedules.InvalidExpression as error:
        raise errors.validation(error.message) from error
    if not schedules.is_time_zone(time_zone):
        raise errors.invalid_time_zone(time_zone)


def _check_window(window: dict[str, Any]) -> None:
    has_length = window.get("MaximumWindowInMinutes") is not None
    if window["Mode"] == "FLEXIBLE" and not has_length:
        raise errors.window_missing()
    if window["Mode"] == "OFF" and has_length:
        raise errors.window_not_wanted()


def _check_dates(settings: Settings, now: int) -> None:
    start, end = settings.start_at, settings.end_at
    if start is not None and start < now - _START_TOLERANCE_MS:
        raise errors.start_too_early()
    if end is None:
        return
    if start is not None and end < start:
        raise errors.end_before_start()
    if end < now:
        raise errors.end_in_the_past()


def shown(settings: Settings) -> dict[str, Any]:
    """The settings as GetSchedule answers them."""
    found = {name: getattr(settings, ours) for name, ours in _OPTIONAL.items()}
    return {
        "ScheduleExpression": settings.expression,
        "ScheduleExpressionTimezone": settings.time_zone,
        "State": settings.state,
        "Target": settings.target,
        "FlexibleTimeWindow": settings.window,
        "ActionAfterCompletion": settings.action,
        **{name: value for name, value in found.items() if value is not None},
    }
