"""Messages whose signatures a process of its own has made before their transactions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes

from e2e.sns.asking import joined, topic
from e2e.sns.verifying import verify
from pileus.kernel import processors
from pileus.services.sns.signing import Signing
from support.running import Running

ENTRIES = [{"Id": str(number), "Message": f"m{number}"} for number in range(10)]


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """With its signing process, which the first batches have started."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processors, "are_several", lambda: True)
        running = Running(tmp_path_factory.mktemp("pileus")).start()
        arn, _, _ = joined(running.client("sns"), running.client("sqs"), "t-first")
        for _ in range(8):
            running.client("sns").publish_batch(TopicArn=arn, PublishBatchRequestEntries=ENTRIES)
        starting = _signing(running).ahead.starting
        assert starting is not None
        running.run(_wait_for(starting))
        yield running
        running.stop()


async def _wait_for(task: Any) -> None:
    await task


def _signing(running: Running) -> Signing:
    found = running.app.kernel.memory["sns"]
    assert isinstance(found, Signing)
    return found


def _received(sqs: Any, url: str) -> list[dict[str, Any]]:
    """All envelopes of a queue."""
    found: list[dict[str, Any]] = []
    while page := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        found += [json.loads(message["Body"]) for message in page]
    return found


def test_messages_of_a_batch_are_signed_ahead(
    pileus: Running, sns: Any, sqs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn, url, _ = joined(sns, sqs)
    sns.publish(TopicArn=arn, Message="the first is signed in its transaction")
    signed_here: list[str] = []
    monkeypatch.setattr(_signing(pileus).signer, "sign", lambda text, _: signed_here.append(text))
    answer = sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=ENTRIES)
    monkeypatch.undo()
    envelopes = [each for each in _received(sqs, url) if each["Message"].startswith("m")]
    for envelope in envelopes:
        verify(envelope, hashes.SHA1())
    named = {entry["MessageId"]: f"m{entry['Id']}" for entry in answer["Successful"]}
    assert ([], named) == (signed_here, {e["MessageId"]: e["Message"] for e in envelopes})


def test_messages_that_come_together_are_all_signed(pileus: Running, sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(sns, sqs, "t-together")

    def publish(number: int) -> str:
        made = sns.publish(TopicArn=arn, Message=f"m{number}", Subject=f"s{number}")
        return str(made["MessageId"])

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(publish, range(60)))
    envelopes = _received(sqs, url)
    for envelope in envelopes:
        verify(envelope, hashes.SHA1())
    assert ids == {envelope["MessageId"] for envelope in envelopes}


def test_a_topic_whose_version_has_changed_is_signed_in_the_new_one(
    pileus: Running, sns: Any, sqs: Any
) -> None:
    arn, url, _ = joined(sns, sqs, "t-version")
    sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=ENTRIES)
    assert 10 == len(_received(sqs, url))
    sns.set_topic_attributes(TopicArn=arn, AttributeName="SignatureVersion", AttributeValue="2")
    for _ in range(2):
        sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=ENTRIES)
    envelopes = _received(sqs, url)
    for envelope in envelopes:
        verify(envelope, hashes.SHA256())
    assert (20, {"2"}) == (len(envelopes), {each["SignatureVersion"] for each in envelopes})


def test_raw_messages_are_not_signed_ahead_for_long(pileus: Running, sns: Any, sqs: Any) -> None:
    arn, _, subscription = joined(sns, sqs, "t-raw")
    sns.publish(TopicArn=arn, Message="m")
    sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="RawMessageDelivery", AttributeValue="true"
    )
    sns.publish(TopicArn=arn, Message="m")
    assert arn not in _signing(pileus).versions


def test_fifo_topics_keep_the_name_of_a_repeated_message(
    pileus: Running, sns: Any, sqs: Any
) -> None:
    arn, url, _ = joined(sns, sqs, "t.fifo")
    said = {"Message": "m", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    ids = {sns.publish(TopicArn=arn, **said)["MessageId"] for _ in range(3)}
    envelopes = _received(sqs, url)
    verify(envelopes[0], hashes.SHA1())
    assert (1, ids) == (len(envelopes), {each["MessageId"] for each in envelopes})


def test_a_refused_message_is_refused_as_ever(pileus: Running, sns: Any) -> None:
    arn = topic(sns, "t-refused")
    _signing(pileus).note(arn, "1")
    entries = [{"Id": "a", "Message": ""}, {"Id": "b", "Message": "m"}]
    answer = sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)
    assert (["b"], ["a"]) == (
        [entry["Id"] for entry in answer["Successful"]],
        [entry["Id"] for entry in answer["Failed"]],
    )
