"""Replication configurations: read, checked in AWS's words, and matched with versions.

docs: API_PutBucketReplication; AmazonS3/latest/userguide/replication-add-config
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from pileus.kernel import arns
from pileus.services.s3 import errors
from pileus.services.s3.objects.encryption import KMS
from pileus.services.s3.objects.facts import STORAGE_CLASSES, Facts

RULES_MAX = 1000
ID_LENGTH_MAX = 255
_SCHEMA = (
    "for this version of Cross Region Replication configuration schema. Please refer to S3 "
    "Developer Guide for more information."
)


class Manner(msgspec.Struct, frozen=True):
    """How a version is to be replicated, and by which rule."""

    rule_id: str
    storage_class: str = ""
    kms_key_id: str = ""


class Rule(msgspec.Struct, frozen=True):
    manner: Manner
    is_enabled: bool
    priority: int
    prefix: str
    tags: tuple[tuple[str, str], ...]
    destination: str  # the bucket's ARN
    takes_markers: bool
    takes_kms: bool

    def takes(self, key: str, found: Facts) -> bool:
        """Whether it is for a version."""
        return (
            self.is_enabled
            and key.startswith(self.prefix)
            and all(found.tags.get(name) == value for name, value in self.tags)
            and (self.takes_kms or found.encryption.algorithm not in KMS)
        )


class Configuration(msgspec.Struct, frozen=True):
    rules: tuple[Rule, ...]

    def destinations(self, key: str, found: Facts) -> dict[str, Rule]:
        """Where a version goes: for each bucket the rule with the highest priority."""
        chosen: dict[str, Rule] = {}
        for rule in self.rules:
            present = chosen.get(rule.destination)
            if rule.takes(key, found) and (present is None or present.priority < rule.priority):
                chosen[rule.destination] = rule
        return chosen

    def of_marker(self, key: str) -> dict[str, Rule]:
        """Where a delete marker goes: rules by tags are not for those."""
        found = self.destinations(key, _NO_FACTS)
        return {place: rule for place, rule in found.items() if rule.takes_markers}


_NO_FACTS = Facts()


@lru_cache(maxsize=1000)
def of_text(text: str) -> Configuration:
    """As it is kept."""
    return of_document(msgspec.json.decode(text))


def of_document(document: Mapping[str, Any]) -> Configuration:
    """Read a configuration whose ids are all there; raises AWS's errors."""
    listed = document.get("Rules") or ()
    if not document.get("Role") or not 1 <= len(listed) <= RULES_MAX:
        raise errors.malformed_xml()
    found = tuple(_rule(each) for each in listed)
    if len({rule.manner.rule_id for rule in found}) < len(found):
        raise errors.invalid_argument("Rule Id must be unique")
    is_older_schema = any(each.get("Filter") is None for each in listed)
    if is_older_schema and len({rule.destination for rule in found}) > 1:
        raise errors.invalid_request("Number of distinct destination bucket ARNs cannot exceed 1")
    priorities = [rule.priority for rule in found if rule.priority >= 0]
    if len(set(priorities)) < len(priorities):
        raise errors.invalid_request("Rule Priority must be unique")
    return Configuration(found)


def _rule(given: Mapping[str, Any]) -> Rule:
    rule_id = given["ID"]
    if len(rule_id) > ID_LENGTH_MAX:
        raise errors.invalid_argument(
            f"ID length should not exceed allowed limit of {ID_LENGTH_MAX}"
        )
    destination = given["Destination"]
    place = arns.parse(destination.get("Bucket") or "")
    if place is None or place.service != "s3" or not place.resource:
        raise errors.invalid_argument("Invalid bucket ARN", "Bucket", destination.get("Bucket"))
    storage_class = destination.get("StorageClass") or ""
    if storage_class and storage_class not in STORAGE_CLASSES:
        raise errors.malformed_xml()
    prefix, tags = _filter(given)
    return Rule(
        Manner(
            rule_id,
            storage_class,
            (destination.get("EncryptionConfiguration") or {}).get("ReplicaKmsKeyID") or "",
        ),
        _is_enabled(given),
        given.get("Priority", -1),
        prefix,
        tags,
        destination["Bucket"],
        _takes_markers(given, tags),
        _takes_kms(given),
    )


def _is_enabled(given: Mapping[str, Any] | None) -> bool:
    status = (given or {}).get("Status")
    if given is not None and status not in ("Enabled", "Disabled"):
        raise errors.malformed_xml()
    return status == "Enabled"


def _filter(given: Mapping[str, Any]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The older schema has a prefix alone, the newer one a filter and more."""
    wanted = given.get("Filter")
    if (wanted is None) == (given.get("Prefix") is None):
        raise errors.malformed_xml()
    if wanted is None:
        return given["Prefix"], ()
    if given.get("Priority") is None:
        raise errors.invalid_request(f"Priority must be specified {_SCHEMA}")
    if given.get("DeleteMarkerReplication") is None:
        raise errors.invalid_request(f"DeleteMarkerReplication must be specified {_SCHEMA}")
    if len(wanted) > 1:
        raise errors.malformed_xml()
    parts = wanted["And"] if wanted.get("And") is not None else wanted
    listed = parts.get("Tags") or ([parts["Tag"]] if parts.get("Tag") else [])
    tags = {each["Key"]: each["Value"] for each in listed}
    if len(tags) < len(listed):
        raise errors.invalid_request("Duplicate Tag Keys are not allowed.")
    return parts.get("Prefix") or "", tuple(sorted(tags.items()))


def _takes_markers(given: Mapping[str, Any], tags: tuple[tuple[str, str], ...]) -> bool:
    """The older schema replicates delete markers always."""
    if given.get("Filter") is None:
        return True
    is_wanted = _is_enabled(given["DeleteMarkerReplication"])
    if is_wanted and tags:
        raise errors.invalid_request(
            "Delete marker replication is not supported if any Tag filter is specified. Please "
            "refer to S3 Developer Guide for more information."
        )
    return is_wanted


def _takes_kms(given: Mapping[str, Any]) -> bool:
    criteria = given.get("SourceSelectionCriteria") or {}
    return _is_enabled(criteria.get("SseKmsEncryptedObjects"))
