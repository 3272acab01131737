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

    def find_key(self, access_key_id: str, /) -> Key | None:
        """Find a key in memory."""
        ...

    def must_load(self, access_key_id: str, /) -> bool:
        """Say whether the rows may know a key that memory does not."""
        ...

    async def load_key(self, access_key_id: str, /) -> None:
        """Read a key from its row, so that `find_key` knows it (or knows that there is none)."""
        ...


class NoKeys:
    """A directory in which nobody has issued a key."""

    def find_key(self, access_key_id: str, /) -> Key | None:
        """Find nothing."""
        return None

    def must_load(self, access_key_id: str, /) -> bool:
        """Say no."""
        return False

    async def load_key(self, access_key_id: str, /) -> None:
        """Do nothing."""
