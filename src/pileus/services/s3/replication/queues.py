"""Puts into a bucket's queues what is to be replicated, inside the transaction that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from pileus.services.s3 import store as buckets_store
from pileus.services.s3.objects import facts
from pileus.services.s3.objects import store as versions
from pileus.services.s3.objects.facts import PENDING, REPLICA, Facts
from pileus.services.s3.replication import rules, store
from pileus.services.s3.replication.rules import Configuration, Rule
from pileus.services.s3.replication.store import Task

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.changes import ObjectChanged
    from pileus.services.s3.store import Bucket

KIND = "replication"
TIMER = "s3:replicate"
VERSION, MARKER, FACTS = "version", "marker", "facts"
_OF_FACTS = ("ObjectTagging:", "ObjectRetention:", "ObjectAcl:")


def configuration_of(tx: Transaction, bucket: Bucket) -> Configuration | None:
    text = buckets_store.setting(tx, bucket, KIND)
    return None if text is None else rules.of_text(text)


def marked(tx: Transaction, bucket: Bucket, key: bytes, found: Facts) -> Facts:
    """The facts of a new version, with what is to become of it."""
    if not bucket.has_setting(KIND):
        return found
    configuration = configuration_of(tx, bucket)
    if configuration is None:
        return found
    count = len(configuration.destinations(key.decode(), found))
    if not count:
        return found
    return msgspec.structs.replace(found, replication=PENDING, replicas_left=count)


def note(call: Call, fact: ObjectChanged) -> None:
    """Listener: of what users change; what S3 does by itself is not replicated."""
    bucket = fact.bucket
    if fact.is_own or not bucket.has_setting(KIND):
        return
    tx = call.tx
    configuration = configuration_of(tx, bucket)
    if configuration is None:
        return
    key = fact.key.encode()
    if fact.event == "ObjectRemoved:DeleteMarkerCreated":
        _add(tx, bucket, MARKER, key, fact.version_id, configuration.of_marker(fact.key))
        return
    is_new = fact.event.startswith("ObjectCreated:")
    if not is_new and not fact.event.startswith(_OF_FACTS):
        return
    current = versions.seek_current(tx, bucket, key)
    if current is None or current.version_id != fact.version_id:
        current = versions.seek_older(tx, bucket, key, fact.version_id)
    if current is None:
        return
    found = facts.of_text(current.facts)
    if not found.replication or found.replication == REPLICA:
        return
    what = VERSION if is_new else FACTS
    _add(tx, bucket, what, key, fact.version_id, configuration.destinations(fact.key, found))


def _add(
    tx: Transaction,
    bucket: Bucket,
    what: str,
    key: bytes,
    version_id: str,
    destinations: Mapping[str, Rule],
) -> None:
    for destination, rule in destinations.items():
        manner = msgspec.json.encode(rule.manner).decode()
        is_idle = store.head(tx, bucket.id, destination) is None
        number = buckets_store.count_change(tx, bucket)
        store.add(tx, bucket.id, destination, Task(number, what, key, version_id, manner, tx.now))
        if is_idle:
            tx.set_timer(TIMER, f"{bucket.id}/{destination}", tx.now, {"destination": destination})
