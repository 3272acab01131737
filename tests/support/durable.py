"""Durable functions of which a test plays the SDK's part, one invocation after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from support.fake_fleet import Context
from support.lambdas import Functions

# What one invocation does: gets its event, and answers.
Turn = Callable[["Invoked"], Any]
PENDING = {"Status": "PENDING"}
DAY = 86_400


def succeeded(result: str | None = None) -> dict[str, Any]:
    return {"Status": "SUCCEEDED"} if result is None else {"Status": "SUCCEEDED", "Result": result}


class Invoked:
    """One invocation as its function sees it."""

    def __init__(self, client: Any, event: dict[str, Any]) -> None:
        self._client = client
        self.event = event
        self.arn: str = event["DurableExecutionArn"]
        self.token: str = event["CheckpointToken"]

    @property
    def operations(self) -> dict[str, dict[str, Any]]:
        """The operations that it was given, by id, without the execution itself."""
        given = self.event["InitialExecutionState"]["Operations"]
        return {each["Id"]: each for each in given[1:]}

    @property
    def input(self) -> str:
        details = self.event["InitialExecutionState"]["Operations"][0]["ExecutionDetails"]
        return str(details["InputPayload"])

    def checkpoint(self, *updates: dict[str, Any], **members: Any) -> dict[str, dict[str, Any]]:
        """What has changed, by operation's id."""
        answer = self.answer(*updates, **members)
        self.token = answer.get("CheckpointToken", "")
        return {each["Id"]: each for each in answer["NewExecutionState"]["Operations"]}

    def answer(self, *updates: dict[str, Any], **members: Any) -> dict[str, Any]:
        members = {"CheckpointToken": self.token, **members}
        answer: dict[str, Any] = self._client.checkpoint_durable_execution(
            DurableExecutionArn=self.arn, Updates=list(updates), **members
        )
        return answer


class Script:
    """A handler: its invocations take turns, and the last turn is repeated."""

    def __init__(self, client: Any, turns: Sequence[Turn]) -> None:
        self._client = client
        self._turns = list(turns)
        self.invoked: list[Invoked] = []
        self.problems: list[BaseException] = []

    async def __call__(self, event: Any, context: Context) -> Any:
        invoked = Invoked(self._client, event)
        turn = self._turns[min(len(self.invoked), len(self._turns) - 1)]
        self.invoked.append(invoked)
        # It talks to the server, whose thread this is.
        return await asyncio.to_thread(turn, invoked)


def step(id: str, action: str, **members: Any) -> dict[str, Any]:
    return {"Id": id, "Type": "STEP", "SubType": "Step", "Action": action, **members}


def retry(id: str, seconds: int, **members: Any) -> dict[str, Any]:
    return step(id, "RETRY", StepOptions={"NextAttemptDelaySeconds": seconds}, **members)


def wait(id: str, seconds: int) -> dict[str, Any]:
    return {"Id": id, "Type": "WAIT", "Action": "START", "WaitOptions": {"WaitSeconds": seconds}}


def callback(id: str, **options: int) -> dict[str, Any]:
    return {"Id": id, "Type": "CALLBACK", "Action": "START", "CallbackOptions": options}


def context(id: str, action: str, **members: Any) -> dict[str, Any]:
    return {"Id": id, "Type": "CONTEXT", "Action": action, **members}


def chained(id: str, function: str, payload: str) -> dict[str, Any]:
    return {
        "Id": id, "Type": "CHAINED_INVOKE", "Action": "START", "Payload": payload,
        "ChainedInvokeOptions": {"FunctionName": function},
    }  # fmt: skip


def waits(seconds: int) -> Turn:
    def turn(invoked: Invoked) -> Any:
        invoked.checkpoint(wait("pause", seconds))
        return PENDING

    return turn


def ends(invoked: Invoked) -> Any:
    return succeeded('"end"')


class Durable:
    """Makes durable functions, and runs them."""

    def __init__(self, functions: Functions, client: Any) -> None:
        self.functions = functions
        self.client = client
        self.script: Script

    def create(self, *turns: Turn, timeout: int = 10 * DAY, **members: Any) -> str:
        self.script = Script(self.client, turns)
        config = {"ExecutionTimeout": timeout, **members.pop("DurableConfig", {})}
        return self.functions.create(self.script, DurableConfig=config, **members)

    def start(self, name: str, event: Any = "e", **members: Any) -> str:
        """The ARN of an execution that was started asynchronously."""
        answer = self.functions.invoke(f"{name}:$LATEST", event, InvocationType="Event", **members)
        assert 202 == answer["StatusCode"]
        self.functions.pileus.idle()
        return str(answer["DurableExecutionArn"])

    def run(self, *turns: Turn, **members: Any) -> str:
        return self.start(self.create(*turns, **members))

    def get(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get_durable_execution(DurableExecutionArn=arn)
        return found

    def status(self, arn: str) -> str:
        return str(self.get(arn)["Status"])

    def events(self, arn: str, **members: Any) -> list[dict[str, Any]]:
        found = self.client.get_durable_execution_history(DurableExecutionArn=arn, **members)
        events: list[dict[str, Any]] = found["Events"]
        return events

    def kinds(self, arn: str) -> list[str]:
        return [event["EventType"] for event in self.events(arn)]
