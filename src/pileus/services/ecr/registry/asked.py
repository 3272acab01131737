"""One request to one registry, as those who answer it see it."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.call import Call
from pileus.kernel.request import Request
from pileus.services.ecr import names


class Asked(NamedTuple):
    """`reference` is the tag, digest or upload that the path names."""

    call: Call
    request: Request
    query: dict[str, str]
    registry: str
    name: str
    reference: str

    @property
    def arn(self) -> str:
        return names.repository_arn(self.registry, self.call.region, self.name)
