"""Pushes of container images for the crash test: what is acknowledged is pulled byte for byte."""

from __future__ import annotations

import http.client
import random
from collections.abc import Sequence
from itertools import count
from typing import Any

from simulation.crash_client import Client, Lost, Refused
from simulation.crash_queues import Turn
from support.oci_images import Answer, Image, RegistryClient, digest_of, entry, image, layer

_REPOSITORY = "crash/app"


class ImageTraffic:
    """Some layers come at once, some in parts, some lie in rows and some in files."""

    name = "image"

    def __init__(self) -> None:
        self.pushed: dict[str, Image] = {}
        self.problems: list[str] = []
        self._pulled = 0
        self._numbers = count()

    def prepare(self, client: Client) -> None:
        client.boto3("ecr").create_repository(repositoryName=_REPOSITORY)

    def turns(self) -> Sequence[Turn]:
        return [self.push]

    def push(self, client: Client, chance: random.Random) -> None:
        tag = f"v{next(self._numbers)}"
        made = image(
            layer(entry(f"large-{tag}", chance.randbytes(chance.randint(1, 300_000)))),
            layer(entry(f"small-{tag}", tag.encode())),
        )
        registry = _Registry(client.port)
        try:
            self._upload_in_parts(registry, made.layers[0], chance)
            answer = registry.push(_REPOSITORY, made, tag)
            if answer.status != 201:
                raise Refused(f"{answer.status} {answer.body!r}")
        finally:
            registry.close()
        self.pushed[tag] = made

    def _upload_in_parts(
        self, registry: RegistryClient, content: bytes, chance: random.Random
    ) -> None:
        begun = registry.ask("POST", f"/v2/{_REPOSITORY}/blobs/uploads/", b"")
        if begun.status != 202:
            raise Refused(f"{begun.status} {begun.body!r}")
        place, middle = begun.headers["location"], chance.randint(0, len(content))
        registry.ask("PATCH", place, content[:middle])
        done = registry.ask("PUT", f"{place}?digest={digest_of(content)}", content[middle:])
        if done.status != 201:
            raise Refused(f"{done.status} {done.body!r}")

    def settle(self, client: Client) -> None:
        registry = RegistryClient(f"http://127.0.0.1:{client.port}")
        for tag, made in self.pushed.items():
            found = registry.ask("GET", f"/v2/{_REPOSITORY}/manifests/{tag}")
            if made.manifest != found.body:
                self.problems.append(f"{tag} was acknowledged and is gone or torn")
            for content in (made.config, *made.layers):
                blob = registry.ask("GET", f"/v2/{_REPOSITORY}/blobs/{digest_of(content)}")
                if content != blob.body:
                    self.problems.append(f"a layer of {tag} is gone or torn: {blob.status}")
            self._pulled += 1
            registry.ask("DELETE", f"/v2/{_REPOSITORY}/manifests/{made.digest}")
        self.pushed.clear()
        registry.close()

    def summary(self) -> str:
        return f"{self._pulled} pulled"


class _Registry(RegistryClient):
    """Tells a server that has gone from one that refuses."""

    def __init__(self, port: int) -> None:
        super().__init__(f"http://127.0.0.1:{port}")

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        try:
            return super().ask(method, path, body, **headers)
        except (OSError, http.client.HTTPException) as loss:
            raise Lost(str(loss)) from None
