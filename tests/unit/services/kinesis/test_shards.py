"""Hash key ranges, descent and routing."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.services.kinesis import shards
from pileus.services.kinesis.shards import HASH_KEY_MAX, Resharding, ShardMap


def ranges(shard_map: ShardMap) -> list[tuple[int, int]]:
    return [(shard.low, shard.high) for shard in shard_map.open]


def has_no_gap(shard_map: ShardMap) -> bool:
    found = ranges(shard_map)
    ends = [low for low, _ in found[1:]] + [HASH_KEY_MAX + 1]
    return found[0][0] == 0 and [high + 1 for _, high in found] == ends


@given(st.integers(1, 300))
def test_new_shards_share_the_whole_range(count: int) -> None:
    assert has_no_gap(shards.first_map(count, 1))


def test_a_partition_key_is_hashed_by_md5() -> None:
    expected = hashlib.md5(b"caf\xc3\xa9").digest()
    assert [expected] == shards.hashes_of(["café".encode()])


@given(st.integers(1, 40), st.integers(0, HASH_KEY_MAX))
def test_a_hash_key_goes_to_the_shard_whose_range_has_it(count: int, key: int) -> None:
    shard_map = shards.first_map(count, 1)
    (place,) = shard_map.taking([shards.key_of(key)])
    shard = shard_map.open[place]
    assert shard.low <= key <= shard.high


def test_a_split_closes_the_parent_and_opens_two_children() -> None:
    before = shards.first_map(1, 10)
    work = Resharding(before, 100, 20)
    work.split(before.open[0], 2**127)
    after = work.result()
    assert [(0, 2**127 - 1), (2**127, HASH_KEY_MAX)] == ranges(after)
    parent = after.get(0)
    assert parent is not None
    assert (20, 100) == (parent.closed_at, parent.last_position)
    assert [(1, 0, 101), (2, 0, 102)] == [
        (child.number, child.parent, child.first_position) for child in after.children(0)
    ]
    assert 103 == work.position


def test_a_merge_has_two_parents() -> None:
    before = shards.first_map(2, 10)
    work = Resharding(before, 5, 20)
    work.merge(before.open[1], before.open[0])
    (child,) = work.result().open
    assert (0, HASH_KEY_MAX, 1, 0) == (child.low, child.high, child.parent, child.adjacent)
    assert [child] == work.result().children(0) == work.result().children(1)


@given(st.integers(1, 24), st.integers(1, 48))
def test_scaling_ends_in_equal_shards_whatever_was_before(count: int, target: int) -> None:
    before = shards.first_map(count, 10)
    work = Resharding(before, 1, 20)
    work.scale(before.open, target)
    after = work.result()
    assert shards.uniform_ranges(target) == ranges(after)
    assert len({shard.number for shard in after.shards}) == len(after.shards)


def test_scaling_to_the_same_count_changes_nothing() -> None:
    before = shards.first_map(3, 10)
    work = Resharding(before, 1, 20)
    work.scale(before.open, 3)
    assert before.shards == work.result().shards


def test_doubling_splits_each_shard_once() -> None:
    before = shards.first_map(3, 10)
    work = Resharding(before, 1, 20)
    work.scale(before.open, 6)
    assert 9 == len(work.result().shards)


@given(st.integers(1, 12), st.integers(1, 24))
def test_a_map_is_the_same_after_it_was_stored(count: int, target: int) -> None:
    before = shards.first_map(count, 10)
    work = Resharding(before, 1, 20)
    work.scale(before.open, target)
    after = work.result()
    again = shards.unpack(shards.pack(after))
    assert (after.shards, after.next_number) == (again.shards, again.next_number)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shardId-000000000007", 7), ("7", 7), ("shardId-", None), ("shardId-x", None), ("", None),
        ("shardId-²", None), ("9" * 40, None),
    ],
)  # fmt: skip
def test_ids_of_shards_are_read(text: str, expected: int | None) -> None:
    assert expected == shards.number_of(text)
