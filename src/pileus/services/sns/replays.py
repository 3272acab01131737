"""Replays of a topic's archive to one subscription, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pileus.services.sns import errors, fifo_store, signing, store
from pileus.services.sns.deliveries import Handing, Outgoing
from pileus.services.sns.messages import Message

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.services.sns.store import Subscription, Topic
    from pileus.services.sns.subscription_attributes import SubscriptionAttributes

TIMER = "sns:replay"
PENDING = "Pending"
IN_PROGRESS = "In progress"
COMPLETED = "Completed"
_PAGE = 100
_END_OF_TIME = 1 << 52


class Span(NamedTuple):
    """From when to when messages are replayed; without an end, up to the newest and on."""

    since: int
    until: int | None


def parse(text: str) -> Span:
    """A replay policy; raises AWS's error for one that is none."""
    try:
        document: Any = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _invalid("failed to parse JSON") from error
    if not isinstance(document, dict) or document.get("PointType") != "Timestamp":
        raise _invalid("PointType must be Timestamp")
    since = _instant(document, "StartingPoint")
    if since is None:
        raise _invalid("StartingPoint is required")
    until = _instant(document, "EndingPoint")
    if until is not None and until <= since:
        raise _invalid("EndingPoint must be later than StartingPoint")
    return Span(since, until)


def _instant(document: Mapping[str, Any], name: str) -> int | None:
    text = document.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise _invalid(f"{name} must be a timestamp") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def _invalid(reason: str) -> Exception:
    return errors.invalid_because("ReplayPolicy", reason)


def takes_new_messages(attributes: SubscriptionAttributes) -> bool:
    """Whether a message that is published now is for this subscription as well."""
    if not attributes.replay_policy:
        return True
    # Until the replay is through, new messages wait in the archive, so that the order is kept.
    return attributes.replay_status == COMPLETED and parse(attributes.replay_policy).until is None


def begin(call: Call, topic: Topic, subscription: Subscription) -> None:
    """Start the replay that the subscription's policy asks for."""
    if not topic.attributes.archive_days:
        raise _invalid("the topic has no ArchivePolicy")
    call.tx.set_timer(TIMER, subscription.id, call.tx.now, {"after": 0})


def go_on(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: the next page of the archive."""
    tx = call.tx
    found = store.seek(tx, call.about)
    if found is None:
        return
    topic, state = found
    subscription = store.seek_subscription(tx, state.number, key)
    if subscription is None or not subscription.attributes.replay_policy:
        return
    span = parse(subscription.attributes.replay_policy)
    until = _END_OF_TIME if span.until is None else span.until
    outgoing = Outgoing(tx, topic)
    page = fifo_store.page(tx, state.number, payload["after"], span.since, until, _PAGE)
    for _, text in page:
        message = msgspec.json.decode(text, type=Message)
        replayed = msgspec.structs.replace(
            message,
            is_replayed=True,
            # Queues would take the same id for the message that they have had already.
            deduplication_id=f"{message.id}-{subscription.attributes.replayed_at}",
        )
        handing = Handing(outgoing, replayed, signing.MessageSigner(call))
        handing.hand_to(store.compiled(subscription))
    outgoing.hand_over()
    status = IN_PROGRESS if len(page) == _PAGE else COMPLETED
    if span.until is not None and span.until > tx.now:
        status = IN_PROGRESS
    if status != subscription.attributes.replay_status:
        attributes = msgspec.structs.replace(subscription.attributes, replay_status=status)
        changed = msgspec.structs.replace(subscription, attributes=attributes)
        store.change_subscription(tx, state.number, changed)
    if status == IN_PROGRESS:
        after = page[-1][0] if page else payload["after"]
        at = tx.now if len(page) == _PAGE else (span.until or tx.now)
        tx.set_timer(TIMER, key, at, {"after": after})
