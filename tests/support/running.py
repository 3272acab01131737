"""A whole Pileus in this process, on a thread of its own, for tests that talk HTTP to it."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import uvloop
from botocore.config import Config

from pileus.app import App
from pileus.settings import Settings

T = TypeVar("T")

REGION = "us-east-1"
ACCOUNT = "000000000000"


class Running:
    """Starts with its clock as it stands; `freeze` and `advance` are the user's own calls."""

    def __init__(self, data: Path, **settings: Any) -> None:
        self.settings = Settings(port=0, data=data, **settings)
        self._loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._clients: dict[tuple[Any, ...], Any] = {}
        self.app: App

    def start(self) -> Running:
        self._thread.start()
        self.app = self.run(self._make())
        # What the test process holds would make each full collection a pause of 100 ms, which the
        # strict store takes for a function that does too much.
        gc.freeze()
        return self

    async def _make(self) -> App:
        app = App(self.settings, is_strict_store=True)
        await app.start()
        return app

    def stop(self) -> None:
        self.run(self.app.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        gc.unfreeze()

    def run(self, work: Coroutine[Any, Any, T], timeout_seconds: float = 60) -> T:
        """Run a coroutine on the server's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_seconds)

    @property
    def port(self) -> int:
        assert self.app.listener is not None
        return self.app.listener.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(
        self, service: str, *, account: str = "test", region: str = REGION, **options: Any
    ) -> Any:
        """A boto3 client; a 12-digit `account` gives the test an account of its own."""
        key = (service, account, region, tuple(sorted(options.items())))
        if key not in self._clients:
            config = Config(
                retries={"max_attempts": 0}, read_timeout=60, max_pool_connections=64, **options
            )
            self._clients[key] = boto3.client(
                service, endpoint_url=self.url, region_name=region, aws_access_key_id=account,
                aws_secret_access_key="test", config=config,
            )  # fmt: skip
        return self._clients[key]

    def control(self, path: str, question: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask the control plane, for example `/_pileus/clock`; a refusal is answered too."""
        data = None if question is None else json.dumps(question).encode()
        try:
            with urlopen(Request(self.url + path, data=data), timeout=120) as answer:
                return {"status": answer.status, **json.load(answer)}
        except HTTPError as refusal:
            return {"status": refusal.code, **json.load(refusal)}

    def freeze(self) -> None:
        assert self.control("/_pileus/clock", {"freeze": True})["status"] == 200

    def resume(self) -> None:
        assert self.control("/_pileus/clock", {"resume": True})["status"] == 200

    def advance(self, seconds: float | str) -> dict[str, Any]:
        """Move the platform's clock; returns when all that fell due has run."""
        answer = self.control("/_pileus/clock", {"advance": seconds})
        assert answer["status"] == 200, answer
        return answer

    @property
    def now(self) -> int:
        """The platform's clock, epoch milliseconds."""
        return self.app.kernel.clock.now()
