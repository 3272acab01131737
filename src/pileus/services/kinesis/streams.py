"""Operations on streams: create, delete, describe, list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel import pagination
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import (
    commitments,
    errors,
    expiry,
    measures,
    shard_views,
    shards,
    states,
    store,
    stream_names,
    tagging,
)
from pileus.services.kinesis.consumers import store as consumer_store
from pileus.services.kinesis.queues import store as queue_store
from pileus.services.kinesis.store import Stream

PROVISIONED, ON_DEMAND = "PROVISIONED", "ON_DEMAND"
# How records find their shards.
AUTO, BY_KEY = "AUTO", "USER_PARTITION_KEY"
# docs: API_CreateStream; a new stream on demand takes 4 MB/s.
_ON_DEMAND_SHARDS = 4
# docs: API_UpdateShardCount
SHARDS_MAX = 10_000
_RETENTION_HOURS = 24
MAX_RECORD_KIB = 1_024
_STREAM_ID_BYTES = 6
# docs: API_ListStreams and API_DescribeStream, the default and the most of a page
_PAGE_MAX = 100
_NO_KEY = "NONE"


async def create_stream(
    call: Call,
    *,
    stream_name: str,
    shard_count: int | None = None,
    stream_mode_details: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    warm_throughput_mi_bps: int = 0,
    max_record_size_in_ki_b: int = MAX_RECORD_KIB,
    record_distribution_strategy: str = BY_KEY,
) -> None:
    mode = (stream_mode_details or {}).get("StreamMode", PROVISIONED)
    if mode == PROVISIONED and record_distribution_strategy == AUTO:
        raise errors.not_for_provisioned("RecordDistributionStrategy AUTO")
    if mode == ON_DEMAND and shard_count is not None:
        raise errors.validation("ShardCount must not be specified for a stream on demand.")
    if mode == PROVISIONED and shard_count is None:
        raise errors.validation("ShardCount must be specified for a provisioned stream.")
    if warm_throughput_mi_bps:
        if mode == PROVISIONED:
            raise errors.validation("WarmThroughputMiBps needs a stream on demand.")
        await commitments.must_be_there(call)
    count = shard_count or commitments.shards_for(warm_throughput_mi_bps, _ON_DEMAND_SHARDS)
    check_shard_count(call, 0, count)
    await call.transaction(
        make, mode, count, max_record_size_in_ki_b, warm_throughput_mi_bps,
        record_distribution_strategy, dict(tags or {}), about=call.about,
    )  # fmt: skip


def check_shard_count(call: Call, present: int, count: int) -> None:
    if count > SHARDS_MAX:
        more = count - present
        raise errors.too_many_shards(call.account, call.region, present, SHARDS_MAX, more)


def make(
    tx: Transaction, mode: str, count: int, max_record_kib: int, warm: int, distribution: str,
    tags: dict[str, str],
) -> None:  # fmt: skip
    """Step: make the stream that the transaction is about."""
    arn = tx.about
    tagging.check({}, tags)
    stream = Stream(
        arn=arn,
        stream_id=int.from_bytes(tx.kernel.ids.token(_STREAM_ID_BYTES), "big"),
        created_at=tx.now,
        mode=mode,
        status=states.ACTIVE,
        shards_token=0,
        # The first shards' own numbers begin at 0, so that a record never has the same.
        next_position=1,
        expiry_at=0,
        retention_hours=_RETENTION_HOURS,
        key_id="",
        max_record_kib=max_record_kib,
        warm_mibps=warm,
        metrics="[]",
        distribution=distribution,
        scaled_at="[]",
    )
    if not store.add(tx, stream):
        raise errors.stream_exists(arn)
    store.put_shards(tx, stream, shards.first_map(count, tx.now))
    tx.put_tags(arn, tags)
    tx.enlist(stream_names.KIND, stream_names.name_of(arn), arn)
    states.has_begun(tx, stream, states.CREATING)


def delete_stream(
    call: Call,
    *,
    stream_name: str | None = None,
    stream_arn: str | None = None,
    enforce_consumer_deletion: bool = False,
) -> None:
    tx = call.tx
    stream = states.changeable(tx, call.about)
    if not enforce_consumer_deletion and consumer_store.listed(tx, stream):
        raise errors.stream_has_consumers(stream.arn)
    if queue_store.listed(tx, stream):
        raise errors.stream_has_queues(stream.arn)
    states.has_begun(tx, stream, states.DELETING)


# Describing.


def describe_stream(
    call: Call,
    *,
    stream_name: str | None = None,
    stream_arn: str | None = None,
    limit: int = _PAGE_MAX,
    exclusive_start_shard_id: str | None = None,
) -> dict[str, Any]:
    tx = call.tx
    stream = store.find(tx, call.about)
    found = []
    if stream.status != states.CREATING:
        after = _number_after(exclusive_start_shard_id)
        visible = expiry.visible(store.shard_map(tx, stream), stream, tx.now)
        found = [shard for shard in visible if shard.number > after]
    limit = min(limit, _PAGE_MAX)
    description = {
        **_facts(stream),
        "Shards": [shard_views.described(stream, shard) for shard in found[:limit]],
        "HasMoreShards": len(found) > limit,
    }
    return {"StreamDescription": description}


def _number_after(shard_id: str | None) -> int:
    if shard_id is None:
        return shards.NONE
    number = shards.number_of(shard_id)
    if number is None:
        raise errors.invalid_argument(f"Invalid ExclusiveStartShardId {shard_id}.")
    return number


def _facts(stream: Stream) -> dict[str, Any]:
    """What both descriptions tell."""
    facts: dict[str, Any] = {
        "StreamName": stream_names.name_of(stream.arn),
        "StreamARN": stream.arn,
        "StreamStatus": stream.status,
        "StreamModeDetails": {"StreamMode": stream.mode},
        "RetentionPeriodHours": stream.retention_hours,
        "StreamCreationTimestamp": stream.created_at,
        "EnhancedMonitoring": [{"ShardLevelMetrics": measures.chosen(stream)}],
        "EncryptionType": "KMS" if stream.key_id else _NO_KEY,
    }
    if stream.key_id:
        facts["KeyId"] = stream.key_id
    return facts


def describe_stream_summary(
    call: Call, *, stream_name: str | None = None, stream_arn: str | None = None
) -> dict[str, Any]:
    tx = call.tx
    stream = store.find(tx, call.about)
    summary = {
        **_facts(stream),
        "OpenShardCount": len(store.shard_map(tx, stream).open),
        "ConsumerCount": len(consumer_store.listed(tx, stream)),
        "MaxRecordSizeInKiB": stream.max_record_kib,
    }
    if stream.mode == ON_DEMAND:
        summary["RecordDistributionStrategy"] = stream.distribution
    if stream.warm_mibps:
        summary["WarmThroughput"] = commitments.warm_view(stream.warm_mibps)
    return {"StreamDescriptionSummary": summary}


# Listing.


async def list_streams(
    call: Call,
    *,
    limit: int = _PAGE_MAX,
    exclusive_start_stream_name: str | None = None,
    next_token: str | None = None,
) -> dict[str, Any]:
    limit = min(limit, _PAGE_MAX)
    after = exclusive_start_stream_name or ""
    if next_token is not None:
        try:
            [after] = pagination.decode(next_token, str)
        except pagination.InvalidToken:
            raise errors.invalid_token() from None
    listed = await call.read(names_after, after, limit + 1, about=call.about)
    summaries = []
    for _, arn in listed[:limit]:
        stream: Stream | None = await call.read(seek, about=arn)
        # One that has been deleted since is left out.
        if stream is not None:
            summaries.append(_summary(stream))
    answer: dict[str, Any] = {
        "StreamNames": [each["StreamName"] for each in summaries],
        "StreamSummaries": summaries,
        "HasMoreStreams": len(listed) > limit,
    }
    if len(listed) > limit:
        answer["NextToken"] = pagination.encode(listed[limit - 1][0])
    return answer


def names_after(tx: Transaction, after: str, count: int) -> list[tuple[str, str]]:
    """Step about the account: names of its streams with their ARNs."""
    return tx.listed(stream_names.KIND, at_most=count, after=after)


def seek(tx: Transaction) -> Stream | None:
    """Step: the stream that the transaction is about, if it is there."""
    return store.seek(tx, tx.about)


def _summary(stream: Stream) -> dict[str, Any]:
    return {
        "StreamName": stream_names.name_of(stream.arn),
        "StreamARN": stream.arn,
        "StreamStatus": stream.status,
        "StreamModeDetails": {"StreamMode": stream.mode},
        "StreamCreationTimestamp": stream.created_at,
    }
