"""GetDiscoveredSchema: the schema of some events that the request brings along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.languages import event_schemas
from pileus.services.schemas import errors

if TYPE_CHECKING:
    from pileus.kernel.call import Call


def get_discovered_schema(call: Call, *, events: list[str], type: str) -> dict[str, Any]:
    try:
        document = event_schemas.inferred([event_schemas.parse(event) for event in events])
    except (event_schemas.InvalidDocument, event_schemas.MixedEvents) as problem:
        raise errors.invalid_events(str(problem)) from None
    if type == event_schemas.JSON_SCHEMA:
        document = event_schemas.exported(document)
    return {"Content": event_schemas.text(document)}
