"""Items as rows keep them: in the JSON of answers, so that most are handed out unread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

import msgspec

from pileus.kernel.call import Call
from pileus.languages.item_expressions.values import Item


class _Value(TypedDict, total=False):
    S: str
    N: str
    B: bytes
    SS: list[str]
    NS: list[str]
    BS: list[bytes]
    BOOL: bool
    NULL: bool
    L: list[_Value]
    M: dict[str, _Value]


_kept_type: Any = dict[str, _Value]
decode: Callable[[bytes], Item] = msgspec.json.Decoder(_kept_type).decode
encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode


class Stored:
    """An item that is there, as it is kept; read only where somebody looks into it."""

    __slots__ = ("_item", "packed", "size")

    def __init__(self, packed: bytes, size: int) -> None:
        self.packed = packed
        self.size = size
        self._item: Item | None = None

    @property
    def item(self) -> Item:
        if self._item is None:
            self._item = decode(self.packed)
        return self._item


def is_handed_out(call: Call) -> bool:
    """Whether the answer is written in the JSON that rows have."""
    return call.protocol == "json"


def whole(packed: bytes) -> msgspec.Raw:
    """An item for an answer in JSON."""
    return msgspec.Raw(packed)


def whole_list(packed: Sequence[bytes]) -> msgspec.Raw:
    """Items for an answer in JSON."""
    return msgspec.Raw(b"[" + b",".join(packed) + b"]")
