"""Unpacks deployment packages and layers, which are hostile until shown otherwise."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

UNZIPPED_BYTES_MAX = 262_144_000  # docs: gettingstarted-limits, 250 MB with all layers
# Not AWS's: beyond these a package only serves to hurt.
ENTRIES_MAX = 200_000
NAME_BYTES_MAX = 1024
_CHUNK_BYTES = 1 << 18
_LINK_BYTES_MAX = 4096
_DIRECTORY_MODE = 0o755
_ENCRYPTED = 0x1
_PLACES_INSIDE = ("/var/task/", "/opt/", "/tmp/")
# Above this many files, one sync of everything is cheaper than one of each.
_SINGLE_SYNCS_MAX = 64


class PackageError(Exception):
    """A package that cannot be used; the text is AWS's."""


class CannotUnzip(PackageError):
    """No zip file, a damaged one, or one with names, links or files of kinds it must not have."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        )
        self.reason = reason


class UnzippedTooLarge(PackageError):
    """More than 250 MB, or so many files that it makes no difference."""

    def __init__(self, limit_bytes: int = UNZIPPED_BYTES_MAX) -> None:
        super().__init__(f"Unzipped size must be smaller than {limit_bytes} bytes")


class EmptyPackage(PackageError):
    """A zip file without a single file."""

    def __init__(self) -> None:
        super().__init__("Uploaded file must be a non-empty zip")


def unpack(archive: Path, directory: Path, limit_bytes: int = UNZIPPED_BYTES_MAX) -> Path:
    """Unpack to a subdirectory of `directory` named by the archive's SHA-256; safe to repeat.

    The result is complete and on disk before it has its name. Raises PackageError.
    """
    target = directory / _digest(archive)
    if target.is_dir():
        return target
    directory.mkdir(parents=True, exist_ok=True)
    scratch = directory / f".{target.name}.{os.getpid()}"
    _remove(scratch)
    scratch.mkdir(mode=_DIRECTORY_MODE)
    try:
        _extract(archive, scratch, limit_bytes)
        _sync_tree(scratch)
        try:
            scratch.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        _sync(directory)
    finally:
        _remove(scratch)
    return target


def unzipped_bytes(directory: Path) -> int:
    """The size of what has been unpacked: the limit holds for a function and its layers."""
    return sum(each.lstat().st_size for each in directory.rglob("*") if not each.is_dir())


def sweep_scratch(directory: Path) -> None:
    """Remove what an interrupted unpacking has left."""
    for left in directory.glob(".*"):
        _remove(left)


def _digest(archive: Path) -> str:
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _extract(archive: Path, root: Path, limit_bytes: int) -> None:
    try:
        with zipfile.ZipFile(archive) as package:
            entries = package.infolist()
            _check_entries(entries, limit_bytes)
            room, is_synced = limit_bytes, len(entries) <= _SINGLE_SYNCS_MAX
            for entry in entries:
                room = _write_entry(package, entry, root, room, is_synced)
                if room < 0:
                    raise UnzippedTooLarge(limit_bytes)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise CannotUnzip(str(error)) from None
    except (UnicodeError, ValueError, FileExistsError, NotADirectoryError) as error:
        raise CannotUnzip(str(error)) from None
    _check_links(root)


def _check_entries(entries: list[zipfile.ZipInfo], limit_bytes: int) -> None:
    if not entries:
        raise EmptyPackage
    if len(entries) > ENTRIES_MAX or sum(each.file_size for each in entries) > limit_bytes:
        raise UnzippedTooLarge(limit_bytes)


def _write_entry(
    package: zipfile.ZipFile, entry: zipfile.ZipInfo, root: Path, room: int, is_synced: bool
) -> int:
    """Write one entry; the room left, below zero where it did not fit. Headers can lie."""
    place = root / _checked_name(entry.filename)
    mode = entry.external_attr >> 16
    if entry.flag_bits & _ENCRYPTED:
        raise CannotUnzip("encrypted")
    if entry.is_dir() or stat.S_ISDIR(mode):
        _make_directories(root, place)
        return room
    _make_directories(root, place.parent)
    if stat.S_ISLNK(mode):
        return room - _write_link(package, entry, place)
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise CannotUnzip(f"{entry.filename} is a device, pipe or socket")
    _discard(place)
    # Windows and minimal tools leave no modes: AWS then makes files readable.
    wanted = stat.S_IMODE(mode) & 0o777 if mode else 0o644
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with package.open(entry) as source, open(os.open(place, flags, 0o600), "wb") as file:
        for chunk in _chunks(source, room):
            room -= len(chunk)
            if room < 0:
                return room
            file.write(chunk)
        file.flush()
        if is_synced:
            os.fsync(file.fileno())
        os.fchmod(file.fileno(), wanted)
    return room


def _chunks(source: object, room: int) -> Iterator[bytes]:
    read = source.read  # type: ignore[attr-defined]
    while chunk := read(min(_CHUNK_BYTES, room + 1)):
        yield chunk


def _write_link(package: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Path) -> int:
    if entry.file_size > _LINK_BYTES_MAX:
        raise CannotUnzip(f"the link {entry.filename} is too long")
    with package.open(entry) as source:
        target = source.read(_LINK_BYTES_MAX + 1)
    if not target or len(target) > _LINK_BYTES_MAX or b"\0" in target:
        raise CannotUnzip(f"the link {entry.filename} has no usable target")
    _discard(place)
    place.symlink_to(os.fsdecode(target))
    return len(target)


def _checked_name(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or not path.parts:
        raise CannotUnzip(f"the name {name!r} leads outside")
    if len(os.fsencode(name)) > NAME_BYTES_MAX or any(
        len(os.fsencode(part)) > 255 for part in path.parts
    ):
        raise CannotUnzip("a name is too long")
    return path


def _make_directories(root: Path, place: Path) -> None:
    """Make each directory on the way; none may be a link that another entry has made."""
    current = root
    for part in place.relative_to(root).parts:
        current = current / part
        if current.is_symlink() or (current.exists() and not current.is_dir()):
            raise CannotUnzip(f"{current.name} is a link or a file, and a directory as well")
        current.mkdir(mode=_DIRECTORY_MODE, exist_ok=True)


def _discard(place: Path) -> None:
    """A name that comes twice: the later entry counts, as with unzip."""
    if place.is_symlink() or place.is_file():
        place.unlink()


def _check_links(root: Path) -> None:
    """Links may point into the package, or to a place that only an environment has."""
    real_root = root.resolve()
    for each in _walk(root):
        if each.is_symlink():
            target = str(each.readlink())
            if target.startswith("/"):
                is_inside = target.startswith(_PLACES_INSIDE) and ".." not in target
            else:
                is_inside = _resolves_within(each, real_root)
            if not is_inside:
                raise CannotUnzip(f"the link {each.name} leads outside")


def _resolves_within(link: Path, root: Path) -> bool:
    try:
        return link.resolve().is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _walk(root: Path) -> Iterator[Path]:
    for place, directories, files in os.walk(root):
        for name in (*directories, *files):
            yield Path(place, name)


def _sync_tree(root: Path) -> None:
    places = [root, *_walk(root)]
    if len(places) > _SINGLE_SYNCS_MAX:
        os.sync()
        return
    for each in places:
        # Files were synced while they could be opened.
        if each.is_dir() and not each.is_symlink():
            _sync(each)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
