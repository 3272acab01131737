"""Aggregated records of the Kinesis Producer Library, as its own description of them has it.

docs: github.com/awslabs/amazon-kinesis-producer, aggregation-format.md: four bytes by which they
are known, a message of Protocol Buffers with tables of keys and the users' records, and its MD5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import md5
from typing import Any, NamedTuple

MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST_BYTES = 16
# The numbers of fields: of the message, and of a record in it.
_KEYS, _HASH_KEYS, _RECORDS = 1, 2, 3
_KEY_INDEX, _HASH_KEY_INDEX, _DATA = 1, 2, 3
_NUMBER, _BYTES = 0, 2


class UserRecord(NamedTuple):
    key: str
    data: bytes
    explicit_hash_key: str = ""


def aggregate(records: Sequence[UserRecord]) -> bytes:
    """The data of one record of a stream that holds all of these."""
    keys = list(dict.fromkeys(each.key for each in records))
    hash_keys = list(dict.fromkeys(e.explicit_hash_key for e in records if e.explicit_hash_key))
    message = b"".join(_field(_KEYS, key.encode()) for key in keys)
    message += b"".join(_field(_HASH_KEYS, key.encode()) for key in hash_keys)
    for each in records:
        inner = _number(_KEY_INDEX, keys.index(each.key))
        if each.explicit_hash_key:
            inner += _number(_HASH_KEY_INDEX, hash_keys.index(each.explicit_hash_key))
        message += _field(_RECORDS, inner + _field(_DATA, each.data))
    return MAGIC + message + _digest(message)


def user_records(data: bytes) -> list[UserRecord]:
    """What a consumer makes of such a record; raises ValueError where it is none."""
    message, digest = data[len(MAGIC) : -_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if not data.startswith(MAGIC) or digest != _digest(message):
        raise ValueError("not an aggregated record")
    fields = list(_fields(message))
    keys = [value for number, value in fields if number == _KEYS]
    hash_keys = [value for number, value in fields if number == _HASH_KEYS]
    found = []
    for number, value in fields:
        if number == _RECORDS:
            inner = dict(_fields(value))
            hash_key = hash_keys[inner[_HASH_KEY_INDEX]] if _HASH_KEY_INDEX in inner else b""
            key = keys[inner[_KEY_INDEX]].decode()
            found.append(UserRecord(key, inner[_DATA], hash_key.decode()))
    return found


def _digest(message: bytes) -> bytes:
    return md5(message, usedforsecurity=False).digest()


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _NUMBER) + _varint(value)


def _field(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(value)) + value


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Numbers of fields with their values: bytes or integers."""
    at = 0
    while at < len(message):
        tag, at = _read_varint(message, at)
        value, at = _read_varint(message, at)
        if tag & 7 == _BYTES:
            yield tag >> 3, message[at : at + value]
            at += value
        else:
            yield tag >> 3, value


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
