"""Traffic for the crash test: versions that are held stay, whoever tries to remove them."""

from __future__ import annotations

import base64
import hashlib
import random
import re
from collections.abc import Sequence

from simulation.crash_client import Client, Refused
from simulation.crash_objects import ask
from simulation.crash_queues import Turn

_BUCKET = "crash-locked"
_KEYS = 5
_RELEASE = b"<LegalHold><Status>OFF</Status></LegalHold>"


class LockTraffic:
    """Every version is acknowledged with a legal hold on it."""

    name = "lock"

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._acknowledged: set[tuple[str, str]] = set()
        self._kept = 0

    def prepare(self, client: Client) -> None:
        client.boto3("s3").create_bucket(Bucket=_BUCKET, ObjectLockEnabledForBucket=True)

    def turns(self) -> Sequence[Turn]:
        return [self.put]

    def put(self, client: Client, chance: random.Random) -> None:
        key, body = str(chance.randrange(_KEYS)), chance.randbytes(chance.choice((10, 70_000)))
        headers: dict[str, str] = {}
        ask(
            client, "PUT", f"/{_BUCKET}/{key}", body,
            {"x-amz-object-lock-legal-hold": "ON", **_digest(body)}, headers,
        )  # fmt: skip
        version = headers["x-amz-version-id"]
        self._acknowledged.add((key, version))
        try:
            ask(client, "DELETE", f"/{_BUCKET}/{key}?versionId={version}")
        except Refused as refusal:
            if not str(refusal).startswith("403"):
                raise
        else:
            self.problems.append(f"a held version of {key} was removed")
        if chance.random() < 0.3:
            ask(client, "DELETE", f"/{_BUCKET}/{key}")

    def settle(self, client: Client) -> None:
        present, markers = self._present(client)
        if lost := self._acknowledged - present:
            self.problems.append(f"held versions are gone: {sorted(lost)[:5]}")
        self._kept += len(self._acknowledged)
        for key, version in present:
            place = f"/{_BUCKET}/{key}?versionId={version}"
            ask(client, "PUT", f"{place}&legal-hold", _RELEASE, _digest(_RELEASE))
            ask(client, "DELETE", place)
        for key, version in markers:
            ask(client, "DELETE", f"/{_BUCKET}/{key}?versionId={version}")
        self._acknowledged.clear()

    def _present(self, client: Client) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
        found: dict[str, set[tuple[str, str]]] = {"Version": set(), "DeleteMarker": set()}
        after = ""
        while True:
            listed = ask(client, "GET", f"/{_BUCKET}?versions{after}").decode()
            for kind, each in re.findall(r"<(Version|DeleteMarker)>(.*?)</\1>", listed):
                (key,) = re.findall(r"<Key>(.*?)</Key>", each)
                (version,) = re.findall(r"<VersionId>(.*?)</VersionId>", each)
                found[kind].add((key, version))
            if "<IsTruncated>true" not in listed:
                return found["Version"], found["DeleteMarker"]
            (key,) = re.findall(r"<NextKeyMarker>(.*?)</NextKeyMarker>", listed)
            (version,) = re.findall(r"<NextVersionIdMarker>(.*?)</NextVersionIdMarker>", listed)
            after = f"&key-marker={key}&version-id-marker={version}"

    def summary(self) -> str:
        return f"{self._kept} held versions kept"


def _digest(body: bytes) -> dict[str, str]:
    return {"content-md5": base64.b64encode(hashlib.md5(body).digest()).decode()}
