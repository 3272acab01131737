"""What a function's answer says about each message of a batch."""

from __future__ import annotations

import pytest

from pileus.services.lambda_.mappings import batches

SENT = ["a", "b", "c"]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"  ",
        b"null",
        b"{}",
        b'""',
        b'{"batchItemFailures": []}',
        b'{"batchItemFailures": null}',
        b'{"other": 1}',
    ],
)
def test_nothing_to_report_is_success(answer: bytes) -> None:
    assert set() == batches.failed_ids(answer, SENT)


@pytest.mark.parametrize(
    "answer",
    [
        b"no json",
        b"[1]",
        b'"text"',
        b'{"batchItemFailures": "a"}',
        b'{"batchItemFailures": ["a"]}',
        b'{"batchItemFailures": [{"itemIdentifier": ""}]}',
        b'{"batchItemFailures": [{"itemIdentifier": null}]}',
        b'{"batchItemFailures": [{"messageId": "a"}]}',
        b'{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "z"}]}',
        b'{"batchItemFailures": [{"itemIdentifier": 1}]}',
    ],
)
def test_a_report_that_makes_no_sense_is_failure(answer: bytes) -> None:
    assert set(SENT) == batches.failed_ids(answer, SENT)


def test_reported_messages_failed() -> None:
    answer = b'{"batchItemFailures": [{"itemIdentifier": "c"}, {"itemIdentifier": "a"}]}'
    assert {"a", "c"} == batches.failed_ids(answer, SENT)


def test_chunks_keep_the_order() -> None:
    messages = [{"MessageId": name} for name in "abcde"]
    found = [[each["MessageId"] for each in chunk] for chunk in batches.chunks(messages, 2)]
    assert [["a", "b"], ["c", "d"], ["e"]] == found
