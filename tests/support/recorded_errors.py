"""Refusals that AWS has been recorded to answer, as rows, and the functions that they speak of.

In rows `~name` stands for a function's ARN, `%name` for a layer's, `&` for the account's ARN of
Lambda. Requests go out as they are: boto3 would refuse some of them by itself.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from support.lambdas import RunningLambda, make_role, package

ACCOUNT = "222233334444"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:"
_ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:"
_VIOLATION = "1 validation error detected: Value {} at '{}' failed to satisfy constraint: Member "
VALIDATION = "ValidationException"


class Recorded(NamedTuple):
    code: str
    status: int
    message: str
    operation: str
    members: dict[str, Any]


def recorded(code: str, status: int, message: str, operation: str, **members: Any) -> Recorded:
    return Recorded(code, status, message, operation, members)


def invalid(message: str, operation: str, **members: Any) -> Recorded:
    return recorded("InvalidParameterValueException", 400, message, operation, **members)


def missing(message: str, operation: str, **members: Any) -> Recorded:
    return recorded("ResourceNotFoundException", 404, message, operation, **members)


def conflict(message: str, operation: str, **members: Any) -> Recorded:
    return recorded("ResourceConflictException", 409, message, operation, **members)


def violated(value: str, member: str, rule: str, operation: str, **members: Any) -> Recorded:
    text = _VIOLATION.format(value, member) + rule
    return recorded(VALIDATION, 400, text, operation, **members)


def create(**members: Any) -> dict[str, Any]:
    return {
        "FunctionName": "new", "Runtime": "python3.12", "Handler": "index.handler",
        "Role": "<role>", "Code": {"ZipFile": package("x")}, **members,
    }  # fmt: skip


def alias(**members: Any) -> dict[str, Any]:
    return {"FunctionName": "one", "Name": "new", "FunctionVersion": "1", **members}


def weights(version: str, weight: float) -> dict[str, Any]:
    return {"AdditionalVersionWeights": {version: weight}}


def mapping(**members: Any) -> dict[str, Any]:
    return {"FunctionName": "one", "EventSourceArn": f"{QUEUE}other", **members}


def permission(**members: Any) -> dict[str, Any]:
    return {
        "FunctionName": "one", "StatementId": "new", "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com", **members,
    }  # fmt: skip


def provisioned(name: str, qualifier: str, count: int) -> dict[str, Any]:
    return {
        "FunctionName": name, "Qualifier": qualifier, "ProvisionedConcurrentExecutions": count
    }  # fmt: skip


class World:
    """Functions, aliases, layers and the like that the rows speak of."""

    def __init__(self, pileus: RunningLambda) -> None:
        self.client = pileus.client("lambda", account=ACCOUNT, parameter_validation=False)
        role = make_role(pileus.client("iam", account=ACCOUNT), "worker")
        self._words = {"~": f"{_ARN}function:", "%": f"{_ARN}layer:", "&": _ARN, "<role>": role}
        queues = pileus.client("sqs", account=ACCOUNT)
        for name in ("queue", "other"):
            queues.create_queue(QueueName=name)
        for name in ("one", "kept", "aliased", "reserved", "throttled"):
            self.make_function(name)
        self.make_layer()
        client = self.client
        client.put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=5)
        client.put_function_concurrency(FunctionName="throttled", ReservedConcurrentExecutions=0)
        client.put_provisioned_concurrency_config(**provisioned("kept", "1", 2))
        client.put_provisioned_concurrency_config(**provisioned("aliased", "live", 1))
        client.add_permission(**permission(StatementId="s1"))
        client.create_function_url_config(FunctionName="one", AuthType="NONE")
        made = client.create_event_source_mapping(**mapping(EventSourceArn=f"{QUEUE}queue"))
        self._words["<uuid>"] = made["UUID"]
        self._words["<sha>"] = client.get_function_configuration(FunctionName="one")["CodeSha256"]

    def make_function(self, name: str) -> None:
        """A function with the versions 1 and 2, and an alias of the first."""
        client = self.client
        client.create_function(**self.said(create(FunctionName=name)))
        client.publish_version(FunctionName=name)
        client.update_function_configuration(FunctionName=name, Timeout=4)
        client.publish_version(FunctionName=name)
        client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")

    def make_layer(self) -> None:
        for text in ("1", "2"):
            content = {"ZipFile": package(text)}
            self.client.publish_layer_version(LayerName="layer", Content=content)
        self.client.add_layer_version_permission(
            LayerName="layer", VersionNumber=1, StatementId="s1", Action="lambda:GetLayerVersion",
            Principal="*",
        )  # fmt: skip

    def said(self, value: Any) -> Any:
        """A part of a row with the words for what is there."""
        if isinstance(value, dict):
            return {key: self.said(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.said(each) for each in value]
        if isinstance(value, str):
            for word, meaning in self._words.items():
                value = value.replace(word, meaning)
        return value
