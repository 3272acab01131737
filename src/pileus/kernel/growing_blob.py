"""A large content on its way into a file, before it has the name that its bytes give it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pileus.kernel.database.files import Files, Writing
from pileus.kernel.trailing_work import TrailingWork

WRITE_BYTES = 1024 * 1024


class GrowingBlob:
    """A content as it arrives: in memory while it is small, then in a temporary file.

    Of a large one a thread hashes and another writes what has been taken.
    """

    def __init__(self, files: Files, path: Path) -> None:
        self._files = files
        self._path = path
        self._hash = hashlib.sha256()
        self._writing: Writing | None = None
        self._held: list[bytes] = []
        self._held_bytes = 0
        self.size_bytes = 0
        self.has_file = False
        self._works: list[TrailingWork] = []

    @property
    def is_due(self) -> bool:
        """Say whether enough is held to be written."""
        return self._held_bytes >= WRITE_BYTES

    def take(self, chunk: bytes) -> None:
        """Add a chunk."""
        self._held.append(chunk)
        self._held_bytes += len(chunk)
        self.size_bytes += len(chunk)

    def release(self) -> list[bytes]:
        """Hand out what is held, to be written next."""
        released, self._held, self._held_bytes = self._held, [], 0
        return released

    def hash(self, pieces: Sequence[bytes]) -> None:
        """Count them into the digest."""
        for piece in pieces:
            self._hash.update(piece)

    def write(self, pieces: Sequence[bytes]) -> None:
        """Write what was held."""
        if self._writing is None:
            self._files.make_folder(self._path.parent)
            self._writing = self._files.create(self._path)
            self.has_file = True
        for piece in pieces:
            self._writing.write(piece)

    async def write_on(self) -> None:
        """Have what is held hashed and written, while more is taken."""
        if not self._works:
            self._works = [TrailingWork(self.hash), TrailingWork(self.write)]
        pieces = self.release()
        for work in self._works:
            await work.give(pieces)

    async def written(self) -> None:
        """Return when nothing is being written; raises where that has failed."""
        for work in self._works:
            await work.finished()

    async def rest(self) -> None:
        """Return when nothing is being written, whatever has come of it."""
        for work in self._works:
            await work.rest()

    def whole(self) -> bytes:
        """The content, of which nothing has been written."""
        body = b"".join(self.release())
        self._hash.update(body)
        return body

    def sync(self) -> None:
        """Return when the content is on the disk."""
        assert self._writing is not None
        self._writing.sync()

    def digest(self) -> str:
        """The SHA-256 of what was written, in hexadecimal digits."""
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
