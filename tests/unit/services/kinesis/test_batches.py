"""What a request may ask to be put."""

from __future__ import annotations

import pytest

from pileus.kernel.errors import AwsError
from pileus.services.kinesis import batches, shards
from pileus.services.kinesis.batches import Batch


def test_a_request_has_ten_mebibytes_at_most_with_its_keys() -> None:
    # As large as a record may be, 10 times; a key has one byte.
    largest = batches.of([{"Data": b"x" * (1024 * 1024 - 1), "PartitionKey": "k"}] * 10)
    batches.check_size(largest)
    with pytest.raises(AwsError, match="Records size exceeds 10 MB limit"):
        batches.check_size(largest._replace(sizes=[*largest.sizes, 1]))


def test_many_are_the_same_as_one_by_one() -> None:
    plain = {"Data": b"a", "PartitionKey": "é"}
    explicit = {"Data": b"b", "PartitionKey": "k", "ExplicitHashKey": "7"}
    alone = [batches.one(b"a", "é"), batches.one(b"b", "k", "7")]
    assert Batch(*[first + second for first, second in zip(*alone, strict=True)]) == batches.of(
        [plain, explicit]
    )
    assert [*shards.hashes_of(["é".encode()]), shards.key_of(7)] == batches.of(
        [plain, explicit]
    ).hash_keys


@pytest.mark.parametrize("key", [str(2**128), str(10**38 * 9)])
def test_an_explicit_hash_key_has_128_bits(key: str) -> None:
    with pytest.raises(AwsError, match=r"must be in the range: \[0, 2\^128-1\]"):
        batches.one(b"", "k", key)
