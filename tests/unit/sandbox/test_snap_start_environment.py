"""The times of an environment of SnapStart, with a runtime that does as the test says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pileus.kernel.fleet import Failure
from pileus.sandbox.environments import environment as module
from pileus.sandbox.environments import extended_environment, snap_start_environment
from pileus.sandbox.environments.snap_start_environment import SnapStartEnvironment
from pileus.sandbox.frames import Initialized, Output, Result
from unit.sandbox.test_environment import INVOKE, SPEC, Connection, HandTime, Stub


class Restorable(Connection):
    """A runtime that waits to be restored."""

    def __init__(self) -> None:
        super().__init__()
        self.restorations = 0

    def send_restore(self) -> None:
        self.restorations += 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandTime:
    clock = HandTime()
    for each in (module, extended_environment, snap_start_environment):
        monkeypatch.setattr(each, "real_time", clock)
    return clock


@pytest.fixture
def sent() -> list[Any]:
    return []


@pytest.fixture
def environment(clock: HandTime, sent: list[Any]) -> SnapStartEnvironment:
    spec = msgspec.structs.replace(SPEC, is_snap_started=True)
    environment = SnapStartEnvironment(spec, 10.0, sent.append, lambda: 0, lambda name: None)
    environment.tree, environment.output = Stub(), Stub()  # type: ignore[assignment]
    environment.begin_init()
    return environment


def prepared(sent: list[Any]) -> list[tuple[Failure, float]]:
    found = [each.prepared for each in sent if isinstance(each, Initialized)]
    return [(each.failure, each.init_ms) for each in found]


def results(sent: list[Any]) -> list[tuple[Failure, float | None]]:
    found = [each.result for each in sent if isinstance(each, Result)]
    return [(each.failure, each.restore_ms) for each in found]


def lines(sent: list[Any]) -> list[str]:
    return [line.text for each in sent if isinstance(each, Output) for line in each.lines]


def test_init_has_130_seconds(
    environment: SnapStartEnvironment, clock: HandTime, sent: list[Any]
) -> None:
    clock.advance(129)
    assert [] == prepared(sent)
    clock.advance(1)
    assert [(Failure.INIT_TIMEOUT, 0.0)] == prepared(sent)


def test_a_restoration_is_measured(
    environment: SnapStartEnvironment, clock: HandTime, sent: list[Any]
) -> None:
    runtime = Restorable()
    clock.advance(2)
    environment.wait_for_restore(runtime)  # type: ignore[arg-type]
    assert [(Failure.NONE, 2000.0)] == prepared(sent)
    clock.advance(3600)
    environment.invoke(INVOKE)
    assert 1 == runtime.restorations
    clock.advance(0.5)
    environment.wait_for_invocation(runtime)  # type: ignore[arg-type]
    assert environment.take_response("request-1", b"1")
    assert [(Failure.NONE, 500.0)] == results(sent)
    assert "RESTORE_REPORT Restore Duration: 500.00 ms" == lines(sent)[-1]


def test_a_restoration_has_ten_seconds(
    environment: SnapStartEnvironment, clock: HandTime, sent: list[Any]
) -> None:
    environment.wait_for_restore(Restorable())  # type: ignore[arg-type]
    environment.invoke(INVOKE)
    clock.advance(9)
    assert [] == results(sent)
    clock.advance(1)
    assert [(Failure.RESTORE_TIMEOUT, None)] == results(sent)
    assert lines(sent)[-1].endswith("\tStatus: timeout")


def test_the_function_has_its_own_timeout_after_the_restoration(
    environment: SnapStartEnvironment, clock: HandTime, sent: list[Any]
) -> None:
    runtime = Restorable()
    environment.wait_for_restore(runtime)  # type: ignore[arg-type]
    environment.invoke(INVOKE)
    clock.advance(9)
    environment.wait_for_invocation(runtime)  # type: ignore[arg-type]
    clock.advance(2)
    assert [] == results(sent)
    clock.advance(1)
    assert Failure.TIMEOUT is results(sent)[0][0]


def test_an_error_of_a_restoration_is_only_taken_during_one(
    environment: SnapStartEnvironment,
) -> None:
    assert not environment.take_restore_error(b"{}")


def test_who_asks_again_is_not_kept_waiting(environment: SnapStartEnvironment) -> None:
    runtime = Restorable()
    environment.wait_for_restore(runtime)  # type: ignore[arg-type]
    environment.invoke(INVOKE)
    environment.wait_for_invocation(runtime)  # type: ignore[arg-type]
    assert not environment.wait_for_restore(runtime)  # type: ignore[arg-type]
