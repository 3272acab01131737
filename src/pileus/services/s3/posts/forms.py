"""Reads multipart/form-data as it comes: the fields, then the file in pieces.

docs: AmazonS3/latest/API/sigv4-HTTPPOSTForms; RFC 7578
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from pileus.services.s3.posts import refusals

# docs: the fields before the file
FIELDS_BYTES_MAX = 20_480
FIELDS_MAX = 1000
_HEADERS_BYTES_MAX = 8_192
_TYPE = re.compile(
    r"(?i)multipart/form-data\s*;.*?\bboundary=(?:\"([^\"]{1,70})\"|([^\s;,\"]{1,70}))"
)
_DISPOSITION = re.compile(r"(?i)^content-disposition:\s*form-data\b(.*)$", re.MULTILINE)
_NAME = re.compile(r"(?i);\s*name=(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;\"]+))")
_FILE_NAME = re.compile(r"(?i);\s*filename=(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;\"]+))")
_FILE = "file"


def boundary_of(content_type: str | None) -> bytes:
    """Raises where the body is no form."""
    found = _TYPE.match(content_type or "")
    if found is None:
        raise refusals.wrong_type()
    return (found[1] or found[2]).encode("latin-1", "replace")


class Form:
    """One form. `read_fields` comes first, then `file` gives the pieces of what is uploaded."""

    def __init__(self, body: bytes | AsyncIterator[bytes], boundary: bytes) -> None:
        # The first delimiter has no line before it; here it has.
        self._held = bytearray(b"\r\n")
        self._body = body
        self._is_ended = False
        self._delimiter = b"\r\n--" + boundary
        self.fields: dict[str, str] = {}
        self.file_name = ""

    async def _fill(self) -> bool:
        """Hold more of the body; false at its end."""
        if self._is_ended:
            return False
        if isinstance(self._body, bytes):
            self._held += self._body
            self._is_ended = True
            return True
        try:
            self._held += await anext(self._body)
        except StopAsyncIteration:
            self._is_ended = True
        return not self._is_ended

    async def _take_until(self, mark: bytes, size_max_bytes: int) -> bytes:
        """What comes before a mark, which goes too."""
        searched = 0
        while (at := self._held.find(mark, searched)) < 0:
            searched = max(len(self._held) - len(mark), 0)
            if searched > size_max_bytes:
                raise refusals.fields_too_large(FIELDS_BYTES_MAX)
            if not await self._fill():
                raise refusals.malformed_form()
        found = bytes(self._held[:at])
        if len(found) > size_max_bytes:
            raise refusals.fields_too_large(FIELDS_BYTES_MAX)
        del self._held[: at + len(mark)]
        return found

    async def read_fields(self) -> None:
        """Everything up to the file; the names in lower case."""
        await self._take_until(self._delimiter, FIELDS_BYTES_MAX)
        rest = FIELDS_BYTES_MAX
        for _ in range(FIELDS_MAX):
            if (await self._take_until(b"\r\n", 100)).startswith(b"--"):
                raise refusals.file_missing()
            headers = _text(await self._take_until(b"\r\n\r\n", _HEADERS_BYTES_MAX))
            name, file_name = _names(headers)
            if name == _FILE:
                self.file_name = re.split(r"[/\\]", file_name)[-1]
                return
            value = await self._take_until(self._delimiter, rest)
            rest -= len(value) + len(name)
            self.fields[name] = _text(value)
        raise refusals.fields_too_large(FIELDS_BYTES_MAX)

    async def file(self) -> AsyncIterator[bytes]:
        """The pieces of the file; what comes behind it is read and means nothing."""
        mark = self._delimiter
        while (at := self._held.find(mark)) < 0:
            # The beginning of a mark may be the end of what is held.
            sure = len(self._held) - len(mark) + 1
            if sure > 0:
                piece = bytes(self._held[:sure])
                del self._held[:sure]
                yield piece
            if not await self._fill():
                raise refusals.malformed_form()
        if at:
            yield bytes(self._held[:at])
        self._held.clear()
        while await self._fill():
            self._held.clear()


def _names(headers: str) -> tuple[str, str]:
    disposition = _DISPOSITION.search(headers.replace("\r", ""))
    name = _NAME.search(disposition[1]) if disposition is not None else None
    if disposition is None or name is None:
        raise refusals.malformed_form()
    file_name = _FILE_NAME.search(disposition[1])
    return _plain(name).lower(), "" if file_name is None else _plain(file_name)


def _plain(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[2]
    return re.sub(r"\\([\"\\])", r"\1", found[1])


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise refusals.malformed_form() from None
