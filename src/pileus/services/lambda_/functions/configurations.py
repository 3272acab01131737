"""A function's configuration: what is stored of it, and how AWS shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypedDict

import msgspec

from pileus.kernel import arns
from pileus.services.lambda_.functions import runtimes
from pileus.services.lambda_.functions.function_names import LATEST

DEFAULT_MEMORY_MB = 128
DEFAULT_TIMEOUT_SECONDS = 3
DEFAULT_EPHEMERAL_MB = 512


# Of PutFunctionRecursionConfig.
ALLOW_LOOPS = "Allow"


class FunctionSettings(TypedDict, total=False):
    """The optional members that CreateFunction and UpdateFunctionConfiguration share."""

    runtime: str
    handler: str
    description: str
    timeout: int
    memory_size: int
    vpc_config: dict[str, Any]
    dead_letter_config: dict[str, Any]
    environment: dict[str, Any]
    kms_key_arn: str
    tracing_config: dict[str, Any]
    layers: list[str]
    file_system_configs: list[dict[str, Any]]
    ephemeral_storage: dict[str, Any]
    snap_start: dict[str, Any]
    logging_config: dict[str, Any]
    image_config: dict[str, Any]
    durable_config: dict[str, Any]
    capacity_provider_config: dict[str, Any]


class Logging(msgspec.Struct, frozen=True, omit_defaults=True):
    format: str = "Text"
    group: str = ""  # empty: /aws/lambda/NAME
    application_level: str = "INFO"
    system_level: str = "INFO"


class Durable(msgspec.Struct, frozen=True, omit_defaults=True):
    """How long the executions of a durable function may take, and are kept."""

    timeout_seconds: int
    retention_days: int = 14  # docs: serverless-application-model, DurableConfig
    kms_key_arn: str = ""


class Capacity(msgspec.Struct, frozen=True, omit_defaults=True):
    """The instances that a function runs on; 0 is what its runtime wants."""

    provider_arn: str
    max_concurrency: int = 0
    gib_per_vcpu: float = 0.0


class Scaling(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many environments a version on a capacity provider has, at least and at most."""

    minimum: int | None = None
    maximum: int | None = None


class Layer(msgspec.Struct, frozen=True):
    """A version of a layer that a function uses; its zip is a blob beside the function's own."""

    arn: str  # with the version
    digest: str
    code_size: int
    unzipped_bytes: int


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """A change of state under way (only with `--aws-delays`), or why the last one failed."""

    status: str
    reason: str = ""
    reason_code: str = ""


ACTIVE = Change("Active")
PENDING = Change("Pending", "The function is being created.", "Creating")
SUCCESSFUL = Change("Successful")
IN_PROGRESS = Change("InProgress", "The function is being created.", "Creating")


class Image(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A container image as it was when the function got it, and how it wants to be run."""

    uri: str
    resolved_uri: str
    repository_arn: str  # under which its layers are kept
    entry_point: list[str] = []
    command: list[str] = []
    working_directory: str = ""
    variables: dict[str, str] = {}


class ImageConfig(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a function says instead of its image."""

    entry_point: list[str] | None = None
    command: list[str] | None = None
    working_directory: str = ""


class Function(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A function's $LATEST or one of its versions, as its row holds it."""

    arn: str  # unqualified
    name: str
    # Shared by the versions of a function, and by no other function that ever has its name.
    id: str
    revision_id: str
    modified_at: int
    runtime: str
    handler: str
    role: str
    code_digest: str  # SHA-256 of the package, hexadecimal
    code_sha256: str  # the same in base64, as AWS shows it
    code_size: int
    version: str = LATEST
    description: str = ""
    # Of a version: the description of $LATEST when it was published.
    description_of_latest: str = ""
    timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS
    memory_mb: int = DEFAULT_MEMORY_MB
    ephemeral_mb: int = DEFAULT_EPHEMERAL_MB
    architecture: str = "x86_64"
    variables: dict[str, str] | None = None
    layers: tuple[Layer, ...] = ()
    # Of a function of the package type Image, whose package is the image's manifest.
    image: Image | None = None
    image_config: ImageConfig | None = None
    logging: Logging = Logging()
    tracing_mode: str = "PassThrough"
    dead_letter_arn: str = ""
    kms_key_arn: str = ""
    vpc: dict[str, Any] | None = None
    file_systems: list[dict[str, Any]] = []
    snap_start_on: str = "None"
    durable: Durable | None = None
    capacity: Capacity | None = None
    # Records beside the configuration: changing them makes no other configuration.
    recursive_loop: str = "Terminate"
    runtime_updates: str = "Auto"
    runtime_version_arn: str = ""
    signing_config_arn: str = ""
    scaling: Scaling | None = None
    state: Change = ACTIVE
    update: Change = SUCCESSFUL
    # Grows with each change of code or configuration: environments of an older one are retired.
    generation: int = 1

    @property
    def is_version(self) -> bool:
        return self.version != LATEST

    @property
    def qualified_arn(self) -> str:
        """Names what runs: the function for $LATEST, else the version."""
        return f"{self.arn}:{self.version}" if self.is_version else self.arn

    @property
    def is_snap_started(self) -> bool:
        """docs: lambda/latest/dg/snapstart: only published versions are."""
        return self.is_version and self.snap_start_on == "PublishedVersions"

    @property
    def status(self) -> str:
        """On a capacity provider only what is published runs."""
        is_ready = self.state.status == "Active"
        is_managed = self.capacity is not None and not self.is_version
        return "ActiveNonInvocable" if is_ready and is_managed else self.state.status

    @property
    def log_group(self) -> str:
        return self.logging.group or f"/aws/lambda/{self.name}"

    @property
    def digests(self) -> list[str]:
        """The blobs that it keeps: its package and its layers'."""
        return [self.code_digest, *(layer.digest for layer in self.layers)]

    @property
    def is_changing(self) -> bool:
        return self.state.status == "Pending" or self.update.status == "InProgress"


def replace(function: Function, **changes: Any) -> Function:
    return msgspec.structs.replace(function, **changes)


def show(function: Function, qualifier: str = "") -> dict[str, Any]:
    """As GetFunctionConfiguration answers it; the qualifier by which it was asked for, if any."""
    parts = arns.parse(function.arn)
    assert parts is not None
    shown: dict[str, Any] = {
        "FunctionName": function.name,
        "FunctionArn": f"{function.arn}:{qualifier}" if qualifier else function.qualified_arn,
        "Runtime": function.runtime,
        "Role": function.role,
        "Handler": function.handler,
        "CodeSize": function.code_size,
        "Description": function.description,
        "Timeout": function.timeout_seconds,
        "MemorySize": function.memory_mb,
        "LastModified": timestamp(function.modified_at),
        "CodeSha256": function.code_sha256,
        "Version": function.version,
        "TracingConfig": {"Mode": function.tracing_mode},
        "RevisionId": function.revision_id,
        "PackageType": "Image" if function.image else "Zip",
        "Architectures": [function.architecture],
        "EphemeralStorage": {"Size": function.ephemeral_mb},
        "SnapStart": {
            "ApplyOn": function.snap_start_on,
            "OptimizationStatus": "On" if function.is_snap_started else "Off",
        },
        "RuntimeVersionConfig": {
            "RuntimeVersionArn": runtimes.version_arn(
                parts.partition, parts.region, function.runtime
            )
        },
        "LoggingConfig": _show_logging(function),
    }
    if function.image is not None:
        _show_image(function, shown)
    _show_records(function, shown)
    _show_states(function, shown)
    return shown


# docs: ListFunctions, ListVersionsByFunction answer all but these.
_NOT_LISTED = (
    "State",
    "StateReason",
    "StateReasonCode",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
    "RuntimeVersionConfig",
)


def show_listed(function: Function, qualifier: str = "") -> dict[str, Any]:
    """As lists answer it."""
    shown = show(function, qualifier)
    for member in _NOT_LISTED:
        shown.pop(member, None)
    return shown


def _show_image(function: Function, shown: dict[str, Any]) -> None:
    for member in ("Runtime", "Handler", "RuntimeVersionConfig"):
        del shown[member]
    config = function.image_config
    if config is not None:
        given = {
            "EntryPoint": config.entry_point,
            "Command": config.command,
            "WorkingDirectory": config.working_directory or None,
        }
        found = {name: value for name, value in given.items() if value is not None}
        shown["ImageConfigResponse"] = {"ImageConfig": found}


def _show_logging(function: Function) -> dict[str, Any]:
    shown = {"LogFormat": function.logging.format, "LogGroup": function.log_group}
    if function.logging.format == "JSON":
        shown["ApplicationLogLevel"] = function.logging.application_level
        shown["SystemLogLevel"] = function.logging.system_level
    return shown


def _show_records(function: Function, shown: dict[str, Any]) -> None:
    if function.variables is not None:
        shown["Environment"] = {"Variables": function.variables}
    if function.layers:
        shown["Layers"] = [
            {"Arn": each.arn, "CodeSize": each.code_size} for each in function.layers
        ]
    if function.dead_letter_arn:
        shown["DeadLetterConfig"] = {"TargetArn": function.dead_letter_arn}
    if function.durable is not None:
        shown["DurableConfig"] = show_durable(function.durable)
    if function.capacity is not None:
        shown["CapacityProviderConfig"] = show_capacity(function.capacity)
    if function.kms_key_arn:
        shown["KMSKeyArn"] = function.kms_key_arn
    if function.file_systems:
        shown["FileSystemConfigs"] = function.file_systems
    if function.vpc is not None:
        shown["VpcConfig"] = {
            "SubnetIds": function.vpc.get("SubnetIds", []),
            "SecurityGroupIds": function.vpc.get("SecurityGroupIds", []),
            "VpcId": "",
            "Ipv6AllowedForDualStack": function.vpc.get("Ipv6AllowedForDualStack", False),
        }


def show_capacity(capacity: Capacity) -> dict[str, Any]:
    shown: dict[str, Any] = {"CapacityProviderArn": capacity.provider_arn}
    if capacity.max_concurrency:
        shown["PerExecutionEnvironmentMaxConcurrency"] = capacity.max_concurrency
    if capacity.gib_per_vcpu:
        shown["ExecutionEnvironmentMemoryGiBPerVCpu"] = capacity.gib_per_vcpu
    return {"LambdaManagedInstancesCapacityProviderConfig": shown}


def show_durable(durable: Durable) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "ExecutionTimeout": durable.timeout_seconds,
        "RetentionPeriodInDays": durable.retention_days,
    }
    if durable.kms_key_arn:
        shown["KMSKeyArn"] = durable.kms_key_arn
    return shown


def _show_states(function: Function, shown: dict[str, Any]) -> None:
    shown["State"] = function.status
    if function.state.reason:
        shown["StateReason"] = function.state.reason
        shown["StateReasonCode"] = function.state.reason_code
    # AWS tells nothing of updates while a function is being created.
    if function.state.status != "Pending":
        shown["LastUpdateStatus"] = function.update.status
        if function.update.reason:
            shown["LastUpdateStatusReason"] = function.update.reason
            shown["LastUpdateStatusReasonCode"] = function.update.reason_code


def timestamp(at: int) -> str:
    """Lambda's own form of a time: 2026-11-21T09:30:00.123+0000."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03d}+0000"
