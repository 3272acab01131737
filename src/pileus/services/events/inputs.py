"""What of an event a target gets: all of it, a constant, a part, or a text made from parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pileus.kernel.errors import not_implemented
from pileus.services.events.event import Event

Reader = Callable[[Event], str]


def check(target: Mapping[str, Any]) -> None:
    """Raise AWS's error for an input that cannot be."""
    for name in ("InputPath", "InputTransformer"):
        if name in target:
            raise not_implemented("events", "PutTargets", name)


def reader(target: Mapping[str, Any], rule_arn: str) -> Reader:
    """How a target's payload is made of an event."""
    constant = target.get("Input")
    if constant is not None:
        return lambda event: str(constant)
    return lambda event: event.text


def text_at(path: str, event: Event) -> str:
    """The text at a path of the event."""
    raise not_implemented("events", "PutTargets", "PartitionKeyPath")
