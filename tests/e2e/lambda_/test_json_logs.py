"""Lambda's own entries in a log whose format is JSON, and the levels that choose among them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.fake_fleet import Exits
from support.lambdas import Functions, RunningLambda, log_lines


def create(functions: Functions, handler: Any, **logging: str) -> str:
    return functions.create(handler, LoggingConfig={"LogFormat": "JSON", **logging})


def records(aws: Any, pileus: RunningLambda, name: str) -> list[tuple[str, Any]]:
    pileus.idle()
    found = [json.loads(line) for line in log_lines(aws("logs"), name)]
    return [(each["type"].removeprefix("platform."), each["record"]) for each in found]


def answer(event: Any, context: Any) -> Any:
    return {"a": 1}


def fail(event: Any, context: Any) -> Any:
    raise ValueError("no")


def leave(event: Any, context: Any) -> Any:
    raise Exits("exit status 3")


def test_an_invocation_is_told_in_records(
    functions: Functions, aws: Any, pileus: RunningLambda
) -> None:
    name = create(functions, answer)
    request_id = functions.invoke(name)["ResponseMetadata"]["RequestId"]
    found = records(aws, pileus, name)
    assert ["initStart", "start", "report"] == [kind for kind, _ in found]
    init, start, report = (record for _, record in found)
    assert ("on-demand", "init", name, "$LATEST") == tuple(
        init[key] for key in ("initializationType", "phase", "functionName", "functionVersion")
    )
    assert {"requestId": request_id, "version": "$LATEST"} == start
    assert {
        "requestId": request_id,
        "status": "success",
        "metrics": {
            "durationMs": 1.234, "billedDurationMs": 14, "memorySizeMB": 128,
            "maxMemoryUsedMB": report["metrics"]["maxMemoryUsedMB"], "initDurationMs": 12.34,
        },
    } == report  # fmt: skip


@pytest.mark.parametrize(
    ("level", "handler", "expected"),
    [
        ("DEBUG", answer, ["initStart", "start", "runtimeDone", "report"]),
        ("WARN", answer, []),
        ("WARN", fail, ["runtimeDone", "report"]),
        ("INFO", fail, ["initStart", "start", "runtimeDone", "report"]),
    ],
)
def test_the_system_level_chooses(
    functions: Functions, aws: Any, pileus: RunningLambda, level: str, handler: Any,
    expected: list[str],
) -> None:  # fmt: skip
    name = create(functions, handler, SystemLogLevel=level)
    functions.invoke(name)
    assert expected == [kind for kind, _ in records(aws, pileus, name)]


@pytest.mark.parametrize(
    ("handler", "status", "error_type"),
    [(fail, "failure", "ValueError"), (leave, "error", "Runtime.ExitError")],
)
def test_records_say_how_an_invocation_failed(
    functions: Functions, aws: Any, pileus: RunningLambda, handler: Any, status: str,
    error_type: str,
) -> None:  # fmt: skip
    name = create(functions, handler)
    functions.invoke(name)
    for kind, record in records(aws, pileus, name)[-2:]:
        assert (kind, status, error_type) == (kind, record["status"], record["errorType"])


def test_records_name_the_trace(functions: Functions, aws: Any, pileus: RunningLambda) -> None:
    name = functions.create(
        answer, LoggingConfig={"LogFormat": "JSON"}, TracingConfig={"Mode": "Active"}
    )
    pileus.advance(1)
    functions.invoke(name)
    tracing = records(aws, pileus, name)[-1][1]["tracing"]
    assert "X-Amzn-Trace-Id" == tracing["type"]
    assert tracing["value"].endswith(f"Parent={tracing['spanId']};Sampled=1")


def test_the_sandbox_reports_a_failed_init_in_the_same_form(
    functions: Functions, aws: Any, pileus: RunningLambda
) -> None:
    pileus.fleet.init_lines = (
        "INIT_REPORT Init Duration: 7.50 ms\tPhase: init\tStatus: error\tError Type: E",
    )
    try:
        name = create(functions, answer)
        functions.invoke(name)
    finally:
        pileus.fleet.init_lines = ()
    assert {
        "initializationType": "on-demand", "phase": "init", "status": "error",
        "metrics": {"durationMs": 7.5}, "errorType": "E",
    } == dict(records(aws, pileus, name))["initReport"]  # fmt: skip


def test_text_has_no_levels(functions: Functions) -> None:
    name = create(functions, answer, SystemLogLevel="WARN")
    with pytest.raises(ClientError) as caught:
        functions.client.update_function_configuration(
            FunctionName=name, LoggingConfig={"LogFormat": "Text", "SystemLogLevel": "WARN"}
        )
    error = caught.value.response["Error"]
    assert "InvalidParameterValueException" == error["Code"]
    assert error["Message"].startswith("LogLevel is not supported when LogFormat is set to")
    changed = functions.client.update_function_configuration(
        FunctionName=name, LoggingConfig={"LogFormat": "Text"}
    )
    assert {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"} == changed["LoggingConfig"]
