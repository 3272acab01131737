"""Whatever batches come to, and whenever a reader dies: no record is lost, none comes too early."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pileus.kernel.shards import decisions
from pileus.kernel.shards.batches import Batch, Outcome, Reading
from pileus.kernel.shards.lanes import Lane
from pileus.kernel.shards.progress import LaneProgress
from pileus.kernel.shards.records import Record
from pileus.kernel.shards.sources import Start

SHARD = "shardId-000000000000"
WELL, FAILED, IN_PART, REFUSED, CRASHED, DIED_BEFORE_KEEPING = range(6)


class Shard:
    """A lane that is fed from a shard's records, and the progress that survives it."""

    def __init__(self, count: int, reading: Reading) -> None:
        self.records = [
            Record(str(number), number, b"k", number * 1_000, {}, 100)
            for number in range(1, count + 1)
        ]
        self.reading = reading
        self.progress = LaneProgress()
        self.done: list[int] = []
        self.given_up: set[int] = set()
        self.now = 0
        self.begin()

    def begin(self) -> None:
        """A reader begins at the progress that was kept."""
        self.lane = Lane(self.reading, SHARD, self.progress)
        for record in self.records:
            self.lane.add(record, self.now)

    def step(self, end: int, place: int) -> None:
        self.now += 1_000_000
        batch = self.lane.next_batch(self.now, has_room=True, has_more=False, is_ended=True)
        if batch is None:
            return
        if end == CRASHED:
            self.begin()
            return
        if end == REFUSED:
            self.lane.refuse(self.now)
            return
        self.conclude(batch, end, place)

    def conclude(self, batch: Batch, end: int, place: int) -> None:
        count = len(batch.records)
        failed_at = None
        if end == FAILED or (end == IN_PART and count):
            failed_at = 0 if end == FAILED else place % count
        outcome = Outcome(failed_at, state="{}" if batch.window else None)
        step = decisions.after(batch, outcome, self.reading)
        handled = [record.number for record in batch.records[: step.finished - step.given_up]]
        lost = [record.number for record in batch.records[: step.finished]][len(handled) :]
        self.done += handled
        if end == DIED_BEFORE_KEEPING:
            # What was done is done again.
            self.begin()
            return
        self.given_up |= set(lost)
        self.progress = self.lane.after(step)
        self.lane.take(step, self.now)
        assert self.progress == self.lane.progress
        passed = int(self.progress.done or 0)
        assert set(range(1, passed + 1)) <= set(self.done) | self.given_up


@settings(max_examples=100, deadline=None)
@given(
    count=st.integers(1, 30),
    batch_size=st.integers(1, 10),
    is_bisecting=st.booleans(),
    retries_max=st.integers(-1, 3),
    tumbling_seconds=st.sampled_from([0, 5]),
    ends=st.lists(
        st.tuples(st.integers(WELL, DIED_BEFORE_KEEPING), st.integers(0, 9)), max_size=40
    ),
)
def test_every_record_is_done_or_given_up_and_none_before_those_before_it(
    count: int,
    batch_size: int,
    is_bisecting: bool,
    retries_max: int,
    tumbling_seconds: int,
    ends: list[tuple[int, int]],
) -> None:
    reading = Reading(
        start=Start(), batch_size=batch_size, is_bisecting=is_bisecting, retries_max=retries_max,
        tumbling_seconds=tumbling_seconds,
    )  # fmt: skip
    shard = Shard(count, reading)
    for end, place in ends:
        shard.step(end, place)
    for _ in range(4 * count + 10):
        shard.step(WELL, 0)
    everything = set(range(1, count + 1))
    assert everything == set(shard.done) | shard.given_up
    assert not shard.lane.waiting
    first_times = list(dict.fromkeys(shard.done))
    assert sorted(first_times) == first_times
