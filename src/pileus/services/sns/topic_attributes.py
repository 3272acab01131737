"""The attributes of topics: which there are, what AWS allows in them, and their defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from pileus.kernel.errors import AwsError
from pileus.services.sns import delivery_policies, errors, topic_policies

MESSAGE_BYTES_DEFAULT = 262_144
MESSAGE_BYTES_MAX = 1_048_576
_MESSAGE_BYTES_MIN = 1024
# docs: sns-large-payload; topics that take more than 256 KiB have few and fast subscribers.
LARGE_SUBSCRIPTIONS_MAX = 100
LARGE_PROTOCOLS = frozenset({"sqs", "lambda", "firehose"})
_DISPLAY_NAME_LENGTH_MAX = 100
_RETENTION_DAYS_MAX = 365
_FIFO_ONLY = frozenset({"ArchivePolicy", "ContentBasedDeduplication", "FifoThroughputScope"})
_FEEDBACK = re.compile(
    r"(HTTP|Firehose|Lambda|Application|SQS)"
    r"(SuccessFeedbackRoleArn|FailureFeedbackRoleArn|SuccessFeedbackSampleRate)"
)
# Longer ones would not be read as numbers.
_NUMBER = re.compile(r"[0-9]{1,18}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")

Attributes = dict[str, str]


class TopicAttributes(msgspec.Struct, frozen=True):
    """What was set, by AWS's names; what was not has its default."""

    is_fifo: bool = False
    values: Attributes = {}

    @property
    def deduplicates_by_content(self) -> bool:
        return self.values.get("ContentBasedDeduplication") == "true"

    @property
    def deduplicates_by_group(self) -> bool:
        return self.values.get("FifoThroughputScope") == "MessageGroup"

    @property
    def signature_version(self) -> str:
        return self.values.get("SignatureVersion", "1")

    @property
    def message_bytes_max(self) -> int:
        return int(self.values.get("MaximumMessageSize", MESSAGE_BYTES_DEFAULT))

    @property
    def archive_days(self) -> int:
        """How long messages are kept for replays; 0 where there is no archive."""
        text = self.values.get("ArchivePolicy")
        return int(msgspec.json.decode(text)["MessageRetentionPeriod"]) if text else 0

    def with_value(self, name: str, value: str, arn: str) -> TopicAttributes:
        """Set one attribute; an empty text sets it back. Raises AWS's errors."""
        check = _CHECKS.get(name)
        if check is None and not _FEEDBACK.fullmatch(name):
            raise errors.invalid_parameter("AttributeName")
        if name in _FIFO_ONLY and not self.is_fifo:
            raise errors.invalid_because("Attributes", f"{name} can only be set for FIFO topics")
        if value:
            (check or _feedback)(name, value, arn)
        values = {key: old for key, old in self.values.items() if key != name}
        if value:
            values[name] = value
        return TopicAttributes(self.is_fifo, values)


def of_request(wanted: Mapping[str, str], arn: str) -> TopicAttributes:
    """The attributes of a topic that is about to be made."""
    attributes = TopicAttributes(is_fifo=wanted.get("FifoTopic") == "true")
    for name, value in wanted.items():
        if name == "FifoTopic":
            if value not in ("true", "false"):
                raise _invalid(name)
            continue
        if name not in _CHECKS and not _FEEDBACK.fullmatch(name):
            raise errors.invalid_because("Attributes", f"Invalid attribute name: {name}")
        attributes = attributes.with_value(name, value, arn)
    return attributes


def differ(existing: TopicAttributes, wanted: TopicAttributes) -> bool:
    """Whether a topic has other values than those asked for."""
    return existing.is_fifo != wanted.is_fifo or any(
        existing.values.get(name) != value for name, value in wanted.values.items()
    )


def print_all(arn: str, attributes: TopicAttributes) -> Attributes:
    """As GetTopicAttributes shows them, without the counts."""
    account = arn.split(":")[4]
    shown: Attributes = {
        "TopicArn": arn,
        "Owner": account,
        "DisplayName": "",
        "Policy": topic_policies.default(arn, account),
        "EffectiveDeliveryPolicy": delivery_policies.effective_of_topic(
            attributes.values.get("DeliveryPolicy", "")
        ),
    }
    if attributes.is_fifo:
        shown |= {"FifoTopic": "true", "ContentBasedDeduplication": "false"}
    return shown | attributes.values


# What is allowed in each.


def _invalid(name: str, reason: str = "") -> AwsError:
    return errors.invalid_parameter(f"{name} Reason: {reason}" if reason else name)


def _any(name: str, value: str, arn: str) -> None:
    return


def _display_name(name: str, value: str, arn: str) -> None:
    if len(value) > _DISPLAY_NAME_LENGTH_MAX or not value.isprintable():
        raise _invalid("DisplayName")


def _one_of(*allowed: str) -> Callable[[str, str, str], None]:
    def check(name: str, value: str, arn: str) -> None:
        if value not in allowed:
            raise _invalid(name, f"Invalid value [{value}]. Must be one of {', '.join(allowed)}.")

    return check


def _message_size(name: str, value: str, arn: str) -> None:
    if not _NUMBER.fullmatch(value) or not _MESSAGE_BYTES_MIN <= int(value) <= MESSAGE_BYTES_MAX:
        raise _invalid(
            name, f"must be an integer between {_MESSAGE_BYTES_MIN} and {MESSAGE_BYTES_MAX}"
        )


def _delivery_policy(name: str, value: str, arn: str) -> None:
    delivery_policies.check_of_topic(value)


def _policy(name: str, value: str, arn: str) -> None:
    topic_policies.check(value)


def _archive_policy(name: str, value: str, arn: str) -> None:
    try:
        document: Any = msgspec.json.decode(value)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _invalid(name, "failed to parse JSON") from error
    days = document.get("MessageRetentionPeriod") if isinstance(document, dict) else None
    if isinstance(days, str) and _NUMBER.fullmatch(days):
        days = int(days)
    if (
        not isinstance(days, int)
        or isinstance(days, bool)
        or set(document) != {"MessageRetentionPeriod"}
        or not 1 <= days <= _RETENTION_DAYS_MAX
    ):
        raise _invalid(
            name, f"MessageRetentionPeriod must be between 1 and {_RETENTION_DAYS_MAX} days"
        )


def _feedback(name: str, value: str, arn: str) -> None:
    if name.endswith("SampleRate"):
        if not _NUMBER.fullmatch(value) or int(value) > 100:
            raise _invalid(name, "must be an integer between 0 and 100")
    elif not _ROLE.fullmatch(value):
        raise _invalid(name, "must be the ARN of a role")


_CHECKS: dict[str, Callable[[str, str, str], None]] = {
    "ArchivePolicy": _archive_policy,
    "ContentBasedDeduplication": _one_of("true", "false"),
    "DeliveryPolicy": _delivery_policy,
    "DisplayName": _display_name,
    "FifoThroughputScope": _one_of("Topic", "MessageGroup"),
    "KmsMasterKeyId": _any,
    "MaximumMessageSize": _message_size,
    "Policy": _policy,
    "SignatureVersion": _one_of("1", "2"),
    "TracingConfig": _one_of("PassThrough", "Active"),
}


def instant(at: int) -> str:
    """An instant as AWS writes it in archives and replays: to the second, in UTC."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
