"""Archives and replays by boto3, under the virtual clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from e2e.events.asking import PATTERN, arn_of, bus_arn, create, events_in, put, refusal, route, rule
from support.running import Running

DAY_SECONDS = 86_400


def archive(events: Any, account: str, name: str = "a", bus: str = "default", **params: Any) -> str:
    arn: str = events.create_archive(
        ArchiveName=name, EventSourceArn=bus_arn(account, bus), **params
    )["ArchiveArn"]
    return arn


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def replay(
    events: Any,
    pileus: Running,
    account: str,
    archive_arn: str,
    name: str = "again",
    **params: Any,
) -> dict[str, Any]:
    """Replay the last hour."""
    given = {
        "EventStartTime": at(pileus.now - 3_600_000),
        "EventEndTime": at(pileus.now + 1000),
        "Destination": {"Arn": bus_arn(account)},
        **params,
    }
    answer: dict[str, Any] = events.start_replay(
        ReplayName=name, EventSourceArn=archive_arn, **given
    )
    pileus.advance(0)
    return answer


def held(events: Any, name: str = "a") -> tuple[int, bool]:
    found = events.describe_archive(ArchiveName=name)
    return found["EventCount"], found["SizeBytes"] > 0


def test_an_archive_has_what_it_was_made_with(events: Any, pileus: Running, account: str) -> None:
    settings = {"Description": "d", "EventPattern": PATTERN, "RetentionDays": 7}
    arn = archive(events, account, **settings)
    assert f"arn:aws:events:us-east-1:{account}:archive/a" == arn
    found = events.describe_archive(ArchiveName="a")
    found.pop("ResponseMetadata")
    assert pileus.now == round(found.pop("CreationTime").timestamp() * 1000)
    assert {
        "ArchiveArn": arn, "ArchiveName": "a", "EventSourceArn": bus_arn(account),
        "State": "ENABLED", "SizeBytes": 0, "EventCount": 0, **settings,
    } == found  # fmt: skip


def test_an_archive_keeps_what_its_pattern_matches(events: Any, account: str) -> None:
    archive(events, account, EventPattern=PATTERN)
    archive(events, account, "all")
    put(events)
    put(events, Source="bakery")
    assert [(1, True), (2, True)] == [held(events), held(events, "all")]


def test_the_rule_of_an_archive_is_managed(events: Any, account: str) -> None:
    archive(events, account, EventPattern=PATTERN)
    [found] = events.list_rules()["Rules"]
    assert ("Events-Archive-a", "prod.vhs.events.aws.internal") == (
        found["Name"], found["ManagedBy"],
    )  # fmt: skip
    assert {"source": ["shop"], "replay-name": [{"exists": False}]} == (
        json.loads(found["EventPattern"])
    )
    for operation in (events.disable_rule, events.delete_rule):
        assert "ManagedRuleException" == refusal(operation, Name="Events-Archive-a")[0]
    assert "ManagedRuleException" == refusal(
        events.remove_targets, Rule="Events-Archive-a", Ids=["Events-Archive-a"]
    )[0]  # fmt: skip


def test_an_archive_is_changed(events: Any, account: str) -> None:
    archive(events, account, EventPattern=PATTERN, Description="d")
    events.update_archive(ArchiveName="a", EventPattern=json.dumps({"source": ["bakery"]}))
    put(events)
    put(events, Source="bakery")
    assert (1, "d") == (held(events)[0], events.describe_archive(ArchiveName="a")["Description"])
    assert (
        "ValidationException",
        "At least one of EventPattern, RetentionDays or Description must be provided.",
    ) == refusal(events.update_archive, ArchiveName="a")


def test_events_leave_the_archive_when_their_days_are_over(
    events: Any, pileus: Running, account: str
) -> None:
    archive(events, account, RetentionDays=2)
    archive(events, account, "for-ever")
    put(events)
    pileus.advance(DAY_SECONDS)
    put(events)
    pileus.advance(DAY_SECONDS - 1)
    assert (2, True) == held(events)
    pileus.advance(2)
    assert (1, True) == held(events)
    pileus.advance(DAY_SECONDS)
    assert [(0, False), (2, True)] == [held(events), held(events, "for-ever")]


def test_a_shorter_retention_counts_at_once(events: Any, pileus: Running, account: str) -> None:
    archive(events, account)
    put(events)
    pileus.advance(3 * DAY_SECONDS)
    events.update_archive(ArchiveName="a", RetentionDays=1)
    pileus.advance(1)
    assert (0, False) == held(events)


def test_an_archive_is_deleted_with_its_rule(events: Any, pileus: Running, account: str) -> None:
    archive(events, account)
    put(events)
    events.delete_archive(ArchiveName="a")
    assert [] == events.list_rules()["Rules"]
    missing = ("ResourceNotFoundException", "Archive a does not exist.")
    for operation in (events.describe_archive, events.delete_archive):
        assert missing == refusal(operation, ArchiveName="a")
    assert missing == refusal(events.update_archive, ArchiveName="a", Description="x")
    archive(events, account)
    pileus.advance(1)
    assert (0, False) == held(events)


def test_an_archive_that_cannot_be_is_refused(events: Any, account: str) -> None:
    archive(events, account)
    assert ("ResourceAlreadyExistsException", "Archive a already exists.") == refusal(
        events.create_archive, ArchiveName="a", EventSourceArn=bus_arn(account)
    )
    assert ("ResourceNotFoundException", "Event bus nowhere does not exist.") == refusal(
        events.create_archive, ArchiveName="b", EventSourceArn=bus_arn(account, "nowhere")
    )
    assert "InvalidEventPatternException" == refusal(
        events.create_archive, ArchiveName="b", EventSourceArn=bus_arn(account), EventPattern="x"
    )[0]  # fmt: skip
    assert "ValidationException" == refusal(
        events.create_archive, ArchiveName="b",
        EventSourceArn=f"arn:aws:events:us-east-1:{account}:rule/r",
    )[0]  # fmt: skip


def test_archives_are_listed_by_prefix_source_or_state(events: Any, account: str) -> None:
    events.create_event_bus(Name="orders")
    for name, bus in (("a1", "default"), ("a2", "orders"), ("b", "orders")):
        archive(events, account, name, bus)

    def names(**params: Any) -> list[str]:
        return [each["ArchiveName"] for each in events.list_archives(**params)["Archives"]]

    first = events.list_archives(Limit=2)
    assert ["a1", "a2"] == [each["ArchiveName"] for each in first["Archives"]]
    assert ["b"] == names(Limit=2, NextToken=first["NextToken"])
    assert ["a1", "a2"] == names(NamePrefix="a")
    assert ["a2", "b"] == names(EventSourceArn=bus_arn(account, "orders"))
    assert [3, 0] == [len(names(State=state)) for state in ("ENABLED", "DISABLED")]
    assert (
        "ValidationException" == refusal(events.list_archives, NamePrefix="a", State="ENABLED")[0]
    )


# Replays.


def test_a_replay_sends_the_events_again_with_its_name(
    events: Any, sqs: Any, pileus: Running, account: str
) -> None:
    arn = archive(events, account)
    ids = [put(events, {"n": n}) for n in range(3)]
    url = create(sqs)
    route(events, arn_of(sqs, url))
    pileus.advance(60)
    answer = replay(events, pileus, account, arn)
    assert ("STARTING", f"arn:aws:events:us-east-1:{account}:replay/again") == (
        answer["State"], answer["ReplayArn"],
    )  # fmt: skip
    pileus.advance(0)
    found = events_in(sqs, url)
    assert sorted(ids) == sorted(each["id"] for each in found)
    assert {"again"} == {each["replay-name"] for each in found}
    # What was replayed is not archived again.
    assert 3 == held(events)[0]


def test_a_replay_tells_its_progress(events: Any, pileus: Running, account: str) -> None:
    arn = archive(events, account)
    for _ in range(12):
        events.put_events(Entries=[{"Source": "shop", "DetailType": "d", "Detail": "{}"}] * 10)
    sent_at = pileus.now // 1000 * 1000
    pileus.advance(60)
    replay(events, pileus, account, arn, Description="d")
    found = events.describe_replay(ReplayName="again")
    times = {
        name: round(found[name].timestamp() * 1000)
        for name in ("EventLastReplayedTime", "ReplayStartTime", "ReplayEndTime")
    }
    assert {
        "EventLastReplayedTime": sent_at,
        "ReplayStartTime": pileus.now,
        "ReplayEndTime": pileus.now,
    } == times
    assert ("COMPLETED", arn, {"Arn": bus_arn(account)}, "d") == (
        found["State"], found["EventSourceArn"], found["Destination"], found["Description"],
    )  # fmt: skip


def test_a_replay_keeps_to_its_window_and_its_rules(
    events: Any, sqs: Any, pileus: Running, account: str
) -> None:
    arn = archive(events, account)
    put(events, {"n": 0})
    pileus.advance(600)
    start = pileus.now
    put(events, {"n": 1})
    pileus.advance(600)
    end = pileus.now
    pileus.advance(600)
    put(events, {"n": 2})
    urls = [create(sqs, name) for name in ("meant", "other")]
    rules = [route(events, arn_of(sqs, url), f"r{n}") for n, url in enumerate(urls)]
    replay(
        events, pileus, account, arn, EventStartTime=at(start - 1000), EventEndTime=at(end),
        Destination={"Arn": bus_arn(account), "FilterArns": rules[:1]},
    )  # fmt: skip
    pileus.advance(0)
    found = [[each["detail"]["n"] for each in events_in(sqs, url)] for url in urls]
    assert [[1], []] == found


def test_a_replay_that_cannot_be_is_refused(events: Any, pileus: Running, account: str) -> None:
    arn = archive(events, account)
    events.create_event_bus(Name="orders")

    def refused(**params: Any) -> tuple[str, str]:
        given = {
            "ReplayName": "again", "EventSourceArn": arn,
            "EventStartTime": at(pileus.now), "EventEndTime": at(pileus.now + 1000),
            "Destination": {"Arn": bus_arn(account)}, **params,
        }  # fmt: skip
        return refusal(events.start_replay, **given)

    assert (
        "ValidationException",
        "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.",
    ) == refused(EventEndTime=at(pileus.now))
    assert (
        "ValidationException",
        "Parameter EventSourceArn is not valid. Reason: Archive b does not exist.",
    ) == refused(EventSourceArn=arn[:-1] + "b")
    assert (
        "ValidationException",
        "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.",
    ) == refused(Destination={"Arn": bus_arn(account, "orders")})
    assert ("ResourceNotFoundException", "Event bus nowhere does not exist.") == (
        refused(Destination={"Arn": bus_arn(account, "nowhere")})
    )
    assert "ValidationException" == refused(Destination={"Arn": rule(events)})[0]
    foreign = f"arn:aws:events:us-east-1:{account}:rule/orders/r"
    for filter_arn in (foreign, "nonsense"):
        filtered = {"Arn": bus_arn(account), "FilterArns": [filter_arn]}
        assert "ValidationException" == refused(Destination=filtered)[0]
    replay(events, pileus, account, arn)
    assert ("ResourceAlreadyExistsException", "Replay again already exists.") == refused()


def test_replays_are_listed(events: Any, pileus: Running, account: str) -> None:
    arn = archive(events, account)
    for name in ("a1", "a2", "b"):
        replay(events, pileus, account, arn, name)

    def names(**params: Any) -> list[str]:
        return [each["ReplayName"] for each in events.list_replays(**params)["Replays"]]

    assert [["a1", "a2"], ["a1", "a2", "b"], []] == [
        names(NamePrefix="a"), names(EventSourceArn=arn), names(State="RUNNING"),
    ]  # fmt: skip
    assert "ValidationException" == refusal(events.list_replays, NamePrefix="a", State="FAILED")[0]


def test_a_replay_that_is_over_cannot_be_cancelled(
    events: Any, pileus: Running, account: str
) -> None:
    replay(events, pileus, account, archive(events, account))
    assert (
        "IllegalStatusException", "Replay again is not in a valid state for this operation.",
    ) == refusal(events.cancel_replay, ReplayName="again")  # fmt: skip
    for operation in (events.cancel_replay, events.describe_replay):
        assert ("ResourceNotFoundException", "Replay x does not exist.") == (
            refusal(operation, ReplayName="x")
        )


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("slow"), aws_delays=True).start()
    running.freeze()
    yield running
    running.stop()


def test_a_replay_is_cancelled(slow: Running, account: str) -> None:
    events, sqs = slow.client("events", account=account), slow.client("sqs", account=account)
    arn = archive(events, account)
    put(events)
    url = create(sqs)
    route(events, arn_of(sqs, url))
    replay(events, slow, account, arn)
    assert "STARTING" == events.describe_replay(ReplayName="again")["State"]
    assert "CANCELLING" == events.cancel_replay(ReplayName="again")["State"]
    slow.advance(60)
    assert ("CANCELLED", []) == (
        events.describe_replay(ReplayName="again")["State"], events_in(sqs, url),
    )  # fmt: skip


def test_archives_outlive_a_restart(tmp_path: Path, account: str) -> None:
    first = Running(tmp_path).start()
    first.freeze()
    events = first.client("events", account=account)
    arn = archive(events, account)
    url = create(first.client("sqs", account=account))
    queue = arn_of(first.client("sqs", account=account), url)
    event_id = put(events)
    first.stop()
    second = Running(tmp_path).start()
    events, sqs = second.client("events", account=account), second.client("sqs", account=account)
    route(events, queue)
    replay(events, second, account, arn)
    second.advance(0)
    assert [event_id] == [
        each["id"] for each in events_in(sqs, sqs.get_queue_url(QueueName="q")["QueueUrl"])
    ]
    second.stop()
