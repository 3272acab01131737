"""A snapshot on the disk: one tar file that says what is in it, and nothing else than that."""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

ARCHIVE_FORMAT = 1
COPY_BYTES = 1024 * 1024

# Names in a snapshot that somebody else made must not lead out of the directory.
BLOB_MEMBER = re.compile(r"blobs/([0-9a-f]{2})/([0-9a-f]{62})-[0-9]{1,4}-[0-9a-f]+")
OTHER_MEMBER = re.compile(r"manifest\.json|store/[0-9]{1,4}\.sqlite|tables/[a-z0-9_]+\.copy")


class SnapshotRefused(Exception):
    """A snapshot cannot be taken, or not be restored here; the message says why."""


class Table(msgspec.Struct, frozen=True):
    """How a PostgreSQL table is made again."""

    name: str
    columns: tuple[str, ...]
    create: str
    # Keys and indexes, cheaper after the rows are in.
    finish: tuple[str, ...]


class Manifest(msgspec.Struct, frozen=True):
    """What a snapshot holds."""

    format: int
    engine: str
    pileus: str
    facts: dict[str, str]
    schemas: dict[str, int]
    blobs: int = 0
    tables: tuple[Table, ...] = ()


@contextmanager
def writing(target: Path, manifest: Manifest) -> Iterator[tarfile.TarFile]:
    """Write an archive that appears under its name only when it is complete and on the disk."""
    partial = target.with_name(f"{target.name}.partial")
    try:
        with partial.open("wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                _add_manifest(archive, manifest)
                yield archive
            file.flush()
            os.fsync(file.fileno())
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def add_file(archive: tarfile.TarFile, path: Path, name: str) -> None:
    """Add a file without telling who owned it."""
    member = tarfile.TarInfo(name)
    member.size = path.stat().st_size
    with path.open("rb") as file:
        archive.addfile(member, file)


def read_manifest(source: Path) -> Manifest:
    """Read what a snapshot says of itself."""
    try:
        with tarfile.open(source) as archive:
            file = archive.extractfile("manifest.json")
            assert file is not None
            manifest = msgspec.json.decode(file.read(COPY_BYTES), type=Manifest)
    except (
        KeyError, AssertionError, tarfile.TarError, msgspec.MsgspecError, RecursionError,
    ) as error:  # fmt: skip
        raise SnapshotRefused(f"{source} is not a snapshot of Pileus.") from error
    if manifest.format > ARCHIVE_FORMAT:
        raise SnapshotRefused(
            f"{source} was made by a newer Pileus ({manifest.pileus}); restore it with that one."
        )
    return manifest


def unpack(source: Path, folder: Path) -> None:
    """Write the members below the folder, each synced, blobs checked against their names."""
    with tarfile.open(source) as archive:
        for member in archive:
            blob = BLOB_MEMBER.fullmatch(member.name)
            if not member.isreg() or not (blob or OTHER_MEMBER.fullmatch(member.name)):
                raise SnapshotRefused(f"{source} holds {member.name!r}, which is no part of one.")
            path = folder / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            digest = _unpack_member(archive, member, path)
            if blob and digest != blob[1] + blob[2]:
                raise SnapshotRefused(f"{source} is damaged: {member.name} is another content.")


def sync_tree(folder: Path) -> None:
    """Make sure of all names below the folder; the contents are synced as they are written."""
    for path in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _add_manifest(archive: tarfile.TarFile, manifest: Manifest) -> None:
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    member = tarfile.TarInfo("manifest.json")
    member.size = len(text)
    archive.addfile(member, io.BytesIO(text))


def _unpack_member(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> str:
    source: Any = archive.extractfile(member)
    digest = hashlib.sha256()
    with path.open("xb") as file:
        while chunk := source.read(COPY_BYTES):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()
