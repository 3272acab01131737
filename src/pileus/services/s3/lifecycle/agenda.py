"""Keeps in mind when a bucket's rules have to be looked at again, and tells what they will do."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import quote

from pileus.services.s3 import store as buckets_store
from pileus.services.s3.lifecycle import documents, rules, store
from pileus.services.s3.lifecycle.rules import Configuration, Item, Plan
from pileus.services.s3.lifecycle.store import Agenda

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction
    from pileus.services.s3.changes import ObjectChanged
    from pileus.services.s3.objects.facts import Facts
    from pileus.services.s3.objects.store import Version
    from pileus.services.s3.store import Bucket

KIND = "lifecycle"
TIMER = "s3:lifecycle"


def configuration_of(tx: Transaction, bucket: Bucket) -> Configuration | None:
    text = buckets_store.setting(tx, bucket, KIND)
    return None if text is None else documents.of_text(text)


def note(call: Call, fact: ObjectChanged) -> None:
    """Listener: whatever changes may bring something forward."""
    bucket = fact.bucket
    if not bucket.has_setting(KIND):
        return
    if fact.event.startswith("ObjectCreated:"):
        expect(call.tx, bucket)
    elif not fact.event.startswith("ObjectRestore:"):
        reconsider(call.tx, bucket)


def expect(tx: Transaction, bucket: Bucket) -> None:
    """Something has come into being that the rules may be for."""
    configuration = configuration_of(tx, bucket)
    if configuration is None:
        return
    at = rules.bound(configuration, tx.now)
    if at is not None:
        _bring_forward(tx, bucket, at)


def reconsider(tx: Transaction, bucket: Bucket) -> None:
    """What was kept by a lock, by its tags or by others may have been due for long."""
    if bucket.has_setting(KIND):
        _bring_forward(tx, bucket, rules.next_midnight(tx.now))


def _bring_forward(tx: Transaction, bucket: Bucket, at: int) -> None:
    present = store.seek(tx, bucket.id) or Agenda(0, 0)
    if 0 < present.due_at <= at:
        return
    store.put(tx, bucket.id, present._replace(due_at=at))
    if not present.run_at:
        tx.set_timer(TIMER, str(bucket.id), at)


def begin_anew(tx: Transaction, bucket: Bucket) -> None:
    """The rules are new: they take effect at the next midnight, on all that is there."""
    at = rules.next_midnight(tx.now)
    store.put(tx, bucket.id, Agenda(at, 0))
    tx.set_timer(TIMER, str(bucket.id), at)


def end(tx: Transaction, bucket_id: int) -> None:
    store.remove(tx, bucket_id)
    tx.finish_timer(TIMER, str(bucket_id))


def expiration_header(
    tx: Transaction, bucket: Bucket, version: Version, found: Facts
) -> str | None:
    """What is told of the expiration of a bucket's current version, if it expires."""
    if not bucket.has_setting(KIND):
        return None
    configuration = configuration_of(tx, bucket)
    if configuration is None:
        return None
    item = Item(
        version.name,
        version.size_bytes,
        found.tags,
        version.modified_at,
        found.storage_class,
        False,
        None,
        0,
        False,
        bucket.is_versioned,
    )
    plan = rules.expiration(configuration, item)
    if plan is None:
        return None
    when = formatdate(plan.at / 1000, usegmt=True)
    return f'expiry-date="{when}", rule-id="{quote(plan.rule_id, safe="")}"'


def abort_of(tx: Transaction, bucket: Bucket, key: str, started_at: int) -> Plan | None:
    """When an upload is given up, and by which rule."""
    if not bucket.has_setting(KIND):
        return None
    configuration = configuration_of(tx, bucket)
    return None if configuration is None else rules.abort(configuration, key, started_at)
