"""Which rows of records are kept in memory, and for how long."""

from __future__ import annotations

from pileus.services.kinesis.kept_rows import KEPT_BYTES_MAX, KeptRows

PLACE = ("json", 1, 0)


def test_rows_are_found_by_their_first_positions() -> None:
    rows = KeptRows()
    rows.keep([(PLACE, 5, b"five"), (PLACE, 7, b"seven")])
    assert {5: b"five"} == rows.find(PLACE, [4, 5, 6])
    assert {} == rows.find(("packed", 1, 0), [5])


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
