"""Who owns a bucket and what is in it, and the ACLs of buckets that have none but the owner's.

New buckets at AWS are of this kind ("bucket owner enforced"): requests that set another ACL fail.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

from pileus.services.s3 import errors

# What says nothing else than that the owner may do everything.
_OWNERS = (None, "private", "bucket-owner-full-control")


@lru_cache(maxsize=1000)
def canonical_id(account: str) -> str:
    """An account's canonical user id: 64 hexadecimal digits that are always the same."""
    return hashlib.sha256(f"s3:{account}".encode()).hexdigest()


def check_canned(acl: str | None) -> None:
    if acl not in _OWNERS:
        raise errors.acls_not_supported()


def owner_policy(account: str) -> dict[str, Any]:
    """The ACL of everything in such a bucket."""
    owner = {"ID": canonical_id(account)}
    grantee = {**owner, "Type": "CanonicalUser"}
    return {"Owner": owner, "Grants": [{"Grantee": grantee, "Permission": "FULL_CONTROL"}]}


def check_policy(policy: dict[str, Any], account: str) -> None:
    """Refuse a policy that grants more, or to others, than the owner has anyway."""
    owner = canonical_id(account)
    for grant in policy.get("Grants") or []:
        grantee = grant.get("Grantee") or {}
        if grantee.get("ID") != owner or grant.get("Permission") != "FULL_CONTROL":
            raise errors.acls_not_supported()
