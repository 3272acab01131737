"""Cuts what a function writes into log lines, within limits."""

from __future__ import annotations

import os
from collections.abc import Callable

FRAME = b"\xa5\x5a\x00\x03"
_FRAME_HEAD_BYTES = len(FRAME) + 4
# docs: cloudwatch_limits_cwl, the maximum size of a log event.
LINE_BYTES_MAX = 1_048_576 - 26
# An invocation that writes more than this goes on, and the rest is dropped and counted.
INVOCATION_BYTES_MAX = 16 << 20
_READ_BYTES = 1 << 16


class OutputReader:
    """Reads the pipe that standard output and error share, and hands on whole lines."""

    def __init__(self, descriptor: int, write_lines: Callable[[list[str]], None]) -> None:
        self._descriptor = descriptor
        self._write_lines = write_lines
        self._held = b""
        self._skip_bytes = 0
        self._taken_bytes = 0
        self._dropped_bytes = 0
        os.set_blocking(descriptor, False)

    @property
    def descriptor(self) -> int:
        return self._descriptor

    @property
    def is_dropping(self) -> bool:
        """The invocation has written all that is kept of it."""
        return self._dropped_bytes > 0

    def read(self) -> bool:
        """Take once what is there; False at the end of the pipe."""
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return True
        self._take(data)
        return bool(data)

    def drain(self) -> None:
        """Take all that was written until now, an unfinished last line too."""
        for _ in range(INVOCATION_BYTES_MAX // _READ_BYTES):
            try:
                data = os.read(self._descriptor, _READ_BYTES)
            except BlockingIOError:
                break
            if not data:
                break
            self._take(data)
        self.finish_line()

    def finish_line(self) -> None:
        held = self._held
        lines = [held[_FRAME_HEAD_BYTES:] if held.startswith(FRAME) else held]
        self._held, self._skip_bytes = b"", 0
        if self._dropped_bytes:
            lines.append(b"[%d bytes of output were dropped]" % self._dropped_bytes)
        self._taken_bytes = self._dropped_bytes = 0
        self._emit(lines)

    def _take(self, data: bytes) -> None:
        room = INVOCATION_BYTES_MAX - self._taken_bytes
        if len(data) > room:
            self._dropped_bytes += len(data) - room
            data = data[:room]
        self._taken_bytes += len(data)
        skipped = min(self._skip_bytes, len(data))
        self._skip_bytes -= skipped
        if len(data) > skipped:
            self._held += data[skipped:]
            self._emit(self._cut())

    def _cut(self) -> list[bytes]:
        """Take whole lines and records from what is held, and whatever is as long as may be."""
        lines, held, start = [], self._held, 0
        while start < len(held):
            if held.startswith(FRAME, start):
                head = start + _FRAME_HEAD_BYTES
                end = head + int.from_bytes(held[head - 4 : head], "big")
                if len(held) < head or len(held) < min(end, head + LINE_BYTES_MAX):
                    break
                lines.append(held[head : min(end, head + LINE_BYTES_MAX)])
                self._skip_bytes = max(0, end - len(held))
                start = min(end, len(held))
                continue
            end = held.find(b"\n", start, start + LINE_BYTES_MAX + 1)
            mark = held.find(FRAME, start, len(held) if end < 0 else end)
            if mark >= 0:
                # A record ends a line that was not ended.
                lines.append(held[start:mark])
                start = mark
            elif end >= 0:
                lines.append(held[start:end])
                start = end + 1
            elif len(held) - start >= LINE_BYTES_MAX:
                lines.append(held[start : start + LINE_BYTES_MAX])
                start += LINE_BYTES_MAX
            else:
                break
        self._held = held[start:]
        return lines

    def _emit(self, lines: list[bytes]) -> None:
        texts = [line.decode("utf-8", "replace").rstrip("\r\n") for line in lines]
        texts = [text for text in texts if text]
        if texts:
            self._write_lines(texts)

    def close(self) -> None:
        os.close(self._descriptor)
