"""SnapStart: INIT runs ahead, and the first event restores what waits after it."""

from __future__ import annotations

import json
from typing import Any

from e2e.sandbox.machine import Machine, Tried
from pileus.kernel.fleet import Failure, Prepared

VARIABLES = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
HOOKS = """
    from snapshot_restore_py import register_after_restore, register_before_snapshot

    seen = ["init"]

    @register_before_snapshot
    def first():
        seen.append("before 1")

    register_before_snapshot(seen.append, "before 2")
    register_after_restore(seen.append, "after 1")

    @register_after_restore
    def second():
        seen.append("after 2")
        print("restored")

    def handler(event, context):
        return seen
"""


def prepare(machine: Machine, code: str, **members: Any) -> tuple[Tried, Prepared]:
    tried = machine.start(code, is_snap_started=True, variables=VARIABLES, **members)
    return tried, machine.loop.run(tried.environment.prepared())


def test_hooks_run_around_the_snapshot_in_their_orders(machine: Machine) -> None:
    tried, prepared = prepare(machine, HOOKS)
    assert Failure.NONE is prepared.failure
    assert prepared.init_ms > 0
    result = tried.result()
    assert ["init", "before 2", "before 1", "after 1", "after 2"] == json.loads(result.payload)
    assert None is result.init_ms
    assert result.restore_ms is not None
    again = tried.result()
    assert (None, None) == (again.init_ms, again.restore_ms)
    tried.stop()


def test_restoration_writes_its_lines_before_the_event(machine: Machine) -> None:
    tried, _ = prepare(machine, HOOKS)
    tried.answer()
    lines = [(line.text.split(":")[0].strip(), line.is_init) for line in tried.output]
    expected = ["INIT_REPORT Init Duration", "restored", "RESTORE_REPORT Restore Duration"]
    assert expected == [text for text, _ in lines]
    assert [True, True] == [is_init for _, is_init in lines[1:]]
    tried.stop()


def test_a_hook_that_fails_before_the_snapshot_fails_init(machine: Machine) -> None:
    tried, prepared = prepare(
        machine,
        """
        import snapshot_restore_py

        @snapshot_restore_py.register_before_snapshot
        def fail():
            raise ValueError("not now")

        def handler(event, context):
            return None
        """,
    )
    assert Failure.INIT_ERROR is prepared.failure
    assert "not now" == json.loads(prepared.payload)["errorMessage"]
    assert any(text.startswith("INIT_REPORT ") for text in tried.texts)
    tried.stop()


def test_an_import_that_fails_is_told_before_any_event(machine: Machine) -> None:
    tried, prepared = prepare(machine, "import missing")
    assert Failure.INIT_ERROR is prepared.failure
    assert "Runtime.ImportModuleError" == json.loads(prepared.payload)["errorType"]
    tried.stop()


def test_a_hook_that_fails_after_the_restoration_fails_it(machine: Machine) -> None:
    tried, prepared = prepare(
        machine,
        """
        import snapshot_restore_py

        @snapshot_restore_py.register_after_restore
        def fail():
            raise ValueError("not again")

        def handler(event, context):
            return None
        """,
    )
    assert Failure.NONE is prepared.failure
    result = tried.result()
    assert (Failure.RESTORE_ERROR, False) == (result.failure, result.is_reusable)
    assert "not again" == json.loads(result.payload)["errorMessage"]
    tried.stop()


def test_an_exit_during_the_restoration_fails_it(machine: Machine) -> None:
    tried, _ = prepare(
        machine,
        """
        import os
        import snapshot_restore_py

        snapshot_restore_py.register_after_restore(os._exit, 3)

        def handler(event, context):
            return None
        """,
    )
    assert Failure.RESTORE_ERROR is tried.result().failure
    tried.stop()


def test_a_runtime_without_hooks_waits_for_its_first_event(machine: Machine) -> None:
    code = {"index.js": "exports.handler = async () => process.env.AWS_LAMBDA_INITIALIZATION_TYPE"}
    tried = machine.start(
        code, is_snap_started=True, variables=VARIABLES, runtime="nodejs20.x",
        handler="index.handler",
    )  # fmt: skip
    assert Failure.NONE is machine.loop.run(tried.environment.prepared()).failure
    result = tried.result()
    assert "snap-start" == json.loads(result.payload)
    assert result.restore_ms is not None
    tried.stop()


def test_random_numbers_are_not_shared_between_environments(machine: Machine) -> None:
    code = "import random\nnumber = random.random()\ndef handler(event, context): return number"
    numbers = set()
    for _ in range(2):
        tried, _ = prepare(machine, code)
        numbers.add(tried.answer())
        tried.stop()
    assert 2 == len(numbers)


def test_one_that_is_stopped_while_it_waits_ends(machine: Machine) -> None:
    tried, _ = prepare(machine, HOOKS)
    tried.stop()
    assert not tried.environment.is_alive
