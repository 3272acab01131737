"""What a PutRecords may hold."""

from __future__ import annotations

import pytest

from pileus.kernel.errors import AwsError
from pileus.services.kinesis import puts
from pileus.services.kinesis.puts import Entry


def test_a_request_has_ten_mebibytes_at_most_with_its_keys() -> None:
    # As large as a record may be, 10 times; a key has one byte.
    largest = [Entry(b"x" * (1024 * 1024 - 1), "k", 0)] * 10
    puts.check_size(largest)
    with pytest.raises(AwsError, match="Records size exceeds 10 MB limit"):
        puts.check_size([*largest, Entry(b"", "k", 0)])
