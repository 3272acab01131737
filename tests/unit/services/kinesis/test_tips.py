"""What is known of a stream's last rows without the database, and when it must be asked."""

from __future__ import annotations

from pileus.services.kinesis.chunks import Head
from pileus.services.kinesis.tips import ROWS_MAX, STREAMS_MAX, Known, Tips

STREAM, SHARD = 7, 0
NEVER = -1


def row(first: int, last: int, at: int = 100) -> Head:
    return Head(first, last, at, last - first + 1, 10, 0)


def followed() -> Tips:
    tips = Tips()
    tips.known(STREAM, SHARD, 0, 1, NEVER)
    return tips


def put(tips: Tips, begin: int, end: int, shard: int = SHARD, at: int = 100) -> Head:
    """One row, of all positions."""
    head = row(begin, end - 1, at)
    tips.add(STREAM, begin, end, [(shard, head)])
    return head


def test_nothing_is_known_of_a_stream_that_nobody_reads() -> None:
    tips = Tips()
    assert not tips.follows(STREAM)
    put(tips, 0, 10)
    assert None is tips.known(STREAM, SHARD, 0, 10, NEVER)
    assert tips.follows(STREAM)


def test_rows_are_known_from_the_one_that_holds_the_position() -> None:
    tips = followed()
    first, second, third = put(tips, 0, 10), put(tips, 10, 20), put(tips, 20, 30)
    assert Known([first, second, third], 30) == tips.known(STREAM, SHARD, 9, 10, NEVER)
    assert Known([second], 30) == tips.known(STREAM, SHARD, 10, 1, NEVER)
    assert Known([], 30) == tips.known(STREAM, SHARD, 30, 10, NEVER)


def test_a_shard_without_rows_is_known_to_have_none() -> None:
    tips = followed()
    put(tips, 0, 10, shard=1)
    assert Known([], 10) == tips.known(STREAM, SHARD, 0, 10, NEVER)


def test_positions_that_others_have_taken_begin_a_new_tip() -> None:
    tips = followed()
    put(tips, 0, 10)
    later = put(tips, 12, 20)
    assert None is tips.known(STREAM, SHARD, 11, 10, NEVER)
    assert Known([later], 20) == tips.known(STREAM, SHARD, 12, 10, NEVER)


def test_a_put_that_was_refused_whole_leaves_no_gap() -> None:
    tips = followed()
    first = put(tips, 0, 10)
    tips.add(STREAM, 10, 15, [])
    second = put(tips, 15, 20)
    assert Known([first, second], 20) == tips.known(STREAM, SHARD, 0, 10, NEVER)


def test_expired_rows_are_passed_over() -> None:
    tips = followed()
    put(tips, 0, 10, at=100)
    fresh = put(tips, 10, 20, at=101)
    assert Known([fresh], 20) == tips.known(STREAM, SHARD, 0, 10, 100)


def test_what_has_been_removed_is_forgotten() -> None:
    tips = followed()
    put(tips, 0, 10)
    tips.forget(STREAM)
    assert None is tips.known(STREAM, SHARD, 0, 10, NEVER)


def test_the_older_half_is_forgotten_when_there_are_many_rows() -> None:
    tips = followed()
    rows = [put(tips, position, position + 1) for position in range(ROWS_MAX)]
    middle = ROWS_MAX // 2
    assert None is tips.known(STREAM, SHARD, middle - 1, 1, NEVER)
    assert Known(rows[middle:], ROWS_MAX) == tips.known(STREAM, SHARD, middle, ROWS_MAX, NEVER)


def test_a_row_that_reaches_into_the_newer_half_stays() -> None:
    tips = followed()
    for position in range(ROWS_MAX - 2):
        put(tips, position, position + 1)
    # The middle of all positions lies within this one.
    long = put(tips, ROWS_MAX - 2, 3 * ROWS_MAX)
    last = put(tips, 3 * ROWS_MAX, 3 * ROWS_MAX + 1)
    assert Known([long, last], last.last_position + 1) == tips.known(
        STREAM, SHARD, 3 * ROWS_MAX - 1, 10, NEVER
    )


def test_a_stream_that_is_read_no_more_is_forgotten() -> None:
    tips = followed()
    for position in range(2 * ROWS_MAX):
        put(tips, position, position + 1)
    assert not tips.follows(STREAM)


def test_the_streams_that_were_read_last_have_tips() -> None:
    tips = followed()
    for number in range(100, 100 + STREAMS_MAX - 1):
        tips.known(number, SHARD, 0, 1, NEVER)
    tips.known(STREAM, SHARD, 0, 1, NEVER)
    tips.known(99, SHARD, 0, 1, NEVER)
    assert [False, True] == [tips.follows(100), tips.follows(STREAM)]
