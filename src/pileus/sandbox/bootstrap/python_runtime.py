"""The life of a Python runtime: INIT, then one invocation after another."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from decimal import Decimal
from types import TracebackType
from typing import Any, NamedTuple, TextIO, cast

from . import clock, entry_points, failures, log_records, snapshot_hooks
from .context import LambdaContext
from .failures import Failure, Fault
from .runtime_client import RuntimeClient

# The host has opened it, so that nothing is to be connected.
RUNTIME_CONNECTION = 3
_TRACE = "_X_AMZN_TRACE_ID"


class _Watched:
    """Turns an exception of customer code into a Failure; exits and interrupts pass."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self.failure: Failure | None = None

    def __enter__(self) -> _Watched:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.failure = Failure(error, trace, self._request_id)
        return True


def main() -> None:
    """Serve in a fresh interpreter, which has read what the variables say about it."""
    hidden = os.path.dirname(__file__)  # noqa: PTH120
    sys.path[:] = [entry for entry in sys.path if entry != hidden]
    clock.install(os.environ.get("PILEUS_CLOCK_PAGE", clock.PAGE))
    serve(prepare())


class PreparedRuntime(NamedTuple):
    """All that there is before customer code runs."""

    client: RuntimeClient
    request_ids: log_records.RequestIdFilter


def prepare() -> PreparedRuntime:
    """Make of this process what customer code expects; the variables are there already."""
    sys.stdin, sys.stdout, sys.stderr = _text(0, "r"), _text(1, "w"), _text(2, "w")
    descriptor = RUNTIME_CONNECTION
    os.set_inheritable(descriptor, False)
    client = RuntimeClient(socket.socket(fileno=descriptor))
    time.tzset()
    _arrange_modules()
    return PreparedRuntime(client, log_records.install())


def serve(runtime: PreparedRuntime) -> None:
    """Load the handler and answer invocations until the host lets go."""
    client, request_ids = runtime
    with _Watched("") as loading:
        handler = entry_points.resolve(os.environ.get("_HANDLER", ""))
    if loading.failure:
        _flush()
        log_records.write_failure(loading.failure)
        client.fail_init(loading.failure.payload, loading.failure.error_type)
        sys.exit(1)
    _flush()
    if snapshot_hooks.are_wanted():
        _be_restored(client)
    headers, event = client.first()
    while True:
        request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        request_ids.request_id = request_id
        with _Watched(request_id) as running:
            payload = invoke(handler, headers, event)
        if running.failure:
            _flush()
            log_records.write_failure(running.failure)
            failure = running.failure
            # Let go of the frames of the failed handler before waiting.
            del running
            headers, event = client.fail(request_id, failure.payload, failure.error_type)
        else:
            _flush()
            headers, event = client.respond(request_id, payload)


def _be_restored(client: RuntimeClient) -> None:
    """Let a snapshot be taken here, and go on when it is restored; hooks run before and after."""
    with _Watched("") as saving:
        snapshot_hooks.run_before_snapshot()
    _flush()
    if saving.failure:
        log_records.write_failure(saving.failure)
        client.fail_init(saving.failure.payload, snapshot_hooks.BEFORE_SNAPSHOT_ERROR)
        sys.exit(snapshot_hooks.BEFORE_SNAPSHOT_EXIT)
    client.restore_next()
    with _Watched("") as restoring:
        snapshot_hooks.run_after_restore()
    _flush()
    if restoring.failure:
        log_records.write_failure(restoring.failure)
        client.fail_restore(restoring.failure.payload, snapshot_hooks.AFTER_RESTORE_ERROR)
        sys.exit(snapshot_hooks.AFTER_RESTORE_EXIT)


def _arrange_modules() -> None:
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    task_root = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
    layers = os.environ.get("PILEUS_LAYERS_ROOT", "/opt")
    wanted = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [
        task_root,
        f"{layers}/python/lib/{version}/site-packages",
        f"{layers}/python",
        *(entry for entry in wanted if entry),
        *(entry for entry in sys.path if entry not in wanted),
    ]
    sys.argv[:] = ["/var/runtime/bootstrap.py"]


def invoke(handler: entry_points.Handler, headers: dict[str, str], event: bytes) -> bytes:
    trace = headers.get("Lambda-Runtime-Trace-Id")
    if trace:
        os.environ[_TRACE] = trace
    else:
        os.environ.pop(_TRACE, None)
    try:
        document = json.loads(event)
    except ValueError as error:
        raise Fault(failures.UNMARSHAL_ERROR, f"Unable to unmarshal input: {error}") from None
    result = handler(document, LambdaContext(headers))
    return _marshal(result)


def _marshal(result: object) -> bytes:
    try:
        return _to_json(result).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Fault(failures.MARSHAL_ERROR, f"Unable to marshal response: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


_to_json = json.JSONEncoder(default=_plain, ensure_ascii=False, allow_nan=False).encode


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass  # The function has closed it.


def _text(descriptor: int, mode: str) -> TextIO:
    """A stream that hands on each line as it ends."""
    return cast(
        TextIO,
        open(descriptor, mode, 1, encoding="utf-8", errors="backslashreplace", closefd=False),
    )
