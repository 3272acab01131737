"""Handing a message to one subscriber, by its protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pileus.kernel.deliveries import Handover, RetryPolicy
from pileus.services.sns import filters, message_attributes
from pileus.services.sns.envelopes import Envelope
from pileus.services.sns.messages import Message

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.sns.signing import Signer
    from pileus.services.sns.store import Subscription, Topic

# docs: sns-message-delivery-retries, AWS managed endpoints.
_ATTEMPTS_MAX = 100_015
_AGE_SECONDS_MAX = 23 * 24 * 3600
_PAUSE_SECONDS_MAX = 20


class Handing:
    """One message on its way to many subscribers; what they share is made once."""

    def __init__(self, tx: Transaction, topic: Topic, message: Message, signer: Signer) -> None:
        self.tx = tx
        self.topic = topic
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
    handing: Handing, subscription: Subscription, payload: bytes, attributes: dict[str, Any]
) -> Handover:
    policy = _policy(subscription) if subscription.attributes.redrive_policy else _PLAIN_POLICY
    return handing.tx.deliver(
        to=subscription.endpoint, payload=payload, because=handing.topic.arn,
        attributes=attributes, policy=policy,
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
        payload = text.encode()
    else:
        payload = handing.envelope(text).body(subscription.arn)
    _hand_over(handing, subscription, payload, attributes)


def _to_function(handing: Handing, subscription: Subscription, text: str) -> None:
    _hand_over(handing, subscription, handing.envelope(text).event(subscription.arn), {})


def _to_stream(handing: Handing, subscription: Subscription, text: str) -> None:
    if subscription.attributes.is_raw:
        payload = text.encode()
    else:
        payload = handing.envelope(text).body(subscription.arn)
    _hand_over(handing, subscription, payload, {})


_SENDERS: dict[str, Callable[[Handing, Subscription, str], None]] = {
    "firehose": _to_stream,
    "lambda": _to_function,
    "sqs": _to_queue,
}

PROTOCOLS = frozenset(_SENDERS)


def send_confirmation(
    call: Call, topic: Topic, subscription: Subscription, message: Message, token: str, body: bytes
) -> None:
    """Bring the question to the endpoint whose owner must confirm."""
    call.tx.deliver(to=subscription.endpoint, payload=body, because=topic.arn, policy=_PLAIN_POLICY)
