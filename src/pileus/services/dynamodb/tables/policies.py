"""Resource policies of tables: kept and given back, not enforced yet."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.tables import store
from pileus.services.dynamodb.tables.settings import Policy, Table

# docs: rbac-considerations
POLICY_BYTES_MAX = 20 * 1024
NO_POLICY = "NO_POLICY"


def made(tx: Transaction, text: str) -> Policy:
    """A policy with a new revision; raises AWS's error for a text that is none."""
    if len(text.encode()) > POLICY_BYTES_MAX:
        raise errors.invalid("Resource policy size exceeds the limit of 20 KB")
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise errors.invalid("The policy document is not valid JSON.") from None
    if not isinstance(document, dict) or not document.get("Statement"):
        raise errors.invalid("The policy document has no statements.")
    return Policy(text, str(store.new_number(tx)))


def _find(tx: Transaction, arn: str) -> Table:
    found = store.seek(tx, tx.about)
    if found is None or arn != tx.about:
        raise errors.resource_not_found(arn)
    return found[0]


def put_resource_policy(
    call: Call,
    *,
    resource_arn: str,
    policy: str,
    expected_revision_id: str | None = None,
    confirm_remove_self_resource_access: bool = False,
) -> dict[str, Any]:
    tx = call.tx
    table = _find(tx, resource_arn)
    wanted = made(tx, policy)
    _check_revision(table, expected_revision_id)
    if table.policy is not None and table.policy.text == policy:
        return {"RevisionId": table.policy.revision_id}
    store.update(tx, msgspec.structs.replace(table, policy=wanted))
    return {"RevisionId": wanted.revision_id}


def _check_revision(table: Table, expected: str | None) -> None:
    if expected is None:
        return
    if (NO_POLICY if table.policy is None else table.policy.revision_id) != expected:
        raise errors.policy_revision_differs()


def get_resource_policy(call: Call, *, resource_arn: str) -> dict[str, Any]:
    table = _find(call.tx, resource_arn)
    if table.policy is None:
        raise errors.policy_not_found(resource_arn)
    return {"Policy": table.policy.text, "RevisionId": table.policy.revision_id}


def delete_resource_policy(
    call: Call, *, resource_arn: str, expected_revision_id: str | None = None
) -> dict[str, Any]:
    table = _find(call.tx, resource_arn)
    _check_revision(table, expected_revision_id)
    if table.policy is None:
        return {}
    store.update(call.tx, msgspec.structs.replace(table, policy=None))
    return {"RevisionId": table.policy.revision_id}
