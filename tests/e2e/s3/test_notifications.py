"""What a bucket tells of its objects: to queues, topics, functions and EventBridge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.lambdas import Functions, RunningLambda
from support.refusals import Refusal, refusal

OVERLAP = Refusal(
    "InvalidArgument",
    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the "
    "prefixes are overlapping for the same event type.",
    400,
)
UNABLE = Refusal(
    "InvalidArgument", "Unable to validate the following destination configurations", 400
)


@pytest.fixture(scope="module")
def pileus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLambda]:
    running = RunningLambda(tmp_path_factory.mktemp("pileus"))
    running.start()
    running.freeze()
    yield running
    running.stop()


class Queue:
    """A queue that is told of things."""

    def __init__(self, sqs: Any, name: str) -> None:
        self._sqs = sqs
        self.url = sqs.create_queue(QueueName=name)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn = found["Attributes"]["QueueArn"]

    def take(self) -> list[Any]:
        """All that has come, in the order of its sequencers."""
        found: list[Any] = []
        while True:
            listed = self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
            if not listed.get("Messages"):
                return found
            for each in listed["Messages"]:
                found.append(json.loads(each["Body"]))
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"])

    def records(self) -> list[Any]:
        found = [record for each in self.take() for record in each.get("Records", [])]
        return sorted(found, key=lambda each: each["s3"]["object"].get("sequencer", ""))


@pytest.fixture
def queue(aws: Any) -> Queue:
    return Queue(aws("sqs"), "told")


def tell(s3: Any, bucket: str, *rules: dict[str, Any], **members: Any) -> None:
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": list(rules)}, **members
    )


def rule(queue: Queue, *events: str, prefix: str = "", suffix: str = "") -> dict[str, Any]:
    listed = [("prefix", prefix), ("suffix", suffix)]
    filters = [{"Name": name, "Value": value} for name, value in listed if value]
    made: dict[str, Any] = {"QueueArn": queue.arn, "Events": [f"s3:{each}" for each in events]}
    if filters:
        made["Filter"] = {"Key": {"FilterRules": filters}}
    return made


def test_an_upload_is_told_to_a_queue(
    pileus: RunningLambda, s3: Any, bucket: str, queue: Queue
) -> None:
    tell(s3, bucket, {**rule(queue, "ObjectCreated:*"), "Id": "uploads"})
    (test,) = queue.take()
    assert ("Amazon S3", "s3:TestEvent", bucket) == (
        test["Service"], test["Event"], test["Bucket"],
    )  # fmt: skip
    put = s3.put_object(Bucket=bucket, Key="a folder/ü+1.txt", Body=b"four")
    (record,) = queue.records()
    headers = put["ResponseMetadata"]["HTTPHeaders"]
    told = record["s3"]
    sequencer = told["object"].pop("sequencer")
    expected = {
        "key": "a+folder/%C3%BC%2B1.txt",
        "size": 4,
        "eTag": put["ETag"].strip('"'),
    }
    assert expected == told["object"]
    assert 16 <= len(sequencer) == len(f"{int(sequencer, 16):018X}")
    assert ("uploads", "1.0", bucket, f"arn:aws:s3:::{bucket}") == (
        told["configurationId"], told["s3SchemaVersion"], told["bucket"]["name"],
        told["bucket"]["arn"],
    )  # fmt: skip
    assert ("2.1", "aws:s3", "us-east-1", "ObjectCreated:Put") == tuple(
        record[name] for name in ("eventVersion", "eventSource", "awsRegion", "eventName")
    )
    names = ("x-amz-request-id", "x-amz-id-2")
    assert {name: headers[name] for name in names} == record["responseElements"]
    assert record["eventTime"].endswith("Z")


def test_each_kind_of_change_has_its_event(s3: Any, versioned: str, queue: Queue) -> None:
    tell(s3, versioned, rule(queue, "ObjectCreated:*", "ObjectRemoved:*", "ObjectTagging:*"))
    ask = {"Bucket": versioned, "Key": "k"}
    first = s3.put_object(**ask, Body=b"1")["VersionId"]
    s3.copy_object(**ask, CopySource={**ask}, MetadataDirective="REPLACE")
    upload = {**ask, "UploadId": s3.create_multipart_upload(**ask)["UploadId"]}
    etag = s3.upload_part(**upload, PartNumber=1, Body=b"part")["ETag"]
    parts = [{"PartNumber": 1, "ETag": etag}]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    s3.put_object_tagging(**ask, Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    s3.delete_object_tagging(**ask)
    marker = s3.delete_object(**ask)["VersionId"]
    s3.delete_object(**ask, VersionId=first)
    s3.delete_objects(Bucket=versioned, Delete={"Objects": [{"Key": "k", "VersionId": marker}]})
    told = queue.records()
    by_name = {each["eventName"]: each for each in told}
    assert [
        "ObjectCreated:CompleteMultipartUpload", "ObjectCreated:Copy", "ObjectCreated:Put",
        "ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated", "ObjectTagging:Delete",
        "ObjectTagging:Put",
    ] == sorted(by_name)  # fmt: skip
    assert 8 == len(told)
    removed = by_name["ObjectRemoved:DeleteMarkerCreated"]["s3"]["object"]
    assert ("k", marker, "d41d8cd98f00b204e9800998ecf8427e") == (
        removed["key"], removed["versionId"], removed["eTag"],
    )  # fmt: skip
    assert "2.3" == by_name["ObjectTagging:Put"]["eventVersion"]
    assert {"key", "eTag", "versionId"} == set(by_name["ObjectTagging:Put"]["s3"]["object"])
    ordered = [each["eventName"] for each in told if "sequencer" in each["s3"]["object"]]
    assert "ObjectCreated:Put" == ordered[0]
    assert ["ObjectRemoved:Delete"] * 2 == ordered[-2:]


def test_only_keys_that_match_are_told(s3: Any, bucket: str, queue: Queue) -> None:
    tell(
        s3, bucket,
        rule(queue, "ObjectCreated:Put", prefix="in/", suffix=".png"),
        rule(queue, "ObjectCreated:Put", prefix="in/", suffix=".jpg"),
        rule(queue, "ObjectRemoved:Delete"),
    )  # fmt: skip
    queue.take()
    for key in ("in/a.png", "in/b.jpg", "in/c.gif", "out/d.png"):
        s3.put_object(Bucket=bucket, Key=key)
    s3.delete_object(Bucket=bucket, Key="out/d.png")
    s3.delete_object(Bucket=bucket, Key="never there")
    told = [(each["eventName"], each["s3"]["object"]["key"]) for each in queue.records()]
    assert [
        ("ObjectCreated:Put", "in/a.png"), ("ObjectCreated:Put", "in/b.jpg"),
        ("ObjectRemoved:Delete", "out/d.png"),
    ] == told  # fmt: skip


def test_what_is_refused_is_not_told(s3: Any, bucket: str, queue: Queue) -> None:
    tell(s3, bucket, rule(queue, "ObjectCreated:*"))
    queue.take()
    s3.put_object(Bucket=bucket, Key="k")
    assert "PreconditionFailed" == refusal(
        s3.put_object, Bucket=bucket, Key="k", IfNoneMatch="*"
    ).code  # fmt: skip
    assert 1 == len(queue.records())


def test_a_topic_and_its_subscriber_are_told(
    pileus: RunningLambda, aws: Any, s3: Any, bucket: str, queue: Queue
) -> None:
    sns = aws("sns")
    topic = sns.create_topic(Name="told")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    configured = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configured)
    s3.put_object(Bucket=bucket, Key="k")
    pileus.idle()
    told = queue.take()
    assert {"Amazon S3 Notification"} == {each["Subject"] for each in told}
    messages = [json.loads(each["Message"]) for each in told]
    assert 1 == sum(each.get("Event") == "s3:TestEvent" for each in messages)
    (record,) = [record for each in messages for record in each.get("Records", [])]
    assert "k" == record["s3"]["object"]["key"]


def test_an_upload_makes_a_function_run(
    pileus: RunningLambda, aws: Any, account: str, s3: Any, bucket: str
) -> None:
    functions = Functions(pileus, aws, account)
    seen: list[Any] = []
    name = functions.create(lambda event, context: seen.append(event))
    configured = {
        "LambdaFunctionConfigurations": [
            {"LambdaFunctionArn": functions.arn(name), "Events": ["s3:ObjectCreated:Put"]}
        ]
    }
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configured)
    s3.put_object(Bucket=bucket, Key="k", Body=b"12345")
    pileus.idle()
    ((record,),) = [each["Records"] for each in seen]
    assert ("ObjectCreated:Put", 5) == (record["eventName"], record["s3"]["object"]["size"])
    missing = {"LambdaFunctionArn": functions.arn("missing"), "Events": ["s3:ObjectCreated:Put"]}
    assert UNABLE == refusal(
        s3.put_bucket_notification_configuration, Bucket=bucket,
        NotificationConfiguration={"LambdaFunctionConfigurations": [missing]},
    )  # fmt: skip


def test_event_bridge_is_told_of_everything(
    pileus: RunningLambda, aws: Any, account: str, s3: Any, versioned: str, queue: Queue
) -> None:
    events = aws("events")
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["aws.s3"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": queue.arn}])
    s3.put_bucket_notification_configuration(
        Bucket=versioned, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    assert (
        {} == s3.get_bucket_notification_configuration(Bucket=versioned)["EventBridgeConfiguration"]
    )
    put = s3.put_object(Bucket=versioned, Key="a b", Body=b"1")
    s3.put_object_tagging(
        Bucket=versioned, Key="a b", Tagging={"TagSet": [{"Key": "a", "Value": "1"}]}
    )
    s3.delete_object(Bucket=versioned, Key="a b")
    pileus.idle()
    told = {each["detail-type"]: each for each in queue.take()}
    assert {"Object Created", "Object Tags Added", "Object Deleted"} == set(told)
    created = told["Object Created"]
    assert (account, "us-east-1", [f"arn:aws:s3:::{versioned}"]) == (
        created["account"], created["region"], created["resources"],
    )  # fmt: skip
    sequencer = created["detail"]["object"].pop("sequencer")
    expected = {
        "version": "0",
        "bucket": {"name": versioned},
        "object": {
            "key": "a b", "size": 1, "etag": put["ETag"].strip('"'), "version-id": put["VersionId"],
        },
        "request-id": put["ResponseMetadata"]["HTTPHeaders"]["x-amz-request-id"],
        "requester": account,
        "source-ip-address": "127.0.0.1",
        "reason": "PutObject",
    }  # fmt: skip
    assert expected == created["detail"]
    deleted = told["Object Deleted"]["detail"]
    assert ("DeleteObject", "Delete Marker Created") == (
        deleted["reason"], deleted["deletion-type"],
    )  # fmt: skip
    assert sequencer < deleted["object"]["sequencer"]


def test_a_configuration_reads_back_and_goes(s3: Any, bucket: str, queue: Queue) -> None:
    tell(s3, bucket, rule(queue, "ObjectCreated:Put", prefix="a"))
    found = s3.get_bucket_notification_configuration(Bucket=bucket)
    (one,) = found["QueueConfigurations"]
    assert [{"Name": "Prefix", "Value": "a"}] == one["Filter"]["Key"]["FilterRules"]
    assert one["Id"]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    answer = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert {"ResponseMetadata"} == set(answer)
    queue.take()
    s3.put_object(Bucket=bucket, Key="a")
    assert [] == queue.take()


def test_what_cannot_be_is_refused(s3: Any, aws: Any, bucket: str, queue: Queue) -> None:
    ask = {"Bucket": bucket}

    def refused(*rules: dict[str, Any]) -> Refusal:
        return refusal(
            s3.put_bucket_notification_configuration, **ask,
            NotificationConfiguration={"QueueConfigurations": list(rules)},
        )  # fmt: skip

    created = rule(queue, "ObjectCreated:*")
    assert OVERLAP == refused(created, rule(queue, "ObjectCreated:Put", prefix="a"))
    assert "InvalidArgument" == refused({**created, "Events": ["s3:ObjectCreated:No"]}).code
    unparsed = Refusal("InvalidArgument", "The ARN could not be parsed", 400)
    assert unparsed == refused({**created, "QueueArn": "arn:aws:sns:us-east-1:1:t"})
    assert unparsed == refused({**created, "QueueArn": "no ARN"})
    assert UNABLE == refused({**created, "QueueArn": f"{queue.arn}-missing"})
    elsewhere = queue.arn.replace("us-east-1", "eu-west-1")
    assert UNABLE == refused({**created, "QueueArn": elsewhere})
    fifo = aws("sqs").create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})
    assert fifo["QueueUrl"]
    fifo_arn = queue.arn.rpartition(":")[0] + ":q.fifo"
    assert UNABLE == refused({**created, "QueueArn": fifo_arn})
    named = {"Key": {"FilterRules": [{"Name": "INVALID", "Value": "a"}]}}
    assert "filter rule name must be either prefix or suffix" == refused(
        {**created, "Filter": named}
    ).message  # fmt: skip
    # Nothing of this has been kept, and no destination is missed where nobody looks.
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(**ask)
    tell(
        s3, bucket, {**created, "QueueArn": f"{queue.arn}-missing"}, SkipDestinationValidation=True
    )
    assert "QueueConfigurations" in s3.get_bucket_notification_configuration(**ask)
    s3.put_object(**ask, Key="k")
