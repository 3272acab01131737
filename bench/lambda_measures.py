"""Lambda: cold and warm invocations, and what an idle environment weighs."""

from __future__ import annotations

import base64
import io
import json
import re
import statistics
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any, NamedTuple

from bench import processes
from bench.loads import Load, apply
from bench.sqs_measures import Sizes
from bench.systems import Server

MEMORY_MB = 1769
ENVIRONMENTS = 20
MANY_ENVIRONMENTS = 100

_CODE = """
import boto3
import time

def answer(event, context):
    # Sleeping no time at all gives the processor away, and costs more than the rest.
    if "seconds" in event:
        time.sleep(event["seconds"])
    return {"number": event.get("number")}
"""
_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
_numbers = count()


class Code(NamedTuple):
    """A function of one file with a handler `index.answer`."""

    runtime: str
    file: str
    text: str


PYTHON = Code("python3.11", "index.py", _CODE)


def make_function(server: Server, code: Code = PYTHON, zipped: bytes = b"") -> str:
    """A new function, ready to be invoked; of Python, it imports boto3."""
    client = server.client("lambda")
    name = f"bench-{next(_numbers)}"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        file = zipfile.ZipInfo(code.file)
        # Lambda runs it as another user, who must be able to read it.
        file.external_attr = 0o644 << 16
        package.writestr(file, code.text)
    client.create_function(
        FunctionName=name, Runtime=code.runtime, Handler="index.answer", MemorySize=MEMORY_MB,
        Role=make_role(server), Code={"ZipFile": zipped or packed.getvalue()}, Timeout=60,
    )  # fmt: skip
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return name


def function(server: Server, code: Code = PYTHON) -> str:
    """One to be invoked often: a new one, or the last of those that a system has."""
    own = server.system.functions
    return own[-1] if own else make_function(server, code)


def make_role(server: Server) -> str:
    iam = server.client("iam")
    try:
        made = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=_TRUST)
    except iam.exceptions.EntityAlreadyExistsException:
        made = iam.get_role(RoleName="bench")
    arn: str = made["Role"]["Arn"]
    return arn


def invoke(client: Any, name: str, payload: bytes = b"{}") -> dict[str, Any]:
    answer: dict[str, Any] = client.invoke(FunctionName=name, Payload=payload, LogType="Tail")
    if "FunctionError" in answer:
        raise RuntimeError(answer["Payload"].read()[:500])
    return answer


def cold_ms(
    server: Server, functions: int = 20, code: Code = PYTHON
) -> tuple[list[float], list[float]]:
    """First invocations of fresh functions: as the client sees them, and the reported Init."""
    client = server.client("lambda")
    names = list(server.system.functions)[:functions]
    names = names or [make_function(server, code) for _ in range(functions)]
    seen, reported = [], []
    for name in names:
        started = time.perf_counter()
        answer = invoke(client, name)
        seen.append((time.perf_counter() - started) * 1000)
        log = base64.b64decode(answer.get("LogResult", "")).decode()
        if found := re.search(r"Init Duration: ([\d.]+) ms", log):
            reported.append(float(found.group(1)))
    return seen, reported


def first_ms(server: Server, name: str) -> float:
    """An event of a function that has had none, as its client sees it."""
    client = server.client("lambda")
    started = time.perf_counter()
    invoke(client, name)
    return (time.perf_counter() - started) * 1000


def warm(server: Server, sizes: Sizes, code: Code = PYTHON) -> Load:
    name = function(server, code)
    apply(server, "invoke", function=name, count=500, seconds_max=sizes.seconds)
    return apply(
        server, "invoke", function=name, count=sizes.requests // 2, seconds_max=sizes.seconds
    )


def slowest_ms(server: Server, sizes: Sizes) -> float:
    """At one connection: what one of a hundred warm invocations takes longer than."""
    name = function(server)
    load = apply(
        server, "invoke", function=name, count=sizes.requests // 10, connections=1,
        seconds_max=sizes.seconds,
    )  # fmt: skip
    return statistics.quantiles(load.outcome.latencies_ms, n=100)[98]


def environments(server: Server, wanted: int) -> tuple[float, float]:
    """So many at once: seconds until all have answered, and megabytes (PSS) of each while idle."""
    name = make_function(server)
    before = set(processes.tree(server.pid))
    clients = [server.client("lambda") for _ in range(wanted)]
    started = time.perf_counter()
    with ThreadPoolExecutor(wanted) as threads:
        list(threads.map(lambda client: invoke(client, name, b'{"seconds": 2}'), clients))
    seconds = time.perf_counter() - started
    added = set(processes.tree(server.pid)) - before
    return seconds, processes.memory(added).pss / wanted


def median(values: list[float]) -> float:
    return statistics.median(values)
