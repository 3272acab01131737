"""One message to all subscribers of its topic: in the commit of its cause, then page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.sns import replays, signing, store
from pileus.services.sns.deliveries import Handing, Outgoing
from pileus.services.sns.messages import Message

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.services.sns.store import State, Subscription

TIMER = "sns:fan-out"


def fan_out(call: Call, outgoing: Outgoing, state: State, message: Message) -> None:
    """Address the message to the first subscribers, and set a timer where there are more."""
    page = store.subscribers(call.tx, outgoing.topic, state)
    _address_to_all(call, outgoing, message, page)
    if len(page) == store.LEAVES_MAX:
        text = msgspec.json.encode(message).decode()
        store.keep_message(call.tx, state.number, message.id, text)
        _go_on(call, message.id, page)


def go_on(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: the next page of subscribers."""
    found = store.seek(call.tx, call.about)
    if found is None:
        return
    topic, state = found
    text = store.kept_message(call.tx, state.number, key)
    if text is None:
        return
    page = store.more_subscribers(call.tx, topic.arn, state.number, payload["after"])
    message = msgspec.json.decode(text, type=Message)
    outgoing = Outgoing(call.tx, topic)
    _address_to_all(call, outgoing, message, page)
    outgoing.hand_over()
    if len(page) == store.LEAVES_MAX:
        _go_on(call, key, page)
    else:
        store.drop_message(call.tx, state.number, key)


def _address_to_all(
    call: Call, outgoing: Outgoing, message: Message, page: Sequence[Subscription]
) -> None:
    if page:
        signer = signing.MessageSigner(call)
        handing = Handing(outgoing, message, signer)
        for subscription in page:
            if subscription.attributes.replay_policy and not replays.takes_new_messages(
                subscription.attributes
            ):
                continue
            handing.hand_to(subscription)
        signer.conclude(message.topic_arn, message.signature_version)


def _go_on(call: Call, key: str, page: Sequence[Subscription]) -> None:
    call.tx.set_timer(TIMER, key, call.tx.now, {"after": page[-1].id})
