"""Reading goes on at its checkpoints when the server starts again, attempts and windows too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.lambdas import Functions, RunningLambda
from support.streaming import Event, Streams, bodies

ACCOUNT = "222222222222"


class Server:
    """One after the other on the same data, with the same functions."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.running = RunningLambda(data)
        self.running.start()
        self.running.freeze()

    def restart(self) -> None:
        handlers = self.running.fleet.handlers
        self.running.stop()
        self.running = RunningLambda(self._data)
        self.running.fleet.handlers.update(handlers)
        self.running.start()

    def aws(self, service: str) -> Any:
        return self.running.client(service, account=ACCOUNT)


def test_reading_goes_on_where_it_was(tmp_path: Path) -> None:
    server = Server(tmp_path)
    streams = Streams(Functions(server.running, server.aws, ACCOUNT), server.aws)
    arn = streams.create()

    def answer(event: Event) -> Any:
        if "bad" in bodies(event):
            raise ValueError
        return {"state": {"count": event["state"].get("count", 0) + len(event["Records"])}}

    streams.map(arn, answer, MaximumRetryAttempts=3, BatchSize=1, TumblingWindowInSeconds=900)
    streams.put("a", "bad", "b")
    server.running.advance(1)
    assert [["a"], ["bad"], ["bad"]] == streams.batches()
    server.restart()
    server.running.advance(10)
    seen = [bodies(event) for event in streams.events]
    assert [["a"], ["bad"], ["bad"], ["bad"], ["bad"], ["b"]] == seen
    assert {"count": 1} == streams.events[-1]["state"]
    server.running.stop()
