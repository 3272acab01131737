"""Rows of topics and their subscriptions, and what was parsed of them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pileus.kernel.revised import Revised
from pileus.kernel.transaction import Row, Transaction
from pileus.languages.filter_policies import FilterPolicy
from pileus.services.sns import errors, filters
from pileus.services.sns.subscription_attributes import Subscriber, SubscriptionAttributes
from pileus.services.sns.topic_attributes import TopicAttributes

# Topics, and subscriptions of them all, whose settings are kept in memory.
_TOPICS_CACHED_MAX = 10_000
_SUBSCRIPTIONS_CACHED_MAX = 100_000
# Subscriptions that share the commit of a publish; the others follow in pages of as many.
LEAVES_MAX = 1_000


class State(NamedTuple):
    """The row that changes with subscriptions and messages."""

    number: int
    revision: int
    position: int
    confirmed: int
    pending: int
    deleted: int
    forgets_at: int


class Subscription(msgspec.Struct, frozen=True):
    """A subscription, and its filter policy ready for use."""

    arn: str
    protocol: str
    endpoint: str
    owner: str
    is_confirmed: bool
    created_at: int
    token: str
    attributes: SubscriptionAttributes
    filter_policy: FilterPolicy | None = None

    @property
    def id(self) -> str:
        return self.arn.rpartition(":")[2]

    @property
    def topic_arn(self) -> str:
        return self.arn.rpartition(":")[0]

    @property
    def subscriber(self) -> Subscriber:
        return Subscriber(self.protocol, self.endpoint, self.topic_arn)


class Topic(msgspec.Struct):
    """A topic's settings as they were at one revision; subscribers are read when first needed."""

    arn: str
    created_at: int
    attributes: TopicAttributes
    data_protection: str
    subscribers: tuple[Subscription, ...] | None = None


_STATE = "number, revision, position, confirmed, pending, deleted, forgets_at"
_FIND = f"SELECT {_STATE} FROM sns_topics WHERE part = :part AND arn = :arn"
_ADVANCE = f"""
UPDATE sns_topics SET position = position + :count WHERE part = :part AND arn = :arn
RETURNING {_STATE}
"""
_INSERT = """
INSERT INTO sns_topics (part, arn, number, revision, position, confirmed, pending, deleted,
  forgets_at)
VALUES (:part, :arn, :number, :revision, 0, 0, 0, 0, 0)
"""
_DELETE = "DELETE FROM sns_topics WHERE part = :part AND arn = :arn"
_REVISE = """
UPDATE sns_topics SET revision = :revision, confirmed = confirmed + :confirmed,
  pending = pending + :pending, deleted = deleted + :deleted
WHERE part = :part AND arn = :arn
"""
_SET_FORGETS = "UPDATE sns_topics SET forgets_at = :at WHERE part = :part AND arn = :arn"
_SETTINGS = """
SELECT created_at, attributes, data_protection FROM sns_topic_settings
WHERE part = :part AND arn = :arn
"""
_INSERT_SETTINGS = """
INSERT INTO sns_topic_settings (part, arn, created_at, attributes, data_protection)
VALUES (:part, :arn, :now, :attributes, :data_protection)
"""
_UPDATE_SETTINGS = """
UPDATE sns_topic_settings SET attributes = :attributes, data_protection = :data_protection
WHERE part = :part AND arn = :arn
"""
_DELETE_SETTINGS = "DELETE FROM sns_topic_settings WHERE part = :part AND arn = :arn"

_SUBSCRIPTION = "id, protocol, endpoint, owner, is_confirmed, created_at, token, settings"
_FIND_SUBSCRIPTION = f"""
SELECT {_SUBSCRIPTION} FROM sns_subscriptions
WHERE part = :part AND topic = :topic AND id = :id
"""
_FIND_BY_ENDPOINT = f"""
SELECT {_SUBSCRIPTION} FROM sns_subscriptions
WHERE part = :part AND topic = :topic AND protocol = :protocol AND endpoint = :endpoint
  AND owner = :owner
ORDER BY id LIMIT 1
"""
_PAGE = f"""
SELECT {_SUBSCRIPTION} FROM sns_subscriptions
WHERE part = :part AND topic = :topic AND id > :after ORDER BY id LIMIT :limit
"""
_CONFIRMED_PAGE = f"""
SELECT {_SUBSCRIPTION} FROM sns_subscriptions
WHERE part = :part AND topic = :topic AND id > :after AND is_confirmed = 1
ORDER BY id LIMIT :limit
"""
_SUBSCRIBE = """
INSERT INTO sns_subscriptions (part, topic, id, protocol, endpoint, owner, is_confirmed,
  created_at, token, settings)
VALUES (:part, :topic, :id, :protocol, :endpoint, :owner, :is_confirmed, :created_at, :token,
  :settings)
"""
_CHANGE_SUBSCRIPTION = """
UPDATE sns_subscriptions SET is_confirmed = :is_confirmed, token = :token, settings = :settings
WHERE part = :part AND topic = :topic AND id = :id
"""
_UNSUBSCRIBE = "DELETE FROM sns_subscriptions WHERE part = :part AND topic = :topic AND id = :id"

_KEEP_MESSAGE = """
INSERT INTO sns_messages (part, topic, id, message) VALUES (:part, :topic, :id, :message)
"""
_KEPT_MESSAGE = """
SELECT message FROM sns_messages WHERE part = :part AND topic = :topic AND id = :id
"""
_DROP_MESSAGE = "DELETE FROM sns_messages WHERE part = :part AND topic = :topic AND id = :id"

_DROP_ARCHIVE = """
DELETE FROM sns_archive WHERE part = :part AND topic = :topic AND position IN (
  SELECT position FROM sns_archive WHERE part = :part AND topic = :topic LIMIT :limit)
"""
_DROP_DEDUPLICATION = """
DELETE FROM sns_deduplication WHERE part = :part AND topic = :topic AND digest IN (
  SELECT digest FROM sns_deduplication WHERE part = :part AND topic = :topic LIMIT :limit)
"""
_DROP_MESSAGES = """
DELETE FROM sns_messages WHERE part = :part AND topic = :topic AND id IN (
  SELECT id FROM sns_messages WHERE part = :part AND topic = :topic LIMIT :limit)
"""

_SIGNING = "SELECT private_key, certificate FROM sns_signing WHERE part = :part"
_KEEP_SIGNING = """
INSERT INTO sns_signing (part, private_key, certificate)
VALUES (:part, :private_key, :certificate) ON CONFLICT (part) DO NOTHING
"""


class _Known(Revised[Topic]):
    """Topics, of which those with many subscriptions count for more."""

    _subscriptions = 0

    def note_subscribers(self, count: int) -> None:
        self._subscriptions += count
        if self._subscriptions > _SUBSCRIPTIONS_CACHED_MAX:
            self.clear()

    def clear(self) -> None:
        super().clear()
        self._subscriptions = 0


def _read_settings(tx: Transaction, arn: str) -> Topic:
    row = tx.one(_SETTINGS, arn=arn)
    assert row is not None, f"{arn} has no settings"
    return Topic(arn, row[0], msgspec.json.decode(row[1], type=TopicAttributes), row[2])


_known = _Known(_read_settings, _TOPICS_CACHED_MAX)


def seek(tx: Transaction, arn: str) -> tuple[Topic, State] | None:
    """The topic, or None."""
    found: tuple[Topic, State] | None = tx.known.get(arn)
    if found is None:
        row = tx.one(_FIND, arn=arn)
        if row is None:
            return None
        state = State(*row)
        found = tx.known[arn] = (_known.of(tx, arn, state.revision), state)
    return found


def find(tx: Transaction, arn: str) -> tuple[Topic, State]:
    """The topic; raises NotFound."""
    found = seek(tx, arn)
    if found is None:
        raise errors.topic_does_not_exist()
    return found


def advance(tx: Transaction, arn: str, count: int) -> tuple[Topic, State]:
    """Make room for `count` messages, whose last has the state's position; else as `find`."""
    tx.known.pop(arn, None)
    row = tx.one(_ADVANCE, arn=arn, count=count)
    if row is None:
        raise errors.topic_does_not_exist()
    state = State(*row)
    return _known.of(tx, arn, state.revision), state


def set_forgets_at(tx: Transaction, arn: str, at: int) -> None:
    tx.known.pop(arn, None)
    tx.run(_SET_FORGETS, arn=arn, at=at)


def insert(tx: Transaction, arn: str, attributes: TopicAttributes, data_protection: str) -> None:
    tx.run(_INSERT, arn=arn, number=_number(tx), revision=_number(tx))
    tx.run(_INSERT_SETTINGS, arn=arn, attributes=_text(attributes), data_protection=data_protection)


def update(tx: Transaction, arn: str, attributes: TopicAttributes, data_protection: str) -> None:
    _revise(tx, arn)
    tx.run(_UPDATE_SETTINGS, arn=arn, attributes=_text(attributes), data_protection=data_protection)


def delete(tx: Transaction, arn: str) -> None:
    tx.known.pop(arn, None)
    tx.run(_DELETE, arn=arn)
    tx.run(_DELETE_SETTINGS, arn=arn)


def _revise(
    tx: Transaction, arn: str, confirmed: int = 0, pending: int = 0, deleted: int = 0
) -> None:
    tx.known.pop(arn, None)
    tx.run(
        _REVISE, arn=arn, revision=_number(tx), confirmed=confirmed, pending=pending,
        deleted=deleted,
    )  # fmt: skip


# Subscriptions.


def find_subscription(tx: Transaction, topic: int, arn: str) -> Subscription:
    """The subscription; raises NotFound."""
    row = tx.one(_FIND_SUBSCRIPTION, topic=topic, id=arn.rpartition(":")[2])
    if row is None:
        raise errors.subscription_does_not_exist()
    return _subscription(tx.about, row)


def seek_subscription(tx: Transaction, topic: int, subscription_id: str) -> Subscription | None:
    row = tx.one(_FIND_SUBSCRIPTION, topic=topic, id=subscription_id)
    return None if row is None else _subscription(tx.about, row)


def find_by_endpoint(
    tx: Transaction, topic: int, protocol: str, endpoint: str, owner: str
) -> Subscription | None:
    row = tx.one(_FIND_BY_ENDPOINT, topic=topic, protocol=protocol, endpoint=endpoint, owner=owner)
    return None if row is None else _subscription(tx.about, row)


def page_of_subscriptions(
    tx: Transaction, topic: int, after: str, limit: int
) -> list[Subscription]:
    rows = tx.all(_PAGE, at_most=limit, topic=topic, after=after, limit=limit)
    return [_subscription(tx.about, row) for row in rows]


def subscribers(tx: Transaction, topic: Topic, state: State) -> tuple[Subscription, ...]:
    """The first confirmed subscriptions, ready to be handed messages."""
    if topic.subscribers is None:
        topic.subscribers = more_subscribers(tx, topic.arn, state.number, "")
        _known.note_subscribers(len(topic.subscribers))
    return topic.subscribers


def more_subscribers(tx: Transaction, arn: str, topic: int, after: str) -> tuple[Subscription, ...]:
    """The next confirmed subscriptions after an id."""
    rows = tx.all(_CONFIRMED_PAGE, at_most=LEAVES_MAX, topic=topic, after=after, limit=LEAVES_MAX)
    return tuple(compiled(_subscription(arn, row)) for row in rows)


def subscribe(tx: Transaction, topic: int, subscription: Subscription) -> None:
    tx.run(
        _SUBSCRIBE, topic=topic, id=subscription.id, protocol=subscription.protocol,
        endpoint=subscription.endpoint, owner=subscription.owner,
        is_confirmed=subscription.is_confirmed, created_at=subscription.created_at,
        token=subscription.token, settings=_text(subscription.attributes),
    )  # fmt: skip
    is_confirmed = subscription.is_confirmed
    _revise(tx, subscription.topic_arn, confirmed=is_confirmed, pending=not is_confirmed)


def change_subscription(
    tx: Transaction, topic: int, subscription: Subscription, confirmed: int = 0
) -> None:
    """Write changed settings; `confirmed` is 1 where it was pending until now."""
    tx.run(
        _CHANGE_SUBSCRIPTION, topic=topic, id=subscription.id,
        is_confirmed=subscription.is_confirmed, token=subscription.token,
        settings=_text(subscription.attributes),
    )  # fmt: skip
    _revise(tx, subscription.topic_arn, confirmed=confirmed, pending=-confirmed)


def unsubscribe(tx: Transaction, topic: int, subscription: Subscription) -> None:
    drop_subscription(tx, topic, subscription.id)
    is_confirmed = subscription.is_confirmed
    _revise(
        tx, subscription.topic_arn, confirmed=-is_confirmed, pending=is_confirmed - 1, deleted=1
    )


def drop_subscription(tx: Transaction, topic: int, subscription_id: str) -> None:
    """Remove the row of a subscription whose topic is gone."""
    tx.run(_UNSUBSCRIBE, topic=topic, id=subscription_id)


def _subscription(topic_arn: str, row: Row) -> Subscription:
    subscription_id, protocol, endpoint, owner, is_confirmed, created_at, token, settings = row
    return Subscription(
        f"{topic_arn}:{subscription_id}", protocol, endpoint, owner, bool(is_confirmed),
        created_at, token, msgspec.json.decode(settings, type=SubscriptionAttributes),
    )  # fmt: skip


def compiled(subscription: Subscription) -> Subscription:
    """The subscription with its filter policy ready for use."""
    attributes = subscription.attributes
    if not attributes.filter_policy:
        return subscription
    policy = filters.compile_policy(attributes.filter_policy, attributes.scope, "")
    if policy.is_empty:
        return subscription
    return msgspec.structs.replace(subscription, filter_policy=policy)


# Messages that are still on their way, and the signing key.


def keep_message(tx: Transaction, topic: int, message_id: str, message: str) -> None:
    tx.run(_KEEP_MESSAGE, topic=topic, id=message_id, message=message)


def kept_message(tx: Transaction, topic: int, message_id: str) -> str | None:
    row = tx.one(_KEPT_MESSAGE, topic=topic, id=message_id)
    return None if row is None else row[0]


def drop_message(tx: Transaction, topic: int, message_id: str) -> None:
    tx.run(_DROP_MESSAGE, topic=topic, id=message_id)


def drop_records(tx: Transaction, topic: int, limit: int) -> bool:
    """Remove other rows of a topic that is gone; whether there may be more."""
    removed = [
        tx.run(sql, topic=topic, limit=limit)
        for sql in (_DROP_MESSAGES, _DROP_ARCHIVE, _DROP_DEDUPLICATION)
    ]
    return max(removed) >= limit


def signing(tx: Transaction) -> tuple[str, str] | None:
    """The private key and the certificate, as PEM; None before the first start."""
    row = tx.one(_SIGNING)
    return None if row is None else (row[0], row[1])


def keep_signing(tx: Transaction, private_key: str, certificate: str) -> None:
    """Keep a new key, unless another process was first."""
    tx.run(_KEEP_SIGNING, private_key=private_key, certificate=certificate)


def _number(tx: Transaction) -> int:
    """A number that was never used: 47 random bits."""
    return int.from_bytes(tx.kernel.ids.token(6), "big") >> 1


def _text(settings: msgspec.Struct) -> str:
    return msgspec.json.encode(settings).decode()
