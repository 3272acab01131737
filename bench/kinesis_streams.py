"""Kinesis with consumers: what they cost the producer, and a million records read by three."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bench import kinesis_measures, processes
from bench.figures import Figure
from bench.kinesis_consumer import Read
from bench.kinesis_requests import RECORDS
from bench.loads import Load, LoadFailed, apply
from bench.sqs_measures import Sizes
from bench.systems import HOST, ROOT, Server, System, running

CONSUMERS = 3
_SHARDS = 4
# Between a consumer's reads of a shard. AWS lets a shard be read five times a second, by all of its
# consumers together; here each of them may do so, and in a third measurement as often as it can.
_AWS_PACE, _OWN_PACE, _NO_PACE = 0.2 * CONSUMERS, 0.2, 0.0
_PACES = {
    f"{CONSUMERS} consumers": _OWN_PACE,
    f"{CONSUMERS} consumers at AWS's pace": _AWS_PACE,
    f"{CONSUMERS} consumers without pause": _NO_PACE,
}
_READ_SECONDS_MAX = 120.0
_BEYOND_ALL = 1 << 60
_ENDS = 1_000


class _Consumers:
    """Three consumers, each with an iterator for each shard of a stream."""

    def __init__(self, server: Server, client: Any, stream: str, kind: str) -> None:
        self._server = server
        shards = client.list_shards(StreamName=stream)["Shards"]
        self._iterators = [
            client.get_shard_iterator(
                StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType=kind
            )["ShardIterator"]
            for _ in range(CONSUMERS)
            for shard in shards
        ]

    def start(self, seconds: float, records: int, pause_seconds: float) -> subprocess.Popen[str]:
        return _started(
            "bench.kinesis_consumer", self._server, iterators=self._iterators, seconds=seconds,
            records=records, pause_seconds=pause_seconds,
        )  # fmt: skip


def _started(module: str, server: Server, **job: Any) -> subprocess.Popen[str]:
    """A process of clients that has its job."""
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(json.dumps({"host": HOST, "port": server.port, **job}) + "\n")
    process.stdin.flush()
    return process


def _ended(process: subprocess.Popen[str]) -> Read:
    """What has been read; without more input the consumers stop."""
    said, _ = process.communicate()
    return Read(**json.loads(said))


def measure_consumers(systems: Sequence[System], rounds: int, sizes: Sizes) -> Iterator[Figure]:
    """Puts without consumers and with three that read at several paces, in turn."""
    for system in systems:
        if not system.is_signed or system.name == "moto":
            continue
        alone, *beside = (
            Figure(f"PutRecords of 100 x 200 B, {who}", "requests/s", system.name)
            for who in ("0 consumers", *_PACES)
        )
        costs: list[list[float]] = [[] for _ in beside]
        with running(system) as server:
            client, stream = kinesis_measures.make_stream(server, _SHARDS)
            _put(server, stream, sizes.seconds)
            for _ in range(rounds):
                load = _put(server, stream, sizes.seconds)
                _add(alone, load)
                for figure, pace, cost in zip(beside, _PACES.values(), costs, strict=True):
                    consumers = _Consumers(server, client, stream, "LATEST")
                    reader = consumers.start(_READ_SECONDS_MAX, _BEYOND_ALL, pace)
                    busy = _put(server, stream, sizes.seconds)
                    read = _ended(reader)
                    _add(figure, busy)
                    more_ms = (busy.cpu_ms - load.cpu_ms) * busy.outcome.requests
                    cost.append(1000 * more_ms / max(1, read.records))
                    figure.note = f"{read.records:,} records in {read.reads:,} reads meanwhile"
        for figure, cost in zip(beside, costs, strict=True):
            figure.note += f", {statistics.median(cost):.2f} us of the server's processor for each"
            if alone.value and figure.value:
                figure.target = f"{figure.value / alone.value:.2f} x the rate alone"
        beside[0].target += ", target >= 0.8"
        yield from (alone, *beside)


def measure_subscribers(systems: Sequence[System], rounds: int, sizes: Sizes) -> Iterator[Figure]:
    """Puts without subscribers and with three consumers that have enhanced fan-out, in turn."""
    if "pileus" not in [system.name for system in systems]:
        return
    alone, beside = (
        Figure(f"PutRecords of 100 x 200 B, {count} subscribers", "requests/s", "pileus")
        for count in (0, CONSUMERS)
    )
    (system,) = (system for system in systems if system.name == "pileus")
    costs = []
    with running(system) as server:
        client, stream = kinesis_measures.make_stream(server, _SHARDS)
        _put(server, stream, sizes.seconds)
        for _ in range(rounds):
            load = _put(server, stream, sizes.seconds)
            _add(alone, load)
            with _subscribed(server, client, stream) as process:
                busy = _put(server, stream, sizes.seconds)
                read = _ended(process)
            _add(beside, busy)
            more_ms = (busy.cpu_ms - load.cpu_ms) * busy.outcome.requests
            costs.append(1000 * more_ms / max(1, read.records))
            beside.note = f"{read.records:,} records in {read.reads:,} events meanwhile"
    beside.note += f", {statistics.median(costs):.2f} us of the server's processor for each"
    if alone.value and beside.value:
        beside.target = f"{beside.value / alone.value:.2f} x the rate alone"
    yield from (alone, beside)


@contextmanager
def _subscribed(server: Server, client: Any, stream: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has subscribed each of three consumers to all shards of a stream."""
    arn = client.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    shards = client.list_shards(StreamName=stream)["Shards"]
    consumers = [
        client.register_stream_consumer(StreamARN=arn, ConsumerName=f"c{number}")["Consumer"]
        for number in range(CONSUMERS)
    ]
    process = _started(
        "bench.kinesis_subscriber", server,
        subscriptions=[
            (each["ConsumerARN"], shard["ShardId"]) for each in consumers for shard in shards
        ],
    )  # fmt: skip
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        raise LoadFailed("the subscribers did not start")
    yield process
    for each in consumers:
        client.deregister_stream_consumer(ConsumerARN=each["ConsumerARN"])


def _add(figure: Figure, load: Load) -> None:
    figure.values.append(load.rate)
    figure.cpu_ms.append(load.cpu_ms)


def _put(server: Server, stream: str, seconds: float, requests: int = 4_000) -> Load:
    return apply(server, "put_records", count=requests, seconds_max=seconds, stream=stream)


def measure_million(systems: Sequence[System], rounds: int, sizes: Sizes) -> Iterator[Figure]:
    """A million records on one stream, read from the first by three consumers."""
    if "pileus" not in [system.name for system in systems]:
        return
    (system,) = (system for system in systems if system.name == "pileus")
    puts = sizes.backlog // RECORDS
    first, last = (
        Figure(f"PutRecords, the {which} of {puts:,}", "requests/s", "pileus")
        for which in ("first", "last")
    )
    rate = Figure(f"{sizes.backlog:,} records read by {CONSUMERS} consumers", "records/s", "pileus")
    grown = Figure(f"memory for {sizes.backlog:,} records", "MB", "pileus", is_higher_better=False)
    with running(system) as server:
        client, stream = kinesis_measures.make_stream(server, _SHARDS)
        _put(server, stream, sizes.fill_seconds, _ENDS)
        before = processes.memory([server.pid]).rss
        for figure, count in ((first, _ENDS), (None, puts - 3 * _ENDS), (last, _ENDS)):
            load = _put(server, stream, sizes.fill_seconds, max(count, 1))
            if figure is not None:
                figure.values.append(load.rate)
                figure.cpu_ms.append(load.cpu_ms)
        cpu_before = processes.cpu_seconds(server.pid)
        consumers = _Consumers(server, client, stream, "TRIM_HORIZON")
        reader = consumers.start(_READ_SECONDS_MAX, CONSUMERS * puts * RECORDS, 0.0)
        reader.wait(2 * _READ_SECONDS_MAX)
        read = _ended(reader)
        spent = processes.cpu_seconds(server.pid) - cpu_before
        rate.values.append(read.records / read.seconds)
        rate.cpu_ms.append(1000 * spent / read.reads)
        rate.note = f"{1e6 * spent / read.records:.2f} us of the processor for each"
        grown.values.append(processes.memory([server.pid]).rss - before)
        grown.target = "target <= 60, of which 32 are rows written for consumers"
    yield from (first, last, rate, grown)
