"""Schedules, retries and pipes go on where an earlier process left off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from e2e.pipes.piping import Piping
from e2e.scheduler.asking import Asking
from support.running import Running

ACCOUNT = "123456789012"


def clients(running: Running) -> Callable[[str], Any]:
    return lambda service: running.client(service, account=ACCOUNT)


def test_what_was_planned_happens_after_a_restart(tmp_path: Path) -> None:
    before = Running(tmp_path).start()
    before.freeze()
    asking = Asking(before, clients(before), ACCOUNT)
    asking.create("due")
    asking.create("retried", target={"Arn": asking.arn("late", "sqs"), "Input": "late"})
    asking.create("rate", expression="rate(2 hours)", target={"Input": "again"})
    asking.pileus.advance(3600)
    assert ["again", "ring"] == sorted(asking.bodies())
    before.stop()
    after = Running(tmp_path).start()
    sqs = clients(after)("sqs")
    late = sqs.create_queue(QueueName="late")["QueueUrl"]
    after.advance(3600)
    assert ["late"] == _bodies(sqs, late)
    assert ["again"] == _bodies(sqs, sqs.get_queue_url(QueueName="q")["QueueUrl"])
    after.stop()


def _bodies(sqs: Any, url: str) -> list[str]:
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [message["Body"] for message in found]


def test_a_pipe_goes_on_after_a_restart(tmp_path: Path) -> None:
    before = Running(tmp_path).start()
    before.freeze()
    Piping(before, clients(before), ACCOUNT).create(TargetParameters={"InputTemplate": "<$.body>"})
    before.stop()
    after = Running(tmp_path).start()
    sqs = clients(after)("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="q")["QueueUrl"], MessageBody="a")
    after.advance(0)
    assert ['"a"'] == _bodies(sqs, sqs.get_queue_url(QueueName="t")["QueueUrl"])
    after.stop()
