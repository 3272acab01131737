"""Lambda's environments: bursts, a thousand alive, large packages, and the slowest."""

from __future__ import annotations

import http.client
import io
import json
import os
import zipfile
from collections.abc import Iterator, Sequence

from bench import lambda_measures, processes
from bench.figures import Figure
from bench.loads import apply
from bench.sqs_measures import Sizes
from bench.systems import HOST, Server, System, running

BURST = 500
ALIVE = 1_000
# So long each event holds its environment, so that no other event takes it.
HELD_SECONDS = 12.0
_PATIENCE_SECONDS = 60.0
_LARGE_BYTES = 250_000_000
_LARGE_FILES = 1_000


def burst(server: Server, count: int) -> tuple[float, int]:
    """Seconds until the last of so many events at once has begun, and the environments then."""
    name = lambda_measures.make_function(server)
    load = apply(
        server, "invoke", function=name, count=count, connections=count, held_seconds=HELD_SECONDS,
        seconds_max=_PATIENCE_SECONDS,
    )  # fmt: skip
    return max(load.outcome.latencies_ms) / 1000 - HELD_SECONDS, alive(server)


def alive(server: Server) -> int:
    """How many environments there are."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=30)
    connection.request("GET", "/_pileus/lambda")
    functions = json.loads(connection.getresponse().read())["functions"]
    connection.close()
    return sum(
        each["alive"]
        for function in functions.values()
        for each in function.get("environments", {}).values()
    )


def warm_p99_ms(server: Server, count: int) -> float:
    name = lambda_measures.make_function(server)
    settings = {"function": name, "connections": 1, "seconds_max": _PATIENCE_SECONDS}
    apply(server, "invoke", count=200, **settings)
    latencies = sorted(apply(server, "invoke", count=count, **settings).outcome.latencies_ms)
    return latencies[int(0.99 * len(latencies))]


def large_package() -> bytes:
    """A zip of 250 MB in files, which are alike and pack well."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        content = bytes(_LARGE_BYTES // _LARGE_FILES)
        for number in range(_LARGE_FILES):
            package.writestr(f"data/{number}", content)
        file = zipfile.ZipInfo("index.py")
        file.external_attr = 0o644 << 16
        package.writestr(file, "def answer(event, context):\n    return {}\n")
    return packed.getvalue()


def second_start_ms(server: Server) -> float:
    """The first event of a function whose package another function has brought before."""
    zipped = large_package()
    for _ in range(2):
        name = lambda_measures.make_function(server, zipped=zipped)
        seen = lambda_measures.first_ms(server, name)
    return seen


def measure(systems: Sequence[System], rounds: int, sizes: Sizes) -> Iterator[Figure]:
    systems = [system for system in systems if system.has_functions]
    p99 = {
        s.name: Figure("Lambda warm, 1 connection, p99", "ms", s.name, is_higher_better=False)
        for s in systems
    }
    for system in systems:
        with running(system) as server:
            p99[system.name].values.append(warm_p99_ms(server, min(2_000, sizes.requests)))
        if system.name == "pileus":
            p99[system.name].target = "target <= 5"
            yield from _of_pileus(system)
    yield from p99.values()


def _of_pileus(system: System) -> Iterator[Figure]:
    """What nobody else is asked for."""

    def figure(name: str, unit: str, target: str) -> Figure:
        return Figure(name, unit, system.name, is_higher_better=False, target=target)

    many = figure(f"{BURST} cold starts at once", "s", "target < 15 on 2 cores")
    weight = figure(f"each of {ALIVE:,} environments (PSS)", "MB", "target <= 24")
    with running(system) as server:
        before = set(processes.tree(server.pid))
        seconds, found = burst(server, BURST)
        many.values.append(seconds)
        many.note = f"{found} environments, {os.cpu_count()} cores"
        burst(server, ALIVE - BURST)
        found = alive(server)
        added = set(processes.tree(server.pid)) - before
        weight.values.append(processes.memory(added).pss / found)
        weight.note = f"{found} alive"
    large = figure("250 MB package, second start", "ms", "target < 300")
    with running(system) as server:
        large.values.append(second_start_ms(server))
    yield from (many, weight, large)
