"""Subscribers with enhanced fan-out: a process that holds all subscriptions, of several consumers.

`python -m bench.kinesis_subscriber` takes a job as a line of JSON, subscribes, writes `ready`,
reads until its input ends, and writes what it has read as a line of JSON.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from dataclasses import asdict
from typing import Any

from bench import kinesis_requests
from bench.kinesis_consumer import Read

_ANSWER_BYTES_MAX = 1 << 20


def _subscribe(job: dict[str, Any], consumer: str, shard: str) -> socket.socket:
    found = socket.create_connection((job["host"], job["port"]))
    found.sendall(kinesis_requests.subscribe(f"{job['host']}:{job['port']}", consumer, shard))
    return found


def run(job: dict[str, Any]) -> Read:
    """`subscriptions`: pairs of a consumer's ARN and a shard's id."""
    open_ones = [_subscribe(job, consumer, shard) for consumer, shard in job["subscriptions"]]
    # The first event of each says that it has begun.
    select.select(open_ones, [], [])
    for each in open_ones:
        each.recv(_ANSWER_BYTES_MAX)
    print("ready", flush=True)
    read = Read()
    started = time.perf_counter()
    while True:
        ready, _, _ = select.select([sys.stdin, *open_ones], [], [])
        if sys.stdin in ready:
            break
        for each in ready:
            piece = each.recv(_ANSWER_BYTES_MAX)
            if not piece:
                raise ValueError("a subscription has ended")
            # What is cut between two pieces is missed now and then, and hardly counts.
            read.records += piece.count(b'"SequenceNumber"')
            read.reads += piece.count(b"SubscribeToShardEvent")
            read.body_bytes += len(piece)
    read.seconds = time.perf_counter() - started
    for each in open_ones:
        each.close()
    return read


def main() -> None:
    job = json.loads(sys.stdin.readline())
    print(json.dumps(asdict(run(job))), flush=True)


if __name__ == "__main__":
    main()
