"""The X-Ray daemon's place in an environment: takes segments as datagrams, and hands them on."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable

from pileus.sandbox import real_time

_DATAGRAM_BYTES_MAX = 1 << 16
_DATAGRAMS_AT_ONCE_MAX = 64
_PAUSE_SECONDS = 0.005


class SegmentReceiver:
    """Reads a socket that lives in the environment's network namespace."""

    def __init__(self, descriptor: int, hand_on: Callable[[list[str]], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)
        self._hand_on = hand_on
        self._loop.add_reader(self._socket, self._receive)

    def _receive(self) -> None:
        if self.drain():
            # A flood of segments must not keep the host from its other environments.
            self._loop.remove_reader(self._socket)
            real_time.after(_PAUSE_SECONDS, self._resume)

    def _resume(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.add_reader(self._socket, self._receive)

    def drain(self) -> bool:
        """Take what has come; whether there may be more."""
        if self._socket.fileno() < 0:
            return False
        segments = []
        is_more = True
        for _ in range(_DATAGRAMS_AT_ONCE_MAX):
            try:
                segment = segment_in(self._socket.recv(_DATAGRAM_BYTES_MAX))
            except OSError:
                is_more = False
                break
            if segment:
                segments.append(segment)
        if segments:
            self._hand_on(segments)
        return is_more

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()


def segment_in(datagram: bytes) -> str:
    """The document behind the header; empty where it is none.

    docs: xray/latest/devguide/xray-api-sendingdata, "Sending segment documents to the daemon"
    """
    head, _, body = datagram.partition(b"\n")
    try:
        header = json.loads(head)
        if header != {"format": "json", "version": 1}:
            return ""
        return body.decode()
    except (ValueError, RecursionError):
        return ""
