"""Process mode: the same functions and the same answers without namespaces."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.sandbox.machine import REQUEST_ID, Machine
from pileus.kernel.clock import Clock
from pileus.kernel.clock_page import ClockPage
from pileus.kernel.fleet import Failure
from pileus.sandbox.isolation import cgroups
from support import skips

FROZEN_MS = 4_000_000_000_123


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    directory = tmp_path_factory.mktemp("process")
    clock = Clock()
    clock.freeze()
    clock.move_to(FROZEN_MS)
    ClockPage(directory / "page", clock)
    machine = Machine(directory, isolation="process", clock_page=str(directory / "page"))
    yield machine
    machine.close()


def test_a_handler_gets_the_event_and_its_answer_comes_back(plain: Machine) -> None:
    tried = plain.start("""
        import boto3, os
        count = 0
        def handler(event, context):
            global count
            count += 1
            is_at_home = os.getcwd() == os.environ["LAMBDA_TASK_ROOT"]
            return [event, count, context.function_name, is_at_home]
    """)
    assert [["a", 1, "tried", True], ["b", 2, "tried", True]] == [tried.answer(e) for e in "ab"]


def test_output_is_reported(plain: Machine) -> None:
    tried = plain.start("""
        import logging
        print("loading")
        def handler(event, context):
            print("printed")
            logging.warning("logged")
    """)
    tried.answer()
    assert ["loading", "printed", "logged"] == [text.split("\t")[-1] for text in tried.texts]


def test_the_platforms_clock_is_shown(plain: Machine) -> None:
    tried = plain.start("import time\ndef handler(event, context): return time.time()")
    assert 4_000_000_000.123 == tried.answer()


def test_node_runs_and_is_shown_the_clock(plain: Machine) -> None:
    skips.program("node", "Node.js")
    code = "export const handler = async (event) => [event, Date.now()];"
    tried = plain.start({"index.mjs": code}, runtime="nodejs20.x", handler="index.handler")
    assert [["a", FROZEN_MS], ["b", FROZEN_MS]] == [tried.answer(event) for event in "ab"]


def test_pileus_and_packages_of_the_machine_are_not_found(plain: Machine) -> None:
    for module in ("pileus", "msgspec", "numpy"):
        document = json.loads(plain.start(f"import {module}").result().payload)
        message = f"Unable to import module 'app': No module named '{module}'"
        assert message == document["errorMessage"]


def test_layers_are_found(plain: Machine) -> None:
    first = plain.package({"python/one.py": "name = 'one'"})
    second = plain.package({"python/two.py": "name = 'two'"})
    code = "import one, two\ndef handler(event, context): return [one.name, two.name]"
    assert ["one", "two"] == plain.start(code, layer_paths=(first, second)).answer()


def test_a_fresh_interpreter_runs(plain: Machine) -> None:
    code = "import boto3, sys\ndef handler(event, context): return sys.flags.isolated"
    assert 0 == plain.start(code, variables={"PYTHONHASHSEED": "1"}).answer()


def test_a_failing_init_is_tried_again_and_reported(plain: Machine) -> None:
    tried = plain.start("raise KeyError('k')")
    result = tried.result()
    reports = [text for text in tried.texts if text.startswith("INIT_REPORT")]
    assert (Failure.INIT_ERROR, "KeyError", 2) == (
        result.failure,
        json.loads(result.payload)["errorType"],
        len(reports),
    )
    assert tried.ended.wait(5)


def test_a_deadline_ends_the_whole_tree(plain: Machine) -> None:
    tried = plain.start("""
        import subprocess
        child = subprocess.Popen(["sleep", "100"])
        def handler(event, context):
            if event: return child.pid
            child.wait()
    """)
    pid = tried.answer(True)
    result = tried.result(timeout_seconds=0.2)
    message = f"RequestId: {REQUEST_ID} Error: Task timed out after 3.00 seconds"
    assert (Failure.TIMEOUT, message) == (
        result.failure,
        json.loads(result.payload)["errorMessage"],
    )
    assert tried.ended.wait(5)
    assert ends(pid)


def ends(pid: int) -> bool:
    """Whether the process goes away, as it does soon after its signal."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
    return False


@pytest.mark.parametrize(
    ("code", "reason"), [("os._exit(3)", "exit status 3"), ("os.abort()", "signal: aborted")]
)
def test_a_runtime_that_ends_is_an_exit_error(plain: Machine, code: str, reason: str) -> None:
    tried = plain.start(f"import os\ndef handler(event, context): {code}")
    result = tried.result()
    assert (Failure.EXIT, reason) == (result.failure, result.exit_reason)
    assert tried.ended.wait(5)


def test_a_stopped_environment_leaves_nothing(plain: Machine) -> None:
    tried = plain.start("""
        import os, subprocess
        def handler(event, context): return [os.getpid(), subprocess.Popen(["sleep", "99"]).pid]
    """)
    pids = tried.answer()
    tried.stop()
    assert [True, True] == [ends(pid) for pid in pids]
    assert not tried.ended.is_set()


def test_a_function_beyond_its_memory_is_killed(plain: Machine) -> None:
    groups = cgroups.open_groups()
    if groups is None and not os.path.exists("/proc/self/statm"):  # noqa: PTH110
        pytest.skip("memory of other processes: there is no /proc")
    if groups:
        groups.close()
    code = "def handler(event, context): return len(bytearray(b'x') * (event << 20))"
    tried = plain.start(code, memory_mb=128)
    assert 50 << 20 == tried.answer(50)
    assert Failure.OUT_OF_MEMORY is tried.result(300).failure
