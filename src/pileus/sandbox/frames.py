"""What the server and its sandbox host say to each other: length-prefixed MessagePack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from pileus.kernel.fleet import (
    METADATA,
    SMTP_PORT,
    EnvironmentSpec,
    InvocationResult,
    LogLine,
    Prepared,
)


class FleetSettings(msgspec.Struct, frozen=True):
    """What a host is told once, when it starts."""

    state_directory: str
    packages_directory: str  # unpacked packages and layers; every code path lies below
    # Shared file systems, each in a directory of its id; empty where there are none.
    file_systems_directory: str = ""
    clock_page: str = ""  # kernel/clock_page.py's file; empty means that functions see real time
    isolation: str = "sandbox"  # or "process"
    endpoint_port: int = 4566
    # These names and all below them mean the endpoint, inside an environment.
    endpoint_domains: tuple[str, ...] = (
        "localhost.localstack.cloud",
        "localhost",
        "pileus.internal",
    )
    # Networks that no environment reaches, whatever its way outside.
    unreachable: tuple[str, ...] = METADATA
    # TCP ports of the outside that no environment reaches.
    closed_ports: tuple[int, ...] = (SMTP_PORT,)
    init_seconds_max: float = 10.0  # docs: lambda-runtime-environment, Init phase
    node_modules: str = ""  # libraries for Node.js functions, such as @aws-sdk, where it exists


class Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Any message."""


class Configure(Message, frozen=True):
    settings: FleetSettings


class Start(Message, frozen=True):
    spec: EnvironmentSpec


class Prepare(Message, frozen=True):
    """Functions of this runtime will be started."""

    runtime: str


class Invoke(Message, frozen=True):
    environment_id: str
    request_id: str
    payload: bytes
    deadline_ms: int
    timeout_seconds: float
    trace_id: str
    client_context: str | None
    invoked_arn: str
    wants_stream: bool = False


class Taken(Message, frozen=True):
    """So many bytes of a streamed answer have left for its reader."""

    environment_id: str
    request_id: str
    count: int


class Expire(Message, frozen=True):
    environment_id: str


class Stop(Message, frozen=True):
    environment_id: str


class Started(Message, frozen=True):
    environment_id: str


class Initialized(Message, frozen=True):
    """INIT of a SnapStart environment is over."""

    environment_id: str
    prepared: Prepared


class StartFailed(Message, frozen=True):
    environment_id: str
    message: str


class Begun(Message, frozen=True):
    """A streamed answer follows, in pieces, before the result."""

    environment_id: str
    request_id: str
    content_type: str


class Piece(Message, frozen=True):
    environment_id: str
    request_id: str
    data: bytes


class Result(Message, frozen=True):
    environment_id: str
    request_id: str
    result: InvocationResult


class Output(Message, frozen=True):
    environment_id: str
    lines: list[LogLine]


class Ended(Message, frozen=True):
    """No process of the environment is left."""

    environment_id: str


ToHost = Configure | Prepare | Start | Invoke | Taken | Expire | Stop
ToServer = Started | Initialized | StartFailed | Begun | Piece | Result | Output | Ended

_encoder = msgspec.msgpack.Encoder()
_LENGTH_BYTES = 4


def encode(message: Message) -> bytes:
    body = _encoder.encode(message)
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


class FrameReader:
    """Cuts a byte stream into messages of one union of types."""

    def __init__(self, kinds: Any) -> None:
        self._decoder = msgspec.msgpack.Decoder(kinds)
        self._received = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        received = self._received
        received += data
        start = 0
        while len(received) - start >= _LENGTH_BYTES:
            body = start + _LENGTH_BYTES
            end = body + int.from_bytes(received[start:body], "big")
            if len(received) < end:
                break
            yield self._decoder.decode(memoryview(received)[body:end])
            start = end
        if start:
            self._received = received[start:]
