"""Lambda's functions in Node.js: cold and warm, beside a system that runs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench import lambda_measures
from bench.figures import Figure
from bench.lambda_measures import Code, median
from bench.loads import LoadFailed
from bench.sqs_measures import Sizes
from bench.systems import NODE_CODE, System, running

_NODE = Code("nodejs20.x", "index.js", NODE_CODE)
_COLD_STARTS = 10


def measure(systems: Sequence[System], rounds: int, sizes: Sizes) -> Iterator[Figure]:
    systems = [system for system in systems if system.has_functions or system.functions]
    cold = {
        s.name: Figure("Lambda cold, Node.js, p50", "ms", s.name, is_higher_better=False)
        for s in systems
    }
    warm = {
        s.name: Figure("Lambda warm, Node.js, 16 connections", "requests/s", s.name)
        for s in systems
    }
    if "pileus" in cold:
        cold["pileus"].target = "target <= 80"
        warm["pileus"].target = "target: 10 x ministack, level with serverless-offline"
    for _ in range(rounds):
        for system in systems:
            with running(system) as server:
                seen, reported = lambda_measures.cold_ms(server, _COLD_STARTS, _NODE)
                cold[system.name].values.append(median(seen))
                if reported:
                    cold[system.name].note = f"Init Duration p50 {median(reported):.1f} ms"
                try:
                    load = lambda_measures.warm(server, sizes, _NODE)
                except LoadFailed as failure:
                    warm[system.name].note = str(failure)
                    continue
                warm[system.name].values.append(load.rate)
                warm[system.name].cpu_ms.append(load.cpu_ms)
    yield from cold.values()
    yield from warm.values()
