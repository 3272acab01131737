"""Turns an OpenAPI 3 document into JSON Schema Draft 4, as EventBridge exports it."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.languages.event_schemas.rendering import EVENT

DIALECT = "http://json-schema.org/draft-04/schema#"

_REF = "#/components/schemas/"
# OpenAPI's own, which say nothing about whether a value is valid.
_DROPPED = {
    "deprecated", "discriminator", "example", "externalDocs", "nullable", "readOnly", "writeOnly",
    "xml",
}  # fmt: skip
_OF_NAMES = ("properties", "patternProperties")
_OF_LISTS = ("allOf", "anyOf", "oneOf")
_OF_ONE = ("items", "not", "additionalProperties")


class CannotExport(ValueError):
    """The document has no event to export; the text says why."""


def exported(document: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of an OpenAPI document's event."""
    schemas = document.get("components", {}).get("schemas", {})
    if not schemas:
        raise CannotExport("it has no components.")
    root = EVENT if EVENT in schemas else document["info"]["title"]
    if root not in schemas:
        if len(schemas) != 1:
            raise CannotExport(f"none of its components is called {EVENT}.")
        (root,) = schemas
    # Whatever refers to the root itself finds it below the definitions as well.
    keeps_root = f'"{_REF}{root}"' in msgspec.json.encode(schemas).decode()
    definitions = {
        name: _converted(schema) for name, schema in schemas.items() if name != root or keeps_root
    }
    found = {"$schema": DIALECT, "title": document["info"]["title"], **_converted(schemas[root])}
    return {**found, "definitions": definitions} if definitions else found


def _converted(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": "#/definitions/" + schema["$ref"].removeprefix(_REF)}
    found: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in _DROPPED:
            continue
        if keyword in _OF_NAMES and isinstance(value, dict):
            value = {name: _converted(below) for name, below in value.items()}
        elif keyword in _OF_LISTS:
            value = [_converted(below) for below in value]
        elif keyword in _OF_ONE:
            value = _converted(value)
        found[keyword] = value
    if schema.get("nullable") is True and "type" in found:
        found["type"] = [found["type"], "null"]
        if "enum" in found and None not in found["enum"]:
            found["enum"] = [*found["enum"], None]
    return found
