"""Tags of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pileus.kernel import pagination, tags
from pileus.kernel.call import Call
from pileus.kernel.transaction import Transaction
from pileus.services.dynamodb import errors
from pileus.services.dynamodb.tables import store

_PAGE = 10


def checked(present: Mapping[str, str], given: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Tags by key; raises AWS's errors."""
    added = {each["Key"]: each["Value"] for each in given}
    if len(added) < len(given):
        raise errors.invalid("Duplicate tag keys are not allowed.")
    problem = tags.problem(present, added)
    if problem is None:
        return added
    kind, key = problem
    if kind is tags.Problem.TOO_MANY:
        raise errors.invalid(f"Too many tags: the maximum number of tags is {tags.TAGS_MAX}.")
    if kind is tags.Problem.RESERVED_KEY:
        raise errors.invalid(
            "One or more tag keys begin with the reserved prefix aws:, which cannot be used."
        )
    raise errors.invalid(f"The tag with the key {key} has characters that are not allowed.")


def _check_there(tx: Transaction, arn: str) -> None:
    if arn != tx.about or store.seek(tx, arn) is None:
        raise errors.resource_not_found(arn)


def tag_resource(call: Call, *, resource_arn: str, tags: list[dict[str, str]]) -> None:
    _check_there(call.tx, resource_arn)
    call.tx.put_tags(resource_arn, checked(call.tx.tags(resource_arn), tags))


def untag_resource(call: Call, *, resource_arn: str, tag_keys: list[str]) -> None:
    _check_there(call.tx, resource_arn)
    call.tx.remove_tags(resource_arn, tag_keys)


def list_tags_of_resource(
    call: Call, *, resource_arn: str, next_token: str | None = None
) -> dict[str, Any]:
    _check_there(call.tx, resource_arn)
    after = ""
    if next_token is not None:
        try:
            [after] = pagination.decode(next_token, str)
        except pagination.InvalidToken:
            raise errors.invalid("Invalid NextToken") from None
    found = [pair for pair in sorted(call.tx.tags(resource_arn).items()) if pair[0] > after]
    page = found[:_PAGE]
    answer: dict[str, Any] = {"Tags": [{"Key": key, "Value": value} for key, value in page]}
    if len(found) > _PAGE:
        answer["NextToken"] = pagination.encode(page[-1][0])
    return answer
