"""Queue attributes: what AWS allows, its defaults, and how they are printed back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from pileus.kernel import arns
from pileus.services.sqs import errors, policies

# docs: API_CreateQueue, API_SetQueueAttributes
DELAY_SECONDS_MAX = 900
MESSAGE_BYTES_MAX = 1_048_576
MESSAGE_BYTES_LEAST = 1_024
RETENTION_SECONDS_MAX = 1_209_600
WAIT_SECONDS_MAX = 20
VISIBILITY_SECONDS_MAX = 43_200
RECEIVES_MAX = 1_000
SOURCE_QUEUES_MAX = 10
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
# Longer ones would not be read as numbers.
_NUMBER = re.compile(r"[0-9]{1,18}")
_FIFO_SUFFIX = ".fifo"
_KMS_KEY_LENGTH_MAX = 2_048


class Redrive(msgspec.Struct, frozen=True, omit_defaults=True):
    """A source queue's redrive policy."""

    dead_letter_arn: str
    receives_max: int


class RedriveAllow(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which source queues may name this queue as their dead-letter queue."""

    permission: str = "allowAll"
    source_arns: tuple[str, ...] = ()

    def allows(self, source_arn: str) -> bool:
        if self.permission == "byQueue":
            return source_arn in self.source_arns
        return self.permission == "allowAll"


class QueueAttributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """The settings of one queue. Texts that AWS gives back as they came are kept as they came."""

    is_fifo: bool = False
    delay_seconds: int = 0
    message_bytes_max: int = MESSAGE_BYTES_MAX
    retention_seconds: int = 345_600
    wait_seconds: int = 0
    visibility_seconds: int = 30
    policy: str = ""
    redrive_text: str = ""
    redrive: Redrive | None = None
    redrive_allow_text: str = ""
    redrive_allow: RedriveAllow = RedriveAllow()
    kms_key_id: str = ""
    kms_reuse_seconds: int = 300
    has_sqs_encryption: bool = True
    deduplicates_by_content: bool = False
    deduplication_scope: str = "queue"
    throughput_limit: str = "perQueue"

    def print(self) -> dict[str, str]:
        """All attributes that a client could set, as GetQueueAttributes names and writes them."""
        printed = {
            "VisibilityTimeout": str(self.visibility_seconds),
            "MaximumMessageSize": str(self.message_bytes_max),
            "MessageRetentionPeriod": str(self.retention_seconds),
            "DelaySeconds": str(self.delay_seconds),
            "ReceiveMessageWaitTimeSeconds": str(self.wait_seconds),
            "SqsManagedSseEnabled": _boolean_text(self.has_sqs_encryption),
        }
        for name, text in (
            ("Policy", self.policy),
            ("RedrivePolicy", self.redrive_text),
            ("RedriveAllowPolicy", self.redrive_allow_text),
        ):
            if text:
                printed[name] = text
        if self.kms_key_id:
            printed["KmsMasterKeyId"] = self.kms_key_id
            printed["KmsDataKeyReusePeriodSeconds"] = str(self.kms_reuse_seconds)
        if self.is_fifo:
            printed["FifoQueue"] = "true"
            printed["ContentBasedDeduplication"] = _boolean_text(self.deduplicates_by_content)
            printed["DeduplicationScope"] = self.deduplication_scope
            printed["FifoThroughputLimit"] = self.throughput_limit
        return printed

    def changed(self, arn: str, wanted: Mapping[str, str]) -> QueueAttributes:
        """These attributes with others set; raises AWS's error for what is not allowed."""
        changes: dict[str, object] = {}
        for name, value in wanted.items():
            if name == "FifoQueue":
                if _boolean(name, value) != self.is_fifo:
                    raise errors.invalid_attribute_value(
                        name, "Modifying queue type is not supported."
                    )
                continue
            parse = _PARSERS.get(name)
            if parse is None:
                raise errors.unknown_attribute(name)
            if not self.is_fifo and name in _FIFO_ONLY:
                raise _not_fifo(name)
            changes.update(parse(value, arn))
        _check_encryption(wanted, changes)
        attributes = msgspec.structs.replace(self, **changes)
        if (
            attributes.throughput_limit == "perMessageGroupId"
            and attributes.deduplication_scope != "messageGroup"
        ):
            # docs: perMessageGroupId is allowed only when DeduplicationScope is messageGroup.
            raise errors.invalid_attribute_value(
                "FifoThroughputLimit", "DeduplicationScope must be messageGroup."
            )
        return attributes


def for_new_queue(arn: str, name: str, wanted: Mapping[str, str]) -> QueueAttributes:
    """The attributes of a queue about to be created; raises AWS's errors, its name's too."""
    text = wanted.get("FifoQueue")
    is_fifo = text is not None and _boolean("FifoQueue", text)
    stem = name.removesuffix(_FIFO_SUFFIX) if is_fifo else name
    if not _NAME.fullmatch(stem) or len(name) > 80 or (is_fifo and stem == name):
        raise errors.invalid_queue_name(is_fifo)
    if text is not None and not is_fifo:
        # AWS knows this attribute for FIFO queues only, and "false" does not make one.
        raise errors.unknown_attribute("FifoQueue")
    return QueueAttributes(is_fifo=is_fifo).changed(arn, wanted)


def first_difference(existing: QueueAttributes, arn: str, wanted: Mapping[str, str]) -> str | None:
    """The first attribute for which a repeated CreateQueue differs from the queue that is there."""
    present = existing.print()
    if wanted.get("FifoQueue") not in (None, present.get("FifoQueue", "false")):
        return "FifoQueue"
    asked = existing.changed(arn, wanted)
    changed = asked.print()
    for name in wanted:
        if changed.get(name, "") != present.get(name, "") and not _is_same_json(
            changed.get(name, ""), present.get(name, "")
        ):
            return name
    return None


def _is_same_json(one: str, other: str) -> bool:
    try:
        return bool(msgspec.json.decode(one) == msgspec.json.decode(other))
    except (msgspec.DecodeError, RecursionError):
        return False


# One attribute each: from the client's text to the fields that it sets.


def _integer(name: str, field: str, least: int, most: int) -> Parser:
    def parse(value: str, arn: str) -> dict[str, object]:
        if not _NUMBER.fullmatch(value) or not least <= int(value) <= most:
            raise errors.invalid_attribute_value(name)
        return {field: int(value)}

    return parse


def _choice(name: str, field: str, *choices: str) -> Parser:
    def parse(value: str, arn: str) -> dict[str, object]:
        if value not in choices:
            raise errors.invalid_attribute_value(name)
        return {field: value}

    return parse


def _flag(name: str, field: str) -> Parser:
    def parse(value: str, arn: str) -> dict[str, object]:
        return {field: _boolean(name, value)}

    return parse


def _policy(value: str, arn: str) -> dict[str, object]:
    if value:
        policies.check(value)
    return {"policy": value}


def _kms_key(value: str, arn: str) -> dict[str, object]:
    if len(value) > _KMS_KEY_LENGTH_MAX:
        raise errors.invalid_attribute_value("KmsMasterKeyId")
    return {"kms_key_id": value}


def _redrive(value: str, arn: str) -> dict[str, object]:
    if not value:
        return {"redrive_text": "", "redrive": None}
    document = _json_map("RedrivePolicy", value)
    for name in ("maxReceiveCount", "deadLetterTargetArn"):
        if name not in document:
            raise errors.invalid_value(
                "RedrivePolicy",
                value,
                f"Redrive policy does not contain mandatory attribute: {name}.",
            )
    for name in document:
        if name not in ("maxReceiveCount", "deadLetterTargetArn"):
            raise errors.invalid_value(
                "RedrivePolicy",
                value,
                "Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].",
            )
    count = str(document["maxReceiveCount"])
    if not _NUMBER.fullmatch(count) or not 1 <= int(count) <= RECEIVES_MAX:
        raise errors.invalid_value(
            "RedrivePolicy",
            value,
            f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to "
            f"{RECEIVES_MAX} both inclusive.",
        )
    return {
        "redrive_text": value,
        "redrive": Redrive(_dead_letter_arn(value, document, arn), int(count)),
    }


def _dead_letter_arn(value: str, document: Mapping[str, object], arn: str) -> str:
    target = document["deadLetterTargetArn"]
    parts = arns.parse(target) if isinstance(target, str) else None
    if parts is None or parts.service != "sqs":
        raise errors.invalid_value("RedrivePolicy", value, "Invalid value for deadLetterTargetArn.")
    own = arns.parse(arn)
    assert own is not None
    if (parts.account, parts.region) != (own.account, own.region):
        raise errors.invalid_value(
            "RedrivePolicy",
            value,
            "Dead letter target owned by another account or in another region is not supported.",
        )
    if own.resource.endswith(_FIFO_SUFFIX) != parts.resource.endswith(_FIFO_SUFFIX):
        raise errors.invalid_value(
            "RedrivePolicy", value, "Dead-letter queue must be same type of queue as the source."
        )
    return str(parts)


def _redrive_allow(value: str, arn: str) -> dict[str, object]:
    if not value:
        return {"redrive_allow_text": "", "redrive_allow": RedriveAllow()}
    document = _json_map("RedriveAllowPolicy", value)
    permission = document.get("redrivePermission")
    sources = document.get("sourceQueueArns")
    is_by_queue = permission == "byQueue"
    is_list = isinstance(sources, list) and all(
        isinstance(source, str) and arns.parse(source) is not None for source in sources
    )
    if (
        permission not in ("allowAll", "denyAll", "byQueue")
        or set(document) - {"redrivePermission", "sourceQueueArns"}
        or (is_by_queue and not (is_list and sources))
        or (not is_by_queue and sources is not None)
    ):
        raise errors.invalid_value(
            "RedriveAllowPolicy", value, "Amazon SQS can't create the redrive allow policy, as "
            "it's in an unsupported format.",
        )  # fmt: skip
    names = tuple(sources) if isinstance(sources, list) else ()
    if len(names) > SOURCE_QUEUES_MAX:
        raise errors.invalid_value(
            "RedriveAllowPolicy",
            value,
            f"sourceQueueArns can have at most {SOURCE_QUEUES_MAX} queue ARNs.",
        )
    return {
        "redrive_allow_text": value,
        "redrive_allow": RedriveAllow(str(permission), names),
    }


def _json_map(name: str, value: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(value, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        raise errors.invalid_value(name, value, "Redrive policy is not a valid JSON map.") from None


def _boolean(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise errors.invalid_attribute_value(name)
    return value.lower() == "true"


def _boolean_text(value: bool) -> str:
    return "true" if value else "false"


def _not_fifo(name: str) -> Exception:
    if name == "ContentBasedDeduplication":
        return errors.unknown_attribute(name)
    return errors.only_for_fifo(name)


def _check_encryption(wanted: Mapping[str, str], changes: dict[str, object]) -> None:
    """Keep to one encryption: setting either of the two ends the other."""
    if changes.get("kms_key_id"):
        if changes.get("has_sqs_encryption"):
            raise errors.two_encryptions()
        changes["has_sqs_encryption"] = False
    elif changes.get("has_sqs_encryption"):
        changes["kms_key_id"] = ""


Parser = Callable[[str, str], dict[str, object]]

_PARSERS: dict[str, Parser] = {
    "DelaySeconds": _integer("DelaySeconds", "delay_seconds", 0, DELAY_SECONDS_MAX),
    "MaximumMessageSize": _integer(
        "MaximumMessageSize", "message_bytes_max", MESSAGE_BYTES_LEAST, MESSAGE_BYTES_MAX
    ),
    "MessageRetentionPeriod": _integer(
        "MessageRetentionPeriod", "retention_seconds", 60, RETENTION_SECONDS_MAX
    ),
    "ReceiveMessageWaitTimeSeconds": _integer(
        "ReceiveMessageWaitTimeSeconds", "wait_seconds", 0, WAIT_SECONDS_MAX
    ),
    "VisibilityTimeout": _integer(
        "VisibilityTimeout", "visibility_seconds", 0, VISIBILITY_SECONDS_MAX
    ),
    "Policy": _policy,
    "RedrivePolicy": _redrive,
    "RedriveAllowPolicy": _redrive_allow,
    "KmsMasterKeyId": _kms_key,
    "KmsDataKeyReusePeriodSeconds": _integer(
        "KmsDataKeyReusePeriodSeconds", "kms_reuse_seconds", 60, 86_400
    ),
    "SqsManagedSseEnabled": _flag("SqsManagedSseEnabled", "has_sqs_encryption"),
    "ContentBasedDeduplication": _flag("ContentBasedDeduplication", "deduplicates_by_content"),
    "DeduplicationScope": _choice(
        "DeduplicationScope", "deduplication_scope", "messageGroup", "queue"
    ),
    "FifoThroughputLimit": _choice(
        "FifoThroughputLimit", "throughput_limit", "perQueue", "perMessageGroupId"
    ),
}
SETTABLE = {"FifoQueue", *_PARSERS}
_FIFO_ONLY = {"ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"}
