"""What lifecycle rules do with a version or an upload, and when: pure decisions.

Everything happens at midnight UTC. docs: AmazonS3/latest/userguide/intro-lifecycle-rules,
lifecycle-conflicts, lifecycle-transition-general-considerations
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import NamedTuple

import msgspec

DAY_MS = 86_400_000
_SMALL_BYTES = 128 * 1024
# Objects only ever go on in this order.
_DEPTHS = {
    "STANDARD": 0, "REDUCED_REDUNDANCY": 0, "STANDARD_IA": 1, "INTELLIGENT_TIERING": 2,
    "ONEZONE_IA": 3, "GLACIER_IR": 4, "GLACIER": 5, "DEEP_ARCHIVE": 6,
}  # fmt: skip
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")


class Filter(msgspec.Struct, frozen=True):
    """Which objects a rule is for."""

    prefix: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    size_above: int | None = None
    size_below: int | None = None

    @property
    def takes_all_sizes(self) -> bool:
        return self.size_above is None and self.size_below is None

    def takes(self, key: str, size_bytes: int, tags: Mapping[str, str]) -> bool:
        return (
            key.startswith(self.prefix)
            and all(tags.get(name) == value for name, value in self.tags)
            and (self.size_above is None or size_bytes > self.size_above)
            and (self.size_below is None or size_bytes < self.size_below)
        )


class Transition(msgspec.Struct, frozen=True):
    """When a version goes to another storage class."""

    storage_class: str
    days: int | None = None
    date: int | None = None
    newer: int = 0


class Rule(msgspec.Struct, frozen=True):
    """`newer` noncurrent versions stay, whatever their age."""

    id: str
    is_enabled: bool
    filter: Filter
    days: int | None = None
    date: int | None = None
    drops_markers: bool = False
    noncurrent_days: int | None = None
    newer: int = 0
    abort_days: int | None = None
    transitions: tuple[Transition, ...] = ()
    noncurrent_transitions: tuple[Transition, ...] = ()


class Configuration(msgspec.Struct, frozen=True):
    rules: tuple[Rule, ...]
    # Whether small objects may go to archives by rules that do not speak of sizes.
    archives_small: bool = False


class Item(NamedTuple):
    """A version or delete marker, and what is around it."""

    key: str
    size_bytes: int
    tags: Mapping[str, str]
    modified_at: int
    storage_class: str
    is_marker: bool
    # None while it is the newest of its key.
    noncurrent_since: int | None
    # Noncurrent versions of its key that are newer.
    newer: int
    # Whether its key has no other version.
    is_alone: bool
    # Whether its bucket has ever kept versions.
    is_versioned: bool


class Act(Enum):
    """What is done, the first of these before the others."""

    REMOVE = 0  # the version, for good
    MOVE = 1  # to another storage class
    HIDE = 2  # behind a delete marker


class Plan(NamedTuple):
    """What is to be done from an instant on."""

    at: int
    act: Act
    storage_class: str = ""
    rule_id: str = ""


def next_midnight(now: int) -> int:
    return now // DAY_MS * DAY_MS + DAY_MS


def after_days(at: int, days: int) -> int:
    """AWS adds the days, and rounds up to the next midnight."""
    return next_midnight(at + days * DAY_MS)


def plans(configuration: Configuration, item: Item) -> Iterator[Plan]:
    """Everything that the rules will do with an item as it is."""
    for rule in configuration.rules:
        if rule.is_enabled and rule.filter.takes(item.key, item.size_bytes, item.tags):
            if item.noncurrent_since is not None:
                yield from _of_noncurrent(configuration, rule, item, item.noncurrent_since)
            elif item.is_marker:
                yield from _of_marker(rule, item)
            else:
                yield from _of_current(configuration, rule, item)


def _of_current(configuration: Configuration, rule: Rule, item: Item) -> Iterator[Plan]:
    act = Act.HIDE if item.is_versioned else Act.REMOVE
    if rule.days is not None:
        yield Plan(after_days(item.modified_at, rule.days), act, "", rule.id)
    if rule.date is not None:
        yield Plan(rule.date, act, "", rule.id)
    for each in rule.transitions:
        if _may_move(configuration, rule, item, each.storage_class):
            if each.date is not None:
                at = each.date
            else:
                assert each.days is not None, "a transition has days or a date"
                at = after_days(item.modified_at, each.days)
            yield Plan(at, Act.MOVE, each.storage_class, rule.id)


def _of_marker(rule: Rule, item: Item) -> Iterator[Plan]:
    """A delete marker that hides nothing any more goes by itself."""
    if not item.is_alone or rule.filter.tags or not rule.filter.takes_all_sizes:
        return
    if rule.drops_markers:
        yield Plan(0, Act.REMOVE, "", rule.id)
    if rule.days is not None:
        yield Plan(after_days(item.modified_at, rule.days), Act.REMOVE, "", rule.id)
    if rule.date is not None:
        yield Plan(rule.date, Act.REMOVE, "", rule.id)


def _of_noncurrent(
    configuration: Configuration, rule: Rule, item: Item, since: int
) -> Iterator[Plan]:
    if rule.noncurrent_days is not None and item.newer >= rule.newer:
        yield Plan(after_days(since, rule.noncurrent_days), Act.REMOVE, "", rule.id)
    if item.is_marker:
        return
    for each in rule.noncurrent_transitions:
        if item.newer >= each.newer and _may_move(configuration, rule, item, each.storage_class):
            assert each.days is not None, "noncurrent versions have no dates"
            yield Plan(after_days(since, each.days), Act.MOVE, each.storage_class, rule.id)


def _may_move(configuration: Configuration, rule: Rule, item: Item, to: str) -> bool:
    present, wanted = _DEPTHS.get(item.storage_class, 0), _DEPTHS[to]
    if wanted <= present or (item.storage_class, to) == ("ONEZONE_IA", "GLACIER_IR"):
        return False
    if item.size_bytes >= _SMALL_BYTES or not rule.filter.takes_all_sizes:
        return True
    return configuration.archives_small and to in _ARCHIVES


def choose(planned: Iterator[Plan], now: int) -> tuple[Plan | None, int | None]:
    """What is to be done now, and when the next of the rest falls due."""
    chosen: Plan | None = None
    following: int | None = None
    for plan in planned:
        if plan.at > now:
            following = plan.at if following is None else min(following, plan.at)
        elif chosen is None or _precedence(plan) < _precedence(chosen):
            chosen = plan
    return chosen, following


def _precedence(plan: Plan) -> tuple[int, int]:
    return plan.act.value, -_DEPTHS.get(plan.storage_class, 0)


def expiration(configuration: Configuration, item: Item) -> Plan | None:
    """When a current version expires, and by which rule: the earliest."""
    found = [plan for plan in plans(configuration, item) if plan.act is not Act.MOVE]
    return min(found, key=lambda plan: plan.at, default=None)


def abort(configuration: Configuration, key: str, started_at: int) -> Plan | None:
    """When an upload is given up."""
    found = [
        Plan(after_days(started_at, rule.abort_days), Act.REMOVE, "", rule.id)
        for rule in configuration.rules
        if rule.is_enabled and rule.abort_days is not None and key.startswith(rule.filter.prefix)
    ]
    return min(found, key=lambda plan: plan.at, default=None)


def bound(configuration: Configuration, now: int) -> int | None:
    """Before this nothing falls due of what comes into being now, whatever it is."""
    found: list[int] = []
    for rule in configuration.rules:
        if not rule.is_enabled:
            continue
        moves = (*rule.transitions, *rule.noncurrent_transitions)
        ages = [rule.days, rule.noncurrent_days, rule.abort_days, *(each.days for each in moves)]
        found += [after_days(now, age) for age in ages if age is not None]
        dates = [rule.date, *(each.date for each in moves)]
        found += [max(date, next_midnight(now)) for date in dates if date is not None]
        if rule.drops_markers or rule.newer or any(each.newer for each in moves):
            found.append(next_midnight(now))
    return min(found, default=None)
