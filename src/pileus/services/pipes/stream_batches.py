"""Feeds a pipe from a stream: a batch goes through the pipe, and what came of it is kept."""

from __future__ import annotations

import logging
from typing import NamedTuple

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.deliveries import RetryPolicy
from pileus.kernel.errors import AwsError
from pileus.kernel.shards import batches as shard_batches
from pileus.kernel.shards import following, progress
from pileus.kernel.shards.batches import Batch, Ended, GivenUp, NotRun, Outcome
from pileus.kernel.shards.progress import ShardProgress
from pileus.kernel.shards.records import Record
from pileus.kernel.shards.sources import Source
from pileus.kernel.transaction import Transaction
from pileus.languages import event_patterns, record_filters
from pileus.services.pipes import batches, store, stream_settings
from pileus.services.pipes.destinations import BatchFailed
from pileus.services.pipes.pipe_settings import Pipe

log = logging.getLogger(__name__)

_THROTTLED = "TooManyRequestsException"
_POLICY = RetryPolicy(explains_dead_letters=False)


class Note(NamedTuple):
    to: str
    document: bytes


async def follow(call: Call, pipe: Pipe) -> None:
    """Worker: runs until the pipe is changed, stopped or gone."""
    source = Source(call, pipe.source, pipe.role_arn)
    consumer = _PipeConsumer(call, pipe)
    await following.follow(call, source, stream_settings.reading(pipe), consumer, pipe.id)


class _PipeConsumer:
    """A pipe as the reader of its stream sees it."""

    def __init__(self, call: Call, pipe: Pipe) -> None:
        self._call = call
        self._pipe = pipe
        self.retry_topic = pipe.target if pipe.target_service == "lambda" else ""
        self._filters = [
            record_filters.compile(text, event_patterns.PIPES) for text in pipe.patterns
        ]

    def takes(self, record: Record) -> bool:
        return record_filters.is_taken(record.event, self._filters)

    async def run(self, batch: Batch) -> Outcome | NotRun:
        events = [record.event for record in batch.records]
        try:
            failed = await batches.through(self._call, self._pipe, events)
        except (AwsError, BatchFailed) as refusal:
            log.warning("pipe %s: a batch failed: %s", self._pipe.arn, refusal)
            if isinstance(refusal, AwsError) and refusal.code == _THROTTLED:
                return NotRun()
            return Outcome(0)
        # Later records keep their place behind the first that was not taken.
        return Outcome(min(failed, default=None))

    async def keep(self, shard_id: str, kept: ShardProgress, ended: Ended) -> None:
        note = None if ended.given_up is None else self._note(ended.given_up)
        await self._call.transaction(
            _keep, self._pipe.arn, self._pipe.id, shard_id, progress.encode(kept), note,
            about=self._call.about, is_durable=ended.is_well is not None or note is not None,
        )  # fmt: skip

    def _note(self, given_up: GivenUp) -> Note | None:
        """docs: eventbridge/latest/userguide/eb-pipes-error-troubleshooting, dead-letter queues"""
        to = stream_settings.dead_letter_arn(self._pipe)
        if not to:
            return None
        context = {"partnerResourceArn": self._pipe.arn, "condition": given_up.condition}
        shown = shard_batches.note(given_up, self._pipe.source, self._call.now)
        return Note(to, msgspec.json.encode({"context": context, **shown}))


def _keep(
    tx: Transaction, arn: str, id: str, shard_id: str, packed: bytes, note: Note | None
) -> None:
    """Step: how far the pipe has come, with what came of the batch."""
    pipe = store.find(tx, arn)
    if pipe is None or pipe.id != id:
        return
    progress.save(tx, id, shard_id, packed)
    if note is not None:
        tx.deliver(to=note.to, payload=note.document, because=arn, policy=_POLICY)
