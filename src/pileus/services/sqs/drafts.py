"""Messages on their way in: what can be checked before the queue is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import md5
from typing import Any

from pileus.services.sqs import errors, message_attributes
from pileus.services.sqs.attributes import DELAY_SECONDS_MAX, QueueAttributes
from pileus.services.sqs.extras import NO_EXTRAS, Extras

# docs: API_SendMessage; alphanumeric characters and punctuation, 1 to 128 of them.
_ID = re.compile(r"[!-~]{1,128}")


# Stands for "not yet received": later than any instant, and as many bytes long in a row. A row that
# keeps its length is changed in place, without writing its body again.
NEVER = 1 << 46


class Draft:
    """A message that is about to be stored."""

    __slots__ = (
        "body",
        "delay_seconds",
        "extras",
        "first_received_at",
        "message_id",
        "sender",
        "sent_at",
        "size_bytes",
    )

    def __init__(self, body: str, extras: Extras, sender: str) -> None:
        self.body = body
        self.extras = extras
        self.sender = sender
        self.size_bytes = len(body) if body.isascii() else len(body.encode())
        if extras.attributes:
            self.size_bytes += message_attributes.size_bytes(extras.attributes)
        self.delay_seconds: int | None = None
        # Set for a message that comes from another queue; a sent one gets them when stored.
        self.message_id = ""
        self.sent_at = 0
        self.first_received_at = NEVER

    def check_for(self, queue: QueueAttributes) -> None:
        """Raise what depends on the queue."""
        if self.size_bytes > queue.message_bytes_max:
            raise errors.message_too_long(queue.message_bytes_max)
        extras = self.extras
        if queue.is_fifo:
            if not extras.group_id:
                raise errors.missing_parameter("MessageGroupId")
            if not extras.deduplication_id and not queue.deduplicates_by_content:
                raise errors.needs_deduplication()
            if self.delay_seconds:
                raise errors.not_for_queue_type("DelaySeconds", self.delay_seconds)
        elif extras.deduplication_id:
            raise errors.not_for_queue_type("MessageDeduplicationId", extras.deduplication_id)

    def answer(self, message_id: str, sequence_number: str) -> dict[str, Any]:
        """What SendMessage answers."""
        answer: dict[str, Any] = {
            "MD5OfMessageBody": md5(self.body.encode(), usedforsecurity=False).hexdigest(),
            "MessageId": message_id,
        }
        extras = self.extras
        if extras.attributes:
            answer["MD5OfMessageAttributes"] = message_attributes.md5_of(extras.attributes)
        if extras.trace_header:
            answer["MD5OfMessageSystemAttributes"] = message_attributes.md5_of(
                message_attributes.system(extras.trace_header)
            )
        if sequence_number:
            answer["SequenceNumber"] = sequence_number
        return answer


def draft(
    sender: str,
    body: str,
    delay_seconds: int | None = None,
    attributes: Mapping[str, Any] | None = None,
    system_attributes: Mapping[str, Any] | None = None,
    deduplication_id: str | None = None,
    group_id: str | None = None,
) -> Draft:
    """The message of a request; raises AWS's errors."""
    if not body:
        raise errors.missing_parameter("MessageBody")
    if message_attributes.has_forbidden_characters(body):
        raise errors.invalid_message_contents()
    extras = NO_EXTRAS
    if attributes or system_attributes or deduplication_id is not None or group_id is not None:
        _check_id("MessageDeduplicationId", deduplication_id)
        _check_id("MessageGroupId", group_id)
        extras = Extras(
            message_attributes.parse(attributes) if attributes else {},
            (message_attributes.parse_system(system_attributes) or "") if system_attributes else "",
            group_id or "",
            deduplication_id or "",
        )
    drafted = Draft(body, extras, sender)
    if delay_seconds is not None:
        if not 0 <= delay_seconds <= DELAY_SECONDS_MAX:
            raise errors.invalid_value(
                "DelaySeconds",
                delay_seconds,
                f"DelaySeconds must be >= 0 and <= {DELAY_SECONDS_MAX}.",
            )
        drafted.delay_seconds = delay_seconds
    return drafted


def _check_id(parameter: str, value: str | None) -> None:
    if value is not None and not _ID.fullmatch(value):
        raise errors.invalid_value(
            parameter,
            value,
            f"{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in "
            "length.",
        )
