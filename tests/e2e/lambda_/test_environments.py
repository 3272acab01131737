"""How many environments there are, who gets them, and when they end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pileus.kernel.call import Context as CallContext
from pileus.kernel.fleet import StartFailure
from pileus.services.lambda_.functions import function_names
from pileus.services.lambda_.running.platform import Platform
from support.fake_fleet import Context
from support.lambdas import Functions, RunningLambda
from support.refusals import Refusal, refusal


def platform(pileus: RunningLambda) -> Platform:
    found: Platform = pileus.app.kernel.memory["lambda"]
    return found


@pytest.fixture
def few(pileus: RunningLambda) -> Iterator[None]:
    """The machine bears three environments."""
    pool = platform(pileus).pool
    before, pool.count_max = pool.count_max, 3
    yield
    pool.count_max = before


class Gate:
    """Events wait inside until so many are there."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._inside = 0
        self._open: asyncio.Event | None = None
        self.environments: set[str] = set()

    async def __call__(self, event: Any, context: Context) -> str:
        if self._open is None:
            self._open = asyncio.Event()
        self.environments.add(context.spec.environment_id)
        self._inside += 1
        if self._inside == self._wanted:
            self._open.set()
        await self._open.wait()
        return context.spec.environment_id


def invoke_together(functions: Functions, name: str, count: int) -> list[Any]:
    with ThreadPoolExecutor(count) as threads:
        answers = list(threads.map(lambda number: functions.invoke(name, number), range(count)))
    return [json.loads(answer["Payload"]) for answer in answers]


def test_no_more_are_started_than_events_wait(
    functions: Functions, pileus: RunningLambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What becomes free serves an event for which another was being started; the next event waits
    for that one.
    """
    name = functions.create(lambda event, context: None)
    kernel, started = pileus.app.kernel, 0
    begin = pileus.fleet.start

    async def scenario() -> tuple[int, int]:
        slow = asyncio.Event()

        async def start(*what: Any) -> Any:
            nonlocal started
            started += 1
            if started > 1:
                await slow.wait()
            return await begin(*what)

        monkeypatch.setattr(pileus.fleet, "start", start)
        context = CallContext(functions.account, "us-east-1", "lambda")
        call = kernel.call_for(context, "lambda", "Test", functions.arn(name))
        function = await platform(pileus).runnable(call, function_names.split(functions.arn(name)))
        pool = platform(pileus).pool
        takes = [asyncio.ensure_future(pool.take(call, function)) for _ in range(3)]
        first = await takes[0]
        pool.release(first)
        assert first is await takes[1]
        takes.append(asyncio.ensure_future(pool.take(call, function)))
        await asyncio.sleep(0)
        before = started
        slow.set()
        for environment in (await takes[2], await takes[3], first):
            pool.release(environment)
        return before, started

    assert (3, 3) == pileus.run(scenario())


def test_an_event_that_counted_on_a_start_for_another_is_not_left_behind(
    functions: Functions, pileus: RunningLambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = functions.create(lambda event, context: None)
    kernel, started = pileus.app.kernel, 0
    begin = pileus.fleet.start

    async def scenario() -> list[str]:
        slow = asyncio.Event()

        async def start(*what: Any) -> Any:
            nonlocal started
            started += 1
            if started == 1:
                return await begin(*what)
            await slow.wait()
            raise StartFailure("no room")

        monkeypatch.setattr(pileus.fleet, "start", start)
        context = CallContext(functions.account, "us-east-1", "lambda")
        call = kernel.call_for(context, "lambda", "Test", functions.arn(name))
        function = await platform(pileus).runnable(call, function_names.split(functions.arn(name)))
        pool = platform(pileus).pool
        takes = [asyncio.ensure_future(pool.take(call, function)) for _ in range(2)]
        pool.release(await takes[0])
        first = await takes[1]
        takes = [asyncio.ensure_future(pool.take(call, function))]
        await asyncio.sleep(0)
        slow.set()
        ended = await asyncio.gather(*takes, return_exceptions=True)
        pool.release(first)
        return [type(each).__name__ for each in ended]

    assert ["AwsError"] == pileus.run(scenario())


def test_events_at_the_same_time_have_environments_of_their_own(functions: Functions) -> None:
    gate = Gate(wanted=8)
    name = functions.create(gate)
    assert 8 == len(set(invoke_together(functions, name, 8)))


def test_events_wait_where_the_machine_bears_no_more(
    functions: Functions, pileus: RunningLambda, few: None
) -> None:
    gate = Gate(wanted=3)
    name = functions.create(gate, Timeout=30)
    assert 10 == len(invoke_together(functions, name, 10))
    pileus.idle()
    assert 3 == len(gate.environments)
    assert gate.environments == set(pileus.fleet.alive)


def test_the_longest_idle_makes_room(
    functions: Functions, pileus: RunningLambda, few: None
) -> None:
    used: dict[str, str] = {}

    def note(event: Any, context: Context) -> None:
        used[event] = context.spec.environment_id

    names = [functions.create(note) for _ in range(4)]
    for name in names:
        functions.invoke(name, name)
        pileus.advance(1)
    alive = [used[name] in pileus.fleet.alive for name in names]
    assert [False, True, True, True] == alive


def test_the_environment_that_was_used_last_is_used_next(functions: Functions) -> None:
    gate = Gate(wanted=2)
    name = functions.create(gate)
    invoke_together(functions, name, 2)
    used = [json.loads(functions.invoke(name, 1)["Payload"]) for _ in range(3)]
    assert 1 == len(set(used))


def test_reserved_concurrency_is_the_most_that_run(functions: Functions, client: Any) -> None:
    gate = Gate(wanted=3)
    name = functions.create(gate, Timeout=30)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(functions.invoke, name, number) for number in range(2)]
        while len(gate.environments) < 2:
            client.get_account_settings()
        assert Refusal("TooManyRequestsException", "Rate Exceeded.", 429) == refusal(
            client.invoke, FunctionName=name
        )
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=3)
        functions.invoke(name, 3)
        assert [200, 200] == [each.result()["StatusCode"] for each in running]


def test_a_function_that_moves_the_clock_past_its_deadline_is_ended(
    functions: Functions, pileus: RunningLambda
) -> None:
    async def move(event: Any, context: Context) -> None:
        travel = pileus.app.kernel.time_travel
        if event:
            await travel.begin(event * 1000, is_from_inside=True).finished
            await asyncio.Event().wait()

    name = functions.create(move, Timeout=60)
    functions.invoke(name, 0)
    answer = functions.invoke(name, 61)
    assert "Unhandled" == answer["FunctionError"]
    assert "Sandbox.Timedout" == json.loads(answer["Payload"])["errorType"]


def test_a_function_may_move_the_clock_within_its_deadline(
    functions: Functions, pileus: RunningLambda
) -> None:
    async def move(event: Any, context: Context) -> int:
        travel = pileus.app.kernel.time_travel
        before = pileus.now
        await travel.begin(event * 1000, is_from_inside=True).finished
        return pileus.now - before

    name = functions.create(move, Timeout=60)
    functions.invoke(name, 0)
    assert b"50000" == functions.invoke(name, 50)["Payload"]


def test_a_deleted_functions_environments_end(
    functions: Functions, client: Any, pileus: RunningLambda
) -> None:
    used: list[str] = []
    name = functions.create(lambda event, context: used.append(context.spec.environment_id))
    functions.invoke(name)
    client.delete_function(FunctionName=name)
    pileus.idle()
    assert used[0] in pileus.fleet.stopped


def test_what_runs_is_metered(functions: Functions, pileus: RunningLambda) -> None:
    name = functions.create(lambda event, context: None, MemorySize=1024)
    functions.invoke(name)
    functions.invoke(name)
    usage = pileus.run(pileus.app.kernel.metering.usage(0, pileus.now))
    mine = {row[4]: row[5] for row in usage if row[0] == functions.account and row[3] == "Invoke"}
    # 14 ms with INIT, then 2 ms, of one gigabyte.
    assert 2 == mine["requests"]
    assert 0.016 == pytest.approx(mine["gb-seconds"])
