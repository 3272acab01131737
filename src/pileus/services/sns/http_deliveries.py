"""Messages to HTTP endpoints: rows that are tried when due, as the delivery policy says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel.egress import EgressFailed
from pileus.services.sns import delivery_policies, http_store, status_logs, store, topic_arns
from pileus.services.sns.status_logs import Attempt

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.sns.delivery_policies import HttpPolicy
    from pileus.services.sns.messages import Message
    from pileus.services.sns.store import Subscription

TIMER = "sns:http"
# docs: SendMessageToHttp.prepare, "within 15 seconds".
_ANSWER_SECONDS_MAX = 15
_TOO_MANY_REQUESTS = 429
_TURNS = "sns:turns"
_TURNS_MAX = 10_000
_USER_AGENT = "Amazon Simple Notification Service Agent"


class Delivery(msgspec.Struct, frozen=True):
    """One message on its way to one endpoint."""

    url: str
    subscription_arn: str
    message_id: str
    kind: str
    body: str
    published_at: int
    text: str
    is_raw: bool = False
    # As SendMessage takes them, for the dead letter of a raw message.
    attributes: dict[str, Any] = {}


class _Due(msgspec.Struct, frozen=True):
    """A delivery with all that decides about it."""

    delivery: Delivery
    attempts: int
    policy: HttpPolicy | Any


def enqueue(
    tx: Transaction,
    subscription: Subscription,
    message: Message,
    kind: str,
    body: str,
    text: str,
    attributes: dict[str, Any] | None = None,
) -> None:
    """From the commit on, the message will be brought to the endpoint."""
    delivery = Delivery(
        subscription.endpoint, subscription.arn, message.id, kind, body, message.published_at,
        text, attributes is not None, attributes or {},
    )  # fmt: skip
    delivery_id = tx.kernel.ids.uuid()
    http_store.add(tx, delivery_id, msgspec.json.encode(delivery).decode())
    tx.set_timer(TIMER, delivery_id, tx.now, {"url": subscription.endpoint})


async def attempt(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: try once; then remove the row, set the next attempt, or give up."""
    egress = call.kernel.egress
    async with egress.place(payload["url"]):
        found = await call.read(_load, key, about=call.about)
        if found is None:
            return
        due: _Due = found
        at = call.now if payload.get("has_turn") else _turn(call, due)
        if at > call.now:
            await call.transaction(_wait_for_turn, key, due.delivery.url, at, about=call.about)
            return
        started_at = call.now
        status, answer, is_final = 0, "", False
        try:
            got = await egress.send(
                "POST", due.delivery.url, _headers(due), due.delivery.body.encode(),
                real_seconds=_ANSWER_SECONDS_MAX,
                until=call.now + _ANSWER_SECONDS_MAX * 1000,
            )  # fmt: skip
        except EgressFailed as failure:
            answer, is_final = failure.reason, failure.is_final
        else:
            status = got.status
            answer = got.body.decode("utf-8", "replace")
            # docs: sns-message-delivery-retries; all but 5xx and 429 are permanent failures.
            is_final = status < 500 and status != _TOO_MANY_REQUESTS
    tried = Attempt(due.attempts + 1, status, answer, call.now - started_at)
    await call.transaction(_conclude, key, tried, is_final, about=call.about)


def _turn(call: Call, due: _Due) -> int:
    """When the subscription's throttle lets the delivery through: each takes the next turn."""
    rate = due.policy.receives_per_second_max
    if not rate:
        return call.now
    turns: dict[str, float] = call.kernel.memory.setdefault(_TURNS, {})
    if len(turns) > _TURNS_MAX:
        turns.clear()
    arn = due.delivery.subscription_arn
    at = max(float(call.now), turns.get(arn, 0.0))
    turns[arn] = at + 1000 / rate
    return round(at)


def _wait_for_turn(tx: Transaction, key: str, url: str, at: int) -> None:
    tx.set_timer(TIMER, key, at, {"url": url, "has_turn": True})


def _headers(due: _Due) -> dict[str, str]:
    delivery = due.delivery
    topic_arn, _, _ = delivery.subscription_arn.rpartition(":")
    headers = {
        "x-amz-sns-message-type": delivery.kind,
        "x-amz-sns-message-id": delivery.message_id,
        "x-amz-sns-topic-arn": topic_arn,
        "Content-Type": due.policy.content_type,
        "User-Agent": _USER_AGENT,
    }
    if delivery.kind == "Notification":
        headers["x-amz-sns-subscription-arn"] = delivery.subscription_arn
    if delivery.is_raw:
        headers["x-amz-sns-rawdelivery"] = "true"
    return headers


def _load(tx: Transaction, key: str) -> _Due | None:
    row = http_store.read(tx, key)
    if row is None:
        return None
    delivery = msgspec.json.decode(row[0], type=Delivery)
    return _Due(delivery, row[1], _policy(tx, delivery))


def _policy(tx: Transaction, delivery: Delivery) -> HttpPolicy:
    """What is in force now; AWS's own where the topic or the subscription are gone."""
    found = store.seek(tx, tx.about)
    if found is None:
        return delivery_policies.HttpPolicy()
    topic, state = found
    subscription_id = topic_arns.id_of(delivery.subscription_arn)
    subscription = store.seek_subscription(tx, state.number, subscription_id)
    own = "" if subscription is None else subscription.attributes.delivery_policy
    return delivery_policies.effective(topic.attributes.values.get("DeliveryPolicy", ""), own)


def _conclude(tx: Transaction, key: str, tried: Attempt, is_final: bool) -> None:
    tx.finish_timer(TIMER, key)
    row = http_store.read(tx, key)
    if row is None:
        return
    delivery = msgspec.json.decode(row[0], type=Delivery)
    is_delivered = 200 <= tried.status < 300
    if not is_delivered and not is_final:
        pause_ms = _policy(tx, delivery).phases.pause_ms(tried.number)
        if pause_ms is not None:
            http_store.note_attempts(tx, key, tried.number)
            tx.set_timer(TIMER, key, tx.now + pause_ms, {"url": delivery.url})
            return
    http_store.remove(tx, key)
    found = store.seek(tx, tx.about)
    if found is None or delivery.kind != "Notification":
        return
    topic, state = found
    status_logs.write(
        tx, topic, "HTTP", delivery.url, delivery.message_id, delivery.text,
        delivery.published_at, tried, is_delivered,
    )  # fmt: skip
    subscription_id = topic_arns.id_of(delivery.subscription_arn)
    subscription = store.seek_subscription(tx, state.number, subscription_id)
    if is_delivered or subscription is None or not subscription.attributes.dead_letter_arn:
        return
    attributes = {"MessageAttributes": delivery.attributes} if delivery.attributes else {}
    tx.deliver(
        to=subscription.attributes.dead_letter_arn, payload=delivery.body.encode(),
        because=topic.arn, attributes=attributes,
    )  # fmt: skip
