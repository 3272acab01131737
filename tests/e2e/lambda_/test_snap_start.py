"""SnapStart: a version's INIT runs when it is published, and its first event restores it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.fleet import Failure, Prepared
from support.fake_fleet import Context, FakeEnvironment
from support.lambdas import Functions, RunningLambda, log_lines, make_role, package
from support.refusals import Refusal, refusal

ON = {"ApplyOn": "PublishedVersions"}
DOCUMENT = json.dumps({"errorType": "Runtime.BeforeSnapshotError"}).encode()


def environment_of(event: Any, context: Context) -> Any:
    variables = context.spec.variables
    return {
        "type": variables["AWS_LAMBDA_INITIALIZATION_TYPE"],
        "environment": context.spec.environment_id,
        "stream": variables.get("AWS_LAMBDA_LOG_STREAM_NAME"),
    }


@pytest.fixture(autouse=True)
def _well(pileus: RunningLambda) -> Iterator[None]:
    yield
    pileus.fleet.prepared = Prepared(init_ms=12.34)
    pileus.fleet.restoration = Failure.NONE


@pytest.fixture
def name(functions: Functions) -> str:
    return functions.create(environment_of, SnapStart=ON)


def publish(client: Any, pileus: RunningLambda, name: str) -> dict[str, Any]:
    """A version, and its snapshot."""
    shown: dict[str, Any] = client.publish_version(FunctionName=name)
    pileus.idle()
    return shown


def state(client: Any, name: str, version: str = "1") -> tuple[Any, ...]:
    shown = client.get_function_configuration(FunctionName=name, Qualifier=version)
    return shown["State"], shown.get("StateReasonCode"), shown.get("StateReason")


def environments(pileus: RunningLambda, functions: Functions, name: str) -> list[str]:
    """Those that are alive."""
    arn = functions.arn(name)
    alive = pileus.fleet.alive.values()
    return [each.environment_id for each in alive if each.spec.function_arn == arn]


def started(pileus: RunningLambda, functions: Functions, name: str) -> int:
    arn = functions.arn(name)
    return sum(each.function_arn == arn and each.is_snap_started for each in pileus.fleet.started)


def test_a_version_is_pending_until_its_snapshot_is_made(
    client: Any, pileus: RunningLambda, functions: Functions, name: str
) -> None:
    shown = publish(client, pileus, name)
    assert ("Pending", "Creating") == (shown["State"], shown["StateReasonCode"])
    assert {**ON, "OptimizationStatus": "On"} == shown["SnapStart"]
    assert ("Active", None, None) == state(client, name)
    assert 1 == started(pileus, functions, name)


def test_the_first_event_restores_what_was_prepared_and_the_next_finds_it_warm(
    client: Any, pileus: RunningLambda, functions: Functions, name: str
) -> None:
    publish(client, pileus, name)
    (prepared,) = environments(pileus, functions, name)
    seen = [json.loads(functions.invoke(name, {}, Qualifier="1")["Payload"]) for _ in range(2)]
    assert [prepared, prepared] == [each["environment"] for each in seen]
    assert ("snap-start", None) == (seen[0]["type"], seen[0]["stream"])
    pileus.idle()
    # The one that was published, and another for the next environment.
    assert 2 == started(pileus, functions, name)


def test_latest_knows_nothing_of_it(functions: Functions, name: str) -> None:
    answer = json.loads(functions.invoke(name, {})["Payload"])
    assert "on-demand" == answer["type"]
    assert answer["stream"]


def test_the_log_tells_of_the_restoration(
    client: Any, aws: Any, pileus: RunningLambda, functions: Functions, name: str
) -> None:
    publish(client, pileus, name)
    functions.invoke(name, {}, Qualifier="1")
    pileus.idle()
    lines = [line for line in log_lines(aws("logs"), name) if not line.startswith("INIT_START")]
    assert ["RESTORE_START", "START", "END", "REPORT"] == [line.split(" ")[0] for line in lines]
    assert "Init Duration" not in lines[-1]
    assert "\tRestore Duration: 5.60 ms\tBilled Restore Duration: 6 ms\t" in lines[-1]
    # 1.234 ms of the handler, and the restoration.
    assert "\tBilled Duration: 7 ms\t" in lines[-1]


def test_records_in_json_tell_of_the_restoration(
    client: Any, aws: Any, pileus: RunningLambda, functions: Functions
) -> None:
    name = functions.create(environment_of, SnapStart=ON, LoggingConfig={"LogFormat": "JSON"})
    publish(client, pileus, name)
    pileus.fleet.init_lines = ("RESTORE_REPORT Restore Duration: 5.60 ms",)
    functions.invoke(name, {}, Qualifier="1")
    pileus.fleet.init_lines = ()
    pileus.idle()
    found = {each["type"]: each["record"] for each in map(json.loads, log_lines(aws("logs"), name))}
    assert "snap-start" == found["platform.initStart"]["initializationType"]
    assert "1" == found["platform.restoreStart"]["functionVersion"]
    report = {"status": "success", "metrics": {"durationMs": 5.6}}
    assert report == found["platform.restoreReport"]
    assert 5.6 == found["platform.report"]["metrics"]["restoreDurationMs"]


def test_a_version_whose_init_fails_is_failed(
    client: Any, pileus: RunningLambda, functions: Functions, name: str
) -> None:
    pileus.fleet.prepared = Prepared(Failure.INIT_ERROR, DOCUMENT)
    publish(client, pileus, name)
    reason = "Function initialization failed: Runtime.BeforeSnapshotError"
    assert ("Failed", "FunctionError.RuntimeInitError", reason) == state(client, name)
    expected = Refusal(
        "ResourceConflictException",
        "The operation cannot be performed at this time. The function is currently in the "
        "following state: Failed",
        409,
    )
    assert expected == refusal(lambda: functions.invoke(name, {}, Qualifier="1"))


def test_a_version_whose_init_takes_too_long_is_failed(
    client: Any, pileus: RunningLambda, name: str
) -> None:
    pileus.fleet.prepared = Prepared(Failure.INIT_TIMEOUT)
    publish(client, pileus, name)
    assert ("Failed", "FunctionError.InitTimeout") == state(client, name)[:2]


def test_a_sandbox_that_cannot_start_fails_the_version(
    client: Any, pileus: RunningLambda, name: str
) -> None:
    pileus.fleet.refusal = "no user namespaces"
    publish(client, pileus, name)
    pileus.fleet.refusal = ""
    assert ("Failed", "InternalError", "no user namespaces") == state(client, name)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (
            Failure.RESTORE_ERROR,
            Refusal(
                "SnapStartException",
                "The after-restore runtime hook encountered an error. For more information, "
                "check the Amazon CloudWatch logs.",
                400,
            ),
        ),
        (
            Failure.RESTORE_TIMEOUT,
            Refusal(
                "SnapStartTimeoutException",
                "Lambda couldn't restore the snapshot within the timeout limit.",
                408,
            ),
        ),
    ],
)
def test_a_restoration_that_fails_is_an_error_of_the_invocation(
    client: Any, pileus: RunningLambda, functions: Functions, name: str, failure: Failure,
    expected: Refusal,
) -> None:  # fmt: skip
    publish(client, pileus, name)
    pileus.fleet.restoration = failure
    assert expected == refusal(lambda: functions.invoke(name, {}, Qualifier="1"))
    pileus.fleet.restoration = Failure.NONE
    assert 200 == functions.invoke(name, {}, Qualifier="1")["StatusCode"]


def test_a_snapshot_that_is_gone_is_made_again_by_the_next_event(
    client: Any, pileus: RunningLambda, functions: Functions, name: str
) -> None:
    publish(client, pileus, name)
    pileus.advance(11 * 60)
    assert [] == environments(pileus, functions, name)
    assert 200 == functions.invoke(name, {}, Qualifier="1")["StatusCode"]


def test_an_init_that_fails_only_later_is_an_error_of_the_invocation(
    client: Any, pileus: RunningLambda, functions: Functions, name: str
) -> None:
    publish(client, pileus, name)
    pileus.advance(11 * 60)
    pileus.fleet.prepared = Prepared(Failure.INIT_ERROR, DOCUMENT)
    seen = refusal(lambda: functions.invoke(name, {}, Qualifier="1"))
    assert ("SnapStartException", 400) == (seen.code, seen.status)


def test_events_at_once_get_environments_of_their_own(
    client: Any, pileus: RunningLambda, functions: Functions
) -> None:
    met: set[str] = set()
    have_met = asyncio.Event()

    async def meet(event: Any, context: Context) -> Any:
        met.add(context.spec.environment_id)
        if len(met) == 3:
            have_met.set()
        await have_met.wait()

    name = functions.create(meet, SnapStart=ON, Timeout=30)
    publish(client, pileus, name)
    for _ in range(3):
        client.invoke(FunctionName=name, Qualifier="1", InvocationType="Event", Payload="{}")
    pileus.idle()
    assert 3 == len(met)


def test_a_version_that_is_deleted_takes_its_snapshot_along(
    client: Any, pileus: RunningLambda, functions: Functions, name: str
) -> None:
    publish(client, pileus, name)
    assert 1 == len(environments(pileus, functions, name))
    client.delete_function(FunctionName=name, Qualifier="1")
    pileus.idle()
    assert [] == environments(pileus, functions, name)


def test_publishing_with_the_code_makes_a_snapshot_too(
    client: Any, pileus: RunningLambda, functions: Functions
) -> None:
    name = functions.create(environment_of, SnapStart=ON, Publish=True)
    pileus.idle()
    assert ("Active", None, None) == state(client, name)
    assert 1 == started(pileus, functions, name)


def test_a_sandbox_that_ends_by_itself_is_replaced(
    client: Any, pileus: RunningLambda, functions: Functions, name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    told = [Prepared(Failure.EXIT), Prepared(Failure.EXIT), Prepared()]

    async def prepared(environment: FakeEnvironment) -> Prepared:
        return told.pop(0)

    monkeypatch.setattr(FakeEnvironment, "prepared", prepared)
    publish(client, pileus, name)
    assert ("Active", None, None) == state(client, name)
    told += [Prepared(Failure.EXIT)] * 3
    client.update_function_configuration(FunctionName=name, Timeout=5)
    publish(client, pileus, name)
    assert ("Failed", "InternalError") == state(client, name, "2")[:2]


def test_a_snapshot_that_the_end_of_the_server_cut_off_is_made_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = RunningLambda(tmp_path)
    first.start()
    first.freeze()
    ended: list[Any] = []

    async def cut_off(environment: FakeEnvironment) -> Prepared:
        ended.append(environment)
        monkeypatch.setattr(first.app.kernel.memory["lambda"].pool, "_is_closed", True)
        return Prepared(Failure.EXIT)

    monkeypatch.setattr(FakeEnvironment, "prepared", cut_off)
    first.client("lambda").create_function(
        FunctionName="cut", Runtime="python3.12", Handler="cut.off", SnapStart=ON,
        Role=make_role(first.client("iam"), "worker"), Code={"ZipFile": package()}, Publish=True,
    )  # fmt: skip
    first.idle()
    assert 1 == len(ended)
    assert "Pending" == state(first.client("lambda"), "cut")[0]
    monkeypatch.undo()
    first.stop()
    second = RunningLambda(tmp_path)
    second.start()
    second.advance(1)
    assert "Active" == state(second.client("lambda"), "cut")[0]
    second.stop()
