"""Which pipe a request is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel.call import Call
from pileus.services.pipes import errors


def the_pipe(call: Call, params: Mapping[str, Any]) -> str:
    return call.arn(f"pipe/{params['Name']}")


def the_tagged_pipe(call: Call, params: Mapping[str, Any]) -> str:
    """The pipe that an ARN names; those of others are not there."""
    arn: str = params["resourceArn"]
    name = arn.rpartition("/")[2]
    if arn != call.arn(f"pipe/{name}"):
        raise errors.not_found(name)
    return arn
