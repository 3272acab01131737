"""Mail and text messages, which can be read in the outbox."""

from __future__ import annotations

import re
from typing import Any
from urllib.request import urlopen

from e2e.sns.asking import invalid, refusal, string, subscribe, topic
from support.running import Running


def outbox(pileus: Running, account: str, **asked: str) -> list[dict[str, Any]]:
    """What the account has sent, the oldest first."""
    query = "&".join(f"{name}={value}" for name, value in {"account": account, **asked}.items())
    found: list[dict[str, Any]] = pileus.control(f"/_pileus/outbox?{query}")["messages"]
    return found[::-1]


def link_in(text: str) -> str:
    return re.findall(r"http://\S+Action=\S+", text)[0]


def test_a_reader_confirms_by_a_link_and_gets_mail(pileus: Running, sns: Any, account: str) -> None:
    arn = topic(sns, DisplayName="News")
    subscribe(sns, arn, "me@example.com", "email")
    (asked,) = outbox(pileus, account)
    assert ("AWS Notification - Subscription Confirmation", "me@example.com", "email") == (
        asked["subject"],
        asked["to"],
        asked["channel"],
    )
    with urlopen(link_in(asked["body"])):
        pass
    sns.publish(TopicArn=arn, Message="Hello", Subject="Greetings")
    letter = outbox(pileus, account)[-1]
    assert ("Greetings", "News <no-reply@sns.amazonaws.com>", "Hello") == (
        letter["subject"],
        letter["sender"],
        letter["body"].partition("\n")[0],
    )
    with urlopen(link_in(letter["body"])):
        pass
    assert [] == sns.list_subscriptions()["Subscriptions"]


def test_a_program_gets_the_envelope(pileus: Running, sns: Any, account: str) -> None:
    arn = topic(sns)
    subscribe(sns, arn, "me@example.com", "email-json")
    (asked,) = outbox(pileus, account)
    token = re.findall(r'"Token" : "(\w+)"', asked["body"])[0]
    sns.confirm_subscription(TopicArn=arn, Token=token)
    sns.publish(TopicArn=arn, Message="Hello")
    letter = outbox(pileus, account)[-1]
    assert ("AWS Notification Message", True) == (
        letter["subject"],
        '"Message" : "Hello"' in letter["body"],
    )


def test_phones_need_not_confirm(pileus: Running, sns: Any, account: str) -> None:
    arn = topic(sns, DisplayName="News")
    assert subscribe(sns, arn, "+15555550100", "sms").startswith(arn)
    sns.publish(
        TopicArn=arn,
        Message="Hello",
        MessageAttributes={
            "AWS.SNS.SMS.SenderID": string("Me"),
            "AWS.SNS.SMS.SMSType": string("Transactional"),
        },
    )
    (letter,) = outbox(pileus, account, channel="sms")
    assert ("+15555550100", "News> Hello", "Me", "Transactional") == (
        letter["to"],
        letter["body"],
        letter["sender"],
        letter["attributes"]["SMSType"],
    )


def test_the_outbox_can_be_asked_for_some(pileus: Running, sns: Any, account: str) -> None:
    arn = topic(sns)
    for number in ("+15555550101", "+15555550102"):
        subscribe(sns, arn, number, "sms")
    sns.publish(TopicArn=arn, Message="Hello")
    assert 1 == len(outbox(pileus, account, limit="1"))
    assert 1 == len(outbox(pileus, account, to="%2B15555550101"))
    assert [] == outbox(pileus, account, channel="push")
    assert 400 == pileus.control("/_pileus/outbox?limit=0")["status"]
    assert 400 == pileus.control("/_pileus/outbox?colour=red")["status"]
    assert 405 == pileus.control("/_pileus/outbox", {})["status"]


def test_the_outbox_forgets(pileus: Running, sns: Any, account: str) -> None:
    arn = topic(sns)
    subscribe(sns, arn, "+15555550100", "sms")
    sns.publish(TopicArn=arn, Message="Hello")
    pileus.advance("P13D")
    assert 1 == len(outbox(pileus, account))
    pileus.advance("P2D")
    assert [] == outbox(pileus, account)


def test_fifo_topics_have_no_readers(sns: Any) -> None:
    assert invalid("Invalid parameter: Endpoint Reason: Please use FIFO SQS queue") == refusal(
        sns.subscribe, TopicArn=topic(sns, "t.fifo"), Protocol="email", Endpoint="me@example.com"
    )
