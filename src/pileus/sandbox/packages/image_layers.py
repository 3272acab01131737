"""Unpacks the layers of container images to file trees; hostile until shown otherwise.

Nothing of a layer is ever reached through a link: each place is found by walking real directories,
and a link on the way is followed as the container would, inside its own tree.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import struct
import tarfile
import tempfile
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from pileus.kernel.fleet import BadPackage, Installed, PackageTooLarge
from pileus.sandbox.packages import packages

IMAGE_BYTES_MAX = 10_737_418_240  # docs: gettingstarted-limits, container image code package size
# Not AWS's: beyond these an image only serves to hurt.
ENTRIES_MAX = 500_000
_HEADER_BYTES_MAX = 1 << 20
_LINKS_MAX = 40
_DEPTH_MAX = 128
# Headers and padding of a tar, beside the contents of its files.
_OVERHEAD_BYTES_MAX = 1 << 30
_CHUNK_BYTES = 1 << 18
# What tarfile raises for headers that nobody writes.
_PARSER_ERRORS = (ValueError, OverflowError, RecursionError, TypeError, LookupError, struct.error)
# What names that make no sense together lead to; other failures are the disk's.
_CONTRADICTIONS = (
    errno.EEXIST, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.EMLINK, errno.ENAMETOOLONG,
    errno.ENOENT, errno.ENOTDIR, errno.ENOTEMPTY,
)  # fmt: skip
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
# Places that environments cover with something of their own, and the default working directory.
_DIRECTORIES = ("tmp", "proc", "dev", "mnt", "etc", "var", "var/task")
_FILES = ("etc/resolv.conf", "etc/hosts")


class Source(Protocol):
    """A layer as it comes: a few bytes at a time, none at the end."""

    def read(self) -> bytes: ...


class Layer(NamedTuple):
    source: Source
    is_compressed: bool
    diff_id: str  # the digest of the uncompressed tar


def unpack(name: str, layers: Sequence[Layer], directory: Path) -> Installed:
    """Merge layers to the subdirectory `name`; safe to repeat, complete before it has its name.

    Raises BadPackage or PackageTooLarge.
    """
    found = packages.installed(name, directory)
    if found:
        return found
    directory.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".", dir=directory))
    scratch.chmod(0o755)
    target = directory / name
    try:
        tree = _Tree(str(scratch))
        for layer in layers:
            _apply(tree, layer)
        tree.complete()
        # One sync of everything is cheaper than one for each of thousands of files.
        os.sync()
        packages.write_size(directory / f"{name}.size", tree.size_bytes)
        try:
            scratch.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        packages.sync(directory)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Installed(str(target), tree.size_bytes)


def _apply(tree: _Tree, layer: Layer) -> None:
    plain = _Plain(layer, tree)
    try:
        with tarfile.open(
            fileobj=plain,  # type: ignore[call-overload]
            mode="r|",
            bufsize=_CHUNK_BYTES,
            tarinfo=_Entry,
        ) as archive:
            tree.begin_layer()
            while (entry := archive.next()) is not None:
                # It would remember all of them.
                archive.members = []
                tree.add(entry, archive)
        plain.drain()
    except (tarfile.TarError, zlib.error, EOFError, *_PARSER_ERRORS) as error:
        raise BadPackage(f"a layer is not readable: {error}") from None
    except OSError as error:
        if error.errno not in _CONTRADICTIONS:
            raise
        raise BadPackage(f"a layer contradicts itself: {error}") from None
    if plain.digest != layer.diff_id:
        raise BadPackage(f"a layer is not {layer.diff_id}, as the image says, but {plain.digest}")


class _Entry(tarfile.TarInfo):
    """A header whose own extensions are bounded: tarfile reads them whole."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        is_extension = not (self.isreg() or self.type in tarfile.SUPPORTED_TYPES[:8])
        if self.size < 0 or (is_extension and self.size > _HEADER_BYTES_MAX):
            raise tarfile.ReadError("a header has an absurd size")
        if self.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.ReadError("sparse files are not supported")
        return super()._proc_member(archive)  # type: ignore[misc, no-any-return]


class _Plain:
    """The uncompressed bytes of a layer, counted and hashed as tarfile reads them."""

    def __init__(self, layer: Layer, tree: _Tree) -> None:
        self._source = layer.source
        self._unzip = zlib.decompressobj(31) if layer.is_compressed else None
        self._compressed = b""
        self._held = bytearray()
        self._hash = hashlib.sha256()
        self._tree = tree

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def read(self, size: int) -> bytes:
        while len(self._held) < size:
            piece = self._next()
            if not piece:
                break
            self._held += piece
        found = bytes(self._held[:size])
        del self._held[:size]
        return found

    def drain(self) -> None:
        """Read what follows the end of the archive; it counts for the digest."""
        while self.read(_CHUNK_BYTES):
            pass

    def _next(self) -> bytes:
        piece = self._source.read() if self._unzip is None else self._inflate()
        self._hash.update(piece)
        self._tree.count_read(len(piece))
        return piece

    def _inflate(self) -> bytes:
        assert self._unzip is not None
        while True:
            if self._unzip.eof:
                # Several compressed streams may follow each other.
                self._compressed = self._unzip.unused_data or self._source.read()
                if not self._compressed:
                    return b""
                self._unzip = zlib.decompressobj(31)
            elif not self._compressed:
                self._compressed = self._source.read()
                if not self._compressed:
                    raise EOFError("a compressed layer ends early")
            piece = self._unzip.decompress(self._compressed, _CHUNK_BYTES)
            self._compressed = self._unzip.unconsumed_tail
            if piece:
                return piece


class _Tree:
    """A file tree that grows by one layer after the other."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._entries = 0
        self._read_bytes = 0
        self.size_bytes = 0
        # What this layer has brought: an opaque directory hides only what was there before.
        self._brought: set[str] = set()
        # Real directories by the names under which entries call them.
        self._known: dict[str, str] = {}

    def begin_layer(self) -> None:
        self._brought.clear()

    def count_read(self, count: int) -> None:
        self._read_bytes += count
        if self._read_bytes > IMAGE_BYTES_MAX + _OVERHEAD_BYTES_MAX:
            raise PackageTooLarge("the layers are too large")

    def add(self, entry: tarfile.TarInfo, archive: tarfile.TarFile) -> None:
        """Add one entry, or remove what it hides."""
        self._entries += 1
        if self._entries > ENTRIES_MAX:
            raise PackageTooLarge(f"more than {ENTRIES_MAX} entries")
        parts = _parts(entry.name)
        if not parts:
            return
        directory, name = self._directory(parts[:-1]), parts[-1]
        if name == _OPAQUE:
            self._empty(directory)
        elif name.startswith(_WHITEOUT):
            hidden = name.removeprefix(_WHITEOUT)
            if hidden in ("", ".", ".."):
                raise BadPackage(f"{entry.name} hides nothing that can be")
            self._remove(f"{directory}/{hidden}")
        else:
            self._put(entry, archive, f"{directory}/{name}")

    def _put(self, entry: tarfile.TarInfo, archive: tarfile.TarFile, place: str) -> None:
        if entry.isdir():
            if not _is_directory(place):
                self._remove(place)
                os.mkdir(place)  # noqa: PTH102
            os.chmod(place, entry.mode & 0o777 | 0o755)  # noqa: PTH101
        elif entry.isreg():
            self._remove(place)
            self._write(entry, archive, place)
        elif entry.issym():
            self._remove(place)
            os.symlink(entry.linkname, place)  # noqa: PTH211
        elif entry.islnk():
            self._link(entry.linkname, place)
        else:
            return  # Devices and pipes: an environment has its own.
        self._brought.add(place)

    def _write(self, entry: tarfile.TarInfo, archive: tarfile.TarFile, place: str) -> None:
        source = archive.extractfile(entry)
        assert source is not None
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(place, flags, 0o600), "wb", buffering=0) as file:
            while chunk := source.read(_CHUNK_BYTES):
                self.size_bytes += len(chunk)
                if self.size_bytes > IMAGE_BYTES_MAX:
                    raise PackageTooLarge(f"more than {IMAGE_BYTES_MAX} bytes")
                file.write(chunk)
            os.fchmod(file.fileno(), packages.permissions(entry.mode))
            # Python takes compiled modules only if the times of their sources are right.
            with suppress(OverflowError, ValueError, OSError):
                os.utime(file.fileno(), (entry.mtime, entry.mtime))

    def _link(self, to: str, place: str) -> None:
        parts = _parts(to)
        if not parts:
            raise BadPackage("a link leads to the root")
        existing = f"{self._directory(parts[:-1])}/{parts[-1]}"
        if not os.path.lexists(existing) or _is_directory(existing):
            raise BadPackage(f"a link leads to {to}, which is no file")
        if existing != place:
            self._remove(place)
            os.link(existing, place, follow_symlinks=False)

    def _directory(self, parts: Sequence[str]) -> str:
        """The real directory of a name; what is missing on the way is made."""
        key = "/".join(parts)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._walk(list(reversed(parts)))
        return known

    def _walk(self, left: list[str]) -> str:
        """Follow real directories, and links as the container would, never out of the tree."""
        place, links = self._root, 0
        while left:
            part = left.pop()
            if part == "..":
                place = place if place == self._root else os.path.dirname(place)  # noqa: PTH120
                continue
            following = f"{place}/{part}"
            if os.path.islink(following):  # noqa: PTH114
                links += 1
                if links > _LINKS_MAX:
                    raise BadPackage(f"{part} is a link that leads in circles")
                target = os.readlink(following)  # noqa: PTH115
                place = self._root if target.startswith("/") else place
                left += [each for each in reversed(target.split("/")) if each not in ("", ".")]
                continue
            if not _is_directory(following):
                self._remove(following)
                os.mkdir(following, 0o755)  # noqa: PTH102
            place = following
        return place

    def _empty(self, directory: str) -> None:
        """Remove what layers below have put into a directory."""
        for name in os.listdir(directory):  # noqa: PTH208
            self._remove_old(f"{directory}/{name}")

    def _remove_old(self, place: str) -> bool:
        """Remove a place unless this layer has brought it or something in it."""
        if not _is_directory(place):
            if place not in self._brought:
                self._remove(place)
            return not os.path.lexists(place)
        left = [name for name in os.listdir(place) if not self._remove_old(f"{place}/{name}")]  # noqa: PTH208
        if not left and place not in self._brought:
            self._remove(place)
            return True
        return False

    def _remove(self, place: str) -> None:
        if not os.path.lexists(place):
            return
        # Links and directories go: what was known of names through them is known no more.
        self._known.clear()
        if _is_directory(place):
            shutil.rmtree(place)
        else:
            os.unlink(place)  # noqa: PTH108

    def complete(self) -> None:
        """Make the places that environments need; none of them may be a link."""
        for name in _DIRECTORIES:
            place = f"{self._root}/{name}"
            if not _is_directory(place):
                self._remove(place)
                os.mkdir(place, 0o755)  # noqa: PTH102
        for name in _FILES:
            place = f"{self._root}/{name}"
            if os.path.islink(place) or not os.path.isfile(place):  # noqa: PTH113, PTH114
                self._remove(place)
                Path(place).touch(0o644)


def _parts(name: str) -> list[str]:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in name or len(parts) > _DEPTH_MAX:
        raise BadPackage(f"the name {name[:200]!r} leads outside")
    if any(len(os.fsencode(part)) > 255 for part in parts):
        raise BadPackage("a name is too long")
    return parts


def _is_directory(place: str) -> bool:
    """Itself, not what it leads to."""
    return os.path.isdir(place) and not os.path.islink(place)  # noqa: PTH112, PTH114
