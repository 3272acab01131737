"""What updates, answers and the clock make of operations."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.errors import AwsError
from pileus.services.lambda_.durable import rules
from pileus.services.lambda_.durable.executions import Operation, show
from pileus.services.lambda_.durable.rules import ACTIONS, Applied, Place
from pileus.services.lambda_.durable.runs import error_of, read_answer

NOW = 1_700_000_000_000
OPTIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("STEP", "RETRY"): {"StepOptions": {"NextAttemptDelaySeconds": 7}},
    ("WAIT", "START"): {"WaitOptions": {"WaitSeconds": 5}},
    ("CALLBACK", "START"): {"CallbackOptions": {"TimeoutSeconds": 9}},
    ("CHAINED_INVOKE", "START"): {"ChainedInvokeOptions": {"FunctionName": "f"}},
}
KINDS = [kind for kind in ACTIONS if kind != "EXECUTION"]
TERMINAL = {"SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT", "STOPPED"}


def update(kind: str, action: str, **members: Any) -> dict[str, Any]:
    return {"Id": "o", "Type": kind, "Action": action, **OPTIONS.get((kind, action), {}), **members}


def applied(known: Operation | None, wanted: dict[str, Any], now: int = NOW) -> Applied:
    rules.check(wanted)
    return rules.apply(known, wanted, Place(1, 1, now, "id"))


def started(kind: str) -> Operation:
    return applied(None, update(kind, "START")).operation


@pytest.mark.parametrize("kind", KINDS)
def test_an_operation_is_started_once(kind: str) -> None:
    operation = started(kind)
    assert "STARTED" == operation.status
    with pytest.raises(AwsError):
        applied(operation, update(kind, "START"))


def test_attempts_that_have_ended_are_counted() -> None:
    step = started("STEP")
    assert 0 == step.attempts
    pending = applied(step, update("STEP", "RETRY", Error={"ErrorType": "E"})).operation
    assert ("PENDING", 1, NOW + 7_000) == (pending.status, pending.attempts, pending.due_at)
    due = rules.fall_due(pending, 2, NOW + 7_000)
    assert due is not None
    assert "READY" == due.operation.status
    again = applied(due.operation, update("STEP", "START"), NOW + 7_000).operation
    done = applied(again, update("STEP", "SUCCEED", Payload="1"), NOW + 7_000).operation
    assert ("SUCCEEDED", 2, "1") == (done.status, done.attempts, done.result)


def test_a_poll_keeps_its_state_until_the_next() -> None:
    pending = applied(started("STEP"), update("STEP", "RETRY", Payload="5"))
    assert "5" == show(pending.operation)["StepDetails"]["Result"]
    assert ["StepSucceeded"] == [event["EventType"] for event in pending.events]


def test_a_step_may_be_closed_at_once() -> None:
    found = applied(None, update("STEP", "FAIL", Error={"ErrorType": "E"}))
    assert ["StepStarted", "StepFailed"] == [event["EventType"] for event in found.events]


def test_a_wait_is_over_at_its_instant_and_not_before() -> None:
    wait = started("WAIT")
    assert rules.fall_due(wait, 2, NOW + 4_999) is None
    due = rules.fall_due(wait, 2, NOW + 5_000)
    assert due is not None
    assert "SUCCEEDED" == due.operation.status


def test_a_wait_may_be_cancelled() -> None:
    found = applied(started("WAIT"), update("WAIT", "CANCEL"))
    assert ("CANCELLED", 0) == (found.operation.status, found.operation.due_at)


def test_a_heartbeat_moves_only_its_own_limit() -> None:
    options = {"TimeoutSeconds": 100, "HeartbeatTimeoutSeconds": 10}
    operation = applied(None, update("CALLBACK", "START", CallbackOptions=options)).operation
    assert NOW + 10_000 == operation.due_at
    alive = rules.heartbeat(operation, NOW + 95_000)
    assert NOW + 100_000 == alive.due_at


@given(st.data())
def test_whatever_is_sent_an_operation_that_has_ended_stays_so(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    operation: Operation | None = None
    now = NOW
    for change in range(data.draw(st.integers(1, 12))):
        now += data.draw(st.integers(0, 8_000))
        before = operation
        if operation is not None and data.draw(st.booleans()):
            due = rules.fall_due(operation, change, now)
            operation = operation if due is None else due.operation
        else:
            wanted = update(kind, data.draw(st.sampled_from(ACTIONS[kind])))
            try:
                operation = applied(operation, wanted, now).operation
            except AwsError as refused:
                assert "InvalidParameterValueException" == refused.code
        if before is not None and before.is_complete:
            assert before == operation
        if operation is not None:
            assert operation.is_complete == (operation.status in TERMINAL)
            assert operation.is_complete == bool(operation.ended_at)
            assert not (operation.is_complete and operation.is_pending)
            assert {"Id", "Type", "Status", "StartTimestamp"} <= show(operation).keys()


@pytest.mark.parametrize(
    "payload", [b"", b"null", b"[]", b'"x"', b"{}", b'{"Status": 1}', b'{"Status": "RETRY"}']
)
def test_an_answer_without_a_known_status_is_none(payload: bytes) -> None:
    assert (None, "Invalid Status in invocation output.") == read_answer(payload)


@pytest.mark.parametrize("document", [b"", b"1", b"[" * 5_000, b'{"errorType": 1}'])
def test_an_unreadable_error_is_still_an_error(document: bytes) -> None:
    assert "Runtime.Unknown" == error_of(document)["ErrorType"]
