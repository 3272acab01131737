"""What subscribers are given: AWS's JSON around a message, signed, and the event for functions."""

from __future__ import annotations

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
        self._text = text
        self._at = at = timestamp(message.published_at)
        self._certificate_url = message.host_url + signer.path
        signed = notification_text(text, message.id, message.subject, at, message.topic_arn)
        self._signature = signer.sign(signed, message.signature_version)
        number, subject = message.sequence_number, message.subject
        # Only texts and addresses hold what JSON escapes. Up to where the subscription's ARN goes.
        self._head = (
            f'{{\n  "Type" : "{NOTIFICATION}",\n  "MessageId" : "{message.id}"'
            + (f',\n  "SequenceNumber" : "{number}"' if number else "")
            + f',\n  "TopicArn" : "{message.topic_arn}"'
            + (',\n  "Replayed" : "true"' if message.is_replayed else "")
            + (f',\n  "Subject" : {_json(subject)}' if subject is not None else "")
            + f',\n  "Message" : {_json(text)},\n  "Timestamp" : "{at}",\n  "SignatureVersion" : '
            f'"{message.signature_version}",\n  "Signature" : "{self._signature}",\n'
            + _links(message.host_url, signer.path)
        )
        self._tail = '"\n}'
        if message.attributes:
            shown = message_attributes.for_envelope(message.attributes).items()
            lines = [f"    {_json(name)} : {_json(value)}" for name, value in shown]
            self._tail = '",\n  "MessageAttributes" : {\n' + ",\n".join(lines) + "\n  }\n}"

    def body(self, subscription_arn: str) -> str:
        """As queues, HTTP endpoints and email-json get it."""
        return self._head + subscription_arn + self._tail

    def event(self, subscription_arn: str) -> bytes:
        """As functions get it."""
        message = self._message
        sns = {
            "Type": NOTIFICATION,
            "MessageId": message.id,
            "TopicArn": message.topic_arn,
            "Subject": message.subject,
            "Message": self._text,
            "Timestamp": self._at,
            "SignatureVersion": message.signature_version,
            "Signature": self._signature,
            "SigningCertUrl": self._certificate_url,
            "UnsubscribeUrl": unsubscribe_url(message.host_url, subscription_arn),
            "MessageAttributes": message_attributes.for_envelope(message.attributes),
        }
        record = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription_arn,
            "Sns": sns,
        }
        return _encode({"Records": [record]})


def confirmation(kind: str, message: Message, token: str, signer: Signer) -> str:
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
    lines = [f'  "{name}" : {_json(value)}' for name, value in members.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


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


def _json(value: Any) -> str:
    return _encode(value).decode()


@lru_cache(maxsize=256)
def _links(host_url: str, path: str) -> str:
    url = _json(unsubscribe_url(host_url, "")).removesuffix('"')
    return f'  "SigningCertURL" : {_json(host_url + path)},\n  "UnsubscribeURL" : {url}'
