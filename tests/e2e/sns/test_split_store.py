"""Topics and queues whose partitions lie in two databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.sns.asking import queue, subscribe, texts, topic
from support.running import Running


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with two SQLite files."""
    running = Running(tmp_path_factory.mktemp("pileus"), store_files=2).start()
    running.freeze()
    yield running
    running.stop()


def test_queues_of_both_databases_get_the_message(pileus: Running, sns: Any, sqs: Any) -> None:
    arn = topic(sns)
    made = [queue(sqs, "q" * (number + 1)) for number in range(8)]
    for _, endpoint in made:
        subscribe(sns, arn, endpoint)
    store = pileus.app.kernel.store
    apart = {store.is_together(store.partition(arn), store.partition(each[1])) for each in made}
    sns.publish(TopicArn=arn, Message="m")
    pileus.advance(0)
    assert ({True, False}, [["m"]] * 8) == (apart, [texts(sqs, url) for url, _ in made])


def test_a_queue_that_is_gone_is_tried_once_wherever_it_lay(
    pileus: Running, sns: Any, sqs: Any
) -> None:
    arn = topic(sns)
    dead, dead_arn = queue(sqs, "dead")
    policy = json.dumps({"deadLetterTargetArn": dead_arn})
    for number in range(8):
        url, endpoint = queue(sqs, "q" * (number + 1))
        subscribe(sns, arn, endpoint, RedrivePolicy=policy)
        sqs.delete_queue(QueueUrl=url)
    sns.publish(TopicArn=arn, Message="m")
    pileus.advance(0)
    assert ["m"] * 8 == texts(sqs, dead)


def test_subscriptions_and_topics_are_listed(pileus: Running, sns: Any, sqs: Any) -> None:
    names = {topic(sns, f"t{number}") for number in range(4)}
    made = {subscribe(sns, arn, queue(sqs)[1]) for arn in names}
    pileus.advance(0)
    listed = sns.list_subscriptions()["Subscriptions"]
    assert (names, made) == (
        {each["TopicArn"] for each in sns.list_topics()["Topics"]},
        {each["SubscriptionArn"] for each in listed},
    )
