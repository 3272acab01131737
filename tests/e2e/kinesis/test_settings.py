"""Encryption, monitoring, modes, and the states that AWS goes through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from e2e.kinesis.reading import data, put, records, refusal

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


def test_records_are_spread_in_turn_where_that_is_asked_for(kinesis: Any, arn: Arn) -> None:
    mode = {"StreamMode": "ON_DEMAND"}
    kinesis.create_stream(
        StreamName="auto", StreamModeDetails=mode, RecordDistributionStrategy="AUTO"
    )
    entries = [{"Data": b"a", "PartitionKey": "k", "ExplicitHashKey": "0"}, {"Data": b"b"}] * 4
    answer = kinesis.put_records(StreamName="auto", Records=entries)
    assert [2] * 4 == sorted(Counter(each["ShardId"] for each in answer["Records"]).values())
    found = [
        record
        for shard in kinesis.list_shards(StreamName="auto")["Shards"]
        for record in records(kinesis, "auto", shard["ShardId"])
    ]
    assert {b"a": 4, b"b": 4} == Counter(data(found))
    assert {b"a": "k", b"b": None} == {each["Data"]: each.get("PartitionKey") for each in found}
    kinesis.update_stream_record_distribution_strategy(
        StreamARN=arn("auto"), RecordDistributionStrategy="USER_PARTITION_KEY"
    )
    assert "InvalidArgumentException" == refusal(
        kinesis.put_record, StreamName="auto", Data=b"c"
    )[0]  # fmt: skip
    summary = kinesis.describe_stream_summary(StreamName="auto")["StreamDescriptionSummary"]
    assert "USER_PARTITION_KEY" == summary["RecordDistributionStrategy"]


def test_provisioned_streams_have_no_strategy(kinesis: Any, stream: str, arn: Arn) -> None:
    for refused in (
        refusal(
            kinesis.create_stream, StreamName="s", ShardCount=1, RecordDistributionStrategy="AUTO"
        ),
        refusal(
            kinesis.update_stream_record_distribution_strategy,
            StreamARN=arn(stream), RecordDistributionStrategy="AUTO",
        ),
    ):  # fmt: skip
        assert "InvalidArgumentException" == refused[0]
        assert refused[1].endswith("is for streams in On-Demand mode only.")
