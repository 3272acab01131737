"""Traffic on a Kinesis stream for the crash test: each record once, in order, under its number."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from itertools import count
from typing import Any

from simulation.crash_client import Client
from simulation.crash_queues import Turn

_NAME = "crash-stream"
_SHARDS = 2
_OPEN_MAX = 12
# How many turns put records, each in an order of its own.
_WRITERS = 3
_SPLITS_PER_TURN = 0.02
_PAGES_MAX = 2_000


class StreamTraffic:
    """What was acknowledged is there exactly once; numbers grow, and none is given twice."""

    name = "stream"

    def __init__(self) -> None:
        self.problems: list[str] = []
        # Body -> the number under which it was acknowledged; of all writers.
        self.acknowledged: dict[str, str] = {}
        self._numbers = [count() for _ in range(_WRITERS)]
        # What a consumer has read, and where it goes on in each shard: both outlive each crash.
        self._followed: dict[str, str] = {}
        self._last: dict[str, str] = {}
        self._tokens: dict[str, str | None] = {}

    def prepare(self, client: Client) -> None:
        client.call("kinesis", "CreateStream", StreamName=_NAME, ShardCount=_SHARDS)

    def turns(self) -> Sequence[Turn]:
        return [self._writer(number) for number in range(_WRITERS)] + [self.read, self.follow]

    def _writer(self, writer: int) -> Turn:
        def put(client: Client, chance: random.Random) -> None:
            if writer == 0 and chance.random() < _SPLITS_PER_TURN:
                self._split(client, chance)
            self._put(client, chance, writer)

        return put

    def _put(self, client: Client, chance: random.Random, writer: int) -> None:
        many = chance.choice([1, 1, 5])
        bodies = [f"{writer}:{next(self._numbers[writer])}" for _ in range(many)]
        entries = [
            {
                "Data": base64.b64encode(body.encode()).decode(),
                # A writer's records lie in the shard of its key, so that their order can be seen.
                "PartitionKey": f"writer-{writer}",
            }
            for body in bodies
        ]
        if many == 1:
            answers = [client.call("kinesis", "PutRecord", StreamName=_NAME, **entries[0])]
        else:
            answer = client.call("kinesis", "PutRecords", StreamName=_NAME, Records=entries)
            answers = answer["Records"]
        for body, each in zip(bodies, answers, strict=True):
            self.acknowledged[body] = each["SequenceNumber"]

    def _split(self, client: Client, chance: random.Random) -> None:
        shards = client.call("kinesis", "ListShards", StreamName=_NAME)["Shards"]
        open_shards = [s for s in shards if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
        shard = chance.choice(open_shards)
        low, high = (int(key) for key in sorted(shard["HashKeyRange"].values(), key=int))
        if len(open_shards) < _OPEN_MAX and high - low > 2:
            client.call(
                "kinesis", "SplitShard", StreamName=_NAME, ShardToSplit=shard["ShardId"],
                NewStartingHashKey=str((low + high) // 2),
            )  # fmt: skip

    def read(self, client: Client, chance: random.Random) -> None:
        """A page of the first shard, to have a reader beside the writers."""
        token = _iterator(client, "shardId-000000000000")
        client.call("kinesis", "GetRecords", ShardIterator=token, Limit=100)

    def follow(self, client: Client, chance: random.Random) -> None:
        """What has come to a shard since the last time; now and then from a kept checkpoint."""
        shard = chance.choice(client.call("kinesis", "ListShards", StreamName=_NAME)["Shards"])
        if chance.random() < 0.2:
            self._tokens.pop(shard["ShardId"], None)
        self._follow(client, shard["ShardId"], chance.choice([1, 10, 1_000]))

    def _follow(self, client: Client, shard_id: str, limit: int) -> bool:
        """Whether there was anything."""
        last = self._last.get(shard_id)
        if shard_id not in self._tokens:
            self._tokens[shard_id] = _iterator(client, shard_id, last)
        token = self._tokens[shard_id]
        if token is None:
            return False
        answer = client.call("kinesis", "GetRecords", ShardIterator=token, Limit=limit)
        for record in answer["Records"]:
            body, number = base64.b64decode(record["Data"]).decode(), record["SequenceNumber"]
            if body in self._followed or (last is not None and int(number) <= int(last)):
                self.problems.append(f"{body} was read again, or after one that came later")
            self._followed[body] = last = number
            self._last[shard_id] = number
        self._tokens[shard_id] = answer.get("NextShardIterator")
        return bool(answer["Records"]) or bool(answer["MillisBehindLatest"])

    def settle(self, client: Client) -> None:
        # The clock has moved on: iterators of before have expired.
        self._tokens.clear()
        found: dict[str, str] = {}
        for shard in client.call("kinesis", "ListShards", StreamName=_NAME)["Shards"]:
            for _ in range(_PAGES_MAX):
                if not self._follow(client, shard["ShardId"], 1_000):
                    break
            before = 0
            for record in _records(client, shard["ShardId"]):
                body = base64.b64decode(record["Data"]).decode()
                number = record["SequenceNumber"]
                if body in found:
                    self.problems.append(f"{body} is there twice")
                if int(number) <= before:
                    self.problems.append(f"the number of {body} does not grow")
                found[body], before = number, int(number)
        wrong = [body for body, number in self.acknowledged.items() if found.get(body) != number]
        self.problems += [
            f"{body} was acknowledged as {self.acknowledged[body]} and is {found.get(body)}"
            for body in wrong[:5]
        ]
        if len(set(found.values())) != len(found):
            self.problems.append("a number was given twice")
        if found != self._followed:
            differing = sorted(found.items() ^ self._followed.items())[:5]
            self.problems.append(f"the consumer has read otherwise: {differing}")
        self._check_order(found)

    def _check_order(self, found: dict[str, str]) -> None:
        """A writer puts more when it was answered, so its numbers grow with its count."""
        for writer in range(_WRITERS):
            mine = {
                int(body.split(":")[1]): int(number)
                for body, number in found.items()
                if body.startswith(f"{writer}:")
            }
            numbers = [mine[position] for position in sorted(mine)]
            if numbers != sorted(numbers):
                self.problems.append(f"the records of writer {writer} are out of order")

    def summary(self) -> str:
        return f"{len(self.acknowledged)} put"


def _iterator(client: Client, shard_id: str, after: str | None = None) -> str:
    how: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
    if after is not None:
        how = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}
    answer = client.call("kinesis", "GetShardIterator", StreamName=_NAME, ShardId=shard_id, **how)
    found: str = answer["ShardIterator"]
    return found


def _records(client: Client, shard_id: str) -> list[dict[str, Any]]:
    """All records of a shard."""
    found: list[dict[str, Any]] = []
    token: str | None = _iterator(client, shard_id)
    for _ in range(_PAGES_MAX):
        if token is None:
            return found
        answer = client.call("kinesis", "GetRecords", ShardIterator=token)
        found += answer["Records"]
        token = answer.get("NextShardIterator")
        if not answer["Records"] and not answer["MillisBehindLatest"]:
            return found
    raise AssertionError(f"{shard_id} does not end")
