"""Publishing to topics: what is refused, and what subscribed queues are given."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from cryptography.hazmat.primitives import hashes

from e2e.sns.asking import (
    bodies,
    envelopes,
    invalid,
    joined,
    messages,
    queue,
    refusal,
    string,
    subscribe,
    texts,
    topic,
)
from e2e.sns.verifying import verify


def test_a_message_comes_in_an_envelope(sns: Any, sqs: Any, pileus: Any) -> None:
    arn, url, subscription = joined(sns, sqs)
    message_id = sns.publish(TopicArn=arn, Message='He said "né".', Subject="News")["MessageId"]
    (envelope,) = envelopes(sqs, url)
    signature = envelope.pop("Signature")
    certificate = envelope.pop("SigningCertURL")
    stamp = envelope.pop("Timestamp")
    assert {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": arn,
        "Subject": "News",
        "Message": 'He said "né".',
        "SignatureVersion": "1",
        "UnsubscribeURL": f"{pileus.url}/?Action=Unsubscribe&SubscriptionArn={subscription}",
    } == envelope
    assert (128, True) == (len(base64.b64decode(signature)), certificate.startswith(pileus.url))
    assert (24, "Z") == (len(stamp), stamp[-1])


def test_the_envelope_is_laid_out_as_by_aws(sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(sns, sqs)
    sns.publish(TopicArn=arn, Message="m", MessageAttributes={"a": string("1", "Number")})
    lines = bodies(sqs, url)[0].split("\n")
    assert ["{", '  "Type" : "Notification",'] == lines[:2]
    assert [
        '  "MessageAttributes" : {',
        '    "a" : {"Type":"Number","Value":"1"}',
        "  }",
        "}",
    ] == lines[-4:]


@pytest.mark.parametrize(("version", "algorithm"), [("1", hashes.SHA1()), ("2", hashes.SHA256())])
def test_signatures_can_be_verified(
    sns: Any, sqs: Any, version: str, algorithm: hashes.HashAlgorithm
) -> None:
    arn, url, _ = joined(sns, sqs)
    sns.set_topic_attributes(TopicArn=arn, AttributeName="SignatureVersion", AttributeValue=version)
    sns.publish(TopicArn=arn, Message="a", Subject="s")
    sns.publish(TopicArn=arn, Message="b")
    first, second = envelopes(sqs, url)
    verify(first, algorithm)
    verify(second, algorithm)
    assert (version, version) == (first["SignatureVersion"], second["SignatureVersion"])


def test_another_certificate_is_not_there(pileus: Any) -> None:
    with pytest.raises(HTTPError) as caught:
        urlopen(f"{pileus.url}/SimpleNotificationService-0.pem")
    assert 404 == caught.value.code


def test_every_queue_gets_the_message(sns: Any, sqs: Any) -> None:
    arn = topic(sns)
    urls = []
    for number in range(12):
        url, queue_arn = queue(sqs, f"q{number}")
        subscribe(sns, arn, queue_arn)
        urls.append(url)
    sns.publish(TopicArn=arn, Message="m")
    assert [["m"]] * 12 == [texts(sqs, url) for url in urls]


def test_raw_delivery_hands_on_text_and_attributes(sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(sns, sqs, RawMessageDelivery="true")
    sns.publish(
        TopicArn=arn,
        Message="m",
        MessageAttributes={
            "s": string("x"),
            "n": string("7", "Number"),
            "a": string('["x",1,true,null]', "String.Array"),
            "b": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        },
    )
    (message,) = messages(sqs, url)
    assert "m" == message["Body"]
    assert {
        "s": string("x"),
        "n": string("7", "Number"),
        "a": string('["x",1,true,null]', "String.Array"),
        "b": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    } == message["MessageAttributes"]


def test_binary_attributes_are_base64_in_envelopes(sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(sns, sqs)
    attribute = {"DataType": "Binary", "BinaryValue": b"\x00\x01"}
    sns.publish(TopicArn=arn, Message="m", MessageAttributes={"b": attribute})
    assert {"b": {"Type": "Binary", "Value": "AAE="}} == envelopes(sqs, url)[0]["MessageAttributes"]


def test_each_protocol_is_given_its_text(sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(sns, sqs)
    structure = {"default": "d", "sqs": "for queues", "lambda": 3}
    sns.publish(TopicArn=arn, Message=json.dumps(structure), MessageStructure="json")
    sns.publish(TopicArn=arn, Message='{"default":"d"}', MessageStructure="json")
    assert ["for queues", "d"] == texts(sqs, url)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("{", "Message Structure - JSON message body failed to parse"),
        ("[]", "Message Structure - JSON message body failed to parse"),
        ('{"sqs":"x"}', "Message Structure - No default entry in JSON message body"),
        ('{"default":1}', "Message Structure - No default entry in JSON message body"),
    ],
)
def test_structures_that_are_refused(sns: Any, message: str, words: str) -> None:
    assert invalid(words) == refusal(
        sns.publish, TopicArn=topic(sns), Message=message, MessageStructure="json"
    )


def test_fair_queues_learn_the_group(sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(sns, sqs)
    sns.publish(TopicArn=arn, Message="m", MessageGroupId="g")
    assert "g" == messages(sqs, url)[0]["Attributes"]["MessageGroupId"]


def test_target_arn_may_name_the_topic(sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(sns, sqs)
    sns.publish(TargetArn=arn, Message="m")
    assert ["m"] == texts(sqs, url)


def test_a_message_goes_to_one_place(sns: Any) -> None:
    assert invalid("TopicArn or TargetArn Reason: no value for required parameter") == refusal(
        sns.publish, Message="m"
    )


def test_the_largest_message(sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(sns, sqs, RawMessageDelivery="true")
    sns.publish(TopicArn=arn, Message="m" * 262_144)
    assert 262_144 == len(bodies(sqs, url)[0])
    assert invalid("Message too long") == refusal(
        sns.publish, TopicArn=arn, Message="é" * 131_072 + "x"
    )


def test_attributes_count_for_the_size(sns: Any) -> None:
    assert invalid("Message too long") == refusal(
        sns.publish,
        TopicArn=topic(sns),
        Message="m" * 262_140,
        MessageAttributes={"a": string("x")},
    )


def test_a_topic_may_take_larger_or_only_smaller_messages(sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(sns, sqs, RawMessageDelivery="true")
    sns.set_topic_attributes(
        TopicArn=arn, AttributeName="MaximumMessageSize", AttributeValue="1048576"
    )
    sns.publish(TopicArn=arn, Message="m" * 1_048_576)
    assert 1_048_576 == len(bodies(sqs, url)[0])
    small = topic(sns, "small", MaximumMessageSize="1024")
    assert invalid("Message too long") == refusal(sns.publish, TopicArn=small, Message="m" * 1025)


@pytest.mark.parametrize("subject", ["", "a" * 101, "a\nb", "a\x07"])
def test_subjects_that_are_refused(sns: Any, subject: str) -> None:
    assert invalid("Subject") == refusal(
        sns.publish, TopicArn=topic(sns), Message="m", Subject=subject
    )


def test_messages_that_are_refused(sns: Any) -> None:
    arn = topic(sns)
    assert invalid("Empty message") == refusal(sns.publish, TopicArn=arn, Message="")
    assert invalid(
        "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter "
        "that is not valid for this topic type"
    ) == refusal(sns.publish, TopicArn=arn, Message="m", MessageDeduplicationId="d")
    assert invalid("MessageStructure") == refusal(
        sns.publish, TopicArn=arn, Message="m", MessageStructure="xml"
    )


TYPE = (
    "The message attribute 'a' has an invalid message attribute type, the set of supported type "
    "prefixes is Binary, Number, and String."
)
START = "Invalid message attribute name starting with character '.' was found."
END = "Invalid message attribute name ending with character '.' was found."
NAME = (
    "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only "
    "include alphanumeric characters, hyphens, underscores, or dots."
)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("a^", string("x"), NAME),
        (
            ".a",
            string("x"),
            "Invalid message attribute name starting with character '.' was found.",
        ),
        ("a.", string("x"), END),
        ("a..b", string("x"), "Message attribute name can not have successive '.' character."),
        ("a" * 257, string("x"), "Length of message attribute name must be less than 256 bytes."),
        ("a", string("x", "Text"), TYPE),
        (
            "a",
            string("", "String"),
            "The message attribute 'a' must contain non-empty message attribute value for message "
            "attribute type 'String'.",
        ),
        (
            "a",
            {"DataType": "Binary"},
            "The message attribute 'a' must contain non-empty message attribute value for message "
            "attribute type 'Binary'.",
        ),
        (
            "a",
            {"DataType": "Binary", "StringValue": "x"},
            "The message attribute 'a' with type 'Binary' must use field 'Binary'.",
        ),
        (
            "a",
            {"DataType": "String", "BinaryValue": b"x"},
            "The message attribute 'a' with type 'String' must use field 'String'.",
        ),
        (
            "a",
            {"DataType": "Number", "BinaryValue": b"1"},
            "The message attribute 'a' with type 'Number' must use field 'String'.",
        ),
        (
            "a",
            string("x", "Number"),
            "Could not cast message attribute 'a' value to number.",
        ),
    ],
)
def test_attributes_that_are_refused(
    sns: Any, name: str, value: dict[str, Any], words: str
) -> None:
    assert ("ParameterValueInvalid", words) == refusal(
        sns.publish, TopicArn=topic(sns), Message="m", MessageAttributes={name: value}
    )


# Batches.


def entry(number: int, **members: Any) -> dict[str, Any]:
    return {"Id": f"e{number}", "Message": f"m{number}", **members}


def test_a_batch_is_answered_entry_by_entry(sns: Any, sqs: Any) -> None:
    arn, url, _ = joined(sns, sqs)
    answer = sns.publish_batch(
        TopicArn=arn,
        PublishBatchRequestEntries=[entry(1), entry(2, Subject="a\nb"), entry(3, Message="")],
    )
    (successful,) = answer["Successful"]
    assert "e1" == successful["Id"]
    assert [
        ("e2", "InvalidParameter", "Invalid parameter: Subject", True),
        ("e3", "InvalidParameter", "Invalid parameter: Empty message", True),
    ] == [(f["Id"], f["Code"], f["Message"], f["SenderFault"]) for f in answer["Failed"]]
    assert [("m1", successful["MessageId"])] == [
        (envelope["Message"], envelope["MessageId"]) for envelope in envelopes(sqs, url)
    ]


@pytest.mark.parametrize(
    ("entries", "code", "words"),
    [
        (
            [entry(1), entry(1)],
            "BatchEntryIdsNotDistinct",
            "Two or more batch entries in the request have the same Id.",
        ),
        (
            [entry(number) for number in range(11)],
            "TooManyEntriesInBatchRequest",
            "The batch request contains more entries than permissible.",
        ),
        (
            [entry(1, Id="message.id")],
            "InvalidBatchEntryId",
            "The Id of a batch entry in the batch request contains an impermissible character: "
            "message.id",
        ),
        (
            [entry(1, Id="a" * 81)],
            "InvalidBatchEntryId",
            f"The Id of a batch entry in the batch request is too long: {'a' * 81}",
        ),
        (
            [entry(1, Message="m" * 200_000), entry(2, Message="m" * 70_000)],
            "BatchRequestTooLong",
            "The length of all the messages put together is more than the limit.",
        ),
    ],
)
def test_batches_that_are_refused(
    sns: Any, entries: list[dict[str, Any]], code: str, words: str
) -> None:
    assert (code, words) == refusal(
        sns.publish_batch, TopicArn=topic(sns), PublishBatchRequestEntries=entries
    )
