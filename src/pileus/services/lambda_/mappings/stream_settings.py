"""What AWS allows of the settings of mappings of streams, and how it shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pileus.kernel import arns
from pileus.kernel.errors import AwsError
from pileus.kernel.shards import sources
from pileus.services.lambda_.mappings import mapping_errors

if TYPE_CHECKING:
    from pileus.services.lambda_.mappings.mapping_settings import Mapping

# docs: lambda/latest/dg/services-kinesis-parameters, services-ddb-params
BATCH_SIZE_DEFAULT = 100
NOT_PROCESSED = "No records processed"
# Other ages below a minute are within the model's limits, and refused.
_AGE_SECONDS_MIN = 60
_DESTINATIONS = ("sqs", "sns", "s3")
# Members of the requests, and the fields that hold them.
FIELDS = {
    "parallelization_factor": "lanes",
    "bisect_batch_on_function_error": "is_bisecting",
    "maximum_retry_attempts": "retries_max",
    "maximum_record_age_in_seconds": "age_max_seconds",
    "tumbling_window_in_seconds": "tumbling_seconds",
}
# Settings that only other kinds of sources have.
NOT_FOR_STREAMS = {
    "scaling_config": "ScalingConfig",
    "provisioned_poller_config": "ProvisionedPollerConfig",
    "source_access_configurations": "SourceAccessConfigurations",
}


def check_start(source_arn: str, kind: str | None, timestamp: int | None, now: int) -> None:
    """Raise what is wrong with a starting position."""
    if kind is None:
        raise mapping_errors.starting_position_missing()
    if kind != sources.AT_TIMESTAMP:
        if timestamp is not None:
            raise mapping_errors.timestamp_not_wanted()
        return
    if source_arn.split(":")[2] == "dynamodb":
        raise mapping_errors.starting_position_unsupported(source_arn)
    if timestamp is None:
        raise mapping_errors.timestamp_missing()
    if timestamp > now:
        raise mapping_errors.timestamp_in_future()


def on_failure(config: dict[str, Any]) -> str:
    """The destination for what is given up; "" for none."""
    if (config.get("OnSuccess") or {}).get("Destination"):
        raise mapping_errors.unsupported_for_source("DestinationConfig")
    arn: str = (config.get("OnFailure") or {}).get("Destination") or ""
    if not arn:
        return ""
    parts = arns.parse(arn)
    if parts is None or parts.service not in _DESTINATIONS or arn.endswith(".fifo"):
        raise mapping_errors.destination_invalid(arn)
    return arn


def problem(mapping: Mapping) -> AwsError | None:
    if 0 <= mapping.age_max_seconds < _AGE_SECONDS_MIN:
        return mapping_errors.age_too_short()
    return None


def show(mapping: Mapping) -> dict[str, Any]:
    """What only mappings of streams have."""
    shown: dict[str, Any] = {
        "StartingPosition": mapping.starting_position,
        "ParallelizationFactor": mapping.lanes,
        "LastProcessingResult": mapping.last_result or NOT_PROCESSED,
        "StateTransitionReason": "User action",
        "DestinationConfig": {
            "OnFailure": {"Destination": mapping.on_failure} if mapping.on_failure else {}
        },
        "MaximumRecordAgeInSeconds": mapping.age_max_seconds,
        "BisectBatchOnFunctionError": mapping.is_bisecting,
        "MaximumRetryAttempts": mapping.retries_max,
        "TumblingWindowInSeconds": mapping.tumbling_seconds,
    }
    if mapping.starting_timestamp is not None:
        shown["StartingPositionTimestamp"] = mapping.starting_timestamp
    return shown
