"""What a schedule may call: the targets with templates, and any AWS API by its name. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from pileus.kernel import arns
from pileus.services.scheduler import errors

INPUT_BYTES_MAX = 256 * 1024  # docs: API_Target, Input
_UNIVERSAL = re.compile(r"arn:aws[a-z-]*:scheduler:::aws-sdk:([a-z0-9]+):([a-zA-Z0-9]+)")
# docs: managing-targets-universal, unsupported actions
_READ_ONLY = (
    "get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read",
    "lookup", "discover", "validate", "batchGet", "batchDescribe", "batchRead", "transactGet",
    "adminGet", "adminList", "testMigration", "retrieve", "testConnection", "translateDocument",
    "isAuthorized", "isAuthorizedWithToken", "invokeModel",
)  # fmt: skip


class Universal(NamedTuple):
    """An API action as a target: the SDK's name of the service, and the action in camel case."""

    service_id: str
    action: str


class Request(NamedTuple):
    """An API call, in AWS's names."""

    service: str
    operation: str
    params: dict[str, Any]


class Templated(NamedTuple):
    """A kind of resource that can be a target, and how it is called with its input."""

    resource: re.Pattern[str]
    request: Callable[[arns.Arn, Mapping[str, Any], str], Request]
    parameters: str = ""  # The member that goes with it.
    needs_parameters: bool = False
    takes_json_only: bool = False


def _sqs(arn: arns.Arn, target: Mapping[str, Any], text: str) -> Request:
    # A path without a host is a queue's URL too, and names the owner.
    params = {"QueueUrl": f"/queue/{arn.region}/{arn.account}/{arn.resource}", "MessageBody": text}
    return Request("sqs", "SendMessage", params | target.get("SqsParameters", {}))


def _lambda(arn: arns.Arn, target: Mapping[str, Any], text: str) -> Request:
    params = {"FunctionName": str(arn), "InvocationType": "Event", "Payload": text.encode()}
    return Request("lambda", "Invoke", params)


def _sns(arn: arns.Arn, target: Mapping[str, Any], text: str) -> Request:
    return Request("sns", "Publish", {"TopicArn": str(arn), "Message": text})


def _events(arn: arns.Arn, target: Mapping[str, Any], text: str) -> Request:
    entry = {"EventBusName": str(arn), "Detail": text, **target["EventBridgeParameters"]}
    return Request("events", "PutEvents", {"Entries": [entry]})


def _states(arn: arns.Arn, target: Mapping[str, Any], text: str) -> Request:
    return Request("stepfunctions", "StartExecution", {"stateMachineArn": str(arn), "input": text})


def _kinesis(arn: arns.Arn, target: Mapping[str, Any], text: str) -> Request:
    params = {"StreamARN": str(arn), "Data": text.encode(), **target["KinesisParameters"]}
    return Request("kinesis", "PutRecord", params)


def _firehose(arn: arns.Arn, target: Mapping[str, Any], text: str) -> Request:
    params = {"DeliveryStreamName": _name(arn), "Record": {"Data": text.encode()}}
    return Request("firehose", "PutRecord", params)


def _ecs(arn: arns.Arn, target: Mapping[str, Any], text: str) -> Request:
    given = target["EcsParameters"]
    params = {name[:1].lower() + name[1:]: value for name, value in given.items()}
    params["taskDefinition"] = params.pop("taskDefinitionArn")
    if "taskCount" in params:
        params["count"] = params.pop("taskCount")
    return Request("ecs", "RunTask", {"cluster": str(arn), **params})


def _codebuild(arn: arns.Arn, target: Mapping[str, Any], text: str) -> Request:
    return Request("codebuild", "StartBuild", {"projectName": _name(arn)})


def _codepipeline(arn: arns.Arn, target: Mapping[str, Any], text: str) -> Request:
    return Request("codepipeline", "StartPipelineExecution", {"name": arn.resource})


def _inspector(arn: arns.Arn, target: Mapping[str, Any], text: str) -> Request:
    return Request("inspector", "StartAssessmentRun", {"assessmentTemplateArn": str(arn)})


def _sagemaker(arn: arns.Arn, target: Mapping[str, Any], text: str) -> Request:
    params: dict[str, Any] = {"PipelineName": str(arn)}
    given = target.get("SageMakerPipelineParameters", {}).get("PipelineParameterList")
    if given:
        params["PipelineParameters"] = given
    return Request("sagemaker", "StartPipelineExecution", params)


def _name(arn: arns.Arn) -> str:
    return arn.resource.partition("/")[2]


# docs: managing-targets-templated
_TEMPLATED = {
    "sqs": Templated(re.compile(r"[\w-]{1,80}(\.fifo)?"), _sqs, "SqsParameters"),
    "lambda": Templated(re.compile(r"function:[\w-]+(:[\w$-]+)?"), _lambda, takes_json_only=True),
    "sns": Templated(re.compile(r"[\w-]+(\.fifo)?"), _sns),
    "events": Templated(
        re.compile(r"event-bus/[\w./-]+"), _events, "EventBridgeParameters", True, True
    ),
    "states": Templated(re.compile(r"stateMachine:[\w:-]+"), _states, takes_json_only=True),
    "kinesis": Templated(re.compile(r"stream/[\w.-]+"), _kinesis, "KinesisParameters", True),
    "firehose": Templated(re.compile(r"deliverystream/[\w.-]+"), _firehose),
    "ecs": Templated(re.compile(r"cluster/[\w-]+"), _ecs, "EcsParameters", True),
    "codebuild": Templated(re.compile(r"project/.+"), _codebuild),
    "codepipeline": Templated(re.compile(r"[\w.@-]+"), _codepipeline),
    "inspector": Templated(re.compile(r"target/.+/template/.+"), _inspector),
    "sagemaker": Templated(
        re.compile(r"pipeline/[\w-]+"), _sagemaker, "SageMakerPipelineParameters"
    ),
}
_PARAMETERS = (
    "EcsParameters", "EventBridgeParameters", "EventBridgePutEventsV2Parameters",
    "EventBridgePutRawEventsParameters", "KinesisParameters", "SageMakerPipelineParameters",
    "SqsParameters",
)  # fmt: skip


def with_defaults(target: Mapping[str, Any], retries: int, age_seconds: int) -> dict[str, Any]:
    """The target with the retry policy that AWS gives it where it has none."""
    policy = {"MaximumEventAgeInSeconds": age_seconds, "MaximumRetryAttempts": retries}
    return {**target, "RetryPolicy": {**policy, **(target.get("RetryPolicy") or {})}}


def check_region(target: Mapping[str, Any], region: str) -> None:
    """Raise unless the target lies in the schedule's region; universal targets lie in none."""
    parts = arns.parse(target["Arn"])
    if parts is not None and parts.region and parts.region != region:
        raise errors.other_region(region)


def universal_of(arn: str) -> Universal | None:
    """The API action that an ARN names, if it is a universal target."""
    found = _UNIVERSAL.fullmatch(arn)
    return None if found is None else Universal(found[1], found[2])


def check(target: Mapping[str, Any]) -> None:
    """Raise what CreateSchedule answers to a target that cannot be one."""
    text = target.get("Input")
    if text is not None and len(text.encode()) > INPUT_BYTES_MAX:
        raise errors.input_too_large(INPUT_BYTES_MAX)
    universal = universal_of(target["Arn"])
    if universal is not None:
        _check_universal(target, universal, text)
        return
    arn, kind = _templated(target["Arn"])
    for member in _PARAMETERS:
        if target.get(member) is not None and member != kind.parameters:
            raise errors.parameters_not_wanted(member)
    if kind.needs_parameters and target.get(kind.parameters) is None:
        raise errors.parameters_missing(kind.parameters)
    if arn.service == "sqs":
        _check_group(arn, target)
    if kind.takes_json_only and text is not None and not _is_json(text):
        raise errors.input_not_json()


def _check_universal(target: Mapping[str, Any], universal: Universal, text: str | None) -> None:
    if _is_read_only(universal.action):
        raise errors.read_only_action(universal.action)
    for member in _PARAMETERS:
        if target.get(member) is not None:
            raise errors.parameters_not_wanted(member)
    if text is None:
        raise errors.input_missing()
    if not _is_json(text):
        raise errors.input_not_json()


def _is_read_only(action: str) -> bool:
    """Whether an action's first words are those of an action that only reads."""
    return any(
        action.startswith(prefix) and not action[len(prefix) : len(prefix) + 1].islower()
        for prefix in _READ_ONLY
    )


def _check_group(arn: arns.Arn, target: Mapping[str, Any]) -> None:
    has_group = bool((target.get("SqsParameters") or {}).get("MessageGroupId"))
    is_fifo = arn.resource.endswith(".fifo")
    if is_fifo and not has_group:
        raise errors.parameters_missing("SqsParameters")
    if has_group and not is_fifo:
        raise errors.parameters_invalid("MessageGroupId")


def _templated(arn: str) -> tuple[arns.Arn, Templated]:
    parts = arns.parse(arn)
    kind = _TEMPLATED.get(parts.service) if parts is not None else None
    if parts is not None and kind is None:
        raise errors.unsupported_service(parts.service)
    if parts is None or kind is None or not kind.resource.fullmatch(parts.resource):
        raise errors.invalid_target(arn)
    return parts, kind


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def request_of(target: Mapping[str, Any], text: str) -> Request:
    """The API call that a target with a template stands for."""
    arn, kind = _templated(target["Arn"])
    return kind.request(arn, target, text)
