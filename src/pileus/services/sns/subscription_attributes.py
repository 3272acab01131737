"""The attributes of subscriptions: what AWS allows in them and how they are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.kernel import arns
from pileus.services.sns import delivery_policies, errors, filters

# The protocols whose subscribers can take a message without its envelope.
_RAW_PROTOCOLS = frozenset({"sqs", "http", "https", "firehose"})
NAMES = frozenset(
    {
        "DeliveryPolicy",
        "FilterPolicy",
        "FilterPolicyScope",
        "RawMessageDelivery",
        "RedrivePolicy",
        "ReplayPolicy",
        "SubscriptionRoleArn",
    }
)
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")


class SubscriptionAttributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was set; empty where nothing was."""

    filter_policy: str = ""
    filter_policy_scope: str = ""
    is_raw: bool = False
    redrive_policy: str = ""
    delivery_policy: str = ""
    replay_policy: str = ""
    replay_status: str = ""
    replayed_at: int = 0
    role_arn: str = ""
    authenticates_unsubscribe: bool = False
    was_confirmed_with_signature: bool = True

    @property
    def dead_letter_arn(self) -> str:
        if not self.redrive_policy:
            return ""
        return str(msgspec.json.decode(self.redrive_policy)["deadLetterTargetArn"])

    @property
    def scope(self) -> str:
        return self.filter_policy_scope or filters.MESSAGE_ATTRIBUTES


class Subscriber(msgspec.Struct, frozen=True):
    """What the attributes must fit."""

    protocol: str
    endpoint: str
    topic_arn: str

    @property
    def is_fifo_topic(self) -> bool:
        return self.topic_arn.endswith(".fifo")


def of_request(wanted: Mapping[str, str], subscriber: Subscriber) -> SubscriptionAttributes:
    """The attributes of a new subscription; raises AWS's errors."""
    for name in wanted:
        if name not in NAMES:
            raise errors.invalid_because("Attributes", f"Invalid attribute name: {name}")
    attributes = SubscriptionAttributes()
    # The scope first: it decides what a filter policy may be.
    for name in sorted(wanted, key=lambda name: name != "FilterPolicyScope"):
        attributes = with_value(
            attributes, name, wanted[name], subscriber, prefix="Attributes Reason: "
        )
    if subscriber.protocol == "firehose" and not attributes.role_arn:
        raise errors.invalid_because("Attributes", "SubscriptionRoleArn is required")
    return attributes


def with_value(
    attributes: SubscriptionAttributes, name: str, value: str, subscriber: Subscriber,
    prefix: str = "",
) -> SubscriptionAttributes:  # fmt: skip
    """Set one attribute; an empty text takes a policy away. Raises AWS's errors."""
    match name:
        case "RawMessageDelivery":
            return _with_raw(attributes, value, subscriber, prefix)
        case "FilterPolicy":
            # AWS takes a policy away that is empty.
            if value and filters.compile_policy(value, attributes.scope, prefix).is_empty:
                value = ""
            changes = {"filter_policy": value}
        case "FilterPolicyScope":
            changes = {"filter_policy_scope": _scope(attributes, value, prefix)}
        case "RedrivePolicy":
            changes = {"redrive_policy": _redrive_policy(value, subscriber, prefix)}
        case "DeliveryPolicy":
            if value:
                delivery_policies.check_of_subscription(value)
            changes = {"delivery_policy": value}
        case "SubscriptionRoleArn":
            if not _ROLE.fullmatch(value) or subscriber.protocol != "firehose":
                raise errors.invalid_parameter(f"{prefix}SubscriptionRoleArn")
            changes = {"role_arn": value}
        case _:
            raise errors.invalid_parameter("AttributeName")
    return msgspec.structs.replace(attributes, **changes)


def print_all(attributes: SubscriptionAttributes, topic_delivery_policy: str) -> dict[str, str]:
    """As GetSubscriptionAttributes shows them."""
    shown = {"RawMessageDelivery": _boolean(attributes.is_raw)}
    if attributes.filter_policy:
        shown["FilterPolicy"] = attributes.filter_policy
        shown["FilterPolicyScope"] = attributes.scope
    elif attributes.filter_policy_scope:
        shown["FilterPolicyScope"] = attributes.filter_policy_scope
    if attributes.redrive_policy:
        shown["RedrivePolicy"] = attributes.redrive_policy
    if attributes.delivery_policy:
        shown["DeliveryPolicy"] = attributes.delivery_policy
    if attributes.replay_policy:
        shown["ReplayPolicy"] = attributes.replay_policy
        shown["ReplayStatus"] = attributes.replay_status
    if attributes.role_arn:
        shown["SubscriptionRoleArn"] = attributes.role_arn
    shown["EffectiveDeliveryPolicy"] = delivery_policies.effective_of_subscription(
        topic_delivery_policy, attributes.delivery_policy
    )
    return shown


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _with_raw(
    attributes: SubscriptionAttributes, value: str, subscriber: Subscriber, prefix: str
) -> SubscriptionAttributes:
    if value.lower() not in ("true", "false"):
        raise errors.invalid_parameter(
            f"{prefix}RawMessageDelivery: Invalid value [{value}]. Must be true or false."
        )
    is_raw = value.lower() == "true"
    if is_raw and subscriber.protocol not in _RAW_PROTOCOLS:
        raise errors.invalid_parameter(
            f"{prefix}RawMessageDelivery: Raw message delivery is not supported for protocol "
            f"{subscriber.protocol}"
        )
    return msgspec.structs.replace(attributes, is_raw=is_raw)


def _scope(attributes: SubscriptionAttributes, value: str, prefix: str) -> str:
    filters.check_scope(value, prefix)
    if attributes.filter_policy:
        filters.compile_policy(attributes.filter_policy, value, prefix)
    return value


def _redrive_policy(text: str, subscriber: Subscriber, prefix: str) -> str:
    if not text:
        return ""
    try:
        document: Any = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise errors.invalid_parameter(
            f"{prefix}RedrivePolicy: {filters.json_problem(text)}"
        ) from error
    target = document.get("deadLetterTargetArn") if isinstance(document, dict) else None
    parsed = arns.parse(target) if isinstance(target, str) else None
    if parsed is None or parsed.service != "sqs" or not parsed.resource:
        raise errors.invalid_parameter(
            f"{prefix}RedrivePolicy: deadLetterTargetArn is an invalid arn"
        )
    if subscriber.is_fifo_topic and (
        subscriber.endpoint.endswith(".fifo") and not parsed.resource.endswith(".fifo")
    ):
        raise errors.invalid_parameter(
            f"{prefix}RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a "
            "FIFO Topic."
        )
    return text
