"""Records packed into rows and read back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pileus.services.kinesis import chunks
from pileus.services.kinesis.chunks import CHUNK_BYTES_MAX, Chunk, Draft

RECORDS = st.lists(st.tuples(st.text(min_size=1, max_size=8), st.binary(max_size=40)), min_size=1)


def unpacked(found: list[Chunk]) -> list[Draft]:
    return [
        Draft(chunk.first_position + offset, key, data)
        for chunk in found
        for offset, key, data in zip(*chunks.unpack(chunk.records), strict=True)
    ]


@given(RECORDS, st.integers(0, 2**60), st.integers(1, 7))
def test_records_come_back_as_they_were(
    records: list[tuple[str, bytes]], first: int, step: int
) -> None:
    drafts = [Draft(first + n * step, key, data) for n, (key, data) in enumerate(records)]
    assert drafts == unpacked(chunks.pack(drafts))


def test_a_row_ends_before_it_grows_too_large() -> None:
    drafts = [Draft(n, "k", b"x" * 100_000) for n in range(5)]
    found = chunks.pack(drafts)
    assert [(0, 1, 2), (2, 3, 2), (4, 4, 1)] == [chunk[:3] for chunk in found]
    assert all(chunk.size_bytes <= CHUNK_BYTES_MAX for chunk in found)
    assert drafts == unpacked(found)


def test_a_record_that_is_larger_than_a_row_has_one_of_its_own() -> None:
    drafts = [Draft(1, "k", b"a"), Draft(2, "k", b"x" * 1_000_000), Draft(3, "k", b"b")]
    assert [1, 1, 1] == [chunk.record_count for chunk in chunks.pack(drafts)]


def test_the_size_of_a_partition_key_is_its_bytes() -> None:
    assert 5 == chunks.size_of("é", b"abc")
