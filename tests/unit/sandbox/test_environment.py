"""One environment's life seen from the host, with a runtime that does as the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pileus.kernel.fleet import EnvironmentSpec, Failure
from pileus.sandbox.environments import environment as module
from pileus.sandbox.environments.environment import Environment
from pileus.sandbox.frames import Invoke, Result

SPEC = EnvironmentSpec(
    "environment-1", "arn", "python3.11", "index.handle", 128, 512, 3, {}, "/var/task", ()
)
INVOKE = Invoke("environment-1", "request-1", b"{}", 0, 3.0, "", None, "")


class HandTime:
    """Time that moves only in `advance`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[HandTimer] = []

    def seconds(self) -> float:
        return self.now

    def after(self, delay_seconds: float, call: Callable[[], None]) -> HandTimer:
        timer = HandTimer(self.now + delay_seconds, call)
        self.timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for timer in list(self.timers):
            if timer.at <= self.now and not timer.is_cancelled:
                timer.cancel()
                timer.call()


class HandTimer:
    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at = at
        self.call = call
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class Connection:
    """A runtime that asks for events."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def send_invocation(self, head: str, payload: bytes) -> None:
        self.taken.append(payload)


class Stub:
    """A tree and an output of which only some calls matter."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def has_run_out_of_memory(self) -> bool:
        return False

    shared_bytes = 0

    def cpu_ms(self) -> float | None:
        return None

    def memory_peak_bytes(self) -> int:
        return 0

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self.called.append(name)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[HandTime]:
    clock = HandTime()
    monkeypatch.setattr(module, "real_time", clock)
    yield clock


@pytest.fixture
def sent() -> list[Any]:
    return []


@pytest.fixture
def environment(clock: HandTime, sent: list[Any]) -> Environment:
    environment = Environment(SPEC, 10.0, sent.append, lambda: 0, lambda environment_id: None)
    environment.tree, environment.output = Stub(), Stub()  # type: ignore[assignment]
    environment.begin_init()
    return environment


def results(sent: list[Any]) -> list[Failure]:
    return [message.result.failure for message in sent if isinstance(message, Result)]


def test_an_event_goes_to_the_second_runtime_when_the_first_asks_too_late(
    environment: Environment, clock: HandTime, sent: list[Any]
) -> None:
    environment.invoke(INVOKE)
    clock.advance(10)
    late, second = Connection(), Connection()
    environment.wait_for_invocation(late)  # type: ignore[arg-type]
    environment.runtime_exited(-9)
    environment.wait_for_invocation(second)  # type: ignore[arg-type]
    assert ([], [b"{}"]) == (late.taken, second.taken)
    assert environment.take_response("request-1", b"1")
    assert [Failure.NONE] == results(sent)


def test_a_runtime_that_does_not_ask_again_meets_the_next_deadline(
    environment: Environment, clock: HandTime, sent: list[Any]
) -> None:
    environment.wait_for_invocation(Connection())  # type: ignore[arg-type]
    environment.invoke(INVOKE)
    assert environment.take_response("request-1", b"1")
    environment.invoke(INVOKE)
    clock.advance(3)
    assert [Failure.NONE, Failure.TIMEOUT] == results(sent)


def test_the_end_of_init_is_told_however_it_ends(environment: Environment, clock: HandTime) -> None:
    told: list[str] = []
    environment.on_init_over = lambda: told.append("over")
    assert [] == told
    environment.wait_for_invocation(Connection())  # type: ignore[arg-type]
    assert ["over"] == told


def test_an_init_that_takes_too_long_is_over(environment: Environment, clock: HandTime) -> None:
    told: list[str] = []
    environment.on_init_over = lambda: told.append("over")
    clock.advance(10)
    assert ["over"] == told


def test_an_init_that_is_stopped_is_over(environment: Environment) -> None:
    told: list[str] = []
    environment.on_init_over = lambda: told.append("over")
    environment.stop()
    assert ["over"] == told
