"""Packed events come back in order, whole and once, whatever overlaps."""

from __future__ import annotations

from itertools import islice
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.services.logs import chunks
from pileus.services.logs.chunks import SPANS_MS, Position, Source
from pileus.services.logs.rules import Batch

START = 1_700_000_000_000
# Instants that fall together, within a second, within minutes and hours apart.
instants = st.one_of(
    st.integers(0, 3),
    st.integers(0, 2_000),
    st.integers(0, 700_000),
    st.integers(0, 86_400_000),
).map(lambda offset: START + offset)
batches = st.lists(instants, min_size=1, max_size=12).map(sorted)


class Rows:
    """What the store would hold: rows by level, in the order of their keys."""

    def __init__(self, written: list[list[int]]) -> None:
        self.levels: list[list[tuple[Any, ...]]] = [[] for _ in SPANS_MS]
        self.keys: list[Position] = []
        sequence = 1
        for number, times in enumerate(written):
            for chunk in chunks.pack(Batch(times, [f"{number}"] * len(times))):
                self.levels[chunk.level].append(
                    (chunk.at, sequence + chunk.offset, f"stream-{number}", START, chunk.events)
                )
            self.keys += [(at, sequence + index) for index, at in enumerate(times)]
            sequence += len(times)
        self.keys.sort()
        for rows in self.levels:
            rows.sort()

    def source(self, level: int, begin: Position, rows_at_once: int, is_forward: bool) -> Source:
        def fetch(after: Position, count: int) -> list[Any]:
            if is_forward:
                found = (row for row in self.levels[level] if row[:2] > after)
            else:
                found = (row for row in reversed(self.levels[level]) if row[:2] < after)
            return list(islice(found, count))

        return Source(level, fetch, begin, rows_at_once, is_forward)

    def read(
        self, begin: Position, low: int, high: int, is_forward: bool, rows_at_once: int
    ) -> list[Position]:
        sources = [
            self.source(level, begin, rows_at_once, is_forward) for level in range(len(SPANS_MS))
        ]
        merged = chunks.merge(sources, begin, low, high, is_forward)
        return [(event.at, event.sequence) for event in merged]


@settings(max_examples=300)
@given(
    st.lists(batches, max_size=8), st.tuples(instants, st.integers(-1, 40)), instants, instants,
    st.booleans(), st.integers(1, 4),
)  # fmt: skip
def test_a_reader_sees_all_events_past_its_place_in_order(
    written: list[list[int]], begin: Position, low: int, high: int, is_forward: bool, at_once: int
) -> None:
    rows = Rows(written)
    inside = [key for key in rows.keys if low <= key[0] <= high]
    if is_forward:
        expected = [key for key in inside if key > begin]
    else:
        expected = [key for key in reversed(inside) if key < begin]
    assert expected == rows.read(begin, low, high, is_forward, at_once)


@given(st.lists(batches, max_size=6), st.integers(1, 5), st.booleans())
def test_pages_are_the_whole_cut_into_pieces(
    written: list[list[int]], size: int, is_forward: bool
) -> None:
    rows = Rows(written)
    low, high = START, START + 90_000_000
    begin: Position = (low, -1) if is_forward else (high + 1, -1)
    seen: list[Position] = []
    while page := rows.read(begin, low, high, is_forward, 2)[:size]:
        seen += page
        begin = page[-1]
    assert (rows.keys if is_forward else rows.keys[::-1]) == seen


def test_events_of_one_instant_become_one_row() -> None:
    packed = chunks.pack(Batch([START, START], ["a", "b"]))
    assert [(0, START, START, 0)] == [chunk[:4] for chunk in packed]


def test_events_of_a_second_become_one_row_and_later_ones_another() -> None:
    times = [START + offset for offset in (0, 400, 1_000, 1_001)]
    assert [(1, START, START + 1_000, 0), (0, START + 1_001, START + 1_001, 3)] == [
        chunk[:4] for chunk in chunks.pack(Batch(times, ["x"] * 4))
    ]


def test_ten_thousand_events_over_a_day_become_few_rows() -> None:
    times = [START + number * 8_640 for number in range(10_000)]
    packed = chunks.pack(Batch(times, ["x" * 70] * 10_000))
    assert len(packed) <= 200
    assert {2} == {chunk.level for chunk in packed}


def test_a_row_holds_a_bounded_number_of_bytes() -> None:
    assert 10 == len(chunks.pack(Batch([START] * 10, ["x" * 40_000] * 10)))
