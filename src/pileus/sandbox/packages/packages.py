"""Unpacks deployment packages and layers, which are hostile until shown otherwise."""

from __future__ import annotations

import io
import lzma
import os
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pileus.kernel.fleet import BadPackage, Installed, PackageTooLarge

UNZIPPED_BYTES_MAX = 262_144_000  # docs: gettingstarted-limits, 250 MB with all layers
# Not AWS's: beyond these a package only serves to hurt.
ENTRIES_MAX = 200_000
NAME_BYTES_MAX = 1024
_CHUNK_BYTES = 1 << 18
_LINK_BYTES_MAX = 4096
_DIRECTORY_MODE = 0o755
_ENCRYPTED = 0x1
_DIGEST = re.compile("[0-9a-f]{64}")
_PLACES_INSIDE = ("/var/task/", "/opt/", "/tmp/")
# Above this many files, one sync of everything is cheaper than one of each.
_SINGLE_SYNCS_MAX = 64


def installed(digest: str, directory: Path) -> Installed | None:
    """What `unpack` has left under a digest."""
    target = directory / digest
    try:
        size = int((directory / f"{digest}.size").read_text())
    except (OSError, ValueError):
        return None
    return Installed(str(target), size) if target.is_dir() else None


def unpack(digest: str, package: bytes, directory: Path) -> Installed:
    """Unpack to the subdirectory of `directory` named by the digest; safe to repeat.

    The result is complete and on disk before it has its name. Raises BadPackage or
    PackageTooLarge.
    """
    found = installed(digest, directory)
    if found:
        return found
    directory.mkdir(parents=True, exist_ok=True)
    # Two that unpack the same at once do not meet.
    scratch = Path(tempfile.mkdtemp(prefix=".", dir=directory))
    scratch.chmod(_DIRECTORY_MODE)
    target = directory / digest
    try:
        size = _extract(package, scratch)
        _sync_tree(scratch)
        write_size(directory / f"{digest}.size", size)
        try:
            scratch.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        sync(directory)
    finally:
        _remove(scratch)
    return Installed(str(target), size)


def unpacked(directory: Path) -> list[str]:
    """The digests of all that is unpacked."""
    if not directory.is_dir():
        return []
    return [each.name for each in directory.iterdir() if _DIGEST.fullmatch(each.name)]


def remove(digest: str, directory: Path) -> None:
    """Take an unpacked package away; what a crash leaves of it has no name that counts."""
    (directory / f"{digest}.size").unlink(missing_ok=True)
    dying = Path(tempfile.mkdtemp(prefix=".", dir=directory))
    try:
        (directory / digest).rename(dying / digest)
    except FileNotFoundError:
        pass
    _remove(dying)


def write_size(path: Path, size: int) -> None:
    with path.open("w") as file:
        file.write(str(size))
        file.flush()
        os.fsync(file.fileno())


def sweep_scratch(directory: Path) -> None:
    """Remove what an interrupted unpacking has left."""
    for left in directory.glob(".*"):
        _remove(left)


def _extract(package: bytes, root: Path) -> int:
    """Write all entries; the bytes that they take."""
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            entries = archive.infolist()
            _check_entries(entries)
            room, is_synced = UNZIPPED_BYTES_MAX, len(entries) <= _SINGLE_SYNCS_MAX
            for entry in entries:
                room = _write_entry(archive, entry, root, room, is_synced)
                if room < 0:
                    raise PackageTooLarge(f"{entry.filename} does not fit")
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError) as error:
        raise BadPackage(str(error)) from None
    except (NotImplementedError, UnicodeError, ValueError, OverflowError) as error:
        raise BadPackage(str(error)) from None
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise BadPackage(f"two entries contradict each other: {error.filename}") from None
    _check_links(root)
    return UNZIPPED_BYTES_MAX - room


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if not entries:
        raise BadPackage("there is nothing in it")
    stated = sum(each.file_size for each in entries)
    if len(entries) > ENTRIES_MAX or stated > UNZIPPED_BYTES_MAX:
        raise PackageTooLarge(f"{len(entries)} entries of {stated} bytes")


def _write_entry(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, root: Path, room: int, is_synced: bool
) -> int:
    """Write one entry; the room left, below zero where it did not fit. Headers can lie."""
    place = root / _checked_name(entry.filename)
    mode = entry.external_attr >> 16
    if entry.flag_bits & _ENCRYPTED:
        raise BadPackage("encrypted")
    if entry.is_dir() or stat.S_ISDIR(mode):
        _make_directories(root, place)
        return room
    _make_directories(root, place.parent)
    if stat.S_ISLNK(mode):
        return room - _write_link(archive, entry, place)
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise BadPackage(f"{entry.filename} is a device, pipe or socket")
    _discard(place)
    wanted = permissions(mode)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with archive.open(entry) as source, open(os.open(place, flags, 0o600), "wb") as file:
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


def permissions(mode: int) -> int:
    """The entry's, made readable, and executable for all where it is for its owner.

    AWS keeps what Python's `writestr` makes (0600) and then cannot read it, which helps nobody.
    """
    if mode & stat.S_IXUSR:
        return mode & 0o777 | 0o555
    return mode & 0o777 | 0o444 if mode else 0o644


def _chunks(source: object, room: int) -> Iterator[bytes]:
    read = source.read  # type: ignore[attr-defined]
    while chunk := read(min(_CHUNK_BYTES, room + 1)):
        yield chunk


def _write_link(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Path) -> int:
    if entry.file_size > _LINK_BYTES_MAX:
        raise BadPackage(f"the link {entry.filename} is too long")
    with archive.open(entry) as source:
        target = source.read(_LINK_BYTES_MAX + 1)
    if not target or len(target) > _LINK_BYTES_MAX or b"\0" in target:
        raise BadPackage(f"the link {entry.filename} has no usable target")
    _discard(place)
    place.symlink_to(os.fsdecode(target))
    return len(target)


def _checked_name(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or not path.parts:
        raise BadPackage(f"the name {name!r} leads outside")
    if len(os.fsencode(name)) > NAME_BYTES_MAX or any(
        len(os.fsencode(part)) > 255 for part in path.parts
    ):
        raise BadPackage("a name is too long")
    return path


def _make_directories(root: Path, place: Path) -> None:
    """Make each directory on the way; none may be a link that another entry has made."""
    current = root
    for part in place.relative_to(root).parts:
        current = current / part
        if current.is_symlink() or (current.exists() and not current.is_dir()):
            raise BadPackage(f"{current.name} is a link or a file, and a directory as well")
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
                raise BadPackage(f"the link {each.name} leads outside")


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
            sync(each)


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
