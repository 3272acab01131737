"""Messages too large for SQS and SNS, by AWS's own Extended Client Libraries, unchanged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.running import REGION, Running

# A user's program. It runs in a process of its own: both libraries replace boto3's session.
PROGRAM = r"""
import json
import boto3
import sqs_extended_client
import sns_extended_client

sqs, sns, s3 = (boto3.client(name) for name in ("sqs", "sns", "s3"))
s3.create_bucket(Bucket="payloads")
url = sqs.create_queue(QueueName="q")["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
topic = sns.create_topic(Name="t")["TopicArn"]
sns.subscribe(
    TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
)
sqs.large_payload_support = sns.large_payload_support = "payloads"
sqs.delete_payload_from_s3 = True
LARGE = "grün" * 400_000


def objects():
    return s3.list_objects_v2(Bucket="payloads")["KeyCount"]


def take():
    [message] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    stored = objects()
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=60
    )
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    body = message["Body"]
    attributes = {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
    return ["LARGE" if body == LARGE else body, attributes, stored, objects()]


mark = {"mark": {"DataType": "String", "StringValue": "m"}}
found = {}
sqs.send_message(QueueUrl=url, MessageBody=LARGE, MessageAttributes=dict(mark))
found["sent"] = take()
sns.publish(TopicArn=topic, Message=LARGE, MessageAttributes=dict(mark))
found["published"] = take()
sqs.send_message(QueueUrl=url, MessageBody="small", MessageAttributes=dict(mark))
found["small"] = take()
sqs.use_legacy_attribute = sqs.always_through_s3 = True
sqs.send_message_batch(
    QueueUrl=url,
    Entries=[{"Id": "1", "MessageBody": "batched", "MessageAttributes": dict(mark)}],
)
found["batched"] = take()
print(json.dumps(found))
"""


def test_the_extended_clients_put_large_messages_into_buckets(
    pileus: Running, account: str, tmp_path: Path
) -> None:
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_ENDPOINT_URL": pileus.url,
        "AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
    }  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert 0 == ran.returncode, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    mark = {"mark": "m"}
    # The body, the attributes, the objects while the message is there, and after it.
    assert {
        "sent": ["LARGE", mark, 1, 0],
        "published": ["LARGE", mark, 1, 0],
        "small": ["small", mark, 0, 0],
        "batched": ["batched", mark, 1, 0],
    } == found
