"""What the hot path remembers is never older than a change that was told."""

from __future__ import annotations

import pytest

from pileus.kernel.clock import Clock
from pileus.kernel.waiting import Waiting
from pileus.services.lambda_.functions.live_functions import Remembered

TOPIC = "arn:aws:lambda:us-east-1:000000000000:function:one"


@pytest.fixture
def waiting() -> Waiting:
    return Waiting(Clock())


def test_a_value_is_kept_until_its_topic_changes(waiting: Waiting) -> None:
    remembered: Remembered[str] = Remembered(waiting)
    assert remembered.keep(TOPIC, "one", remembered.begin(TOPIC))
    assert "one" == remembered.get(TOPIC)
    waiting.wake(TOPIC)
    assert remembered.get(TOPIC) is None


def test_a_value_that_was_read_before_a_change_is_not_kept(waiting: Waiting) -> None:
    remembered: Remembered[str] = Remembered(waiting)
    mark = remembered.begin(TOPIC)
    waiting.wake(TOPIC)
    assert not remembered.keep(TOPIC, "old", mark)
    assert remembered.get(TOPIC) is None
    assert remembered.keep(TOPIC, "new", remembered.begin(TOPIC))


def test_a_value_that_was_read_before_its_topic_was_forgotten_is_not_kept(
    waiting: Waiting,
) -> None:
    remembered: Remembered[str] = Remembered(waiting)
    mark = remembered.begin(TOPIC)
    # Another reader has found that there is nothing.
    remembered.begin(TOPIC)
    remembered.forget(TOPIC)
    # This change is heard by nobody.
    waiting.wake(TOPIC)
    assert not remembered.keep(TOPIC, "old", mark)
    # Nor once somebody listens again.
    fresh = remembered.begin(TOPIC)
    assert not remembered.keep(TOPIC, "old", mark)
    assert remembered.keep(TOPIC, "new", fresh)
    assert "new" == remembered.get(TOPIC)


def test_changes_are_told_with_their_topic(waiting: Waiting) -> None:
    told: list[str] = []
    remembered: Remembered[str] = Remembered(waiting)
    remembered.begin(TOPIC, told.append)
    waiting.wake(TOPIC)
    remembered.forget(TOPIC)
    waiting.wake(TOPIC)
    assert [TOPIC] == told
