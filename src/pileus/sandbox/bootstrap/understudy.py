"""A runtime's process that is made, confined and rehearsed before its function is known."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Callable
from typing import Any

from ..isolation import enter, supervise
from . import process, rehearsal

_LENGTH = struct.Struct("=L")


class Understudy:
    """Process 1's side of it: forked where its root is made, and before its powers are gone."""

    def __init__(self, channel: socket.socket, has_groups: bool, rehearses: bool) -> None:
        cue, self._cue = os.pipe()

        def wait() -> None:
            os.close(self._cue)
            _get_ready(has_groups, rehearses)
            supervise.tell(channel, supervise.READY)
            _become_runtime(cue)

        self._pid = supervise.fork(wait)
        os.close(cue)

    def tell(self, request: bytes) -> bool:
        """Say which runtime it will be; False where it has died."""
        told = memoryview(_LENGTH.pack(len(request)) + request)
        try:
            while told:
                told = told[os.write(self._cue, told) :]
        except BrokenPipeError:
            return False
        return True

    def begin(self) -> int:
        """Let it run customer code; its process."""
        os.close(self._cue)
        return self._pid


def _get_ready(has_groups: bool, rehearses: bool) -> None:
    """Do all that needs no function."""
    # Away from the zygote's root, which process 1 still needs.
    os.chdir("/")
    enter.give_up_powers(has_groups, writable=[])
    process.begin_session()
    if rehearses:
        rehearsal.rehearse()


def _become_runtime(cue: int) -> None:
    """Wait for the function, and for the word to begin."""
    with os.fdopen(cue, "rb", buffering=0) as told:
        (length,) = _LENGTH.unpack(_read(told.read, _LENGTH.size))
        wanted: dict[str, Any] = json.loads(_read(told.read, length))
        enter.hold_data(wanted["data_bytes_max"])
        begin = process.prepare(wanted)
        # Closed by process 1, when it has no power left that customer code might be after.
        told.read(1)
    begin()


def _read(read: Callable[[int], bytes | None], size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = read(size - len(data))
        if not more:
            os._exit(0)
        data += more
    return data
