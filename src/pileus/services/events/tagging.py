"""Tags of buses and rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pileus.kernel import tags as tag_rules
from pileus.kernel.errors import AwsError
from pileus.services.events import errors, names, store

if TYPE_CHECKING:
    from pileus.kernel.call import Call


def checked(present: Mapping[str, str], given: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The tags that a request adds; raises AWS's error for those that cannot be."""
    added = {tag["Key"]: tag["Value"] for tag in given}
    problem = tag_rules.problem(present, added)
    if problem is not None:
        raise _error(*problem)
    return added


def _error(problem: tag_rules.Problem, key: str) -> AwsError:
    match problem:
        case tag_rules.Problem.TOO_MANY:
            return errors.validation(f"A resource can have up to {tag_rules.TAGS_MAX} tags.")
        case tag_rules.Problem.RESERVED_KEY:
            return errors.validation(f"Tag key {key} begins with aws:, which is reserved.")
        case tag_rules.Problem.KEY:
            return errors.validation(f"Tag key {key} has characters that are not allowed.")
        case tag_rules.Problem.VALUE:
            return errors.validation(f"The value of tag {key} is not valid.")


def tag_resource(call: Call, *, resource_arn: str, tags: list[dict[str, Any]]) -> dict[str, Any]:
    _check_exists(call, resource_arn)
    added = checked(call.tx.tags(resource_arn), tags)
    call.tx.put_tags(resource_arn, added)
    return {}


def untag_resource(call: Call, *, resource_arn: str, tag_keys: list[str]) -> dict[str, Any]:
    _check_exists(call, resource_arn)
    call.tx.remove_tags(resource_arn, tag_keys)
    return {}


def list_tags_for_resource(call: Call, *, resource_arn: str) -> dict[str, Any]:
    _check_exists(call, resource_arn)
    found = call.tx.tags(resource_arn)
    return {"Tags": [{"Key": key, "Value": value} for key, value in found.items()]}


def _check_exists(call: Call, arn: str) -> None:
    found = names.rule_of(arn)
    if found is None:
        store.find_bus(call.tx, arn)
    else:
        store.find_rule(call.tx, *found)
