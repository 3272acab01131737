"""Operations that change a stream's settings: retention, mode, encryption, metrics, sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.kinesis import (
    commitments,
    errors,
    expiry,
    measures,
    resharding,
    states,
    store,
    stream_names,
    streams,
)
from pileus.services.kinesis.queues import store as queue_store
from pileus.services.kinesis.store import Stream

# docs: API_IncreaseStreamRetentionPeriod
RETENTION_HOURS_MIN = 24
RETENTION_HOURS_MAX = 8_760
_ALL = "ALL"


def increase_stream_retention_period(
    call: Call,
    *,
    retention_period_hours: int,
    stream_name: str | None = None,
    stream_arn: str | None = None,
) -> None:
    stream = _with_retention(call, retention_period_hours)
    present = stream.retention_hours
    if retention_period_hours < present:
        name = stream_names.name_of(stream.arn)
        raise errors.retention_not_longer(name, retention_period_hours, present)
    _set_retention(call.tx, stream, retention_period_hours)


def decrease_stream_retention_period(
    call: Call,
    *,
    retention_period_hours: int,
    stream_name: str | None = None,
    stream_arn: str | None = None,
) -> None:
    stream = _with_retention(call, retention_period_hours)
    present = stream.retention_hours
    if retention_period_hours > present:
        name = stream_names.name_of(stream.arn)
        raise errors.retention_not_shorter(name, retention_period_hours, present)
    _set_retention(call.tx, stream, retention_period_hours)


def _with_retention(call: Call, hours: int) -> Stream:
    if hours < RETENTION_HOURS_MIN:
        raise errors.retention_too_short(hours)
    if hours > RETENTION_HOURS_MAX:
        raise errors.retention_too_long(hours)
    return states.changeable(call.tx, call.about)


def _set_retention(tx: Transaction, stream: Stream, hours: int) -> None:
    if hours == stream.retention_hours:
        return
    store.change(tx, stream.arn, "retention_hours", hours)
    expiry.look(tx, stream)
    states.has_begun(tx, stream, states.UPDATING)


def start_stream_encryption(
    call: Call,
    *,
    encryption_type: str,
    key_id: str,
    stream_name: str | None = None,
    stream_arn: str | None = None,
) -> None:
    if encryption_type != "KMS":
        raise errors.invalid_argument("EncryptionType must be KMS to start encryption.")
    if not key_id.isprintable():
        raise errors.invalid_argument("KeyId is not the name of a key.")
    stream = states.changeable(call.tx, call.about)
    store.change(call.tx, stream.arn, "key_id", key_id)
    states.has_begun(call.tx, stream, states.UPDATING)


def stop_stream_encryption(
    call: Call,
    *,
    encryption_type: str,
    key_id: str,
    stream_name: str | None = None,
    stream_arn: str | None = None,
) -> None:
    if encryption_type != "KMS":
        raise errors.invalid_argument("EncryptionType must be KMS to stop encryption.")
    stream = states.changeable(call.tx, call.about)
    store.change(call.tx, stream.arn, "key_id", "")
    states.has_begun(call.tx, stream, states.UPDATING)


def enable_enhanced_monitoring(
    call: Call,
    *,
    shard_level_metrics: Sequence[str],
    stream_name: str | None = None,
    stream_arn: str | None = None,
) -> dict[str, Any]:
    stream = states.changeable(call.tx, call.about)
    present = measures.chosen(stream)
    return _set_metrics(call.tx, stream, {*present, *_meant(shard_level_metrics)})


def disable_enhanced_monitoring(
    call: Call,
    *,
    shard_level_metrics: Sequence[str],
    stream_name: str | None = None,
    stream_arn: str | None = None,
) -> dict[str, Any]:
    stream = states.changeable(call.tx, call.about)
    present = measures.chosen(stream)
    return _set_metrics(call.tx, stream, set(present) - _meant(shard_level_metrics))


def _meant(names: Sequence[str]) -> set[str]:
    return set(measures.SHARD_LEVEL) if _ALL in names else set(names)


def _set_metrics(tx: Transaction, stream: Stream, wanted: set[str]) -> dict[str, Any]:
    desired = [name for name in measures.SHARD_LEVEL if name in wanted]
    store.change(tx, stream.arn, "metrics", msgspec.json.encode(desired).decode())
    states.has_begun(tx, stream, states.UPDATING)
    return {
        "StreamName": stream_names.name_of(stream.arn),
        "StreamARN": stream.arn,
        "CurrentShardLevelMetrics": measures.chosen(stream),
        "DesiredShardLevelMetrics": desired,
    }


def update_max_record_size(
    call: Call, *, max_record_size_in_ki_b: int, stream_arn: str | None = None
) -> None:
    stream = states.changeable(call.tx, call.about)
    store.change(call.tx, stream.arn, "max_record_kib", max_record_size_in_ki_b)
    states.has_begun(call.tx, stream, states.UPDATING)


def update_stream_record_distribution_strategy(
    call: Call, *, stream_arn: str, record_distribution_strategy: str
) -> None:
    """In force at once, as AWS promises; what is in the stream stays where it is."""
    stream = states.changeable(call.tx, call.about)
    if stream.mode != streams.ON_DEMAND:
        raise errors.not_for_provisioned("RecordDistributionStrategy")
    store.change(call.tx, stream.arn, "distribution", record_distribution_strategy)


async def update_stream_mode(
    call: Call,
    *,
    stream_arn: str,
    stream_mode_details: Mapping[str, Any],
    warm_throughput_mi_bps: int = 0,
) -> None:
    mode = stream_mode_details["StreamMode"]
    if warm_throughput_mi_bps:
        if mode != streams.ON_DEMAND:
            raise errors.validation("WarmThroughputMiBps needs a stream on demand.")
        await commitments.must_be_there(call)
    await call.transaction(change_mode, mode, warm_throughput_mi_bps, about=call.about)


def change_mode(tx: Transaction, mode: str, warm_mibps: int) -> None:
    """Step: the shards stay as they are, as AWS leaves them, unless more are asked for."""
    stream = states.changeable(tx, tx.about)
    if mode != streams.ON_DEMAND and queue_store.listed(tx, stream):
        raise errors.stream_has_queues(stream.arn)
    store.change(tx, stream.arn, "mode", mode)
    if mode != streams.ON_DEMAND:
        store.change(tx, stream.arn, "distribution", streams.BY_KEY)
    _set_warm(tx, stream, warm_mibps)
    states.has_begun(tx, stream, states.UPDATING)


def _set_warm(tx: Transaction, stream: Stream, warm_mibps: int) -> None:
    store.change(tx, stream.arn, "warm_mibps", warm_mibps)
    count = len(store.shard_map(tx, stream).open)
    if warm_mibps > count:
        resharding.scale(tx, stream, min(warm_mibps, streams.SHARDS_MAX))


async def update_stream_warm_throughput(
    call: Call,
    *,
    warm_throughput_mi_bps: int,
    stream_name: str | None = None,
    stream_arn: str | None = None,
) -> dict[str, Any]:
    await commitments.must_be_there(call)
    await call.transaction(change_warm_throughput, warm_throughput_mi_bps, about=call.about)
    return {
        "StreamName": stream_names.name_of(call.about),
        "StreamARN": call.about,
        "WarmThroughput": commitments.warm_view(warm_throughput_mi_bps),
    }


def change_warm_throughput(tx: Transaction, warm_mibps: int) -> None:
    """Step: have as many shards as the throughput needs."""
    stream = states.changeable(tx, tx.about)
    if stream.mode != streams.ON_DEMAND:
        raise errors.provisioned(stream.arn)
    if warm_mibps > streams.SHARDS_MAX:
        raise errors.validation("WarmThroughputMiBps must not exceed 10 GiB/s.")
    _set_warm(tx, stream, warm_mibps)
    states.has_begun(tx, stream, states.UPDATING)
