"""Which targets Scheduler takes, and which API calls they stand for."""

from __future__ import annotations

from typing import Any

import pytest

from pileus.kernel.errors import AwsError
from pileus.services.scheduler import targets
from pileus.services.scheduler.targets import Request, Universal

EVENT = {"Source": "s", "DetailType": "d"}
ECS = {"TaskDefinitionArn": "t", "TaskCount": 2}
PIPELINE = {"PipelineParameterList": [{"Name": "n"}]}


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:us-east-1:000000000000:{resource}"


@pytest.mark.parametrize(
    ("target", "more", "request_"),
    [
        (
            arn("sqs", "q"), {},
            Request(
                "sqs", "SendMessage",
                {"QueueUrl": "/queue/us-east-1/000000000000/q", "MessageBody": "{}"},
            ),
        ),
        (
            arn("events", "event-bus/b"), {"EventBridgeParameters": EVENT},
            Request(
                "events", "PutEvents",
                {
                    "Entries": [
                        {"EventBusName": arn("events", "event-bus/b"), "Detail": "{}", **EVENT}
                    ]
                },
            ),
        ),
        (
            arn("states", "stateMachine:m"), {},
            Request(
                "stepfunctions", "StartExecution",
                {"stateMachineArn": arn("states", "stateMachine:m"), "input": "{}"},
            ),
        ),
        (
            arn("kinesis", "stream/s"), {"KinesisParameters": {"PartitionKey": "k"}},
            Request(
                "kinesis", "PutRecord",
                {"StreamARN": arn("kinesis", "stream/s"), "Data": b"{}", "PartitionKey": "k"},
            ),
        ),
        (
            arn("firehose", "deliverystream/d"), {},
            Request(
                "firehose", "PutRecord",
                {"DeliveryStreamName": "d", "Record": {"Data": b"{}"}},
            ),
        ),
        (
            arn("ecs", "cluster/c"), {"EcsParameters": ECS},
            Request(
                "ecs", "RunTask",
                {"cluster": arn("ecs", "cluster/c"), "taskDefinition": "t", "count": 2},
            ),
        ),
        (
            arn("codebuild", "project/p"), {},
            Request("codebuild", "StartBuild", {"projectName": "p"}),
        ),
        (
            arn("codepipeline", "p"), {},
            Request("codepipeline", "StartPipelineExecution", {"name": "p"}),
        ),
        (
            arn("sagemaker", "pipeline/p"), {"SageMakerPipelineParameters": PIPELINE},
            Request(
                "sagemaker", "StartPipelineExecution",
                {
                    "PipelineName": arn("sagemaker", "pipeline/p"),
                    "PipelineParameters": [{"Name": "n"}],
                },
            ),
        ),
    ],
    ids=lambda value: value.split(":")[2] if isinstance(value, str) else "",
)  # fmt: skip
def test_a_resource_stands_for_a_call(target: str, more: dict[str, Any], request_: Request) -> None:
    wanted = {"Arn": target, "RoleArn": "r", "Input": "{}", **more}
    targets.check(wanted)
    assert request_ == targets.request_of(wanted, "{}")


def test_a_universal_target_names_service_and_action() -> None:
    assert Universal("sqs", "sendMessage") == targets.universal_of(
        "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
    )
    assert targets.universal_of("arn:aws:sqs:us-east-1:000000000000:q") is None


@pytest.mark.parametrize("action", ["getItem", "listX", "scan", "batchGetItem", "selectAll"])
def test_reading_is_no_action(action: str) -> None:
    with pytest.raises(AwsError, match=f"{action} API is not supported"):
        targets.check({"Arn": f"arn:aws:scheduler:::aws-sdk:dynamodb:{action}"})


@pytest.mark.parametrize("action", ["getaway", "listen", "readyUp", "scanner"])
def test_a_longer_word_is_another_word(action: str) -> None:
    target = {"Arn": f"arn:aws:scheduler:::aws-sdk:dynamodb:{action}", "Input": "no JSON"}
    with pytest.raises(AwsError, match="JSON syntax error"):
        targets.check(target)


def test_the_retry_policy_is_filled_up() -> None:
    found = targets.with_defaults({"RetryPolicy": {"MaximumRetryAttempts": 3}}, 185, 86_400)
    expected = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 3}
    assert expected == found["RetryPolicy"]
