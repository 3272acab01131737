"""Traffic on versions and aliases for the crash test."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Sequence
from itertools import count
from typing import Any

from simulation.crash_client import Client, Refused, ask
from simulation.crash_functions import paced
from simulation.crash_queues import Turn

FUNCTION = "crash-versions"
ALIAS = "live"
_READ_MAX = 20
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


class VersionTraffic:
    """A published version stays as it was, and an alias never points to nothing."""

    name = "versions"

    def __init__(self) -> None:
        # What is known of each version; None where it is not known whether it was deleted.
        self.versions: dict[str, str | None] = {}
        self.problems: list[str] = []
        self._numbers = count()
        self._total = 0
        self._lambda: Any = None

    def prepare(self, client: Client) -> None:
        role = client.boto3("iam").create_role(
            RoleName=FUNCTION, AssumeRolePolicyDocument=json.dumps(TRUST)
        )
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as package:
            package.writestr("index.py", "def handler(event, context): pass")
        self._lambda = client.boto3("lambda")
        self._lambda.create_function(
            FunctionName=FUNCTION, Runtime="python3.11", Handler="index.handler",
            Role=role["Role"]["Arn"], Code={"ZipFile": packed.getvalue()},
        )  # fmt: skip
        self.publish(client, random.Random(0))
        self._ask("create_alias", Name=ALIAS, FunctionVersion="1")

    def _ask(self, operation: str, **members: Any) -> dict[str, Any]:
        return ask(self._lambda, operation, FunctionName=FUNCTION, **members)

    def turns(self) -> Sequence[Turn]:
        return [paced(self.publish), paced(self.move), paced(self.delete)]

    def publish(self, client: Client, chance: random.Random) -> None:
        text = f"number {next(self._numbers)}"
        self._ask("update_function_configuration", Description=text)
        made = self._ask("publish_version")
        version, description = made["Version"], made["Description"]
        if version in self.versions and self.versions[version] != description:
            self.problems.append(f"version {version} was given again")
        self.versions[version] = description
        self._total += 1

    def move(self, client: Client, chance: random.Random) -> None:
        try:
            self._ask("update_alias", Name=ALIAS, FunctionVersion=chance.choice([*self.versions]))
        except Refused:
            # Of a version that has been deleted.
            return

    def delete(self, client: Client, chance: random.Random) -> None:
        version = chance.choice([*self.versions])
        known, self.versions[version] = self.versions[version], None
        try:
            self._ask("delete_function", Qualifier=version)
        except Refused:
            # The alias points at it.
            self.versions[version] = known

    def settle(self, client: Client) -> None:
        self._lambda = client.boto3("lambda")
        known = [each for each in self.versions.items() if each[1] is not None][-_READ_MAX:]
        for version, description in known:
            found = self._ask("get_function_configuration", Qualifier=version)
            if found["Description"] != description:
                self.problems.append(f"version {version} is {found['Description']!r} now")
        try:
            pointed = self._ask("get_alias", Name=ALIAS)["FunctionVersion"]
            found = self._ask("get_function_configuration", Qualifier=ALIAS)
            if found["Version"] != pointed:
                self.problems.append(f"the alias is for {pointed} and shows {found['Version']}")
        except Refused as refusal:
            self.problems.append(f"the alias points to nothing: {refusal}")

    def summary(self) -> str:
        return f"{self._total} published"
