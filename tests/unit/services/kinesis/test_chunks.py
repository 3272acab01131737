"""Records packed into rows and read back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pileus.services.kinesis import chunks
from pileus.services.kinesis.chunks import CHUNK_BYTES_MAX, Chunk, Columns

RECORDS = st.lists(st.tuples(st.text(min_size=1, max_size=8), st.binary(max_size=40)), min_size=1)


Record = tuple[int, str, bytes]


def columns(records: list[Record]) -> Columns:
    sizes = [chunks.size_of(key, data) for _, key, data in records]
    positions, keys, datas = zip(*records, strict=True)
    return Columns(list(positions), list(keys), list(datas), sizes, [""] * len(sizes))


def unpacked(found: list[Chunk]) -> list[Record]:
    return [
        (chunk.first_position + offset, key, data)
        for chunk in found
        for offset, key, data in zip(*chunks.unpack(chunk.records), strict=True)
    ]


@given(RECORDS, st.integers(0, 2**60), st.integers(1, 7))
def test_records_come_back_as_they_were(
    records: list[tuple[str, bytes]], first: int, step: int
) -> None:
    placed = [(first + n * step, key, data) for n, (key, data) in enumerate(records)]
    assert placed == unpacked(chunks.pack(columns(placed)))


def test_a_row_ends_before_it_grows_too_large() -> None:
    placed = [(n, "k", b"x" * 100_000) for n in range(5)]
    found = chunks.pack(columns(placed))
    assert [(0, 1, 2), (2, 3, 2), (4, 4, 1)] == [chunk[:3] for chunk in found]
    assert all(chunk.size_bytes <= CHUNK_BYTES_MAX for chunk in found)
    assert placed == unpacked(found)


def test_a_record_that_is_larger_than_a_row_has_one_of_its_own() -> None:
    placed = [(1, "k", b"a"), (2, "k", b"x" * 1_000_000), (3, "k", b"b")]
    assert [1, 1, 1] == [chunk.record_count for chunk in chunks.pack(columns(placed))]


def test_the_size_of_a_partition_key_is_its_bytes() -> None:
    assert 5 == chunks.size_of("é", b"abc")
