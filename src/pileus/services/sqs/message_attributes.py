"""Message attributes: what AWS allows, their size, and the MD5 sums that SDKs check."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import md5
from struct import Struct
from typing import Any

import msgspec

from pileus.services.sqs import errors

# docs: sqs-message-metadata, Message attribute components
ATTRIBUTES_MAX = 10
NAME_LENGTH_MAX = 256
TYPE_LENGTH_MAX = 256
TRACE_HEADER = "AWSTraceHeader"
_NAME = re.compile(r"[A-Za-z0-9_\-.]+")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
# docs: API_SendMessage; #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ALLOWED_ASCII = b"\t\n\r" + bytes(range(0x20, 0x80))
_LENGTH = Struct(">I")
_STRING = b"\x01"
_BINARY = b"\x02"


class Attribute(msgspec.Struct, frozen=True, omit_defaults=True):
    """One attribute of a message: its type (with the custom label) and its one value."""

    type: str
    string: str | None = None
    binary: bytes | None = None

    @property
    def value(self) -> bytes:
        return self.binary if self.binary is not None else (self.string or "").encode()

    def print(self) -> dict[str, Any]:
        if self.binary is not None:
            return {"BinaryValue": self.binary, "DataType": self.type}
        return {"StringValue": self.string, "DataType": self.type}


Attributes = dict[str, Attribute]


def has_forbidden_characters(text: str) -> bool:
    # Most bodies are printable or ASCII, which is many times faster than the expression.
    if text.isprintable():
        return False
    if text.isascii():
        return bool(text.encode().translate(None, _ALLOWED_ASCII))
    return _FORBIDDEN.search(text) is not None


def parse(wanted: Mapping[str, Mapping[str, Any]]) -> Attributes:
    """The attributes of a request; raises AWS's errors."""
    if len(wanted) > ATTRIBUTES_MAX:
        raise errors.invalid_parameter(
            f"Number of message attributes [{len(wanted)}] exceeds the allowed maximum "
            f"[{ATTRIBUTES_MAX}]."
        )
    for name in wanted:
        _check_name(name)
    return {name: _attribute(name, members) for name, members in wanted.items()}


def parse_system(wanted: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The X-Ray header, the only system attribute that a sender may set."""
    for name, members in wanted.items():
        if name != TRACE_HEADER:
            raise errors.invalid_parameter(
                f"Message system attribute name '{name}' is invalid. You can use only the "
                f"following: {TRACE_HEADER}."
            )
        if members.get("DataType") != "String" or not members.get("StringValue"):
            raise errors.invalid_parameter(
                f"Message system attribute '{name}' must contain a non-empty value of type "
                "'String'."
            )
        return str(members["StringValue"])
    return None


def system(trace_header: str) -> Attributes:
    return {TRACE_HEADER: Attribute("String", trace_header)}


def size_bytes(attributes: Attributes) -> int:
    """What attributes add to a message's size: names, types and values."""
    return sum(
        len(name.encode()) + len(attribute.type.encode()) + len(attribute.value)
        for name, attribute in attributes.items()
    )


def md5_of(attributes: Attributes) -> str:
    """docs: sqs-message-metadata, Calculating the MD5 message digest for message attributes."""
    digest = md5(usedforsecurity=False)
    for name in sorted(attributes):
        attribute = attributes[name]
        for part in (name.encode(), attribute.type.encode()):
            digest.update(_LENGTH.pack(len(part)) + part)
        value = attribute.value
        kind = _BINARY if attribute.binary is not None else _STRING
        digest.update(kind + _LENGTH.pack(len(value)) + value)
    return digest.hexdigest()


def selected(attributes: Attributes, names: Sequence[str]) -> Attributes:
    """Those that a receiver asked for: by name, by `prefix.*`, or all (`All`, `.*`)."""
    if "All" in names or ".*" in names:
        return attributes
    exact = set(names)
    prefixes = tuple(name[:-2] for name in names if name.endswith(".*"))
    return {
        name: attribute
        for name, attribute in attributes.items()
        if name in exact or (prefixes and name.startswith(prefixes))
    }


def strings(values: Iterable[tuple[str, str]]) -> Attributes:
    return {name: Attribute("String", value) for name, value in values if value}


def _check_name(name: str) -> None:
    if not name:
        raise errors.invalid_parameter(
            "The request must contain non-empty message attribute names."
        )
    if len(name) > NAME_LENGTH_MAX:
        raise errors.invalid_parameter(
            f"Message (user) attribute name '{name}' is longer than {NAME_LENGTH_MAX} characters."
        )
    if not _NAME.fullmatch(name):
        raise errors.invalid_parameter(
            f"Invalid message (user) attribute name '{name}'. It can contain only the "
            "alphanumeric characters, underscores, hyphens, and periods."
        )
    if name.startswith(".") or name.endswith(".") or ".." in name:
        raise errors.invalid_parameter(
            f"Invalid message (user) attribute name '{name}'. It can't start or end with a "
            "period, or have periods in succession."
        )
    if name.lower().startswith(("aws.", "amazon.")):
        raise errors.invalid_parameter(
            f"Message (user) attribute name '{name}' can't start with a reserved prefix: AWS., "
            "Amazon."
        )


def _attribute(name: str, members: Mapping[str, Any]) -> Attribute:
    data_type = members.get("DataType") or ""
    if not data_type:
        raise errors.invalid_parameter(
            f"The message attribute '{name}' must contain a non-empty message attribute type."
        )
    kind = data_type.partition(".")[0]
    if kind not in ("String", "Number", "Binary") or len(data_type) > TYPE_LENGTH_MAX:
        raise errors.invalid_parameter(
            f"The type of message (user) attribute '{name}' is invalid. You must use only the "
            "following supported type prefixes: Binary, Number, String."
        )
    if members.get("StringListValues") or members.get("BinaryListValues"):
        raise errors.invalid_parameter(
            f"Message (user) attribute '{name}' uses a list of values, which is reserved for "
            "future use."
        )
    if kind == "Binary":
        value = _bytes(members.get("BinaryValue"))
        if not value or members.get("StringValue"):
            raise _no_value(name, kind)
        return Attribute(data_type, binary=value)
    text = members.get("StringValue")
    if not text or members.get("BinaryValue"):
        raise _no_value(name, "String")
    if has_forbidden_characters(text):
        raise errors.invalid_message_contents()
    if kind == "Number" and not _NUMBER.fullmatch(text):
        raise errors.invalid_parameter(
            f"Can't cast the value of message (user) attribute '{name}' to a number."
        )
    return Attribute(data_type, text)


def _no_value(name: str, kind: str) -> Exception:
    return errors.invalid_parameter(
        f"Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
    )


def _bytes(value: object) -> bytes:
    """Bytes as they came, or (from a delivery that was stored as JSON) as base64."""
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return b""
    return bytes(value) if isinstance(value, bytes | bytearray) else b""
