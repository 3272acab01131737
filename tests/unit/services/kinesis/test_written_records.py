"""What is written whole is the same as what the protocols' own writers make of the values."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.aws_models import load
from pileus.protocols import aws_json, cbor_body
from pileus.services.kinesis import chunks, sequence_numbers, written_records
from pileus.services.kinesis.chunks import Columns, Head
from pileus.services.kinesis.kept_rows import Block, KeptRows
from pileus.services.kinesis.pages import Run
from pileus.services.kinesis.store import Stream
from pileus.services.kinesis.streams import BY_KEY
from pileus.services.kinesis.written_records import BLOCK_ROWS_MAX

STREAM = Stream(
    "arn:aws:kinesis:us-east-1:000000000000:stream/s", 7, 1_000, "PROVISIONED", "ACTIVE", 1, 0, 0,
    24, "", 1_024, 0, "[]", BY_KEY, "[]",
)  # fmt: skip
SHARD = 3
BASE = sequence_numbers.shard_base(
    sequence_numbers.stream_base(STREAM.created_at, STREAM.stream_id), SHARD
)
RECORDS = st.lists(st.tuples(st.text(max_size=300), st.binary(max_size=300)), min_size=1)


def run_of(
    number: int, at: int, is_encrypted: bool, records: list[tuple[str, bytes]], part: slice | None
) -> Run:
    [chunk] = chunks.pack(
        Columns(
            list(range(len(records))), [key for key, _ in records], [data for _, data in records],
            [1] * len(records), [""] * len(records),
        )
    )  # fmt: skip
    count = len(records[part] if part is not None else records)
    head = Head(number, number + len(records) - 1, at, len(records), 1, int(is_encrypted))
    return Run(head, count, chunk.records, part)


RUNS = st.lists(
    st.builds(
        run_of, st.integers(0, 2**40), st.integers(0, 2**42), st.booleans(), RECORDS,
        st.one_of(st.none(), st.builds(slice, st.just(0), st.integers(1, 4))),
    ),
    max_size=3, unique_by=lambda run: run.head,
).map(sorted)  # fmt: skip


def written(runs: list[Run], protocol: str, rows: KeptRows | None = None) -> Any:
    return written_records.written(runs, STREAM, SHARD, protocol, rows or KeptRows())


def answer(records: Any) -> dict[str, Any]:
    return {"Records": records, "MillisBehindLatest": 0}


def output_shape() -> Any:
    operation = load.load("kinesis").operation("GetRecords")
    assert operation is not None
    return operation.output


@given(RUNS)
def test_in_json(runs: list[Run]) -> None:
    values = written_records.values(runs, BASE)
    ready = written(runs, "json")
    assert {msgspec.Raw} >= {type(each) for each in ready}
    expected = msgspec.json.decode(aws_json.encode(output_shape(), answer(values)))
    assert expected == msgspec.json.decode(aws_json.encode(output_shape(), answer(ready)))


@given(RUNS)
def test_in_the_cbor_of_javas_sdk(runs: list[Run]) -> None:
    values = written_records.values(runs, BASE)
    protocol = cbor_body.CBOR_1_1
    ready = written(runs, protocol)
    assert isinstance(ready, msgspec.Raw)
    expected = cbor_body.decode(
        cbor_body.encode(output_shape(), answer(values), protocol), protocol
    )
    assert expected == cbor_body.decode(
        cbor_body.encode(output_shape(), answer(ready), protocol), protocol
    )


@pytest.mark.parametrize("size", [0, 23, 24, 255, 256, 65_535, 65_536, 1_048_576])
def test_every_length_of_data_has_its_head(size: int) -> None:
    run = run_of(1, 1, False, [("k", b"x" * size)], None)
    ready = written([run], cbor_body.CBOR_1_1)
    assert [b"x" * size] == [
        each["Data"] for each in cbor_body.decode(bytes(ready), cbor_body.CBOR_1_1)
    ]


def test_other_services_get_values() -> None:
    run = run_of(1, 1_500, False, [("k", b"x")], None)
    assert [
        {
            "SequenceNumber": sequence_numbers.at(BASE, 1),
            "ApproximateArrivalTimestamp": 1_500,
            "Data": b"x",
            "PartitionKey": "k",
        }
    ] == written([run], "")


def test_rows_are_written_once_for_all_consumers() -> None:
    runs = [run_of(number, 1_500 + number, False, [("k", b"x")], None) for number in (1, 5)]
    rows = KeptRows()
    first = written(runs, "json", rows)
    block = rows.blocks(("json", STREAM.stream_id, SHARD))[1]
    assert Block(Head(1, 5, 1_505, 2, 2, 0), 2, bytes(first[0])) == block
    again = Run(block.head, 2, b"not read again", None, block.text)
    assert [bytes(each) for each in first] == [
        bytes(each) for each in written([again], "json", rows)
    ]
    assert {} == rows.blocks((cbor_body.CBOR_1_1, STREAM.stream_id, SHARD))


def test_blocks_are_bounded_and_of_one_kind() -> None:
    runs = [
        run_of(number, 1_500, number == 3, [("k", b"x")], None)
        for number in range(BLOCK_ROWS_MAX + 5)
    ]
    rows = KeptRows()
    written(runs, "json", rows)
    blocks = rows.blocks(("json", STREAM.stream_id, SHARD))
    assert [(0, 3), (3, 1), (4, BLOCK_ROWS_MAX), (BLOCK_ROWS_MAX + 4, 1)] == [
        (first, block.row_count) for first, block in blocks.items()
    ]


def test_a_part_of_a_row_is_not_taken_for_the_row() -> None:
    whole = run_of(1, 1_500, False, [("a", b"x"), ("b", b"y")], None)
    rows = KeptRows()
    part = whole._replace(record_count=1, part=slice(1, 2))
    (text,) = written([part], "json", rows)
    assert "b" == msgspec.json.decode(text)["PartitionKey"]
    assert {} == rows.blocks(("json", STREAM.stream_id, SHARD))
