"""The real server in a process of its own, killed and started again on the same data."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]

_READY_SECONDS = 30.0
_ADVANCE_SECONDS = 120


class CrashServer:
    """Keeps its port, so that clients find it again."""

    def __init__(self, data: Path, spoil: Callable[[Path], None] | None = None) -> None:
        self.data = data
        # Damages the data after each kill, to see that the test would notice.
        self._spoil = spoil
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self._log = data.parent / "log"

    def begin(self) -> None:
        """Start the process without waiting for it."""
        assert self._process is None, "it runs already"
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-mpileus", "up", f"--port={self.port}", f"--data={self.data}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                cwd=self.data.parent,
            )  # fmt: skip

    def start(self) -> None:
        """Start and wait until it answers."""
        self.begin()
        ends = time.monotonic() + _READY_SECONDS
        while time.monotonic() < ends:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/_localstack/health", timeout=10):
                    return
            except OSError:
                self.wait(0.02)
        raise AssertionError(f"the server did not become ready:\n{self.said()}")

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until the process ends by itself (True, which is never right)."""
        assert self._process is not None
        descriptor = os.pidfd_open(self._process.pid)
        try:
            ended, _, _ = select.select([descriptor], [], [], seconds)
            return bool(ended)
        finally:
            os.close(descriptor)

    def kill(self) -> None:
        """SIGKILL, at whatever instruction it is."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
            if self._spoil is not None:
                self._spoil(self.data)

    def advance(self, seconds: int) -> None:
        """Move the platform's clock; returns when what fell due has run."""
        question = {"advance": seconds, "timeout_seconds": _ADVANCE_SECONDS}
        url = f"http://127.0.0.1:{self.port}/_pileus/clock"
        with urlopen(Request(url, json.dumps(question).encode()), timeout=150) as answer:
            assert answer.status == 200, f"the clock did not get there: {answer.read()!r}"

    def said(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-4000:]
