"""The loop gives a thread its turn."""

from __future__ import annotations

import threading

from pileus.kernel.database.turns import Turn


def test_the_loop_waits_until_the_turn_is_ended():
    turn, done = Turn(30), []

    def work():
        done.append("work")
        turn.end()

    turn.give(threading.Thread(target=work).start)
    assert ["work"] == done


def test_a_turn_that_nobody_ends_is_over_in_time():
    turn = Turn(0.001)
    turn.give(lambda: None)
    # What comes late, or twice, ends nothing and breaks nothing.
    turn.end()
    turn.end()


def test_threads_that_end_a_turn_together_do_not_break_each_other():
    turn = Turn(0.001)

    class Raced:
        """As seen by the thread that looked first and released last."""

        def __init__(self, lock: threading.Lock) -> None:
            self.release = lock.release

        def locked(self) -> bool:
            return True

    turn._lock = Raced(turn._lock)
    turn.end()
