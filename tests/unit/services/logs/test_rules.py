"""Which batches and which of their events PutLogEvents takes."""

from __future__ import annotations

import pytest

from pileus.services.logs import rules
from pileus.services.logs.rules import DAY_MS, HOUR_MS, Batch

NOW = 1_700_000_000_000


def events(*offsets: int) -> Batch:
    return Batch([NOW + offset for offset in offsets], ["x"] * len(offsets))


def messages(*texts: str) -> Batch:
    return Batch([NOW] * len(texts), list(texts))


def test_events_within_the_limits_of_time_are_all_taken() -> None:
    batch = events(-14 * DAY_MS, 0, 2 * HOUR_MS)
    accepted = rules.accept(batch, NOW, 0)
    assert batch == accepted.events
    assert {} == accepted.rejected


def test_events_too_old_and_too_new_are_left_out() -> None:
    batch = events(-14 * DAY_MS - 2, -14 * DAY_MS - 1, 0, 2 * HOUR_MS + 1, 3 * HOUR_MS)
    accepted = rules.accept(batch, NOW, 0)
    assert events(0) == accepted.events
    assert {"tooOldLogEventEndIndex": 2, "tooNewLogEventStartIndex": 3} == accepted.rejected


def test_events_older_than_the_retention_are_left_out() -> None:
    accepted = rules.accept(events(-DAY_MS - 1, -DAY_MS), NOW, 1)
    assert events(-DAY_MS) == accepted.events
    assert {"expiredLogEventEndIndex": 1} == accepted.rejected


def test_a_batch_out_of_order_is_refused() -> None:
    problem = rules.problem(events(1, 0))
    assert problem is not None
    assert (
        "Log events in a single PutLogEvents request must be in chronological order."
        == problem.message
    )


def test_a_batch_counts_26_bytes_for_each_event() -> None:
    size = rules.BATCH_BYTES_MAX // 8 - 26
    assert rules.problem(messages(*["x" * size] * 8)) is None
    problem = rules.problem(messages(*["x" * size] * 7, "x" * (size + 1)))
    assert problem is not None
    assert "Upload too large: 1048577 bytes exceeds limit of 1048576" == problem.message


def test_a_message_is_measured_in_utf8() -> None:
    problem = rules.problem(messages("é" * 524_276))
    assert problem is not None
    assert "Log event too large: 1048578 bytes exceeds limit of 1048576" == problem.message


@pytest.mark.parametrize(("expected", "span"), [(False, DAY_MS), (True, DAY_MS + 1)])
def test_a_batch_spans_a_day_at_most(expected: bool, span: int) -> None:
    assert expected == rules.spans_too_long(events(0, span))


def test_rows_are_removed_at_the_full_hour_after_they_expired() -> None:
    midnight = 1_699_920_000_000
    assert midnight + DAY_MS + HOUR_MS == rules.expiry_at(midnight, 1)
    assert midnight + DAY_MS + HOUR_MS == rules.expiry_at(midnight + HOUR_MS - 1, 1)
