"""Sends a response body piece by piece, no faster than its client reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from pileus.kernel.request import CutShort

if TYPE_CHECKING:
    from pileus.gateway.connection import Connection
    from pileus.gateway.exchange import Exchange


async def send_stream(
    connection: Connection,
    exchange: Exchange,
    pieces: AsyncIterator[bytes],
    is_chunked: bool,
    length: int | None,
) -> None:
    """Write every piece; whatever ends the iterator early also breaks the connection off.

    A client can then tell a cut answer from a whole one.
    """
    is_whole = False
    sent_bytes = 0
    try:
        async for piece in pieces:
            if piece:
                sent_bytes += len(piece)
                if length is not None and sent_bytes > length:
                    return
                connection.write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
            if not connection.is_writable:
                await connection.wait_writable()
        if is_chunked:
            connection.write(b"0\r\n\r\n")
        is_whole = length is None or sent_bytes == length
    except CutShort:
        pass
    finally:
        await close_pieces(pieces)
        connection.end_stream(exchange, is_whole)


async def close_pieces(pieces: AsyncIterator[bytes]) -> None:
    close = getattr(pieces, "aclose", None)
    if close is not None:
        await close()
