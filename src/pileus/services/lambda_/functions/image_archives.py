"""Container images in files: OCI archives below the folder of `--images`.

A function whose ImageUri is `oci-archive:FILE:TAG` has its image from there, without a registry.
"""

from __future__ import annotations

import asyncio
import hashlib
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import msgspec

PREFIX = "oci-archive:"
_REFERENCE = "org.opencontainers.image.ref.name"
_ENTRIES_MAX = 10_000
_DOCUMENT_BYTES_MAX = 4_194_304
_CHUNK_BYTES = 1 << 18


class NoImage(Exception):
    """There is no such file, or no such image in it."""


class _Descriptor(msgspec.Struct, rename="camel"):
    digest: str
    media_type: str = ""
    annotations: dict[str, str] | None = None


class _Index(msgspec.Struct):
    manifests: list[_Descriptor]


class _Place(NamedTuple):
    first: int
    size_bytes: int


class Archive(NamedTuple):
    """A file and where each of its members lies."""

    path: Path
    places: dict[str, _Place]

    def document(self, name: str) -> bytes:
        """A small member; raises NoImage where it is missing, or not small."""
        place = self.places.get(name)
        if place is None or place.size_bytes > _DOCUMENT_BYTES_MAX:
            raise NoImage(name)
        with self.path.open("rb") as file:
            file.seek(place.first)
            return file.read(place.size_bytes)

    async def read(self, digest: str) -> AsyncIterator[bytes]:
        """A blob, a piece at a time."""
        place = self.places.get(_blob(digest))
        if place is None:
            raise NoImage(digest)
        file = await asyncio.to_thread(self.path.open, "rb")
        try:
            file.seek(place.first)
            left = place.size_bytes
            while left:
                chunk = await asyncio.to_thread(file.read, min(_CHUNK_BYTES, left))
                if not chunk:
                    raise NoImage(digest)
                left -= len(chunk)
                yield chunk
        finally:
            file.close()


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/', 1)}"


def split(uri: str) -> tuple[str, str]:
    """File and tag of an address; a tag may be missing where there is one image only."""
    name, _, tag = uri.removeprefix(PREFIX).partition(":")
    return name, tag


def open_archive(folder: Path | None, name: str) -> Archive:
    """Find a file below the folder and what is in it; raises NoImage."""
    if folder is None:
        raise NoImage("no folder was given with --images")
    path = (folder / name).resolve()
    if not name or not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise NoImage(name)
    places: dict[str, _Place] = {}
    try:
        with tarfile.open(path, "r:") as archive:
            while (entry := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]
                if entry.isreg():
                    name = entry.name.removeprefix("./")
                    places[name] = _Place(entry.offset_data, entry.size)
                if len(places) > _ENTRIES_MAX:
                    raise NoImage("more members than an image has")
    except (tarfile.TarError, OSError, ValueError, OverflowError, RecursionError) as error:
        raise NoImage(str(error)) from error
    return Archive(path, places)


def manifest(archive: Archive, tag: str) -> tuple[bytes, str]:
    """The manifest of a tag, or of the only image, and its media type; raises NoImage."""
    try:
        index = msgspec.json.decode(archive.document("index.json"), type=_Index)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise NoImage("index.json") from error
    found = [
        each for each in index.manifests if tag in ("", (each.annotations or {}).get(_REFERENCE))
    ]
    if len(found) != 1:
        raise NoImage(tag)
    text = archive.document(_blob(found[0].digest))
    if f"sha256:{hashlib.sha256(text).hexdigest()}" != found[0].digest:
        raise NoImage(found[0].digest)
    return text, found[0].media_type
