"""Traffic on layers and file systems for the crash test."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from base64 import b64encode
from collections.abc import Sequence
from itertools import count
from typing import Any
from urllib.request import urlopen

from simulation.crash_client import Client, Refused, ask
from simulation.crash_functions import paced
from simulation.crash_queues import Turn
from simulation.crash_versions import TRUST

NAME = "crash-layers"
_READ_MAX = 10
_CODE = "import marked\ndef handler(event, context): return marked.number\n"
# Beyond what lies in a row, so that files are linked and let go of.
_FILLING = "#" * 70_000


def _zip(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        file = zipfile.ZipInfo(name)
        file.external_attr = 0o644 << 16
        package.writestr(file, text)
    return packed.getvalue()


class LayerTraffic:
    """A version is never lost nor given twice, and a function keeps the layer that it has."""

    name = "layers"

    def __init__(self) -> None:
        # Number to digest; of deleted ones nothing is asked any more.
        self.versions: dict[int, str] = {}
        self.given: set[int] = set()
        self.points: set[str] = set()
        # What the function may return: the last that was acknowledged, and what came after.
        self.possible: set[int] = set()
        self.problems: list[str] = []
        self._numbers = count()
        self._marks: dict[int, int] = {}
        self._file_system = ""
        self._lambda: Any = None
        self._efs: Any = None

    def prepare(self, client: Client) -> None:
        self._connect(client)
        role = client.boto3("iam").create_role(
            RoleName=NAME, AssumeRolePolicyDocument=json.dumps(TRUST)
        )
        self._lambda.create_function(
            FunctionName=NAME, Runtime="python3.11", Handler="index.handler", Timeout=20,
            Role=role["Role"]["Arn"], Code={"ZipFile": _zip("index.py", _CODE)},
        )  # fmt: skip
        self._file_system = self._efs.create_file_system()["FileSystemId"]
        chance = random.Random(0)
        self.publish(client, chance)
        self.use(client, chance)

    def _connect(self, client: Client) -> None:
        self._lambda, self._efs = client.boto3("lambda"), client.boto3("efs")

    def turns(self) -> Sequence[Turn]:
        return [paced(self.publish), paced(self.use), paced(self.delete), paced(self.make_point)]

    def publish(self, client: Client, chance: random.Random) -> None:
        mark = next(self._numbers)
        zipped = _zip("python/marked.py", f"number = {mark}\n{_FILLING}")
        made = ask(
            self._lambda, "publish_layer_version", LayerName=NAME, Content={"ZipFile": zipped}
        )
        number = made["Version"]
        if number in self.given:
            self.problems.append(f"layer version {number} was given again")
        self.given.add(number)
        self._marks[number] = mark
        self.versions[number] = b64encode(hashlib.sha256(zipped).digest()).decode()

    def use(self, client: Client, chance: random.Random) -> None:
        number = chance.choice([*self.versions] or [1])
        arn = f"arn:aws:lambda:us-east-1:000000000000:layer:{NAME}:{number}"
        mark = self._marks[number]
        self.possible.add(mark)
        try:
            ask(self._lambda, "update_function_configuration", FunctionName=NAME, Layers=[arn])
        except Refused:
            # It has been deleted meanwhile.
            return
        self.possible = {mark}

    def delete(self, client: Client, chance: random.Random) -> None:
        if len(self.versions) > 1:
            number = chance.choice([*self.versions])
            self.versions.pop(number, None)
            ask(self._lambda, "delete_layer_version", LayerName=NAME, VersionNumber=number)

    def make_point(self, client: Client, chance: random.Random) -> None:
        made = ask(self._efs, "create_access_point", FileSystemId=self._file_system)
        self.points.add(made["AccessPointId"])

    def settle(self, client: Client) -> None:
        self._connect(client)
        for number, digest in [*self.versions.items()][-_READ_MAX:]:
            found = ask(self._lambda, "get_layer_version", LayerName=NAME, VersionNumber=number)
            with urlopen(found["Content"]["Location"]) as answer:
                read = b64encode(hashlib.sha256(answer.read()).digest()).decode()
            if not digest == read == found["Content"]["CodeSha256"]:
                self.problems.append(f"layer version {number} is another one now")
        answer = ask(self._lambda, "invoke", FunctionName=NAME)
        returned = json.load(answer["Payload"])
        if returned not in self.possible:
            self.problems.append(f"the function has layer {returned}, not one of {self.possible}")
        for id in [*self.points][-_READ_MAX:]:
            ask(self._efs, "describe_access_points", AccessPointId=id)

    def summary(self) -> str:
        return f"{len(self.given)} layer versions, {len(self.points)} access points"
