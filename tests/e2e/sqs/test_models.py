"""Queues against a small model of what AWS documents: random steps, equal answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from e2e.sqs.asking import counts, create, receive
from support.running import Running

STORES = ("sqlite", "postgres")
RETENTION_SECONDS = 120
_names = count()


@dataclass
class Message:
    body: str
    group: str
    sent_at: int
    position: int
    visible_at: int
    receives: int = 0
    handles: list[tuple[int, str]] = field(default_factory=list)  # (which receive, handle)


class Model:
    """The messages of one queue, and the time."""

    def __init__(self, now: int, *, is_fifo: bool) -> None:
        self.now = now
        self.is_fifo = is_fifo
        self.messages: list[Message] = []
        self.positions = count()

    def send(self, body: str, group: str, delay_seconds: int) -> None:
        visible_at = self.now + delay_seconds * 1000
        self.messages.append(Message(body, group, self.now, next(self.positions), visible_at))

    def expire(self) -> None:
        alive_since = self.now - RETENTION_SECONDS * 1000
        self.messages = [message for message in self.messages if message.sent_at > alive_since]

    def is_flying(self, message: Message) -> bool:
        return message.receives > 0 and message.visible_at > self.now

    def next_messages(self, limit: int) -> list[Message]:
        if not self.is_fifo:
            visible = [m for m in self.messages if m.visible_at <= self.now]
            visible.sort(key=lambda m: (m.visible_at, m.sent_at, m.position))
            return visible[:limit]
        groups: dict[str, list[Message]] = {}
        for message in self.messages:
            groups.setdefault(message.group, []).append(message)
        free = [group for group in groups.values() if not any(map(self.is_flying, group))]
        free.sort(key=lambda group: group[0].position)
        return [message for group in free for message in group][:limit]

    def counts(self) -> tuple[int, int, int]:
        flying = sum(map(self.is_flying, self.messages))
        delayed = sum(m.visible_at > self.now and not m.receives for m in self.messages)
        return len(self.messages) - flying - delayed, flying, delayed

    def by_handle(self, handle: str) -> tuple[Message, bool] | None:
        """The message, and whether the handle is of its last receive."""
        for message in self.messages:
            for which, text in message.handles:
                if text == handle:
                    return message, which == message.receives
        return None


class Machine(RuleBasedStateMachine):
    """Does the same to a queue and to its model."""

    sqs: ClassVar[Any]
    pileus: ClassVar[Running]
    is_fifo: ClassVar[bool]

    def __init__(self) -> None:
        super().__init__()
        name = f"model{next(_names)}" + (".fifo" if self.is_fifo else "")
        self.url = create(
            self.sqs, name, MessageRetentionPeriod=str(RETENTION_SECONDS), VisibilityTimeout="10"
        )
        self.model = Model(self.pileus.now, is_fifo=self.is_fifo)
        self.bodies = count()
        self.handles: list[str] = []

    @rule(groups=st.text("abc", min_size=1, max_size=4), delay=st.sampled_from([0, 0, 5, 30]))
    def send(self, groups: str, delay: int) -> None:
        for group in groups:
            body = str(next(self.bodies))
            params: dict[str, Any] = {"DelaySeconds": delay}
            if self.is_fifo:
                params = {"MessageGroupId": group, "MessageDeduplicationId": body}
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **params)
            self.model.send(body, group, 0 if self.is_fifo else delay)

    @rule(limit=st.integers(1, 10), seconds=st.sampled_from([None, 0, 3, 60]))
    def take(self, limit: int, seconds: int | None) -> None:
        params = {} if seconds is None else {"VisibilityTimeout": seconds}
        received = receive(self.sqs, self.url, limit, **params)
        expected = self.model.next_messages(limit)
        assert [message.body for message in expected] == [m["Body"] for m in received]
        hidden_ms = (10 if seconds is None else seconds) * 1000
        for message, answer in zip(expected, received, strict=True):
            message.receives += 1
            message.visible_at = self.model.now + hidden_ms
            message.handles.append((message.receives, answer["ReceiptHandle"]))
            self.handles.append(answer["ReceiptHandle"])

    @rule(which=st.integers(0, 5))
    def delete(self, which: int) -> None:
        if not self.handles:
            return
        handle = self.handles[-1 - which % len(self.handles)]
        found = self.model.by_handle(handle)
        is_good = found is None or not self.is_fifo or (found[1] and self.model.is_flying(found[0]))
        if not is_good:
            with pytest.raises(self.sqs.exceptions.ClientError, match="has expired"):
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=handle)
            return
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=handle)
        if found is not None:
            self.model.messages.remove(found[0])

    @rule(which=st.integers(0, 5), seconds=st.sampled_from([0, 1, 20]))
    def change(self, which: int, seconds: int) -> None:
        if not self.handles:
            return
        handle = self.handles[-1 - which % len(self.handles)]
        params = {"ReceiptHandle": handle, "VisibilityTimeout": seconds}
        found = self.model.by_handle(handle)
        if found is None:
            with pytest.raises(self.sqs.exceptions.ClientError, match="does not exist"):
                self.sqs.change_message_visibility(QueueUrl=self.url, **params)
            return
        message, is_last = found
        if self.is_fifo and not (is_last and self.model.is_flying(message)):
            with pytest.raises(self.sqs.exceptions.ClientError, match="has expired"):
                self.sqs.change_message_visibility(QueueUrl=self.url, **params)
            return
        self.sqs.change_message_visibility(QueueUrl=self.url, **params)
        if self.model.is_flying(message):
            message.visible_at = self.model.now + seconds * 1000

    @rule(seconds=st.sampled_from([0.001, 1, 3, 10, 60]))
    def advance(self, seconds: float) -> None:
        self.pileus.advance(seconds)
        self.model.now = self.pileus.now
        self.model.expire()

    @rule(chance=st.integers(0, 9))
    def purge(self, chance: int) -> None:
        if chance < 9:
            return
        self.sqs.purge_queue(QueueUrl=self.url)
        self.model.messages.clear()

    @invariant()
    def counts_agree(self) -> None:
        assert self.model.counts() == counts(self.sqs, self.url)

    def teardown(self) -> None:
        self.sqs.delete_queue(QueueUrl=self.url)


@pytest.mark.parametrize("is_fifo", [False, True])
def test_a_queue_does_what_its_model_does(sqs: Any, pileus: Running, is_fifo: bool) -> None:
    bound = type("Bound", (Machine,), {"sqs": sqs, "pileus": pileus, "is_fifo": is_fifo})
    run_state_machine_as_test(
        bound,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            derandomize=True,
            # Without shrinking, which takes longer than reading the steps.
            phases=[Phase.generate],
        ),
    )
