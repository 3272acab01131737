"""The two policies of a repository: who may use it, and which images expire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.ecr import errors, lifecycle, shelf
from pileus.services.ecr.repositories import change, identity

if TYPE_CHECKING:
    from pileus.kernel.call import Call


def set_repository_policy(
    call: Call,
    *,
    repository_name: str,
    policy_text: str,
    registry_id: str | None = None,
    force: bool = False,
) -> dict[str, Any]:
    _check(policy_text)
    changed = change(call, policy=policy_text)
    return {**identity(changed), "policyText": policy_text}


def _check(text: str) -> None:
    try:
        document = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        raise errors.invalid_policy("it is not JSON") from None
    statements = document.get("Statement") if isinstance(document, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise errors.invalid_policy("it has no statements")
    for statement in statements:
        for needed in ("Effect", "Principal", "Action"):
            is_there = isinstance(statement, dict) and (
                needed in statement or f"Not{needed}" in statement
            )
            if not is_there:
                raise errors.invalid_policy(f"a statement has no {needed}")


def get_repository_policy(
    call: Call, *, repository_name: str, registry_id: str | None = None
) -> dict[str, Any]:
    found = shelf.repository(call.tx, call.about)
    if not found.policy:
        raise errors.policy_not_found(found)
    return {**identity(found), "policyText": found.policy}


def delete_repository_policy(
    call: Call, *, repository_name: str, registry_id: str | None = None
) -> dict[str, Any]:
    found = shelf.repository(call.tx, call.about)
    if not found.policy:
        raise errors.policy_not_found(found)
    change(call, policy="")
    return {**identity(found), "policyText": found.policy}


def put_lifecycle_policy(
    call: Call, *, repository_name: str, lifecycle_policy_text: str, registry_id: str | None = None
) -> dict[str, Any]:
    try:
        lifecycle.read(lifecycle_policy_text)
    except lifecycle.InvalidPolicy as problem:
        raise errors.invalid_lifecycle(str(problem)) from problem
    changed = change(call, lifecycle=lifecycle_policy_text)
    call.tx.set_timer(lifecycle.TIMER, call.about, call.now + lifecycle.PERIOD_MS)
    return {**identity(changed), "lifecyclePolicyText": lifecycle_policy_text}


def get_lifecycle_policy(
    call: Call, *, repository_name: str, registry_id: str | None = None
) -> dict[str, Any]:
    found = shelf.repository(call.tx, call.about)
    if not found.lifecycle:
        raise errors.lifecycle_not_found(found)
    return {
        **identity(found),
        "lifecyclePolicyText": found.lifecycle,
        "lastEvaluatedAt": found.lifecycle_evaluated_at,
    }


def delete_lifecycle_policy(
    call: Call, *, repository_name: str, registry_id: str | None = None
) -> dict[str, Any]:
    found = shelf.repository(call.tx, call.about)
    if not found.lifecycle:
        raise errors.lifecycle_not_found(found)
    change(call, lifecycle="", lifecycle_evaluated_at=0)
    call.tx.finish_timer(lifecycle.TIMER, call.about)
    return {
        **identity(found),
        "lifecyclePolicyText": found.lifecycle,
        "lastEvaluatedAt": found.lifecycle_evaluated_at,
    }
