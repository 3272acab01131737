"""Messages as publishers bring them: what can be checked before the topic is known, and then."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

from pileus.services.sns import errors, message_attributes
from pileus.services.sns.message_attributes import Attributes
from pileus.services.sns.topic_attributes import TopicAttributes

# docs: API_Publish
_ID = re.compile(r"[!-~]{1,128}")
_SUBJECT_LENGTH_MAX = 100
_DEFAULT = "default"


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message; rows hold it as JSON where it must outlive its request."""

    text: str
    subject: str | None = None
    # Texts by protocol, where the publisher gave several.
    texts: dict[str, str] = {}
    attributes: Attributes = {}
    group_id: str = ""
    deduplication_id: str = ""
    # Set when the topic takes it.
    id: str = ""
    topic_arn: str = ""
    published_at: int = 0
    sequence_number: str = ""
    signature_version: str = "1"
    # By which the publisher reached us: URLs in envelopes begin with it.
    host_url: str = ""
    trace_header: str = ""
    is_replayed: bool = False

    def for_protocol(self, protocol: str) -> str:
        """The text that subscribers of a protocol are given."""
        return self.texts.get(protocol, self.text) if self.texts else self.text


class Draft(msgspec.Struct):
    """A message that no topic has taken yet."""

    message: Message
    size_bytes: int

    def check_for(self, attributes: TopicAttributes) -> None:
        """Raise what depends on the topic."""
        if self.size_bytes > attributes.message_bytes_max:
            raise errors.invalid_parameter("Message too long")
        message = self.message
        if not attributes.is_fifo:
            if message.deduplication_id:
                raise errors.invalid_because(
                    "MessageDeduplicationId",
                    "The request includes MessageDeduplicationId parameter that is not valid for "
                    "this topic type",
                )
        elif not message.group_id:
            raise errors.invalid_parameter(
                "The MessageGroupId parameter is required for FIFO topics"
            )
        elif not message.deduplication_id and not attributes.deduplicates_by_content:
            raise errors.invalid_parameter(
                "The topic should either have ContentBasedDeduplication enabled or "
                "MessageDeduplicationId provided explicitly"
            )


def draft(
    text: str,
    subject: str | None = None,
    structure: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    deduplication_id: str | None = None,
    group_id: str | None = None,
    path: str = "messageAttributes",
) -> Draft:
    """The message of a request; raises AWS's errors."""
    if not text:
        raise errors.invalid_parameter("Empty message")
    if subject is not None:
        _check_subject(subject)
    _check_id("MessageDeduplicationId", deduplication_id)
    _check_id("MessageGroupId", group_id)
    parsed = message_attributes.parse(attributes, path) if attributes else {}
    size = len(text.encode()) + (message_attributes.size_bytes(parsed) if parsed else 0)
    texts: dict[str, str] = {}
    if structure is not None:
        if structure != "json":
            raise errors.invalid_parameter("MessageStructure")
        texts = _texts(text)
        text = texts[_DEFAULT]
    message = Message(text, subject, texts, parsed, group_id or "", deduplication_id or "")
    return Draft(message, size)


def content_digest(message: Message) -> str:
    """The deduplication id of a message that has none of its own."""
    body = msgspec.json.encode(message.texts) if message.texts else message.text.encode()
    return sha256(body).hexdigest()


def _texts(text: str) -> dict[str, str]:
    """Texts by protocol; members that are not strings are ignored, as AWS does."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise errors.invalid_parameter(
            "Message Structure - JSON message body failed to parse"
        ) from error
    if not isinstance(document, dict):
        raise errors.invalid_parameter("Message Structure - JSON message body failed to parse")
    texts = {name: value for name, value in document.items() if isinstance(value, str)}
    if _DEFAULT not in texts:
        raise errors.invalid_parameter("Message Structure - No default entry in JSON message body")
    return texts


def _check_subject(subject: str) -> None:
    if not subject or len(subject) > _SUBJECT_LENGTH_MAX or not subject.isprintable():
        raise errors.invalid_parameter("Subject")


def _check_id(parameter: str, value: str | None) -> None:
    if value is not None and not _ID.fullmatch(value):
        raise errors.invalid_because(
            parameter,
            f"The {parameter} can only include alphanumeric and punctuation characters. 1 to 128 "
            "in length",
        )
