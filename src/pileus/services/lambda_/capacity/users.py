"""Which function versions run on a capacity provider: found by looking through the account's."""

from __future__ import annotations

from typing import NamedTuple

from pileus.kernel.call import Call
from pileus.kernel.service import the_account
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_.functions import store
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.versions import versions

_FUNCTIONS = "function"  # as the account's list of names has them
_FUNCTIONS_AT_ONCE = 50


class Page(NamedTuple):
    versions: list[Function]
    # Where the next page begins: after a function, or within it.
    name: str = ""
    within: str = ""

    @property
    def is_last(self) -> bool:
        return not self.name


async def page(call: Call, provider_arn: str, name: str, within: str, limit: int) -> Page:
    """The next versions from a function on; it looks at so many functions at the most."""
    account = the_account(call, {})
    found: list[Function] = []
    for _ in range(_FUNCTIONS_AT_ONCE):
        if not within:
            names = await call.read(_next, name, about=account)
            if not names:
                return Page(found)
            name = names[0][0]
        arn = call.arn(f"function:{name}", "lambda")
        more, within = await call.read(
            _of_function, arn, provider_arn, within, limit - len(found), about=arn
        )
        found += more
        if len(found) >= limit:
            break
    return Page(found, name, within)


def _next(tx: Transaction, after: str) -> list[tuple[str, str]]:
    return tx.listed(_FUNCTIONS, at_most=1, after=after)


def _of_function(
    tx: Transaction, arn: str, provider_arn: str, marker: str, limit: int
) -> tuple[list[Function], str]:
    latest = store.load_function(tx, arn)
    if latest is None or latest.capacity is None:
        return [], ""
    found, marker = versions.page(tx, latest, marker, limit)
    mine = [
        each
        for each in found
        if each.capacity is not None and each.capacity.provider_arn == provider_arn
    ]
    return mine, marker
