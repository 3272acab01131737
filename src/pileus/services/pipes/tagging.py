"""Operations on the tags of pipes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pileus.kernel import tags as kernel_tags
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.pipes import errors, store


def tag_resource(call: Call, *, resource_arn: str, tags: dict[str, str]) -> None:
    _check_there(call.tx, resource_arn)
    add(call.tx, resource_arn, tags)


def untag_resource(call: Call, *, resource_arn: str, tag_keys: list[str]) -> None:
    _check_there(call.tx, resource_arn)
    call.tx.remove_tags(resource_arn, tag_keys)


def list_tags_for_resource(call: Call, *, resource_arn: str) -> dict[str, Any]:
    _check_there(call.tx, resource_arn)
    return {"tags": call.tx.tags(resource_arn)}


def _check_there(tx: Transaction, arn: str) -> None:
    if store.find(tx, arn) is None:
        raise errors.not_found(arn.rpartition("/")[2])


def add(tx: Transaction, arn: str, added: Mapping[str, str]) -> None:
    """Add tags within AWS's limits."""
    problem = kernel_tags.problem(tx.tags(arn), added)
    if problem is not None:
        kind, key = problem
        if kind is kernel_tags.Problem.TOO_MANY:
            raise errors.tags_too_many(kernel_tags.TAGS_MAX)
        raise errors.invalid_tag(key)
    tx.put_tags(arn, added)
