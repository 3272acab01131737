"""When an archived object can be read: how long its restoration takes, and how long its copy stays.

docs: AmazonS3/latest/userguide/restoring-objects, restoring-objects-retrieval-options
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
from typing import Any, NamedTuple

import msgspec

from pileus.kernel.errors import AwsError, not_implemented
from pileus.services.s3 import errors

# Objects that must be restored before they can be read.
ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_TIERS = ("Expedited", "Standard", "Bulk")
_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
DAYS_MAX = 2**31 - 1
# AWS gives spans: these are their ends.
_TAKES_MS = {
    ("GLACIER", "Expedited"): 5 * _MINUTE_MS,
    ("GLACIER", "Standard"): 5 * _HOUR_MS,
    ("GLACIER", "Bulk"): 12 * _HOUR_MS,
    ("DEEP_ARCHIVE", "Standard"): 12 * _HOUR_MS,
    ("DEEP_ARCHIVE", "Bulk"): 48 * _HOUR_MS,
}
# The year 9999, beyond which no date can be told.
_LAST_MIDNIGHT = 253_402_214_400_000


class Restore(msgspec.Struct, frozen=True, omit_defaults=True):
    """A copy of an archived version. Instants are epoch milliseconds."""

    # While the copy is being made: how fast, when it will be there, for how many days.
    tier: str = ""
    ready_at: int = 0
    days: int = 0
    # When the copy goes; 0 where there is none.
    expires_at: int = 0

    @property
    def is_ongoing(self) -> bool:
        return bool(self.tier)

    def is_there(self, now: int) -> bool:
        """Whether the copy can be read."""
        return not self.tier and self.expires_at > now

    def finished(self) -> Restore:
        return Restore(expires_at=self.expires_at)


NONE = Restore()


class Wanted(NamedTuple):
    """What a request asks for."""

    days: int
    tier: str


def read(request: Mapping[str, Any] | None) -> Wanted:
    """Read a restore request; raises AWS's errors."""
    given = request or {}
    if given.get("Type") == "SELECT":
        raise not_implemented("s3", "RestoreObject", "RestoreRequest.Type SELECT")
    days = given.get("Days")
    # The other members are for selections, also the tier beside the job's parameters.
    others = {"Type", "Tier", "SelectParameters", "OutputLocation"}.intersection(given)
    if others or days is None or not 1 <= days <= DAYS_MAX:
        raise errors.malformed_xml()
    tier = (given.get("GlacierJobParameters") or {"Tier": "Standard"}).get("Tier")
    if tier not in _TIERS:
        raise errors.malformed_xml()
    return Wanted(days, tier)


def check_archived(storage_class: str) -> None:
    if storage_class not in ARCHIVED:
        raise errors.error(
            "InvalidObjectState",
            "Restore is not allowed for the object's current storage class",
            403,
            StorageClass=storage_class,
        )


def decide(present: Restore, storage_class: str, wanted: Wanted, now: int) -> Restore:
    """What becomes of an archived version's copy; raises AWS's errors."""
    takes_ms = _TAKES_MS.get((storage_class, wanted.tier))
    if takes_ms is None:
        raise errors.invalid_argument(
            "Retrieval option is not supported by this storage class", "Tier", wanted.tier
        )
    if present.is_ongoing:
        is_faster = takes_ms < _TAKES_MS[storage_class, present.tier]
        if not is_faster or wanted.days != present.days:
            raise _in_progress()
        return msgspec.structs.replace(
            present, tier=wanted.tier, ready_at=min(present.ready_at, now + takes_ms)
        )
    if present.is_there(now):
        return Restore(expires_at=_expiry(now, wanted.days))
    ready_at = now + takes_ms
    expires_at = max(_expiry(now, wanted.days), _midnight_after(ready_at))
    return Restore(wanted.tier, ready_at, wanted.days, expires_at)


def _in_progress() -> AwsError:
    return errors.error("RestoreAlreadyInProgress", "Object restore is already in progress", 409)


def _expiry(now: int, days: int) -> int:
    """AWS adds the days to the time of the request, and rounds up to the next midnight UTC."""
    return min(_midnight_after(now + days * _DAY_MS), _LAST_MIDNIGHT)


def _midnight_after(at: int) -> int:
    return at // _DAY_MS * _DAY_MS + _DAY_MS


def header(restore: Restore) -> str | None:
    """As `x-amz-restore` tells of it."""
    if restore.is_ongoing:
        return 'ongoing-request="true"'
    if not restore.expires_at:
        return None
    when = formatdate(restore.expires_at / 1000, usegmt=True)
    return f'ongoing-request="false", expiry-date="{when}"'


def status(restore: Restore) -> dict[str, Any] | None:
    """As lists tell of it, where they are asked to."""
    if restore.is_ongoing:
        return {"IsRestoreInProgress": True}
    if not restore.expires_at:
        return None
    return {"IsRestoreInProgress": False, "RestoreExpiryDate": restore.expires_at}
