"""Scalars that travel as text: in queries, headers, paths and XML."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from typing import Any

from pileus.aws_models.shapes import Member, Shape
from pileus.protocols import timestamps
from pileus.protocols.failures import WireError

_INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,4})?", re.ASCII)
_LIMITS = {"integer": 2**31, "long": 2**63}
_SPECIAL_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def reader(shape: Shape) -> Callable[[str], Any]:
    """Turns text into what operations see. The returned function raises WireError."""
    if shape.type in _LIMITS:
        return _integer_reader(_LIMITS[shape.type])
    return _READERS.get(shape.type, _read_string)


def _read_string(text: str) -> str:
    return text


def _integer_reader(limit: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        text = text.strip()
        value = int(text) if _INTEGER.fullmatch(text) else limit
        if not -limit <= value < limit:
            raise WireError(f"{text!r} is not an integer")
        return value

    return read


def _read_float(text: str) -> float:
    text = text.strip()
    if text in _SPECIAL_FLOATS:
        return _SPECIAL_FLOATS[text]
    if not _FLOAT.fullmatch(text):
        raise WireError(f"{text!r} is not a number")
    return float(text)


def _read_boolean(text: str) -> bool:
    found = {"true": True, "false": False}.get(text.strip().lower())
    if found is None:
        raise WireError(f"{text!r} is not true or false")
    return found


def read_blob(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise WireError("a blob is not in base64") from error


def printer(member: Member, timestamp_format: str) -> Callable[[Any], str]:
    """Turns what operations see into text, with the timestamp format that the place defaults to."""
    kind = member.shape.type
    if kind == "boolean":
        return lambda value: "true" if value else "false"
    if kind == "blob":
        return lambda value: base64.b64encode(value).decode("ascii")
    if kind == "timestamp":
        format_name = member.timestamp_format or timestamp_format
        if format_name == "rfc822":
            return timestamps.to_rfc822
        return lambda value: timestamps.to_text(value, format_name)
    if kind in ("float", "double"):
        return print_float
    return str


def print_float(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


_READERS: dict[str, Callable[[str], Any]] = {
    "boolean": _read_boolean,
    "float": _read_float,
    "double": _read_float,
    "blob": read_blob,
    "timestamp": timestamps.parse,
}
