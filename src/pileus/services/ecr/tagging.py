"""Tags of repositories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pileus.kernel import tags as tag_rules
from pileus.services.ecr import errors, shelf

if TYPE_CHECKING:
    from pileus.kernel.call import Call

_REASONS = {
    tag_rules.Problem.KEY: "a key has 1 to 128 characters, and not all are allowed",
    tag_rules.Problem.RESERVED_KEY: "keys that begin with aws: are reserved",
    tag_rules.Problem.VALUE: "a value has up to 256 characters, and not all are allowed",
}


def checked(present: Mapping[str, str], given: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The tags that a request adds; raises AWS's error for those that cannot be."""
    added = {str(tag["Key"]): str(tag["Value"]) for tag in given}
    problem = tag_rules.problem(present, added)
    if problem is not None:
        kind, key = problem
        if kind is tag_rules.Problem.TOO_MANY:
            raise errors.too_many_tags()
        raise errors.invalid_tag_parameter(f"{_REASONS[kind]}: {key}")
    return added


def tag_resource(call: Call, *, resource_arn: str, tags: list[dict[str, Any]]) -> None:
    shelf.repository(call.tx, resource_arn)
    call.tx.put_tags(resource_arn, checked(call.tx.tags(resource_arn), tags))


def untag_resource(call: Call, *, resource_arn: str, tag_keys: list[str]) -> None:
    shelf.repository(call.tx, resource_arn)
    call.tx.remove_tags(resource_arn, tag_keys)


def list_tags_for_resource(call: Call, *, resource_arn: str) -> dict[str, Any]:
    shelf.repository(call.tx, resource_arn)
    found = call.tx.tags(resource_arn)
    return {"tags": [{"Key": key, "Value": value} for key, value in found.items()]}
