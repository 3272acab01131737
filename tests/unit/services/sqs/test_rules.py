"""Decisions about messages."""

from __future__ import annotations

import pytest

from pileus.services.sqs import rules
from pileus.services.sqs.attributes import QueueAttributes
from pileus.services.sqs.rules import Reception

HOURS_12_MS = 43_200_000


@pytest.mark.parametrize(
    ("receives", "sent_at", "receives_max", "expected"),
    [
        (1, 101, 0, Reception.RETURN),
        (1000, 101, 0, Reception.RETURN),
        (3, 101, 3, Reception.RETURN),
        (4, 101, 3, Reception.DEAD_LETTER),
        (4, 100, 3, Reception.EXPIRE),
        (1, 100, 0, Reception.EXPIRE),
    ],
)
def test_what_becomes_of_a_message(
    receives: int, sent_at: int, receives_max: int, expected: Reception
) -> None:
    assert expected is rules.receive(receives, sent_at, receives_max, alive_since=100)


def test_messages_live_for_the_retention_period() -> None:
    attributes = QueueAttributes(retention_seconds=60)
    assert 40_000 == rules.alive_since(attributes, now=100_000)


@pytest.mark.parametrize(
    ("sent_at", "check_at"), [(0, 60_000), (1, 61_000), (999, 61_000), (1000, 61_000)]
)
def test_expiry_is_checked_at_whole_seconds(sent_at: int, check_at: int) -> None:
    assert check_at == rules.expiry_check_at(QueueAttributes(retention_seconds=60), sent_at)


@pytest.mark.parametrize(
    ("seconds", "now", "exceeds"),
    [(43_200, 0, False), (43_200, 1, True), (0, HOURS_12_MS, False), (1, HOURS_12_MS - 999, True)],
)
def test_a_message_is_hidden_for_12_hours_at_most(seconds: int, now: int, exceeds: bool) -> None:
    assert exceeds is rules.exceeds_visibility(seconds, received_at=0, now=now)


def test_sequence_numbers_have_20_digits_and_grow_through_the_years() -> None:
    created = [1_700_000_000_000, 1_700_000_000_001, 4_102_444_800_000]
    numbers = [rules.sequence_number(at, position) for at in created for position in (1, 2)]
    assert sorted(numbers) == numbers
    assert {20} == {len(number) for number in numbers}


def test_a_span_is_forgotten_when_none_of_it_matters() -> None:
    last_use = (rules.span_of(0) + 1) * rules.DEDUPLICATION_MS - 1
    assert rules.forget_at(rules.span_of(0)) == last_use + rules.DEDUPLICATION_MS + 1
