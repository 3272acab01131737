"""What ends when: environments, the host, the server, and what is left of them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

import pytest

import pileus
from e2e.sandbox.machine import Machine
from e2e.sandbox.test_containment import processes_in
from pileus.kernel.fleet import Failure, StartFailure
from pileus.sandbox.frames import FleetSettings
from pileus.sandbox.isolation import cgroups

CODE = "def handler(event, context): return event"
WHERE = """
    import os
    def handler(event, context): return os.readlink("/proc/self/ns/pid")
"""
SLEEP = """
    import time
    def handler(event, context): time.sleep(100)
"""
_DEADLINE_SECONDS = 30.0


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    machine.close()


def children(pid: int) -> set[int]:
    found: set[int] = set()
    for each in Path(f"/proc/{pid}/task").glob("*/children"):
        # It may end while it is looked at.
        with suppress(OSError):
            found.update(map(int, each.read_text().split()))
    return found


def descendants(pid: int) -> set[int]:
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        mine = children(waiting.pop())
        found |= mine
        waiting += mine
    return found


def waiting_runtimes(host: int) -> set[int]:
    """The processes of runtimes in sandboxes that wait; the host, zygotes and processes 1 have
    each what is forked from them.
    """
    found = {host}
    for _ in range(3):
        found = {child for each in found for child in children(each)}
    return found


def holds_within_seconds(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + _DEADLINE_SECONDS
    while not condition() and time.monotonic() < end:
        os.sched_yield()
    return condition()


def kill_host(machine: Machine) -> None:
    assert machine.fleet.host_pid
    os.kill(machine.fleet.host_pid, signal.SIGKILL)


def test_a_killed_host_ends_all_its_environments(mortal: Machine) -> None:
    idle, busy = mortal.start(CODE), mortal.start(SLEEP)
    idle.answer()
    future = busy.begin()
    kill_host(mortal)
    result = future.result(5)
    assert (Failure.EXIT, False) == (result.failure, result.is_reusable)
    assert (True, True) == (idle.ended.wait(5), busy.ended.wait(5))
    assert [False, False] == [each.environment.is_alive for each in (idle, busy)]
    assert {} == mortal.listeners


def test_after_a_killed_host_the_next_start_brings_another(mortal: Machine) -> None:
    first = mortal.start(CODE)
    kill_host(mortal)
    assert first.ended.wait(5)
    assert 7 == mortal.start(CODE).answer(7)


def test_an_invocation_of_a_dead_environment_is_an_exit(mortal: Machine) -> None:
    tried = mortal.start(CODE)
    kill_host(mortal)
    assert tried.ended.wait(5)
    result = tried.result()
    assert (Failure.EXIT, False) == (result.failure, result.has_begun)


SERVER = """
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from e2e.sandbox.machine import Machine
machine = Machine(Path(sys.argv[1]))
tried = machine.start(
    "import subprocess\\ndef handler(e, c): return subprocess.Popen(['sleep', '99']).pid")
tried.answer()
print("ready", flush=True)
sys.stdin.read()
"""


def test_nothing_survives_a_killed_server(tmp_path: Path) -> None:
    source, tests = Path(pileus.__file__).parents[1], Path(__file__).parents[2]
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(tmp_path), str(tests)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(source), *filter(None, sys.path)])},
    )
    assert server.stdin is not None and server.stdout is not None
    with server:
        assert b"ready\n" == server.stdout.readline()
        family = descendants(server.pid)
        assert len(family) >= 5
        server.kill()
    assert holds_within_seconds(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family))


def test_a_new_host_sweeps_what_an_old_one_has_left(mortal: Machine) -> None:
    needs_groups()
    found = groups_of(mortal.start(WHERE).answer())
    assert found
    kill_host(mortal)
    assert [True] * len(found) == [each.exists() for each in found]
    mortal.start(CODE).answer()
    assert holds_within_seconds(lambda: not any(each.exists() for each in found))


def needs_groups() -> None:
    groups = cgroups.open_groups()
    if groups is None:
        pytest.skip("control groups: there is no permission to make them")
    groups.close()


def groups_of(namespace: str) -> list[Path]:
    """The groups that hold the processes of a pid namespace."""
    members = set(processes_in(namespace))
    found = []
    # Groups of other tests come and go meanwhile: a walk passes over what has gone.
    for folder, _, _ in os.walk("/sys/fs/cgroup"):
        place = Path(folder)
        if fnmatch(folder, "*/pileus-*/environment-*"):
            with suppress(OSError):
                if members & set((place / "cgroup.procs").read_text().split()):
                    found.append(place)
    return found


def test_groups_go_with_their_environment(mortal: Machine) -> None:
    needs_groups()
    tried = mortal.start(WHERE)
    found = groups_of(tried.answer())
    assert found
    tried.stop()
    assert holds_within_seconds(lambda: not any(each.exists() for each in found))


def test_an_unknown_runtime_is_a_clear_start_failure(machine: Machine) -> None:
    with pytest.raises(StartFailure, match=r"No interpreter for the runtime cobol3\.x"):
        machine.start(CODE, runtime="cobol3.x")


def test_code_outside_the_packages_is_a_start_failure(machine: Machine) -> None:
    with pytest.raises(StartFailure, match="is not below"):
        machine.start(CODE, code_path="/etc")


def test_code_that_is_gone_is_a_start_failure_and_others_go_on(machine: Machine) -> None:
    with pytest.raises(StartFailure, match=r"mount bind /var/task: No such file or directory\.$"):
        machine.start(CODE, code_path=str(machine.packages / "gone"))
    assert 1 == machine.start(CODE).answer(1)


def test_an_init_beyond_its_time_is_tried_again_with_the_functions_time(tmp_path: Path) -> None:
    machine = Machine(tmp_path, init_seconds_max=0.3)
    tried = machine.start("import time\ntime.sleep(60)")
    began = time.monotonic()
    result = tried.result(timeout_seconds=0.5)
    reports = [text.split("\t") for text in tried.texts if text.startswith("INIT_REPORT")]
    assert (Failure.INIT_TIMEOUT, [["Phase: init", "Status: timeout"]]) == (
        result.failure,
        [report[1:] for report in reports],
    )
    assert 0.8 == pytest.approx(time.monotonic() - began, abs=0.5)
    machine.close()


def test_init_has_ten_seconds() -> None:
    assert 10.0 == FleetSettings("", "").init_seconds_max


def test_a_slow_init_that_ends_in_time_delays_the_first_invocation(machine: Machine) -> None:
    tried = machine.start(f"import time\ntime.sleep(0.3)\n{CODE}")
    result = tried.result(timeout_seconds=0.2)
    assert Failure.NONE is result.failure
    # The host begins to measure a little after the runtime has begun to run.
    assert result.init_ms is not None and result.init_ms > 250 > result.duration_ms


def test_what_ends_while_idle_is_reported(machine: Machine) -> None:
    tried = machine.start("""
        import os, threading
        def handler(event, context): threading.Timer(0.05, os._exit, [5]).start()
    """)
    tried.answer()
    assert tried.ended.wait(5)


def test_a_start_that_nobody_waits_for_is_undone(machine: Machine) -> None:
    before = set(machine.listeners)

    async def give_up() -> bool:
        start = asyncio.wrap_future(machine.begin(CODE))
        await asyncio.sleep(0)
        return start.cancel()

    assert machine.loop.run(give_up())
    assert 1 == machine.start(CODE).answer(1)
    assert holds_within_seconds(lambda: len(set(machine.listeners) - before) == 1)


def test_an_invocation_that_nobody_waits_for_ends_its_environment(machine: Machine) -> None:
    tried = machine.start(SLEEP)
    future = tried.begin()
    assert holds_within_seconds(lambda: tried.environment.is_alive)
    assert future.cancel()
    assert holds_within_seconds(lambda: tried.environment.ended.done())


def test_a_prepared_runtime_starts_at_once(mortal: Machine) -> None:
    mortal.loop.run(mortal.fleet.prepare("python3.11"))
    host = mortal.fleet.host_pid
    assert host
    assert holds_within_seconds(lambda: bool(waiting_runtimes(host)))
    assert 1 == mortal.start(CODE).answer(1)


def test_a_runtime_that_has_died_before_its_function_came_is_replaced(mortal: Machine) -> None:
    mortal.loop.run(mortal.fleet.prepare("python3.11"))
    host = mortal.fleet.host_pid
    assert host
    assert holds_within_seconds(lambda: bool(waiting_runtimes(host)))
    for runtime in waiting_runtimes(host):
        os.kill(runtime, signal.SIGKILL)
    assert 1 == mortal.start(CODE).answer(1)
