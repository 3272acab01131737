"""From a bus to the targets of the rules that match, some at once and the rest by a timer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pileus.kernel.transaction import Transaction
from pileus.languages import event_patterns
from pileus.languages.event_patterns import PatternIndex
from pileus.services.events import event, hand_over, store
from pileus.services.events.event import Event
from pileus.services.events.hand_over import Prepared
from pileus.services.events.store import Rule, Waiting

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.deliveries import Delivery

FAN_OUT_TIMER = "events:fan-out"
# The attribute of a delivery that carries the X-Ray trace header; queues know it by this name.
TRACE = "AWSTraceHeader"
# The attribute that names the only rules that are meant: those that a replay was filtered by.
RULES = "events:rules"
# So many targets share the commit of their cause; the others follow at once, page by page.
TARGETS_AT_ONCE = 100
_RULES_AT_ONCE = 100
# So much looking at long arrays and texts a transaction may spend, some 5 ms: rules that
# take more get the event too, but in transactions of their own.
_EFFORT_MAX = 20_000
_BUSES_MAX = 1_000


class Budget:
    """How many more targets a transaction may hand events to, and what it may spend on patterns."""

    def __init__(self) -> None:
        self.targets = TARGETS_AT_ONCE
        self.effort = _EFFORT_MAX


class _Rules:
    """A bus's rules in memory, as they were after one change."""

    def __init__(self, change: int, revision: int) -> None:
        self.change = change
        self.revision = revision
        # The last rule that was read, as long as there are more.
        self.read_to: str | None = ""
        self.index: PatternIndex[str] = PatternIndex()
        self.targets: dict[str, Sequence[Prepared]] = {}

    def put(self, bus: str, name: str, rule: Rule | None) -> None:
        self.index.remove(name)
        self.targets.pop(name, None)
        if rule is not None and rule.is_enabled and rule.pattern and rule.targets:
            self.index.add(name, event_patterns.compile(rule.pattern))
            self.targets[name] = hand_over.prepare(bus, rule)


_known: dict[str, _Rules] = {}


def take(tx: Transaction, bus: str, taken: Event, budget: Budget) -> bool:
    """Hand an event to all targets, now as far as the budget goes; False if there is no bus."""
    change = store.seek_change(tx, bus)
    if change is None:
        return False
    after = _hand_out(tx, bus, change, taken, (), "", budget)
    if after is not None:
        wait(tx, tx.kernel.ids.uuid(), Waiting(bus, taken.text, taken.trace, (), after))
    return True


def wait(tx: Transaction, waiting_id: str, waiting: Waiting) -> None:
    """Keep an event that a timer will hand out."""
    store.add_waiting(tx, waiting_id, waiting)
    tx.set_timer(FAN_OUT_TIMER, waiting_id, tx.now)


def accept(call: Call, delivery: Delivery) -> None:
    """Take an event that another bus (or a replay, or a service) hands over to a bus."""
    tx = call.tx
    store.find_bus(tx, delivery.to)
    trace = str(delivery.attributes.get(TRACE, ""))
    only = tuple(delivery.attributes.get(RULES, ()))
    wait(tx, delivery.id, Waiting(delivery.to, delivery.payload, trace, only, ""))


def fan_out(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: hand a waiting event to a page of its targets."""
    tx = call.tx
    waiting = store.find_waiting(tx, key)
    if waiting is None:
        return
    taken = event.read(waiting.event, waiting.trace)
    change = store.seek_change(tx, waiting.bus) or (0, 0)
    after = _hand_out(tx, waiting.bus, change, taken, waiting.rules, waiting.after, Budget())
    if after is None:
        store.delete_waiting(tx, key)
        return
    store.advance_waiting(tx, key, after)
    tx.set_timer(FAN_OUT_TIMER, key, tx.now)


def _hand_out(
    tx: Transaction,
    bus: str,
    change: tuple[int, int],
    taken: Event,
    only: Sequence[str],
    after: str,
    budget: Budget,
) -> str | None:
    """Hand an event to targets of matching rules whose names come after `after`.

    None when all are done, else the last rule that is done with it.
    """
    rules = _current(tx, bus, *change)
    if rules is None:
        return after
    fields = event_patterns.split_names(taken.fields)
    for name in sorted(rules.index.candidates(fields)):
        if name <= after or (only and name not in only):
            continue
        if budget.effort <= 0:
            return after
        judgement = rules.index.judge(name, fields)
        budget.effort -= judgement.effort
        if not judgement.matches:
            after = name
            continue
        targets = rules.targets[name]
        if budget.targets < len(targets):
            return after
        budget.targets -= len(targets)
        for target in targets:
            hand_over.hand(tx, target, taken)
        after = name
    return None


def _current(tx: Transaction, bus: str, change: int, revision: int) -> _Rules | None:
    """The rules of a bus as of a change; None if reading them takes another transaction."""
    rules = _known.get(bus)
    if rules is None or not _catch_up(tx, bus, rules, revision):
        if len(_known) >= _BUSES_MAX:
            _known.clear()
        rules = _known[bus] = _Rules(change, revision)
    if rules.read_to is not None:
        page = store.rules(tx, bus, "", rules.read_to, _RULES_AT_ONCE)
        for rule in page:
            rules.put(bus, rule.name, rule)
        rules.read_to = page[-1].name if len(page) == _RULES_AT_ONCE else None
    return rules if rules.read_to is None and rules.revision == revision else None


def _catch_up(tx: Transaction, bus: str, rules: _Rules, revision: int) -> bool:
    """Read a page of rules that changed; False if what is known cannot be brought up to date.

    An attempt that came to nothing may have left its changes here: its revision is then unknown.
    """
    if rules.revision == revision:
        return True
    if not store.knows_change(tx, bus, rules.change, rules.revision):
        return False
    changes = store.changes(tx, bus, rules.change, _RULES_AT_ONCE)
    names = dict.fromkeys(name for _, _, name in changes)
    changed = [(name, store.seek_rule(tx, bus, name)) for name in names]
    for name, rule in changed:
        rules.put(bus, name, rule)
    rules.change, rules.revision, _ = changes[-1]
    return True
