"""DynamoDB: putting, getting and querying items, in a small table and in a large one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from bench import dynamodb_requests
from bench.figures import Figure
from bench.loads import Load, apply
from bench.sqs_measures import SMALL, Sizes
from bench.systems import Server, System, running

ITEM_BYTES = 1_000
# Of the items of a partition that is queried as a whole.
QUERIED_BYTES = 200
_READY_SECONDS = 60.0
_numbers = count()


def make_table(server: Server) -> str:
    """The name of a new table that is ready."""
    client = server.client("dynamodb")
    name = f"bench-{next(_numbers)}"
    client.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )  # fmt: skip
    ends = time.monotonic() + _READY_SECONDS
    while _status(client, name) != "ACTIVE" and time.monotonic() < ends:
        time.sleep(0.05)
    return name


def _status(client: Any, name: str) -> str:
    found: str = client.describe_table(TableName=name)["Table"]["TableStatus"]
    return found


class Items:
    """A table with so many items, and loads on it."""

    def __init__(self, server: Server, items: int, sizes: Sizes, item_bytes: int) -> None:
        self.items = items
        self._name = make_table(server)
        self._item_bytes = item_bytes
        batches = -(-items // dynamodb_requests.BATCH)
        if items:
            self._apply(server, "put_item_batches", batches, sizes.fill_seconds)

    def _apply(self, server: Server, kind: str, requests: int, seconds: float) -> Load:
        return apply(
            server, kind, count=requests, seconds_max=seconds, table=self._name,
            item_bytes=self._item_bytes, items=self.items,
        )  # fmt: skip

    def puts(self, server: Server, sizes: Sizes) -> Load:
        return self._apply(server, "put_items", sizes.requests, sizes.seconds)

    def gets(self, server: Server, sizes: Sizes) -> Load:
        return self._apply(server, "get_items", sizes.requests, sizes.seconds)

    def queries(self, server: Server, sizes: Sizes) -> Load:
        return self._apply(server, "query_items", min(sizes.requests, 4_000), sizes.seconds)


def put_items(server: Server, sizes: Sizes) -> Load:
    return Items(server, 0, sizes, ITEM_BYTES).puts(server, sizes)


def get_items(server: Server, sizes: Sizes) -> Load:
    return Items(server, SMALL, sizes, ITEM_BYTES).gets(server, sizes)


def query_items(server: Server, sizes: Sizes) -> Load:
    return Items(server, SMALL, sizes, QUERIED_BYTES).queries(server, sizes)


def measure_sizes(systems: Sequence[System], rounds: int, sizes: Sizes) -> Iterator[Figure]:
    """The same in a small table and in a large one, which take turns in one server."""
    many = sizes.backlog
    kinds: dict[str, Callable[[Items, Server, Sizes], Load]] = {
        "PutItem": Items.puts, "GetItem": Items.gets, "Query of 100": Items.queries,
    }  # fmt: skip
    for system in systems:
        if system.name != "pileus":
            continue
        figures = {
            (kind, items): Figure(f"{kind} in {items:,} items", "requests/s", system.name)
            for kind in kinds
            for items in (SMALL, many)
        }
        with running(system) as server:
            tables = [Items(server, items, sizes, QUERIED_BYTES) for items in (SMALL, many)]
            for turn in range(rounds + 1):
                for kind, measure in kinds.items():
                    for table in tables:
                        figure = figures[kind, table.items]
                        if turn == 1:
                            figure.values.clear()
                            figure.cpu_ms.clear()
                        load = measure(table, server, sizes)
                        figure.values.append(load.rate)
                        figure.cpu_ms.append(load.cpu_ms)
        for kind in kinds:
            few, large = figures[kind, SMALL], figures[kind, many]
            if few.value and large.value:
                large.note = f"{large.value / few.value:.2f} x the rate at 1,000, target >= 0.8"
        yield from figures.values()
