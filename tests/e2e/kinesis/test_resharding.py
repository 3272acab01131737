"""Splits, merges and scaling; closed shards; what ListShards leaves out."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from e2e.kinesis.reading import SHARD, data, iterator, put, records, refusal
from support.running import Running

HIGHEST = 2**128 - 1
MIDDLE = str(2**127)
CHILDREN = ["shardId-000000000001", "shardId-000000000002"]


def split(kinesis: Any, stream: str, shard: str = SHARD, key: str = MIDDLE) -> None:
    kinesis.split_shard(StreamName=stream, ShardToSplit=shard, NewStartingHashKey=key)


def listed(kinesis: Any, stream: str, **how: Any) -> list[int]:
    """The numbers of the shards that are listed."""
    found = kinesis.list_shards(StreamName=stream, **how)["Shards"]
    return [int(shard["ShardId"][-12:]) for shard in found]


def at(pileus: Running) -> datetime:
    return datetime.fromtimestamp(pileus.now / 1000, UTC)


def test_a_split_shard_is_read_to_its_end_and_names_its_children(kinesis: Any, stream: str) -> None:
    put(kinesis, stream, b"before")
    latest = iterator(kinesis, stream, kind="LATEST")
    split(kinesis, stream)
    put(kinesis, stream, b"after")
    parent, low, high = kinesis.list_shards(StreamName=stream)["Shards"]
    assert [SHARD, SHARD] == [low["ParentShardId"], high["ParentShardId"]]
    ending = parent["SequenceNumberRange"]["EndingSequenceNumber"]
    starting = low["SequenceNumberRange"]["StartingSequenceNumber"]
    assert int(ending) < int(starting)
    answer = kinesis.get_records(ShardIterator=iterator(kinesis, stream))
    assert [b"before"] == data(answer["Records"])
    assert "NextShardIterator" not in answer
    expected = [
        {
            "ShardId": child["ShardId"],
            "ParentShards": [SHARD],
            "HashKeyRange": child["HashKeyRange"],
        }
        for child in (low, high)
    ]
    assert (expected, 0) == (answer["ChildShards"], answer["MillisBehindLatest"])
    ended = kinesis.get_records(ShardIterator=latest)
    assert ([], expected) == (ended["Records"], ended["ChildShards"])
    # The MD5 of "k" begins with 8.
    assert [b"after"] == data(records(kinesis, stream, CHILDREN[1]))


def test_a_closed_shard_is_read_page_by_page(kinesis: Any, stream: str) -> None:
    put(kinesis, stream, b"a", b"b")
    split(kinesis, stream)
    first = kinesis.get_records(ShardIterator=iterator(kinesis, stream), Limit=1)
    assert "ChildShards" not in first
    second = kinesis.get_records(ShardIterator=first["NextShardIterator"], Limit=1)
    assert ([b"b"], 2) == (data(second["Records"]), len(second["ChildShards"]))


def test_merged_shards_have_one_child(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=2)
    kinesis.merge_shards(StreamName="s", ShardToMerge=CHILDREN[0], AdjacentShardToMerge=SHARD)
    child = kinesis.list_shards(StreamName="s")["Shards"][2]
    assert (CHILDREN[0], SHARD) == (child["ParentShardId"], child["AdjacentParentShardId"])
    whole = {"StartingHashKey": "0", "EndingHashKey": str(HIGHEST)}
    assert whole == child["HashKeyRange"]
    answer = kinesis.get_records(ShardIterator=iterator(kinesis, "s"))
    assert [CHILDREN[0], SHARD] == answer["ChildShards"][0]["ParentShards"]


def test_splits_that_aws_refuses(kinesis: Any, stream: str, account: str) -> None:
    def refused(**params: str) -> tuple[str, str]:
        params = {"ShardToSplit": SHARD, "NewStartingHashKey": MIDDLE, **params}
        return refusal(kinesis.split_shard, StreamName=stream, **params)

    assert (
        "ResourceNotFoundException",
        f"Could not find shard shardId-000000000009 in stream {stream} under account {account}.",
    ) == refused(ShardToSplit="shardId-000000000009")
    for key in ("0", str(HIGHEST)):
        assert (
            "InvalidArgumentException",
            f"NewStartingHashKey {key} used in SplitShard() on shard {SHARD} in stream {stream} "
            f"under account {account} is not both greater than one plus the shard's "
            f"StartingHashKey 0 and less than the shard's EndingHashKey {HIGHEST}.",
        ) == refused(NewStartingHashKey=key)
    split(kinesis, stream)
    assert (
        "InvalidArgumentException",
        f"Shard {SHARD} in stream {stream} under account {account} has already been merged or "
        "split, and thus is not eligible for merging or splitting.",
    ) == refused()


def test_merges_that_aws_refuses(kinesis: Any, account: str) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=3)
    for other in (SHARD, "shardId-000000000002"):
        assert (
            "InvalidArgumentException",
            f"Shards {SHARD} and {other} in stream s under account {account} are not an adjacent "
            "pair of shards eligible for merging",
        ) == refusal(
            kinesis.merge_shards, StreamName="s", ShardToMerge=SHARD, AdjacentShardToMerge=other
        )


@pytest.mark.parametrize(
    ("count", "target"), [(1, 2), (2, 1), (4, 3), (3, 6), (4, 2), (3, 5), (5, 5)]
)
def test_scaling_makes_equal_shards(kinesis: Any, count: int, target: int) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=count)
    answer = kinesis.update_shard_count(
        StreamName="s", TargetShardCount=target, ScalingType="UNIFORM_SCALING"
    )
    assert (count, target) == (answer["CurrentShardCount"], answer["TargetShardCount"])
    found = kinesis.list_shards(StreamName="s", ShardFilter={"Type": "AT_LATEST"})["Shards"]
    bounds = [2**128 * n // target for n in range(target + 1)]
    keys = [shard["HashKeyRange"] for shard in found]
    ranges = [(int(key["StartingHashKey"]), int(key["EndingHashKey"])) for key in keys]
    assert [(low, high - 1) for low, high in pairwise(bounds)] == sorted(ranges)


def test_scaling_goes_to_double_or_half_at_once(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=4)
    for target, how in ((9, "up over double"), (1, "down below half")):
        assert (
            "InvalidArgumentException",
            f"UpdateShardCount cannot scale {how} your current open shard count. Current open "
            f"shard count: 4 Target shard count: {target}",
        ) == refusal(
            kinesis.update_shard_count, StreamName="s", TargetShardCount=target,
            ScalingType="UNIFORM_SCALING",
        )  # fmt: skip


def test_streams_on_demand_are_not_resharded(kinesis: Any, account: str) -> None:
    kinesis.create_stream(StreamName="s", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert (
        "ValidationException",
        f"Request is invalid. Stream s under account {account} is in On-Demand mode.",
    ) == refusal(kinesis.split_shard, StreamName="s", ShardToSplit=SHARD, NewStartingHashKey="5")


def test_order_holds_across_a_split(kinesis: Any, stream: str) -> None:
    numbers = put(kinesis, stream, b"a", b"b")
    split(kinesis, stream)
    numbers += put(kinesis, stream, b"c")
    assert sorted(numbers, key=int) == numbers


# Listing.


def test_shards_are_listed_by_filter(kinesis: Any, stream: str, pileus: Running) -> None:
    pileus.advance(60)
    between = at(pileus)
    pileus.advance(60)
    split(kinesis, stream)
    pileus.advance(60)
    later = at(pileus)

    def by(kind: str, **how: Any) -> list[int]:
        return listed(kinesis, stream, ShardFilter={"Type": kind, **how})

    assert [0, 1, 2] == listed(kinesis, stream)
    assert [0, 1, 2] == by("FROM_TRIM_HORIZON")
    assert [0] == by("AT_TRIM_HORIZON")
    assert [1, 2] == by("AT_LATEST")
    assert [0] == by("AT_TIMESTAMP", Timestamp=between)
    assert [1, 2] == by("AT_TIMESTAMP", Timestamp=later)
    assert [0, 1, 2] == by("FROM_TIMESTAMP", Timestamp=between)
    assert [1, 2] == by("FROM_TIMESTAMP", Timestamp=later)
    assert [2] == by("AFTER_SHARD_ID", ShardId=CHILDREN[0])
    assert [1, 2] == listed(kinesis, stream, ExclusiveStartShardId=SHARD)


def test_shards_are_listed_by_pages(kinesis: Any, pileus: Running) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=5)
    first = kinesis.list_shards(StreamName="s", MaxResults=3)
    second = kinesis.list_shards(NextToken=first["NextToken"], MaxResults=3)
    ids = [shard["ShardId"] for shard in first["Shards"] + second["Shards"]]
    assert [f"shardId-{n:012}" for n in range(5)] == ids
    assert "NextToken" not in second
    assert (
        "InvalidArgumentException", "NextToken and StreamName cannot be provided together."
    ) == refusal(kinesis.list_shards, StreamName="s", NextToken=first["NextToken"])  # fmt: skip
    assert "InvalidArgumentException" == refusal(kinesis.list_shards, NextToken="x")[0]
    pileus.advance(301)
    expired = refusal(kinesis.list_shards, NextToken=first["NextToken"])
    assert "ExpiredNextTokenException" == expired[0]
    described = kinesis.describe_stream(StreamName="s", Limit=2, ExclusiveStartShardId=SHARD)
    found = described["StreamDescription"]
    assert (ids[1:3], True) == (
        [shard["ShardId"] for shard in found["Shards"]], found["HasMoreShards"],
    )  # fmt: skip


def test_a_stream_is_told_from_an_earlier_one_by_its_creation(
    kinesis: Any, stream: str, pileus: Running
) -> None:
    created = at(pileus)
    assert [0] == listed(kinesis, stream, StreamCreationTimestamp=created)
    kinesis.delete_stream(StreamName=stream)
    pileus.advance(10)
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    assert "ResourceNotFoundException" == refusal(
        kinesis.list_shards, StreamName=stream, StreamCreationTimestamp=created
    )[0]  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [
        {"Type": "AT_TIMESTAMP"},
        {"Type": "AFTER_SHARD_ID"},
        {"Type": "AT_LATEST", "ShardId": SHARD},
        {"Type": "AT_LATEST", "Timestamp": datetime(2020, 1, 1)},
        {"Type": "AFTER_SHARD_ID", "ShardId": "x"},
    ],
)
def test_filters_whose_members_do_not_go_together_are_refused(
    kinesis: Any, stream: str, given: dict[str, Any]
) -> None:
    found = refusal(kinesis.list_shards, StreamName=stream, ShardFilter=given)
    assert "InvalidArgumentException" == found[0]
