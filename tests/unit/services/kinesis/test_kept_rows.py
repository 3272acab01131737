"""Which rows of records are kept in memory, and for how long."""

from __future__ import annotations

from pileus.services.kinesis.chunks import Columns, Head
from pileus.services.kinesis.kept_rows import FRESH, KEPT_BYTES_MAX, Block, Fresh, KeptRows

PLACE = (FRESH, 1, 0)


def fresh(position: int, size_bytes: int = 1) -> Fresh:
    return Fresh(PLACE, Columns([position], ["k"], [b"x"], [size_bytes], ["49"]), size_bytes)


def test_rows_are_found_by_their_first_positions() -> None:
    rows = KeptRows()
    five = fresh(5)
    rows.keep([five, fresh(7)])
    assert {5: five.records} == rows.find(PLACE, [4, 5, 6])
    assert {} == rows.find((FRESH, 1, 1), [5])


def test_so_many_bytes_are_kept_and_the_oldest_go_first() -> None:
    rows = KeptRows()
    for position in range(3):
        rows.keep([fresh(position, KEPT_BYTES_MAX // 3)] * 2)
    assert [1, 2] == list(rows.find(PLACE, [0, 1, 2]))


def test_a_row_that_is_too_large_for_all_is_not_kept() -> None:
    rows = KeptRows()
    rows.keep([fresh(1, KEPT_BYTES_MAX + 1)])
    assert {} == rows.find(PLACE, [1])


def block(first: int, text: bytes) -> Block:
    return Block(Head(first, first + 9, 100, 10, 10, 0), 2, text)


def test_blocks_are_found_in_their_form() -> None:
    rows = KeptRows()
    kept = block(5, b"five")
    rows.keep_blocks(("json", 1, 0), [kept])
    assert kept == rows.blocks(("json", 1, 0)).get(5)
    assert {} == rows.blocks(("cbor-1.1", 1, 0))
    assert {} == rows.find(PLACE, [5])


def test_blocks_and_rows_share_the_bytes_that_are_kept() -> None:
    rows = KeptRows()
    rows.keep([fresh(1, KEPT_BYTES_MAX - 300)])
    rows.keep_blocks(("json", 1, 0), [block(1, b"y")])
    assert {} == rows.find(PLACE, [1])
    rows.keep([fresh(2, KEPT_BYTES_MAX - 300)])
    assert {} == rows.blocks(("json", 1, 0))
