"""The query protocol, which older SDKs speak: form in, XML out, and its own error codes."""

from __future__ import annotations

import gzip
import json
import urllib.error
import urllib.request
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import botocore
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.session import Session

from e2e.sqs.asking import create, redrive_policy
from support.running import REGION, Running


@cache
def older_model() -> dict[str, Any]:
    """The model as it was before JSON: flattened lists and maps with their names on the wire."""
    folder = Path(botocore.__file__).parent / "data" / "sqs" / "2012-11-05"
    model: dict[str, Any] = json.loads(gzip.decompress((folder / "service-2.json.gz").read_bytes()))
    metadata = model["metadata"]
    for name in ("awsQueryCompatible", "jsonVersion", "targetPrefix", "protocols"):
        metadata.pop(name, None)
    metadata["protocol"] = "query"
    metadata["xmlNamespace"] = "http://queue.amazonaws.com/doc/2012-11-05/"
    shapes = model["shapes"]
    for name, wire in _ITEM_NAMES.items():
        shapes[name]["member"]["locationName"] = wire
    for name, (key, value) in _MAP_NAMES.items():
        shapes[name]["key"]["locationName"] = key
        shapes[name]["value"]["locationName"] = value
    for name, members in _MEMBER_NAMES.items():
        for member, wire in members.items():
            shapes[name]["members"][member]["locationName"] = wire
    for operation in model["operations"].values():
        if "output" in operation:
            operation["output"]["resultWrapper"] = f"{operation['name']}Result"
    for code, wire in _CODES.items():
        shapes[code]["error"] = {"code": wire, "httpStatusCode": 400, "senderFault": True}
    return model


# API reference of 2012-11-05, in the form that SDKs used before November 2023.
_ITEM_NAMES = {
    "AWSAccountIdList": "AWSAccountId",
    "ActionNameList": "ActionName",
    "AttributeNameList": "AttributeName",
    "BatchResultErrorEntryList": "BatchResultErrorEntry",
    "ChangeMessageVisibilityBatchRequestEntryList": "ChangeMessageVisibilityBatchRequestEntry",
    "ChangeMessageVisibilityBatchResultEntryList": "ChangeMessageVisibilityBatchResultEntry",
    "DeleteMessageBatchRequestEntryList": "DeleteMessageBatchRequestEntry",
    "DeleteMessageBatchResultEntryList": "DeleteMessageBatchResultEntry",
    "ListMessageMoveTasksResultEntryList": "ListMessageMoveTasksResultEntry",
    "MessageAttributeNameList": "MessageAttributeName",
    "MessageList": "Message",
    "QueueUrlList": "QueueUrl",
    "SendMessageBatchRequestEntryList": "SendMessageBatchRequestEntry",
    "SendMessageBatchResultEntryList": "SendMessageBatchResultEntry",
    "TagKeyList": "TagKey",
}
_MAP_NAMES = {
    "MessageBodyAttributeMap": ("Name", "Value"),
    "MessageBodySystemAttributeMap": ("Name", "Value"),
    "MessageSystemAttributeMap": ("Name", "Value"),
    "QueueAttributeMap": ("Name", "Value"),
    "TagMap": ("Key", "Value"),
}
_ATTRIBUTE = {"Attributes": "Attribute"}
_MESSAGE = {"MessageAttributes": "MessageAttribute"}
_SENT = {**_MESSAGE, "MessageSystemAttributes": "MessageSystemAttribute"}
_MEMBER_NAMES = {
    "CreateQueueRequest": {**_ATTRIBUTE, "tags": "Tag"},
    "SetQueueAttributesRequest": _ATTRIBUTE,
    "GetQueueAttributesResult": _ATTRIBUTE,
    "SendMessageRequest": _SENT,
    "SendMessageBatchRequestEntry": _SENT,
    "Message": {**_ATTRIBUTE, **_MESSAGE},
    "TagQueueRequest": {"Tags": "Tag"},
    "ListQueueTagsResult": {"Tags": "Tag"},
    "ReceiveMessageResult": {"Messages": "Message"},
    "ListQueuesResult": {"QueueUrls": "QueueUrl"},
}
_CODES = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
}


class _OlderLoader(Loader):
    """Gives the older model of SQS; everything else as it is."""

    def load_service_model(self, service_name: str, type_name: str, api_version: Any = None) -> Any:
        if (service_name, type_name) == ("sqs", "service-2"):
            return older_model()
        return super().load_service_model(service_name, type_name, api_version)


@pytest.fixture
def old(pileus: Running, account: str) -> Any:
    """A client of the test's account that speaks the query protocol."""
    session = Session()
    loader = _OlderLoader()
    loader.search_paths.extend(session.get_component("data_loader").search_paths)
    session.register_component("data_loader", loader)
    return session.create_client(
        "sqs", endpoint_url=pileus.url, region_name=REGION, aws_access_key_id=account,
        aws_secret_access_key="test", config=Config(retries={"max_attempts": 0}),
    )  # fmt: skip


def error(function: Any, **params: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        function(**params)
    answer = caught.value.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return answer["Error"]["Code"], answer["Error"]["Message"], status


def test_a_message_goes_its_whole_way(old: Any, pileus: Running) -> None:
    url = old.create_queue(
        QueueName="old", Attributes={"VisibilityTimeout": "10"}, tags={"team": "blue"}
    )["QueueUrl"]
    attributes = {
        "text": {"DataType": "String", "StringValue": "grün & <b>"},
        "blob": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    sent = old.send_message(QueueUrl=url, MessageBody="x & <y>", MessageAttributes=attributes)
    [message] = old.receive_message(
        QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"], MaxNumberOfMessages=10
    )["Messages"]
    assert (sent["MessageId"], "x & <y>", attributes, sent["MD5OfMessageAttributes"]) == (
        message["MessageId"], message["Body"], message["MessageAttributes"],
        message["MD5OfMessageAttributes"],
    )  # fmt: skip
    assert "1" == message["Attributes"]["ApproximateReceiveCount"]
    old.change_message_visibility(
        QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
    )
    found = old.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert ("10", "1") == (found["VisibilityTimeout"], found["ApproximateNumberOfMessages"])
    old.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert {"team": "blue"} == old.list_queue_tags(QueueUrl=url)["Tags"]
    assert [url] == old.list_queues(QueueNamePrefix="o")["QueueUrls"]
    assert "Messages" not in old.receive_message(QueueUrl=url)
    old.purge_queue(QueueUrl=url)
    old.delete_queue(QueueUrl=url)


def test_batches_tell_successes_and_failures(old: Any) -> None:
    url = old.create_queue(QueueName="old")["QueueUrl"]
    entries = [{"Id": "good", "MessageBody": "x"}, {"Id": "bad", "MessageBody": "x\x01"}]
    answer = old.send_message_batch(QueueUrl=url, Entries=entries)
    assert ["good"] == [entry["Id"] for entry in answer["Successful"]]
    [failed] = answer["Failed"]
    assert ("bad", True, "InvalidMessageContents") == (
        failed["Id"], failed["SenderFault"], failed["Code"],
    )  # fmt: skip
    [message] = old.receive_message(QueueUrl=url)["Messages"]
    handle = message["ReceiptHandle"]
    answer = old.change_message_visibility_batch(
        QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 5}]
    )
    assert ["a"] == [entry["Id"] for entry in answer["Successful"]]
    answer = old.delete_message_batch(QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": handle}])
    assert ["a"] == [entry["Id"] for entry in answer["Successful"]]


def test_permissions_tags_and_attributes_are_set(old: Any) -> None:
    url = old.create_queue(QueueName="old")["QueueUrl"]
    old.add_permission(
        QueueUrl=url, Label="l", AWSAccountIds=["111122223333"], Actions=["SendMessage", "*"]
    )
    old.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "3"})
    old.tag_queue(QueueUrl=url, Tags={"a": "1", "b": "2"})
    old.untag_queue(QueueUrl=url, TagKeys=["a"])
    found = old.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy", "DelaySeconds"])
    policy = json.loads(found["Attributes"]["Policy"])
    assert ("3", ["SQS:SendMessage", "SQS:*"]) == (
        found["Attributes"]["DelaySeconds"], policy["Statement"][0]["Action"],
    )  # fmt: skip
    old.remove_permission(QueueUrl=url, Label="l")
    assert {"b": "2"} == old.list_queue_tags(QueueUrl=url)["Tags"]


def test_move_tasks_work(old: Any, sqs: Any, pileus: Running) -> None:
    dead = create(sqs, "dead")
    names = ["QueueArn"]
    arn = old.get_queue_attributes(QueueUrl=dead, AttributeNames=names)["Attributes"]["QueueArn"]
    url = create(sqs, "q", RedrivePolicy=redrive_policy(arn))
    assert [url] == old.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]
    for body in "ab":
        old.send_message(QueueUrl=dead, MessageBody=body)
    destination = arn.replace("dead", "q")
    handle = old.start_message_move_task(
        SourceArn=arn, DestinationArn=destination, MaxNumberOfMessagesPerSecond=1
    )["TaskHandle"]
    pileus.advance(0.5)
    [task] = old.list_message_move_tasks(SourceArn=arn)["Results"]
    assert (handle, destination, "RUNNING", 1, 2) == (
        task["TaskHandle"], task["DestinationArn"], task["Status"],
        task["ApproximateNumberOfMessagesMoved"], task["ApproximateNumberOfMessagesToMove"],
    )  # fmt: skip
    answer = old.cancel_message_move_task(TaskHandle=handle)
    assert 1 == answer["ApproximateNumberOfMessagesMoved"]


def test_errors_have_the_codes_of_the_query_protocol(old: Any, sqs: Any) -> None:
    url = create(sqs, "old", DelaySeconds="5")
    nobody = {"QueueUrl": "nobody", "MessageBody": "x"}
    for function, params, code in (
        (old.send_message, nobody, "AWS.SimpleQueueService.NonExistentQueue"),
        (
            old.create_queue,
            {"QueueName": "old", "Attributes": {"DelaySeconds": "6"}},
            "QueueAlreadyExists",
        ),
        (
            old.send_message_batch,
            {"QueueUrl": url, "Entries": [{"Id": "a:b", "MessageBody": "x"}]},
            "AWS.SimpleQueueService.InvalidBatchEntryId",
        ),
        (
            old.delete_message_batch,
            {"QueueUrl": url, "Entries": [{"Id": "a", "ReceiptHandle": "x"}] * 2},
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        ),
        (
            old.receive_message,
            {"QueueUrl": url, "WaitTimeSeconds": 21},
            "InvalidParameterValue",
        ),
        (old.set_queue_attributes, {"QueueUrl": url, "Attributes": {"X": "1"}},
         "InvalidAttributeName"),
    ):  # fmt: skip
        assert (code, 400) == error(function, **params)[::2]
    # JSON clients see the same codes, from a header.
    with pytest.raises(ClientError) as caught:
        sqs.send_message(**nobody)
    found = caught.value.response["Error"]
    assert ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist") == (
        found["Code"], found["QueryErrorCode"],
    )  # fmt: skip


def test_the_url_of_a_request_names_its_queue(old: Any, pileus: Running, account: str) -> None:
    """As AWS documents query requests, and as Java's first SDK sends them: without QueueUrl."""
    url = old.create_queue(QueueName="by-url")["QueueUrl"]
    fields = {"Action": "SendMessage", "MessageBody": "x", "Version": "2012-11-05"}
    date = datetime.now(UTC)
    scope = f"{account}/{date:%Y%m%d}/{REGION}/sqs/aws4_request"
    headers = {
        "x-amz-date": f"{date:%Y%m%dT%H%M%SZ}",
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    }
    for form in (f"{url}/", url.replace("127.0.0.1", "localhost")):
        request = urllib.request.Request(form, urlencode(fields).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            assert b"<MessageId>" in answer.read()
    found = old.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert "2" == found["ApproximateNumberOfMessages"]
    request = urllib.request.Request(f"{pileus.url}/", urlencode(fields).encode(), headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert b"The request must contain the parameter QueueUrl." in refused.value.read()
