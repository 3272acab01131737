"""Operations on schedule groups, and the timer that empties a deleted one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pileus.kernel import names
from pileus.kernel import tags as kernel_tags
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.scheduler import errors, listing, runs, store
from pileus.services.scheduler.resource_names import DEFAULT_GROUP, group_arn, name_of
from pileus.services.scheduler.store import Group

GROUPS = "group"
DROP_TIMER = "scheduler:drop-group"
ACTIVE = "ACTIVE"
DELETING = "DELETING"
PAGE = 100
GROUPS_MAX = 500  # docs: scheduler-quotas
_DROPPED_AT_ONCE = 100
# How long a deletion takes where AWS's delays are played.
_DELETION_MS = 30_000


def create_schedule_group(
    call: Call,
    *,
    name: str,
    tags: list[dict[str, str]] | None = None,
    client_token: str | None = None,
) -> dict[str, Any]:
    tx, arn = call.tx, call.about
    found = store.find_group(tx, arn)
    if found is not None and client_token and found.client_token == client_token:
        return {"ScheduleGroupArn": arn}
    if name == DEFAULT_GROUP:
        raise errors.default_group_stays()
    if found is not None:
        raise errors.group_exists(name)
    _check_count(tx)
    add_tags(tx, arn, tags or [])
    _make(tx, arn, client_token or "")
    return {"ScheduleGroupArn": arn}


def _check_count(tx: Transaction) -> None:
    account, tables = names.account_of(tx.about), tx.kernel.store
    if not tables.is_together(tx.part, tables.partition(account)):
        return
    if len(tx.within(account).listed(GROUPS, at_most=GROUPS_MAX)) == GROUPS_MAX:
        raise errors.groups_too_many(GROUPS_MAX)


def _make(tx: Transaction, arn: str, token: str) -> None:
    store.insert_group(tx, arn, token)
    tx.enlist(GROUPS, name_of(arn), arn)


def add_tags(tx: Transaction, arn: str, added: Sequence[dict[str, str]]) -> None:
    """Add tags within AWS's limits."""
    wanted = {tag["Key"]: tag["Value"] for tag in added}
    problem = kernel_tags.problem(tx.tags(arn), wanted)
    if problem is None:
        tx.put_tags(arn, wanted)
        return
    kind, key = problem
    if kind is kernel_tags.Problem.TOO_MANY:
        raise errors.tags_too_many(kernel_tags.TAGS_MAX)
    if kind is kernel_tags.Problem.RESERVED_KEY:
        raise errors.reserved_tag(key)
    raise errors.invalid_tag(key)


def find(tx: Transaction, arn: str) -> Group:
    """Step: a group, which the group `default` becomes when it is first looked at."""
    found = store.find_group(tx, arn)
    if found is None and name_of(arn) == DEFAULT_GROUP:
        _make(tx, arn, "")
        found = store.find_group(tx, arn)
    if found is None:
        raise errors.group_not_found(name_of(arn))
    return found


def check_there(tx: Transaction, arn: str) -> None:
    """Step: raise unless the group is there."""
    if name_of(arn) != DEFAULT_GROUP and store.find_group(tx, arn) is None:
        raise errors.group_not_found(name_of(arn))


def check_open(tx: Transaction, arn: str) -> None:
    """Step: raise unless the group takes schedules."""
    if name_of(arn) == DEFAULT_GROUP:
        return
    found = store.find_group(tx, arn)
    if found is None:
        raise errors.group_not_found(name_of(arn))
    if found.state == DELETING:
        raise errors.group_is_going(name_of(arn))


def get_schedule_group(call: Call, *, name: str) -> dict[str, Any]:
    return _shown(find(call.tx, call.about))


def _shown(group: Group) -> dict[str, Any]:
    return {
        "Arn": group.arn,
        "Name": name_of(group.arn),
        "State": group.state,
        "CreationDate": group.created_at,
        "LastModificationDate": group.modified_at,
    }


async def list_schedule_groups(
    call: Call,
    *,
    name_prefix: str = "",
    next_token: str | None = None,
    max_results: int = PAGE,
) -> dict[str, Any]:
    after = listing.position(next_token)
    default = group_arn(call, DEFAULT_GROUP)
    await call.transaction(find, default, about=default)
    listed = await call.read(
        listing.listed, GROUPS, name_prefix, after, max_results + 1, about=call.about
    )
    found = [await call.read(store.find_group, arn, about=arn) for _, arn in listed[:max_results]]
    answer: dict[str, Any] = {"ScheduleGroups": [_shown(group) for group in found if group]}
    if len(listed) > max_results:
        answer["NextToken"] = listing.token(listed[max_results - 1][0])
    return answer


def delete_schedule_group(call: Call, *, name: str, client_token: str | None = None) -> None:
    tx, arn = call.tx, call.about
    if name == DEFAULT_GROUP:
        raise errors.default_group_stays()
    if find(tx, arn).state == DELETING:
        return
    store.set_group_state(tx, arn, DELETING)
    delay_ms = _DELETION_MS if tx.kernel.settings.aws_delays else 0
    tx.set_timer(DROP_TIMER, arn, tx.now + delay_ms)


async def drop(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of a group's schedules, and the group after the last."""
    prefix = f"{name_of(key)}/"
    account = names.account_of(key)
    found = await call.read(
        listing.listed, runs.SCHEDULES, prefix, "", _DROPPED_AT_ONCE, about=account
    )
    for _, arn in found:
        await call.transaction(runs.remove, arn, about=arn)
    is_last = len(found) < _DROPPED_AT_ONCE
    await call.transaction(_finish_page, key, is_last, about=key)


def _finish_page(tx: Transaction, arn: str, is_last: bool) -> None:
    tx.finish_timer(DROP_TIMER, arn)
    if not is_last:
        tx.set_timer(DROP_TIMER, arn, tx.now)
        return
    store.delete_group(tx, arn)
    tx.remove_tags(arn, list(tx.tags(arn)))
    tx.delist(GROUPS, name_of(arn))
