"""Operations on queues: create, describe, update, delete, list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.service import the_account
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import (
    deletion,
    errors,
    expiry,
    page_tokens,
    positions,
    states,
    stream_names,
    streams,
    tagging,
)
from pileus.services.kinesis import store as stream_store
from pileus.services.kinesis.consumers import registrations
from pileus.services.kinesis.positions import Start
from pileus.services.kinesis.queues import store
from pileus.services.kinesis.queues.store import Queue
from pileus.services.kinesis.store import Stream

KIND = "queue"  # in the account's list of names
TIMER = "kinesis:queue-state"
PURGE_TIMER = "kinesis:queue-purge"
BUILT_IN = "BUILT_IN"
# docs: API_CreateQueue, where nothing else is said
_VISIBILITY_SECONDS = 30
_RECEIVES_MAX = 6
_ID_BYTES = 6
_PAGE_MAX = 100
_DELAYS_MS = {states.CREATING: 10_000, states.UPDATING: 5_000, states.DELETING: 5_000}


class Attributes(NamedTuple):
    visibility_seconds: int
    receives_max: int


def attributes_of(given: Mapping[str, Any], present: Attributes) -> Attributes:
    """What is asked for, and for the rest what was. Raises ValidationException."""
    letters = given.get("DeadLetterConfiguration")
    receives_max = present.receives_max
    if letters is not None:
        is_built_in = letters["TargetType"] == BUILT_IN
        if is_built_in != ("MaxReceiveCount" in letters):
            raise errors.validation(
                "MaxReceiveCount must be specified with the TargetType BUILT_IN, and only with it."
            )
        receives_max = letters["MaxReceiveCount"] if is_built_in else 0
    seconds = given.get("VisibilityTimeoutSeconds", present.visibility_seconds)
    return Attributes(seconds, receives_max)


def about_created(call: Call, params: Mapping[str, Any]) -> str:
    """The stream on which a queue shall be."""
    configurations = params["StreamConfigurationList"]
    if len(configurations) != 1:
        raise errors.validation("StreamConfigurationList must have exactly one entry.")
    return stream_names.about_stream(call, {"StreamARN": configurations[0]["StreamARN"]})


async def create_queue(
    call: Call,
    *,
    queue_name: str,
    stream_configuration_list: Sequence[Mapping[str, Any]],
    queue_attributes: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    begin = stream_configuration_list[0].get("StartingPosition", {"Type": "LATEST"})
    kind, timestamp = begin["Type"], begin.get("Timestamp")
    if (kind == "AT_TIMESTAMP") != (timestamp is not None):
        raise errors.validation("Timestamp must be specified with AT_TIMESTAMP, and only with it.")
    wanted = attributes_of(queue_attributes or {}, Attributes(_VISIBILITY_SECONDS, _RECEIVES_MAX))
    queue_id = int.from_bytes(call.kernel.ids.token(_ID_BYTES), "big")
    arn = stream_names.queue_arn(call.about, queue_id)
    account = the_account(call, {})
    taken = await call.read(named, queue_name, about=account)
    # A name may be left over from a queue that was never made.
    if taken is not None and await call.read(seek, taken, about=stream_of(taken)) is not None:
        raise errors.queue_exists(queue_name)
    if not await call.transaction(claim, queue_name, arn, taken, about=account):
        raise errors.queue_exists(queue_name)
    try:
        queue: Queue = await call.transaction(
            make, queue_id, arn, queue_name, kind, timestamp, wanted, dict(tags or {}),
            about=call.about,
        )  # fmt: skip
    except AwsError:
        await call.transaction(unclaim, queue_name, arn, about=account)
        raise
    # docs: the answer tells the state in which every queue begins.
    return {"QueueDescription": {**_view(queue, call.about), "QueueStatus": states.CREATING}}


def named(tx: Transaction, name: str) -> str | None:
    """Step about the account: the ARN that a name stands for."""
    found = tx.listed(KIND, at_most=1, prefix=name)
    return found[0][1] if found and found[0][0] == name else None


def claim(tx: Transaction, name: str, arn: str, seen: str | None) -> bool:
    """Step about the account: take a name, unless another has taken it since."""
    if named(tx, name) != seen:
        return False
    tx.enlist(KIND, name, arn, tx.about)
    return True


def unclaim(tx: Transaction, name: str, arn: str) -> None:
    """Step about the account: the queue was not made."""
    if named(tx, name) == arn:
        tx.delist(KIND, name, tx.about)


def make(
    tx: Transaction, queue_id: int, arn: str, name: str, kind: str, timestamp: int | None,
    wanted: Attributes, tags: dict[str, str],
) -> Queue:  # fmt: skip
    """Step: the queue, on the stream that the transaction is about."""
    stream = states.changeable(tx, tx.about)
    if stream.mode != streams.ON_DEMAND:
        raise errors.queues_need_on_demand(stream.arn)
    tagging.check({}, tags)
    registrations.check_count(tx, stream)
    has_delays = tx.kernel.settings.aws_delays
    queue = Queue(
        stream.stream_id, queue_id, arn, name, tx.now,
        states.CREATING if has_delays else states.ACTIVE, kind,
        timestamp if timestamp is not None else tx.now, wanted.visibility_seconds,
        wanted.receives_max, store.pack_positions(_first_positions(tx, stream, kind, timestamp)), 0,
    )  # fmt: skip
    store.add(tx, queue)
    tx.put_tags(arn, tags)
    if has_delays:
        _settle_later(tx, queue, states.CREATING)
    return queue


def _first_positions(
    tx: Transaction, stream: Stream, kind: str, timestamp: int | None
) -> dict[int, int]:
    """Where each shard begins; what comes to shards that are made later is all new."""
    if kind == "TRIM_HORIZON":
        return {}
    start = Start(kind, None, timestamp)
    visible = expiry.visible(stream_store.shard_map(tx, stream), stream, tx.now)
    return {shard.number: positions.resolve(tx, stream, shard, start) for shard in visible}


def _settle_later(tx: Transaction, queue: Queue, status: str) -> None:
    payload = {"arn": queue.arn, "status": status}
    tx.set_timer(TIMER, str(queue.queue_id), tx.now + _DELAYS_MS[status], payload)


def settle(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: a queue's state is over."""
    queue = seek(call.tx, payload["arn"])
    if queue is None:
        return
    if payload["status"] == states.DELETING:
        _remove(call.tx, queue)
    else:
        store.set_status(call.tx, queue, states.ACTIVE)
        # Whoever waits for its records may have them now.
        call.tx.wake(queue.arn)


def seek(tx: Transaction, arn: str) -> Queue | None:
    """Step: a queue on the stream that the transaction is about."""
    stream = stream_store.seek(tx, tx.about)
    name = stream_names.queue_of(arn)
    if stream is None or name is None:
        return None
    return store.seek(tx, stream, name.queue_id, arn)


def find(tx: Transaction, arn: str) -> Queue:
    """Raises ResourceNotFoundException."""
    found = seek(tx, arn)
    if found is None:
        raise errors.queue_not_found(arn)
    return found


def stream_of(arn: str) -> str:
    found = stream_names.queue_of(arn)
    assert found is not None, f"{arn} is no queue"
    return found.stream_arn


def describe_queue(call: Call, *, queue_arn: str) -> dict[str, Any]:
    return {"QueueDescription": _view(find(call.tx, queue_arn), call.about)}


def update_queue(
    call: Call, *, queue_arn: str, queue_attributes: Mapping[str, Any]
) -> dict[str, Any]:
    tx = call.tx
    queue = find(tx, queue_arn)
    if queue.status != states.ACTIVE:
        raise errors.queue_not_active(queue.name, queue.status)
    present = Attributes(queue.visibility_seconds, queue.receives_max)
    wanted = attributes_of(queue_attributes, present)
    store.set_attributes(tx, queue, *wanted)
    if tx.kernel.settings.aws_delays:
        store.set_status(tx, queue, states.UPDATING)
        _settle_later(tx, queue, states.UPDATING)
    return {"QueueDescription": _view(find(tx, queue_arn), call.about)}


def delete_queue(call: Call, *, queue_arn: str) -> None:
    tx = call.tx
    queue = find(tx, queue_arn)
    if tx.kernel.settings.aws_delays:
        store.set_status(tx, queue, states.DELETING)
        _settle_later(tx, queue, states.DELETING)
    else:
        _remove(tx, queue)


def _remove(tx: Transaction, queue: Queue) -> None:
    store.remove(tx, queue)
    deletion.forget(tx, queue.arn)
    tx.delist(KIND, queue.name)
    tx.set_timer(PURGE_TIMER, str(queue.queue_id), tx.now)
    # Whoever waits for its records learns that it is gone.
    tx.wake(queue.arn)


def purge(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of what a deleted queue had delivered."""
    if store.forget_any(call.tx, int(key)):
        call.tx.set_timer(PURGE_TIMER, key, call.tx.now)


async def list_queues(
    call: Call,
    *,
    max_results: int = _PAGE_MAX,
    next_token: str | None = None,
    stream_filter: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    limit = min(max_results, _PAGE_MAX)
    after = "" if next_token is None else page_tokens.name_before(next_token, call.now)
    listed = await call.read(names_after, after, limit + 1, about=call.about)
    summaries = []
    for _, arn in listed[:limit]:
        if not _is_wanted(stream_of(arn), stream_filter):
            continue
        found = await call.read(summary, arn, about=stream_of(arn))
        if found is not None and _is_created_as_wanted(found, stream_filter):
            summaries.append(found)
    answer: dict[str, Any] = {"QueueSummaries": summaries}
    if len(listed) > limit:
        answer["NextToken"] = page_tokens.make(listed[limit - 1][0], call.now)
    return answer


def _is_wanted(stream_arn: str, stream_filter: Sequence[Mapping[str, Any]] | None) -> bool:
    return not stream_filter or any(each["StreamARN"] == stream_arn for each in stream_filter)


def _is_created_as_wanted(
    found: Mapping[str, Any], stream_filter: Sequence[Mapping[str, Any]] | None
) -> bool:
    [stream] = found["Streams"]
    created = stream["StreamCreationTimestamp"] // 1000
    return not stream_filter or any(
        each["StreamARN"] == stream["StreamARN"]
        and each.get("StreamCreationTimestamp", created * 1000) // 1000 == created
        for each in stream_filter
    )


def names_after(tx: Transaction, after: str, count: int) -> list[tuple[str, str]]:
    """Step about the account: names of its queues with their ARNs."""
    return tx.listed(KIND, at_most=count, after=after)


def summary(tx: Transaction, arn: str) -> dict[str, Any] | None:
    """Step: a queue in the form of ListQueues."""
    queue, stream = seek(tx, arn), stream_store.seek(tx, tx.about)
    if queue is None or stream is None:
        return None
    return {
        **_facts(queue),
        "Streams": [
            {"StreamARN": stream.arn, "StreamCreationTimestamp": stream.created_at}
        ],
    }  # fmt: skip


def _facts(queue: Queue) -> dict[str, Any]:
    return {
        "QueueName": queue.name,
        "QueueARN": queue.arn,
        "QueueStatus": queue.status,
        "QueueCreationTimestamp": queue.created_at,
    }


def _view(queue: Queue, stream_arn: str) -> dict[str, Any]:
    begin: dict[str, Any] = {"Type": queue.start_type}
    if queue.start_type == "AT_TIMESTAMP":
        begin["Timestamp"] = queue.start_at
    letters: dict[str, Any] = {"TargetType": "NONE"}
    if queue.receives_max:
        letters = {"TargetType": BUILT_IN, "MaxReceiveCount": queue.receives_max}
    return {
        **_facts(queue),
        "StreamConfigurationList": [{"StreamARN": stream_arn, "StartingPosition": begin}],
        "QueueAttributes": {
            "VisibilityTimeoutSeconds": queue.visibility_seconds,
            "DeadLetterConfiguration": letters,
        },
    }
