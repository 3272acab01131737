"""InvokeWithResponseStream: answers as events while the function runs."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.fake_fleet import Context, Exits
from support.lambdas import Functions, RunningLambda, log_lines

FAILURE = {"errorMessage": "no", "errorType": "ValueError", "stackTrace": []}


class Gate:
    """A handler waits behind it until the test opens it."""

    def __init__(self, pileus: RunningLambda) -> None:
        self._pileus = pileus
        self._is_open = asyncio.Event()

    async def wait(self) -> None:
        await self._is_open.wait()

    def open(self) -> None:
        self._pileus.run(self._open())

    async def _open(self) -> None:
        self._is_open.set()


def begin(context: Context) -> None:
    assert context.sink is not None
    context.sink.begin("text/plain", lambda count: None)


def write(context: Context, *pieces: bytes) -> None:
    assert context.sink is not None
    for piece in pieces:
        context.sink.put(piece)


async def hello(event: Any, context: Context) -> bytes:
    context.print("streaming")
    begin(context)
    write(context, b"hel", b"lo")
    return b""


def events(functions: Functions, name: str, **members: Any) -> list[dict[str, Any]]:
    answer = functions.client.invoke_with_response_stream(FunctionName=name, **members)
    return list(answer["EventStream"])


def chunks(*pieces: bytes) -> list[dict[str, Any]]:
    return [{"PayloadChunk": {"Payload": piece}} for piece in pieces]


def test_a_streamed_answer_comes_in_the_functions_pieces(functions: Functions) -> None:
    name = functions.create(hello)
    answer = functions.client.invoke_with_response_stream(FunctionName=name)
    assert (200, "$LATEST") == (answer["StatusCode"], answer["ExecutedVersion"])
    assert "application/vnd.amazon.eventstream" == answer["ResponseStreamContentType"]
    assert [*chunks(b"hel", b"lo"), {"InvokeComplete": {}}] == list(answer["EventStream"])


def test_the_first_piece_comes_before_the_function_ends(
    functions: Functions, pileus: RunningLambda
) -> None:
    gate = Gate(pileus)

    async def wait(event: Any, context: Context) -> bytes:
        begin(context)
        write(context, b"first")
        await gate.wait()
        write(context, b"last")
        return b""

    name = functions.create(wait)
    stream = functions.client.invoke_with_response_stream(FunctionName=name)["EventStream"]
    reader = iter(stream)
    assert chunks(b"first")[0] == next(reader)
    gate.open()
    assert [*chunks(b"last"), {"InvokeComplete": {}}] == list(reader)


def test_a_whole_answer_comes_in_bounded_pieces(functions: Functions) -> None:
    text = json.dumps("x" * 600_000).encode()
    name = functions.create(lambda event, context: text)
    *pieces, last = events(functions, name)
    assert {"InvokeComplete": {}} == last
    assert text == b"".join(each["PayloadChunk"]["Payload"] for each in pieces)
    assert 262_144 == max(len(each["PayloadChunk"]["Payload"]) for each in pieces)


def test_an_answer_may_be_empty(functions: Functions) -> None:
    async def nothing(event: Any, context: Context) -> bytes:
        begin(context)
        return b""

    assert [{"InvokeComplete": {}}] == events(functions, functions.create(nothing))


@pytest.mark.parametrize("pieces", [(), (b"so far",)])
def test_an_error_is_told_at_the_end(functions: Functions, pieces: tuple[bytes, ...]) -> None:
    async def fail(event: Any, context: Context) -> bytes:
        if pieces:
            begin(context)
            write(context, *pieces)
        raise ValueError("no")

    *found, last = events(functions, functions.create(fail))
    assert chunks(*pieces) == found
    completion = last["InvokeComplete"]
    assert "Unhandled" == completion["ErrorCode"]
    assert FAILURE == json.loads(completion["ErrorDetails"])


def test_an_exit_within_the_answer_is_told_at_the_end(functions: Functions) -> None:
    async def leave(event: Any, context: Context) -> bytes:
        begin(context)
        write(context, b"a")
        raise Exits("exit status 1")

    *found, last = events(functions, functions.create(leave))
    assert chunks(b"a") == found
    details = json.loads(last["InvokeComplete"]["ErrorDetails"])
    assert "Runtime.ExitError" == details["errorType"]


def test_a_stream_that_hangs_ends_with_its_time(
    functions: Functions, pileus: RunningLambda
) -> None:
    async def hang(event: Any, context: Context) -> bytes:
        begin(context)
        write(context, b"a")
        await asyncio.Event().wait()

    name = functions.create(hang, Timeout=1)
    reader = iter(functions.client.invoke_with_response_stream(FunctionName=name)["EventStream"])
    assert chunks(b"a")[0] == next(reader)
    # The clock waits for what runs, so it is the real time that ends it.
    pileus.advance(11)
    (last,) = reader
    details = json.loads(last["InvokeComplete"]["ErrorDetails"])
    assert "Sandbox.Timedout" == details["errorType"]
    assert details["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")


def test_the_log_follows_the_answer(functions: Functions, aws: Any, pileus: RunningLambda) -> None:
    name = functions.create(hello)
    tail = events(functions, name, LogType="Tail")[-1]["InvokeComplete"]["LogResult"]
    lines = base64.b64decode(tail).decode().splitlines()
    assert ["START", "streaming", "END", "REPORT"] == [line.split(" ")[0] for line in lines]
    pileus.idle()
    assert "streaming\n" in log_lines(aws("logs"), name)


def test_a_version_is_executed(functions: Functions) -> None:
    name = functions.create(hello)
    functions.client.publish_version(FunctionName=name)
    answer = functions.client.invoke_with_response_stream(FunctionName=name, Qualifier="1")
    assert "1" == answer["ExecutedVersion"]
    assert {"InvokeComplete": {}} == list(answer["EventStream"])[-1]


def test_a_dry_run_runs_nothing(functions: Functions) -> None:
    ran: list[Any] = []
    name = functions.create(lambda event, context: ran.append(event))
    answer = functions.client.invoke_with_response_stream(
        FunctionName=name, InvocationType="DryRun"
    )
    assert (204, []) == (answer["StatusCode"], ran)


@pytest.mark.parametrize(
    ("members", "code", "status"),
    [
        ({"FunctionName": "none"}, "ResourceNotFoundException", 404),
        ({"Payload": b"{"}, "InvalidRequestContentException", 400),
        ({"Payload": b'"' + b"x" * 6_291_455 + b'"'}, "RequestEntityTooLargeException", 413),
        ({"ClientContext": "?"}, "InvalidRequestContentException", 400),
        ({"Qualifier": "none"}, "ResourceNotFoundException", 404),
        ({"InvocationType": "Event"}, "ValidationException", 400),
    ],
)
def test_what_cannot_begin_is_an_error_of_the_request(
    functions: Functions, members: dict[str, Any], code: str, status: int
) -> None:
    name = functions.create(hello)
    with pytest.raises(ClientError) as refused:
        functions.client.invoke_with_response_stream(**{"FunctionName": name} | members)
    response = refused.value.response
    assert (code, status) == (
        response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]
    )  # fmt: skip


def test_a_throttle_is_an_error_of_the_request(functions: Functions) -> None:
    name = functions.create(hello)
    functions.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(functions.client.exceptions.TooManyRequestsException):
        functions.client.invoke_with_response_stream(FunctionName=name)


def test_a_lost_client_stops_nothing(functions: Functions, pileus: RunningLambda) -> None:
    ended, gate = threading.Event(), Gate(pileus)
    taken: list[int] = []

    async def run_on(event: Any, context: Context) -> bytes:
        assert context.sink is not None
        context.sink.begin("text/plain", taken.append)
        write(context, b"a")
        await gate.wait()
        for _ in range(10_000):
            if sum(taken) > 32 << 20:
                ended.set()
                break
            write(context, bytes(65_536))
            await asyncio.sleep(0)
        return b""

    name = functions.create(run_on)
    stream = functions.client.invoke_with_response_stream(FunctionName=name)["EventStream"]
    next(iter(stream))
    stream.close()
    gate.open()
    assert ended.wait(20)
