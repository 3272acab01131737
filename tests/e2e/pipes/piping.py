"""What tests of pipes share: a pipe from the queue `q`, and what arrived."""

from __future__ import annotations

import json
from typing import Any

from support.running import Running

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pipes.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


class Piping:
    """Makes pipes for one test, in its own account, with a role, a source and a target queue."""

    def __init__(self, pileus: Running, aws: Any, account: str) -> None:
        self.pileus = pileus
        self.account = account
        self.client = aws("pipes")
        self.sqs = aws("sqs")
        made = aws("iam").create_role(RoleName="plumber", AssumeRolePolicyDocument=TRUST)
        self.role = made["Role"]["Arn"]
        self.source = self.queue("q")
        self.target = self.queue("t")

    def queue(self, name: str, **attributes: str) -> str:
        return str(self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def arn(self, resource: str, service: str = "sqs") -> str:
        return f"arn:aws:{service}:us-east-1:{self.account}:{resource}"

    def create(self, name: str = "p", **members: Any) -> dict[str, Any]:
        """A pipe from `q` to `t`, unless told otherwise."""
        asked = {
            "Source": self.arn("q"), "Target": self.arn("t"), "RoleArn": self.role, **members,
        }  # fmt: skip
        made: dict[str, Any] = self.client.create_pipe(Name=name, **asked)
        return made

    def send(self, *bodies: Any, url: str = "", **more: Any) -> None:
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            self.sqs.send_message(QueueUrl=url or self.source, MessageBody=text, **more)

    def idle(self) -> None:
        """Wait until nothing runs any more (the clock stands still)."""
        self.pileus.advance(0)

    def received(self, url: str = "") -> list[dict[str, Any]]:
        """All messages of the target once nothing runs, which are deleted."""
        self.idle()
        where, found = url or self.target, []
        while messages := self.sqs.receive_message(
            QueueUrl=where, MaxNumberOfMessages=10, AttributeNames=["All"]
        ).get("Messages"):
            for message in messages:
                found.append(message)
                self.sqs.delete_message(QueueUrl=where, ReceiptHandle=message["ReceiptHandle"])
        return found

    def bodies(self, url: str = "") -> list[str]:
        return sorted(message["Body"] for message in self.received(url))

    def left(self, url: str = "") -> int:
        """How many messages a queue holds, seen or hidden, once nothing runs."""
        self.idle()
        answer = self.sqs.get_queue_attributes(QueueUrl=url or self.source, AttributeNames=["All"])
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return sum(int(answer["Attributes"][name]) for name in names)
