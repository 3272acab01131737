"""Streams: made, described, listed, tagged, deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from e2e.kinesis.reading import SHARD, data, put, records, refusal
from support.running import Running

Arn = Callable[[str], str]
HIGHEST = str(2**128 - 1)


def test_a_new_stream_is_described_as_aws_does(kinesis: Any, pileus: Running, arn: Arn) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=2)
    found = kinesis.describe_stream(StreamName="s")["StreamDescription"]
    middle = 2**127
    numbers = [shard.pop("SequenceNumberRange") for shard in found["Shards"]]
    assert {
        "StreamName": "s",
        "StreamARN": arn("s"),
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "RetentionPeriodHours": 24,
        "StreamCreationTimestamp": datetime.fromtimestamp(pileus.now / 1000, UTC),
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
        "HasMoreShards": False,
        "Shards": [
            {
                "ShardId": SHARD,
                "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": str(middle - 1)},
            },
            {
                "ShardId": "shardId-000000000001",
                "HashKeyRange": {"StartingHashKey": str(middle), "EndingHashKey": HIGHEST},
            },
        ],
    } == found
    assert [["StartingSequenceNumber"]] * 2 == [list(each) for each in numbers]
    assert {56} == {len(each["StartingSequenceNumber"]) for each in numbers}


def test_the_summary_counts_shards_and_consumers(kinesis: Any, arn: Arn) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=3, MaxRecordSizeInKiB=2048)
    kinesis.register_stream_consumer(StreamARN=arn("s"), ConsumerName="c")
    found = kinesis.describe_stream_summary(StreamARN=arn("s"))["StreamDescriptionSummary"]
    assert (3, 1, 2048) == (
        found["OpenShardCount"], found["ConsumerCount"], found["MaxRecordSizeInKiB"],
    )  # fmt: skip


def test_a_stream_on_demand_has_four_shards(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="s", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    found = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert ("ON_DEMAND", 4, "USER_PARTITION_KEY") == (
        found["StreamModeDetails"]["StreamMode"],
        found["OpenShardCount"],
        found["RecordDistributionStrategy"],
    )


@pytest.mark.parametrize(
    ("params", "code", "said"),
    [
        ({}, "ValidationException", "ShardCount must be specified"),
        (
            {"ShardCount": 1, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}},
            "ValidationException", "ShardCount must not be specified",
        ),
        ({"ShardCount": 10_001}, "LimitExceededException", "Limit: 10000."),
        (
            {"ShardCount": 1, "Tags": {"aws:x": "y"}}, "InvalidArgumentException",
            "The tag with the key 'aws:x' is not allowed.",
        ),
        (
            {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}, "WarmThroughputMiBps": 8},
            "ValidationException", "MinimumThroughputBillingCommitment",
        ),
        (
            {"ShardCount": 1, "WarmThroughputMiBps": 8}, "ValidationException",
            "WarmThroughputMiBps needs a stream on demand.",
        ),
    ],
)  # fmt: skip
def test_a_stream_that_aws_would_not_make_is_refused(
    kinesis: Any, params: dict[str, Any], code: str, said: str
) -> None:
    found = refusal(kinesis.create_stream, StreamName="s", **params)
    assert code == found[0]
    assert said in found[1]
    assert [] == kinesis.list_streams()["StreamNames"]


def test_a_name_is_given_once(kinesis: Any, stream: str, account: str) -> None:
    assert (
        "ResourceInUseException",
        f"Stream {stream} under account {account} already exists.",
    ) == refusal(kinesis.create_stream, StreamName=stream, ShardCount=1)


def test_what_is_not_there_is_not_found(kinesis: Any, account: str, arn: Arn) -> None:
    expected = (
        "ResourceNotFoundException",
        f"Stream nowhere under account {account} not found.",
    )
    for ask, params in (
        (kinesis.describe_stream, {}),
        (kinesis.describe_stream_summary, {}),
        (kinesis.delete_stream, {}),
        (kinesis.put_record, {"Data": b"x", "PartitionKey": "k"}),
        (kinesis.put_records, {"Records": [{"Data": b"x", "PartitionKey": "k"}]}),
        (kinesis.get_shard_iterator, {"ShardId": SHARD, "ShardIteratorType": "LATEST"}),
        (kinesis.list_shards, {}),
        (kinesis.list_tags_for_stream, {}),
        (kinesis.add_tags_to_stream, {"Tags": {"a": "b"}}),
        (kinesis.increase_stream_retention_period, {"RetentionPeriodHours": 48}),
        (kinesis.split_shard, {"ShardToSplit": SHARD, "NewStartingHashKey": "5"}),
        (kinesis.update_shard_count, {"TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}),
    ):
        assert expected == refusal(ask, StreamName="nowhere", **params)
    assert expected == refusal(kinesis.list_stream_consumers, StreamARN=arn("nowhere"))


def test_a_stream_is_named_by_name_arn_or_both(kinesis: Any, stream: str, arn: Arn) -> None:
    for named in (
        {"StreamName": stream},
        {"StreamARN": arn(stream)},
        {"StreamName": stream, "StreamARN": arn(stream)},
    ):
        found = kinesis.describe_stream(**named)["StreamDescription"]
        assert stream == found["StreamName"]
    assert (
        "InvalidArgumentException",
        f"StreamName other does not match StreamARN {arn(stream)}.",
    ) == refusal(kinesis.describe_stream, StreamName="other", StreamARN=arn(stream))
    assert (
        "InvalidArgumentException",
        "Either StreamName or StreamARN must be specified.",
    ) == refusal(kinesis.describe_stream)
    wrong = arn("a%b")
    assert (
        "InvalidArgumentException", f"{wrong} is not the ARN of a stream or of a consumer."
    ) == refusal(kinesis.describe_stream, StreamARN=wrong)  # fmt: skip


def test_streams_are_listed_by_pages(kinesis: Any) -> None:
    for name in ("a", "b", "c"):
        kinesis.create_stream(StreamName=name, ShardCount=1)
    first = kinesis.list_streams(Limit=2)
    assert (["a", "b"], True) == (first["StreamNames"], first["HasMoreStreams"])
    assert ["ACTIVE", "ACTIVE"] == [each["StreamStatus"] for each in first["StreamSummaries"]]
    for more in ({"NextToken": first["NextToken"]}, {"ExclusiveStartStreamName": "b"}):
        second = kinesis.list_streams(**more)
        assert (["c"], False) == (second["StreamNames"], second["HasMoreStreams"])
    assert "InvalidArgumentException" == refusal(kinesis.list_streams, NextToken="x")[0]


def test_a_deleted_stream_is_gone_with_its_records(
    kinesis: Any, stream: str, pileus: Running
) -> None:
    numbers = put(kinesis, stream, b"one")
    kinesis.delete_stream(StreamName=stream)
    assert [] == kinesis.list_streams()["StreamNames"]
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    assert [] == records(kinesis, stream)
    again = put(kinesis, stream, b"two")
    assert numbers[0] not in again
    pileus.advance(0)
    assert [b"two"] == data(records(kinesis, stream))


def test_a_stream_with_consumers_is_deleted_only_when_that_is_meant(
    kinesis: Any, stream: str, arn: Arn
) -> None:
    kinesis.register_stream_consumer(StreamARN=arn(stream), ConsumerName="c")
    assert "ResourceInUseException" == refusal(kinesis.delete_stream, StreamName=stream)[0]
    kinesis.delete_stream(StreamName=stream, EnforceConsumerDeletion=True)
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    assert [] == kinesis.list_stream_consumers(StreamARN=arn(stream))["Consumers"]


def test_tags_are_kept_by_the_older_operations_and_the_newer(kinesis: Any, arn: Arn) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=1, Tags={"a": "1"})
    kinesis.add_tags_to_stream(StreamName="s", Tags={"b": "2"})
    kinesis.tag_resource(ResourceARN=arn("s"), Tags={"c": "3"})
    kinesis.remove_tags_from_stream(StreamName="s", TagKeys=["a"])
    expected = [{"Key": "b", "Value": "2"}, {"Key": "c", "Value": "3"}]
    assert expected == kinesis.list_tags_for_resource(ResourceARN=arn("s"))["Tags"]
    first = kinesis.list_tags_for_stream(StreamName="s", Limit=1)
    assert (expected[:1], True) == (first["Tags"], first["HasMoreTags"])
    rest = kinesis.list_tags_for_stream(StreamName="s", ExclusiveStartTagKey="b")
    assert (expected[1:], False) == (rest["Tags"], rest["HasMoreTags"])
    kinesis.untag_resource(ResourceARN=arn("s"), TagKeys=["b", "c"])
    assert [] == kinesis.list_tags_for_stream(StreamName="s")["Tags"]
    many = {str(number): "x" for number in range(51)}
    assert (
        "InvalidArgumentException", "A resource can have at most 50 tags."
    ) == refusal(kinesis.tag_resource, ResourceARN=arn("s"), Tags=many)  # fmt: skip


def test_policies_of_streams_and_consumers_are_kept(kinesis: Any, stream: str, arn: Arn) -> None:
    consumer = kinesis.register_stream_consumer(StreamARN=arn(stream), ConsumerName="c")
    policy = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}'
    for resource in (arn(stream), consumer["Consumer"]["ConsumerARN"]):
        assert "{}" == kinesis.get_resource_policy(ResourceARN=resource)["Policy"]
        kinesis.put_resource_policy(ResourceARN=resource, Policy=policy)
        assert policy == kinesis.get_resource_policy(ResourceARN=resource)["Policy"]
        kinesis.delete_resource_policy(ResourceARN=resource)
        assert (
            "ResourceNotFoundException", f"{resource} has no resource policy."
        ) == refusal(kinesis.delete_resource_policy, ResourceARN=resource)  # fmt: skip
    for wrong in ("{", "[]", "{}", '{"Statement": [], "x": "' + "y" * 20_480 + '"}'):
        found = refusal(kinesis.put_resource_policy, ResourceARN=arn(stream), Policy=wrong)
        assert "InvalidArgumentException" == found[0]


def test_limits_count_open_shards(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="a", ShardCount=3)
    kinesis.create_stream(StreamName="b", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    found = kinesis.describe_limits()
    assert (3, 1, 20_000) == (
        found["OpenShardCount"], found["OnDemandStreamCount"], found["ShardLimit"],
    )  # fmt: skip


def test_a_commitment_lasts_a_day_at_least(kinesis: Any, pileus: Running) -> None:
    def status() -> str:
        found = kinesis.describe_account_settings()["MinimumThroughputBillingCommitment"]
        return str(found["Status"])

    def commit(wanted: str) -> None:
        kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": wanted})

    assert "DISABLED" == status()
    commit("ENABLED")
    assert "ENABLED" == status()
    commit("DISABLED")
    assert "ENABLED_UNTIL_EARLIEST_ALLOWED_END" == status()
    pileus.advance(86_400)
    assert "DISABLED" == status()


def test_warm_throughput_makes_shards(kinesis: Any, arn: Arn) -> None:
    kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    mode = {"StreamMode": "ON_DEMAND"}
    kinesis.create_stream(StreamName="s", StreamModeDetails=mode, WarmThroughputMiBps=6)
    answer = kinesis.update_stream_warm_throughput(StreamName="s", WarmThroughputMiBps=9)
    assert {"TargetMiBps": 9, "CurrentMiBps": 9} == answer["WarmThroughput"]
    found = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert (9, answer["WarmThroughput"]) == (found["OpenShardCount"], found["WarmThroughput"])
    kinesis.create_stream(StreamName="p", ShardCount=1)
    assert "ValidationException" == refusal(
        kinesis.update_stream_warm_throughput, StreamName="p", WarmThroughputMiBps=9
    )[0]  # fmt: skip
