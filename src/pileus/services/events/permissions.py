"""PutPermission and RemovePermission: a bus's policy, whole or statement by statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.kernel import arns
from pileus.services.events import errors, store

if TYPE_CHECKING:
    from pileus.kernel.call import Call

# docs: eb-quota, size of an event bus policy
POLICY_BYTES_MAX = 10_240
_VERSION = "2012-10-17"
_REQUIRED = {"action": "Action", "principal": "Principal", "statement_id": "StatementId"}


def put_permission(
    call: Call,
    *,
    event_bus_name: str | None = None,
    action: str | None = None,
    principal: str | None = None,
    statement_id: str | None = None,
    condition: dict[str, Any] | None = None,
    policy: str | None = None,
) -> None:
    bus = store.find_bus(call.tx, call.about)
    if policy is None:
        given = {"action": action, "principal": principal, "statement_id": statement_id}
        for name, value in given.items():
            if not value:
                raise errors.invalid_parameter(_REQUIRED[name], "it must be given without Policy.")
        statement = _statement(call, given, condition)
        policy = _with(bus.settings.policy, statement)
    else:
        _check(policy)
    if len(policy.encode()) > POLICY_BYTES_MAX:
        raise errors.policy_too_long()
    settings = msgspec.structs.replace(bus.settings, policy=policy)
    store.update_bus(call.tx, call.about, settings)


def remove_permission(
    call: Call,
    *,
    statement_id: str | None = None,
    remove_all_permissions: bool | None = None,
    event_bus_name: str | None = None,
) -> None:
    bus = store.find_bus(call.tx, call.about)
    policy = ""
    if not remove_all_permissions:
        if not statement_id:
            raise errors.invalid_parameter("StatementId", "it must be given.")
        if not bus.settings.policy:
            raise errors.bus_without_policy()
        policy = _without(bus.settings.policy, statement_id)
    settings = msgspec.structs.replace(bus.settings, policy=policy)
    store.update_bus(call.tx, call.about, settings)


def _statement(
    call: Call, given: dict[str, str | None], condition: dict[str, Any] | None
) -> dict[str, Any]:
    account = given["principal"]
    partition = arns.partition_of(call.region)
    root = f"arn:{partition}:iam::{account}:root"
    statement: dict[str, Any] = {
        "Sid": given["statement_id"],
        "Effect": "Allow",
        "Principal": "*" if account == "*" else {"AWS": root},
        "Action": given["action"],
        "Resource": call.about,
    }
    if condition is not None:
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    return statement


def _with(policy: str, statement: dict[str, Any]) -> str:
    """The policy with a statement in place of one that has its Sid."""
    kept = [each for each in _statements(policy) if each.get("Sid") != statement["Sid"]]
    return _text([*kept, statement])


def _without(policy: str, statement_id: str) -> str:
    before = _statements(policy)
    kept = [each for each in before if each.get("Sid") != statement_id]
    if len(kept) == len(before):
        raise errors.statement_not_found()
    return _text(kept) if kept else ""


def _statements(policy: str) -> list[dict[str, Any]]:
    if not policy:
        return []
    found = msgspec.json.decode(policy)["Statement"]
    return found if isinstance(found, list) else [found]


def _text(statements: list[dict[str, Any]]) -> str:
    return msgspec.json.encode({"Version": _VERSION, "Statement": statements}).decode()


def _check(policy: str) -> None:
    try:
        document = msgspec.json.decode(policy)
    except (msgspec.MsgspecError, RecursionError):
        raise errors.invalid_parameter("Policy", "it is not valid JSON.") from None
    statements = document.get("Statement") if isinstance(document, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(isinstance(each, dict) for each in statements):
        raise errors.invalid_parameter("Policy", "it must have a Statement.")
