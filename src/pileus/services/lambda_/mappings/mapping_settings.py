"""An event source mapping: its settings, what AWS allows of them, and how it shows them."""

from __future__ import annotations

from typing import Any, TypedDict

import msgspec

from pileus.kernel import arns
from pileus.kernel.errors import AwsError, not_implemented
from pileus.kernel.shards.sources import Start
from pileus.languages import record_filters
from pileus.languages.event_patterns import InvalidPattern
from pileus.services.lambda_.mappings import mapping_errors, stream_settings

BATCH_SIZE_DEFAULT = 10
# docs: lambda/latest/dg/services-sqs-configure: more needs a batching window.
BATCH_SIZE_WITHOUT_WINDOW_MAX = 10
FILTERS_MAX = 5
# Sources that AWS has and Pileus does not read from yet.
_OTHER_SOURCES = ("kafka", "mq", "rds")


class MappingSettings(TypedDict, total=False):
    """The members that create and update share."""

    enabled: bool
    batch_size: int
    filter_criteria: dict[str, Any]
    kms_key_arn: str
    metrics_config: dict[str, Any]
    scaling_config: dict[str, Any]
    maximum_batching_window_in_seconds: int
    function_response_types: list[str]
    provisioned_poller_config: dict[str, Any]
    parallelization_factor: int
    destination_config: dict[str, Any]
    maximum_record_age_in_seconds: int
    bisect_batch_on_function_error: bool
    maximum_retry_attempts: int
    tumbling_window_in_seconds: int
    source_access_configurations: list[dict[str, Any]]


# Settings that only other kinds of sources have.
_NOT_FOR_QUEUES = {
    "parallelization_factor": "ParallelizationFactor",
    "maximum_record_age_in_seconds": "MaximumRecordAgeInSeconds",
    "bisect_batch_on_function_error": "BisectBatchOnFunctionError",
    "maximum_retry_attempts": "MaximumRetryAttempts",
    "tumbling_window_in_seconds": "TumblingWindowInSeconds",
    "source_access_configurations": "SourceAccessConfigurations",
}


class Mapping(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A queue or stream and a function that it feeds, as the row holds it."""

    uuid: str
    arn: str
    source_arn: str
    function_arn: str  # qualified where the user qualified it
    modified_at: int
    batch_size: int = BATCH_SIZE_DEFAULT
    window_seconds: int = 0
    is_enabled: bool = True
    # What is shown; with `--aws-delays` it lags behind.
    state: str = "Enabled"
    response_types: list[str] = []
    filters: list[str] = []
    concurrency_max: int | None = None
    kms_key_arn: str = ""
    metrics: list[str] | None = None
    provisioned_pollers: dict[str, Any] | None = None
    # Of streams.
    starting_position: str = ""
    starting_timestamp: int | None = None
    # What the position meant when the mapping was made.
    start: Start | None = None
    lanes: int = 1
    is_bisecting: bool = False
    retries_max: int = -1
    age_max_seconds: int = -1
    tumbling_seconds: int = 0
    on_failure: str = ""
    last_result: str = ""

    @property
    def is_stream(self) -> bool:
        return self.source_arn.split(":")[2] != "sqs"

    @property
    def is_fifo(self) -> bool:
        return self.source_arn.endswith(".fifo")

    @property
    def reports_failures(self) -> bool:
        return "ReportBatchItemFailures" in self.response_types

    @property
    def is_changing(self) -> bool:
        return self.state not in ("Enabled", "Disabled")

    @property
    def settled_state(self) -> str:
        return "Enabled" if self.is_enabled else "Disabled"


def check_source(operation: str, source_arn: str | None) -> None:
    """Queues and streams can feed functions so far."""
    parts = arns.parse(source_arn) if source_arn else None
    if parts is None:
        raise mapping_errors.event_source_unknown()
    if parts.service in _OTHER_SOURCES:
        raise not_implemented("lambda", operation, f"EventSourceArn ({parts.service})")
    is_stream = parts.service == "kinesis" and parts.resource.startswith("stream/")
    is_table = parts.service == "dynamodb" and "/stream/" in parts.resource
    if parts.service != "sqs" and not is_stream and not is_table:
        raise mapping_errors.event_source_unknown()


def changed(mapping: Mapping, settings: MappingSettings) -> Mapping:
    """The mapping with the settings applied; raises AWS's error for what it refuses."""
    unwanted = stream_settings.NOT_FOR_STREAMS if mapping.is_stream else _NOT_FOR_QUEUES
    for key, member in unwanted.items():
        if settings.get(key) not in (None, []):
            raise mapping_errors.unsupported_for_source(member)
    destinations = settings.get("destination_config") or {}
    if not mapping.is_stream and any(each.get("Destination") for each in destinations.values()):
        raise mapping_errors.unsupported_for_source("DestinationConfig")
    changes: dict[str, Any] = {
        field: settings[key]  # type: ignore[literal-required]
        for key, field in _SAME.items()
        if key in settings
    }
    if "scaling_config" in settings:
        changes["concurrency_max"] = settings["scaling_config"].get("MaximumConcurrency")
    if "metrics_config" in settings:
        changes["metrics"] = settings["metrics_config"].get("Metrics", [])
    if "filter_criteria" in settings:
        changes["filters"] = _filters(settings["filter_criteria"])
    if mapping.is_stream:
        if "destination_config" in settings:
            changes["on_failure"] = stream_settings.on_failure(destinations)
        for key, field in stream_settings.FIELDS.items():
            if key in settings:
                changes[field] = settings[key]  # type: ignore[literal-required]
    made = msgspec.structs.replace(mapping, **changes)
    problem = _problem(made)
    if problem is not None:
        raise problem
    return made


_SAME = {
    "enabled": "is_enabled",
    "batch_size": "batch_size",
    "maximum_batching_window_in_seconds": "window_seconds",
    "function_response_types": "response_types",
    "kms_key_arn": "kms_key_arn",
    "provisioned_poller_config": "provisioned_pollers",
}


def _filters(criteria: dict[str, Any]) -> list[str]:
    filters = [each.get("Pattern", "") for each in criteria.get("Filters") or []]
    if len(filters) > FILTERS_MAX:
        raise mapping_errors.filters_too_many()
    for text in filters:
        try:
            record_filters.compile(text)
        except InvalidPattern as problem:
            raise mapping_errors.filter_invalid() from problem
    return filters


def _problem(mapping: Mapping) -> AwsError | None:
    if mapping.is_stream:
        return stream_settings.problem(mapping)
    if mapping.is_fifo:
        if mapping.window_seconds:
            return mapping_errors.window_on_fifo()
        if mapping.batch_size > BATCH_SIZE_WITHOUT_WINDOW_MAX:
            return mapping_errors.batch_too_large_for_fifo()
    if mapping.batch_size > BATCH_SIZE_WITHOUT_WINDOW_MAX and not mapping.window_seconds:
        return mapping_errors.window_needed()
    return None


def show(mapping: Mapping, state: str = "") -> dict[str, Any]:
    """As GetEventSourceMapping answers it."""
    shown: dict[str, Any] = {
        "UUID": mapping.uuid,
        "BatchSize": mapping.batch_size,
        "MaximumBatchingWindowInSeconds": mapping.window_seconds,
        "EventSourceArn": mapping.source_arn,
        "FunctionArn": mapping.function_arn,
        "LastModified": mapping.modified_at,
        "State": state or mapping.state,
        "StateTransitionReason": "USER_INITIATED",
        "FunctionResponseTypes": mapping.response_types,
        "EventSourceMappingArn": mapping.arn,
    }
    if mapping.filters:
        shown["FilterCriteria"] = {"Filters": [{"Pattern": each} for each in mapping.filters]}
    if mapping.concurrency_max is not None:
        shown["ScalingConfig"] = {"MaximumConcurrency": mapping.concurrency_max}
    if mapping.kms_key_arn:
        shown["KMSKeyArn"] = mapping.kms_key_arn
    if mapping.metrics is not None:
        shown["MetricsConfig"] = {"Metrics": mapping.metrics}
    if mapping.is_stream:
        shown |= stream_settings.show(mapping)
    if mapping.provisioned_pollers:
        shown["ProvisionedPollerConfig"] = mapping.provisioned_pollers
    return shown


def encode(mapping: Mapping) -> str:
    return msgspec.json.encode(mapping).decode()


def decode(text: str) -> Mapping:
    return msgspec.json.decode(text, type=Mapping)
