"""The ways in which a request may name a layer or one of its versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.services.lambda_.layers import layer_errors


class Named(NamedTuple):
    """A layer, and one of its versions where the request names one."""

    arn: str  # of the layer
    name: str
    version: int = 0

    @property
    def version_arn(self) -> str:
        return f"{self.arn}:{self.version}"

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]


def read(call: Call, text: str, version: int = 0) -> Named:
    """A layer by its name or its ARN."""
    if not text.startswith("arn:"):
        return Named(
            arns.build("lambda", call.region, call.account, f"layer:{text}"), text, version
        )
    return Named(text, text.rpartition(":")[2], version)


def read_version(call: Call, text: str, version: int) -> Named:
    if version < 1:
        raise layer_errors.version_below_one()
    return read(call, text, version)


def split(version_arn: str) -> Named:
    """A version's ARN, of whichever form the model lets through."""
    arn, _, version = version_arn.rpartition(":")
    # `awslayer` ARNs of AWS's own end in a name; no version below one exists. A number may be long.
    number = int(version[:18]) if version.isdecimal() else 0
    return Named(arn, arn.rpartition(":")[2], number)


def layer_of(call: Call, params: Mapping[str, Any]) -> str:
    """The layer that a request is about."""
    return read(call, params["LayerName"]).arn


def layer_of_arn(call: Call, params: Mapping[str, Any]) -> str:
    return split(params["Arn"]).arn
