"""Rules of a bus: a pattern, a schedule or both, and whether they are on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.languages import event_patterns
from pileus.services.events import errors, names, pages, schedule_timers, store, tagging
from pileus.services.events.store import Rule

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# docs: eb-quota, rules per event bus
RULES_MAX = 300
# docs: eb-quota, event pattern size
PATTERN_BYTES_MAX = 2_048
_REQUIRED_FIELDS = ("id", "account", "source", "time", "region", "resources", "detail-type")


def put_rule(
    call: Call,
    *,
    name: str,
    schedule_expression: str | None = None,
    event_pattern: str | None = None,
    state: str | None = None,
    description: str | None = None,
    role_arn: str | None = None,
    tags: list[dict[str, Any]] | None = None,
    event_bus_name: str | None = None,
) -> dict[str, Any]:
    tx, bus_arn = call.tx, call.about
    if not event_pattern and not schedule_expression:
        raise errors.neither_pattern_nor_schedule()
    if schedule_expression:
        if names.bus_name(bus_arn) != names.DEFAULT:
            raise errors.schedule_on_custom_bus()
        schedule_timers.check(schedule_expression)
    if event_pattern:
        compiled(event_pattern)
    bus = store.find_bus(tx, bus_arn)
    before = store.seek_rule(tx, bus_arn, name)
    if before is not None:
        _check_unmanaged(before, is_forced=False)
    elif tx.kernel.quotas.is_enforced and bus.rules >= RULES_MAX:
        raise errors.limit_exceeded()
    if tx.kernel.quotas.is_enforced and len((event_pattern or "").encode()) > PATTERN_BYTES_MAX:
        raise errors.pattern_too_long(name, PATTERN_BYTES_MAX)
    rule = Rule(
        name, event_pattern or "", schedule_expression or "", state or "ENABLED", description,
        role_arn, created_by=call.account if before is None else before.created_by,
        targets=() if before is None else before.targets,
    )  # fmt: skip
    write(call, rule, before)
    arn = names.rule_arn(bus_arn, name)
    if before is None and tags:
        # docs: API_PutRule; the tags of a rule that is there stay as they are.
        tx.put_tags(arn, tagging.checked({}, tags))
    return {"RuleArn": arn}


def write(call: Call, rule: Rule, before: Rule | None) -> None:
    """Store a rule and see to its schedule."""
    is_same_schedule = (
        before is not None
        and before.schedule == rule.schedule
        and before.is_enabled == rule.is_enabled
    )
    scheduled_at = before.scheduled_at if before and is_same_schedule else call.now
    rule = msgspec.structs.replace(rule, scheduled_at=scheduled_at)
    store.put_rule(call.tx, call.about, rule, before)
    if not is_same_schedule:
        schedule_timers.begin(call.tx, call.about, rule)


def compiled(pattern: str) -> event_patterns.Pattern:
    """The pattern; raises AWS's error with the reason and the position."""
    try:
        return event_patterns.compile(pattern)
    except event_patterns.InvalidPattern as problem:
        raise errors.invalid_event_pattern(problem.reason) from None


def describe_rule(call: Call, *, name: str, event_bus_name: str | None = None) -> dict[str, Any]:
    rule = store.find_rule(call.tx, call.about, name)
    shown = _shown(call.about, rule)
    if rule.created_by:
        shown["CreatedBy"] = rule.created_by
    return shown


def list_rules(
    call: Call,
    *,
    name_prefix: str | None = None,
    event_bus_name: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    store.find_bus(call.tx, call.about)
    size = limit or pages.PAGE_MAX
    found = store.rules(call.tx, call.about, name_prefix or "", pages.after(next_token), size + 1)
    page, token = pages.cut(found, limit, lambda rule: rule.name)
    return {"Rules": [_shown(call.about, rule) for rule in page], **token}


def _shown(bus: str, rule: Rule) -> dict[str, Any]:
    optional = {
        "EventPattern": rule.pattern or None,
        "ScheduleExpression": rule.schedule or None,
        "Description": rule.description,
        "RoleArn": rule.role_arn,
        "ManagedBy": rule.managed_by or None,
    }
    return {
        "Name": rule.name,
        "Arn": names.rule_arn(bus, rule.name),
        "State": rule.state,
        "EventBusName": names.bus_name(bus),
        **{name: value for name, value in optional.items() if value is not None},
    }


def enable_rule(call: Call, *, name: str, event_bus_name: str | None = None) -> None:
    _set_state(call, name, "ENABLED")


def disable_rule(call: Call, *, name: str, event_bus_name: str | None = None) -> None:
    _set_state(call, name, "DISABLED")


def _set_state(call: Call, name: str, state: str) -> None:
    rule = store.find_rule(call.tx, call.about, name)
    _check_unmanaged(rule, is_forced=False)
    if rule.state != state:
        write(call, msgspec.structs.replace(rule, state=state), rule)


def delete_rule(
    call: Call, *, name: str, event_bus_name: str | None = None, force: bool | None = None
) -> None:
    tx = call.tx
    store.find_bus(tx, call.about)
    rule = store.seek_rule(tx, call.about, name)
    if rule is None:
        return
    _check_unmanaged(rule, is_forced=bool(force))
    if rule.targets:
        raise errors.rule_has_targets()
    drop(call, rule)


def drop(call: Call, rule: Rule) -> None:
    """Remove a rule with all that belongs to it."""
    tx, arn = call.tx, names.rule_arn(call.about, rule.name)
    store.delete_rule(tx, call.about, rule)
    schedule_timers.end(tx, call.about, rule)
    tx.remove_tags(arn, list(tx.tags(arn)))


def _check_unmanaged(rule: Rule, *, is_forced: bool) -> None:
    if rule.managed_by and not is_forced:
        raise errors.managed_rule(rule.name, rule.managed_by)


def change_targets(
    call: Call, name: str, targets: tuple[dict[str, Any], ...], *, is_forced: bool = False
) -> None:
    rule = store.find_rule(call.tx, call.about, name)
    _check_unmanaged(rule, is_forced=is_forced)
    changed = msgspec.structs.replace(rule, targets=targets)
    store.put_rule(call.tx, call.about, changed, rule)


def test_event_pattern(call: Call, *, event_pattern: str, event: str) -> dict[str, Any]:
    pattern = compiled(event_pattern)
    try:
        fields = msgspec.json.decode(event)
    except (msgspec.MsgspecError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or any(name not in fields for name in _REQUIRED_FIELDS):
        raise errors.invalid_parameter("Event")
    return {"Result": pattern.matches(fields)}
