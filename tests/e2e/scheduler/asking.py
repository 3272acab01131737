"""What tests of Scheduler share: schedules that send to a queue, and what arrived there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from support.running import Running

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "scheduler.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


class Asking:
    """Makes schedules for one test, in its own account, with a role and a queue."""

    def __init__(self, pileus: Running, aws: Any, account: str) -> None:
        self.pileus = pileus
        self.account = account
        self.client = aws("scheduler")
        self.sqs = aws("sqs")
        made = aws("iam").create_role(RoleName="clock", AssumeRolePolicyDocument=TRUST)
        self.role = made["Role"]["Arn"]
        self.url = self.queue("q")

    def queue(self, name: str, **attributes: str) -> str:
        return str(self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def arn(self, resource: str, service: str = "scheduler") -> str:
        return f"arn:aws:{service}:us-east-1:{self.account}:{resource}"

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.pileus.now // 1000, UTC)

    def target(self, **members: Any) -> dict[str, Any]:
        return {"Arn": self.arn("q", "sqs"), "RoleArn": self.role, "Input": "ring", **members}

    def create(self, name: str = "s", expression: str = "", **members: Any) -> dict[str, Any]:
        """A schedule in an hour, unless told otherwise."""
        target = members.pop("Target", None) or self.target(**members.pop("target", {}))
        made: dict[str, Any] = self.client.create_schedule(
            Name=name,
            ScheduleExpression=expression or self.at(3600),
            Target=target,
            FlexibleTimeWindow=members.pop("FlexibleTimeWindow", {"Mode": "OFF"}),
            **members,
        )
        return made

    def at(self, seconds: int) -> str:
        """A one-time expression so many seconds from now."""
        return f"at({self.now + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S})"

    def received(self, url: str = "") -> list[dict[str, Any]]:
        """All messages of the queue, which are deleted."""
        found = []
        while messages := self.sqs.receive_message(
            QueueUrl=url or self.url, MaxNumberOfMessages=10, AttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages"):  # fmt: skip
            for message in messages:
                found.append(message)
                self.sqs.delete_message(
                    QueueUrl=url or self.url, ReceiptHandle=message["ReceiptHandle"]
                )
        return found

    def bodies(self, url: str = "") -> list[str]:
        return [message["Body"] for message in self.received(url)]

    def names(self, **asked: Any) -> list[str]:
        answer = self.client.list_schedules(**asked)
        return [schedule["Name"] for schedule in answer["Schedules"]]
