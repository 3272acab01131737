"""Runs the load generator against a server and reads what the server spent meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from bench import processes
from bench.load import Outcome
from bench.systems import HOST, ROOT, Server

_PATIENCE_SECONDS = 60.0


@dataclass
class Load:
    """What came of it, and the server's processor time."""

    outcome: Outcome
    cpu_seconds: float

    @property
    def rate(self) -> float:
        return self.outcome.requests / self.outcome.seconds

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu_seconds / max(1, self.outcome.requests)


class LoadFailed(Exception):
    """More than a few requests failed, so there is no figure."""


def apply(server: Server, kind: str, *, seconds_max: float, **settings: Any) -> Load:
    """Run one job; raises LoadFailed when the server's answers are not to be counted."""
    job = {
        "kind": kind, "host": HOST, "port": server.port, "is_signed": server.system.is_signed,
        "seconds_max": seconds_max, "connections": 16, **settings,
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "bench.load"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    ) as generator:  # fmt: skip
        assert generator.stdin is not None
        assert generator.stdout is not None
        try:
            generator.stdin.write(json.dumps(job) + "\n")
            generator.stdin.flush()
            if generator.stdout.readline() != "ready\n":
                raise LoadFailed("the load generator did not start")
            before = processes.cpu_seconds(server.pid)
            said, _ = generator.communicate("go\n", seconds_max + _PATIENCE_SECONDS)
            spent = processes.cpu_seconds(server.pid) - before
        except subprocess.TimeoutExpired:
            generator.kill()
            raise LoadFailed("the load generator did not end") from None
    outcome = Outcome(**json.loads(said))
    if outcome.failures * 100 > outcome.requests or not outcome.requests:
        raise LoadFailed(f"{outcome.failures} of {outcome.requests}: {outcome.first_failure}")
    return Load(outcome, spent)
