"""A running Pileus whose functions are Python callables, and what tests of Lambda share."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from pileus.app import App
from support.fake_fleet import FakeFleet, Handler
from support.running import Running

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


class RunningLambda(Running):
    """Its `fleet.handlers` are the functions' code."""

    def __init__(self, data: Path, **settings: Any) -> None:
        super().__init__(data, **settings)
        self.fleet = FakeFleet()

    async def _make(self) -> App:
        app = App(self.settings, fleet=self.fleet, is_strict_store=True)
        self.fleet.now_ms = app.kernel.clock.now
        await app.start()
        return app

    def idle(self) -> None:
        """Wait until nothing runs any more (the clock stands still)."""
        self.advance(0)


def package(text: str = "", name: str = "index.py", mode: int = 0o644) -> bytes:
    """A zip with one file."""
    buffer = io.BytesIO()
    file = zipfile.ZipInfo(name)
    # Lambda runs it as another user, who must be able to read it.
    file.external_attr = mode << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(file, text)
    return buffer.getvalue()


def make_role(iam: Any, name: str, trust: str = TRUST) -> str:
    """The ARN of a role that Lambda may assume."""
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    return str(made["Role"]["Arn"])


class Functions:
    """Makes functions for one test, in its own account."""

    def __init__(self, pileus: RunningLambda, aws: Any, account: str) -> None:
        self.pileus = pileus
        self.client = aws("lambda")
        self.account = account
        self.role = make_role(aws("iam"), "worker")
        self._count = 0

    def create(self, handler: Handler | None = None, **members: Any) -> str:
        """A function whose code is `handler`; its name."""
        self._count += 1
        name = members.pop("FunctionName", f"function-{self._count}")
        entry = f"{self.account}-{name}.handler"
        if handler is not None:
            self.pileus.fleet.handlers[entry] = handler
        asked = {
            "FunctionName": name,
            "Runtime": "python3.12",
            "Handler": entry,
            "Role": self.role,
            "Code": {"ZipFile": package(name)},
            **members,
        }
        self.client.create_function(**asked)
        return name

    def arn(self, name: str) -> str:
        return f"arn:aws:lambda:us-east-1:{self.account}:function:{name}"

    def invoke(self, name: str, event: Any = None, **members: Any) -> dict[str, Any]:
        """The answer, with its payload read."""
        if event is not None:
            members["Payload"] = json.dumps(event)
        answer = self.client.invoke(FunctionName=name, **members)
        answer["Payload"] = answer["Payload"].read()
        return answer


def log_lines(logs: Any, name: str) -> list[str]:
    """All lines of a function's log group in order."""
    try:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{name}", interleaved=True
        )
        return [event["message"] for page in pages for event in page["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []
