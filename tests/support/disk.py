"""A disk under SQLite that fails when told to, and forgets what was not synced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import apsw

_numbers = count()


def io_error(extended: int) -> apsw.IOError:
    """An input/output error of one exact kind."""
    error = apsw.IOError("injected")
    error.result = extended & 0xFF
    error.extendedresult = extended
    return error


class Disk(apsw.VFS):
    """Passes everything to the real file system, and asks `before` first.

    It is called with ("write", path, offset, data), ("truncate", path, size), ("sync", path) and
    ("delete", path); what it raises is what SQLite gets to see.
    """

    def __init__(self, before: Callable[..., None]) -> None:
        self.vfs_name = f"disk-{next(_numbers)}"
        self.before = before
        super().__init__(self.vfs_name, "")

    def xOpen(self, name: Any, flags: list[int]) -> DiskFile:  # noqa: N802
        return DiskFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self.before("delete", Path(filename))
        super().xDelete(filename, syncdir)


class DiskFile(apsw.VFSFile):
    """One open file on the disk."""

    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self.disk = disk
        filename = name.filename() if isinstance(name, apsw.URIFilename) else name
        self.path = Path(filename) if filename else Path("temporary")
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self.disk.before("write", self.path, offset, data)
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self.disk.before("truncate", self.path, size)
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self.disk.before("sync", self.path)
        super().xSync(flags)


@contextmanager
def faulty_disk(before: Callable[..., None]) -> Iterator[str]:
    """A disk with faults; yields the name that SQLite knows it by."""
    disk = Disk(before)
    try:
        yield disk.vfs_name
    finally:
        disk.unregister()
