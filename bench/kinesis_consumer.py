"""Consumers of a Kinesis stream: a process that reads all shards for several of them, by pages.

`python -m bench.kinesis_consumer` takes a job as a line of JSON, reads until all have read so many
records, the time is up or its input ends, and writes what it has read as a line of JSON.

The server is what is measured, so this costs as little as it can: answers go into one piece of
memory, where records are counted and nothing is decoded.
"""

from __future__ import annotations

import http.client
import json
import re
import select
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

from bench import kinesis_requests

_TIMEOUT_SECONDS = 60.0
_NEXT = re.compile(rb'"NextShardIterator": *"([^"]+)"')
# The largest page has 10 MiB of data, and is larger in JSON.
_ANSWER_BYTES_MAX = 32 * 1024 * 1024
# Where the next iterator mostly is: searching all of a page costs more than the rest.
_END_BYTES = 2_048


@dataclass
class Read:
    """What all consumers have read together."""

    records: int = 0
    reads: int = 0
    body_bytes: int = 0
    seconds: float = 0.0


def run(job: dict[str, Any]) -> Read:
    """`iterators`: those of each consumer's shards, all in one list."""
    host = f"{job['host']}:{job['port']}"
    connection = http.client.HTTPConnection(job["host"], job["port"], timeout=_TIMEOUT_SECONDS)
    reads = kinesis_requests.PageReads(host)
    iterators: list[str] = job["iterators"]
    buffer = bytearray(_ANSWER_BYTES_MAX)
    read = Read()
    started = time.perf_counter()
    while time.perf_counter() - started < job["seconds"] and read.records < job["records"]:
        for index, iterator in enumerate(iterators):
            connection.request("POST", "/", *reads.get(iterator))
            size = _read_into(buffer, connection.getresponse())
            found = _NEXT.search(buffer, max(0, size - _END_BYTES), size)
            found = found or _NEXT.search(buffer, 0, size)
            if found is None:
                raise ValueError(f"no iterator in {bytes(buffer[:200])!r}")
            iterators[index] = found[1].decode()
            read.records += buffer.count(b'"SequenceNumber"', 0, size)
            read.body_bytes += size
            read.reads += 1
        if select.select([sys.stdin], [], [], job["pause_seconds"])[0]:
            break
    read.seconds = time.perf_counter() - started
    connection.close()
    return read


def _read_into(buffer: bytearray, answer: http.client.HTTPResponse) -> int:
    """The size of the answer's body."""
    size = 0
    with memoryview(buffer) as whole:
        while count := answer.readinto(whole[size:]):
            size += count
    return size


def main() -> None:
    job = json.loads(sys.stdin.readline())
    print(json.dumps(asdict(run(job))), flush=True)


if __name__ == "__main__":
    main()
