"""Removes unpacked files that no function and no layer needs any more.

Unpacked files are a copy of a blob, and whoever misses them unpacks again. So it is enough that a
user is noted before it is committed, and looked for again after it may have gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel import blobs
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.layers import store

TIMER = "lambda:package"
# As long as the blob's own file outlives its row.
CHECK_MS = blobs.GRACE_MS
_PAGE = 100


def package_arn(digest: str) -> str:
    """The resource that the users of a package are kept about; no account's own."""
    return f"arn:aws:lambda:::package:{digest}"


async def note(call: Call, digest: str, arn: str) -> None:
    """Say that a function or a layer will use a package. Nothing is lost if this is."""
    about = package_arn(digest)
    await call.transaction(store.note_user, digest, arn, about=about, is_durable=False)


def check_later(tx: Transaction, digest: str, arn: str) -> None:
    """The resource, whose partition this is, has let go of a package once."""
    tx.set_timer(TIMER, f"{digest} {arn}", tx.now + CHECK_MS)


async def check(call: Call, key: str, payload: Mapping[str, Any]) -> None:
    """The timer: remove the files if this was their last user."""
    digest, _, arn = key.partition(" ")
    await _forget_if_gone(call, digest, arn)
    if not await call.read(store.users, digest, "", 1, about=package_arn(digest)):
        await call.kernel.fleet.remove(digest)


async def _forget_if_gone(call: Call, digest: str, arn: str) -> bool:
    if await call.read(blobs.find, digest, about=arn) is not None:
        return False
    await call.transaction(
        store.forget_user, digest, arn, about=package_arn(digest), is_durable=False
    )
    return True


async def sweep(call: Call) -> None:
    """At start: remove what a crash has left without a user, or with users that never came."""
    with call.kernel.work.running("sweep of packages"):
        for digest in call.kernel.fleet.packages():
            if not await _has_user(call, digest):
                await call.kernel.fleet.remove(digest)


async def _has_user(call: Call, digest: str) -> bool:
    after = ""
    while page := await call.read(store.users, digest, after, _PAGE, about=package_arn(digest)):
        for arn in page:
            if not await _forget_if_gone(call, digest, arn):
                return True
        after = page[-1]
    return False


def let_go(tx: Transaction, digest: str, arn: str) -> None:
    """Let go of a package's blob and look later whether its files are needed."""
    blobs.let_go(tx, digest)
    check_later(tx, digest, arn)
