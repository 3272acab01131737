"""A queue's messages as a pipe's events, and which of them its filters take. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from pileus.languages import event_patterns
from pileus.languages.event_patterns import Pattern

_BODY = "body"


class Filter(NamedTuple):
    """One pattern; `reads_json` says what it expects of a body, None that it does not ask."""

    pattern: Pattern
    reads_json: bool | None


def compile_filter(text: str) -> Filter:
    """Raises InvalidPattern."""
    pattern = event_patterns.compile(text, event_patterns.PIPES)
    asked = {len(path) > 1 for each in pattern.alternatives for path in each if path[0] == _BODY}
    return Filter(pattern, asked.pop() if len(asked) == 1 else None)


def is_taken(event: dict[str, Any], filters: Sequence[Filter]) -> bool:
    """Whether one of the filters takes an event; a body of the other kind is never taken."""
    if not filters:
        return True
    read = with_body_read(event)
    is_json = read is not event
    return any(
        each.reads_json in (None, is_json) and each.pattern.matches(read) for each in filters
    )


def with_body_read(event: dict[str, Any]) -> dict[str, Any]:
    """The event with its body as a document where that is a JSON object or list.

    docs: eb-pipes-input-transformation, implicit body data parsing
    """
    body = event.get(_BODY)
    if not isinstance(body, str):
        return event
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return event
    return {**event, _BODY: document} if isinstance(document, dict | list) else event


def failed_ids(answer: bytes, sent: Sequence[str]) -> set[str]:
    """Which events a function reports as failed; all of them where it names others.

    docs: eb-pipes-batching-concurrency, partial batch failure
    """
    try:
        document = msgspec.json.decode(answer) if answer.strip() else None
    except msgspec.DecodeError:
        return set()
    failures = document.get("batchItemFailures") if isinstance(document, dict) else None
    if not isinstance(failures, list):
        return set()
    given = [each.get("itemIdentifier") for each in failures if isinstance(each, dict)]
    found = {each for each in given if isinstance(each, str)}
    # What cannot be told apart is tried again as a whole.
    return found if found <= set(sent) and len(found) == len(failures) else set(sent)
