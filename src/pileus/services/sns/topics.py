"""Operations on topics: create, delete, list, and their attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.kernel import pagination
from pileus.kernel.errors import AwsError
from pileus.services.sns import (
    data_protection,
    errors,
    fifo,
    store,
    subscription_listing,
    topic_arns,
    topic_attributes,
    topic_tags,
)
from pileus.services.sns.topic_attributes import LARGE_SUBSCRIPTIONS_MAX, TopicAttributes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.sns.store import State, Topic

PAGE = 100
KIND = "topic"
DROP_TIMER = "sns:drop"
_DROPPED_AT_ONCE = 100
# docs: API_CreateTopic
TOPICS_MAX = 100_000
FIFO_TOPICS_MAX = 1_000


def create_topic(
    call: Call,
    *,
    name: str,
    attributes: dict[str, str] | None = None,
    tags: list[dict[str, str]] | None = None,
    data_protection_policy: str | None = None,
) -> dict[str, Any]:
    tx, arn = call.tx, call.about
    wanted = topic_attributes.of_request(attributes or {}, arn)
    wanted_tags = topic_tags.parse(tags or [])
    policy = data_protection.check(data_protection_policy) if data_protection_policy else ""
    found = store.seek(tx, arn)
    if found is not None:
        if topic_attributes.differ(found[0].attributes, wanted):
            raise errors.invalid_because(
                "Attributes", "Topic already exists with different attributes"
            )
        if tags is not None and tx.tags(arn) != wanted_tags:
            raise errors.invalid_because("Tags", "Topic already exists with different tags")
        return {"TopicArn": arn}
    if tx.kernel.quotas.is_enforced:
        _check_count(tx, is_fifo=wanted.is_fifo)
    topic_tags.check({}, wanted_tags)
    store.insert(tx, arn, wanted, policy)
    if wanted.archive_days:
        topic, state = store.find(tx, arn)
        fifo.keep_archive(call, state, topic)
    tx.put_tags(arn, wanted_tags)
    tx.enlist(KIND, name, arn)
    return {"TopicArn": arn}


def _check_count(tx: Transaction, *, is_fifo: bool) -> None:
    """Raise AWS's error where the account has no room for another topic of a kind."""
    fifo_topics = tx.count_listed(KIND, at_most=FIFO_TOPICS_MAX, ending=topic_arns.FIFO_SUFFIX)
    if is_fifo:
        is_full = fifo_topics >= FIFO_TOPICS_MAX
    else:
        at_most = TOPICS_MAX + fifo_topics
        is_full = tx.count_listed(KIND, at_most=at_most) >= at_most
    if is_full:
        raise errors.topic_limit_exceeded()


def delete_topic(call: Call, *, topic_arn: str) -> None:
    tx, arn = call.tx, call.about
    found = store.seek(tx, arn)
    if found is None:
        return
    if found[0].attributes.archive_days:
        raise errors.archive_is_active()
    store.delete(tx, arn)
    tx.remove_tags(arn, list(tx.tags(arn)))
    tx.delist(KIND, topic_arns.name_of(arn))
    tx.set_timer(DROP_TIMER, str(found[1].number), tx.now)


def drop(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove what a deleted topic has left, a page at a time."""
    tx = call.tx
    number = int(key)
    page = store.page_of_subscriptions(tx, number, "", _DROPPED_AT_ONCE)
    for subscription in page:
        store.drop_subscription(tx, number, subscription.id)
        subscription_listing.delist(tx, subscription)
    removed = store.drop_records(tx, number, _DROPPED_AT_ONCE)
    if len(page) == _DROPPED_AT_ONCE or removed:
        tx.set_timer(DROP_TIMER, key, tx.now)


def list_topics(call: Call, *, next_token: str | None = None) -> dict[str, Any]:
    after = position_after(next_token)
    page = call.tx.listed(KIND, at_most=PAGE + 1, after=after)
    answer: dict[str, Any] = {"Topics": [{"TopicArn": arn} for _, arn in page[:PAGE]]}
    if len(page) > PAGE:
        answer["NextToken"] = pagination.encode(page[PAGE - 1][0])
    return answer


def get_topic_attributes(call: Call, *, topic_arn: str) -> dict[str, Any]:
    topic, state = store.find(call.tx, call.about)
    shown = topic_attributes.print_all(call.about, topic.attributes)
    shown |= {
        "SubscriptionsConfirmed": str(state.confirmed),
        "SubscriptionsPending": str(state.pending),
        "SubscriptionsDeleted": str(state.deleted),
    }
    if topic.attributes.archive_days:
        begin = max(topic.created_at, call.now - topic.attributes.archive_days * 86_400_000)
        shown["BeginningArchiveTime"] = topic_attributes.instant(begin)
    return {"Attributes": shown}


def set_topic_attributes(
    call: Call, *, topic_arn: str, attribute_name: str, attribute_value: str | None = None
) -> None:
    topic, state = store.find(call.tx, call.about)
    changed = topic.attributes.with_value(attribute_name, attribute_value or "", call.about)
    if attribute_name == "MaximumMessageSize":
        _check_large(call, topic, state, changed)
    store.update(call.tx, call.about, changed, topic.data_protection)
    if attribute_name == "ArchivePolicy":
        fifo.keep_archive(call, state, topic)


def _check_large(call: Call, topic: Topic, state: State, changed: TopicAttributes) -> None:
    """Only topics with few and fast subscribers take messages of more than 256 KiB."""
    if changed.message_bytes_max <= topic_attributes.MESSAGE_BYTES_DEFAULT:
        return
    if state.confirmed + state.pending > LARGE_SUBSCRIPTIONS_MAX:
        raise _too_large("the topic has too many subscriptions")
    page = store.page_of_subscriptions(call.tx, state.number, "", LARGE_SUBSCRIPTIONS_MAX)
    if any(each.protocol not in topic_attributes.LARGE_PROTOCOLS for each in page):
        raise _too_large("the topic has subscriptions of other protocols")


def _too_large(reason: str) -> AwsError:
    return errors.invalid_because(
        "MaximumMessageSize",
        f"a value above {topic_attributes.MESSAGE_BYTES_DEFAULT} needs at most "
        f"{LARGE_SUBSCRIPTIONS_MAX} subscriptions, all of them Amazon SQS, Amazon Data Firehose, "
        f"or Lambda: {reason}",
    )


def position_after(next_token: str | None) -> str:
    """Where the next page begins; raises AWS's error for a token that is not ours."""
    if not next_token:
        return ""
    try:
        (position,) = pagination.decode(next_token, str)
    except pagination.InvalidToken as error:
        raise errors.invalid_parameter("NextToken") from error
    return str(position)
