"""Letters that are carried to a mail server: durable, tried again, and nobody waits for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from e2e.sns.asking import queue, subscribe, topic
from e2e.sns.mail_server import (
    Mailbox,
    free_port,
    mail_server,
    own_certificate,
    silent_server,
)
from pileus.app import App, StartRefused
from pileus.settings import Settings
from support.running import Running

ACCOUNT = "123456789012"
READER = "me@example.com"


@contextmanager
def carrying(folder: Path, smtp: str) -> Iterator[Running]:
    """A Pileus with a frozen clock and a mail server."""
    running = Running(folder, smtp=smtp).start()
    running.freeze()
    try:
        yield running
    finally:
        running.stop()


def client(running: Running, service: str = "sns") -> Any:
    return running.client(service, account=ACCOUNT)


def visit_link(letter: Any) -> None:
    with urlopen(re.findall(r"http://\S+Action=\S+", letter.get_content())[0]):
        pass


def confirmed_topic(running: Running, mailbox: Mailbox, **attributes: str) -> str:
    sns = client(running)
    arn = topic(sns, **attributes)
    subscribe(sns, arn, READER, "email")
    running.advance(0)
    visit_link(mailbox.letters[-1])
    return arn


def test_the_link_in_the_letter_confirms_and_letters_follow(tmp_path: Path) -> None:
    with mail_server() as mailbox, carrying(tmp_path, f"127.0.0.1:{mailbox.port}") as running:
        arn = confirmed_topic(running, mailbox, DisplayName="Nouvelles, françaises")
        client(running).publish(TopicArn=arn, Message="Grüße\n" + "x" * 2_000, Subject="Hi")
        running.advance(0)
        asked, letter = mailbox.letters
    assert "AWS Notification - Subscription Confirmation" == asked["Subject"]
    assert ("no-reply@sns.amazonaws.com", [READER]) == mailbox.envelopes[1]
    assert ("Hi", READER, "Nouvelles, françaises") == (
        letter["Subject"],
        letter["To"],
        letter["From"].addresses[0].display_name,
    )
    assert ["Grüße", "x" * 2_000] == letter.get_content().splitlines()[:2]


def test_the_envelope_for_programs_is_carried_whole(tmp_path: Path) -> None:
    with mail_server() as mailbox, carrying(tmp_path, f"127.0.0.1:{mailbox.port}") as running:
        sns = client(running)
        arn = topic(sns)
        subscribe(sns, arn, READER, "email-json")
        running.advance(0)
        token = re.findall(r'"Token" : "(\w+)"', mailbox.letters[0].get_content())[0]
        sns.confirm_subscription(TopicArn=arn, Token=token)
        sns.publish(TopicArn=arn, Message="Hello")
        running.advance(0)
    assert '"Message" : "Hello"' in mailbox.letters[1].get_content()


def test_a_letter_waits_for_its_server_over_a_restart(tmp_path: Path) -> None:
    port = free_port()
    with carrying(tmp_path, f"127.0.0.1:{port}") as running:
        subscribe(client(running), topic(client(running)), READER, "email")
        running.advance(60)
    with carrying(tmp_path, f"127.0.0.1:{port}") as running, mail_server(port) as mailbox:
        running.advance(3600)
        assert [READER] == [letter["To"] for letter in mailbox.letters]
        running.advance(24 * 3600)
        assert 1 == len(mailbox.letters)


@pytest.mark.parametrize(("answer", "attempts"), [("451 Later", 5), ("550 Nobody here", 1)])
def test_refusals_are_tried_again_unless_they_are_final(
    tmp_path: Path, answer: str, attempts: int
) -> None:
    with mail_server() as mailbox, carrying(tmp_path, f"127.0.0.1:{mailbox.port}") as running:
        mailbox.answer = answer
        subscribe(client(running), topic(client(running)), READER, "email")
        # Pauses of 10, 20, 40 and 80 seconds.
        running.advance(150)
        assert attempts == mailbox.attempts
        running.advance(5 * 24 * 3600)
        ended_after = mailbox.attempts
        running.advance(5 * 24 * 3600)
        assert ended_after == mailbox.attempts


def test_a_server_is_spoken_to_in_secret_where_it_can(tmp_path: Path) -> None:
    with mail_server(tls_context=own_certificate(tmp_path)) as mailbox:
        url = f"smtp://me:p%40ss@127.0.0.1:{mailbox.port}?verify=no&from=pileus@example.com"
        with carrying(tmp_path, url) as running:
            subscribe(client(running), topic(client(running)), READER, "email")
            running.advance(0)
    assert [("me", "p@ss", True)] == mailbox.logins
    assert [("pileus@example.com", [READER])] == mailbox.envelopes


def test_a_server_may_be_secret_from_the_start(tmp_path: Path) -> None:
    with mail_server(ssl_context=own_certificate(tmp_path)) as mailbox:
        with carrying(tmp_path, f"smtps://127.0.0.1:{mailbox.port}?verify=no") as running:
            subscribe(client(running), topic(client(running)), READER, "email")
            running.advance(0)
        assert 1 == len(mailbox.letters)


def test_a_certificate_of_nobody_is_not_trusted(tmp_path: Path) -> None:
    with mail_server(tls_context=own_certificate(tmp_path)) as mailbox:
        with carrying(tmp_path, f"127.0.0.1:{mailbox.port}") as running:
            subscribe(client(running), topic(client(running)), READER, "email")
            running.advance(0)
        assert [] == mailbox.letters


def test_a_server_that_says_nothing_keeps_nobody_waiting(tmp_path: Path) -> None:
    with silent_server() as port, carrying(tmp_path, f"127.0.0.1:{port}") as running:
        sns, sqs = client(running), client(running, "sqs")
        arn = topic(sns)
        url, queue_arn = queue(sqs)
        subscribe(sns, arn, queue_arn, "sqs")
        for number in range(20):
            subscribe(sns, arn, f"reader-{number}@example.com", "email")
        sns.publish(TopicArn=arn, Message="Hello")
        assert 1 == len(sqs.receive_message(QueueUrl=url)["Messages"])


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://mail.example.com", "The mail server is not given as"),
        ("smtp://mail.example.com/inbox", "A mail server takes"),
        ("smtp://mail.example.com?colour=red", "A mail server takes"),
        ("smtp://mail.example.com:port", "Port could not be cast"),
    ],
)
def test_a_mail_server_that_cannot_be_meant_is_refused(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(StartRefused, match=said):
        App(Settings(data=tmp_path, smtp=url))
