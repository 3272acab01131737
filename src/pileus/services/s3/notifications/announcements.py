"""Tells destinations and EventBridge of each change, inside the transaction that makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel import arns
from pileus.kernel.changes import PlatformEvent
from pileus.services.s3 import store
from pileus.services.s3.notifications import records, rules
from pileus.services.s3.notifications.records import Change, Place

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.changes import ObjectChanged

KIND = "notification"
_SUBJECT = "Amazon S3 Notification"


def tell(call: Call, fact: ObjectChanged) -> None:
    """Listener: of each change to an object."""
    bucket = fact.bucket
    if not bucket.has_setting(KIND):
        return
    tx = call.tx
    text = store.setting(tx, bucket, KIND)
    if text is None:
        return
    configuration = rules.of_text(text)
    wanting = [rule for rule in configuration.rules if rule.wants(fact.event, fact.key)]
    if not wanting and not configuration.has_event_bridge:
        return
    # The call of an announcement is its own; what caused it is the transaction's.
    cause = tx.call or call
    change = Change(
        fact.event,
        fact.key,
        fact.version_id if bucket.is_versioned else "",
        fact.size_bytes,
        fact.etag,
        tx.now,
        store.count_change(tx, bucket),
        cause.request_id,
        "" if fact.is_own else (call.context.access_key_id or call.account),
        fact.more,
        fact.detail,
    )
    place = Place(bucket.name, tx.about, bucket.account, bucket.region)
    for rule in wanting:
        hand_over(tx, rule.to, {"Records": [records.record(change, place, rule.id)]})
    if configuration.has_event_bridge:
        _announce(tx, change, place, call.account)


def hand_over(tx: Transaction, to: str, document: dict[str, Any], **options: Any) -> Any:
    """Hand a document over to a destination, durably."""
    parts = arns.parse(to)
    assert parts is not None, f"not an ARN: {to}"
    attributes = {"Subject": _SUBJECT} if parts.service == "sns" else {}
    return tx.deliver(
        to=to, payload=msgspec.json.encode(document), because=tx.about, attributes=attributes,
        **options,
    )  # fmt: skip


def _announce(tx: Transaction, change: Change, place: Place, requester: str) -> None:
    event = records.announced(change, place.name, requester)
    if event is None:
        return
    # A bucket's ARN names neither account nor region; the bus is that of its owner.
    partition = arns.partition_of(place.region)
    owned = f"arn:{partition}:s3:{place.region}:{place.account}:{place.name}"
    tx.announce(PlatformEvent(owned, "aws.s3", event.detail_type, event.detail, (place.arn,)))
