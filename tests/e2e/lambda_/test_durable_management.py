"""Durable executions are listed, read, stopped, paused, deleted, and tell of themselves."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from support.durable import (
    DAY,
    PENDING,
    Durable,
    Invoked,
    callback,
    chained,
    ends,
    step,
    succeeded,
    wait,
    waits,
)
from support.lambdas import Functions, RunningLambda
from support.refusals import Refusal, refusal


@pytest.fixture
def durable(functions: Functions, client: Any) -> Durable:
    return Durable(functions, client)


def in_status(status: str) -> Refusal:
    return Refusal(
        "ResourceConflictException",
        "The operation cannot be performed at this time. The durable execution is currently in "
        f"the following status: {status}",
        409,
    )


def queue(aws: Any, name: str) -> tuple[str, str]:
    """The URL and ARN of a queue."""
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def bodies(aws: Any, url: str) -> list[Any]:
    found = aws("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


# Reading.


def test_data_can_be_left_out(durable: Durable, client: Any) -> None:
    arn = durable.run(ends)
    found = client.get_durable_execution(DurableExecutionArn=arn, IncludeExecutionData=False)
    assert not {"InputPayload", "Result"} & found.keys()
    started = durable.events(arn, IncludeExecutionData=False)[0]
    assert {"Truncated": True} == started["ExecutionStartedDetails"]["Input"]


def test_a_history_is_read_in_pages_from_both_ends(durable: Durable, client: Any) -> None:
    def many(invoked: Invoked) -> Any:
        invoked.checkpoint(*[step(f"s{n}", "SUCCEED") for n in range(5)])
        return succeeded()

    arn = durable.run(many)
    for is_reverse in (False, True):
        pages = client.get_paginator("get_durable_execution_history").paginate(
            DurableExecutionArn=arn, ReverseOrder=is_reverse, PaginationConfig={"PageSize": 4}
        )
        numbers = [event["EventId"] for page in pages for event in page["Events"]]
        assert sorted(range(1, 14), reverse=is_reverse) == numbers


def test_executions_of_a_function_are_listed_the_newest_first(
    durable: Durable, client: Any, pileus: RunningLambda
) -> None:
    name = durable.create(ends)
    for number in range(3):
        durable.start(name, DurableExecutionName=f"n{number}")
        pileus.advance(1)
    listed = client.list_durable_executions_by_function
    names = [e["DurableExecutionName"] for e in listed(FunctionName=name)["DurableExecutions"]]
    assert ["n2", "n1", "n0"] == names
    page = listed(FunctionName=name, MaxItems=2, ReverseOrder=True)
    rest = listed(FunctionName=name, ReverseOrder=True, Marker=page["NextMarker"])
    found = [*page["DurableExecutions"], *rest["DurableExecutions"]]
    assert ["n0", "n1", "n2"] == [each["DurableExecutionName"] for each in found]


def test_a_list_can_be_filtered(durable: Durable, client: Any, pileus: RunningLambda) -> None:
    name = durable.create(waits(DAY))
    first = durable.start(name, DurableExecutionName="first")
    pileus.advance(100)
    moment = datetime.fromtimestamp(pileus.now / 1000, UTC)
    pileus.advance(100)
    durable.start(name, DurableExecutionName="second")
    client.stop_durable_execution(DurableExecutionArn=first)

    def names(**members: Any) -> list[str]:
        found = client.list_durable_executions_by_function(FunctionName=name, **members)
        return [each["DurableExecutionName"] for each in found["DurableExecutions"]]

    assert ["first"] == names(Statuses=["STOPPED"])
    assert ["second"] == names(Statuses=["RUNNING", "PAUSED"])
    assert ["second"] == names(StartedAfter=moment)
    assert ["first"] == names(StartedBefore=moment)
    assert ["first"] == names(DurableExecutionName="first")
    assert ["second", "first"] == names(Qualifier="$LATEST")


def test_an_execution_that_nobody_knows_is_not_found(durable: Durable, client: Any) -> None:
    arn = durable.run(ends)
    other = f"{arn[:-8]}00000000"
    expected = Refusal("ResourceNotFoundException", f"Durable execution not found: {other}", 404)
    for ask in (
        client.get_durable_execution, client.get_durable_execution_history,
        client.stop_durable_execution, client.pause_durable_execution,
        client.resume_durable_execution, client.delete_durable_execution,
    ):  # fmt: skip
        assert expected == refusal(ask, DurableExecutionArn=other)


def test_a_state_is_read_in_pages(durable: Durable, client: Any) -> None:
    ids: list[str] = []

    def reads(invoked: Invoked) -> Any:
        invoked.checkpoint(*[step(f"s{n}", "SUCCEED") for n in range(5)])
        pages = client.get_paginator("get_durable_execution_state").paginate(
            DurableExecutionArn=invoked.arn, CheckpointToken=invoked.token,
            PaginationConfig={"PageSize": 2},
        )  # fmt: skip
        ids.extend(each["Id"] for page in pages for each in page["Operations"])
        return succeeded()

    arn = durable.run(reads)
    assert [arn.rpartition("/")[2], "s0", "s1", "s2", "s3", "s4"] == ids


def test_a_large_state_is_given_in_pages(
    durable: Durable, client: Any, pileus: RunningLambda
) -> None:
    def many(invoked: Invoked) -> Any:
        for first in range(0, 600, 200):
            invoked.checkpoint(*[step(f"s{n}", "SUCCEED") for n in range(first, first + 200)])
        return waits(1)(invoked)

    ids: list[str] = []

    def reads(invoked: Invoked) -> Any:
        state = invoked.event["InitialExecutionState"]
        ids.extend(each["Id"] for each in state["Operations"])
        marker = state["NextMarker"]
        while marker:
            page = client.get_durable_execution_state(
                DurableExecutionArn=invoked.arn, CheckpointToken=invoked.token, Marker=marker,
                MaxItems=1000,
            )  # fmt: skip
            ids.extend(each["Id"] for each in page["Operations"])
            marker = page.get("NextMarker")
        return succeeded()

    arn = durable.run(many, reads)
    pileus.advance(1)
    assert "SUCCEEDED" == durable.status(arn)
    assert [f"s{n}" for n in range(600)] == ids[1:-1]


def test_an_execution_has_3000_operations_at_most(durable: Durable, client: Any) -> None:
    refusals: list[Refusal] = []

    def many(invoked: Invoked) -> Any:
        for first in range(0, 2999, 200):
            last = min(first + 200, 2999)
            invoked.checkpoint(*[step(f"s{n}", "SUCCEED") for n in range(first, last)])
        refusals.append(
            refusal(
                client.checkpoint_durable_execution, DurableExecutionArn=invoked.arn,
                CheckpointToken=invoked.token, Updates=[step("more", "START")],
            )
        )  # fmt: skip
        return succeeded()

    durable.run(many)
    message = "The durable execution has reached the maximum of 3000 operations."
    assert [Refusal("InvalidParameterValueException", message, 400)] == refusals


# Stopping and deleting.


def test_a_stopped_execution_does_not_run_again(
    durable: Durable, client: Any, pileus: RunningLambda
) -> None:
    arn = durable.run(waits(60), ends)
    error = {"ErrorType": "Cancelled", "ErrorMessage": "by hand"}
    stopped = client.stop_durable_execution(DurableExecutionArn=arn, Error=error)
    pileus.advance(60)
    found = durable.get(arn)
    assert ("STOPPED", error) == (found["Status"], found["Error"])
    assert stopped["StopTimestamp"] == found["EndTimestamp"]
    assert 1 == len(durable.script.invoked)
    again = client.stop_durable_execution(DurableExecutionArn=arn)
    assert stopped["StopTimestamp"] == again["StopTimestamp"]


def test_what_waits_for_a_stopped_execution_is_told(
    durable: Durable, client: Any, pileus: RunningLambda
) -> None:
    child = durable.create(waits(3600), ends)

    def invokes(invoked: Invoked) -> Any:
        invoked.checkpoint(chained("i", f"{child}:$LATEST", "1"))
        return PENDING

    arn = durable.run(invokes, lambda invoked: succeeded(invoked.operations["i"]["Status"]))
    details = durable.events(arn)[1]["ChainedInvokeStartedDetails"]
    client.stop_durable_execution(DurableExecutionArn=details["DurableExecutionArn"])
    pileus.idle()
    assert "STOPPED" == durable.get(arn)["Result"]
    assert "ChainedInvokeStopped" in durable.kinds(arn)


def test_only_what_has_ended_is_deleted(
    durable: Durable, client: Any, pileus: RunningLambda
) -> None:
    arn = durable.run(waits(60), ends)
    delete = client.delete_durable_execution
    assert in_status("RUNNING") == refusal(delete, DurableExecutionArn=arn)
    pileus.advance(60)
    assert delete(DurableExecutionArn=arn)["DeletionRequestTimestamp"]
    pileus.idle()
    expected = "ResourceNotFoundException"
    assert expected == refusal(client.get_durable_execution, DurableExecutionArn=arn).code


def test_executions_end_with_their_function(
    durable: Durable, client: Any, pileus: RunningLambda
) -> None:
    name = durable.create(waits(60), ends)
    arn = durable.start(name)
    client.delete_function(FunctionName=name)
    pileus.advance(60)
    assert 1 == len(durable.script.invoked)
    expected = "ResourceNotFoundException"
    assert expected == refusal(client.get_durable_execution, DurableExecutionArn=arn).code


# Pausing.


def test_a_paused_execution_goes_on_when_it_is_resumed(
    durable: Durable, client: Any, pileus: RunningLambda
) -> None:
    arn = durable.run(waits(60), ends)
    client.pause_durable_execution(DurableExecutionArn=arn, Reason="why")
    found = durable.get(arn)
    assert ("PAUSED", "why") == (found["Status"], found["PauseDetails"]["Reason"])
    pileus.advance(60)
    assert 1 == len(durable.script.invoked)
    assert "WaitSucceeded" == durable.kinds(arn)[-1]
    client.resume_durable_execution(DurableExecutionArn=arn)
    pileus.idle()
    assert "SUCCEEDED" == durable.status(arn)
    assert ["ExecutionPaused", "WaitSucceeded", "ExecutionResumed"] == durable.kinds(arn)[3:6]


def test_a_pause_can_stop_the_execution_timeout(
    durable: Durable, client: Any, pileus: RunningLambda
) -> None:
    arn = durable.run(waits(300), ends, timeout=400)
    client.pause_durable_execution(DurableExecutionArn=arn)
    pileus.advance(7200)
    client.resume_durable_execution(DurableExecutionArn=arn)
    pileus.idle()
    assert "SUCCEEDED" == durable.status(arn)


def test_a_pause_may_let_the_execution_timeout_go_on(
    durable: Durable, client: Any, pileus: RunningLambda
) -> None:
    arn = durable.run(waits(300), ends, timeout=400)
    client.pause_durable_execution(DurableExecutionArn=arn, ExecutionTimeoutPaused=False)
    pileus.advance(400)
    assert "TIMED_OUT" == durable.status(arn)


def test_a_pause_ends_an_invocation_at_its_next_checkpoint(
    durable: Durable, client: Any, pileus: RunningLambda
) -> None:
    seen: list[Any] = []

    def is_paused(invoked: Invoked) -> Any:
        client.pause_durable_execution(DurableExecutionArn=invoked.arn)
        seen.append(durable.status(invoked.arn))
        seen.append(invoked.answer(step("one", "SUCCEED")).get("CheckpointToken"))
        seen.append(durable.status(invoked.arn))
        return PENDING

    arn = durable.run(is_paused, ends)
    assert ["PAUSING", None, "PAUSED"] == seen
    client.resume_durable_execution(DurableExecutionArn=arn)
    pileus.idle()
    assert ("SUCCEEDED", 2) == (durable.status(arn), len(durable.script.invoked))


def test_a_pause_is_asked_for_once(durable: Durable, client: Any) -> None:
    arn = durable.run(waits(60), ends)
    pause, resume = client.pause_durable_execution, client.resume_durable_execution
    assert in_status("RUNNING") == refusal(resume, DurableExecutionArn=arn)
    pause(DurableExecutionArn=arn, ClientToken="a")
    pause(DurableExecutionArn=arn, ClientToken="a")
    assert in_status("PAUSED") == refusal(pause, DurableExecutionArn=arn, ClientToken="b")
    resume(DurableExecutionArn=arn, ClientToken="a")
    resume(DurableExecutionArn=arn, ClientToken="a")
    assert in_status("RUNNING") == refusal(resume, DurableExecutionArn=arn, ClientToken="b")


# What others are told.


def test_the_default_bus_is_told_of_each_change_of_status(
    durable: Durable, aws: Any, pileus: RunningLambda
) -> None:
    url, arn = queue(aws, "changes")
    events = aws("events")
    pattern = {"source": ["aws.lambda"], "detail-type": ["Durable Execution Status Change"]}
    events.put_rule(Name="changes", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="changes", Targets=[{"Id": "queue", "Arn": arn}])
    execution = durable.run(waits(60), ends)
    pileus.advance(60)
    told = [each["detail"] for each in bodies(aws, url)]
    assert ["RUNNING", "SUCCEEDED"] == sorted(each["status"] for each in told)
    assert {execution} == {each["durableExecutionArn"] for each in told}
    assert [False, True] == sorted("endTimestamp" in each for each in told)


def test_what_has_failed_goes_to_the_destination_and_the_dead_letters(
    durable: Durable, client: Any, aws: Any, pileus: RunningLambda
) -> None:
    (failed, failed_arn), (dead, dead_arn) = queue(aws, "failed"), queue(aws, "dead")
    error = {"ErrorType": "Broken", "ErrorMessage": "no"}
    name = durable.create(
        lambda _: {"Status": "FAILED", "Error": error},
        DeadLetterConfig={"TargetArn": dead_arn},
    )
    client.put_function_event_invoke_config(
        FunctionName=name, Qualifier="$LATEST",
        DestinationConfig={"OnFailure": {"Destination": failed_arn}},
    )  # fmt: skip
    durable.start(name, {"n": 1})
    assert [{"n": 1}] == bodies(aws, dead)
    (record,) = bodies(aws, failed)
    assert {"n": 1} == record["requestPayload"]
    assert {"errorType": "Broken", "errorMessage": "no"} == record["responsePayload"]


def test_a_topic_starts_executions(durable: Durable, aws: Any, pileus: RunningLambda) -> None:
    name = durable.create(ends)
    sns = aws("sns")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    sns.subscribe(
        TopicArn=topic, Protocol="lambda",
        Endpoint=f"{durable.functions.arn(name)}:$LATEST",
    )  # fmt: skip
    sns.publish(TopicArn=topic, Message="hello")
    pileus.idle()
    event = json.loads(durable.script.invoked[0].input)
    assert "hello" == event["Records"][0]["Sns"]["Message"]


def test_a_mapping_waits_for_the_end_of_the_execution(
    durable: Durable, client: Any, aws: Any, pileus: RunningLambda
) -> None:
    url, arn = queue(aws, "mapped")
    name = durable.create(waits(5), ends, timeout=900)
    client.create_event_source_mapping(
        FunctionName=f"{name}:$LATEST", EventSourceArn=arn, BatchSize=1
    )
    aws("sqs").send_message(QueueUrl=url, MessageBody="hello")
    pileus.advance(1)
    pileus.advance(20)
    assert 2 == len(durable.script.invoked)
    found = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    counted = [
        found["ApproximateNumberOfMessages"], found["ApproximateNumberOfMessagesNotVisible"]
    ]  # fmt: skip
    assert ["0", "0"] == counted


def test_callbacks_of_an_ended_execution_are_over(
    durable: Durable, client: Any, pileus: RunningLambda
) -> None:
    def turn(invoked: Invoked) -> Any:
        invoked.checkpoint(callback("c"), wait("w", 5))
        return PENDING

    arn = durable.run(turn, ends)
    started = next(e for e in durable.events(arn) if e["EventType"] == "CallbackStarted")
    pileus.advance(5)
    found = refusal(
        client.send_durable_execution_callback_success,
        CallbackId=started["CallbackStartedDetails"]["CallbackId"],
    )
    assert "CallbackTimeoutException" == found.code
