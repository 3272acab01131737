"""Message attributes: what AWS allows, their size, and how each kind of delivery shows them."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.services.sns import errors

# docs: sns-message-attributes
NAME_LENGTH_MAX = 256
_FORBIDDEN_IN_NAME = re.compile(r"[^A-Za-z0-9_.-]")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_TYPES = ("Binary", "Number", "String")


class Attribute(msgspec.Struct, frozen=True, omit_defaults=True):
    """One attribute: its type (with the custom label) and its one value."""

    type: str
    string: str | None = None
    binary: bytes | None = None

    @property
    def size_bytes(self) -> int:
        value = self.binary if self.binary is not None else (self.string or "").encode()
        return len(self.type.encode()) + len(value)

    @property
    def text(self) -> str:
        """The value as envelopes have it."""
        if self.binary is not None:
            return base64.b64encode(self.binary).decode()
        return self.string or ""


Attributes = dict[str, Attribute]


def parse(wanted: Mapping[str, Mapping[str, Any]], path: str = "messageAttributes") -> Attributes:
    """The attributes of a request; raises AWS's errors. `path` leads to them in the request."""
    for name, members in wanted.items():
        if members.get("DataType") is None:
            raise errors.validation_error(f"{path}.{name}.member.dataType")
    for name in wanted:
        _check_name(name)
    return {name: _attribute(name, members) for name, members in wanted.items()}


def size_bytes(attributes: Attributes) -> int:
    return sum(len(name.encode()) + each.size_bytes for name, each in attributes.items())


def for_envelope(attributes: Attributes) -> dict[str, dict[str, str]]:
    return {name: {"Type": each.type, "Value": each.text} for name, each in attributes.items()}


def for_queue(attributes: Attributes) -> dict[str, dict[str, Any]]:
    """As SendMessage takes them: raw delivery hands them on."""
    return {
        name: (
            {"DataType": each.type, "BinaryValue": each.binary}
            if each.binary is not None
            else {"DataType": each.type, "StringValue": each.string}
        )
        for name, each in attributes.items()
    }


def _check_name(name: str) -> None:
    if not name or len(name) > NAME_LENGTH_MAX:
        raise errors.invalid_attribute_of_message(
            f"Length of message attribute name must be less than {NAME_LENGTH_MAX} bytes."
        )
    bad = _FORBIDDEN_IN_NAME.search(name)
    if bad is not None:
        raise errors.invalid_attribute_of_message(
            f"Invalid non-alphanumeric character '#x{ord(bad[0]):X}' was found in the message "
            "attribute name. Can only include alphanumeric characters, hyphens, underscores, or "
            "dots."
        )
    if name.startswith("."):
        raise errors.invalid_attribute_of_message(
            "Invalid message attribute name starting with character '.' was found."
        )
    if name.endswith("."):
        raise errors.invalid_attribute_of_message(
            "Invalid message attribute name ending with character '.' was found."
        )
    if ".." in name:
        raise errors.invalid_attribute_of_message(
            "Message attribute name can not have successive '.' character."
        )


def _attribute(name: str, members: Mapping[str, Any]) -> Attribute:
    data_type = members["DataType"]
    kind = data_type.partition(".")[0]
    if kind not in _TYPES:
        raise errors.invalid_attribute_of_message(
            f"The message attribute '{name}' has an invalid message attribute type, the set of "
            "supported type prefixes is Binary, Number, and String."
        )
    string, binary = members.get("StringValue"), members.get("BinaryValue")
    wanted, other, field = (
        (binary, string, "Binary") if kind == "Binary" else (string, binary, "String")
    )
    if not wanted:
        if other:
            raise errors.invalid_attribute_of_message(
                f"The message attribute '{name}' with type '{kind}' must use field '{field}'."
            )
        raise errors.invalid_attribute_of_message(
            f"The message attribute '{name}' must contain non-empty message attribute value for "
            f"message attribute type '{kind}'."
        )
    if kind == "Number" and not _NUMBER.fullmatch(wanted):
        raise errors.invalid_attribute_of_message(
            f"Could not cast message attribute '{name}' value to number."
        )
    if data_type == "String.Array":
        _check_array(name, wanted)
    return Attribute(data_type, binary=binary) if kind == "Binary" else Attribute(data_type, string)


def _check_array(name: str, text: str) -> None:
    """Arrays hold strings, numbers, true, false and null, and nothing deeper."""
    try:
        items = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _bad_array(name) from error
    if not isinstance(items, list) or any(isinstance(item, list | dict) for item in items):
        raise _bad_array(name)


def _bad_array(name: str) -> Exception:
    return errors.invalid_attribute_of_message(
        f"Could not parse message attribute '{name}' as an array of strings, numbers, and booleans."
    )
