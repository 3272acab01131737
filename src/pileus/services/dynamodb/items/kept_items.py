"""Items as rows keep them: in the JSON of answers, so that most are handed out unread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

import msgspec

from pileus.kernel.call import Call
from pileus.languages.item_expressions.values import Item


class Kept(TypedDict, total=False):
    """A value as it is decoded."""

    S: str
    N: str
    B: bytes
    SS: list[str]
    NS: list[str]
    BS: list[bytes]
    BOOL: bool
    NULL: bool
    L: list[Kept]
    M: dict[str, Kept]


_kept_type: Any = dict[str, Kept]
decode: Callable[[bytes], Item] = msgspec.json.Decoder(_kept_type).decode
encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode


class Stored:
    """An item that is there, as it is kept; read only where somebody looks into it."""

    __slots__ = ("_item", "packed", "size")

    def __init__(self, packed: bytes, size: int, item: Item | None = None) -> None:
        self.packed = packed
        self.size = size
        self._item = item

    @property
    def item(self) -> Item:
        if self._item is None:
            self._item = decode(self.packed)
        return self._item


def differ(one: Stored | None, other: Stored | None) -> bool:
    """Whether two items are not the same; most are told apart unread."""
    if one is None or other is None:
        return one is not other
    return one.size != other.size or (one.packed != other.packed and one.item != other.item)


def is_handed_out(call: Call) -> bool:
    """Whether the answer is written in the JSON that rows have."""
    return call.protocol == "json"


def whole(packed: bytes) -> msgspec.Raw:
    """An item for an answer in JSON."""
    return msgspec.Raw(packed)


def whole_list(packed: Sequence[bytes]) -> msgspec.Raw:
    """Items for an answer in JSON."""
    return msgspec.Raw(b"[" + b",".join(packed) + b"]")
