"""Asks IAM whether Lambda may run as a role, and STS for the credentials of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.services.lambda_ import errors

PRINCIPAL = "lambda.amazonaws.com"


async def check_assumable(call: Call, role_arn: str) -> None:
    """Raise what CreateFunction answers for a role that is not there or does not trust Lambda."""
    parts = arns.parse(role_arn)
    assert parts is not None, f"not an ARN: {role_arn}"
    if parts.account != call.account:
        raise AwsError("AccessDeniedException", "Cross-account pass role is not allowed.", 403)
    name = parts.resource.rpartition("/")[2]
    try:
        found = await call.invoke("iam", "GetRole", RoleName=name)
    except AwsError as refusal:
        if refusal.code in ("NoSuchEntity", "NoSuchEntityException"):
            raise errors.role_not_assumable() from refusal
        raise
    role = found["Role"]
    if role["Arn"] != role_arn or not trusts_lambda(role.get("AssumeRolePolicyDocument", "")):
        raise errors.role_not_assumable()


def trusts_lambda(document: str | Mapping[str, Any]) -> bool:
    """Whether a trust policy lets Lambda assume the role; conditions are not looked at."""
    try:
        policy = msgspec.json.decode(unquote(document)) if isinstance(document, str) else document
    except msgspec.DecodeError:
        return False
    statements = policy.get("Statement", []) if isinstance(policy, Mapping) else []
    if isinstance(statements, Mapping):
        statements = [statements]
    return any(
        statement.get("Effect") == "Allow" and _names_lambda(statement.get("Principal"))
        for statement in statements
        if isinstance(statement, Mapping)
    )


def _names_lambda(principal: Any) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    services = principal.get("Service", [])
    names = [services] if isinstance(services, str) else services
    return PRINCIPAL in names or "*" in names or principal.get("AWS") == "*"
