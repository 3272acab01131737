"""`python -m bench`: measure Pileus and its peers in alternation in one run, and print a table."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from bench import (
    dynamodb_measures,
    environment_measures,
    kinesis_measures,
    kinesis_streams,
    lambda_measures,
    messaging_measures,
    node_measures,
    processes,
    s3_measures,
    sqs_measures,
    stream_measures,
)
from bench.figures import Figure, table
from bench.loads import Load, LoadFailed
from bench.sqs_measures import Backlog, Sizes, few_and_many
from bench.systems import COMPILED, ROOT, SYSTEMS, Server, System, install, only, running

RESULTS = ROOT / "bench" / "results"
_IDLE_SECONDS = 3.0


def measure_start(systems: Sequence[System], rounds: int, sizes: Sizes) -> Iterator[Figure]:
    """From the start of the process to its first answer; and what it then holds."""
    ready = {s.name: Figure("start to ready", "s", s.name, is_higher_better=False) for s in systems}
    whole = {
        s.name: Figure("idle memory (PSS, all processes)", "MB", s.name, is_higher_better=False)
        for s in systems
    }
    server_only = Figure(
        "idle memory (RSS, server alone)", "MB", "pileus", is_higher_better=False,
        target="target <= 80",
    )  # fmt: skip
    if "pileus" in ready:
        ready["pileus"].target = "target <= 1.5"
    for _ in range(rounds):
        for system in systems:
            with running(system) as server:
                ready[system.name].values.append(server.ready_seconds)
                time.sleep(_IDLE_SECONDS)
                whole[system.name].values.append(processes.memory(processes.tree(server.pid)).pss)
                if system.name == "pileus":
                    server_only.values.append(processes.memory([server.pid]).rss)
    yield from ready.values()
    yield from whole.values()
    yield server_only


def rate(
    name: str, measure: Callable[[Server, Sizes], Load], target: str = ""
) -> Callable[[Sequence[System], int, Sizes], Iterator[Figure]]:
    """A measurement of requests a second, one system after the other in each round."""

    def run(systems: Sequence[System], rounds: int, sizes: Sizes) -> Iterator[Figure]:
        figures = {s.name: Figure(name, "requests/s", s.name) for s in systems}
        if "pileus" in figures:
            figures["pileus"].target = target
        with ExitStack() as stack:
            servers = [stack.enter_context(running(system)) for system in systems]
            # The first turn warms up (a JVM most of all) and is not counted.
            for turn in range(rounds + 1):
                for server in servers:
                    figure = figures[server.system.name]
                    if turn == 1:
                        figure.values.clear()
                        figure.cpu_ms.clear()
                    if not figure.note:
                        with only(server, servers):
                            sqs_measures.add(figure, measure, server, sizes)
        yield from figures.values()

    return run


def waiting(
    backlog: Backlog, messages_of: Callable[[Sizes], int]
) -> Callable[[Sequence[System], int, Sizes], Iterator[Figure]]:
    """Taking messages with few and with many waiting, and the memory that those take."""

    def run(systems: Sequence[System], rounds: int, sizes: Sizes) -> Iterator[Figure]:
        messages = messages_of(sizes)
        for system in systems:
            if backlog.is_fifo and not system.has_fifo:
                continue
            names = (f"{backlog.name} at {sqs_measures.SMALL:,}", f"{backlog.name} at {messages:,}")
            few, many = (Figure(name, "requests/s", system.name) for name in names)
            grown = Figure(
                f"memory for {messages:,} waiting", "MB", system.name, is_higher_better=False
            )
            with running(system) as server:
                sqs_measures.send(server, Sizes(requests=2_000))
                before = processes.memory(processes.tree(server.pid)).pss
                try:
                    loads = few_and_many(backlog, server, messages, 2 * rounds, sizes)
                except LoadFailed as failure:
                    few.note = many.note = str(failure)
                    yield from (few, many)
                    continue
                grown.values.append(processes.memory(processes.tree(server.pid)).pss - before)
            for figure, load in zip((few, many), loads, strict=True):
                figure.values.append(load.rate)
                figure.cpu_ms.append(load.cpu_ms)
            many.note = f"{loads[1].rate / loads[0].rate:.2f} x the rate at 1,000, target >= 0.8"
            yield from (few, many, grown)

    return run


def measure_functions(systems: Sequence[System], rounds: int, sizes: Sizes) -> Iterator[Figure]:
    systems = [system for system in systems if system.has_functions]
    cold = {
        s.name: Figure("Lambda cold, p50", "ms", s.name, is_higher_better=False) for s in systems
    }
    slowest = {
        s.name: Figure("Lambda warm, 1 connection, p99", "ms", s.name, is_higher_better=False)
        for s in systems
    }
    weight = {
        s.name: Figure("idle environment (PSS)", "MB", s.name, is_higher_better=False)
        for s in systems
    }
    many = Figure("100 environments at once, 2 s each", "s", "pileus", is_higher_better=False)
    if "pileus" in cold:
        cold["pileus"].target = "target <= 15"
        slowest["pileus"].target = "target <= 5"
        weight["pileus"].target = "target <= 25"
    for _ in range(rounds):
        for system in systems:
            with running(system) as server:
                seen, reported = lambda_measures.cold_ms(server)
                cold[system.name].values.append(lambda_measures.median(seen))
                if reported:
                    init = lambda_measures.median(reported)
                    cold[system.name].note = f"Init Duration p50 {init:.1f} ms"
                slowest[system.name].values.append(lambda_measures.slowest_ms(server, sizes))
    for system in systems:
        with running(system) as server:
            _, each = lambda_measures.environments(server, lambda_measures.ENVIRONMENTS)
            weight[system.name].values.append(each)
        if system.name == "pileus":
            with running(system) as server:
                seconds, _ = lambda_measures.environments(server, lambda_measures.MANY_ENVIRONMENTS)
                many.values.append(seconds)
    yield from cold.values()
    yield from slowest.values()
    yield from weight.values()
    yield many
    yield from rate(
        "Lambda warm, 16 connections", lambda_measures.warm, "target >= 2,500, 10 x ministack"
    )(systems, rounds, sizes)


def measure_rules(systems: Sequence[System], rounds: int, sizes: Sizes) -> Iterator[Figure]:
    """PutEvents with one rule and with many on the bus, which take turns in one server."""
    few, many = 1, messaging_measures.MANY_RULES
    for system in systems:
        if not system.is_signed:
            continue
        names = (f"PutEvents to 1 queue, {rules:,} on the bus" for rules in (few, many))
        figures = [Figure(name, "requests/s", system.name) for name in names]
        with running(system) as server:
            buses = [messaging_measures.make_bus(server, rules) for rules in (few, many)]
            for turn in range(rounds + 1):
                for figure, bus in zip(figures, buses, strict=True):
                    if turn == 1:
                        figure.values.clear()
                        figure.cpu_ms.clear()
                    sqs_measures.add(figure, bus.put_events, server, sizes)
        one, other = (figure.value for figure in figures)
        if one and other:
            figures[1].note = f"{other / one:.2f} x the rate with one rule, target >= 0.5"
        yield from figures


def measure_schedules(systems: Sequence[System], rounds: int, sizes: Sizes) -> Iterator[Figure]:
    """A virtual day of schedules; only Pileus has a clock to move."""
    name = f"{sizes.schedules:,} schedules, each once in a virtual day"
    figure = Figure(name, "s", "pileus", is_higher_better=False, target="target < 60")
    for system in systems:
        if system.name == "pileus":
            with running(system) as server:
                seconds, cpu_seconds = messaging_measures.schedules(server, sizes.schedules)
            figure.values.append(seconds)
            figure.cpu_ms.append(1000 * cpu_seconds / sizes.schedules)
    yield figure


def measure_record_reads(systems: Sequence[System], rounds: int, sizes: Sizes) -> Iterator[Figure]:
    """Pages of a Kinesis shard, one after the other."""
    figures = {s.name: Figure("GetRecords of 10 KB records", "MB/s", s.name) for s in systems}
    if "pileus" in figures:
        figures["pileus"].target = "target >= 100"
    for _ in range(rounds):
        for system in systems:
            with running(system) as server:
                try:
                    figures[system.name].values.append(kinesis_measures.get_records(server))
                except LoadFailed as failure:
                    figures[system.name].note = str(failure)
    yield from figures.values()


MEASUREMENTS = {
    "start": measure_start,
    "send": rate(
        "SQS send, 16 connections", sqs_measures.send,
        "target >= 3 x ministack, 20 x moto, CPU <= 0.12",
    ),
    "cycle": rate("SQS send, receive, delete", sqs_measures.cycle),
    "backlog": waiting(sqs_measures.STANDARD, lambda sizes: sizes.backlog),
    "fifo": waiting(sqs_measures.FIFO, lambda sizes: sizes.fifo_backlog),
    "sns": rate(
        "SNS publish to 3 queues", messaging_measures.publish,
        "target >= 2,000, 2.5 x ministack, 20 x moto",
    ),
    "sns-raw": rate("SNS publish to 3 queues, raw", messaging_measures.publish_raw),
    "events": rate(
        "PutEvents to 1 queue", messaging_measures.put_events, "target >= 3 x ministack"
    ),
    "rules": measure_rules,
    "schedules": measure_schedules,
    "kinesis": rate(
        "PutRecords of 100 x 200 B", kinesis_measures.put_records, "target >= 2 x ministack"
    ),
    "kinesis-reads": measure_record_reads,
    "items-put": rate(
        "PutItem of 1 KB", dynamodb_measures.put_items, "target >= 3 x ministack, 1 x dynalite"
    ),
    "items-get": rate(
        "GetItem of 1 KB", dynamodb_measures.get_items, "target >= 3 x ministack, 1 x dynalite"
    ),
    "items-query": rate(
        "Query of 100 items", dynamodb_measures.query_items, "target CPU < 3"
    ),
    "items": dynamodb_measures.measure_sizes,
    "kinesis-consumers": kinesis_streams.measure_consumers,
    "kinesis-subscribers": kinesis_streams.measure_subscribers,
    "kinesis-million": kinesis_streams.measure_million,
    "s3-put": rate(
        "S3 put of 4 KB, 16 connections", s3_measures.put, "target >= 2 x ministack"
    ),
    "s3-get": rate(
        "S3 get of 4 KB, 16 connections", s3_measures.get, "target >= 4 x ministack"
    ),
    "s3-large": s3_measures.large,
    "lambda": measure_functions,
    "environments": environment_measures.measure,
    "node": node_measures.measure,
    "stream": stream_measures.measure,
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--only", default=",".join(MEASUREMENTS), help="of " + ", ".join(MEASUREMENTS)
    )
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="of " + ", ".join(SYSTEMS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=Sizes.requests, help="at most, each time")
    parser.add_argument("--seconds", type=float, default=Sizes.seconds, help="at most, each time")
    parser.add_argument("--backlog", type=int, default=Sizes.backlog)
    parser.add_argument("--fifo-backlog", type=int, default=Sizes.fifo_backlog)
    parser.add_argument("--schedules", type=int, default=Sizes.schedules)
    parser.add_argument("--fill-seconds", type=float, default=Sizes.fill_seconds)
    wanted = parser.parse_args(arguments)
    sizes = Sizes(
        wanted.requests,
        wanted.seconds,
        wanted.backlog,
        wanted.fifo_backlog,
        wanted.fill_seconds,
        wanted.schedules,
    )
    systems = []
    for name in wanted.systems.split(","):
        print(f"installing {name} ..." if SYSTEMS[name].install else f"found {name}", flush=True)
        missing = install(SYSTEMS[name])
        if missing:
            print(f"  left out: {missing}")
        else:
            systems.append(SYSTEMS[name])
    figures: list[Figure] = []
    for name in wanted.only.split(","):
        print(f"measuring {name} ...", flush=True)
        taking_part = [each for each in systems if not each.only_in or name in each.only_in]
        found = list(MEASUREMENTS[name](taking_part, wanted.rounds, sizes))
        figures += found
        print(table(found), flush=True)
    _keep(figures)
    return 0


def _keep(figures: Sequence[Figure]) -> None:
    RESULTS.mkdir(exist_ok=True)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = RESULTS / f"{moment}.json"
    machine = {
        "cores": os.cpu_count(), "fsync_ms": round(_fsync_ms(), 3), "at": moment,
        "is_compiled": COMPILED is not None,
    }  # fmt: skip
    path.write_text(
        json.dumps(
            {"machine": machine, "figures": [figure.as_json() for figure in figures]}, indent=1
        )
    )
    print(f"\n{os.cpu_count()} cores, {machine['fsync_ms']} ms for a write of 4 KB with fsync;")
    print("Pileus is compiled." if COMPILED else "Pileus is not compiled (sh scripts/compile).")
    print(f"Kept in {path.relative_to(ROOT)}.")


def _fsync_ms(writes: int = 100) -> float:
    """What the disk below the data directories takes: the floor of a durable answer."""
    with tempfile.NamedTemporaryFile(prefix="pileus-bench-") as file:
        started = time.perf_counter()
        for _ in range(writes):
            file.write(b"x" * 4096)
            file.flush()
            os.fdatasync(file.fileno())
        return (time.perf_counter() - started) * 1000 / writes


if __name__ == "__main__":
    sys.exit(main())
