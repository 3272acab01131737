"""What follows from a batch of a shard, and what a lane of a shard has ready."""

from __future__ import annotations

from typing import Any

import pytest

from pileus.kernel.shards import decisions
from pileus.kernel.shards.batches import Batch, Outcome, Reading
from pileus.kernel.shards.decisions import Step
from pileus.kernel.shards.lanes import WINDOW_GRACE_MS, Lane
from pileus.kernel.shards.progress import Attempt, LaneProgress, Window
from pileus.kernel.shards.records import Record
from pileus.kernel.shards.sources import Start

SHARD = "shardId-000000000000"


def reading(**settings: Any) -> Reading:
    return Reading(**{"start": Start(), "batch_size": 10, **settings})


def record(number: int, at: int = 0, size: int = 100) -> Record:
    return Record(str(number), number, b"k", at, {}, size)


def batch(*numbers: int, failures: int = 0, **more: Any) -> Batch:
    return Batch(SHARD, [record(number) for number in numbers], failures, **more)


def test_a_batch_that_went_well_is_done() -> None:
    assert Step(3) == decisions.after(batch(1, 2, 3), Outcome(), reading())


def test_a_failed_batch_is_tried_again_after_a_pause() -> None:
    expected = Step(0, attempts=[Attempt("3", 3)], is_paused=True)
    assert expected == decisions.after(batch(1, 2, 3, failures=2), Outcome(0), reading())


@pytest.mark.parametrize(("retries_max", "is_over"), [(0, True), (1, False), (-1, False)])
def test_retries_end_with_their_number(retries_max: int, is_over: bool) -> None:
    step = decisions.after(batch(1, 2), Outcome(0), reading(retries_max=retries_max))
    assert is_over == (step.given_up == 2)


def test_what_was_done_before_a_failure_is_done() -> None:
    expected = Step(2, attempts=[Attempt("4", 1)], is_paused=True)
    assert expected == decisions.after(batch(1, 2, 3, 4, failures=5), Outcome(2), reading())


def test_what_is_left_after_a_partial_failure_may_be_given_up() -> None:
    step = decisions.after(batch(1, 2, 3), Outcome(1), reading(retries_max=0))
    assert (3, 2) == (step.finished, step.given_up)


def test_a_batch_is_split_in_the_middle_without_counting() -> None:
    found = decisions.after(batch(1, 2, 3, failures=1), Outcome(0), reading(is_bisecting=True))
    assert Step(0, attempts=[Attempt("2", 1), Attempt("3", 1)]) == found


def test_a_batch_that_failed_in_part_is_split_there() -> None:
    found = decisions.after(batch(1, 2, 3), Outcome(1), reading(is_bisecting=True))
    assert Step(1, attempts=[Attempt("3", 0)]) == found


def test_a_single_record_is_not_split() -> None:
    settings = reading(is_bisecting=True, retries_max=0)
    step = decisions.after(batch(1), Outcome(0), settings)
    assert (1, 1, "RetryAttemptsExhausted") == (step.finished, step.given_up, step.condition)


def test_what_is_hopeless_is_given_up_at_once() -> None:
    step = decisions.after(batch(1), Outcome(0, is_hopeless=True), reading(is_bisecting=True))
    assert Step(1, 1, "RetryAttemptsExhausted") == step


def test_a_state_beyond_its_limit_ends_the_window_early() -> None:
    window = Window(0, 60_000)
    for size, is_early in ((decisions.STATE_BYTES_MAX, False), (1024 * 1024 + 1, True)):
        step = decisions.after(batch(1, window=window), Outcome(state="x" * size), reading())
        assert step.window is not None
        assert is_early == step.window.is_early


def test_a_failed_batch_keeps_the_state_that_was() -> None:
    window = Window(0, 60_000, '{"n": 1}')
    assert window == decisions.after(batch(1, window=window), Outcome(0), reading()).window


def test_a_window_is_dropped_when_its_last_run_has_no_retries_left() -> None:
    last = batch(window=Window(0, 60_000, failures=1), is_final=True)
    kept = decisions.after(last, Outcome(0), reading())
    assert (True, 2) == (kept.is_paused, kept.window and kept.window.failures)
    assert Step(0) == decisions.after(last, Outcome(0), reading(retries_max=1))


def test_pauses_double_up_to_a_quarter_of_an_hour() -> None:
    assert [1, 2, 4, 8] == [decisions.pause_ms(number) // 1000 for number in (1, 2, 3, 4)]
    assert 900_000 == decisions.pause_ms(1_000_000)
    assert [1_000, 60_000] == [decisions.refused_pause_ms(number) for number in (1, 1_000)]


def lane(progress: LaneProgress | None = None, **settings: Any) -> Lane:
    return Lane(reading(**settings), SHARD, progress or LaneProgress())


def numbers(found: Batch | None) -> list[int]:
    return [] if found is None else [each.number for each in found.records]


def next_of(
    lane: Lane,
    now: int = 0,
    *,
    has_room: bool = True,
    has_more: bool = True,
    is_ended: bool = False,
) -> Batch | None:
    return lane.next_batch(now, has_room=has_room, has_more=has_more, is_ended=is_ended)


def ready(of: Lane, now: int = 0, **how: bool) -> list[int]:
    return numbers(next_of(of, now, **how))


def fill(into: Lane, *found: Record, now: int = 0) -> Lane:
    for each in found:
        into.add(each, now)
    return into


def test_a_lane_skips_what_it_had_done_before_a_restart() -> None:
    made = fill(lane(LaneProgress(done="2")), record(1), record(2), record(3))
    assert [3] == ready(made)


def test_a_window_is_waited_for_unless_the_batch_is_full_or_the_shard_at_its_end() -> None:
    made = fill(lane(window_seconds=5, batch_size=2), record(1))
    assert [] == ready(made, 4_999)
    assert 5_000 == made.due_at(0)
    assert [1] == ready(made, 5_000)
    assert [1] == ready(made, 0, is_ended=True)
    assert [1] == ready(made, 0, has_room=False)
    fill(made, record(2), record(3))
    assert [1, 2] == ready(made)


def test_records_of_a_retry_are_read_again_before_they_are_tried() -> None:
    progress = LaneProgress(attempts=[Attempt("2", 1), Attempt("4", 1)])
    made = fill(lane(progress), record(1))
    assert [] == ready(made)
    fill(made, record(2), record(3), record(4), record(5))
    found = next_of(made, 0)
    assert found is not None
    assert ([1, 2], 1) == (numbers(found), found.failures)
    made.take(decisions.after(found, Outcome(), reading()), 0)
    assert [3, 4] == ready(made)
    assert LaneProgress("2", [Attempt("4", 1)]) == made.progress


def test_a_retry_whose_records_have_expired_is_forgotten() -> None:
    made = fill(lane(LaneProgress(attempts=[Attempt("2", 1)])), record(3), record(4))
    assert [3, 4] == ready(made)


def test_a_lane_rests_after_a_failure() -> None:
    made = fill(lane(), record(1))
    found = next_of(made, 0)
    assert found is not None
    made.take(decisions.after(found, Outcome(0), reading()), 0)
    assert [] == ready(made, 999)
    assert 1_000 == made.due_at(0)
    assert [1] == ready(made, 1_000)


def test_an_event_is_not_larger_than_a_function_takes() -> None:
    large = 3 * 1024 * 1024
    made = fill(lane(), *(record(number, size=large) for number in (1, 2, 3)))
    assert [1] == ready(made)
    fill(made := lane(), record(1, size=4 * large), record(2))
    assert [1] == ready(made)


def test_the_state_of_a_window_takes_room_in_the_event() -> None:
    progress = LaneProgress(window=Window(0, 10_000, "x" * 1024 * 1024))
    half = 2_700_000
    made = fill(lane(progress, tumbling_seconds=10), record(1, size=half), record(2, size=half))
    assert [1] == ready(made)
    assert [1, 2] == ready(fill(lane(), record(1, size=half), record(2, size=half)))


def test_a_tumbling_window_has_its_own_batches() -> None:
    made = lane(tumbling_seconds=10)
    fill(made, record(1, 1_000), record(2, 9_999), record(3, 10_000))
    found = next_of(made, 12_000)
    assert found is not None
    assert ([1, 2], Window(0, 10_000)) == (numbers(found), found.window)
    made.take(decisions.after(found, Outcome(state="1"), reading()), 12_000)
    last = next_of(made, 12_000)
    assert last is not None
    assert (True, Window(0, 10_000, "1")) == (last.is_final, last.window)
    made.take(decisions.after(last, Outcome(), reading()), 12_000)
    assert [3] == ready(made, 12_000)


def test_a_tumbling_window_ends_some_time_after_its_last_record() -> None:
    made = lane(LaneProgress(window=Window(0, 10_000)), tumbling_seconds=10)
    assert next_of(made, 10_000, has_more=False) is None
    ends_at = 10_000 + WINDOW_GRACE_MS
    assert ends_at == made.due_at(10_000)
    # More of its records may still have to be read.
    assert next_of(made, ends_at, has_more=True) is None
    last = next_of(made, ends_at, has_more=False)
    assert last is not None
    assert last.is_final


def test_records_are_old_in_order_of_their_arrival() -> None:
    found = [record(1, 0), record(2, 500), record(3, 1_000)]
    assert 2 == decisions.too_old(found, 400, 1_000)
    assert 0 == decisions.too_old(found, None, 1_000)
