"""Filter policies of subscriptions: checked when they are set, compiled once, asked per message."""

from __future__ import annotations

from pileus.languages import filter_policies
from pileus.languages.filter_policies import FilterPolicy, InvalidFilterPolicy, Message
from pileus.services.sns import errors, message_attributes
from pileus.services.sns.message_attributes import Attributes

__all__ = ["Message"]

MESSAGE_ATTRIBUTES = filter_policies.ATTRIBUTES
MESSAGE_BODY = filter_policies.BODY


def compile_policy(text: str, scope: str, prefix: str) -> FilterPolicy:
    """The policy, ready to be asked; raises AWS's errors, which begin with `prefix`."""
    try:
        return filter_policies.compile(text, scope)
    except InvalidFilterPolicy as refusal:
        raise errors.invalid_parameter(prefix + refusal.reason) from refusal


def check_scope(scope: str, prefix: str) -> None:
    try:
        filter_policies.check_scope(scope)
    except InvalidFilterPolicy as refusal:
        raise errors.invalid_parameter(prefix + refusal.reason) from refusal


def json_problem(text: str) -> str:
    """What is wrong with a text that is not JSON, in the words of AWS's reader."""
    try:
        filter_policies.compile(text)
    except InvalidFilterPolicy as refusal:
        return refusal.reason.removeprefix("FilterPolicy: ")
    return "failed to parse JSON"


def question(text: str, attributes: Attributes) -> Message:
    """A message as policies are asked about it."""
    return Message(text, message_attributes.for_queue(attributes))
