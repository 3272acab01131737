"""Follows a stream for a consumer for as long as nobody ends it: what workers of consumers run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pileus.kernel.errors import AwsError
from pileus.kernel.shards.batches import Consumer, Reading
from pileus.kernel.shards.readers import GONE, StreamReaders, forget_all
from pileus.kernel.shards.sources import Source

if TYPE_CHECKING:
    from pileus.kernel.call import Call

log = logging.getLogger(__name__)

_PAUSE_MS = 1_000
_PAUSE_MAX_MS = 3_600_000


async def follow(
    call: Call, source: Source, reading: Reading, consumer: Consumer, key: str
) -> None:
    """Read until cancelled; a stream that is gone is waited for without asking."""
    failures = 0
    async with call.watching(source.stream_arn) as changed:
        while True:
            try:
                await StreamReaders(call, source, reading, consumer, key).run()
                failures = 0
            except AwsError as refusal:
                log.warning("%s cannot read %s: %s", key, source.arn, refusal)
                if refusal.code != GONE:
                    failures += 1
                    pause_ms = min(_PAUSE_MS * 2 ** min(failures - 1, 20), _PAUSE_MAX_MS)
                    await call.kernel.clock.sleep_until(call.kernel.clock.now() + pause_ms)
                    continue
                # One of its name that is made later is another stream.
                await forget_all(call, key)
            await changed()
