"""What services announce arrives on the default bus of the resource's account."""

from __future__ import annotations

import json
from typing import Any

from e2e.events.asking import arn_of, create, events_in, route
from pileus.kernel.call import Context
from pileus.kernel.changes import PlatformEvent
from pileus.kernel.transaction import Transaction
from support.running import Running


def announce(tx: Transaction, fact: PlatformEvent) -> None:
    tx.announce(fact)


def test_an_announced_fact_is_routed(events: Any, sqs: Any, pileus: Running, account: str) -> None:
    url = create(sqs)
    route(events, arn_of(sqs, url), pattern=json.dumps({"source": ["aws.s3"]}))
    bucket = "arn:aws:s3:::bucket"
    kernel = pileus.app.kernel
    call = kernel.call_for(Context(account, "us-east-1", "s3"), "s3", "PutObject")
    for detail_type in ("Object Created", "Object Deleted"):
        fact = PlatformEvent(bucket, "aws.s3", detail_type, {"bucket": {"name": "bucket"}})
        pileus.run(kernel.transact(call, announce, fact, about=bucket, is_durable=True))
    pileus.advance(1)
    found = events_in(sqs, url)
    assert [("aws.s3", account, [bucket], {"bucket": {"name": "bucket"}})] * 2 == [
        (each["source"], each["account"], each["resources"], each["detail"]) for each in found
    ]
    assert ["Object Created", "Object Deleted"] == [each["detail-type"] for each in found]
