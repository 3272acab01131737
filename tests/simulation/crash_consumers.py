"""Traffic on a stream that feeds a function and a pipe: all of it arrives, each key in order."""

from __future__ import annotations

import base64
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from simulation.crash_client import Client
from simulation.crash_functions import paced, pause
from simulation.crash_queues import Turn
from simulation.crash_schedules import trust

_SOURCE = "crash-fed"
# Where the function and the pipe tell what reached them, in the order in which it did.
_TOLD = {"mapping": "crash-fed-by-mapping", "pipe": "crash-fed-by-pipe"}
_WRITERS = 2
_OPEN_MAX = 6
_SPLITS_PER_TURN = 0.05
_SETTLE_TURNS_MAX = 60
_ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/"
_CODE = """
import base64, json
import boto3

kinesis = boto3.client("kinesis")

def tell(event, context):
    bodies = [base64.b64decode(each["kinesis"]["data"]).decode() for each in event["Records"]]
    kinesis.put_record(StreamName="crash-fed-by-mapping", PartitionKey="k", Data=json.dumps(bodies))
"""


class ConsumerTraffic:
    """An acknowledged record reaches each consumer at least once, none of its key before it.

    So no checkpoint is ahead of what was done: what lay behind it would be missing.
    """

    name = "consumers"

    def __init__(self, advance: Callable[[int], None]) -> None:
        # Moves the clock on, so that what a crash cut off is tried again.
        self._advance = advance
        self.problems: list[str] = []
        self._numbers = [count() for _ in range(_WRITERS)]
        self._acknowledged: list[set[int]] = [set() for _ in range(_WRITERS)]
        # Of each consumer and writer: what has come for the first time, and where to read on.
        self._come: dict[tuple[str, int], list[int]] = {}
        self._read: dict[str, str] = {}

    def prepare(self, client: Client) -> None:
        client.call("kinesis", "CreateStream", StreamName=_SOURCE, ShardCount=2)
        for name in _TOLD.values():
            client.call("kinesis", "CreateStream", StreamName=name, ShardCount=1)
        self._make_mapping(client)
        self._make_pipe(client)

    def _make_mapping(self, client: Client) -> None:
        role = client.boto3("iam").create_role(
            RoleName="crash-fed", AssumeRolePolicyDocument=trust("lambda.amazonaws.com")
        )
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as package:
            file = zipfile.ZipInfo("index.py")
            # Lambda runs it as another user, who must be able to read it.
            file.external_attr = 0o644 << 16
            package.writestr(file, _CODE)
        functions = client.boto3("lambda")
        functions.create_function(
            FunctionName="crash-fed", Runtime="python3.11", Handler="index.tell", Timeout=10,
            Role=role["Role"]["Arn"], Code={"ZipFile": packed.getvalue()},
        )  # fmt: skip
        functions.get_waiter("function_active_v2").wait(FunctionName="crash-fed")
        functions.create_event_source_mapping(
            FunctionName="crash-fed", EventSourceArn=_ARN + _SOURCE,
            StartingPosition="TRIM_HORIZON", ParallelizationFactor=2, BatchSize=10,
        )  # fmt: skip

    def _make_pipe(self, client: Client) -> None:
        role = client.boto3("iam").create_role(
            RoleName="crash-fed-pipe", AssumeRolePolicyDocument=trust("pipes.amazonaws.com")
        )
        client.boto3("pipes").create_pipe(
            Name="crash-fed", RoleArn=role["Role"]["Arn"], Source=_ARN + _SOURCE,
            Target=_ARN + _TOLD["pipe"],
            SourceParameters={
                "KinesisStreamParameters": {"StartingPosition": "TRIM_HORIZON", "BatchSize": 10}
            },
            TargetParameters={
                "KinesisStreamParameters": {"PartitionKey": "k"}, "InputTemplate": "[<$.data>]",
            },
        )  # fmt: skip

    def turns(self) -> Sequence[Turn]:
        return [paced(self._writer(number)) for number in range(_WRITERS)]

    def _writer(self, writer: int) -> Turn:
        def put(client: Client, chance: random.Random) -> None:
            if writer == 0 and chance.random() < _SPLITS_PER_TURN:
                self._split(client, chance)
            numbers = [next(self._numbers[writer]) for _ in range(chance.choice([1, 3]))]
            records = [
                {
                    # A template reads it as JSON.
                    "Data": base64.b64encode(f'["{writer}:{number}"]'.encode()).decode(),
                    "PartitionKey": f"writer-{writer}",
                }
                for number in numbers
            ]
            client.call("kinesis", "PutRecords", StreamName=_SOURCE, Records=records)
            self._acknowledged[writer].update(numbers)

        return put

    def _split(self, client: Client, chance: random.Random) -> None:
        shards = client.call("kinesis", "ListShards", StreamName=_SOURCE)["Shards"]
        open_shards = [s for s in shards if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
        shard = chance.choice(open_shards)
        low, high = (int(key) for key in sorted(shard["HashKeyRange"].values(), key=int))
        if len(open_shards) < _OPEN_MAX and high - low > 2:
            client.call(
                "kinesis", "SplitShard", StreamName=_SOURCE, ShardToSplit=shard["ShardId"],
                NewStartingHashKey=str((low + high) // 2),
            )  # fmt: skip

    def settle(self, client: Client) -> None:
        for _ in range(_SETTLE_TURNS_MAX):
            for consumer in _TOLD:
                self._take(client, consumer)
            if not any(True for _ in self._missing()):
                break
            pause(0.1)
            self._advance(30)
        missing = list(self._missing())[:5]
        self.problems += [f"{body} was put and never reached the {who}" for who, body in missing]

    def _missing(self) -> Iterator[tuple[str, str]]:
        for consumer in _TOLD:
            for writer in range(_WRITERS):
                come = set(self._come.get((consumer, writer), []))
                for number in sorted(self._acknowledged[writer] - come):
                    yield consumer, f"{writer}:{number}"

    def _take(self, client: Client, consumer: str) -> None:
        """Read what a consumer has told since the last time."""
        how: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
        if consumer in self._read:
            how = {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "StartingSequenceNumber": self._read[consumer],
            }
        answer = client.call(
            "kinesis", "GetShardIterator", StreamName=_TOLD[consumer],
            ShardId="shardId-000000000000", **how,
        )  # fmt: skip
        while True:
            answer = client.call(
                "kinesis", "GetRecords", ShardIterator=answer.get("NextShardIterator")
                or answer["ShardIterator"],
            )  # fmt: skip
            for record in answer["Records"]:
                for bodies in json.loads(base64.b64decode(record["Data"])):
                    for body in bodies if isinstance(bodies, list) else json.loads(bodies):
                        self._came(consumer, body)
                self._read[consumer] = record["SequenceNumber"]
            if not answer["Records"]:
                return

    def _came(self, consumer: str, body: str) -> None:
        writer, number = (int(part) for part in body.split(":"))
        come = self._come.setdefault((consumer, writer), [])
        if number not in come[-100:] and number not in come:
            if come and number < come[-1]:
                self.problems.append(f"{body} reached the {consumer} after {writer}:{come[-1]}")
            come.append(number)

    def summary(self) -> str:
        return f"{sum(map(len, self._acknowledged))} put"
