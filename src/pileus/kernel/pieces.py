"""Outputs of which a large list is written already, and is sent without being copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Pieced(dict[str, Any]):
    """The other members of an output, and the pieces of one more, in the form of `Call.protocol`.

    Each piece is one item or several with the commas between them. Only for JSON.
    """

    __slots__ = ("member", "pieces")

    def __init__(self, others: dict[str, Any], member: str, pieces: Sequence[bytes]) -> None:
        super().__init__(others)
        self.member = member
        self.pieces = pieces
