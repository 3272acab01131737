"""Who may do what: access keys as the gateway and the services see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

# Whose time the holder of a key lives by: the machine's, the platform's, or one of the two.
KeyClock = Literal["real", "virtual", "either"]


@dataclass(frozen=True, slots=True)
class Key:
    """An access key that Pileus issued."""

    secret: str
    account_id: str
    principal_arn: str
    session_token: str = ""
    clock: KeyClock = "real"
    # Epoch milliseconds by the key's own clock; None never expires.
    expires_at: int | None = None


class Directory(Protocol):
    """Finds access keys; the service that issues them stands behind it."""

    def find_key(self, access_key_id: str, /) -> Key | None: ...
