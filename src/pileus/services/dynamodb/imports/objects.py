"""Objects as the items that stand in them, read as a stream where the format allows it."""

from __future__ import annotations

import asyncio
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Protocol

from pileus.languages.item_expressions.values import Item
from pileus.services.dynamodb.formats import csv_rows, ion, json_lines
from pileus.services.dynamodb.imports.store import Import

# Longer lines are no items: one has up to 400 KB.
_LINE_MAX = 4 * 1024 * 1024
# CSV and Ion are read as a whole.
WHOLE_MAX = 32 * 1024 * 1024
_GZIP = 31
_PIECE = 256 * 1024


class ObjectInvalid(Exception):
    """An object that cannot be read to its end."""


async def items(
    kept: Import, body: bytes | AsyncIterator[bytes]
) -> AsyncIterator[Item | Exception]:
    """Items in their order; in place of one that cannot be read, why."""
    content = _decompressed(_pieces(body), kept.compression)
    if kept.format == "DYNAMODB_JSON":
        async for line in _lines(content):
            yield _of_line(line)
        return
    whole = bytearray()
    async for piece in content:
        whole += piece
        if len(whole) > WHOLE_MAX:
            raise ObjectInvalid(f"An object of {kept.format} has more than {WHOLE_MAX} bytes")
    found = _csv(kept, bytes(whole)) if kept.format == "CSV" else _ion(bytes(whole))
    for item in await asyncio.to_thread(list, found):
        yield item


async def _pieces(body: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(body, bytes):
        yield body
    else:
        async for piece in body:
            yield piece


async def _decompressed(pieces: AsyncIterator[bytes], compression: str) -> AsyncIterator[bytes]:
    """A file may have several members, one behind the other."""
    if compression not in _UNPACKERS:
        async for piece in pieces:
            yield piece
        return
    make = _UNPACKERS[compression]
    unpacker = make()
    has_begun = False
    async for piece in pieces:
        rest: bytes | None = piece
        while rest is not None:
            if unpacker.is_over and rest:
                unpacker, has_begun = make(), False
            has_begun = has_begun or bool(rest)
            unpacked, rest = unpacker.unpack(rest)
            yield unpacked
    if has_begun and not unpacker.is_over:
        raise ObjectInvalid("The compressed object ends too early")


class _Unpacker(Protocol):
    """One member of a compressed file."""

    @property
    def is_over(self) -> bool: ...

    def unpack(self, piece: bytes) -> tuple[bytes, bytes | None]:
        """A bounded part of the content, and what to go on with; None for the file's next piece."""
        ...


class _Gzip:
    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(_GZIP)

    @property
    def is_over(self) -> bool:
        return self._inflater.eof

    def unpack(self, piece: bytes) -> tuple[bytes, bytes | None]:
        inflater = self._inflater
        try:
            unpacked = inflater.decompress(piece, _PIECE)
        except zlib.error as problem:
            raise ObjectInvalid(f"The object is not compressed by gzip: {problem}") from None
        if inflater.eof:
            return unpacked, inflater.unused_data or None
        # What has come in whole may still have more to give than fitted.
        is_full = len(unpacked) == _PIECE
        return unpacked, inflater.unconsumed_tail if is_full else None


class _Zstandard:
    def __init__(self) -> None:
        # Few need it.
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        self._error = zstd.ZstdError
        self._decompressor = zstd.ZstdDecompressor()

    @property
    def is_over(self) -> bool:
        return self._decompressor.eof

    def unpack(self, piece: bytes) -> tuple[bytes, bytes | None]:
        decompressor = self._decompressor
        try:
            unpacked = decompressor.decompress(piece, _PIECE)
        except self._error as problem:
            raise ObjectInvalid(f"The object is not compressed by Zstandard: {problem}") from None
        if decompressor.eof:
            return unpacked, decompressor.unused_data or None
        return unpacked, None if decompressor.needs_input else b""


_UNPACKERS: dict[str, Callable[[], _Unpacker]] = {"GZIP": _Gzip, "ZSTD": _Zstandard}


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    held = b""
    async for piece in pieces:
        *lines, held = (held + piece).split(b"\n")
        for line in lines:
            if line.strip():
                yield line
        if len(held) > _LINE_MAX:
            raise ObjectInvalid(f"A line has more than {_LINE_MAX} bytes")
    if held.strip():
        yield held


def _of_line(line: bytes) -> Item | Exception:
    try:
        return json_lines.item_of(line)
    except json_lines.LineInvalid as problem:
        return problem


def _csv(kept: Import, content: bytes) -> Iterator[Item | Exception]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise ObjectInvalid(f"The object is not encoded in UTF-8: {problem}") from None
    options = (kept.options or {}).get("Csv", {})
    delimiter, header = options.get("Delimiter", ","), options.get("HeaderList")
    yield from csv_rows.items(text, delimiter, header, kept.types)


def _ion(content: bytes) -> Iterator[Item | Exception]:
    documents = ion.documents(content)
    while True:
        try:
            document = next(documents)
        except StopIteration:
            return
        except ion.IonInvalid as problem:
            raise ObjectInvalid(f"The object is no Ion: {problem}") from None
        try:
            yield ion.item_of(document)
        except ion.IonInvalid as problem:
            yield problem
