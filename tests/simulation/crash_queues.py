"""Traffic on queues for the crash test: standard, FIFO and dead-letter queues."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from simulation.crash_client import Client, Lost, Refused

# One turn of one thread; what it may decide by chance comes from the seed.
Turn = Callable[[Client, random.Random], None]

# Long against a delete that follows its receive, so that receipt handles are in force.
_STANDARD_VISIBILITY_SECONDS = 20
_FIFO_VISIBILITY_SECONDS = 5
_FIFO_GROUPS = 20
_DRAIN_ROUNDS_MAX = 2_000


def make_queue(client: Client, name: str, **attributes: str) -> str:
    url: str = client.call("sqs", "CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]
    return url


def receive(client: Client, url: str, **members: Any) -> list[dict[str, Any]]:
    answer = client.call(
        "sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"],
        **members,
    )  # fmt: skip
    found: list[dict[str, Any]] = answer.get("Messages") or []
    return found


def delete(client: Client, url: str, message: dict[str, Any]) -> None:
    client.call("sqs", "DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def drain(client: Client, url: str, take: Callable[[dict[str, Any]], None]) -> None:
    """Receive and delete until nothing is there."""
    for _ in range(_DRAIN_ROUNDS_MAX):
        messages = receive(client, url)
        if not messages:
            return
        for message in messages:
            take(message)
            delete(client, url, message)
    raise AssertionError(f"{url} does not become empty")


class StandardTraffic:
    """An acknowledged send is received or was deleted; a deleted message never returns."""

    name = "standard queue"

    def __init__(self) -> None:
        self.url = ""
        self.sent: set[str] = set()
        # Body -> when its deletion was acknowledged.
        self.deleted_at: dict[str, float] = {}
        self.tried_to_delete: set[str] = set()
        self.problems: list[str] = []
        self._numbers = count()

    def prepare(self, client: Client) -> None:
        visibility = str(_STANDARD_VISIBILITY_SECONDS)
        self.url = make_queue(client, "crash-standard", VisibilityTimeout=visibility)

    def turns(self) -> Sequence[Turn]:
        return [self.send, self.send, self.receive, self.receive]

    def send(self, client: Client, chance: random.Random) -> None:
        bodies = [f"standard-{next(self._numbers)}" for _ in range(chance.choice([1, 1, 10]))]
        if len(bodies) == 1:
            client.call("sqs", "SendMessage", QueueUrl=self.url, MessageBody=bodies[0])
            self.sent.update(bodies)
            return
        entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies)]
        answer = client.call("sqs", "SendMessageBatch", QueueUrl=self.url, Entries=entries)
        self.sent.update(bodies[int(entry["Id"])] for entry in answer["Successful"])

    def receive(self, client: Client, chance: random.Random) -> None:
        began = time.monotonic()
        for message in receive(client, self.url):
            self._check(message["Body"], began)
            what = chance.random()
            if what < 0.8:
                self._delete(client, message)
            elif what < 0.9:
                client.call(
                    "sqs", "ChangeMessageVisibility", QueueUrl=self.url, VisibilityTimeout=0,
                    ReceiptHandle=message["ReceiptHandle"],
                )  # fmt: skip

    def _delete(self, client: Client, message: dict[str, Any]) -> None:
        self.tried_to_delete.add(message["Body"])
        delete(client, self.url, message)
        self.deleted_at.setdefault(message["Body"], time.monotonic())

    def _check(self, body: str, began: float) -> None:
        if self.deleted_at.get(body, began) < began:
            self.problems.append(f"{body} was deleted and came back")

    def settle(self, client: Client) -> None:
        """Everything is visible now: take it all out and compare."""
        found: set[str] = set()
        began = time.monotonic()

        def take(message: dict[str, Any]) -> None:
            self._check(message["Body"], began)
            found.add(message["Body"])

        drain(client, self.url, take)
        lost = self.sent - found - self.tried_to_delete
        self.problems += [f"{body} was acknowledged and is gone" for body in sorted(lost)[:5]]
        for body in found:
            self.deleted_at[body] = began
        self.sent.clear()

    def summary(self) -> str:
        return f"{len(self.deleted_at)} deleted"


class _Group:
    """What is known of one message group: the next number to be sent, and to be received."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent = 0
        self.expected = 0
        # Whether the deletion of `expected` was asked for and its answer lost.
        self.is_uncertain = False


class FifoTraffic:
    """Within a group messages come in order, none missing and none twice."""

    name = "FIFO queue"

    def __init__(self) -> None:
        self.url = ""
        self.groups = [_Group(f"group-{number}") for number in range(_FIFO_GROUPS)]
        self.problems: list[str] = []

    def prepare(self, client: Client) -> None:
        visibility = str(_FIFO_VISIBILITY_SECONDS)
        self.url = make_queue(
            client, "crash.fifo", FifoQueue="true", VisibilityTimeout=visibility
        )  # fmt: skip

    def turns(self) -> Sequence[Turn]:
        return [self.send, self.receive]

    def send(self, client: Client, chance: random.Random) -> None:
        self._send(client, chance.choice(self.groups))

    def _send(self, client: Client, group: _Group) -> None:
        # After a loss the same number goes out again under the same deduplication id.
        body = f"{group.name}:{group.sent}"
        client.call(
            "sqs", "SendMessage", QueueUrl=self.url, MessageBody=body, MessageGroupId=group.name,
            MessageDeduplicationId=body.replace(":", "-"),
        )  # fmt: skip
        group.sent += 1

    def receive(self, client: Client, chance: random.Random) -> None:
        # Sometimes it leaves what it got, which then comes again.
        self._receive(client, is_deleting=chance.random() < 0.95)

    def _receive(self, client: Client, *, is_deleting: bool) -> int:
        messages = receive(client, self.url)
        by_group: dict[str, list[dict[str, Any]]] = {}
        for message in messages:
            by_group.setdefault(message["Body"].split(":")[0], []).append(message)
        for name, mine in by_group.items():
            group = self.groups[int(name.removeprefix("group-"))]
            self._check(group, [int(message["Body"].split(":")[1]) for message in mine])
            for message in mine if is_deleting else ():
                group.expected = int(message["Body"].split(":")[1])
                group.is_uncertain = True
                delete(client, self.url, message)
                group.expected += 1
                group.is_uncertain = False
        return len(messages)

    def _check(self, group: _Group, numbers: list[int]) -> None:
        allowed = {group.expected, group.expected + 1} if group.is_uncertain else {group.expected}
        if numbers[0] not in allowed or numbers != list(
            range(numbers[0], numbers[0] + len(numbers))
        ):
            self.problems.append(f"{group.name} gave {numbers}, expected one of {allowed} first")

    def settle(self, client: Client) -> None:
        for group in self.groups:
            # One send more settles the one whose answer may have been lost.
            self._send(client, group)
        for _ in range(_DRAIN_ROUNDS_MAX):
            if not self._receive(client, is_deleting=True):
                break
        for group in self.groups:
            if group.is_uncertain:
                group.expected, group.is_uncertain = group.expected + 1, False
            if group.expected != group.sent:
                self.problems.append(
                    f"{group.name} ended at {group.expected} of {group.sent} acknowledged"
                )

    def summary(self) -> str:
        return f"{sum(group.sent for group in self.groups)} sent"


class PoisonTraffic:
    """Messages that nobody deletes end in the dead-letter queue, each once."""

    name = "dead-letter queue"

    def __init__(self) -> None:
        self.url = ""
        self.dead_url = ""
        self.sent: set[str] = set()
        self.problems: list[str] = []
        self._numbers = count()
        self._total = 0

    def prepare(self, client: Client) -> None:
        self.dead_url = make_queue(client, "crash-dead")
        arn = "arn:aws:sqs:us-east-1:000000000000:crash-dead"
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
        self.url = make_queue(client, "crash-poison", VisibilityTimeout="0", RedrivePolicy=redrive)

    def turns(self) -> Sequence[Turn]:
        return [self.send_and_receive]

    def send_and_receive(self, client: Client, chance: random.Random) -> None:
        body = f"poison-{next(self._numbers)}"
        client.call("sqs", "SendMessage", QueueUrl=self.url, MessageBody=body)
        self.sent.add(body)
        receive(client, self.url)

    def settle(self, client: Client) -> None:
        for _ in range(_DRAIN_ROUNDS_MAX):
            if not receive(client, self.url):
                break
        found: list[str] = []
        drain(client, self.dead_url, lambda message: found.append(message["Body"]))
        lost = self.sent - set(found)
        twice = {body for body in found if found.count(body) > 1}
        self.problems += [
            f"{body} never reached the dead-letter queue" for body in sorted(lost)[:5]
        ]
        self.problems += [f"{body} was dead-lettered twice" for body in sorted(twice)[:5]]
        self._total += len(self.sent)
        self.sent.clear()

    def summary(self) -> str:
        return f"{self._total} dead-lettered"


__all__ = ["FifoTraffic", "Lost", "PoisonTraffic", "Refused", "StandardTraffic", "Turn"]
