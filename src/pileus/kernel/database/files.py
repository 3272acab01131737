"""The file operations that durability rests on, so that a simulation can take their place."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

# A large file is begun to be written out each time so much has come.
_PUSH_BYTES = 16 * 1024 * 1024


class Writing(Protocol):
    """A file that is being written; nothing of it is sure to be on the disk before `sync`."""

    def write(self, data: bytes) -> None: ...

    def sync(self) -> None: ...

    def close(self) -> None: ...


class Files(Protocol):
    """What the blob store does with files. Names are sure only after `sync_folder`."""

    def create(self, path: Path) -> Writing: ...

    def open(self, path: Path) -> BinaryIO: ...

    def rename(self, old: Path, new: Path) -> None: ...

    def link(self, old: Path, new: Path) -> None: ...

    def unlink(self, path: Path) -> bool:
        """Remove a file; False where there is none."""
        ...

    def make_folder(self, path: Path) -> None:
        """Make a folder, and its parents, so that their names are sure."""
        ...

    def sync_folder(self, path: Path) -> None: ...

    def names(self, path: Path) -> list[str]: ...


class RealFile:
    """A file on the disk, written without a buffer of its own."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o600)
        self._written_bytes = self._pushed_bytes = 0

    def write(self, data: bytes) -> None:
        """Write all of it."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._written_bytes += len(data)
        if self._written_bytes - self._pushed_bytes >= _PUSH_BYTES:
            self._push()

    def _push(self) -> None:
        """Have the disk begin with what is written, so that less is left for `sync`.

        The advice drops what need not be written any more; for what is new it starts the writing.
        """
        first, self._pushed_bytes = self._pushed_bytes, self._written_bytes
        if hasattr(os, "posix_fadvise"):
            size = self._written_bytes - first
            os.posix_fadvise(self._descriptor, first, size, os.POSIX_FADV_DONTNEED)

    def sync(self) -> None:
        """Return when the content is on the disk."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Close."""
        os.close(self._descriptor)


class RealFiles:
    """The file system."""

    def create(self, path: Path) -> Writing:
        """Make a new file."""
        return RealFile(path)

    def open(self, path: Path) -> BinaryIO:
        """Open for reading."""
        return path.open("rb")

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name."""
        old.rename(new)

    def link(self, old: Path, new: Path) -> None:
        """Give a file a second name, if it does not have it yet."""
        with suppress(FileExistsError):
            new.hardlink_to(old)

    def unlink(self, path: Path) -> bool:
        """Remove a file; False where there is none."""
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        return True

    def make_folder(self, path: Path) -> None:
        """Make a private folder, and its parents, so that their names are sure."""
        if not path.is_dir():
            self.make_folder(path.parent)
            path.mkdir(mode=0o700, exist_ok=True)
            self.sync_folder(path.parent)

    def sync_folder(self, path: Path) -> None:
        """Return when the names in the folder are on the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def names(self, path: Path) -> list[str]:
        """The names in a folder; none where it does not exist."""
        try:
            return sorted(entry.name for entry in path.iterdir())
        except FileNotFoundError:
            return []
