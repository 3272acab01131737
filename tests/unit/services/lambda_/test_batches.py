"""Batches of messages."""

from __future__ import annotations

from pileus.services.lambda_.mappings import batches


def test_chunks_keep_the_order() -> None:
    messages = [{"MessageId": name} for name in "abcde"]
    found = [[each["MessageId"] for each in chunk] for chunk in batches.chunks(messages, 2)]
    assert [["a", "b"], ["c", "d"], ["e"]] == found
