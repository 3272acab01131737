"""A process that signs: texts come in by its standard input, signatures go out by its output.

A signature takes as long as the rest of a publish. Made here, it takes nothing from the thread
that answers, and does not fight with it for the interpreter.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from pileus.services.sns.signer import Signer

_READ_BYTES = 1 << 16
_HEAD_BYTES = 4


class Key(msgspec.Struct, frozen=True):
    """The first frame that goes in; an empty list comes out when all is loaded."""

    private_key: str
    certificate: str


class Order(msgspec.Struct, frozen=True, array_like=True):
    """A text to be signed. All other frames that go in are lists of these."""

    text: str
    version: str


def frame(document: Any) -> bytes:
    packed = msgspec.msgpack.encode(document)
    return len(packed).to_bytes(_HEAD_BYTES, "big") + packed


class Frames:
    """Cuts what arrives into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        buffer = self._buffer
        buffer += data
        while len(buffer) >= _HEAD_BYTES:
            end = _HEAD_BYTES + int.from_bytes(buffer[:_HEAD_BYTES], "big")
            if len(buffer) < end:
                return
            packed = bytes(buffer[_HEAD_BYTES:end])
            del buffer[:end]
            yield packed


def main() -> None:
    """Sign until the input ends: with the server, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    frames = Frames()
    signer: Signer | None = None
    while data := os.read(sys.stdin.fileno(), _READ_BYTES):
        for packed in frames.feed(data):
            if signer is None:
                key = msgspec.msgpack.decode(packed, type=Key)
                signer = Signer(key.private_key, key.certificate)
                signatures = []
            else:
                orders = msgspec.msgpack.decode(packed, type=list[Order])
                signatures = [signer.sign(order.text, order.version) for order in orders]
            sys.stdout.buffer.write(frame(signatures))
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
