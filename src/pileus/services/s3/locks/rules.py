"""What locks a version, and who may change that: pure decisions.

docs: AmazonS3/latest/userguide/object-lock
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import msgspec

from pileus.services.s3 import errors

GOVERNANCE, COMPLIANCE = "GOVERNANCE", "COMPLIANCE"
ON, OFF = "ON", "OFF"
DAY_MS = 86_400_000
DAYS_MAX = 36_500
_HEADER = "x-amz-object-lock-"


class LockSettings(TypedDict, total=False):
    """Members by which a new object is locked."""

    object_lock_mode: str
    object_lock_retain_until_date: int
    object_lock_legal_hold_status: str


class Lock(msgspec.Struct, frozen=True, omit_defaults=True):
    """A version's retention, and whether it is held. `until` is epoch milliseconds."""

    mode: str = ""
    until: int = 0
    # Empty until it is said for the first time.
    hold: str = ""

    def protects(self, now: int, *, has_bypass: bool = False) -> bool:
        """Whether the version must stay."""
        if self.hold == ON:
            return True
        return self.until > now and not (self.mode == GOVERNANCE and has_bypass)


NONE = Lock()


def read(settings: Mapping[str, Any]) -> Lock:
    """The lock that a request gives a new object; raises AWS's errors."""
    mode = settings.get("object_lock_mode")
    until = settings.get("object_lock_retain_until_date")
    hold = settings.get("object_lock_legal_hold_status")
    if mode is None and until is None and hold is None:
        return NONE
    if (mode is None) != (until is None):
        missing = "mode" if mode is None else "retain-until-date"
        raise errors.invalid_argument(
            f"{_HEADER}retain-until-date and {_HEADER}mode must both be supplied",
            _HEADER + missing,
        )
    if mode not in (None, GOVERNANCE, COMPLIANCE):
        raise errors.invalid_argument("Unknown wormMode directive.", f"{_HEADER}mode", mode)
    if hold not in (None, ON, OFF):
        raise errors.invalid_argument(
            "Legal Hold must be either of 'ON' or 'OFF'", f"{_HEADER}legal-hold", hold
        )
    return Lock(mode or "", until or 0, hold or "")


def check_future(until: int, now: int) -> None:
    if until <= now:
        raise errors.invalid_argument(
            "The retain until date must be in the future!", f"{_HEADER}retain-until-date", until
        )


class Default(msgspec.Struct, frozen=True):
    """The retention of new versions that bring none."""

    mode: str
    days: int


def default_of(rule: Mapping[str, Any] | None) -> Default | None:
    """Read the rule of a bucket's configuration; raises AWS's errors."""
    if rule is None:
        return None
    given = rule.get("DefaultRetention")
    if not given:
        raise errors.malformed_xml()
    mode, days, years = given.get("Mode"), given.get("Days"), given.get("Years")
    if mode not in (GOVERNANCE, COMPLIANCE) or (days is None) == (years is None):
        raise errors.malformed_xml()
    found = days if days is not None else years * 365
    if found <= 0:
        raise errors.invalid_argument("Default retention period must be a positive integer value.")
    if found > DAYS_MAX:
        raise errors.invalid_argument("Default retention period is too large.")
    return Default(mode, found)


def of_retention(given: Mapping[str, Any], now: int) -> Lock:
    """Read what PutObjectRetention brings; without members it takes a retention away."""
    mode, until = given.get("Mode"), given.get("RetainUntilDate")
    if mode is None and until is None:
        return NONE
    if mode not in (GOVERNANCE, COMPLIANCE) or until is None:
        raise errors.malformed_xml()
    check_future(until, now)
    return Lock(mode, until)


def check_change(present: Lock, wanted: Lock, now: int, *, has_bypass: bool) -> None:
    """Refuse to weaken a retention that holds."""
    if present.until <= now:
        return
    is_stricter = wanted.until >= present.until and wanted.mode in (present.mode, COMPLIANCE)
    if not is_stricter and not (present.mode == GOVERNANCE and has_bypass):
        raise protected()


def protected() -> Exception:
    return errors.error(
        "AccessDenied", "Access Denied because object protected by object lock.", 403
    )


def described(lock: Lock) -> dict[str, Any]:
    """The members that tell of it with the object."""
    found: dict[str, Any] = {}
    if lock.mode:
        found["ObjectLockMode"] = lock.mode
        found["ObjectLockRetainUntilDate"] = lock.until
    if lock.hold:
        found["ObjectLockLegalHoldStatus"] = lock.hold
    return found
