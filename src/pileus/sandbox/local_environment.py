"""The server's handle on one environment of the sandbox host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from pileus.kernel.fleet import EnvironmentSpec, Failure, InvocationResult, OnOutput, Prepared, Sink
from pileus.sandbox.environments import documents
from pileus.sandbox.frames import Begun, Expire, Invoke, Message, Piece, Stop, Taken


class Host(Protocol):
    """The process that the environment runs in."""

    def send(self, message: Message) -> None: ...


class LocalEnvironment:
    """The server's handle on one environment of the host."""

    def __init__(
        self,
        host: Host,
        spec: EnvironmentSpec,
        on_output: OnOutput,
        on_exit: Callable[[], None],
    ) -> None:
        self._host = host
        self._spec = spec
        self.on_output = on_output
        self._on_exit = on_exit
        loop = asyncio.get_running_loop()
        self.started: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self._prepared: asyncio.Future[Prepared] = loop.create_future()
        self._result: asyncio.Future[InvocationResult] | None = None
        self._sink: Sink | None = None
        self._request_id = ""
        self.is_stopping = False

    @property
    def environment_id(self) -> str:
        return self._spec.environment_id

    @property
    def paths(self) -> tuple[str, ...]:
        """Its package and its layers."""
        return (self._spec.code_path, *self._spec.layer_paths)

    @property
    def is_alive(self) -> bool:
        return not self.is_stopping and not self.ended.done()

    async def invoke(
        self,
        request_id: str,
        payload: bytes,
        *,
        deadline_ms: int,
        timeout_seconds: float,
        trace_id: str,
        client_context: str | None = None,
        invoked_arn: str = "",
        sink: Sink | None = None,
    ) -> InvocationResult:
        assert self._result is None, "an environment takes one invocation at a time"
        if self.ended.done():
            return _gone(request_id, has_begun=False)
        self._result = asyncio.get_running_loop().create_future()
        self._request_id = request_id
        self._sink = sink
        self._host.send(
            Invoke(
                self.environment_id,
                request_id,
                payload,
                deadline_ms,
                timeout_seconds,
                trace_id,
                client_context,
                invoked_arn,
                sink is not None,
            )
        )
        try:
            return await self._result
        except asyncio.CancelledError:
            # Nobody waits for the answer, and the environment is busy with it.
            self.abandon()
            raise
        finally:
            self._result = self._sink = None

    async def prepared(self) -> Prepared:
        return await asyncio.shield(self._prepared)

    def initialized(self, prepared: Prepared) -> None:
        if not self._prepared.done():
            self._prepared.set_result(prepared)

    def stream(self, message: Begun | Piece) -> None:
        """A part of a streamed answer; none comes after the result."""
        request_id = message.request_id
        if self._sink is None or request_id != self._request_id:
            return
        if isinstance(message, Piece):
            self._sink.put(message.data)
        else:
            self._sink.begin(message.content_type, partial(self._taken, request_id))

    def _taken(self, request_id: str, count: int) -> None:
        if self._result and request_id == self._request_id:
            self._host.send(Taken(self.environment_id, request_id, count))

    def finish(self, request_id: str, result: InvocationResult) -> None:
        if self._result and not self._result.done() and request_id == self._request_id:
            self._result.set_result(result)

    def expire(self) -> None:
        if self._result:
            self._host.send(Expire(self.environment_id))

    def abandon(self) -> None:
        """Let it end without waiting for it."""
        if not self.is_stopping:
            self.is_stopping = True
            self._host.send(Stop(self.environment_id))

    async def stop(self) -> None:
        self.abandon()
        await asyncio.shield(self.ended)

    def end(self) -> None:
        """The host says, or has shown by ending, that no process is left."""
        if self.ended.done():
            return
        self.ended.set_result(None)
        self.initialized(Prepared(Failure.EXIT))
        self.finish(self._request_id, _gone(self._request_id, has_begun=True))
        if self.started.done() and not self.is_stopping:
            self._on_exit()


def _gone(request_id: str, has_begun: bool) -> InvocationResult:
    reason = "signal: killed"
    return InvocationResult(
        Failure.EXIT,
        documents.exited(request_id, reason),
        duration_ms=0.0,
        max_memory_mb=0,
        exit_reason=reason,
        is_reusable=False,
        has_begun=has_begun,
    )
