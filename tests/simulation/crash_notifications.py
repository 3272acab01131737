"""Traffic for the crash test: of each object that is there a queue is told, and of no other."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from itertools import count
from urllib.parse import unquote_plus

from simulation.crash_client import Client
from simulation.crash_objects import ask
from simulation.crash_queues import Turn

_BUCKET = "crash-told"


class NotificationTraffic:
    """Objects are written once; what the queue has got is compared with what the list shows."""

    name = "notification"

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._acknowledged: set[str] = set()
        self._numbers = count()
        self._told = 0
        self._queue_url = ""

    def prepare(self, client: Client) -> None:
        ask(client, "PUT", f"/{_BUCKET}")
        made = client.call("sqs", "CreateQueue", QueueName="crash-told")
        self._queue_url = made["QueueUrl"]
        named = {"QueueUrl": self._queue_url, "AttributeNames": ["QueueArn"]}
        arn = client.call("sqs", "GetQueueAttributes", **named)["Attributes"]["QueueArn"]
        client.boto3("s3").put_bucket_notification_configuration(
            Bucket=_BUCKET,
            NotificationConfiguration={
                "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
            },
        )

    def turns(self) -> Sequence[Turn]:
        return [self.put]

    def put(self, client: Client, chance: random.Random) -> None:
        key = f"told/{next(self._numbers)}"
        ask(client, "PUT", f"/{_BUCKET}/{key}", chance.randbytes(chance.choice((0, 100, 70_000))))
        self._acknowledged.add(key)

    def settle(self, client: Client) -> None:
        told = Counter(self._take(client))
        present = self._present(client)
        if lost := self._acknowledged - present:
            self.problems.append(f"acknowledged and not there: {sorted(lost)[:5]}")
        if several := [key for key, times in told.items() if times > 1]:
            self.problems.append(f"told more than once: {sorted(several)[:5]}")
        if differing := present ^ set(told):
            self.problems.append(f"told and there are not the same: {sorted(differing)[:5]}")
        self._told += len(told)
        for key in present:
            ask(client, "DELETE", f"/{_BUCKET}/{key}")
        self._acknowledged.clear()

    def _take(self, client: Client) -> list[str]:
        found: list[str] = []
        while True:
            asked = {"QueueUrl": self._queue_url, "MaxNumberOfMessages": 10}
            messages = client.call("sqs", "ReceiveMessage", **asked).get("Messages") or []
            if not messages:
                return found
            for each in messages:
                for record in json.loads(each["Body"]).get("Records", []):
                    found.append(unquote_plus(record["s3"]["object"]["key"]))
            entries = [
                {"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]}
                for number, each in enumerate(messages)
            ]
            client.call("sqs", "DeleteMessageBatch", QueueUrl=self._queue_url, Entries=entries)

    def _present(self, client: Client) -> set[str]:
        found: set[str] = set()
        after = ""
        while True:
            listed = ask(client, "GET", f"/{_BUCKET}?list-type=2&start-after={after}").decode()
            keys = re.findall(r"<Key>([^<]*)</Key>", listed)
            found.update(keys)
            if "<IsTruncated>true" not in listed:
                return found
            after = keys[-1]

    def summary(self) -> str:
        return f"{self._told} told"
