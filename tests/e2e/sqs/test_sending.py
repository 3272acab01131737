"""Sending by boto3: bodies, attributes, sizes, delays, MD5 sums."""

from __future__ import annotations

from hashlib import md5
from typing import Any

import pytest

from e2e.sqs.asking import bodies, counts, create, put, receive, refusal, send
from support.running import Running

MIB = 1_048_576
TRACE = {
    "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a9"}
}


def text(value: str, data_type: str = "String") -> dict[str, str]:
    return {"DataType": data_type, "StringValue": value}


def refused(sqs: Any, url: str, body: str = "x", **params: Any) -> tuple[str, str]:
    return refusal(sqs.send_message, QueueUrl=url, MessageBody=body, **params)


def refused_attribute(sqs: Any, name: str, value: dict[str, Any]) -> str:
    code, message = refused(sqs, create(sqs), MessageAttributes={name: value})
    assert "InvalidParameterValue" == code
    return message


@pytest.mark.parametrize(
    "body",
    ["a", "line\r\n\ttab", "<xml>&amp;</xml>", "\ud7ff \ue000 \ufffd", "\U0001f600 \U0010ffff"],
)
def test_a_body_comes_back_as_it_was(sqs: Any, body: str) -> None:
    url = create(sqs)
    sent = send(sqs, url, body)
    digest = md5(body.encode()).hexdigest()
    assert {"MessageId", "MD5OfMessageBody"} == set(sent)
    assert digest == sent["MD5OfMessageBody"]
    [message] = receive(sqs, url)
    assert (sent["MessageId"], body, digest) == (
        message["MessageId"], message["Body"], message["MD5OfBody"],
    )  # fmt: skip
    assert {"MessageId", "Body", "MD5OfBody", "ReceiptHandle"} == set(message)


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_other_characters_are_refused(sqs: Any, character: str) -> None:
    expected = (
        "InvalidMessageContents",
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | "
        "#xE000 to #xFFFD | #x10000 to #x10FFFF",
    )
    url = create(sqs)
    assert expected == refused(sqs, url, f"a{character}b")
    assert expected == refused(sqs, url, MessageAttributes={"a": text(f"a{character}b")})


def test_an_empty_body_is_refused(sqs: Any) -> None:
    expected = ("MissingParameter", "The request must contain the parameter MessageBody.")
    assert expected == refused(sqs, create(sqs), "")


# Sizes.


def too_long(limit: int) -> tuple[str, str]:
    return (
        "InvalidParameterValue",
        f"One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes.",
    )


def test_a_message_has_up_to_1_mib(sqs: Any) -> None:
    url = create(sqs)
    body = "ü" * (MIB // 2)
    send(sqs, url, body)
    assert [body] == bodies(sqs, url)
    assert too_long(MIB) == refused(sqs, url, body + "x")


def test_a_queue_may_allow_less(sqs: Any) -> None:
    url = create(sqs, MaximumMessageSize="1024")
    send(sqs, url, "x" * 1024)
    assert too_long(1024) == refused(sqs, url, "x" * 1025)


def test_names_types_and_values_of_attributes_count(sqs: Any) -> None:
    url = create(sqs, MaximumMessageSize="1024")
    attributes = {
        "name": text("value", "String.label"),
        "blob": {"DataType": "Binary", "BinaryValue": b"12345"},
    }
    size = len("name" + "value" + "String.label" + "blob" + "Binary" + "12345")
    send(sqs, url, "x" * (1024 - size), MessageAttributes=attributes)
    assert too_long(1024) == refused(sqs, url, "x" * (1025 - size), MessageAttributes=attributes)


def test_the_trace_header_does_not_count(sqs: Any) -> None:
    url = create(sqs, MaximumMessageSize="1024")
    send(sqs, url, "x" * 1024, MessageSystemAttributes=TRACE)


# Attributes. boto3 compares the MD5 sums of bodies; those of attributes are checked here.


def test_attributes_come_back_with_md5_sums(sqs: Any) -> None:
    url = create(sqs)
    attributes = {
        "text": text("grün"),
        "number": text("1.5e3", "Number.float"),
        "blob": {"DataType": "Binary.png", "BinaryValue": bytes(range(256))},
    }
    sent = send(sqs, url, MessageAttributes=attributes)
    [message] = receive(sqs, url, MessageAttributeNames=["All"])
    assert attributes == message["MessageAttributes"]
    assert (md5_of(attributes),) * 2 == (
        sent["MD5OfMessageAttributes"], message["MD5OfMessageAttributes"],
    )  # fmt: skip


def md5_of(attributes: dict[str, dict[str, Any]]) -> str:
    """docs: Calculating the MD5 message digest for message attributes, step by step."""
    encoded = b""
    for name in sorted(attributes):
        value = attributes[name]
        for part in (name.encode(), value["DataType"].encode()):
            encoded += len(part).to_bytes(4, "big") + part
        if "BinaryValue" in value:
            kind, data = b"\2", value["BinaryValue"]
        else:
            kind, data = b"\1", value["StringValue"].encode()
        encoded += kind + len(data).to_bytes(4, "big") + data
    return md5(encoded).hexdigest()


def test_the_trace_header_comes_back_as_a_system_attribute(sqs: Any) -> None:
    url = create(sqs)
    sent = send(sqs, url, MessageSystemAttributes=TRACE)
    assert md5_of(TRACE) == sent["MD5OfMessageSystemAttributes"]
    [message] = receive(sqs, url, MessageSystemAttributeNames=["AWSTraceHeader"])
    assert {"AWSTraceHeader": TRACE["AWSTraceHeader"]["StringValue"]} == message["Attributes"]


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (["All"], ["a.b", "a.c", "ab"]),
        ([".*"], ["a.b", "a.c", "ab"]),
        (["a.*"], ["a.b", "a.c", "ab"]),
        (["a.b", "none"], ["a.b"]),
        (["a.b.*"], ["a.b"]),
        (["A.*"], []),
    ],
)
def test_receivers_choose_attributes(sqs: Any, asked: list[str], given: list[str]) -> None:
    url = create(sqs)
    send(sqs, url, MessageAttributes={name: text("v") for name in ("a.b", "a.c", "ab")})
    [message] = receive(sqs, url, MessageAttributeNames=asked)
    assert given == sorted(message.get("MessageAttributes", {}))
    chosen = {name: text("v") for name in given}
    assert (md5_of(chosen) if given else None) == message.get("MD5OfMessageAttributes")


def test_a_message_has_up_to_ten_attributes(sqs: Any) -> None:
    url = create(sqs)
    many = {f"a{number}": text("v") for number in range(10)}
    send(sqs, url, MessageAttributes=many)
    assert (
        "InvalidParameterValue",
        "Number of message attributes [11] exceeds the allowed maximum [10].",
    ) == refused(sqs, url, MessageAttributes={**many, "one_more": text("v")})


@pytest.mark.parametrize("name", ["a" * 256, "A.b-c_9", "awsome", "x.aws."[:-1]])
def test_allowed_names_of_attributes(sqs: Any, name: str) -> None:
    send(sqs, create(sqs), MessageAttributes={name: text("v")})


@pytest.mark.parametrize(
    "name", ["a" * 257, "a b", "ü", ".a", "a.", "a..b", "AWS.x", "aws.x", "Amazon.x", "AMAZON.x"]
)
def test_forbidden_names_of_attributes(sqs: Any, name: str) -> None:
    assert f"'{name}'" in refused_attribute(sqs, name, text("v"))


@pytest.mark.parametrize("data_type", ["string", "Text", "Map", ".String", "S" * 257])
def test_types_begin_with_string_number_or_binary(sqs: Any, data_type: str) -> None:
    assert (
        "The type of message (user) attribute 'a' is invalid. You must use only the following "
        "supported type prefixes: Binary, Number, String."
        == refused_attribute(sqs, "a", text("v", data_type))
    )


def test_a_type_is_needed(sqs: Any) -> None:
    assert "The message attribute 'a' must contain a non-empty message attribute type." == (
        refused_attribute(sqs, "a", text("v", ""))
    )


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"DataType": "String"}, "String"),
        (text(""), "String"),
        ({"DataType": "String", "BinaryValue": b"x"}, "String"),
        ({"DataType": "Number"}, "String"),
        ({"DataType": "Binary"}, "Binary"),
        ({"DataType": "Binary", "BinaryValue": b""}, "Binary"),
        ({"DataType": "Binary", "StringValue": "x"}, "Binary"),
    ],
)
def test_a_value_of_the_type_is_needed(sqs: Any, value: dict[str, Any], kind: str) -> None:
    assert f"Message (user) attribute 'a' must contain a non-empty value of type '{kind}'." == (
        refused_attribute(sqs, "a", value)
    )


@pytest.mark.parametrize("value", ["1", "-1.5", "+.5e-10", "230.000000000000000001"])
def test_numbers(sqs: Any, value: str) -> None:
    send(sqs, create(sqs), MessageAttributes={"n": text(value, "Number")})


@pytest.mark.parametrize("value", ["one", "1,5", "0x10", "1 2", "nan"])
def test_what_is_no_number(sqs: Any, value: str) -> None:
    assert "Can't cast the value of message (user) attribute 'n' to a number." == (
        refused_attribute(sqs, "n", text(value, "Number"))
    )


def test_lists_of_values_are_reserved(sqs: Any) -> None:
    value = {**text("v"), "StringListValues": ["a"]}
    assert "reserved for future use" in refused_attribute(sqs, "a", value)


def test_only_the_trace_header_is_a_system_attribute(sqs: Any) -> None:
    url = create(sqs)
    for attributes in (
        {"Other": text("v")},
        {"AWSTraceHeader": text("")},
        {"AWSTraceHeader": text("1", "Number")},
    ):
        code, _ = refused(sqs, url, MessageSystemAttributes=attributes)
        assert "InvalidParameterValue" == code


# Delays.


def test_a_delayed_message_comes_after_its_delay(sqs: Any, pileus: Running) -> None:
    url = create(sqs)
    send(sqs, url, "later", DelaySeconds=900)
    assert ((0, 0, 1), []) == (counts(sqs, url), bodies(sqs, url))
    pileus.advance(899)
    assert [] == bodies(sqs, url)
    pileus.advance(1)
    assert ((1, 0, 0), ["later"]) == (counts(sqs, url), bodies(sqs, url))


def test_a_queues_delay_holds_unless_the_message_has_its_own(sqs: Any, pileus: Running) -> None:
    url = create(sqs, DelaySeconds="60")
    send(sqs, url, "queue's")
    send(sqs, url, "own", DelaySeconds=10)
    send(sqs, url, "none", DelaySeconds=0)
    assert ["none"] == bodies(sqs, url)
    pileus.advance(10)
    assert ["own"] == bodies(sqs, url)
    pileus.advance(50)
    assert "queue's" in bodies(sqs, url)


def test_a_new_delay_of_a_standard_queue_is_for_new_messages(sqs: Any, pileus: Running) -> None:
    url = create(sqs, DelaySeconds="60")
    send(sqs, url, "old")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "0"})
    send(sqs, url, "new")
    assert ["new"] == bodies(sqs, url)
    pileus.advance(60)
    assert "old" in bodies(sqs, url)


@pytest.mark.parametrize("delay", [-1, 901])
def test_delays_last_up_to_15_minutes(sqs: Any, delay: int) -> None:
    assert (
        "InvalidParameterValue",
        f"Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 "
        "and <= 900.",
    ) == refused(sqs, create(sqs), DelaySeconds=delay)


# What belongs to the other type of queue.


def test_a_standard_queue_keeps_group_ids(sqs: Any) -> None:
    url = create(sqs)
    send(sqs, url, MessageGroupId="tenant-1")
    [message] = receive(sqs, url, AttributeNames=["MessageGroupId"])
    assert {"MessageGroupId": "tenant-1"} == message["Attributes"]


def test_a_standard_queue_has_no_deduplication_ids(sqs: Any) -> None:
    assert (
        "InvalidParameterValue",
        "Value d for parameter MessageDeduplicationId is invalid. Reason: The request include "
        "parameter that is not valid for this queue type.",
    ) == refused(sqs, create(sqs), MessageDeduplicationId="d")


def test_a_fifo_queue_has_no_delays_of_messages(sqs: Any) -> None:
    url = create(sqs, "q.fifo")
    assert (
        "InvalidParameterValue",
        "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter "
        "that is not valid for this queue type.",
    ) == refused(sqs, url, DelaySeconds=2, MessageGroupId="g", MessageDeduplicationId="d")
    put(sqs, url, "g", "x", DelaySeconds=0)


def test_a_fifo_queue_needs_a_group_and_a_deduplication_id(sqs: Any) -> None:
    url = create(sqs, "q.fifo")
    assert (
        "MissingParameter", "The request must contain the parameter MessageGroupId.",
    ) == refused(sqs, url)  # fmt: skip
    assert (
        "InvalidParameterValue",
        "The queue should either have ContentBasedDeduplication enabled or "
        "MessageDeduplicationId provided explicitly",
    ) == refused(sqs, url, MessageGroupId="g")


@pytest.mark.parametrize("name", ["MessageGroupId", "MessageDeduplicationId"])
@pytest.mark.parametrize("value", ["", "group 123", "a" * 129, "ü"])
def test_ids_are_up_to_128_printable_characters(sqs: Any, name: str, value: str) -> None:
    url = create(sqs, "q.fifo")
    ids = {"MessageGroupId": "g" * 128, "MessageDeduplicationId": "!~" * 64}
    assert (
        "InvalidParameterValue",
        f"Value {value} for parameter {name} is invalid. Reason: {name} can only include "
        "alphanumeric and punctuation characters. 1 to 128 in length.",
    ) == refused(sqs, url, **{**ids, name: value})
    send(sqs, url, **ids)
