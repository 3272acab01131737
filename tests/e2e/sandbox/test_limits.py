"""Memory, time, processes, output: what a function may use, and how it ends beyond that."""

from __future__ import annotations

import json
import threading

import pytest

from e2e.sandbox.machine import REQUEST_ID, Machine
from pileus.kernel.fleet import Failure
from pileus.sandbox.isolation import cgroups

TIMED_OUT = {
    "errorType": "Sandbox.Timedout",
    "errorMessage": f"RequestId: {REQUEST_ID} Error: Task timed out after 3.00 seconds",
}
KILLED = {
    "errorType": "Runtime.ExitError",
    "errorMessage": f"RequestId: {REQUEST_ID} Error: Runtime exited with error: signal: killed",
}


def test_a_function_beyond_its_memory_is_killed_as_aws_kills_it(machine: Machine) -> None:
    tried = machine.start(
        """
        def handler(event, context):
            kept = []
            while True:
                kept.append(bytearray(b"x") * (1 << 20))
        """,
        memory_mb=128,
    )
    result = tried.result()
    assert (Failure.OUT_OF_MEMORY, KILLED, "signal: killed", 128, False) == (
        result.failure,
        json.loads(result.payload),
        result.exit_reason,
        result.max_memory_mb,
        result.is_reusable,
    )


def test_two_hundred_megabytes_at_once_do_not_fit_into_128(machine: Machine) -> None:
    code = """
        import time
        def handler(event, context):
            kept = bytearray(b"x") * (event << 20)
            time.sleep(0.3)  # Where memory is only sampled, it has to be there for a while.
            return len(kept)
    """
    tried = machine.start(code, memory_mb=128)
    assert 100 << 20 == tried.answer(100)
    assert Failure.OUT_OF_MEMORY is tried.result(200).failure


def test_memory_of_children_counts(machine: Machine) -> None:
    tried = machine.start(
        """
        import multiprocessing
        def hog(): kept = bytearray(b"x") * (90 << 20); input()
        def handler(event, context):
            children = [multiprocessing.get_context("fork").Process(target=grow) for _ in "ab"]
            for child in children: child.start()
            for child in children: child.join()
        def grow():
            import time
            kept = bytearray(b"x") * (90 << 20)
            time.sleep(10)
        """,
        memory_mb=128,
    )
    assert Failure.OUT_OF_MEMORY is tried.result().failure


def test_a_module_beyond_its_memory_fails_the_first_invocation(machine: Machine) -> None:
    tried = machine.start("kept = bytearray(b'x') * (300 << 20)", memory_mb=128)
    assert Failure.OUT_OF_MEMORY is tried.result().failure


def test_a_small_function_writes_400_megabytes_of_temporary_files(machine: Machine) -> None:
    tried = machine.start(
        """
        import os
        def handler(event, context):
            with open("/tmp/big", "wb") as file:
                for _ in range(400): file.write(bytes(1 << 20))
            return os.path.getsize("/tmp/big")
        """,
        memory_mb=128,
    )
    result = tried.result()
    assert (Failure.NONE, b"419430400") == (result.failure, result.payload)
    assert result.max_memory_mb < 64


def test_temporary_files_end_at_their_size(machine: Machine) -> None:
    tried = machine.start(
        """
        import errno
        def handler(event, context):
            written = 0
            try:
                with open("/tmp/big", "wb", buffering=0) as file:
                    while True: written += file.write(bytes(1 << 20))
            except OSError as error:
                return [errno.errorcode[error.errno], written >> 20]
        """,
        ephemeral_mb=512,
    )
    assert ["ENOSPC", 512] == tried.answer()


def test_memory_used_is_reported(machine: Machine) -> None:
    tried = machine.start("""
        def handler(event, context): return len(bytearray(b"x") * (event << 20))
    """)
    small, large = tried.result(1).max_memory_mb, tried.result(100).max_memory_mb
    assert (True, True) == (0 < small < 60, 100 <= large <= 160)


def test_a_fork_bomb_is_bounded_and_leaves_others_alone(machine: Machine) -> None:
    tried = machine.start(
        """
        import os, time
        def handler(event, context):
            count = 0
            try:
                while True:
                    if os.fork() == 0:
                        time.sleep(30)
                        os._exit(0)
                    count += 1
            except OSError as error:
                return [type(error).__name__, count < 1024]
        """,
        memory_mb=3008,
    )
    bystander = machine.start("def handler(event, context): return 'well'")
    assert ["BlockingIOError", True] == tried.answer()
    assert "well" == bystander.answer()
    tried.stop()


def test_a_fork_bomb_in_earnest_ends_with_its_deadline(machine: Machine) -> None:
    tried = machine.start("""
        import os
        def handler(event, context):
            while True:
                try: os.fork()
                except OSError: pass
    """, memory_mb=128)  # fmt: skip
    result = tried.result(timeout_seconds=1.0)
    assert result.failure in (Failure.TIMEOUT, Failure.OUT_OF_MEMORY)
    tried.stop()


def test_open_files_are_bounded(machine: Machine) -> None:
    tried = machine.start("""
        import errno, os
        def handler(event, context):
            kept = []
            try:
                while True: kept.append(os.open("/dev/null", os.O_RDONLY))
            except OSError as error:
                return [errno.errorcode[error.errno], len(kept) < 1024]
    """)
    assert ["EMFILE", True] == tried.answer()


def test_output_beyond_measure_is_dropped_and_counted(machine: Machine) -> None:
    tried = machine.start("""
        import os
        def handler(event, context):
            line = b"x" * 1023 + b"\\n"
            for _ in range(event): os.write(1, line * 64)
    """)
    tried.answer(400)
    kept = sum(len(text) + 1 for text in tried.texts[:-1])
    dropped = (400 << 16) - (16 << 20)
    assert (16 << 20, f"[{dropped} bytes of output were dropped]") == (kept, tried.texts[-1])


def test_endless_output_ends_with_the_deadline(machine: Machine) -> None:
    tried = machine.start("""
        def handler(event, context):
            while True: print("x" * 1000)
    """)
    assert Failure.TIMEOUT is tried.result(timeout_seconds=0.5).failure
    assert sum(map(len, tried.texts)) <= 17 << 20


def test_a_line_without_an_end_is_cut(machine: Machine) -> None:
    tried = machine.start("""
        import os
        def handler(event, context):
            for _ in range(48): os.write(1, b"x" * (1 << 16))
    """)
    tried.answer()
    assert 3 << 20 == pytest.approx(sum(map(len, tried.texts)), rel=0.01)
    assert max(map(len, tried.texts)) <= 1 << 20


def test_a_deadline_ends_the_whole_tree(machine: Machine) -> None:
    tried = machine.start("""
        import subprocess
        def handler(event, context):
            print("so far")
            subprocess.run(["sleep", "100"])
    """)
    result = tried.result(timeout_seconds=0.3)
    assert (Failure.TIMEOUT, TIMED_OUT, False, ["so far"]) == (
        result.failure,
        json.loads(result.payload),
        result.is_reusable,
        tried.texts,
    )
    assert 300 == pytest.approx(result.duration_ms, abs=150)
    assert tried.ended.wait(5)


def test_the_server_can_end_an_invocation_as_a_timeout(machine: Machine) -> None:
    tried = machine.start("""
        import time
        def handler(event, context):
            print("begun")
            time.sleep(100)
    """)
    begun = threading.Event()
    tried.on_text = lambda text: begun.set()
    future = tried.begin()
    assert begun.wait(5)
    machine.loop.call(tried.environment.expire)
    result = future.result(5)
    assert (Failure.TIMEOUT, TIMED_OUT) == (result.failure, json.loads(result.payload))


def test_a_busy_loop_ends_with_its_deadline(machine: Machine) -> None:
    tried = machine.start("def handler(event, context):\n  while True: pass", memory_mb=128)
    assert Failure.TIMEOUT is tried.result(timeout_seconds=0.3).failure


def test_cpu_follows_memory_after_init(machine: Machine) -> None:
    if cgroups.version() == 0:
        pytest.skip("control groups: there is no permission to make them")
    code = """
        import time
        def burn(seconds):
            began = time.monotonic()
            used = time.process_time()
            while time.monotonic() - began < seconds: pass
            return (time.process_time() - used) / seconds
        at_init = burn(0.2)
        def handler(event, context): return [at_init, burn(0.4)]
    """
    at_init, small = machine.start(code, memory_mb=128).answer()
    assert small < 0.13
    assert at_init > 1.5 * small


def test_one_hundred_environments_at_once(machine: Machine) -> None:
    code = "def handler(event, context): return event"
    all_tried = [machine.start(code) for _ in range(100)]
    futures = [tried.begin(number) for number, tried in enumerate(all_tried)]
    assert [str(n).encode() for n in range(100)] == [each.result(20).payload for each in futures]
    for tried in all_tried:
        tried.stop()
