"""Message attributes: MD5 sums, sizes, selection, limits."""

from __future__ import annotations

import base64
from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.errors import AwsError
from pileus.services.sqs import message_attributes as attributes
from pileus.services.sqs.message_attributes import Attribute


def test_an_md5_sum_by_hand() -> None:
    """docs: sqs-message-metadata; name, type, kind of value and value, each with its length."""
    encoded = (
        b"\0\0\0\1a" b"\0\0\0\6Binary" b"\2" b"\0\0\0\2\x00\xff"
        b"\0\0\0\1b" b"\0\0\0\6String" b"\1" b"\0\0\0\2\xc3\xbc"
    )  # fmt: skip
    found = {"b": Attribute("String", "ü"), "a": Attribute("Binary", binary=b"\x00\xff")}
    assert md5(encoded).hexdigest() == attributes.md5_of(found)


@given(st.dictionaries(st.text("abc", min_size=1), st.text("ü1", min_size=1), max_size=10))
def test_sums_do_not_depend_on_the_order(values: dict[str, str]) -> None:
    found = {name: Attribute("String", value) for name, value in values.items()}
    turned = dict(reversed(found.items()))
    assert attributes.md5_of(found) == attributes.md5_of(turned)


def test_sizes_are_bytes_of_names_types_and_values() -> None:
    found = {"ü": Attribute("String", "ü"), "b": Attribute("Binary.x", binary=b"123")}
    assert 2 + 6 + 2 + 1 + 8 + 3 == attributes.size_bytes(found)


@given(st.text())
def test_forbidden_characters_are_those_outside_the_documented_ranges(text: str) -> None:
    def is_allowed(point: int) -> bool:
        return (
            point in (0x9, 0xA, 0xD)
            or 0x20 <= point <= 0xD7FF
            or 0xE000 <= point <= 0xFFFD
            or 0x10000 <= point <= 0x10FFFF
        )

    expected = not all(is_allowed(ord(character)) for character in text)
    assert expected == attributes.has_forbidden_characters(text)


def test_parsed_attributes_print_as_they_came() -> None:
    wanted = {
        "a": {"DataType": "Number.int", "StringValue": " 12 "},
        "b": {"DataType": "Binary", "BinaryValue": b"x"},
    }
    parsed = attributes.parse(wanted)
    assert wanted == {name: attribute.print() for name, attribute in parsed.items()}


def test_binary_values_of_stored_deliveries_are_base64() -> None:
    text = base64.b64encode(b"\xff").decode()
    parsed = attributes.parse({"b": {"DataType": "Binary", "BinaryValue": text}})
    assert Attribute("Binary", binary=b"\xff") == parsed["b"]
    with pytest.raises(AwsError):
        attributes.parse({"b": {"DataType": "Binary", "BinaryValue": "not base64!"}})
