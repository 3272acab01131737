"""Decisions about asynchronous events: again, given up, or done. Values and `now` only."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from pileus.services.lambda_.functions import function_names
from pileus.services.lambda_.functions.configurations import timestamp
from pileus.services.lambda_.functions.function_names import LATEST
from pileus.services.lambda_.running.outcomes import Outcome

# docs: lambda/latest/dg/invocation-async-error-handling
RETRIES_DEFAULT = 2
AGE_SECONDS_DEFAULT = 21_600
_RETRY_PAUSES_MS = (60_000, 120_000)
_THROTTLE_PAUSE_MS = 1_000
_THROTTLE_PAUSE_MAX_MS = 300_000


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """An accepted asynchronous event, without its payload."""

    invoked_arn: str
    received_at: int
    trace_id: str = ""
    client_context: str | None = None
    runs: int = 0  # that ended in an error of the function
    refusals: int = 0  # throttles and faults of the platform since the last run


class InvokeConfig(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a function's asynchronous events are treated."""

    modified_at: int = 0
    retries_max: int | None = None
    age_seconds_max: int | None = None
    on_success: str = ""
    on_failure: str = ""

    @property
    def retries(self) -> int:
        return RETRIES_DEFAULT if self.retries_max is None else self.retries_max

    @property
    def age_ms(self) -> int:
        seconds = AGE_SECONDS_DEFAULT if self.age_seconds_max is None else self.age_seconds_max
        return seconds * 1000


class Again(NamedTuple):
    """Try again at an instant, with the event as it stands now."""

    at: int
    event: Event


class GivenUp(NamedTuple):
    """The event goes to the dead-letter queue and the destination for failures."""

    condition: str  # AWS's word in the invocation record


RETRIES_EXHAUSTED = GivenUp("RetriesExhausted")
# An event that goes round in a loop is not tried again.
IN_A_LOOP = GivenUp("RetriesExhausted")
TOO_OLD = GivenUp("EventAgeExceeded")
# docs: lambda/latest/dg/configuration-concurrency: with nothing reserved, events are not retried.
NO_CONCURRENCY = GivenUp("ZeroReservedConcurrency")


def before_run(
    event: Event, config: InvokeConfig, reserved: int | None, now: int
) -> GivenUp | None:
    """Why an event must not even be tried."""
    if now - event.received_at > config.age_ms:
        return TOO_OLD
    if reserved == 0:
        return NO_CONCURRENCY
    return None


def after_error(event: Event, config: InvokeConfig, now: int) -> Again | GivenUp:
    """The function has failed."""
    runs = event.runs + 1
    if runs > config.retries:
        return RETRIES_EXHAUSTED
    at = now + _RETRY_PAUSES_MS[min(runs, len(_RETRY_PAUSES_MS)) - 1]
    return _again(msgspec.structs.replace(event, runs=runs, refusals=0), config, at)


def after_refusal(event: Event, config: InvokeConfig, now: int) -> Again | GivenUp:
    """The function could not be run: throttled, or a fault of the platform."""
    pause_ms = min(_THROTTLE_PAUSE_MS * 2 ** min(event.refusals, 20), _THROTTLE_PAUSE_MAX_MS)
    refused = msgspec.structs.replace(event, refusals=event.refusals + 1)
    return _again(refused, config, now + pause_ms)


def _again(event: Event, config: InvokeConfig, at: int) -> Again | GivenUp:
    return TOO_OLD if at - event.received_at > config.age_ms else Again(at, event)


def function_arn(event: Event) -> str:
    """The function as records name it: always qualified."""
    named = function_names.split(event.invoked_arn)
    return f"{named.arn}:{named.qualifier or LATEST}"


def record(
    event: Event, request_id: str, condition: str, payload: bytes, answer: Outcome | None, now: int
) -> bytes:
    """What a destination gets. docs: lambda/latest/dg/invocation-async-retain-records"""
    made: dict[str, Any] = {
        "version": "1.0",
        "timestamp": timestamp(now).replace("+0000", "Z"),
        "requestContext": {
            "requestId": request_id,
            "functionArn": function_arn(event),
            "condition": condition,
            "approximateInvokeCount": event.runs + (1 if answer is not None else 0),
        },
        "requestPayload": msgspec.Raw(payload),
    }
    if answer is not None:
        made["responseContext"] = {
            "statusCode": 200, "executedVersion": answer.executed_version
        }  # fmt: skip
        if answer.function_error:
            made["responseContext"]["functionError"] = answer.function_error
        text = answer.payload
        made["responsePayload"] = msgspec.Raw(text) if _is_json(text) else None
    return msgspec.json.encode(made)


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return bool(text)
