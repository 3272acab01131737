"""What EventBridge refuses, where a server keeps AWS's limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.events.asking import bus_arn, refusal, rule
from e2e.events.test_connections import BASIC, ROUTING, connect, destination
from pileus.services.events.records import store
from support.running import Running

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
ROLE = "arn:aws:iam::000000000000:role/r"
LATTICE = "arn:aws:vpc-lattice:us-east-1:123456789012:resourceconfiguration"


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("pileus"), limits="aws").start()
    running.freeze()
    yield running
    running.stop()


def test_an_account_has_a_hundred_buses(events: Any) -> None:
    for number in range(100):
        events.create_event_bus(Name=f"b{number}")
    assert (
        "LimitExceededException",
        "The requested resource exceeds the maximum number allowed.",
    ) == refusal(events.create_event_bus, Name="more")


def test_an_account_has_so_many_connections_destinations_and_endpoints(
    events: Any, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {store.CONNECTION: 1, store.API_DESTINATION: 1, store.ENDPOINT: 1}
    monkeypatch.setattr(store, "_AT_MOST", few)
    arn = connect(events)
    destination(events, arn)
    buses = [{"EventBusArn": bus_arn(account, "orders")}]
    buses += [{"EventBusArn": buses[0]["EventBusArn"].replace("us-east-1", "us-west-2")}]
    events.create_endpoint(Name="e", RoutingConfig=ROUTING, EventBuses=buses)
    for made in (
        lambda: connect(events, "more"),
        lambda: destination(events, arn, "more"),
        lambda: events.create_endpoint(Name="more", RoutingConfig=ROUTING, EventBuses=buses),
    ):
        assert "LimitExceededException" == refusal(made)[0]


def test_names_of_archives_and_replays_are_taken_once(events: Any, account: str) -> None:
    source = bus_arn(account)
    archive = events.create_archive(ArchiveName="a", EventSourceArn=source)["ArchiveArn"]
    assert ("ResourceAlreadyExistsException", "Archive a already exists.") == refusal(
        events.create_archive, ArchiveName="a", EventSourceArn=source
    )
    replay = {
        "ReplayName": "r", "EventSourceArn": archive, "EventStartTime": 0, "EventEndTime": 1,
        "Destination": {"Arn": source},
    }  # fmt: skip
    events.start_replay(**replay)
    assert ("ResourceAlreadyExistsException", "Replay r already exists.") == refusal(
        events.start_replay, **replay
    )


def test_ten_replays_of_an_account_run_at_once(tmp_path: Path, account: str) -> None:
    running = Running(tmp_path, limits="aws", aws_delays=True).start()
    try:
        running.freeze()
        events = running.client("events", account=account)
        source = bus_arn(account)
        archive = events.create_archive(ArchiveName="a", EventSourceArn=source)["ArchiveArn"]

        def start(name: str) -> None:
            events.start_replay(
                ReplayName=name, EventSourceArn=archive, EventStartTime=0, EventEndTime=1,
                Destination={"Arn": source},
            )  # fmt: skip

        for number in range(10):
            start(f"r{number}")
        expected = (
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
        )
        assert expected == refusal(start, name="more")
        events.cancel_replay(ReplayName="r3")
        start("r10")
        assert expected == refusal(start, name="more")
        running.advance(60)
        start("r11")
    finally:
        running.stop()


def test_a_statement_is_named_and_may_stand_alone(events: Any) -> None:
    statement = {
        "Sid": "s", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents",
        "Resource": "*",
    }  # fmt: skip
    events.put_permission(Policy=json.dumps({"Version": "2012-10-17", "Statement": statement}))
    assert "ValidationException" == refusal(events.remove_permission)[0]
    events.remove_permission(StatementId="s")
    assert ("ResourceNotFoundException", "EventBus does not have a policy.") == refusal(
        events.remove_permission, StatementId="s"
    )


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (
            {"DeadLetterConfig": {"Arn": "nowhere"}},
            "Parameter nowhere is not valid. Reason: Provided Arn is not in correct format.",
        ),
        (
            {
                "Arn": "arn:aws:kinesis:us-east-1:000000000000:stream/s", "RoleArn": ROLE,
                "KinesisParameters": {"PartitionKeyPath": "detail.id"},
            },
            None,
        ),
    ],
)  # fmt: skip
def test_targets_that_are_refused(events: Any, target: dict[str, Any], words: str | None) -> None:
    rule(events)
    code, said = refusal(
        events.put_targets, Rule="r", Targets=[{"Id": "t", "Arn": QUEUE, **target}]
    )
    assert ("ValidationException", True) == (code, words in (None, said))


def test_private_connections_are_not_there(events: Any) -> None:
    lattice = {"ResourceConfigurationArn": f"{LATTICE}/rcfg-0123456789abcdef0"}
    private = {**BASIC, "ConnectivityParameters": {"ResourceParameters": lattice}}
    code, _ = refusal(
        events.create_connection, Name="c", AuthorizationType="BASIC", AuthParameters=private
    )
    assert "NotImplemented" == code


def test_an_endpoint_keeps_to_one_name_of_buses(events: Any, account: str) -> None:
    arn = bus_arn(account, "orders")
    buses = [{"EventBusArn": arn}, {"EventBusArn": arn.replace("us-east-1", "us-west-2")}]
    events.create_endpoint(Name="e", RoutingConfig=ROUTING, EventBuses=buses)
    other = [buses[0], {"EventBusArn": bus_arn(account, "other")}]
    assert "ValidationException" == refusal(events.update_endpoint, Name="e", EventBuses=other)[0]
