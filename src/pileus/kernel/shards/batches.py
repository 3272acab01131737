"""A batch of a shard, what a consumer says of it, and the note on what is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import msgspec

from pileus.kernel.shards.progress import ShardProgress, Window
from pileus.kernel.shards.records import Record
from pileus.kernel.shards.sources import Start

# docs: lambda/latest/dg/gettingstarted-limits, of the event of a synchronous invocation
EVENT_BYTES_MAX = 6 * 1024 * 1024
# The words of AWS's notes on records that were given up.
RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
TOO_OLD = "RecordAgeExceeded"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How a consumer wants a stream to be read; -1 means without limit."""

    start: Start
    batch_size: int
    window_seconds: int = 0
    lanes: int = 1
    is_bisecting: bool = False
    retries_max: int = -1
    age_max_seconds: int = -1
    tumbling_seconds: int = 0


class Batch(NamedTuple):
    """Records of a shard that are handled together; none where a window is only closed."""

    shard_id: str
    records: Sequence[Record]
    failures: int = 0
    window: Window | None = None
    is_final: bool = False


class Outcome(NamedTuple):
    """What came of a batch: `failed_at` is the place of the first record that is not done."""

    failed_at: int | None = None
    # What the function has made of its window; None where it said nothing.
    state: str | None = None
    # How the consumer describes the run in a note.
    details: dict[str, Any] = {}
    # To try again would not help.
    is_hopeless: bool = False


class NotRun(NamedTuple):
    """The batch did not get as far as the function or target; that counts as no attempt.

    `freed` is done when it may be worth to try at once.
    """

    freed: asyncio.Future[None] | None = None


class GivenUp(NamedTuple):
    """Records that will not be tried again."""

    shard_id: str
    records: Sequence[Record]
    condition: str
    attempts: int
    details: dict[str, Any]


class Ended(NamedTuple):
    """What is kept together with the progress: None where nothing was run."""

    is_well: bool | None = None
    given_up: GivenUp | None = None


class Consumer(Protocol):
    """Who reads a stream: a mapping, a pipe."""

    # A topic whose wake says that it may be worth to try again at once; "" for none.
    retry_topic: str

    def takes(self, record: Record) -> bool:
        """Whether the filters let a record through."""

    async def run(self, batch: Batch) -> Outcome | NotRun:
        """Handle a batch; never raises what an API answers."""

    async def keep(self, shard_id: str, progress: ShardProgress, ended: Ended) -> None:
        """One transaction: the progress, and what shall follow from the outcome."""


def note(given_up: GivenUp, source_arn: str, now: int) -> dict[str, Any]:
    """What notes of functions and of pipes have in common.

    docs: lambda/latest/dg/kinesis-on-failure-destination, the example of a record
    """
    first, last = given_up.records[0], given_up.records[-1]
    is_table = source_arn.split(":")[2] == "dynamodb"
    return {
        "version": "1.0",
        "timestamp": _moment(now),
        "DDBStreamBatchInfo" if is_table else "KinesisBatchInfo": {
            "shardId": given_up.shard_id,
            "startSequenceNumber": first.sequence,
            "endSequenceNumber": last.sequence,
            "approximateArrivalOfFirstRecord": _moment(first.arrived_at),
            "approximateArrivalOfLastRecord": _moment(last.arrived_at),
            "batchSize": len(given_up.records),
            "streamArn": source_arn.partition("/consumer/")[0],
        },
    }


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"
