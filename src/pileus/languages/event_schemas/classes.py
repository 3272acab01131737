"""The classes that an OpenAPI document's components are, for languages to write."""

from __future__ import annotations

import keyword
import re
from typing import Any, NamedTuple

from pileus.languages.event_schemas.rendering import title

_REF = "#/components/schemas/"
_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^0-9A-Za-z]+")
# Names that the written code itself uses.
_USED = {"Array", "JSON", "Marshaller"}
_SCALARS = ("boolean", "integer", "number", "string")


class Kind(NamedTuple):
    """A type: a scalar's name, `any`, `array` with its items, or `object` with its class."""

    name: str
    items: Kind | None = None
    class_name: str = ""


class Field(NamedTuple):
    name: str
    kind: Kind
    is_required: bool


class Class(NamedTuple):
    name: str
    fields: list[Field]


ANY = Kind("any")


def snake_case(text: str) -> str:
    """A name as Python's attributes and packages have it; never a keyword or empty."""
    words = [word.lower() for word in _BETWEEN_WORDS.split(text) if word]
    found = "_".join(words)
    if not found or found[0].isdigit() or keyword.iskeyword(found):
        found = f"_{found}"
    return found


def distinct(name: str, taken: set[str]) -> str:
    """The name, or the name with a number where it is taken; from now on it is."""
    found, number = name, 1
    while found in taken:
        found = f"{name}_{number}"
        number += 1
    taken.add(found)
    return found


def package_of(schema_name: str) -> list[str]:
    """The folders of a schema's code: `aws.ec2@Change` lies in schema/aws/ec2/change."""
    source, _, kind = schema_name.rpartition("@")
    parts = [part for part in source.split(".") if part]
    return ["schema", *(snake_case(part) for part in parts), snake_case(kind)]


def classes_of(document: dict[str, Any]) -> list[Class]:
    """The objects among a document's components, and those that are written inside others."""
    schemas = document.get("components", {}).get("schemas", {})
    return _Reading(schemas).read()


class _Reading:
    def __init__(self, schemas: dict[str, Any]) -> None:
        self._schemas = schemas
        self._taken: set[str] = set()
        objects = [name for name in schemas if _is_object(schemas[name])]
        self._names = {name: distinct(_class_name(name), self._taken) for name in objects}
        self._classes: list[Class] = []

    def read(self) -> list[Class]:
        for component, name in self._names.items():
            self._add(name, self._schemas[component])
        return self._classes

    def _add(self, name: str, schema: dict[str, Any]) -> None:
        required = schema.get("required", [])
        fields: list[Field] = []
        self._classes.append(Class(name, fields))
        for each, below in schema.get("properties", {}).items():
            fields.append(Field(each, self._kind(below, name + title(each)), each in required))

    def _kind(self, schema: dict[str, Any], name: str, jumps: int = 0) -> Kind:
        """What a schema is; a component that only leads to another is followed, not for ever."""
        if "$ref" in schema:
            component = schema["$ref"].removeprefix(_REF)
            if component in self._names:
                return Kind("object", class_name=self._names[component])
            found = self._schemas.get(component)
            return ANY if found is None or jumps > 10 else self._kind(found, name, jumps + 1)
        if _is_object(schema):
            inner = distinct(_class_name(name), self._taken)
            self._add(inner, schema)
            return Kind("object", class_name=inner)
        if schema.get("type") == "array":
            return Kind("array", self._kind(schema["items"], f"{name}Item", jumps + 1))
        return Kind(schema["type"]) if schema.get("type") in _SCALARS else ANY


def _is_object(schema: dict[str, Any]) -> bool:
    return "$ref" not in schema and "properties" in schema


def _class_name(text: str) -> str:
    found = title(text)
    return f"_{found}" if keyword.iskeyword(found) or found in _USED else found
