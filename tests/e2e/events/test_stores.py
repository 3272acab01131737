"""EventBridge on other stores: in two files buses, queues and archives may lie apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.events.asking import PATTERN, arn_of, bus_arn, create, events_in, put, route, rule
from support.postgres import Server
from support.running import Running


@pytest.fixture(scope="module")
def database(postgres_server: Server) -> Iterator[str]:
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(scope="module", params=["two sqlite files", "postgres"])
def split(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    is_postgres = request.param == "postgres"
    store = {"store": request.getfixturevalue("database")} if is_postgres else {"store_files": 2}
    running = Running(tmp_path_factory.mktemp("split"), **store).start()
    running.freeze()
    yield running
    running.stop()


def all_in(sqs: Any, url: str) -> list[dict[str, Any]]:
    found = []
    while page := events_in(sqs, url):
        found += page
    return found


def test_events_reach_what_lies_elsewhere(split: Running, account: str) -> None:
    events, sqs = split.client("events", account=account), split.client("sqs", account=account)
    urls = [create(sqs, f"q{number}") for number in range(5)]
    events.create_event_bus(Name="orders")
    for bus in ("default", "orders"):
        rule(events, EventBusName=bus)
        targets = [{"Id": str(n), "Arn": arn_of(sqs, url)} for n, url in enumerate(urls)]
        events.put_targets(Rule="r", EventBusName=bus, Targets=targets)
    route(events, bus_arn(account, "orders"), "on")
    event_id = put(events)
    split.advance(1)
    assert [[event_id] * 2] * 5 == [[each["id"] for each in all_in(sqs, url)] for url in urls]


def test_dead_letters_and_archives_lie_elsewhere(split: Running, account: str) -> None:
    events, sqs = split.client("events", account=account), split.client("sqs", account=account)
    letters = create(sqs, "letters")
    for number in range(4):
        name = f"a{number}"
        archive = events.create_archive(ArchiveName=name, EventSourceArn=bus_arn(account))
        assert name == archive["ArchiveArn"].rpartition("/")[2]
        route(
            events, f"arn:aws:sqs:us-east-1:{account}:gone{number}", name, PATTERN,
            DeadLetterConfig={"Arn": arn_of(sqs, letters)},
        )  # fmt: skip
    event_id = put(events)
    split.advance(1)
    assert [event_id] * 4 == [each["id"] for each in all_in(sqs, letters)]
    assert [1] * 4 == [
        events.describe_archive(ArchiveName=f"a{number}")["EventCount"] for number in range(4)
    ]


def test_partners_and_customers_lie_elsewhere(split: Running, account: str) -> None:
    name = "aws.partner/example.com/orders"
    partner = split.client("events", account=str(int(account) + 300_000_000_000))
    events, sqs = split.client("events", account=account), split.client("sqs", account=account)
    partner.create_partner_event_source(Name=name, Account=account)
    events.create_event_bus(Name=name, EventSourceName=name)
    url = create(sqs)
    route(events, arn_of(sqs, url), bus=name, pattern=json.dumps({"source": [name]}))
    partner.put_partner_events(Entries=[{"Source": name, "DetailType": "d", "Detail": "{}"}])
    split.advance(1)
    assert [name] == [each["source"] for each in all_in(sqs, url)]
