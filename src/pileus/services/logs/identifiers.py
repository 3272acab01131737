"""Which log group a request is about: names, identifiers and ARNs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.services.logs import errors

KIND = "log-group"  # in the account's list of names
_PREFIX = "log-group:"
_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")


def group_arn(call: Call, name: str) -> str:
    return call.arn(_PREFIX + name)


def group_name(arn: str) -> str | None:
    """The name of the group that an ARN means, without `:*`; None where it means no group."""
    parts = arns.parse(arn)
    if parts is None or parts.service != "logs" or not parts.resource.startswith(_PREFIX):
        return None
    name = parts.resource.removeprefix(_PREFIX).removesuffix(":*")
    return name if _NAME.fullmatch(name) else None


def arn_of_identifier(call: Call, identifier: str) -> str:
    """The group's ARN from its name or its ARN; another account's groups do not exist here."""
    if not identifier.startswith("arn:"):
        return group_arn(call, identifier)
    name = group_name(identifier)
    if name is None or identifier.removesuffix(":*") != group_arn(call, name):
        raise errors.group_not_found()
    return group_arn(call, name)


def about_name(call: Call, params: Mapping[str, Any]) -> str:
    return group_arn(call, params["logGroupName"])


def about_identifier(call: Call, params: Mapping[str, Any]) -> str:
    return arn_of_identifier(call, params["logGroupIdentifier"])


def about_either(call: Call, params: Mapping[str, Any]) -> str:
    """For requests that take a name or an identifier."""
    name, identifier = params.get("logGroupName"), params.get("logGroupIdentifier")
    if name is not None and identifier is not None:
        raise errors.name_and_identifier()
    if name is not None:
        return group_arn(call, name)
    if identifier is None:
        raise errors.no_name_or_identifier()
    return arn_of_identifier(call, identifier)


def about_key_target(call: Call, params: Mapping[str, Any]) -> str:
    """For AssociateKmsKey: a group by name, or by ARN as `resourceIdentifier`."""
    name, identifier = params.get("logGroupName"), params.get("resourceIdentifier")
    if (name is None) == (identifier is None):
        raise errors.invalid_parameter(
            "Exactly one of logGroupName and resourceIdentifier must be specified."
        )
    if name is not None:
        return group_arn(call, name)
    return arn_of_identifier(call, str(identifier))


def about_tagged(call: Call, params: Mapping[str, Any]) -> str:
    """For the tag operations: the ARN as it was sent must be a group's, without `:*`."""
    arn: str = params["resourceArn"]
    name = group_name(arn)
    if name is None or arn != group_arn(call, name):
        raise errors.resource_not_found(arn)
    return arn
