"""Which messages an event source mapping hands on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from pileus.kernel import queue_records
from pileus.kernel.queue_records import Message
from pileus.languages import event_patterns
from pileus.languages.event_patterns import Pattern

_BODY = "body"


class Filter(NamedTuple):
    """One pattern; `reads_json` says what it expects of a body, None that it does not ask."""

    pattern: Pattern
    reads_json: bool | None


def compile_filter(text: str) -> Filter:
    """Raises InvalidPattern."""
    pattern = event_patterns.compile(text)
    asked = {len(path) > 1 for each in pattern.alternatives for path in each if path[0] == _BODY}
    return Filter(pattern, asked.pop() if len(asked) == 1 else None)


def divide(
    messages: Sequence[Message], filters: Sequence[Filter], queue_arn: str
) -> tuple[list[Message], list[Message]]:
    """The messages that one of the filters takes, and the others."""
    taken: list[Message] = []
    left: list[Message] = []
    for message in messages:
        record = queue_records.record(message, queue_arn)
        (taken if _is_taken(record, filters) else left).append(message)
    return taken, left


def _is_taken(record: dict[str, Any], filters: Sequence[Filter]) -> bool:
    """docs: lambda/latest/dg/with-sqs-filtering: a body of the other kind is never taken."""
    document = _document(record[_BODY])
    is_json = document is not None
    if is_json:
        record = {**record, _BODY: document}
    return any(
        each.reads_json in (None, is_json) and each.pattern.matches(record) for each in filters
    )


def _document(body: str) -> Any:
    """The JSON object or list in a body; None where it is plain text."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None
