"""What a function's answer says about the items of a batch, each by its identifier. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


def failed_ids(answer: bytes, sent: Sequence[str], *, is_expected: bool) -> set[str]:
    """Which items a function reports as failed; all of them where the report makes no sense.

    docs: lambda/latest/dg/services-sqs-errorhandling and services-kinesis-batchfailurereporting,
    eventbridge/latest/userguide/eb-pipes-batching-concurrency: nothing, null or an empty list mean
    that all went well; an empty or null identifier, one under another name and one that was not
    sent mean that all failed. What is no report at all means so where one `is_expected`, and
    nothing where a function may answer what it likes.
    """
    everything = set(sent)
    if not answer.strip():
        return set()
    without_sense = everything if is_expected else set()
    try:
        document = msgspec.json.decode(answer)
    except (msgspec.DecodeError, RecursionError):
        return without_sense
    if document is None or document == "":
        return set()
    if not isinstance(document, dict):
        return without_sense
    failures = document.get("batchItemFailures")
    if failures is None:
        return set()
    if not isinstance(failures, list):
        return without_sense
    found = set()
    for failure in failures:
        identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if not isinstance(identifier, str) or identifier not in everything:
            return everything
        found.add(identifier)
    return found
