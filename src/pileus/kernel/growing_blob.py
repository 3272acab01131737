"""A large content on its way into a file, before it has the name that its bytes give it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pileus.kernel.database.files import Files, Writing

WRITE_BYTES = 1024 * 1024


class GrowingBlob:
    """A content as it arrives: in memory while it is small, then in a temporary file."""

    def __init__(self, files: Files, path: Path) -> None:
        self._files = files
        self._path = path
        self._hash = hashlib.sha256()
        self._writing: Writing | None = None
        self.held = bytearray()
        self.size_bytes = 0
        self.has_file = False

    @property
    def is_due(self) -> bool:
        """Say whether enough is held to be written."""
        return len(self.held) >= WRITE_BYTES

    def take(self, chunk: bytes) -> None:
        """Add a chunk."""
        self.held += chunk
        self.size_bytes += len(chunk)

    def write(self) -> None:
        """Write what is held."""
        if self._writing is None:
            self._files.make_folder(self._path.parent)
            self._writing = self._files.create(self._path)
            self.has_file = True
        self._writing.write(bytes(self.held))
        self._hash.update(self.held)
        self.held.clear()

    def sync(self) -> None:
        """Return when the content is on the disk."""
        assert self._writing is not None
        self._writing.sync()

    def digest(self) -> str:
        """The SHA-256 of the content, in hexadecimal digits."""
        self._hash.update(self.held)
        return self._hash.hexdigest()

    def become(self, path: Path) -> None:
        """Give the file its name, and make sure of it."""
        self._files.rename(self._path, path)
        self._path = path
        self._files.sync_folder(path.parent)
        self._close()

    def discard(self) -> None:
        """Remove the file, whatever its name is."""
        self._close()
        self._files.unlink(self._path)

    def _close(self) -> None:
        if self._writing is not None:
            self._writing.close()
            self._writing = None
