"""Many subscribers, functions, and topics that others hand messages to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.sns.asking import envelopes, messages, queue, string, subscribe, texts, topic
from support.lambdas import RunningLambda, make_role, package


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLambda]:
    running = RunningLambda(tmp_path_factory.mktemp("pileus"))
    running.start()
    running.freeze()
    yield running
    running.stop()


def deliver(running: RunningLambda, to: str, payload: bytes, **attributes: Any) -> None:
    """Hand a message to a topic as another service would."""
    call = running.app.kernel.call_for(running.app.kernel.own_context, "sqs", "Test")
    step = _hand_over
    running.run(call.transaction(step, to, payload, attributes, about="arn:aws:sqs:::cause"))


def _hand_over(tx: Any, to: str, payload: bytes, attributes: dict[str, Any]) -> None:
    tx.deliver(to=to, payload=payload, because="arn:aws:sqs:::cause", attributes=attributes)


def test_a_thousand_queues_get_a_message_with_the_answer_and_more_soon_after(
    pileus: RunningLambda, sns: Any, sqs: Any
) -> None:
    arn = topic(sns)
    urls = []
    for number in range(1_010):
        url, endpoint = queue(sqs, f"q{number}")
        subscribe(sns, arn, endpoint, RawMessageDelivery="true")
        urls.append(url)
    sns.publish(TopicArn=arn, Message="m")
    waiting = sum(_count(sqs, url) for url in urls)
    pileus.advance(0)
    everywhere = [_count(sqs, url) for url in urls]
    assert (True, [1] * 1_010) == (waiting >= 1_000, everywhere)


def _count(sqs: Any, url: str) -> int:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


def test_a_function_gets_an_event(pileus: RunningLambda, sns: Any, aws: Any) -> None:
    events: list[Any] = []
    pileus.fleet.handlers["index.f"] = lambda event, *_: events.append(event)
    function = aws("lambda").create_function(
        FunctionName="f", Runtime="python3.11", Handler="index.f",
        Role=make_role(aws("iam"), "role"), Code={"ZipFile": package()},
    )["FunctionArn"]  # fmt: skip
    pileus.idle()
    arn = topic(sns)
    subscription = subscribe(sns, arn, function, "lambda")
    message_id = sns.publish(TopicArn=arn, Message="m", MessageAttributes={"a": string("b")})[
        "MessageId"
    ]
    pileus.idle()
    (event,) = events
    (record,) = event["Records"]
    found = record.pop("Sns")
    assert {
        "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription,
    } == record  # fmt: skip
    assert {
        "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion",
        "Signature", "SigningCertUrl", "UnsubscribeUrl", "MessageAttributes",
    } == set(found)  # fmt: skip
    assert (message_id, "m", None, {"a": {"Type": "String", "Value": "b"}}) == (
        found["MessageId"],
        found["Message"],
        found["Subject"],
        found["MessageAttributes"],
    )


def test_what_a_function_that_is_gone_would_have_got(sns: Any, sqs: Any, account: str) -> None:
    dead, dead_arn = queue(sqs, "dead")
    arn = topic(sns)
    gone = f"arn:aws:lambda:us-east-1:{account}:function:gone"
    policy = json.dumps({"deadLetterTargetArn": dead_arn})
    subscribe(sns, arn, gone, "lambda", RedrivePolicy=policy)
    sns.publish(TopicArn=arn, Message="m")
    (letter,) = messages(sqs, dead)
    assert "m" == json.loads(letter["Body"])["Records"][0]["Sns"]["Message"]


def test_other_services_publish(pileus: RunningLambda, sns: Any, sqs: Any) -> None:
    arn = topic(sns)
    url, endpoint = queue(sqs)
    subscribe(sns, arn, endpoint)
    deliver(pileus, arn, b"m", Subject="s", MessageAttributes={"a": string("b")})
    (envelope,) = envelopes(sqs, url)
    assert ("m", "s", {"a": {"Type": "String", "Value": "b"}}) == (
        envelope["Message"],
        envelope["Subject"],
        envelope["MessageAttributes"],
    )


def test_topics_can_be_dead_letter_targets_of_rules(
    pileus: RunningLambda, sns: Any, sqs: Any
) -> None:
    arn = topic(sns)
    url, endpoint = queue(sqs)
    subscribe(sns, arn, endpoint)
    for number in range(3):
        deliver(pileus, arn, str(number).encode())
    assert ["0", "1", "2"] == texts(sqs, url)


def test_status_of_deliveries_to_queues(sns: Any, sqs: Any, aws: Any, account: str) -> None:
    role = f"arn:aws:iam::{account}:role/r"
    arn = topic(
        sns, SQSSuccessFeedbackRoleArn=role, SQSSuccessFeedbackSampleRate="100",
        SQSFailureFeedbackRoleArn=role,
    )  # fmt: skip
    gone, gone_arn = queue(sqs, "gone")
    subscribe(sns, arn, gone_arn)
    subscribe(sns, arn, queue(sqs)[1])
    sqs.delete_queue(QueueUrl=gone)
    sns.publish(TopicArn=arn, Message="m")
    found = []
    for group in (f"sns/us-east-1/{account}/t/Failure", f"sns/us-east-1/{account}/t"):
        (event,) = aws("logs").filter_log_events(logGroupName=group)["events"]
        line = json.loads(event["message"])
        found.append((line["status"], line["delivery"]["destination"].rpartition(":")[2]))
    assert [("FAILURE", "gone"), ("SUCCESS", "q")] == found
