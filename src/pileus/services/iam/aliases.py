"""Operations on the account's alias, and nothing else of the account yet."""

from __future__ import annotations

from typing import Any

from pileus.kernel.call import Call
from pileus.services.iam import errors, store


def create_account_alias(call: Call, *, account_alias: str) -> None:
    """An account has one alias: another one replaces it. Other accounts' are not compared."""
    if store.alias(call.tx, call.account) == account_alias:
        raise errors.alias_exists(account_alias)
    store.set_alias(call.tx, call.account, account_alias)


def delete_account_alias(call: Call, *, account_alias: str) -> None:
    if store.alias(call.tx, call.account) != account_alias:
        raise errors.no_such_entity(f"The account alias {account_alias} cannot be found.")
    store.set_alias(call.tx, call.account, "")


def list_account_aliases(
    call: Call, *, marker: str | None = None, max_items: int | None = None
) -> dict[str, Any]:
    alias = store.alias(call.tx, call.account)
    return {"AccountAliases": [alias] if alias else [], "IsTruncated": False}
