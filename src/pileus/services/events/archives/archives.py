"""Archives: what a bus's events are kept in, by a rule that EventBridge itself puts on the bus."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.events import errors, names, pages, rules
from pileus.services.events import store as bus_store
from pileus.services.events.archives import store
from pileus.services.events.archives.store import Archive, Archived, Kept
from pileus.services.events.store import Rule

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.deliveries import Delivery

ARCHIVES = "archive"
EXPIRE_TIMER = "events:expire"
DROP_TIMER = "events:drop"
MANAGED_BY = "prod.vhs.events.aws.internal"
_RULE = "Events-Archive-"
_DAY_MS = 24 * 3600 * 1000
_SECOND_MS = 1000
_REMOVED_AT_ONCE = 150


def the_archive(call: Call, params: Mapping[str, Any]) -> str:
    return call.arn(f"archive/{params['ArchiveName']}")


async def create_archive(
    call: Call,
    *,
    archive_name: str,
    event_source_arn: str,
    description: str | None = None,
    event_pattern: str | None = None,
    retention_days: int | None = None,
    kms_key_identifier: str | None = None,
) -> dict[str, Any]:
    if not names.is_bus(event_source_arn):
        raise errors.invalid_parameter("EventSourceArn", "Provided Arn is not in correct format.")
    archive = Archive(
        event_source_arn, call.now, description, event_pattern or "", retention_days or 0,
        kms_key_identifier,
    )  # fmt: skip
    rule = _rule(archive_name, call.about, archive)
    if await call.read(_seek, about=call.about) is not None:
        raise errors.already_exists("Archive", archive_name)
    # The rule first: if the archive were never made, making it again would put the same rule.
    await call.transaction(_put_rule, rule, about=event_source_arn)
    await call.transaction(_create, archive, about=call.about)
    return _answer(call.about, archive)


def _rule(name: str, arn: str, archive: Archive) -> Rule:
    """The managed rule. It leaves out replayed events, as AWS's archives do."""
    pattern: dict[str, Any] = {}
    if archive.pattern:
        rules.compiled(archive.pattern)
        pattern = msgspec.json.decode(archive.pattern)
    pattern["replay-name"] = [{"exists": False}]
    return Rule(
        _RULE + name,
        msgspec.json.encode(pattern).decode(),
        managed_by=MANAGED_BY,
        targets=({"Id": _RULE + name, "Arn": arn},),
    )


def _put_rule(tx: Transaction, rule: Rule) -> None:
    bus_store.find_bus(tx, tx.about)
    bus_store.put_rule(tx, tx.about, rule, bus_store.seek_rule(tx, tx.about, rule.name))


def _create(tx: Transaction, archive: Archive) -> None:
    name = name_of(tx.about)
    if store.seek(tx, tx.about) is not None:
        raise errors.already_exists("Archive", name)
    store.insert(tx, tx.about, archive)
    tx.enlist(ARCHIVES, name, tx.about)


async def update_archive(
    call: Call,
    *,
    archive_name: str,
    description: str | None = None,
    event_pattern: str | None = None,
    retention_days: int | None = None,
    kms_key_identifier: str | None = None,
) -> dict[str, Any]:
    given = {
        "description": description,
        "pattern": event_pattern,
        "retention_days": retention_days,
        "kms_key": kms_key_identifier,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise errors.validation(
            "At least one of EventPattern, RetentionDays or Description must be provided."
        )
    kept = await find(call, call.about)
    archive = msgspec.structs.replace(kept.archive, **changes)
    rule = _rule(archive_name, call.about, archive)
    await call.transaction(_update, changes, about=call.about)
    await call.transaction(_put_rule, rule, about=archive.source)
    return _answer(call.about, archive)


def _update(tx: Transaction, changes: dict[str, Any]) -> None:
    kept = store.seek(tx, tx.about)
    if kept is None:
        raise _not_found(tx.about)
    archive = msgspec.structs.replace(kept.archive, **changes)
    store.update(tx, tx.about, archive)
    if archive.retention_days != kept.archive.retention_days:
        _expire_at(tx, tx.about, tx.now if archive.retention_days else 0)


async def delete_archive(call: Call, *, archive_name: str) -> dict[str, Any]:
    kept = await find(call, call.about)
    await call.transaction(_drop_rule, _RULE + archive_name, about=kept.archive.source)
    await call.transaction(_delete, about=call.about)
    return {}


def _drop_rule(tx: Transaction, name: str) -> None:
    rule = bus_store.seek_rule(tx, tx.about, name)
    if rule is not None:
        bus_store.delete_rule(tx, tx.about, rule)


def _delete(tx: Transaction) -> None:
    kept = store.seek(tx, tx.about)
    if kept is None:
        return
    store.delete(tx, tx.about)
    tx.delist(ARCHIVES, name_of(tx.about))
    tx.finish_timer(EXPIRE_TIMER, tx.about)
    tx.set_timer(DROP_TIMER, kept.id, tx.now)


def describe_archive(call: Call, *, archive_name: str) -> dict[str, Any]:
    kept = store.seek(call.tx, call.about)
    if kept is None:
        raise _not_found(call.about)
    optional = {
        "Description": kept.archive.description,
        "EventPattern": kept.archive.pattern or None,
        "KmsKeyIdentifier": kept.archive.kms_key,
    }
    return {
        "ArchiveArn": call.about,
        **_shown(call.about, kept),
        **{name: value for name, value in optional.items() if value is not None},
    }


async def list_archives(
    call: Call,
    *,
    name_prefix: str | None = None,
    event_source_arn: str | None = None,
    state: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    if sum(each is not None for each in (name_prefix, event_source_arn, state)) > 1:
        raise errors.validation(
            "At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, "
            "or NamePrefix."
        )

    def wanted(kept: Kept) -> bool:
        return (not event_source_arn or kept.archive.source == event_source_arn) and (
            state in (None, "ENABLED")
        )

    listing = pages.Listing(ARCHIVES, name_prefix or "", next_token, limit)
    page, token = await pages.listed(call, listing, _seek, wanted)
    return {"Archives": [_shown(arn, kept) for arn, kept in page], **token}


def _shown(arn: str, kept: Kept) -> dict[str, Any]:
    archive = kept.archive
    return {
        "ArchiveName": name_of(arn),
        "EventSourceArn": archive.source,
        "State": "ENABLED",
        "RetentionDays": archive.retention_days,
        "SizeBytes": kept.size_bytes,
        "EventCount": kept.events,
        "CreationTime": archive.created_at,
    }


def _answer(arn: str, archive: Archive) -> dict[str, Any]:
    return {"ArchiveArn": arn, "State": "ENABLED", "CreationTime": archive.created_at}


async def find(call: Call, arn: str) -> Kept:
    kept: Kept | None = await call.read(_seek, about=arn)
    if kept is None:
        raise _not_found(arn)
    return kept


def _seek(tx: Transaction) -> Kept | None:
    return store.seek(tx, tx.about)


def _not_found(arn: str) -> AwsError:
    return errors.not_found(f"Archive {name_of(arn)} does not exist.")


def name_of(arn: str) -> str:
    return arn.rpartition("/")[2]


# Events on their way in and out.


def accept(call: Call, delivery: Delivery) -> None:
    """Keep an event that the archive's rule hands over."""
    tx, arn = call.tx, delivery.to
    kept = store.seek(tx, arn)
    if kept is None:
        raise errors.unknown_destination(arn)
    fields = msgspec.json.decode(delivery.payload)
    at = round(datetime.fromisoformat(fields["time"]).timestamp() * _SECOND_MS)
    store.add(tx, arn, kept.id, Archived(at, fields["id"], delivery.payload))
    if kept.archive.retention_days and not kept.expires_at:
        _expire_at(tx, arn, tx.now + kept.archive.retention_days * _DAY_MS)


def _expire_at(tx: Transaction, arn: str, at: int) -> None:
    """Look for expired events at an instant, rounded up so that one look serves many; 0: never."""
    at = -(-at // _SECOND_MS) * _SECOND_MS
    store.set_expires_at(tx, arn, at)
    if at:
        tx.set_timer(EXPIRE_TIMER, arn, at)
    else:
        tx.finish_timer(EXPIRE_TIMER, arn)


def expire(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of events that are older than the archive keeps them."""
    tx = call.tx
    kept = store.seek(tx, key)
    if kept is None or not kept.archive.retention_days:
        return
    age_ms = kept.archive.retention_days * _DAY_MS
    events, size_bytes, oldest = store.remove_oldest(tx, kept.id, tx.now - age_ms, _REMOVED_AT_ONCE)
    store.count_removed(tx, key, events, size_bytes)
    _expire_at(tx, key, max(oldest + age_ms, tx.now) if oldest else 0)


def drop(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of the events of an archive that is gone."""
    tx = call.tx
    events, _, _ = store.remove_oldest(tx, key, tx.now, _REMOVED_AT_ONCE)
    if events == _REMOVED_AT_ONCE:
        tx.set_timer(DROP_TIMER, key, tx.now)
