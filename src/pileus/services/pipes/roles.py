"""Asks IAM whether Pipes may assume a pipe's role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.services.pipes import errors

PRINCIPAL = "pipes.amazonaws.com"


async def check_assumable(call: Call, role_arn: str) -> None:
    """Raise what CreatePipe answers for a role that is not there or does not trust it."""
    parts = arns.parse(role_arn)
    assert parts is not None, f"not an ARN: {role_arn}"
    if parts.account != call.account:
        raise errors.role_not_assumable()
    name = parts.resource.rpartition("/")[2]
    try:
        found = await call.invoke("iam", "GetRole", RoleName=name)
    except AwsError as refusal:
        if refusal.code in ("NoSuchEntity", "NoSuchEntityException"):
            raise errors.role_not_assumable() from refusal
        raise
    role = found["Role"]
    if role["Arn"] != role_arn or not trusts_pipes(role.get("AssumeRolePolicyDocument", "")):
        raise errors.role_not_assumable()


def trusts_pipes(document: str | Mapping[str, Any]) -> bool:
    """Whether a trust policy lets Pipes assume the role; conditions are not looked at."""
    try:
        policy = msgspec.json.decode(unquote(document)) if isinstance(document, str) else document
    except msgspec.DecodeError:
        return False
    statements = policy.get("Statement", []) if isinstance(policy, Mapping) else []
    if isinstance(statements, Mapping):
        statements = [statements]
    return any(
        statement.get("Effect") == "Allow" and _names_pipes(statement.get("Principal"))
        for statement in statements
        if isinstance(statement, Mapping)
    )


def _names_pipes(principal: Any) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    services = principal.get("Service", [])
    named = [services] if isinstance(services, str) else services
    return PRINCIPAL in named or "*" in named or principal.get("AWS") == "*"
