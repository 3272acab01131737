"""Lambda: answers that are streamed through a function URL. Only Pileus streams them."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

from bench import processes
from bench.figures import Figure
from bench.lambda_measures import MEMORY_MB, make_role, median
from bench.sqs_measures import Sizes
from bench.systems import Server, System, running

MEGABYTES = 200
_FIRST_BYTES = 50
_PIECE_BYTES = 1 << 20
_LOOK_BYTES = 20 << 20
_CODE = """
exports.handler = awslambda.streamifyResponse(async (event, out) => {
    const megabytes = Number(event.queryStringParameters.megabytes);
    if (!megabytes) out.write("first");
    const piece = Buffer.alloc(1 << 20, 97);
    for (let at = 0; at < megabytes; at++) {
        if (!out.write(piece)) await new Promise((resolve) => out.once("drain", resolve));
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    out.end();
});
"""


def measure(systems: Sequence[System], rounds: int, sizes: Sizes) -> Iterator[Figure]:
    if "pileus" not in [system.name for system in systems]:
        return
    first = Figure("first byte of a stream, p50", "ms", "pileus", is_higher_better=False)
    rate = Figure(f"a stream of {MEGABYTES} MB", "MB/s", "pileus")
    grown = Figure(f"memory for {MEGABYTES} MB", "MB", "pileus", is_higher_better=False)
    grown.target = "target <= 10"
    (system,) = (system for system in systems if system.name == "pileus")
    with running(system) as server:
        url = _make_url(server)
        url.ask(8).read()
        for _ in range(rounds):
            first.values.append(median([url.first_byte_ms() for _ in range(_FIRST_BYTES)]))
            per_second, growth = url.stream(server)
            rate.values.append(per_second)
            grown.values.append(growth)
    yield from (first, rate, grown)


class _Url:
    """A function that streams, behind its URL."""

    def __init__(self, host: str) -> None:
        self._host = host

    def ask(self, megabytes: int) -> HTTPResponse:
        port = int(self._host.rpartition(":")[2])
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", f"/?megabytes={megabytes}", headers={"Host": self._host})
        return connection.getresponse()

    def first_byte_ms(self) -> float:
        """The function itself goes on for 20 ms."""
        started = time.perf_counter()
        response = self.ask(0)
        response.read1(1)
        elapsed = time.perf_counter() - started
        response.read()
        return elapsed * 1000

    def stream(self, server: Server) -> tuple[float, float]:
        """Megabytes in a second, and by how many the server and its host grow meanwhile."""
        # The function's own memory is no part of it.
        pids = processes.tree(server.pid)[:2]
        before = processes.memory(pids).pss
        started = time.perf_counter()
        response = self.ask(MEGABYTES)
        grown = 0.0
        at = 0
        while piece := response.read(_PIECE_BYTES):
            at += len(piece)
            if at % _LOOK_BYTES < len(piece):
                grown = max(grown, processes.memory(pids).pss - before)
        return at / (1 << 20) / (time.perf_counter() - started), grown


def _make_url(server: Server) -> _Url:
    client = server.client("lambda")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        file = zipfile.ZipInfo("index.js")
        file.external_attr = 0o644 << 16
        package.writestr(file, _CODE)
    client.create_function(
        FunctionName="bench-stream", Runtime="nodejs20.x", Handler="index.handler",
        MemorySize=MEMORY_MB, Role=make_role(server), Code={"ZipFile": packed.getvalue()},
        Timeout=60,
    )  # fmt: skip
    client.get_waiter("function_active_v2").wait(FunctionName="bench-stream")
    made = client.create_function_url_config(
        FunctionName="bench-stream", AuthType="NONE", InvokeMode="RESPONSE_STREAM"
    )
    return _Url(urlsplit(made["FunctionUrl"]).netloc)
