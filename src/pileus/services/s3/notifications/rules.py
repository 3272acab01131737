"""Which changes a bucket tells of and to whom: read from a document, checked, and matched.

docs: AmazonS3/latest/userguide/notification-how-to-filtering, notification-how-to-event-types
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations
from typing import Any

import msgspec

from pileus.kernel import arns
from pileus.services.s3 import errors
from pileus.services.s3.notifications.errors import notifications_overlap

# docs: AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations
GROUPS = {
    "ObjectCreated": ("Put", "Post", "Copy", "CompleteMultipartUpload"),
    "ObjectRemoved": ("Delete", "DeleteMarkerCreated"),
    "ObjectRestore": ("Post", "Completed", "Delete"),
    "Replication": (
        "OperationFailedReplication", "OperationNotTracked", "OperationMissedThreshold",
        "OperationReplicatedAfterThreshold",
    ),
    "LifecycleExpiration": ("Delete", "DeleteMarkerCreated"),
    "ObjectTagging": ("Put", "Delete"),
}  # fmt: skip
EVENTS = frozenset(
    {
        "s3:ReducedRedundancyLostObject", "s3:LifecycleTransition", "s3:IntelligentTiering",
        "s3:ObjectAcl:Put", "s3:ObjectRetention:Put",
        *(f"s3:{group}:*" for group in GROUPS),
        *(f"s3:{group}:{name}" for group, names in GROUPS.items() for name in names),
    }
)  # fmt: skip
# The lists of a configuration, by the name of the ARN in each and the service that it must lie in.
LISTS = {
    "TopicConfigurations": ("TopicArn", "sns"),
    "QueueConfigurations": ("QueueArn", "sqs"),
    "LambdaFunctionConfigurations": ("LambdaFunctionArn", "lambda"),
}
VALUE_BYTES_MAX = 1024
RULES_MAX = 100
ID_LENGTH_MAX = 255


class Rule(msgspec.Struct, frozen=True):
    """One destination: which changes it is told of."""

    id: str
    to: str
    events: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""

    def wants(self, event: str, key: str) -> bool:
        """Whether it is told of an event (`ObjectCreated:Put`) on a key."""
        return (
            any(_covers(each, f"s3:{event}") for each in self.events)
            and key.startswith(self.prefix)
            and key.endswith(self.suffix)
        )


class Configuration(msgspec.Struct, frozen=True):
    """A bucket's rules, and whether EventBridge is told of everything."""

    rules: tuple[Rule, ...] = ()
    has_event_bridge: bool = False


def _covers(wanted: str, event: str) -> bool:
    return wanted == event or (wanted.endswith(":*") and event.startswith(wanted[:-1]))


@lru_cache(maxsize=1000)
def of_text(text: str) -> Configuration:
    """As it is kept."""
    return of_document(msgspec.json.decode(text))


def of_document(document: Mapping[str, Any]) -> Configuration:
    """Read a configuration whose ids are all there; raises AWS's errors."""
    rules = tuple(
        _rule(each, each[member], service)
        for name, (member, service) in LISTS.items()
        for each in document.get(name) or ()
    )
    if len(rules) > RULES_MAX:
        raise errors.invalid_argument(
            f"A bucket may have at most {RULES_MAX} notification configurations"
        )
    for one, other in combinations(rules, 2):
        if _overlap(one, other):
            raise notifications_overlap()
    return Configuration(rules, document.get("EventBridgeConfiguration") is not None)


def _rule(document: Mapping[str, Any], to: str, service: str) -> Rule:
    place = arns.parse(to)
    if place is None or place.service != service or not place.region or not place.account:
        raise errors.invalid_argument("The ARN could not be parsed", to, "The ARN is not valid")
    identity = str(document["Id"])
    if len(identity) > ID_LENGTH_MAX:
        raise errors.invalid_argument("Invalid id", "Id", identity)
    wanted = tuple(document["Events"])
    if not wanted:
        raise errors.malformed_xml()
    for event in wanted:
        if event not in EVENTS:
            raise errors.invalid_argument(
                "The event is not supported for notifications", "Event", event
            )
    filters = _filters(((document.get("Filter") or {}).get("Key") or {}).get("FilterRules") or ())
    return Rule(identity, to, wanted, filters.get("prefix", ""), filters.get("suffix", ""))


def _filters(rules: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in rules:
        name = str(each.get("Name", "")).lower()
        value = each.get("Value") or ""
        if name not in ("prefix", "suffix"):
            raise errors.invalid_argument(
                "filter rule name must be either prefix or suffix", "FilterRule.Name", name
            )
        if name in found:
            raise errors.invalid_argument(
                f"Cannot specify more than one {name} rule in a filter.", "FilterRule.Name", name
            )
        if len(value.encode("utf-8", "replace")) > VALUE_BYTES_MAX:
            raise errors.invalid_argument(
                f"Size of filter rule value cannot exceed {VALUE_BYTES_MAX} bytes in UTF-8 "
                "representation",
                "FilterRule.Value",
                value,
            )
        found[name] = value
    return found


def _overlap(one: Rule, other: Rule) -> bool:
    """Whether a change could be told of by both."""
    return (
        any(_covers(a, b) or _covers(b, a) for a in one.events for b in other.events)
        and (one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix))
        and (one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix))
    )
