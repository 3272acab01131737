"""Which messages an event source mapping hands on. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pileus.kernel import queue_records
from pileus.kernel.queue_records import Message
from pileus.languages import record_filters
from pileus.languages.record_filters import Filter


def divide(
    messages: Sequence[Message], filters: Sequence[Filter], queue_arn: str
) -> tuple[list[Message], list[Message]]:
    """The messages that one of the filters takes, and the others."""
    taken: list[Message] = []
    left: list[Message] = []
    for message in messages:
        record = queue_records.record(message, queue_arn)
        (taken if record_filters.is_taken(record, filters) else left).append(message)
    return taken, left
