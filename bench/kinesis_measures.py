"""Kinesis: putting records in batches, and reading a shard by pages."""

from __future__ import annotations

import http.client
import time
from itertools import count
from typing import Any

from bench import kinesis_requests
from bench.loads import Load, LoadFailed, apply
from bench.sqs_measures import Sizes
from bench.systems import HOST, Server

_SHARDS = 4
_FULL_PUTS = 3
_PAGES = 20
_PATIENCE_SECONDS = 60.0
_numbers = count()


def make_stream(server: Server, shards: int) -> tuple[Any, str]:
    """A client, and the name of a new stream that is ready."""
    client = server.client("kinesis")
    name = f"bench-{next(_numbers)}"
    client.create_stream(StreamName=name, ShardCount=shards)
    ends = time.monotonic() + _PATIENCE_SECONDS
    while _status(client, name) != "ACTIVE" and time.monotonic() < ends:
        time.sleep(0.05)
    return client, name


def _status(client: Any, name: str) -> str:
    found: str = client.describe_stream(StreamName=name)["StreamDescription"]["StreamStatus"]
    return found


def put_records(server: Server, sizes: Sizes) -> Load:
    """Batches of 100 records of 200 bytes, spread over four shards."""
    _, name = make_stream(server, _SHARDS)
    requests = min(sizes.requests, 4_000)
    return apply(server, "put_records", count=requests, seconds_max=sizes.seconds, stream=name)


def get_records(server: Server) -> float:
    """Megabytes of records a second, read by pages of ten megabytes of records of 10 KB."""
    client, name = make_stream(server, 1)
    entries = [{"Data": b"x" * 10_000, "PartitionKey": "k"}] * 500
    for _ in range(_FULL_PUTS):
        client.put_records(StreamName=name, Records=entries)
    shard = client.list_shards(StreamName=name)["Shards"][0]["ShardId"]
    iterator = client.get_shard_iterator(
        StreamName=name, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    page = client.get_records(ShardIterator=iterator)["Records"]
    megabytes = sum(len(record["Data"]) for record in page) / 1e6
    connection = http.client.HTTPConnection(HOST, server.port, timeout=_PATIENCE_SECONDS)
    body, headers = kinesis_requests.PageReads(f"{HOST}:{server.port}").get(iterator)
    started = time.perf_counter()
    for _ in range(_PAGES):
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        if answer.status != 200 or not answer.read():
            raise LoadFailed(f"a page was answered with {answer.status}")
    seconds = time.perf_counter() - started
    connection.close()
    return megabytes * _PAGES / seconds
