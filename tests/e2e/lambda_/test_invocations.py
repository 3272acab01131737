"""Invoking functions and waiting for the answer."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.fake_fleet import Context, Exits, FailsInit, RunsOutOfMemory
from support.lambdas import Functions, RunningLambda, log_lines

UNREADABLE = (
    "Could not parse request body into json: Could not parse payload into json: {}\n at [Source: "
    "REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]"
)


def echo(event: Any, context: Context) -> Any:
    context.print(f"got {json.dumps(event)}")
    return event


def test_a_function_answers_with_its_result(functions: Functions) -> None:
    name = functions.create(echo)
    answer = functions.invoke(name, {"a": 1})
    assert 200 == answer["StatusCode"]
    assert b'{"a": 1}' == answer["Payload"]
    assert "$LATEST" == answer["ExecutedVersion"]
    assert "FunctionError" not in answer


def test_no_payload_is_an_empty_event(functions: Functions) -> None:
    name = functions.create(echo)
    assert b"{}" == functions.invoke(name)["Payload"]


@pytest.mark.parametrize(
    "form", ["{name}", "{arn}", "{arn}:$LATEST", "{account}:function:{name}", "{name}:$LATEST"]
)
def test_a_function_has_many_names(functions: Functions, form: str) -> None:
    name = functions.create(echo)
    asked = form.format(name=name, arn=functions.arn(name), account=functions.account)
    assert b"[1]" == functions.invoke(asked, [1])["Payload"]


def test_the_function_is_told_who_called_it_and_when_it_must_end(
    functions: Functions, pileus: RunningLambda
) -> None:
    told: list[Context] = []
    name = functions.create(lambda event, context: told.append(context), Timeout=9)
    given = base64.b64encode(b'{"custom": {"a": "b"}}').decode()
    answer = functions.invoke(name, ClientContext=given, Qualifier="$LATEST")
    (context,) = told
    assert answer["ResponseMetadata"]["RequestId"] == context.request_id
    assert f"{functions.arn(name)}:$LATEST" == context.invoked_arn
    assert '{"custom":{"a":"b"}}' == context.client_context
    assert pileus.now + 9000 == context.deadline_ms
    assert re.fullmatch(
        r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0;Lineage=[0-9a-f]{8}:1",
        context.trace_id,
    )


def test_a_client_context_must_be_json_in_base64(functions: Functions) -> None:
    name = functions.create(echo)
    for bad in ("!", base64.b64encode(b"[").decode(), base64.b64encode(b"1").decode()):
        with pytest.raises(ClientError) as refused:
            functions.invoke(name, ClientContext=bad)
        assert "InvalidRequestContentException" == refused.value.response["Error"]["Code"]


def test_a_warm_environment_keeps_its_globals(functions: Functions, pileus: RunningLambda) -> None:
    def count(event: Any, context: Context) -> Any:
        context.state["count"] = context.state.get("count", 0) + 1
        return context.state["count"]

    name = functions.create(count)
    assert [b"1", b"2", b"3"] == [functions.invoke(name)["Payload"] for _ in range(3)]


def test_the_environment_has_aws_variables_and_the_users_own(
    functions: Functions, pileus: RunningLambda
) -> None:
    name = functions.create(
        echo, Environment={"Variables": {"COLOUR": "blue", "TZ": "Europe/Zurich"}}, MemorySize=256
    )
    functions.invoke(name)
    variables = pileus.fleet.started[-1].variables
    wanted = {
        "COLOUR": "blue",
        "TZ": "Europe/Zurich",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://localhost.localstack.cloud:4566",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "_HANDLER": f"{functions.account}-{name}.handler",
    }
    assert wanted == {key: variables.get(key) for key in wanted}
    assert variables["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert variables["AWS_SESSION_TOKEN"]
    stream = variables["AWS_LAMBDA_LOG_STREAM_NAME"]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)


def test_cold_and_warm_starts_are_told_apart_in_the_log(
    functions: Functions, pileus: RunningLambda, aws: Any
) -> None:
    pileus.fleet.init_lines = ("importing",)
    name = functions.create(echo, MemorySize=512)
    first = functions.invoke(name, 1)["ResponseMetadata"]["RequestId"]
    second = functions.invoke(name, 2)["ResponseMetadata"]["RequestId"]
    pileus.fleet.init_lines = ()
    pileus.idle()
    lines = log_lines(aws("logs"), name)
    assert lines[0].startswith("INIT_START Runtime Version: python:3.12.v1\tRuntime Version ARN: ")
    report = (
        "\tDuration: 1.23 ms\tBilled Duration: {} ms\tMemory Size: 512 MB\tMax Memory Used: 40 MB\t"
    )
    assert [
        "importing\n",
        f"START RequestId: {first} Version: $LATEST\n",
        "got 1\n",
        f"END RequestId: {first}\n",
        f"REPORT RequestId: {first}{report.format(14)}Init Duration: 12.34 ms\t\n",
        f"START RequestId: {second} Version: $LATEST\n",
        "got 2\n",
        f"END RequestId: {second}\n",
        f"REPORT RequestId: {second}{report.format(2)}\n",
    ] == lines[1:]


def test_the_log_tail_is_the_end_of_the_invocations_log(functions: Functions) -> None:
    def chatty(event: Any, context: Context) -> None:
        for _ in range(100):
            context.print("x" * 99)

    name = functions.create(chatty)
    answer = functions.invoke(name, LogType="Tail")
    tail = base64.b64decode(answer["LogResult"])
    assert 4096 == len(tail)
    assert tail.endswith(b"Init Duration: 12.34 ms\t\n")
    assert "LogResult" not in functions.invoke(name)


def test_the_log_tail_begins_with_start(functions: Functions) -> None:
    name = functions.create(echo)
    answer = functions.invoke(name, 7, LogType="Tail")
    request_id = answer["ResponseMetadata"]["RequestId"]
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert [f"START RequestId: {request_id} Version: $LATEST", "got 7"] == lines[:2]


def test_an_error_of_the_function_is_an_answer(
    functions: Functions, pileus: RunningLambda, aws: Any
) -> None:
    def fail(event: Any, context: Context) -> None:
        raise ValueError("no such colour")

    name = functions.create(fail)
    answer = functions.invoke(name)
    assert 200 == answer["StatusCode"]
    assert "Unhandled" == answer["FunctionError"]
    assert {"errorMessage": "no such colour", "errorType": "ValueError", "stackTrace": []} == (
        json.loads(answer["Payload"])
    )
    pileus.idle()
    assert "Status" not in log_lines(aws("logs"), name)[-1]


def test_a_function_that_takes_too_long_is_ended(
    functions: Functions, pileus: RunningLambda, aws: Any
) -> None:
    import asyncio

    async def wait(event: Any, context: Context) -> None:
        await asyncio.Event().wait()

    name = functions.create(wait, Timeout=1)
    answer = functions.invoke(name)
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert "Unhandled" == answer["FunctionError"]
    assert {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request_id} Error: Task timed out after 1.00 seconds",
    } == json.loads(answer["Payload"])
    pileus.idle()
    lines = log_lines(aws("logs"), name)
    assert f"{request_id} Task timed out after 1.00 seconds\n\n" in lines[2]
    assert lines[-1].endswith("\tInit Duration: 12.34 ms\tStatus: timeout\n")


@pytest.mark.parametrize(
    ("ends", "kind", "words"),
    [
        (Exits("exit status 3"), "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        (Exits("signal: killed"), "Runtime.ExitError", "Runtime exited with error: signal: killed"),
        (Exits(""), "Runtime.ExitError", "Runtime exited without providing a reason"),
        (
            RunsOutOfMemory(),
            "Runtime.OutOfMemory",
            "Runtime exited with error: signal: killed",
        ),
    ],
)
def test_a_function_whose_process_ends_is_reported(
    functions: Functions,
    pileus: RunningLambda,
    aws: Any,
    ends: Exception,
    kind: str,
    words: str,
) -> None:
    def end(event: Any, context: Context) -> None:
        raise ends

    name = functions.create(end)
    answer = functions.invoke(name)
    request_id = answer["ResponseMetadata"]["RequestId"]
    message = f"RequestId: {request_id} Error: {words}"
    assert {"errorType": kind, "errorMessage": message} == json.loads(answer["Payload"])
    assert "Unhandled" == answer["FunctionError"]
    pileus.idle()
    lines = log_lines(aws("logs"), name)
    assert f"{message}\n{kind}\n" == lines[2]
    assert lines[-1].endswith(f"\tStatus: error\tError Type: {kind}\n")


def test_a_module_that_fails_is_reported(functions: Functions) -> None:
    document = '{"errorMessage": "no module", "errorType": "Runtime.ImportModuleError"}'

    def fail(event: Any, context: Context) -> None:
        raise FailsInit(document)

    name = functions.create(fail)
    answer = functions.invoke(name, LogType="Tail")
    assert "Unhandled" == answer["FunctionError"]
    assert document.encode() == answer["Payload"]
    report = base64.b64decode(answer["LogResult"]).decode().splitlines()[-1]
    assert report.endswith("\tStatus: error\tError Type: Runtime.ImportModuleError")
    assert "Init Duration" not in report


def test_a_dead_environment_is_not_used_again(functions: Functions, pileus: RunningLambda) -> None:
    calls = []

    def die_once(event: Any, context: Context) -> str:
        calls.append(context.spec.environment_id)
        if len(calls) == 1:
            raise Exits("exit status 1")
        return "alive"

    name = functions.create(die_once)
    functions.invoke(name)
    assert b'"alive"' == functions.invoke(name)["Payload"]
    assert 2 == len(set(calls))


def test_an_environment_that_died_while_idle_is_not_used_again(
    functions: Functions, pileus: RunningLambda
) -> None:
    used = []
    name = functions.create(lambda event, context: used.append(context.spec.environment_id))
    functions.invoke(name)

    async def die() -> None:
        pileus.fleet.alive[used[0]].die()

    pileus.run(die())
    functions.invoke(name)
    assert 2 == len(set(used))


def test_an_idle_environment_is_reaped_by_the_clock(
    functions: Functions, pileus: RunningLambda
) -> None:
    used = []
    name = functions.create(lambda event, context: used.append(context.spec.environment_id))
    functions.invoke(name)
    pileus.advance(599)
    assert used[0] in pileus.fleet.alive
    pileus.advance(1)
    assert used[0] in pileus.fleet.stopped


def test_an_environment_ends_before_its_credentials(
    functions: Functions, pileus: RunningLambda
) -> None:
    used = []
    name = functions.create(lambda event, context: used.append(context.spec.environment_id))
    for _ in range(8):
        functions.invoke(name)
        pileus.advance(500)
    assert 2 == len(set(used))


def test_new_code_runs_in_new_environments(
    functions: Functions, pileus: RunningLambda, client: Any
) -> None:
    used = []
    name = functions.create(lambda event, context: used.append(context.spec.environment_id))
    functions.invoke(name)
    client.update_function_configuration(FunctionName=name, MemorySize=1024)
    functions.invoke(name)
    pileus.idle()
    assert 2 == len(set(used))
    assert used[0] in pileus.fleet.stopped
    assert 1024 == pileus.fleet.started[-1].memory_mb


def test_a_sandbox_that_cannot_start_is_the_services_fault(
    functions: Functions, pileus: RunningLambda
) -> None:
    name = functions.create(echo)
    pileus.fleet.refusal = "no namespaces here"
    with pytest.raises(ClientError) as refused:
        functions.invoke(name)
    pileus.fleet.refusal = ""
    assert "ServiceException" == refused.value.response["Error"]["Code"]
    assert 500 == refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert "no namespaces here" in refused.value.response["Error"]["Message"]
    assert b"1" == functions.invoke(name, 1)["Payload"]


def test_a_dry_run_runs_nothing(functions: Functions) -> None:
    calls: list[Any] = []
    name = functions.create(lambda event, context: calls.append(event))
    assert 204 == functions.invoke(name, InvocationType="DryRun")["StatusCode"]
    assert [] == calls


def test_a_function_that_is_not_there(functions: Functions) -> None:
    arn = functions.arn("nothing")
    for asked, missing in (
        ({"FunctionName": "nothing"}, arn),
        ({"FunctionName": "nothing", "Qualifier": "$LATEST"}, f"{arn}:$LATEST"),
        ({"FunctionName": "nothing:12"}, f"{arn}:12"),
        ({"FunctionName": "nothing", "InvocationType": "Event"}, arn),
        ({"FunctionName": "nothing", "InvocationType": "DryRun"}, arn),
    ):
        with pytest.raises(ClientError) as refused:
            functions.client.invoke(**asked)
        error = refused.value.response
        assert "ResourceNotFoundException" == error["Error"]["Code"]
        assert f"Function not found: {missing}" == error["Error"]["Message"]
        assert 404 == error["ResponseMetadata"]["HTTPStatusCode"]


def test_qualifiers_must_agree(functions: Functions) -> None:
    name = functions.create(echo)
    with pytest.raises(ClientError) as refused:
        functions.invoke(f"{name}:$LATEST", Qualifier="7")
    assert "InvalidParameterValueException" == refused.value.response["Error"]["Code"]
    assert (
        "The derived qualifier from the function name does not match the specified qualifier."
        == refused.value.response["Error"]["Message"]
    )


def test_functions_of_other_regions_are_out_of_reach(functions: Functions) -> None:
    with pytest.raises(ClientError) as refused:
        functions.invoke(f"arn:aws:lambda:eu-west-1:{functions.account}:function:f")
    assert (
        "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"
        == refused.value.response["Error"]["Message"]
    )


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (
            b"\x99",
            UNREADABLE.format(
                "Unexpected character ((CTRL-CHAR, code 153)): expected a valid value (JSON "
                "String, Number, Array, Object or token 'null', 'true' or 'false')",
                1,
                1,
            ),
        ),
        (b'"\x87"', UNREADABLE.format("Invalid UTF-8 start byte 0x87", 1, 3)),
        (b'"\xc3\x87\xc3"', UNREADABLE.format("Invalid UTF-8 middle byte 0x22", 1, 6)),
        (
            b"hello",
            UNREADABLE.format(
                "Unrecognized token 'hello': was expecting (JSON String, Number, Array, Object or "
                "token 'null', 'true' or 'false')",
                1,
                1,
            ),
        ),
        (
            b'{"a":\n ]}',
            UNREADABLE.format(
                "Unexpected character (']' (code 93)): expected a valid value (JSON String, "
                "Number, Array, Object or token 'null', 'true' or 'false')",
                2,
                2,
            ),
        ),
    ],
)
@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
def test_a_payload_must_be_json(
    functions: Functions, payload: bytes, problem: str, kind: str
) -> None:
    name = functions.create(echo)
    with pytest.raises(ClientError) as refused:
        functions.invoke(name, Payload=payload, InvocationType=kind)
    assert "InvalidRequestContentException" == refused.value.response["Error"]["Code"]
    assert problem == refused.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("kind", "limit", "message"),
    [
        (
            "RequestResponse", 6_291_456,
            "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
        ),
        (
            "Event", 1_048_576,
            "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)",
        ),
    ],
)  # fmt: skip
def test_a_payload_has_a_limit(functions: Functions, kind: str, limit: int, message: str) -> None:
    name = functions.create(lambda event, context: None)
    functions.invoke(name, Payload=b'"' + b"x" * (limit - 2) + b'"', InvocationType=kind)
    with pytest.raises(ClientError) as refused:
        functions.invoke(name, Payload=b'"' + b"x" * (limit - 1) + b'"', InvocationType=kind)
    error = refused.value.response
    assert ("RequestEntityTooLargeException", message, 413) == (
        error["Error"]["Code"], error["Error"]["Message"],
        error["ResponseMetadata"]["HTTPStatusCode"],
    )  # fmt: skip


def test_an_answer_has_a_limit(functions: Functions) -> None:
    name = functions.create(lambda event, context: b'"' + b"x" * (event - 2) + b'"')
    assert 6_291_556 == len(functions.invoke(name, 6_291_556)["Payload"])
    answer = functions.invoke(name, 6_291_557)
    assert "Unhandled" == answer["FunctionError"]
    assert {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size "
        "(6291556 bytes).",
    } == json.loads(answer["Payload"])
