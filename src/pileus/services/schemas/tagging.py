"""Tags of registries, schemas and discoverers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pileus.kernel import tags as tag_rules
from pileus.services.schemas import discoverer_store, errors, names, shelf

if TYPE_CHECKING:
    from pileus.kernel.call import Call

_REASONS = {
    tag_rules.Problem.TOO_MANY: f"a resource can have up to {tag_rules.TAGS_MAX} tags.",
    tag_rules.Problem.KEY: "a key has 1 to 128 characters, and not all are allowed",
    tag_rules.Problem.RESERVED_KEY: "keys that begin with aws: are reserved",
    tag_rules.Problem.VALUE: "a value has up to 256 characters, and not all are allowed",
}


def checked(present: Mapping[str, str], given: Mapping[str, str] | None) -> dict[str, str]:
    """The tags that a request adds; raises AWS's error for those that cannot be."""
    added = dict(given or {})
    problem = tag_rules.problem(present, added)
    if problem is not None:
        kind, key = problem
        raise errors.invalid_tags(_REASONS[kind] + (f": {key}" if key else ""))
    return added


def tag_resource(call: Call, *, resource_arn: str, tags: dict[str, Any]) -> None:
    _check_exists(call, resource_arn)
    call.tx.put_tags(resource_arn, checked(call.tx.tags(resource_arn), tags))


def untag_resource(call: Call, *, resource_arn: str, tag_keys: list[str]) -> None:
    _check_exists(call, resource_arn)
    call.tx.remove_tags(resource_arn, tag_keys)


def list_tags_for_resource(call: Call, *, resource_arn: str) -> dict[str, Any]:
    _check_exists(call, resource_arn)
    return {"Tags": call.tx.tags(resource_arn)}


def _check_exists(call: Call, arn: str) -> None:
    schema = names.schema_name(arn)
    if schema is not None:
        shelf.find_schema(call.tx, call.about, schema)
    elif arn.split(":", 5)[5].startswith("registry/"):
        shelf.find_registry(call.tx, arn)
    elif discoverer_store.seek(call.tx, arn) is None:
        raise errors.resource_not_found(arn)
