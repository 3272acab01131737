"""Writes an inferred shape as an OpenAPI 3 document, as EventBridge does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pileus.languages.event_schemas.shapes import Shape

EVENT = "AWSEvent"
_PLAIN = "Event"
_REF = "#/components/schemas/"
_ENVELOPE = (
    "detail-type", "resources", "detail", "id", "source", "time", "region", "version", "account",
)  # fmt: skip
_STRING = {"type": "string"}
# As AWS writes the fields that every event of a bus has, but for the detail.
_ENVELOPE_PROPERTIES: dict[str, Any] = {
    "account": _STRING,
    "detail-type": _STRING,
    "id": _STRING,
    "region": _STRING,
    "resources": {"type": "array", "items": _STRING},
    "source": _STRING,
    "time": {"type": "string", "format": "date-time"},
    "version": _STRING,
}
_SCALARS: dict[str, dict[str, Any]] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer", "format": "int64"},
    "number": {"type": "number", "format": "double"},
    "string": {"type": "string"},
}
_WORD = re.compile(r"[^0-9A-Za-z]+")
_NOT_IN_NAMES = re.compile(r"[^0-9A-Za-z_.@-]")


def title(text: str) -> str:
    """A name for a component: words put together, each with a capital."""
    words = [word for word in _WORD.split(text) if word]
    found = "".join(word[0].upper() + word[1:] for word in words)
    return found if found and not found[0].isdigit() else f"_{found}"


def schema_name(source: str, detail_type: str) -> str:
    """What discovery calls the schema of a kind of event."""
    return f"{_NOT_IN_NAMES.sub('-', source)}@{title(detail_type)}"


def is_event(value: Mapping[str, Any]) -> bool:
    """Whether a JSON object is an event as buses carry them."""
    return (
        all(isinstance(value.get(name), str) for name in ("source", "detail-type"))
        and isinstance(value.get("detail"), dict)
        and all(_fits(value.get(name), rule) for name, rule in _ENVELOPE_PROPERTIES.items())
    )


def _fits(value: Any, rule: Mapping[str, Any]) -> bool:
    if rule["type"] == "array":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, str)


def open_api_of_event(source: str, detail_type: str, shape: Shape) -> dict[str, Any]:
    """The document of a kind of event; `shape` is that of whole events."""
    components = _Components(EVENT)
    name = components.reserve(detail_type)
    extra = {
        field: components.write(below, field)
        for field, below in shape.properties.items()
        if field not in _ENVELOPE
    }
    required = [*_ENVELOPE, *sorted(shape.required - set(_ENVELOPE))]
    components.written[EVENT] = {
        "type": "object",
        "required": required,
        "x-amazon-events-detail-type": detail_type,
        "x-amazon-events-source": source,
        "properties": {"detail": {"$ref": _REF + name}, **_ENVELOPE_PROPERTIES, **extra},
    }
    components.written[name] = components.object(shape.properties["detail"])
    return _document(name, components)


def open_api_of_object(shape: Shape) -> dict[str, Any]:
    """The document of JSON objects that are no events of a bus."""
    components = _Components(_PLAIN)
    components.written[_PLAIN] = components.object(shape)
    return _document(_PLAIN, components)


def _document(name: str, components: _Components) -> dict[str, Any]:
    return {
        "openapi": "3.0.0",
        "info": {"version": "1.0.0", "title": name},
        "paths": {},
        "components": {"schemas": components.written},
    }


class _Components:
    """The named objects of one document."""

    def __init__(self, first: str) -> None:
        # Names in their order; an object is put in when it is written.
        self.written: dict[str, Any] = {first: {}}

    def reserve(self, text: str) -> str:
        """A name that no other component has."""
        name = wanted = title(text)
        number = 1
        # A component of the name of the root would be taken for it.
        while name in self.written or name in (EVENT, _PLAIN):
            name = f"{wanted}_{number}"
            number += 1
        self.written[name] = {}
        return name

    def object(self, shape: Shape) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "object"}
        if shape.required:
            found["required"] = sorted(shape.required)
        if shape.properties:
            found["properties"] = {
                name: self.write(below, name) for name, below in sorted(shape.properties.items())
            }
        return found

    def write(self, shape: Shape, name: str) -> dict[str, Any]:
        """The schema of a place; objects become components of their own."""
        types = shape.types - {"null"}
        is_nullable = "null" in shape.types
        if types == {"integer", "number"}:
            types = frozenset({"number"})
        if len(types) != 1 or "any" in types:
            return {}
        (kind,) = types
        if kind == "object":
            component = self.reserve(name)
            self.written[component] = self.object(shape)
            if is_nullable:
                self.written[component]["nullable"] = True
            return {"$ref": _REF + component}
        if kind == "array":
            below = shape.items if shape.items is not None else Shape()
            found = {"type": "array", "items": self.write(below, f"{name} item")}
        else:
            found = dict(_SCALARS[kind])
            if kind == "string" and shape.is_instant:
                found["format"] = "date-time"
        return {**found, "nullable": True} if is_nullable else found
