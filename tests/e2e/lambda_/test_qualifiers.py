"""Policies, settings of asynchronous invocation, mappings and deliveries of one qualifier each."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from support.fake_fleet import Context
from support.lambdas import Functions, RunningLambda
from support.refusals import Refusal, refusal


class Ran:
    """Which version ran by which name."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def __call__(self, event: Any, context: Context) -> Any:
        version = context.spec.variables["AWS_LAMBDA_FUNCTION_VERSION"]
        self.seen.append((version, context.invoked_arn.rpartition(":")[2]))
        if event == "fail":
            raise ValueError("no")
        return version


@pytest.fixture
def ran() -> Ran:
    return Ran()


@pytest.fixture
def name(functions: Functions, client: Any, ran: Ran) -> str:
    """A function with version 1, and an alias `live` for it."""
    made = functions.create(ran)
    client.publish_version(FunctionName=made)
    client.create_alias(FunctionName=made, Name="live", FunctionVersion="1")
    return made


def not_found(message: str) -> Refusal:
    return Refusal("ResourceNotFoundException", message, 404)


def make_queue(aws: Any, called: str, **attributes: str) -> tuple[str, str]:
    """The URL and the ARN of a queue."""
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName=called, Attributes=attributes)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def records(aws: Any, url: str) -> list[dict[str, Any]]:
    found = aws("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


def test_each_qualifier_has_a_policy_of_its_own(
    functions: Functions, client: Any, name: str
) -> None:
    def allow(statement: str, **members: Any) -> dict[str, Any]:
        added = client.add_permission(
            FunctionName=name, StatementId=statement, Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com", **members,
        )  # fmt: skip
        return dict(json.loads(added["Statement"]))

    assert functions.arn(name) == allow("s1")["Resource"]
    assert f"{functions.arn(name)}:live" == allow("s1", Qualifier="live")["Resource"]
    assert f"{functions.arn(name)}:1" == allow("s2", Qualifier="1")["Resource"]
    found = client.get_policy(FunctionName=name, Qualifier="live")
    assert ["s1"] == [each["Sid"] for each in json.loads(found["Policy"])["Statement"]]
    stale = refusal(
        client.remove_permission, FunctionName=name, StatementId="s1", Qualifier="live",
        RevisionId="old",
    )  # fmt: skip
    assert 412 == stale.status
    client.remove_permission(FunctionName=name, StatementId="s1", Qualifier="live")
    gone = not_found("The resource you requested does not exist.")
    assert gone == refusal(client.get_policy, FunctionName=name, Qualifier="live")
    assert client.get_policy(FunctionName=name)["Policy"]
    for qualifier in ("2", "other"):
        assert not_found(f"Function not found: {functions.arn(name)}:{qualifier}") == refusal(
            client.get_policy, FunctionName=name, Qualifier=qualifier
        )


def test_all_conditions_of_a_permission(client: Any, name: str) -> None:
    added = client.add_permission(
        FunctionName=name, StatementId="s1", Action="lambda:InvokeFunctionUrl", Principal="*",
        EventSourceToken="token", PrincipalOrgID="o-1234567890", FunctionUrlAuthType="NONE",
        InvokedViaFunctionUrl=True, SourceAccount="111111111111",
        SourceArn="arn:aws:s3:::bucket", Qualifier="live",
    )  # fmt: skip
    assert {
        "StringEquals": {
            "AWS:SourceAccount": "111111111111",
            "lambda:EventSourceToken": "token",
            "lambda:FunctionUrlAuthType": "NONE",
            "aws:PrincipalOrgID": "o-1234567890",
        },
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"},
        "Bool": {"lambda:InvokedViaFunctionUrl": "true"},
    } == json.loads(added["Statement"])["Condition"]


def test_what_hangs_on_an_alias_ends_with_it(client: Any, name: str) -> None:
    client.put_function_event_invoke_config(
        FunctionName=name, Qualifier="live", MaximumRetryAttempts=0
    )
    client.add_permission(
        FunctionName=name, StatementId="s1", Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com", Qualifier="live",
    )  # fmt: skip
    client.delete_alias(FunctionName=name, Name="live")
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert 404 == refusal(client.get_policy, FunctionName=name, Qualifier="live").status
    assert (
        []
        == client.list_function_event_invoke_configs(FunctionName=name)[
            "FunctionEventInvokeConfigs"
        ]
    )


def test_settings_of_asynchronous_invocation_by_qualifier(
    functions: Functions, client: Any, aws: Any, name: str, ran: Ran
) -> None:
    url, arn = make_queue(aws, "failures")
    config = {"OnFailure": {"Destination": arn}}
    client.put_function_event_invoke_config(
        FunctionName=name, Qualifier="live", MaximumRetryAttempts=0, DestinationConfig=config
    )
    client.put_function_event_invoke_config(FunctionName=f"{name}:$LATEST", MaximumRetryAttempts=1)
    client.put_function_event_invoke_config(
        FunctionName=name, Qualifier="1", MaximumEventAgeInSeconds=60
    )
    pages = client.get_paginator("list_function_event_invoke_configs").paginate(
        FunctionName=name, PaginationConfig={"PageSize": 2}
    )
    listed = [each["FunctionArn"] for page in pages for each in page["FunctionEventInvokeConfigs"]]
    assert [f"{functions.arn(name)}:{each}" for each in ("$LATEST", "1", "live")] == listed
    missing = f"The function {functions.arn(name)}:other doesn't have an EventInvokeConfig"
    assert not_found(missing) == refusal(
        client.get_function_event_invoke_config, FunctionName=name, Qualifier="other"
    )
    functions.invoke(name, "fail", InvocationType="Event", Qualifier="live")
    functions.pileus.advance(600)
    assert [("1", "live")] == ran.seen
    [record] = records(aws, url)
    assert f"{functions.arn(name)}:live" == record["requestContext"]["functionArn"]
    assert "1" == record["responseContext"]["executedVersion"]


def test_a_result_goes_to_an_event_bus(
    functions: Functions, client: Any, aws: Any, name: str
) -> None:
    url, arn = make_queue(aws, "from-the-bus")
    events = aws("events")
    bus = events.create_event_bus(Name="results")["EventBusArn"]
    events.put_rule(
        Name="all", EventBusName="results", EventPattern=json.dumps({"source": ["lambda"]})
    )
    events.put_targets(Rule="all", EventBusName="results", Targets=[{"Id": "1", "Arn": arn}])
    client.put_function_event_invoke_config(
        FunctionName=name, Qualifier="live", MaximumRetryAttempts=0,
        DestinationConfig={"OnSuccess": {"Destination": bus}, "OnFailure": {"Destination": bus}},
    )  # fmt: skip
    for event in ("well", "fail"):
        functions.invoke(name, event, InvocationType="Event", Qualifier="live")
        functions.pileus.idle()
    found = {each["detail-type"]: each for each in records(aws, url)}
    assert {
        "Lambda Function Invocation Result - Success",
        "Lambda Function Invocation Result - Failure",
    } == set(found)
    event = found["Lambda Function Invocation Result - Success"]
    assert [bus, f"{functions.arn(name)}:live"] == event["resources"]
    assert ("lambda", functions.account) == (event["source"], event["account"])
    assert ("well", "1") == (event["detail"]["requestPayload"], event["detail"]["responsePayload"])
    failed = found["Lambda Function Invocation Result - Failure"]["detail"]
    assert "RetriesExhausted" == failed["requestContext"]["condition"]


def test_a_record_for_a_bucket_fails_visibly(
    functions: Functions, client: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    client.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::records"}},
    )  # fmt: skip
    functions.invoke(name, "fail", InvocationType="Event")
    with caplog.at_level(logging.WARNING):
        functions.pileus.advance(25 * 3600)
    assert any(
        "delivery given up: to=arn:aws:s3:::records" in record.getMessage()
        for record in caplog.records
    )


def test_a_queue_feeds_an_alias(
    functions: Functions, client: Any, aws: Any, name: str, ran: Ran
) -> None:
    url, arn = make_queue(aws, "work")
    alias = f"{functions.arn(name)}:live"
    made = client.create_event_source_mapping(EventSourceArn=arn, FunctionName=alias)
    assert alias == made["FunctionArn"]
    aws("sqs").send_message(QueueUrl=url, MessageBody="x")
    functions.pileus.idle()
    assert [("1", "live")] == ran.seen
    client.update_function_configuration(FunctionName=name, Timeout=4)
    client.publish_version(FunctionName=name)
    client.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    aws("sqs").send_message(QueueUrl=url, MessageBody="y")
    functions.pileus.idle()
    assert [("1", "live"), ("2", "live")] == ran.seen
    for qualifier in ("9", "other"):
        unknown = refusal(
            client.create_event_source_mapping, EventSourceArn=arn,
            FunctionName=f"{name}:{qualifier}",
        )  # fmt: skip
        assert "Function does not exist" == unknown.message
    listed = client.list_event_source_mappings(FunctionName=f"{name}:live")
    assert [made["UUID"]] == [each["UUID"] for each in listed["EventSourceMappings"]]
    assert [] == client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]


def test_a_topic_hands_over_to_a_version_and_an_alias(
    functions: Functions, aws: Any, name: str, ran: Ran
) -> None:
    sns = aws("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    for qualifier in ("live", "1"):
        sns.subscribe(
            TopicArn=topic, Protocol="lambda", Endpoint=f"{functions.arn(name)}:{qualifier}"
        )
    sns.publish(TopicArn=topic, Message="hello")
    functions.pileus.idle()
    assert [("1", "1"), ("1", "live")] == sorted(ran.seen)


def test_tags_are_for_functions_only(functions: Functions, client: Any, name: str) -> None:
    for qualifier in ("1", "live"):
        assert Refusal(
            "InvalidParameterValueException",
            "Tags on function aliases and versions are not supported. Please specify a function "
            "ARN.",
            400,
        ) == refusal(
            client.tag_resource, Resource=f"{functions.arn(name)}:{qualifier}", Tags={"a": "b"}
        )


def test_the_qualifier_of_a_name_and_of_a_request_must_agree(client: Any, name: str) -> None:
    assert Refusal(
        "InvalidParameterValueException",
        "The derived qualifier from the function name does not match the specified qualifier.",
        400,
    ) == refusal(client.invoke, FunctionName=f"{name}:1", Qualifier="live")


def test_invoke_async_takes_a_qualified_name(
    functions: Functions, client: Any, name: str, ran: Ran, pileus: RunningLambda
) -> None:
    client.invoke_async(FunctionName=f"{name}:live", InvokeArgs=b"{}")
    pileus.idle()
    assert [("1", "live")] == ran.seen
    missing = refusal(client.invoke_async, FunctionName=f"{name}:other", InvokeArgs=b"{}")
    assert not_found(f"Function not found: {functions.arn(name)}:other") == missing
