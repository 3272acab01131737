"""Rules that run by the clock: when they are due, and the event that their targets get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pileus.kernel.errors import not_implemented
from pileus.kernel.transaction import Transaction
from pileus.services.events.store import Rule

if TYPE_CHECKING:
    from pileus.kernel.call import Call

TIMER = "events:schedule"


def check(expression: str) -> None:
    """Raise AWS's error for an expression that is no schedule."""
    raise not_implemented("events", "PutRule", "ScheduleExpression")


def begin(tx: Transaction, bus: str, rule: Rule) -> None:
    """Set or remove the timer of a rule whose schedule or state has changed."""


def end(tx: Transaction, bus: str, rule: Rule) -> None:
    """Remove the timer of a rule that goes."""


def fire(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: a scheduled rule is due."""
