"""Publish once, and have it in a thousand queues, a function, at an endpoint and in the mail."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from e2e.sns.listening import listening
from e2e.sns.mail_server import mail_server
from support.lambdas import Functions, RunningLambda

QUEUES = 1_000
ACCOUNT = "123456789012"
READER = "me@example.com"


def visit(text: str) -> None:
    with urlopen(re.findall(r"http://\S+Action=ConfirmSubscription\S+", text)[0]):
        pass


def count(sqs: Any, url: str) -> int:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


@pytest.mark.timeout(240)
def test_one_publish_reaches_everybody(tmp_path: Path) -> None:
    with listening() as endpoint, mail_server() as mailbox:
        running = RunningLambda(tmp_path, smtp=f"127.0.0.1:{mailbox.port}")
        running.start()
        running.freeze()
        try:
            _publish_once(running, endpoint, mailbox)
        finally:
            running.stop()


def _publish_once(running: RunningLambda, endpoint: Any, mailbox: Any) -> None:
    def aws(service: str) -> Any:
        return running.client(service, account=ACCOUNT)

    sns, sqs, events = aws("sns"), aws("sqs"), []
    functions = Functions(running, aws, ACCOUNT)
    name = functions.create(lambda event, context: events.append(event))
    topic = sns.create_topic(Name="news")["TopicArn"]

    def subscribe(protocol: str, to: str, **attributes: str) -> None:
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=to, Attributes=attributes)

    subscribe("lambda", functions.arn(name))
    subscribe("http", endpoint.url)
    subscribe("email", READER)
    urls = []
    for number in range(QUEUES):
        urls.append(sqs.create_queue(QueueName=f"q{number}")["QueueUrl"])
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q{number}"
        subscribe("sqs", arn, RawMessageDelivery="true")
    running.idle()
    visit(endpoint.take()[0].document["SubscribeURL"])
    visit(mailbox.letters.pop().get_content())
    sns.publish(TopicArn=topic, Message="Once for all", Subject="News")
    running.idle()
    assert [1] * QUEUES == [count(sqs, url) for url in urls]
    assert ["Once for all"] == [event["Records"][0]["Sns"]["Message"] for event in events]
    assert ["Once for all"] == [document["Message"] for document in endpoint.documents]
    assert ["Once for all"] == [each.get_content().splitlines()[0] for each in mailbox.letters]
    shown = running.control(f"/_pileus/outbox?account={ACCOUNT}&to={READER}&limit=1")["messages"]
    assert [("News", READER)] == [(letter["subject"], letter["to"]) for letter in shown]
