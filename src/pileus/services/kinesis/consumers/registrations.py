"""Operations on consumers: register, deregister, describe, list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.shards import topics
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import deletion, errors, page_tokens, states, stream_names, tagging
from pileus.services.kinesis import store as stream_store
from pileus.services.kinesis.consumers import store
from pileus.services.kinesis.consumers.store import Consumer
from pileus.services.kinesis.queues import store as queue_store
from pileus.services.kinesis.store import Stream

TIMER = "kinesis:consumer-state"
# docs: API_RegisterStreamConsumer, of streams that are provisioned or on demand in the usual way
_REGISTERED_MAX = 20
_PAGE_MAX = 100
_CREATING_MS = 10_000
_DELETING_MS = 5_000


def register_stream_consumer(
    call: Call, *, stream_arn: str, consumer_name: str, tags: Mapping[str, str] | None = None
) -> dict[str, Any]:
    tx = call.tx
    stream = stream_store.find(tx, call.about)
    states.must_be_there(stream)
    tagging.check({}, tags or {})
    has_delays = tx.kernel.settings.aws_delays
    consumer = Consumer(
        name=consumer_name,
        arn=f"{stream.arn}/consumer/{consumer_name}:{tx.now // 1000}",
        created_at=tx.now,
        status=states.CREATING if has_delays else states.ACTIVE,
    )
    check_count(tx, stream)
    if not store.add(tx, stream, consumer):
        raise errors.consumer_exists(consumer_name, stream.arn)
    tx.put_tags(consumer.arn, tags or {})
    if has_delays:
        _settle_later(tx, stream, consumer, states.ACTIVE, _CREATING_MS)
    # docs: the answer tells the state in which every consumer begins.
    return {"Consumer": {**_view(consumer), "ConsumerStatus": states.CREATING}}


def check_count(tx: Transaction, stream: Stream) -> None:
    """Raises LimitExceededException where a stream has all consumers and queues that it may."""
    if len(store.listed(tx, stream)) + len(queue_store.listed(tx, stream)) >= _REGISTERED_MAX:
        raise errors.too_many_consumers(_REGISTERED_MAX)


def deregister_stream_consumer(
    call: Call,
    *,
    stream_arn: str | None = None,
    consumer_name: str | None = None,
    consumer_arn: str | None = None,
) -> None:
    tx = call.tx
    stream, consumer = find(tx, call.about, consumer_name, consumer_arn)
    if tx.kernel.settings.aws_delays:
        store.set_status(tx, stream, consumer.name, states.DELETING)
        _settle_later(tx, stream, consumer, states.DELETING, _DELETING_MS)
    else:
        _remove(tx, stream, consumer)


def _settle_later(
    tx: Transaction, stream: Stream, consumer: Consumer, status: str, delay_ms: int
) -> None:
    payload = {"stream_id": stream.stream_id, "name": consumer.name, "status": status}
    tx.set_timer(TIMER, f"{stream.stream_id}/{consumer.name}", tx.now + delay_ms, payload)


def settle(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: a consumer's state is over."""
    tx = call.tx
    stream = stream_store.seek(tx, tx.about)
    if stream is None or stream.stream_id != payload["stream_id"]:
        return
    consumer = store.seek(tx, stream, payload["name"])
    if consumer is None:
        return
    if payload["status"] == states.DELETING:
        _remove(tx, stream, consumer)
    else:
        store.set_status(tx, stream, consumer.name, states.ACTIVE)


def _remove(tx: Transaction, stream: Stream, consumer: Consumer) -> None:
    store.remove(tx, stream, consumer.name)
    deletion.forget(tx, consumer.arn)
    # Its subscriptions end.
    tx.wake(stream.arn)
    tx.wake(topics.shards_of(stream.arn))


def find(
    tx: Transaction, stream_arn: str, name: str | None, consumer_arn: str | None
) -> tuple[Stream, Consumer]:
    """A consumer by its ARN or its name. Raises ResourceNotFoundException."""
    stream = stream_store.find(tx, stream_arn)
    by_arn = None if consumer_arn is None else stream_names.consumer_of(consumer_arn)
    if by_arn is not None:
        if name is not None and name != by_arn.name:
            raise errors.name_or_arn_of_consumer()
        name = by_arn.name
    assert name is not None
    consumer = store.seek(tx, stream, name)
    if consumer is None or (consumer_arn is not None and consumer.arn != consumer_arn):
        raise errors.consumer_not_found(name, stream_arn)
    return stream, consumer


def describe_stream_consumer(
    call: Call,
    *,
    stream_arn: str | None = None,
    consumer_name: str | None = None,
    consumer_arn: str | None = None,
) -> dict[str, Any]:
    stream, consumer = find(call.tx, call.about, consumer_name, consumer_arn)
    return {"ConsumerDescription": {**_view(consumer), "StreamARN": stream.arn}}


def list_stream_consumers(
    call: Call,
    *,
    stream_arn: str,
    next_token: str | None = None,
    max_results: int = _PAGE_MAX,
    stream_creation_timestamp: int | None = None,
) -> dict[str, Any]:
    tx = call.tx
    stream = stream_store.find(tx, call.about)
    after = ""
    if next_token is not None:
        if stream_creation_timestamp is not None:
            raise errors.token_and_name("StreamCreationTimestamp")
        after = page_tokens.name_before(next_token, tx.now)
    elif (
        stream_creation_timestamp is not None
        and stream_creation_timestamp // 1000 != stream.created_at // 1000
    ):
        raise errors.stream_not_found(stream.arn)
    found = [each for each in store.listed(tx, stream) if each.name > after]
    limit = min(max_results, _PAGE_MAX)
    answer: dict[str, Any] = {"Consumers": [_view(each) for each in found[:limit]]}
    if len(found) > limit:
        answer["NextToken"] = page_tokens.make(found[limit - 1].name, tx.now)
    return answer


def _view(consumer: Consumer) -> dict[str, Any]:
    return {
        "ConsumerName": consumer.name,
        "ConsumerARN": consumer.arn,
        "ConsumerStatus": consumer.status,
        "ConsumerCreationTimestamp": consumer.created_at,
    }
