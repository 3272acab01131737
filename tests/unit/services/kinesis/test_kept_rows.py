"""Which rows of records are kept in memory, and for how long."""

from __future__ import annotations

from pileus.services.kinesis.chunks import Head
from pileus.services.kinesis.kept_rows import KEPT_BYTES_MAX, PACKED, Block, KeptRows

PLACE = (PACKED, 1, 0)


def test_rows_are_found_by_their_first_positions() -> None:
    rows = KeptRows()
    rows.keep([(PLACE, 5, b"five"), (PLACE, 7, b"seven")])
    assert {5: b"five"} == rows.find(PLACE, [4, 5, 6])
    assert {} == rows.find((PACKED, 1, 1), [5])


def test_so_many_bytes_are_kept_and_the_oldest_go_first() -> None:
    rows = KeptRows()
    half = b"x" * (KEPT_BYTES_MAX // 2)
    for position in range(3):
        rows.keep([(PLACE, position, half)])
        rows.keep([(PLACE, position, half)])
    assert [1, 2] == list(rows.find(PLACE, [0, 1, 2]))


def test_a_row_that_is_too_large_for_all_is_not_kept() -> None:
    rows = KeptRows()
    rows.keep([(PLACE, 1, b"x" * (KEPT_BYTES_MAX + 1))])
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
    rows.keep([(PLACE, 1, b"x" * KEPT_BYTES_MAX)])
    rows.keep_blocks(("json", 1, 0), [block(1, b"y")])
    assert {} == rows.find(PLACE, [1])
    rows.keep([(PLACE, 2, b"x" * KEPT_BYTES_MAX)])
    assert {} == rows.blocks(("json", 1, 0))
