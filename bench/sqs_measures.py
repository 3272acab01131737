"""SQS: sending, a message's whole way, and receiving with little and with much waiting."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlencode

from bench.figures import Figure
from bench.loads import Load, LoadFailed, apply
from bench.systems import HOST, Server

_numbers = count()


@dataclass(frozen=True)
class Sizes:
    """How much is done; bounds, so that a run ends by itself."""

    requests: int = 20_000
    seconds: float = 5.0
    backlog: int = 1_000_000
    fifo_backlog: int = 200_000
    fill_seconds: float = 240.0
    schedules: int = 100_000


SMALL = 1_000


def make_queue(server: Server, *, is_fifo: bool = False) -> str:
    """A new queue's URL; messages stay long enough for the whole run."""
    name = f"bench-{next(_numbers)}" + (".fifo" if is_fifo else "")
    if server.system.is_signed:
        attributes = {"FifoQueue": "true"} if is_fifo else {}
        created = server.client("sqs").create_queue(QueueName=name, Attributes=attributes)
        url: str = created["QueueUrl"]
        return url
    connection = http.client.HTTPConnection(HOST, server.port, timeout=30)
    body = urlencode({"Action": "CreateQueue", "QueueName": name})
    connection.request(
        "POST", "/", body, {"content-type": "application/x-www-form-urlencoded"}
    )  # fmt: skip
    answer = connection.getresponse().read().decode()
    connection.close()
    found = re.search("<QueueUrl>(.*?)</QueueUrl>", answer)
    if found is None:
        raise LoadFailed(f"no queue: {answer[:300]}")
    return found.group(1)


def send(server: Server, sizes: Sizes) -> Load:
    return apply(
        server, "send", count=sizes.requests, seconds_max=sizes.seconds,
        queue_url=make_queue(server),
    )  # fmt: skip


def cycle(server: Server, sizes: Sizes) -> Load:
    """Send, receive, delete on each connection; the rate counts requests."""
    return apply(
        server, "cycle", count=sizes.requests, seconds_max=sizes.seconds,
        queue_url=make_queue(server),
    )  # fmt: skip


def fill(server: Server, url: str, messages: int, seconds_max: float, groups: int = 0) -> int:
    """Batches until so many wait, or time is up; how many wait then."""
    ends = time.perf_counter() + seconds_max
    waiting = 0
    while waiting < messages and time.perf_counter() < ends:
        wanted = min(50_000, messages - waiting)
        load = apply(
            server, "send_batches", count=wanted, groups=groups, queue_url=url,
            seconds_max=max(1.0, ends - time.perf_counter()),
        )  # fmt: skip
        waiting += min(wanted, load.outcome.requests * 10)
    return waiting


@dataclass(frozen=True)
class Backlog:
    """How a queue is filled and emptied, to compare a short one with a long one."""

    name: str
    # The load generator's job, and how many of its requests take one message.
    job: str
    requests_per_message: int
    is_fifo: bool = False
    groups: int = 0

    def fill(self, server: Server, messages: int, seconds_max: float) -> str:
        """A new queue's URL with so many waiting; raises LoadFailed when time is up."""
        url = make_queue(server, is_fifo=self.is_fifo)
        waiting = fill(server, url, messages, seconds_max, self.groups)
        if waiting < messages:
            raise LoadFailed(f"only {waiting:,} sent in {seconds_max:.0f} s")
        return url

    def take(self, server: Server, url: str, sizes: Sizes) -> Load:
        """Receive nine tenths of a short backlog's messages."""
        requests = (SMALL - SMALL // 10) * self.requests_per_message
        return apply(server, self.job, count=requests, seconds_max=sizes.seconds, queue_url=url)


STANDARD = Backlog("SQS receive", "receive", 1)
FIFO = Backlog("SQS FIFO receive and delete", "drain", 2, is_fifo=True, groups=100)


def few_and_many(
    backlog: Backlog, server: Server, messages: int, turns: int, sizes: Sizes
) -> tuple[Load, Load]:
    """Take from a short and from a long queue in turns, so that both meet the same machine."""
    long_queue = backlog.fill(server, messages, sizes.fill_seconds)
    few, many = [], []
    for _ in range(turns):
        short_queue = backlog.fill(server, SMALL, sizes.fill_seconds)
        few.append(backlog.take(server, short_queue, sizes))
        many.append(backlog.take(server, long_queue, sizes))
    return _joined(few), _joined(many)


def _joined(loads: list[Load]) -> Load:
    first = loads[0]
    for load in loads[1:]:
        first.outcome.requests += load.outcome.requests
        first.outcome.seconds += load.outcome.seconds
        first.outcome.latencies_ms += load.outcome.latencies_ms
        first.cpu_seconds += load.cpu_seconds
    return first


def add(figure: Figure, measure: Callable[[Server, Sizes], Load], server: Server, s: Sizes) -> None:
    """Measure once more into the figure."""
    try:
        load = measure(server, s)
    except LoadFailed as failure:
        figure.note = str(failure)
        return
    figure.values.append(load.rate)
    figure.cpu_ms.append(load.cpu_ms)
