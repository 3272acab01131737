"""Which rows of a page are taken together, as another reader has had them written."""

from __future__ import annotations

from pileus.services.kinesis import pages
from pileus.services.kinesis.chunks import Head
from pileus.services.kinesis.kept_rows import Block

# Of ten records and a hundred bytes each.
HEADS = [Head(first, first + 9, first, 10, 100, 0) for first in range(0, 50, 10)]


def block(begin: int, end: int) -> Block:
    heads = HEADS[begin:end]
    count = len(heads)
    head = Head(
        heads[0].first_position, heads[-1].last_position, heads[-1].at, 10 * count, 100 * count, 0
    )
    return Block(head, count, b"%d-%d" % (begin, end))


def taken(
    *blocks: Block, position: int = 0, limit: int = 10_000, bytes_max: int = 10_000, count: int = 5
) -> list[bytes | int]:
    """What the page consists of: blocks by their texts, and rows by their numbers."""
    named = {each.head.first_position: each for each in blocks}
    heads, written = pages.with_blocks(HEADS[:count], named, position, limit, bytes_max)
    return [written.get(head.first_position, head.first_position // 10) for head in heads]


def test_blocks_stand_for_their_rows() -> None:
    assert [0, b"1-3", b"3-4", 4] == taken(block(1, 3), block(3, 4))


def test_a_block_that_begins_before_the_position_is_not_taken() -> None:
    assert [0, b"1-5"] == taken(block(0, 3), block(1, 5), position=5)


def test_a_block_beyond_the_limits_is_not_taken() -> None:
    assert [b"0-3", b"3-5"] == taken(block(0, 3), block(3, 5), limit=50, bytes_max=500)
    assert [b"0-3", 3, 4] == taken(block(0, 3), block(3, 5), limit=49)
    assert [b"0-3", 3, 4] == taken(block(0, 3), block(3, 5), bytes_max=499)


def test_a_block_of_more_rows_than_are_known_is_not_taken() -> None:
    assert [0, 1, 2, 3] == taken(block(2, 5), count=4)
