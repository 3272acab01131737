"""Schemas of events: documents and their checks, inference from examples, export and code.

The specification is docs/reference/event_schemas.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pileus.languages.event_schemas import draft_4, rendering, shapes
from pileus.languages.event_schemas.documents import (
    JSON_SCHEMA,
    OPEN_API,
    InvalidDocument,
    NotJson,
    check,
    parse,
)
from pileus.languages.event_schemas.draft_4 import CannotExport
from pileus.languages.event_schemas.rendering import is_event, schema_name
from pileus.languages.event_schemas.shapes import Shape

__all__ = [
    "JSON_SCHEMA",
    "OPEN_API",
    "CannotExport",
    "InvalidDocument",
    "MixedEvents",
    "NotJson",
    "Shape",
    "check",
    "discovered",
    "exported",
    "inferred",
    "is_event",
    "parse",
    "schema_name",
    "text",
]


class MixedEvents(ValueError):
    """Events of several kinds have no schema in common; the text says so."""


def inferred(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The OpenAPI document that all of these JSON objects fit; raises MixedEvents."""
    shape = shapes.merge(shapes.infer(event) for event in events)
    if not all(is_event(event) for event in events):
        return rendering.open_api_of_object(shape)
    kinds = {(event["source"], event["detail-type"]) for event in events}
    if len(kinds) > 1:
        raise MixedEvents("they must have one source and one detail-type.")
    ((source, detail_type),) = kinds
    return rendering.open_api_of_event(source, detail_type, shape)


def discovered(known: str, event: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """What is known of a kind of event after one more (as a text), and the document of it."""
    before = shapes.load(known) if known else shapes.NOTHING
    shape = shapes.merge((before, shapes.infer(event)))
    document = rendering.open_api_of_event(event["source"], event["detail-type"], shape)
    return shapes.dump(shape), document


def exported(document: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema Draft 4 of an OpenAPI document; raises CannotExport."""
    return draft_4.exported(document)


def text(document: Mapping[str, Any]) -> str:
    """A document as it is kept and answered."""
    return msgspec.json.encode(document).decode()
