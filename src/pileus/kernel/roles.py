"""Asks IAM whether a service may assume a role that it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from pileus.kernel import arns
from pileus.kernel.errors import AwsError
from pileus.languages.policies import trusts

if TYPE_CHECKING:
    from pileus.kernel.call import Call


async def may_assume(call: Call, role_arn: str, service: str) -> bool:
    """Whether the role is there, in the caller's account, and trusts `NAME.amazonaws.com`."""
    parts = arns.parse(role_arn)
    if parts is None or parts.account != call.account:
        return False
    name = parts.resource.rpartition("/")[2]
    try:
        found = await call.invoke("iam", "GetRole", RoleName=name)
    except AwsError as refusal:
        if refusal.code in ("NoSuchEntity", "NoSuchEntityException"):
            return False
        raise
    role = found["Role"]
    trust = unquote(role.get("AssumeRolePolicyDocument", ""))
    return bool(role["Arn"] == role_arn) and trusts(trust, service)
