"""Records of pages in AWS's form: as values for other services, and written for clients.

A page has up to ten thousand records, so those for clients are written here, whole, in the form
that the call's protocol has, rather than value by value. What has been written of a whole row is
kept for a while: a stream has several consumers, and they follow each other closely.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any

import cbor2
import msgspec

from pileus.services.kinesis import sequence_numbers
from pileus.services.kinesis.kept_rows import CBOR, JSON, KeptRows
from pileus.services.kinesis.pages import Run
from pileus.services.kinesis.store import Stream

_KMS = "KMS"


class _Record(msgspec.Struct):
    SequenceNumber: str
    ApproximateArrivalTimestamp: float
    Data: bytes
    # One that was put without a key has none.
    PartitionKey: str | msgspec.UnsetType


class _EncryptedRecord(_Record):
    EncryptionType: str = _KMS


_encode_json = msgspec.json.Encoder().encode


def written(runs: Sequence[Run], stream: Stream, shard: int, protocol: str, rows: KeptRows) -> Any:
    """The records as an answer in this protocol takes them; see `Call.protocol`."""
    base = sequence_numbers.stream_base(stream.created_at, stream.stream_id)
    shard_base = sequence_numbers.shard_base(base, shard)
    write = WRITERS.get(protocol)
    if write is None:
        return values(runs, shard_base)
    place = (protocol, stream.stream_id, shard)
    texts = []
    added = []
    for run in runs:
        text = run.written
        if text is None:
            positions, keys, datas = run.columns()
            numbers = sequence_numbers.many(shard_base, positions)
            text = write(numbers, keys, datas, run.at, bool(run.head.is_encrypted))
            if run.part is None:
                added.append((place, run.head.first_position, text))
        texts.append(text)
    if added:
        rows.keep(added)
    if protocol == JSON:
        # A list of rows is written as one of records is: a comma stands between any two.
        return [msgspec.Raw(text) for text in texts]
    count = _head(_LIST, sum(run.record_count for run in runs))
    return msgspec.Raw(b"".join([count, *texts]))


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


def _json(
    numbers: list[str], keys: list[str], datas: list[bytes], at: int, is_encrypted: bool
) -> bytes:
    """The records of a row, with commas between them."""
    # The form of AWS's timestamps: seconds, whole where they are whole.
    seconds = at // 1000 if at % 1000 == 0 else at / 1000
    kind = _EncryptedRecord if is_encrypted else _Record
    given = keys if all(keys) else [key or msgspec.UNSET for key in keys]
    return _encode_json(list(map(kind, numbers, repeat(seconds), datas, given)))[1:-1]


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


def _cbor(
    numbers: list[str], keys: list[str], datas: list[bytes], at: int, is_encrypted: bool
) -> bytes:
    """The records of a row, one after the other."""
    out: list[bytes] = []
    members = 5 if is_encrypted else 4
    begin = (_ENCRYPTION if is_encrypted else b"") + _NUMBER
    middle = _AT + cbor2.dumps(cbor2.CBORTag(1, at)) + _DATA
    for number, key, data in zip(numbers, keys, datas, strict=True):
        out += (
            _head(_MAP, members if key else members - 1), begin, _text(number), middle,
            _head(_BYTES, len(data)), data,
        )  # fmt: skip
        if key:
            out += (_KEY, _text(key))
    return b"".join(out)


# What writes the records of a row, by the form.
WRITERS = {JSON: _json, CBOR: _cbor}
