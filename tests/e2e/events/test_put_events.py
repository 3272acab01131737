"""PutEvents by boto3: what comes in, what is refused, and who gets it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from e2e.events.asking import arn_of, bodies, bus_arn, create, events_in, put, refusal, route, rule
from pileus.services.events import routing
from support.running import Running


def time_of(pileus: Running) -> str:
    return datetime.fromtimestamp(pileus.now // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_queue_gets_the_event_as_aws_writes_it(
    events: Any, sqs: Any, pileus: Running, account: str
) -> None:
    url = create(sqs)
    route(events, arn_of(sqs, url))
    event_id = put(events, Detail='{ "total": 1.50, "name": "a b" }', Resources=["arn:x"])
    assert [
        '{"version":"0","id":"' + event_id + '","detail-type":"Order","source":"shop",'
        f'"account":"{account}","time":"{time_of(pileus)}","region":"us-east-1",'
        '"resources":["arn:x"],"detail":{"total":1.50,"name":"a b"}}'
    ] == bodies(sqs, url)


def test_a_sender_may_tell_the_time_of_an_event(events: Any, sqs: Any) -> None:
    url = create(sqs)
    route(events, arn_of(sqs, url))
    put(events, Time=datetime(2020, 2, 29, 12, 30, 45, tzinfo=UTC))
    [found] = events_in(sqs, url)
    assert "2020-02-29T12:30:45Z" == found["time"]


def test_the_trace_header_comes_along(events: Any, sqs: Any) -> None:
    url = create(sqs)
    route(events, arn_of(sqs, url))
    put(events, TraceHeader="Root=1-5759e988-bd862e3fe1be46a994272793")
    answer = sqs.receive_message(QueueUrl=url, AttributeNames=["AWSTraceHeader"])
    assert {"AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793"} == (
        answer["Messages"][0]["Attributes"]
    )


def test_only_rules_that_match_hand_the_event_on(events: Any, sqs: Any) -> None:
    urls = [create(sqs, name) for name in ("all", "large", "other")]
    patterns: list[dict[str, Any]] = [
        {"source": ["shop"]},
        {"detail": {"total": [{"numeric": [">", 10]}]}},
        {"source": ["bakery"]},
    ]
    for number, (url, pattern) in enumerate(zip(urls, patterns, strict=True)):
        route(events, arn_of(sqs, url), f"r{number}", json.dumps(pattern))
    put(events, {"total": 5})
    put(events, {"total": 50})
    found = [[event["detail"]["total"] for event in events_in(sqs, url)] for url in urls]
    assert [[5, 50], [50], []] == [sorted(totals) for totals in found]


def test_each_of_five_targets_gets_the_event(events: Any, sqs: Any) -> None:
    urls = [create(sqs, f"q{number}") for number in range(5)]
    rule(events)
    targets = [{"Id": str(n), "Arn": arn_of(sqs, url)} for n, url in enumerate(urls)]
    events.put_targets(Rule="r", Targets=targets)
    event_id = put(events)
    assert [[event_id]] * 5 == [[event["id"] for event in events_in(sqs, url)] for url in urls]


def test_more_targets_than_one_commit_takes_get_the_event_too(
    events: Any, sqs: Any, pileus: Running
) -> None:
    url = create(sqs)
    arn = arn_of(sqs, url)
    for number in range(50):
        rule(events, f"r{number:02}")
        targets = [
            {"Id": str(n), "Arn": arn, "Input": json.dumps(f"{number}/{n}")} for n in range(5)
        ]
        events.put_targets(Rule=f"r{number:02}", Targets=targets)
    put(events)
    pileus.advance(1)
    found: list[str] = []
    while page := bodies(sqs, url):
        found += page
    assert sorted(json.dumps(f"{number}/{n}") for number in range(50) for n in range(5)) == sorted(
        found
    )


def test_rules_that_take_long_keep_no_event_from_the_others(
    events: Any, sqs: Any, pileus: Running
) -> None:
    # Together they take many times what one transaction of a strict store may.
    url = create(sqs)
    for number in range(40):
        matchers = [{"wildcard": f"*q{number}{each}*r"} for each in range(60)]
        pattern = json.dumps({"detail": {"a": matchers}})
        route(events, arn_of(sqs, url), f"costly-{number:02}", pattern)
    route(events, arn_of(sqs, url), "the-last", json.dumps({"detail": {"a": ["a5"]}}))
    put(events, {"a": [f"a{number}" for number in range(1_500)]})
    pileus.advance(1)
    assert 1 == len(events_in(sqs, url))


def test_a_changed_rule_counts_from_the_next_event_on(events: Any, sqs: Any) -> None:
    url = create(sqs)
    route(events, arn_of(sqs, url))
    put(events)
    rule(events, pattern=json.dumps({"source": ["bakery"]}))
    put(events)
    events.disable_rule(Name="r")
    put(events, Source="bakery")
    events.enable_rule(Name="r")
    last = put(events, Source="bakery")
    found = events_in(sqs, url)
    assert (2, "shop", last) == (len(found), found[0]["source"], found[1]["id"])


def test_many_rules_are_known_again_after_a_restart(tmp_path: Path, account: str) -> None:
    first = Running(tmp_path).start()
    first.freeze()
    events = first.client("events", account=account)
    queue = arn_of(
        first.client("sqs", account=account), create(first.client("sqs", account=account))
    )
    for number in range(350):
        pattern = json.dumps({"detail": {"n": [number]}})
        route(events, queue, f"r{number}", pattern, Input=str(number))
    first.stop()
    # What is in memory would go with the process.
    routing._known.clear()
    second = Running(tmp_path).start()
    events, sqs = second.client("events", account=account), second.client("sqs", account=account)
    for number in (0, 349):
        put(events, {"n": number})
    second.advance(0)
    put(events, {"n": 7})
    found = bodies(sqs, sqs.get_queue_url(QueueName="q")["QueueUrl"])
    assert ["0", "349", "7"] == sorted(found)
    second.stop()


def test_a_bus_is_named_by_name_or_arn(events: Any, sqs: Any, account: str) -> None:
    events.create_event_bus(Name="orders")
    url = create(sqs)
    route(events, arn_of(sqs, url), bus="orders")
    ids = [put(events, EventBusName=name) for name in ("orders", bus_arn(account, "orders"))]
    put(events)
    assert sorted(ids) == sorted(event["id"] for event in events_in(sqs, url))


def test_one_request_may_be_for_several_buses(events: Any, sqs: Any, pileus: Running) -> None:
    events.create_event_bus(Name="orders")
    url = create(sqs)
    route(events, arn_of(sqs, url), bus="orders")
    entry = {"Source": "shop", "DetailType": "d", "Detail": "{}"}
    answer = events.put_events(Entries=[entry, {**entry, "EventBusName": "orders"}])
    pileus.advance(1)
    assert [answer["Entries"][1]["EventId"]] == [event["id"] for event in events_in(sqs, url)]


def test_an_event_for_a_bus_that_is_not_there_is_taken_and_dropped(events: Any) -> None:
    assert 36 == len(put(events, EventBusName="nowhere"))


ENTRY = {"Source": "shop", "DetailType": "Order", "Detail": "{}"}


@pytest.mark.parametrize(
    ("entry", "code", "message"),
    [
        (
            {"Source": None}, "InvalidArgument",
            "Parameter Source is not valid. Reason: Source is a required argument.",
        ),
        (
            {"DetailType": None}, "InvalidArgument",
            "Parameter DetailType is not valid. Reason: DetailType is a required argument.",
        ),
        (
            {"Detail": None}, "InvalidArgument",
            "Parameter Detail is not valid. Reason: Detail is a required argument.",
        ),
        ({"Detail": "no json"}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": '["list"]'}, "MalformedDetail", "Detail is malformed."),
        ({"Detail": "[" * 100_000}, "MalformedDetail", "Detail is malformed."),
        (
            {"Source": "aws.s3"}, "NotAuthorizedForSourceException",
            "Not authorized for the source.",
        ),
        (
            {"DetailType": "x" * 129}, "InvalidArgument",
            "Parameter DetailType is not valid. Reason: DetailType must be at most 128 "
            "characters long.",
        ),
        (
            {"Source": "x" * 257}, "InvalidArgument",
            "Parameter Source is not valid. Reason: Source must be at most 256 characters long.",
        ),
    ],
)  # fmt: skip
def test_a_bad_entry_fails_alone(
    events: Any, entry: dict[str, Any], code: str, message: str
) -> None:
    bad = {name: value for name, value in {**ENTRY, **entry}.items() if value is not None}
    answer = events.put_events(Entries=[bad, ENTRY])
    assert (1, {"ErrorCode": code, "ErrorMessage": message}) == (
        answer["FailedEntryCount"], answer["Entries"][0],
    )  # fmt: skip
    assert ["EventId"] == list(answer["Entries"][1])


def test_a_request_may_have_one_mebibyte(events: Any) -> None:
    others = len("shop" + "Order" + '{"x": ""}')
    fits = {**ENTRY, "Detail": json.dumps({"x": "." * (1_048_576 - others)})}
    assert 0 == events.put_events(Entries=[fits])["FailedEntryCount"]
    assert (
        "ValidationException", "Total size of the entries in the request is over the limit.",
    ) == refusal(events.put_events, Entries=[{**fits, "Source": "shops"}])  # fmt: skip


def test_a_request_may_have_ten_entries(events: Any) -> None:
    assert 10 == len(events.put_events(Entries=[ENTRY] * 10)["Entries"])
    code, message = refusal(events.put_events, Entries=[ENTRY] * 11)
    assert ("ValidationException", True) == (
        code, message.endswith("Member must have length less than or equal to 10"),
    )  # fmt: skip
