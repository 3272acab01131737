"""The password with which clients log in to a registry: it says whose registry they mean."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pileus.services.ecr import names

if TYPE_CHECKING:
    from pileus.kernel.call import Call

USER = "AWS"
VALID_MS = 12 * 3_600_000  # docs: GetAuthorizationToken


class Token(NamedTuple):
    account: str
    region: str
    expires_at: int


def get_authorization_token(call: Call, *, registry_ids: list[str] | None = None) -> dict[str, Any]:
    expires_at = call.now + VALID_MS
    found = []
    for account in registry_ids or [call.account]:
        host = names.registry_host(call, account, call.region)
        login = f"{USER}:{written(Token(account, call.region, expires_at))}"
        found.append(
            {
                "authorizationToken": base64.b64encode(login.encode()).decode(),
                "expiresAt": expires_at,
                "proxyEndpoint": f"http://{host}",
            }
        )
    return {"authorizationData": found}


def written(token: Token) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).decode()


def read(authorization: str) -> Token | None:
    """The token of a request; None for anonymous ones and for passwords that we did not make."""
    kind, _, encoded = authorization.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded).decode().partition(":")
        if user != USER:
            return None
        return msgspec.json.decode(base64.urlsafe_b64decode(password), type=Token)
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        return None
