"""Handing a message to one subscriber, by its protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pileus.kernel.deliveries import Handover, RetryPolicy
from pileus.kernel.fan_outs import Parcel
from pileus.services.sns import (
    filters,
    http_deliveries,
    letters,
    message_attributes,
    push,
    push_events,
    status_logs,
)
from pileus.services.sns.envelopes import NOTIFICATION, SUBSCRIPTION_CONFIRMATION, Envelope
from pileus.services.sns.messages import Message
from pileus.services.sns.status_logs import Attempt

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.sns.signing import MessageSigner
    from pileus.services.sns.store import Subscription, Topic

# docs: sns-message-delivery-retries, AWS managed endpoints.
_ATTEMPTS_MAX = 100_015
_AGE_SECONDS_MAX = 23 * 24 * 3600
_PAUSE_SECONDS_MAX = 20


class Outgoing:
    """What a transaction hands over for a topic: kept back, so that it is handed over at once."""

    def __init__(self, tx: Transaction, topic: Topic) -> None:
        self.tx = tx
        self.topic = topic
        self._parcels: list[Parcel] = []
        self._meant: list[tuple[Message, Subscription]] = []

    def add(self, message: Message, subscription: Subscription, parcel: Parcel) -> None:
        self._parcels.append(parcel)
        self._meant.append((message, subscription))

    def hand_over(self) -> None:
        """Hand over all that was added."""
        if not self._parcels:
            return
        handovers = self.tx.deliver_all(self._parcels, self.topic.arn)
        if self.topic.attributes.values:
            for (message, subscription), handover in zip(self._meant, handovers, strict=True):
                _log_status(self.tx, self.topic, message, subscription, handover)


class Handing:
    """One message on its way to many subscribers; what they share is made once."""

    def __init__(self, outgoing: Outgoing, message: Message, signer: MessageSigner) -> None:
        self.outgoing = outgoing
        self.tx = outgoing.tx
        self.topic = outgoing.topic
        self.message = message
        self._signer = signer
        self._envelopes: dict[str, Envelope] = {}
        self._questions: dict[str, filters.Message] = {}

    def envelope(self, text: str) -> Envelope:
        found = self._envelopes.get(text)
        if found is None:
            found = self._envelopes[text] = Envelope(self.message, text, self._signer)
        return found

    def _question(self, text: str) -> filters.Message:
        found = self._questions.get(text)
        if found is None:
            found = self._questions[text] = filters.question(text, self.message.attributes)
        return found

    def hand_to(self, subscription: Subscription) -> None:
        """Hand the message over, unless the subscription's filter policy is against it."""
        text = self.message.for_protocol(subscription.protocol)
        policy = subscription.filter_policy
        if policy is not None and not policy.accepts(self._question(text)):
            return
        _SENDERS[subscription.protocol](self, subscription, text)


def _policy(subscription: Subscription) -> RetryPolicy:
    return RetryPolicy(
        attempts_max=_ATTEMPTS_MAX,
        age_max_seconds=_AGE_SECONDS_MAX,
        pause_max_seconds=_PAUSE_SECONDS_MAX,
        dead_letter_arn=subscription.attributes.dead_letter_arn,
        # AWS does not retry what fails by the subscriber's own fault.
        retries_refusals=False,
        explains_dead_letters=False,
    )


_PLAIN_POLICY = RetryPolicy(
    attempts_max=_ATTEMPTS_MAX,
    age_max_seconds=_AGE_SECONDS_MAX,
    pause_max_seconds=_PAUSE_SECONDS_MAX,
    retries_refusals=False,
    explains_dead_letters=False,
)


def _hand_over(
    handing: Handing, subscription: Subscription, payload: bytes | str, attributes: dict[str, Any]
) -> None:
    policy = _policy(subscription) if subscription.attributes.redrive_policy else _PLAIN_POLICY
    parcel = Parcel(subscription.endpoint, payload, attributes, policy)
    handing.outgoing.add(handing.message, subscription, parcel)


def _log_status(
    tx: Transaction, topic: Topic, message: Message, subscription: Subscription, handover: Handover
) -> None:
    """What is still under way is not logged: its end lies elsewhere."""
    if handover is Handover.WAITING:
        return
    is_delivered = handover is Handover.ACCEPTED
    attempt = Attempt(1, 200, "", 0) if is_delivered else Attempt(1, 400, "", 0)
    status_logs.write(
        tx, topic, _FEEDBACK[subscription.protocol], subscription.endpoint, message.id,
        message.for_protocol(subscription.protocol), message.published_at, attempt, is_delivered,
    )  # fmt: skip


def _to_queue(handing: Handing, subscription: Subscription, text: str) -> None:
    message = handing.message
    attributes: dict[str, Any] = {}
    if message.group_id:
        attributes["MessageGroupId"] = message.group_id
        if subscription.endpoint.endswith(".fifo"):
            attributes["MessageDeduplicationId"] = message.deduplication_id
    if message.trace_header:
        attributes["AWSTraceHeader"] = message.trace_header
    if subscription.attributes.is_raw:
        if message.attributes:
            attributes["MessageAttributes"] = message_attributes.for_queue(message.attributes)
        payload = text
    else:
        payload = handing.envelope(text).body(subscription.arn)
    _hand_over(handing, subscription, payload, attributes)


def _to_function(handing: Handing, subscription: Subscription, text: str) -> None:
    _hand_over(handing, subscription, handing.envelope(text).event(subscription.arn), {})


def _to_stream(handing: Handing, subscription: Subscription, text: str) -> None:
    if subscription.attributes.is_raw:
        payload = text
    else:
        payload = handing.envelope(text).body(subscription.arn)
    _hand_over(handing, subscription, payload, {})


def _to_endpoint(handing: Handing, subscription: Subscription, text: str) -> None:
    message = handing.message
    if subscription.attributes.is_raw:
        attributes = message_attributes.for_queue(message.attributes)
        body = text
    else:
        attributes = None
        body = handing.envelope(text).body(subscription.arn)
    http_deliveries.enqueue(handing.tx, subscription, message, NOTIFICATION, body, text, attributes)


def _to_reader(handing: Handing, subscription: Subscription, text: str) -> None:
    letters.mail(handing.tx, handing.topic, subscription, handing.message, text)


def _to_mail_program(handing: Handing, subscription: Subscription, text: str) -> None:
    body = handing.envelope(text).body(subscription.arn)
    letters.mail_json(handing.tx, handing.topic, subscription, body)


def _to_phone(handing: Handing, subscription: Subscription, text: str) -> None:
    name = handing.topic.attributes.values.get("DisplayName")
    text = f"{name}> {text}" if name else text
    letters.text_message(
        handing.tx, subscription.endpoint, handing.topic.arn, handing.message, text
    )


def _to_device(handing: Handing, subscription: Subscription, text: str) -> None:
    application = push.application_of(subscription.endpoint, "EndpointArn")
    text = handing.message.for_protocol(push.platform_of(application))
    policy = _policy(subscription) if subscription.attributes.redrive_policy else _PLAIN_POLICY
    handover = handing.tx.deliver(
        to=application, payload=text, because=handing.topic.arn, policy=policy,
        attributes={"EndpointArn": subscription.endpoint, "MessageId": handing.message.id},
    )  # fmt: skip
    if handing.topic.attributes.values:
        _log_status(handing.tx, handing.topic, handing.message, subscription, handover)
    if handover is Handover.REFUSED:
        push_events.report_failure(
            handing.tx, application, subscription.endpoint, handing.message.id, handing.topic.arn
        )


_FEEDBACK = {
    "application": "Application",
    "firehose": "Firehose",
    "lambda": "Lambda",
    "sqs": "SQS",
}
_SENDERS: dict[str, Callable[[Handing, Subscription, str], None]] = {
    "application": _to_device,
    "email": _to_reader,
    "email-json": _to_mail_program,
    "firehose": _to_stream,
    "http": _to_endpoint,
    "https": _to_endpoint,
    "lambda": _to_function,
    "sms": _to_phone,
    "sqs": _to_queue,
}


def send_confirmation(
    call: Call, topic: Topic, subscription: Subscription, message: Message, token: str, body: str
) -> None:
    """Bring the question to the endpoint whose owner must confirm."""
    tx = call.tx
    match subscription.protocol:
        case "http" | "https":
            http_deliveries.enqueue(
                tx, subscription, message, SUBSCRIPTION_CONFIRMATION, body, message.text
            )
        case "email":
            letters.ask_by_mail(tx, topic, subscription, message, token)
        case "email-json":
            letters.ask_by_mail_json(tx, topic, subscription, body)
        case _:
            tx.deliver(
                to=subscription.endpoint, payload=body, because=topic.arn, policy=_PLAIN_POLICY
            )
