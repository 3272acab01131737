"""Records of pages in AWS's form: as values for other services, and written for clients.

A page has up to ten thousand records, so those for clients are written here, whole, in the form
that the call's protocol has, rather than value by value. What has been written of whole rows is
kept for a while: a stream has several consumers, and they follow each other closely. The pages of
those who read at the tip all end where one of them has once found no more, so that what one of them
wrote together the others can take together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import cbor2
import msgspec

from pileus.services.kinesis import sequence_numbers
from pileus.services.kinesis.chunks import Head
from pileus.services.kinesis.kept_rows import CBOR, JSON, Block, KeptRows
from pileus.services.kinesis.pages import Run
from pileus.services.kinesis.store import Stream

_KMS = "KMS"


# What is written together: a reader near the tip takes a few such blocks, whoever wrote them.
BLOCK_ROWS_MAX = 16
BLOCK_BYTES_MAX = 512 * 1024


class _Record(msgspec.Struct, gc=False):
    SequenceNumber: str
    ApproximateArrivalTimestamp: msgspec.Raw
    Data: bytes
    # One that was put without a key has none.
    PartitionKey: str | msgspec.UnsetType


class _EncryptedRecord(_Record, gc=False):
    EncryptionType: str = _KMS


_encode_json = msgspec.json.Encoder().encode


class _Columns(NamedTuple):
    """Records of rows that follow each other."""

    numbers: list[str]
    keys: list[str]
    datas: list[bytes]
    # When they came.
    ats: list[int]
    is_encrypted: bool


def written(runs: Sequence[Run], stream: Stream, shard: int, protocol: str, rows: KeptRows) -> Any:
    """The records as an answer in this protocol takes them; see `Call.protocol`."""
    if protocol not in WRITERS:
        return values(runs, _base(stream, shard))
    texts = pieces(runs, stream, shard, protocol, rows)
    if protocol == JSON:
        # A list of blocks is written as one of records is: a comma stands between any two.
        return [msgspec.Raw(text) for text in texts]
    count = _head(_LIST, sum(run.record_count for run in runs))
    return msgspec.Raw(b"".join([count, *texts]))


def pieces(
    runs: Sequence[Run], stream: Stream, shard: int, protocol: str, rows: KeptRows
) -> list[bytes]:
    """The records as this protocol writes them, some together; in JSON with commas between them."""
    write = WRITERS[protocol]
    shard_base = _base(stream, shard)
    texts = []
    added = []
    for together in _groups(runs):
        text = together[0].written
        if text is None:
            text = write(_columns(together, shard_base))
            if together[0].part is None:
                added.append(_block(together, text))
        texts.append(text)
    if added:
        rows.keep_blocks((protocol, stream.stream_id, shard), added)
    return texts


def _base(stream: Stream, shard: int) -> int:
    base = sequence_numbers.stream_base(stream.created_at, stream.stream_id)
    return sequence_numbers.shard_base(base, shard)


def _groups(runs: Sequence[Run]) -> Iterator[list[Run]]:
    """What is written together: whole rows, of one kind; all else stands alone."""
    group: list[Run] = []
    size_bytes = 0
    for run in runs:
        is_alone = run.written is not None or run.part is not None
        size_bytes += run.head.size_bytes
        if group and (
            is_alone
            or len(group) >= BLOCK_ROWS_MAX
            or size_bytes > BLOCK_BYTES_MAX
            or run.head.is_encrypted != group[0].head.is_encrypted
        ):
            yield group
            group, size_bytes = [], run.head.size_bytes
        group.append(run)
        if is_alone:
            yield group
            group, size_bytes = [], 0
    if group:
        yield group


def _columns(runs: Sequence[Run], shard_base: int) -> _Columns:
    positions: list[int] = []
    keys: list[str] = []
    datas: list[bytes] = []
    ats: list[int] = []
    for run in runs:
        its_positions, its_keys, its_datas = run.columns()
        positions += its_positions
        keys += its_keys
        datas += its_datas
        ats += [run.head.at] * len(its_positions)
    numbers = sequence_numbers.many(shard_base, positions)
    return _Columns(numbers, keys, datas, ats, bool(runs[0].head.is_encrypted))


def _block(runs: Sequence[Run], text: bytes) -> Block:
    first, last = runs[0].head, runs[-1].head
    head = Head(
        first.first_position, last.last_position, last.at, sum(run.record_count for run in runs),
        sum(run.head.size_bytes for run in runs), first.is_encrypted,
    )  # fmt: skip
    return Block(head, len(runs), text)


def values(runs: Sequence[Run], shard_base: int) -> list[dict[str, Any]]:
    found = []
    for run in runs:
        positions, keys, datas = run.columns()
        numbers = sequence_numbers.many(shard_base, positions)
        for number, key, data in zip(numbers, keys, datas, strict=True):
            record = {
                "SequenceNumber": number,
                "ApproximateArrivalTimestamp": run.at,
                "Data": data,
            }
            if key:
                record["PartitionKey"] = key
            if run.head.is_encrypted:
                record["EncryptionType"] = _KMS
            found.append(record)
    return found


def _json(records: _Columns) -> bytes:
    """The records, with commas between them."""
    numbers, keys, datas, ats, is_encrypted = records
    kind = _EncryptedRecord if is_encrypted else _Record
    given = keys if all(keys) else [key or msgspec.UNSET for key in keys]
    instants = {at: msgspec.Raw(_encode_json(_seconds(at))) for at in set(ats)}
    stamps = map(instants.__getitem__, ats)
    return _encode_json(list(map(kind, numbers, stamps, datas, given)))[1:-1]


def _seconds(at: int) -> float:
    """The form of AWS's timestamps: seconds, whole where they are whole."""
    return at // 1000 if at % 1000 == 0 else at / 1000


# CBOR, as RFC 8949 has it: the head of a value is its major type and its length or number.
_BYTES, _TEXT, _LIST, _MAP = 0x40, 0x60, 0x80, 0xA0


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes((major | number,))
    if number < 1 << 8:
        return bytes((major | 24, number))
    if number < 1 << 16:
        return bytes((major | 25,)) + number.to_bytes(2, "big")
    return bytes((major | 26,)) + number.to_bytes(4, "big")


def _text(text: str) -> bytes:
    encoded = text.encode()
    return _head(_TEXT, len(encoded)) + encoded


_NUMBER = _text("SequenceNumber")
_AT = _text("ApproximateArrivalTimestamp")
_DATA = _text("Data")
_KEY = _text("PartitionKey")
_ENCRYPTION = _text("EncryptionType") + _text(_KMS)


def _cbor(records: _Columns) -> bytes:
    """The records, one after the other."""
    out: list[bytes] = []
    members = 5 if records.is_encrypted else 4
    begin = (_ENCRYPTION if records.is_encrypted else b"") + _NUMBER
    middles = {at: _AT + cbor2.dumps(cbor2.CBORTag(1, at)) + _DATA for at in set(records.ats)}
    for number, key, data, at in zip(
        records.numbers, records.keys, records.datas, records.ats, strict=True
    ):
        out += (
            _head(_MAP, members if key else members - 1), begin, _text(number), middles[at],
            _head(_BYTES, len(data)), data,
        )  # fmt: skip
        if key:
            out += (_KEY, _text(key))
    return b"".join(out)


# What writes records, by the form.
WRITERS: dict[str, Callable[[_Columns], bytes]] = {JSON: _json, CBOR: _cbor}
