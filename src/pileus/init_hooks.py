"""Runs the user's scripts at the stages of a start: boot, start, ready, shutdown.

Scripts lie in `/etc/localstack/init/STAGE.d` (or below $PILEUS_INIT_DIR), `.sh` and `.py`, and run
one after the other in order of their names. A script that fails is reported and stops nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Any

from pileus.kernel import processors

log = logging.getLogger(__name__)

STAGES = ("boot", "start", "ready", "shutdown")
_DEFAULT_FOLDER = Path("/etc/localstack/init")


class InitHooks:
    """Knows which scripts there are and how each ended."""

    def __init__(self, endpoint_url: str, folder: Path | None = None) -> None:
        self.endpoint_url = endpoint_url
        self._folder = folder or Path(os.environ.get("PILEUS_INIT_DIR", _DEFAULT_FOLDER))
        self._completed: dict[str, bool] = dict.fromkeys(STAGES, False)
        self._scripts: list[dict[str, str]] = []

    async def run(self, stage: str) -> None:
        folder = self._folder / f"{stage}.d"
        if folder.is_dir():
            for script in sorted(folder.rglob("*")):
                if script.suffix in (".sh", ".py") and script.is_file():
                    await self._run_script(stage, script)
        self._completed[stage] = True

    async def _run_script(self, stage: str, script: Path) -> None:
        entry = {"stage": stage.upper(), "name": script.name, "state": "RUNNING"}
        self._scripts.append(entry)
        interpreter = [sys.executable] if script.suffix == ".py" else ["/bin/sh"]
        if script.suffix == ".sh" and os.access(script, os.X_OK):
            interpreter = []
        environment = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint_url,
            **os.environ,
        }
        try:
            process = await asyncio.create_subprocess_exec(
                *interpreter, str(script), env=environment, stdin=asyncio.subprocess.DEVNULL
            )
            processors.roam(process.pid)
            code = await process.wait()
        except OSError as error:
            log.error("init script %s could not be run: %s", script, error)
            code = 127
        entry["state"] = "SUCCESSFUL" if code == 0 else "ERROR"
        if code:
            log.error("init script %s ended with status %d", script, code)

    def report(self) -> dict[str, Any]:
        """What `/_localstack/init` answers."""
        completed = {stage.upper(): done for stage, done in self._completed.items()}
        return {"completed": completed, "scripts": self._scripts}
