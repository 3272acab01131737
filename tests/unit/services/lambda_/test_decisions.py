"""Decisions about events, scaling, runtimes and names."""

from __future__ import annotations

import json

import pytest

from pileus.kernel.errors import AwsError
from pileus.services.lambda_.asynchronous import rules
from pileus.services.lambda_.asynchronous.rules import Again, Event, InvokeConfig
from pileus.services.lambda_.functions import runtimes
from pileus.services.lambda_.mappings.scaling import BatchEnd, Scaling
from pileus.services.lambda_.running import payloads
from pileus.services.lambda_.running.outcomes import Outcome

ARN = "arn:aws:lambda:us-east-1:111111111111:function:f"
NOW = 1_800_000_000_000


def test_errors_are_retried_after_one_and_two_minutes_then_given_up() -> None:
    event = Event(ARN, NOW)
    first = rules.after_error(event, InvokeConfig(), NOW)
    assert isinstance(first, Again)
    assert NOW + 60_000 == first.at
    second = rules.after_error(first.event, InvokeConfig(), first.at)
    assert isinstance(second, Again)
    assert NOW + 180_000 == second.at
    assert rules.RETRIES_EXHAUSTED == rules.after_error(second.event, InvokeConfig(), second.at)


def test_refusals_are_retried_ever_later_up_to_five_minutes_until_the_event_is_too_old() -> None:
    event, at, pauses = Event(ARN, NOW), NOW, []
    while isinstance(again := rules.after_refusal(event, InvokeConfig(), at), Again):
        pauses.append((again.at - at) // 1000)
        event, at = again.event, again.at
    assert [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] == pauses[:11]
    assert {300} == set(pauses[9:])
    assert 21_600 - 300 < sum(pauses) <= 21_600
    assert rules.TOO_OLD == again


def test_a_refusal_does_not_use_up_a_retry() -> None:
    refused = rules.after_refusal(Event(ARN, NOW, runs=1), InvokeConfig(), NOW)
    assert isinstance(refused, Again)
    assert 1 == refused.event.runs
    failed = rules.after_error(refused.event, InvokeConfig(), NOW)
    assert isinstance(failed, Again)
    assert 0 == failed.event.refusals


@pytest.mark.parametrize(
    ("age_ms", "reserved", "reason"),
    [
        (60_000, None, None),
        (60_001, None, rules.TOO_OLD),
        (0, 0, rules.NO_CONCURRENCY),
        (0, 1, None),
    ],
)
def test_some_events_are_not_even_tried(
    age_ms: int, reserved: int | None, reason: rules.GivenUp | None
) -> None:
    event = Event(ARN, NOW - age_ms)
    assert reason == rules.before_run(event, InvokeConfig(age_seconds_max=60), reserved, NOW)


def test_an_answer_that_is_no_json_is_left_out_of_the_record() -> None:
    made = rules.record(Event(ARN, NOW), "id", "Success", b"{}", Outcome(b"plain"), NOW)
    assert json.loads(made)["responsePayload"] is None


def test_concurrency_grows_with_the_backlog_and_not_faster_than_aws() -> None:
    time_ms = [0.0]
    scaling = Scaling(lambda: time_ms[0])
    assert 5 == scaling.allowed
    time_ms[0] += 1000
    scaling.note_backlog(running=5)
    assert 10 == scaling.allowed
    time_ms[0] += 1000
    scaling.note_backlog(running=9)
    assert 10 == scaling.allowed
    time_ms[0] += 3_600_000
    scaling.note_backlog(running=10)
    assert 310 == scaling.allowed
    scaling.note_idle()
    assert 5 == scaling.allowed


def test_concurrency_shrinks_in_trouble_and_recovers() -> None:
    scaling = Scaling(lambda: 0.0)
    for _ in range(10):
        scaling.note_end(BatchEnd.THROTTLED)
    assert 1 == scaling.allowed
    scaling.note_end(BatchEnd.FAILED)
    assert 1 == scaling.allowed
    for _ in range(10):
        scaling.note_end(BatchEnd.WELL)
    assert 5 == scaling.allowed


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("python3.12", "python3.12"),
        ("python3.11", "python3.12"),
        ("python3.6", "python3.9"),
        ("nodejs20.x", "nodejs22.x"),
        ("nodejs", "nodejs18.x"),
        ("go1.x", "provided.al2023"),
        ("provided", "provided.al2023"),
        ("dotnetcore3.1", "dotnet8"),
        ("java8.al2", None),
    ],
)
def test_the_nearest_runtime_stands_in(name: str, found: str | None) -> None:
    installed = dict.fromkeys(
        ("python3.9", "python3.12", "nodejs18.x", "nodejs22.x", "provided.al2023", "dotnet8"), ""
    )
    assert found == runtimes.nearest(name, installed)


@pytest.mark.parametrize(
    ("name", "label", "is_exact"),
    [
        ("python3.12", "python 3.12 (/usr/bin/python3.12)", True),
        ("python3.8", "python 3.12 (/usr/bin/python3.12)", False),
        ("nodejs20.x", "node 20.11 (/usr/bin/node)", True),
        ("java8.al2", "java 17.0 (/usr/lib/jvm/17/bin/java)", False),
        ("java17", "java 17.0 (/usr/lib/jvm/17/bin/java)", True),
        ("provided.al2023", "the package's own bootstrap", True),
        ("go1.x", "the package's own bootstrap", True),
    ],
)
def test_another_version_is_noticed(name: str, label: str, is_exact: bool) -> None:
    assert is_exact == runtimes.is_exact(name, label)


def test_every_name_of_a_runtime_has_a_family_with_a_version() -> None:
    families = {runtimes.parse(name).family for name in runtimes.KNOWN}
    assert {"python", "nodejs", "java", "ruby", "dotnet", "provided"} == families


@pytest.mark.parametrize("payload", [b"1", b'"x"', b"[]", b" {}\n", "é".encode().join([b'"'] * 2)])
def test_any_json_is_an_event(payload: bytes) -> None:
    assert payload == payloads.check_synchronous(payload)


@pytest.mark.parametrize(
    "payload", [b"{", b"{} x", b"[" * 100_000, b"\xff", b"'a'", b"\x00", b'"\xe9"', b'"\n"', b"nul"]
)
def test_what_is_no_json_is_refused(payload: bytes) -> None:
    with pytest.raises(AwsError) as refused:
        payloads.check_synchronous(payload)
    assert "InvalidRequestContentException" == refused.value.code
