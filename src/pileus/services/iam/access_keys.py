"""Operations on access keys, and how the gateway finds them.

What changes a key is `async`: after the commit the key's memory in this process is put right.
"""

from __future__ import annotations

import base64
from typing import Any

from pileus.kernel.access import LONG_TERM, Key, account_of_key, new_key_id
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.iam import entities, errors, store, users
from pileus.services.iam.entities import PAGE, USER
from pileus.services.iam.store import AccessKey

KEYS_PER_USER_MAX = 2  # docs: "Access keys assigned to an IAM user"
_SECRET_BYTES = 30
ACTIVE, INACTIVE = "Active", "Inactive"


async def create_access_key(call: Call, *, user_name: str | None = None) -> dict[str, Any]:
    name = user_name or users.caller_name(call)
    created = AccessKey(
        access_key_id=new_key_id(call.kernel.ids, LONG_TERM, call.account),
        user_id="",
        secret=base64.b64encode(call.kernel.ids.token(_SECRET_BYTES)).decode(),
        is_active=1,
        created_at=entities.instant(call),
    )
    await call.transaction(_create, call.account, name, created, about=call.about)
    return {
        "AccessKey": {
            "UserName": name or "root",
            "AccessKeyId": created.access_key_id,
            "Status": ACTIVE,
            "SecretAccessKey": created.secret,
            "CreateDate": created.created_at,
        }
    }


def _create(tx: Transaction, account: str, name: str | None, created: AccessKey) -> None:
    user_id = _user_id(tx, account, name)
    if len(store.access_keys(tx, account, user_id, "", KEYS_PER_USER_MAX)) == KEYS_PER_USER_MAX:
        raise errors.quota("AccessKeysPerUser", KEYS_PER_USER_MAX)
    store.add_access_key(tx, account, created._replace(user_id=user_id))


def list_access_keys(
    call: Call, *, user_name: str | None = None, marker: str | None = None, max_items: int = PAGE
) -> dict[str, Any]:
    name = user_name or users.caller_name(call)
    user_id = _user_id(call.tx, call.account, name)
    after = "" if marker is None else entities.read_marker(marker)
    found = store.access_keys(call.tx, call.account, user_id, after, max_items + 1)
    kept, more = entities.page(found, max_items, lambda key: key.access_key_id)
    metadata = [
        {
            "UserName": name or "root",
            "AccessKeyId": key.access_key_id,
            "Status": ACTIVE if key.is_active else INACTIVE,
            "CreateDate": key.created_at,
        }
        for key in kept
    ]
    return {"AccessKeyMetadata": metadata, **more}


async def update_access_key(
    call: Call, *, access_key_id: str, status: str, user_name: str | None = None
) -> None:
    name = user_name or users.caller_name(call)
    await call.transaction(
        _set_status, call.account, name, access_key_id, status == ACTIVE, about=call.about
    )
    call.kernel.directory.forget(access_key_id)


def _set_status(
    tx: Transaction, account: str, name: str | None, access_key_id: str, is_active: bool
) -> None:
    _find(tx, account, name, access_key_id)
    store.set_active(tx, account, access_key_id, is_active)


async def delete_access_key(
    call: Call, *, access_key_id: str, user_name: str | None = None
) -> None:
    name = user_name or users.caller_name(call)
    await call.transaction(_delete, call.account, name, access_key_id, about=call.about)
    call.kernel.directory.forget(access_key_id)


def _delete(tx: Transaction, account: str, name: str | None, access_key_id: str) -> None:
    _find(tx, account, name, access_key_id)
    store.remove_access_key(tx, account, access_key_id)


def get_access_key_last_used(call: Call, *, access_key_id: str) -> dict[str, Any]:
    key = store.access_key(call.tx, call.account, access_key_id)
    if key is None:
        raise errors.access_key_not_found(access_key_id)
    user = store.entity_by_id(call.tx, call.account, key.user_id)
    # The use of keys is not recorded: this is what AWS answers for one that was never used.
    return {
        "UserName": "root" if user is None else user.name,
        "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"},
    }


def _find(tx: Transaction, account: str, name: str | None, access_key_id: str) -> AccessKey:
    user_id = _user_id(tx, account, name)
    key = store.access_key(tx, account, access_key_id)
    if key is None or key.user_id != user_id:
        raise errors.access_key_not_found(access_key_id)
    return key


def _user_id(tx: Transaction, account: str, name: str | None) -> str:
    return "" if name is None else entities.find(tx, account, USER, name).unique_id


async def start(call: Call) -> None:
    """Let the gateway find the keys of users."""

    async def read(access_key_id: str) -> Key | None:
        account = account_of_key(access_key_id)
        if account is None:
            return None
        about = entities.about_account(account)
        found: Key | None = await call.read(_read, account, access_key_id, about=about)
        return found

    call.kernel.directory.add(LONG_TERM, read)


def _read(tx: Transaction, account: str, access_key_id: str) -> Key | None:
    key = store.access_key(tx, account, access_key_id)
    if key is None or not key.is_active:
        return None
    user = store.entity_by_id(tx, account, key.user_id)
    principal = f"arn:aws:iam::{account}:root" if user is None else user.arn
    return Key(key.secret, account, principal)
