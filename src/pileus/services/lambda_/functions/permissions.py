"""Operations on a function's resource policy: who else may invoke it."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pileus.kernel import arns
from pileus.kernel.call import Call
from pileus.services.lambda_ import errors
from pileus.services.lambda_.functions import function_names, store
from pileus.services.lambda_.functions.function_names import LATEST
from pileus.services.lambda_.versions import lookup

POLICY_BYTES_MAX = 20_480  # docs: lambda/latest/dg/gettingstarted-limits
_ACCOUNT = re.compile(r"\d{12}")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?|[a-z0-9-]+\.aws\.internal")


def add_permission(
    call: Call,
    *,
    function_name: str,
    statement_id: str,
    action: str,
    principal: str,
    source_arn: str | None = None,
    source_account: str | None = None,
    event_source_token: str | None = None,
    function_url_auth_type: str | None = None,
    invoked_via_function_url: bool | None = None,
    principal_org_id: str | None = None,
    qualifier: str | None = None,
    revision_id: str | None = None,
) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    if named.qualifier == LATEST:
        raise errors.policy_for_latest()
    owner = lookup.find(call.tx, named).latest.id
    conditions = _conditions(
        source_arn, source_account, event_source_token, function_url_auth_type,
        invoked_via_function_url, principal_org_id,
    )  # fmt: skip
    statement: dict[str, Any] = {
        "Sid": statement_id,
        "Effect": "Allow",
        "Principal": _principal(call, principal),
        "Action": action,
        "Resource": named.qualified_arn,
    }
    if conditions:
        statement["Condition"] = conditions
    found = store.load_policy(call.tx, owner, named.qualifier)
    check_revision(found, revision_id)
    policy: dict[str, Any] = {"Version": "2012-10-17", "Id": "default", "Statement": []}
    if found is not None:
        policy = found[0]
    if any(each.get("Sid") == statement_id for each in policy["Statement"]):
        raise errors.statement_exists(statement_id)
    policy["Statement"].append(statement)
    save(call, owner, named.qualifier, policy)
    return {"Statement": msgspec.json.encode(statement).decode()}


def _conditions(
    source_arn: str | None,
    source_account: str | None,
    event_source_token: str | None,
    function_url_auth_type: str | None,
    invoked_via_function_url: bool | None,
    principal_org_id: str | None,
) -> dict[str, Any]:
    equal = {
        "AWS:SourceAccount": source_account,
        "lambda:EventSourceToken": event_source_token,
        "lambda:FunctionUrlAuthType": function_url_auth_type,
        "aws:PrincipalOrgID": principal_org_id,
    }
    conditions: dict[str, Any] = {}
    given = {key: value for key, value in equal.items() if value is not None}
    if given:
        conditions["StringEquals"] = given
    if source_arn is not None:
        conditions["ArnLike"] = {"AWS:SourceArn": source_arn}
    if invoked_via_function_url is not None:
        text = "true" if invoked_via_function_url else "false"
        conditions["Bool"] = {"lambda:InvokedViaFunctionUrl": text}
    return conditions


def _principal(call: Call, principal: str) -> Any:
    if principal == "*":
        return "*"
    if _ACCOUNT.fullmatch(principal):
        return {"AWS": f"arn:{call.partition}:iam::{principal}:root"}
    parts = arns.parse(principal)
    if parts is not None and parts.service in ("iam", "sts") and parts.account:
        return {"AWS": principal}
    if _SERVICE.fullmatch(principal):
        return {"Service": principal}
    raise errors.principal_invalid()


def get_policy(call: Call, *, function_name: str, qualifier: str | None = None) -> dict[str, Any]:
    named = function_names.read(call, function_name, qualifier)
    owner = lookup.find(call.tx, named).latest.id
    found = store.load_policy(call.tx, owner, named.qualifier)
    if found is None:
        raise errors.policy_not_found()
    policy, revision_id = found
    return {"Policy": text_of(policy), "RevisionId": revision_id}


def remove_permission(
    call: Call,
    *,
    function_name: str,
    statement_id: str,
    qualifier: str | None = None,
    revision_id: str | None = None,
) -> None:
    named = function_names.read(call, function_name, qualifier)
    if store.load_function(call.tx, named.arn) is None:
        raise errors.no_policy_found(named.arn)
    owner = lookup.find(call.tx, named).latest.id
    found = store.load_policy(call.tx, owner, named.qualifier)
    if found is None:
        raise errors.no_policy()
    check_revision(found, revision_id)
    policy = found[0]
    kept = [each for each in policy["Statement"] if each.get("Sid") != statement_id]
    if len(kept) == len(policy["Statement"]):
        raise errors.statement_not_found(statement_id)
    if kept:
        save(call, owner, named.qualifier, {**policy, "Statement": kept})
    else:
        store.remove_policy(call.tx, owner, named.qualifier)


def check_revision(
    found: tuple[dict[str, Any], str] | None, revision_id: str | None, reader: str = "GetPolicy"
) -> None:
    """Refuse a change of another policy than was read with `reader`."""
    if revision_id is not None and (found is None or found[1] != revision_id):
        raise errors.stale_revision(reader)


def save(call: Call, owner: str, qualifier: str, policy: dict[str, Any]) -> tuple[str, str]:
    """Keep a policy; its text and its revision."""
    text, revision_id = text_of(policy), call.kernel.ids.uuid()
    if len(text.encode()) > POLICY_BYTES_MAX:
        raise errors.policy_too_long(len(text.encode()), POLICY_BYTES_MAX)
    store.save_policy(call.tx, owner, qualifier, text, revision_id)
    return text, revision_id


def text_of(policy: dict[str, Any]) -> str:
    return msgspec.json.encode(policy).decode()
