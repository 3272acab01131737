"""The extensions of one environment: which there are, what they asked for, who is still busy."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import msgspec

from pileus.sandbox.frames import Invoke

# docs: runtimes-extensions-api. Each file below this directory is an external extension.
DIRECTORY = "/opt/extensions"
REGISTERED_MAX = 10
INVOKE, SHUTDOWN = "INVOKE", "SHUTDOWN"


def names_in(opt_path: str) -> list[str]:
    """The external extensions that layers, merged in that directory, bring."""
    if not opt_path:
        return []
    try:
        found = list(Path(opt_path, "extensions").iterdir())
    except OSError:
        return []
    return sorted(each.name for each in found if not each.is_dir())


class Refusal(Exception):
    """An answer of the API that is an error."""

    def __init__(self, status: int, error_type: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.message = message


class Connection(Protocol):
    """Where an extension's question for its next event waits."""

    def send_event(self, identifier: str, body: bytes) -> None: ...


class Extension(msgspec.Struct, eq=False):
    """One that has registered."""

    name: str
    identifier: str
    events: tuple[str, ...]
    is_external: bool
    # Its question for the next event, while it waits.
    connection: Connection | None = None
    # What it missed, because its question was cut off.
    missed: dict[str, object] | None = None
    has_asked: bool = False
    has_exited: bool = False
    error_type: str = ""

    @property
    def is_busy(self) -> bool:
        """Invocations last until it asks for the next event."""
        return INVOKE in self.events and self.connection is None and not self.has_exited

    def send(self, event: dict[str, object]) -> None:
        connection, self.connection = self.connection, None
        self.missed = None if connection else event
        if connection:
            connection.send_event(self.identifier, json.dumps(event).encode())

    def ask(self, connection: Connection) -> None:
        """It waits for its next event, or gets the one that it missed."""
        self.connection = connection
        self.has_asked = True
        if self.missed:
            self.send(self.missed)


class Extensions:
    """Those of one try of INIT; another try begins with none."""

    def __init__(self, environment_id: str) -> None:
        self._environment_id = environment_id
        self._attempts = 0
        # What must register before the runtime is started.
        self.expected: list[str] = []
        self.registered: dict[str, Extension] = {}

    def forget(self) -> None:
        self._attempts += 1
        self.registered.clear()

    def __bool__(self) -> bool:
        return bool(self.registered)

    @property
    def external(self) -> list[Extension]:
        return [each for each in self.registered.values() if each.is_external]

    @property
    def are_registered(self) -> bool:
        return len(self.external) == len(self.expected)

    @property
    def are_ready(self) -> bool:
        """Each has asked for its first event."""
        return self.are_registered and all(each.has_asked for each in self.registered.values())

    @property
    def are_busy(self) -> bool:
        return any(each.is_busy for each in self.registered.values())

    @property
    def want_invocations(self) -> bool:
        return any(INVOKE in each.events for each in self.registered.values())

    def register(self, name: str, events: Iterable[object]) -> Extension:
        if not name:
            raise Refusal(403, "Extension.InvalidExtensionName", "Empty extension name")
        wanted = tuple(dict.fromkeys(str(each) for each in events))
        unknown = [each for each in wanted if each not in (INVOKE, SHUTDOWN)]
        if unknown:
            kind = "Extension.InvalidEventType"
            raise Refusal(403, kind, f"Unknown event type: {', '.join(unknown)}")
        is_external = name in self.expected
        if SHUTDOWN in wanted and not is_external:
            kind = "ShutdownEventNotSupportedForInternalExtension"
            raise Refusal(403, kind, "SHUTDOWN event cannot be registered for internal extension")
        if any(each.name == name for each in self.registered.values()):
            kind = "Extension.AlreadyRegistered"
            raise Refusal(403, kind, f"Extension {name} has registered already")
        if len(self.registered) >= REGISTERED_MAX:
            kind = "Extension.TooManyExtensions"
            raise Refusal(403, kind, f"Extension limit ({REGISTERED_MAX}) reached")
        seed = f"{self._environment_id} {self._attempts} {name}".encode()
        identifier = str(uuid.UUID(bytes=hashlib.sha256(seed).digest()[:16], version=4))
        found = self.registered[identifier] = Extension(name, identifier, wanted, is_external)
        return found

    def find(self, identifier: str) -> Extension:
        if not identifier:
            kind = "Extension.MissingExtensionIdentifier"
            raise Refusal(403, kind, "Missing Lambda-Extension-Identifier header")
        try:
            uuid.UUID(identifier)
        except ValueError:
            kind = "Extension.InvalidExtensionIdentifier"
            raise Refusal(403, kind, "Invalid Lambda-Extension-Identifier") from None
        found = self.registered.get(identifier)
        if found is None:
            kind = "Extension.UnknownExtensionIdentifier"
            raise Refusal(403, kind, f"Unknown extension {identifier}")
        return found

    def named(self, name: str) -> Extension | None:
        return next((each for each in self.external if each.name == name), None)

    def announce(self, message: Invoke, arn: str) -> None:
        """Tell of an invocation those who want to know."""
        event: dict[str, object] = {
            "eventType": INVOKE,
            "deadlineMs": message.deadline_ms,
            "requestId": message.request_id,
            "invokedFunctionArn": message.invoked_arn or arn,
            "tracing": {"type": "X-Amzn-Trace-Id", "value": message.trace_id},
        }
        for each in self.registered.values():
            if INVOKE in each.events:
                each.send(event)

    def lose(self, connection: object) -> None:
        for each in self.registered.values():
            if each.connection is connection:
                each.connection = None
