"""What subscribers are given: AWS's JSON around a message, signed, and the event for functions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from pileus.services.sns import message_attributes
from pileus.services.sns.messages import Message
from pileus.services.sns.signer import Signer
from pileus.services.sns.signing import MessageSigner

NOTIFICATION = "Notification"
SUBSCRIPTION_CONFIRMATION = "SubscriptionConfirmation"
UNSUBSCRIBE_CONFIRMATION = "UnsubscribeConfirmation"
# docs: sns-verify-signature-of-message-verify-message-signature; members in their order.
_SIGNED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_encode = msgspec.json.Encoder().encode


class Envelope:
    """The parts of a notification that are the same for all subscribers of one text."""

    def __init__(self, message: Message, text: str, signer: MessageSigner) -> None:
        self._message = message
        members = {"Type": NOTIFICATION, "MessageId": message.id}
        if message.sequence_number:
            members["SequenceNumber"] = message.sequence_number
        members["TopicArn"] = message.topic_arn
        if message.is_replayed:
            members["Replayed"] = "true"
        if message.subject is not None:
            members["Subject"] = message.subject
        members["Message"] = text
        members["Timestamp"] = timestamp(message.published_at)
        members["SignatureVersion"] = message.signature_version
        signed = notification_text(
            text, message.id, message.subject, members["Timestamp"], message.topic_arn
        )
        members["Signature"] = signer.sign(signed, message.signature_version)
        members["SigningCertURL"] = message.host_url + signer.path
        self._members = members
        # Up to where the subscription's ARN goes, which holds nothing that JSON escapes.
        url = _encode(unsubscribe_url(message.host_url, "")).removesuffix(b'"')
        self._head = b"{\n" + _lines(members) + b',\n  "UnsubscribeURL" : ' + url
        self._tail = b'"\n}'
        if message.attributes:
            shown = message_attributes.for_envelope(message.attributes).items()
            lines = [b"    " + _encode(name) + b" : " + _encode(value) for name, value in shown]
            self._tail = b'",\n  "MessageAttributes" : {\n' + b",\n".join(lines) + b"\n  }\n}"

    def body(self, subscription_arn: str) -> bytes:
        """As queues, HTTP endpoints and email-json get it."""
        return self._head + subscription_arn.encode() + self._tail

    def event(self, subscription_arn: str) -> bytes:
        """As functions get it."""
        members = self._members
        sns = {
            "Type": NOTIFICATION,
            "MessageId": members["MessageId"],
            "TopicArn": members["TopicArn"],
            "Subject": members.get("Subject"),
            "Message": members["Message"],
            "Timestamp": members["Timestamp"],
            "SignatureVersion": members["SignatureVersion"],
            "Signature": members["Signature"],
            "SigningCertUrl": members["SigningCertURL"],
            "UnsubscribeUrl": unsubscribe_url(self._message.host_url, subscription_arn),
            "MessageAttributes": message_attributes.for_envelope(self._message.attributes),
        }
        record = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription_arn,
            "Sns": sns,
        }
        return _encode({"Records": [record]})


def confirmation(kind: str, message: Message, token: str, signer: Signer) -> bytes:
    """What an endpoint must answer to become (or has ceased to be) a subscriber."""
    members = {
        "Type": kind,
        "MessageId": message.id,
        "Token": token,
        "TopicArn": message.topic_arn,
        "Message": message.text,
        "SubscribeURL": subscribe_url(message.host_url, message.topic_arn, token),
        "Timestamp": timestamp(message.published_at),
        "SignatureVersion": message.signature_version,
    }
    signed = "".join(f"{name}\n{members[name]}\n" for name in _SIGNED)
    members["Signature"] = signer.sign(signed, message.signature_version)
    members["SigningCertURL"] = message.host_url + signer.path
    return b"{\n" + _lines(members) + b"\n}"


def notification_text(
    text: str, message_id: str, subject: str | None, at: str, topic_arn: str
) -> str:
    """What the signature of a notification covers."""
    about = "" if subject is None else f"Subject\n{subject}\n"
    return (
        f"Message\n{text}\nMessageId\n{message_id}\n{about}Timestamp\n{at}\n"
        f"TopicArn\n{topic_arn}\nType\n{NOTIFICATION}\n"
    )


def timestamp(instant: int) -> str:
    seconds, milliseconds = divmod(instant, 1000)
    return f"{_second(seconds)}.{milliseconds:03d}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def subscribe_url(host_url: str, topic_arn: str, token: str) -> str:
    return f"{host_url}/?Action=ConfirmSubscription&TopicArn={topic_arn}&Token={token}"


def unsubscribe_url(host_url: str, subscription_arn: str) -> str:
    return f"{host_url}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}"


def _lines(members: Mapping[str, Any]) -> bytes:
    return b",\n".join(
        b'  "' + name.encode() + b'" : ' + _encode(value) for name, value in members.items()
    )
