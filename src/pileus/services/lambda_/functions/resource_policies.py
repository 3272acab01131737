"""Operations on a resource policy as a whole; `permissions` has those on single statements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pileus.kernel.call import Call
from pileus.languages import policies
from pileus.languages.policies import Kind, MalformedPolicy
from pileus.services.lambda_ import errors
from pileus.services.lambda_.functions import function_names, permissions, store
from pileus.services.lambda_.functions.function_names import LATEST, Named
from pileus.services.lambda_.versions import lookup

_READER = "GetResourcePolicy"


def function_of(call: Call, params: Mapping[str, Any]) -> str:
    """The function that a request is about."""
    return function_names.read(call, params["ResourceArn"]).arn


def put_resource_policy(
    call: Call, *, resource_arn: str, policy: str, revision_id: str | None = None
) -> dict[str, Any]:
    """Replace the whole policy, with whatever statements it had."""
    named, owner = _named(call, resource_arn)
    if named.qualifier == LATEST:
        raise errors.policy_for_latest()
    document = _read(policy, named.qualified_arn)
    found = store.load_policy(call.tx, owner, named.qualifier)
    permissions.check_revision(found, revision_id, _READER)
    text, revision = permissions.save(call, owner, named.qualifier, document)
    return {"Policy": text, "RevisionId": revision}


def get_resource_policy(call: Call, *, resource_arn: str) -> dict[str, Any]:
    named, owner = _named(call, resource_arn)
    found = store.load_policy(call.tx, owner, named.qualifier)
    if found is None:
        raise errors.policy_not_found()
    return {"Policy": permissions.text_of(found[0]), "RevisionId": found[1]}


def delete_resource_policy(
    call: Call, *, resource_arn: str, revision_id: str | None = None
) -> None:
    named, owner = _named(call, resource_arn)
    found = store.load_policy(call.tx, owner, named.qualifier)
    if found is None:
        raise errors.policy_not_found()
    permissions.check_revision(found, revision_id, _READER)
    store.remove_policy(call.tx, owner, named.qualifier)


def _named(call: Call, resource_arn: str) -> tuple[Named, str]:
    """The function, version or alias, and the id under which its policies are kept."""
    named = function_names.read(call, resource_arn)
    return named, lookup.find(call.tx, named).latest.id


def _read(text: str, resource_arn: str) -> dict[str, Any]:
    """The document with its statements in a list; each must be about this resource alone."""
    try:
        policies.parse(text, Kind.RESOURCE)
    except MalformedPolicy as malformed:
        raise errors.policy_invalid(str(malformed)) from None
    document: dict[str, Any] = json.loads(text)
    statements = document["Statement"]
    document["Statement"] = statements if isinstance(statements, list) else [statements]
    for statement in document["Statement"]:
        if statement.get("Resource") not in (resource_arn, [resource_arn]):
            raise errors.policy_invalid(f"Each statement's Resource must be {resource_arn}.")
    try:
        permissions.text_of(document)
    except UnicodeEncodeError:
        raise errors.policy_invalid("It holds half a character.") from None
    return document
