"""Sequence numbers: their form, their order, and what they say."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from pileus.services.kinesis import sequence_numbers

CREATED = st.integers(1_400_000_000_000, 8_000_000_000_000)
IDS = st.integers(0, 2**48 - 1)
SHARDS = st.integers(0, 2**31)
POSITIONS = st.integers(0, 2**60)


@given(CREATED, IDS, SHARDS, POSITIONS)
def test_they_have_56_digits_and_say_where_the_record_is(
    created_at: int, stream_id: int, shard: int, position: int
) -> None:
    base = sequence_numbers.stream_base(created_at, stream_id)
    number = sequence_numbers.of(base, shard, position)
    assert 56 == len(number)
    assert (shard, position) == sequence_numbers.parse(number, base)


@given(CREATED, IDS, SHARDS, SHARDS, POSITIONS)
def test_they_grow_with_the_position_whatever_the_shard(
    created_at: int, stream_id: int, shard: int, other: int, position: int
) -> None:
    base = sequence_numbers.stream_base(created_at, stream_id)
    first = sequence_numbers.of(base, shard, position)
    assert int(first) < int(sequence_numbers.of(base, other, position + 1))


@given(CREATED, IDS, SHARDS, POSITIONS, st.lists(st.integers(1, 2**24), max_size=20))
def test_many_at_once_are_those_one_by_one(
    created_at: int, stream_id: int, shard: int, first: int, steps: list[int]
) -> None:
    base = sequence_numbers.stream_base(created_at, stream_id)
    shard_base = sequence_numbers.shard_base(base, shard)
    positions = list(accumulate(steps, initial=first))
    assert [
        sequence_numbers.at(shard_base, position) for position in positions
    ] == sequence_numbers.many(shard_base, positions)


@given(CREATED, IDS, CREATED, IDS, SHARDS, POSITIONS)
def test_those_of_another_stream_are_known(
    created_at: int, stream_id: int, other_created_at: int, other_id: int, shard: int, position: int
) -> None:
    base = sequence_numbers.stream_base(created_at, stream_id)
    other = sequence_numbers.stream_base(other_created_at, other_id)
    number = sequence_numbers.of(base, shard, position)
    assert (base == other) == (sequence_numbers.parse(number, other) is not None)


@given(st.integers(0, 10**129))
def test_any_number_can_be_asked_about(number: int) -> None:
    base = sequence_numbers.stream_base(1_700_000_000_000, 5)
    place = sequence_numbers.parse(str(number), base)
    assert place is None or str(number) == sequence_numbers.of(base, *place)
