"""Encryption, monitoring, modes, and the states that AWS goes through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from e2e.kinesis.reading import put, records, refusal

Arn = Callable[[str], str]


def test_records_tell_that_they_were_encrypted(kinesis: Any, stream: str) -> None:
    put(kinesis, stream, b"plain")
    key = {"StreamName": stream, "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    kinesis.start_stream_encryption(**key)
    found = kinesis.describe_stream(StreamName=stream)["StreamDescription"]
    assert ("KMS", "alias/aws/kinesis") == (found["EncryptionType"], found["KeyId"])
    record = {"Data": b"secret", "PartitionKey": "k"}
    assert "KMS" == kinesis.put_record(StreamName=stream, **record)["EncryptionType"]
    answer = kinesis.put_records(StreamName=stream, Records=[record])
    assert "KMS" == answer["EncryptionType"]
    kinesis.stop_stream_encryption(**key)
    put(kinesis, stream, b"plain")
    assert [None, "KMS", "KMS", None] == [
        each.get("EncryptionType") for each in records(kinesis, stream)
    ]
    assert "InvalidArgumentException" == refusal(
        kinesis.start_stream_encryption, **{**key, "KeyId": "a\0b"}
    )[0]  # fmt: skip
    for change in (kinesis.start_stream_encryption, kinesis.stop_stream_encryption):
        refused = refusal(change, **{**key, "EncryptionType": "NONE"})
        assert "InvalidArgumentException" == refused[0]


def test_shard_level_metrics_are_chosen(kinesis: Any, stream: str) -> None:
    answer = kinesis.enable_enhanced_monitoring(
        StreamName=stream, ShardLevelMetrics=["OutgoingBytes", "IncomingBytes"]
    )
    assert ([], ["IncomingBytes", "OutgoingBytes"]) == (
        answer["CurrentShardLevelMetrics"], answer["DesiredShardLevelMetrics"],
    )  # fmt: skip
    kinesis.disable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["IncomingBytes"])
    found = kinesis.describe_stream(StreamName=stream)["StreamDescription"]
    assert [{"ShardLevelMetrics": ["OutgoingBytes"]}] == found["EnhancedMonitoring"]
    kinesis.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["ALL"])
    answer = kinesis.disable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["ALL"])
    assert (7, 0) == (
        len(answer["CurrentShardLevelMetrics"]), len(answer["DesiredShardLevelMetrics"]),
    )  # fmt: skip


def test_a_mode_is_changed_and_the_shards_stay(kinesis: Any, arn: Arn) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=2)
    for mode in ("ON_DEMAND", "PROVISIONED"):
        kinesis.update_stream_mode(StreamARN=arn("s"), StreamModeDetails={"StreamMode": mode})
        found = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
        assert (mode, 2) == (found["StreamModeDetails"]["StreamMode"], found["OpenShardCount"])
