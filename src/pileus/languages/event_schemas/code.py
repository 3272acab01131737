"""Writes code for a schema: Python classes or TypeScript interfaces, and a marshaller."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from pileus.languages.event_schemas.classes import (
    Class,
    Field,
    Kind,
    classes_of,
    distinct,
    package_of,
    snake_case,
)

# A zip says when its files were made; two of one schema shall be alike.
_MADE_AT = (1980, 1, 1, 0, 0, 0)

_PYTHON_MARSHALLER = '''"""Turns events into objects and back."""

from . import classes


class Marshaller(object):
    """Reads and writes the classes of this package."""

    @classmethod
    def unmarshall(cls, value, type_name):
        """The object that a JSON value is; `type_name` is its class or the name of it."""
        name = type_name if isinstance(type_name, str) else type_name.__name__
        return cls._read(value, ("object", name))

    @classmethod
    def marshall(cls, value):
        """The JSON value that an object is; attributes that are None are left out."""
        if isinstance(value, list):
            return [cls.marshall(item) for item in value]
        if not hasattr(value, "FIELDS"):
            return value
        found = {}
        for attribute, name, kind in value.FIELDS:
            below = getattr(value, attribute)
            if below is not None:
                found[name] = cls.marshall(below)
        return found

    @classmethod
    def _read(cls, value, kind):
        if value is None or kind is None:
            return value
        if kind[0] == "array":
            return [cls._read(item, kind[1]) for item in value]
        found = getattr(classes, kind[1])()
        for attribute, name, below in found.FIELDS:
            setattr(found, attribute, cls._read(value.get(name), below))
        return found
'''
_TYPESCRIPT_MARSHALLER = """
export class Marshaller {
  /** The event that a JSON text or value is. */
  public static unmarshall<T>(value: string | object): T {
    return (typeof value === "string" ? JSON.parse(value) : value) as T;
  }

  /** The JSON text of an event. */
  public static marshall(value: object): string {
    return JSON.stringify(value);
  }
}
"""
_TYPESCRIPT = {"boolean": "boolean", "integer": "number", "number": "number", "string": "string"}


def python(schema_name: str, document: dict[str, Any]) -> bytes:
    """A zip with a package for Python 3.6 and later."""
    classes = classes_of(document)
    folders = package_of(schema_name)
    files = {
        "/".join([*folders[:depth], "__init__.py"]): '"""Code of schemas of events."""\n'
        for depth in range(1, len(folders))
    }
    folder = "/".join(folders)
    names = [found.name for found in classes]
    imports = [f"from .classes import {name}\n" for name in names]
    files[f"{folder}/__init__.py"] = "".join(
        [
            '"""Classes of one schema of events."""\n\n',
            *imports,
            "from .marshaller import Marshaller\n",
        ]
    )
    files[f"{folder}/classes.py"] = '"""Classes of one schema of events."""\n' + "".join(
        _python_class(found) for found in classes
    )
    files[f"{folder}/marshaller.py"] = _PYTHON_MARSHALLER
    return _zipped(files)


def _python_class(found: Class) -> str:
    taken = {"self", "FIELDS"}
    rows = [(distinct(snake_case(field.name), taken), field) for field in found.fields]
    parameters = "".join(f", {attribute}=None" for attribute, _ in rows)
    lines = ["", "", f"class {found.name}(object):", "    FIELDS = ("]
    lines += [
        f"        ({attribute!r}, {field.name!a}, {_python_kind(field.kind)}),"
        for attribute, field in rows
    ]
    lines += ["    )", "", f"    def __init__(self{parameters}):"]
    lines += [f"        self.{attribute} = {attribute}" for attribute, _ in rows] or [
        "        pass"
    ]
    return "\n".join(lines) + "\n"


def _python_kind(kind: Kind) -> str:
    if kind.name == "object":
        return f'("object", {kind.class_name!r})'
    if kind.name == "array" and kind.items is not None:
        return f'("array", {_python_kind(kind.items)})'
    return "None"


def typescript(schema_name: str, document: dict[str, Any]) -> bytes:
    """A zip with a module for TypeScript 3 and later."""
    interfaces = "\n".join(_interface(found) for found in classes_of(document))
    folder = "/".join(package_of(schema_name))
    return _zipped({f"{folder}/index.ts": interfaces + _TYPESCRIPT_MARSHALLER})


def _interface(found: Class) -> str:
    lines = [f"  {_member(field)};" for field in found.fields]
    return "\n".join([f"export interface {found.name} {{", *lines, "}", ""])


def _member(field: Field) -> str:
    mark = "" if field.is_required else "?"
    return f"{json.dumps(field.name)}{mark}: {_typescript_kind(field.kind)}"


def _typescript_kind(kind: Kind) -> str:
    if kind.name == "object":
        return kind.class_name
    if kind.name == "array" and kind.items is not None:
        return f"Array<{_typescript_kind(kind.items)}>"
    return _TYPESCRIPT.get(kind.name, "any")


def _zipped(files: dict[str, str]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, _MADE_AT), text.encode())
    return written.getvalue()


# AWS's names of the languages that code can be written in.
WRITERS: dict[str, Callable[[str, dict[str, Any]], bytes]] = {
    "Python36": python,
    "TypeScript3": typescript,
}
