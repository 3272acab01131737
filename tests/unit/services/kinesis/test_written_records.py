"""What is written whole is the same as what the protocols' own writers make of the values."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.aws_models import load
from pileus.protocols import aws_json, cbor_body
from pileus.services.kinesis import chunks, written_records
from pileus.services.kinesis.chunks import Columns
from pileus.services.kinesis.pages import Run
from pileus.services.kinesis.written_records import KEPT_BYTES_MAX, WrittenRows

BASE = 1 << 185
RECORDS = st.lists(st.tuples(st.text(max_size=300), st.binary(max_size=300)), min_size=1)


def run_of(
    number: int, at: int, is_encrypted: bool, records: list[tuple[str, bytes]], part: slice | None
) -> Run:
    [chunk] = chunks.pack(
        Columns(
            list(range(len(records))), [key for key, _ in records], [data for _, data in records],
            [1] * len(records),
        )
    )  # fmt: skip
    count = len(records[part] if part is not None else records)
    return Run((number, 0, 0), at, is_encrypted, count, chunk.records, part)


RUNS = st.lists(
    st.builds(
        run_of, st.integers(0, 2**40), st.integers(0, 2**42), st.booleans(), RECORDS,
        st.one_of(st.none(), st.builds(slice, st.just(0), st.integers(1, 4))),
    ),
    max_size=3, unique_by=lambda run: run.row_key,
)  # fmt: skip


def written(runs: list[Run], protocol: str, rows: WrittenRows | None = None) -> Any:
    return written_records.written(runs, BASE, protocol, rows or WrittenRows())


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
            "SequenceNumber": str(BASE),
            "ApproximateArrivalTimestamp": 1_500,
            "Data": b"x",
            "PartitionKey": "k",
        }
    ] == written([run], "")


def test_a_row_is_written_once_for_all_consumers() -> None:
    run = run_of(1, 1_500, False, [("k", b"x")], None)
    rows = WrittenRows()
    first = written([run], "json", rows)
    kept = rows.of("json")(run.row_key)
    again = run._replace(packed=b"not read again", kept=kept)
    assert [bytes(each) for each in first] == [
        bytes(each) for each in written([again], "json", rows)
    ]
    assert None is rows.of(cbor_body.CBOR_1_1)(run.row_key)


def test_a_part_of_a_row_is_not_taken_for_the_row() -> None:
    whole = run_of(1, 1_500, False, [("a", b"x"), ("b", b"y")], None)
    rows = WrittenRows()
    written([whole], "json", rows)
    part = whole._replace(record_count=1, part=slice(1, 2))
    (text,) = written([part], "json", rows)
    assert "b" == msgspec.json.decode(text)["PartitionKey"]


def test_so_many_bytes_of_rows_are_kept_and_the_oldest_go_first() -> None:
    rows = WrittenRows()
    half = b"x" * (KEPT_BYTES_MAX // 2)
    for number in range(3):
        rows.keep(("json", number, 0, 0), half)
        rows.keep(("json", number, 0, 0), half)
    assert [None, half, half] == [rows.get(("json", number, 0, 0)) for number in range(3)]
