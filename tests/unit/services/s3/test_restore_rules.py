"""How long an archived object's restoration takes, and how long its copy stays."""

from __future__ import annotations

from typing import Any

import pytest

from pileus.kernel.errors import AwsError
from pileus.services.s3.restores import rules
from pileus.services.s3.restores.rules import NONE, Restore, Wanted

HOUR = 3_600_000
DAY = 24 * HOUR
# 15 October 2012, 10:30 UTC, as in AWS's example.
ASKED = 1_350_297_000_000
MIDNIGHT = 1_350_259_200_000


@pytest.mark.parametrize(
    ("storage_class", "tier", "hours"),
    [
        ("GLACIER", "Expedited", 1 / 12),
        ("GLACIER", "Standard", 5),
        ("GLACIER", "Bulk", 12),
        ("DEEP_ARCHIVE", "Standard", 12),
        ("DEEP_ARCHIVE", "Bulk", 48),
    ],
)
def test_each_tier_takes_its_time(storage_class: str, tier: str, hours: float) -> None:
    found = rules.decide(NONE, storage_class, Wanted(3, tier), ASKED)
    assert Restore(tier, int(ASKED + hours * HOUR), 3, MIDNIGHT + 4 * DAY) == found
    assert 'ongoing-request="true"' == rules.header(found)
    assert not found.is_there(ASKED + 4 * DAY)


def test_a_copy_goes_at_the_midnight_after_its_days() -> None:
    copy = rules.decide(NONE, "GLACIER", Wanted(3, "Standard"), ASKED).finished()
    expected = 'ongoing-request="false", expiry-date="Fri, 19 Oct 2012 00:00:00 GMT"'
    assert expected == rules.header(copy)
    assert copy.is_there(MIDNIGHT + 4 * DAY - 1)
    assert not copy.is_there(MIDNIGHT + 4 * DAY)
    # AWS's example: on the 16th it is changed to one day.
    changed = rules.decide(copy, "GLACIER", Wanted(1, "Bulk"), ASKED + DAY)
    assert Restore(expires_at=MIDNIGHT + 3 * DAY) == changed


def test_a_copy_that_takes_longer_than_its_days_can_be_read_until_midnight() -> None:
    found = rules.decide(NONE, "DEEP_ARCHIVE", Wanted(1, "Bulk"), ASKED)
    assert MIDNIGHT + 3 * DAY == found.expires_at


def test_days_without_end_end_with_the_calendar() -> None:
    found = rules.decide(NONE, "GLACIER", Wanted(rules.DAYS_MAX, "Bulk"), ASKED)
    assert "Fri, 31 Dec 9999 00:00:00 GMT" in (rules.header(found.finished()) or "")


@pytest.mark.parametrize(
    ("tier", "days", "is_taken"),
    [
        ("Expedited", 2, True), ("Standard", 2, False), ("Bulk", 2, False),
        ("Expedited", 3, False),
    ],
)  # fmt: skip
def test_a_restoration_can_only_be_made_faster(tier: str, days: int, is_taken: bool) -> None:
    ongoing = rules.decide(NONE, "GLACIER", Wanted(2, "Standard"), ASKED)
    if is_taken:
        found = rules.decide(ongoing, "GLACIER", Wanted(days, tier), ASKED + HOUR)
        assert ASKED + HOUR + HOUR // 12 == found.ready_at
        assert ongoing.expires_at == found.expires_at
    else:
        with pytest.raises(AwsError, match="already in progress") as refused:
            rules.decide(ongoing, "GLACIER", Wanted(days, tier), ASKED + HOUR)
        assert ("RestoreAlreadyInProgress", 409) == (refused.value.code, refused.value.status)


def test_being_made_faster_never_makes_it_slower() -> None:
    ongoing = rules.decide(NONE, "GLACIER", Wanted(2, "Bulk"), ASKED)
    late = rules.decide(ongoing, "GLACIER", Wanted(2, "Standard"), ASKED + 11 * HOUR)
    assert ongoing.ready_at == late.ready_at


@pytest.mark.parametrize(
    "request_",
    [
        None, {}, {"Days": 0}, {"Days": -1}, {"Days": 1, "Tier": "Bulk"},
        {"Days": 1, "GlacierJobParameters": {"Tier": "Fast"}},
        {"Days": 1, "GlacierJobParameters": {"Tier": ""}},
        {"OutputLocation": {"S3": {"BucketName": "b", "Prefix": "p"}}},
    ],
)  # fmt: skip
def test_malformed_requests_are_refused(request_: dict[str, Any] | None) -> None:
    with pytest.raises(AwsError) as refused:
        rules.read(request_)
    assert "MalformedXML" == refused.value.code


def test_the_tier_is_standard_unless_said() -> None:
    assert Wanted(7, "Standard") == rules.read({"Days": 7})
    asked = {"Days": 7, "GlacierJobParameters": {"Tier": "Bulk"}, "Description": "why"}
    assert Wanted(7, "Bulk") == rules.read(asked)
