"""Batch requests: what all three check, and how they answer entry by entry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pileus.kernel.errors import AwsError
from pileus.services.sqs import errors

# docs: quotas-messages
ENTRIES_MAX = 10
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


def check(entries: Sequence[dict[str, Any]], entry_type: str, *required: str) -> None:
    """Raise what makes AWS refuse the whole batch."""
    if not entries:
        raise errors.empty_batch(entry_type)
    if len(entries) > ENTRIES_MAX:
        raise errors.too_many_entries(len(entries), ENTRIES_MAX)
    seen: set[str] = set()
    for number, entry in enumerate(entries, 1):
        for name in ("Id", *required):
            if entry.get(name) is None:
                raise errors.missing_parameter(f"{entry_type}.{number}.{name}")
        entry_id = entry["Id"]
        if not _ID.fullmatch(entry_id):
            raise errors.invalid_batch_entry_id()
        if entry_id in seen:
            raise errors.batch_ids_not_distinct(entry_id)
        seen.add(entry_id)


def answer(outcomes: Iterable[tuple[str, dict[str, Any] | AwsError]]) -> dict[str, Any]:
    """Successes and failures by entry; AWS leaves out the list that would be empty."""
    successful: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry_id, outcome in outcomes:
        if isinstance(outcome, AwsError):
            failed.append(
                {
                    "Id": entry_id,
                    "SenderFault": outcome.fault == "Sender",
                    "Code": outcome.code,
                    "Message": outcome.message,
                }
            )
        else:
            successful.append({"Id": entry_id, **outcome})
    result: dict[str, Any] = {}
    if successful:
        result["Successful"] = successful
    if failed:
        result["Failed"] = failed
    return result
