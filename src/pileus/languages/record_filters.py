"""Filters of event source mappings and pipes: event patterns over records whose content is text.

A queue's message has its content in `body`, a stream's record in base64 in `data`. Content that is
a JSON object or list is read as such, and only taken by a pattern that expects JSON there; any
other content only by one that expects text.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from pileus.languages import event_patterns
from pileus.languages.event_patterns import Dialect, Pattern

_BODY, _DATA = "body", "data"


class Filter(NamedTuple):
    """One pattern; `reads_json` says what it expects of the content, None that it does not ask."""

    pattern: Pattern
    reads_json: bool | None


def compile(text: str, dialect: Dialect = event_patterns.EVENTBRIDGE) -> Filter:
    """Raises InvalidPattern."""
    pattern = event_patterns.compile(text, dialect)
    asked = {
        len(path) > 1 for each in pattern.alternatives for path in each if path[0] in (_BODY, _DATA)
    }
    return Filter(pattern, asked.pop() if len(asked) == 1 else None)


def is_taken(record: dict[str, Any], filters: Sequence[Filter]) -> bool:
    """Whether one of the filters takes a record; without filters, all are taken."""
    if not filters:
        return True
    read, is_json = _read(record)
    return any(
        each.reads_json in (None, is_json) and each.pattern.matches(read) for each in filters
    )


def with_content_read(record: dict[str, Any]) -> dict[str, Any]:
    """The record with its content as a document where that is a JSON object or list.

    docs: eventbridge/latest/userguide/eb-pipes-input-transformation, implicit body data parsing
    """
    read, is_json = _read(record)
    return read if is_json else record


def _read(record: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    field = _BODY if _BODY in record else _DATA
    text = record.get(field)
    if not isinstance(text, str):
        return record, False
    if field == _DATA:
        try:
            text = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return record, False
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        document = None
    if isinstance(document, dict | list):
        return {**record, field: document}, True
    return {**record, field: text}, False
