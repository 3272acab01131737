"""What a target gets of an event, and what becomes of an event that it does not take."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pileus.kernel import arns
from pileus.kernel.deliveries import RetryPolicy
from pileus.kernel.transaction import Transaction
from pileus.services.events import inputs, names
from pileus.services.events.event import Event
from pileus.services.events.store import Rule

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.deliveries import Delivery

log = logging.getLogger(__name__)

# docs: eb-rule-event-delivery; retries for 24 hours and up to 185 times, the first try not counted
RETRIES_MAX = 185
AGE_SECONDS_MAX = 86_400
_DEAD_LETTERS = "events:dead-letters"
_TARGET = "events:target"
_PARAMETERS = "Parameters"

# What AWS calls the errors of targets, in the words of the targets' own errors.
_NO_RESOURCE = (
    "QueueDoesNotExist",
    "ResourceNotFoundException",
    "NotFound",
    "NotFoundException",
    "StateMachineDoesNotExist",
    "ClusterNotFoundException",
)
_NO_PERMISSIONS = ("AccessDenied", "AccessDeniedException", "AuthorizationError")
_INVALID = (
    "InvalidParameterValue",
    "InvalidParameterValueException",
    "InvalidParameterException",
    "InvalidParameter",
    "MissingParameter",
    "ValidationException",
    "InvalidMessageContents",
    "InvalidRequestContentException",
    "RequestTooLargeException",
    "RequestEntityTooLargeException",
)
# docs: eb-rule-event-delivery; a missing permission or resource is not tried again.
FINAL_CODES = (*_NO_RESOURCE, *_NO_PERMISSIONS, *_INVALID, "SDK_CLIENT_ERROR")
_ERROR_CODES = {
    **dict.fromkeys(_NO_RESOURCE, "NO_RESOURCE"),
    **dict.fromkeys(_NO_PERMISSIONS, "NO_PERMISSIONS"),
    **dict.fromkeys(_INVALID, "INVALID_PARAMETER"),
    "InvalidTarget": "SDK_CLIENT_ERROR",
    "SDK_CLIENT_ERROR": "SDK_CLIENT_ERROR",
    "CONNECTION_FAILURE": "CONNECTION_FAILURE",
    "InternalFailure": "INTERNAL_ERROR",
    "ThrottlingException": "THROTTLING",
    "Throttling": "THROTTLING",
    "TooManyRequestsException": "THROTTLING",
}

PartitionKey = Callable[[Event], str]


class Prepared(NamedTuple):
    """A target, made ready once for all events."""

    to: str
    rule_arn: str
    payload: inputs.Reader
    wrap: Callable[[Transaction, Event, str], str]
    # Shared by all deliveries.
    attributes: dict[str, Any]
    policy: RetryPolicy
    partition_key: PartitionKey | None
    # Makes the HTTP parameters of an event, where they hold paths.
    http: Callable[[Event], Mapping[str, Any]] | None


def prepare(bus: str, rule: Rule) -> Sequence[Prepared]:
    return [_prepare(names.rule_arn(bus, rule.name), target) for target in rule.targets]


def _prepare(rule_arn: str, target: Mapping[str, Any]) -> Prepared:
    to: str = target["Arn"]
    parts = arns.parse(to)
    service = parts.service if parts is not None else ""
    attributes: dict[str, Any] = {}
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    if group:
        attributes["MessageGroupId"] = group
    if target.get("RoleArn"):
        attributes["RoleArn"] = target["RoleArn"]
    for name, value in target.items():
        if name.endswith(_PARAMETERS) and name not in ("SqsParameters", "KinesisParameters"):
            attributes[name] = value
    return Prepared(
        to.removesuffix(":*") if service == "logs" else to,
        rule_arn,
        inputs.reader(target, rule_arn),
        _log_events if service == "logs" else _as_it_is,
        attributes,
        _policy(rule_arn, target, attributes),
        _partition_key(target) if service == "kinesis" else None,
        inputs.http_parameters(target.get("HttpParameters") or {}),
    )


def _policy(rule_arn: str, target: Mapping[str, Any], attributes: dict[str, Any]) -> RetryPolicy:
    retry = target.get("RetryPolicy") or {}
    dead_letters = (target.get("DeadLetterConfig") or {}).get("Arn")
    if dead_letters:
        # The rule itself takes what is given up, and writes the letter: see `accept_dead_letter`.
        attributes[_DEAD_LETTERS] = dead_letters
    return RetryPolicy(
        attempts_max=retry.get("MaximumRetryAttempts", RETRIES_MAX) + 1,
        age_max_seconds=retry.get("MaximumEventAgeInSeconds", AGE_SECONDS_MAX),
        dead_letter_arn=rule_arn if dead_letters else "",
        final_codes=FINAL_CODES,
    )


def _partition_key(target: Mapping[str, Any]) -> PartitionKey:
    """docs: eb-targets; the event's id, or what the path leads to."""
    path = (target.get("KinesisParameters") or {}).get("PartitionKeyPath")
    if not path:
        return lambda event: event.id
    return lambda event: inputs.text_at(path, event)


def hand(tx: Transaction, target: Prepared, event: Event) -> None:
    """Hand an event to a target, durably."""
    try:
        payload = target.wrap(tx, event, target.payload(event, tx.now))
    except inputs.TooLarge:
        _refuse(tx, target, event)
        return
    attributes = target.attributes
    if event.trace or target.partition_key is not None or target.http is not None:
        attributes = dict(attributes)
        if target.http is not None:
            attributes["HttpParameters"] = target.http(event)
        if event.trace:
            attributes["AWSTraceHeader"] = event.trace
        if target.partition_key is not None:
            attributes["PartitionKey"] = target.partition_key(event)
    tx.deliver(
        to=target.to, payload=payload, because=target.rule_arn, attributes=attributes,
        policy=target.policy,
    )  # fmt: skip


def _refuse(tx: Transaction, target: Prepared, event: Event) -> None:
    """Give up an event whose input would be larger than any target takes."""
    log.warning("input for %s is too large: rule %s", target.to, target.rule_arn)
    if not target.policy.dead_letter_arn:
        return
    attributes = {
        **target.attributes,
        "ERROR_MESSAGE": "ValidationException: The input is too large.",
        "EXHAUSTED_RETRY_CONDITION": "",
        "RETRY_ATTEMPTS": 0,
        "TARGET_ARN": target.to,
    }
    tx.deliver(
        to=target.rule_arn, payload=event.text, because=target.rule_arn,
        attributes=attributes,
    )  # fmt: skip


def _as_it_is(tx: Transaction, event: Event, payload: str) -> str:
    return payload


def _log_events(tx: Transaction, event: Event, payload: str) -> str:
    """A log group gets each event in a stream of its own."""
    line = {"timestamp": tx.now, "message": payload}
    return msgspec.json.encode({"logStreamName": event.id, "logEvents": [line]}).decode()


def accept_dead_letter(call: Call, delivery: Delivery) -> None:
    """Write the letter about an event that a rule's target did not take."""
    attributes = delivery.attributes
    code, _, message = str(attributes["ERROR_MESSAGE"]).partition(": ")
    said = {
        "RULE_ARN": delivery.to,
        "TARGET_ARN": attributes["TARGET_ARN"],
        "ERROR_CODE": _ERROR_CODES.get(code, "ERROR_FROM_TARGET"),
        "ERROR_MESSAGE": message or code,
        "EXHAUSTED_RETRY_CONDITION": attributes["EXHAUSTED_RETRY_CONDITION"],
        "RETRY_ATTEMPTS": str(attributes["RETRY_ATTEMPTS"]),
    }
    letter = {
        name: {"DataType": "String", "StringValue": value} for name, value in said.items() if value
    }
    call.tx.deliver(
        to=attributes[_DEAD_LETTERS], payload=delivery.body, because=delivery.to,
        attributes={"MessageAttributes": letter},
    )  # fmt: skip
