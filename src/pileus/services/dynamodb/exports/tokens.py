"""Clients' tokens of exports and imports: who asks again within eight hours gets the same."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb.exports import store

FORGET_TIMER = "dynamodb:forget-transfer-token"
# docs: API_ExportTableToPointInTime, ClientToken
_KNOWN_MS = 8 * 3_600_000


def known(
    tx: Transaction, token: str | None, asked: Mapping[str, Any], conflict: AwsError
) -> str | None:
    """The ARN that a token stands for; raises where something else was asked with it."""
    if token is None:
        return None
    found = store.find_token(tx, token)
    if found is None:
        return None
    if found.digest != _digest(asked):
        raise conflict
    return found.arn


def remember(tx: Transaction, token: str | None, asked: Mapping[str, Any], arn: str) -> None:
    if token is None:
        return
    until = tx.now + _KNOWN_MS
    store.put_token(tx, token, _digest(asked), arn, until)
    tx.set_timer(FORGET_TIMER, f"{tx.about} {token}", until)


def _digest(asked: Mapping[str, Any]) -> bytes:
    encoded = msgspec.json.encode(asked, order="sorted")
    return blake2b(encoded, digest_size=16).digest()


def forget(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """Timer: a token may be used for something else."""
    store.forget_token(call.tx, key.partition(" ")[2])
