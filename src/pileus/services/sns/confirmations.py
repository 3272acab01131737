"""Subscriptions that wait for their endpoint's consent: tokens, asking, and the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.sns import (
    deliveries,
    envelopes,
    errors,
    http_deliveries,
    signing,
    store,
)
from pileus.services.sns.messages import Message

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.sns.store import Subscription, Topic

EXPIRE_TIMER = "sns:unconfirmed"
# docs: API_Subscribe, "Confirmation tokens are valid for two days".
VALID_MS = 2 * 24 * 3600 * 1000
_TOKEN_HEX_DIGITS = 192


def new_token(tx: Transaction) -> str:
    return tx.kernel.ids.token(_TOKEN_HEX_DIGITS // 2).hex()


def await_answer(tx: Transaction, subscription: Subscription) -> None:
    """From now on the endpoint has two days."""
    tx.set_timer(EXPIRE_TIMER, subscription.id, tx.now + VALID_MS)


def say_goodbye(call: Call, topic: Topic, subscription: Subscription) -> None:
    """Tell an HTTP endpoint that its subscription has ended, and how to have it again."""
    text = (
        f"You have chosen to deactivate subscription {subscription.arn}.\n"
        "To cancel this operation and restore the subscription, visit the SubscribeURL included "
        "in this message."
    )
    message = _message(call, topic, text)
    returning = msgspec.structs.replace(subscription, is_confirmed=False, token=new_token(call.tx))
    _, state = store.find(call.tx, topic.arn)
    store.subscribe(call.tx, state.number, returning)
    await_answer(call.tx, returning)
    body = envelopes.confirmation(
        envelopes.UNSUBSCRIBE_CONFIRMATION, message, _token(returning), signing.signer_of(call)
    )
    http_deliveries.enqueue(
        call.tx, returning, message, envelopes.UNSUBSCRIBE_CONFIRMATION, body, text
    )


def _token(subscription: Subscription) -> str:
    # The id tells where the token is kept, so that it is found without a search.
    return subscription.id.replace("-", "") + subscription.token


def _message(call: Call, topic: Topic, text: str) -> Message:
    return Message(
        text, id=call.tx.kernel.ids.uuid(), topic_arn=topic.arn, published_at=call.tx.now,
        signature_version=topic.attributes.signature_version, host_url=call.host_url,
    )  # fmt: skip


def ask(call: Call, topic: Topic, subscription: Subscription) -> None:
    """Send the endpoint what it must answer."""
    text = (
        f"You have chosen to subscribe to the topic {topic.arn}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message."
    )
    message, token = _message(call, topic, text), _token(subscription)
    body = envelopes.confirmation(
        envelopes.SUBSCRIPTION_CONFIRMATION, message, token, signing.signer_of(call)
    )
    deliveries.send_confirmation(call, topic, subscription, message, token, body)


def confirm_subscription(
    call: Call, *, topic_arn: str, token: str, authenticate_on_unsubscribe: str | None = None
) -> dict[str, Any]:
    authenticates = (authenticate_on_unsubscribe or "").lower() == "true"
    return {"SubscriptionArn": confirm(call.tx, token, authenticates, is_signed=True)}


def confirm(tx: Transaction, token: str, authenticates: bool, *, is_signed: bool) -> str:
    """Make the subscription that a token belongs to a confirmed one; its ARN."""
    _, state = store.find(tx, tx.about)
    if len(token) != 32 + _TOKEN_HEX_DIGITS:
        raise errors.invalid_parameter("Token")
    head = token[:32]
    subscription_id = "-".join((head[:8], head[8:12], head[12:16], head[16:20], head[20:]))
    subscription = store.seek_subscription(tx, state.number, subscription_id)
    if subscription is None or subscription.token != token[32:]:
        raise errors.invalid_parameter("Token")
    if subscription.is_confirmed:
        return subscription.arn
    attributes = msgspec.structs.replace(
        subscription.attributes,
        authenticates_unsubscribe=authenticates,
        was_confirmed_with_signature=is_signed,
    )
    confirmed = msgspec.structs.replace(subscription, is_confirmed=True, attributes=attributes)
    store.change_subscription(tx, state.number, confirmed, confirmed=1)
    tx.finish_timer(EXPIRE_TIMER, subscription.id)
    return subscription.arn
