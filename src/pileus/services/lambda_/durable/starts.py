"""Starts executions, by name at most once, and waits for their end where an invoker does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pileus.kernel.call import Call
from pileus.services.lambda_ import errors
from pileus.services.lambda_.durable import durable_errors, endings, history, journal, store
from pileus.services.lambda_.durable.executions import Execution, Parent
from pileus.services.lambda_.durable.journal import RUN_TIMER, TIMEOUT_TIMER, Journal
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.functions.function_names import Named, split
from pileus.services.lambda_.running import metric_series, platform
from pileus.services.lambda_.running.environments import Invocation
from pileus.services.lambda_.running.outcomes import Outcome
from pileus.services.lambda_.versions import lookup

if TYPE_CHECKING:
    from pileus.kernel.transaction import Transaction

# docs: lambda/latest/dg/durable-invoking
WAITED_SECONDS_MAX = 900


class Start(NamedTuple):
    """What an execution begins with."""

    payload: bytes
    trace_id: str
    name: str = ""
    is_asynchronous: bool = False
    parent: Parent | None = None


def begin(tx: Transaction, named: Named, start: Start) -> Execution:
    """A new execution of a durable function, or the one that has the name already."""
    if not named.qualifier:
        raise durable_errors.unqualified()
    found = lookup.find(tx, named)
    function = found.function
    if found.alias is not None:
        fraction = tx.kernel.ids.fraction() if found.alias.other else 0.0
        function = lookup.of_version(tx, found.latest, found.alias.choose(fraction))
    if function.state.status == "Pending":
        raise errors.function_in_state("Pending")
    assert function.durable is not None, f"{named.qualified_arn} is not durable"
    payload = start.payload.decode("utf-8", "replace")
    if start.name:
        known = store.find(tx, function.id, start.name)
        if known is not None:
            if known[1] != payload:
                raise durable_errors.already_started(known[0].arn)
            return known[0]
    return _insert(tx, named, function, start, payload)


def _insert(
    tx: Transaction, named: Named, function: Function, start: Start, payload: str
) -> Execution:
    durable = function.durable
    assert durable is not None
    timeout_at = tx.now + durable.timeout_seconds * 1000
    execution = Execution(
        id=tx.kernel.ids.uuid(), name=start.name or tx.kernel.ids.uuid(),
        function_arn=function.arn, owner=function.id, version=function.version,
        invoked_arn=named.qualified_arn, started_at=tx.now,
        timeout_seconds=durable.timeout_seconds, timeout_at=timeout_at,
        retention_days=durable.retention_days, kms_key_arn=durable.kms_key_arn,
        is_asynchronous=start.is_asynchronous, trace_id=start.trace_id, parent=start.parent,
        stored_bytes=len(start.payload),
    )  # fmt: skip
    store.add(tx, execution, payload)
    found = Journal(tx, execution)
    found.note(history.execution_started(payload, durable.timeout_seconds))
    found.save()
    tx.set_timer(TIMEOUT_TIMER, execution.id, timeout_at)
    tx.set_timer(RUN_TIMER, execution.id, tx.now)
    endings.announce(tx, execution)
    series = metric_series.series(execution.invoked_arn, "", "DurableExecutionStarted", "Count")
    tx.note_metric(series, 1)
    return found.execution


def check_name(function: Function, named: Named, execution_name: str) -> None:
    """Refuse an invocation that names what its function cannot have."""
    if function.durable is None:
        if execution_name:
            raise durable_errors.not_durable()
    elif not named.qualifier:
        raise durable_errors.unqualified()


def check_waited_for(function: Function) -> None:
    """Refuse to wait for what may take longer than anybody waits."""
    assert function.durable is not None
    if function.durable.timeout_seconds > WAITED_SECONDS_MAX:
        raise durable_errors.too_long_to_wait()


async def run_whole(call: Call, named: Named, function: Function, start: Start) -> _Whole:
    """Start an execution and wait until it has ended; the invoker may go, it goes on."""
    if not named.qualifier:
        raise durable_errors.unqualified()
    check_waited_for(function)
    execution: Execution = await call.transaction(begin, named, start, about=named.arn)
    async with call.watching(execution.arn, named.arn) as changed:
        while call.is_connected():
            outcome: Outcome | None = await call.read(
                _outcome, named.arn, execution.id, about=named.arn
            )
            if outcome is not None:
                return _Whole(execution.arn, outcome)
            await changed()
    raise errors.service_failed("The client has gone.")


class _Whole(NamedTuple):
    arn: str
    outcome: Outcome


def _outcome(tx: Transaction, function_arn: str, id: str) -> Outcome | None:
    """How an execution has ended; None while it has not."""
    found = journal.find(tx, function_arn, id)
    if found is None:
        raise errors.function_not_found(function_arn)
    if not found.execution.is_terminal:
        return None
    _, result, error = store.load_data(tx, id)
    return endings.outcome_of(found.execution, result, error)


async def invoke(call: Call, named: Named, function: Function, start: Start) -> dict[str, Any]:
    """The answer of a synchronous Invoke."""
    whole = await run_whole(call, named, function, start)
    answer: dict[str, Any] = {
        "StatusCode": 200,
        "ExecutedVersion": whole.outcome.executed_version,
        "DurableExecutionArn": whole.arn,
        "Payload": whole.outcome.payload,
    }
    if whole.outcome.function_error:
        answer["FunctionError"] = whole.outcome.function_error
    return answer


async def run(call: Call, function: Function, invocation: Invocation) -> Outcome:
    """One event of a function URL or a mapping: an execution of its own."""
    start = Start(invocation.payload, invocation.trace_id)
    whole = await run_whole(call, split(invocation.invoked_arn), function, start)
    return whole.outcome


async def start_platform(call: Call) -> None:
    """Let the platform know how durable functions run."""
    await platform.start(call)
    platform.platform_of(call).run_durable = run
