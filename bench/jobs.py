"""What the load generator does: each job turns its settings into a source of requests."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from bench.dynamodb_requests import BATCH, ItemRequests
from bench.kinesis_requests import RecordPuts
from bench.load import Next
from bench.messaging_requests import Publishes, Puts, Schedules, spread
from bench.s3_requests import Objects
from bench.signing import Signer
from bench.sqs_requests import JsonRequests, Message, QueryRequests, SqsRequests

_BATCH = 10


def prepare(job: dict[str, Any]) -> Next:
    """The source of requests for a job; everything that can be signed beforehand is."""
    return JOBS[job["kind"]](job)


def _send(job: dict[str, Any]) -> Next:
    sqs = _sqs(job)
    return _in_turn([sqs.send(message) for message in _messages(job)])


def _send_batches(job: dict[str, Any]) -> Next:
    sqs = _sqs(job)
    messages = _messages(job)
    batches = [messages[start : start + _BATCH] for start in range(0, len(messages), _BATCH)]
    return _in_turn([sqs.send_batch(batch) for batch in batches])


def _receive(job: dict[str, Any]) -> Next:
    return _in_turn([_sqs(job).receive()] * job["count"])


def _cycle(job: dict[str, Any]) -> Next:
    """Each connection sends, receives and deletes; `count` is of requests."""
    sqs = _sqs(job)
    sends = iter([sqs.send(message) for message in _messages(job)])
    receive = sqs.receive()
    turns: dict[int, str] = {}
    left = job["count"]

    def next_request(connection: int, answer: bytes | None) -> bytes | None:
        nonlocal left
        left -= 1
        if left < 0:
            return None
        turn = turns.get(connection, "send")
        if turn == "send":
            turns[connection] = "receive"
            return next(sends, None)
        if turn == "receive":
            turns[connection] = "delete"
            return receive
        handles = sqs.receipt_handles(answer or b"")
        if not handles:
            # Others took it first; theirs is still to come.
            return receive
        turns[connection] = "send"
        return sqs.delete(handles[0])

    return next_request


def _drain(job: dict[str, Any]) -> Next:
    """Each connection receives and deletes; `count` is of requests."""
    sqs = _sqs(job)
    receive = sqs.receive()
    waiting: set[int] = set()
    left = job["count"]

    def next_request(connection: int, answer: bytes | None) -> bytes | None:
        nonlocal left
        left -= 1
        if left < 0:
            return None
        if connection in waiting and (handles := sqs.receipt_handles(answer or b"")):
            waiting.discard(connection)
            return sqs.delete(handles[0])
        waiting.add(connection)
        return receive

    return next_request


def _invoke(job: dict[str, Any]) -> Next:
    path = f"/2015-03-31/functions/{job['function']}/invocations"
    signer = Signer("lambda", f"{job['host']}:{job['port']}", path, {})
    seconds = job.get("held_seconds", 0)
    events = (
        json.dumps({"number": n} | ({"seconds": seconds} if seconds else {})).encode()
        for n in range(job["count"])
    )
    return _in_turn([signer.request(event) for event in events])


def _publish(job: dict[str, Any]) -> Next:
    topic = Publishes(f"{job['host']}:{job['port']}", job["topic_arn"])
    return _in_turn([topic.publish(text) for text, _ in _messages(job)])


def _put_events(job: dict[str, Any]) -> Next:
    bus = Puts(f"{job['host']}:{job['port']}", job["bus"])
    details = [{"kind": job["detail_kind"], "text": text} for text, _ in _messages(job)]
    return _in_turn([bus.put(detail) for detail in details])


def _put_records(job: dict[str, Any]) -> Next:
    puts = RecordPuts(f"{job['host']}:{job['port']}", job["stream"], job.get("seed"))
    return _in_turn([puts.put() for _ in range(job["count"])])


def _items(job: dict[str, Any]) -> ItemRequests:
    host = f"{job['host']}:{job['port']}"
    return ItemRequests(host, job["table"], job["item_bytes"], job.get("seed"))


def _put_items(job: dict[str, Any]) -> Next:
    """Over those that are there, or new ones where there are none."""
    items = _items(job)
    there = job["items"]
    numbers = (items.anything(there) if there else number for number in range(job["count"]))
    return _in_turn([items.put(number) for number in numbers])


def _put_item_batches(job: dict[str, Any]) -> Next:
    items = _items(job)
    # Made one by one, since all of them would take much memory.
    source = (items.put_batch(number * BATCH) for number in range(job["count"]))
    return lambda connection, answer: next(source, None)


def _get_items(job: dict[str, Any]) -> Next:
    items = _items(job)
    return _in_turn([items.get(items.anything(job["items"])) for _ in range(job["count"])])


def _query_items(job: dict[str, Any]) -> Next:
    items = _items(job)
    return _in_turn([items.query(items.anything(job["items"])) for _ in range(job["count"])])


def _put_objects(job: dict[str, Any]) -> Next:
    objects = Objects(f"{job['host']}:{job['port']}", job["bucket"])
    chance = random.Random(job.get("seed"))
    return _in_turn([objects.put(f"k/{n}", chance.randbytes(4096)) for n in range(job["count"])])


def _get_objects(job: dict[str, Any]) -> Next:
    objects = Objects(f"{job['host']}:{job['port']}", job["bucket"])
    requests = [objects.get(f"k/{n}") for n in range(job["keys"])]
    return _in_turn([requests[n % len(requests)] for n in range(job["count"])])


def _create_schedules(job: dict[str, Any]) -> Next:
    group = Schedules(f"{job['host']}:{job['port']}", job["queue_arn"], job["role_arn"])
    instants = spread(job["count"], job["begins"], job["span_seconds"])
    return _in_turn([group.create(number, at) for number, at in enumerate(instants)])


def _in_turn(requests: list[bytes]) -> Next:
    source = iter(requests)
    return lambda connection, answer: next(source, None)


def _sqs(job: dict[str, Any]) -> SqsRequests:
    kind: Callable[[str, str], SqsRequests] = JsonRequests if job["is_signed"] else QueryRequests
    return kind(f"{job['host']}:{job['port']}", job["queue_url"])


def _messages(job: dict[str, Any]) -> list[Message]:
    """Distinct bodies of 128 characters; groups in turn where the queue has them."""
    chance = random.Random(job.get("seed"))
    groups = job.get("groups", 0)
    return [
        (f"{chance.getrandbits(500):0128x}"[:128], f"group-{n % groups}" if groups else "")
        for n in range(job["count"])
    ]


JOBS: dict[str, Callable[[dict[str, Any]], Next]] = {
    "send": _send,
    "send_batches": _send_batches,
    "receive": _receive,
    "cycle": _cycle,
    "drain": _drain,
    "invoke": _invoke,
    "publish": _publish,
    "put_events": _put_events,
    "create_schedules": _create_schedules,
    "put_records": _put_records,
    "put_items": _put_items,
    "put_item_batches": _put_item_batches,
    "get_items": _get_items,
    "query_items": _query_items,
    "put_objects": _put_objects,
    "get_objects": _get_objects,
}
