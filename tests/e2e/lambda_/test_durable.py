"""Durable executions, with the SDK's part played by the test."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from support.durable import (
    DAY,
    PENDING,
    Durable,
    Invoked,
    Turn,
    callback,
    chained,
    context,
    ends,
    retry,
    step,
    succeeded,
    wait,
    waits,
)
from support.lambdas import Functions, RunningLambda
from support.refusals import Refusal, refusal


def invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message, 400)


@pytest.fixture
def durable(functions: Functions, client: Any) -> Durable:
    return Durable(functions, client)


def steps(invoked: Invoked) -> Any:
    invoked.checkpoint(step("one", "START", Name="first"))
    invoked.checkpoint(step("one", "SUCCEED", Name="first", Payload='"done"'))
    return succeeded('{"all": "done"}')


# Configuration.


def test_a_function_shows_its_durable_configuration(durable: Durable, client: Any) -> None:
    name = durable.create(ends, timeout=60, DurableConfig={"RetentionPeriodInDays": 3})
    found = client.get_function_configuration(FunctionName=name)
    assert {"ExecutionTimeout": 60, "RetentionPeriodInDays": 3} == found["DurableConfig"]


def test_the_configuration_can_be_changed_in_part(durable: Durable, client: Any) -> None:
    name = durable.create(ends, timeout=60)
    found = client.update_function_configuration(
        FunctionName=name, DurableConfig={"RetentionPeriodInDays": 90}
    )
    assert {"ExecutionTimeout": 60, "RetentionPeriodInDays": 90} == found["DurableConfig"]


def test_a_durable_function_needs_an_execution_timeout(functions: Functions) -> None:
    expected = invalid(
        "You cannot create a function with a durable configuration without an executionTimeout"
    )
    assert expected == refusal(functions.create, DurableConfig={"RetentionPeriodInDays": 1})


def test_a_function_that_is_there_is_not_made_durable(functions: Functions, client: Any) -> None:
    name = functions.create()
    expected = "You cannot add a durable configuration to a function that was created without one."
    assert invalid(expected) == refusal(
        client.update_function_configuration, FunctionName=name,
        DurableConfig={"ExecutionTimeout": 60},
    )  # fmt: skip


@pytest.mark.parametrize(
    "config",
    [{"ExecutionTimeout": 31_622_401}, {"ExecutionTimeout": 1, "RetentionPeriodInDays": 91}],
)
def test_timeout_and_retention_have_limits(functions: Functions, config: dict[str, int]) -> None:
    assert 400 == refusal(functions.create, DurableConfig=config).status


# Invocation.


def test_an_execution_that_needs_no_waiting_answers_its_result(
    durable: Durable, functions: Functions
) -> None:
    name = durable.create(steps, timeout=900)
    answer = functions.invoke(f"{name}:$LATEST", {"a": 1})
    assert b'{"all": "done"}' == answer["Payload"]
    assert "$LATEST" == answer["ExecutedVersion"]
    assert '{"a": 1}' == durable.script.invoked[0].input
    assert "SUCCEEDED" == durable.status(answer["DurableExecutionArn"])


def test_the_history_tells_each_step(durable: Durable) -> None:
    arn = durable.run(steps)
    events = durable.events(arn)
    expected = [
        "ExecutionStarted", "StepStarted", "StepSucceeded", "InvocationCompleted",
        "ExecutionSucceeded",
    ]  # fmt: skip
    assert expected == [event["EventType"] for event in events]
    assert [1, 2, 3, 4, 5] == [event["EventId"] for event in events]
    assert {
        "Result": {"Payload": '"done"', "Truncated": False},
        "RetryDetails": {"CurrentAttempt": 1},
    } == events[2]["StepSucceededDetails"]
    assert ("one", "first", "Step") == tuple(events[1][each] for each in ("Id", "Name", "SubType"))


def test_a_failure_is_the_error_of_the_function(durable: Durable, functions: Functions) -> None:
    error = {"ErrorType": "Broken", "ErrorMessage": "no"}
    name = durable.create(lambda _: {"Status": "FAILED", "Error": error}, timeout=60)
    answer = functions.invoke(f"{name}:$LATEST", {})
    assert "Unhandled" == answer["FunctionError"]
    assert {"errorType": "Broken", "errorMessage": "no"} == json.loads(answer["Payload"])
    assert error == durable.get(answer["DurableExecutionArn"])["Error"]


@pytest.mark.parametrize("kind", ["RequestResponse", "Event", "DryRun"])
def test_a_durable_function_needs_a_qualifier(durable: Durable, client: Any, kind: str) -> None:
    name = durable.create(ends)
    expected = invalid("You cannot invoke a durable function using an unqualified ARN.")
    assert expected == refusal(client.invoke, FunctionName=name, InvocationType=kind)


def test_nobody_waits_for_more_than_fifteen_minutes(durable: Durable, client: Any) -> None:
    name = durable.create(ends, timeout=901)
    expected = invalid(
        "You cannot synchronously invoke a durable function with an executionTimeout greater "
        "than 15 minutes."
    )
    assert expected == refusal(client.invoke, FunctionName=name, Qualifier="$LATEST")


def test_a_function_without_durability_has_no_names(functions: Functions, client: Any) -> None:
    name = functions.create(lambda event, context: event)
    expected = "You cannot name a durable execution of a function without a durable configuration."
    assert invalid(expected) == refusal(
        client.invoke, FunctionName=name, DurableExecutionName="name"
    )


def test_a_name_starts_one_execution(durable: Durable) -> None:
    name = durable.create(waits(60), ends)
    first = durable.start(name, DurableExecutionName="order-1")
    again = durable.start(name, DurableExecutionName="order-1")
    assert first == again
    assert 1 == len(durable.script.invoked)
    assert "order-1" == durable.get(first)["DurableExecutionName"]


def test_a_name_with_another_payload_is_refused(durable: Durable, client: Any) -> None:
    name = durable.create(ends)
    durable.start(name, 1, DurableExecutionName="order-1")
    found = refusal(
        client.invoke, FunctionName=name, Qualifier="$LATEST", InvocationType="Event",
        Payload=b"2", DurableExecutionName="order-1",
    )  # fmt: skip
    assert ("DurableExecutionAlreadyStartedException", 409) == (found.code, found.status)


def test_a_name_can_be_used_again_after_the_retention(
    durable: Durable, pileus: RunningLambda, client: Any
) -> None:
    name = durable.create(ends, DurableConfig={"RetentionPeriodInDays": 2})
    first = durable.start(name, DurableExecutionName="order-1")
    pileus.advance(2 * DAY - 1)
    assert "SUCCEEDED" == durable.status(first)
    pileus.advance(1)
    expected = Refusal("ResourceNotFoundException", f"Durable execution not found: {first}", 404)
    assert expected == refusal(client.get_durable_execution, DurableExecutionArn=first)
    assert first != durable.start(name, "other", DurableExecutionName="order-1")


def test_an_execution_stays_with_its_version(
    durable: Durable, client: Any, pileus: RunningLambda
) -> None:
    name = durable.create(waits(60), ends)
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    answer = durable.functions.invoke(f"{name}:live", 1, InvocationType="Event")
    client.update_function_configuration(FunctionName=name, Description="other")
    client.publish_version(FunctionName=name)
    client.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    pileus.advance(60)
    found = durable.get(answer["DurableExecutionArn"])
    assert ("SUCCEEDED", "1") == (found["Status"], found["Version"])


# Operations.


def test_a_wait_of_a_day_suspends_the_execution(durable: Durable, pileus: RunningLambda) -> None:
    arn = durable.run(waits(DAY), ends)
    pileus.advance(DAY - 1)
    assert ("RUNNING", 1) == (durable.status(arn), len(durable.script.invoked))
    pileus.advance(1)
    assert ("SUCCEEDED", 2) == (durable.status(arn), len(durable.script.invoked))
    again = durable.script.invoked[1]
    assert "SUCCEEDED" == again.operations["pause"]["Status"]
    assert ["pause"] == again.event["UpdatedOperationIds"]
    expected = [
        "ExecutionStarted", "WaitStarted", "InvocationCompleted", "WaitSucceeded",
        "InvocationCompleted", "ExecutionSucceeded",
    ]  # fmt: skip
    assert expected == durable.kinds(arn)


def test_a_step_is_tried_again_after_its_delay(durable: Durable, pileus: RunningLambda) -> None:
    error = {"ErrorType": "Flaky", "ErrorMessage": "not yet"}

    def fails(invoked: Invoked) -> Any:
        changed = invoked.checkpoint(step("s", "START"), retry("s", 30, Error=error))
        assert ("PENDING", 1) == (changed["s"]["Status"], changed["s"]["StepDetails"]["Attempt"])
        return PENDING

    def works(invoked: Invoked) -> Any:
        assert "READY" == invoked.operations["s"]["Status"]
        invoked.checkpoint(step("s", "START"), step("s", "SUCCEED", Payload="1"))
        return succeeded("1")

    arn = durable.run(fails, works)
    pileus.advance(29)
    assert 1 == len(durable.script.invoked)
    pileus.advance(1)
    assert "SUCCEEDED" == durable.status(arn)
    failed, done = (durable.events(arn)[number] for number in (2, 5))
    expected = {"CurrentAttempt": 1, "NextAttemptDelaySeconds": 30}
    assert expected == failed["StepFailedDetails"]["RetryDetails"]
    assert {"CurrentAttempt": 2} == done["StepSucceededDetails"]["RetryDetails"]


def test_an_operation_completed_during_an_invocation_is_told_by_the_next_checkpoint(
    durable: Durable, client: Any
) -> None:
    def answers_itself(invoked: Invoked) -> Any:
        changed = invoked.checkpoint(callback("c"))
        id = changed["c"]["CallbackDetails"]["CallbackId"]
        client.send_durable_execution_callback_success(CallbackId=id, Result=b"7")
        changed = invoked.checkpoint()
        return succeeded(changed["c"]["CallbackDetails"]["Result"])

    arn = durable.run(answers_itself)
    assert ("SUCCEEDED", "7") == (durable.status(arn), durable.get(arn)["Result"])


def asks(**options: int) -> Turn:
    def turn(invoked: Invoked) -> Any:
        invoked.checkpoint(callback("c", **options))
        return PENDING

    return turn


def tells(invoked: Invoked) -> Any:
    operation = invoked.operations["c"]
    details = operation["CallbackDetails"]
    return succeeded(json.dumps([operation["Status"], details.get("Result"), details.get("Error")]))


def callback_of(durable: Durable, arn: str) -> str:
    started = next(e for e in durable.events(arn) if e["EventType"] == "CallbackStarted")
    return str(started["CallbackStartedDetails"]["CallbackId"])


def test_a_callback_is_answered_from_outside(
    durable: Durable, client: Any, pileus: RunningLambda
) -> None:
    arn = durable.run(asks(), tells)
    pileus.advance(DAY)
    id = callback_of(durable, arn)
    client.send_durable_execution_callback_success(CallbackId=id, Result=b'{"ok": 1}')
    pileus.idle()
    assert ["SUCCEEDED", '{"ok": 1}', None] == json.loads(durable.get(arn)["Result"])
    assert Refusal(
        "CallbackTimeoutException", "The callback has timed out or has been completed.", 400
    ) == refusal(client.send_durable_execution_callback_success, CallbackId=id)


def test_a_callback_may_be_failed_from_outside(
    durable: Durable, client: Any, pileus: RunningLambda
) -> None:
    arn = durable.run(asks(), tells)
    error = {"ErrorType": "Rejected", "ErrorMessage": "no"}
    client.send_durable_execution_callback_failure(
        CallbackId=callback_of(durable, arn), Error=error
    )
    pileus.idle()
    assert ["FAILED", None, error] == json.loads(durable.get(arn)["Result"])


def test_a_callback_times_out(durable: Durable, pileus: RunningLambda) -> None:
    arn = durable.run(asks(TimeoutSeconds=60), tells)
    pileus.advance(60)
    expected = {"ErrorType": "Callback.Timeout", "ErrorMessage": "Callback timed out"}
    assert ["TIMED_OUT", None, expected] == json.loads(durable.get(arn)["Result"])


def test_heartbeats_keep_a_callback_alive(
    durable: Durable, client: Any, pileus: RunningLambda
) -> None:
    arn = durable.run(asks(HeartbeatTimeoutSeconds=10), tells)
    id = callback_of(durable, arn)
    for _ in range(3):
        pileus.advance(9)
        client.send_durable_execution_callback_heartbeat(CallbackId=id)
    pileus.advance(9)
    assert "RUNNING" == durable.status(arn)
    pileus.advance(1)
    status, _, error = json.loads(durable.get(arn)["Result"])
    assert ("TIMED_OUT", "Callback.Heartbeat") == (status, error["ErrorType"])


def test_callbacks_that_nobody_knows_are_refused(client: Any) -> None:
    send = client.send_durable_execution_callback_heartbeat
    assert invalid("The callback ID is not valid.") == refusal(send, CallbackId="abcd")


def test_children_of_a_complete_context_are_not_replayed(
    durable: Durable, pileus: RunningLambda
) -> None:
    def nests(invoked: Invoked) -> Any:
        for id, replays in (("closed", False), ("open", True)):
            invoked.checkpoint(
                context(id, "START"),
                step(f"{id}-child", "SUCCEED", ParentId=id, Payload="1"),
                context(id, "SUCCEED", Payload="2", ContextOptions={"ReplayChildren": replays}),
            )
        return waits(1)(invoked)

    arn = durable.run(nests, ends)
    pileus.advance(1)
    assert "SUCCEEDED" == durable.status(arn)
    expected = ["closed", "open", "open-child", "pause"]
    assert expected == list(durable.script.invoked[1].operations)


def test_an_execution_invokes_another_function(
    durable: Durable, functions: Functions, pileus: RunningLambda
) -> None:
    target = functions.create(lambda event, context: {"doubled": event["n"] * 2})

    def invokes(invoked: Invoked) -> Any:
        invoked.checkpoint(chained("i", target, '{"n": 4}'))
        return PENDING

    def answers(invoked: Invoked) -> Any:
        return succeeded(invoked.operations["i"]["ChainedInvokeDetails"]["Result"])

    arn = durable.run(invokes, answers)
    assert {"doubled": 8} == json.loads(durable.get(arn)["Result"])
    assert "$LATEST" == durable.events(arn)[1]["ChainedInvokeStartedDetails"]["ExecutedVersion"]


def test_the_failure_of_an_invoked_function_is_told(durable: Durable, functions: Functions) -> None:
    def breaks(event: Any, context: Any) -> Any:
        raise ValueError("broken")

    target = functions.create(breaks)

    def invokes(invoked: Invoked) -> Any:
        invoked.checkpoint(chained("i", target, "1"))
        return PENDING

    def answers(invoked: Invoked) -> Any:
        error = invoked.operations["i"]["ChainedInvokeDetails"]["Error"]
        return succeeded(json.dumps([error["ErrorType"], error["ErrorMessage"]]))

    arn = durable.run(invokes, answers)
    assert ["ValueError", "broken"] == json.loads(durable.get(arn)["Result"])


def test_an_execution_waits_for_another_execution(durable: Durable, pileus: RunningLambda) -> None:
    child = durable.create(waits(3600), ends)

    def invokes(invoked: Invoked) -> Any:
        invoked.checkpoint(chained("i", f"{child}:$LATEST", "1"))
        return PENDING

    def answers(invoked: Invoked) -> Any:
        return succeeded(invoked.operations["i"]["ChainedInvokeDetails"]["Result"])

    arn = durable.run(invokes, answers)
    pileus.advance(3599)
    assert "RUNNING" == durable.status(arn)
    pileus.advance(1)
    assert '"end"' == durable.get(arn)["Result"]
    details = durable.events(arn)[1]["ChainedInvokeStartedDetails"]
    assert "SUCCEEDED" == durable.status(details["DurableExecutionArn"])


def test_an_invoker_waits_while_the_clock_goes_on(
    durable: Durable, functions: Functions, pileus: RunningLambda
) -> None:
    name = durable.create(waits(600), ends, timeout=900)
    answers: list[dict[str, Any]] = []
    invoking = threading.Thread(
        target=lambda: answers.append(functions.invoke(f"{name}:$LATEST", 1))
    )
    invoking.start()
    while not durable.script.invoked:
        pileus.idle()
    pileus.idle()
    assert [] == answers
    pileus.advance(600)
    invoking.join(30)
    assert b'"end"' == answers[0]["Payload"]


# What goes wrong.


def test_an_answer_without_a_status_fails_the_execution(durable: Durable) -> None:
    arn = durable.run(lambda _: {"statusCode": 200})
    found = durable.get(arn)
    expected = {
        "ErrorType": "InvalidParameterValueException",
        "ErrorMessage": "Invalid Status in invocation output.",
    }
    assert ("FAILED", expected) == (found["Status"], found["Error"])


def test_pending_without_operations_fails_the_execution(durable: Durable) -> None:
    arn = durable.run(lambda _: PENDING)
    expected = "Cannot return PENDING status with no pending operations."
    assert expected == durable.get(arn)["Error"]["ErrorMessage"]


def test_an_invocation_that_breaks_is_made_again_from_the_last_checkpoint(
    durable: Durable, pileus: RunningLambda
) -> None:
    def breaks(invoked: Invoked) -> Any:
        invoked.checkpoint(step("one", "SUCCEED", Payload="1"))
        raise RuntimeError("lost")

    arn = durable.run(breaks, ends)
    assert 1 == len(durable.script.invoked)
    pileus.advance(1)
    assert "SUCCEEDED" == durable.status(arn)
    assert "SUCCEEDED" == durable.script.invoked[1].operations["one"]["Status"]
    completed = [e for e in durable.events(arn) if e["EventType"] == "InvocationCompleted"]
    error = completed[0]["InvocationCompletedDetails"]["Error"]["Payload"]
    assert ("RuntimeError", "lost") == (error["ErrorType"], error["ErrorMessage"])


def test_an_execution_times_out(durable: Durable, pileus: RunningLambda) -> None:
    arn = durable.run(waits(DAY), ends, timeout=3600)
    pileus.advance(3600)
    assert "TIMED_OUT" == durable.status(arn)
    assert "ExecutionTimedOut" == durable.kinds(arn)[-1]
    pileus.advance(DAY)
    assert 1 == len(durable.script.invoked)


def test_a_token_can_be_used_once(durable: Durable, client: Any) -> None:
    refusals: list[Refusal] = []

    def twice(invoked: Invoked) -> Any:
        token = invoked.token
        invoked.checkpoint(step("one", "START"), ClientToken="a")
        refusals.append(
            refusal(
                client.checkpoint_durable_execution, DurableExecutionArn=invoked.arn,
                CheckpointToken=token, ClientToken="b",
            )
        )  # fmt: skip
        return succeeded()

    durable.run(twice)
    assert [invalid("Invalid checkpoint token")] == refusals


def test_a_checkpoint_that_is_sent_again_is_answered_again(durable: Durable) -> None:
    answers: list[tuple[str, list[str]]] = []

    def twice(invoked: Invoked) -> Any:
        for _ in range(2):
            answer = invoked.answer(step("one", "START"), ClientToken="a")
            ids = [each["Id"] for each in answer["NewExecutionState"]["Operations"]]
            answers.append((answer["CheckpointToken"], ids))
        return succeeded()

    arn = durable.run(twice)
    assert answers[0] == answers[1]
    assert ["one"] == answers[0][1]
    assert 1 == durable.kinds(arn).count("StepStarted")


@pytest.mark.parametrize(
    ("updates", "message"),
    [
        ([step("a", "START"), step("a", "START")], "Invalid current STEP state to start."),
        ([step("a", "CANCEL")], "Invalid STEP action."),
        ([wait("a", 5), wait("a", 5)], "Cannot start a WAIT that already exist."),
        (
            [{"Id": "a", "Type": "WAIT", "Action": "CANCEL"}],
            "Cannot cancel a WAIT that does not exist or has already completed.",
        ),
        ([step("a", "START", ParentId="b")], "Invalid parent operation id."),
        ([step("a", "START"), wait("a", 5)], "Inconsistent operation type."),
        (
            [step("a", "SUCCEED", Error={"ErrorType": "E"})],
            "Cannot provide an Error for SUCCEED action.",
        ),
        ([step("a", "FAIL", Payload="1")], "Cannot provide a Payload for FAIL action."),
        (
            [step("a", "SUCCEED", Payload="x" * 1_048_577)],
            "STEP output payload size must be less than or equal to 1048576 bytes.",
        ),
        (
            [{"Id": "e", "Type": "EXECUTION", "Action": "SUCCEED"}, step("a", "START")],
            "EXECUTION checkpoint must be the last update.",
        ),
    ],
)
def test_updates_that_make_no_sense_are_refused(
    durable: Durable, client: Any, updates: list[dict[str, Any]], message: str
) -> None:
    refusals: list[Refusal] = []

    def turn(invoked: Invoked) -> Any:
        refusals.append(
            refusal(
                client.checkpoint_durable_execution, DurableExecutionArn=invoked.arn,
                CheckpointToken=invoked.token, Updates=updates,
            )
        )  # fmt: skip
        # Nothing of it was applied, and the token is as good as before.
        assert {} == invoked.checkpoint()
        return succeeded()

    arn = durable.run(turn)
    assert ([invalid(message)], "SUCCEEDED") == (refusals, durable.status(arn))


def test_a_result_may_be_checkpointed(durable: Durable) -> None:
    def ends_itself(invoked: Invoked) -> Any:
        answer = invoked.answer(
            {"Id": "e", "Type": "EXECUTION", "Action": "SUCCEED", "Payload": "[1]"}
        )
        assert "CheckpointToken" not in answer
        return succeeded("")

    arn = durable.run(ends_itself)
    assert ("SUCCEEDED", "[1]") == (durable.status(arn), durable.get(arn)["Result"])
