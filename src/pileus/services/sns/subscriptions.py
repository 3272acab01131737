"""Operations on subscriptions: make, end, list, and their attributes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel import pagination
from pileus.services.sns import (
    confirmations,
    errors,
    protocols,
    replays,
    store,
    subscription_attributes,
    subscription_listing,
    topic_arns,
    topic_attributes,
    topics,
)
from pileus.services.sns.store import Subscription
from pileus.services.sns.subscription_attributes import Subscriber, SubscriptionAttributes

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.sns.store import Topic

PENDING = "pending confirmation"
# docs: sns-quotas
FILTER_POLICIES_MAX = 200
SUBSCRIPTIONS_MAX = 12_500_000
_FIFO_SUBSCRIPTIONS_MAX = 100


def subscribe(
    call: Call,
    *,
    topic_arn: str,
    protocol: str,
    endpoint: str | None = None,
    attributes: dict[str, str] | None = None,
    return_subscription_arn: bool = False,
) -> dict[str, Any]:
    tx, arn = call.tx, call.about
    endpoint = protocols.check_endpoint(protocol, endpoint, arn)
    subscriber = Subscriber(protocol, endpoint, arn)
    given = dict(attributes or {})
    replay_policy = given.pop("ReplayPolicy", "")
    wanted = subscription_attributes.of_request(given, subscriber)
    topic, state = store.find(tx, arn)
    existing = store.find_by_endpoint(tx, state.number, protocol, endpoint, call.account)
    if existing is not None:
        if given and _differ(existing.attributes, wanted):
            raise errors.invalid_because(
                "Attributes", "Subscription already exists with different attributes"
            )
        if not existing.is_confirmed:
            confirmations.ask(call, topic, existing)
        return _answer(existing, return_subscription_arn)
    _check_room(call, topic, state, protocol, wanted)
    is_confirmed = not protocols.must_confirm(protocol, endpoint, call.account)
    subscription = Subscription(
        f"{arn}:{tx.kernel.ids.uuid()}", protocol, endpoint, call.account, is_confirmed, tx.now,
        "" if is_confirmed else confirmations.new_token(tx), wanted,
    )  # fmt: skip
    store.subscribe(tx, state.number, subscription)
    subscription_listing.enlist(tx, subscription)
    if not is_confirmed:
        confirmations.await_answer(tx, subscription)
        confirmations.ask(call, topic, subscription)
    if replay_policy:
        _set_replay(call, topic, state.number, subscription, replay_policy)
    return _answer(subscription, return_subscription_arn)


def _differ(existing: SubscriptionAttributes, wanted: SubscriptionAttributes) -> bool:
    bare = msgspec.structs.replace(
        existing,
        authenticates_unsubscribe=False,
        was_confirmed_with_signature=True,
        replay_policy="",
        replay_status="",
        replayed_at=0,
    )
    return bare != wanted


def _answer(subscription: Subscription, wants_arn: bool) -> dict[str, Any]:
    shows_arn = subscription.is_confirmed or wants_arn
    return {"SubscriptionArn": subscription.arn if shows_arn else PENDING}


def _check_room(
    call: Call, topic: Topic, state: store.State, protocol: str, wanted: SubscriptionAttributes
) -> None:
    """Raise AWS's errors for subscriptions that the topic has no room for."""
    total = state.confirmed + state.pending
    at_most = _FIFO_SUBSCRIPTIONS_MAX if topic.attributes.is_fifo else SUBSCRIPTIONS_MAX
    if total >= at_most:
        raise errors.subscription_limit_exceeded()
    if topic.attributes.message_bytes_max > topic_attributes.MESSAGE_BYTES_DEFAULT and (
        total >= topic_attributes.LARGE_SUBSCRIPTIONS_MAX
        or protocol not in topic_attributes.LARGE_PROTOCOLS
    ):
        raise errors.invalid_because(
            "Protocol",
            "a topic that takes messages above 256 KiB has at most 100 subscriptions, all of them "
            "Amazon SQS, Amazon Data Firehose, or Lambda",
        )
    if wanted.filter_policy:
        _check_filters(call, topic, state)


def _check_filters(call: Call, topic: Topic, state: store.State) -> None:
    """Raise AWS's errors where there is no room for another filter policy."""
    if call.kernel.quotas.is_enforced:
        found = store.subscribers(call.tx, topic, state)
        if sum(1 for each in found if each.filter_policy) >= FILTER_POLICIES_MAX:
            raise errors.filter_policy_limit_exceeded("topic")
        subscription_listing.check_filters(call.tx)


def unsubscribe(call: Call, *, subscription_arn: str) -> None:
    end(call, subscription_arn)


def end(call: Call, subscription_arn: str) -> None:
    """Take a subscription away; AWS does not mind if it is gone already."""
    tx = call.tx
    found = store.seek(tx, call.about)
    if found is None:
        return
    number = found[1].number
    subscription = store.seek_subscription(tx, number, topic_arns.id_of(subscription_arn))
    if subscription is None:
        return
    if not subscription.is_confirmed:
        raise errors.invalid_because(
            "SubscriptionArn",
            "This operation cannot be performed on a subscription that is pending confirmation",
        )
    remove(tx, number, subscription)


def end_by_link(call: Call, subscription_arn: str) -> None:
    """Follow a link without a signature; the endpoint is told how to come back."""
    found = store.seek(call.tx, call.about)
    if found is None:
        return
    topic, state = found
    subscription = store.seek_subscription(
        call.tx, state.number, topic_arns.id_of(subscription_arn)
    )
    if subscription is None:
        return
    if subscription.attributes.authenticates_unsubscribe:
        raise errors.authorization_error(
            "This subscription can only be ended by a request that is signed"
        )
    end(call, subscription_arn)
    if subscription.protocol in ("http", "https"):
        confirmations.say_goodbye(call, topic, subscription)
        subscription_listing.enlist(call.tx, subscription)


def remove(tx: Transaction, topic: int, subscription: Subscription) -> None:
    store.unsubscribe(tx, topic, subscription)
    subscription_listing.delist(tx, subscription)


# Lists.


def list_subscriptions_by_topic(
    call: Call, *, topic_arn: str, next_token: str | None = None
) -> dict[str, Any]:
    after = topics.position_after(next_token)
    _, state = store.find(call.tx, call.about)
    page = store.page_of_subscriptions(call.tx, state.number, after, topics.PAGE + 1)
    answer: dict[str, Any] = {"Subscriptions": [_shown(each) for each in page[: topics.PAGE]]}
    if len(page) > topics.PAGE:
        answer["NextToken"] = pagination.encode(page[topics.PAGE - 1].id)
    return answer


async def list_subscriptions(call: Call, *, next_token: str | None = None) -> dict[str, Any]:
    after = topics.position_after(next_token)
    page = await call.read(_listed, after, about=call.about)
    by_topic: dict[str, list[str]] = {}
    for _, arn in page[: topics.PAGE]:
        by_topic.setdefault(arn.rpartition(":")[0], []).append(arn)
    found = await asyncio.gather(
        *(call.read(_load, arns, about=topic) for topic, arns in by_topic.items())
    )
    answer: dict[str, Any] = {"Subscriptions": [each for shown in found for each in shown]}
    if len(page) > topics.PAGE:
        answer["NextToken"] = pagination.encode(page[topics.PAGE - 1][0])
    return answer


def _listed(tx: Transaction, after: str) -> list[tuple[str, str]]:
    return tx.listed(subscription_listing.KIND, at_most=topics.PAGE + 1, after=after)


def _load(tx: Transaction, arns: list[str]) -> list[dict[str, str]]:
    found = store.seek(tx, tx.about)
    if found is None:
        return []
    loaded = [store.seek_subscription(tx, found[1].number, topic_arns.id_of(arn)) for arn in arns]
    return [_shown(each) for each in loaded if each is not None]


def _shown(subscription: Subscription) -> dict[str, str]:
    return {
        "SubscriptionArn": (
            subscription.arn if subscription.is_confirmed else "PendingConfirmation"
        ),
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": protocols.shown_endpoint(subscription.endpoint),
        "TopicArn": subscription.topic_arn,
    }


# Attributes.


def get_subscription_attributes(call: Call, *, subscription_arn: str) -> dict[str, Any]:
    topic, state = _topic(call)
    subscription = store.find_subscription(call.tx, state.number, subscription_arn)
    shown = {
        "SubscriptionArn": subscription.arn,
        "TopicArn": topic.arn,
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": protocols.shown_endpoint(subscription.endpoint),
        "PendingConfirmation": "false" if subscription.is_confirmed else "true",
        "ConfirmationWasAuthenticated": (
            "true"
            if subscription.is_confirmed and subscription.attributes.was_confirmed_with_signature
            else "false"
        ),
        "SubscriptionPrincipal": f"arn:{call.partition}:iam::{subscription.owner}:root",
    }
    delivery_policy = topic.attributes.values.get("DeliveryPolicy", "")
    shown |= subscription_attributes.print_all(subscription.attributes, delivery_policy)
    return {"Attributes": shown}


def set_subscription_attributes(
    call: Call,
    *,
    subscription_arn: str,
    attribute_name: str,
    attribute_value: str | None = None,
) -> None:
    topic, state = _topic(call)
    subscription = store.find_subscription(call.tx, state.number, subscription_arn)
    if attribute_name == "ReplayPolicy":
        _set_replay(call, topic, state.number, subscription, attribute_value or "")
        return
    attributes = subscription_attributes.with_value(
        subscription.attributes, attribute_name, attribute_value or "", subscription.subscriber
    )
    changed = msgspec.structs.replace(subscription, attributes=attributes)
    if attributes.filter_policy and not subscription.attributes.filter_policy:
        _check_filters(call, topic, state)
    subscription_listing.change_filter(call.tx, subscription, changed)
    store.change_subscription(call.tx, state.number, changed)


def _set_replay(
    call: Call, topic: Topic, number: int, subscription: Subscription, policy: str
) -> None:
    """Begin a replay, or end one where the policy is empty."""
    is_ended = policy.strip() in ("", "{}")
    if not is_ended:
        replays.parse(policy)
        replays.begin(call, topic, subscription)
    attributes = msgspec.structs.replace(
        subscription.attributes,
        replay_policy="" if is_ended else policy,
        replay_status="" if is_ended else replays.PENDING,
        replayed_at=call.now,
    )
    changed = msgspec.structs.replace(subscription, attributes=attributes)
    store.change_subscription(call.tx, number, changed)


def _topic(call: Call) -> tuple[Topic, store.State]:
    found = store.seek(call.tx, call.about)
    if found is None:
        raise errors.subscription_does_not_exist()
    return found


def expire(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: an endpoint that has not confirmed in time is no longer waited for."""
    found = store.seek(call.tx, call.about)
    if found is None:
        return
    subscription = store.seek_subscription(call.tx, found[1].number, key)
    if subscription is not None and not subscription.is_confirmed:
        remove(call.tx, found[1].number, subscription)
