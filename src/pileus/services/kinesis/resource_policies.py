"""Resource policies of streams and consumers: kept and given back."""

from __future__ import annotations

from typing import Any

import msgspec

from pileus.kernel.call import Call
from pileus.services.kinesis import errors, store, tagging

# docs: controlling-access, the size of a resource-based policy
_BYTES_MAX = 20 * 1024
# What AWS gives where there is none.
_NONE = "{}"


def put_resource_policy(call: Call, *, resource_arn: str, policy: str) -> None:
    tagging.must_be_there(call.tx, resource_arn)
    if len(policy.encode()) > _BYTES_MAX:
        raise errors.invalid_policy(f"it is longer than {_BYTES_MAX} bytes")
    try:
        document: Any = msgspec.json.decode(policy)
    except (msgspec.DecodeError, RecursionError):
        raise errors.invalid_policy("it is not JSON") from None
    if not isinstance(document, dict) or not document.get("Statement"):
        raise errors.invalid_policy("it has no Statement")
    if "\0" in policy:
        raise errors.invalid_policy("it is not JSON")
    store.put_policy(call.tx, resource_arn, policy)


def get_resource_policy(call: Call, *, resource_arn: str) -> dict[str, str]:
    tagging.must_be_there(call.tx, resource_arn)
    return {"Policy": store.policy(call.tx, resource_arn) or _NONE}


def delete_resource_policy(call: Call, *, resource_arn: str) -> None:
    tagging.must_be_there(call.tx, resource_arn)
    if not store.remove_policy(call.tx, resource_arn):
        raise errors.no_such_policy(resource_arn)
