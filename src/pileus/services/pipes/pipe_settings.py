"""A pipe: its members, what is allowed of them, and how it is shown. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.kernel import arns
from pileus.kernel.errors import not_implemented
from pileus.kernel.shards.sources import Start
from pileus.languages import event_patterns, input_transformers, record_filters
from pileus.languages.event_patterns import InvalidPattern
from pileus.services.pipes import errors, stream_settings

RUNNING = "RUNNING"
STOPPED = "STOPPED"
BATCH_SIZE_DEFAULT = 10
# docs: eb-pipes-sqs; more needs a window.
BATCH_SIZE_WITHOUT_WINDOW_MAX = 10
_QUEUE = "SqsQueueParameters"
_OTHER_SOURCES = ("kafka", "mq")
# The member of a source's parameters, by its service.
_SOURCES = {"sqs": _QUEUE, **stream_settings.MEMBERS}
# What a target of a service takes at once (docs: eb-pipes-batching-concurrency), and its member.
TARGETS = {
    "lambda": (10_000, "LambdaFunctionParameters"),
    "sqs": (10, _QUEUE),
    "sns": (10, ""),
    "events": (10, "EventBridgeEventBusParameters"),
    "logs": (10_000, "CloudWatchLogsParameters"),
    "kinesis": (500, "KinesisStreamParameters"),
}
_OTHER_TARGETS = (
    "states", "firehose", "ecs", "batch", "redshift", "redshift-serverless",
    "sagemaker", "timestream", "execute-api", "inspector",
)  # fmt: skip
_OTHER_ENRICHMENTS = ("states", "events", "execute-api")


class Pipe(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A pipe as its row holds it; the parameters are as AWS's API has them."""

    arn: str
    source: str
    target: str
    role_arn: str
    created_at: int
    modified_at: int
    desired_state: str = RUNNING
    # What is shown; with `--aws-delays` it lags behind.
    state: str = RUNNING
    source_parameters: dict[str, Any] = {}
    enrichment: str = ""
    enrichment_parameters: dict[str, Any] = {}
    target_parameters: dict[str, Any] = {}
    log_configuration: dict[str, Any] = {}
    description: str | None = None
    kms_key_identifier: str = ""
    # No other pipe that ever has its name has it.
    id: str = ""
    # Of streams: what the starting position meant when the pipe was made.
    start: Start | None = None

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def is_changing(self) -> bool:
        return self.state not in (RUNNING, STOPPED)

    @property
    def batch_size(self) -> int:
        size: int = self.source_given.get("BatchSize") or default_batch_size(self)
        return size

    @property
    def window_seconds(self) -> int:
        seconds: int = self.source_given.get("MaximumBatchingWindowInSeconds", 0)
        return seconds

    @property
    def source_service(self) -> str:
        parts = arns.parse(self.source)
        return "kafka" if parts is None else parts.service

    @property
    def is_fed_by_stream(self) -> bool:
        return self.source_service in stream_settings.MEMBERS

    @property
    def source_given(self) -> dict[str, Any]:
        """The parameters that only sources of this kind have."""
        return self.source_parameters.get(_SOURCES.get(self.source_service, "")) or {}

    @property
    def patterns(self) -> list[str]:
        criteria = self.source_parameters.get("FilterCriteria") or {}
        return [each["Pattern"] for each in criteria.get("Filters") or [] if "Pattern" in each]

    @property
    def target_service(self) -> str:
        parts = arns.parse(self.target)
        return "" if parts is None else parts.service


def default_batch_size(pipe: Pipe) -> int:
    """What AWS gives a pipe; of a stream no more than the target takes at once."""
    if not pipe.is_fed_by_stream:
        return BATCH_SIZE_DEFAULT
    limit = TARGETS.get(pipe.target_service, (stream_settings.BATCH_SIZE_DEFAULT, ""))[0]
    return min(stream_settings.BATCH_SIZE_DEFAULT, limit)


_LOG_DESTINATIONS = (
    "CloudwatchLogsLogDestination", "FirehoseLogDestination", "S3LogDestination",
)  # fmt: skip


def check(pipe: Pipe, operation: str, now: int) -> None:
    """Raise what is wrong with a pipe, or what Pileus cannot do yet."""
    _check_source(pipe, operation)
    if pipe.is_fed_by_stream:
        stream_settings.check(pipe, now)
    _check_enrichment(pipe, operation)
    _check_target(pipe, operation)
    _check_batches(pipe)
    _check_regions(pipe)
    logs = pipe.log_configuration or {}
    if logs.get("Level", "OFF") != "OFF" and not any(logs.get(name) for name in _LOG_DESTINATIONS):
        raise errors.log_destination_missing()
    for text in pipe.patterns:
        try:
            record_filters.compile(text, event_patterns.PIPES)
        except InvalidPattern as problem:
            raise errors.invalid_pattern(problem.reason) from problem
    for parameters in (pipe.enrichment_parameters, pipe.target_parameters):
        try:
            input_transformers.compile_pipe_template(parameters.get("InputTemplate") or "")
        except (
            input_transformers.InvalidPath, input_transformers.InvalidPlaceholder,
        ) as problem:  # fmt: skip
            raise errors.invalid_template() from problem


def _check_source(pipe: Pipe, operation: str) -> None:
    service = pipe.source_service
    if service in _OTHER_SOURCES:
        raise not_implemented("pipes", operation, f"Source ({service})")
    if service not in _SOURCES or (service == "dynamodb" and "/stream/" not in pipe.source):
        raise errors.invalid_source(pipe.source)
    for member, given in pipe.source_parameters.items():
        if given is not None and member not in ("FilterCriteria", _SOURCES[service]):
            raise errors.source_parameters_not_wanted(member)


def _check_regions(pipe: Pipe) -> None:
    here = pipe.arn.split(":")[3]
    for arn in (pipe.source, pipe.target):
        parts = arns.parse(arn)
        if parts is not None and parts.region not in ("", here):
            raise errors.other_region()


def _check_enrichment(pipe: Pipe, operation: str) -> None:
    if not pipe.enrichment:
        return
    parts = arns.parse(pipe.enrichment)
    service = "" if parts is None else parts.service
    if service in _OTHER_ENRICHMENTS:
        raise not_implemented("pipes", operation, f"Enrichment ({service})")
    if service != "lambda":
        raise errors.invalid_enrichment()
    if pipe.enrichment_parameters.get("HttpParameters"):
        raise errors.enrichment_parameters_not_wanted("HttpParameters")


def _check_target(pipe: Pipe, operation: str) -> None:
    parts = arns.parse(pipe.target)
    service = "" if parts is None else parts.service
    is_destination = parts is not None and parts.resource.startswith("api-destination/")
    if service in _OTHER_TARGETS or is_destination:
        raise not_implemented("pipes", operation, f"Target ({service})")
    if parts is None or service not in TARGETS:
        raise errors.invalid_target(pipe.target)
    if service == "sns" and parts.resource.endswith(".fifo"):
        raise errors.fifo_topic()
    own = TARGETS[service][1]
    for member, given in pipe.target_parameters.items():
        if given is not None and member not in ("InputTemplate", own):
            raise errors.target_parameters_not_wanted(member)
    given = pipe.target_parameters.get(own) or {}
    if service == "sqs" and parts.resource.endswith(".fifo") and not given.get("MessageGroupId"):
        raise errors.group_needed()
    if service == "kinesis" and not given.get("PartitionKey"):
        raise errors.partition_key_needed()
    if service == "logs" and not given.get("LogStreamName"):
        raise not_implemented("pipes", operation, "LogStreamName (left out)")
    if given.get("EndpointId"):
        raise not_implemented("pipes", operation, "EndpointId")


def _check_batches(pipe: Pipe) -> None:
    limit = TARGETS[pipe.target_service][0]
    if pipe.batch_size > limit:
        raise errors.batch_too_large(pipe.batch_size, limit)
    if pipe.source.endswith(".fifo"):
        if pipe.window_seconds:
            raise errors.window_on_fifo()
        if pipe.batch_size > BATCH_SIZE_WITHOUT_WINDOW_MAX:
            raise errors.batch_too_large(pipe.batch_size, BATCH_SIZE_WITHOUT_WINDOW_MAX)
    elif (
        not pipe.is_fed_by_stream
        and pipe.batch_size > BATCH_SIZE_WITHOUT_WINDOW_MAX
        and not pipe.window_seconds
    ):
        raise errors.window_needed()


def with_defaults(pipe: Pipe, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A source's parameters with the batch size that AWS gives them."""
    member = _SOURCES.get(pipe.source_service)
    if member is None:
        return dict(parameters)
    given = {"BatchSize": default_batch_size(pipe), **(parameters.get(member) or {})}
    return {**parameters, member: given}


def merged_source(pipe: Pipe, wanted: Mapping[str, Any] | None) -> dict[str, Any]:
    """A source's parameters after an update. docs: API_UpdatePipe: an object as a whole."""
    parameters = merged(pipe.source_parameters, wanted)
    member = stream_settings.MEMBERS.get(pipe.source_service, "")
    if (wanted or {}).get(member) is not None:
        parameters[member] = stream_settings.merged(pipe, parameters[member])
    return with_defaults(pipe, parameters)


def merged(present: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> dict[str, Any]:
    """Parameters after an update: each member that is given replaces the whole old one."""
    return {**present, **{key: each for key, each in (wanted or {}).items() if each is not None}}


def summary(pipe: Pipe) -> dict[str, Any]:
    """What the answers of all operations that change a pipe have in common."""
    return {
        "Arn": pipe.arn,
        "Name": pipe.name,
        "DesiredState": pipe.desired_state,
        "CurrentState": pipe.state,
        "CreationTime": pipe.created_at,
        "LastModifiedTime": pipe.modified_at,
    }


def listed(pipe: Pipe) -> dict[str, Any]:
    shown = {**summary(pipe), "Source": pipe.source, "Target": pipe.target}
    return {**shown, "Enrichment": pipe.enrichment} if pipe.enrichment else shown


def described(pipe: Pipe, tags: Mapping[str, str]) -> dict[str, Any]:
    """As DescribePipe answers it."""
    more = {
        "Description": pipe.description,
        "EnrichmentParameters": pipe.enrichment_parameters or None,
        "TargetParameters": pipe.target_parameters or None,
        "LogConfiguration": pipe.log_configuration or None,
        "KmsKeyIdentifier": pipe.kms_key_identifier or None,
    }
    return {
        **listed(pipe),
        "SourceParameters": pipe.source_parameters,
        "RoleArn": pipe.role_arn,
        "Tags": dict(tags),
        **{name: value for name, value in more.items() if value is not None},
    }
