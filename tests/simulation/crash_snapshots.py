"""Traffic on SnapStart and provisioned concurrency for the crash test."""

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
from simulation.crash_queues import Turn, drain, make_queue
from simulation.crash_versions import TRUST

SNAPPED = "crash-snapped"
KEPT = "crash-kept"
ALIAS = "live"
_QUEUE = "crash-snapped-done"
_READ_MAX = 20
_SETTLE_TURNS_MAX = 40
# Each of these starts a sandbox, and the other traffic needs the processors too.
_PAUSE_SECONDS = 0.4
_CODE = "def handler(event, context): return event"


class SnapshotTraffic:
    """Versions with SnapStart stay as they are and come to an end of `Pending`; an alias always
    points at one; an accepted event ends at a destination. What is provisioned stays so.
    """

    name = "snapshots"

    def __init__(self, advance: Callable[[int], None]) -> None:
        # Moves the clock on, so that retries fall due.
        self._advance = advance
        self.problems: list[str] = []
        self.versions: dict[str, str] = {}
        self.accepted: set[str] = set()
        # What may be provisioned: one figure, or two where an answer was lost; 0 is nothing.
        self.provisioned = {0}
        self._numbers = count()
        self._total = 0
        self._queue_url = ""
        self._lambda: Any = None

    def prepare(self, client: Client) -> None:
        self._queue_url = make_queue(client, _QUEUE)
        role = client.boto3("iam").create_role(
            RoleName=SNAPPED, AssumeRolePolicyDocument=json.dumps(TRUST)
        )
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as package:
            file = zipfile.ZipInfo("index.py")
            # Lambda runs it as another user, who must be able to read it.
            file.external_attr = 0o644 << 16
            package.writestr(file, _CODE)
        self._lambda = client.boto3("lambda")
        for name, more in ((SNAPPED, {"SnapStart": {"ApplyOn": "PublishedVersions"}}), (KEPT, {})):
            self._ask(
                "create_function", FunctionName=name, Runtime="python3.12", Timeout=10,
                Handler="index.handler", Role=role["Role"]["Arn"],
                Code={"ZipFile": packed.getvalue()}, **more,
            )  # fmt: skip
        self._ask("publish_version", FunctionName=KEPT)
        self.publish(client, random.Random(0))
        self._ask("create_alias", FunctionName=SNAPPED, Name=ALIAS, FunctionVersion="1")
        done = {"Destination": f"arn:aws:sqs:us-east-1:000000000000:{_QUEUE}"}
        self._ask(
            "put_function_event_invoke_config", FunctionName=SNAPPED, Qualifier=ALIAS,
            DestinationConfig={"OnSuccess": done, "OnFailure": done},
        )  # fmt: skip

    def _ask(self, operation: str, **members: Any) -> dict[str, Any]:
        return ask(self._lambda, operation, **members)

    def turns(self) -> Sequence[Turn]:
        return [_seldom(self.publish), _seldom(self.move_and_invoke), _seldom(self.provision)]

    def publish(self, client: Client, chance: random.Random) -> None:
        text = f"number {next(self._numbers)}"
        self._ask("update_function_configuration", FunctionName=SNAPPED, Description=text)
        made = self._ask("publish_version", FunctionName=SNAPPED)
        self.versions[made["Version"]] = made["Description"]
        self._total += 1

    def move_and_invoke(self, client: Client, chance: random.Random) -> None:
        version = chance.choice([*self.versions])
        self._ask("update_alias", FunctionName=SNAPPED, Name=ALIAS, FunctionVersion=version)
        id = f"event-{next(self._numbers)}"
        try:
            self._ask(
                "invoke", FunctionName=SNAPPED, Qualifier=ALIAS, InvocationType="Event",
                Payload=json.dumps({"id": id}).encode(),
            )  # fmt: skip
        except Refused:
            # Of a version whose INIT has not run.
            return
        self.accepted.add(id)

    def provision(self, client: Client, chance: random.Random) -> None:
        wanted = chance.randint(0, 2)
        self.provisioned.add(wanted)
        named = {"FunctionName": KEPT, "Qualifier": "1"}
        if wanted:
            self._ask(
                "put_provisioned_concurrency_config", ProvisionedConcurrentExecutions=wanted,
                **named,
            )  # fmt: skip
        else:
            self._ask("delete_provisioned_concurrency_config", **named)
        self.provisioned = {wanted}

    def settle(self, client: Client) -> None:
        self._lambda = client.boto3("lambda")
        pending, unready, missing = set(self.versions), True, set(self.accepted)
        for _ in range(_SETTLE_TURNS_MAX):
            drain(client, self._queue_url, lambda message: missing.discard(_id_in(message)))
            pending = {version for version in pending if self._is_pending(version)}
            unready = self._is_unready()
            if not (pending or unready or missing):
                break
            pause(0.25)
            self._advance(30)
        self.problems += [f"{id} was accepted and came nowhere" for id in sorted(missing)[:5]]
        self.problems += [f"version {version} stays Pending" for version in sorted(pending)[:5]]
        if unready:
            self.problems.append("what is provisioned stays IN_PROGRESS")
        self._check_versions()
        self.accepted.clear()

    def _is_pending(self, version: str) -> bool:
        found = self._ask("get_function_configuration", FunctionName=SNAPPED, Qualifier=version)
        return bool(found["State"] == "Pending")

    def _is_unready(self) -> bool:
        try:
            found = self._ask(
                "get_provisioned_concurrency_config", FunctionName=KEPT, Qualifier="1"
            )
        except Refused:
            found = {}
        requested = found.get("RequestedProvisionedConcurrentExecutions", 0)
        if requested not in self.provisioned:
            self.problems.append(f"{requested} are provisioned, not {self.provisioned}")
        self.provisioned = {requested}
        return found.get("Status") == "IN_PROGRESS"

    def _check_versions(self) -> None:
        for version, description in [*self.versions.items()][-_READ_MAX:]:
            found = self._ask("get_function_configuration", FunctionName=SNAPPED, Qualifier=version)
            if found["Description"] != description:
                self.problems.append(f"version {version} is {found['Description']!r} now")
            if found["State"] == "Failed":
                self.problems.append(f"version {version} failed: {found.get('StateReason')}")
        try:
            pointed = self._ask("get_alias", FunctionName=SNAPPED, Name=ALIAS)["FunctionVersion"]
            self._ask("get_function_configuration", FunctionName=SNAPPED, Qualifier=pointed)
        except Refused as refusal:
            self.problems.append(f"the alias points to nothing: {refusal}")

    def summary(self) -> str:
        return f"{self._total} published"


def _id_in(message: dict[str, Any]) -> str:
    return str(json.loads(message["Body"])["requestPayload"]["id"])


def _seldom(turn: Turn) -> Turn:
    def run(client: Client, chance: random.Random) -> None:
        turn(client, chance)
        pause(_PAUSE_SECONDS)

    return run
