"""The instants of a day of schedules, and requests as the services read them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from bench.messaging_requests import Publishes, Puts, Schedules, spread

BEGINS = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


def body(request: bytes) -> str:
    return request.partition(b"\r\n\r\n")[2].decode()


def test_instants_fill_the_span_from_its_beginning() -> None:
    found = spread(4, BEGINS.isoformat(), 100)
    assert [BEGINS + timedelta(seconds=seconds) for seconds in (0, 25, 50, 75)] == found


def test_publishes_are_forms() -> None:
    request = Publishes("127.0.0.1:1", "arn:aws:sns:us-east-1:0:t").publish("a b&c")
    wanted = {
        "Action": ["Publish"], "Version": ["2010-03-31"], "Message": ["a b&c"],
        "TopicArn": ["arn:aws:sns:us-east-1:0:t"],
    }  # fmt: skip
    assert wanted == parse_qs(body(request))


def test_events_have_their_detail_as_text() -> None:
    (entry,) = json.loads(body(Puts("127.0.0.1:1", "bus").put({"kind": "k"})))["Entries"]
    assert ("bus", {"kind": "k"}) == (entry["EventBusName"], json.loads(entry["Detail"]))


def test_each_schedule_has_a_path_and_an_instant_of_its_own() -> None:
    request = Schedules("127.0.0.1:1", "arn:queue", "arn:role").create(7, BEGINS)
    asked = json.loads(body(request))
    assert request.startswith(b"POST /schedules/bench-7 HTTP/1.1\r\n")
    assert ("at(2025-01-02T03:04:05)", "7") == (
        asked["ScheduleExpression"], asked["Target"]["Input"],
    )  # fmt: skip
