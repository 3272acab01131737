"""Resource policies of registries, with revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pileus.services.schemas import errors, names, shelf, store

if TYPE_CHECKING:
    from pileus.kernel.call import Call


def put_resource_policy(
    call: Call, *, policy: str, registry_name: str | None = None, revision_id: str | None = None
) -> dict[str, Any]:
    found = shelf.registry_to_change(call)
    if revision_id is not None and revision_id != found.revision:
        raise errors.revision_mismatch()
    _check(policy)
    revision = call.kernel.ids.uuid()
    store.put_registry(call.tx, call.about, found._replace(policy=policy, revision=revision))
    return {"Policy": policy, "RevisionId": revision}


def get_resource_policy(call: Call, *, registry_name: str | None = None) -> dict[str, Any]:
    found = shelf.find_registry(call.tx, call.about)
    if not found.policy:
        raise errors.policy_not_found(names.registry_name(call.about))
    return {"Policy": found.policy, "RevisionId": found.revision}


def delete_resource_policy(call: Call, *, registry_name: str | None = None) -> None:
    found = shelf.registry_to_change(call)
    if not found.policy:
        raise errors.policy_not_found(names.registry_name(call.about))
    store.put_registry(call.tx, call.about, found._replace(policy="", revision=""))


def _check(policy: str) -> None:
    try:
        document = msgspec.json.decode(policy)
    except (msgspec.MsgspecError, RecursionError):
        raise errors.invalid_policy("it is not JSON.") from None
    if not isinstance(document, dict) or "Version" not in document:
        raise errors.invalid_policy("Missing required field Version.")
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not statements or not isinstance(statements, list):
        raise errors.invalid_policy("Missing required field Statement.")
    for statement in statements:
        missing = [
            name
            for name in ("Effect", "Principal", "Action")
            if not isinstance(statement, dict) or name not in statement
        ]
        if missing:
            raise errors.invalid_policy(f"Missing required field {missing[0]}.")
