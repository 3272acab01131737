"""Which bytes of an object are asked for."""

from __future__ import annotations

import re
from typing import NamedTuple

_RANGE = re.compile(r"bytes=\s*([0-9]{0,19})-([0-9]{0,19})\s*", re.ASCII)
_COPY_RANGE = re.compile(r"bytes=([0-9]{1,19})-([0-9]{1,19})", re.ASCII)


class Span(NamedTuple):
    """Bytes from `first` to before `end`."""

    first: int
    end: int

    @property
    def size_bytes(self) -> int:
        return self.end - self.first

    def of(self, content: bytes) -> bytes:
        """These bytes of a content that is all there."""
        return content if self.size_bytes == len(content) else content[self.first : self.end]

    def header(self, whole_bytes: int) -> str:
        """As Content-Range has it."""
        return f"bytes {self.first}-{self.end - 1}/{whole_bytes}"


class Unsatisfiable(Exception):
    """The range lies behind the end."""


def read(text: str, size_bytes: int) -> Span | None:
    """The range that a header asks for; None for the whole.

    Headers that are no range of bytes count as none, and several ranges too: S3 gives one.
    """
    match = _RANGE.fullmatch(text)
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        count = min(int(match[2]), size_bytes)
        if not count:
            raise Unsatisfiable(text)
        return Span(size_bytes - count, size_bytes)
    first = int(match[1])
    end = int(match[2]) + 1 if match[2] else size_bytes
    if match[2] and end <= first:
        return None
    if first >= size_bytes:
        raise Unsatisfiable(text)
    return Span(first, min(end, size_bytes))


def read_of_copy(text: str) -> Span | None:
    """The range of a source, whose ends must both be given; None where it is malformed."""
    match = _COPY_RANGE.fullmatch(text)
    if match is None or int(match[2]) < int(match[1]):
        return None
    return Span(int(match[1]), int(match[2]) + 1)
