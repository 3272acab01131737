"""Who may do what: access keys as the gateway and the services see them."""

from __future__ import annotations

import base64
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from pileus.kernel.ids import Ids
    from pileus.kernel.request import Request

# Whose time the holder of a key lives by: the machine's, the platform's, or one of the two.
KeyClock = Literal["real", "virtual", "either"]

LONG_TERM = "AKIA"
TEMPORARY = "ASIA"

_PREFIX_LENGTH = 4
_KEY_LENGTH = 20
_KEYS_REMEMBERED_MAX = 20_000
_BASE_32 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
# Where AWS's access key ids hold the account: bits 7 to 46 of their first 48.
_ACCOUNT_SHIFT = 7
_ACCOUNT_BITS = 40


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


def new_key_id(ids: Ids, prefix: str, account: str) -> str:
    """An access key id that tells its account, as AWS's do."""
    noise = int.from_bytes(ids.token(6), "big") & ((1 << _ACCOUNT_SHIFT) - 1)
    head = (1 << 47) | (int(account) << _ACCOUNT_SHIFT) | noise
    return prefix + base64.b32encode(head.to_bytes(6, "big") + ids.token(4)).decode()


def account_of_key(access_key_id: str) -> str | None:
    """The account that an access key id tells; None where it has not the form of one."""
    if not is_key_id(access_key_id):
        return None
    head = int.from_bytes(base64.b32decode(access_key_id[_PREFIX_LENGTH:])[:6], "big")
    account = (head >> _ACCOUNT_SHIFT) & ((1 << _ACCOUNT_BITS) - 1)
    return f"{account:012d}" if account < 10**12 else None


def is_key_id(text: str) -> bool:
    return (
        len(text) == _KEY_LENGTH
        and text[:_PREFIX_LENGTH] in (LONG_TERM, TEMPORARY)
        and _BASE_32.issuperset(text[_PREFIX_LENGTH:])
    )


class Signer(NamedTuple):
    """Who signed a request that is no API call."""

    access_key_id: str
    account_id: str
    principal_arn: str


class SignedText(NamedTuple):
    """A text with a signature of its own, as S3's forms have it; version 2 has no `algorithm`."""

    text: str
    signature: str
    # The access key id, in version 4 with the scope.
    credential: str
    algorithm: str = ""
    session_token: str = ""


# Checks a signed text for a service, by its signing name; raises AWS's error. Returns the instants
# that count as now for the holder of the key.
VerifyText = Callable[[SignedText, str], Awaitable[tuple[int, ...]]]
# Checks that a request is signed for a service, by its signing name; raises AWS's error.
Identify = Callable[["Request", str], Awaitable[Signer]]


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


# Reads a key's row; None where there is none, or where the key is not active.
ReadKey = Callable[[str], Awaitable[Key | None]]


class IssuedKeys:
    """The keys of the services that issue them, told apart by their first letters.

    A service adds how to read its rows, puts in what it issues and takes out what it withdraws.
    What was read is remembered, also that a key does not exist; the oldest is forgotten first.
    """

    def __init__(self) -> None:
        self._readers: dict[str, ReadKey] = {}
        self._known: OrderedDict[str, Key | None] = OrderedDict()

    def add(self, prefix: str, read: ReadKey) -> None:
        self._readers[prefix] = read

    def put(self, access_key_id: str, key: Key | None) -> None:
        """Remember a key that has just been issued."""
        self._known[access_key_id] = key
        if len(self._known) > _KEYS_REMEMBERED_MAX:
            self._known.popitem(last=False)

    def forget(self, access_key_id: str) -> None:
        """Read the row again when the key is next used: it has changed or is gone."""
        self._known.pop(access_key_id, None)

    def find_key(self, access_key_id: str, /) -> Key | None:
        return self._known.get(access_key_id)

    def must_load(self, access_key_id: str, /) -> bool:
        return (
            access_key_id not in self._known
            and access_key_id[:_PREFIX_LENGTH] in self._readers
            and is_key_id(access_key_id)
        )

    async def load_key(self, access_key_id: str, /) -> None:
        read = self._readers[access_key_id[:_PREFIX_LENGTH]]
        self.put(access_key_id, await read(access_key_id))
