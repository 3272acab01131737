"""Traffic on durable executions for the crash test: what was started ends, each step once."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from simulation.crash_client import Client, ask
from simulation.crash_functions import paced, pause
from simulation.crash_queues import Turn
from simulation.crash_versions import TRUST

FUNCTION = "crash-durable"
_SETTLE_TURNS_MAX = 40
# A step, a wait, another step: what an SDK does, without the SDK.
_CODE = """
import boto3

client = boto3.client("lambda")

def handler(event, context):
    arn, token = event["DurableExecutionArn"], event["CheckpointToken"]
    first, *rest = event["InitialExecutionState"]["Operations"]
    known = {each["Id"]: each for each in rest}

    def save(**update):
        nonlocal token
        token = client.checkpoint_durable_execution(
            DurableExecutionArn=arn, CheckpointToken=token, Updates=[update]
        )["CheckpointToken"]

    if "first" not in known:
        given = first["ExecutionDetails"]["InputPayload"]
        save(Id="first", Type="STEP", Action="SUCCEED", Payload=given)
    if "wait" not in known:
        save(Id="wait", Type="WAIT", Action="START", WaitOptions={"WaitSeconds": 20})
        return {"Status": "PENDING"}
    if known["wait"]["Status"] != "SUCCEEDED":
        return {"Status": "PENDING"}
    return {"Status": "SUCCEEDED", "Result": known["first"]["StepDetails"]["Result"]}
"""


class DurableTraffic:
    """An execution that was acknowledged ends with its own result, and saves each step once."""

    name = "durable executions"

    def __init__(self, advance: Callable[[int], None]) -> None:
        # Moves the clock on, so that waits end.
        self._advance = advance
        self.problems: list[str] = []
        self._running: dict[str, str] = {}
        self._numbers = count()
        self._total = 0
        self._lambda: Any = None

    def prepare(self, client: Client) -> None:
        role = client.boto3("iam").create_role(
            RoleName=FUNCTION, AssumeRolePolicyDocument=json.dumps(TRUST)
        )
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as package:
            file = zipfile.ZipInfo("index.py")
            # Lambda runs it as another user, who must be able to read it.
            file.external_attr = 0o644 << 16
            package.writestr(file, _CODE)
        self._lambda = client.boto3("lambda")
        self._lambda.create_function(
            FunctionName=FUNCTION, Runtime="python3.11", Handler="index.handler", Timeout=10,
            Role=role["Role"]["Arn"], Code={"ZipFile": packed.getvalue()},
            DurableConfig={"ExecutionTimeout": 864_000},
        )  # fmt: skip

    def turns(self) -> Sequence[Turn]:
        return [paced(self.start)]

    def start(self, client: Client, chance: random.Random) -> None:
        name = f"n{next(self._numbers)}"
        answer = self._ask(
            "invoke", FunctionName=FUNCTION, Qualifier="$LATEST", InvocationType="Event",
            DurableExecutionName=name, Payload=json.dumps(name).encode(),
        )  # fmt: skip
        self._running[answer["DurableExecutionArn"]] = name

    def _ask(self, operation: str, **members: Any) -> dict[str, Any]:
        return ask(self._lambda, operation, **members)

    def settle(self, client: Client) -> None:
        self._lambda = client.boto3("lambda")
        for _ in range(_SETTLE_TURNS_MAX):
            if not self._look():
                break
            pause(0.25)
            self._advance(30)
        for arn, name in list(self._running.items())[:5]:
            self.problems.append(f"the execution {name} has not ended: {arn}")
        self._running.clear()

    def _look(self) -> bool:
        """Whether some have not ended yet."""
        for arn, name in list(self._running.items()):
            found = self._ask("get_durable_execution", DurableExecutionArn=arn)
            if found["Status"] == "RUNNING":
                continue
            del self._running[arn]
            self._total += 1
            if (found["Status"], found.get("Result")) != ("SUCCEEDED", json.dumps(name)):
                self.problems.append(f"the execution {name} ended as {found}")
            events = self._ask("get_durable_execution_history", DurableExecutionArn=arn)["Events"]
            kinds = [event["EventType"] for event in events]
            for kind in ("StepSucceeded", "WaitStarted", "WaitSucceeded", "ExecutionSucceeded"):
                if kinds.count(kind) != 1:
                    self.problems.append(f"the execution {name} has {kinds}")
        return bool(self._running)

    def summary(self) -> str:
        return f"{self._total} ended"
