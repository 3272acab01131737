"""What the account's default bus is told of schemas."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pileus.kernel.changes import PlatformEvent
from pileus.services.schemas import names

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction
    from pileus.services.schemas.store import Schema, Version

SOURCE = "aws.schemas"


def announce_schema(tx: Transaction, schema: Schema, version: Version) -> None:
    """A schema with its first version was put: AWS sends an event for either."""
    _announce(tx, "Schema Created", schema, version)
    announce_version(tx, schema, version)


def announce_version(tx: Transaction, schema: Schema, version: Version) -> None:
    _announce(tx, "Schema Version Created", schema, version)


def _announce(tx: Transaction, detail_type: str, schema: Schema, version: Version) -> None:
    created_at = datetime.fromtimestamp(version.created_at // 1000, UTC)
    detail = {
        "SchemaName": schema.name,
        "SchemaType": version.type,
        "RegistryName": names.registry_name(tx.about),
        "CreationDate": created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        # docs: event-reference; its examples and recorded events have the number as text.
        "Version": str(version.version),
    }
    tx.announce(PlatformEvent(names.schema_arn(tx.about, schema.name), SOURCE, detail_type, detail))
