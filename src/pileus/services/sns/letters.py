"""Mail and text messages: what goes to the outbox for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pileus.kernel import outbox
from pileus.services.sns import envelopes

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction
    from pileus.services.sns.messages import Message
    from pileus.services.sns.store import Subscription, Topic

_ADDRESS = "no-reply@sns.amazonaws.com"
_AWS = f"AWS Notifications <{_ADDRESS}>"
_SUBJECT = "AWS Notification Message"
SENDER_ID = "AWS.SNS.SMS.SenderID"
SMS_TYPE = "AWS.SNS.SMS.SMSType"
_PROMOTIONAL = "Promotional"


def mail(
    tx: Transaction, topic: Topic, subscription: Subscription, message: Message, text: str
) -> None:
    """A notification to read."""
    link = envelopes.unsubscribe_url(message.host_url, subscription.arn)
    body = (
        f"{text}\n\n--\nIf you wish to stop receiving notifications from this topic, please click "
        f"or visit the link below to unsubscribe:\n{link}&Endpoint={subscription.endpoint}\n"
    )
    outbox.put(
        tx, channel="email", to=subscription.endpoint, because=topic.arn, body=body,
        subject=message.subject or _SUBJECT, sender=_sender(topic),
    )  # fmt: skip


def mail_json(tx: Transaction, topic: Topic, subscription: Subscription, body: str) -> None:
    """A notification for a program that reads mail."""
    outbox.put(
        tx, channel="email", to=subscription.endpoint, because=topic.arn, body=body,
        subject=_SUBJECT, sender=_sender(topic),
    )  # fmt: skip


def ask_by_mail(
    tx: Transaction, topic: Topic, subscription: Subscription, message: Message, token: str
) -> None:
    link = envelopes.subscribe_url(message.host_url, topic.arn, token)
    body = (
        f"You have chosen to subscribe to the topic:\n{topic.arn}\n\n"
        "To confirm this subscription, click or visit the link below (If this was in error no "
        f"action is necessary):\n{link}\n"
    )
    outbox.put(
        tx, channel="email", to=subscription.endpoint, because=topic.arn, body=body,
        subject="AWS Notification - Subscription Confirmation", sender=_AWS,
    )  # fmt: skip


def ask_by_mail_json(tx: Transaction, topic: Topic, subscription: Subscription, body: str) -> None:
    outbox.put(
        tx, channel="email", to=subscription.endpoint, because=topic.arn, body=body,
        subject="AWS Notification - Subscription Confirmation", sender=_AWS,
    )  # fmt: skip


def text_message(tx: Transaction, to: str, because: str, message: Message, text: str) -> None:
    """An SMS. What the publisher did not say is as AWS has it for an account."""
    given = message.attributes
    sender = given[SENDER_ID].text if SENDER_ID in given else ""
    kind = given[SMS_TYPE].text if SMS_TYPE in given else _PROMOTIONAL
    outbox.put(
        tx, channel="sms", to=to, because=because, body=text, sender=sender,
        attributes={"SMSType": kind, "MessageId": message.id},
    )  # fmt: skip


def _sender(topic: Topic) -> str:
    name = topic.attributes.values.get("DisplayName")
    return f"{name} <{_ADDRESS}>" if name else _AWS
