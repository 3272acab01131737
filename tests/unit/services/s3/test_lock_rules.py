"""What protects a version, and who may change that."""

from __future__ import annotations

from typing import Any

import pytest

from pileus.kernel.errors import AwsError
from pileus.services.s3.locks import rules
from pileus.services.s3.locks.rules import Lock

NOW = 1_700_000_000_000
GOVERNANCE, COMPLIANCE = Lock("GOVERNANCE", NOW + 1000), Lock("COMPLIANCE", NOW + 1000)


@pytest.mark.parametrize(
    ("lock", "has_bypass", "expected"),
    [
        (Lock(), False, False), (GOVERNANCE, False, True), (GOVERNANCE, True, False),
        (COMPLIANCE, True, True), (Lock("COMPLIANCE", NOW), False, False),
        (Lock(hold="ON"), True, True), (Lock("GOVERNANCE", NOW, "OFF"), False, False),
    ],
)  # fmt: skip
def test_a_lock_protects_until_its_date(lock: Lock, has_bypass: bool, expected: bool) -> None:
    assert expected == lock.protects(NOW, has_bypass=has_bypass)


@pytest.mark.parametrize(
    ("present", "wanted", "has_bypass", "expected"),
    [
        (Lock(), GOVERNANCE, False, True),
        (GOVERNANCE, Lock("GOVERNANCE", NOW + 2000), False, True),
        (GOVERNANCE, COMPLIANCE, False, True),
        (GOVERNANCE, Lock("GOVERNANCE", NOW + 500), False, False),
        (GOVERNANCE, Lock("GOVERNANCE", NOW + 500), True, True),
        (GOVERNANCE, Lock(), False, False), (GOVERNANCE, Lock(), True, True),
        (COMPLIANCE, Lock("COMPLIANCE", NOW + 2000), False, True),
        (COMPLIANCE, Lock("GOVERNANCE", NOW + 2000), True, False),
        (COMPLIANCE, Lock("COMPLIANCE", NOW + 500), True, False),
        (Lock("COMPLIANCE", NOW), Lock("GOVERNANCE", NOW + 1), False, True),
    ],
)  # fmt: skip
def test_a_retention_that_holds_may_only_be_made_stricter(
    present: Lock, wanted: Lock, has_bypass: bool, expected: bool
) -> None:
    try:
        rules.check_change(present, wanted, NOW, has_bypass=has_bypass)
    except AwsError as refused:
        assert (False, "AccessDenied") == (expected, refused.code)
    else:
        assert expected


@pytest.mark.parametrize(
    ("retention", "days"),
    [({"Days": 3}, 3), ({"Years": 2}, 730), ({"Days": 36_500}, 36_500)],
)
def test_a_bucket_gives_days_or_years(retention: dict[str, Any], days: int) -> None:
    found = rules.default_of({"DefaultRetention": {"Mode": "GOVERNANCE", **retention}})
    assert rules.Default("GOVERNANCE", days) == found
    with pytest.raises(AwsError, match="too large"):
        rules.default_of({"DefaultRetention": {"Mode": "GOVERNANCE", "Years": 101}})
