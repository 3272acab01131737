"""Queues whose partitions lie in two databases: nothing assumes that all share a transaction."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.sqs.asking import (
    ARN,
    arn_of,
    bodies,
    counts,
    create,
    receive,
    redrive_policy,
    refusal,
    send,
)
from support.running import Running

STORES = ("two sqlite files",)


@pytest.fixture
def apart(pileus: Running, account: str) -> tuple[str, str]:
    """Names of two queues that lie in different databases."""
    store = pileus.app.kernel.store

    def part(name: str) -> int:
        return store.partition(f"{ARN}:{account}:{name}")

    names = (f"dead{number}" for number in range(100))
    return "q", next(n for n in names if not store.is_together(part("q"), part(n)))


def test_dead_letters_cross_over_and_come_back(
    sqs: Any, pileus: Running, apart: tuple[str, str]
) -> None:
    name, dead_name = apart
    dead = create(sqs, dead_name)
    url = create(sqs, name, RedrivePolicy=redrive_policy(arn_of(sqs, dead)))
    pileus.advance(1)
    for body in "ab":
        send(sqs, url, body)
    receive(sqs, url)
    pileus.advance(30)
    assert [] == bodies(sqs, url)
    pileus.advance(1)
    assert ((0, 0, 0), (2, 0, 0)) == (counts(sqs, url), counts(sqs, dead))
    assert [url] == sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]
    sqs.start_message_move_task(SourceArn=arn_of(sqs, dead))
    pileus.advance(1)
    assert (["a", "b"], (0, 0, 0)) == (sorted(bodies(sqs, url)), counts(sqs, dead))


def test_a_dead_letter_waits_for_its_queue(
    sqs: Any, pileus: Running, apart: tuple[str, str]
) -> None:
    name, dead_name = apart
    dead = create(sqs, dead_name)
    url = create(sqs, name, RedrivePolicy=redrive_policy(arn_of(sqs, dead)))
    pileus.advance(1)
    sent = send(sqs, url, "bad")
    sqs.delete_queue(QueueUrl=dead)
    receive(sqs, url)
    pileus.advance(30)
    assert [] == bodies(sqs, url)
    pileus.advance(1000)
    assert dead == create(sqs, dead_name)
    pileus.advance(1000)
    [message] = receive(sqs, dead)
    assert (sent["MessageId"], (0, 0, 0)) == (message["MessageId"], counts(sqs, url))


def test_the_redrive_allow_policy_is_asked_across(sqs: Any, apart: tuple[str, str]) -> None:
    name, dead_name = apart
    allow = json.dumps({"redrivePermission": "denyAll"})
    dead = create(sqs, dead_name, RedriveAllowPolicy=allow)
    policy = redrive_policy(arn_of(sqs, dead))
    code, _ = refusal(sqs.create_queue, QueueName=name, Attributes={"RedrivePolicy": policy})
    assert "InvalidParameterValue" == code


def test_queues_are_listed_wherever_they_lie(sqs: Any, pileus: Running) -> None:
    names = [f"n{number:02}" for number in range(12)]
    for name in names:
        create(sqs, name)
    pileus.advance(1)
    assert names == [url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"]]
