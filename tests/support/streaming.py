"""What tests of functions that are fed from streams share."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from support.lambdas import Functions

Event = dict[str, Any]


class Streams:
    """A stream `s`, and functions that are mapped to it, for one test in its own account."""

    def __init__(self, functions: Functions, aws: Any) -> None:
        self.functions = functions
        self.kinesis = aws("kinesis")
        self.client = aws("lambda")
        self.events: list[Event] = []

    def create(self, shards: int = 1, name: str = "s") -> str:
        self.kinesis.create_stream(StreamName=name, ShardCount=shards)
        return f"arn:aws:kinesis:us-east-1:{self.functions.account}:stream/{name}"

    def put(self, *bodies: str, key: str = "k", name: str = "s") -> list[str]:
        """Sequence numbers of records that are put at once."""
        records = [{"Data": body.encode(), "PartitionKey": key} for body in bodies]
        answer = self.kinesis.put_records(StreamName=name, Records=records)
        return [each["SequenceNumber"] for each in answer["Records"]]

    def map(
        self, source: str, answer: Callable[[Event], Any] = lambda event: None, **members: Any
    ) -> Any:
        """A mapping of a function that notes its events, and answers so."""

        def handle(event: Event, context: Any) -> Any:
            self.events.append(event)
            return answer(event)

        asked = {"StartingPosition": "TRIM_HORIZON", **members}
        name = asked.pop("FunctionName", None) or self.functions.create(handle)
        return self.client.create_event_source_mapping(
            FunctionName=name, EventSourceArn=source, **asked
        )

    def idle(self) -> None:
        self.functions.pileus.idle()

    def batches(self) -> list[list[str]]:
        """The data of the records of each event, once nothing runs."""
        self.idle()
        return [bodies(event) for event in self.events]

    def seen(self) -> list[str]:
        return [body for batch in self.batches() for body in batch]


def bodies(event: Event) -> list[str]:
    return [base64.b64decode(each["kinesis"]["data"]).decode() for each in event["Records"]]
