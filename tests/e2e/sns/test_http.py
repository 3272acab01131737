"""HTTP endpoints: asked first, then given messages, again and again where that is needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from cryptography.hazmat.primitives import hashes

from e2e.sns.asking import bodies, messages, queue, string, subscribe, topic
from e2e.sns.listening import Endpoint, Received
from e2e.sns.verifying import verify
from support.running import Running

DAY = 24 * 3600


def ask(
    pileus: Running, sns: Any, arn: str, endpoint: Endpoint, path: str, **attributes: str
) -> Any:
    """Subscribe; what the endpoint was asked."""
    subscribe(sns, arn, endpoint.url + path, "http", **attributes)
    pileus.advance(0)
    (asked,) = endpoint.take()
    return asked.document


def join(
    pileus: Running, sns: Any, endpoint: Endpoint, path: str = "/x", **attributes: str
) -> tuple[str, str]:
    """A topic with a confirmed endpoint: topic ARN and subscription ARN."""
    arn = topic(sns)
    asked = ask(pileus, sns, arn, endpoint, path, **attributes)
    answer = sns.confirm_subscription(TopicArn=arn, Token=asked["Token"])
    return arn, answer["SubscriptionArn"]


def publish(pileus: Running, sns: Any, arn: str, text: str = "m", **params: Any) -> str:
    message_id: str = sns.publish(TopicArn=arn, Message=text, **params)["MessageId"]
    pileus.advance(0)
    return message_id


def retry(**phases: Any) -> str:
    return json.dumps({"healthyRetryPolicy": phases})


def dead_letters(sqs: Any) -> tuple[str, str]:
    url, arn = queue(sqs, "dead")
    return url, json.dumps({"deadLetterTargetArn": arn})


def test_an_endpoint_is_asked_by_a_signed_message(
    pileus: Running, sns: Any, endpoint: Endpoint
) -> None:
    arn = topic(sns)
    asked = ask(pileus, sns, arn, endpoint, "/x")
    assert ("SubscriptionConfirmation", arn) == (asked["Type"], asked["TopicArn"])
    assert [
        "Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp",
        "SignatureVersion", "Signature", "SigningCertURL",
    ] == list(asked)  # fmt: skip
    verify(asked, hashes.SHA1())


def test_visiting_the_link_confirms(pileus: Running, sns: Any, endpoint: Endpoint) -> None:
    arn = topic(sns)
    asked = ask(pileus, sns, arn, endpoint, "/x")
    with urlopen(asked["SubscribeURL"]) as answer:
        text = answer.read().decode()
    subscription = text.partition("<SubscriptionArn>")[2].partition("<")[0]
    found = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert ("false", "false") == (
        found["PendingConfirmation"],
        found["ConfirmationWasAuthenticated"],
    )
    publish(pileus, sns, arn)
    assert ["m"] == [received.document["Message"] for received in endpoint.take()]


def test_a_wrong_link_is_refused(pileus: Running, sns: Any) -> None:
    arn = topic(sns)
    with pytest.raises(HTTPError) as caught:
        urlopen(f"{pileus.url}/?Action=ConfirmSubscription&TopicArn={arn}&Token=x")
    assert (400, True) == (
        caught.value.code,
        b"<Message>Invalid parameter: Token</Message>" in caught.value.read(),
    )


def test_what_an_endpoint_is_sent(pileus: Running, sns: Any, endpoint: Endpoint) -> None:
    arn, subscription = join(pileus, sns, endpoint, "/x?a=b%20c")
    message_id = publish(pileus, sns, arn)
    (received,) = endpoint.take()
    headers = received.headers
    assert ("/x?a=b%20c", "Notification", message_id, arn, subscription) == (
        received.path,
        headers["x-amz-sns-message-type"],
        headers["x-amz-sns-message-id"],
        headers["x-amz-sns-topic-arn"],
        headers["x-amz-sns-subscription-arn"],
    )
    assert ("text/plain; charset=UTF-8", "Amazon Simple Notification Service Agent") == (
        headers["content-type"],
        headers["user-agent"],
    )
    verify(received.document, hashes.SHA1())


def test_raw_delivery_says_so(pileus: Running, sns: Any, endpoint: Endpoint) -> None:
    policy = json.dumps({"requestPolicy": {"headerContentType": "application/json"}})
    arn, _ = join(pileus, sns, endpoint, RawMessageDelivery="true", DeliveryPolicy=policy)
    publish(pileus, sns, arn, '{"é":1}')
    (received,) = endpoint.take()
    assert ('{"é":1}', "true", "application/json") == (
        received.body,
        received.headers["x-amz-sns-rawdelivery"],
        received.headers["content-type"],
    )


def test_name_and_password_are_sent_and_not_shown(
    pileus: Running, sns: Any, endpoint: Endpoint
) -> None:
    arn = topic(sns)
    subscribe(sns, arn, endpoint.url.replace("//", "//me:secret@") + "/x", "http")
    pileus.advance(0)
    assert "Basic bWU6c2VjcmV0" == endpoint.take()[0].headers["authorization"]
    (shown,) = sns.list_subscriptions()["Subscriptions"]
    assert endpoint.url.replace("//", "//me:****@") + "/x" == shown["Endpoint"]


# Failing.


def test_by_default_there_are_three_retries_twenty_seconds_apart(
    pileus: Running, sns: Any, endpoint: Endpoint
) -> None:
    arn, _ = join(pileus, sns, endpoint)
    endpoint.statuses = [500] * 10
    publish(pileus, sns, arn)
    counts = [len(endpoint.received)]
    for seconds in (19, 1, 20, 20, DAY):
        pileus.advance(seconds)
        counts.append(len(endpoint.received))
    assert [1, 1, 2, 3, 4, 4] == counts


def test_the_four_phases(pileus: Running, sns: Any, endpoint: Endpoint) -> None:
    policy = retry(
        minDelayTarget=1, maxDelayTarget=4, numRetries=7, numNoDelayRetries=1,
        numMinDelayRetries=2, numMaxDelayRetries=1, backoffFunction="linear",
    )  # fmt: skip
    arn, _ = join(pileus, sns, endpoint, DeliveryPolicy=policy)
    endpoint.statuses = [503] * 20
    publish(pileus, sns, arn)
    counts = [len(endpoint.received)]
    for _ in range(14):
        pileus.advance(1)
        counts.append(len(endpoint.received))
    # At once, again at once; +1, +1; then 1, 2.5 and 4 seconds; then 4.
    assert [2, 3, 4, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7, 8] == counts


def test_a_retry_that_succeeds_is_the_last(pileus: Running, sns: Any, endpoint: Endpoint) -> None:
    arn, _ = join(pileus, sns, endpoint)
    endpoint.statuses = [500, 429]
    publish(pileus, sns, arn)
    pileus.advance(DAY)
    assert 3 == len(endpoint.received)


@pytest.mark.parametrize("status", [301, 307, 400, 404])
def test_other_answers_are_final(
    pileus: Running, sns: Any, sqs: Any, endpoint: Endpoint, status: int
) -> None:
    dead, policy = dead_letters(sqs)
    arn, _ = join(pileus, sns, endpoint, RedrivePolicy=policy)
    endpoint.statuses = [status]
    publish(pileus, sns, arn)
    pileus.advance(DAY)
    (received,) = endpoint.take()
    assert [received.body] == bodies(sqs, dead)


def test_a_dead_letter_of_a_raw_message_has_its_attributes(
    pileus: Running, sns: Any, sqs: Any, endpoint: Endpoint
) -> None:
    dead, policy = dead_letters(sqs)
    arn, _ = join(pileus, sns, endpoint, RedrivePolicy=policy, RawMessageDelivery="true")
    endpoint.statuses = [400]
    publish(pileus, sns, arn, MessageAttributes={"a": string("b")})
    (letter,) = messages(sqs, dead)
    assert ("m", {"a": string("b")}) == (letter["Body"], letter["MessageAttributes"])


def test_an_endpoint_that_is_not_there_is_tried_again(
    pileus: Running, sns: Any, sqs: Any, endpoint: Endpoint
) -> None:
    dead, policy = dead_letters(sqs)
    arn, _ = join(pileus, sns, endpoint, RedrivePolicy=policy, DeliveryPolicy=retry(numRetries=1))
    subscription = topic(sns, "other")
    subscribe(sns, subscription, "http://127.0.0.1:1/x", "http")
    publish(pileus, sns, arn)
    assert 1 == len(endpoint.take())
    pileus.advance(DAY)
    assert [] == bodies(sqs, dead)


def test_the_metadata_address_is_never_called(pileus: Running, sns: Any, sqs: Any) -> None:
    arn = topic(sns)
    subscribe(sns, arn, "http://169.254.169.254/latest/meta-data", "http")
    answer = pileus.advance(0)
    assert 200 == answer["status"]
    (shown,) = sns.list_subscriptions()["Subscriptions"]
    assert "PendingConfirmation" == shown["SubscriptionArn"]


def test_a_slow_endpoint_slows_nobody(pileus: Running, sns: Any, endpoint: Endpoint) -> None:
    arn, _ = join(pileus, sns, endpoint, "/fast")
    subscribe(sns, arn, endpoint.url + "/slow", "http")
    for number in range(20):
        sns.publish(TopicArn=arn, Message=str(number))
    waited = pileus.control("/_pileus/clock", {"advance": 0, "wait": True, "timeout_seconds": 5})
    endpoint.let_go.set()
    pileus.advance(0)
    fast = [each for each in endpoint.take() if each.path == "/fast"]
    assert (202, 20) == (waited["status"], len(fast))


def test_a_throttle_spreads_deliveries(pileus: Running, sns: Any, endpoint: Endpoint) -> None:
    policy = json.dumps({"throttlePolicy": {"maxReceivesPerSecond": 1}})
    arn, _ = join(pileus, sns, endpoint, DeliveryPolicy=policy)
    pileus.advance(5)
    for number in range(4):
        sns.publish(TopicArn=arn, Message=str(number))
    pileus.advance(0)
    counts = [len(endpoint.received)]
    for _ in range(4):
        pileus.advance(1)
        counts.append(len(endpoint.received))
    assert [1, 2, 3, 4, 4] == counts


def test_attempts_go_on_after_a_restart(tmp_path: Path, endpoint: Endpoint) -> None:
    running = Running(tmp_path).start()
    try:
        running.freeze()
        sns = running.client("sns")
        arn, _ = join(running, sns, endpoint)
        endpoint.statuses = [500] * 10
        publish(running, sns, arn)
        running.advance(20)
        before = len(endpoint.received)
    finally:
        running.stop()
    again = Running(tmp_path).start()
    try:
        again.advance(DAY)
    finally:
        again.stop()
    assert (2, 4) == (before, len(endpoint.received))


# Leaving.


def test_the_link_of_a_message_ends_the_subscription_and_tells_how_to_return(
    pileus: Running, sns: Any, endpoint: Endpoint
) -> None:
    arn, subscription = join(pileus, sns, endpoint)
    publish(pileus, sns, arn)
    (received,) = endpoint.take()
    with urlopen(received.document["UnsubscribeURL"]) as answer:
        assert 200 == answer.status
    pileus.advance(0)
    (goodbye,) = endpoint.take()
    assert "UnsubscribeConfirmation" == goodbye.document["Type"]
    verify(goodbye.document, hashes.SHA1())
    publish(pileus, sns, arn)
    assert [] == endpoint.take()
    with urlopen(goodbye.document["SubscribeURL"]):
        pass
    publish(pileus, sns, arn)
    assert [subscription] == [_subscription(each) for each in endpoint.take()]


def _subscription(received: Received) -> str:
    return received.headers["x-amz-sns-subscription-arn"]


def test_a_subscription_may_ask_for_signatures(
    pileus: Running, sns: Any, endpoint: Endpoint
) -> None:
    arn = topic(sns)
    asked = ask(pileus, sns, arn, endpoint, "/x")
    answer = sns.confirm_subscription(
        TopicArn=arn, Token=asked["Token"], AuthenticateOnUnsubscribe="true"
    )
    with pytest.raises(HTTPError) as caught:
        urlopen(f"{pileus.url}/?Action=Unsubscribe&SubscriptionArn={answer['SubscriptionArn']}")
    assert 403 == caught.value.code
    sns.unsubscribe(SubscriptionArn=answer["SubscriptionArn"])
    assert [] == sns.list_subscriptions()["Subscriptions"]


# Delivery status.


def test_deliveries_are_logged_where_the_topic_asks(
    pileus: Running, sns: Any, aws: Any, account: str, endpoint: Endpoint
) -> None:
    arn, _ = join(pileus, sns, endpoint)
    role = f"arn:aws:iam::{account}:role/r"
    for name, value in (
        ("HTTPSuccessFeedbackRoleArn", role),
        ("HTTPSuccessFeedbackSampleRate", "100"),
        ("HTTPFailureFeedbackRoleArn", role),
    ):
        sns.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)
    endpoint.statuses = [400]
    ids = [publish(pileus, sns, arn) for _ in range(2)]
    logs = aws("logs")
    found = []
    for group in (f"sns/us-east-1/{account}/t/Failure", f"sns/us-east-1/{account}/t"):
        (event,) = logs.filter_log_events(logGroupName=group)["events"]
        line = json.loads(event["message"])
        found.append(
            (line["notification"]["messageId"], line["status"], line["delivery"]["statusCode"])
        )
    assert [(ids[0], "FAILURE", 400), (ids[1], "SUCCESS", 200)] == found
