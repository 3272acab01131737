"""FIFO topics: messages in their order, each once in five minutes, archived where that is asked."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.sns import fifo_store, messages, store
from pileus.services.sns.messages import Message

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.services.sns.store import State, Topic

FORGET_TIMER = "sns:forget"
ARCHIVE_TIMER = "sns:archive"
# docs: fifo-message-dedup
DEDUPLICATION_MS = 300_000
_FORGOTTEN_AT_ONCE = 200
_EXPIRED_AT_ONCE = 100
_FIRST_SEQUENCE_NUMBER = 10**19
_SEQUENCE_NUMBER_BITS = 20
DAY_MS = 86_400_000


def number(call: Call, topic: Topic, message: Message) -> tuple[State, Message, bool]:
    """Give the message its place; the last is False where the same was published before."""
    tx = call.tx
    topic, state = store.advance(tx, topic.arn, 1)
    deduplication_id = message.deduplication_id or messages.content_digest(message)
    digest = _digest(topic, message.group_id, deduplication_id)
    span = tx.now // DEDUPLICATION_MS
    seen = fifo_store.seen(tx, state.number, (span, span - 1), digest, tx.now - DEDUPLICATION_MS)
    if seen is not None:
        earlier = msgspec.structs.replace(
            message, id=seen[0], sequence_number=_sequence_number(topic, seen[1])
        )
        return state, earlier, False
    fifo_store.remember(tx, state.number, span, digest, message.id, state.position)
    _keep_forgetting(call, topic, state)
    numbered = msgspec.structs.replace(
        message,
        deduplication_id=deduplication_id,
        sequence_number=_sequence_number(topic, state.position),
    )
    if topic.attributes.archive_days:
        text = msgspec.json.encode(numbered).decode()
        fifo_store.keep(tx, state.number, state.position, text)
    return state, numbered, True


def _sequence_number(topic: Topic, position: int) -> str:
    start = _FIRST_SEQUENCE_NUMBER + (topic.created_at << _SEQUENCE_NUMBER_BITS)
    return str(start + position)


def _digest(topic: Topic, group_id: str, deduplication_id: str) -> bytes:
    scope = group_id if topic.attributes.deduplicates_by_group else ""
    return blake2b(f"{scope}\n{deduplication_id}".encode(), digest_size=16).digest()


def _keep_forgetting(call: Call, topic: Topic, state: State) -> None:
    if state.forgets_at <= call.tx.now:
        at = (call.tx.now // DEDUPLICATION_MS + 2) * DEDUPLICATION_MS
        call.tx.set_timer(FORGET_TIMER, str(state.number), at)
        store.set_forgets_at(call.tx, topic.arn, at)


def forget(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: ids of spans that are over are forgotten, a page at a time."""
    tx = call.tx
    before = tx.now // DEDUPLICATION_MS - 1
    if fifo_store.forget(tx, int(key), before, _FORGOTTEN_AT_ONCE):
        tx.set_timer(FORGET_TIMER, key, tx.now)


def keep_archive(call: Call, state: State, topic: Topic) -> None:
    """See to it that archived messages go when their time is over."""
    if topic.attributes.is_fifo:
        call.tx.set_timer(ARCHIVE_TIMER, str(state.number), call.tx.now)


def expire(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove messages from the archive that are older than it keeps them."""
    tx = call.tx
    found = store.seek(tx, call.about)
    if found is None or found[1].number != int(key):
        return
    days = found[0].attributes.archive_days
    before = tx.now - days * DAY_MS if days else tx.now + 1
    if fifo_store.expire(tx, int(key), before, _EXPIRED_AT_ONCE):
        tx.set_timer(ARCHIVE_TIMER, key, tx.now)
    elif days:
        tx.set_timer(ARCHIVE_TIMER, key, tx.now + DAY_MS)
