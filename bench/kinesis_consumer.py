"""Consumers of a Kinesis stream: a process that reads all shards for several of them, by pages.

`python -m bench.kinesis_consumer` takes a job as a line of JSON, reads until all have read so many
records, the time is up or its input ends, and writes what it has read as a line of JSON.
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
    iterators: list[str] = job["iterators"]
    read = Read()
    started = time.perf_counter()
    while time.perf_counter() - started < job["seconds"] and read.records < job["records"]:
        for index, iterator in enumerate(iterators):
            signer, body, headers = kinesis_requests.get(host, iterator)
            headers |= {"x-amz-date": signer.moment, "authorization": signer.authorization(body)}
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse().read()
            found = _NEXT.search(answer)
            if found is None:
                raise ValueError(f"no iterator in {answer[:200]!r}")
            iterators[index] = found[1].decode()
            read.records += answer.count(b'"SequenceNumber"')
            read.body_bytes += len(answer)
            read.reads += 1
        if select.select([sys.stdin], [], [], job["pause_seconds"])[0]:
            break
    read.seconds = time.perf_counter() - started
    connection.close()
    return read


def main() -> None:
    job = json.loads(sys.stdin.readline())
    print(json.dumps(asdict(run(job))), flush=True)


if __name__ == "__main__":
    main()
