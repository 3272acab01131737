"""The threads that answer requests on one processor, all else on any."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pileus.kernel import processors

AFFINITY = "import os; print(len(os.sched_getaffinity(0)))"


@pytest.fixture
def settled():
    """Run in a thread: a test process must not stay where it was put."""
    pool = ThreadPoolExecutor(1)
    pool.submit(processors.settle).result()
    yield pool
    pool.shutdown()
    processors._all = None


def speed(system: Path, processor: int, name: str, value: str) -> None:
    file = system / f"cpu{processor}" / name
    file.parent.mkdir(parents=True)
    file.write_text(value)


def test_a_thread_settles_on_one_processor_and_may_roam_again(settled):
    assert 1 == len(settled.submit(os.sched_getaffinity, 0).result())
    settled.submit(processors.roam).result()
    assert os.sched_getaffinity(0) == settled.submit(os.sched_getaffinity, 0).result()


def test_a_child_may_use_every_processor(settled):
    def child() -> str:
        process = subprocess.Popen(
            [sys.executable, "-c", f"input(); {AFFINITY}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        processors.roam(process.pid)
        return process.communicate("\n")[0].strip()

    assert str(len(os.sched_getaffinity(0))) == settled.submit(child).result()


def test_a_child_may_be_kept_off_the_threads_processor(settled):
    def child() -> str:
        process = subprocess.Popen(
            [sys.executable, "-c", "input(); import os; print(os.sched_getaffinity(0))"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        processors.keep_off(process.pid)
        return process.communicate("\n")[0].strip()

    own = settled.submit(os.sched_getaffinity, 0).result()
    # Where there is but one, nobody is kept off it.
    others = os.sched_getaffinity(0) - own or own
    assert str(others) == settled.submit(child).result()


def test_work_elsewhere_takes_no_time_where_there_are_several_processors(settled):
    several = len(os.sched_getaffinity(0)) > 1
    assert several is settled.submit(processors.are_several).result()


def test_a_child_that_has_ended_needs_no_processor(settled):
    process = subprocess.Popen(["true"])
    process.wait()
    processors.roam(process.pid)


def test_where_nobody_settled_nothing_is_changed():
    before = os.sched_getaffinity(0)
    processors.roam()
    assert before == os.sched_getaffinity(0)


def test_the_fastest_are_chosen(tmp_path):
    speed(tmp_path, 0, "cpufreq/cpuinfo_max_freq", "2000000")
    speed(tmp_path, 1, "cpufreq/cpuinfo_max_freq", "3000000")
    speed(tmp_path, 2, "cpufreq/cpuinfo_max_freq", "3000000")
    chosen = {processors.choose(frozenset({0, 1, 2}), tmp_path, number) for number in range(10)}
    assert {1, 2} == chosen


def test_what_the_system_says_nothing_of_is_all_alike(tmp_path):
    speed(tmp_path, 3, "cpu_capacity", "unknown\n")
    chosen = {processors.choose(frozenset({3, 5}), tmp_path, number) for number in range(10)}
    assert {3, 5} == chosen
