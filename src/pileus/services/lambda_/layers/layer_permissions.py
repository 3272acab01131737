"""Who may use a version of a layer: its policy, operations on it, and what it decides."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_ import errors
from pileus.services.lambda_.functions.permissions import POLICY_BYTES_MAX
from pileus.services.lambda_.layers import layer_errors, layer_names, store
from pileus.services.lambda_.layers.layer_names import Named

READ = "lambda:GetLayerVersion"


def principal_of(call: Call) -> str:
    root = f"arn:{call.partition}:iam::{call.account}:root"
    return call.context.principal_arn or root


def add_layer_version_permission(
    call: Call,
    *,
    layer_name: str,
    version_number: int,
    statement_id: str,
    action: str,
    principal: str,
    organization_id: str | None = None,
    revision_id: str | None = None,
) -> dict[str, Any]:
    named = layer_names.read_version(call, layer_name, version_number)
    policy, current_id = _own_policy(call, named, "lambda:AddLayerVersionPermission")
    _check_revision(current_id, revision_id)
    if any(each["Sid"] == statement_id for each in policy.get("Statement", ())):
        raise layer_errors.statement_exists(statement_id)
    statement: dict[str, Any] = {
        "Sid": statement_id,
        "Effect": "Allow",
        "Principal": _principal(call, principal),
        "Action": action,
        "Resource": named.version_arn,
    }
    if organization_id is not None:
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": organization_id}}
    kept = [*policy.get("Statement", ()), statement]
    new_id = _save(call, named, kept)
    return {"Statement": msgspec.json.encode(statement).decode(), "RevisionId": new_id}


def _principal(call: Call, principal: str) -> Any:
    if principal == "*":
        return "*"
    arn = principal if ":" in principal else f"arn:{call.partition}:iam::{principal}:root"
    return {"AWS": arn}


def remove_layer_version_permission(
    call: Call,
    *,
    layer_name: str,
    version_number: int,
    statement_id: str,
    revision_id: str | None = None,
) -> None:
    named = layer_names.read_version(call, layer_name, version_number)
    policy, current_id = _own_policy(call, named, "lambda:RemoveLayerVersionPermission")
    if not policy:
        raise errors.no_policy()
    _check_revision(current_id, revision_id)
    kept = [each for each in policy["Statement"] if each["Sid"] != statement_id]
    if len(kept) == len(policy["Statement"]):
        raise errors.statement_not_found(statement_id)
    _save(call, named, kept)


def get_layer_version_policy(call: Call, *, layer_name: str, version_number: int) -> dict[str, Any]:
    named = layer_names.read_version(call, layer_name, version_number)
    policy, revision_id = _own_policy(call, named, "lambda:GetLayerVersionPolicy")
    if not policy:
        raise errors.no_policy()
    return {"Policy": msgspec.json.encode(policy).decode(), "RevisionId": revision_id}


def _own_policy(call: Call, named: Named, action: str) -> tuple[dict[str, Any], str]:
    if named.account != call.account:
        raise layer_errors.not_permitted(principal_of(call), action, named.version_arn)
    found = store.load_policy(call.tx, named.arn, named.version)
    if found is None:
        raise layer_errors.version_not_found(named.version_arn)
    return found


def _check_revision(current_id: str, revision_id: str | None) -> None:
    if revision_id is not None and revision_id != current_id:
        raise errors.stale_revision("GetLayerPolicy")


def _save(call: Call, named: Named, statements: list[dict[str, Any]]) -> str:
    text = ""
    if statements:
        policy = {"Version": "2012-10-17", "Id": "default", "Statement": statements}
        text = msgspec.json.encode(policy).decode()
        if len(text.encode()) > POLICY_BYTES_MAX:
            raise errors.policy_too_long(len(text.encode()), POLICY_BYTES_MAX)
    new_id = call.kernel.ids.uuid()
    store.save_policy(call.tx, named.arn, named.version, text, new_id)
    return new_id


def check(tx: Transaction, named: Named, account: str, principal: str) -> None:
    """Refuse an account that neither owns the layer nor is let in; it learns nothing else."""
    if named.account == account:
        return
    found = store.load_policy(tx, named.arn, named.version)
    if found is None or not any(_admits(each, account) for each in found[0].get("Statement", ())):
        raise refusal(named, principal)


def refusal(named: Named, principal: str) -> AwsError:
    return layer_errors.not_permitted(principal, READ, named.version_arn)


def _admits(statement: dict[str, Any], account: str) -> bool:
    # There are no organizations, so no account is in the one that a condition names.
    if "Condition" in statement:
        return False
    principal = statement["Principal"]
    return principal == "*" or str(principal["AWS"]).split(":")[4] == account
