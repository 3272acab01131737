"""Operations on the tags of functions and event source mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pileus.kernel import arns, tags
from pileus.kernel.call import Call
from pileus.kernel.errors import AwsError
from pileus.kernel.transaction import Transaction
from pileus.services.lambda_ import errors
from pileus.services.lambda_.capacity import capacity_errors
from pileus.services.lambda_.capacity import store as capacity_store
from pileus.services.lambda_.code_signing import signing_errors
from pileus.services.lambda_.code_signing import store as signing_store
from pileus.services.lambda_.functions import function_names, store
from pileus.services.lambda_.mappings import mapping_errors
from pileus.services.lambda_.mappings import store as mappings_store

MAPPINGS = "event-source-mapping"
SIGNING = "code-signing-config"
_CAPACITY = "capacity-provider"


def mappings_of(call: Call) -> str:
    """The resource that an account's event source mappings are together."""
    return call.arn(MAPPINGS, "lambda")


def about_mappings(call: Call, params: Mapping[str, Any]) -> str:
    return mappings_of(call)


def resource_of(call: Call, params: Mapping[str, Any]) -> str:
    """The resource in whose partition the tags of an ARN lie."""
    parts = arns.parse(params["Resource"])
    if parts is not None and parts.resource.startswith(f"{MAPPINGS}:"):
        return str(parts._replace(resource=MAPPINGS))
    if parts is not None and parts.resource.startswith((f"{SIGNING}:", f"{_CAPACITY}:")):
        return str(params["Resource"])
    return function_names.split(params["Resource"]).arn


def tag_resource(call: Call, *, resource: str, tags: dict[str, str]) -> None:
    _check_exists(call, resource)
    add(call.tx, resource, tags)


def untag_resource(call: Call, *, resource: str, tag_keys: list[str]) -> None:
    _check_exists(call, resource)
    call.tx.remove_tags(resource, tag_keys)


def list_tags(call: Call, *, resource: str) -> dict[str, Any]:
    _check_exists(call, resource)
    return {"Tags": call.tx.tags(resource)}


def add(tx: Transaction, arn: str, added: Mapping[str, str]) -> None:
    """Add tags to a resource of the transaction's partition, within AWS's limits."""
    problem = tags.problem(tx.tags(arn), added)
    if problem is not None:
        raise _refusal(*problem)
    tx.put_tags(arn, added)


def check(added: Mapping[str, str]) -> None:
    """Refuse tags for a resource that does not exist yet."""
    problem = tags.problem({}, added)
    if problem is not None:
        raise _refusal(*problem)


def _refusal(problem: tags.Problem, key: str) -> AwsError:
    if problem is tags.Problem.TOO_MANY:
        return errors.tags_too_many()
    if problem is tags.Problem.RESERVED_KEY:
        return errors.tags_reserved()
    return errors.tags_invalid(key)


def forget(tx: Transaction, arn: str) -> None:
    """Remove all tags of a resource that goes."""
    present: Sequence[str] = list(tx.tags(arn))
    tx.remove_tags(arn, present)


def _check_exists(call: Call, resource: str) -> None:
    parts = arns.parse(resource)
    kind, _, rest = (parts.resource if parts is not None else "").partition(":")
    if kind == MAPPINGS:
        if mappings_store.load_mapping(call.tx, rest) is None:
            raise mapping_errors.mapping_arn_not_found(resource)
        return
    if kind == SIGNING:
        if signing_store.load(call.tx, resource) is None:
            raise signing_errors.config_not_found(resource)
        return
    if kind == _CAPACITY:
        if capacity_store.load(call.tx, resource) is None:
            raise capacity_errors.provider_not_found(resource)
        return
    named = function_names.split(resource)
    if named.qualifier:
        raise errors.tags_on_unqualified_only()
    if store.load_function(call.tx, named.arn) is None:
        raise errors.function_not_found(named.arn)
