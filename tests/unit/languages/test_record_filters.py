"""Filters over records whose content is text: messages of queues, records of streams."""

from __future__ import annotations

import base64

import pytest

from pileus.languages import record_filters
from pileus.languages.event_patterns import PIPES


def test_a_body_is_read_where_it_is_an_object_or_a_list() -> None:
    assert {"body": {"a": 1}} == record_filters.with_content_read({"body": '{"a": 1}'})
    assert {"body": [1]} == record_filters.with_content_read({"body": "[1]"})
    for text in ("1", '"a"', "null", "{", ""):
        assert {"body": text} == record_filters.with_content_read({"body": text})
    assert {"body": "[" * 100_000} == record_filters.with_content_read({"body": "[" * 100_000})


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
    assert is_taken == record_filters.is_taken(event, [record_filters.compile(pattern, PIPES)])


def test_no_filter_takes_everything() -> None:
    assert record_filters.is_taken({"body": "a"}, [])


@pytest.mark.parametrize(
    ("pattern", "data", "is_taken"),
    [
        ('{"data": {"a": [1]}}', b'{"a": 1}', True),
        ('{"data": {"a": [1]}}', b'{"a": 2}', False),
        ('{"data": {"a": [1]}}', b"a", False),
        ('{"data": ["a"]}', b"a", True),
        ('{"data": ["a"]}', b'["a"]', False),
        ('{"partitionKey": ["k"]}', b"\xff", True),
        ('{"data": {"a": [1]}, "partitionKey": ["k"]}', b'{"a": 1}', True),
    ],
)
def test_data_of_streams_is_base64(pattern: str, data: bytes, is_taken: bool) -> None:
    event = {"data": base64.b64encode(data).decode(), "partitionKey": "k"}
    assert is_taken == record_filters.is_taken(event, [record_filters.compile(pattern, PIPES)])


def test_data_that_is_no_base64_stays() -> None:
    assert {"data": "%"} == record_filters.with_content_read({"data": "%"})
