"""How events of a subscription follow each other."""

from __future__ import annotations

import asyncio

from pileus.kernel.clock import Clock
from pileus.services.kinesis.consumers import subscriptions
from support.real_time import FakeRealTime


def passed(since_last_event_ms: float, waited_ms: float) -> bool:
    """Whether the next event may go out so long after the last one."""
    real = FakeRealTime()
    clock = Clock(real)
    clock.freeze()

    async def gather() -> bool:
        sent_ms = clock.monotonic_ms() - since_last_event_ms
        task = asyncio.ensure_future(subscriptions.gather(clock, sent_ms))
        await asyncio.sleep(0)
        real.pass_seconds(waited_ms / 1000)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        is_over = task.done()
        task.cancel()
        return is_over

    return asyncio.run(gather())


def test_records_that_follow_an_event_closely_are_gathered() -> None:
    assert not passed(since_last_event_ms=0, waited_ms=subscriptions.GATHER_MS - 1)
    assert passed(since_last_event_ms=0, waited_ms=subscriptions.GATHER_MS)
    assert passed(since_last_event_ms=30, waited_ms=subscriptions.GATHER_MS - 30)


def test_records_after_a_pause_are_sent_at_once() -> None:
    assert passed(since_last_event_ms=subscriptions.GATHER_MS, waited_ms=0)
    assert passed(since_last_event_ms=float("inf"), waited_ms=0)
