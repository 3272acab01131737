"""Runs schedules when they are due: calls the target, tries again, gives up with a dead letter."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel import deliveries
from pileus.kernel.deliveries import Delivery
from pileus.kernel.errors import AwsError, not_implemented
from pileus.kernel.transaction import Transaction
from pileus.services.scheduler import occurrences, payloads, resource_names, store, targets
from pileus.services.scheduler import universal as universal_targets
from pileus.services.scheduler.payloads import Attempt
from pileus.services.scheduler.store import Schedule

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.kernel import Kernel

log = logging.getLogger(__name__)

RUN_TIMER = "scheduler:run"
ATTEMPT_TIMER = "scheduler:attempt"
SCHEDULES = "schedule"
_PAUSE_SECONDS_MAX = 600
# Resources that take what they are sent as their API would, in the transaction of the run.
_HANDED_OVER = ("sqs", "lambda", "sns")


def plan(tx: Transaction, schedule: Schedule, after: int) -> bool:
    """Set the timer of the first run after an instant; False where there is none."""
    scheduled_at = occurrences.following(schedule.settings, schedule.anchor_at, after)
    if scheduled_at is None or not schedule.settings.is_enabled:
        tx.finish_timer(RUN_TIMER, schedule.arn)
        if schedule.has_next:
            store.set_has_next(tx, schedule.arn, False)
        return False
    at = scheduled_at
    if schedule.settings.window_ms:
        at += int(tx.kernel.ids.fraction() * schedule.settings.window_ms) // 1000 * 1000
    tx.set_timer(RUN_TIMER, schedule.arn, max(at, tx.now), {"scheduled_at": scheduled_at})
    if not schedule.has_next:
        store.set_has_next(tx, schedule.arn, True)
    return True


def plan_anew(tx: Transaction, arn: str, after: int) -> None:
    """Plan a schedule's next run after its settings have changed."""
    schedule = store.find(tx, arn)
    assert schedule is not None, f"no schedule {arn}"
    plan(tx, schedule, after)


def run(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: one run of a schedule is due."""
    tx = call.tx
    schedule = store.find(tx, key)
    if schedule is None:
        return
    scheduled_at: int = payload["scheduled_at"]
    attempt = Attempt(scheduled_at, tx.kernel.ids.hexadecimal(16), tx.now)
    if _is_handed_over(tx.kernel, schedule):
        refusal = _hand_over(tx, schedule, attempt)
        if refusal is not None:
            _conclude(tx, schedule, attempt, refusal)
    else:
        _set_attempt(tx, key, attempt, tx.now)
    # What was missed while nothing ran is not made up for.
    missed_until = tx.now - schedule.settings.window_ms - occurrences.PRECISION_MS
    is_planned = plan(tx, schedule, max(scheduled_at, missed_until))
    if not is_planned and schedule.settings.is_deleted_after_completion:
        _end_if_complete(tx, key)


async def attempt(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: try a run's call, for the first time or again."""
    schedule: Schedule | None = await call.read(store.find, call.about, about=call.about)
    if schedule is None:
        return
    this = msgspec.convert(payload, Attempt)
    if _is_handed_over(call.kernel, schedule):
        await call.transaction(_hand_over_again, key, this, about=call.about)
        return
    refusal: AwsError | None = None
    try:
        text = payloads.payload(schedule.arn, schedule.settings.target, this)
        request = _request(call, schedule.settings.target, text)
        answer = await call.invoke(request.service, request.operation, **request.params)
        refusal = _failure_within(answer)
    except AwsError as error:
        refusal = error
    code, message = ("", "") if refusal is None else (refusal.code, refusal.message)
    await call.transaction(_end_attempt, key, this, code, message, about=call.about)


def _request(call: Call, target: Mapping[str, Any], text: str) -> targets.Request:
    universal = targets.universal_of(target["Arn"])
    if universal is None:
        return targets.request_of(target, text)
    registry = call.kernel.registry
    models = (registry.model(name) for name in registry.services)
    model = universal_targets.service_of(universal.service_id, models)
    if model is None:
        raise not_implemented(universal.service_id, universal.action)
    given = text if target.get("Input") is not None else "{}"
    return universal_targets.request_of(universal, given, model)


def _failure_within(answer: Mapping[str, Any]) -> AwsError | None:
    """The failure that an answer of PutEvents tells of its only entry."""
    if answer.get("FailedEntryCount"):
        entry = answer["Entries"][0]
        return AwsError(entry["ErrorCode"], entry.get("ErrorMessage", ""))
    return None


# Handing over in a transaction.


def _is_handed_over(kernel: Kernel, schedule: Schedule) -> bool:
    """Whether the target takes the payload in the transaction of the run."""
    arn = schedule.settings.target["Arn"]
    target = deliveries.target_of(kernel.targets, arn)
    if target is None or target.service not in _HANDED_OVER or not target.accepts(arn):
        return False
    tables = kernel.store
    return tables.is_together(tables.partition(schedule.arn), tables.partition(arn))


def _hand_over(tx: Transaction, schedule: Schedule, attempt: Attempt) -> AwsError | None:
    """Give the target its payload; what it answers if it refuses."""
    target = schedule.settings.target
    text = payloads.payload(schedule.arn, target, attempt)
    attributes = target.get("SqsParameters") or {}
    delivery = Delivery.new(
        tx, target["Arn"], text.encode(), schedule.arn, attributes, deliveries.DEFAULT_POLICY
    )
    receiver = deliveries.target_of(tx.kernel.targets, target["Arn"])
    assert receiver is not None
    effects = len(tx.effects)
    try:
        tx.statements.savepoint(
            lambda: deliveries.accept(tx.within(delivery.to), receiver, delivery)
        )
    except AwsError as refusal:
        del tx.effects[effects:]
        return refusal
    return None


def _hand_over_again(tx: Transaction, key: str, attempt: Attempt) -> None:
    """Step: hand over and end the attempt in one commit."""
    schedule = store.find(tx, tx.about)
    if schedule is None:
        return
    refusal = _hand_over(tx, schedule, attempt)
    code, message = ("", "") if refusal is None else (refusal.code, refusal.message)
    _end_attempt(tx, key, attempt, code, message)


# What follows an attempt.


def _end_attempt(tx: Transaction, key: str, attempt: Attempt, code: str, message: str) -> None:
    """Step: an attempt of a timer is over, well if there is no code."""
    if not tx.finish_timer(ATTEMPT_TIMER, key):
        return
    schedule = store.find(tx, tx.about)
    if schedule is None:
        return
    store.count_retrying(tx, tx.about, -1)
    if code:
        _conclude(tx, schedule, attempt, AwsError(code, message))
    _end_if_complete(tx, tx.about)


def _conclude(tx: Transaction, schedule: Schedule, attempt: Attempt, refusal: AwsError) -> None:
    """After a failure: set the next attempt, or give up."""
    settings = schedule.settings
    pause_ms = 1000 * min(_PAUSE_SECONDS_MAX, 2 ** min(attempt.number - 1, 20))
    exhausted = ""
    if attempt.number > settings.retries_max:
        exhausted = "MaximumRetryAttempts"
    elif tx.now + pause_ms - attempt.first_at > settings.age_seconds_max * 1000:
        exhausted = "MaximumEventAgeInSeconds"
    if not exhausted:
        again = msgspec.structs.replace(attempt, number=attempt.number + 1)
        _set_attempt(tx, schedule.arn, again, tx.now + pause_ms)
        return
    log.warning("run of %s given up: %s", schedule.arn, refusal)
    if settings.dead_letter_arn:
        body, attributes = payloads.letter(
            schedule.arn, settings.target, attempt, refusal.code, refusal.message, exhausted
        )
        tx.deliver(
            to=settings.dead_letter_arn, payload=body.encode(), because=schedule.arn,
            attributes={"MessageAttributes": attributes},
        )  # fmt: skip


def _set_attempt(tx: Transaction, arn: str, attempt: Attempt, at: int) -> None:
    store.count_retrying(tx, arn, 1)
    tx.set_timer(ATTEMPT_TIMER, attempt.execution_id, at, msgspec.to_builtins(attempt))


def _end_if_complete(tx: Transaction, arn: str) -> None:
    """Remove a schedule that wanted it once its last run is over."""
    schedule = store.find(tx, arn)
    if (
        schedule is not None
        and schedule.settings.is_deleted_after_completion
        and schedule.settings.is_enabled
        and not schedule.has_next
        and not schedule.retrying
    ):
        remove(tx, arn)


def remove(tx: Transaction, arn: str) -> None:
    """Remove a schedule with its timer and its name; attempts under way find nothing."""
    store.delete(tx, arn)
    tx.finish_timer(RUN_TIMER, arn)
    tx.delist(SCHEDULES, resource_names.listed_name(arn))
