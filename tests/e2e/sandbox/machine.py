"""A fleet under test: a loop in a thread, code written to packages, plain calls."""

from __future__ import annotations

import asyncio
import json
import socket
import textwrap
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from pileus.kernel.fleet import EnvironmentSpec, Failure, InvocationResult, LogLine
from pileus.sandbox.fleet_local import LocalFleet
from pileus.sandbox.frames import FleetSettings
from pileus.sandbox.local_environment import LocalEnvironment

REQUEST_ID = "8f5c9d3e-0000-4000-8000-000000000001"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:tried"
DEADLINE_MS = 4_102_444_800_000
_WAIT_SECONDS = 30.0

Value = TypeVar("Value")
_numbers = count()


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def begin(self, work: Coroutine[Any, Any, Value]) -> Future[Value]:
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, Value]) -> Value:
        return self.begin(work).result(_WAIT_SECONDS)

    def call(self, function: Callable[[], None]) -> None:
        self.loop.call_soon_threadsafe(function)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class Tried:
    """One environment, its output, and whether it has ended unasked."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.environment: LocalEnvironment
        self.output: list[LogLine] = []
        self.ended = threading.Event()
        self.on_text: Callable[[str], None] = lambda text: None

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.output]

    def begin(self, event: Any = None, **options: Any) -> Future[InvocationResult]:
        wanted: dict[str, Any] = {
            "deadline_ms": DEADLINE_MS,
            "timeout_seconds": 20.0,
            "trace_id": "Root=1-5f84c7a9-000000000000000000000001",
        }
        wanted |= options
        request_id = wanted.pop("request_id", REQUEST_ID)
        payload = json.dumps(event).encode()
        return self.machine.loop.begin(self.environment.invoke(request_id, payload, **wanted))

    def result(self, event: Any = None, **options: Any) -> InvocationResult:
        return self.begin(event, **options).result(_WAIT_SECONDS)

    def answer(self, event: Any = None, **options: Any) -> Any:
        """What the handler returned; anything else fails the test."""
        result = self.result(event, **options)
        assert Failure.NONE is result.failure, (result, self.texts)
        return json.loads(result.payload)

    def stop(self) -> None:
        self.machine.loop.run(self.environment.stop())


class Machine:
    """A LocalFleet and a directory of packages."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.loop = Loop()
        self.packages = directory / "packages"
        self.packages.mkdir()
        self.listeners: dict[str, socket.socket] = {}
        self.fleet = LocalFleet(
            FleetSettings(str(directory / "state"), str(self.packages), **settings),
            self._take_listener,
            self._drop_listener,
        )

    def _take_listener(self, environment_id: str, listener: socket.socket) -> None:
        self.listeners[environment_id] = listener

    def _drop_listener(self, environment_id: str) -> None:
        listener = self.listeners.pop(environment_id, None)
        if listener:
            listener.close()

    def package(self, files: dict[str, str]) -> str:
        place = self.packages / f"package-{next(_numbers)}"
        for name, text in files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(textwrap.dedent(text))
        return str(place)

    def start(self, files: str | dict[str, str], **members: Any) -> Tried:
        """Start an environment; a string is the code of a Python module `app`."""
        tried = Tried(self)
        tried.environment = self.loop.run(self._start(self.spec(files, **members), tried))
        return tried

    def begin(self, files: str | dict[str, str], **members: Any) -> Future[LocalEnvironment]:
        return self.loop.begin(self._start(self.spec(files, **members), Tried(self)))

    def spec(self, files: str | dict[str, str], **members: Any) -> EnvironmentSpec:
        package = self.package({"app.py": files} if isinstance(files, str) else files)
        variables = {
            "AWS_LAMBDA_FUNCTION_NAME": "tried",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(members.get("memory_mb", 512)),
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/tried",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2030/01/01/[$LATEST]0123456789abcdef",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        wanted: dict[str, Any] = {
            "environment_id": f"environment-{next(_numbers)}",
            "function_arn": ARN,
            "runtime": "python3.11",
            "handler": "app.handler",
            "memory_mb": 512,
            "ephemeral_mb": 512,
            "timeout_seconds": 3,
            "code_path": package,
            "layer_paths": (),
        }
        wanted |= members
        wanted["variables"] = variables | wanted.get("variables", {})
        return EnvironmentSpec(**wanted)

    def _start(self, spec: EnvironmentSpec, tried: Tried) -> Coroutine[Any, Any, LocalEnvironment]:
        def take(lines: Sequence[LogLine]) -> None:
            tried.output += lines
            for line in lines:
                tried.on_text(line.text)

        return self.fleet.start(spec, take, tried.ended.set)

    def close(self) -> None:
        self.loop.run(self.fleet.close())
        self.loop.close()
