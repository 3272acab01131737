"""A Pileus in a process of its own: started as a user starts it, and killed as fate does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pileus

_LISTENS = re.compile(r"Pileus listens on (http://[^:]+:\d+)")
_READY_SECONDS = 30
_SOURCE = Path(pileus.__file__).parent.parent


class Server:
    """`python -m pileus up` on a free port, with its log at hand."""

    def __init__(
        self, data: Path, *options: str, environment: dict[str, str] | None = None
    ) -> None:
        self.url = ""
        self.log: list[str] = []
        self._ready = threading.Event()
        command = [sys.executable, "-m", "pileus", "up", "--data", str(data)]
        command += ["--port", "0"] if "--port" not in options else []
        self.process = subprocess.Popen(
            [*command, *options],
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            # The same code that the tests import, installed or not.
            env={**os.environ, "PYTHONPATH": str(_SOURCE), **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))
            if found := _LISTENS.search(line):
                self.url = found[1]
            if "Ready." in line:
                self._ready.set()
        self._ready.set()

    def wait_until_ready(self) -> Server:
        """Wait for the line `Ready.`; raises if the process ended instead."""
        assert self._ready.wait(_READY_SECONDS), "\n".join(self.log)
        assert any("Ready." in line for line in self.log), "\n".join(self.log)
        return self

    def wait_until_ended(self) -> int:
        """The exit status."""
        status = self.process.wait(_READY_SECONDS)
        self._reader.join(_READY_SECONDS)
        return status

    def kill(self) -> None:
        """SIGKILL: no warning, no clean-up."""
        self.process.kill()
        self.wait_until_ended()

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait_until_ended()

    def __enter__(self) -> Server:
        return self.wait_until_ready()

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.kill()
