"""Bodies on their way in: what requests say of them, and how they are watched as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TypedDict

from pileus.kernel.trailing_work import TrailingWork
from pileus.services.s3.objects.digests import Digests

# A thread is asked once for so much.
_PIECE_BYTES = 1024 * 1024


class ChecksumSettings(TypedDict, total=False):
    """Members that carry the checksum of a body, or of a whole object."""

    checksum_crc32: str
    checksum_crc32_c: str
    checksum_crc64_nvme: str
    checksum_sha1: str
    checksum_sha256: str


class BodySettings(ChecksumSettings, total=False):
    """Members that tell of a body what its receiver checks."""

    checksum_algorithm: str
    content_length: int
    content_md5: str


async def pieces(body: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(body, bytes):
        yield body
    else:
        async for piece in body:
            yield piece


async def watched(body: bytes | AsyncIterator[bytes], digest: Digests) -> AsyncIterator[bytes]:
    """Hand a body on, while a thread looks at it a megabyte at a time."""

    def look(at: Sequence[bytes]) -> None:
        for piece in at:
            digest.update(piece)

    held: list[bytes] = []
    held_bytes = 0
    looking = TrailingWork(look)
    try:
        async for piece in pieces(body):
            held.append(piece)
            held_bytes += len(piece)
            if held_bytes >= _PIECE_BYTES:
                await looking.give(held)
                held, held_bytes = [], 0
            yield piece
        if held:
            await looking.give(held)
        await looking.finished()
    finally:
        # A thread must not go on with what is given up.
        await looking.rest()
