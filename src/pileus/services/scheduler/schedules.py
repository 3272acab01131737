"""Operations on schedules: create, read, change, delete, list."""

from __future__ import annotations

from typing import Any, NamedTuple, TypedDict, Unpack

from pileus.kernel import roles
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.scheduler import (
    errors,
    groups,
    listing,
    occurrences,
    resource_names,
    runs,
    store,
    targets,
)
from pileus.services.scheduler import schedule_settings as settings_of
from pileus.services.scheduler.resource_names import group_of, name_of
from pileus.services.scheduler.schedule_settings import Settings
from pileus.services.scheduler.store import Schedule

PAGE = 100
_PRINCIPAL = "scheduler.amazonaws.com"
FORGET_TIMER = "scheduler:forget-deletions"
_REMEMBERED_MS = 8 * 3600 * 1000
_FORGOTTEN_AT_ONCE = 500
# How many names one page looks at before it is given back with fewer schedules than asked for.
_NAMES_READ_MAX = 5_000


class Members(TypedDict, total=False):
    """What CreateSchedule and UpdateSchedule may leave out."""

    group_name: str
    start_date: int
    end_date: int
    description: str
    schedule_expression_timezone: str
    state: str
    kms_key_arn: str
    client_token: str
    action_after_completion: str


_NAMES = {
    "start_date": "StartDate",
    "end_date": "EndDate",
    "description": "Description",
    "schedule_expression_timezone": "ScheduleExpressionTimezone",
    "state": "State",
    "kms_key_arn": "KmsKeyArn",
    "action_after_completion": "ActionAfterCompletion",
}


class _Wanted(NamedTuple):
    """A schedule as a request wants it."""

    settings: Settings
    token: str


async def create_schedule(
    call: Call,
    *,
    name: str,
    schedule_expression: str,
    target: dict[str, Any],
    flexible_time_window: dict[str, Any],
    **more: Unpack[Members],
) -> dict[str, Any]:
    wanted = await _wanted(call, schedule_expression, target, flexible_time_window, more)
    await _check_group(call)
    await call.transaction(_create, wanted, about=call.about)
    return {"ScheduleArn": call.about}


async def update_schedule(
    call: Call,
    *,
    name: str,
    schedule_expression: str,
    target: dict[str, Any],
    flexible_time_window: dict[str, Any],
    **more: Unpack[Members],
) -> dict[str, Any]:
    wanted = await _wanted(call, schedule_expression, target, flexible_time_window, more)
    await call.transaction(_update, wanted, about=call.about)
    return {"ScheduleArn": call.about}


async def _wanted(
    call: Call, expression: str, target: dict[str, Any], window: dict[str, Any], more: Members
) -> _Wanted:
    members = {
        "ScheduleExpression": expression,
        "Target": target,
        "FlexibleTimeWindow": window,
        **{_NAMES[name]: value for name, value in more.items() if name in _NAMES},
    }
    settings = settings_of.checked(members, call.now)
    targets.check_region(target, call.region)
    if not await roles.may_assume(call, target["RoleArn"], _PRINCIPAL):
        raise errors.role_not_assumable()
    return _Wanted(settings, more.get("client_token") or "")


async def _check_group(call: Call) -> None:
    arn = resource_names.group_arn_of(call.about)
    await call.read(groups.check_open, arn, about=arn)


def _create(tx: Transaction, wanted: _Wanted) -> None:
    """Step: make the schedule, unless this very request has made it already."""
    arn = tx.about
    found = store.find(tx, arn)
    if found is not None:
        if wanted.token and found.client_token == wanted.token:
            if found.settings == wanted.settings:
                return
            raise errors.request_repeated(name_of(arn))
        raise errors.schedule_exists(name_of(arn))
    group = resource_names.group_arn_of(arn)
    tables = tx.kernel.store
    if tables.is_together(tx.part, tables.partition(group)):
        # The group may have been deleted since it was looked at.
        groups.check_open(tx.within(group), group)
    store.save(tx, arn, wanted.settings, tx.now, wanted.token)
    tx.enlist(runs.SCHEDULES, resource_names.listed_name(arn), arn)
    runs.plan_anew(tx, arn, occurrences.before_first(wanted.settings, tx.now))


def _update(tx: Transaction, wanted: _Wanted) -> None:
    """Step: replace the settings; a rate goes on in its rhythm unless that is what changes."""
    arn = tx.about
    found = store.find(tx, arn)
    if found is None:
        raise errors.schedule_not_found(name_of(arn))
    if wanted.token and found.client_token == wanted.token and found.settings == wanted.settings:
        return
    if _rhythm(found.settings) != _rhythm(wanted.settings):
        store.save(tx, arn, wanted.settings, tx.now, wanted.token)
        runs.plan_anew(tx, arn, occurrences.before_first(wanted.settings, tx.now))
        return
    store.save(tx, arn, wanted.settings, found.anchor_at, wanted.token)
    if _bounds(found.settings) != _bounds(wanted.settings):
        runs.plan_anew(tx, arn, tx.now)


def _rhythm(settings: Settings) -> tuple[object, ...]:
    return settings.expression, settings.time_zone, settings.start_at, settings.is_enabled


def _bounds(settings: Settings) -> tuple[object, ...]:
    return settings.end_at, settings.window_ms


def get_schedule(call: Call, *, name: str, group_name: str | None = None) -> dict[str, Any]:
    found = store.find(call.tx, call.about)
    if found is None:
        raise errors.schedule_not_found(name)
    return {**_identity(found), **settings_of.shown(found.settings)}


def _identity(schedule: Schedule) -> dict[str, Any]:
    return {
        "Arn": schedule.arn,
        "GroupName": group_of(schedule.arn),
        "Name": name_of(schedule.arn),
        "CreationDate": schedule.created_at,
        "LastModificationDate": schedule.modified_at,
    }


def delete_schedule(
    call: Call, *, name: str, group_name: str | None = None, client_token: str | None = None
) -> None:
    tx, arn = call.tx, call.about
    if store.find(tx, arn) is None:
        if client_token and store.deleted_by(tx, arn) == client_token:
            return
        raise errors.schedule_not_found(name)
    runs.remove(tx, arn)
    if client_token:
        store.remember_deletion(tx, arn, client_token)
        tx.set_timer(FORGET_TIMER, str(tx.part), tx.now + _REMEMBERED_MS)


def forget_deletions(call: Call, key: str, payload: dict[str, Any]) -> None:
    """Timer: forget deletions of long ago, a page at a time."""
    tx = call.tx
    before = tx.now - _REMEMBERED_MS
    if store.forget_deletions(tx, before, _FORGOTTEN_AT_ONCE) == _FORGOTTEN_AT_ONCE:
        tx.set_timer(FORGET_TIMER, key, tx.now)


# Listing: names from the account, the rest from each schedule.


async def list_schedules(
    call: Call,
    *,
    group_name: str | None = None,
    name_prefix: str | None = None,
    state: str | None = None,
    next_token: str | None = None,
    max_results: int = PAGE,
) -> dict[str, Any]:
    if group_name is not None:
        arn = resource_names.group_arn(call, group_name)
        await call.read(groups.check_there, arn, about=arn)
    after = listing.position(next_token)
    prefix = "" if group_name is None else f"{group_name}/{name_prefix or ''}"
    shown: list[dict[str, Any]] = []
    for _ in range(_NAMES_READ_MAX // PAGE):
        names = await call.read(
            listing.listed, runs.SCHEDULES, prefix, after, PAGE, about=call.about
        )
        for listed_name, arn in names:
            if len(shown) == max_results:
                return {"Schedules": shown, "NextToken": listing.token(after)}
            after = listed_name
            if not name_of(arn).startswith(name_prefix or ""):
                continue
            schedule = await call.read(store.find, arn, about=arn)
            if schedule is not None and state in (None, schedule.settings.state):
                shown.append(_summary(schedule))
        if len(names) < PAGE:
            return {"Schedules": shown}
    return {"Schedules": shown, "NextToken": listing.token(after)}


def _summary(schedule: Schedule) -> dict[str, Any]:
    settings = schedule.settings
    return {
        **_identity(schedule),
        "State": settings.state,
        "Target": {"Arn": settings.target["Arn"]},
    }
