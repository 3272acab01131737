"""Operations on reserved concurrency, and the account's limits."""

from __future__ import annotations

import asyncio
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.service import the_account
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_ import errors
from pileus.services.lambda_.functions import function_names, functions, packages, store
from pileus.services.lambda_.functions.configurations import Function
from pileus.services.lambda_.provisioned import rules
from pileus.services.lambda_.provisioned import store as provisioned_store
from pileus.services.lambda_.versions import versions

# docs: lambda/latest/dg/gettingstarted-limits
CODE_BYTES_MAX = 80_530_636_800
UNZIPPED_BYTES_MAX = 262_144_000
_PAGE = 1000
_READ_TOGETHER = 100


async def put_function_concurrency(
    call: Call, *, function_name: str, reserved_concurrent_executions: int
) -> dict[str, Any]:
    named = function_names.unqualified(call, function_name)
    await _check_function(call, named)
    account = the_account(call, {})
    await call.transaction(_reserve, named.name, reserved_concurrent_executions, about=account)
    if await call.read(store.load_function, named.arn, about=named.arn) is None:
        # Deleted in between: a later function of this name must not inherit it.
        await call.transaction(_unreserve, named.name, about=account)
        raise errors.function_not_found(named.arn)
    return {"ReservedConcurrentExecutions": reserved_concurrent_executions}


def _reserve(tx: Transaction, name: str, reserved: int) -> None:
    refusal = rules.refuse_reservation(
        name, reserved, store.reservations(tx), provisioned_store.totals(tx)
    )
    if refusal is not None:
        raise refusal
    store.reserve(tx, name, reserved)
    tx.wake(tx.about)


async def get_function_concurrency(call: Call, *, function_name: str) -> dict[str, Any]:
    named = function_names.unqualified(call, function_name)
    await _check_function(call, named)
    reserved = (await call.read(store.reservations, about=the_account(call, {}))).get(named.name)
    return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}


async def delete_function_concurrency(call: Call, *, function_name: str) -> None:
    named = function_names.unqualified(call, function_name)
    await _check_function(call, named)
    await call.transaction(_unreserve, named.name, about=the_account(call, {}))


def _unreserve(tx: Transaction, name: str) -> None:
    if store.unreserve(tx, name):
        tx.wake(tx.about)


async def _check_function(call: Call, named: function_names.Named) -> None:
    if await call.read(store.load_function, named.arn, about=named.arn) is None:
        raise errors.function_not_found(named.arn)


async def get_account_settings(call: Call) -> dict[str, Any]:
    account = the_account(call, {})
    reserved = sum((await call.read(store.reservations, about=account)).values())
    count, code_bytes, after = 0, 0, ""
    while names := await call.read(_names, after, about=account):
        count += len(names)
        code_bytes += await _code_bytes(call, [arn for _, arn in names])
        after = names[-1][0]
    return {
        "AccountLimit": {
            "TotalCodeSize": CODE_BYTES_MAX,
            "CodeSizeUnzipped": UNZIPPED_BYTES_MAX,
            "CodeSizeZipped": packages.ZIPPED_BYTES_MAX,
            "ConcurrentExecutions": rules.ACCOUNT_LIMIT,
            "UnreservedConcurrentExecutions": rules.ACCOUNT_LIMIT - reserved,
        },
        "AccountUsage": {"TotalCodeSize": code_bytes, "FunctionCount": count},
    }


def _names(tx: Transaction, after: str) -> list[tuple[str, str]]:
    return tx.listed(functions.FUNCTIONS, at_most=_PAGE, after=after)


async def _code_bytes(call: Call, found: list[str]) -> int:
    total = 0
    for start in range(0, len(found), _READ_TOGETHER):
        page = found[start : start + _READ_TOGETHER]
        total += sum(await asyncio.gather(*[_code_bytes_of(call, arn) for arn in page]))
    return total


async def _code_bytes_of(call: Call, arn: str) -> int:
    """What a function's code takes with all its versions."""
    total, after = 0, ""
    while True:
        found: list[Function]
        found, after = await call.read(_versions, arn, after, about=arn)
        total += sum(version.code_size for version in found)
        if not after:
            return total


def _versions(tx: Transaction, arn: str, marker: str) -> tuple[list[Function], str]:
    latest = store.load_function(tx, arn)
    return ([], "") if latest is None else versions.page(tx, latest, marker, _READ_TOGETHER)
