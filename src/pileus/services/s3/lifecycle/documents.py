"""Lifecycle configurations as requests bring them: read, and checked in AWS's words.

docs: API_PutBucketLifecycleConfiguration; AmazonS3/latest/userguide/intro-lifecycle-rules
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from pileus.services.s3 import errors
from pileus.services.s3.lifecycle.rules import (
    DAY_MS,
    Configuration,
    Filter,
    Rule,
    Transition,
)

RULES_MAX = 1000
ID_LENGTH_MAX = 255
NEWER_MAX = 100
VARIES, ALL_128K = "varies_by_storage_class", "all_storage_classes_128K"
CLASSES = frozenset(
    {
        "GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR",
    }
)  # fmt: skip
# Objects must be so old before they may go there.
_DAYS_MIN = {"STANDARD_IA": 30, "ONEZONE_IA": 30}


@lru_cache(maxsize=1000)
def of_text(text: str) -> Configuration:
    """As it is kept."""
    document = msgspec.json.decode(text)
    return of_document(document["Rules"], document["MinimumSize"])


def of_document(rules: Sequence[Mapping[str, Any]], minimum_size: str) -> Configuration:
    """Read rules whose ids are all there; raises AWS's errors."""
    if minimum_size not in (VARIES, ALL_128K):
        raise errors.invalid_request(
            f"Invalid TransitionDefaultMinimumObjectSize found: {minimum_size}"
        )
    if not rules:
        raise errors.malformed_xml()
    if len(rules) > RULES_MAX:
        raise errors.invalid_request(
            f"The number of lifecycle rules must not exceed the allowed limit of {RULES_MAX} rules"
        )
    found = tuple(_rule(each) for each in rules)
    if len({rule.id for rule in found}) < len(found):
        raise errors.invalid_argument(
            "Rule ID must be unique. Found same ID for more than one rule"
        )
    return Configuration(found, minimum_size == VARIES)


def _rule(given: Mapping[str, Any]) -> Rule:
    if len(given["ID"]) > ID_LENGTH_MAX:
        raise errors.invalid_argument(
            f"ID length should not exceed allowed limit of {ID_LENGTH_MAX}"
        )
    if given["Status"] not in ("Enabled", "Disabled"):
        raise errors.malformed_xml()
    wanted = _filter(given)
    expiration = given.get("Expiration")
    days, date, drops_markers = _expiration(expiration)
    noncurrent = given.get("NoncurrentVersionExpiration") or {}
    abort = given.get("AbortIncompleteMultipartUpload")
    rule = Rule(
        given["ID"],
        given["Status"] == "Enabled",
        wanted,
        days,
        date,
        drops_markers,
        _days(noncurrent, "NoncurrentDays", "NoncurrentVersionExpiration"),
        _newer(noncurrent, "NoncurrentVersionExpiration"),
        None if abort is None else _abort_days(abort),
        tuple(_transition(each) for each in given.get("Transitions") or ()),
        tuple(_noncurrent_transition(each) for each in given.get("NoncurrentVersionTransitions")
              or ()),
    )  # fmt: skip
    _check_together(rule)
    return rule


def _filter(given: Mapping[str, Any]) -> Filter:
    prefix, wanted = given.get("Prefix"), given.get("Filter")
    if (prefix is None) == (wanted is None):
        raise errors.malformed_xml()
    if wanted is None:
        return Filter(prefix or "")
    together = wanted.get("And")
    alone = [name for name in wanted if name != "And"]
    if len(wanted) > 1 or (together is not None and alone):
        raise errors.malformed_xml()
    parts = together if together is not None else wanted
    listed = parts.get("Tags") or ([parts["Tag"]] if parts.get("Tag") else [])
    tags = {each["Key"]: each["Value"] for each in listed}
    if len(tags) < len(listed):
        raise errors.invalid_request("Duplicate Tag Keys are not allowed.")
    more, less = parts.get("ObjectSizeGreaterThan"), parts.get("ObjectSizeLessThan")
    if more is not None and less is not None and more >= less:
        raise errors.invalid_request(
            "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'"
        )
    return Filter(parts.get("Prefix") or "", tuple(sorted(tags.items())), more, less)


def _expiration(given: Mapping[str, Any] | None) -> tuple[int | None, int | None, bool]:
    if given is None:
        return None, None, False
    if len([name for name in given if given[name] is not None]) != 1:
        raise errors.malformed_xml()
    days = _days(given, "Days", "Expiration")
    return days, _date(given), bool(given.get("ExpiredObjectDeleteMarker"))


def _days(given: Mapping[str, Any], name: str, action: str) -> int | None:
    days = given.get(name)
    if days is None:
        return None
    if days <= 0:
        raise errors.invalid_argument(f"'{name}' for {action} action must be a positive integer")
    return int(days)


def _abort_days(given: Mapping[str, Any]) -> int:
    days = _days(given, "DaysAfterInitiation", "AbortIncompleteMultipartUpload")
    if days is None:
        raise errors.malformed_xml()
    return days


def _date(given: Mapping[str, Any]) -> int | None:
    date = given.get("Date")
    if date is not None and date % DAY_MS:
        raise errors.invalid_argument("'Date' must be at midnight GMT")
    return date


def _newer(given: Mapping[str, Any], action: str) -> int:
    newer = given.get("NewerNoncurrentVersions")
    if newer is None:
        return 0
    if not 1 <= newer <= NEWER_MAX:
        raise errors.invalid_argument(
            f"'NewerNoncurrentVersions' for {action} action must be between 1 and {NEWER_MAX}"
        )
    if given.get("NoncurrentDays") is None:
        raise errors.malformed_xml()
    return int(newer)


def _transition(given: Mapping[str, Any]) -> Transition:
    days, date = given.get("Days"), _date(given)
    if (days is None) == (date is None):
        raise errors.malformed_xml()
    if days is not None and days < 0:
        raise errors.invalid_argument("'Days' in Transition action must be nonnegative")
    return Transition(_class(given, days, "Days", "Transition"), days, date)


def _noncurrent_transition(given: Mapping[str, Any]) -> Transition:
    days = given.get("NoncurrentDays")
    if days is None:
        raise errors.malformed_xml()
    if days < 0:
        raise errors.invalid_argument(
            "'NoncurrentDays' in NoncurrentVersionTransition action must be nonnegative"
        )
    action = "NoncurrentVersionTransition"
    return Transition(
        _class(given, days, "NoncurrentDays", action), days, None, _newer(given, action)
    )


def _class(given: Mapping[str, Any], days: int | None, name: str, action: str) -> str:
    storage_class = given.get("StorageClass")
    if storage_class not in CLASSES:
        raise errors.malformed_xml()
    least = _DAYS_MIN.get(storage_class, 0)
    if days is not None and days < least:
        raise errors.invalid_argument(
            f"'{name}' in {action} action must be greater than or equal to {least} for "
            f"storageClass '{storage_class}'"
        )
    return str(storage_class)


def _check_together(rule: Rule) -> None:
    """What the actions of one rule must not be together."""
    current = [each for each in (rule.days, rule.date) if each is not None]
    if not (
        current or rule.drops_markers or rule.noncurrent_days is not None
        or rule.abort_days is not None or rule.transitions or rule.noncurrent_transitions
    ):  # fmt: skip
        raise errors.invalid_request("At least one action needs to be specified in a rule")
    for action, is_there in (
        ("AbortIncompleteMultipartUpload", rule.abort_days is not None),
        ("ExpiredObjectDeleteMarker", rule.drops_markers),
    ):
        if is_there and rule.filter.tags:
            raise errors.invalid_request(f"{action} cannot be specified with Tags.")
        if is_there and not rule.filter.takes_all_sizes:
            raise errors.invalid_request(f"{action} cannot be specified with Object Size.")
    by_days = [each.days for each in rule.transitions if each.days is not None]
    by_date = [each.date for each in rule.transitions if each.date is not None]
    described = f"(prefix={rule.filter.prefix})"
    if (rule.days is not None or by_days) and (rule.date is not None or by_date):
        raise errors.invalid_request(
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle "
            f"rule for filter '{described}'"
        )
    _check_later(rule.days, by_days, "Days", "Expiration", "Transition", described)
    _check_later(rule.date, by_date, "Date", "Expiration", "Transition", described)
    _check_later(
        rule.noncurrent_days,
        [each.days for each in rule.noncurrent_transitions if each.days is not None],
        "NoncurrentDays",
        "NoncurrentVersionExpiration",
        "NoncurrentVersionTransition",
        described,
    )


def _check_later(
    end: int | None, moves: Sequence[int], name: str, last: str, first: str, described: str
) -> None:
    if end is not None and moves and end <= max(moves):
        raise errors.invalid_argument(
            f"'{name}' in the {last} action for filter '{described}' must be greater than "
            f"'{name}' in the {first} action"
        )
