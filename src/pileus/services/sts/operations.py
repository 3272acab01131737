"""The operations of STS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pileus.kernel import arns
from pileus.kernel.access import TEMPORARY, account_of_key
from pileus.kernel.arns import Arn
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.services.sts import errors, rules, sessions, store


async def get_caller_identity(call: Call) -> dict[str, str]:
    principal_arn = call.context.principal_arn
    return {
        "UserId": await _user_id(call),
        "Account": call.account,
        "Arn": principal_arn or f"arn:{call.partition}:iam::{call.account}:root",
    }


async def _user_id(call: Call) -> str:
    """The id of the role's session or the user who calls; the account's for its root user."""
    context = call.context
    if context.access_key_id.startswith(TEMPORARY):
        session = await call.read(
            store.session, call.account, context.access_key_id, about=call.about
        )
        if session is not None:
            return str(session.user_id)
    name = _user_name(context.principal_arn)
    if name is None:
        return call.account
    user = await call.invoke("iam", "GetUser", UserName=name)
    return str(user["User"]["UserId"])


async def assume_role(
    call: Call,
    *,
    role_arn: str,
    role_session_name: str,
    policy_arns: Sequence[Mapping[str, str]] = (),
    policy: str | None = None,
    duration_seconds: int | None = None,
    tags: Sequence[Mapping[str, str]] = (),
    transitive_tag_keys: Sequence[str] = (),
    external_id: str | None = None,
    serial_number: str | None = None,
    token_code: str | None = None,
    source_identity: str | None = None,
) -> dict[str, Any]:
    """Trust policies, and with them external ids and MFA, count once policies are enforced."""
    wanted = rules.role_of(role_arn)
    arns_given = [descriptor["arn"] for descriptor in policy_arns if "arn" in descriptor]
    percent = rules.packed_percent(policy, arns_given)
    is_chained = call.context.access_key_id.startswith(TEMPORARY)
    inherited = await _transitive_tags(call) if is_chained else {}
    session_tags = rules.tags_of(tags, transitive_tag_keys, inherited)
    role = await _role(call, wanted, role_arn)
    seconds = rules.role_seconds(
        duration_seconds,
        role["MaxSessionDuration"],
        is_chained=is_chained,
        is_service=call.context.hops > 0,
    )
    user_id = f"{role['RoleId']}:{role_session_name}"
    resource = f"assumed-role/{wanted.name}/{role_session_name}"
    arn = str(Arn(call.partition, "sts", "", wanted.account, resource))
    restrictions = {
        "role_arn": role_arn,
        "policy": policy,
        "policy_arns": arns_given,
        "tags": session_tags,
        "transitive_tag_keys": [*inherited, *transitive_tag_keys],
        "source_identity": source_identity,
    }
    credentials = await sessions.issue(call, wanted.account, arn, user_id, seconds, restrictions)
    answer: dict[str, Any] = {
        "Credentials": credentials,
        "AssumedRoleUser": {"AssumedRoleId": user_id, "Arn": arn},
    }
    if percent is not None:
        answer["PackedPolicySize"] = percent
    if source_identity is not None:
        answer["SourceIdentity"] = source_identity
    return answer


async def _role(call: Call, wanted: rules.RoleName, role_arn: str) -> dict[str, Any]:
    """The role as IAM knows it, in whichever account; raises AccessDenied if it is not there."""
    owner = call
    if wanted.account != call.account:
        context = msgspec.structs.replace(call.context, account=wanted.account)
        owner = call.kernel.call_for(context, call.service, call.operation)
    try:
        found = await owner.invoke("iam", "GetRole", RoleName=wanted.name)
    except AwsError as error:
        if error.code != "NoSuchEntity":
            raise
        raise errors.may_not_assume(call.context.principal_arn, role_arn) from error
    role: dict[str, Any] = found["Role"]
    if role["Arn"] != role_arn:
        raise errors.may_not_assume(call.context.principal_arn, role_arn)
    return role


async def _transitive_tags(call: Call) -> dict[str, str]:
    """The tags that the calling session hands on."""
    session = await call.read(
        store.session, call.account, call.context.access_key_id, about=call.about
    )
    if session is None:
        return {}
    restrictions = msgspec.json.decode(session.restrictions)
    tags = restrictions.get("tags", {})
    return {key: tags[key] for key in restrictions.get("transitive_tag_keys", ()) if key in tags}


async def get_session_token(
    call: Call,
    *,
    duration_seconds: int | None = None,
    serial_number: str | None = None,
    token_code: str | None = None,
) -> dict[str, Any]:
    context = call.context
    if context.access_key_id.startswith(TEMPORARY):
        raise errors.session_credentials()
    arn = context.principal_arn or f"arn:{call.partition}:iam::{call.account}:root"
    seconds = rules.token_seconds(duration_seconds, is_root=_user_name(arn) is None)
    user_id = await _user_id(call)
    return {"Credentials": await sessions.issue(call, call.account, arn, user_id, seconds, {})}


def get_access_key_info(call: Call, *, access_key_id: str) -> dict[str, str]:
    """The account that a key's id tells; an id that is an account's number means itself."""
    if len(access_key_id) == 12 and access_key_id.isdecimal():
        return {"Account": access_key_id}
    account = account_of_key(access_key_id)
    if account is None:
        raise errors.validation(f"{access_key_id} is not a valid access key id.")
    return {"Account": account}


def _user_name(principal_arn: str) -> str | None:
    parts = arns.parse(principal_arn)
    if parts is None or parts.service != "iam" or not parts.resource.startswith("user/"):
        return None
    return parts.resource.rsplit("/", 1)[-1]
