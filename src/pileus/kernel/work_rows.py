"""Rows for what happens later: timers that fall due and workers that run for a key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

_SET = """
INSERT INTO kernel_timers (part, kind, key, at, about, payload, owner)
VALUES (:part, :kind, :key, :at, :about, :payload, '')
ON CONFLICT (part, kind, key) DO UPDATE
SET at = excluded.at, about = excluded.about, payload = excluded.payload, owner = ''
"""
_FINISH = "DELETE FROM kernel_timers WHERE part = :part AND kind = :kind AND key = :key"
_EMPLOY = """
INSERT INTO kernel_workers (part, kind, key, about, context, owner, fence)
VALUES (:part, :kind, :key, :about, :context, '', 0)
ON CONFLICT (part, kind, key) DO NOTHING
"""
_DISMISS = "DELETE FROM kernel_workers WHERE part = :part AND kind = :kind AND key = :key"


class TimerSet(NamedTuple):
    """Effect: a timer row was committed that falls due at `at`."""

    at: int


class Employed(NamedTuple):
    """Effect: a worker row was committed."""

    part: int
    kind: str
    key: str
    about: str
    context: str


class Dismissed(NamedTuple):
    """Effect: a worker row was removed."""

    part: int
    kind: str
    key: str


def set_timer(tx: Transaction, kind: str, key: str, at: int, payload: Mapping[str, Any]) -> None:
    assert kind in tx.kernel.timers, f"no service has a timer {kind}"
    text = msgspec.json.encode({"context": tx.context(), "payload": payload}).decode()
    tx.run(_SET, kind=kind, key=key, at=at, about=tx.about, payload=text)
    tx.effects.append(TimerSet(at))


def finish_timer(tx: Transaction, kind: str, key: str) -> bool:
    return tx.run(_FINISH, kind=kind, key=key) > 0


def employ(tx: Transaction, kind: str, key: str) -> None:
    assert kind in tx.kernel.workers, f"no service has a worker {kind}"
    context = msgspec.json.encode(tx.context()).decode()
    if tx.run(_EMPLOY, kind=kind, key=key, about=tx.about, context=context):
        tx.effects.append(Employed(tx.part, kind, key, tx.about, context))


def dismiss(tx: Transaction, kind: str, key: str) -> None:
    if tx.run(_DISMISS, kind=kind, key=key):
        tx.effects.append(Dismissed(tx.part, kind, key))
