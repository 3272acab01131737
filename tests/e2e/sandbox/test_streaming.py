"""Answers that leave the sandbox while the function still runs."""

from __future__ import annotations

import base64
import json
import textwrap
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from e2e.sandbox.machine import Machine, Tried
from pileus.kernel.fleet import Failure, InvocationResult
from support import skips

PRELUDE_TYPE = "application/vnd.awslambda.http-integration-response"
MEGABYTE = 1 << 20


class Reader:
    """A sink that takes what comes, at once or when told."""

    def __init__(self, is_reading: bool = True) -> None:
        self.content_type = ""
        self.pieces: list[bytes] = []
        self.came = threading.Event()
        self.is_reading = is_reading
        self.untaken_bytes = 0
        self._on_taken: Callable[[int], None] = lambda count: None

    @property
    def text(self) -> str:
        return b"".join(self.pieces).decode()

    def begin(self, content_type: str, on_taken: Callable[[int], None]) -> None:
        self.content_type = content_type
        self._on_taken = on_taken

    def put(self, piece: bytes) -> None:
        self.pieces.append(piece)
        self.came.set()
        if self.is_reading:
            self._on_taken(len(piece))
        else:
            self.untaken_bytes += len(piece)

    def read_on(self) -> None:
        self.is_reading = True
        self._on_taken(self.untaken_bytes)


def start(machine: Machine, body: str, **members: Any) -> Tried:
    """A Node.js handler that streams; `body` has `event`, `out` and `context`."""
    skips.program("node", "Node.js")
    code = f"""
        export const handler = awslambda.streamifyResponse(async (event, out, context) => {{
        {body}
        }});
        const paused = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    """
    members = {"runtime": "nodejs20.x", "handler": "index.handler"} | members
    return machine.start({"index.mjs": textwrap.dedent(code)}, **members)


def streamed(
    tried: Tried, event: Any = None, **options: Any
) -> tuple[Reader, Future[InvocationResult]]:
    reader = Reader()
    return reader, tried.begin(event, sink=reader, **options)


def finished(tried: Tried, event: Any = None, **options: Any) -> tuple[Reader, InvocationResult]:
    reader, running = streamed(tried, event, **options)
    return reader, running.result(30)


def test_a_piece_leaves_before_the_function_ends(machine: Machine) -> None:
    tried = start(
        machine,
        """
        out.setContentType("text/plain");
        out.write("first");
        await paused(event);
        out.end("last");
        """,
    )
    reader, running = streamed(tried, 1500)
    assert reader.came.wait(30)
    assert ("first", False) == (reader.text, running.done())
    assert (Failure.NONE, b"") == (running.result(30).failure, running.result(30).payload)
    assert ("firstlast", "text/plain") == (reader.text, reader.content_type)


def test_a_stream_is_a_writable_and_environments_serve_on(machine: Machine) -> None:
    tried = start(
        machine,
        """
        const { pipeline } = await import("node:stream/promises");
        const { Readable } = await import("node:stream");
        await pipeline(Readable.from([Buffer.from("ä"), { a: 1 }, "c"], { objectMode: true })
            .map((each) => (each.a ? JSON.stringify(each) : each)), out);
        """,
    )
    assert ['ä{"a":1}c'] * 3 == [finished(tried)[0].text for _ in range(3)]
    assert "application/octet-stream" == finished(tried)[0].content_type


def test_metadata_precede_the_body(machine: Machine) -> None:
    tried = start(
        machine,
        """
        const http = awslambda.HttpResponseStream.from(out, { statusCode: 201, headers: {} });
        if (event) http.write(event);
        http.end();
        """,
    )
    reader, _ = finished(tried, "body")
    assert '{"statusCode":201,"headers":{}}' + "\0" * 8 + "body" == reader.text
    assert PRELUDE_TYPE == reader.content_type
    assert '{"statusCode":201,"headers":{}}' + "\0" * 8 == finished(tried)[0].text


def test_a_wanted_whole_answer_comes_whole(machine: Machine) -> None:
    tried = start(machine, 'out.write("a"); out.end(event);')
    assert b"ab" == tried.result("b").payload


@pytest.mark.parametrize("is_streamed", [True, False])
def test_an_error_follows_what_was_written(machine: Machine, is_streamed: bool) -> None:
    tried = start(machine, 'out.write("x".repeat(event)); throw new RangeError("too far ä");')
    reader = Reader()
    for size in (0, 9, 100_000):
        reader.pieces.clear()
        result = tried.result(size, **({"sink": reader} if is_streamed else {}))
        assert (Failure.ERROR, True) == (result.failure, result.is_reusable)
        document = json.loads(result.payload)
        assert ("RangeError", "too far ä") == (document["errorType"], document["errorMessage"])
        assert "x" * (size if is_streamed else 0) == reader.text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('out.write("a");', "Response stream is not finished."),
        ('out.write("a"); out.destroy();', "Response stream is not finished."),
        ('out.write("a"); out.setContentType("b");', "Cannot set content-type, too late."),
        ("", "Response stream is not finished."),
    ],
)
def test_a_stream_that_is_not_ended_is_an_error(machine: Machine, body: str, message: str) -> None:
    _, result = finished(start(machine, body))
    assert message == json.loads(result.payload)["errorMessage"]


def test_a_handler_without_a_promise_is_refused(machine: Machine) -> None:
    skips.program("node", "Node.js")
    code = "exports.handler = awslambda.streamifyResponse((event, out) => { out.end('a'); });"
    tried = machine.start({"index.js": code}, runtime="nodejs20.x", handler="index.handler")
    for _ in range(3):
        reader, result = finished(tried)
        assert ("a", Failure.ERROR, True) == (reader.text, result.failure, result.is_reusable)
        message = "Streaming does not support non-async handlers."
        assert message == json.loads(result.payload)["errorMessage"]


@pytest.mark.parametrize(
    "body",
    [
        'out.end("a"); await new Promise(() => {});',
        'out.end("a"); await new Promise((r) => out.once("close", r)); throw new Error("late");',
        'out.end("a"); await paused(1);',
        'out.end("a"); setTimeout(() => {}, 30);',
        'out.end("a"); await new Promise((r) => setImmediate(r)); throw new Error("meanwhile");',
    ],
    ids=["never settles", "fails later", "waits", "leaves a timer", "fails meanwhile"],
)
def test_what_follows_the_end_of_a_stream_is_no_part_of_it(machine: Machine, body: str) -> None:
    tried = start(machine, body)
    for _ in range(3):
        reader, result = finished(tried)
        assert ("a", True) == (reader.text, result.is_reusable)
        assert result.failure is Failure.NONE or "meanwhile" in body


def test_a_crash_within_a_stream_tells_its_cause(machine: Machine) -> None:
    tried = start(
        machine,
        'out.write("a"); setTimeout(() => { throw new Error("late"); }, 20); await paused(9e3);',
    )
    reader, result = finished(tried)
    assert ("a", Failure.ERROR, False) == (reader.text, result.failure, result.is_reusable)
    assert "late" == json.loads(result.payload)["errorMessage"]


def test_an_exit_within_a_stream_is_an_exit(machine: Machine) -> None:
    reader, result = finished(start(machine, 'out.write("a"); await paused(50); process.exit(3);'))
    assert ("a", Failure.EXIT, "exit status 3") == (reader.text, result.failure, result.exit_reason)


def test_a_deadline_ends_a_stream(machine: Machine) -> None:
    tried = start(machine, 'out.write("a"); await paused(20000);')
    reader, result = finished(tried, timeout_seconds=1.0)
    assert ("a", Failure.TIMEOUT) == (reader.text, result.failure)


def test_a_function_waits_for_its_reader(machine: Machine) -> None:
    tried = start(
        machine,
        """
        const piece = Buffer.alloc(65536, 97);
        for (let at = 0; at < 160; at++) {
            if (!out.write(piece)) await new Promise((resolve) => out.once("drain", resolve));
        }
        out.end();
        """,
    )
    reader = Reader(is_reading=False)
    running = tried.begin(None, sink=reader)
    assert reader.came.wait(30)
    with pytest.raises(TimeoutError):
        running.result(1.0)
    assert reader.untaken_bytes <= MEGABYTE
    tried.machine.loop.call(reader.read_on)
    assert Failure.NONE is running.result(30).failure
    assert 160 * 65536 == sum(map(len, reader.pieces))


def test_a_stream_over_200_megabytes_is_cut_off(machine: Machine) -> None:
    tried = start(
        machine,
        """
        const piece = Buffer.alloc(1 << 20, 97);
        for (let at = 0; at < event; at++) {
            if (!out.write(piece)) await new Promise((resolve) => out.once("drain", resolve));
        }
        out.end();
        """,
    )
    sizes: list[int] = []
    reader = Reader()
    reader.put = lambda piece: (sizes.append(len(piece)), reader._on_taken(len(piece)))  # type: ignore
    running = tried.begin(201, sink=reader)
    document = json.loads(running.result(60).payload)
    assert ("Function.ResponseSizeTooLarge", 200 * MEGABYTE) == (document["errorType"], sum(sizes))
    assert "a" * MEGABYTE == finished(tried, 1)[0].text


CUSTOM = """
import base64, http.client, os, socket

def handler(event, context):
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    out = socket.create_connection((host, int(port)))
    out.sendall((
        f"POST /2018-06-01/runtime/invocation/{context.aws_request_id}/response HTTP/1.1\\r\\n"
        "Host: x\\r\\nContent-Type: text/x-own\\r\\nTransfer-Encoding: chunked\\r\\n"
        "lambda-runtime-function-response-mode: Streaming\\r\\n"
        "Trailer: Lambda-Runtime-Function-Error-Type\\r\\n\\r\\n"
    ).encode())
    out.sendall(b"1\\r\\na\\r\\n" * 50000)
    if event is None:
        out.close()
        import time
        time.sleep(9)
    out.sendall(b"0\\r\\n" + event.encode() + b"\\r\\n")
    print(out.recv(1000).split(b"\\r\\n")[0].decode())
"""
ERROR = "Lambda-Runtime-Function-Error"
DOCUMENT = base64.b64encode(b'{"errorType": "Own.Kind"}').decode()


def custom(machine: Machine, trailers: str | None) -> tuple[Tried, Reader, InvocationResult]:
    """A program that speaks the Runtime API itself."""
    tried = machine.start(CUSTOM)
    reader, result = finished(tried, trailers)
    assert ("a" * 50_000, "text/x-own") == (reader.text, reader.content_type)
    return tried, reader, result


def test_a_runtime_of_any_language_may_stream_in_chunks_of_one_byte(machine: Machine) -> None:
    tried, _, result = custom(machine, "")
    assert Failure.NONE is result.failure
    assert b"a" * 50_000 == tried.result("").payload


@pytest.mark.parametrize(
    ("trailers", "document"),
    [
        (
            f"{ERROR}-Type: Own.Kind\r\n{ERROR}-Body: {DOCUMENT}\r\n",
            {"errorType": "Own.Kind"},
        ),
        (f"{ERROR}-Type: Own.Kind\r\n", {"errorType": "Own.Kind", "errorMessage": ""}),
        (f"{ERROR}-Type: K\r\n{ERROR}-Body: ?\r\n", {"errorType": "K", "errorMessage": ""}),
    ],
)
def test_trailers_say_what_ended_a_stream(
    machine: Machine, trailers: str, document: dict[str, str]
) -> None:
    _, _, result = custom(machine, trailers)
    assert (Failure.ERROR, document) == (result.failure, json.loads(result.payload))


def test_a_stream_whose_connection_breaks_is_truncated(machine: Machine) -> None:
    _, _, result = custom(machine, None)
    assert (Failure.ERROR, False) == (result.failure, result.is_reusable)
    assert "Runtime.TruncatedResponse" == json.loads(result.payload)["errorType"]


SHELL = """\
#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
while true; do
    event=$(curl -sS -LD /tmp/head "$api/next")
    id=$(grep -i Lambda-Runtime-Aws-Request-Id /tmp/head | tr -d '[:space:]' | cut -d: -f2)
    (printf first; sleep $event; printf last) | curl -sSNT . -o /dev/null -X POST \\
        -H "Lambda-Runtime-Function-Response-Mode: streaming" -H "Content-Type: text/plain" \\
        "$api/$id/response"
done
"""


def test_a_shell_script_streams_what_it_is_given(machine: Machine) -> None:
    skips.program("curl", "curl")
    package = Path(machine.package({"bootstrap": SHELL}))
    (package / "bootstrap").chmod(0o755)
    tried = machine.start({}, runtime="provided.al2023", handler="-", code_path=str(package))
    reader, running = streamed(tried, 1)
    assert reader.came.wait(30)
    assert ("first", False) == (reader.text, running.done())
    assert Failure.NONE is running.result(30).failure
    assert ("firstlast", "text/plain") == (reader.text, reader.content_type)
    assert "firstlast" == finished(tried, 0)[0].text
