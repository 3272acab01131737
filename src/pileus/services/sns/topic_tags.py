"""Tags of topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pileus.kernel import tags as kernel_tags
from pileus.services.sns import errors, store

if TYPE_CHECKING:
    from pileus.kernel.call import Call


def parse(wanted: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Tags by key; raises AWS's error for a key that comes twice."""
    found = {tag["Key"]: tag["Value"] for tag in wanted}
    if len(found) < len(wanted):
        raise errors.duplicated_tag_keys()
    return found


def check(present: Mapping[str, str], added: Mapping[str, str]) -> None:
    """Raise AWS's error for tags that a topic may not have."""
    problem = kernel_tags.problem(present, added)
    if problem is None:
        return
    match problem[0]:
        case kernel_tags.Problem.TOO_MANY:
            raise errors.tag_limit_exceeded()
        case kernel_tags.Problem.RESERVED_KEY:
            raise errors.invalid_because("Tags", "aws: prefixed tag key names are not allowed")
        case _:
            raise errors.invalid_because("Tags", f"the tag {problem[1]} is not valid")


def tag_resource(call: Call, *, resource_arn: str, tags: list[dict[str, str]]) -> dict[str, Any]:
    _check_exists(call)
    added = parse(tags)
    check(call.tx.tags(call.about), added)
    call.tx.put_tags(call.about, added)
    return {}


def untag_resource(call: Call, *, resource_arn: str, tag_keys: list[str]) -> dict[str, Any]:
    _check_exists(call)
    call.tx.remove_tags(call.about, tag_keys)
    return {}


def list_tags_for_resource(call: Call, *, resource_arn: str) -> dict[str, Any]:
    _check_exists(call)
    found = call.tx.tags(call.about)
    return {"Tags": [{"Key": key, "Value": value} for key, value in found.items()]}


def _check_exists(call: Call) -> None:
    if store.seek(call.tx, call.about) is None:
        raise errors.resource_does_not_exist()
