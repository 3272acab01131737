"""Traffic for the crash test: what is replicated is there in the end, once and in its order."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from simulation.crash_client import Client
from simulation.crash_objects import ask
from simulation.crash_queues import Turn

_SOURCE, _TARGET = "crash-replicated", "crash-replicas"
_KEYS = 3


class ReplicaTraffic:
    """Both buckets list the same versions and delete markers, however often it crashes."""

    name = "replicas"

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._seen = 0

    def prepare(self, client: Client) -> None:
        s3 = client.boto3("s3")
        for name in (_SOURCE, _TARGET):
            s3.create_bucket(Bucket=name)
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        rule = {
            "ID": "all",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{_TARGET}"},
        }
        s3.put_bucket_replication(
            Bucket=_SOURCE,
            ReplicationConfiguration={
                "Role": "arn:aws:iam::000000000000:role/replication",
                "Rules": [rule],
            },
        )

    def turns(self) -> Sequence[Turn]:
        return [self.put]

    def put(self, client: Client, chance: random.Random) -> None:
        place = f"/{_SOURCE}/{chance.randrange(_KEYS)}"
        if chance.random() < 0.2:
            ask(client, "DELETE", place)
        else:
            ask(client, "PUT", place, chance.randbytes(chance.choice((0, 100, 70_000))))

    def settle(self, client: Client) -> None:
        source, target = _listed(client, _SOURCE), _listed(client, _TARGET)
        if source != target:
            differing = sorted(set(source) ^ set(target))
            self.problems.append(f"replicas differ: {differing[:4] or 'in their order'}")
        self._seen += len(source)
        for bucket in (_SOURCE, _TARGET):
            for key, version in source:
                ask(client, "DELETE", f"/{bucket}/{key}?versionId={version}")

    def summary(self) -> str:
        return f"{self._seen} replicated"


def _listed(client: Client, bucket: str) -> list[tuple[str, str]]:
    """Keys and ids in the order of the list: that of the keys, the newest of each first."""
    found: list[tuple[str, str]] = []
    after = ""
    while True:
        listed = ask(client, "GET", f"/{bucket}?versions{after}").decode()
        for each in re.findall(r"<Version>.*?</Version>|<DeleteMarker>.*?</DeleteMarker>", listed):
            (key,) = re.findall(r"<Key>(.*?)</Key>", each)
            (version,) = re.findall(r"<VersionId>(.*?)</VersionId>", each)
            found.append((key, version))
        if "<IsTruncated>true" not in listed:
            return found
        (key,) = re.findall(r"<NextKeyMarker>(.*?)</NextKeyMarker>", listed)
        (version,) = re.findall(r"<NextVersionIdMarker>(.*?)</NextVersionIdMarker>", listed)
        after = f"&key-marker={key}&version-id-marker={version}"
