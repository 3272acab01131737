"""Answers that stream from a sandbox, through a server of its own, to clients of several kinds."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from support import skips
from support.lambdas import make_role, package
from support.process import Server

MEGABYTE = 1 << 20
# A stream of 200 MB may cost the server and the host as much as this, whatever the reader does.
GROWTH_BYTES_MAX = 48 * MEGABYTE

NODE = """
const paused = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function write(out, megabytes) {
    const piece = Buffer.alloc(1 << 20, 97);
    for (let at = 0; at < megabytes; at++) {
        if (!out.write(piece)) await new Promise((resolve) => out.once("drain", resolve));
    }
}

exports.handler = awslambda.streamifyResponse(async (event, out, context) => {
    const asked = event.queryStringParameters ?? event;
    if (asked.status) {
        out = awslambda.HttpResponseStream.from(out, {
            statusCode: Number(asked.status),
            headers: { "content-type": "text/plain" },
            cookies: ["a=1", "b=2"],
        });
    }
    if (asked.first) {
        out.write(asked.first);
        await paused(Number(asked.pause ?? 0));
    }
    await write(out, Number(asked.megabytes ?? 0));
    if (asked.error) throw new Error(asked.error);
    if (asked.hang) await paused(60000);
    console.log("written");
    out.end();
});
"""


class Streams:
    """A function that streams, behind a URL."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.port = urlsplit(server.url).port
        self.client = self._client("lambda")
        role = make_role(self._client("iam"), "worker")
        self.client.create_function(
            FunctionName="stream", Runtime="nodejs20.x", Handler="index.handler", Role=role,
            MemorySize=512, Timeout=30, Code={"ZipFile": package(NODE, "index.js")},
        )  # fmt: skip
        made = self.client.create_function_url_config(
            FunctionName="stream", AuthType="NONE", InvokeMode="RESPONSE_STREAM"
        )
        self.host = urlsplit(made["FunctionUrl"]).netloc

    def _client(self, service: str) -> Any:
        return boto3.client(
            service, endpoint_url=self.server.url, region_name="us-east-1",
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip

    def get(self, query: str) -> HTTPResponse:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", f"/?{query}", headers={"Host": self.host})
        return connection.getresponse()

    def memory_bytes(self) -> int:
        """Of the server and of the host of its sandboxes, which is its only Python child."""
        own = self.server.process.pid
        children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
        return sum(_resident_bytes(pid) for pid in (str(own), *children))


def _resident_bytes(pid: str) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Streams]:
    skips.program("node", "Node.js")
    with Server(tmp_path_factory.mktemp("pileus")) as server:
        yield Streams(server)
        server.stop()


def test_the_first_byte_comes_before_the_function_ends(streams: Streams) -> None:
    response = streams.get("first=hello&pause=1500&status=201")
    began = time.monotonic()
    assert (201, ["a=1", "b=2"]) == (response.status, response.headers.get_all("set-cookie"))
    assert b"hello" == response.read1(5)
    assert b"" == response.read()
    # The rest took as long as the function paused, or nearly so.
    assert time.monotonic() - began > 0.5


def test_a_stream_of_200_megabytes_does_not_grow_the_server(streams: Streams) -> None:
    streams.get("megabytes=8").read()
    before = streams.memory_bytes()
    response = streams.get("megabytes=200")
    read = grown = 0
    while piece := response.read(MEGABYTE):
        read += len(piece)
        grown = max(grown, streams.memory_bytes() - before)
    assert 200 * MEGABYTE == read
    assert grown < GROWTH_BYTES_MAX


def test_a_reader_that_stops_makes_the_function_wait(streams: Streams) -> None:
    before = streams.memory_bytes()
    response = streams.get("megabytes=150")
    assert b"a" * MEGABYTE == response.read(MEGABYTE)
    deadline = time.monotonic() + 1.5
    while time.monotonic() < deadline:
        assert streams.memory_bytes() - before < GROWTH_BYTES_MAX
        assert b"a" == response.read(1)
    response.close()


def test_boto3_reads_the_events_of_a_stream(streams: Streams) -> None:
    answer = streams.client.invoke_with_response_stream(
        FunctionName="stream", Payload=b'{"first": "a", "megabytes": 9}', LogType="Tail"
    )
    events = list(answer["EventStream"])
    sizes = [len(event["PayloadChunk"]["Payload"]) for event in events[:-1]]
    assert 1 + 9 * MEGABYTE == sum(sizes)
    assert ["LogResult"] == list(events[-1]["InvokeComplete"])


def test_an_error_within_a_stream_cuts_the_answer(streams: Streams) -> None:
    response = streams.get("first=so-far&error=no")
    with pytest.raises(IncompleteRead) as cut:
        response.read()
    assert b"so-far" == cut.value.partial


def test_a_client_that_goes_away_does_not_hold_the_function(streams: Streams) -> None:
    response = streams.get("megabytes=100&first=a")
    assert b"a" == response.read1(1)
    response.close()
    streams.client.put_function_concurrency(FunctionName="stream", ReservedConcurrentExecutions=1)
    try:
        deadline = time.monotonic() + 20
        while (answer := streams.get("first=next")).status != 200:
            assert (429, True) == (answer.status, time.monotonic() < deadline)
            answer.read()
        assert b"next" == answer.read()
    finally:
        streams.client.delete_function_concurrency(FunctionName="stream")
