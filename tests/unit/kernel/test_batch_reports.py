"""What a function's answer says about each item of a batch."""

from __future__ import annotations

import pytest

from pileus.kernel import batch_reports

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
    assert set() == batch_reports.failed_ids(answer, SENT, is_expected=True)


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
    assert set(SENT) == batch_reports.failed_ids(answer, SENT, is_expected=True)


def test_reported_messages_failed() -> None:
    answer = b'{"batchItemFailures": [{"itemIdentifier": "c"}, {"itemIdentifier": "a"}]}'
    assert {"a", "c"} == batch_reports.failed_ids(answer, SENT, is_expected=True)


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (b"", set()),
        (b"null", set()),
        (b"no json", set()),
        (b'"text"', set()),
        (b"[1]", set()),
        (b'{"other": 1}', set()),
        (b'{"batchItemFailures": "a"}', set()),
        (b'{"batchItemFailures": []}', set()),
        (b'{"batchItemFailures": [{"itemIdentifier": "a"}]}', {"a"}),
        (b'{"batchItemFailures": [{"itemIdentifier": "z"}]}', set(SENT)),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', set(SENT)),
        (b'{"batchItemFailures": [{}]}', set(SENT)),
        (b'{"batchItemFailures": ["a"]}', set(SENT)),
    ],
)
def test_an_answer_that_need_not_be_a_report_fails_nothing(answer: bytes, failed: set[str]) -> None:
    assert failed == batch_reports.failed_ids(answer, SENT, is_expected=False)
