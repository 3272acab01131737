"""Queue attributes by boto3: what may be set, what is refused, what is given back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.sqs.asking import ARN, arn_of, attributes, create, redrive_policy, refusal
from support.running import Running

POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}],
    }
)


def change(sqs: Any, url: str, **wanted: str) -> None:
    sqs.set_queue_attributes(QueueUrl=url, Attributes=wanted)


def refused_change(sqs: Any, url: str, **wanted: str) -> tuple[str, str]:
    return refusal(sqs.set_queue_attributes, QueueUrl=url, Attributes=wanted)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("DelaySeconds", 0, 900),
        ("MaximumMessageSize", 1024, 1_048_576),
        ("MessageRetentionPeriod", 60, 1_209_600),
        ("ReceiveMessageWaitTimeSeconds", 0, 20),
        ("VisibilityTimeout", 0, 43_200),
        ("KmsDataKeyReusePeriodSeconds", 60, 86_400),
    ],
)
def test_numbers_keep_to_aws_limits(sqs: Any, name: str, least: int, most: int) -> None:
    url = create(sqs)
    change(sqs, url, KmsMasterKeyId="alias/aws/sqs")
    for allowed in (least, most):
        change(sqs, url, **{name: str(allowed)})
        assert str(allowed) == attributes(sqs, url)[name]
    for wrong in (str(least - 1), str(most + 1), "", "many", "1.5", "٣"):
        expected = ("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
        assert expected == refused_change(sqs, url, **{name: wrong})
        assert expected == refusal(sqs.create_queue, QueueName="never", Attributes={name: wrong})
    assert str(most) == attributes(sqs, url)[name]


def test_no_document_or_number_is_too_much_for_an_answer(sqs: Any) -> None:
    url = create(sqs)
    for name, value in (
        ("MaximumMessageSize", "9" * 5_000),
        ("Policy", '{"a":' * 20_000),
        ("RedrivePolicy", "[" * 20_000),
        ("RedriveAllowPolicy", "[" * 20_000 + "]" * 20_000),
    ):
        code, _ = refused_change(sqs, url, **{name: value})
        assert code in ("InvalidAttributeValue", "InvalidParameterValue")


def test_only_the_named_attributes_are_given(sqs: Any, account: str) -> None:
    url = create(sqs)
    assert {"QueueArn": f"{ARN}:{account}:q", "DelaySeconds": "0"} == attributes(
        sqs, url, "QueueArn", "DelaySeconds", "Policy"
    )
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url)


def test_a_change_is_dated(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    created = pileus.now // 1000
    pileus.advance(100)
    change(sqs, url, DelaySeconds="1")
    found = attributes(sqs, url, "CreatedTimestamp", "LastModifiedTimestamp")
    assert {
        "CreatedTimestamp": str(created), "LastModifiedTimestamp": str(created + 100),
    } == found  # fmt: skip


@pytest.mark.parametrize("name", ["Nonsense", "QueueArn", "ApproximateNumberOfMessages", "All"])
def test_what_cannot_be_set_is_unknown(sqs: Any, name: str) -> None:
    expected = ("InvalidAttributeName", f"Unknown Attribute {name}.")
    assert expected == refused_change(sqs, create(sqs), **{name: "1"})


def test_what_is_no_attribute_cannot_be_asked_for(sqs: Any) -> None:
    url = create(sqs)
    assert ("InvalidAttributeName", "Unknown Attribute Nonsense.") == refusal(
        sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["Nonsense"]
    )


def test_the_type_of_a_queue_does_not_change(sqs: Any) -> None:
    expected = (
        "InvalidAttributeValue",
        "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
    )
    assert expected == refused_change(sqs, create(sqs), FifoQueue="true")
    url = create(sqs, "q.fifo")
    assert expected == refused_change(sqs, url, FifoQueue="false")
    change(sqs, url, FifoQueue="true")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"FifoQueue": "false"}, "Unknown Attribute FifoQueue."),
        ({"ContentBasedDeduplication": "true"}, "Unknown Attribute ContentBasedDeduplication."),
        (
            {"DeduplicationScope": "queue"},
            "You can specify the DeduplicationScope only when FifoQueue is set to true.",
        ),
        (
            {"FifoThroughputLimit": "perQueue"},
            "You can specify the FifoThroughputLimit only when FifoQueue is set to true.",
        ),
    ],
)
def test_a_standard_queue_has_nothing_of_fifo(
    sqs: Any, wanted: dict[str, str], message: str
) -> None:
    assert ("InvalidAttributeName", message) == refusal(
        sqs.create_queue, QueueName="q", Attributes=wanted
    )


@pytest.mark.parametrize(
    "wanted",
    [
        {"FifoQueue": "maybe"},
        {"FifoQueue": "true", "ContentBasedDeduplication": "maybe"},
        {"FifoQueue": "true", "DeduplicationScope": "group"},
        {"FifoQueue": "true", "FifoThroughputLimit": "none"},
    ],
)
def test_choices_are_checked(sqs: Any, wanted: dict[str, str]) -> None:
    name = list(wanted)[-1]
    assert ("InvalidAttributeValue", f"Invalid value for the parameter {name}.") == refusal(
        sqs.create_queue, QueueName="q.fifo", Attributes=wanted
    )


def test_high_throughput_needs_deduplication_by_group(sqs: Any) -> None:
    url = create(sqs, "q.fifo")
    code, _ = refused_change(sqs, url, FifoThroughputLimit="perMessageGroupId")
    assert "InvalidAttributeValue" == code
    change(sqs, url, FifoThroughputLimit="perMessageGroupId", DeduplicationScope="messageGroup")
    code, _ = refused_change(sqs, url, DeduplicationScope="queue")
    assert "InvalidAttributeValue" == code


# Policies.


def test_texts_are_given_back_as_they_came_and_taken_away(sqs: Any) -> None:
    dead = arn_of(sqs, create(sqs, "dead"))
    texts = {
        "Policy": POLICY,
        "RedrivePolicy": redrive_policy(dead, "5"),
        "RedriveAllowPolicy": '{"redrivePermission": "denyAll"}',
    }
    url = create(sqs, "q", **texts)
    assert texts == attributes(sqs, url, *texts)
    change(sqs, url, **dict.fromkeys(texts, ""))
    assert {} == attributes(sqs, url, *texts)


@pytest.mark.parametrize(
    "policy",
    [
        "no json",
        "[]",
        "{}",
        '{"Statement": []}',
        '{"Statement": [{"Effect": "Perhaps", "Principal": "*", "Action": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": "*"}]}',
        json.dumps({**json.loads(POLICY), "Id": "x" * 8192}),
    ],
)
def test_a_policy_must_be_one(sqs: Any, policy: str) -> None:
    assert ("InvalidAttributeValue", "Invalid value for the parameter Policy.") == refused_change(
        sqs, create(sqs), Policy=policy
    )


def test_a_policy_has_up_to_20_statements(sqs: Any) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*"}
    url = create(sqs)
    change(sqs, url, Policy=json.dumps({"Statement": [statement] * 20}))
    expected = ("OverLimit", "A queue policy can have at most 20 statements.")
    assert expected == refused_change(sqs, url, Policy=json.dumps({"Statement": [statement] * 21}))


def refused_redrive(sqs: Any, url: str, text: str) -> str:
    code, message = refused_change(sqs, url, RedrivePolicy=text)
    start = f"Value {text} for parameter RedrivePolicy is invalid. Reason: "
    assert ("InvalidParameterValue", start) == (code, message[: len(start)])
    return message[len(start) :]


def test_a_redrive_policy_names_a_queue_and_a_count(sqs: Any) -> None:
    url, dead = create(sqs), arn_of(sqs, create(sqs, "dead"))
    lacks = "Redrive policy does not contain mandatory attribute: "
    assert "Redrive policy is not a valid JSON map." == refused_redrive(sqs, url, "[1]")
    assert lacks + "maxReceiveCount." == refused_redrive(sqs, url, "{}")
    text = '{"maxReceiveCount": 1}'
    assert lacks + "deadLetterTargetArn." == refused_redrive(sqs, url, text)
    text = json.dumps({"maxReceiveCount": 1, "deadLetterTargetArn": dead, "more": 1})
    assert (
        "Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount]."
        == refused_redrive(sqs, url, text)
    )


@pytest.mark.parametrize("count", [0, 1001, -1, "many", 1.5])
def test_max_receive_count_is_1_to_1000(sqs: Any, count: Any) -> None:
    url, dead = create(sqs), arn_of(sqs, create(sqs, "dead"))
    assert (
        f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both "
        "inclusive." == refused_redrive(sqs, url, redrive_policy(dead, count))
    )
    for allowed in (1, "1000"):
        change(sqs, url, RedrivePolicy=redrive_policy(dead, allowed))


def test_a_dead_letter_queue_is_near_and_of_the_same_type(sqs: Any, account: str) -> None:
    url = create(sqs)
    create(sqs, "dead.fifo")
    for arn, reason in (
        ("nonsense", "Invalid value for deadLetterTargetArn."),
        ("arn:aws:sns:us-east-1:1:t", "Invalid value for deadLetterTargetArn."),
        (f"{ARN}:{account}:nobody", "Dead letter target does not exist."),
        (
            f"{ARN}:999999999999:dead",
            "Dead letter target owned by another account or in another region is not supported.",
        ),
        (
            f"arn:aws:sqs:eu-west-1:{account}:dead",
            "Dead letter target owned by another account or in another region is not supported.",
        ),
        (
            f"{ARN}:{account}:dead.fifo",
            "Dead-letter queue must be same type of queue as the source.",
        ),
    ):
        assert reason == refused_redrive(sqs, url, redrive_policy(arn))


def test_a_dead_letter_queue_chooses_its_sources(sqs: Any, account: str) -> None:
    dead = create(sqs, "dead")
    policy = redrive_policy(arn_of(sqs, dead))
    chosen, other = create(sqs, "chosen"), create(sqs, "other")
    for allow, is_allowed in (
        ({"redrivePermission": "denyAll"}, (False, False)),
        ({"redrivePermission": "byQueue", "sourceQueueArns": [arn_of(sqs, chosen)]}, (True, False)),
        ({"redrivePermission": "allowAll"}, (True, True)),
    ):
        change(sqs, dead, RedriveAllowPolicy=json.dumps(allow))
        for url, is_it in zip((chosen, other), is_allowed, strict=True):
            if is_it:
                change(sqs, url, RedrivePolicy=policy)
            else:
                refused_redrive(sqs, url, policy)


@pytest.mark.parametrize(
    "policy",
    [
        "{}",
        '{"redrivePermission": "some"}',
        '{"redrivePermission": "byQueue"}',
        '{"redrivePermission": "byQueue", "sourceQueueArns": []}',
        '{"redrivePermission": "byQueue", "sourceQueueArns": ["no arn"]}',
        '{"redrivePermission": "allowAll", "sourceQueueArns": ["arn:aws:sqs:r:1:q"]}',
        json.dumps(
            {
                "redrivePermission": "byQueue",
                "sourceQueueArns": [f"arn:aws:sqs:us-east-1:1:q{n}" for n in range(11)],
            }
        ),
        "no json",
    ],
)
def test_a_redrive_allow_policy_must_be_one(sqs: Any, policy: str) -> None:
    code, message = refused_change(sqs, create(sqs), RedriveAllowPolicy=policy)
    assert ("InvalidParameterValue", True) == (
        code,
        message.startswith(f"Value {policy} for parameter RedriveAllowPolicy is invalid. Reason: "),
    )


# Encryption.


def test_one_encryption_takes_the_place_of_the_other(sqs: Any) -> None:
    url = create(sqs)
    names = ("SqsManagedSseEnabled", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds")
    change(sqs, url, KmsMasterKeyId="alias/mine")
    assert {
        "SqsManagedSseEnabled": "false",
        "KmsMasterKeyId": "alias/mine",
        "KmsDataKeyReusePeriodSeconds": "300",
    } == attributes(sqs, url, *names)
    change(sqs, url, SqsManagedSseEnabled="true")
    assert {"SqsManagedSseEnabled": "true"} == attributes(sqs, url, *names)
    change(sqs, url, SqsManagedSseEnabled="false")
    assert {"SqsManagedSseEnabled": "false"} == attributes(sqs, url, *names)


def test_two_encryptions_at_once_are_refused(sqs: Any) -> None:
    assert (
        "InvalidAttributeValue",
        "You can use one type of server-side encryption (SSE) at one time. You can either enable "
        "KMS SSE or SQS SSE.",
    ) == refused_change(sqs, create(sqs), KmsMasterKeyId="k", SqsManagedSseEnabled="true")


def test_a_key_id_has_a_length(sqs: Any) -> None:
    assert (
        "InvalidAttributeValue", "Invalid value for the parameter KmsMasterKeyId.",
    ) == refused_change(sqs, create(sqs), KmsMasterKeyId="k" * 2049)  # fmt: skip
