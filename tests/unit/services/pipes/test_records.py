"""A queue's messages as events: their bodies, filters, and what a function reports."""

from __future__ import annotations

import pytest

from pileus.services.pipes import records


def test_a_body_is_read_where_it_is_an_object_or_a_list() -> None:
    assert {"body": {"a": 1}} == records.with_body_read({"body": '{"a": 1}'})
    assert {"body": [1]} == records.with_body_read({"body": "[1]"})
    for text in ("1", '"a"', "null", "{", ""):
        assert {"body": text} == records.with_body_read({"body": text})
    assert {"body": "[" * 100_000} == records.with_body_read({"body": "[" * 100_000})


@pytest.mark.parametrize(
    ("pattern", "body", "is_taken"),
    [
        ('{"body": {"a": [1]}}', '{"a": 1}', True),
        ('{"body": {"a": [1]}}', '{"a": 2}', False),
        ('{"body": {"a": [1]}}', "a", False),
        ('{"body": ["a"]}', "a", True),
        ('{"body": ["a"]}', '["a"]', False),
        ('{"eventSource": ["aws:sqs"]}', "anything", True),
        ('{"eventSource": ["aws:sqs"]}', "{}", True),
    ],
)
def test_filters(pattern: str, body: str, is_taken: bool) -> None:
    event = {"body": body, "eventSource": "aws:sqs"}
    assert is_taken == records.is_taken(event, [records.compile_filter(pattern)])


def test_no_filter_takes_everything() -> None:
    assert records.is_taken({"body": "a"}, [])


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (b"", set()),
        (b"null", set()),
        (b"no json", set()),
        (b'{"other": 1}', set()),
        (b'{"batchItemFailures": []}', set()),
        (b'{"batchItemFailures": [{"itemIdentifier": "1"}]}', {"1"}),
        (b'{"batchItemFailures": [{"itemIdentifier": "3"}]}', {"1", "2"}),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', {"1", "2"}),
        (b'{"batchItemFailures": [{}]}', {"1", "2"}),
        (b'{"batchItemFailures": ["1"]}', {"1", "2"}),
    ],
)
def test_reports_of_failures(answer: bytes, failed: set[str]) -> None:
    assert failed == records.failed_ids(answer, ["1", "2"])
