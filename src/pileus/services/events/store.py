"""Rows of buses, rules and waiting events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from pileus.kernel.transaction import Transaction
from pileus.services.events import errors, names

# So many changes are remembered for caches; one that is further behind is read anew.
CHANGES_KEPT = 256


class BusSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What CreateEventBus, UpdateEventBus and PutPermission set."""

    description: str | None = None
    kms_key: str | None = None
    dead_letter: dict[str, str] | None = None
    log: dict[str, str] | None = None
    policy: str = ""
    event_source: str = ""


class Bus(NamedTuple):
    created_at: int
    modified_at: int
    rules: int
    change: int
    revision: int
    settings: BusSettings


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule and its targets, which are kept as AWS's members."""

    name: str
    pattern: str = ""
    schedule: str = ""
    state: str = "ENABLED"
    description: str | None = None
    role_arn: str | None = None
    managed_by: str = ""
    created_by: str = ""
    targets: tuple[dict[str, Any], ...] = ()
    # The instant from which a schedule's rate counts.
    scheduled_at: int = 0

    @property
    def is_enabled(self) -> bool:
        return self.state != "DISABLED"


class Waiting(NamedTuple):
    bus: str
    event: str
    trace: str
    rules: tuple[str, ...]
    after: str


_FIND_BUS = """
SELECT created_at, modified_at, rules, change, revision, settings FROM events_buses
WHERE part = :part AND arn = :arn
"""
_FIND_CHANGE = "SELECT change, revision FROM events_buses WHERE part = :part AND arn = :arn"
_INSERT_BUS = """
INSERT INTO events_buses (part, arn, created_at, modified_at, rules, change, revision, settings)
VALUES (:part, :arn, :now, :now, 0, 0, :revision, :settings)
"""
_UPDATE_BUS = """
UPDATE events_buses SET settings = :settings, modified_at = :now WHERE part = :part AND arn = :arn
"""
_DELETE_BUS = "DELETE FROM events_buses WHERE part = :part AND arn = :arn"
_COUNT_RULES = """
UPDATE events_buses SET rules = rules + :rules, change = change + 1, revision = :revision
WHERE part = :part AND arn = :arn RETURNING change
"""
_FIND_RULE = "SELECT rule FROM events_rules WHERE part = :part AND bus = :bus AND name = :name"
_PUT_RULE = """
INSERT INTO events_rules (part, bus, name, rule) VALUES (:part, :bus, :name, :rule)
ON CONFLICT (part, bus, name) DO UPDATE SET rule = excluded.rule
"""
_DELETE_RULE = "DELETE FROM events_rules WHERE part = :part AND bus = :bus AND name = :name"
_LIST_RULES = """
SELECT rule FROM events_rules
WHERE part = :part AND bus = :bus AND name > :after AND name >= :prefix AND name < :beyond
ORDER BY name LIMIT :limit
"""
_NOTE_CHANGE = """
INSERT INTO events_changes (part, bus, change, revision, rule)
VALUES (:part, :bus, :change, :revision, :rule)
"""
_FORGET_CHANGE = (
    "DELETE FROM events_changes WHERE part = :part AND bus = :bus AND change <= :change"
)
_FORGET_CHANGES = """
DELETE FROM events_changes WHERE part = :part AND bus = :bus
"""
_KNOWS_CHANGE = """
SELECT 1 FROM events_changes
WHERE part = :part AND bus = :bus AND change = :change AND revision = :revision
"""
_CHANGES = """
SELECT change, revision, rule FROM events_changes
WHERE part = :part AND bus = :bus AND change > :change ORDER BY change LIMIT :limit
"""
_ADD_TARGET = """
INSERT INTO events_target_rules (part, bus, target, rule) VALUES (:part, :bus, :target, :rule)
ON CONFLICT (part, bus, target, rule) DO NOTHING
"""
_DROP_TARGET = """
DELETE FROM events_target_rules
WHERE part = :part AND bus = :bus AND target = :target AND rule = :rule
"""
_RULES_OF_TARGET = """
SELECT rule FROM events_target_rules
WHERE part = :part AND bus = :bus AND target = :target AND rule > :after ORDER BY rule LIMIT :limit
"""
_ADD_WAITING = """
INSERT INTO events_waiting (part, id, bus, event, trace, rules, after)
VALUES (:part, :id, :bus, :event, :trace, :rules, :after)
"""
_FIND_WAITING = """
SELECT bus, event, trace, rules, after FROM events_waiting WHERE part = :part AND id = :id
"""
_ADVANCE_WAITING = "UPDATE events_waiting SET after = :after WHERE part = :part AND id = :id"
_DELETE_WAITING = "DELETE FROM events_waiting WHERE part = :part AND id = :id"
# The highest code point that a name may hold: the end of a range of names with one prefix.
_LAST = "\U0010ffff"

_rule_of = msgspec.json.Decoder(Rule).decode
_settings_of = msgspec.json.Decoder(BusSettings).decode


def seek_bus(tx: Transaction, arn: str) -> Bus | None:
    """The bus; None if it is not there. The default bus always is, if only without a row."""
    row = tx.one(_FIND_BUS, arn=arn)
    if row is not None:
        created_at, modified_at, rules_count, change, revision, settings = row
        return Bus(created_at, modified_at, rules_count, change, revision, _settings_of(settings))
    return Bus(0, 0, 0, 0, 0, BusSettings()) if names.bus_name(arn) == names.DEFAULT else None


def find_bus(tx: Transaction, arn: str) -> Bus:
    bus = seek_bus(tx, arn)
    if bus is None:
        raise errors.bus_not_found(names.bus_name(arn))
    return bus


def seek_change(tx: Transaction, arn: str) -> tuple[int, int] | None:
    """Number and revision of the last change of a bus's rules; None if there is no such bus."""
    found: tuple[int, int] | None = tx.known.get(arn)
    if found is None:
        row = tx.one(_FIND_CHANGE, arn=arn)
        if row is not None:
            found = tx.known[arn] = (row[0], row[1])
        elif names.bus_name(arn) == names.DEFAULT:
            found = (0, 0)
    return found


def insert_bus(tx: Transaction, arn: str, settings: BusSettings) -> None:
    text = msgspec.json.encode(settings).decode()
    tx.run(_INSERT_BUS, arn=arn, settings=text, revision=_revision(tx))


def update_bus(tx: Transaction, arn: str, settings: BusSettings) -> None:
    _ensure_default(tx, arn)
    tx.run(_UPDATE_BUS, arn=arn, settings=msgspec.json.encode(settings).decode())


def delete_bus(tx: Transaction, arn: str) -> None:
    tx.known.pop(arn, None)
    tx.run(_DELETE_BUS, arn=arn)
    tx.run(_FORGET_CHANGES, bus=arn)


def _ensure_default(tx: Transaction, arn: str) -> None:
    if names.bus_name(arn) == names.DEFAULT and tx.one(_FIND_CHANGE, arn=arn) is None:
        insert_bus(tx, arn, BusSettings())


# Rules.


def seek_rule(tx: Transaction, bus: str, name: str) -> Rule | None:
    row = tx.one(_FIND_RULE, bus=bus, name=name)
    return None if row is None else _rule_of(row[0])


def find_rule(tx: Transaction, bus: str, name: str) -> Rule:
    find_bus(tx, bus)
    rule = seek_rule(tx, bus, name)
    if rule is None:
        raise errors.rule_not_found(name, names.bus_name(bus))
    return rule


def put_rule(tx: Transaction, bus: str, rule: Rule, before: Rule | None) -> None:
    """Write a rule in place of `before`."""
    _ensure_default(tx, bus)
    tx.run(_PUT_RULE, bus=bus, name=rule.name, rule=msgspec.json.encode(rule).decode())
    _note_change(tx, bus, rule.name, 1 if before is None else 0)
    _note_targets(tx, bus, before, rule)


def delete_rule(tx: Transaction, bus: str, rule: Rule) -> None:
    tx.run(_DELETE_RULE, bus=bus, name=rule.name)
    _note_change(tx, bus, rule.name, -1)
    _note_targets(tx, bus, rule, None)


def rules(tx: Transaction, bus: str, prefix: str, after: str, limit: int) -> list[Rule]:
    rows = tx.all(
        _LIST_RULES, at_most=limit, bus=bus, prefix=prefix, after=after, beyond=prefix + _LAST,
        limit=limit,
    )  # fmt: skip
    return [_rule_of(row[0]) for row in rows]


def knows_change(tx: Transaction, bus: str, change: int, revision: int) -> bool:
    """Whether a change is one of the last ones."""
    return tx.one(_KNOWS_CHANGE, bus=bus, change=change, revision=revision) is not None


def changes(tx: Transaction, bus: str, change: int, limit: int) -> list[tuple[int, int, str]]:
    """Number, revision and rule of the changes after one."""
    rows = tx.all(_CHANGES, at_most=limit, bus=bus, change=change, limit=limit)
    return [(row[0], row[1], row[2]) for row in rows]


def rules_of_target(tx: Transaction, bus: str, target: str, after: str, limit: int) -> list[str]:
    rows = tx.all(_RULES_OF_TARGET, at_most=limit, bus=bus, target=target, after=after, limit=limit)
    return [row[0] for row in rows]


def _note_change(tx: Transaction, bus: str, rule: str, rules_added: int) -> None:
    tx.known.pop(bus, None)
    revision = _revision(tx)
    row = tx.one(_COUNT_RULES, arn=bus, rules=rules_added, revision=revision)
    assert row is not None, f"{bus} has no row"
    change = row[0]
    tx.run(_NOTE_CHANGE, bus=bus, change=change, revision=revision, rule=rule)
    tx.run(_FORGET_CHANGE, bus=bus, change=change - CHANGES_KEPT)


def _note_targets(tx: Transaction, bus: str, before: Rule | None, after: Rule | None) -> None:
    old = _target_arns(before)
    new = _target_arns(after)
    name = (after or before or Rule("")).name
    tx.run_many(_DROP_TARGET, [{"bus": bus, "target": arn, "rule": name} for arn in old - new])
    tx.run_many(_ADD_TARGET, [{"bus": bus, "target": arn, "rule": name} for arn in new - old])


def _target_arns(rule: Rule | None) -> set[str]:
    return set() if rule is None else {target["Arn"] for target in rule.targets}


def _revision(tx: Transaction) -> int:
    """A number that was never used: 47 random bits."""
    return int.from_bytes(tx.kernel.ids.token(6), "big") >> 1


# Events that wait.


def add_waiting(tx: Transaction, waiting_id: str, waiting: Waiting) -> None:
    tx.run(
        _ADD_WAITING, id=waiting_id, bus=waiting.bus, event=waiting.event, trace=waiting.trace,
        rules=_join(waiting.rules), after=waiting.after,
    )  # fmt: skip


def find_waiting(tx: Transaction, waiting_id: str) -> Waiting | None:
    row = tx.one(_FIND_WAITING, id=waiting_id)
    if row is None:
        return None
    bus, event, trace, rules, after = row
    return Waiting(bus, event, trace, tuple(rules.split(" ")) if rules else (), after)


def advance_waiting(tx: Transaction, waiting_id: str, after: str) -> None:
    tx.run(_ADVANCE_WAITING, id=waiting_id, after=after)


def delete_waiting(tx: Transaction, waiting_id: str) -> None:
    tx.run(_DELETE_WAITING, id=waiting_id)


def _join(rules: Iterable[str]) -> str:
    return " ".join(rules)
