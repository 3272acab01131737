"""Rules that run by the clock: when they are due, and the event that their targets get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pileus.kernel import arns
from pileus.kernel.transaction import Transaction
from pileus.languages import schedules
from pileus.services.events import errors, event, hand_over, names, store
from pileus.services.events.event import Origin
from pileus.services.events.store import Rule

if TYPE_CHECKING:
    from pileus.kernel.call import Call

TIMER = "events:schedule"


def check(expression: str) -> None:
    """Raise AWS's error for an expression that is no schedule."""
    try:
        schedules.parse(expression, schedules.RULES)
    except schedules.InvalidExpression:
        raise errors.invalid_schedule() from None


def begin(tx: Transaction, bus: str, rule: Rule) -> None:
    """Set or remove the timer of a rule whose schedule or state has changed."""
    _set_next(tx, names.rule_arn(bus, rule.name), rule, tx.now)


def end(tx: Transaction, bus: str, rule: Rule) -> None:
    """Remove the timer of a rule that goes."""
    tx.finish_timer(TIMER, names.rule_arn(bus, rule.name))


def fire(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: a scheduled rule is due. Its key is the rule's ARN."""
    tx = call.tx
    found = names.rule_of(key)
    rule = store.seek_rule(tx, *found) if found is not None else None
    if found is None or rule is None:
        return
    due_at: int = payload["at"]
    place = arns.parse(key)
    assert place is not None, f"not an ARN: {key}"
    origin = Origin(tx.kernel.ids.uuid(), place.account, place.region, tx.now)
    due = event.scheduled(origin, key, due_at)
    for target in hand_over.prepare(found[0], rule):
        hand_over.hand(tx, target, due)
    # Times that passed while the platform was down are not made up for.
    _set_next(tx, key, rule, max(due_at, tx.now))


def _set_next(tx: Transaction, arn: str, rule: Rule, after: int) -> None:
    at = None
    if rule.schedule and rule.is_enabled:
        schedule = schedules.parse(rule.schedule, schedules.RULES)
        # A rate counts from when the rule was made or turned on, so that it does not drift.
        at = schedule.next_after(after, anchor=rule.scheduled_at)
    if at is None:
        tx.finish_timer(TIMER, arn)
    else:
        tx.set_timer(TIMER, arn, at, {"at": at})
