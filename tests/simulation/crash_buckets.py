"""Traffic on settings of buckets, and on forms: what is acknowledged is told and read back."""

from __future__ import annotations

import base64
import hashlib
import random
import re
from collections.abc import Sequence

from simulation.crash_client import Client, Refused
from simulation.crash_objects import ask
from simulation.crash_queues import Turn

_BUCKET = "crash-settings"
_KEYS = 5
_ABSENT = ""


class BucketTraffic:
    """Tags and configurations that are replaced, and forms that are posted."""

    name = "bucket"

    def __init__(self) -> None:
        # What each setting and each object may hold: of these the last acknowledged is one.
        self.possible: dict[str, set[str]] = {}
        self.problems: list[str] = []
        self._read = 0

    def prepare(self, client: Client) -> None:
        ask(client, "PUT", f"/{_BUCKET}")

    def turns(self) -> Sequence[Turn]:
        return [self.tag, self.configure, self.post]

    def tag(self, client: Client, chance: random.Random) -> None:
        value = chance.randbytes(8).hex()
        tag = f"<Tag><Key>it</Key><Value>{value}</Value></Tag>"
        self._put(client, "?tagging", f"<Tagging><TagSet>{tag}</TagSet></Tagging>", value)

    def configure(self, client: Client, chance: random.Random) -> None:
        id_ = f"id-{chance.randrange(_KEYS)}"
        value = chance.randbytes(8).hex()
        document = f"<Id>{id_}</Id><Filter><Prefix>{value}</Prefix></Filter>"
        document = f"<MetricsConfiguration>{document}</MetricsConfiguration>"
        self._put(client, f"?metrics&id={id_}", document, value)

    def _put(self, client: Client, target: str, document: str, value: str) -> None:
        body = document.encode()
        md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
        self.possible.setdefault(target, {_ABSENT}).add(value)
        ask(client, "PUT", f"/{_BUCKET}{target}", body, {"content-md5": md5})
        self.possible[target] = {value}

    def post(self, client: Client, chance: random.Random) -> None:
        key = f"posted-{chance.randrange(_KEYS)}"
        value = chance.randbytes(chance.choice((8, 100_000))).hex()
        form = (
            '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\n'
            f'{key}\r\n--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n{value}\r\n--b--'
        )
        self.possible.setdefault(f"/{key}", {_ABSENT}).add(value)
        headers = {"content-type": "multipart/form-data; boundary=b"}
        ask(client, "POST", f"/{_BUCKET}", form.encode(), headers)
        self.possible[f"/{key}"] = {value}

    def settle(self, client: Client) -> None:
        for target, possible in self.possible.items():
            found = _read(client, target)
            if found not in possible:
                self.problems.append(f"{target} of a bucket is not what was acknowledged")
            self._read += 1
            self.possible[target] = {found}

    def summary(self) -> str:
        return f"{self._read} settings and posted objects read"


def _read(client: Client, target: str) -> str:
    try:
        text = ask(client, "GET", f"/{_BUCKET}{target}").decode()
    except Refused as refusal:
        if str(refusal).startswith("404"):
            return _ABSENT
        raise
    if target.startswith("/"):
        return text
    (found,) = re.findall(r"<(?:Value|Prefix)>(\w+)<", text)
    return str(found)
