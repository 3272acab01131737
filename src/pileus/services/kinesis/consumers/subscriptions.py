"""SubscribeToShard: records of a shard, sent on as they come."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pileus.kernel.call import Call
from pileus.kernel.clock import Clock
from pileus.kernel.shards import topics
from pileus.kernel.transaction import Transaction
from pileus.kernel.waiting import Watch
from pileus.services.kinesis import (
    errors,
    measures,
    pages,
    positions,
    reads,
    sequence_numbers,
    states,
    throttles,
)
from pileus.services.kinesis.consumers import registrations
from pileus.services.kinesis.pages import Page
from pileus.services.kinesis.positions import Start
from pileus.services.kinesis.shards import Shard
from pileus.services.kinesis.store import Stream

# docs: API_SubscribeToShard, "for up to 5 minutes"; another call may take over after 5 seconds.
SESSION_MS = 300_000
TAKE_OVER_MS = 5_000
# AWS sends an event now and then though nothing has come, by which clients know that it lives.
_HEARTBEAT_SECONDS = 5.0
# Records of a busy shard are sent together: an event costs as much as several hundred of them.
# docs: building-consumers, AWS takes 70 ms to tell of a record; after a pause we tell at once.
GATHER_MS = 50
_EVENT_RECORDS_MAX = 2_000
_EVENT_BYTES_MAX = 2 * 1024 * 1024
_MEMORY = "kinesis subscriptions"
_REMEMBERED = 10_000


@dataclass(eq=False)
class Subscription:
    """One call's hold on a shard; the last one has it."""

    consumer_arn: str
    shard_id: str
    began_at: int
    position: int = 0

    @property
    def consumer_name(self) -> str:
        return self.consumer_arn.rpartition("/")[2].rpartition(":")[0]


class Begin(NamedTuple):
    """Where a subscription begins."""

    # The whole id: AWS takes the bare number too.
    shard_id: str
    position: int


class News(NamedTuple):
    """What a look at the shard has found."""

    page: Page
    # In the form that the call's answer takes.
    records: Any
    continuation: str
    children: list[dict[str, Any]]


_Key = tuple[str, str]


def _topic(key: _Key) -> str:
    return "/".join(key)


async def subscribe_to_shard(
    call: Call,
    *,
    consumer_arn: str,
    shard_id: str,
    starting_position: Mapping[str, Any],
    dry_run: bool = False,
) -> dict[str, Any]:
    start = Start(
        starting_position["Type"],
        starting_position.get("SequenceNumber"),
        starting_position.get("Timestamp"),
    )
    begun: Begin = await call.read(begin, consumer_arn, shard_id, start, about=call.about)
    if dry_run:
        raise errors.dry_run()
    subscription = Subscription(consumer_arn, begun.shard_id, call.now, begun.position)
    _take_over(call, subscription)
    measures.note_subscription(call, subscription.consumer_name, True)
    return {"EventStream": _session(call, subscription)}


def begin(tx: Transaction, consumer_arn: str, shard_id: str, start: Start) -> Begin:
    """Step: check consumer and shard."""
    stream, consumer = registrations.find(tx, tx.about, None, consumer_arn)
    if consumer.status != states.ACTIVE:
        raise errors.consumer_not_active(consumer.name, consumer.created_at, stream.arn)
    shard = positions.visible_shard(tx, stream, shard_id)
    return Begin(shard.id, positions.resolve(tx, stream, shard, start))


def _subscriptions(call: Call) -> dict[_Key, Subscription]:
    found: dict[_Key, Subscription] = call.kernel.memory.setdefault(_MEMORY, {})
    return found


def _take_over(call: Call, subscription: Subscription) -> None:
    """Be the one that has the shard. Raises ResourceInUseException soon after another."""
    held = _subscriptions(call)
    key = (subscription.consumer_arn, subscription.shard_id)
    other = held.get(key)
    now = subscription.began_at
    if other is not None and now - other.began_at < TAKE_OVER_MS:
        name = subscription.consumer_name
        measures.note_subscription(call, name, False)
        raise errors.subscription_exists(call.about, subscription.shard_id, name)
    if len(held) >= _REMEMBERED:
        for old_key in [old for old, each in held.items() if now - each.began_at > SESSION_MS]:
            del held[old_key]
    held[key] = subscription
    # Whoever has had it until now learns that it is over.
    call.kernel.waiting.wake(_topic(key))


async def _session(call: Call, subscription: Subscription) -> AsyncIterator[dict[str, Any]]:
    clock = call.kernel.clock
    held = _subscriptions(call)
    key = (subscription.consumer_arn, subscription.shard_id)
    ends_at = subscription.began_at + SESSION_MS
    real_end = clock.monotonic_ms() + SESSION_MS
    is_first = True
    sent_ms = -math.inf
    wakes = (
        topics.records_of(call.about, subscription.shard_id), topics.shards_of(call.about),
        _topic(key),
    )  # fmt: skip
    async with call.watching(*wakes) as changed:
        while call.is_connected():
            if held.get(key) is not subscription:
                name = subscription.consumer_name
                raise errors.subscription_exists(call.about, subscription.shard_id, name)
            news: News = await call.read(
                look,
                subscription.consumer_arn,
                subscription.shard_id,
                subscription.position,
                call.protocol,
                about=call.about,
            )
            subscription.position = news.page.goes_on_at
            if news.page.record_count or news.page.is_at_end or is_first:
                measures.note_event(call, subscription.consumer_name, news.page)
                yield {"SubscribeToShardEvent": _event(news)}
                if news.page.record_count:
                    sent_ms = clock.monotonic_ms()
            is_first = False
            if news.page.is_at_end or call.now >= ends_at or clock.monotonic_ms() >= real_end:
                return
            # Records may have come meanwhile.
            if await _rest(call, changed, news.page.size_bytes):
                continue
            if news.page.millis_behind or news.page.record_count >= _EVENT_RECORDS_MAX:
                continue
            while not await changed(until=ends_at, real_seconds=_HEARTBEAT_SECONDS):
                if call.now >= ends_at or not call.is_connected():
                    return
                yield {"SubscribeToShardEvent": {**_event(news), "Records": []}}
            await gather(clock, sent_ms)


async def gather(clock: Clock, sent_ms: float) -> None:
    """Let records come until the last event is so long ago, by the real clock."""
    left_ms = sent_ms + GATHER_MS - clock.monotonic_ms()
    if left_ms > 0:
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await clock.wait(never, real_seconds=left_ms / 1000)


async def _rest(call: Call, changed: Watch, size_bytes: int) -> bool:
    """Wait as long as what was sent takes, where AWS's rates are in force; whether it waited.

    docs: service-sizes-and-limits, 2 MB a second for each consumer of a shard
    """
    if not call.kernel.quotas.is_enforced or not size_bytes:
        return False
    clock = call.kernel.clock
    milliseconds = 1000 * size_bytes // throttles.READ_BYTES_PER_SECOND
    until, real_end = call.now + milliseconds, clock.monotonic_ms() + milliseconds
    while call.now < until and clock.monotonic_ms() < real_end and call.is_connected():
        await changed(until=until, real_seconds=(real_end - clock.monotonic_ms()) / 1000)
    return True


def _event(news: News) -> dict[str, Any]:
    event: dict[str, Any] = {
        "Records": news.records,
        "MillisBehindLatest": news.page.millis_behind,
    }
    if news.page.is_at_end:
        event["ChildShards"] = news.children
    else:
        event["ContinuationSequenceNumber"] = news.continuation
    return event


def look(tx: Transaction, consumer_arn: str, shard_id: str, position: int, protocol: str) -> News:
    """Step: the next records, while consumer and shard are there."""
    stream, _ = registrations.find(tx, tx.about, None, consumer_arn)
    shard = positions.visible_shard(tx, stream, shard_id)
    page = pages.read(tx, stream, shard, position, _EVENT_RECORDS_MAX, _EVENT_BYTES_MAX, protocol)
    records = reads.records_of(tx, stream, shard, page, protocol)
    children = reads.child_shards(tx, stream, shard) if page.is_at_end else []
    return News(page, records, _continuation(stream, shard, page.goes_on_at), children)


def _continuation(stream: Stream, shard: Shard, position: int) -> str:
    """The number after which to go on, which need not be a record's."""
    base = sequence_numbers.stream_base(stream.created_at, stream.stream_id)
    return sequence_numbers.of(base, shard.number, max(0, position - 1))
