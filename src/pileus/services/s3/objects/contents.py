"""The bytes of versions: in a row, in a file, or in the parts of an upload."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from pileus.kernel import blobs
from pileus.services.s3.multipart import store as parts_store
from pileus.services.s3.objects.ranges import Span
from pileus.services.s3.objects.shelf import PARTS
from pileus.services.s3.objects.store import Version

if TYPE_CHECKING:
    from pileus.kernel.call import Call
    from pileus.kernel.transaction import Transaction

_PAGE = 500


def opened(
    tx: Transaction, call: Call, version: Version, span: Span
) -> bytes | AsyncIterator[bytes]:
    """Inside a transaction about the bucket: bytes, or how to read them after it.

    The version was found with its body.
    """
    if version.body is not None:
        return span.of(version.body)
    if version.content.startswith(PARTS):
        return of_parts(call, tx.about, version.content[1:], span)
    found = blobs.find(tx, version.content)
    assert found is not None, f"the blob {version.content} of an object is gone"
    return tx.kernel.blobs.read_found(found, first=span.first, size_bytes=span.size_bytes)


async def of_parts(call: Call, about: str, upload_id: str, span: Span) -> AsyncIterator[bytes]:
    """The bytes of a span, part after part."""
    end = after = 0
    while True:
        parts = await call.read(parts_store.parts_after, upload_id, after, _PAGE, about=about)
        for part in parts:
            after = part.number
            begin, end = end, end + part.size_bytes
            if end <= span.first:
                continue
            if begin >= span.end:
                return
            first = max(span.first - begin, 0)
            pieces = call.kernel.blobs.read(
                part.digest, about=about, first=first,
                size_bytes=min(span.end, end) - begin - first,
            )  # fmt: skip
            async for piece in pieces:
                yield piece
        if len(parts) < _PAGE:
            return
