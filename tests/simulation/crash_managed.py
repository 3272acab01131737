"""Traffic on capacity providers and a function on one, for the crash test."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from simulation.crash_client import Client, Refused, ask
from simulation.crash_functions import pause
from simulation.crash_queues import Turn
from simulation.crash_versions import TRUST

FUNCTION = "crash-managed"
_PUBLISHED = "$LATEST.PUBLISHED"
_SETTLE_TURNS_MAX = 40
# Each of these starts a sandbox, and the other traffic needs the processors too.
_PAUSE_SECONDS = 0.5
_NETWORK = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": []}


class ManagedTraffic:
    """What was published last is there and runs, with the scaling that was acknowledged; made
    providers are there, and deleted ones are not.
    """

    name = "managed functions"

    def __init__(self, advance: Callable[[int], None]) -> None:
        # Moves the clock on, so that what waits is tried again.
        self._advance = advance
        self.problems: list[str] = []
        # What may be true: one value, or two where an answer was lost.
        self.published = {""}
        self.least = {1}
        self.providers: dict[str, bool] = {}
        self._numbers = count()
        self._total = 0
        self._lambda: Any = None

    def prepare(self, client: Client) -> None:
        role = client.boto3("iam").create_role(
            RoleName=FUNCTION, AssumeRolePolicyDocument=json.dumps(TRUST)
        )["Role"]["Arn"]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as package:
            file = zipfile.ZipInfo("index.py")
            # Lambda runs it as another user, who must be able to read it.
            file.external_attr = 0o644 << 16
            package.writestr(file, "def handler(event, context): return event")
        self._lambda = client.boto3("lambda")
        provider = self._make_provider(FUNCTION)
        self._ask(
            "create_function", FunctionName=FUNCTION, Runtime="python3.13", Timeout=10, Role=role,
            Handler="index.handler", Code={"ZipFile": packed.getvalue()},
            CapacityProviderConfig={
                "LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": provider}
            },
        )  # fmt: skip
        self.publish(client, random.Random(0))
        for _ in range(_SETTLE_TURNS_MAX):
            if self._state() != "Pending":
                break
            pause(0.25)
        self.scale(client, random.Random(0))

    def _make_provider(self, name: str) -> str:
        made = self._ask(
            "create_capacity_provider", CapacityProviderName=name, VpcConfig=_NETWORK,
            PermissionsConfig={
                "CapacityProviderOperatorRoleArn": "arn:aws:iam::000000000000:role/operator"
            },
        )  # fmt: skip
        return str(made["CapacityProvider"]["CapacityProviderArn"])

    def _ask(self, operation: str, **members: Any) -> dict[str, Any]:
        return ask(self._lambda, operation, **members)

    def turns(self) -> Sequence[Turn]:
        return [_seldom(self.publish), _seldom(self.scale), _seldom(self.provide)]

    def publish(self, client: Client, chance: random.Random) -> None:
        text = f"number {next(self._numbers)}"
        self._ask("update_function_configuration", FunctionName=FUNCTION, Description=text)
        self.published.add(text)
        made = self._ask("publish_version", FunctionName=FUNCTION, PublishTo="LATEST_PUBLISHED")
        self.published = {made["Description"]}
        self._total += 1

    def scale(self, client: Client, chance: random.Random) -> None:
        least = chance.randint(0, 2)
        known = set(self.least)
        self.least.add(least)
        try:
            self._ask(
                "put_function_scaling_config", FunctionName=FUNCTION, Qualifier=_PUBLISHED,
                FunctionScalingConfig={"MinExecutionEnvironments": least},
            )  # fmt: skip
        except Refused:
            # It has just been published.
            self.least = known
            return
        self.least = {least}

    def provide(self, client: Client, chance: random.Random) -> None:
        """Make a provider and, most times, delete it."""
        name = f"{FUNCTION}-{next(self._numbers)}"
        self._make_provider(name)
        self.providers[name] = True
        if chance.random() < 0.7:
            # Whether it is there is not known until it has gone.
            del self.providers[name]
            self._ask("delete_capacity_provider", CapacityProviderName=name)
            self.providers[name] = False

    def settle(self, client: Client) -> None:
        self._lambda = client.boto3("lambda")
        for _ in range(_SETTLE_TURNS_MAX):
            if (state := self._state()) != "Pending":
                break
            pause(0.25)
            self._advance(30)
        if state != "Active":
            self.problems.append(f"what was published is {state}")
        named = {"FunctionName": FUNCTION, "Qualifier": _PUBLISHED}
        found = self._ask("get_function_configuration", **named)["Description"]
        if found not in self.published:
            self.problems.append(f"{found!r} is published, not {self.published}")
        applied = self._ask("get_function_scaling_config", **named)["AppliedFunctionScalingConfig"]
        if applied["MinExecutionEnvironments"] not in self.least:
            self.problems.append(f"{applied} is kept, not {self.least}")
        answer = self._ask("invoke", FunctionName=FUNCTION, Payload=b'"event"')
        if (said := answer["Payload"].read()) != b'"event"':
            self.problems.append(f"what was published answers {said!r}")
        self.published, self.least = {found}, {applied["MinExecutionEnvironments"]}
        self._check_providers()

    def _state(self) -> str:
        named = {"FunctionName": FUNCTION, "Qualifier": _PUBLISHED}
        return str(self._ask("get_function_configuration", **named)["State"])

    def _check_providers(self) -> None:
        listed: set[str] = set()
        more: dict[str, Any] = {}
        while True:
            page = self._ask("list_capacity_providers", **more)
            arns = [each["CapacityProviderArn"] for each in page["CapacityProviders"]]
            listed |= {arn.rpartition(":")[2] for arn in arns}
            if "NextMarker" not in page:
                break
            more = {"Marker": page["NextMarker"]}
        for name, is_there in self.providers.items():
            if is_there != (name in listed):
                what = "is gone" if is_there else "is there again"
                self.problems.append(f"the capacity provider {name} {what}")
        self.providers.clear()

    def summary(self) -> str:
        return f"{self._total} published"


def _seldom(turn: Turn) -> Turn:
    def run(client: Client, chance: random.Random) -> None:
        turn(client, chance)
        pause(_PAUSE_SECONDS)

    return run
