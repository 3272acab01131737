"""What pipes that read streams may ask for, and how their streams are then read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.shards import sources
from pileus.kernel.shards.batches import Reading
from pileus.kernel.shards.sources import Source, Start
from pileus.services.pipes import errors

if TYPE_CHECKING:
    from pileus.services.pipes.pipe_settings import Pipe

# The member of the source's parameters, by its service.
MEMBERS = {"kinesis": "KinesisStreamParameters", "dynamodb": "DynamoDBStreamParameters"}
BATCH_SIZE_DEFAULT = 100
# What an update cannot change.
KEPT = ("StartingPosition", "StartingPositionTimestamp")
_BISECT = "AUTOMATIC_BISECT"
_AGE_SECONDS_MIN = 60
_DEAD_LETTER_SERVICES = ("sqs", "sns")


def check(pipe: Pipe, now: int) -> None:
    """Raise what is wrong with the parameters of a stream."""
    given = pipe.source_given
    member = f"SourceParameters.{MEMBERS[pipe.source_service]}"
    if "StartingPosition" not in given:
        raise errors.missing_parameter(f"{member}.StartingPosition")
    timestamp = given.get("StartingPositionTimestamp")
    if given["StartingPosition"] == sources.AT_TIMESTAMP:
        if timestamp is None:
            raise errors.missing_parameter(f"{member}.StartingPositionTimestamp")
        if timestamp > now:
            raise errors.timestamp_in_future()
    elif timestamp is not None:
        raise errors.timestamp_not_wanted()
    if 0 <= given.get("MaximumRecordAgeInSeconds", -1) < _AGE_SECONDS_MIN:
        raise errors.age_too_short()
    arn = dead_letter_arn(pipe)
    parts = arns.parse(arn)
    if arn and (parts is None or parts.service not in _DEAD_LETTER_SERVICES):
        raise errors.invalid_dead_letters(arn)


def dead_letter_arn(pipe: Pipe) -> str:
    arn: str = (pipe.source_given.get("DeadLetterConfig") or {}).get("Arn") or ""
    return arn


def reading(pipe: Pipe) -> Reading:
    given = pipe.source_given
    assert pipe.start is not None
    return Reading(
        start=pipe.start,
        batch_size=pipe.batch_size,
        window_seconds=pipe.window_seconds,
        lanes=given.get("ParallelizationFactor", 1),
        is_bisecting=given.get("OnPartialBatchItemFailure") == _BISECT,
        retries_max=given.get("MaximumRetryAttempts", -1),
        age_max_seconds=given.get("MaximumRecordAgeInSeconds", -1),
    )


async def start(call: Call, pipe: Pipe) -> Start:
    """What the starting position means now; a stream need not be there yet."""
    given = pipe.source_given
    source = Source(call, pipe.source, pipe.role_arn)
    try:
        return await source.start(given["StartingPosition"], given.get("StartingPositionTimestamp"))
    except AwsError as refusal:
        if refusal.fault != "Sender" or refusal.code == "NotImplemented":
            raise
        return Start(call.now)


def merged(pipe: Pipe, wanted: dict[str, Any]) -> dict[str, Any]:
    """An update's parameters with what it cannot change."""
    kept = {name: pipe.source_given[name] for name in KEPT if name in pipe.source_given}
    return {**wanted, **kept}
