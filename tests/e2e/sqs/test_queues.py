"""Queues by boto3: create, delete, find, list, purge."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.sqs.asking import (
    ARN,
    attributes,
    bodies,
    counts,
    create,
    receive,
    redrive_policy,
    refusal,
    send,
)
from support.running import Running

NO_QUEUE = ("QueueDoesNotExist", "The specified queue does not exist.")
NAME_RULE = (
    "InvalidParameterValue",
    "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
)
FIFO_NAME_RULE = (
    "InvalidParameterValue",
    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
    "must end with .fifo suffix and be 1 to 80 in length.",
)


def names(urls: list[str]) -> list[str]:
    return [url.rpartition("/")[2] for url in urls]


def test_a_queue_has_aws_defaults(sqs: Any, pileus: Running, account: str) -> None:
    url = create(sqs, "plain")
    assert f"{pileus.url}/{account}/plain" == url
    assert {
        "QueueArn": f"{ARN}:{account}:plain",
        "CreatedTimestamp": str(pileus.now // 1000),
        "LastModifiedTimestamp": str(pileus.now // 1000),
        "VisibilityTimeout": "30",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "DelaySeconds": "0",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
    } == attributes(sqs, url)


def test_a_fifo_queue_has_aws_defaults(sqs: Any) -> None:
    found = attributes(sqs, create(sqs, "ordered.fifo"))
    assert {
        "FifoQueue": "true",
        "ContentBasedDeduplication": "false",
        "DeduplicationScope": "queue",
        "FifoThroughputLimit": "perQueue",
    } == {name: found[name] for name in found if "Fifo" in name or "Dedup" in name}


@pytest.mark.parametrize("name", ["a", "a" * 80, "A-b_9"])
def test_names_may_have_80_letters_digits_hyphens_underscores(sqs: Any, name: str) -> None:
    assert create(sqs, name).endswith(f"/{name}")


@pytest.mark.parametrize("name", ["a" * 81, "a b", "a.b", "q.fifo", "ü"])
def test_other_names_are_refused(sqs: Any, name: str) -> None:
    assert NAME_RULE == refusal(sqs.create_queue, QueueName=name)


@pytest.mark.parametrize("name", ["q", ".fifo", "a" * 76 + ".fifo", "a b.fifo"])
def test_a_fifo_queues_name_ends_in_fifo(sqs: Any, name: str) -> None:
    assert FIFO_NAME_RULE == refusal(
        sqs.create_queue, QueueName=name, Attributes={"FifoQueue": "true"}
    )


def test_creating_an_equal_queue_again_gives_its_url(sqs: Any) -> None:
    url = create(sqs, "twice", VisibilityTimeout="10", DelaySeconds="5")
    assert url == create(sqs, "twice", VisibilityTimeout="10")
    assert url == create(sqs, "twice")


@pytest.mark.parametrize(
    ("name", "value"),
    [("DelaySeconds", "6"), ("VisibilityTimeout", "31"), ("KmsMasterKeyId", "alias/mine")],
)
def test_creating_a_different_queue_of_the_same_name_is_refused(
    sqs: Any, name: str, value: str
) -> None:
    create(sqs, "other", DelaySeconds="5")
    assert (
        "QueueNameExists",
        f"A queue already exists with the same name and a different value for attribute {name}",
    ) == refusal(sqs.create_queue, QueueName="other", Attributes={name: value})


def test_a_deleted_queue_is_gone_with_its_messages(sqs: Any) -> None:
    url = create(sqs, "brief")
    send(sqs, url)
    sqs.delete_queue(QueueUrl=url)
    for function, params in (
        (sqs.send_message, {"MessageBody": "x"}),
        (sqs.receive_message, {}),
        (sqs.delete_queue, {}),
        (sqs.purge_queue, {}),
        (sqs.get_queue_attributes, {"AttributeNames": ["All"]}),
        (sqs.set_queue_attributes, {"Attributes": {"DelaySeconds": "1"}}),
        (sqs.list_queue_tags, {}),
        (sqs.list_dead_letter_source_queues, {}),
    ):
        assert NO_QUEUE == refusal(function, QueueUrl=url, **params)
    assert NO_QUEUE == refusal(sqs.get_queue_url, QueueName="brief")
    assert [] == sqs.list_queues().get("QueueUrls", [])
    assert url == create(sqs, "brief")
    assert [] == receive(sqs, url)


def test_a_queue_is_found_by_name(sqs: Any, pileus: Running, account: str) -> None:
    url = create(sqs, "found")
    assert url == sqs.get_queue_url(QueueName="found")["QueueUrl"]
    other = pileus.client("sqs", account="100000000000")
    assert url == other.get_queue_url(QueueName="found", QueueOwnerAWSAccountId=account)["QueueUrl"]
    assert NO_QUEUE == refusal(other.get_queue_url, QueueName="found")


def test_every_form_of_a_queue_url_is_understood(
    sqs: Any, aws: Any, pileus: Running, account: str
) -> None:
    create(aws("sqs", region="eu-west-1"), "forms")
    for url in (
        f"http://localhost:{pileus.port}/queue/eu-west-1/{account}/forms",
        f"http://sqs.eu-west-1.localhost.localstack.cloud:4566/{account}/forms",
        f"http://eu-west-1.queue.localhost.localstack.cloud:4566/{account}/forms",
        f"https://sqs.eu-west-1.amazonaws.com/{account}/forms",
        f"https://eu-west-1.queue.amazonaws.com/{account}/forms",
    ):
        assert f"arn:aws:sqs:eu-west-1:{account}:forms" == attributes(sqs, url)["QueueArn"]
    create(sqs, "forms")
    for url in (
        f"http://any.host.example/{account}/forms",
        f"/{account}/forms",
        f"{account}/forms",
        "http://localhost:4566/forms",
        "forms",
    ):
        assert f"{ARN}:{account}:forms" == attributes(sqs, url)["QueueArn"]


@pytest.mark.parametrize("url", ["http://h/a/b/c/d/e", "http://h/nobody/q", "http://h/", "/"])
def test_what_is_no_queue_url_is_refused(sqs: Any, url: str) -> None:
    assert ("InvalidAddress", f"The address {url} is not valid for this endpoint.") == refusal(
        sqs.send_message, QueueUrl=url, MessageBody="x"
    )


def test_queues_of_one_name_in_two_regions_are_two(sqs: Any, aws: Any) -> None:
    here, there = create(sqs, "same"), create(aws("sqs", region="eu-central-1"), "same")
    assert here != there
    send(sqs, there, "for there")
    assert ([], ["for there"]) == (bodies(sqs, here), bodies(sqs, there))


def test_queues_are_listed_by_prefix_and_page(sqs: Any) -> None:
    for name in ("b1", "a2", "a1", "a3", "c"):
        create(sqs, name)
    assert ["a1", "a2", "a3", "b1", "c"] == names(sqs.list_queues()["QueueUrls"])
    first = sqs.list_queues(QueueNamePrefix="a", MaxResults=2)
    assert ["a1", "a2"] == names(first["QueueUrls"])
    rest = sqs.list_queues(QueueNamePrefix="a", MaxResults=2, NextToken=first["NextToken"])
    assert (["a3"], False) == (names(rest["QueueUrls"]), "NextToken" in rest)
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="z")


def test_listing_refuses_bad_pages(sqs: Any) -> None:
    for count in (0, 1001):
        assert (
            "InvalidParameterValue",
            f"Value {count} for parameter MaxResults is invalid. Reason: MaxResults must be an "
            "integer between 1 and 1000.",
        ) == refusal(sqs.list_queues, MaxResults=count)
    assert ("InvalidParameterValue", "Invalid or expired next token.") == refusal(
        sqs.list_queues, MaxResults=1, NextToken="nonsense"
    )
    assert (
        "InvalidParameterValue",
        "MaxResults is a mandatory parameter when you provide a value for NextToken.",
    ) == refusal(sqs.list_queues, NextToken="nonsense")


def test_a_purge_takes_all_messages_and_none_after_it(sqs: Any, pileus: Running) -> None:
    url = create(sqs, "purged")
    for body in ("seen", "waiting", "delayed"):
        send(sqs, url, body, DelaySeconds=5 if body == "delayed" else 0)
    [seen] = receive(sqs, url, 1)
    sqs.purge_queue(QueueUrl=url)
    assert (0, 0, 0) == counts(sqs, url)
    send(sqs, url, "after")
    sqs.delete_message(QueueUrl=url, ReceiptHandle=seen["ReceiptHandle"])
    pileus.advance(60)
    assert ["after"] == bodies(sqs, url)


def test_a_purged_fifo_queue_goes_on_counting(sqs: Any) -> None:
    url = create(sqs, "purged.fifo", ContentBasedDeduplication="true")
    before = send(sqs, url, "a", MessageGroupId="g")["SequenceNumber"]
    sqs.purge_queue(QueueUrl=url)
    after = send(sqs, url, "b", MessageGroupId="g")["SequenceNumber"]
    assert (20, True) == (len(after), int(after) > int(before))
    assert ["b"] == bodies(sqs, url)


TABLES = ("sqs_messages", "sqs_fifo_messages", "sqs_fifo_groups")


def test_purging_and_deleting_leave_no_messages_behind(sqs: Any, pileus: Running) -> None:
    # What other tests have left to timers is not counted.
    pileus.advance(1)
    before = rows(pileus)
    urls = [create(sqs, "many"), create(sqs, "many.fifo")]
    for fill in range(25):
        for url in urls:
            entries: list[dict[str, str]] = [
                {"Id": str(number), "MessageBody": f"{fill}-{number}"} for number in range(10)
            ]
            for entry in entries if url.endswith(".fifo") else ():
                entry.update(MessageGroupId="g", MessageDeduplicationId=entry["MessageBody"])
            sqs.send_message_batch(QueueUrl=url, Entries=entries)
        if fill == 12:
            for url in urls:
                sqs.purge_queue(QueueUrl=url)
    for url in urls:
        sqs.delete_queue(QueueUrl=url)
    pileus.advance(1)
    assert before == rows(pileus)


def rows(pileus: Running) -> list[int]:
    kernel = pileus.app.kernel
    first = kernel.store.partition_sets()[0].start
    return [pileus.run(kernel.store_read(count_rows, table, part=first)) for table in TABLES]


def count_rows(tx: Any, table: str) -> int:
    return int(tx.statements.one(f"SELECT COUNT(*) FROM {table}")[0])


def test_sources_of_a_dead_letter_queue_are_listed(sqs: Any, account: str) -> None:
    dead = create(sqs, "dead")
    policy = redrive_policy(f"{ARN}:{account}:dead", 3)
    urls = [create(sqs, name, RedrivePolicy=policy) for name in ("s1", "s2", "s3")]
    create(sqs, "dead-other")
    ask = sqs.list_dead_letter_source_queues
    assert urls == ask(QueueUrl=dead)["queueUrls"]
    first = ask(QueueUrl=dead, MaxResults=2)
    assert urls[:2] == first["queueUrls"]
    rest = ask(QueueUrl=dead, MaxResults=2, NextToken=first["NextToken"])
    assert (urls[2:], False) == (rest["queueUrls"], "NextToken" in rest)
    sqs.set_queue_attributes(QueueUrl=urls[0], Attributes={"RedrivePolicy": ""})
    sqs.delete_queue(QueueUrl=urls[1])
    assert urls[2:] == ask(QueueUrl=dead)["queueUrls"]
