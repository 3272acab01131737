"""Runs operations: validates, authorises, runs, meters, records. Inside and outside calls alike."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pileus.kernel import trace_headers
from pileus.kernel.call import NO_SAMPLES, Call, Sample
from pileus.kernel.database.jobs import Job
from pileus.kernel.errors import AwsError, internal_failure, not_implemented
from pileus.kernel.traces import Span

if TYPE_CHECKING:
    from pileus.kernel.kernel import Kernel
    from pileus.kernel.registry import BoundOperation, Registry
    from pileus.kernel.transaction import Transaction

log = logging.getLogger(__name__)

# Told once how an operation ended: (output, None) or (None, error).
Done = Callable[[dict[str, Any] | None, AwsError | None], None]


class Dispatch:
    """The one way to an operation, whether the call came over HTTP or from another service."""

    def __init__(self, kernel: Kernel, registry: Registry) -> None:
        self._kernel = kernel
        self._registry = registry

    def submit(
        self, call: Call, operation: BoundOperation, params: dict[str, Any], done: Done
    ) -> None:
        """Begin an operation; `done` is called on the event loop, after the commit if there is one.

        A `def` operation costs no task and no future.
        """
        running = _Running(self._kernel, call, operation, done)
        try:
            self._begin(call, operation, params, running)
        except AwsError as error:
            running(None, error)

    def _begin(
        self, call: Call, operation: BoundOperation, params: dict[str, Any], running: _Running
    ) -> None:
        if operation.function is None:
            raise not_implemented(operation.service_name, operation.name)
        operation.check(params)
        call.about = operation.about(call, params)
        kwargs = operation.keywords(params)
        function = operation.function_at_once(params)
        if function is None:
            task = self._kernel.tasks.start(operation.name, operation.function(call, **kwargs))
            task.add_done_callback(running.task_done)
            return
        store = self._kernel.store
        job = Job(
            _run, (call, function, kwargs), store.partition(call.about), call.about,
            running,
        )  # fmt: skip
        running.work = self._kernel.work.begin(operation.name)
        submit = store.submit
        if operation.reads:
            submit = store.submit_short_read if operation.is_short else store.submit_read
        if operation.prepare is None:
            submit(job)
        else:
            operation.prepare(call, kwargs, partial(go_on, submit, job))

    async def invoke(
        self, caller: Call, service: str, name: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Run an operation for another service and wait for its output; raises AwsError."""
        operation = self._registry.operation(service, name)
        if operation is None:
            raise not_implemented(service, name)
        operation.check_types(params)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

        def done(output: dict[str, Any] | None, error: AwsError | None) -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(output or {})

        self.submit(caller.child(service, name), operation, params, done)
        return await answer


class _Running:
    """One operation under way: the store's (or the task's) `done`, and what follows it."""

    __slots__ = ("_call", "_done", "_kernel", "_operation", "_started_ms", "work")

    def __init__(self, kernel: Kernel, call: Call, operation: BoundOperation, done: Done) -> None:
        self._kernel = kernel
        self._call = call
        self._operation = operation
        self._done = done
        # None where this second's traces are full: the time is then not asked for.
        is_timed = kernel.traces.is_recording or operation.is_timed
        self._started_ms = kernel.clock.monotonic_ms() if is_timed else None
        self.work: int | None = None

    def __call__(self, result: Any, failure: BaseException | None) -> None:
        kernel, call, operation = self._kernel, self._call, self._operation
        if self.work is not None:
            kernel.work.end(self.work)
        error: AwsError | None = None
        if failure is not None:
            error = failure if isinstance(failure, AwsError) else self._unexpected(failure)
        kernel.metering.count(
            (call.account, call.region, operation.service_name, operation.name, "requests")
        )
        if call.samples:
            self._state(call.samples)
        if self._started_ms is not None and kernel.traces.is_recording:
            self._trace(self._started_ms, "" if error is None else error.code)
        if error is None:
            self._done({} if result is None else result, None)
        else:
            self._done(None, error)

    def _state(self, samples: Sequence[Sample]) -> None:
        now_ms, note = self._kernel.clock.monotonic_ms(), self._kernel.metrics.note
        for series, value in samples:
            note(series, now_ms - (self._started_ms or now_ms) if value is None else value)

    def task_done(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            self(None, AwsError("ServiceUnavailable", "The server is stopping.", 503, "Receiver"))
            return
        failure = task.exception()
        self(None if failure is not None else task.result(), failure)

    def _unexpected(self, failure: BaseException) -> AwsError:
        """A programmer's error: said once in the log, under the request's id."""
        log.error(
            "%s.%s failed, request %s", self._operation.service_name, self._operation.name,
            self._call.request_id, exc_info=failure,
        )  # fmt: skip
        return internal_failure()

    def _trace(self, started_ms: float, code: str) -> None:
        kernel, call, operation = self._kernel, self._call, self._operation
        context = call.context
        kernel.traces.record(
            Span(
                trace_headers.parse(context.trace_id).root,
                kernel.clock.now(),
                operation.service_name,
                operation.name,
                call.account,
                call.region,
                call.about,
                call.request_id,
                int((kernel.clock.monotonic_ms() - started_ms) * 1000),
                context.hops,
                code,
            )
        )


def go_on(submit: Callable[[Job], None], job: Job) -> None:
    """Let a transaction begin that had to wait for what it needs."""
    try:
        submit(job)
    except AwsError as error:
        job.done(None, error)


def _run(tx: Transaction, call: Call, function: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
    call.tx = tx
    # An attempt before this one has not happened.
    call.samples = NO_SAMPLES
    tx.call = call
    return function(call, **kwargs)
