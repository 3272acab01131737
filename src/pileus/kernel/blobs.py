"""Large contents: up to 64 KB in a row, beyond that in a file that a row names.

A blob belongs to one partition: its row is (part, digest), so whoever names it does so in the
transaction of its own partition, on any store. Equal contents are kept once in each partition.

- Staging writes the file and syncs it, and its name, before the transaction that names it begins.
- The row counts its uses. When the last goes, so does the row, and a timer is set that removes the
  file later: until then whoever found the row before may still open the file.
- A file's name is its digest, its partition and a number used once. A dying file is therefore never
  named again: the same content comes with a new file, and the sweep cannot hit it.
- A file lies in `staging` until it is known whether its transaction was committed, then it is in
  `ab/cdef...` or gone. After a crash only `staging` has to be looked through.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, ParamSpec, TypeVar

from pileus.kernel.database.files import Files, RealFiles
from pileus.kernel.database.jobs import partition
from pileus.kernel.errors import AwsError, service_unavailable
from pileus.kernel.growing_blob import GrowingBlob

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

log = logging.getLogger(__name__)

TIMER = "kernel:blob"
ROW_BYTES_MAX = 64 * 1024
READ_BYTES = 1024 * 1024
# How long a file outlives its row, for those who found the row just before.
GRACE_MS = 60_000
# After this no transaction that could still name a staged file is running.
DOUBT_MS = 600_000
TEMPORARY = "new-"

P = ParamSpec("P")
T = TypeVar("T")

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_KEEP = """
INSERT INTO kernel_blobs (part, digest, size_bytes, uses, file, body)
VALUES (:part, :digest, :size_bytes, 1, :file, :body)
ON CONFLICT (part, digest) DO UPDATE SET uses = kernel_blobs.uses + 1
"""
_KEEP_AGAIN = "UPDATE kernel_blobs SET uses = uses + 1 WHERE part = :part AND digest = :digest"
_LET_GO = """
UPDATE kernel_blobs SET uses = uses - 1 WHERE part = :part AND digest = :digest
RETURNING uses, file
"""
_DELETE = "DELETE FROM kernel_blobs WHERE part = :part AND digest = :digest"
_FIND = "SELECT size_bytes, file, body FROM kernel_blobs WHERE part = :part AND digest = :digest"


class Staged(NamedTuple):
    """A content that is safe on the disk, or small enough for a row, and not named yet."""

    digest: str
    size_bytes: int
    part: int
    file: str | None
    body: bytes | None


class Found(NamedTuple):
    """What a blob's row says."""

    size_bytes: int
    file: str | None
    body: bytes | None


class TooLarge(Exception):
    """The content is longer than its caller allows."""


class BlobGone(Exception):
    """Nobody names this content in this partition (any more)."""


# In transactions about the resource that the content belongs to.


def keep(tx: Transaction, staged: Staged) -> None:
    """Name a staged content; each use is let go of by its own."""
    assert staged.part == tx.part, "a blob is staged for the partition that names it"
    tx.run(
        _KEEP,
        digest=staged.digest,
        size_bytes=staged.size_bytes,
        file=staged.file,
        body=staged.body,
    )


def keep_again(tx: Transaction, digest: str) -> bool:
    """Name a content once more that this partition has; False where it has it not."""
    return tx.run(_KEEP_AGAIN, digest=digest) > 0


def in_row(content: bytes, *, about: str) -> Staged:
    """Stage a content that is small enough for a row: there is nothing to wait for."""
    assert len(content) <= ROW_BYTES_MAX, "larger contents are files"
    digest = hashlib.sha256(content).hexdigest()
    return Staged(digest, len(content), partition(about), None, content)


def let_go(tx: Transaction, digest: str) -> None:
    """Give up one use; with the last the content goes."""
    row = tx.one(_LET_GO, digest=digest)
    assert row is not None, f"blob {digest} is not kept in partition {tx.part}"
    uses, file = row
    if uses > 0:
        return
    tx.run(_DELETE, digest=digest)
    if file is not None:
        tx.set_timer(TIMER, file, tx.now + GRACE_MS)


def find(tx: Transaction, digest: str) -> Found | None:
    """Read a blob's row; small contents are in it."""
    row = tx.one(_FIND, digest=digest)
    return None if row is None else Found(*row)


async def sweep(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """The timer of a dying file."""
    await call.kernel.blobs.remove(key)


class Blobs:
    """The files of one data directory. `look_up(part, digest)` reads a row."""

    def __init__(
        self,
        folder: Path,
        look_up: Callable[[int, str], Awaitable[Found | None]],
        number: Callable[[], str],
        monotonic_ms: Callable[[], float],
        files: Files | None = None,
    ) -> None:
        self._folder = folder
        self._staging = folder / "staging"
        self._look_up = look_up
        self._number = number
        self._monotonic_ms = monotonic_ms
        self._files = files or RealFiles()
        self._doubtful: deque[tuple[float, Staged]] = deque()
        # Held while files must not disappear: a snapshot copies them.
        self.removing = asyncio.Lock()

    async def start(self) -> None:
        """Decide what becomes of files that an earlier process left in doubt."""
        files = self._files
        for name in await _in_thread(files.names, self._staging):
            if name.startswith(TEMPORARY):
                await _in_thread(files.unlink, self._staging / name)
            else:
                digest, part, _ = name.split("-")
                await self._settle(Staged(digest, 0, int(part), name, None))

    @asynccontextmanager
    async def staged(
        self, content: bytes | AsyncIterator[bytes], *, about: str, size_max_bytes: int
    ) -> AsyncIterator[Staged]:
        """Have a content safe for the length of a `with`, in which a transaction may keep it.

        Raises TooLarge, AwsError 503 where the disk is full, and ConnectionError where the
        content breaks off with one.
        """
        while self._doubtful and self._doubtful[0][0] < self._monotonic_ms() - DOUBT_MS:
            await self._settle(self._doubtful.popleft()[1])
        async with self._held(await self._stage(content, partition(about), size_max_bytes)) as held:
            yield held

    @asynccontextmanager
    async def staged_again(self, digest: str, *, of: str, about: str) -> AsyncIterator[Staged]:
        """Have what one resource keeps safe for another's transaction, without copying a file.

        Raises BlobGone where the first does not keep it.
        """
        found = await self._look_up(partition(of), digest)
        if found is None:
            raise BlobGone(digest)
        staged = Staged(digest, found.size_bytes, partition(about), None, found.body)
        if found.file is not None:
            name = f"{digest}-{staged.part}-{self._number()}"
            await _in_thread(self._link, found.file, name)
            staged = staged._replace(file=name)
        async with self._held(staged) as held:
            yield held

    @asynccontextmanager
    async def _held(self, staged: Staged) -> AsyncIterator[Staged]:
        try:
            yield staged
        except AwsError as refusal:
            # A 503 may come from a commit whose outcome is not known; others are final.
            await self._settle_or_doubt(staged, is_final=refusal.status != 503)
            raise
        except BaseException:
            await self._settle_or_doubt(staged, is_final=False)
            raise
        await self._settle_or_doubt(staged, is_final=True)

    async def read(
        self, digest: str, *, about: str, first: int = 0, size_bytes: int | None = None
    ) -> AsyncIterator[bytes]:
        """Read a content, or `size_bytes` of it from `first` on; BlobGone where nobody keeps it."""
        found = await self._look_up(partition(about), digest)
        if found is None:
            raise BlobGone(digest)
        pieces = self.read_found(found, first=first, size_bytes=size_bytes)
        try:
            async for chunk in pieces:
                yield chunk
        finally:
            await pieces.aclose()

    async def read_found(
        self, found: Found, *, first: int = 0, size_bytes: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Read what a row named a moment ago, even if it is let go of meanwhile."""
        end = found.size_bytes if size_bytes is None else min(found.size_bytes, first + size_bytes)
        if found.file is None:
            assert found.body is not None
            yield found.body[first:end]
            return
        file = await _in_thread(self._open, found.file, first)
        # A thread reads on while the reader is busy with the piece before.
        reading: asyncio.Future[bytes] | None = None
        try:
            while first < end:
                if reading is None:
                    reading = _read_on(file, end - first)
                chunk = await reading
                reading = None
                assert chunk, f"the file {found.file} is shorter than its row says"
                first += len(chunk)
                if first < end:
                    reading = _read_on(file, end - first)
                yield chunk
        finally:
            if reading is not None and not reading.done():
                await asyncio.wait([reading])
            file.close()

    async def load(self, digest: str, *, about: str) -> bytes:
        """Read a whole content into memory."""
        return b"".join([chunk async for chunk in self.read(digest, about=about)])

    async def remove(self, file: str) -> None:
        """Unlink a file that no row names any more."""
        async with self.removing:
            await _in_thread(self._remove, file)

    def _place(self, file: str) -> Path:
        return self._folder / file[:2] / file[2:]

    def _open(self, file: str, first: int) -> BinaryIO:
        # It may be moved from staging to its place at any moment, so that is looked at last.
        for path in (self._staging / file, self._place(file)):
            try:
                opened = self._files.open(path)
            except FileNotFoundError:
                continue
            opened.seek(first)
            return opened
        raise BlobGone(file)

    async def _stage(
        self, content: bytes | AsyncIterator[bytes], part: int, size_max_bytes: int
    ) -> Staged:
        growing = GrowingBlob(self._files, self._staging / f"{TEMPORARY}{self._number()}")
        staged: Staged | None = None
        try:
            async for chunk in _chunks(content):
                growing.take(chunk)
                if growing.size_bytes > size_max_bytes:
                    raise TooLarge(f"more than {size_max_bytes} bytes")
                if growing.is_due:
                    await growing.write_on()
            await growing.written()
            if growing.size_bytes <= ROW_BYTES_MAX:
                body = growing.whole()
                staged = Staged(growing.digest(), len(body), part, None, body)
            else:
                staged = await _in_thread(self._finish, growing, part)
            return staged
        except ConnectionError:
            # Who sends the content has gone; the disk has nothing to do with it.
            raise
        except OSError as error:
            raise _refusal(error) from error
        finally:
            await growing.rest()
            if growing.has_file and staged is None:
                await _in_thread(growing.discard)

    def _link(self, file: str, name: str) -> None:
        """Give a file that is on the disk another name in `staging`."""
        self._files.make_folder(self._staging)
        for path in (self._staging / file, self._place(file)):
            try:
                self._files.link(path, self._staging / name)
            except FileNotFoundError:
                continue
            self._files.sync_folder(self._staging)
            return
        raise BlobGone(file)

    def _finish(self, growing: GrowingBlob, part: int) -> Staged:
        pieces = growing.release()
        growing.hash(pieces)
        growing.write(pieces)
        growing.sync()
        digest = growing.digest()
        name = f"{digest}-{part}-{self._number()}"
        growing.become(self._staging / name)
        return Staged(digest, growing.size_bytes, part, name, None)

    async def _settle_or_doubt(self, staged: Staged, *, is_final: bool) -> None:
        if staged.file is None:
            return
        try:
            if is_final:
                await self._settle(staged)
                return
        except AwsError as refusal:
            # The transaction has ended as it has, whatever the store says now.
            log.warning("a staged blob is looked at later: %s", refusal)
        self._doubtful.append((self._monotonic_ms(), staged))

    async def _settle(self, staged: Staged) -> None:
        """Move the file to its place if its row was committed, else remove it."""
        assert staged.file is not None
        found = await self._look_up(staged.part, staged.digest)
        is_kept = found is not None and found.file == staged.file
        await _in_thread(self._move if is_kept else self._drop, staged.file)

    def _move(self, file: str) -> None:
        """Link, sync, unlink: a rename could lose both names with the power."""
        place = self._place(file)
        self._files.make_folder(place.parent)
        self._files.link(self._staging / file, place)
        self._files.sync_folder(place.parent)
        self._drop(file)

    def _remove(self, file: str) -> None:
        place = self._place(file)
        self._drop(file)
        if self._files.unlink(place):
            # The timer that remembers the file goes after this; the name must not come back.
            self._files.sync_folder(place.parent)

    def _drop(self, file: str) -> None:
        self._files.unlink(self._staging / file)


async def _in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run it in a thread, and leave no thread at work on a file behind when cancelled."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


def _read_on(file: BinaryIO, bytes_left: int) -> asyncio.Future[bytes]:
    return asyncio.ensure_future(asyncio.to_thread(file.read, min(READ_BYTES, bytes_left)))


async def _chunks(content: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(content, bytes):
        yield content
    else:
        async for chunk in content:
            yield chunk


def _refusal(error: OSError) -> AwsError:
    if error.errno in _FULL:
        return service_unavailable("The store's disk is full.")
    log.error("a blob could not be written: %s", error)
    return service_unavailable("The store's disk failed.")
