"""Temporary credentials: issued as rows, found by the gateway, forgotten after their end."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import msgspec

from pileus.kernel.access import TEMPORARY, Key, KeyClock, account_of_key, new_key_id
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.sts import store
from pileus.services.sts.store import Session

FORGET = "sts:forget"
REAL: KeyClock = "real"
VIRTUAL: KeyClock = "virtual"

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_SECRET_BYTES = 30
_TOKEN_BYTES = 192
# How the tokens of AWS begin.
_TOKEN_START = "IQoJb3JpZ2luX2Vj"


def about(call: Call, params: Mapping[str, Any]) -> str:
    return about_account(call.account)


def about_account(account: str) -> str:
    return f"arn:aws:sts::{account}:"


def clock_of(call: Call) -> KeyClock:
    """Whose time the holder lives by: services and sandboxes see the platform's clock."""
    return VIRTUAL if call.context.hops or call.environment_id else REAL


async def issue(
    call: Call,
    account: str,
    principal_arn: str,
    user_id: str,
    seconds: int,
    restrictions: Mapping[str, Any],
) -> dict[str, Any]:
    """Make credentials durable and known to the gateway; answers the Credentials shape."""
    clock = clock_of(call)
    kernel = call.kernel
    now = call.now if clock == VIRTUAL else kernel.clock.real_now()
    ids = kernel.ids
    session = Session(
        access_key_id=new_key_id(ids, TEMPORARY, account),
        secret=base64.b64encode(ids.token(_SECRET_BYTES)).decode(),
        token=_TOKEN_START + base64.b64encode(ids.token(_TOKEN_BYTES)).decode(),
        principal_arn=principal_arn,
        user_id=user_id,
        clock=clock,
        # AWS tells whole seconds, and SDKs compare with what they were told.
        expires_at=now // 1000 * 1000 + seconds * 1000,
        issued_at=now,
        restrictions=msgspec.json.encode(restrictions).decode(),
    )
    # Credentials that a service asked for serve a sandbox, which a loss of power ends as well.
    is_durable = not call.context.hops
    await call.transaction(
        _add, account, session, seconds, about=about_account(account), is_durable=is_durable
    )
    kernel.directory.put(session.access_key_id, _key(account, session))
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": session.expires_at,
    }


def _add(tx: Transaction, account: str, session: Session, seconds: int) -> None:
    store.add(tx, account, session)
    due = ((tx.now + seconds * 1000) // _HOUR_MS + 1) * _HOUR_MS
    # One timer an hour for all that ends in it.
    tx.set_timer(FORGET, f"{account}/{due}", due, {"account": account})


def forget(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: remove a page of expired sessions."""
    tx = call.tx
    account = payload["account"]
    is_more = store.remove_expired(tx, account, VIRTUAL, tx.now)
    is_more |= store.remove_expired(tx, account, REAL, call.kernel.clock.real_now())
    if is_more:
        tx.set_timer(FORGET, key, tx.now, payload)
    elif store.has_any(tx, account, REAL):
        # The platform's clock may be far ahead of those who live by the machine's.
        tx.set_timer(FORGET, f"{account}/later", tx.now + _DAY_MS, payload)


async def start(call: Call) -> None:
    """Let the gateway find the keys of sessions."""

    async def read(access_key_id: str) -> Key | None:
        account = account_of_key(access_key_id)
        if account is None:
            return None
        found: Session | None = await call.read(
            store.session, account, access_key_id, about=about_account(account)
        )
        return None if found is None else _key(account, found)

    call.kernel.directory.add(TEMPORARY, read)


def _key(account: str, session: Session) -> Key:
    clock = VIRTUAL if session.clock == VIRTUAL else REAL
    return Key(
        session.secret, account, session.principal_arn, session.token, clock, session.expires_at
    )
