"""Asynchronous events: accepted durably, run when due, retried, and given up with a trace."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.deliveries import Delivery, Handover
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.asynchronous import destinations, rules, store
from pileus.services.lambda_.asynchronous.rules import Again, Event, GivenUp, InvokeConfig
from pileus.services.lambda_.durable import starts
from pileus.services.lambda_.functions import function_names
from pileus.services.lambda_.functions import store as functions_store
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.functions.function_names import LATEST
from pileus.services.lambda_.running import metric_series, payloads
from pileus.services.lambda_.running.environments import Invocation
from pileus.services.lambda_.running.outcomes import Outcome
from pileus.services.lambda_.running.platform import account_of, platform_of
from pileus.services.lambda_.running.tracing import trace_id
from pileus.services.lambda_.versions import lookup

TIMER = "lambda:event"
_ERROR_MESSAGE_LENGTH_MAX = 1024
_RECURSIVE = "RecursiveInvocationException"
_QUALIFIER = "lambda:qualifier"
# How topics, queues and buses hand the header of a trace on.
_TRACE = "AWSTraceHeader"


class _Waiting(NamedTuple):
    """An event that is due, with all that decides about it."""

    event: Event
    payload: bytes
    config: InvokeConfig


def accept(tx: Transaction, request_id: str, event: Event, payload: bytes) -> None:
    """Take an event in, in its function's partition: from the commit on it will run."""
    text = msgspec.json.encode(event).decode()
    store.add_event(tx, request_id, tx.about, text, payload)
    tx.set_timer(TIMER, request_id, tx.now)
    tx.note_metric(metric_series.series(event.invoked_arn, "", "AsyncEventsReceived", "Count"), 1)


def accept_delivery(call: Call, delivery: Delivery) -> None:
    """Take what another service hands over to a function."""
    tx = call.tx
    named = function_names.split(delivery.to)
    if named.qualifier:
        # A function's partition is chosen by its unqualified ARN.
        attributes = {**delivery.attributes, _QUALIFIER: named.qualifier}
        tx.deliver(
            to=named.arn, payload=delivery.body, because=delivery.because, attributes=attributes,
            policy=delivery.policy,
        )  # fmt: skip
        return
    qualifier = str(delivery.attributes.get(_QUALIFIER, ""))
    named = named._replace(qualifier=qualifier)
    function = lookup.runnable(tx, named)
    payload = payloads.check_asynchronous(delivery.body)
    trace = str(delivery.attributes.get(_TRACE) or delivery.context.trace_id)
    if function.durable is not None:
        starts.begin(tx, named, starts.Start(payload, trace, is_asynchronous=True))
        return
    accept(tx, delivery.id, Event(named.qualified_arn, tx.now, trace), payload)


async def run(call: Call, key: str, payload: dict[str, Any]) -> None:
    """Timer: run one event once, and decide what follows."""
    waiting = await call.read(_load, key, about=call.about)
    if waiting is None:
        return
    platform = platform_of(call)
    latest = await platform.functions.load(call, call.about)
    if latest is None:
        await call.transaction(_drop, key, about=call.about)
        return
    function = latest
    reservations = await platform.functions.reservations(call, account_of(call.about))
    event, config = waiting.event, waiting.config
    reason = rules.before_run(event, config, reservations.get(function.name), call.now)
    if event.trace_id:
        call.join_trace(event.trace_id)
    invocation = Invocation(
        key, waiting.payload, trace_id(call), event.invoked_arn, event.client_context
    )
    try:
        function = await platform.runnable(call, function_names.split(event.invoked_arn))
        if reason is not None:
            await call.transaction(_give_up, key, waiting, reason, function, None, about=call.about)
            return
        age_ms = call.now - event.received_at
        platform.figures.note(event.invoked_arn, "", "AsyncEventAge", "Milliseconds", age_ms)
        outcome = await platform.run(call, function, invocation)
    except AwsError as refusal:
        decided = reason or rules.after_refusal(event, config, call.now)
        if refusal.code == _RECURSIVE:
            decided = rules.IN_A_LOOP
        failed = Outcome(b"", refusal.code, refusal.message)
        await _carry_out(call, key, waiting, decided, function, failed)
        return
    if outcome.function_error:
        decided = rules.after_error(event, config, call.now)
        await _carry_out(call, key, waiting, decided, function, outcome)
    else:
        await call.transaction(_succeed, key, waiting, outcome, about=call.about)


async def _carry_out(
    call: Call, key: str, waiting: _Waiting, decided: Again | GivenUp, function: Function,
    outcome: Outcome,
) -> None:  # fmt: skip
    match decided:
        case Again(at, event):
            await call.transaction(_postpone, key, event, at, about=call.about)
        case GivenUp():
            await call.transaction(
                _give_up, key, waiting, decided, function, outcome, about=call.about
            )


def _load(tx: Transaction, key: str) -> _Waiting | None:
    found = store.load_event(tx, key)
    if found is None:
        return None
    event = msgspec.json.decode(found[0], type=Event)
    function = functions_store.load_function(tx, tx.about)
    text = None
    if function is not None:
        qualifier = function_names.split(event.invoked_arn).qualifier or LATEST
        text = store.load_invoke_config(tx, function.id, qualifier)
    config = InvokeConfig() if text is None else msgspec.json.decode(text, type=InvokeConfig)
    return _Waiting(event, found[1], config)


def _drop(tx: Transaction, key: str) -> None:
    """The function is gone, and its events with it."""
    store.remove_event(tx, key)
    tx.finish_timer(TIMER, key)


def _postpone(tx: Transaction, key: str, event: Event, at: int) -> None:
    store.change_event(tx, key, msgspec.json.encode(event).decode())
    tx.set_timer(TIMER, key, at)


def _succeed(tx: Transaction, key: str, waiting: _Waiting, outcome: Outcome) -> None:
    if not store.remove_event(tx, key):
        return
    tx.finish_timer(TIMER, key)
    destination = waiting.config.on_success
    if destination:
        made = rules.record(waiting.event, key, "Success", waiting.payload, outcome, tx.now)
        _send_record(tx, waiting, destination, made, "Success")


def _give_up(
    tx: Transaction, key: str, waiting: _Waiting, reason: GivenUp, function: Function,
    outcome: Outcome | None,
) -> None:  # fmt: skip
    if not store.remove_event(tx, key):
        return
    tx.finish_timer(TIMER, key)
    _note(tx, waiting, "AsyncEventsDropped")
    if function.dead_letter_arn:
        handed = tx.deliver(
            to=function.dead_letter_arn, payload=waiting.payload, because=tx.about,
            attributes=_dead_letter_attributes(key, outcome), policy=destinations.ONCE,
        )  # fmt: skip
        if handed is Handover.REFUSED:
            _note(tx, waiting, "DeadLetterErrors")
    if waiting.config.on_failure:
        answer = outcome if outcome is not None and outcome.payload else None
        made = rules.record(waiting.event, key, reason.condition, waiting.payload, answer, tx.now)
        _send_record(tx, waiting, waiting.config.on_failure, made, "Failure")


def _send_record(
    tx: Transaction, waiting: _Waiting, destination: str, made: bytes, condition: str
) -> None:
    arn = rules.function_arn(waiting.event)
    handed = destinations.hand_over(tx, destination, arn, made, condition)
    if handed is Handover.REFUSED:
        _note(tx, waiting, "DestinationDeliveryFailures")


def _note(tx: Transaction, waiting: _Waiting, metric: str) -> None:
    tx.note_metric(metric_series.series(waiting.event.invoked_arn, "", metric, "Count"), 1)


def _dead_letter_attributes(request_id: str, outcome: Outcome | None) -> dict[str, Any]:
    """docs: lambda/latest/dg/invocation-async-retain-records, dead-letter queues"""
    given = {"RequestID": ("String", request_id)}
    if outcome is not None:
        refused = "400" if outcome.function_error == _RECURSIVE else "429"
        given["ErrorCode"] = ("Number", "200" if outcome.payload else refused)
        message = _error_message(outcome)
        given["ErrorMessage"] = ("String", message[:_ERROR_MESSAGE_LENGTH_MAX])
    attributes = {
        name: {"DataType": kind, "StringValue": value} for name, (kind, value) in given.items()
    }
    return {"MessageAttributes": attributes}


def _error_message(outcome: Outcome) -> str:
    try:
        document = msgspec.json.decode(outcome.payload)
    except (msgspec.DecodeError, RecursionError):
        return outcome.error_type
    message = document.get("errorMessage") if isinstance(document, dict) else None
    return message if isinstance(message, str) else outcome.error_type
