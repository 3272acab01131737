"""DescribeLogGroups and ListLogGroups: names from the account, the rest from each group."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any

from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.logs import errors, identifiers, store, tokens
from pileus.services.logs.groups import STANDARD_CLASS

PAGE = 50
# How many names one page looks at before it is given back with fewer groups than asked for.
NAMES_READ_MAX = 5_000
_NAMES_AT_ONCE = 500
INFREQUENT_CLASSES = ("INFREQUENT_ACCESS", "ESSENTIALS")


async def describe_log_groups(
    call: Call,
    *,
    log_group_name_prefix: str = "",
    log_group_name_pattern: str = "",
    log_group_identifiers: list[str] | None = None,
    log_group_class: str | None = None,
    next_token: str | None = None,
    limit: int = PAGE,
) -> dict[str, Any]:
    if log_group_name_prefix and log_group_name_pattern:
        raise errors.prefix_and_pattern()
    if log_group_identifiers is not None:
        wanted = [identifiers.arn_of_identifier(call, name) for name in log_group_identifiers]
        return {"logGroups": [_described(group) for group in await _load(call, wanted)]}
    groups, token = await _page(
        call, log_group_name_prefix, lambda name: log_group_name_pattern in name,
        log_group_class, next_token, limit,
    )  # fmt: skip
    return _answer([_described(group) for group in groups], token)


async def list_log_groups(
    call: Call,
    *,
    log_group_name_pattern: str | None = None,
    log_group_class: str | None = None,
    next_token: str | None = None,
    limit: int = PAGE,
) -> dict[str, Any]:
    groups, token = await _page(
        call, "", _pattern(log_group_name_pattern), log_group_class, next_token, limit
    )
    return _answer([_summary(group) for group in groups], token)


async def _page(
    call: Call,
    prefix: str,
    is_wanted: Callable[[str], bool],
    group_class: str | None,
    next_token: str | None,
    limit: int,
) -> tuple[list[store.Group], str | None]:
    after = ""
    if next_token is not None:
        after = str(tokens.read_name_token(call.now, next_token, str)[0])
    account = call.arn("")
    found: list[store.Group] = []
    read = 0
    while True:
        names = await call.read(_names, prefix, after, about=account)
        read += len(names)
        for index, (name, arn) in enumerate(names):
            if len(found) == limit:
                return found, tokens.name_token(call.now, names[index - 1][0] if index else after)
            if is_wanted(name):
                found += [group for group in await _load(call, [arn]) if _is_of(group, group_class)]
        if len(names) < _NAMES_AT_ONCE:
            return found, None
        after = names[-1][0]
        if read >= NAMES_READ_MAX:
            return found, tokens.name_token(call.now, after)


def _names(tx: Transaction, prefix: str, after: str) -> list[tuple[str, str]]:
    return tx.listed(identifiers.KIND, at_most=_NAMES_AT_ONCE, prefix=prefix, after=after)


async def _load(call: Call, arns: Sequence[str]) -> list[store.Group]:
    """The groups that are there; one may have been deleted since its name was read."""
    groups = await asyncio.gather(*(call.read(store.group, arn, about=arn) for arn in arns))
    return [group for group in groups if group is not None]


def _is_of(group: store.Group, group_class: str | None) -> bool:
    if group_class is None:
        return True
    if group_class in INFREQUENT_CLASSES:
        return group.group_class in INFREQUENT_CLASSES
    return group.group_class == group_class


def _pattern(pattern: str | None) -> Callable[[str], bool]:
    """AWS's regular expressions here know only ^ at the beginning and | between alternatives."""
    if pattern is None:
        return lambda name: True
    choices = "|".join(
        ("^" if choice.startswith("^") else "") + re.escape(choice.removeprefix("^"))
        for choice in pattern.split("|")
    )
    search = re.compile(choices).search
    return lambda name: search(name) is not None


def _described(group: store.Group) -> dict[str, Any]:
    described: dict[str, Any] = {
        "logGroupName": group.name,
        "creationTime": group.created_at,
        "metricFilterCount": 0,
        "arn": group.arn + ":*",
        "storedBytes": group.stored_bytes,
        "logGroupClass": group.group_class or STANDARD_CLASS,
        "logGroupArn": group.arn,
        "deletionProtectionEnabled": bool(group.is_protected),
    }
    if group.retention_days:
        described["retentionInDays"] = group.retention_days
    if group.kms_key_id:
        described["kmsKeyId"] = group.kms_key_id
    return described


def _summary(group: store.Group) -> dict[str, Any]:
    return {
        "logGroupName": group.name,
        "logGroupArn": group.arn,
        "logGroupClass": group.group_class,
    }


def _answer(groups: list[dict[str, Any]], token: str | None) -> dict[str, Any]:
    return {"logGroups": groups} | ({} if token is None else {"nextToken": token})
