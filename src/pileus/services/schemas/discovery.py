"""Discovery: events that a bus hands over become schemas and new versions of them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel import arns
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.languages import event_schemas
from pileus.services.schemas import (
    announcements,
    discoverer_store,
    errors,
    names,
    schemas,
    shelf,
    store,
)
from pileus.services.schemas.store import Version

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.deliveries import Delivery

log = logging.getLogger(__name__)

# docs: CreateSchema, the size of a schema's content
CONTENT_CHARACTERS_MAX = 100_000
# A replay adds it to an event that was seen without it.
_OF_REPLAYS = "replay-name"


def accept(call: Call, delivery: Delivery) -> None:
    """Target: an event for a discoverer, which gives it to the registry of discovered schemas."""
    parts = arns.parse(delivery.to)
    kind, _, name = parts.resource.partition("/") if parts is not None else ("", "", "")
    if kind == "discoverer":
        _pass_on(call.tx, delivery)
    elif (kind, name) == ("registry", names.DISCOVERED):
        _discover(call.tx, msgspec.json.decode(delivery.body))
    else:
        raise errors.resource_not_found(delivery.to)


def _pass_on(tx: Transaction, delivery: Delivery) -> None:
    found = discoverer_store.seek(tx, delivery.to)
    if found is None:
        raise errors.resource_not_found(delivery.to)
    if found.state == "STARTED":
        registry = f"{names.account_arn(delivery.to)}registry/{names.DISCOVERED}"
        tx.deliver(to=registry, payload=delivery.body, because=delivery.to)


def _discover(tx: Transaction, event: Any) -> None:
    """Learn from one event; most events tell nothing new, and write nothing."""
    event = {field: value for field, value in event.items() if field != _OF_REPLAYS}
    # What discovery says of itself teaches nothing; `aws.events` has its schemas.
    if not event_schemas.is_event(event) or event["source"] == announcements.SOURCE:
        return
    name = event_schemas.schema_name(event["source"], event["detail-type"])
    registry = shelf.find_registry(tx, tx.about)
    schema = store.seek_schema(tx, registry.id, name)
    known = schema.shape if schema is not None else ""
    shape, document = event_schemas.discovered(known, event)
    if shape == known:
        return
    content = event_schemas.text(document)
    if len(content) > CONTENT_CHARACTERS_MAX or not names.is_schema_name(name):
        log.warning("schema %s is not kept: its content or its name is too long", name[:100])
        return
    version = Version(1, event_schemas.OPEN_API, content, "", tx.now)
    try:
        if schema is None:
            schemas.add(tx, registry, name, version, None, shape)
            return
        latest = shelf.find_version(tx, tx.about, schema, None)
        schema = schema._replace(shape=shape)
        if latest.content == content:
            store.put_schema(tx, registry.id, schema)
            return
        schema, version = schemas.add_version(tx, schema, version)
        store.put_schema(tx, registry.id, schema)
        announcements.announce_version(tx, schema, version)
    except AwsError as refusal:
        log.warning("schema %s is not kept: %s", name, refusal.message)
