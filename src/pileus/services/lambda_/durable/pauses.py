"""Operations that pause an execution and let it go on.

docs: lambda/latest/dg/durable-pause-resume
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel.call import Call
from pileus.services.lambda_.durable import durable_errors, execution_names, history, journal
from pileus.services.lambda_.durable.executions import (
    AGE_MS_MAX,
    PAUSED,
    PAUSING,
    RUNNING,
    Pause,
    Resumption,
)
from pileus.services.lambda_.durable.journal import TIMEOUT_TIMER, Journal

if TYPE_CHECKING:
    from pileus.services.lambda_.durable.executions import Execution

REPEATED_MS_MAX = 15 * 60_000


def pause_durable_execution(
    call: Call,
    *,
    durable_execution_arn: str,
    client_token: str | None = None,
    reason: str | None = None,
    execution_timeout_paused: bool = True,
) -> dict[str, Any]:
    found = journal.open_execution(call.tx, execution_names.read(durable_execution_arn))
    known = found.execution.pause
    token = client_token or ""
    if known is not None and _is_repeated(token, known.client_token, known.requested_at, call.now):
        return {}
    if found.execution.status != RUNNING:
        raise durable_errors.in_status(found.execution.status)
    found.change(status=PAUSING, pause=Pause(call.now, token, execution_timeout_paused, reason))
    if found.execution.invocation is None:
        begin(found)
    found.save()
    return {}


def _is_repeated(token: str, known: str, at: int, now: int) -> bool:
    return bool(token) and token == known and now - at <= REPEATED_MS_MAX


def begin(found: Journal) -> None:
    """No invocation goes on: from now on the execution is paused."""
    tx, execution = found.tx, found.execution
    pause = execution.pause
    assert pause is not None
    must_run = execution.must_run
    if execution.invocation is None:
        # An invocation that was due, or to be tried again, is due after the pause.
        must_run = tx.finish_timer(journal.RUN_TIMER, execution.id) or must_run
    found.change(
        status=PAUSED, pause=msgspec.structs.replace(pause, begun_at=tx.now), must_run=must_run
    )
    found.note(history.paused(pause.requested_at, pause.reason, pause.is_timeout_paused))
    if pause.is_timeout_paused:
        tx.set_timer(TIMEOUT_TIMER, execution.id, execution.started_at + AGE_MS_MAX)


def times_out_at(execution: Execution) -> int:
    """When an execution will time out, as it stands now."""
    pause = execution.pause
    if pause is not None and pause.begun_at and pause.is_timeout_paused:
        return execution.started_at + AGE_MS_MAX
    return execution.timeout_at


def resume_durable_execution(
    call: Call,
    *,
    durable_execution_arn: str,
    client_token: str | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    found = journal.open_execution(call.tx, execution_names.read(durable_execution_arn))
    execution, token = found.execution, client_token or ""
    known = execution.resumption
    if known is not None and _is_repeated(token, known.client_token, known.at, call.now):
        return {}
    pause = execution.pause
    if execution.status not in (PAUSED, PAUSING) or pause is None:
        raise durable_errors.in_status(execution.status)
    if execution.status == PAUSED:
        _go_on(found, pause, reason)
    found.change(status=RUNNING, pause=None, resumption=Resumption(call.now, token))
    # The end of an invocation that the pause has interrupted is followed by another one.
    if execution.must_run and execution.invocation is None:
        found.change(must_run=False)
        found.run_soon()
    found.save()
    return {}


def _go_on(found: Journal, pause: Pause, reason: str | None) -> None:
    tx, execution = found.tx, found.execution
    found.note(history.resumed(tx.now, reason))
    if pause.is_timeout_paused:
        later = execution.timeout_at + tx.now - pause.begun_at
        at = min(later, execution.started_at + AGE_MS_MAX)
        found.change(timeout_at=at)
        tx.set_timer(TIMEOUT_TIMER, execution.id, at)
