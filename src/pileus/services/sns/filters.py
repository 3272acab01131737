"""Filter policies of subscriptions: checked when they are set, compiled once, asked per message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pileus.kernel.errors import not_implemented
from pileus.services.sns.message_attributes import Attribute

MESSAGE_ATTRIBUTES = "MessageAttributes"
MESSAGE_BODY = "MessageBody"


class Matcher(Protocol):
    """A compiled policy."""

    def __call__(self, body: str, attributes: Mapping[str, Attribute], /) -> bool: ...


def json_problem(text: str) -> str:
    """What is wrong with a text that is not JSON."""
    return "It is not JSON."


def compile_policy(text: str, scope: str, prefix: str) -> Matcher:
    """The policy, ready to be asked; raises AWS's errors, which begin with `prefix`."""
    raise not_implemented("sns", "Subscribe", "FilterPolicy")
