"""What a request asks to be put, column by column: a row for each record would cost twice that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pileus.services.kinesis import errors, shards

# docs: API_PutRecords, of the whole request with its partition keys
REQUEST_BYTES_MAX = 10 * 1024 * 1024


# Of records that need none; no record's own key is empty.
NO_KEY = ""


class Batch(NamedTuple):
    datas: list[bytes]
    keys: list[str]
    hash_keys: list[bytes]
    # With the bytes of the partition keys, as AWS counts them.
    sizes: list[int]


def of(entries: Sequence[Mapping[str, Any]]) -> Batch:
    """Records in AWS's form. Raises AWS's errors."""
    keys = [each.get("PartitionKey", NO_KEY) for each in entries]
    encoded = [key.encode() for key in keys]
    hash_keys = shards.hashes_of(encoded)
    for index, each in enumerate(entries):
        if "ExplicitHashKey" in each:
            hash_keys[index] = _explicit(each["ExplicitHashKey"])
    datas = [each["Data"] for each in entries]
    sizes = [len(data) + len(key) for data, key in zip(datas, encoded, strict=True)]
    return Batch(datas, keys, hash_keys, sizes)


def one(data: bytes, partition_key: str | None, explicit_hash_key: str | None = None) -> Batch:
    """A single record. Raises AWS's errors."""
    key = NO_KEY if partition_key is None else partition_key
    encoded = key.encode()
    if explicit_hash_key is None:
        (hash_key,) = shards.hashes_of([encoded])
    else:
        hash_key = _explicit(explicit_hash_key)
    return Batch([data], [key], [hash_key], [len(data) + len(encoded)])


def _explicit(text: str) -> bytes:
    number = int(text)
    if number > shards.HASH_KEY_MAX:
        raise errors.invalid_hash_key(number)
    return shards.key_of(number)


def check_size(batch: Batch) -> None:
    """Raises InvalidArgumentException where a request has more than AWS takes."""
    if sum(batch.sizes) > REQUEST_BYTES_MAX:
        raise errors.records_too_large()
