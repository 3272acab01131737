"""Checks that a text is an OpenAPI 3.0 or a JSON Schema Draft 4 document."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from pileus.languages.event_schemas.draft_4 import DIALECT

OPEN_API = "OpenApi3"
JSON_SCHEMA = "JSONSchemaDraft4"

_OPEN_API_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_LEVELS_MAX = 255
# The meta-schema of OpenAPI 3.0, as AWS quotes it.
_VERSION = re.compile(r"^3\.0\.\d(-.+)?$")
_OPEN_API_MEMBERS = frozenset(
    {"components", "externalDocs", "info", "openapi", "paths", "security", "servers", "tags"}
)


class InvalidDocument(ValueError):
    """What is wrong with a document, and where."""

    def __init__(self, reason: str, place: str = "") -> None:
        super().__init__(f"{reason} (at {place})" if place else reason)


class NotJson(InvalidDocument):
    """The text is no JSON."""


def parse(text: str) -> dict[str, Any]:
    """The JSON object that a text is; raises InvalidDocument."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        raise NotJson("it is not JSON.") from None
    if not isinstance(found, dict):
        raise InvalidDocument("it is not a JSON object.")
    return found


def check(text: str, schema_type: str) -> dict[str, Any]:
    """The document, checked against its type; raises InvalidDocument."""
    document = parse(text)
    if schema_type == OPEN_API:
        _check_open_api(document)
    else:
        _check_json_schema(document)
    return document


def _check_open_api(document: dict[str, Any]) -> None:
    version = document.get("openapi")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise InvalidDocument(f"'openapi' does not match pattern '{_VERSION.pattern}'")
    for name in document:
        if name not in _OPEN_API_MEMBERS and not name.startswith("x-"):
            raise InvalidDocument(f"additionalProperties '{name}' not allowed")
    _need(document, "info", dict, "#")
    _need(document["info"], "title", str, "#/info")
    _need(document["info"], "version", str, "#/info")
    _need(document, "paths", dict, "#")
    components = document.get("components", {})
    if not isinstance(components, dict):
        raise InvalidDocument("components must be an object.", "#/components")
    schemas = components.get("schemas", {})
    place = "#/components/schemas"
    if not isinstance(schemas, dict):
        raise InvalidDocument("schemas must be an object.", place)
    checker = _Checker(document, is_open_api=True)
    for name, schema in schemas.items():
        checker.check(schema, f"{place}/{name}", 1)


def _check_json_schema(document: dict[str, Any]) -> None:
    dialect = document.get("$schema", DIALECT)
    if not isinstance(dialect, str) or dialect.rstrip("#") != DIALECT.rstrip("#"):
        raise InvalidDocument(f"$schema must be {DIALECT}.", "#/$schema")
    _Checker(document, is_open_api=False).check(document, "#", 1)


def _need(holder: Mapping[str, Any], name: str, kind: type, place: str) -> None:
    if not isinstance(holder.get(name), kind):
        word = "an object" if kind is dict else "a string"
        raise InvalidDocument(f"{name} is required and must be {word}.", place)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_names(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(item, str) for item in value)
        and len(set(value)) == len(value)
    )


# Keyword -> what its value must be, and the test of it.
_SIMPLE: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "title": ("a string", lambda value: isinstance(value, str)),
    "description": ("a string", lambda value: isinstance(value, str)),
    "format": ("a string", lambda value: isinstance(value, str)),
    "pattern": ("a string", lambda value: isinstance(value, str)),
    "enum": ("a list that is not empty", lambda value: isinstance(value, list) and bool(value)),
    "required": ("a list of different strings", _is_names),
    "multipleOf": ("a number above 0", lambda value: _is_number(value) and value > 0),
    "maximum": ("a number", _is_number),
    "minimum": ("a number", _is_number),
    "exclusiveMaximum": ("a boolean", lambda value: isinstance(value, bool)),
    "exclusiveMinimum": ("a boolean", lambda value: isinstance(value, bool)),
    "uniqueItems": ("a boolean", lambda value: isinstance(value, bool)),
    "nullable": ("a boolean", lambda value: isinstance(value, bool)),
    **dict.fromkeys(
        ("maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties"),
        ("an integer of 0 or more", _is_count),
    ),
}


class _Checker:
    """Walks through the schemas of one document."""

    def __init__(self, document: dict[str, Any], *, is_open_api: bool) -> None:
        self._document = document
        self._is_open_api = is_open_api

    def check(self, schema: Any, place: str, level: int) -> None:
        if not isinstance(schema, dict):
            raise InvalidDocument("a schema must be an object.", place)
        if level > _LEVELS_MAX:
            raise InvalidDocument(f"schemas are nested more than {_LEVELS_MAX} levels deep.")
        if "$ref" in schema:
            self._check_reference(schema["$ref"], place)
            return
        self._check_type(schema, place)
        for keyword, (wanted, is_right) in _SIMPLE.items():
            if keyword in schema and not is_right(schema[keyword]):
                raise InvalidDocument(f"{keyword} must be {wanted}.", place)
        self._check_below(schema, place, level)

    def _check_type(self, schema: dict[str, Any], place: str) -> None:
        if "type" not in schema:
            return
        found = schema["type"]
        known = _OPEN_API_TYPES if self._is_open_api else (*_OPEN_API_TYPES, "null")
        named = [found] if self._is_open_api or not isinstance(found, list) else found
        is_right = named and all(isinstance(name, str) and name in known for name in named)
        if not is_right or len(set(named)) != len(named):
            raise InvalidDocument(f"type must be one of: {', '.join(known)}.", place)
        if self._is_open_api and found == "array" and "items" not in schema:
            raise InvalidDocument("items is required where the type is array.", place)

    def _check_below(self, schema: dict[str, Any], place: str, level: int) -> None:
        for keyword in ("properties", "patternProperties", "definitions"):
            below = schema.get(keyword, {})
            if not isinstance(below, dict):
                raise InvalidDocument(f"{keyword} must be an object.", place)
            for name, each in below.items():
                self.check(each, f"{place}/{keyword}/{name}", level + 1)
        for keyword in ("allOf", "anyOf", "oneOf"):
            if keyword not in schema:
                continue
            if not isinstance(schema[keyword], list) or not schema[keyword]:
                raise InvalidDocument(f"{keyword} must be a list that is not empty.", place)
            for number, each in enumerate(schema[keyword]):
                self.check(each, f"{place}/{keyword}/{number}", level + 1)
        for keyword in ("additionalProperties", "additionalItems"):
            if keyword in schema and not isinstance(schema[keyword], bool):
                self.check(schema[keyword], f"{place}/{keyword}", level + 1)
        if "not" in schema:
            self.check(schema["not"], f"{place}/not", level + 1)
        self._check_items(schema, place, level)

    def _check_items(self, schema: dict[str, Any], place: str, level: int) -> None:
        if "items" not in schema:
            return
        items = schema["items"]
        if isinstance(items, list) and not self._is_open_api:
            for number, each in enumerate(items):
                self.check(each, f"{place}/items/{number}", level + 1)
        else:
            self.check(items, f"{place}/items", level + 1)

    def _check_reference(self, reference: Any, place: str) -> None:
        if not isinstance(reference, str):
            raise InvalidDocument("$ref must be a string.", place)
        if not reference.startswith("#"):
            raise InvalidDocument(f"$ref {reference} leads out of the document.", place)
        found: Any = self._document
        for part in unquote(reference[1:]).split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or name not in found:
                raise InvalidDocument(f"$ref {reference} leads nowhere.", place)
            found = found[name]
        if not isinstance(found, dict):
            raise InvalidDocument(f"$ref {reference} leads to no schema.", place)
