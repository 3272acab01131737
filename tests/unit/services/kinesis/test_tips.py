"""What is known of a stream's last rows without the database, and when it must be asked."""

from __future__ import annotations

from pileus.services.kinesis.chunks import Head
from pileus.services.kinesis.store import Stream
from pileus.services.kinesis.streams import BY_KEY
from pileus.services.kinesis.tips import ROWS_MAX, STREAMS_MAX, Known, Tips

STREAM, SHARD = 7, 0
NEVER = -1


def stream(stream_id: int = STREAM, next_position: int = 0) -> Stream:
    return Stream(
        f"arn:{stream_id}", stream_id, 1, "PROVISIONED", "ACTIVE", 1, next_position, 0, 24, "",
        1_024, 0, "[]", BY_KEY, "[]",
    )  # fmt: skip


def known(tips: Tips, position: int, count: int = 10, expired_at: int = NEVER) -> Known | None:
    return tips.known(stream(), SHARD, position, count, expired_at)


def row(first: int, last: int, at: int = 100) -> Head:
    return Head(first, last, at, last - first + 1, 10, 0)


def followed() -> Tips:
    tips = Tips()
    known(tips, 0, 1)
    return tips


def put(tips: Tips, begin: int, end: int, shard: int = SHARD, at: int = 100) -> Head:
    """One row, of all positions."""
    head = row(begin, end - 1, at)
    tips.add(STREAM, begin, end, [(shard, head)])
    return head


def test_a_stream_that_nobody_reads_has_no_tip() -> None:
    tips = Tips()
    put(tips, 0, 10)
    assert not tips.is_followed(STREAM)
    assert Known([], 0) == known(tips, 0)


def test_a_tip_begins_with_what_is_put_next() -> None:
    tips = Tips()
    read = stream(next_position=10)
    assert None is tips.known(read, SHARD, 9, 10, NEVER)
    assert Known([], 10) == tips.known(read, SHARD, 10, 10, NEVER)
    row = put(tips, 10, 20)
    assert None is known(tips, 9)
    assert Known([row], 20) == known(tips, 10)


def test_rows_are_known_from_the_one_that_holds_the_position() -> None:
    tips = followed()
    first, second, third = put(tips, 0, 10), put(tips, 10, 20), put(tips, 20, 30)
    assert Known([first, second, third], 30) == known(tips, 9, 10)
    assert Known([second], 30) == known(tips, 10, 1)
    assert Known([], 30) == known(tips, 30, 10)


def test_a_shard_without_rows_is_known_to_have_none() -> None:
    tips = followed()
    put(tips, 0, 10, shard=1)
    assert Known([], 10) == known(tips, 0, 10)


def test_positions_that_others_have_taken_begin_a_new_tip() -> None:
    tips = followed()
    put(tips, 0, 10)
    later = put(tips, 12, 20)
    assert None is known(tips, 11, 10)
    assert Known([later], 20) == known(tips, 12, 10)


def test_a_put_that_was_refused_whole_leaves_no_gap() -> None:
    tips = followed()
    first = put(tips, 0, 10)
    tips.add(STREAM, 10, 15, [])
    second = put(tips, 15, 20)
    assert Known([first, second], 20) == known(tips, 0, 10)


def test_expired_rows_are_passed_over() -> None:
    tips = followed()
    put(tips, 0, 10, at=100)
    fresh = put(tips, 10, 20, at=101)
    assert Known([fresh], 20) == known(tips, 0, 10, 100)


def test_what_has_been_removed_is_forgotten() -> None:
    tips = followed()
    put(tips, 0, 10)
    tips.forget(STREAM)
    assert Known([], 0) == known(tips, 0)


def test_the_older_half_is_forgotten_when_there_are_many_rows() -> None:
    tips = followed()
    rows = [put(tips, position, position + 1) for position in range(ROWS_MAX)]
    middle = ROWS_MAX // 2
    assert None is known(tips, middle - 1, 1)
    assert Known(rows[middle:], ROWS_MAX) == known(tips, middle, ROWS_MAX)


def test_a_row_that_reaches_into_the_newer_half_stays() -> None:
    tips = followed()
    for position in range(ROWS_MAX - 2):
        put(tips, position, position + 1)
    # The middle of all positions lies within this one.
    long = put(tips, ROWS_MAX - 2, 3 * ROWS_MAX)
    last = put(tips, 3 * ROWS_MAX, 3 * ROWS_MAX + 1)
    assert Known([long, last], last.last_position + 1) == known(tips, 3 * ROWS_MAX - 1)


def test_a_stream_that_is_read_no_more_is_forgotten() -> None:
    tips = followed()
    for position in range(2 * ROWS_MAX):
        put(tips, position, position + 1)
    assert not tips.is_followed(STREAM)


def test_the_streams_that_were_read_last_have_tips() -> None:
    tips = followed()
    for number in range(100, 100 + STREAMS_MAX - 1):
        tips.known(stream(number), SHARD, 0, 1, NEVER)
    known(tips, 0, 1)
    tips.known(stream(99), SHARD, 0, 1, NEVER)
    assert [False, True] == [tips.is_followed(100), tips.is_followed(STREAM)]
