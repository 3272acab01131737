"""SplitShard, MergeShards, UpdateShardCount, and ListShards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.kernel.shards import topics
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import (
    errors,
    expiry,
    page_tokens,
    shard_views,
    shards,
    states,
    store,
    stream_names,
)
from pileus.services.kinesis.shards import Resharding, Shard, ShardMap
from pileus.services.kinesis.store import Stream

_ON_DEMAND = "ON_DEMAND"
_SHARDS_MAX = 10_000
# docs: API_ListShards
_PAGE_MAX = 1_000
# docs: API_UpdateShardCount, within any 24 hours
_SCALINGS_A_DAY = 10
_DAY_MS = 24 * 3_600_000


def split_shard(
    call: Call,
    *,
    shard_to_split: str,
    new_starting_hash_key: str,
    stream_name: str | None = None,
    stream_arn: str | None = None,
) -> None:
    tx = call.tx
    stream = _provisioned(tx, call.about)
    shard_map = store.shard_map(tx, stream)
    shard = _open(stream, shard_map, shard_to_split)
    key = int(new_starting_hash_key)
    if not shard.low < key < shard.high:
        raise errors.not_within_shard(stream.arn, key, shard.id, shard.low, shard.high)
    _check_count(call, stream, len(shard_map.open) + 1)
    work = Resharding(shard_map, stream.next_position, tx.now)
    work.split(shard, key)
    _keep(tx, stream, work)
    states.has_begun(tx, stream, states.UPDATING)


def merge_shards(
    call: Call,
    *,
    shard_to_merge: str,
    adjacent_shard_to_merge: str,
    stream_name: str | None = None,
    stream_arn: str | None = None,
) -> None:
    tx = call.tx
    stream = _provisioned(tx, call.about)
    shard_map = store.shard_map(tx, stream)
    shard = _open(stream, shard_map, shard_to_merge)
    adjacent = _open(stream, shard_map, adjacent_shard_to_merge)
    if not shards.are_adjacent(shard, adjacent):
        raise errors.not_adjacent(stream.arn, shard.id, adjacent.id)
    work = Resharding(shard_map, stream.next_position, tx.now)
    work.merge(shard, adjacent)
    _keep(tx, stream, work)
    states.has_begun(tx, stream, states.UPDATING)


def update_shard_count(
    call: Call,
    *,
    target_shard_count: int,
    scaling_type: str,
    stream_name: str | None = None,
    stream_arn: str | None = None,
) -> dict[str, Any]:
    tx = call.tx
    stream = _provisioned(tx, call.about)
    count = len(store.shard_map(tx, stream).open)
    if target_shard_count > 2 * count:
        raise errors.scaled_too_far(True, count, target_shard_count)
    if 2 * target_shard_count < count:
        raise errors.scaled_too_far(False, count, target_shard_count)
    _check_count(call, stream, target_shard_count)
    _note_scaling(tx, stream)
    scale(tx, stream, target_shard_count)
    states.has_begun(tx, stream, states.UPDATING)
    return {
        "StreamName": stream_names.name_of(stream.arn),
        "StreamARN": stream.arn,
        "CurrentShardCount": count,
        "TargetShardCount": target_shard_count,
    }


def _note_scaling(tx: Transaction, stream: Stream) -> None:
    """Raises LimitExceededException where AWS's limit of a day is in force and reached."""
    instants = msgspec.json.decode(stream.scaled_at, type=list[int])
    recent = [at for at in instants if at > tx.now - _DAY_MS][-_SCALINGS_A_DAY:]
    if tx.kernel.quotas.is_enforced and len(recent) == _SCALINGS_A_DAY:
        raise errors.scaled_too_often(stream.arn, _SCALINGS_A_DAY)
    store.change(tx, stream.arn, "scaled_at", msgspec.json.encode([*recent, tx.now]).decode())


def scale(tx: Transaction, stream: Stream, count: int) -> None:
    """Have so many open shards of the same size."""
    shard_map = store.shard_map(tx, stream)
    work = Resharding(shard_map, stream.next_position, tx.now)
    work.scale(shard_map.open, count)
    _keep(tx, stream, work)


def _provisioned(tx: Transaction, arn: str) -> Stream:
    stream = states.changeable(tx, arn)
    if stream.mode == _ON_DEMAND:
        raise errors.on_demand(arn)
    return stream


def _open(stream: Stream, shard_map: ShardMap, shard_id: str) -> Shard:
    shard = shard_map.get(shards.number_of(shard_id))
    if shard is None:
        raise errors.shard_not_found(stream.arn, shard_id)
    if not shard.is_open:
        raise errors.shard_is_closed(stream.arn, shard_id)
    return shard


def _check_count(call: Call, stream: Stream, count: int) -> None:
    if count > _SHARDS_MAX:
        present = len(store.shard_map(call.tx, stream).open)
        raise errors.too_many_shards(
            call.account, call.region, present, _SHARDS_MAX, count - present
        )


def _keep(tx: Transaction, stream: Stream, work: Resharding) -> None:
    store.reserve(tx, stream.arn, work.position - stream.next_position)
    store.put_shards(tx, stream, work.result())
    expiry.note(tx, stream)
    # Whoever reads a shard that is closed now learns of its children.
    tx.wake(stream.arn)
    tx.wake(topics.shards_of(stream.arn))


# Listing.


def about_listed(call: Call, params: Mapping[str, Any]) -> str:
    """The stream of a ListShards: by name or ARN, or by a token alone."""
    token = params.get("NextToken")
    if token is None:
        return stream_names.about_stream(call, params)
    for member in ("StreamName", "StreamCreationTimestamp", "ExclusiveStartShardId", "ShardFilter"):
        if member in params:
            raise errors.token_and_name(member)
    arn = _read_token(token)[0]
    if params.get("StreamARN", arn) != arn:
        raise errors.invalid_token()
    return arn


_Token = tuple[str, int, int, int, str, int]


def _read_token(token: str) -> _Token:
    """The stream, its creation, the shard to go on after, when it was made, and the filter."""
    try:
        found: Any = pagination.decode(token, str, int, int, int, str, int)
    except pagination.InvalidToken:
        raise errors.invalid_token() from None
    if not stream_names.is_stream(found[0]):
        raise errors.invalid_token()
    arn, created_at, after, made_at, kind, at = found
    return arn, created_at, after, made_at, kind, at


def list_shards(
    call: Call,
    *,
    stream_name: str | None = None,
    stream_arn: str | None = None,
    next_token: str | None = None,
    exclusive_start_shard_id: str | None = None,
    max_results: int = _PAGE_MAX,
    stream_creation_timestamp: int | None = None,
    shard_filter: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    tx = call.tx
    stream = store.find(tx, call.about)
    states.must_be_there(stream)
    if next_token is not None:
        _, created_at, after, made_at, kind, at = _read_token(next_token)
        page_tokens.check_age(made_at, tx.now)
        if created_at != stream.created_at:
            raise errors.stream_not_found(stream.arn)
    else:
        kind, at, after = _filter(shard_filter or {}, exclusive_start_shard_id)
        created = stream_creation_timestamp
        if created is not None and created // 1000 != stream.created_at // 1000:
            raise errors.stream_not_found(stream.arn)
    visible = expiry.visible(store.shard_map(tx, stream), stream, tx.now)
    found = [
        shard
        for shard in visible
        if shard.number > after and is_wanted(shard, kind, at, stream.oldest_kept(tx.now))
    ]
    limit = min(max_results, _PAGE_MAX)
    answer: dict[str, Any] = {
        "Shards": [shard_views.described(stream, shard) for shard in found[:limit]]
    }
    if len(found) > limit:
        last = found[limit - 1].number
        answer["NextToken"] = pagination.encode(
            stream.arn, stream.created_at, last, tx.now, kind, at
        )
    return answer


def _filter(given: Mapping[str, Any], start: str | None) -> tuple[str, int, int]:
    """The filter's type, its instant, and the number of the shard to begin after."""
    kind = given.get("Type", "FROM_TRIM_HORIZON")
    timestamp, shard_id = given.get("Timestamp"), given.get("ShardId")
    if kind.endswith("_TIMESTAMP") != (timestamp is not None):
        raise errors.invalid_argument(
            "Timestamp must be specified with AT_TIMESTAMP and FROM_TIMESTAMP, and only with them."
        )
    if (kind == "AFTER_SHARD_ID") != (shard_id is not None):
        raise errors.invalid_argument(
            "ShardId must be specified with AFTER_SHARD_ID, and only with it."
        )
    after = shards.NONE
    for text in (start, shard_id):
        if text is not None:
            number = shards.number_of(text)
            if number is None:
                raise errors.invalid_argument(f"Invalid shard ID {text}.")
            after = max(after, number)
    return kind, timestamp or 0, after


def is_wanted(shard: Shard, kind: str, at: int, trim_horizon: int) -> bool:
    """Whether a filter of ListShards leaves a shard that has not expired."""
    if kind == "AT_LATEST":
        return shard.is_open
    if kind == "AT_TRIM_HORIZON":
        kind, at = "AT_TIMESTAMP", trim_horizon
        # What began later than the window's start was not open then, unless nothing was before.
        if shard.parent == shards.NONE:
            return True
    if kind == "AT_TIMESTAMP":
        return shard.opened_at <= at and (shard.is_open or shard.closed_at >= at)
    if kind == "FROM_TIMESTAMP":
        return shard.is_open or shard.closed_at >= max(at, trim_horizon)
    return True
