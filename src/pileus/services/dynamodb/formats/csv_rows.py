"""Items in CSV: a row each; what is no key is a string."""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from pileus.languages.item_expressions.values import Item, Value

# An item has up to 400 KB, and so has a field.
_FIELD_MAX = 1024 * 1024


class RowInvalid(Exception):
    """A row that is no item."""


def items(
    text: str, delimiter: str, header: Sequence[str] | None, types: Mapping[str, str]
) -> Iterator[Item | RowInvalid]:
    """The first row names the attributes, unless a header does."""
    csv.field_size_limit(_FIELD_MAX)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = header
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as problem:
            yield RowInvalid(f"The row cannot be read: {problem}")
            continue
        if names is None:
            names = row
        elif row:
            yield _item(names, row, types)


def _item(names: Sequence[str], row: Sequence[str], types: Mapping[str, str]) -> Item | RowInvalid:
    if len(row) > len(names):
        return RowInvalid(f"The row has {len(row)} fields, and the header {len(names)}")
    try:
        pairs = zip(names, row, strict=False)
        return {name: _value(text, types.get(name, "S")) for name, text in pairs}
    except binascii.Error as problem:
        return RowInvalid(f"A binary value is not in base 64: {problem}")


def _value(text: str, kind: str) -> Value:
    return {kind: base64.b64decode(text, validate=True) if kind == "B" else text}
